//! What each part of a model weighs, computes and takes: the same figures as everywhere, operator by operator.

use super::cache::{kv_of_block, states_of_block};
use super::compute::{OpCost, costs};
use super::memory::weight_of;
use super::parameters::of_tensor;
use super::placement::HostShare;
use super::roofline::Bound;
use super::setup::Setup;
use super::time::{Pass, each_operator};
use crate::model::Blueprint;
use crate::model::blueprint::Repeated;
use crate::model::flow::{BlockDrawing, Group, PartId, Piece};
use crate::model::operator::Operator;
use crate::scenario::Mode;
use crate::units::Exact;

/// What a part costs, all its layers together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartFigures {
    /// Parameters: each tensor once, tied ones not again.
    pub parameters: u64,
    /// Of these, what one token passes.
    pub active: u64,
    /// Bytes of its weights as they lie in memory.
    pub bytes: u64,
    /// Bytes of what it keeps for all sequences: caches and states.
    pub kept: u64,
    /// Operations of the pass.
    pub flops: f64,
    /// Bytes that the pass moves.
    pub traffic: f64,
    /// Expected seconds of the pass; zero where no time is known.
    pub seconds: f64,
}

impl PartFigures {
    /// An even part of them.
    #[must_use]
    pub fn over(&self, parts: f64) -> Self {
        let parts = parts.max(1.0);
        let whole = |value: u64| (value as f64 / parts).round() as u64;
        Self {
            parameters: whole(self.parameters),
            active: whole(self.active),
            bytes: whole(self.bytes),
            kept: whole(self.kept),
            flops: self.flops / parts,
            traffic: self.traffic / parts,
            seconds: self.seconds / parts,
        }
    }
    /// Adds those of another part.
    pub fn add(&mut self, other: &Self) {
        self.parameters = self.parameters.saturating_add(other.parameters);
        self.active = self.active.saturating_add(other.active);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.kept = self.kept.saturating_add(other.kept);
        self.flops += other.flops;
        self.traffic += other.traffic;
        self.seconds += other.seconds;
    }
}

/// An operator of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct OperatorFigures {
    figures: PartFigures,
    bound: Option<Bound>,
}

/// A block's operators and what it keeps.
#[derive(Clone, Debug, Default, PartialEq)]
struct BlockFigures {
    operators: Vec<OperatorFigures>,
    cache: u64,
    state: u64,
}

/// The figures of all parts under a setup.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    /// The pass whose operations, traffic and time are told; none in training, where it is a whole step.
    pub pass: Option<Pass>,
    /// Whether times are known.
    pub timed: bool,
    groups: Vec<(Group, Vec<BlockFigures>)>,
    whole: PartFigures,
}

/// Parameters of an operator: of all layers, and those of them that one token passes.
fn parameters(place: Repeated<'_>, operator: &Operator) -> (u64, u64) {
    let tensors = operator.tensors.iter().filter(|tensor| tensor.is_parameter());
    tensors.fold((0, 0), |(all, active): (u64, u64), tensor| {
        let (own, used) = of_tensor::<Exact>(place, operator, tensor);
        (all.saturating_add(own.0), active.saturating_add(used.0))
    })
}

