//! The blueprint written out: components, runs of layers, every tensor.

use std::fmt::Write as _;

use serde::Serialize;

use crate::analysis::parameters;
use crate::model::blueprint::Repeated;
use crate::model::flow::{BlockDrawing, Group, Joint, PartId, group_words, shape_words};
use crate::model::media::Glance;
use crate::model::operator::Role;
use crate::model::quantisation::Part;
use crate::model::{Blueprint, Component, Tensor, TensorKind};
use crate::scenario::Workload;
use crate::units::{Exact, grouped, short_count};

/// A component with its parameters.
#[derive(Clone, Debug, Serialize)]
pub struct ComponentRow {
    /// Its key.
    pub component: &'static str,
    /// Its parameters.
    pub parameters: u64,
}

/// A kind of layer inside a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunPart {
    /// What the layers are.
    pub layer: String,
    /// How many in a row.
    pub count: u64,
}

/// A group of layers that repeats.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// How often in a row.
    pub repeat: u64,
    /// What repeats.
    pub layers: Vec<RunPart>,
}

/// A tensor, all layers of its kind together.
#[derive(Clone, Debug, Serialize)]
pub struct TensorRow {
    /// Name as checkpoints write it; `{i}` stands for the layer, `{e}` for the expert.
    pub name: String,
    /// Shape, outermost first.
    pub shape: Vec<u64>,
    /// Names of the dimensions.
    pub dims: Vec<String>,
    /// How many of this shape there are: layers × experts.
    pub count: u64,
    /// Elements of all of them.
    pub parameters: u64,
    /// Number format.
    pub dtype: String,
    /// Bytes of all of them, scales included.
    pub bytes: u64,
    /// Component.
    pub component: &'static str,
    /// Whether it is another tensor's storage.
    pub tied: bool,
    /// Whether it is a buffer: in the checkpoint, not a parameter.
    pub buffer: bool,
}

/// A part of a block: an operator or those that are drawn with it, a cache, a state.
#[derive(Clone, Debug, Serialize)]
pub struct PieceRow {
    /// Its name in links: `layers-2.3.5`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Its shape in words.
    pub shape: String,
    /// Parameters in one layer.
    pub parameters: u64,
    /// What it reads: other parts by their names, `input` (what the block reads), `encoder`.
    pub reads: Vec<String>,
}

/// A block.
#[derive(Clone, Debug, Serialize)]
pub struct BlockRow {
    /// Its name in links.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it is for: `token_mixer`, `channel_mixer`, `norm`, ...
    pub role: &'static str,
    /// Parameters in one layer.
    pub parameters: u64,
    /// What it is made of.
    pub parts: Vec<PieceRow>,
}

/// Blocks that stand together: a kind of layer, what is before or after the layers, a part of a tower.
#[derive(Clone, Debug, Serialize)]
pub struct GroupRow {
    /// Its name in links.
    pub id: String,
    /// Where it stands: `Layers 4–61`.
    pub title: String,
    /// What it is.
    pub detail: String,
    /// How often it occurs.
    pub count: u64,
    /// Parameters of all of them.
    pub parameters: u64,
    /// Its blocks, in order.
    pub blocks: Vec<BlockRow>,
}

/// What a model reads beside text.
#[derive(Clone, Debug, Serialize)]
pub struct ReadsRow {
    /// What: `an image of 1,024 × 1,024 pixels`.
    pub what: String,
    /// Tokens of the prompt that it becomes; none where the rule is not known here.
    pub tokens: Option<u64>,
    /// Crops that the tower reads one by one.
    pub crops: Option<u64>,
    /// Patches of a crop, positions of sound.
    pub patches: Option<u64>,
}

/// A whole blueprint.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// `model_type`.
    pub model_type: String,
    /// Family.
    pub family: &'static str,
    /// Parameters in all.
    pub parameters: u64,
    /// Parameters a token uses.
    pub active_parameters: u64,
    /// Parameters that a full training changes: all of them.
    pub trainable_parameters: u64,
    /// Parameters of vision and audio towers and of encoders, which a pass over text alone leaves idle.
    pub tower_parameters: u64,
    /// Layers.
    pub layers: u64,
    /// Width of the residual stream.
    pub hidden: u64,
    /// Attention, in words.
    pub attention: String,
    /// Experts, in words.
    pub experts: Option<String>,
    /// Number format as published.
    pub published: String,
    /// What it reads beside text, and how many tokens each becomes.
    pub reads: Vec<ReadsRow>,
    /// Components.
    pub components: Vec<ComponentRow>,
    /// Layers, run-length.
    pub runs: Vec<Run>,
    /// The kind of each layer, in order, as an index into the groups `layers-1`, `layers-2`, ... from 1 on; run-length where there
    /// are more than 4,096.
    pub layer_kinds: Vec<u64>,
    /// Everything by where it stands, with what reads what.
    pub structure: Vec<GroupRow>,
    /// Tensors.
    pub tensors: Vec<TensorRow>,
    /// What was assumed.
    pub notices: Vec<crate::model::Notice>,
}

