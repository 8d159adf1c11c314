//! The rules by which processors lay images out. Sources: the named class in transformers 5.23.

/// How an image is laid out before the tower reads it. All sizes are in pixels unless they are called patches.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageRule {
    /// Brought to one size whatever its own: so many rows and columns of patches, so many tokens.
    Fixed {
        /// Rows of patches.
        rows: u64,
        /// Columns of patches.
        columns: u64,
        /// Tokens.
        tokens: u64,
    },
    /// Sides rounded to a unit and scaled until so many pixels are between the bounds (`smart_resize` of Qwen2-VL).
    Pixels {
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Fewest pixels.
        least: u64,
        /// Most pixels.
        most: u64,
        /// Marks before and after.
        marks: u64,
        /// Whether a mark ends each row of tokens.
        ends: bool,
    },
    /// Shrunk until its longer side fits, one token for each joined patch (Pixtral).
    LongestSide {
        /// Most height and width.
        sides: [u64; 2],
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Whether a mark ends each row of tokens.
        ends: bool,
    },
    /// Cut into tiles whose arrangement has the nearest ratio, with a small whole image beside them (InternVL).
    Tiles {
        /// Side of a tile.
        side: u64,
        /// Patches on a tile's side.
        patches: u64,
        /// Most tiles, the whole image not counted.
        most: u64,
        /// Most tiles in a row or column.
        across: u64,
        /// Whether the arrangement is the one that scales least, instead of the one with the nearest ratio.
        by_scale: bool,
        /// Tokens of a tile.
        tokens: u64,
        /// Marks of each tile, of each row of tiles, and of the image.
        marks: [u64; 3],
        /// Whether every image takes the room of all tiles (Llama 3.2).
        filled: bool,
    },
    /// Cut by the best of some resolutions, with a small whole image; what was padding is dropped (LLaVA-NeXT).
    Resolutions {
        /// Height and width of each.
        all: Vec<(u64, u64)>,
        /// Side of a crop.
        side: u64,
        /// Patches on a crop's side.
        patches: u64,
        /// Crops whose patches are kept at most; more are scaled down (`anyres_max_9`).
        most: Option<u64>,
        /// Whether the tower's first token is a mark that is dropped.
        marked: bool,
    },
    /// Stretched to so many tiles on the longer side, cut, with a small whole image (Idefics 3).
    Splits {
        /// Side of a tile.
        side: u64,
        /// Tiles on the longer side.
        most: u64,
        /// Patches on a tile's side.
        patches: u64,
        /// Tokens of a tile.
        tokens: u64,
    },
    /// Scaled to as many patches as there is room for, pooled by squares (Gemma 4).
    Filled {
        /// Side of a patch.
        patch: u64,
        /// Patches that are pooled on each side.
        pool: u64,
        /// Most tokens; the tower runs over all of their patches.
        tokens: u64,
    },
    /// As many tiles as cover it, or the arrangement with the nearest ratio where those are too many; patches over padding
    /// become no tokens; one mark for each row, sixteen and one for the small whole image (Phi-4-multimodal).
    Covered {
        /// Side of a tile.
        side: u64,
        /// Side of a patch.
        patch: u64,
        /// Most tiles.
        most: u64,
    },
    /// In one piece where it has few pixels, else in tiles with a small whole image, each filled up to the same patches (LFM2-VL).
    TilesOrWhole {
        /// Side of a tile.
        side: u64,
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Fewest and most tiles.
        tiles: [u64; 2],
        /// Fewest and most tokens of one piece.
        tokens: [u64; 2],
    },
    /// Shrunk until its longer side fits and enlarged until its shorter one does; read into so many latents (Idefics 2).
    Latents {
        /// Shortest and longest side.
        sides: [u64; 2],
        /// Side of a patch.
        patch: u64,
        /// Latents.
        tokens: u64,
    },
    /// Crops that overlap, as many as scale it least, pooled where they show the same only once, beside a whole image of a
    /// crop's size; a mark before and after each and at the end of each row (Molmo 2).
    Overlapped {
        /// Patches on a crop's side.
        patches: u64,
        /// Patches that two neighbours share.
        shared: u64,
        /// Side of a patch.
        patch: u64,
        /// Patches that are pooled on each side.
        pool: u64,
        /// Most crops, the whole image not counted.
        most: u64,
    },
    /// Cut into slices nearest to its ratio, each of about a square's pixels, beside a whole image of as many (MiniCPM-V).
    Slices {
        /// Side of the square.
        side: u64,
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Most slices.
        most: u64,
    },
    /// Rounded up to whole patches, scaled until there are so many between the bounds (Nemotron Omni).
    Bounded {
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Fewest and most patches.
        bounds: [u64; 2],
    },
    /// Each side rounded up to whole tokens; scaled where there are too few or too many of them (GLM-5.3 Flash, Inkling and Inkling 2).
    Aligned {
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Fewest and most tokens.
        bounds: [u64; 2],
        /// Marks beside it.
        marks: u64,
        /// Whether a width of whole tokens gets one more column (Inkling).
        beyond: bool,
    },
    /// The grid of tokens nearest to its ratio, so many at most (Muse).
    Nearest {
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Most tokens.
        most: u64,
    },
    /// Square windows over it, each brought to a crop's size, beside a larger whole image (Step 3.7).
    Windows {
        /// Longest side that is cut.
        most: u64,
        /// Side of the whole image and of a crop.
        sides: [u64; 2],
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
    },
    /// Kept at its own size, shrunk only where it has too many patches (MoonViT).
    Native {
        /// Side of a patch.
        patch: u64,
        /// Patches that are joined on each side.
        merge: u64,
        /// Most patches.
        most: u64,
        /// Most patches on a side.
        side: u64,
    },
}
