//! What a drawing of a model is made of, in CSS pixels: boxes, frames, wires, words. Any page or file can draw it.

use crate::model::Component;
use crate::model::flow::{Look, PartId};

/// A part as a box.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneBox {
    /// Which part.
    pub part: PartId,
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Its name.
    pub title: String,
    /// Its shape, in lines that fit.
    pub detail: Vec<String>,
    /// What it weighs in what is shown: `58.7 M`; empty where it has nothing of it.
    pub figure: String,
    /// Whether the figure stands on the line of the name, or on one of its own.
    pub beside: bool,
    /// Its share of the whole model, 0 to 1.
    pub share: f64,
    /// How it looks.
    pub look: Look,
    /// Its colour.
    pub component: Option<Component>,
    /// Experts drawn as a grid: how many, and how many of them a token uses.
    pub grid: Option<(u64, u64)>,
    /// Heads drawn with those that share a head of keys and values together: how many of both.
    pub heads: Option<(u64, u64)>,
    /// Whether it opens in place.
    pub opens: bool,
    /// From its left edge to its words; half of it is free at the right.
    pub inset: f64,
}

/// A part that is open: a frame around what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneFrame {
    /// Which part.
    pub part: PartId,
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Its name.
    pub title: String,
    /// Where its name begins.
    pub title_x: f64,
    /// What it weighs.
    pub figure: String,
    /// Whether it is a layer, which is filled, or a block, which has a broken line.
    pub layer: bool,
    /// Its colour.
    pub component: Option<Component>,
}

/// What a line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireKind {
    /// What one part gives to the next.
    Flow,
    /// The residual stream.
    Stream,
    /// The way back to the first of the kinds of layers that take turns.
    Again,
}

/// A line from one thing to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneWire {
    /// Corners.
    pub points: Vec<(f64, f64)>,
    /// Whether it ends in an arrow.
    pub arrow: bool,
    /// What it is.
    pub kind: WireKind,
    /// Share of the part it leads to, 0 to 1.
    pub share: f64,
}

/// Words that belong to no box.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneWords {
    /// Where they begin, or their middle.
    pub x: f64,
    /// Their base line.
    pub y: f64,
    /// What they say.
    pub text: String,
    /// Whether `x` is their middle.
    pub centred: bool,
    /// Whether they are a heading.
    pub strong: bool,
}

/// A run of layers on the depth rail.
#[derive(Clone, Debug, PartialEq)]
pub struct RailCell {
    /// Which kind they are of.
    pub part: PartId,
    /// The first of them, counted from 1.
    pub first: u64,
    /// How many.
    pub layers: u64,
    /// Upper edge.
    pub y: f64,
    /// Height.
    pub height: f64,
    /// Colour of the kind's largest component.
    pub component: Option<Component>,
    /// Kinds that share a colour differ in strength, 0 to 1.
    pub strength: f64,
}

/// The whole drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Frames, outer ones first.
    pub frames: Vec<SceneFrame>,
    /// Wires, below the boxes.
    pub wires: Vec<SceneWire>,
    /// Boxes in reading order.
    pub boxes: Vec<SceneBox>,
    /// Where branches are added to the stream.
    pub sums: Vec<(f64, f64)>,
    /// Words.
    pub words: Vec<SceneWords>,
    /// Left edge and width of the rail.
    pub rail_at: (f64, f64),
    /// The depth rail.
    pub rail: Vec<RailCell>,
}

/// About as wide as Inter writes it: what is laid out must not need a browser to measure.
pub fn text_width(text: &str, size: f64) -> f64 {
    let widths = text.chars().map(|letter| match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.3,
        't' | 'f' | 'r' | ' ' | '(' | ')' | '[' | ']' | '-' | '·' => 0.38,
        'm' | 'w' | 'M' | 'W' | '→' | '%' | '…' => 0.92,
        'A'..='Z' | '×' => 0.7,
        '0'..='9' => 0.64,
        _ => 0.58,
    });
    // A little more, for fonts that stand in for it.
    widths.sum::<f64>() * size * 1.06
}

/// Lines that are no wider than this, broken between words; a word that is wider stands alone.
pub fn wrapped(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
