//! Encoders of sound with a decoder in BART's form: Speech2Text (Wang 2020, arXiv 2010.05171). Counts checked against
//! transformers' classes.

use super::Family;
use super::bart::{M2M, row};
use super::pair::{Pair, Ties};
use super::pairing::convolution;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Role};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["speech_to_text"], "Speech2Text", SPEECH)];

/// Convolutions with gates, each of which halves the frames; positions are computed.
const SPEECH: Pair = Pair {
    class: "Speech2Text",
    tokens: "decoder.embed_tokens",
    ties: Ties::Decoder,
    stem: |config, hidden, _| convolutions(config, hidden),
    ..M2M
};

fn convolutions(config: &Config, hidden: &Quantity) -> Result<Vec<Block>, ModelError> {
    const KEY: &str = "conv_kernel_sizes";
    const MOST: u64 = 16;
    let layers = config.size("convolutions", &["num_conv_layers"])?.value;
    let kernels = config.counts(KEY)?;
    if kernels.len() as u64 != layers || layers > MOST {
        return Err(ModelError::Inconsistent(format!(
            "{KEY} has {} entries for {layers} convolutions; the class refuses that.",
            kernels.len()
        )));
    }
    let bins = Quantity::product(
        "bins",
        &[
            &config.size("bins", &["input_feat_per_channel"])?,
            &config.size("channels of sound", &["input_channels"])?,
        ],
    );
    let inner = config.size("channels", &["conv_channels"])?;
    let half = Quantity::quotient(
        "half",
        &inner,
        &Quantity::architecture("two", 2, "a value and its gate"),
    );
    let twice = hidden.times("twice", 2);
    let operators = kernels.iter().enumerate().map(|(at, kernel)| {
        let last = at as u64 + 1 == layers;
        let dims = [
            if last { &twice } else { &inner },
            if at == 0 { &bins } else { &half },
            &Quantity::config("kernel", KEY, *kernel),
        ];
        let after = layers - 1 - at as u64;
        convolution(&format!("conv.conv_layers.{at}"), dims, 1 << after, true)
    });
    Ok(vec![Block {
        operators: operators.collect(),
        ..Block::new("Convolutions", Role::Tower)
    }])
}
