//! A part of a model told in full: what it is for, its shapes, what it costs, the keys it came from.

mod counted;
mod dims;
mod joined;
mod keys;
mod known;
mod lines;
mod words;

pub use dims::{Dim, Dimension, dims};
pub use known::{Paper, of_block};

use crate::analysis::Setup;
use crate::analysis::anatomy::{Anatomy, PartFigures, operators_of};
use crate::model::blueprint::Repeated;
use crate::model::flow::{BlockDrawing, Group, Look, PartId, Piece, group_words, largest_component, shape_words};
use crate::model::operator::{Block, Kind, Operator};
use crate::model::{Blueprint, Component, Tensor, TensorKind};
use crate::units::UnitSystem;

/// A tensor of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct PartTensor {
    /// Its name inside the layer.
    pub name: String,
    /// Its shape.
    pub dims: Vec<Dim>,
    /// The number format it has in most layers.
    pub format: String,
    /// Why it is not counted, if it is not: `tied`, `buffer`.
    pub note: Option<&'static str>,
}

/// A line of figures.
#[derive(Clone, Debug, PartialEq)]
pub struct PartLine {
    /// What: `Parameters`.
    pub label: &'static str,
    /// Of what: `58 layers, 97.5 %`.
    pub note: String,
    /// How much.
    pub value: String,
}

/// A key of the config that a part came from.
#[derive(Clone, Debug, PartialEq)]
pub struct PartKey {
    /// The key, or the name of what is assumed.
    pub key: String,
    /// Its value.
    pub value: String,
    /// `config.json`, or that it is the class's default.
    pub source: String,
}

