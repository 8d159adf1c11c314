//! Files on this machine: read as far as a limit allows, and only where they are files.

use std::fs::{File, FileType};
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::limits::Limit;

use super::output::Failure;

/// What a name on the command line leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Nothing: it may be the name of a model.
    Nothing,
}

/// Looks what is there.
///
/// # Errors
/// Something that is neither file nor folder, something that cannot be looked at, or a path that leads nowhere.
pub fn look(text: &str) -> Result<Place, Failure> {
    match std::fs::metadata(text) {
        Ok(found) if found.is_dir() => Ok(Place::Folder),
        Ok(found) if found.is_file() => Ok(Place::File),
        Ok(found) => Err(no_file(Path::new(text), found.file_type())),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::InvalidInput | ErrorKind::InvalidFilename
            ) =>
        {
            if is_path(text) {
                return Err(Failure::new(
                    "no_file",
                    format!(
                        "There is no file or folder {text}. Check the path; a model on the Hub is named owner/name."
                    ),
                ));
            }
            Ok(Place::Nothing)
        }
        // `README.md/x`: part of the way is a file.
        Err(error) if error.kind() == ErrorKind::NotADirectory && !is_path(text) => Ok(Place::Nothing),
        Err(error) => Err(unreadable(Path::new(text), &error)),
    }
}

/// Whether a text is meant as a path, not as the name or address of a model.
fn is_path(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let address = lower.contains("://")
        || lower
            .split('/')
            .any(|part| matches!(part, "blob" | "resolve" | "raw" | "tree"));
    let begins = ["/", "./", "../", "~", ".\\", "..\\"]
        .iter()
        .any(|start| text.starts_with(start));
    let ends = [".json", ".gguf", ".safetensors", ".bin", ".pt", ".pth", ".txt", "/"]
        .iter()
        .any(|end| lower.ends_with(end));
    begins || text == "." || text == ".." || (!address && (ends || text.contains('\\')))
}

/// Opens a file. Pipes and devices are not opened: they may never begin or never end.
///
/// # Errors
/// In words.
pub fn open(path: &Path) -> Result<(File, u64), Failure> {
    let found = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !found.is_file() {
        return Err(no_file(path, found.file_type()));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok((file, found.len()))
}

/// Reads a whole file within a limit, whatever size it claims.
///
/// # Errors
/// In words.
pub fn read(path: &Path, limit: Limit) -> Result<Vec<u8>, Failure> {
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(limit.and_one())
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if limit.is_passed_by(&bytes) {
        return Err(Failure::new("too_large", limit.refusal(&path.display().to_string())));
    }
    Ok(bytes)
}

/// What cannot be read, and why.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new("no_file", format!("{} cannot be read: {error}.", path.display()))
}

fn no_file(path: &Path, kind: FileType) -> Failure {
    let what = if kind.is_dir() { "a folder" } else { special(kind) };
    Failure::new(
        "no_file",
        format!(
            "{} is {what}, not a file. Save what it gives to a file, and name that.",
            path.display()
        ),
    )
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names() {
        for path in [
            "./x",
            "../x",
            "/etc/x",
            "~/models",
            "config.json",
            "models/a.gguf",
            "a\\b",
            "x/",
            ".",
        ] {
            assert!(is_path(path), "{path}");
        }
        for name in [
            "Qwen/Qwen3-8B",
            "owner/name@main",
            "https://huggingface.co/a/b/blob/main/config.json",
            "a/b/resolve/main/x.gguf",
            "llama",
        ] {
            assert!(!is_path(name), "{name}");
        }
    }
}
