//! What a request holds beside text: images, a video, sound; what towers see of it and how many tokens it becomes.

use super::error::AnalysisError;
use crate::model::blueprint::{Blueprint, Repeated};
use crate::model::media::{Extent, Glance, Stage};
use crate::model::operator::{Block, Input};
use crate::model::{Component, Notice};
use crate::scenario::Workload;
use crate::units::{Quantity, counted, grouped};

/// An image in one piece, beside crops of another size.
pub(super) const WHOLE: &str = "whole image beside its crops";

/// One kind of what a request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The tower that reads it: vision or audio.
    pub tower: Component,
    /// What it is, one of it: `image`.
    pub what: &'static str,
    /// How many of it a request holds.
    pub count: u64,
    /// What the tower sees of one, and what it becomes.
    pub each: Glance,
}

impl Seen {
    /// Tokens of all of it.
    pub const fn tokens(&self) -> u64 {
        self.count.saturating_mul(self.each.tokens)
    }
    /// In words: `3 images: 3 × 1,035 tokens`.
    pub fn words(&self) -> String {
        let (each, many) = (counted(self.each.tokens, "token"), grouped(self.count));
        match (self.what, self.count) {
            ("image", 1) => format!("1 image: {each}"),
            ("image", _) => format!("{many} images: {many} × {each}"),
            (WHOLE, count) if count > 1 => format!("whole images beside their crops: {many} × {each}"),
            (what, _) => format!("the {what}: {each}"),
        }
    }
    /// Rows of a stage: sequences of a request, rows of each.
    pub(super) fn extent(&self, stage: &Stage) -> (Quantity, Quantity, Extent) {
        let extent = stage.of(&self.each);
        let many = Quantity::choice("images", self.count, "Workload");
        let each = Quantity::assumed("crops of one", extent.sequences, "as the class's processor cuts it");
        let sequences = Quantity::product("crops", &[&many, &each]);
        let rows = Quantity::assumed(
            "rows",
            extent.rows,
            "patches or frames, as the class's processor lays them out",
        );
        (sequences, rows, extent)
    }
}

/// All that a request holds beside text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// Kinds of it; none of what the model does not read.
    pub seen: Vec<Seen>,
    /// Whether only a mark stands in the prompt for each: layers attend to what the tower made.
    pub across: bool,
    /// Of an encoder of images or sound alone: the tokens of each, whatever the prompt is said to be.
    pub alone: Option<u64>,
}

