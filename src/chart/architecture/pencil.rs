//! Draws with a cursor that moves down: words, wires, boxes on the spine.

use super::scene::{SceneBox, SceneWire, SceneWords, WireKind, wrapped};
use super::sizes::SMALL;
use super::whole::{Pencil, STEP};
use crate::analysis::anatomy::PartFigures;
use crate::model::flow::{Group, PartId};

impl Pencil<'_> {
    pub(super) fn middle(&self) -> f64 {
        f64::midpoint(self.left, self.right)
    }
    pub(super) fn figures(&self, part: PartId) -> PartFigures {
        self.plan.anatomy.figures(self.plan.blueprint, part)
    }
    pub(super) fn share(&self, part: PartId) -> f64 {
        let all = self.plan.show.of(&self.figures(PartId::Model));
        if all > 0.0 {
            self.plan.show.of(&self.figures(part)) / all
        } else {
            0.0
        }
    }
    /// What a part has of what is shown, in one of its layers.
    pub(super) fn figure(&self, part: PartId) -> String {
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
    pub(super) fn words(&mut self, x: f64, y: f64, text: &str, centred: bool, strong: bool) {
        self.scene.words.push(SceneWords {
            x,
            y,
            text: text.to_owned(),
            centred,
            strong,
        });
    }
    pub(super) fn wire(&mut self, points: Vec<(f64, f64)>, stream: bool, share: f64) {
        self.scene.wires.push(SceneWire {
            points,
            arrow: true,
            kind: if stream { WireKind::Stream } else { WireKind::Flow },
            share,
        });
    }
    /// A box on the spine, with a wire from above; gives where the stream leaves it.
    pub(super) fn place(&mut self, one: SceneBox, from: (f64, f64)) -> (f64, f64) {
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
    pub(super) fn down_to(&mut self, from: (f64, f64), to: (f64, f64), share: f64) {
        let points = if (from.0 - to.0).abs() < 1.0 {
            vec![from, to]
        } else {
            let y = to.1 - STEP / 2.0;
            vec![from, (from.0, y), (to.0, y), to]
        };
        self.wire(points, true, share);
    }

    /// Says beside the stream that layers take turns; gives the point of the stream that the way back leads to.
    pub(super) fn turns_begin(&mut self, group: Group, from: (f64, f64)) -> (f64, f64) {
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
    pub(super) fn again(&mut self, begin: (f64, f64), end: (f64, f64)) {
        let (side, below) = (self.left - 7.0, end.1 + 7.0);
        self.scene.wires.push(SceneWire {
            points: vec![(end.0, below), (side, below), (side, begin.1), (begin.0 - 2.0, begin.1)],
            arrow: true,
            kind: WireKind::Again,
            share: 0.0,
        });
    }
}

/// Corners of a wire that goes past everything below it, down an edge at the side.
pub(super) fn around(from: (f64, f64), edge: f64, to: (f64, f64)) -> Vec<(f64, f64)> {
    let over = from.1 + 8.0;
    vec![from, (from.0, over), (edge, over), (edge, to.1), to]
}
