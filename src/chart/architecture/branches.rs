//! A way from the residual stream and back.

use super::pencil::around;
use super::scene::{SceneBox, SceneWire, WireKind};
use super::whole::{Pencil, opens};
use crate::model::blueprint::Repeated;
use crate::model::flow::{Branch, Group, PartId};

impl Pencil<'_> {
    /// A way from the stream and back. `begins` is where the stream's line was left; gives where it goes on.
    pub(super) fn branch(
        &mut self,
        group: Group,
        places: &[Repeated<'_>],
        branch: &Branch,
        stream: f64,
        begins: f64,
    ) -> f64 {
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
}
