//! Models that read and write nothing: how an encoder of text is built, and what its class has after the layers.

use serde_json::Value;

use super::super::blocks::{norm, positions};
use super::super::blueprint::{Blueprint, Reading};
use super::super::component::Component;
use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Role, Rows, Span};
use super::super::tensor::{Tensor, TensorKind};
use super::assembly::Assembly;
use super::decoder::Flag;
use super::keys::TIE;
use super::side::Side;
use crate::units::{Origin, Quantity, Unit};

/// A table that is looked up before the layers, besides that of the tokens.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its module.
    pub module: &'static str,
    /// Keys of its rows; without rows there is none.
    pub rows: &'static [&'static str],
    /// When it is there.
    pub when: Flag,
}

/// Tables of BERT.
pub const POSITIONS: Table = table("embeddings.position_embeddings", &["max_position_embeddings"]);
/// What tells sentences apart.
pub const TYPES: Table = table("embeddings.token_type_embeddings", &["type_vocab_size"]);

/// A table that is always there.
pub const fn table(module: &'static str, rows: &'static [&'static str]) -> Table {
    Table {
        module,
        rows,
        when: Flag::Yes,
    }
}

/// What a class has after the layers to guess masked words.
#[derive(Clone, Copy, Debug)]
pub struct Masked {
    /// A dense layer; empty is none.
    pub dense: &'static str,
    /// Its bias.
    pub dense_bias: Flag,
    /// A norm; empty is none.
    pub norm: &'static str,
    /// The table's transpose.
    pub decoder: &'static str,
    /// Its bias.
    pub bias: Flag,
    /// A second name of that bias, which is a vector of its own where nothing is tied; empty is none.
    pub twin: &'static str,
}

/// What a class has after the layers to sort texts.
#[derive(Clone, Copy, Debug)]
pub enum Sorting {
    /// The pooler, and one matrix.
    Pooled,
    /// A dense layer and one matrix.
    Dense(&'static str, &'static str),
    /// Not built.
    Unknown,
}

/// What a class has after the layers to be trained with.
#[derive(Clone, Copy, Debug)]
pub enum Pretraining {
    /// Pooler, head for masked words, and a matrix that tells whether two sentences belong together.
    Sentences(&'static str),
    /// A dense layer and a matrix that tells whether a token was replaced.
    Replaced(&'static str, &'static str),
    /// Not built.
    Unknown,
}

/// The last change to the blocks of a layer of this index.
pub type AdjustEncoder = fn(&Config, &Quantity, u64, Vec<Block>) -> Result<Vec<Block>, ModelError>;

/// How an encoder is built.
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    /// The name of its classes, without what each is for.
    pub class: &'static str,
    /// What a config is loaded for that names no class.
    pub usual: Purpose,
    /// Its layers.
    pub side: Side,
    /// Table of the tokens.
    pub tokens: &'static str,
    /// Tables besides.
    pub tables: &'static [Table],
    /// Norm of the sum; empty is none.
    pub stem_norm: &'static str,
    /// Key of the width of the tables, where it is one of its own, the module that widens it, and whether that is there
    /// where both are alike.
    pub narrow: Option<(&'static str, &'static str, bool)>,
    /// Norm after the layers; empty is none.
    pub final_norm: &'static str,
    /// Pooler of the plain model; empty is none.
    pub pooler: &'static str,
    /// Pooler that the plain model leaves out unless a class asks for it.
    pub asked_pooler: bool,
    /// Whether every class has the pooler, used or not.
    pub always_pools: bool,
    /// For masked words.
    pub masked: Masked,
    /// For texts.
    pub sorting: Sorting,
    /// What the class for pretraining has.
    pub pretraining: Pretraining,
    /// Which tokens a layer of this index sees.
    pub span: fn(&Config, u64) -> Result<Span, ModelError>,
    /// The last change to the blocks of a layer, and to what is around the layers.
    pub adjust_layer: AdjustEncoder,
    /// What distinguishes layers, besides what they see.
    pub layer_key: fn(&Config, u64) -> u64,
    /// The last change to what is around the layers.
    pub adjust_ends: fn(&Config, Purpose, &mut Assembly<'_>) -> Result<(), ModelError>,
}

/// What a class is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The layers alone.
    Plain,
    /// Masked words.
    Masked,
    /// Sorting texts.
    Texts,
    /// Sorting tokens.
    Tokens,
    /// Answering from a text.
    Answers,
    /// What it was trained with.
    Pretraining,
}

impl Encoder {
    /// BERT.
    pub const BERT: Self = Self {
        class: "Bert",
        usual: Purpose::Masked,
        side: Side::BERT,
        tokens: "embeddings.word_embeddings",
        tables: &[POSITIONS, TYPES],
        stem_norm: "embeddings.LayerNorm",
        narrow: None,
        final_norm: "",
        pooler: "pooler.dense",
        asked_pooler: false,
        always_pools: false,
        masked: Masked {
            dense: "cls.predictions.transform.dense",
            dense_bias: Flag::Yes,
            norm: "cls.predictions.transform.LayerNorm",
            decoder: "cls.predictions.decoder",
            bias: Flag::Yes,
            twin: "cls.predictions.bias",
        },
        sorting: Sorting::Pooled,
        pretraining: Pretraining::Sentences("cls.seq_relationship"),
        span: |_, _| Ok(Span::Both),
        adjust_layer: |_, _, _, blocks| Ok(blocks),
        layer_key: |_, _| 0,
        adjust_ends: |_, _, _| Ok(()),
    };
}

/// Refuses a part that is not built.
pub fn not_built<T>(config: &Config, what: impl Into<String>) -> Result<T, ModelError> {
    Err(ModelError::NotBuilt {
        model_type: config.model_type().to_owned(),
        what: what.into(),
    })
}

/// What the config's class is for; a class of another name is loaded as the usual one, mostly that for masked words.
fn purpose(config: &Config, class: &str, usual: Purpose) -> Result<Purpose, ModelError> {
    let named = config
        .get_anywhere("architectures")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find_map(|name| name.strip_prefix(class));
    match named {
        None => Ok(usual),
        Some("ForMaskedLM") => Ok(Purpose::Masked),
        // What BERT's class for generation calls its layers alone, and with a head.
        Some("Decoder") if class == "BertGeneration" => Ok(Purpose::Masked),
        Some("Encoder") if class == "BertGeneration" => Ok(Purpose::Plain),
        Some("Model") => Ok(Purpose::Plain),
        Some("ForPreTraining") => Ok(Purpose::Pretraining),
        Some("ForSequenceClassification") => Ok(Purpose::Texts),
        Some("ForTokenClassification") => Ok(Purpose::Tokens),
        Some("ForQuestionAnswering") => Ok(Purpose::Answers),
        Some(other) => not_built(
            config,
            format!("The class {class}{}", other.chars().take(40).collect::<String>()),
        ),
    }
}

/// Labels of a class that sorts: as many as the config says, which makes names of its own, else those named, else two.
pub fn labels(config: &Config) -> Result<Quantity, ModelError> {
    let (key, value) = if let Some(count) = config.get("num_labels") {
        ("num_labels", whole("num_labels", count, 1, 1 << 24)?)
    } else if let Some(named) = config.get("id2label") {
        let Value::Object(names) = named else {
            return Err(wrong("id2label", named, "an object of names"));
        };
        ("id2label", names.len() as u64)
    } else {
        return Ok(Quantity {
            name: "labels".into(),
            value: 2,
            unit: Unit::Count,
            origin: Origin::ClassDefault("num_labels".into()),
        });
    };
    Ok(Quantity::config("labels", key, value))
}

/// A dense layer after the layers.
pub fn dense(module: &str, out: &Quantity, input: &Quantity, bias: bool, rows: Rows, component: Component) -> Block {
    let weight = Tensor::matrix(format!("{module}.weight"), component, out, input);
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, out));
    Block {
        operators: vec![Operator::linear("dense", weight, bias, rows, out, input)],
        ..Block::new("Dense layer", Role::Head)
    }
}

