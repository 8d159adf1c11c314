//! xLSTM: matrix LSTMs and gated MLPs.

use super::super::blocks::{MatrixLstm, Mlp, Norm, embedding, head, matrix_lstm, mlp, norm};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::{Config, wrong};
use super::super::error::ModelError;
use super::super::operator::Block;
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::{Build, Family};
use crate::units::Quantity;

/// The head is never the token table.
pub const FAMILIES: &[Family] = &[Family {
    types: &["xlstm"],
    title: "xLSTM",
    build: Build::Own(build),
}];

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let bias = config.flag("use_bias", false)?;
    let heads = config.size("heads", &["num_heads"])?;
    let style = MatrixLstm {
        keys: share(config, &hidden, "qk_dim_factor", 0.5, 1)?,
        values: share(config, &hidden, "v_dim_factor", 1.0, 1)?,
        chunk: config.size("chunk_size", &["chunk_size"])?,
        heads,
        bias,
    };
    let multiple = config.size("multiple", &["ffn_round_up_to_multiple_of"])?.value;
    let mlp_style = Mlp {
        width: share(config, &hidden, "ffn_proj_factor", 2.667, multiple)?,
        gate: Some("ffn.proj_up_gate"),
        up: "ffn.proj_up",
        down: "ffn.proj_down",
        bias,
        component: Component::Mlp,
    };
    // Norms of the layers have a bias where the projections do; the last never.
    let biased = |module: &'static str| -> Block {
        let mut block = norm(Norm::Rms, module, &hidden);
        if bias && let Some(operator) = block.operators.first_mut() {
            let name = format!("{module}.bias");
            operator.tensors.push(Tensor::vector(name, Component::Norm, &hidden));
        }
        block
    };
    let same = vec![(); all.layers.value as usize];
    all.layers_by(&same, |()| {
        let blocks = vec![
            biased("norm_mlstm"),
            matrix_lstm(&hidden, &style),
            biased("norm_ffn"),
            mlp(&hidden, &mlp_style),
        ];
        Ok(("matrix LSTM · MLP".to_owned(), blocks))
    })?;
    all.attention = format!("matrix LSTM of {} heads", style.heads.value);
    all.stem
        .push(embedding("backbone.embeddings", &all.vocabulary, &hidden));
    if config.flag("add_out_norm", true)? {
        all.tail.push(norm(Norm::Rms, "backbone.out_norm", &hidden));
    }
    all.tail.push(head("lm_head", &all.vocabulary, &hidden, false, false));
    all.finish()
}

/// A width that is a factor of the hidden one, rounded up to a multiple.
fn share(
    config: &Config,
    hidden: &Quantity,
    key: &'static str,
    otherwise: f64,
    multiple: u64,
) -> Result<Quantity, ModelError> {
    let factor = match config.get(key) {
        None => otherwise,
        Some(value) => match value.as_f64() {
            Some(factor) if (0.001..=1000.0).contains(&factor) => factor,
            _ => return Err(wrong(key, value, "a number between 0.001 and 1000")),
        },
    };
    let width = hidden.value as f64 * factor;
    // Rounding works on the fraction, as the class does it.
    let rounded = if multiple > 1 {
        (((width + multiple as f64 - 1.0) / multiple as f64).floor() as u64).saturating_mul(multiple)
    } else {
        width as u64
    };
    Ok(Quantity::assumed(
        "width",
        rounded,
        "hidden_size × its factor, rounded as the class does",
    ))
}
