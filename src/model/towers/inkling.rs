//! Inkling's towers: an image patch is folded step by step into one row, sound is looked up in a table.
//!
//! Source: `modeling_inkling.py` of transformers 5.23.

use super::{Parts, channels, heads, scaled};
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::{Audio, Vision};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::units::Quantity;

/// More steps than any published tower takes.
const MOST_STEPS: u64 = 256;
/// Widths are rounded up to a multiple of this.
const MULTIPLE: u64 = 64;

/// A grid inside a patch: frames, side, width of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale {
    frames: u64,
    side: u64,
    width: u64,
}

/// A matrix for each step from one scale to the next, with a norm and GELU after all but the last, which is as wide as the
/// language model.
pub fn vision(config: &Config, prefix: &str, text: &Quantity) -> Parts {
    let frames = config.size("frames", &["temporal_patch_size"])?;
    let side = config.size("patch", &["patch_size"])?;
    let steps = config.size("steps", &["num_hidden_layers", "n_layers"])?;
    let colours = channels(config)?;
    let scales = plan([frames.value, side.value, steps.value], colours.value)?;
    let mut stack = Stack::once(Vision, "Folded patches", prefix);
    for (step, pair) in scales.windows(2).enumerate() {
        let &[from, to] = pair else { continue };
        let last = step.saturating_add(2) == scales.len();
        let folded = (to.frames / from.frames).saturating_mul((to.side / from.side).saturating_pow(2));
        let why = "planned from patch, frames and steps";
        let input = Quantity::assumed("folded", from.width.saturating_mul(folded), why);
        let output = match last {
            true => text.clone(),
            false => Quantity::assumed("width", to.width, why),
        };
        let cells = (frames.value / to.frames).saturating_mul((side.value / to.side).saturating_pow(2));
        let module = format!("encoder_layers.{step}");
        stack = stack
            .over(Stage::Times(Quantity::assumed(
                "cells",
                cells,
                "cells of a patch at this scale",
            )))
            .linear(&format!("{module}.projection"), &output, &input, false);
        if !last {
            stack = stack
                .norm(&format!("{module}.layer_norm"), Norm::Rms, &output)
                .activation(&output);
        }
    }
    Ok(vec![stack.norm("final_norm", Norm::Rms, text).finish()])
}

/// A table with a row for each level of each mel bin, and a norm of their sum.
pub fn audio(config: &Config, prefix: &str, text: &Quantity) -> Parts {
    let bins = config.size("mel_bins", &["n_mel_bins", "num_codebooks"])?;
    let levels = config.size("levels", &["mel_vocab_size", "codebook_size"])?;
    let rows = Quantity::product("levels of all bins", &[&bins, &levels]);
    let table = Stack::once(Audio, "Sound levels", prefix)
        .tensor("embed_audio_tokens.embed_audio_tokens.weight", &[&rows, text]);
    Ok(vec![table.over(Stage::Patches).norm("norm", Norm::Rms, text).finish()])
}

/// Inkling 2: flat patches, a class token and its position, layers whose halves are scaled, squares of patches joined.
pub fn second(config: &Config, prefix: &str, text: &Quantity) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = match config.optional("intermediate", &["intermediate_size"])? {
        Some(width) => width,
        None => scaled(config, &hidden, "mlp_ratio")?,
    };
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let patch = config.size("patch", &["patch_size"])?;
    let side = config.size("merge", &["spatial_merge_size"])?;
    let grid = config.size("grid", &["posemb_grid_size"])?;
    let inner = config.size("projector", &["projection_hidden_dim"])?;
    let bias = config.flag("projector_bias", false)?;
    let out = config.optional("text_hidden", &["text_hidden_size"])?;
    if let Some(out) = out.filter(|out| out.value != text.value) {
        return Err(ModelError::Inconsistent(format!(
            "text_hidden_size of the vision tower is {}, but the language model is {} wide.",
            out.value, text.value
        )));
    }
    let flat = Quantity::product("patch_values", &[&channels(config)?, &patch, &patch]);
    let one = Quantity::architecture("class token", 1, "one an image");
    let positions = Quantity::product("positions", &[&grid, &grid]);
    let joined = Quantity::product("joined", &[&side, &side, &hidden]);
    let heads = heads(config)?;
    let first = Stack::once(Vision, "Patch embedding", prefix)
        .tensor("embeddings.class_embedding", &[&hidden])
        .tensor("embeddings.cls_position_embedding", &[&hidden])
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        .patches()
        .linear("embeddings.patch_embedding", &hidden, &flat, false)
        .over(Stage::Plus(one.clone()))
        .norm("pre_layernorm", Norm::Layer, &hidden);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}layers.{{i}}."), &layers);
    let layer = layer.over(Stage::Plus(one)).vit(&Vit {
        norms: &["layernorm_before", "layernorm_after"],
        scales: &["lambda_1", "lambda_2"],
        ..Vit::clip(&hidden, &heads, &width)
    });
    let merger = Stack::once(Vision, "Merger", format!("{prefix}merger."))
        .over(Stage::Squares(side))
        .linear("linear_1", &inner, &joined, bias)
        .activation(&inner)
        .linear("linear_2", text, &inner, bias);
    Ok(vec![first.finish(), layer.finish(), merger.finish()])
}