/// Builds the blueprint of an encoder.
///
/// # Errors
/// See [`ModelError`].
pub fn build(config: &Config, title: &'static str, encoder: &Encoder) -> Result<Blueprint, ModelError> {
    for key in ["is_decoder", "add_cross_attention"] {
        if config.flag(key, false)? {
            return not_built(config, format!("{key}: an encoder that writes"));
        }
    }
    let side = &encoder.side;
    let purpose = purpose(config, encoder.class, encoder.usual)?;
    let mut all = Assembly::of(
        config,
        title,
        config.size("hidden", side.hidden)?,
        config.size("layers", side.layers)?,
        config.size("vocabulary", &["vocab_size"])?,
    )?;
    all.reading = Reading::Encodes;
    let hidden = all.hidden.clone();
    let narrow = match encoder.narrow {
        Some((key, ..)) => config.size_or("embedding width", &[key], || hidden.clone())?,
        None => hidden.clone(),
    };
    all.tied = config.flag(TIE, true)?;
    all.stem.push(super::super::blocks::embedding(
        encoder.tokens,
        &all.vocabulary,
        &narrow,
    ));
    for table in encoder.tables {
        if config.decide(table.when)?
            && let Some(rows) = config.optional("rows", table.rows)?.filter(|rows| rows.value > 0)
        {
            all.stem.push(positions(table.module, &rows, &narrow));
        }
    }
    if !encoder.stem_norm.is_empty() {
        all.stem.push(norm(side.norm, encoder.stem_norm, &narrow));
    }
    if let Some((_, module, always)) = encoder.narrow
        && (always || narrow.value != hidden.value)
    {
        all.stem.push(dense(
            module,
            &hidden,
            &narrow,
            true,
            Rows::Tokens,
            Component::Embedding,
        ));
    }
    let keys: Vec<(Span, u64)> = (0..all.layers.value)
        .map(|layer| Ok(((encoder.span)(config, layer)?, (encoder.layer_key)(config, layer))))
        .collect::<Result<_, ModelError>>()?;
    all.layers_by(&keys, |(span, key)| {
        let title = match span {
            Span::Around(_) => "local attention · MLP",
            _ => "both ways · MLP",
        };
        let blocks = side.layer(config, &hidden, span.clone())?;
        Ok((title.to_owned(), (encoder.adjust_layer)(config, &hidden, *key, blocks)?))
    })?;
    all.attention = side.words(config, &hidden)?;
    if !encoder.final_norm.is_empty() {
        all.tail.push(norm(side.norm, encoder.final_norm, &hidden));
    }
    heads_of(config, encoder, purpose, &hidden, &narrow, &mut all)?;
    (encoder.adjust_ends)(config, purpose, &mut all)?;
    all.finish()
}

