//! Which layers see a window, and which have experts.

use super::super::config::{Config, MOST_LAYERS};
use super::super::error::ModelError;
use serde_json::json;

use super::decoder::{AttentionForm, Changes, Decoder};
use super::experts::MoeLayers;
use crate::units::Quantity;

/// Which layers see a window, where `layer_types` does not say.
#[derive(Clone, Copy, Debug)]
pub enum Pattern {
    /// None.
    Never,
    /// All of them.
    Always,
    /// Every n-th layer is full, the others are windowed; the key may change n.
    FullEvery(&'static [&'static str], u64),
    /// Layers 0, 2, 4 … are windowed.
    Even,
    /// Layers from `max_window_layers` on.
    From(&'static str),
    /// Full where the function says so, of the layer and the number of layers.
    FullWhere(fn(u64, u64) -> bool),
}

/// Windows of attention.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// Which layers.
    pub pattern: Pattern,
    /// The key that must be true for any window.
    pub switch: Option<&'static str>,
}

impl Windows {
    /// No windows unless `layer_types` says so.
    pub const NONE: Self = Self {
        pattern: Pattern::Never,
        switch: None,
    };
}

/// The window's size, unless it is off.
pub fn window(config: &Config, decoder: &Decoder) -> Result<Option<Quantity>, ModelError> {
    if matches!(decoder.windows.pattern, Pattern::Never) && (decoder.exact || config.get("layer_types").is_none()) {
        return Ok(None);
    }
    if let Some(switch) = decoder.windows.switch
        && !config.flag(switch, false)?
    {
        return Ok(None);
    }
    let Some(window) = config.optional("window", decoder.window_keys)? else {
        return Ok(None);
    };
    Ok((window.value > 0).then_some(window))
}

/// For each layer, whether it sees only a window.
pub fn windowed_layers(config: &Config, decoder: &Decoder, layers: u64, any: bool) -> Result<Vec<bool>, ModelError> {
    // A class that reads no window reads no kinds of layers.
    if decoder.exact && matches!(decoder.windows.pattern, Pattern::Never) {
        return Ok(vec![false; layers as usize]);
    }
    if let Some(types) = config.names("layer_types")? {
        if (types.len() as u64) < layers {
            return Err(ModelError::Inconsistent(format!(
                "layer_types has {} entries for {layers} layers.",
                types.len()
            )));
        }
        let windowed = types.iter().take(layers as usize).map(|&name| match name {
            "full_attention" | "attention" => Ok(false),
            "sliding_attention" => Ok(any),
            "chunked_attention" if decoder.chunked => Ok(any),
            // Every layer of these families has an indexer or not by other keys.
            "indexed_attention" | "deepseek_sparse_attention" if decoder.attention == AttentionForm::Latent => {
                Ok(false)
            }
            other => Err(ModelError::NotBuilt {
                model_type: config.model_type().to_owned(),
                what: format!("The layer type \"{}\"", other.chars().take(40).collect::<String>()),
            }),
        });
        return windowed.collect();
    }
    let rule: Box<dyn Fn(u64) -> bool> = match decoder.windows.pattern {
        _ if !any => Box::new(|_| false),
        Pattern::Never => Box::new(|_| false),
        Pattern::Always => Box::new(|_| true),
        Pattern::Even => Box::new(|layer| layer % 2 == 0),
        Pattern::FullWhere(full) => Box::new(move |layer| !full(layer, layers)),
        Pattern::FullEvery(keys, otherwise) => {
            if let Some(letters) = keys.iter().find_map(|key| config.get(key)?.as_str()) {
                return lettered(letters, layers);
            }
            let every = config
                .optional("full_every", keys)?
                .map_or(otherwise, |found| found.value);
            Box::new(move |layer| every == 0 || (layer + 1) % every != 0)
        }
        Pattern::From(key) => {
            let first = config
                .optional("max_window_layers", std::slice::from_ref(&key))?
                .map_or(0, |found| found.value);
            Box::new(move |layer| layer >= first)
        }
    };
    Ok((0..layers).map(rule).collect())
}

/// A pattern in letters, `LLLG`: L is local, G global; it repeats.
fn lettered(letters: &str, layers: u64) -> Result<Vec<bool>, ModelError> {
    let pattern: Vec<bool> = letters.chars().map(|letter| letter == 'L').collect();
    if pattern.is_empty() || letters.chars().any(|letter| !"LG".contains(letter)) {
        return Err(ModelError::Inconsistent(
            "sliding_window_pattern must be a number or a text of the letters L and G.".to_owned(),
        ));
    }
    Ok(pattern.into_iter().cycle().take(layers as usize).collect())
}

