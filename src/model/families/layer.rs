//! One layer: token mixers, attention to an encoder, a channel mixer, and the norms between them.

use super::super::blocks::norm;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::assembly::Assembly;
use super::decoder::{Decoder, MixerKind, Place};
use super::mixer::Mixer;
use crate::units::{Quantity, grouped as thousands};

/// A layer and what it is in words.
#[derive(Debug, Default)]
pub struct Layer {
    /// Its blocks in order.
    pub blocks: Vec<Block>,
    /// Its heads.
    pub attention: Option<String>,
    /// Its other mixer.
    pub other: Option<&'static str>,
    /// Its experts.
    pub experts: Option<String>,
    mixes_channels: bool,
    sees_encoder: bool,
}

impl Layer {
    /// What it is called where it sees a span: `full attention · MLP`.
    pub fn title(&self, mixer: MixerKind, span: &Span) -> String {
        let seen = match span {
            Span::Full if self.sees_encoder => "full and cross attention".to_owned(),
            _ if self.sees_encoder => "windowed and cross attention".to_owned(),
            Span::Full => "full attention".to_owned(),
            Span::Chunk(chunk) => format!("chunks of {}", thousands(chunk.value)),
            Span::Window(window) => format!("window of {}", thousands(window.value)),
            Span::Around(_) | Span::Chunks { .. } => "local attention".to_owned(),
            _ => "both ways".to_owned(),
        };
        let mixers = match (mixer, self.other.unwrap_or_default()) {
            (MixerKind::Recurrent, other) => other.to_owned(),
            (MixerKind::Both, other) => format!("{seen} and {other}"),
            _ => seen,
        };
        match self.experts {
            Some(_) => format!("{mixers} · experts"),
            None if self.mixes_channels => format!("{mixers} · MLP"),
            None => mixers,
        }
    }
}

/// Builds a layer that sees a span, with attention that was read already or its own. Several token mixers share one norm and
/// run side by side; a channel mixer in parallel reads what they read.
///
/// # Errors
/// A dimension that is missing or impossible.
pub fn layer(
    config: &Config,
    decoder: &Decoder,
    hidden: &Quantity,
    place: Place,
    span: Span,
    shared: Option<&Mixer>,
) -> Result<Layer, ModelError> {
    let names = &decoder.names;
    let mut norms = names.norms;
    let mut made = Layer::default();
    let (mut mixers, mut across) = (Vec::new(), None);
    if let (Some(hybrid), MixerKind::Recurrent | MixerKind::Both) = (&decoder.hybrid, place.mixer) {
        let block = (hybrid.other)(config, hidden)?;
        made.other = Some(block.title);
        mixers.push(block);
        norms = hybrid.norms.filter(|_| !place.attends()).unwrap_or(norms);
    }
    if place.attends() && !names.attention[3].is_empty() {
        let own;
        let mixer = match shared {
            Some(shared) => shared,
            None => {
                own = Mixer::read(config, decoder, hidden)?;
                &own
            }
        };
        made.attention = Some(mixer.words());
        mixers.push(mixer.block(hidden, span));
        if !names.cross[3].is_empty() {
            across = mixer.across(hidden, names.cross);
        }
    }
    let (channel, experts) = (decoder.channel)(config, decoder, hidden, place.sparse)?;
    let parallel = config.decide(decoder.parallel)?;
    let channel = Some(channel).filter(|channel| !channel.operators.is_empty());
    made.sees_encoder = across.is_some();
    (made.experts, made.mixes_channels) = (experts, channel.is_some());
    let norm = |name: &'static str| (!name.is_empty()).then(|| norm(decoder.norm, name, hidden));
    let [before_mixer, after_mixer, before_channel, after_channel] = norms;
    let blocks = &mut made.blocks;
    blocks.extend(norm(before_mixer));
    blocks.extend(mixers);
    blocks.extend(norm(after_mixer));
    if let Some(across) = across {
        let [before, after] = names.cross_norms;
        blocks.extend(norm(before));
        blocks.push(across);
        blocks.extend(norm(after));
    }
    blocks.extend(norm(before_channel).filter(|_| !parallel));
    blocks.extend(channel);
    blocks.extend(norm(after_channel));
    Ok(made)
}

impl Assembly<'_> {
    /// Layers with attention and an MLP: what each sees, and what else tells them apart.
    ///
    /// # Errors
    /// A dimension that is missing or impossible, or what the last change to the blocks of a kind reports.
    pub fn layers_seeing<K: PartialEq + Clone>(
        &mut self,
        config: &Config,
        decoder: &Decoder,
        keys: &[(Span, K)],
        adjust: impl Fn(&K, Vec<Block>) -> Result<Vec<Block>, ModelError>,
    ) -> Result<(), ModelError> {
        let hidden = self.hidden.clone();
        self.layers_by(keys, |(span, key)| {
            let made = layer(config, decoder, &hidden, Place::ATTENTION, span.clone(), None)?;
            let title = (decoder.title)(config, Place::ATTENTION, made.title(MixerKind::Full, span));
            Ok((title, adjust(key, made.blocks)?))
        })?;
        self.attention = decoder.words(config, &hidden)?;
        Ok(())
    }
}

impl Decoder {
    /// A layer with attention and an MLP that sees a span.
    ///
    /// # Errors
    /// A dimension that is missing or impossible.
    pub fn layer(&self, config: &Config, hidden: &Quantity, span: Span) -> Result<Vec<Block>, ModelError> {
        Ok(layer(config, self, hidden, Place::ATTENTION, span, None)?.blocks)
    }

    /// Heads in words.
    ///
    /// # Errors
    /// A dimension that is missing or impossible.
    pub fn words(&self, config: &Config, hidden: &Quantity) -> Result<String, ModelError> {
        match self.names.attention[3] {
            "" => Ok("no attention".to_owned()),
            _ => Ok(Mixer::read(config, self, hidden)?.words()),
        }
    }
}
