//! What comes in: words, and what towers make of images and sound.

use super::pencil::around;
use super::whole::{Pencil, attends_to_towers};
use crate::model::Component;
use crate::model::flow::{Group, PartId, largest_component};

impl Pencil<'_> {
    /// What comes in: the words, and what towers make of images and sound. Gives the point the stream leaves from.
    pub(super) fn inputs(&mut self) -> (f64, f64) {
        let blueprint = self.plan.blueprint;
        let apart = blueprint.senses.apart();
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
                _ if apart => "similarity",
                _ => "input of the encoder",
            };
            let middle = self.middle();
            self.words(middle, self.y + 10.0, name, true, false);
            let mut from = (middle, self.y + 16.0);
            self.y += 16.0;
            for at in towers {
                from = self.group(Group::Tower(*at), from);
            }
            if apart {
                if *component != Component::Encoder {
                    self.words(
                        middle,
                        self.y + 16.0,
                        "compared with what the text becomes",
                        true,
                        false,
                    );
                    self.y += 24.0;
                }
            } else if *component == Component::Encoder {
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
}
