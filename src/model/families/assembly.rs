//! What every blueprint needs, whatever its layers are made of.

use super::super::autograd::Autograd;
use super::super::blueprint::{Beside, Blueprint, LayerKind, Reading, Tower};
use super::super::config::{Config, MOST_LAYERS, whole};
use super::super::error::ModelError;
use super::super::layout::Layout;
use super::super::media::{ImageRule, Senses};
use super::super::operator::Block;
use super::super::quantisation::{self, Span, Work};
use super::super::tensor::TensorKind;
use super::encoder::Purpose;
use super::keys::{HIDDEN, LAYERS, POSITIONS, VOCABULARY};
use crate::units::{Exact, Quantity, Unit, grouped as thousands};

/// No model has more kinds of layers than this.
const MOST_KINDS: usize = 500;

/// A blueprint in the making. A family fills `stem`, `layers_by` and `tail`, then calls [`Assembly::finish`].
#[derive(Debug)]
pub struct Assembly<'c> {
    config: &'c Config,
    title: &'static str,
    /// Width of the residual stream.
    pub hidden: Quantity,
    /// Rows of the token table.
    pub vocabulary: Quantity,
    /// Number of layers.
    pub layers: Quantity,
    /// Longest context.
    pub max_context: Option<Quantity>,
    /// Before the first layer.
    pub stem: Vec<Block>,
    /// After the last layer.
    pub tail: Vec<Block>,
    /// The encoder's parts, where there is one beside the layers.
    pub encoder: Vec<Tower>,
    /// Of an encoder of images or sound alone: how they are laid out, and the marks beside their patches.
    pub alone: Option<(ImageRule, u64)>,
    /// How it reads and writes.
    pub reading: Reading,
    /// Of an encoder of text: what its class is for.
    pub purpose: Option<Purpose>,
    /// Whether the head is the token table.
    pub tied: bool,
    /// Heads in words.
    pub attention: String,
    /// Experts in words.
    pub experts: Option<String>,
    /// Parameters of the layers of one multi-token predictor, where they are not those of the last kind of layer.
    pub predictor: Option<u64>,
    kinds: Vec<LayerKind>,
    order: Vec<usize>,
}

impl<'c> Assembly<'c> {
    /// Reads the dimensions that every model has.
    ///
    /// # Errors
    /// A missing or impossible dimension.
    pub fn new(config: &'c Config, title: &'static str) -> Result<Self, ModelError> {
        let layers = config.size("layers", LAYERS)?;
        Self::with_layers(config, title, layers)
    }

    /// The same where something else than the usual keys says how many layers there are.
    ///
    /// # Errors
    /// A missing or impossible dimension.
    pub fn with_layers(config: &'c Config, title: &'static str, layers: Quantity) -> Result<Self, ModelError> {
        let hidden = config.size("hidden", HIDDEN)?;
        let vocabulary = config.size("vocabulary", VOCABULARY)?;
        Self::of(config, title, hidden, layers, vocabulary)
    }

    /// The same where all of them were read already.
    ///
    /// # Errors
    /// More layers than any model has.
    pub fn of(
        config: &'c Config,
        title: &'static str,
        hidden: Quantity,
        layers: Quantity,
        vocabulary: Quantity,
    ) -> Result<Self, ModelError> {
        if layers.value > MOST_LAYERS {
            let found = thousands(layers.value);
            return Err(ModelError::OutOfRange {
                key: "num_hidden_layers".to_owned(),
                found,
                least: 1,
                most: MOST_LAYERS,
            });
        }
        Ok(Self {
            config,
            title,
            hidden,
            vocabulary,
            layers,
            max_context: config.optional("max_context", POSITIONS)?,
            stem: Vec::new(),
            tail: Vec::new(),
            encoder: Vec::new(),
            alone: None,
            reading: Reading::Writes,
            purpose: None,
            tied: false,
            attention: String::new(),
            experts: None,
            predictor: None,
            kinds: Vec::new(),
            order: Vec::new(),
        })
    }

    /// Takes what distinguishes each layer, in order, and builds each kind once: its title and its blocks.
    ///
    /// # Errors
    /// What `build` reports.
    pub fn layers_by<K: PartialEq + Clone>(
        &mut self,
        keys: &[K],
        build: impl FnMut(&K) -> Result<(String, Vec<Block>), ModelError>,
    ) -> Result<(), ModelError> {
        (self.kinds, self.order) = kinds(&self.layers, keys, build)?;
        Ok(())
    }

    /// The last change to the blocks of every kind of layer.
    pub fn adjust_layers(&mut self, change: impl Fn(&mut Vec<Block>)) {
        self.kinds.iter_mut().for_each(|kind| change(&mut kind.blocks));
    }

    /// The blueprint, with its published format and what its checkpoint holds besides.
    ///
    /// # Errors
    /// A quantisation that cannot be read.
    pub fn finish(self) -> Result<Blueprint, ModelError> {
        let mut blueprint = Blueprint {
            model_type: self.config.model_type().to_owned(),
            family: self.title,
            attention: self.attention,
            experts: self.experts,
            stem: self.stem,
            layers: self.layers,
            hidden: self.hidden,
            vocabulary: self.vocabulary,
            max_context: self.max_context,
            kinds: self.kinds,
            layout: Layout::new(&self.order),
            head: self.tail,
            towers: self.encoder,
            reading: self.reading,
            purpose: self.purpose,
            tied: self.tied,
            published: quantisation::read(self.config)?,
            senses: Senses {
                alone: self.alone,
                ..Senses::default()
            },
            beside: Vec::new(),
            autograd: Autograd::default(),
            notices: Vec::new(),
        };
        count_rules(&mut blueprint)?;
        blueprint.beside = beside(self.config, &blueprint, self.predictor)?;
        blueprint.notices = self.config.notices();
        Ok(blueprint)
    }
}

