//! Encoder and decoder: an encoder reads the whole input once, a decoder attends to what it found.

use serde_json::Value;

use super::super::blocks::{embedding, head, norm, positions};
use super::super::blueprint::{Blueprint, Reading, Tower};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Role, Rows, Span};
use super::super::tensor::{Tensor, TensorKind};
use super::assembly::Assembly;
use super::encoder::not_built;
use super::keys::TIE;
use super::side::{Side, of_encoder};
use crate::units::Quantity;

/// Learned or computed positions that a class keeps as a table.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Keys of its rows.
    pub rows: &'static [&'static str],
    /// Rows left free before them.
    pub extra: u64,
}

/// What both sides have around their layers.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// The side's name before its modules: `encoder.`
    pub prefix: &'static str,
    /// Before the number of a layer: `encoder.layers.{i}.`
    pub layer: &'static str,
    /// Positions.
    pub places: Option<Places>,
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
    pub encoder: Side,
    /// Layers of the decoder.
    pub decoder: Side,
    /// What the encoder's layers see.
    pub span: fn(&Config) -> Result<Span, ModelError>,
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
    /// The head, of the decoder's table; the encoder has none.
    Decoder,
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
        encoder: Side {
            hidden: &["hidden_size", "d_model"],
            layers: &["num_hidden_layers", "encoder_layers"],
            heads: &["num_attention_heads", "encoder_attention_heads"],
            width: &["encoder_ffn_dim"],
            attention: [
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.out_proj",
            ],
            mlp: ["", "fc1", "fc2"],
            norms: ["", "self_attn_layer_norm", "", "", "", "final_layer_norm"],
            ..Side::BERT
        },
        decoder: Side {
            hidden: &["hidden_size", "d_model"],
            layers: &["decoder_layers"],
            heads: &["decoder_attention_heads"],
            width: &["decoder_ffn_dim"],
            attention: [
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.out_proj",
            ],
            cross: [
                "encoder_attn.q_proj",
                "encoder_attn.k_proj",
                "encoder_attn.v_proj",
                "encoder_attn.out_proj",
            ],
            mlp: ["", "fc1", "fc2"],
            norms: [
                "",
                "self_attn_layer_norm",
                "",
                "encoder_attn_layer_norm",
                "",
                "final_layer_norm",
            ],
            ..Side::BERT
        },
        span: |_| Ok(Span::Both),
        before: Around {
            places: Some(Places {
                rows: &["max_position_embeddings"],
                extra: 2,
            }),
            first_norm: "layernorm_embedding",
            ..around("encoder.", "encoder.layers.{i}.")
        },
        after: Around {
            places: Some(Places {
                rows: &["max_position_embeddings"],
                extra: 2,
            }),
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

/// Whether the config's class writes; it is the one that does where none is named.
fn writes(config: &Config, pair: &Pair) -> Result<bool, ModelError> {
    let named = config.get_anywhere("architectures").and_then(Value::as_array);
    let names = named.into_iter().flatten().filter_map(Value::as_str);
    match names.filter_map(|name| name.strip_prefix(pair.class)).next() {
        None => Ok(true),
        Some(what) if what == pair.writes => Ok(true),
        Some("Model") => Ok(false),
        Some(other) => not_built(
            config,
            format!("The class {}{}", pair.class, other.chars().take(40).collect::<String>()),
        ),
    }
}

/// Tables and norms before the layers of a side.
fn before(config: &Config, side: &Side, around: &Around, hidden: &Quantity) -> Result<Vec<Block>, ModelError> {
    let mut blocks = Vec::new();
    if let Some(places) = &around.places {
        let extra = Quantity::architecture("offset", places.extra, "rows that this family leaves free");
        let rows = Quantity::sum("positions", &[&config.size("positions", places.rows)?, &extra]);
        blocks.push(positions("embed_positions", &rows, hidden));
    }
    blocks.extend((!around.first_norm.is_empty()).then(|| norm(side.norm, around.first_norm, hidden)));
    Ok(blocks)
}

/// The same blocks with the side's name before their tensors'.
fn named(mut blocks: Vec<Block>, prefix: &str) -> Vec<Block> {
    for tensor in blocks
        .iter_mut()
        .flat_map(|block| &mut block.operators)
        .flat_map(|one| &mut one.tensors)
    {
        tensor.name = format!("{prefix}{}", tensor.name).into();
    }
    blocks
}

/// A table that was tied and is not: in memory, read by nobody but its side.
fn own_table(module: &str, words: &Quantity, hidden: &Quantity) -> Block {
    let table = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Table,
        Component::Embedding,
        &[words, hidden],
    );
    let operator = Operator {
        name: "token embedding",
        component: Component::Embedding,
        kind: super::super::operator::Kind::Idle,
        tensors: vec![table],
    };
    Block {
        operators: vec![operator],
        ..Block::new("Token embedding", Role::Embedding)
    }
}

