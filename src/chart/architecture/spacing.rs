//! Room around and between boxes: of a page, and of a phone, where every pixel holds words.

/// What a box needs beside its words, in insets: one at the left, half a one at the right.
pub const INSIDE: f64 = 1.5;

/// Distances of a drawing, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// Left edge of the rail and its width.
    pub rail: (f64, f64),
    /// Left edge of what is right of the rail.
    pub left: f64,
    /// Right of everything.
    pub edge: f64,
    /// From a layer's frame to the residual stream.
    pub stream: f64,
    /// From the stream to what branches off it.
    pub branch: f64,
    /// From a layer's frame to the blocks in it, at the right.
    pub side: f64,
    /// From a block's frame to the boxes in it.
    pub block: f64,
    /// Between boxes of a row.
    pub gap: f64,
    /// From a box to the words in it, at the left; half of it at the right.
    pub inset: f64,
    /// Narrowest box that shares its row.
    pub least: f64,
    /// More boxes than these in a row make a drawing too wide to read.
    pub abreast: usize,
}

const PAGE: Spacing = Spacing {
    rail: (8.0, 22.0),
    left: 76.0,
    edge: 8.0,
    stream: 22.0,
    branch: 26.0,
    side: 12.0,
    block: 12.0,
    gap: 14.0,
    inset: 16.0,
    least: 96.0,
    abreast: 4,
};

const PHONE: Spacing = Spacing {
    rail: (0.0, 8.0),
    left: 20.0,
    edge: 1.0,
    stream: 12.0,
    branch: 14.0,
    side: 3.0,
    block: 5.0,
    gap: 7.0,
    inset: 12.0,
    least: 74.0,
    abreast: 3,
};

impl Spacing {
    /// Of a drawing that has so much room.
    pub fn of(width: f64) -> &'static Self {
        if width < 560.0 { &PHONE } else { &PAGE }
    }
    /// From the edge of a layer's frame to its title: right of the stream.
    pub fn layer_title(&self) -> f64 {
        self.stream + self.inset
    }
    /// From the edge of a block's frame to its title.
    pub fn block_title(&self) -> f64 {
        self.block + 2.0
    }
}
