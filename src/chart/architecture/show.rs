//! What the size of a part is told in.

use crate::analysis::anatomy::PartFigures;
use crate::units::{UnitSystem, seconds, short_count};

/// What is shown of each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, strum::Display, strum::EnumIter, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Show {
    /// Parameters.
    #[default]
    Parameters,
    /// Bytes of the weights.
    Bytes,
    /// Operations of the pass.
    Flops,
    /// Bytes that the pass moves.
    Traffic,
    /// Expected time of the pass.
    Time,
}

impl Show {
    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Parameters => "Parameters",
            Self::Bytes => "Bytes",
            Self::Flops => "FLOPs",
            Self::Traffic => "Traffic",
            Self::Time => "Time",
        }
    }
    /// What a part has of it.
    pub fn of(self, figures: &PartFigures) -> f64 {
        match self {
            Self::Parameters => figures.parameters as f64,
            Self::Bytes => figures.bytes as f64,
            Self::Flops => figures.flops,
            Self::Traffic => figures.traffic,
            Self::Time => figures.seconds,
        }
    }
    /// An amount in words: `187.1 M`, `609.2 GiB`, `13.4 ms`.
    pub fn words(self, amount: f64, units: UnitSystem) -> String {
        match self {
            Self::Parameters | Self::Flops => short_count(amount),
            Self::Bytes | Self::Traffic => units.bytes(amount),
            Self::Time => seconds(amount),
        }
    }
}