impl Anatomy {
    /// The pass that a mode is looked at in, if none is chosen.
    pub const fn usual_pass(mode: Mode) -> Option<Pass> {
        match mode {
            Mode::Prefill => Some(Pass::Prefill),
            _ if mode.trains() => None,
            _ => Some(Pass::Decode),
        }
    }
    /// All figures under a setup, of one pass; training has its step, whatever is asked.
    pub fn of(setup: &Setup, host: &HostShare, pass: Pass) -> Self {
        let trains = setup.scenario.workload.mode.trains();
        let looked_at = if trains {
            setup.clone()
        } else {
            let mode = match pass {
                Pass::Prefill => Mode::Prefill,
                Pass::Decode => Mode::Decode,
            };
            setup.working(|scenario| scenario.workload.mode = mode)
        };
        let mut costs = costs::<f64>(&looked_at).into_iter();
        let times = each_operator(setup, host, pass);
        let timed = times.is_some();
        let mut times = times.map(|times| times.operators).unwrap_or_default().into_iter();
        let blueprint = &setup.blueprint;
        let mut whole = PartFigures::default();
        let mut groups = Vec::new();
        for group in Group::all(blueprint) {
            let mut blocks = Vec::new();
            for place in group.blocks(blueprint) {
                let mut block = BlockFigures {
                    cache: exact_sum(kv_of_block::<Exact>(setup, place)),
                    state: exact_sum(states_of_block::<Exact>(setup, place)).saturating_mul(setup.batch().value),
                    operators: Vec::with_capacity(place.block.operators.len()),
                };
                for operator in &place.block.operators {
                    let runs = !setup.idles(place.block, operator);
                    let cost = (runs || trains).then(|| costs.next()).flatten();
                    let time = runs.then(|| times.next()).flatten();
                    block.operators.push(OperatorFigures {
                        figures: figures(
                            setup,
                            place,
                            operator,
                            cost.as_ref(),
                            time.as_ref().map_or(0.0, |one| one.seconds),
                        ),
                        bound: time.map(|one| one.bound),
                    });
                }
                whole.add(&block.sum());
                blocks.push(block);
            }
            groups.push((group, blocks));
        }
        Self {
            pass: (!trains).then_some(pass),
            timed,
            groups,
            whole,
        }
    }
    fn blocks(&self, group: Group) -> &[BlockFigures] {
        let found = self.groups.iter().find(|(known, _)| *known == group);
        found.map(|(_, blocks)| blocks.as_slice()).unwrap_or_default()
    }
    /// What a part costs; nothing where the model has no such part.
    pub fn figures(&self, blueprint: &Blueprint, part: PartId) -> PartFigures {
        let mut sum = PartFigures::default();
        match part {
            PartId::Model => return self.whole,
            PartId::Group(group) => self.blocks(group).iter().for_each(|block| sum.add(&block.sum())),
            PartId::Block(group, at) => {
                if let Some(block) = self.blocks(group).get(at) {
                    sum = block.sum();
                }
            }
            PartId::Piece(group, at, piece) => {
                let Some(block) = self.blocks(group).get(at) else {
                    return sum;
                };
                match piece {
                    Piece::Cache => sum.kept = block.cache,
                    Piece::State => sum.kept = block.state,
                    Piece::Operator(_) => {
                        for operator in operators_of(blueprint, part) {
                            if let Some(one) = block.operators.get(operator) {
                                sum.add(&one.figures);
                            }
                        }
                    }
                }
            }
        }
        sum
    }
    /// What one operator costs, by the indices of its block and its own.
    pub fn operator(&self, group: Group, block: usize, operator: usize) -> Option<PartFigures> {
        let block = self.blocks(group).get(block)?;
        block.operators.get(operator).map(|one| one.figures)
    }
    /// What holds a part back: the bound under which most of its time is spent.
    pub fn bound(&self, blueprint: &Blueprint, part: PartId) -> Option<Bound> {
        let groups: Vec<Group> = match part.group() {
            Some(group) => vec![group],
            None => self.groups.iter().map(|(group, _)| *group).collect(),
        };
        let only = matches!(part, PartId::Piece(..)).then(|| operators_of(blueprint, part));
        let mut seconds = [(Bound::Memory, 0.0), (Bound::Compute, 0.0)];
        for group in groups {
            for (at, block) in self.blocks(group).iter().enumerate() {
                if matches!(part, PartId::Block(_, own) | PartId::Piece(_, own, _) if own != at) {
                    continue;
                }
                for (nth, one) in block.operators.iter().enumerate() {
                    if only.as_ref().is_some_and(|only| !only.contains(&nth)) {
                        continue;
                    }
                    for (bound, sum) in &mut seconds {
                        if one.bound == Some(*bound) {
                            *sum += one.figures.seconds;
                        }
                    }
                }
            }
        }
        let most = seconds.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
        most.filter(|(_, seconds)| *seconds > 0.0).map(|(bound, _)| bound)
    }
}

