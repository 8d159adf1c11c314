//! Encoders without full attention: FNet, BigBird and Longformer. Counts checked against transformers' classes.

use serde_json::Value;

use super::Family;
use super::assembly::Assembly;
use super::bert::row;
use super::decoder::Flag;
use super::encoder::Masked;
use super::encoder::{Encoder, Pretraining, Purpose, Sorting, TYPES, not_built};
use super::encoding::dense;
use super::luke::idle;
use super::{Decoder, Names};
use crate::model::blocks::positions;
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::config::{MOST_DIMENSION, whole};
use crate::model::error::ModelError;
use crate::model::operator::{Attention, Block, Kind, Operator, Role, Rows, Span, Step};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["fnet"], "FNet", FNET),
    row(&["big_bird"], "BigBird", BIG_BIRD),
    row(&["longformer"], "Longformer", LONGFORMER),
    row(&["nystromformer"], "Nyströmformer", NYSTROM),
    row(&["yoso"], "YOSO", YOSO),
];

/// A Fourier transform in place of attention (Lee-Thorp 2021, arXiv 2105.03824).
const FNET: Encoder = Encoder {
    class: "FNet",
    stack: Decoder {
        names: Names {
            attention: [""; 4],
            norms: ["", "fourier.output.LayerNorm", "", "output.LayerNorm"],
            ..Decoder::BERT.names
        },
        heads: &[],
        ..Decoder::BERT
    },
    always_pools: true,
    adjust_layer: |_, hidden, _, mut blocks| {
        // About 5·log2 of the elements it mixes, for each of them.
        let transform = Operator::elementwise("Fourier transform", Component::Attention, hidden, Step::Plain(95), 1);
        let block = Block {
            operators: vec![transform],
            ..Block::new("Fourier transform", Role::TokenMixer)
        };
        blocks.insert(0, block);
        Ok(blocks)
    },
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.clone();
        if config.flag("use_tpu_fourier_optimizations", false)? {
            return not_built(config, "Fourier transforms as products (use_tpu_fourier_optimizations)");
        }
        let module = "embeddings.projection";
        all.stem.push(dense(
            module,
            &hidden,
            &hidden,
            true,
            Rows::Tokens,
            Component::Embedding,
        ));
        Ok(())
    },
    ..Encoder::BERT
};

/// What BigBird's layers see: some blocks, or all where the class is told so.
pub fn blocks_seen(config: &Config) -> Result<Span, ModelError> {
    match config.text("attention_type").unwrap_or("block_sparse") {
        "original_full" => Ok(Span::Both),
        "block_sparse" => Ok(Span::Blocks {
            size: config.size("block", &["block_size"])?,
            random: config.size("random blocks", &["num_random_blocks"])?.value,
        }),
        _ => not_built(config, "A kind of attention (attention_type)"),
    }
}

/// Zaheer 2020, arXiv 2007.14062.
const BIG_BIRD: Encoder = Encoder {
    class: "BigBird",
    stack: Decoder {
        qkv_bias: Flag::Key("use_bias", true),
        ..Decoder::BERT
    },
    pooler: "pooler",
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    span: |config, _| blocks_seen(config),
    adjust_ends: |config, purpose, _| match purpose {
        Purpose::Answers => not_built(config, "The class for answers"),
        _ => Ok(()),
    },
    always_pools: true,
    ..Encoder::BERT
};

/// No Longformer has more layers with windows of their own than this.
const MOST_WINDOWS: usize = 1000;

/// Longformer's window of a layer: one for all, or a list.
pub fn window_of(config: &Config, layer: u64) -> Result<Span, ModelError> {
    const KEY: &str = "attention_window";
    let value = config.get(KEY).or_else(|| config.class_default(KEY));
    let each = match value {
        Some(Value::Array(list)) => list.get(layer as usize),
        other => other,
    };
    let Some(each) = each else {
        return not_built(config, "A layer without a window (attention_window)");
    };
    let read = |value: &Value| whole(KEY, value, 1, MOST_DIMENSION);
    let widest = match value {
        // Looked through for each layer.
        Some(Value::Array(list)) if list.len() > MOST_WINDOWS => {
            return not_built(
                config,
                "A list of more windows than any model has layers (attention_window)",
            );
        }
        Some(Value::Array(list)) => list.iter().filter_map(|one| read(one).ok()).max(),
        _ => None,
    };
    let window = read(each)?;
    if !window.is_multiple_of(2) {
        return Err(ModelError::Inconsistent(format!(
            "{KEY} is {window}; the class refuses a window of an odd number of tokens."
        )));
    }
    Ok(Span::Chunks {
        window: Quantity::config("window", KEY, window),
        filled: Quantity::config("widest window", KEY, widest.unwrap_or(window)),
    })
}

/// Scores of one head without values: a product beside attention.
pub fn alone(name: &'static str, width: Quantity, span: Span) -> Operator {
    let one = Quantity::architecture("heads", 1, "one for all heads");
    Operator {
        name,
        component: Component::Attention,
        kind: Kind::Attention(Box::new(Attention {
            heads: one.clone(),
            kv_heads: one,
            key_dim: width,
            value_dim: Quantity::architecture("value_dim", 0, "no values"),
            span,
            latent: None,
        })),
        tensors: Vec::new(),
    }
}

/// Over so many rows instead of the tokens.
pub fn filled(block: &mut Block, rows: Rows) {
    for operator in &mut block.operators {
        if let Kind::Linear { rows: over, .. } = &mut operator.kind
            && *over == Rows::Tokens
        {
            *over = rows;
        }
    }
}

