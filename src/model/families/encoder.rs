//! Models that read and write nothing: how an encoder of text is built, and what its class has after the layers.

use serde_json::Value;

use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::assembly::Assembly;
use super::decoder::{Flag, Table};
use super::{Build, Decoder};
use crate::units::Quantity;

/// Tables of BERT.
pub const POSITIONS: Table = table("embeddings.position_embeddings", &["max_position_embeddings"]);
/// What tells sentences apart.
pub const TYPES: Table = table("embeddings.token_type_embeddings", &["type_vocab_size"]);

/// A table that is always there.
pub const fn table(module: &'static str, rows: &'static [&'static str]) -> Table {
    Table {
        rows,
        needed: false,
        ..Table::positions(module, 0)
    }
}

/// What a class has after the layers to guess masked words.
#[derive(Clone, Copy, Debug)]
pub struct Masked {
    /// A dense layer; empty is none.
    pub dense: &'static str,
    /// Its bias.
    pub dense_bias: Flag,
    /// Keys of its width; none where it is that of the tables.
    pub width: &'static [&'static str],
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
    /// One matrix alone.
    Alone(&'static str),
    /// A dense layer and one matrix, over every token where they are averaged after it (`classifier_pooling`: late).
    Late(&'static str, &'static str),
    /// The dense layer and norm of masked words, and one matrix; before labels of tokens and answers too.
    Normed(&'static str),
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
    pub stack: Decoder,
    /// Keys of the rows of the table of the tokens.
    pub vocabulary: &'static [&'static str],
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

/// The class of an encoder for a purpose; `None` where the type is no encoder of this kind, or has none by a usual name.
pub fn class_for(model_type: &str, purpose: Purpose) -> Option<String> {
    let (_, family) = super::known().find(|(name, _)| *name == model_type)?;
    let Build::Encoder(encoder) = &family.build else {
        return None;
    };
    let end = match (purpose, encoder.class) {
        (Purpose::Plain, "BertGeneration") => "Encoder",
        (Purpose::Masked, "BertGeneration") => "Decoder",
        (Purpose::Plain, _) => "Model",
        (Purpose::Masked, _) => "ForMaskedLM",
        (Purpose::Texts, _) => "ForSequenceClassification",
        (Purpose::Tokens, _) => "ForTokenClassification",
        (Purpose::Answers, _) => "ForQuestionAnswering",
        (Purpose::Pretraining, _) => return None,
    };
    Some(format!("{}{end}", encoder.class))
}

impl Encoder {
    /// BERT.
    pub const BERT: Self = Self {
        class: "Bert",
        usual: Purpose::Masked,
        stack: Decoder::BERT,
        vocabulary: &["vocab_size"],
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
            width: &[],
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
pub fn purpose(config: &Config, class: &str, usual: Purpose) -> Result<Purpose, ModelError> {
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
        // What others call for masked words, and one of two ways to answer.
        Some("LMHeadModel") if class == "XLNet" => Ok(Purpose::Masked),
        Some("WithLMHeadModel") if matches!(class, "XLM" | "Flaubert") => Ok(Purpose::Masked),
        Some("ForQuestionAnsweringSimple") if matches!(class, "XLNet" | "XLM" | "Flaubert") => Ok(Purpose::Answers),
        Some("ForQuestionAnswering") if matches!(class, "XLNet" | "XLM" | "Flaubert") => {
            not_built(config, "The class for answers")
        }
        // The same head as for answers.
        Some("ForPreTraining") if class == "Splinter" => Ok(Purpose::Answers),
        // Two classes of the same layers.
        Some("QuestionEncoder" | "ContextEncoder") if class == "DPR" => Ok(Purpose::Plain),
        // Compares texts: what follows the layers is the family's own.
        Some("ForRetrieval") if class == "NeoMME" => Ok(Purpose::Plain),
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