/// Layers of equal key: how many, and their blocks.
fn kinds(config: &Config, pair: &Pair, layers: &Quantity, hidden: &Quantity) -> Result<Vec<Tower>, ModelError> {
    let mut counted: Vec<(u64, u64, u64)> = Vec::new();
    for layer in 0..layers.value {
        let key = (pair.layer_key)(config, true, layer)?;
        match counted.iter_mut().find(|(known, ..)| *known == key) {
            Some((.., count)) => *count += 1,
            None => counted.push((key, layer, 1)),
        }
    }
    let alone = counted.len() == 1;
    let parts = counted.into_iter().map(|(_, first, count)| {
        let blocks = pair.encoder.layer(config, hidden, (pair.span)(config)?)?;
        let blocks = (pair.adjust_layer)(config, hidden, true, first, blocks)?;
        let count = if alone {
            layers.clone()
        } else {
            Quantity {
                value: count,
                ..layers.clone()
            }
        };
        Ok(Tower {
            title: "Encoder layers",
            blocks: of_encoder(blocks, pair.before.layer),
            count: Some(count),
        })
    });
    parts.collect()
}

/// Builds the blueprint of an encoder with a decoder.
///
/// # Errors
/// See [`ModelError`].
pub fn build(config: &Config, title: &'static str, pair: &Pair) -> Result<Blueprint, ModelError> {
    if !config.flag("is_encoder_decoder", true)? {
        return not_built(config, "One side alone (is_encoder_decoder)");
    }
    let writes = writes(config, pair)?;
    let decoder = &pair.decoder;
    let hidden = config.size("hidden", decoder.hidden)?;
    let read = config.size("encoder layers", pair.encoder.layers)?;
    if read.value > super::super::config::MOST_LAYERS {
        return Err(ModelError::OutOfRange {
            key: "encoder_layers".to_owned(),
            found: read.value.to_string(),
            least: 1,
            most: super::super::config::MOST_LAYERS,
        });
    }
    let layers = config.size_or("layers", decoder.layers, || read.clone())?;
    let vocabulary = config.size("vocabulary", &["vocab_size"])?;
    let mut all = Assembly::of(config, title, hidden.clone(), layers, vocabulary)?;
    let fixed = pair
        .fixed
        .map(|key| config.size("encoder tokens", &[key]))
        .transpose()?;
    let tied = match pair.ties {
        // The file's word: the class ties whatever it says, and loads both where a file has both.
        Ties::Head => config.get(TIE).is_none_or(|said| *said != Value::Bool(false)),
        Ties::All | Ties::Decoder => config.flag(TIE, true)?,
    };
    all.tied = tied && writes;

    let mut stem = (pair.stem)(config, &hidden, &read)?;
    stem.extend(before(config, &pair.encoder, &pair.before, &hidden)?);
    if pair.ties == Ties::All && !tied {
        stem.push(own_table("embed_tokens", &all.vocabulary, &hidden));
        all.stem
            .push(own_table("decoder.embed_tokens", &all.vocabulary, &hidden));
    }
    all.encoder.push(Tower {
        title: "Encoder input",
        blocks: of_encoder(stem, pair.before.prefix),
        count: None,
    });
    all.encoder.extend(kinds(config, pair, &read, &hidden)?);
    if !pair.before.last_norm.is_empty() {
        let last = vec![norm(pair.encoder.norm, pair.before.last_norm, &hidden)];
        all.encoder.push(Tower {
            title: "Encoder norm",
            blocks: of_encoder(last, pair.before.prefix),
            count: None,
        });
    }
    all.encoder.retain(|tower| !tower.blocks.is_empty());
    all.reading = Reading::Both(fixed);

    all.stem.push(embedding(pair.tokens, &all.vocabulary, &hidden));
    all.stem
        .extend(named(before(config, decoder, &pair.after, &hidden)?, pair.after.prefix));
    let keys: Vec<u64> = (0..all.layers.value)
        .map(|layer| (pair.layer_key)(config, false, layer))
        .collect::<Result<_, _>>()?;
    let mut at = 0;
    let firsts: Vec<u64> = keys
        .iter()
        .map(|key| {
            let first = keys.iter().position(|one| one == key).unwrap_or(at);
            at += 1;
            first as u64
        })
        .collect();
    all.layers_by(&firsts, |first| {
        let blocks = decoder.layer(config, &hidden, Span::Full)?;
        let blocks = (pair.adjust_layer)(config, &hidden, false, *first, blocks)?;
        Ok(("full and cross attention · MLP".to_owned(), blocks))
    })?;
    all.attention = decoder.words(config, &hidden)?;
    if !pair.after.last_norm.is_empty() {
        all.tail.extend(named(
            vec![norm(decoder.norm, pair.after.last_norm, &hidden)],
            pair.after.prefix,
        ));
    }
    if writes {
        all.tail.push(head(pair.head, &all.vocabulary, &hidden, tied, false));
    }
    all.finish()
}

/// A table of relative positions `[buckets, heads]`.
pub fn relative(config: &Config, module: &'static str, heads: &'static [&'static str]) -> Result<Block, ModelError> {
    let rows = config.size("buckets", &["relative_attention_num_buckets"])?;
    Ok(positions(module, &rows, &config.size("heads", heads)?))
}

/// A convolution over frames as products for each position it leaves: `kernel · stride` input values wide.
pub fn convolution(module: &str, [out, input, kernel]: [&Quantity; 3], frames: u64, bias: bool) -> Operator {
    let weight = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Vector,
        Component::Encoder,
        &[out, input, kernel],
    );
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), Component::Encoder, out));
    let wide = Quantity::product("window", &[input, kernel]).times("window", frames);
    Operator::linear("convolution", weight, bias, Rows::Tokens, out, &wide)
}
