//! What formats lose, as published: `data/quality.csv`.

use std::sync::LazyLock;

use serde::Serialize;

use crate::tables;

const TABLE: &str = include_str!("../../../data/quality.csv");

/// One published figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Key of the format.
    pub format: String,
    /// Importance matrix it was made with: `none` or the text it is from.
    pub importance_matrix: String,
    /// Perplexity of the quantised model.
    pub perplexity: f64,
    /// How much higher than that of the original.
    pub perplexity_increase: f64,
    /// Mean Kullback-Leibler divergence of its tokens from those of the original.
    pub kl_divergence: f64,
    /// The model.
    pub model: String,
    /// Who measured it.
    pub source: String,
}

/// What a format loses against the checkpoint as published. The bounds are ours, set between the families of llama.cpp's
/// scoreboard: Q6_K, Q4_K, Q3_K, Q2_K.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// As published.
    #[strum(serialize = "nothing lost")]
    Nothing,
    /// A divergence below 0.01.
    #[strum(serialize = "almost no loss")]
    Almost,
    /// Below 0.05.
    #[strum(serialize = "a small loss")]
    Small,
    /// Below 0.15.
    #[strum(serialize = "a noticeable loss")]
    Noticeable,
    /// Above.
    #[strum(serialize = "a heavy loss")]
    Heavy,
    /// No published figure is known here.
    #[strum(serialize = "loss not known")]
    Unknown,
}

impl Loss {
    /// In words.
    pub fn words(self) -> &'static str {
        self.into()
    }
}

impl Quality {
    /// What it loses.
    pub fn loss(&self) -> Loss {
        match self.kl_divergence {
            kl if kl < 0.01 => Loss::Almost,
            kl if kl < 0.05 => Loss::Small,
            kl if kl < 0.15 => Loss::Noticeable,
            _ => Loss::Heavy,
        }
    }
}

/// What a format loses, by its published figure.
pub fn loss_of(format: &str) -> Loss {
    quality(format).map_or(Loss::Unknown, Quality::loss)
}

/// The published figure of a format; without an importance matrix where both are there.
///
/// Figures of one model say how formats rank, not what another model loses.
pub fn quality(format: &str) -> Option<&'static Quality> {
    static ROWS: LazyLock<Vec<Quality>> = LazyLock::new(|| {
        // A row that does not parse is left out; a test counts them.
        tables::read(TABLE, |row| {
            Some(Quality {
                format: row.text("format"),
                importance_matrix: row.text("importance_matrix"),
                perplexity: row.of("perplexity")?,
                perplexity_increase: row.of("perplexity_increase")?,
                kl_divergence: row.of("kl_divergence")?,
                model: row.text("model"),
                source: row.text("source"),
            })
        })
    });
    let mut of_format = ROWS.iter().filter(|row| row.format == format);
    let first = of_format.next()?;
    let plain = |row: &&Quality| row.importance_matrix == "none";
    std::iter::once(first).chain(of_format).find(plain).or(Some(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::quantisation::choice;

    #[test]
    fn every_row_is_read_and_names_a_format() {
        for line in TABLE.lines().skip(1) {
            let format = line.split(',').next().unwrap();
            let found = quality(format).unwrap();
            assert!(found.kl_divergence > 0.0 && found.source.len() > 10);
            assert!(choice(format).is_some(), "{format}");
        }
        assert_eq!(quality("q4_k_m").unwrap().importance_matrix, "none");
        assert_eq!(quality("awq"), None);
        // Worse formats lose more.
        let order = ["q8_0", "q6_k", "q5_k_m", "q4_k_m", "q4_0", "q3_k_m", "q2_k", "iq1_s"];
        let losses: Vec<f64> = order
            .iter()
            .map(|format| quality(format).unwrap().kl_divergence)
            .collect();
        assert!(losses.is_sorted());
    }
}