/// An image of the usual size, ten seconds of video, half a minute of sound, as far as the model has towers for them.
fn reads(blueprint: &Blueprint) -> Vec<ReadsRow> {
    const SECONDS: [u64; 2] = [10, 30];
    let usual = Workload::default();
    let (width, height) = usual.image_size;
    let pixels = format!("{} × {} pixels", grouped(width), grouped(height));
    let senses = &blueprint.senses;
    let row = |what: String, seen: Option<Glance>| ReadsRow {
        what,
        tokens: seen.map(|seen| {
            seen.tokens
                .saturating_add(seen.beside.map_or(0, |[_, _, tokens, _]| tokens))
        }),
        crops: seen.map(|seen| seen.crops),
        patches: seen.map(|seen| seen.patches()),
    };
    let has = |component| {
        let towers = blueprint.towers.iter().flat_map(|tower| &tower.blocks);
        towers
            .flat_map(|block| &block.operators)
            .any(|one| one.component == component)
    };
    let mut all = Vec::new();
    if has(Component::Vision) {
        let seen = senses.images.as_ref().and_then(|rule| rule.see(width, height));
        all.push(row(format!("an image of {pixels}"), seen));
    }
    if let Some(rule) = &senses.videos {
        let [seconds, _] = SECONDS;
        let what = format!("{seconds} s of video of {pixels}, {} frames a second", usual.video_rate);
        all.push(row(what, rule.see(width, height, seconds, usual.video_rate)));
    }
    if has(Component::Audio) {
        let [_, seconds] = SECONDS;
        all.push(row(
            format!("{seconds} s of sound"),
            senses.sound.as_ref().and_then(|rule| rule.see(seconds)),
        ));
    }
    if let Some((rule, marks)) = &senses.alone {
        let seen = rule.see(width, height).map(|seen| Glance {
            tokens: seen.patches().saturating_add(*marks),
            ..seen
        });
        all.push(row("an image".to_owned(), seen));
    }
    all
}

/// Writes a blueprint out, bytes as published.
pub fn inspection(blueprint: &Blueprint) -> Inspection {
    let counted = parameters::<Exact>(blueprint);
    let title = |kind: usize| {
        blueprint
            .kinds
            .get(kind)
            .map_or_else(String::new, |kind| kind.title.clone())
    };
    let runs = blueprint.layout.groups.iter().map(|group| Run {
        repeat: group.repeat,
        layers: group
            .runs
            .iter()
            .map(|&(kind, count)| RunPart {
                layer: title(kind),
                count,
            })
            .collect(),
    });
    let structure: Vec<GroupRow> = Group::all(blueprint)
        .into_iter()
        .map(|group| group_row(blueprint, group))
        .collect();
    Inspection {
        model_type: blueprint.model_type.clone(),
        family: blueprint.family,
        parameters: counted.total.0,
        active_parameters: counted.active.0,
        trainable_parameters: counted.total.0,
        tower_parameters: structure
            .iter()
            .filter(|group| group.id.starts_with("tower"))
            .fold(0, |all: u64, group| all.saturating_add(group.parameters)),
        layers: blueprint.layers.value,
        hidden: blueprint.hidden.value,
        attention: blueprint.attention.clone(),
        experts: blueprint.experts.clone(),
        published: blueprint.published.method.clone(),
        reads: reads(blueprint),
        components: counted
            .by_component
            .iter()
            .map(|(component, count)| ComponentRow {
                component: component.key(),
                parameters: count.0,
            })
            .collect(),
        runs: runs.collect(),
        layer_kinds: blueprint
            .layout
            .order()
            .take(MOST_KINDS)
            .map(|kind| kind as u64 + 1)
            .collect(),
        structure,
        tensors: blueprint
            .tensors()
            .flat_map(|(place, tensor)| rows(blueprint, place, tensor))
            .collect(),
        notices: blueprint.notices.clone(),
    }
}

/// More layers than these are told run-length alone.
const MOST_KINDS: usize = 4096;

