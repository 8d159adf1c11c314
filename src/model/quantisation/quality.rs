//! What a number format costs in quality, where somebody published it: `data/quality.csv`.

use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../../data/quality.csv");

/// A published loss, measured on one model: a guide, not a promise for others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Quality {
    /// Key of the format.
    pub format: String,
    /// Mean Kullback-Leibler divergence of the next token's distribution from that of 16-bit weights, nats.
    pub divergence: f64,
    /// Perplexity added on Wikitext-2.
    pub perplexity_added: f64,
    /// Where it was published.
    pub source: String,
}

/// Every published loss.
pub fn published() -> &'static [Quality] {
    static ROWS: LazyLock<Vec<Quality>> = LazyLock::new(|| {
        csv::Reader::from_reader(TABLE.as_bytes())
            .deserialize()
            .flatten()
            .collect()
    });
    &ROWS
}

/// The loss of a format, if it was published.
pub fn quality(format: &str) -> Option<&'static Quality> {
    published().iter().find(|row| row.format == format)
}

/// Expected divergence of a format: as published, else that of the published format nearest in bits a weight.
pub fn expected_loss(format: &str, bits: f64) -> f64 {
    if let Some(row) = quality(format) {
        return row.divergence;
    }
    let near = published().iter().filter_map(|row| {
        let choice = super::choice(&row.format)?;
        Some(((choice.format.bits_per_weight() - bits).abs(), row.divergence))
    });
    near.min_by(|one, other| one.0.total_cmp(&other.0))
        .map_or(f64::INFINITY, |found| found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_names_a_format_and_its_source() {
        assert_eq!(published().len(), TABLE.lines().count() - 1);
        for row in published() {
            assert!(super::super::choice(&row.format).is_some(), "{}", row.format);
            assert!(row.source.len() > 5 && row.divergence >= 0.0, "{}", row.format);
        }
        // What was not published stands between its neighbours.
        assert!(expected_loss("awq", 4.2) > expected_loss("q5_k_m", 5.5));
        assert!(expected_loss("fp8", 8.0) < expected_loss("q6_k", 6.6));
    }
}
