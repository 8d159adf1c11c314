//! What is particular to each family of models.
//!
//! A family is one small file: which `model_type`s it covers and a [`Decoder`] that says how they differ from a Llama.
//! To add one: copy the nearest file, name the model types, change the fields that differ, add the file to
//! [`MORE`], and add a row of `tests/facts/parameters.csv` with the published count. Formulas live in
//! [`blocks`](super::blocks), never here.

mod assemble;
mod assembly;
mod channel;
mod classes;
mod composite;
mod decoder;
pub mod defaults;
mod encoder;
mod encoding;
mod experts;
mod hybrid;
pub mod keys;
mod layer;
mod layers;
mod mixer;
mod names;
mod pair;
mod pairing;
mod parakeet;
mod wrappers;

mod adjust;
mod axk2;
mod bamba;
mod bart;
mod beam;
mod bert;
mod beside;
mod canine;
mod captions;
mod cohere;
mod convbert;
mod dbrx;
mod deberta;
mod deepseek;
mod deepseek_v4;
mod dino;

mod doge;
mod dory;
mod dots3;
mod early_llm;
mod ernie;
mod esm;
mod eurobert;
mod falcon;
mod followers;
mod gemma;
mod gemma_edge;
mod glm;
mod glm_next;
mod gpt;
mod gpt_oss;
mod granite;
mod granite_swa;
mod hearing;
mod hrm;
mod hunyuan;
mod inkling;
mod inkling2;
mod inkling2_loop;
mod jamba;
mod jetmoe;
mod kimi_k3;
mod kimi_linear;
mod laguna;
mod languages;
mod layouts;
mod lfm;
mod llama;
mod llama4;
mod long;
mod longcat;
mod loops;
mod luke;
mod mamba;
mod mimo;
mod minimax;
mod minimax_m3;
mod mistral;
mod mixtures;
mod mllama;
mod mobilebert;
mod modernbert;
mod moonshine;
mod muse;
mod nas;
mod nemotron_h;
mod neomme;
mod olmo;
mod olmo_hybrid;
mod others;
mod phi;
mod qwen;
mod qwen4;
pub mod qwen_hybrid;
mod recurrent_gemma;
mod rwkv;
mod sparse;
mod sparse_encoders;
mod splinter;
mod step;
mod switch;
mod t5;
mod t5_gemma;
mod udop;
mod vision;
mod vit;
mod wav2vec;
mod xlm;
mod xlnet;
mod xlstm;
mod zamba;
mod zaya;

pub use classes::as_named;
pub use composite::wrapped;
pub use decoder::{
    AdjustLayer, AttentionForm, Changes, Correction, Decoder, Experts, Flag, Gate, HeadNorm, MoeLayers, Names, Pattern,
    Place, Shared, Table, Windows,
};
pub use encoder::{Purpose, class_for};

use serde_json::Value;

use super::blueprint::Blueprint;
use super::config::Config;
use super::error::ModelError;
use super::library;

/// A family: model types with one description.
#[derive(Debug)]
pub struct Family {
    /// Values of `model_type`.
    pub types: &'static [&'static str],
    /// Name for people.
    pub title: &'static str,
    /// How it is built.
    pub build: Build,
}

impl Family {
    /// The descriptions that a config is built from: none where it is built by a function.
    pub fn rows(&self, config: &Value) -> Vec<Decoder> {
        self.build.rows(config)
    }
}

