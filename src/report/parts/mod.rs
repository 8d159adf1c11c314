//! A part of a model told in full: what it is for, its shapes, what it costs, the keys it came from.

mod dims;
mod known;

pub use dims::{Dim, Dimension, dims};
pub use known::{Paper, of_block};

use crate::analysis::anatomy::{Anatomy, PartFigures, operators_of};
use crate::analysis::time::Pass;
use crate::analysis::{Bound, Setup};
use crate::model::blueprint::Repeated;
use crate::model::flow::{
    BlockDrawing, Group, Joint, Look, PartId, Piece, group_words, largest_component, purpose, shape_words,
};
use crate::model::operator::{Block, CacheWidth, Kind, Operator, Span};
use crate::model::{Blueprint, Component, Tensor, TensorKind};
use crate::units::{Origin, Quantity, UnitSystem, counted, decimal, grouped, percent, seconds, short_count};

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
            about: about(blueprint, part, look, main),
            tensors,
            lines: lines(setup, anatomy, part, units),
            formula: formula(blueprint, part, &own),
            keys: keys(blueprint, &own, place, piece),
            pseudocode: place.and_then(|place| known::pseudocode(place.block, look.unwrap_or(Look::Matrix), main)),
            paper: place.and_then(|place| of_block(place.block)).map(|(_, paper)| paper),
            reads: joined(blueprint, part, true),
            read_by: joined(blueprint, part, false),
            also: also(blueprint, part),
            parts: children(blueprint, anatomy, part),
        })
    }
}

fn look_of(block: &Block, piece: Piece) -> Option<Look> {
    let nodes = BlockDrawing::of(block).nodes;
    nodes.into_iter().find(|node| node.piece == piece).map(|node| node.look)
}

fn about(blueprint: &Blueprint, part: PartId, look: Option<Look>, main: Option<&Operator>) -> String {
    match part {
        PartId::Model => format!(
            "{} layers between a table of {} words and the head that scores them.",
            grouped(blueprint.layers.value),
            grouped(blueprint.vocabulary.value)
        ),
        PartId::Group(group) => {
            let (_, detail) = group_words(blueprint, group);
            match (group, group.repeats(blueprint)) {
                (Group::Kind(_), 1) => format!("One layer: {detail}."),
                (Group::Kind(_), many) => format!("{} layers, all alike: {detail}.", grouped(many)),
                (Group::Stem, _) => "Turns tokens into vectors.".to_owned(),
                (Group::Head, _) => "Turns the last vector into a score for each word.".to_owned(),
                (Group::Tower(_), _) => detail,
            }
        }
        PartId::Block(..) => {
            let block = part.place(blueprint).map(|place| place.block);
            let known = block.and_then(of_block).map(|(about, _)| about);
            let only = || block.and_then(|block| purpose(block.operators.first()?.name));
            known.or_else(only).unwrap_or("A part of the model.").to_owned()
        }
        PartId::Piece(_, _, Piece::Cache) => {
            let place = part.place(blueprint);
            let kept = place
                .map(|place| cache_words(blueprint, place.block))
                .unwrap_or_default();
            let window = place.and_then(|place| {
                place.block.caches.iter().find_map(|cache| match &cache.span {
                    Span::Window(window) | Span::Chunk(window) => Some(window.value),
                    _ => None,
                })
            });
            if let Some(window) = window {
                return format!(
                    "What each token leaves for those after it. It grows until the window of {} is full, and is read at each step; an engine keeps some more for its own steps.{kept}",
                    counted(window, "token")
                );
            }
            format!(
                "What each token leaves for those after it. It grows with every token and is read at each step.{kept}"
            )
        }
        PartId::Piece(_, _, Piece::State) => {
            "What one sequence keeps. Its size is fixed, however long the text is.".to_owned()
        }
        PartId::Piece(..) => match look {
            Some(Look::Experts) => {
                "Small MLPs of which the router picks a few for each token. All must lie in memory, few are read."
                    .to_owned()
            }
            _ => main
                .and_then(|one| purpose(one.name))
                .unwrap_or("A part of the block.")
                .to_owned(),
        },
    }
}

