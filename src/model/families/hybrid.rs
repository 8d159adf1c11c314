//! Decoders in which some layers mix tokens with attention and others with a recurrence or a convolution.
//!
//! A family says how its layers follow each other and how its other mixer is built; attention, MLP, experts and names
//! come from a [`Decoder`].

use super::super::blocks::{embedding, head, norm};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::assemble::{between, tied};
use super::assembly::Assembly;
use super::channel::Channel;
use super::decoder::Decoder;
use super::layers::sparse_layers;
use super::mixer::Mixer;
use crate::units::{Quantity, grouped as thousands};

/// What mixes the tokens of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixerKind {
    /// The recurrence or convolution.
    Recurrent,
    /// Attention to all tokens.
    Full,
    /// Attention within a window.
    Window,
    /// Both side by side.
    Both,
}

/// A channel mixer and its experts in words.
pub type ChannelMixer = (Block, Option<String>);

/// How a family of hybrids is built. Start from [`HybridDecoder::PLAIN`].
#[derive(Clone, Copy, Debug)]
pub struct HybridDecoder {
    /// Attention, MLP, experts and names.
    pub decoder: Decoder,
    /// What mixes the tokens of each layer.
    pub order: fn(&Config, u64) -> Result<Vec<MixerKind>, ModelError>,
    /// Which layers have experts.
    pub sparse: fn(&Config, &Decoder, u64) -> Result<Vec<bool>, ModelError>,
    /// The other mixer.
    pub linear: fn(&Config, &Quantity) -> Result<Block, ModelError>,
    /// The last change to an attention block.
    pub attention: fn(&Config, &Quantity, Block) -> Result<Block, ModelError>,
    /// The channel mixer of a dense or sparse layer.
    pub channel: fn(&Config, &Decoder, &Quantity, bool) -> Result<ChannelMixer, ModelError>,
    /// Keys of the window.
    pub window: &'static [&'static str],
    /// What comes between the last layer and the final norm.
    pub after: fn(&Config, &Quantity, u64) -> Result<Option<Block>, ModelError>,
    /// Whether the head is the token table, given the class default.
    pub tie: fn(&Config, bool) -> Result<bool, ModelError>,
    /// Norms of layers with the other mixer, where they differ.
    pub linear_norms: Option<[&'static str; 4]>,
}

impl HybridDecoder {
    /// Every fourth layer has attention; the other mixer must be given.
    pub const PLAIN: Self = Self {
        decoder: Decoder::LLAMA,
        order: |config, layers| every(config, layers, &["full_attention_interval"], 4),
        sparse: sparse_layers,
        linear: |_, _| Err(ModelError::Inconsistent("This family has no second mixer.".to_owned())),
        attention: |_, _, block| Ok(block),
        channel: plain_channel,
        window: &["sliding_window"],
        after: |_, _, _| Ok(None),
        tie: tied,
        linear_norms: None,
    };

    /// Builds the blueprint.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn build(&self, config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
        let decoder = &self.decoder;
        let mut all = Assembly::new(config, title)?;
        let hidden = all.hidden.clone();
        let mixes = (self.order)(config, all.layers.value)?;
        let sparse = (self.sparse)(config, decoder, all.layers.value)?;
        let window = if mixes.contains(&MixerKind::Window) {
            Some(config.size("window", self.window)?)
        } else {
            None
        };
        let attends = mixes.iter().any(|&mix| mix != MixerKind::Recurrent);
        let mixer = if attends {
            Some(Mixer::read(config, decoder, &hidden)?)
        } else {
            None
        };
        let plans: Vec<(MixerKind, bool)> = mixes.into_iter().zip(sparse).collect();
        let (mut words, mut other) = (None, None);
        all.layers_by(&plans, |&(mix, sparse)| {
            let span = match &window {
                Some(window) if mix == MixerKind::Window => Span::Window(window.clone()),
                _ => Span::Full,
            };
            let mut mixers = Vec::new();
            if matches!(mix, MixerKind::Recurrent | MixerKind::Both) {
                let block = (self.linear)(config, &hidden)?;
                other = Some(block.title);
                mixers.push(block);
            }
            if let Some(mixer) = mixer.as_ref().filter(|_| mix != MixerKind::Recurrent) {
                mixers.push((self.attention)(config, &hidden, mixer.block(&hidden, span))?);
            }
            let title = mixing(mix, other, window.as_ref());
            let (channel, experts) = (self.channel)(config, decoder, &hidden, sparse)?;
            let title = format!("{title} · {}", if experts.is_some() { "experts" } else { "MLP" });
            words = words.take().or(experts);
            let norms = match (mix, self.linear_norms) {
                (MixerKind::Recurrent, Some(norms)) => norms,
                _ => decoder.names.norms,
            };
            Ok((title, between(decoder, norms, mixers, channel, false, &hidden)))
        })?;
        let attention = mixer.as_ref().map(Mixer::words);
        all.attention = [attention.as_deref(), other]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" + ");
        all.experts = words;
        all.tied = (self.tie)(config, decoder.tied)?;
        all.stem
            .push(embedding(decoder.names.embedding, &all.vocabulary, &hidden));
        all.tail.extend((self.after)(config, &hidden, all.layers.value)?);
        all.tail.push(norm(decoder.norm, decoder.names.final_norm, &hidden));
        all.tail
            .push(head("lm_head", &all.vocabulary, &hidden, all.tied, false));
        all.finish()
    }
}

