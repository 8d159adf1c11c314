//! Layers of hybrids: some mix tokens with attention, others with a recurrence or a convolution, in an order of their own.

use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use crate::units::Quantity;

/// What mixes the tokens of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixerKind {
    /// Attention to all tokens.
    Full,
    /// Attention within a window.
    Window,
    /// A recurrence or a convolution.
    Recurrent,
    /// Both side by side.
    Both,
}

/// Layers some of which mix tokens with a recurrence or a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Hybrid {
    /// What mixes the tokens of each layer.
    pub order: fn(&Config, u64) -> Result<Vec<MixerKind>, ModelError>,
    /// The other mixer.
    pub other: fn(&Config, &Quantity) -> Result<Block, ModelError>,
    /// Norms of layers without attention, where they differ.
    pub norms: Option<[&'static str; 4]>,
    /// Keys of the window.
    pub window: &'static [&'static str],
}

impl Hybrid {
    /// The other mixer in every layer.
    pub const fn alone(other: fn(&Config, &Quantity) -> Result<Block, ModelError>) -> Option<Self> {
        Self::of(|_, layers| Ok(vec![MixerKind::Recurrent; layers as usize]), other)
    }

    /// The other mixer, and where it stands.
    pub const fn of(
        order: fn(&Config, u64) -> Result<Vec<MixerKind>, ModelError>,
        other: fn(&Config, &Quantity) -> Result<Block, ModelError>,
    ) -> Option<Self> {
        Some(Self {
            order,
            other,
            norms: None,
            window: &["sliding_window"],
        })
    }
}

/// What `layer_types` (or the given key) says, if it is there.
pub fn named(config: &Config, key: &'static str, layers: u64) -> Result<Option<Vec<MixerKind>>, ModelError> {
    let Some(types) = config.names(key)? else {
        return Ok(None);
    };
    if (types.len() as u64) < layers {
        return Err(ModelError::Inconsistent(format!(
            "{key} has {} entries for {layers} layers.",
            types.len()
        )));
    }
    let mixes = types.iter().take(layers as usize).map(|&name| match name {
        "full_attention" | "attention" | "indexed_attention" => Ok(MixerKind::Full),
        "sliding_attention" => Ok(MixerKind::Window),
        "linear_attention" | "mamba" | "mamba2" | "conv" => Ok(MixerKind::Recurrent),
        "hybrid" => Ok(MixerKind::Both),
        other => Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: format!("The layer type \"{}\"", other.chars().take(40).collect::<String>()),
        }),
    });
    mixes.collect::<Result<_, _>>().map(Some)
}

/// What `layer_types` says, else attention in every n-th layer; a key may change n.
pub fn every(
    config: &Config,
    layers: u64,
    keys: &[&'static str],
    otherwise: u64,
) -> Result<Vec<MixerKind>, ModelError> {
    if let Some(mixes) = named(config, "layer_types", layers)? {
        return Ok(mixes);
    }
    let n = config
        .optional("full_every", keys)?
        .map_or(otherwise, |found| found.value)
        .max(1);
    Ok(by(layers, |layer| (layer + 1) % n == 0))
}

/// Attention where the rule says so.
pub fn by(layers: u64, attends: impl Fn(u64) -> bool) -> Vec<MixerKind> {
    (0..layers)
        .map(|layer| {
            if attends(layer) {
                MixerKind::Full
            } else {
                MixerKind::Recurrent
            }
        })
        .collect()
}

/// A period and an offset: layers whose index leaves the offset when divided by the period.
pub fn periodic(config: &Config, layers: u64, keys: [&'static str; 2]) -> Result<Vec<bool>, ModelError> {
    let [period, offset] = keys;
    let period = config.size("period", std::slice::from_ref(&period))?.value;
    let offset = config
        .optional("offset", std::slice::from_ref(&offset))?
        .map_or(0, |found| found.value);
    Ok((0..layers).map(|layer| layer % period == offset).collect())
}
