//! What a checkpoint may hold that is no parameter of the config's model, and why.

use super::expected::Item;
use super::names::Role;
use crate::model::Blueprint;

/// Buffers and tables by how their names end.
const BY_NAME: &[(&[&str], &str)] = &[
    (
        &["inv_freq", "rotary_emb", "cos_cached", "sin_cached"],
        "rotary tables, which are computed",
    ),
    (
        &["diagonal_decay", "query_decay", "key_decay", "slope_rate"],
        "decay tables, which are computed",
    ),
    // Gemma 4.
    (&["layer_scalar"], "layer scalars, which are buffers"),
    (
        &["input_min", "input_max", "output_min", "output_max"],
        "clipping bounds, which are buffers",
    ),
    (
        &["std_bias", "std_scale"],
        "scales of image features, which are buffers",
    ),
    (
        &["global_mean", "global_invstd"],
        "scales of audio features, which are buffers",
    ),
    // DeepSeek V4: which experts a token goes to, in the layers that route by hash.
    (&["tid2eid"], "tables of hash routing, which are whole numbers"),
    (
        &["act_fn.beta", "act_fn.eps"],
        "constants of the activation, which are buffers",
    ),
];

/// What of the config's model decides it.
#[derive(Debug)]
pub(super) struct Beside {
    layers: u64,
    /// Elements of the token table where it is the head too.
    tied: Option<u64>,
    towers: bool,
}

impl Beside {
    pub fn of(blueprint: &Blueprint) -> Self {
        let table = blueprint.vocabulary.value.saturating_mul(blueprint.hidden.value);
        Self {
            layers: blueprint.layers.value,
            tied: blueprint.tied.then_some(table),
            towers: !blueprint.towers.is_empty(),
        }
    }
    /// Why a tensor may be there; none where nothing explains it.
    pub fn reason(&self, layer: Option<u64>, rest: &str, item: &Item) -> Option<&'static str> {
        let last = rest.rsplit('.').next().unwrap_or(rest);
        let part = rest.split_once('/').map_or("", |(part, _)| part);
        if part.starts_with("mtp") || rest.starts_with("mtp.") || rest.contains("nextn.") {
            return Some("multi-token prediction");
        }
        let is_tower = |word: &&str| part.contains(word) || (layer.is_none() && rest.starts_with(word));
        // Towers that the config's model counts are compared like the rest.
        let vision = ["visual", "vision", "mm.", "v.", "multi_modal_projector", "image_"];
        if !self.towers && vision.iter().any(is_tower) {
            return Some("vision tower");
        }
        if !self.towers && ["audio", "speech"].iter().any(is_tower) {
            return Some("audio tower");
        }
        if layer.is_some_and(|layer| layer >= self.layers) && part.is_empty() {
            return Some("multi-token prediction");
        }
        if rest.starts_with("rope_f") {
            return Some("rotary tables, which are computed");
        }
        let ends = |name: &&str| {
            let before = rest.strip_suffix(*name);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        if let Some((_, why)) = BY_NAME.iter().find(|(names, _)| names.iter().any(ends)) {
            return Some(why);
        }
        if item.function.is_some_and(|one| one.role == Role::Correction) {
            return Some("router correction biases");
        }
        // Causal masks of old GPT-style checkpoints.
        let square = || matches!(item.shape.as_deref(), Some([a, b]) if a == b);
        if rest.contains("attn") && (last == "masked_bias" || (last == "bias" && square())) {
            return Some("attention masks, which are computed");
        }
        let head = layer.is_none() && item.function.is_some_and(|one| one.role == Role::Head);
        if head && self.tied == Some(item.elements) {
            return Some("the tied output head, stored a second time");
        }
        None
    }
}
