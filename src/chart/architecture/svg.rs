//! The drawing as a file of its own.

use std::fmt::Write as _;

use super::scene::{Scene, SceneBox, WireKind};
use super::sizes::{SMALL, TITLE, grid_columns, head_squares};
use super::spacing::INSIDE;
use crate::chart::{Caption, Theme};
use crate::export::escape;
use crate::model::flow::Look;
use plotters::style::RGBColor;

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A path through corners that are rounded.
pub fn rounded(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| points.get(at));
        let after = points.get(at + 1);
        match (before, after) {
            (None, _) => {
                let _ = write!(out, "M{x:.1} {y:.1}");
            }
            (Some(_), None) => {
                let _ = write!(out, "L{x:.1} {y:.1}");
            }
            (Some(before), Some(after)) => {
                let toward = |other: &(f64, f64)| {
                    let (dx, dy) = (other.0 - x, other.1 - y);
                    let length = dx.hypot(dy).max(1e-6);
                    let step = 6.0_f64.min(length / 2.0);
                    (x + dx / length * step, y + dy / length * step)
                };
                let (from, to) = (toward(before), toward(after));
                let _ = write!(
                    out,
                    "L{:.1} {:.1}Q{x:.1} {y:.1} {:.1} {:.1}",
                    from.0, from.1, to.0, to.1
                );
            }
        }
    }
    out
}

/// Room above and below the drawing for the words around it.
const ROOM: (f64, f64) = (56.0, 56.0);

/// Width and height of the file in CSS pixels.
pub fn size(scene: &Scene) -> (f64, f64) {
    (scene.width + 24.0, scene.height + ROOM.0 + ROOM.1)
}

/// The whole file.
pub fn svg(scene: &Scene, theme: Theme, caption: &Caption) -> String {
    let colour = |name: &str| hex(theme.colour(name));
    let head = ROOM.0;
    let (width, height) = size(scene);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"Inter, system-ui, sans-serif\"><defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"{}\"/></marker></defs>\
         <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>",
        colour("faint"),
        colour("card"),
    );
    let write = |out: &mut String, x: f64, y: f64, size: f64, words: &str, fill: &str, more: &str| {
        let _ = write!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{fill}\"{more}>{}</text>",
            escape(words)
        );
    };
    let bold = " font-weight=\"600\"";
    write(&mut out, 20.0, 32.0, 17.0, &caption.title, &colour("ink"), bold);
    for (line, y) in [(&caption.source, height - 32.0), (&caption.link, height - 14.0)] {
        write(&mut out, 20.0, y, 11.0, line, &colour("faint"), "");
    }
    let _ = write!(out, "<g transform=\"translate(12 {head})\">");
    for frame in &scene.frames {
        let (fill, dash) = if frame.layer {
            (colour("sunken"), "")
        } else {
            ("none".to_owned(), " stroke-dasharray=\"4 4\"")
        };
        let _ = write!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"10\" fill=\"{fill}\" stroke=\"{}\"{dash}/>",
            frame.x,
            frame.y,
            frame.width,
            frame.height,
            colour("rule-strong"),
        );
        write(
            &mut out,
            frame.title_x,
            frame.y + 20.0,
            13.0,
            &frame.title,
            &colour("ink"),
            bold,
        );
        let end = " text-anchor=\"end\"";
        write(
            &mut out,
            frame.x + frame.width - 14.0,
            frame.y + 20.0,
            SMALL,
            &frame.figure,
            &colour("soft"),
            end,
        );
    }
    for wire in &scene.wires {
        let arrow = if wire.arrow { " marker-end=\"url(#a)\"" } else { "" };
        let (ink, thick, dash) = match wire.kind {
            WireKind::Stream => ("soft", 2.0, ""),
            WireKind::Flow => ("faint", 1.4, ""),
            WireKind::Again => ("faint", 1.4, " stroke-dasharray=\"5 4\""),
        };
        let _ = write!(
            out,
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{thick}\"{dash}{arrow}/>",
            rounded(&wire.points),
            colour(ink),
        );
    }
    for (x, y) in &scene.sums {
        let _ = write!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\" fill=\"{}\" stroke=\"{ink}\" stroke-width=\"1.5\"/>\
             <path d=\"M{:.1} {y:.1}h9M{x:.1} {:.1}v9\" stroke=\"{ink}\" stroke-width=\"1.5\"/>",
            colour("card"),
            x - 4.5,
            y - 4.5,
            ink = colour("ink"),
        );
    }
    for one in &scene.boxes {
        boxed(&mut out, one, theme, &write);
    }
    for words in &scene.words {
        let anchor = if words.centred { " text-anchor=\"middle\"" } else { "" };
        write(&mut out, words.x, words.y, SMALL, &words.text, &colour("soft"), anchor);
    }
    for cell in &scene.rail {
        let name = cell.component.map_or("faint", |component| component.key());
        let _ = write!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"{}\" fill-opacity=\"{:.2}\"/>",
            scene.rail_at.0,
            cell.y,
            scene.rail_at.1,
            cell.height,
            colour(name),
            cell.strength,
        );
    }
    out.push_str("</g></svg>");
    out
}

