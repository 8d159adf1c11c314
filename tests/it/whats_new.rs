//! What the page tells of a new version: `data/whats_new.csv`.

#[test]
fn this_version_has_a_few_short_points() {
    let mut reader = csv::Reader::from_reader(include_str!("../../data/whats_new.csv").as_bytes());
    let rows: Vec<(String, String)> = reader.deserialize().map(Result::unwrap).collect();
    let own: Vec<_> = rows
        .iter()
        .filter(|(version, _)| version == env!("CARGO_PKG_VERSION"))
        .collect();
    assert!((3..=6).contains(&own.len()), "{own:?}");
    for (_, words) in own {
        assert!(words.len() <= 110 && !words.ends_with('.'), "{words}");
    }
}