/// Takes what distinguishes each layer, in order, and builds each kind once: its title and its blocks. The kinds, and which
/// of them each layer is.
///
/// # Errors
/// What `build` reports.
pub fn kinds<K: PartialEq + Clone>(
    layers: &Quantity,
    keys: &[K],
    mut build: impl FnMut(&K) -> Result<(String, Vec<Block>), ModelError>,
) -> Result<(Vec<LayerKind>, Vec<usize>), ModelError> {
    let mut counts: Vec<(K, u64)> = Vec::new();
    let mut order = Vec::with_capacity(keys.len());
    for key in keys {
        let at = counts.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            counts.push((key.clone(), 0));
            counts.len() - 1
        });
        if counts.len() > MOST_KINDS {
            return Err(ModelError::Inconsistent(format!(
                "More than {MOST_KINDS} layers differ from each other; no model is built like that."
            )));
        }
        if let Some((_, count)) = counts.get_mut(at) {
            *count += 1;
        }
        order.push(at);
    }
    let alone = counts.len() == 1;
    let kind = |(key, count): (K, u64)| {
        let (title, blocks) = build(&key)?;
        let count = if alone {
            layers.clone()
        } else {
            Quantity {
                name: "layers of this kind".into(),
                value: count,
                unit: Unit::Count,
                ..layers.clone()
            }
        };
        Ok(LayerKind { title, blocks, count })
    };
    Ok((counts.into_iter().map(kind).collect::<Result<_, ModelError>>()?, order))
}

/// Counts in how many layers the published rules for single modules hold for each tensor.
fn count_rules(blueprint: &mut Blueprint) -> Result<(), ModelError> {
    let Blueprint {
        published,
        layout,
        stem,
        kinds,
        head,
        towers,
        ..
    } = blueprint;
    let work = Work::default();
    let count = |block: &mut Block, span| {
        for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
            tensor.by_rule = published.count(tensor, span, &work)?;
        }
        Ok(())
    };
    stem.iter_mut()
        .chain(head)
        .try_for_each(|block| count(block, Span::Once))?;
    for (at, kind) in kinds.iter_mut().enumerate() {
        let span = Span::Kind(layout, at, kind.count.value);
        kind.blocks.iter_mut().try_for_each(|block| count(block, span))?;
    }
    for tower in towers {
        let span = tower
            .count
            .as_ref()
            .map_or(Span::Once, |count| Span::Tower(count.value));
        tower.blocks.iter_mut().try_for_each(|block| count(block, span))?;
    }
    Ok(())
}

/// What the checkpoint holds besides: router corrections and multi-token-prediction layers.
fn beside(config: &Config, blueprint: &Blueprint, layer: Option<u64>) -> Result<Vec<Beside>, ModelError> {
    let mut all = Vec::new();
    let buffers = blueprint
        .tensors()
        .filter(|(_, tensor)| tensor.kind == TensorKind::Buffer);
    let elements = buffers.fold(0, |all: u64, (place, tensor)| {
        all.saturating_add(place.stored(tensor, tensor.elements::<Exact>()).0)
    });
    if elements > 0 {
        all.push(Beside {
            name: "router correction biases",
            elements,
        });
    }
    // Only what the file itself says: classes have defaults here that most checkpoints do not follow.
    let keys = ["num_nextn_predict_layers", "mtp_num_hidden_layers"];
    let given = keys.iter().find_map(|&key| config.get(key).map(|value| (key, value)));
    let predictors = given
        .map(|(key, value)| whole(key, value, 0, 1000))
        .transpose()?
        .unwrap_or(0);
    if let Some(last) = blueprint.kinds.last().filter(|_| predictors > 0) {
        // One more layer, a projection of two hidden states into one, and three norms (DeepSeek-V3, arXiv 2412.19437, 2.2).
        let tensors = last
            .blocks
            .iter()
            .flat_map(Block::tensors)
            .filter(|tensor| tensor.is_parameter());
        let counted = tensors.fold(0, |all: u64, tensor| all.saturating_add(tensor.count()));
        let layer = layer.unwrap_or(counted);
        let hidden = blueprint.hidden.value;
        let joint = hidden
            .saturating_mul(hidden)
            .saturating_mul(2)
            .saturating_add(hidden.saturating_mul(3));
        let elements = layer.saturating_add(joint).saturating_mul(predictors);
        config.notice(
            "mtp_not_counted",
            if predictors == 1 {
                "One multi-token-prediction layer is in the checkpoint but takes no part in generation; it is listed apart.".to_owned()
            } else {
                format!("{predictors} multi-token-prediction layers are in the checkpoint but take no part in generation; they are listed apart.")
            },
        );
        all.push(Beside {
            name: "multi-token-prediction layers",
            elements,
        });
    }
    Ok(all)
}
