//! How many rows each part of a tower sees of one image, video or clip.

use crate::units::Quantity;

/// What a tower sees of one image, video or clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Crops of an image, or pairs of frames of a video: what the tower reads one by one.
    pub crops: u64,
    /// Extent of patches of each; of sound its positions.
    pub rows: u64,
    /// Columns of patches of each; one of sound.
    pub columns: u64,
    /// Tokens of the prompt that it becomes.
    pub tokens: u64,
    /// Of those the marks that no tower makes.
    pub marks: u64,
    /// A small whole image beside the crops where it is of another size: rows and columns of its patches, its
    /// tokens and the marks among them.
    pub beside: Option<[u64; 4]>,
    /// Of sound the frames of its spectrum.
    pub frames: u64,
    /// Of sound the frames that are convolved by themselves; all together where there are none.
    pub chunk: u64,
}

impl Glance {
    /// An image of one crop.
    pub const fn whole(rows: u64, columns: u64, tokens: u64) -> Self {
        Self {
            crops: 1,
            rows,
            columns,
            tokens,
            marks: 0,
            beside: None,
            frames: 0,
            chunk: 0,
        }
    }
    /// Frames that are left after so many strides of 2, each rounded up.
    pub fn frames_after(&self, strides: u32) -> u64 {
        let left = |frames: u64| (0..strides).fold(frames, |frames, _| frames.div_ceil(2));
        match self.chunk {
            0 => left(self.frames),
            chunk => {
                let whole = (self.frames / chunk).saturating_mul(left(chunk));
                whole.saturating_add(left(self.frames % chunk))
            }
        }
    }
    /// Patches of each crop.
    pub const fn patches(&self) -> u64 {
        self.rows.saturating_mul(self.columns)
    }
}

/// Which rows a part of a tower runs over.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// None: it holds tables only, or takes no part in reading.
    Still,
    /// Every patch of a crop.
    Patches,
    /// Every patch of a crop, and so many marks beside them.
    Plus(Quantity),
    /// Squares of patches joined, so many on each side.
    Squares(Quantity),
    /// Windows of so many patches on each side, the last ones filled up.
    Windows(Quantity),
    /// So many rows a crop, whatever its size.
    Each(Quantity),
    /// So many rows for each position: before frames of sound are joined.
    Times(Quantity),
    /// Frames of sound after so many strides of 2, each with so many bins.
    Frames {
        /// Strides before it.
        strides: u32,
        /// Bins that are left of each.
        bins: u64,
    },
    /// All crops of an image in one sequence, each with one mark and filled up to a multiple of so many.
    Together(Quantity),
    /// The tokens that it becomes, but for marks.
    Tokens,
    /// So many patches gathered for each of those tokens.
    Gathered(Quantity),
}

/// Extent of a stage for one image, video or clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Sequences that do not see each other.
    pub sequences: u64,
    /// Extent of each.
    pub rows: u64,
    /// The same as rows and columns, for windows over the plane.
    pub plane: (u64, u64),
}

impl Stage {
    /// The rows of this stage.
    pub fn of(&self, seen: &Glance) -> Extent {
        let line = |sequences: u64, rows: u64| Extent {
            sequences,
            rows,
            plane: (rows, 1),
        };
        let plane = |rows: u64, columns: u64| Extent {
            sequences: seen.crops,
            rows: rows.saturating_mul(columns),
            plane: (rows, columns),
        };
        let up = |count: u64, side: &Quantity| count.div_ceil(side.value.max(1));
        match self {
            Self::Still => line(0, 0),
            Self::Patches => plane(seen.rows, seen.columns),
            Self::Plus(marks) => line(seen.crops, seen.patches().saturating_add(marks.value)),
            Self::Squares(side) => plane(up(seen.rows, side), up(seen.columns, side)),
            Self::Windows(side) => {
                let windows = up(seen.rows, side).saturating_mul(up(seen.columns, side));
                let each = side.value.saturating_mul(side.value);
                line(seen.crops.saturating_mul(windows), each)
            }
            Self::Each(rows) => line(seen.crops, rows.value),
            Self::Times(times) => plane(seen.rows.saturating_mul(times.value), seen.columns),
            Self::Frames { strides, bins } => line(seen.crops, seen.frames_after(*strides).saturating_mul(*bins)),
            Self::Together(multiple) => {
                let each = up(seen.patches().saturating_add(1), multiple).saturating_mul(multiple.value);
                line(1, each.saturating_mul(seen.crops))
            }
            Self::Tokens => line(1, seen.tokens.saturating_sub(seen.marks)),
            Self::Gathered(many) => line(1, seen.tokens.saturating_sub(seen.marks).saturating_mul(many.value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(value: u64) -> Quantity {
        Quantity::architecture("count", value, "a test")
    }

    /// SAM's 64 × 64 patches in windows of 14 are 5 × 5 windows (segment_anything `window_partition`); Llama 3.2's four
    /// tiles of 1,601 rows are filled up to 1,608 each (transformers `MllamaVisionModel`).
    #[test]
    fn stages_of_known_towers() {
        let sam = Glance::whole(64, 64, 256);
        assert_eq!(Stage::Windows(fixed(14)).of(&sam).sequences, 25);
        assert_eq!(Stage::Windows(fixed(14)).of(&sam).rows, 196);
        let llama = Glance {
            crops: 4,
            ..Glance::whole(40, 40, 1)
        };
        assert_eq!(Stage::Together(fixed(8)).of(&llama).rows, 4 * 1608);
        assert_eq!(Stage::Squares(fixed(2)).of(&llama).rows, 400);
        assert_eq!(Stage::Still.of(&llama).sequences, 0);
    }
}