/// A part in another.
#[derive(Clone, Debug, PartialEq)]
pub struct PartChild {
    /// Which.
    pub part: PartId,
    /// Its name.
    pub title: String,
    /// Its shape.
    pub shape: String,
    /// Its colour.
    pub component: Option<Component>,
    /// What it costs.
    pub figures: PartFigures,
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PartReport {
    /// The way to it, from the whole model down, without itself.
    pub way: Vec<(PartId, String)>,
    /// Its name.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// Its tensors.
    pub tensors: Vec<PartTensor>,
    /// Its figures.
    pub lines: Vec<PartLine>,
    /// How its parameters are counted.
    pub formula: Option<String>,
    /// Keys of the config.
    pub keys: Vec<PartKey>,
    /// How it computes.
    pub pseudocode: Option<&'static str>,
    /// Who introduced it.
    pub paper: Option<Paper>,
    /// Parts of the same block that it reads.
    pub reads: Vec<(PartId, String)>,
    /// Parts of the same block that read it.
    pub read_by: Vec<(PartId, String)>,
    /// Other places of the model where the same kind of part is.
    pub also: Vec<(PartId, String)>,
    /// What it is made of.
    pub parts: Vec<PartChild>,
}

/// The name of a part.
pub fn title(blueprint: &Blueprint, part: PartId) -> String {
    match part {
        PartId::Model => "The whole model".to_owned(),
        PartId::Group(group) => group_words(blueprint, group).0,
        PartId::Block(..) => part
            .place(blueprint)
            .map_or_else(String::new, |place| place.block.title.to_owned()),
        PartId::Piece(_, _, piece) => {
            let drawing = part.place(blueprint).map(|place| BlockDrawing::of(place.block));
            let nodes = drawing.map(|drawing| drawing.nodes).unwrap_or_default();
            let named = nodes.into_iter().find(|node| node.piece == piece);
            named.map_or_else(String::new, |node| node.label)
        }
    }
}

/// What a part is made of.
pub fn children(blueprint: &Blueprint, anatomy: &Anatomy, part: PartId) -> Vec<PartChild> {
    let child = |part: PartId, title: String, shape: String, component: Option<Component>| PartChild {
        part,
        title,
        shape,
        component,
        figures: anatomy.figures(blueprint, part),
    };
    match part {
        PartId::Model => Group::all(blueprint)
            .into_iter()
            .map(|group| {
                let (title, detail) = group_words(blueprint, group);
                let places = group.blocks(blueprint);
                let component = largest_component(places.iter().map(|place| place.block));
                child(PartId::Group(group), title, detail, component)
            })
            .collect(),
        PartId::Group(group) => {
            let places = group.blocks(blueprint).into_iter().enumerate();
            places
                .map(|(at, place)| {
                    let block = place.block;
                    let component = largest_component(std::iter::once(block));
                    let drawing = BlockDrawing::of(block);
                    let shape = match drawing.nodes.as_slice() {
                        [only] => shape_words(block, only),
                        _ => String::new(),
                    };
                    child(PartId::Block(group, at), block.title.to_owned(), shape, component)
                })
                .collect()
        }
        PartId::Block(group, at) => part.place(blueprint).map_or_else(Vec::new, |place| {
            let nodes = BlockDrawing::of(place.block).nodes;
            // One box is the block itself.
            let nodes = if nodes.len() > 1 { nodes } else { Vec::new() };
            nodes
                .iter()
                .map(|node| {
                    let part = PartId::Piece(group, at, node.piece);
                    child(part, node.label.clone(), shape_words(place.block, node), node.component)
                })
                .collect()
        }),
        PartId::Piece(..) => Vec::new(),
    }
}

/// The operators of a part, with the blocks they are in.
fn operators(blueprint: &Blueprint, part: PartId) -> Vec<(Repeated<'_>, &Operator)> {
    let of_block = |place: Repeated<'_>| -> Vec<usize> { (0..place.block.operators.len()).collect() };
    let places: Vec<(Repeated<'_>, Vec<usize>)> = match part {
        PartId::Model => Vec::new(),
        PartId::Group(group) => group
            .blocks(blueprint)
            .into_iter()
            .map(|place| (place, of_block(place)))
            .collect(),
        PartId::Block(..) => part
            .place(blueprint)
            .map(|place| (place, of_block(place)))
            .into_iter()
            .collect(),
        PartId::Piece(..) => part
            .place(blueprint)
            .map(|place| (place, operators_of(blueprint, part)))
            .into_iter()
            .collect(),
    };
    places
        .into_iter()
        .flat_map(|(place, own)| {
            own.into_iter()
                .filter_map(move |at| Some((place, place.block.operators.get(at)?)))
        })
        .collect()
}

impl PartReport {
    /// Everything about a part under a setup; nothing where the model has no such part.
    pub fn of(setup: &Setup, anatomy: &Anatomy, part: PartId, units: UnitSystem) -> Option<Self> {
        let blueprint = &*setup.blueprint;
        if !part.exists(blueprint) {
            return None;
        }
        let mut way = Vec::new();
        let mut at = part.parent();
        while let Some(one) = at {
            way.insert(0, (one, title(blueprint, one)));
            at = one.parent();
        }
        let own = operators(blueprint, part);
        let place = part.place(blueprint);
        let piece = match part {
            PartId::Piece(_, _, piece) => Some(piece),
            _ => None,
        };
        let single = place.is_some_and(|place| BlockDrawing::of(place.block).nodes.len() == 1);
        let piece = piece.or_else(|| single.then_some(Piece::Operator(0)));
        let look = piece.and_then(|piece| look_of(place?.block, piece));
        let first = own
            .iter()
            .map(|(_, operator)| *operator)
            .find(|one| !matches!(one.kind, Kind::Elementwise { .. }));
        let main = piece.and(first).or_else(|| piece.and(own.first().map(|(_, one)| *one)));
        let tensors = if matches!(part, PartId::Model | PartId::Group(_)) {
            Vec::new()
        } else {
            own.iter()
                .flat_map(|(place, operator)| {
                    operator
                        .tensors
                        .iter()
                        .map(move |tensor| tensor_line(setup, *place, tensor))
                })
                .collect()
        };
        Some(Self {
            way,
            title: title(blueprint, part),
            about: words::about(blueprint, part, look, main),
            tensors,
            lines: lines::lines(setup, anatomy, part, units),
            formula: counted::formula(blueprint, part, &own),
            keys: keys::keys(blueprint, &own, place, piece),
            pseudocode: place.and_then(|place| known::pseudocode(place.block, look.unwrap_or(Look::Matrix), main)),
            paper: place.and_then(|place| of_block(place.block)).map(|(_, paper)| paper),
            reads: joined::joined(blueprint, part, true),
            read_by: joined::joined(blueprint, part, false),
            also: joined::also(blueprint, part),
            parts: children(blueprint, anatomy, part),
        })
    }
}

fn look_of(block: &Block, piece: Piece) -> Option<Look> {
    let nodes = BlockDrawing::of(block).nodes;
    nodes.into_iter().find(|node| node.piece == piece).map(|node| node.look)
}

fn tensor_line(setup: &Setup, place: Repeated<'_>, tensor: &Tensor) -> PartTensor {
    PartTensor {
        name: tensor.name.to_string(),
        dims: dims(tensor),
        format: setup.weights.main_format(place, tensor).label.to_string(),
        note: if tensor.tied {
            Some("the token table once more")
        } else if tensor.kind == TensorKind::Buffer {
            Some("a buffer, no parameter")
        } else {
            None
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::HostShare;
    use crate::analysis::time::Pass;
    use crate::model::catalogue;
    use crate::scenario::Scenario;

    fn report(model: &str, part: &str) -> PartReport {
        let config = catalogue::find(model).unwrap().config.clone();
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        let setup = Setup::new(&blueprint, &Scenario::example()).unwrap();
        let anatomy = Anatomy::of(&setup, &HostShare::default(), Pass::Decode);
        PartReport::of(&setup, &anatomy, part.parse().unwrap(), UnitSystem::Gib).unwrap()
    }

    /// Source: DeepSeek-V3 report (arXiv 2412.19437), section 4.2: 256 routed experts of 2,048, 58 layers with them.
    #[test]
    fn routed_experts_of_deepseek() {
        let experts = report("deepseek-ai/DeepSeek-V3.1", "layers-2.4.3");
        assert_eq!(experts.title, "Routed experts");
        assert_eq!(
            experts.formula.as_deref(),
            Some("58 × 3 × 7,168 × 2,048 × 256 = 653,908,770,816")
        );
        let keys: Vec<&str> = experts.keys.iter().map(|key| key.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "n_routed_experts",
                "moe_intermediate_size",
                "hidden_size",
                "num_experts_per_tok",
                "num_hidden_layers"
            ]
        );
        let way: Vec<&str> = experts.way.iter().map(|(_, title)| title.as_str()).collect();
        assert_eq!(way, ["The whole model", "Layers 4–61", "Mixture of experts"]);
        assert_eq!(experts.lines[1].note, "58 layers, 97.4 %");
        assert_eq!(experts.lines[1].value, "654 B");
    }

    /// Sources: DeepSeek-V2 (arXiv 2405.04434), section 2.1: 512 + 64 numbers a token and layer; here 128 heads of 192 + 128.
    #[test]
    fn what_a_token_leaves_is_said_beside_plain_attention() {
        let latent = report("deepseek-ai/DeepSeek-V3.1", "layers-1.2.cache");
        assert!(
            latent.about.ends_with(
                "A token leaves 576 numbers in each layer: 512 of the latent and 64 of the rotary key, for all heads together, 35,136 in all layers; \
                 with keys and values of its own for each of 128 heads it would be 40,960 in each layer, 71.1 times as many."
            ),
            "{}",
            latent.about
        );
        let grouped = report("meta-llama/Llama-3.1-8B-Instruct", "layers-1.2.cache");
        assert!(
            grouped
                .about
                .ends_with("it would be 8,192 in each layer, 4.00 times as many."),
            "{}",
            grouped.about
        );
        assert_eq!(
            grouped
                .reads
                .iter()
                .map(|(_, title)| title.as_str())
                .collect::<Vec<_>>(),
            ["Keys", "Values"]
        );
        assert_eq!(grouped.read_by.len(), 1);
    }

    /// Source: Gemma 3's report (arXiv 2503.19786), section 2: five layers with a window of 1,024 for each that keeps all.
    #[test]
    fn what_a_window_saves_is_said_at_its_cache() {
        let saved = |model, part| {
            let told = report(model, part);
            let line = told.lines.into_iter().find(|line| line.label == "Saved by the window");
            line.map(|line| (line.note, line.value))
        };
        // 52 layers of 16 × 2 × 128 numbers of 2 bytes: of 8,704 tokens vLLM keeps 1,024 and those of a step, 3,088 in whole blocks.
        let gemma = saved("google/gemma-3-27b-it", "layers-1.2.cache");
        let words = ("64.5 % less than layers that keep all", "2.23 GiB");
        assert_eq!(gemma, Some((words.0.to_owned(), words.1.to_owned())));
        assert_eq!(saved("google/gemma-3-27b-it", "layers-2.2.cache"), None);
        assert_eq!(saved("meta-llama/Llama-3.1-8B-Instruct", "layers-1.2.cache"), None);
    }

    #[test]
    fn every_part_of_every_model_can_be_told() {
        for entry in catalogue::entries() {
            let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
                continue;
            };
            let blueprint = Arc::new(blueprint);
            let Ok(setup) = Setup::new(&blueprint, &Scenario::example()) else {
                continue;
            };
            let anatomy = Anatomy::of(&setup, &HostShare::default(), Pass::Decode);
            let mut left = vec![PartId::Model];
            while let Some(part) = left.pop() {
                let told = PartReport::of(&setup, &anatomy, part, UnitSystem::Gib).unwrap();
                assert!(!told.title.is_empty() && !told.about.is_empty(), "{} {part}", entry.id);
                let parts: u64 = told.parts.iter().map(|one| one.figures.parameters).sum();
                if !told.parts.is_empty() {
                    assert_eq!(
                        parts,
                        anatomy.figures(&blueprint, part).parameters,
                        "{} {part}",
                        entry.id
                    );
                }
                left.extend(told.parts.iter().map(|one| one.part));
            }
        }
    }
}
