//! Encoder and decoder: an encoder reads the whole input once, a decoder attends to what it found.

use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::decoder::Table;
use super::names::OUT_PROJ;
use super::{Decoder, Names};
use crate::units::Quantity;

/// Learned or computed positions that a class keeps as a table, and rows left free before them.
pub const fn places(rows: &'static [&'static str], extra: u64) -> Table {
    Table {
        rows,
        ..Table::positions("embed_positions", extra)
    }
}

/// What both sides have around their layers.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// The side's name before its modules: `encoder.`
    pub prefix: &'static str,
    /// Before the number of a layer: `encoder.layers.{i}.`
    pub layer: &'static str,
    /// Positions.
    pub places: Option<Table>,
    /// Norm before the layers; empty is none.
    pub first_norm: &'static str,
    /// Norm after the layers; empty is none.
    pub last_norm: &'static str,
}

/// The last change to the blocks of a layer: of the encoder or not, and its index.
pub type AdjustPair = fn(&Config, &Quantity, bool, u64, Vec<Block>) -> Result<Vec<Block>, ModelError>;

/// How an encoder with a decoder is built.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The name of its classes, without what each is for.
    pub class: &'static str,
    /// The class that writes: what follows the name.
    pub writes: &'static str,
    /// Layers of the encoder.
    pub encoder: Decoder,
    /// Layers of the decoder.
    pub decoder: Decoder,
    /// Keys of the objects that hold what each side is read from, with a dot where one lies in another, empty where it is
    /// the whole config; none where both read the same keys.
    pub parts: Option<[&'static str; 2]>,
    /// What a layer sees of its own side: of the encoder or not, and its index.
    pub span: fn(&Config, bool, u64) -> Result<Span, ModelError>,
    /// Around the encoder's layers.
    pub before: Around,
    /// Around the decoder's.
    pub after: Around,
    /// Table of the tokens, which both sides share.
    pub tokens: &'static str,
    /// The output head.
    pub head: &'static str,
    /// What is tied.
    pub ties: Ties,
    /// Which key fixes how many tokens the encoder reads; none where the input decides.
    pub fixed: Option<&'static str>,
    /// What distinguishes a layer: of the encoder or not, and its index.
    pub layer_key: fn(&Config, bool, u64) -> Result<u64, ModelError>,
    /// The last change to a layer.
    pub adjust_layer: AdjustPair,
    /// What stands before the encoder's layers.
    pub stem: fn(&Config, &Quantity, &Quantity) -> Result<Vec<Block>, ModelError>,
}

/// What `tie_word_embeddings` ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// Tables of both sides and the head; without it each has its own, and the shared one is left over.
    All,
    /// The head; tables are tied whatever is said.
    Head,
    /// The head, of the decoder's table; the encoder has none or one of its own.
    Decoder,
    /// Tables of both sides and the head, whatever is said.
    Always,
    /// Tables of both sides, whatever is said; the head is a matrix of its own.
    Tables,
}

/// The side's name, and its layers in it.
pub const fn around(prefix: &'static str, layer: &'static str) -> Around {
    Around {
        prefix,
        layer,
        places: None,
        first_norm: "",
        last_norm: "",
    }
}

impl Pair {
    /// BART (Lewis 2019, arXiv 1910.13461).
    pub const BART: Self = Self {
        class: "Bart",
        writes: "ForConditionalGeneration",
        encoder: Decoder {
            names: Names {
                attention: OUT_PROJ,
                mlp: ["", "fc1", "fc2"],
                norms: ["", "self_attn_layer_norm", "", "final_layer_norm"],
                ..Decoder::BERT.names
            },
            hidden: &["hidden_size", "d_model"],
            layers: &["num_hidden_layers", "encoder_layers"],
            heads: &["num_attention_heads", "encoder_attention_heads"],
            dense_width: &["encoder_ffn_dim"],
            ..Decoder::BERT
        },
        decoder: Decoder {
            names: Names {
                attention: OUT_PROJ,
                cross: [
                    "encoder_attn.q_proj",
                    "encoder_attn.k_proj",
                    "encoder_attn.v_proj",
                    "encoder_attn.out_proj",
                ],
                mlp: ["", "fc1", "fc2"],
                norms: ["", "self_attn_layer_norm", "", "final_layer_norm"],
                cross_norms: ["", "encoder_attn_layer_norm"],
                ..Decoder::BERT.names
            },
            hidden: &["hidden_size", "d_model"],
            layers: &["decoder_layers"],
            heads: &["decoder_attention_heads"],
            dense_width: &["decoder_ffn_dim"],
            ..Decoder::BERT
        },
        parts: None,
        span: |_, reads, _| Ok(if reads { Span::Both } else { Span::Full }),
        before: Around {
            places: Some(places(&["max_position_embeddings"], 2)),
            first_norm: "layernorm_embedding",
            ..around("encoder.", "encoder.layers.{i}.")
        },
        after: Around {
            places: Some(places(&["max_position_embeddings"], 2)),
            first_norm: "layernorm_embedding",
            ..around("decoder.", "")
        },
        tokens: "shared",
        head: "lm_head",
        ties: Ties::All,
        fixed: None,
        layer_key: |_, _, _| Ok(0),
        adjust_layer: |_, _, _, _, blocks| Ok(blocks),
        stem: |_, _, _| Ok(Vec::new()),
    };
}
