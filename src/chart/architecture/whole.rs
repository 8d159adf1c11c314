//! The whole model from top to bottom: what comes in, the kinds of layers with the residual stream, what goes out.

use std::collections::BTreeSet;

use super::block::{Laid, laid};
use super::rail::rail;
use super::scene::{Scene, SceneBox, SceneFrame, SceneWire, SceneWords, WireKind, text_width, wrapped};
use super::show::Show;
use super::sizes::{SMALL, TITLE, sized};
use super::spacing::Spacing;
use crate::analysis::anatomy::{Anatomy, PartFigures};
use crate::model::blueprint::Repeated;
use crate::model::flow::{
    BlockDrawing, Branch, Group, Look, PartId, Piece, branches, group_words, largest_component, shape_words,
};
use crate::model::operator::{Block, Kind, Operator, Role};
use crate::model::{Blueprint, Component};
use crate::units::{UnitSystem, grouped};

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
const STEP: f64 = 26.0;
const HEADING: f64 = 30.0;

/// An open block: where what it reads comes in, where what it gives goes out, and its lower edge.
struct Framed {
    enter: f64,
    out: f64,
    bottom: f64,
}

/// Draws with a cursor that moves down.
struct Pencil<'a> {
    plan: Plan<'a>,
    spacing: &'static Spacing,
    scene: Scene,
    left: f64,
    right: f64,
    y: f64,
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
fn attends_to_towers(blueprint: &Blueprint) -> bool {
    blueprint.senses.across
}

/// Whether layers of a kind come again after those of another.
fn comes_again(blueprint: &Blueprint, kind: usize) -> bool {
    let groups = blueprint.layout.groups.iter();
    let times = groups.map(|group| {
        let runs = group.runs.iter().filter(|(own, _)| *own == kind).count() as u64;
        group.repeat.saturating_mul(runs)
    });
    blueprint.kinds.len() > 1 && times.fold(0, u64::saturating_add) > 1
}