impl BlockFigures {
    fn sum(&self) -> PartFigures {
        let mut sum = PartFigures {
            kept: self.cache.saturating_add(self.state),
            ..PartFigures::default()
        };
        self.operators.iter().for_each(|one| sum.add(&one.figures));
        sum
    }
}

/// The operators that are drawn together with the one that names a part.
pub fn operators_of(blueprint: &Blueprint, part: PartId) -> Vec<usize> {
    let PartId::Piece(_, _, piece) = part else {
        return Vec::new();
    };
    let Some(place) = part.place(blueprint) else {
        return Vec::new();
    };
    let drawing = BlockDrawing::of(place.block);
    let node = drawing.nodes.into_iter().find(|node| node.piece == piece);
    match (node, piece) {
        (Some(node), _) => node.operators,
        (None, Piece::Operator(at)) => vec![at],
        (None, _) => Vec::new(),
    }
}

fn figures(
    setup: &Setup,
    place: Repeated<'_>,
    operator: &Operator,
    cost: Option<&OpCost<f64>>,
    seconds: f64,
) -> PartFigures {
    let (parameters, active) = parameters(place, operator);
    let held = operator.tensors.iter().filter(|tensor| tensor.is_parameter());
    let bytes = held.map(|tensor| weight_of::<Exact>(setup, place, tensor).0);
    PartFigures {
        parameters,
        active,
        bytes: bytes.fold(0, u64::saturating_add),
        kept: 0,
        flops: cost.map_or(0.0, OpCost::flops),
        traffic: cost.map_or(0.0, OpCost::bytes),
        seconds,
    }
}

fn exact_sum(parts: Vec<Exact>) -> u64 {
    parts.into_iter().fold(0, |all: u64, one| all.saturating_add(one.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::analyse;
    use crate::model::catalogue;
    use crate::scenario::Scenario;

    /// The parts of every built-in model are its parameters, weights, operations and cache, no more and no less.
    #[test]
    fn parts_sum_to_the_whole() {
        for entry in catalogue::entries() {
            let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
                continue;
            };
            let blueprint = Arc::new(blueprint);
            let Ok(analysis) = analyse(&blueprint, &Scenario::example()) else {
                continue;
            };
            let anatomy = Anatomy::of(&analysis.setup, &HostShare::default(), Pass::Decode);
            let whole = anatomy.figures(&blueprint, PartId::Model);
            assert_eq!(whole.parameters, analysis.parameters.total.0, "{}", entry.id);
            assert_eq!(whole.active, analysis.parameters.active.0, "{}", entry.id);
            let kept = analysis.memory.kv_cache.0 + analysis.memory.state_cache.0;
            assert_eq!(whole.kept, kept, "{}", entry.id);
            let mut drawn = PartFigures::default();
            for group in Group::all(&blueprint) {
                for (at, place) in group.blocks(&blueprint).into_iter().enumerate() {
                    for node in BlockDrawing::of(place.block).nodes {
                        drawn.add(&anatomy.figures(&blueprint, PartId::Piece(group, at, node.piece)));
                    }
                }
            }
            assert_eq!(drawn.parameters, whole.parameters, "{}", entry.id);
            assert_eq!(drawn.bytes, whole.bytes, "{}", entry.id);
            assert_eq!(drawn.kept, whole.kept, "{}", entry.id);
            assert!((drawn.flops - whole.flops).abs() <= whole.flops * 1e-9, "{}", entry.id);
            assert!(
                (drawn.seconds - whole.seconds).abs() <= whole.seconds * 1e-9,
                "{}",
                entry.id
            );
        }
    }
}
