//! What a model is: nothing optional that has a default.

use serde_json::Value;

use super::autograd::Autograd;
use super::component::Component;
use super::config::Config;
use super::error::ModelError;
use super::families::{self, Purpose};
use super::layout::Layout;
use super::media::Senses;
use super::notice::Notice;
use super::operator::{Block, Input, Kind};
use super::quantisation::Quantisation;
use super::tensor::Tensor;
use crate::units::{Exact, Number, Quantity};

/// A kind of layer and how often it occurs.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerKind {
    /// Its name: `sliding window 1,024 · MLP`.
    pub title: String,
    /// What it is made of, in order.
    pub blocks: Vec<Block>,
    /// How many layers are of this kind.
    pub count: Quantity,
}

/// A part of a vision or audio tower, or of the projector behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tower {
    /// What it is: `Vision encoder layer`.
    pub title: &'static str,
    /// What it is made of; tensors have their whole name, `{i}` for the index of a repeat.
    pub blocks: Vec<Block>,
    /// How often it occurs; `None` is once.
    pub count: Option<Quantity>,
}

impl Tower {
    /// Whether it is part of an encoder beside a decoder.
    fn reads_for_a_decoder(&self) -> bool {
        self.blocks.iter().any(|block| block.input == Input::Encoder)
    }
}

/// How a model reads and writes.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Reading {
    /// It writes token by token.
    #[default]
    Writes,
    /// It reads and writes nothing: embeddings, scores, masked words.
    Encodes,
    /// An encoder reads, a decoder writes; so many tokens of the encoder where its class fixes them.
    Both(Option<Quantity>),
}

/// The exact shape of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// `model_type` of the language model.
    pub model_type: String,
    /// The family's name for people.
    pub family: &'static str,
    /// Number of layers.
    pub layers: Quantity,
    /// Width of the residual stream.
    pub hidden: Quantity,
    /// Rows of the token table.
    pub vocabulary: Quantity,
    /// Longest context the config allows, if it says so.
    pub max_context: Option<Quantity>,
    /// Heads, in words: `GQA 32 : 8`, `MLA 128 heads`.
    pub attention: String,
    /// Experts, in words, if there are any: `8 of 256 experts, 1 shared`.
    pub experts: Option<String>,
    /// Before the first layer.
    pub stem: Vec<Block>,
    /// Kinds of layers with their counts.
    pub kinds: Vec<LayerKind>,
    /// The order of the kinds, run-length.
    pub layout: Layout,
    /// After the last layer.
    pub head: Vec<Block>,
    /// Towers and projectors: they run over images and sound, before the prompt.
    pub towers: Vec<Tower>,
    /// What it reads beside text, and by which rule.
    pub senses: Senses,
    /// How it reads and writes.
    pub reading: Reading,
    /// Of an encoder of text: what its class is for.
    pub purpose: Option<Purpose>,
    /// Whether the output head is the token table.
    pub tied: bool,
    /// Number format of the weights as published.
    pub published: Quantisation,
    /// In the checkpoint but not in the model: buffers, multi-token-prediction layers. Listed apart, in words.
    pub beside: Vec<Beside>,
    /// What the class of its type keeps for the backward pass.
    pub autograd: Autograd,
    /// What was assumed.
    pub notices: Vec<Notice>,
}

impl Blueprint {
    /// Whether its training is counted: a model that writes; an encoder, or one with a decoder, of a counted class.
    pub fn trains(&self) -> bool {
        match (&self.reading, self.purpose) {
            (Reading::Writes, _) => true,
            (Reading::Encodes, Some(Purpose::Masked)) => self.autograd.counts_encoder && self.guesses_words(),
            (Reading::Encodes, Some(_)) => self.autograd.counts_encoder && self.autograd.counts_class,
            (Reading::Encodes, None) => false,
            (Reading::Both(_), _) => self.autograd.counts_pair && self.guesses_words(),
        }
    }
    /// The layers of its encoder, beside a decoder: each kind with how often it occurs.
    pub fn encoder_layers(&self) -> impl Iterator<Item = (&[Block], &Quantity)> {
        let sides = self.towers.iter().filter(|tower| tower.reads_for_a_decoder());
        sides.filter_map(|tower| Some((tower.blocks.as_slice(), tower.count.as_ref()?)))
    }
    /// What stands before the layers of its encoder and after them, and whether it is before.
    pub fn encoder_ends(&self) -> impl Iterator<Item = (&Block, bool)> {
        let sides = self.towers.iter().filter(|tower| tower.reads_for_a_decoder());
        let placed = sides.scan(true, |before, tower| {
            *before &= tower.count.is_none();
            Some((tower, *before))
        });
        let ends = placed.filter(|(tower, _)| tower.count.is_none());
        ends.flat_map(|(tower, before)| tower.blocks.iter().map(move |block| (block, before)))
    }
    /// Tokens of its encoder: as chosen, else as its class fixes them, else as many as its prompt has.
    pub fn encoder_tokens(&self, chosen: Option<u64>, prompt: impl FnOnce() -> Quantity) -> Quantity {
        match (chosen, &self.reading) {
            (Some(chosen), _) => Quantity::choice("encoder tokens", chosen, "Workload"),
            (None, Reading::Both(Some(fixed))) => fixed.clone(),
            _ => prompt().renamed("encoder tokens"),
        }
    }
    /// Outputs of its head over which the loss runs: words, or labels; none of a class that embeds.
    pub fn outputs(&self) -> Option<&Quantity> {
        match self.purpose {
            None | Some(Purpose::Masked | Purpose::Pretraining) => Some(&self.vocabulary),
            Some(Purpose::Plain) => None,
            Some(Purpose::Texts | Purpose::Tokens | Purpose::Answers) => {
                let mut operators = self.head.iter().flat_map(|block| &block.operators);
                operators
                    .rfind(|one| one.component == Component::LmHead)
                    .and_then(|operator| match &operator.kind {
                        Kind::Linear { output, .. } => Some(output),
                        _ => None,
                    })
            }
        }
    }
    /// Whether log-probabilities stay in the format of the logits: classes for labels hand them to PyTorch's own loss.
    pub fn keeps_loss_format(&self) -> bool {
        self.autograd.keeps_loss_format
            || matches!(self.purpose, Some(Purpose::Texts | Purpose::Tokens | Purpose::Answers))
    }
    /// Whether its output head is there and is the token table: classes for labels have none.
    pub fn ties_head(&self) -> bool {
        self.tied && matches!(self.purpose, None | Some(Purpose::Masked))
    }
    /// Whether the last layer of its head tells the words of its vocabulary apart.
    pub fn guesses_words(&self) -> bool {
        let mut operators = self.head.iter().flat_map(|block| &block.operators);
        let last = operators.rfind(|operator| operator.component == Component::LmHead);
        let output = last.and_then(|operator| match &operator.kind {
            Kind::Linear { output, .. } => Some(output.value),
            _ => None,
        });
        output == Some(self.vocabulary.value)
    }
}

