//! The inputs that changes begin with.

use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// The seeds of a target: its own, and what the tests of the product hold, in the repository's root.
pub fn seeds(name: &str, root: &Path) -> Vec<Vec<u8>> {
    let mut all = files(&root.join("fuzz/seeds").join(name));
    let tests = root.join("tests");
    match name {
        "config" => {
            all.extend(files(&tests.join("bad_configs")));
            for table in files(&tests.join("facts")) {
                let text = String::from_utf8_lossy(&table).into_owned();
                let rows = text
                    .lines()
                    .filter_map(|row| serde_json::from_str::<serde_json::Value>(row).ok());
                all.extend(rows.filter_map(|row| row.get("config").map(|config| config.to_string().into_bytes())));
            }
        }
        "link" => {
            for file in files(&tests.join("links")) {
                all.extend(file.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            }
        }
        "log" => all.extend(files(&tests.join("logs"))),
        "safetensors" => all.extend(files(&tests.join("headers"))),
        _ => {}
    }
    all.retain(|seed| seed.len() < 1 << 20);
    if all.is_empty() {
        all.push(Vec::new());
    }
    all
}
