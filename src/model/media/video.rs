//! What a video becomes: frames are taken from it so many times a second, and joined in time where the tower does so.
//! Sources: the named class in transformers 5.23.

use super::image::ImageRule;
use super::pieces::between;
use super::stage::Glance;

/// How a video is laid out before the tower reads it. Words that name times are not counted.
#[derive(Clone, Debug, PartialEq)]
pub enum VideoRule {
    /// So many frames joined in time; sides rounded to a unit, pixels between bounds (Qwen-VL, GLM-V).
    Joined {
        /// Frames that are joined.
        frames: u64,
        /// Fewest and most frames.
        between: [u64; 2],
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Fewest and most pixels: of a frame, or of all frames together.
        pixels: [u64; 2],
        /// Whether the bounds are those of all frames together.
        together: bool,
    },
    /// Each frame as an image of one size, with its own number of tokens.
    Frames {
        /// As what a frame is read.
        each: ImageRule,
        /// Tokens of a frame, where there are fewer than of an image.
        tokens: Option<u64>,
        /// Marks of the whole video.
        marks: u64,
        /// So many frames, however long it is.
        exactly: Option<u64>,
    },
}

/// What becomes of a video of so many seconds; none where the class refuses its size.
pub(super) fn see(rule: &VideoRule, width: u64, height: u64, seconds: u64, rate: u64) -> Option<Glance> {
    let taken = seconds.saturating_mul(rate).max(1);
    match *rule {
        VideoRule::Joined {
            frames,
            between: [few, many],
            patch,
            merge,
            pixels: [least, most],
            together,
        } => {
            let joined = frames.max(1);
            let taken = (taken.clamp(few, many) / joined).max(1).saturating_mul(joined);
            let share = if together { taken } else { 1 };
            let unit = patch.saturating_mul(merge);
            let (high, wide) = between((width.max(1), height.max(1)), unit, least.div_ceil(share), most / share)?;
            let (rows, columns) = (high / patch, wide / patch);
            let crops = taken / joined;
            let each = (rows / merge).saturating_mul(columns / merge);
            let tokens = crops.saturating_mul(each);
            Some(Glance {
                crops,
                ..Glance::whole(rows, columns, tokens)
            })
        }
        VideoRule::Frames {
            ref each,
            tokens,
            marks,
            exactly,
        } => {
            let taken = exactly.unwrap_or(taken);
            let one = super::pieces::see(each, width, height)?;
            let of_frame = tokens.unwrap_or(one.tokens);
            Some(Glance {
                crops: one.crops.saturating_mul(taken),
                tokens: of_frame.saturating_mul(taken).saturating_add(marks),
                marks: one.marks.saturating_mul(taken).saturating_add(marks),
                // No frame is shown whole beside its crops.
                beside: None,
                ..one
            })
        }
    }
}