fn mixing(mix: MixerKind, other: Option<&str>, window: Option<&Quantity>) -> String {
    let other = other.unwrap_or("recurrence");
    match (mix, window) {
        (MixerKind::Recurrent, _) => other.to_owned(),
        (MixerKind::Both, _) => format!("full attention and {other}"),
        (MixerKind::Window, Some(window)) => format!("window of {}", thousands(window.value)),
        _ => "full attention".to_owned(),
    }
}

/// The MLP or the experts that the decoder describes.
pub fn plain_channel(
    config: &Config,
    decoder: &Decoder,
    hidden: &Quantity,
    sparse: bool,
) -> Result<ChannelMixer, ModelError> {
    let channel = Channel::read(config, decoder, hidden, sparse, sparse)?;
    Ok((channel.block(sparse), channel.words()))
}

/// What `layer_types` (or the given key) says, if it is there.
pub fn named(config: &Config, key: &'static str, layers: u64) -> Result<Option<Vec<MixerKind>>, ModelError> {
    let Some(types) = config.names(key)? else {
        return Ok(None);
    };
    if (types.len() as u64) < layers {
        return Err(ModelError::Inconsistent(format!(
            "{key} has {} entries for {layers} layers.",
            types.len()
        )));
    }
    let mixes = types.iter().take(layers as usize).map(|&name| match name {
        "full_attention" | "attention" => Ok(MixerKind::Full),
        "sliding_attention" => Ok(MixerKind::Window),
        "linear_attention" | "mamba" | "mamba2" | "conv" => Ok(MixerKind::Recurrent),
        "hybrid" => Ok(MixerKind::Both),
        other => Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: format!("The layer type \"{}\"", other.chars().take(40).collect::<String>()),
        }),
    });
    mixes.collect::<Result<_, _>>().map(Some)
}

/// What `layer_types` says, else attention in every n-th layer; a key may change n.
pub fn every(
    config: &Config,
    layers: u64,
    keys: &[&'static str],
    otherwise: u64,
) -> Result<Vec<MixerKind>, ModelError> {
    if let Some(mixes) = named(config, "layer_types", layers)? {
        return Ok(mixes);
    }
    let n = config
        .optional("full_every", keys)?
        .map_or(otherwise, |found| found.value)
        .max(1);
    Ok(by(layers, |layer| (layer + 1) % n == 0))
}

/// Attention where the rule says so.
pub fn by(layers: u64, attends: impl Fn(u64) -> bool) -> Vec<MixerKind> {
    (0..layers)
        .map(|layer| {
            if attends(layer) {
                MixerKind::Full
            } else {
                MixerKind::Recurrent
            }
        })
        .collect()
}

/// A period and an offset: layers whose index leaves the offset when divided by the period.
pub fn periodic(config: &Config, layers: u64, keys: [&'static str; 2]) -> Result<Vec<bool>, ModelError> {
    let [period, offset] = keys;
    let period = config.size("period", std::slice::from_ref(&period))?.value;
    let offset = config
        .optional("offset", std::slice::from_ref(&offset))?
        .map_or(0, |found| found.value);
    Ok((0..layers).map(|layer| layer % period == offset).collect())
}
