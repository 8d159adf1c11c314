//! The answer as a printed page: HTML that `style/parts/paper.css` lays out. Ink on white; parts carry their names, so that it
//! reads without colour.

use super::AnswerSheet;
use crate::export::escape;
use crate::units::{UnitSystem, capital};

/// The page.
pub fn paper(sheet: &AnswerSheet, units: UnitSystem) -> String {
    let e = escape;
    let mut out = format!(
        "<header><b class=\"brand\">Weighbridge</b><span>{} · version {}</span></header><p class=\"pill\">{}</p><h1>{}</h1><p class=\"lead\">{}</p>",
        e(&sheet.date),
        sheet.version,
        e(sheet.sentence.pill),
        e(&sheet.sentence.main),
        e(&sheet.sentence.rest)
    );
    out.push_str("<ul class=\"numbers\">");
    for tile in sheet.tiles.iter().filter(|tile| !tile.none) {
        out.push_str(&format!(
            "<li><span>{}</span><b>{} <small>{}</small></b><i>{}</i></li>",
            e(tile.what),
            e(&tile.value),
            e(&tile.unit),
            e(&tile.note)
        ));
    }
    out.push_str("</ul>");
    out.push_str(&scale(sheet));
    out.push_str(&format!(
        "<div class=\"columns\"><section><h2>By component</h2><table><tbody>{}</tbody><tfoot><tr><th>Total</th><td>{}</td><td>100 %</td></tr></tfoot></table></section>",
        sheet.parts.iter().map(|(name, size, share)| format!("<tr><th>{}</th><td>{}</td><td>{}</td></tr>", e(name), e(size), e(share))).collect::<String>(),
        e(&sheet.total)
    ));
    let asked: String = sheet
        .asked
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", e(name), e(value)))
        .collect();
    out.push_str(&format!(
        "<section><h2>What was asked</h2><dl>{asked}</dl></section></div>"
    ));
    let list = |title: &str, lines: &[String]| {
        if lines.is_empty() {
            return String::new();
        }
        let lines: String = lines
            .iter()
            .map(|line| format!("<li>{}</li>", e(&capital(line))))
            .collect();
        format!("<section><h2>{title}</h2><ul class=\"lines\">{lines}</ul></section>")
    };
    out.push_str(&list("What was assumed", &sheet.assumed));
    out.push_str(&list("Where it comes from", &sheet.sources));
    out.push_str(&format!(
        "<footer><span class=\"address\">{}</span><span>{units}, {units} = {}</span></footer>",
        e(&sheet.link),
        match units {
            UnitSystem::Gib => "2³⁰ bytes",
            UnitSystem::Gb => "10⁹ bytes",
        }
    ));
    out
}

/// The scale: each part as long as it is, named where its name fits, and all of them in the table.
fn scale(sheet: &AnswerSheet) -> String {
    let scale = &sheet.scale;
    let share = |bytes: f64| bytes / scale.end.max(1.0) * 100.0;
    let mut out = format!(
        "<section class=\"on-scale\"><h2>On the scale <small>{}</small></h2><div class=\"bar\">",
        escape(&scale.side)
    );
    for (at, piece) in scale.pieces.iter().enumerate() {
        let width = share(piece.bytes);
        let name = if width > 1.1 * piece.name.len() as f64 {
            piece.name
        } else if width > 1.1 * piece.short.len() as f64 {
            piece.short
        } else {
            ""
        };
        out.push_str(&format!(
            "<span class=\"{}{}\" data-component=\"{}\" style=\"width:{width:.3}%\">{}</span>",
            if at % 2 == 0 { "even" } else { "odd" },
            if piece.mute { " beyond" } else { "" },
            piece.key,
            escape(name)
        ));
    }
    out.push_str("</div><div class=\"ticks\">");
    for (at, figure) in &scale.ticks {
        out.push_str(&format!("<span style=\"left:{at:.2}%\">{}</span>", escape(figure)));
    }
    if let Some(capacity) = scale.capacity {
        out.push_str(&format!(
            "<b class=\"limit\" style=\"left:{:.2}%\"></b>",
            share(capacity)
        ));
    }
    out.push_str("</div></section>");
    out
}