/// What a token leaves in one layer, beside what plain multi-head attention would leave there.
fn cache_words(blueprint: &Blueprint, block: &Block) -> String {
    let kept = block.cached_width();
    let Some(attention) = block.attentions().next() else {
        return String::new();
    };
    let each = attention.key_dim.value.saturating_add(attention.value_dim.value);
    let plain = attention.heads.value.saturating_mul(each);
    let each_layer = blueprint.kinds.iter().map(|kind| {
        let own = kind.blocks.iter().map(Block::cached_width);
        own.fold(0, u64::saturating_add).saturating_mul(kind.count.value)
    });
    let all = each_layer.fold(0, u64::saturating_add);
    let why = match block.caches.as_slice() {
        [latent, rotary] if matches!(latent.width, CacheWidth::Latent { .. }) => format!(
            ": {} of the latent and {} of the rotary key, for all heads together",
            grouped(latent.width.least().value),
            grouped(rotary.width.least().value)
        ),
        _ => String::new(),
    };
    let numbers = format!(
        " A token leaves {} in each layer{why}, {} in all layers",
        counted(kept, "number"),
        grouped(all)
    );
    if kept == 0 || plain <= kept {
        return format!("{numbers}.");
    }
    format!(
        "{numbers}; with keys and values of its own for each of {} heads it would be {} in each layer, {} times as many.",
        grouped(attention.heads.value),
        grouped(plain),
        decimal(plain as f64 / kept as f64)
    )
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

fn lines(setup: &Setup, anatomy: &Anatomy, part: PartId, units: UnitSystem) -> Vec<PartLine> {
    let blueprint = &*setup.blueprint;
    let figures = anatomy.figures(blueprint, part);
    let whole = anatomy.figures(blueprint, PartId::Model);
    let repeats = part.group().map_or(1, |group| group.repeats(blueprint)).max(1);
    let of_all = |own: f64, all: f64| match all > 0.0 {
        _ if part == PartId::Model => String::new(),
        true => percent(own / all),
        false => percent(0.0),
    };
    // What is said of the whole has no share.
    let with = |words: &str, share: String| match share.is_empty() {
        true => words.to_owned(),
        false => format!("{words}, {share}"),
    };
    let layers = |share: String| match repeats {
        1 => share,
        _ => format!("{} layers, {share}", grouped(repeats)),
    };
    let mut out = Vec::new();
    let mut line = |label, note: String, value: String| out.push(PartLine { label, note, value });
    if figures.parameters > 0 {
        if repeats > 1 {
            let one = figures.parameters as f64 / repeats as f64;
            line("Parameters", "one layer".to_owned(), short_count(one));
        }
        let share = of_all(figures.parameters as f64, whole.parameters as f64);
        line("Parameters", layers(share), short_count(figures.parameters as f64));
        if figures.active != figures.parameters {
            let share = of_all(figures.active as f64, whole.active as f64);
            line("Used by a token", share, short_count(figures.active as f64));
        }
        let share = of_all(figures.bytes as f64, whole.bytes as f64);
        line(
            "Weights",
            with(&setup.weights.method, share),
            units.bytes(figures.bytes as f64),
        );
    }
    if figures.kept > 0 {
        let workload = &setup.scenario.workload;
        let (batch, tokens) = (workload.batch, setup.tokens().value);
        let note = format!("for {} of {}", counted(batch, "sequence"), counted(tokens, "token"));
        line("Kept", note, units.bytes(figures.kept as f64));
    }
    let pass = match anatomy.pass {
        None => "in a training step",
        Some(Pass::Prefill) => "for the prompts",
        Some(Pass::Decode) => "for a token written",
    };
    if figures.flops > 0.0 {
        line(
            "FLOPs",
            with(pass, of_all(figures.flops, whole.flops)),
            short_count(figures.flops),
        );
    }
    if figures.traffic > 0.0 {
        line(
            "Moved",
            with(pass, of_all(figures.traffic, whole.traffic)),
            units.bytes(figures.traffic),
        );
    }
    if let Some((touched, experts)) = touched(setup, anatomy, part) {
        line(
            "Experts read",
            format!("expected, {pass}"),
            format!("{} of {}", touched.round(), grouped(experts)),
        );
    }
    if figures.seconds > 0.0 {
        let bound = match anatomy.bound(blueprint, part) {
            Some(Bound::Compute) => ", compute-bound",
            Some(Bound::Memory) => ", memory-bound",
            _ => "",
        };
        let note = match part {
            PartId::Model => format!("of the operators, without launches{bound}"),
            _ => format!("of {} of all operators{bound}", seconds(whole.seconds)),
        };
        line("Time", note, seconds(figures.seconds));
    }
    out
}

/// Experts of a layer that a step of all sequences is expected to read.
fn touched(setup: &Setup, anatomy: &Anatomy, part: PartId) -> Option<(f64, u64)> {
    if !matches!(part, PartId::Piece(..)) || anatomy.pass != Some(Pass::Decode) {
        return None;
    }
    let own = operators(&setup.blueprint, part);
    let routing = own.iter().find_map(|(_, one)| one.routing())?;
    let routed = crate::analysis::time::Routed::of(routing);
    let tokens = setup.scenario.workload.batch.max(1) as f64;
    Some((routed.touched(tokens) * routed.experts, routing.experts.value))
}

/// `58 × 256 × 3 × 7,168 × 2,048 = 653,908,770,816`: tensors of equal shape together.
fn formula(blueprint: &Blueprint, part: PartId, own: &[(Repeated<'_>, &Operator)]) -> Option<String> {
    if !matches!(part, PartId::Block(..) | PartId::Piece(..)) {
        return None;
    }
    let repeats = part.group().map_or(1, |group| group.repeats(blueprint));
    let mut terms: Vec<(Vec<u64>, u64)> = Vec::new();
    let mut total: u64 = 0;
    for (place, operator) in own {
        for tensor in operator.tensors.iter().filter(|tensor| tensor.is_parameter()) {
            // What layers share is not counted for each of them.
            if tensor.physical.is_some() {
                return None;
            }
            let mut dims: Vec<u64> = tensor
                .copies
                .iter()
                .chain(&tensor.dims)
                .map(|dim| dim.value)
                .filter(|one| *one != 1)
                .collect();
            dims.sort_unstable_by(|one, other| other.cmp(one));
            total = total.saturating_add(place.copies(tensor).saturating_mul(tensor.count()));
            match terms.iter_mut().find(|(known, _)| *known == dims) {
                Some((_, count)) => *count += 1,
                None => terms.push((dims, 1)),
            }
        }
    }
    if terms.is_empty() || terms.len() > 6 {
        return None;
    }
    let term = |(dims, count): &(Vec<u64>, u64)| {
        let mut factors: Vec<String> = (*count > 1).then(|| grouped(*count)).into_iter().collect();
        factors.extend(dims.iter().map(|dim| grouped(*dim)));
        if factors.is_empty() {
            "1".to_owned()
        } else {
            factors.join(" × ")
        }
    };
    let all: Vec<String> = terms.iter().map(term).collect();
    let sum = all.join(" + ");
    let layers = match (repeats, all.len()) {
        (0 | 1, _) => sum,
        (many, 1) => format!("{} × {sum}", grouped(many)),
        (many, _) => format!("{} × ({sum})", grouped(many)),
    };
    Some(format!("{layers} = {}", grouped(total)))
}

/// The keys that the shapes of a part came from, each once.
fn keys(
    blueprint: &Blueprint,
    own: &[(Repeated<'_>, &Operator)],
    place: Option<Repeated<'_>>,
    piece: Option<Piece>,
) -> Vec<PartKey> {
    let mut out: Vec<PartKey> = Vec::new();
    let mut see = |quantity: &Quantity| origin_keys(quantity, &mut out, 0);
    for (_, operator) in own {
        for quantity in operator
            .tensors
            .iter()
            .flat_map(|tensor| tensor.copies.iter().chain(&tensor.dims))
        {
            see(quantity);
        }
        match &operator.kind {
            Kind::Attention(attention) => {
                for one in [
                    &attention.heads,
                    &attention.kv_heads,
                    &attention.key_dim,
                    &attention.value_dim,
                ] {
                    see(one);
                }
                if let Span::Window(window) = &attention.span {
                    see(window);
                }
            }
            Kind::Linear {
                routing: Some(routing), ..
            } => see(&routing.top_k),
            _ => {}
        }
    }
    if let (Some(place), Some(Piece::Cache)) = (place, piece) {
        for cache in &place.block.caches {
            if let Span::Window(window) | Span::Chunk(window) = &cache.span {
                see(window);
            }
            see(cache.width.least());
        }
    }
    match place {
        // The key tells of all layers, not of those of one kind.
        Some(Repeated { kind: Some(_), .. }) => see(&blueprint.layers),
        Some(Repeated { count: Some(count), .. }) => see(count),
        _ => {}
    }
    out
}

fn origin_keys(quantity: &Quantity, out: &mut Vec<PartKey>, depth: u32) {
    let (key, source) = match &quantity.origin {
        Origin::Config(key) => (key.to_string(), "config.json".to_owned()),
        Origin::ClassDefault(key) => (key.to_string(), "not in config.json: the class's default".to_owned()),
        Origin::Derived(_, from) if depth < 6 => return from.iter().for_each(|one| origin_keys(one, out, depth + 1)),
        _ => return,
    };
    if out.iter().all(|known| known.key != key) {
        out.push(PartKey {
            key,
            value: grouped(quantity.value),
            source,
        });
    }
}

/// What a part of a block reads, or what reads it.
fn joined(blueprint: &Blueprint, part: PartId, reads: bool) -> Vec<(PartId, String)> {
    let (PartId::Piece(group, at, piece), Some(place)) = (part, part.place(blueprint)) else {
        return Vec::new();
    };
    let drawing = BlockDrawing::of(place.block);
    let Some(own) = drawing.nodes.iter().position(|node| node.piece == piece) else {
        return Vec::new();
    };
    let own = Joint::Node(own);
    let others = drawing.wires.iter().filter_map(|(from, to)| match reads {
        true => (*to == own).then_some(from),
        false => (*from == own).then_some(to),
    });
    others
        .filter_map(|joint| match joint {
            Joint::Node(node) => drawing
                .nodes
                .get(*node)
                .map(|node| (PartId::Piece(group, at, node.piece), node.label.clone())),
            Joint::Input => Some((PartId::Block(group, at), "what the block reads".to_owned())),
            Joint::Encoder => Some((PartId::Block(group, at), "what the encoder read".to_owned())),
            Joint::Output => Some((PartId::Block(group, at), "the residual stream".to_owned())),
        })
        .collect()
}

/// Blocks of the same name elsewhere.
fn also(blueprint: &Blueprint, part: PartId) -> Vec<(PartId, String)> {
    let Some(own) = part.place(blueprint) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for group in Group::all(blueprint) {
        if part.group() == Some(group) {
            continue;
        }
        for (at, place) in group.blocks(blueprint).iter().enumerate() {
            if place.block.title == own.block.title
                && out
                    .iter()
                    .all(|(known, _): &(PartId, String)| known.group() != Some(group))
            {
                out.push((PartId::Block(group, at), group_words(blueprint, group).0));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::HostShare;
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