/// Whether a name of `mlp_layer_types` means experts.
fn is_sparse(name: &str) -> bool {
    matches!(name, "sparse" | "moe" | "hash_moe")
}

/// For each layer, whether it has experts.
pub fn sparse_layers(config: &Config, decoder: &Decoder, layers: u64) -> Result<Vec<bool>, ModelError> {
    let Some(experts) = &decoder.experts else {
        return Ok(vec![false; layers as usize]);
    };
    if let Some(types) = config.names("mlp_layer_types")? {
        if (types.len() as u64) < layers {
            return Err(ModelError::Inconsistent(format!(
                "mlp_layer_types has {} entries for {layers} layers.",
                types.len()
            )));
        }
        return Ok(types
            .iter()
            .take(layers as usize)
            .map(|&name| is_sparse(name))
            .collect());
    }
    let number = |key: &'static str, otherwise: u64| -> Result<u64, ModelError> {
        Ok(config.optional(key, &[key])?.map_or(otherwise, |found| found.value))
    };
    Ok(match experts.layers {
        MoeLayers::All => vec![true; layers as usize],
        MoeLayers::After(keys) => match config.optional("dense_layers", keys)? {
            Some(dense) => (0..layers).map(|layer| layer >= dense.value).collect(),
            // No number: what the class does by itself.
            None => config
                .class_names("_mlp_layer_types", layers)
                .map_or_else(|| vec![true; layers as usize], |types| types.map(is_sparse).collect()),
        },
        MoeLayers::Sparse => {
            let dense = config.numbers("mlp_only_layers")?.unwrap_or_default();
            let step = number("decoder_sparse_step", 1)?.max(1);
            (0..layers)
                .map(|layer| (layer + 1) % step == 0 && !dense.contains(&layer))
                .collect()
        }
        MoeLayers::Listed(key) => match config.get(key) {
            Some(serde_json::Value::Array(_)) => {
                let list = config.numbers(key)?.unwrap_or_default();
                if (list.len() as u64) < layers {
                    return Err(ModelError::Inconsistent(format!(
                        "{key} has {} entries for {layers} layers.",
                        list.len()
                    )));
                }
                list.iter().take(layers as usize).map(|&entry| entry != 0).collect()
            }
            _ => {
                let dense = number("first_k_dense_replace", 0)?;
                (0..layers).map(|layer| layer >= dense).collect()
            }
        },
        MoeLayers::Step => {
            if let Some(list) = config.numbers("moe_layers")? {
                let list: std::collections::HashSet<u64> = list.into_iter().collect();
                return Ok((0..layers).map(|layer| list.contains(&layer)).collect());
            }
            let step = number("interleave_moe_layer_step", 1)?.max(1);
            (0..layers).map(|layer| (layer + 1) % step == 0).collect()
        }
        MoeLayers::Interval => {
            let first = number("moe_layer_start_index", 0)?;
            let last = match config.get("moe_layer_end_index").and_then(serde_json::Value::as_i64) {
                None | Some(-1) => layers.saturating_sub(1),
                Some(index) => u64::try_from(index).unwrap_or(0),
            };
            let step = number("moe_layer_interval", 1)?.max(1);
            (0..layers)
                .map(|layer| (first..=last).contains(&layer) && (layer + 1) % step == 0)
                .collect()
        }
    })
}

/// One change a layer from a list, which must be long enough.
pub fn by_layer(list: &[u64], layers: usize, from: &str, key: &'static str) -> Result<Vec<Changes>, ModelError> {
    if list.len() < layers {
        return Err(ModelError::Inconsistent(format!(
            "{from} has {} entries for {layers} layers.",
            list.len()
        )));
    }
    Ok(list
        .iter()
        .take(layers)
        .map(|&value| vec![(key, json!(value))])
        .collect())
}

/// Names of layers, as a config may have them, by whether each sees all tokens.
///
/// # Errors
/// No number of layers.
pub fn layer_kinds(config: &Config, full: impl Fn(u64) -> bool) -> Result<Changes, ModelError> {
    // More are refused later.
    let layers = config.size("layers", &["num_hidden_layers"])?.value.min(MOST_LAYERS);
    let kind = |layer: u64| match full(layer) {
        true => "full_attention",
        false => "sliding_attention",
    };
    Ok(vec![("layer_types", (0..layers).map(kind).collect())])
}
