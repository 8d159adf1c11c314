//! Links of every version open for ever (`tests/links/`, one file a version).

use std::fs;
use std::path::Path;

use weighbridge::scenario::{from_query, to_query};

#[test]
fn links_of_every_version_open() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/links");
    let mut read = 0;
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut told = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (scenario, errors) = from_query(link);
            assert!(errors.is_empty(), "{link}: {errors:?}");
            // What it is called today opens to the same.
            let today = to_query(&scenario);
            assert_eq!(from_query(&today), (scenario, Vec::new()), "{link}");
            told.push_str(&format!("{link}\n  {today}\n"));
            read += 1;
        }
    }
    assert!(read >= 15, "{read}");
    // What each means is what it meant.
    insta::assert_snapshot!("links", told);
}