/// The scales a patch goes through: those nearest to equal steps of its size, in logarithms; with fewer steps than scales each
/// at most once, together as near as can be.
fn plan([frames, side, steps]: [u64; 3], colours: u64) -> Result<Vec<Scale>, ModelError> {
    if side < 2 || frames < 2 || steps > MOST_STEPS {
        return Err(ModelError::Inconsistent(format!(
            "A vision tower with patch_size {side}, temporal_patch_size {frames} and {steps} layers is not built: patches have at least 2 pixels on a side and 2 frames, and layers are at most {MOST_STEPS}."
        )));
    }
    let up = |width: u64| width.div_ceil(MULTIPLE).saturating_mul(MULTIPLE);
    let mut scales = vec![Scale {
        frames: 1,
        side: 1,
        width: colours,
    }];
    scales.extend(products(side).map(|part| Scale {
        frames: 1,
        side: part,
        width: up(part.saturating_mul(part).saturating_mul(colours)),
    }));
    scales.extend(products(frames).map(|part| {
        Scale {
            frames: part,
            side,
            // Not rounded up but multiplied, as the class has it.
            width: side
                .saturating_mul(side)
                .saturating_mul(colours)
                .saturating_mul(part)
                .saturating_mul(MULTIPLE),
        }
    }));
    let logarithm = |value: u64| (value as f64).ln();
    let size = |scale: &Scale| logarithm(scale.frames) + 2.0 * logarithm(scale.side);
    let all = 2.0 * logarithm(side) + logarithm(frames) + logarithm(colours.max(1));
    let wanted = (0..=steps).map(|step| all * step as f64 / steps.max(1) as f64);
    let off = |want: f64| {
        scales
            .iter()
            .map(move |scale| (want - size(scale)).abs())
            .collect::<Vec<_>>()
    };
    let costs: Vec<Vec<f64>> = wanted.map(off).collect();
    let mut chosen = match costs.len() > scales.len() {
        true => costs.iter().map(|row| least(row)).collect(),
        false => matched(&costs),
    };
    if let Some(first) = chosen.first_mut() {
        *first = 0;
    }
    if let Some(last) = chosen.last_mut() {
        *last = scales.len().saturating_sub(1);
    }
    Ok(chosen.into_iter().filter_map(|at| scales.get(at).copied()).collect())
}

/// Products of the first prime factors of a number, the largest factor first.
fn products(number: u64) -> impl Iterator<Item = u64> {
    let (mut rest, mut factors, mut factor) = (number, Vec::new(), 2_u64);
    while factor.saturating_mul(factor) <= rest {
        while rest.is_multiple_of(factor) {
            factors.push(factor);
            rest /= factor;
        }
        factor += 1;
    }
    if rest > 1 {
        factors.push(rest);
    }
    factors.into_iter().rev().scan(1_u64, |product, factor| {
        *product = product.saturating_mul(factor);
        Some(*product)
    })
}

/// The first of the least.
fn least(row: &[f64]) -> usize {
    let mut best = (0, f64::INFINITY);
    for (at, &cost) in row.iter().enumerate() {
        if cost < best.1 {
            best = (at, cost);
        }
    }
    best.0
}

/// A column for each row, none twice, of least cost together. Rows and columns grow alike, so the order of both is kept.
fn matched(costs: &[Vec<f64>]) -> Vec<usize> {
    // The best ways that end at each column.
    let mut ways: Vec<(f64, Vec<usize>)> = Vec::new();
    for (at, row) in costs.iter().enumerate() {
        let end = |(column, cost): (usize, &f64)| {
            let earlier = ways.iter().take(column);
            let best = earlier.min_by(|one, other| one.0.total_cmp(&other.0));
            match (at, best) {
                (0, _) => (*cost, vec![column]),
                (_, Some((before, way))) => (before + cost, [way.as_slice(), &[column]].concat()),
                (_, None) => (f64::INFINITY, vec![column]),
            }
        };
        ways = row.iter().enumerate().map(end).collect();
    }
    let best = ways.into_iter().min_by(|one, other| one.0.total_cmp(&other.0));
    best.map(|(_, way)| way).unwrap_or_default()
}
