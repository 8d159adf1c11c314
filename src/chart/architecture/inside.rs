//! An open block with what is in it.

use super::block::{Laid, laid};
use super::scene::{SceneBox, SceneFrame, SceneWire, SceneWords, WireKind, text_width};
use super::show::Show;
use super::sizes::{SMALL, TITLE, sized};
use super::spacing::Spacing;
use super::whole::{Framed, HEADING, Pencil};
use crate::model::blueprint::Repeated;
use crate::model::flow::{BlockDrawing, Look, PartId, Piece, largest_component, shape_words};
use crate::model::operator::{Block, Kind, Operator};

impl Pencil<'_> {
    /// An open block from the cursor on.
    pub(super) fn frame_of_block(&mut self, part: PartId, place: Repeated<'_>, left: f64, right: f64) -> Framed {
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
    pub(super) fn laid(&self, part: PartId, block: &Block, drawing: &BlockDrawing, wide: f64) -> Laid {
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