/// Something a checkpoint holds which is no parameter of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// What it is.
    pub name: &'static str,
    /// Elements, all layers together.
    pub elements: u64,
}

/// A block together with how often it occurs.
#[derive(Clone, Copy, Debug)]
pub struct Repeated<'a> {
    /// The block.
    pub block: &'a Block,
    /// How often; `None` is once.
    pub count: Option<&'a Quantity>,
    /// The kind of layer it is part of, by index; `None` outside the layers.
    pub kind: Option<usize>,
}

impl Repeated<'_> {
    /// Whether it is part of a layer: of the model's own, or of an encoder beside its decoder.
    pub fn is_in_layer(&self) -> bool {
        self.kind.is_some() || self.count.is_some() && self.block.input == Input::Encoder
    }
    /// How often, as a number of the given kind.
    pub fn times<N: Number>(&self, value: N) -> N {
        match self.count {
            Some(count) => N::input(count).times(value),
            None => value,
        }
    }
    /// How often a tensor exists, as a number of the given kind: shared ones less often than their layers.
    pub fn stored<N: Number>(&self, tensor: &Tensor, value: N) -> N {
        match &tensor.physical {
            Some(physical) => N::input(physical).times(value),
            None => self.times(value),
        }
    }
    /// How often a tensor exists, plain.
    pub fn copies(&self, tensor: &Tensor) -> u64 {
        tensor
            .physical
            .as_ref()
            .map_or_else(|| self.repeats(), |physical| physical.value)
    }
    /// How often, plain.
    pub fn repeats(&self) -> u64 {
        self.count.map_or(1, |count| count.value)
    }
}

impl Blueprint {
    /// Whether a component has tensors.
    pub fn has(&self, component: Component) -> bool {
        self.tensors().any(|(_, tensor)| tensor.component == component)
    }
    /// What it reads beside text.
    pub fn reads(&self) -> Vec<&'static str> {
        let kinds = [(Component::Vision, "images"), (Component::Audio, "sound")];
        let there = kinds.into_iter().filter(|(component, _)| self.has(*component));
        there.map(|(_, name)| name).collect()
    }
    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    /// See [`ModelError`]: each names the field and its value.
    pub fn from_text(text: &str) -> Result<Self, ModelError> {
        Self::from_config(&Config::parse(text)?)
    }
    /// Takes a parsed `config.json`.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn from_value(value: Value) -> Result<Self, ModelError> {
        Self::from_config(&Config::from_value(value)?)
    }
    /// Builds from a config.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn from_config(config: &Config) -> Result<Self, ModelError> {
        let mut blueprint = families::build(config)?;
        blueprint.autograd = Autograd::of(config, blueprint.purpose);
        Quantisation::name_mixture(&mut blueprint);
        if blueprint.parameters() >= u64::MAX / 64 {
            return Err(ModelError::Overflow("the number of parameters"));
        }
        Ok(blueprint)
    }

    /// Every block with its repeat count: the one way to walk a model.
    pub fn blocks(&self) -> impl Iterator<Item = Repeated<'_>> {
        let once = |block| Repeated {
            block,
            count: None,
            kind: None,
        };
        let layers = self.kinds.iter().enumerate().flat_map(|(at, kind)| {
            kind.blocks.iter().map(move |block| Repeated {
                block,
                count: Some(&kind.count),
                kind: Some(at),
            })
        });
        self.stem
            .iter()
            .map(once)
            .chain(layers)
            .chain(self.head.iter().map(once))
            .chain(self.towers.iter().flat_map(|tower| {
                tower.blocks.iter().map(|block| Repeated {
                    block,
                    count: tower.count.as_ref(),
                    kind: None,
                })
            }))
    }
    /// Every tensor with the block it is in.
    pub fn tensors(&self) -> impl Iterator<Item = (Repeated<'_>, &Tensor)> {
        self.blocks()
            .flat_map(|place| place.block.tensors().map(move |tensor| (place, tensor)))
    }
    /// Number of parameters: every tensor once, tied ones not again, buffers not.
    pub fn parameters(&self) -> u64 {
        let counted = self.tensors().filter(|(_, tensor)| tensor.is_parameter());
        counted.fold(0, |all: u64, (place, tensor)| {
            all.saturating_add(place.stored(tensor, tensor.elements::<Exact>()).0)
        })
    }
}
