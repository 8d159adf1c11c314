//! The whole model from top to bottom: what comes in, the kinds of layers with the residual stream, what goes out.

use std::collections::BTreeSet;

use super::rail::rail;
use super::scene::Scene;
use super::show::Show;
use super::spacing::Spacing;
use crate::analysis::anatomy::Anatomy;
use crate::model::Blueprint;
use crate::model::flow::{Group, PartId};
use crate::model::operator::Block;
use crate::units::UnitSystem;

/// What is to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The model.
    pub blueprint: &'a Blueprint,
    /// The figures of its parts.
    pub anatomy: &'a Anatomy,
    /// Which of them are shown.
    pub show: Show,
    /// Groups and blocks that are open.
    pub open: &'a BTreeSet<PartId>,
    /// Room in CSS pixels; a drawing that needs more is wider.
    pub width: f64,
    /// GiB or GB.
    pub units: UnitSystem,
}

/// What is open where nobody chose: the kind of layer with most parameters, and its blocks.
pub fn usually_open(blueprint: &Blueprint, anatomy: &Anatomy) -> BTreeSet<PartId> {
    let kinds = (0..blueprint.kinds.len()).map(Group::Kind);
    let largest = kinds.max_by_key(|kind| anatomy.figures(blueprint, PartId::Group(*kind)).parameters);
    let Some(group) = largest else { return BTreeSet::new() };
    opened(blueprint, PartId::Group(group))
}

/// A part with all that must be open to see what is in it; of a group its blocks too.
pub fn opened(blueprint: &Blueprint, part: PartId) -> BTreeSet<PartId> {
    let mut open = BTreeSet::new();
    let mut at = Some(part);
    while let Some(one) = at {
        if matches!(one, PartId::Group(_) | PartId::Block(..)) {
            open.insert(one);
        }
        at = one.parent();
    }
    if let PartId::Group(group) = part {
        for (at, place) in group.blocks(blueprint).iter().enumerate() {
            if opens(place.block) {
                open.insert(PartId::Block(group, at));
            }
        }
    }
    open
}

/// Whether a block has more in it than one box shows.
pub fn opens(block: &Block) -> bool {
    block.operators.len() > 1
}

/// Room between boxes on the spine.
pub(super) const STEP: f64 = 26.0;
pub(super) const HEADING: f64 = 30.0;

/// An open block: where what it reads comes in, where what it gives goes out, and its lower edge.
pub(super) struct Framed {
    pub enter: f64,
    pub out: f64,
    pub bottom: f64,
}

/// Draws with a cursor that moves down.
pub(super) struct Pencil<'a> {
    pub plan: Plan<'a>,
    pub spacing: &'static Spacing,
    pub scene: Scene,
    pub left: f64,
    pub right: f64,
    pub y: f64,
}

/// The drawing.
pub fn scene(plan: &Plan<'_>) -> Scene {
    let spacing = Spacing::of(plan.width);
    let mut pencil = Pencil {
        plan: *plan,
        spacing,
        scene: Scene {
            width: plan.width,
            rail_at: spacing.rail,
            ..Scene::default()
        },
        left: spacing.left,
        right: plan.width - spacing.edge,
        y: 16.0,
    };
    let mut from = pencil.inputs();
    let mut turns = None;
    for group in Group::all(plan.blueprint) {
        let Group::Kind(kind) = group else { continue };
        let again = comes_again(plan.blueprint, kind);
        if again && turns.is_none() {
            turns = Some((pencil.turns_begin(group, from), from));
        }
        from = pencil.group(group, from);
        if let Some((_, end)) = turns.as_mut().filter(|_| again) {
            *end = from;
        }
    }
    if let Some((begin, end)) = turns {
        pencil.again(begin, end);
    }
    for at in 0..plan.blueprint.head.len() {
        from = pencil.block_on_spine(Group::Head, at, from);
    }
    let width = pencil.right + spacing.edge;
    let mut scene = pencil.scene;
    scene.width = width.max(plan.width);
    scene.height = pencil.y + 16.0;
    let (top, bottom) = (40.0, scene.height - 24.0);
    scene.rail = rail(plan.blueprint, top, bottom);
    scene
}

/// Whether layers attend to what towers made, rather than reading it in place of tokens: such a block runs only where there are some.
pub(super) fn attends_to_towers(blueprint: &Blueprint) -> bool {
    blueprint.senses.across
}

/// Whether layers of a kind come again after those of another.
pub(super) fn comes_again(blueprint: &Blueprint, kind: usize) -> bool {
    let groups = blueprint.layout.groups.iter();
    let times = groups.map(|group| {
        let runs = group.runs.iter().filter(|(own, _)| *own == kind).count() as u64;
        group.repeat.saturating_mul(runs)
    });
    blueprint.kinds.len() > 1 && times.fold(0, u64::saturating_add) > 1
}