/// Matrices for the few tokens that see all, which a plain text has none of.
/// Tokens are filled up to whole windows.
pub fn in_windows(hidden: &Quantity, module: &str, mut blocks: Vec<Block>) -> Vec<Block> {
    let operators = blocks.iter().flat_map(|block| &block.operators);
    let span = operators.into_iter().find_map(|operator| match &operator.kind {
        Kind::Attention(attention) => Some(attention.span.clone()),
        _ => None,
    });
    if let Some(Span::Chunks { filled: size, .. }) = &span {
        let rows = Rows::Filled {
            size: size.value,
            more: 0,
        };
        blocks.iter_mut().for_each(|block| filled(block, rows));
    }
    if let Some(attention) = blocks.first_mut() {
        let modules = ["query_global", "key_global", "value_global"];
        attention
            .operators
            .extend(modules.map(|name| idle(&format!("{module}.{name}"), hidden, hidden, true)));
    }
    blocks
}

/// The class that sorts texts lets the first token see all and be seen by all.
fn one_sees_all(all: &mut Assembly<'_>) {
    let hidden = all.hidden.clone();
    all.adjust_layers(|blocks| {
        let Some(attention) = blocks.first_mut() else { return };
        let rows = attention.operators.iter().find_map(|operator| match operator.kind {
            Kind::Linear { rows, .. } => Some(rows),
            _ => None,
        });
        let linear = |rows: Rows, output: &Quantity| Kind::Linear {
            rows,
            input: hidden.clone(),
            output: output.clone(),
            routing: None,
        };
        let rows = rows.unwrap_or(Rows::Tokens);
        let globals = attention
            .operators
            .iter_mut()
            .filter(|operator| operator.kind == Kind::Idle);
        // The query of one token; keys and values of all.
        for (at, operator) in globals.enumerate() {
            operator.kind = linear(if at == 0 { Rows::Sequences } else { rows }, &hidden);
        }
        let four = Quantity::architecture("one for all", 4, "scores and values of one token, by all and of all");
        attention.operators.push(Operator {
            name: "one token and all",
            component: Component::Attention,
            kind: linear(rows, &four),
            tensors: Vec::new(),
        });
    });
}

/// Windows, and matrices for the few tokens that see all (Beltagy 2020, arXiv 2004.05150), which a plain text has none of.
const LONGFORMER: Encoder = Encoder {
    class: "Longformer",
    masked: Masked {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        twin: "lm_head.bias",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    span: window_of,
    adjust_layer: |_, hidden, _, blocks| Ok(in_windows(hidden, "attention.self", blocks)),
    adjust_ends: |config, purpose, all| {
        match purpose {
            Purpose::Texts => one_sees_all(all),
            Purpose::Answers => config.notice(
                "globals_apart",
                "The question's tokens see all others in this class; that attention is not counted.".to_owned(),
            ),
            _ => {}
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// Two more rows of positions than the key says.
const TWO_MORE: fn(&Config, &mut Assembly<'_>) -> Result<(), ModelError> = |config, all| {
    let rows = config.size("positions", &["max_position_embeddings"])?;
    let two = Quantity::architecture("offset", 2, "rows that this family leaves free");
    let rows = Quantity::sum("positions", &[&rows, &two]);
    let hidden = all.hidden.clone();
    all.stem
        .insert(1, positions("embeddings.position_embeddings", &rows, &hidden));
    Ok(())
};

/// A convolution of the values along the sequence, one kernel a head, beside attention.
fn beside(
    config: &Config,
    hidden: &Quantity,
    key: &'static str,
    mut blocks: Vec<Block>,
) -> Result<Vec<Block>, ModelError> {
    let Some(kernel) = config
        .optional("kernel", std::slice::from_ref(&key))?
        .filter(|kernel| kernel.value > 0)
    else {
        return Ok(blocks);
    };
    if kernel.value.is_multiple_of(2) {
        return not_built(config, format!("A kernel of an even number of tokens ({key})"));
    }
    let heads = config.size("heads", &["num_attention_heads"])?;
    let one = Quantity::architecture("one", 1, "each head is convolved alone");
    let part = Component::Attention;
    let weight = Tensor::new(
        "attention.self.conv.weight",
        TensorKind::Vector,
        part,
        &[&heads, &one, &kernel, &one],
    );
    if let Some(attention) = blocks.first_mut() {
        let convolution = Operator::linear("convolution", weight, None, Rows::Tokens, hidden, &kernel);
        attention.operators.push(convolution);
    }
    Ok(blocks)
}

/// Landmarks stand for the tokens of long sequences (Xiong 2021, arXiv 2102.03902); the class leaves them out where there
/// are as many as tokens are expected.
const NYSTROM: Encoder = Encoder {
    class: "Nystromformer",
    tables: &[TYPES],
    pooler: "",
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    adjust_layer: |config, hidden, _, blocks| beside(config, hidden, "conv_kernel_size", blocks),
    adjust_ends: |config, _, all| {
        let landmarks = config.size("landmarks", &["num_landmarks"])?;
        if landmarks.value != config.size("tokens", &["segment_means_seq_len"])?.value {
            return not_built(config, "Attention over landmarks (num_landmarks)");
        }
        TWO_MORE(config, all)
    },
    ..Encoder::BERT
};

/// Attention by the chance that hashes agree, computed exactly (Zeng 2021, arXiv 2111.09714).
const YOSO: Encoder = Encoder {
    class: "Yoso",
    adjust_layer: |config, hidden, _, blocks| beside(config, hidden, "conv_window", blocks),
    adjust_ends: |config, _, all| {
        if !config.flag("use_expectation", true)? {
            return not_built(config, "Attention by hashes (use_expectation)");
        }
        TWO_MORE(config, all)
    },
    ..NYSTROM
};