impl Media {
    /// What a workload holds for a model. Nothing in training.
    ///
    /// # Errors
    /// A tower whose rule is not known, or a size that its class refuses.
    pub fn of(blueprint: &Blueprint, workload: &Workload) -> Result<Self, AnalysisError> {
        let mut seen = Vec::new();
        if workload.mode.trains() {
            return Ok(Self::default());
        }
        let senses = &blueprint.senses;
        let (width, height) = workload.image_size;
        let mut see = |asked: u64,
                       tower: Component,
                       what: &'static str,
                       count: u64,
                       each: Option<Option<Glance>>|
         -> Result<(), AnalysisError> {
            if asked == 0 || !reads(blueprint, tower) {
                return Ok(());
            }
            let each = each.ok_or_else(|| AnalysisError::Media(unknown(blueprint, what)))?;
            let each = each.ok_or_else(|| AnalysisError::Media(refused(width, height)))?;
            let mut push = |what, each| {
                seen.push(Seen {
                    tower,
                    what,
                    count,
                    each,
                });
            };
            push(what, each);
            if let Some([rows, columns, tokens, marks]) = each.beside {
                let whole = Glance::whole(rows, columns, tokens);
                push(WHOLE, Glance { marks, ..whole });
            }
            Ok(())
        };
        let image = senses.images.as_ref().map(|rule| rule.see(width, height));
        see(workload.images, Component::Vision, "image", workload.images, image)?;
        let (seconds, rate) = (workload.video_seconds, workload.video_rate);
        let video = senses
            .videos
            .as_ref()
            .map(|rule| rule.see(width, height, seconds, rate));
        see(seconds, Component::Vision, "video", 1, video)?;
        let sound = senses.sound.as_ref().map(|rule| rule.see(workload.audio_seconds));
        see(workload.audio_seconds, Component::Audio, "sound", 1, sound)?;
        let alone = match &senses.alone {
            None => None,
            Some((rule, marks)) => {
                let seen = rule.see(width, height);
                let seen = seen.ok_or_else(|| AnalysisError::Media(refused(width, height)))?;
                Some(seen.patches().saturating_add(*marks).max(1))
            }
        };
        Ok(Self {
            seen,
            across: senses.across,
            alone,
        })
    }
    /// Tokens that it adds to the prompt.
    pub fn tokens(&self) -> u64 {
        let all = self.seen.iter().map(Seen::tokens);
        all.fold(0, u64::saturating_add)
    }
    /// Rows that layers attend to instead: those of the tower's last part.
    pub fn states(&self) -> u64 {
        let each = |seen: &Seen| {
            let crops = seen.count.saturating_mul(seen.each.crops);
            crops.saturating_mul(seen.each.patches().saturating_add(1))
        };
        if self.across {
            self.seen.iter().map(each).fold(0, u64::saturating_add)
        } else {
            0
        }
    }
    /// What of it a block reads; nothing for blocks over text.
    pub fn of_block<'a>(&'a self, block: &'a Block) -> impl Iterator<Item = (&'a Seen, &'a Stage)> {
        let stage = match &block.input {
            Input::Tower(stage) if *stage != Stage::Still => Some(stage),
            _ => None,
        };
        let tower = block.operators.first().map(|operator| operator.component);
        let mine = self.seen.iter().filter(move |seen| Some(seen.tower) == tower);
        mine.filter_map(move |seen| stage.map(|stage| (seen, stage)))
    }
    /// Whether a block has nothing to run over.
    pub fn leaves_idle(&self, block: &Block) -> bool {
        match &block.input {
            Input::Tower(_) => self.of_block(block).next().is_none(),
            Input::TextBesideImages => self.states() == 0,
            Input::Text | Input::Encoder => false,
        }
    }
    /// The same of a block in its place.
    pub fn leaves_place_idle(&self, place: &Repeated<'_>) -> bool {
        self.leaves_idle(place.block)
    }
    /// Whether any of it is for a tower.
    pub fn needs(&self, tower: Component) -> bool {
        self.seen.iter().any(|seen| seen.tower == tower)
    }
    /// In words: `3 images: 3 × 1,035 tokens`; nothing where there is nothing.
    pub fn words(&self) -> Option<String> {
        let each: Vec<String> = self.seen.iter().map(Seen::words).collect();
        (!each.is_empty()).then(|| each.join("; "))
    }
    /// What a prompt holds beside text, in words: ` (with 3 images, a video and sound)`.
    pub fn with(&self) -> Option<String> {
        let each = self.seen.iter().map(|seen| match (seen.what, seen.count) {
            ("image", 1) => "an image".to_owned(),
            ("image", many) => format!("{} images", grouped(many)),
            ("video", _) => "a video".to_owned(),
            (what, _) => what.to_owned(),
        });
        let each: Vec<String> = each.collect();
        let (last, before) = each.split_last()?;
        Some(match before {
            [] => format!(" (with {last})"),
            some => format!(" (with {} and {last})", some.join(", ")),
        })
    }
    /// What is said of it.
    pub(super) fn notices(&self, blueprint: &Blueprint, workload: &Workload) -> Vec<Notice> {
        let mut all = Vec::new();
        if let Some(rows) = self.alone {
            let text = format!(
                "It reads no text: each of a batch is {} tokens, patches and marks, whatever the prompt is.",
                grouped(rows)
            );
            all.push(Notice::new("reads_no_text", text));
        }
        if let Some(words) = self.words() {
            let text = if self.across {
                format!(
                    "{words}; layers attend to {} rows that the tower makes.",
                    grouped(self.states())
                )
            } else {
                format!("{words}, added to the prompt, as the default of its class's processor makes them.")
            };
            all.push(Notice::new("media", text));
        }
        let asked = [
            (workload.images, Component::Vision, "images"),
            (workload.video_seconds, Component::Vision, "video"),
            (workload.audio_seconds, Component::Audio, "sound"),
        ];
        for (asked, tower, what) in asked {
            if asked > 0 && !workload.mode.trains() && !reads(blueprint, tower) {
                all.push(Notice::new(
                    "media_not_read",
                    format!("This model has no tower for {what}: {what} are left out."),
                ));
            }
        }
        all
    }
}

/// Whether a model has a tower of a kind.
fn reads(blueprint: &Blueprint, tower: Component) -> bool {
    let towers = blueprint.towers.iter().flat_map(|tower| &tower.blocks);
    towers
        .flat_map(|block| &block.operators)
        .any(|one| one.component == tower)
}

fn unknown(blueprint: &Blueprint, what: &'static str) -> String {
    format!(
        "How many tokens {} becomes for {} is not known here; ask without it.",
        match what {
            "image" => "an image",
            "video" => "a video",
            _ => "sound",
        },
        blueprint.family
    )
}

fn refused(width: u64, height: u64) -> String {
    format!("The model's class refuses images of {width} × {height} pixels: one side is too long for the other.")
}
