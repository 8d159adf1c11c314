//! The answer as a picture for a chat: verdict, what it holds for, numbers, the scale with its legend. 1200 × 630 pixels.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::pen::{Caption, Drawn, Frame, Lettering, Pen, Read, shown_address, wrapped};
use super::theme::{ON_PART, Theme};
use crate::export::answer::AnswerSheet;
use crate::report::Tile;

/// Width and height of the card in CSS pixels.
pub const CARD: (f64, f64) = (1200.0, 630.0);
const EDGE: f64 = 64.0;
const WIDE: f64 = CARD.0 - 2.0 * EDGE;
/// Upper and lower edge of the bar.
const BAR: (f64, f64) = (462.0, 514.0);
/// Lines of the legend, their height and where the first stands.
const LEGEND: (usize, f64, f64) = (3, 22.0, 537.0);

/// The card of a sheet.
#[derive(Clone, Debug)]
pub struct AnswerCard {
    /// What it shows.
    pub sheet: AnswerSheet,
}

/// How words of the card look.
const fn letters(size: f64, bold: bool, colour: RGBColor) -> Lettering {
    Lettering {
        size,
        bold,
        colour,
        halo: None,
    }
}

impl AnswerCard {
    /// What the file of the picture says of it: the sentence, what it holds for, the whole link.
    pub fn caption(&self) -> Caption {
        let sheet = &self.sheet;
        Caption {
            title: sheet.sentence.main.clone(),
            source: format!("{} · {}", sheet.conditions, sheet.imprint()),
            link: sheet.link.clone(),
        }
    }
    /// Draws it on a sheet of so many device pixels for a CSS pixel.
    ///
    /// # Errors
    /// Whatever the backend reports.
    pub fn draw<B: DrawingBackend>(&self, backend: B, theme: Theme, scale: f64) -> Read<B> {
        let mut pen = Pen::new(backend, theme, scale, None)?;
        pen.fill(pen.frame, theme.colour("paper"))?;
        self.words(&mut pen)?;
        let step = WIDE / 4.0;
        // Four numbers have room side by side.
        for (tile, at) in self.sheet.tiles.iter().filter(|tile| !tile.none).take(4).zip(0_u32..) {
            number(&mut pen, tile, EDGE + step * f64::from(at), step - 20.0)?;
        }
        self.bar(&mut pen)?;
        self.legend(&mut pen)?;
        pen.finish()
    }
    /// Head and foot: name, verdict, sentence, what it holds for; the link, the day.
    fn words<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let (sheet, theme) = (&self.sheet, pen.theme);
        let (ink, soft) = (theme.colour("ink"), theme.colour("soft"));
        let verdict = match sheet.sentence.verdict {
            "does_not_fit" | "unsupported" => theme.colour("no"),
            _ => ink,
        };
        pen.place("Weighbridge", letters(24.0, true, soft), &[(EDGE, 56.0, HPos::Left)])?;
        let right = CARD.0 - EDGE;
        pen.place(
            sheet.sentence.pill,
            letters(24.0, true, verdict),
            &[(right, 56.0, HPos::Right)],
        )?;
        let mut y = 116.0;
        for (size, bold, colour, most, height) in [(38.0, true, ink, 3, 48.0), (19.0, false, soft, 2, 26.0)] {
            let look = letters(size, bold, colour);
            let text = if bold { &sheet.sentence.main } else { &sheet.conditions };
            for line in wrapped(text, most, |line| pen.width(line, look) <= WIDE) {
                pen.place(&line, look, &[(EDGE, y, HPos::Left)])?;
                y += height;
            }
        }
        let small = letters(16.0, false, soft);
        let imprint = sheet.imprint();
        let room = WIDE - pen.width(&imprint, small) - 30.0;
        let link = shown_address(&sheet.link, |line| pen.width(line, small) <= room);
        pen.place(&imprint, small, &[(right, 608.0, HPos::Right)])?;
        pen.place(&link, small, &[(EDGE, 608.0, HPos::Left)]).map(drop)
    }
    /// The scale: each part as long as it is, and how far the memory goes that may be used.
    fn bar<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let (scale, theme) = (&self.sheet.scale, pen.theme);
        let (top, bottom) = BAR;
        let wide = |bytes: f64| bytes / scale.end.max(1.0) * WIDE;
        let on_part = letters(17.0, false, ON_PART);
        let mut x = EDGE;
        for piece in &scale.pieces {
            let (width, colour) = (wide(piece.bytes), theme.part(piece.key));
            let right = x + (width - 1.0).max(0.5);
            let corners = [(x, top), (right, top), (right, bottom), (x, bottom)];
            pen.area(&corners, colour, if piece.mute { 0.45 } else { 1.0 })?;
            let names = [piece.name, piece.short];
            let name = names.into_iter().find(|name| pen.width(name, on_part) + 12.0 < width);
            if let Some(name) = name.filter(|_| !piece.mute) {
                let middle = (x + width / 2.0, f64::midpoint(top, bottom), HPos::Center);
                pen.place(name, on_part, &[middle])?;
            }
            x += width;
        }
        let rim = [
            (EDGE, top),
            (EDGE + WIDE, top),
            (EDGE + WIDE, bottom),
            (EDGE, bottom),
            (EDGE, top),
        ];
        pen.path(&rim, theme.colour("rule-strong"), 2.0)?;
        let Some(capacity) = scale.capacity else { return Ok(()) };
        let (at, ink) = (EDGE + wide(capacity), theme.colour("ink"));
        pen.path(&[(at, top - 7.0), (at, bottom + 7.0)], ink, 3.0)?;
        let words = format!("{} may be used", self.sheet.units.bytes(capacity));
        let look = letters(16.0, true, ink);
        // Over the line, within the margins.
        let half = (pen.width(&words, look) / 2.0).min(WIDE / 2.0);
        let middle = at.clamp(EDGE + half, EDGE + WIDE - half);
        pen.place(&words, look, &[(middle, top - 17.0, HPos::Center)]).map(drop)
    }
    /// Names and sizes of the parts, in the order of the bar.
    fn legend<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let (sheet, look) = (&self.sheet, letters(16.0, false, pen.theme.colour("soft")));
        let mut entries: Vec<(Option<&str>, &str, f64)> = Vec::new();
        for piece in &sheet.scale.pieces {
            // A part that crosses the capacity lies there in two pieces.
            match entries.iter_mut().find(|(key, ..)| *key == Some(piece.key)) {
                Some((.., bytes)) => *bytes += piece.bytes,
                None => entries.push((Some(piece.key), piece.name, piece.bytes)),
            }
        }
        let mut entries: Vec<(Option<&str>, String)> = entries
            .into_iter()
            .map(|(key, name, bytes)| (key, format!("{name} {}", sheet.units.bytes(bytes))))
            .collect();
        if sheet.scale.pieces.iter().any(|piece| piece.mute) {
            entries.push((None, "pale: beyond it".to_owned()));
        }
        let (mut x, mut line) = (EDGE, 0_usize);
        let (lines, height, first) = LEGEND;
        for (key, words) in entries {
            let swatch = if key.is_some() { 20.0 } else { 0.0 };
            let width = swatch + pen.width(&words, look);
            if x + width > EDGE + WIDE && x > EDGE {
                (x, line) = (EDGE, line + 1);
            }
            if line >= lines {
                break;
            }
            let y = first + height * line as f64;
            if let Some(key) = key {
                let square = Frame {
                    left: x,
                    right: x + 13.0,
                    top: y - 6.5,
                    bottom: y + 6.5,
                };
                pen.fill(square, pen.theme.part(key))?;
            }
            pen.place(&words, look, &[(x + swatch, y, HPos::Left)])?;
            x += width + 24.0;
        }
        Ok(())
    }
}