type Write<'a> = dyn Fn(&mut String, f64, f64, f64, &str, &str, &str) + 'a;

fn boxed(out: &mut String, one: &SceneBox, theme: Theme, write: &Write<'_>) {
    let colour = |name: &str| hex(theme.colour(name));
    let part = colour(match (one.look, one.component) {
        (Look::Cache, _) => "kv_cache",
        (Look::State, _) => "state_cache",
        (_, Some(component)) => component.key(),
        _ => "faint",
    });
    let radius = if one.look == Look::Small { 14.0 } else { 7.0 };
    let _ = write!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"{radius}\" fill=\"{}\" stroke=\"{}\"/>\
         <rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"{radius}\" fill=\"{part}\" fill-opacity=\"{:.3}\"/>\
         <rect x=\"{:.1}\" y=\"{:.1}\" width=\"4\" height=\"{:.1}\" rx=\"2\" fill=\"{part}\"/>",
        colour("card"),
        colour("rule-strong"),
        heat(one.share),
        one.x + 5.0,
        one.y + 6.0,
        one.height - 12.0,
        x = one.x,
        y = one.y,
        w = one.width,
        h = one.height,
    );
    let ink = colour("ink");
    let soft = colour("soft");
    if one.look == Look::Small {
        write(out, one.x + one.inset, one.y + 18.0, SMALL, &one.title, &ink, "");
    } else {
        write(
            out,
            one.x + one.inset,
            one.y + 20.0,
            TITLE,
            &one.title,
            &ink,
            " font-weight=\"600\"",
        );
    }
    let mut y = one.y + if one.look == Look::Small { 18.0 } else { 20.0 };
    if one.beside {
        let end = " text-anchor=\"end\"";
        write(
            out,
            one.x + one.width - one.inset / 2.0,
            y,
            SMALL,
            &one.figure,
            &soft,
            end,
        );
    }
    for line in &one.detail {
        y += 16.0;
        write(out, one.x + one.inset, y, SMALL, line, &soft, "");
    }
    if !one.beside && !one.figure.is_empty() {
        y += 16.0;
        write(out, one.x + one.inset, y, SMALL, &one.figure, &soft, "");
    }
    for (x, y, stored) in heads(one) {
        let fill = if stored { colour("kv_cache") } else { part.clone() };
        let _ = write!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"5\" height=\"5\" rx=\"1\" fill=\"{fill}\"/>"
        );
    }
    if let Some((experts, chosen)) = one.grid {
        for (x, y, hot) in cells(one, experts, chosen) {
            let opacity = if hot { 1.0 } else { 0.25 };
            let _ = write!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"5\" height=\"5\" rx=\"1\" fill=\"{part}\" fill-opacity=\"{opacity}\"/>"
            );
        }
    }
}

/// Where the picture inside a box begins: below what is written in it.
fn below_words(one: &SceneBox) -> f64 {
    let lines = 1 + one.detail.len() + usize::from(!one.beside && !one.figure.is_empty());
    one.y + 12.0 + 16.0 * lines as f64
}

/// Squares of a box's heads: place, and whether it is a head of keys and values.
pub fn heads(one: &SceneBox) -> Vec<(f64, f64, bool)> {
    let Some((queries, kv)) = one.heads else {
        return Vec::new();
    };
    let top = below_words(one);
    let squares = head_squares(queries, kv, one.width - INSIDE * one.inset).into_iter();
    squares
        .map(|(x, y, stored)| (one.x + one.inset + x, top + y, stored))
        .collect()
}

/// How strongly a box is tinted for its share of the whole.
pub fn heat(share: f64) -> f64 {
    0.5 * share.clamp(0.0, 1.0).sqrt()
}

/// Cells of a grid of experts: place, and whether a token uses it; which ones is for the example.
pub fn cells(one: &SceneBox, experts: u64, chosen: u64) -> Vec<(f64, f64, bool)> {
    let (columns, pitch) = grid_columns(experts, one.width - INSIDE * one.inset);
    let top = below_words(one) + 2.0;
    let shown = experts.min(columns * 24);
    // Spread without a pattern that looks like one: steps of the golden section.
    let hot: std::collections::BTreeSet<u64> = (0..chosen.min(shown))
        .map(|nth| ((nth as f64 + 0.5) * 0.618_034 % 1.0 * shown as f64) as u64)
        .collect();
    (0..shown)
        .map(|at| {
            let (row, column) = (at / columns, at % columns);
            (
                one.x + one.inset + column as f64 * pitch,
                top + row as f64 * pitch,
                hot.contains(&at),
            )
        })
        .collect()
}