/// How a family's blueprints are built.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "rows of a static table, never moved")]
pub enum Build {
    /// From a description: most decoders.
    Decoder(Decoder),
    /// From one of these, where a key decides what it says.
    From(fn(&Config) -> Result<Self, ModelError>),
    /// From a description: an encoder of text.
    Encoder(encoder::Encoder),
    /// From a description: an encoder with a decoder.
    Pair(pair::Pair),
    /// By a function of its own, over shared blocks.
    Own(fn(&Config, &'static str) -> Result<Blueprint, ModelError>),
}

impl Build {
    fn rows(&self, config: &Value) -> Vec<Decoder> {
        match self {
            Self::Decoder(decoder) => vec![*decoder],
            Self::Encoder(encoder) => vec![encoder.stack],
            Self::Pair(pair) => vec![pair.encoder, pair.decoder],
            Self::From(describe) => {
                let build = Config::from_value(config.clone()).and_then(|config| describe(&config));
                build.map(|build| build.rows(config)).unwrap_or_default()
            }
            Self::Own(_) => Vec::new(),
        }
    }
}

/// The families that are always at hand.
const FIRST: &[Family] = llama::FAMILIES;

/// All the others: part of the [library](super::library).
pub const MORE: &[&[Family]] = &[
    mistral::FAMILIES,
    mllama::FAMILIES,
    qwen::FAMILIES,
    gemma::FAMILIES,
    phi::FAMILIES,
    olmo::FAMILIES,
    granite::FAMILIES,
    cohere::FAMILIES,
    glm::FAMILIES,
    glm_next::FAMILIES,
    deepseek::FAMILIES,
    gpt_oss::FAMILIES,
    minimax::FAMILIES,
    others::FAMILIES,
    gpt::FAMILIES,
    falcon::FAMILIES,
    llama4::FAMILIES,
    long::FAMILIES,
    parakeet::FAMILIES,
    mimo::FAMILIES,
    mixtures::FAMILIES,
    followers::FAMILIES,
    early_llm::FAMILIES,
    modernbert::FAMILIES,
    ernie::FAMILIES,
    hunyuan::FAMILIES,
    laguna::FAMILIES,
    granite_swa::FAMILIES,
    muse::FAMILIES,
    beam::FAMILIES,
    doge::FAMILIES,
    dory::FAMILIES,
    qwen4::FAMILIES,
    hrm::FAMILIES,
    minimax_m3::FAMILIES,
    bert::FAMILIES,
    languages::FAMILIES,
    esm::FAMILIES,
    layouts::FAMILIES,
    splinter::FAMILIES,
    eurobert::FAMILIES,
    deberta::FAMILIES,
    convbert::FAMILIES,
    sparse_encoders::FAMILIES,
    luke::FAMILIES,
    canine::FAMILIES,
    xlm::FAMILIES,
    xlnet::FAMILIES,
    neomme::FAMILIES,
    mobilebert::FAMILIES,
    bart::FAMILIES,
    t5::FAMILIES,
    t5_gemma::FAMILIES,
    udop::FAMILIES,
    hearing::FAMILIES,
    captions::FAMILIES,
    beside::FAMILIES,
    switch::FAMILIES,
    moonshine::FAMILIES,
    vision::FAMILIES,
    vit::FAMILIES,
    wav2vec::FAMILIES,
    dino::FAMILIES,
    dbrx::FAMILIES,
    sparse::FAMILIES,
    axk2::FAMILIES,
    dots3::FAMILIES,
    deepseek_v4::FAMILIES,
    gemma_edge::FAMILIES,
    nas::FAMILIES,
    longcat::FAMILIES,
    jetmoe::FAMILIES,
    step::FAMILIES,
    mamba::FAMILIES,
    inkling::FAMILIES,
    inkling2::FAMILIES,
    inkling2_loop::FAMILIES,
    jamba::FAMILIES,
    bamba::FAMILIES,
    nemotron_h::FAMILIES,
    zamba::FAMILIES,
    zaya::FAMILIES,
    kimi_linear::FAMILIES,
    rwkv::FAMILIES,
    xlstm::FAMILIES,
    qwen_hybrid::FAMILIES,
    olmo_hybrid::FAMILIES,
    lfm::FAMILIES,
    recurrent_gemma::FAMILIES,
];

/// Every known model type with its family.
pub fn known() -> impl Iterator<Item = (&'static str, &'static Family)> {
    let more = library::at_hand().map_or(&[][..], |library| library.families);
    FIRST
        .iter()
        .chain(more.iter().copied().flatten())
        .flat_map(|family| family.types.iter().map(move |&name| (name, family)))
}

/// Builds the blueprint of a config.
///
/// # Errors
/// An unknown model type, or what [`ModelError`] lists.
pub fn build(config: &Config) -> Result<Blueprint, ModelError> {
    let blueprint = composite::build(config)?;
    let names = config.get_anywhere("architectures").and_then(Value::as_array);
    let usual = |name: &str| {
        ["ForCausalLM", "ForConditionalGeneration", "LMHeadModel"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    match names.and_then(|names| names.first()).and_then(Value::as_str) {
        Some(name) if !usual(name) => (library::library()?.classes)(config, name, blueprint),
        _ => Ok(blueprint),
    }
}

/// Builds a language model on its own, whatever is around it.
fn language(config: &Config) -> Result<Blueprint, ModelError> {
    let model_type = config.model_type();
    let Some((_, family)) = known().find(|(name, _)| *name == model_type) else {
        library::library()?;
        return Err(ModelError::UnknownModelType(model_type.chars().take(80).collect()));
    };
    built(config, family.title, &family.build)
}

fn built(config: &Config, title: &'static str, build: &Build) -> Result<Blueprint, ModelError> {
    match build {
        Build::Decoder(decoder) => assemble::assemble(config, title, decoder),
        Build::From(describe) => built(config, title, &describe(config)?),
        Build::Own(build) => build(config, title),
        Build::Encoder(_) | Build::Pair(_) => (library::library()?.encoders)(config, title, build),
    }
}

/// Builds what encodes, alone or for a decoder beside it. Part of the library: the first models only write.
pub fn encoding(config: &Config, title: &'static str, build: &Build) -> Result<Blueprint, ModelError> {
    match build {
        Build::Encoder(encoder) => encoding::build(config, title, encoder),
        Build::Pair(pair) => pairing::build(config, title, pair),
        Build::Decoder(_) | Build::From(_) | Build::Own(_) => language(config),
    }
}