/// What the class has after the layers.
fn heads_of(
    config: &Config,
    encoder: &Encoder,
    purpose: Purpose,
    hidden: &Quantity,
    narrow: &Quantity,
    all: &mut Assembly<'_>,
) -> Result<(), ModelError> {
    let masked = &encoder.masked;
    let head = |module: &str, out: &Quantity, rows| dense(module, out, hidden, true, rows, Component::LmHead);
    let pooler = || dense(encoder.pooler, hidden, hidden, true, Rows::Sequences, Component::LmHead);
    let pools_anyway = purpose == Purpose::Plain
        || purpose == Purpose::Texts && matches!(encoder.sorting, Sorting::Pooled)
        || purpose == Purpose::Pretraining;
    if encoder.always_pools && !pools_anyway {
        all.tail.push(pooler());
    }
    match purpose {
        Purpose::Plain => {
            if !encoder.pooler.is_empty() && !encoder.asked_pooler {
                all.tail.push(pooler());
            }
        }
        Purpose::Masked => {
            if !masked.dense.is_empty() {
                let bias = config.decide(masked.dense_bias)?;
                all.tail.push(dense(
                    masked.dense,
                    narrow,
                    hidden,
                    bias,
                    Rows::Tokens,
                    Component::LmHead,
                ));
            }
            if !masked.norm.is_empty() {
                all.tail.push(norm(encoder.side.norm, masked.norm, narrow));
            }
            all.tail.push(decoder(config, masked, narrow, all)?);
        }
        Purpose::Pretraining => match encoder.pretraining {
            Pretraining::Sentences(module) => {
                all.tail.push(pooler());
                heads_of(config, encoder, Purpose::Masked, hidden, narrow, all)?;
                let two = Quantity::architecture("sentences", 2, "whether the second follows the first");
                all.tail.push(head(module, &two, Rows::Sequences));
            }
            Pretraining::Replaced(first, second) => {
                let one = Quantity::architecture("replaced", 1, "whether a token was replaced");
                all.tail.push(head(first, hidden, Rows::Tokens));
                all.tail.push(head(second, &one, Rows::Tokens));
            }
            Pretraining::Unknown => return not_built(config, "The class for pretraining"),
        },
        Purpose::Tokens => all.tail.push(head("classifier", &labels(config)?, Rows::Tokens)),
        Purpose::Answers => all.tail.push(head("qa_outputs", &labels(config)?, Rows::Tokens)),
        Purpose::Texts => match encoder.sorting {
            Sorting::Pooled => {
                all.tail.push(pooler());
                all.tail.push(head("classifier", &labels(config)?, Rows::Sequences));
            }
            Sorting::Dense(first, second) => {
                all.tail.push(head(first, hidden, Rows::Sequences));
                all.tail.push(head(second, &labels(config)?, Rows::Sequences));
            }
            Sorting::Unknown => return not_built(config, "A head that sorts texts"),
        },
    }
    Ok(())
}

/// The matrix from the last hidden states to the words, for every token.
fn decoder(config: &Config, masked: &Masked, narrow: &Quantity, all: &Assembly<'_>) -> Result<Block, ModelError> {
    let words = &all.vocabulary;
    let mut weight = Tensor::new(
        format!("{}.weight", masked.decoder),
        TensorKind::Head,
        Component::LmHead,
        &[words, narrow],
    );
    weight.tied = all.tied;
    let bias = config
        .decide(masked.bias)?
        .then(|| Tensor::vector(format!("{}.bias", masked.decoder), Component::LmHead, words));
    let mut operator = Operator::linear("lm_head", weight, bias, Rows::Tokens, words, narrow);
    if !masked.twin.is_empty() {
        let mut twin = Tensor::vector(masked.twin, Component::LmHead, words);
        twin.tied = all.tied;
        operator.tensors.push(twin);
    }
    Ok(Block {
        operators: vec![operator],
        ..Block::new("Words", Role::Head)
    })
}
