//! The offline worker: every file is listed with its hash in `sw.js`, so that a browser stores one whole version of the
//! page or none.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

use crate::Outcome;

const WORKER: &str = include_str!("sw.template.js");

/// Names of all files that are published but the worker itself, relative to the folder, in order.
pub fn files(staging: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    list(staging, "", &mut names)?;
    names.sort();
    Ok(names)
}

/// Writes the worker of these files; the version it stands for.
pub fn write(staging: &Path, names: &[String]) -> Outcome<String> {
    let mut files = Vec::with_capacity(names.len());
    let mut version = Sha256::new();
    for name in names {
        let body = fs::read(staging.join(name))?;
        let integrity = format!("sha256-{}", STANDARD.encode(Sha256::digest(&body)));
        version.update(format!("{name} {integrity}\n"));
        // Hosts answer the folder's own address with index.html; some redirect from its name.
        files.push((if name == "index.html" { "./" } else { name }, integrity));
    }
    let version = format!("{:.16}", format!("{:x}", version.finalize()));
    let worker = fill(WORKER, "\"__VERSION__\"", &serde_json::to_string(&version)?)?;
    let worker = fill(&worker, "[\"__FILES__\"]", &serde_json::to_string(&files)?)?;
    fs::write(staging.join("sw.js"), worker)?;
    Ok(version)
}

/// Collects the files below `folder` as paths relative to it, with `/` on every system.
fn list(folder: &Path, before: &str, names: &mut Vec<String>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| format!("{} is no text", entry.path().display()))?;
        // Static hosts do not serve dot files, and one missing file would keep the worker from installing.
        if name.starts_with('.') || (before.is_empty() && name == "sw.js") {
            continue;
        }
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Err(
                format!("{before}{name}: use only letters, digits, - _ and . in names of published files").into(),
            );
        }
        let name = format!("{before}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// Puts `value` where the template says `place`.
fn fill(template: &str, place: &str, value: &str) -> Outcome<String> {
    if template.contains(place) {
        Ok(template.replacen(place, value, 1))
    } else {
        Err(format!("sw.template.js lacks its place {place}").into())
    }
}