impl Pencil<'_> {
    fn middle(&self) -> f64 {
        f64::midpoint(self.left, self.right)
    }
    fn figures(&self, part: PartId) -> PartFigures {
        self.plan.anatomy.figures(self.plan.blueprint, part)
    }
    fn share(&self, part: PartId) -> f64 {
        let all = self.plan.show.of(&self.figures(PartId::Model));
        if all > 0.0 {
            self.plan.show.of(&self.figures(part)) / all
        } else {
            0.0
        }
    }
    /// What a part has of what is shown, in one of its layers.
    fn figure(&self, part: PartId) -> String {
        let repeats = part
            .group()
            .map_or(1, |group| group.repeats(self.plan.blueprint))
            .max(1);
        let amount = self.plan.show.of(&self.figures(part)) / repeats as f64;
        if amount <= 0.0 {
            return String::new();
        }
        self.plan.show.words(amount, self.plan.units)
    }
    fn words(&mut self, x: f64, y: f64, text: &str, centred: bool, strong: bool) {
        self.scene.words.push(SceneWords {
            x,
            y,
            text: text.to_owned(),
            centred,
            strong,
        });
    }
    fn wire(&mut self, points: Vec<(f64, f64)>, stream: bool, share: f64) {
        self.scene.wires.push(SceneWire {
            points,
            arrow: true,
            kind: if stream { WireKind::Stream } else { WireKind::Flow },
            share,
        });
    }

    /// What comes in: the words, and what towers make of images and sound. Gives the point the stream leaves from.
    fn inputs(&mut self) -> (f64, f64) {
        let blueprint = self.plan.blueprint;
        let mut sides: Vec<(Component, Vec<usize>)> = Vec::new();
        for (at, tower) in blueprint.towers.iter().enumerate() {
            let component = match largest_component(tower.blocks.iter()) {
                Some(one @ (Component::Vision | Component::Audio)) => one,
                _ => Component::Encoder,
            };
            match sides.iter_mut().find(|(known, _)| *known == component) {
                Some((_, towers)) => towers.push(at),
                None => sides.push((component, vec![at])),
            }
        }
        let top = self.y;
        let (left, right) = (self.left, self.right);
        // An open tower needs the whole width, and so do several on a phone: they stand one above the other then.
        let open = |pencil: &Self, towers: &[usize]| {
            towers
                .iter()
                .any(|at| pencil.plan.open.contains(&PartId::Group(Group::Tower(*at))))
        };
        let stacked = right - left < 480.0 || sides.iter().any(|(_, towers)| open(self, towers));
        let columns = if stacked { 1 } else { sides.len() + 1 };
        let column = (right - left - 16.0 * (columns as f64 - 1.0)) / columns as f64;
        let mut ends = Vec::new();
        let mut lowest = top;
        for (nth, (component, towers)) in sides.iter().enumerate() {
            if !stacked {
                let at = (nth + 1) as f64;
                self.left = left + at * (column + 16.0);
                self.right = self.left + column;
                self.y = top;
            }
            let name = match component {
                Component::Vision => "image",
                Component::Audio => "sound",
                _ => "input of the encoder",
            };
            let middle = self.middle();
            self.words(middle, self.y + 10.0, name, true, false);
            let mut from = (middle, self.y + 16.0);
            self.y += 16.0;
            for at in towers {
                from = self.group(Group::Tower(*at), from);
            }
            if *component == Component::Encoder {
                self.words(middle, self.y + 16.0, "read by attention to the encoder", true, false);
                self.y += 24.0;
            } else if attends_to_towers(blueprint) {
                self.words(middle, self.y + 16.0, "read by cross-attention", true, false);
                self.y += 24.0;
            } else {
                ends.push(from);
            }
            lowest = lowest.max(self.y);
            if stacked {
                self.y += 18.0;
            }
        }
        if !stacked {
            self.left = left;
            self.right = left + column;
            self.y = top;
        }
        let middle = self.middle();
        self.words(middle, self.y + 10.0, "tokens", true, false);
        self.y += 16.0;
        let mut from = (middle, self.y);
        for at in 0..blueprint.stem.len() {
            from = self.block_on_spine(Group::Stem, at, from);
        }
        lowest = lowest.max(self.y);
        self.left = left;
        self.right = right.max(self.right);
        self.y = lowest;
        if ends.is_empty() {
            return from;
        }
        // What towers made takes the place of some tokens.
        let y = lowest + 22.0;
        let to = if stacked { from.0 } else { self.middle() };
        for (x, start) in ends.iter().copied().chain(std::iter::once(from)) {
            if stacked && start + 30.0 < from.1 {
                // Past the boxes below it, at the right edge.
                let edge = self.right - 2.0;
                self.wire(around((x, start), edge, (to + 9.0, y)), false, 0.0);
            } else if (x - to).abs() < 1.0 {
                self.wire(vec![(x, start), (x, y - 9.0)], false, 0.0);
            } else {
                self.wire(
                    vec![(x, start), (x, y), (to + if x > to { 9.0 } else { -9.0 }, y)],
                    false,
                    0.0,
                );
            }
        }
        self.scene.sums.push((to, y));
        self.y = y + 9.0;
        (to, self.y)
    }

    /// A box on the spine, with a wire from above; gives where the stream leaves it.
    fn place(&mut self, one: SceneBox, from: (f64, f64)) -> (f64, f64) {
        let middle = self.middle();
        self.y += STEP;
        let placed = SceneBox {
            x: middle - one.width / 2.0,
            y: self.y,
            ..one
        };
        self.down_to(from, (middle, placed.y), placed.share);
        self.y += placed.height;
        let end = (middle, self.y);
        self.scene.boxes.push(placed);
        end
    }
    fn down_to(&mut self, from: (f64, f64), to: (f64, f64), share: f64) {
        let points = if (from.0 - to.0).abs() < 1.0 {
            vec![from, to]
        } else {
            let y = to.1 - STEP / 2.0;
            vec![from, (from.0, y), (to.0, y), to]
        };
        self.wire(points, true, share);
    }

    /// Says beside the stream that layers take turns; gives the point of the stream that the way back leads to.
    fn turns_begin(&mut self, group: Group, from: (f64, f64)) -> (f64, f64) {
        let x = from.0.max(self.middle()) + 16.0;
        for line in wrapped("Layers take turns: see the rail", SMALL, self.right - x) {
            self.y += 14.0;
            self.words(x, self.y, &line, false, true);
        }
        // Of an open layer the stream runs at the side, into a closed one down the middle.
        let open = self.plan.open.contains(&PartId::Group(group));
        let into = if open {
            self.left + self.spacing.stream
        } else {
            self.middle()
        };
        (into, self.y + STEP / 2.0)
    }
    /// From below the last kind of layers that takes turns back to above the first, left of them all.
    fn again(&mut self, begin: (f64, f64), end: (f64, f64)) {
        let (side, below) = (self.left - 7.0, end.1 + 7.0);
        self.scene.wires.push(SceneWire {
            points: vec![(end.0, below), (side, below), (side, begin.1), (begin.0 - 2.0, begin.1)],
            arrow: true,
            kind: WireKind::Again,
            share: 0.0,
        });
    }
    /// The blocks of an open group one after the other, in its frame; gives where what they made leaves it.
    fn chain(&mut self, group: Group, frame: usize, (from, top): ((f64, f64), f64), detail: &str) -> (f64, f64) {
        let (left, right, middle) = (self.left, self.right, self.middle());
        self.down_to(from, (middle, top), self.share(PartId::Group(group)));
        self.y = top + HEADING + 6.0;
        self.words(left + self.spacing.layer_title(), self.y + 8.0, detail, false, false);
        self.y += 14.0;
        let mut end = (middle, top);
        (self.left, self.right) = (left + self.spacing.side, right - self.spacing.side);
        for at in 0..group.blocks(self.plan.blueprint).len() {
            end = self.block_on_spine(group, at, end);
        }
        let widest = self.right + self.spacing.side;
        (self.left, self.right) = (left, right.max(widest));
        self.y += 14.0;
        if let Some(frame) = self.scene.frames.get_mut(frame) {
            frame.width = self.right - left;
            frame.height = self.y - top;
        }
        self.scene.wires.push(SceneWire {
            points: vec![end, (end.0, self.y)],
            arrow: false,
            kind: WireKind::Stream,
            share: 0.0,
        });
        (end.0, self.y)
    }

    fn block_on_spine(&mut self, group: Group, at: usize, from: (f64, f64)) -> (f64, f64) {
        let part = PartId::Block(group, at);
        let places = group.blocks(self.plan.blueprint);
        let Some(place) = places.get(at) else { return from };
        if self.plan.open.contains(&part) && opens(place.block) {
            self.y += STEP;
            let middle = self.middle();
            let top = self.y;
            let framed = self.frame_of_block(part, *place, self.left, self.right);
            self.down_to(from, (middle, top), self.share(part));
            self.y = framed.bottom;
            return (framed.out, framed.bottom);
        }
        let one = self.block_box(part, *place, (self.right - self.left).min(340.0));
        self.place(one, from)
    }

    /// A block as one box.
    fn block_box(&self, part: PartId, place: Repeated<'_>, most: f64) -> SceneBox {
        let block = place.block;
        let drawing = BlockDrawing::of(block);
        let norm = block.role == Role::Norm && block.operators.len() == 1;
        let figure = self.figure(part);
        let detail = match drawing.nodes.as_slice() {
            [only] => shape_words(block, only),
            _ => closed_words(block, &drawing),
        };
        let tied = block.tensors().any(|tensor| tensor.tied);
        let detail = if tied {
            format!("{detail}, tied to the token table")
        } else {
            detail
        };
        let one = SceneBox {
            part,
            x: 0.0,
            y: 0.0,
            width: 0.0,
            height: 0.0,
            title: block.title.to_owned(),
            detail: Vec::new(),
            figure,
            beside: true,
            share: self.share(part),
            look: match drawing.nodes.as_slice() {
                [only] if !norm => only.look,
                _ if norm => Look::Small,
                _ => Look::Matrix,
            },
            component: largest_component(std::iter::once(block)),
            grid: None,
            heads: None,
            opens: opens(block),
            inset: self.spacing.inset,
        };
        sized(one, &detail, most)
    }

    /// Layers of a kind, or a part of a tower: one box, or a frame with its blocks.
    fn group(&mut self, group: Group, from: (f64, f64)) -> (f64, f64) {
        let part = PartId::Group(group);
        let blueprint = self.plan.blueprint;
        let (title, detail) = group_words(blueprint, group);
        let repeats = group.repeats(blueprint);
        let one = self.figure(part);
        let figure = match repeats {
            0 | 1 => one,
            _ if one.is_empty() => one,
            _ => format!("{} × {one}", grouped(repeats)),
        };
        let places = group.blocks(blueprint);
        let component = largest_component(places.iter().map(|place| place.block));
        if !self.plan.open.contains(&part) {
            let one = SceneBox {
                part,
                x: 0.0,
                y: 0.0,
                width: 0.0,
                height: 0.0,
                title,
                detail: Vec::new(),
                figure,
                beside: true,
                share: self.share(part),
                look: Look::Matrix,
                component,
                grid: None,
                heads: None,
                opens: true,
                inset: self.spacing.inset,
            };
            let most = (self.right - self.left).min(380.0);
            return self.place(sized(one, &detail, most), from);
        }
        self.y += STEP;
        let top = self.y;
        let at = self.scene.frames.len();
        let whole = self
            .plan
            .show
            .words(self.plan.show.of(&self.figures(part)), self.plan.units);
        let figure = match repeats {
            0 | 1 => figure,
            _ if figure.is_empty() => figure,
            _ => {
                let summed = format!("{figure} = {whole}");
                let room = self.right - self.left - self.spacing.layer_title() - 48.0;
                let fits = text_width(&title, TITLE) + text_width(&summed, SMALL) <= room;
                if fits { summed } else { figure }
            }
        };
        self.scene.frames.push(SceneFrame {
            part,
            x: self.left,
            y: top,
            width: 0.0,
            height: 0.0,
            title,
            title_x: self.left + self.spacing.layer_title(),
            figure,
            layer: true,
            component,
        });
        let (left, right) = (self.left, self.right);
        // Parts of a tower that are no layers pass on what they make; nothing is added to a stream.
        if matches!(group, Group::Tower(_)) && repeats <= 1 {
            return self.chain(group, at, (from, top), &detail);
        }
        let stream = left + self.spacing.stream;
        self.down_to_frame(from, stream, top);
        self.y = top + HEADING + 6.0;
        self.words(left + self.spacing.layer_title(), self.y + 8.0, &detail, false, false);
        self.y += 14.0;
        let start = self.y;
        let mut begins = top;
        let shares = blueprint.autograd.shared_residual;
        let blocks: Vec<Block> = places.iter().map(|place| place.block.clone()).collect();
        self.left = stream + self.spacing.branch;
        self.right = right - self.spacing.side;
        for branch in branches(&blocks, shares) {
            begins = self.branch(group, &places, &branch, stream, begins);
        }
        let widest = self.right + self.spacing.side;
        self.left = left;
        self.right = right.max(widest);
        self.y = self.y.max(start) + 14.0;
        // A wide block makes the others of its layer as wide.
        let inner = self.right - self.spacing.side;
        for frame in self.scene.frames.iter_mut().skip(at + 1) {
            frame.width = inner - frame.x;
        }
        if let Some(frame) = self.scene.frames.get_mut(at) {
            frame.width = self.right - left;
            frame.height = self.y - top;
        }
        self.scene.wires.push(SceneWire {
            points: vec![(stream, begins), (stream, self.y)],
            arrow: false,
            kind: WireKind::Stream,
            share: 0.0,
        });
        (stream, self.y)
    }
    fn down_to_frame(&mut self, from: (f64, f64), stream: f64, top: f64) {
        let y = top - STEP / 2.0;
        let points = if (from.0 - stream).abs() < 1.0 {
            vec![from, (stream, top)]
        } else {
            vec![from, (from.0, y), (stream, y), (stream, top)]
        };
        self.scene.wires.push(SceneWire {
            points,
            arrow: false,
            kind: WireKind::Stream,
            share: 0.0,
        });
    }

    /// A way from the stream and back. `begins` is where the stream's line was left; gives where it goes on.
    fn branch(&mut self, group: Group, places: &[Repeated<'_>], branch: &Branch, stream: f64, begins: f64) -> f64 {
        let mut ends = Vec::new();
        // Where the norm that several rows read leaves.
        let mut normed: Option<(f64, f64)> = None;
        for (nth, row) in branch.rows.iter().enumerate() {
            let mut from: Option<(f64, f64)> = None;
            let own_norm = row.len() > 1;
            for &at in row {
                let Some(place) = places.get(at) else { continue };
                let part = PartId::Block(group, at);
                let share = self.share(part);
                let framed = self.plan.open.contains(&part) && opens(place.block);
                self.y += if from.is_some() || framed { 18.0 } else { 10.0 };
                let top = self.y;
                let (middle, bottom, edge, out) = if framed {
                    let inside = self.frame_of_block(part, *place, self.left, self.right);
                    (inside.enter, inside.bottom, self.left, inside.out)
                } else {
                    let one = self.block_box(part, *place, (self.right - self.left).min(360.0));
                    let x = f64::midpoint(self.left, self.right) - one.width / 2.0;
                    let placed = SceneBox { x, y: top, ..one };
                    let middle = placed.x + placed.width / 2.0;
                    let bottom = top + placed.height;
                    let edge = placed.x;
                    self.scene.boxes.push(placed);
                    (middle, bottom, edge, middle)
                };
                if nth == 0 && own_norm && normed.is_none() && branch.rows.len() > 1 {
                    normed = Some((out, bottom + 6.0));
                }
                match from {
                    None if nth > 0
                        && !own_norm
                        && let Some((x, y)) = normed =>
                    {
                        // Down the side of what stands between.
                        let (side, over) = (self.left - 10.0, top - 12.0);
                        self.wire(
                            vec![(x, y), (side, y), (side, over), (middle, over), (middle, top)],
                            false,
                            share,
                        );
                    }
                    None if framed => {
                        // Into the middle of the frame from above.
                        let y = top - 12.0;
                        self.wire(vec![(stream, y), (middle, y), (middle, top)], false, share);
                    }
                    None => {
                        let y = top + (bottom - top).min(28.0) / 2.0;
                        self.wire(vec![(stream, y), (edge, y)], false, share);
                    }
                    Some(from) if (from.0 - middle).abs() < 1.0 => self.wire(vec![from, (middle, top)], false, share),
                    Some(from) => {
                        let y = top - 9.0;
                        self.wire(vec![from, (from.0, y), (middle, y), (middle, top)], false, share);
                    }
                }
                from = Some((out, bottom));
                self.y = bottom;
            }
            ends.extend(from);
        }
        // Back to the stream: several are added at once.
        self.y += 18.0;
        let y = self.y;
        let last = ends.len().saturating_sub(1);
        for (nth, (x, bottom)) in ends.into_iter().enumerate() {
            let points = if nth == last {
                vec![(x, bottom), (x, y), (stream + 9.0, y)]
            } else {
                around((x, bottom), self.right + 6.0, (stream + 9.0, y))
            };
            self.wire(points, false, 0.0);
        }
        self.scene.sums.push((stream, y));
        self.scene.wires.push(SceneWire {
            points: vec![(stream, begins), (stream, y - 9.0)],
            arrow: false,
            kind: WireKind::Stream,
            share: 0.0,
        });
        self.y = y + 9.0;
        let Some(norm) = branch.after_sum else { return self.y };
        let Some(place) = places.get(norm) else { return self.y };
        let part = PartId::Block(group, norm);
        let one = self.block_box(part, *place, 200.0);
        self.y += 10.0;
        let placed = SceneBox {
            x: stream - 14.0,
            y: self.y,
            ..one
        };
        self.scene.wires.push(SceneWire {
            points: vec![(stream, y + 9.0), (stream, self.y)],
            arrow: true,
            kind: WireKind::Stream,
            share: 0.0,
        });
        self.y += placed.height;
        self.scene.boxes.push(placed);
        self.y
    }

    /// An open block from the cursor on.
    fn frame_of_block(&mut self, part: PartId, place: Repeated<'_>, left: f64, right: f64) -> Framed {
        let block = place.block;
        let drawing = BlockDrawing::of(block);
        let inner = right - left - 2.0 * self.spacing.block;
        let laid = self.laid(part, block, &drawing, inner);
        let top = self.y;
        let height = HEADING + laid.height + if laid.sums { 10.0 } else { 0.0 };
        let width = (laid.width + 2.0 * self.spacing.block).max(right - left);
        self.right = self.right.max(left + width);
        self.scene.frames.push(SceneFrame {
            part,
            x: left,
            y: top,
            width,
            height,
            title: block.title.to_owned(),
            title_x: left + self.spacing.block_title(),
            figure: self.figure(part),
            layer: false,
            component: largest_component(std::iter::once(block)),
        });
        let (dx, dy) = (left + self.spacing.block, top + HEADING);
        for one in laid.boxes {
            self.scene.boxes.push(SceneBox {
                x: one.x + dx,
                y: one.y + dy,
                ..one
            });
        }
        for wire in laid.wires {
            self.scene.wires.push(SceneWire {
                points: wire.points.iter().map(|(x, y)| (x + dx, y + dy)).collect(),
                ..wire
            });
        }
        for words in laid.words {
            self.scene.words.push(SceneWords {
                x: words.x + dx,
                y: words.y + dy,
                ..words
            });
        }
        if laid.sums {
            self.scene.sums.push((laid.out + dx, top + HEADING + laid.height));
        }
        if !drawing.wires.is_empty() {
            // From the frame's edge past its title, or from below it where it would run through the words.
            let x = laid.enter + dx;
            let figure = left + width - 40.0 - text_width(&self.figure(part), SMALL);
            let crosses =
                x < left + self.spacing.block_title() + text_width(block.title, TITLE) + 4.0 || x > figure - 4.0;
            let begin = if crosses { dy - 5.0 } else { top };
            self.scene.wires.push(SceneWire {
                points: vec![(x, begin), (x, dy)],
                arrow: false,
                kind: WireKind::Flow,
                share: 0.0,
            });
        }
        Framed {
            enter: laid.enter + dx,
            out: laid.out + dx,
            bottom: top + height,
        }
    }

    /// The inside of a block.
    fn laid(&self, part: PartId, block: &Block, drawing: &BlockDrawing, wide: f64) -> Laid {
        let PartId::Block(group, at) = part else {
            return Laid::default();
        };
        // As many as stand beside one another share the room.
        let first = drawing
            .wires
            .iter()
            .filter(|(from, _)| matches!(from, crate::model::flow::Joint::Input))
            .count()
            .clamp(1, self.spacing.abreast);
        let Spacing { gap, least, .. } = *self.spacing;
        let most = ((wide - gap * (first as f64 - 1.0)) / first as f64).clamp(least, 230.0);
        let boxes: Vec<SceneBox> = drawing
            .nodes
            .iter()
            .map(|node| {
                let part = PartId::Piece(group, at, node.piece);
                let mut own = node.operators.iter().filter_map(|at| block.operators.get(*at));
                let routing = own.find_map(Operator::routing);
                let grid = routing
                    .filter(|_| node.look == Look::Experts)
                    .map(|routing| (routing.experts.value, routing.top_k.value));
                let heads = block
                    .operators
                    .iter()
                    .enumerate()
                    .find_map(|(at, one)| match &one.kind {
                        Kind::Attention(attention) if node.operators.contains(&at) => {
                            // What is made from a latent is stored for no head.
                            let stored = if attention.latent.is_some() {
                                0
                            } else {
                                attention.kv_heads.value
                            };
                            Some((attention.heads.value, stored))
                        }
                        _ => None,
                    });
                let kept = matches!(node.piece, Piece::Cache | Piece::State);
                let sinks = self.plan.show == Show::Parameters
                    && node
                        .operators
                        .iter()
                        .filter_map(|at| block.operators.get(*at))
                        .any(|one| one.tensors.iter().any(|tensor| tensor.name.ends_with("sinks")));
                let figure = match (kept, self.figure(part)) {
                    (true, _) => String::new(),
                    (false, figure) if sinks && !figure.is_empty() => format!("{figure} sinks"),
                    (false, figure) => figure,
                };
                let one = SceneBox {
                    part,
                    x: 0.0,
                    y: 0.0,
                    width: 0.0,
                    height: 0.0,
                    title: node.label.clone(),
                    detail: Vec::new(),
                    figure,
                    beside: true,
                    share: self.share(part),
                    look: node.look,
                    component: node.component,
                    grid,
                    heads,
                    opens: false,
                    inset: self.spacing.inset,
                };
                let most = match node.look {
                    // Beside it stand a shared expert and a wire past both.
                    Look::Experts => most.max((wide - least - 3.0 * gap).min(320.0)),
                    Look::Cache | Look::State => most.max(wide.min(190.0)),
                    _ => most,
                };
                sized(one, &shape_words(block, node), most)
            })
            .collect();
        laid(drawing, &boxes, wide, self.spacing)
    }
}

/// Corners of a wire that goes past everything below it, down an edge at the side.
fn around(from: (f64, f64), edge: f64, to: (f64, f64)) -> Vec<(f64, f64)> {
    let over = from.1 + 8.0;
    vec![from, (from.0, over), (edge, over), (edge, to.1), to]
}

/// What a closed block says of itself.
fn closed_words(block: &Block, drawing: &BlockDrawing) -> String {
    if let Some(attention) = drawing.nodes.iter().find(|node| node.look == Look::Attention) {
        return shape_words(block, attention);
    }
    if let Some(experts) = drawing.nodes.iter().find(|node| node.look == Look::Experts) {
        return shape_words(block, experts);
    }
    if let Some(scan) = drawing.nodes.iter().find(|node| node.look == Look::Scan) {
        return shape_words(block, scan);
    }
    let matrices = drawing.nodes.iter().filter(|node| node.look == Look::Matrix).count();
    match drawing.nodes.iter().find(|node| node.look == Look::Matrix) {
        Some(first) if matrices <= 3 => shape_words(block, first),
        _ => format!("{} parts", block.operators.len()),
    }
}
