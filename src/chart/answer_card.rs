//! The answer as a picture for a chat: verdict, numbers, scale, link. An SVG of 1200 × 630 pixels without fonts or files.

use plotters::style::RGBColor;

use super::Theme;
use crate::export::answer::AnswerSheet;
use crate::export::escape;

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 630.0;
const EDGE: f64 = 64.0;

/// The picture.
pub fn answer_card(sheet: &AnswerSheet, theme: Theme) -> String {
    let colour = |name: &str| hex(theme.colour(name));
    let (paper, ink, quiet, rule) = (colour("paper"), colour("ink"), colour("soft"), colour("rule-strong"));
    let verdict = match sheet.sentence.verdict {
        "does_not_fit" | "unsupported" => colour("no"),
        _ => ink.clone(),
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Inter, system-ui, sans-serif\"><title>{}</title><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>",
        escape(&sheet.sentence.main)
    );
    let mut say = |x: f64, y: f64, size: u32, fill: &str, weight: u32, anchor: &str, text: &str| {
        out.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        ));
    };
    say(EDGE, 84.0, 26, &quiet, 600, "start", "Weighbridge");
    say(WIDTH - EDGE, 84.0, 24, &verdict, 650, "end", sheet.sentence.pill);
    let lines = wrapped(&sheet.sentence.main, 38, 3);
    for (at, line) in lines.iter().enumerate() {
        say(EDGE, 158.0 + 52.0 * at as f64, 42, &ink, 650, "start", line);
    }
    // Four numbers fit side by side.
    let shown: Vec<_> = sheet.tiles.iter().filter(|tile| !tile.none).take(4).collect();
    let step = (WIDTH - 2.0 * EDGE) / 4.0;
    for (at, tile) in shown.iter().enumerate() {
        let x = EDGE + step * at as f64;
        say(x, 362.0, 20, &quiet, 400, "start", tile.what);
        say(x, 402.0, 34, &ink, 650, "start", &tile.value);
        say(x, 432.0, 20, &quiet, 400, "start", &tile.unit);
    }
    say(EDGE, 592.0, 18, &quiet, 400, "start", &shortened(&sheet.link, 92));
    say(WIDTH - EDGE, 592.0, 18, &quiet, 400, "end", &sheet.date);
    let scale = &sheet.scale;
    let (top, height, length) = (468.0, 64.0, WIDTH - 2.0 * EDGE);
    let wide = |bytes: f64| bytes / scale.end.max(1.0) * length;
    out.push_str(&format!(
        "<rect x=\"{EDGE}\" y=\"{top}\" width=\"{length}\" height=\"{height}\" fill=\"none\" stroke=\"{rule}\" stroke-width=\"2\" rx=\"6\"/>"
    ));
    let mut x = EDGE;
    for piece in &scale.pieces {
        let width = wide(piece.bytes);
        let colour = hex(theme.part(piece.key));
        let opacity = if piece.mute { 0.45 } else { 1.0 };
        out.push_str(&format!(
            "<rect x=\"{x:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{height}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>",
            (width - 1.0).max(0.5)
        ));
        if !piece.mute && width > 10.5 * piece.name.len() as f64 {
            out.push_str(&format!(
                "<text x=\"{:.1}\" y=\"{}\" font-size=\"18\" fill=\"#1d1c1a\" text-anchor=\"middle\">{}</text>",
                x + width / 2.0,
                top + 39.0,
                escape(piece.name)
            ));
        }
        x += width;
    }
    if let Some(capacity) = scale.capacity {
        let at = EDGE + wide(capacity);
        out.push_str(&format!(
            "<line x1=\"{at:.1}\" y1=\"{}\" x2=\"{at:.1}\" y2=\"{}\" stroke=\"{ink}\" stroke-width=\"3\"/>",
            top - 8.0,
            top + height + 8.0
        ));
    }
    out.push_str("</svg>");
    out
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Lines of about so many letters, broken between words; what is too much ends in an ellipsis.
fn wrapped(text: &str, letters: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines.iter().map(|line| shortened(line, letters + 8)).collect()
}

fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::analyse;
    use crate::export::ModelFacts;
    use crate::export::answer::Occasion;
    use crate::model::{Blueprint, catalogue};
    use crate::scenario::Scenario;
    use crate::units::UnitSystem;

    fn sheet(model: &str, name: &str) -> AnswerSheet {
        let entry = catalogue::find(model).unwrap_or_else(|| panic!("{model}"));
        let blueprint = Blueprint::from_value(entry.config.clone()).unwrap_or_else(|error| panic!("{error}"));
        let scenario = Scenario::default().with(|s| s.hardware.device = Some("rtx-4090".to_owned()));
        let analysis = analyse(&Arc::new(blueprint), &scenario).unwrap_or_else(|error| panic!("{error}"));
        let occasion = Occasion {
            name,
            revision: None,
            link: "https://weighbridge.example/?m=x&hw=y",
            date: "2026-11-29",
        };
        AnswerSheet::of(&analysis, &ModelFacts::default(), &occasion, UnitSystem::Gib)
    }

    #[test]
    fn a_card_is_whole() {
        let card = answer_card(
            &sheet("meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1 8B Instruct"),
            Theme::Light,
        );
        insta::assert_snapshot!("card", card.replace("><", ">\n<"));
    }

    #[test]
    fn names_are_text_and_what_does_not_fit_is_pale() {
        let card = answer_card(&sheet("Qwen/Qwen3-32B", "<script>&\u{1b}"), Theme::Dark);
        assert!(!card.contains("<script") && !card.contains('\u{1b}'), "{card}");
        assert!(card.contains("fill-opacity=\"0.45\""), "{card}");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("a bb ccc dddd", 6, 2), ["a bb", "ccc…"]);
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