/// A number with its unit beside it, its name above, its note below.
fn number<B: DrawingBackend>(pen: &mut Pen<B>, tile: &Tile, x: f64, room: f64) -> Drawn<B> {
    let (ink, soft) = (pen.theme.colour("ink"), pen.theme.colour("soft"));
    let (large, small) = (letters(30.0, true, ink), letters(17.0, false, soft));
    pen.place(tile.what, letters(18.0, false, soft), &[(x, 330.0, HPos::Left)])?;
    pen.place(&tile.value, large, &[(x, 364.0, HPos::Left)])?;
    if !tile.unit.is_empty() {
        let after = x + pen.width(&tile.value, large) + 8.0;
        pen.place(&tile.unit, letters(19.0, false, ink), &[(after, 367.0, HPos::Left)])?;
    }
    let notes = wrapped(&tile.note, 2, |line| pen.width(line, small) <= room);
    for (line, at) in notes.iter().zip(0_u32..) {
        pen.place(line, small, &[(x, 394.0 + 22.0 * f64::from(at), HPos::Left)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use super::super::recorder::Recorder;
    use super::super::svg::{FINENESS, Svg, about};
    use super::*;
    use crate::analysis::analyse;
    use crate::export::ModelFacts;
    use crate::export::answer::Occasion;
    use crate::model::{Blueprint, catalogue};
    use crate::scenario::from_query;
    use crate::units::UnitSystem;

    const LINK: &str = "https://weighbridge.example/?m=Qwen/Qwen3-30B-A3B&p=8192&g=512&w=q5_k_m&hw=rtx-4090&e=llama.cpp&tab=architecture&more=of-it";

    fn card(query: &str, name: &str, link: &str) -> AnswerCard {
        let (scenario, errors) = from_query(query);
        assert!(errors.is_empty(), "{errors:?}");
        let id = query
            .split('&')
            .next()
            .and_then(|model| model.strip_prefix("m="))
            .unwrap_or_default();
        let entry = catalogue::find(id).unwrap_or_else(|| panic!("{id}"));
        let blueprint = Blueprint::from_value(entry.config.clone()).unwrap_or_else(|error| panic!("{error}"));
        let analysis = analyse(&Arc::new(blueprint), &scenario).unwrap_or_else(|error| panic!("{error}"));
        let occasion = Occasion {
            name,
            revision: None,
            link,
            date: "2026-11-29",
        };
        AnswerCard {
            sheet: AnswerSheet::of(&analysis, &ModelFacts::default(), &occasion, UnitSystem::Gib),
        }
    }

    fn svg(card: &AnswerCard, theme: Theme) -> String {
        let svg = Svg::<Infallible>::new(CARD.0 as u32, CARD.1 as u32, about);
        card.draw(svg.clone(), theme, FINENESS).unwrap_or_default();
        svg.text(Some(&card.caption()))
    }

    fn texts(card: &AnswerCard) -> Vec<String> {
        let recorder = Recorder::new(CARD.0 as u32, CARD.1 as u32);
        card.draw(recorder.clone(), Theme::Light, 1.0).unwrap_or_default();
        recorder.check();
        recorder.texts()
    }

    #[test]
    fn a_card_is_whole() {
        let card = card(
            "m=Qwen/Qwen3-30B-A3B&p=8192&g=512&w=q5_k_m&hw=rtx-4090&e=llama.cpp",
            "Qwen3 30B-A3B",
            LINK,
        );
        insta::assert_snapshot!("card", texts(&card).join("\n"));
        if let Ok(folder) = std::env::var("CHARTS_TO") {
            std::fs::write(format!("{folder}/card.svg"), svg(&card, Theme::Light)).unwrap_or_default();
        }
    }

    /// Nothing lies on anything, nothing is cut, and what a stranger needs is there: in every mode, whatever the link.
    #[test]
    fn a_card_says_what_it_holds_for() {
        for (query, needed) in [
            (
                "m=Qwen/Qwen3-30B-A3B&p=8192&w=q5_k_m&hw=rtx-4090&e=llama.cpp",
                "may be used",
            ),
            (
                "m=meta-llama/Llama-3.1-8B-Instruct&mode=finetune&p=8192&hw=rtx-4090",
                "pale: beyond it",
            ),
            (
                "m=meta-llama/Llama-3.1-8B-Instruct&mode=serve&b=32&hw=h100-sxm",
                "may be used",
            ),
            ("m=deepseek-ai/DeepSeek-R1&hw=h200-sxm&n=8", "may be used"),
            ("m=Qwen/Qwen3-32B", "Weights"),
        ] {
            let card = card(query, "Some model of a longer name", LINK);
            let texts = texts(&card);
            let said = texts.join("\n");
            if needed != "Weights" {
                assert!(said.contains(needed), "{needed} in {said}");
            }
            let one_line = texts.join(" ");
            assert!(
                one_line.contains(&card.sheet.conditions),
                "{} in {said}",
                card.sheet.conditions
            );
            assert!(one_line.contains(&card.sheet.sentence.main), "{said}");
            for tile in card.sheet.tiles.iter().filter(|tile| !tile.none).take(4) {
                assert!(
                    said.contains(&tile.value) && said.contains(tile.what),
                    "{tile:?} in {said}"
                );
            }
            for piece in card.sheet.scale.pieces.iter() {
                assert!(said.contains(&format!("{} ", piece.name)), "{} in {said}", piece.name);
            }
            assert!(!said.contains('…'), "{said}");
            assert!(said.contains("weighbridge.example · the whole link is in this file's description"));
            assert!(
                svg(&card, Theme::Light).contains(&crate::export::escape(LINK)),
                "the link is in the file"
            );
        }
        let short = card(
            "m=Qwen/Qwen3-32B",
            "Qwen3 32B",
            "https://weighbridge.example/?m=Qwen/Qwen3-32B",
        );
        assert!(texts(&short).contains(&"https://weighbridge.example/?m=Qwen/Qwen3-32B".to_owned()));
    }

    #[test]
    fn names_are_text_and_what_does_not_fit_is_pale() {
        let card = card("m=Qwen/Qwen3-32B&hw=rtx-4090", "<script>&\u{1b}", LINK);
        let card = svg(&card, Theme::Dark);
        assert!(!card.contains("<script") && !card.contains('\u{1b}'), "{card}");
        assert!(card.contains("fill-opacity=\"0.45\""), "{card}");
    }

    #[test]
    fn lines_break_between_words() {
        let fits = |line: &str| line.chars().count() <= 6;
        assert_eq!(wrapped("a bb ccc dddd", 2, fits), ["a bb", "ccc…"]);
        assert_eq!(wrapped("a bb ccc", 3, fits), ["a bb", "ccc"]);
        assert_eq!(wrapped("abcdefgh", 2, fits), ["abcde…"]);
        assert_eq!(wrapped("", 2, fits), Vec::<String>::new());
    }
}
