//! Layers of a kind, or a part of a tower: one box, or a frame with its blocks.

use super::scene::{SceneBox, SceneFrame, SceneWire, WireKind, text_width};
use super::sizes::{SMALL, TITLE, sized};
use super::whole::{HEADING, Pencil, STEP, opens};
use crate::model::blueprint::Repeated;
use crate::model::flow::{BlockDrawing, Group, Look, PartId, branches, group_words, largest_component, shape_words};
use crate::model::operator::{Block, Role};
use crate::units::grouped;

impl Pencil<'_> {
    /// The blocks of an open group one after the other, in its frame; gives where what they made leaves it.
    pub(super) fn chain(
        &mut self,
        group: Group,
        frame: usize,
        (from, top): ((f64, f64), f64),
        detail: &str,
    ) -> (f64, f64) {
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

    pub(super) fn block_on_spine(&mut self, group: Group, at: usize, from: (f64, f64)) -> (f64, f64) {
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
    pub(super) fn block_box(&self, part: PartId, place: Repeated<'_>, most: f64) -> SceneBox {
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
    pub(super) fn group(&mut self, group: Group, from: (f64, f64)) -> (f64, f64) {
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
    pub(super) fn down_to_frame(&mut self, from: (f64, f64), stream: f64, top: f64) {
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
