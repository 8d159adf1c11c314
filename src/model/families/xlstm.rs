//! xLSTM: matrix LSTMs and gated MLPs.

use super::super::blocks::{MatrixLstm, Mlp, matrix_lstm, mlp};
use super::super::component::Component;
use super::super::config::{Config, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Role};
use super::super::tensor::Tensor;
use super::decoder::{ChannelMixer, Hybrid};
use super::{Build, Decoder, Family, Names};
use crate::units::Quantity;

/// The head is never the token table.
pub const FAMILIES: &[Family] = &[Family {
    types: &["xlstm"],
    title: "xLSTM",
    // Its class has the last norm whatever `add_out_norm` says.
    build: Build::Decoder(XLSTM),
}];

const XLSTM: Decoder = Decoder {
    layers: &["num_blocks", "num_hidden_layers"],
    heads: &["num_heads"],
    kv_heads: &[],
    head_dim: &[],
    dense_width: &[],
    hybrid: Hybrid::alone(mixer),
    channel,
    tie: |_, _| Ok(false),
    names: Names {
        embedding: "backbone.embeddings",
        norms: ["norm_mlstm", "", "norm_ffn", ""],
        final_norm: "backbone.out_norm",
        ..Names::LLAMA
    },
    title: |_, _, _| "matrix LSTM · MLP".to_owned(),
    // Norms of the layers have a bias where the projections do; the last never.
    adjust_layer: |config, hidden, _, mut blocks| {
        let table = config.optional("table width", &["embedding_dim"])?;
        if table.as_ref().is_some_and(|table| table.value != hidden.value) {
            let words = "embedding_dim must be hidden_size: its class has no matrix between them.";
            return Err(ModelError::Inconsistent(words.to_owned()));
        }
        let biased = config.flag("use_bias", false)?;
        let names = ["norm_mlstm", "norm_ffn"];
        let norms = blocks.iter_mut().filter(|block| block.role == Role::Norm);
        for (block, module) in norms.zip(names).filter(|_| biased) {
            if let Some(operator) = block.operators.first_mut() {
                let bias = Tensor::vector(format!("{module}.bias"), Component::Norm, hidden);
                operator.tensors.push(bias);
            }
        }
        Ok(blocks)
    },
    adjust_ends: |config, all| {
        all.attention = format!("matrix LSTM of {} heads", config.size("heads", &["num_heads"])?.value);
        Ok(())
    },
    ..Decoder::LLAMA
};

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let bias = config.flag("use_bias", false)?;
    let heads = config.size("heads", &["num_heads"])?;
    let style = MatrixLstm {
        keys: share(config, hidden, "qk_dim_factor", 0.5, 1)?,
        values: share(config, hidden, "v_dim_factor", 1.0, 1)?,
        chunk: config.size("chunk_size", &["chunk_size"])?,
        heads,
        bias,
    };
    Ok(matrix_lstm(hidden, &style))
}

fn channel(config: &Config, _: &Decoder, hidden: &Quantity, _: bool) -> Result<ChannelMixer, ModelError> {
    let multiple = config.size("multiple", &["ffn_round_up_to_multiple_of"])?.value;
    let style = Mlp {
        width: share(config, hidden, "ffn_proj_factor", 2.667, multiple)?,
        gate: Some("ffn.proj_up_gate"),
        up: "ffn.proj_up",
        down: "ffn.proj_down",
        bias: config.flag("use_bias", false)?,
        component: Component::Mlp,
    };
    Ok((mlp(hidden, &style), None))
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