fn group_row(blueprint: &Blueprint, group: Group) -> GroupRow {
    let (title, detail) = group_words(blueprint, group);
    let places = group.blocks(blueprint);
    let own = |place: Repeated<'_>, operators: &[usize], stored: bool| {
        let operators = operators.iter().filter_map(|at| place.block.operators.get(*at));
        let tensors = operators
            .flat_map(|operator| &operator.tensors)
            .filter(|tensor| tensor.is_parameter());
        let sizes = tensors.map(|tensor| {
            if stored {
                place.stored(tensor, tensor.elements::<Exact>()).0
            } else {
                tensor.count()
            }
        });
        sizes.fold(0, u64::saturating_add)
    };
    let mut parameters: u64 = 0;
    let mut blocks = Vec::new();
    for (at, place) in places.into_iter().enumerate() {
        let all: Vec<usize> = (0..place.block.operators.len()).collect();
        parameters = parameters.saturating_add(own(place, &all, true));
        let drawing = BlockDrawing::of(place.block);
        let id = |piece| PartId::Piece(group, at, piece).to_string();
        let named = |joint: &Joint| match joint {
            Joint::Input => Some("input".to_owned()),
            Joint::Encoder => Some("encoder".to_owned()),
            Joint::Node(node) => drawing.nodes.get(*node).map(|node| id(node.piece)),
            Joint::Output => None,
        };
        let parts = drawing.nodes.iter().enumerate().map(|(nth, node)| PieceRow {
            id: id(node.piece),
            title: node.label.clone(),
            shape: shape_words(place.block, node),
            parameters: own(place, &node.operators, false),
            reads: drawing
                .wires
                .iter()
                .filter(|(_, to)| *to == Joint::Node(nth))
                .filter_map(|(from, _)| named(from))
                .collect(),
        });
        blocks.push(BlockRow {
            id: PartId::Block(group, at).to_string(),
            title: place.block.title.to_owned(),
            role: place.block.role.into(),
            parameters: own(place, &all, false),
            parts: parts.collect(),
        });
    }
    GroupRow {
        id: group.to_string(),
        title,
        detail,
        count: group.repeats(blueprint),
        parameters,
        blocks,
    }
}

/// One row for each format the tensor is stored in.
fn rows(blueprint: &Blueprint, place: Repeated<'_>, tensor: &Tensor) -> Vec<TensorRow> {
    let rule = &blueprint.published;
    let buffer = tensor.kind == TensorKind::Buffer;
    let copies = tensor.copies.as_ref().map_or(1, |copies| copies.value);
    let row = |part: &Part<'_>| TensorRow {
        name: full_name(place, &part.tensor),
        shape: part.tensor.dims.iter().map(|dim| dim.value).collect(),
        dims: part.tensor.dims.iter().map(|dim| dim.name.to_string()).collect(),
        count: part.layers.saturating_mul(copies),
        parameters: part.layers.saturating_mul(part.tensor.count()),
        dtype: if buffer {
            "fp32".to_owned()
        } else {
            part.format.id.to_string()
        },
        bytes: if tensor.tied {
            0
        } else if buffer {
            part.layers.saturating_mul(part.tensor.count()).saturating_mul(4)
        } else {
            part.layers.saturating_mul(part.format.bytes::<Exact>(&part.tensor).0)
        },
        component: tensor.component.key(),
        tied: tensor.tied,
        buffer,
    };
    rule.parts(place, tensor).iter().map(row).collect()
}

fn full_name(place: Repeated<'_>, tensor: &Tensor) -> String {
    match (place.kind, place.block.role) {
        (Some(_), _) => format!("model.layers.{{i}}.{}", tensor.name),
        (None, Role::Head | Role::Tower) => tensor.name.to_string(),
        (None, _) => format!("model.{}", tensor.name),
    }
}

/// The blueprint as an indented tree.
pub fn tree(blueprint: &Blueprint) -> String {
    let mut out = String::new();
    let total = blueprint.parameters();
    let _ = writeln!(
        out,
        "{} · {} parameters ({})",
        blueprint.model_type,
        short_count(total as f64),
        grouped(total)
    );
    for block in &blueprint.stem {
        branch(&mut out, 1, block);
    }
    for group in &blueprint.layout.groups {
        let indent = if group.repeat > 1 {
            let _ = writeln!(out, "  {} ×", group.repeat);
            2
        } else {
            1
        };
        for &(kind, count) in &group.runs {
            let Some(kind) = blueprint.kinds.get(kind) else {
                continue;
            };
            let _ = writeln!(out, "{}{} × layer: {}", "  ".repeat(indent), count, kind.title);
            // Each kind is drawn where it first occurs.
            for block in &kind.blocks {
                branch(&mut out, indent + 1, block);
            }
        }
    }
    for block in &blueprint.head {
        branch(&mut out, 1, block);
    }
    for tower in &blueprint.towers {
        if let Some(count) = &tower.count {
            let _ = writeln!(out, "  {} × {}", grouped(count.value), tower.title);
        }
        for block in &tower.blocks {
            branch(&mut out, if tower.count.is_some() { 2 } else { 1 }, block);
        }
    }
    out
}

fn branch(out: &mut String, indent: usize, block: &crate::model::operator::Block) {
    let pad = "  ".repeat(indent);
    let _ = writeln!(out, "{pad}{}", block.title);
    for tensor in block.tensors() {
        let shape: Vec<String> = tensor
            .dims
            .iter()
            .map(|dim| format!("{} {}", dim.name, grouped(dim.value)))
            .collect();
        let copies = tensor
            .copies
            .as_ref()
            .map_or_else(String::new, |copies| format!("{} × ", copies.value));
        let tied = if tensor.tied { " (tied to the token table)" } else { "" };
        let _ = writeln!(out, "{pad}  {} {copies}[{}]{tied}", tensor.name, shape.join(", "));
    }
}
