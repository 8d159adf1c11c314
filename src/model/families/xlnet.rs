//! XLNet (Yang 2019, arXiv 1906.08237): words attend to words and to their distances. Counts checked against
//! transformers' class.

use super::Family;
use super::bert::row;
use super::encoder::{Encoder, Masked, Pretraining, Sorting, not_built};
use super::luke::waiting;
use super::{Decoder, Names};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Attention, Block, Kind, Operator, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["xlnet"], "XLNet", XLNET)];

const XLNET: Encoder = Encoder {
    class: "XLNet",
    stack: Decoder {
        names: Names {
            attention: ["rel_attn.q", "rel_attn.k", "rel_attn.v", "rel_attn.o"],
            mlp: ["", "ff.layer_1", "ff.layer_2"],
            norms: ["", "rel_attn.layer_norm", "", "ff.layer_norm"],
            ..Decoder::BERT.names
        },
        hidden: &["hidden_size", "d_model"],
        layers: &["num_hidden_layers", "n_layer"],
        heads: &["num_attention_heads", "n_head"],
        dense_width: &["d_inner"],
        qkv_bias: super::Flag::No,
        output_bias: super::Flag::No,
        ..Decoder::BERT
    },
    vocabulary: &["n_token", "vocab_size"],
    tokens: "word_embedding",
    tables: &[],
    stem_norm: "",
    pooler: "",
    masked: Masked {
        dense: "",
        norm: "",
        decoder: "lm_loss",
        twin: "",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    adjust_layer: distances,
    adjust_ends: |config, _, all| {
        if config.text("attn_type").is_some_and(|kind| kind != "bi") {
            return not_built(config, "Attention in one direction (attn_type)");
        }
        let one = Quantity::architecture("one", 1, "a mark for every text");
        let mark = Tensor::new(
            "mask_emb",
            TensorKind::Vector,
            Component::Embedding,
            &[&one, &one, &all.hidden],
        );
        all.stem.push(waiting("Mark of masked words", vec![mark]));
        Ok(())
    },
    ..Encoder::BERT
};

/// Keys for twice as many distances as there are words, biases for words, distances and segments.
fn distances(config: &Config, hidden: &Quantity, _: u64, mut blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let heads = XLNET.stack.read_heads(config, hidden)?;
    let said = config.optional("head_dim", &["d_head"])?;
    if said.is_some_and(|dim| dim.value != heads.key_dim.value) {
        return Err(ModelError::Inconsistent(
            "d_head must be the width divided by the heads; the class refuses anything else.".to_owned(),
        ));
    }
    let (heads, dim) = (heads.queries, heads.key_dim);
    let width = Quantity::product("q_width", &[&heads, &dim]);
    let two = Quantity::architecture("two", 2, "the same segment and another");
    let Some(block) = blocks.first_mut() else {
        return Ok(blocks);
    };
    for operator in &mut block.operators {
        if let Some(weight) = operator.tensors.first_mut() {
            weight.name = weight.module().to_owned().into();
            weight.dims = vec![hidden.clone(), heads.clone(), dim.clone()];
        }
    }
    let vector = |name: &str| {
        Tensor::new(
            format!("rel_attn.{name}"),
            TensorKind::Vector,
            Component::Attention,
            &[&heads, &dim],
        )
    };
    let mut over = Operator::linear(
        "keys of distances",
        Tensor::new(
            "rel_attn.r",
            TensorKind::Matrix,
            Component::Projection,
            &[hidden, &heads, &dim],
        ),
        None,
        Rows::Tokens,
        &width.times("distances on both sides", 2),
        hidden,
    );
    over.tensors.extend([
        vector("r_r_bias"),
        vector("r_s_bias"),
        vector("r_w_bias"),
        Tensor::new(
            "rel_attn.seg_embed",
            TensorKind::Vector,
            Component::Attention,
            &[&two, &heads, &dim],
        ),
    ]);
    let compare = Operator {
        name: "words and distances",
        component: Component::Attention,
        kind: Kind::Attention(Box::new(Attention {
            heads: heads.clone(),
            kv_heads: heads.clone(),
            key_dim: dim.times("distances on both sides", 2),
            value_dim: Quantity::architecture("value_dim", 0, "scores only"),
            span: Span::Both,
            latent: None,
        })),
        tensors: Vec::new(),
    };
    block.operators.extend([over, compare]);
    Ok(blocks)
}
