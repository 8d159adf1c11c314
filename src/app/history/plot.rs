//! Chosen rows side by side as bars: memory against what the engine may use, and a rate with its interval. Markup of the page, so
//! that every row is read with the pointer, a touch or the keyboard.

use std::fmt::Write as _;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};
use weighbridge::chart::{Bar, BarMeasure, BarRow, BarsChart, byte_ticks, tick_texts};
use weighbridge::export::VERSION;
use weighbridge::export::history::{Figures, Kept};
use weighbridge::hardware::Engine;
use weighbridge::report::between;
use weighbridge::units::{UnitSystem, decimal, dollars, seconds};

use super::markup::{escape, load, verdict_words};
use super::when::When;
use crate::app::charts::{Deeds, HandOut, draw_of, markup as chart_table, table_of};
use crate::app::page::Page;

/// Most rows that are plotted: more bars than that nobody compares.
pub const MOST: usize = 24;
/// Room beside the longest bar for its number.
const ROOM: f64 = 1.2;

/// What the second bars are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Measure {
    #[default]
    Speed,
    FirstToken,
    Cost,
}

impl Measure {
    fn key(self) -> &'static str {
        self.into()
    }
    const fn label(self) -> &'static str {
        match self {
            Self::Speed => "Tokens a second",
            Self::FirstToken => "First token, s",
            Self::Cost => "Dollars a million tokens",
        }
    }
    const fn of(self, answer: &Figures) -> Option<f64> {
        match self {
            Self::Speed => answer.tokens_per_second,
            Self::FirstToken => answer.first_token_seconds,
            Self::Cost => answer.usd_per_million_tokens,
        }
    }
    const fn range(self, answer: &Figures) -> Option<(f64, f64)> {
        match self {
            Self::Speed => answer.tokens_per_second_between,
            Self::FirstToken | Self::Cost => None,
        }
    }
    fn words(self, value: f64) -> String {
        match self {
            Self::Speed => decimal(value),
            Self::FirstToken => seconds(value),
            Self::Cost => dollars(value),
        }
    }
}

/// Parts of a bar, with the component whose colour each has.
fn parts(answer: &Figures) -> [(&'static str, &'static str, u64); 4] {
    let parts = answer.parts;
    [
        ("projection", "Weights", parts.weights),
        ("kv_cache", "KV cache", parts.cache),
        ("activations", "Activations", parts.activations),
        ("overhead", "Overhead", parts.overhead),
    ]
}

/// The plot of rows.
#[component]
pub fn Plot(rows: Memo<Vec<Kept>>) -> impl IntoView {
    use strum::IntoEnumIterator;
    let page = Page::here();
    let measure = RwSignal::new(Measure::default());
    // The row that is read, and how far down it stands.
    let read = RwSignal::new(None::<(usize, i32)>);
    let grid = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let Some(grid) = grid.get() else { return };
        read.set(None);
        rows.with(|rows| grid.set_inner_html(&markup(rows, measure.get(), page.units.get())));
    });
    let point = move |target: Option<web_sys::EventTarget>| {
        let row = target.and_then(|target| target.dyn_ref::<Element>()?.closest("[data-at]").ok()?);
        let place = row.and_then(|row| {
            let at = row.get_attribute("data-at")?.parse().ok()?;
            Some((at, row.dyn_ref::<HtmlElement>()?.offset_top()))
        });
        if read.get_untracked() != place {
            read.set(place);
        }
    };
    let title = move || match rows.with(Vec::len) {
        1 => "One calculation, plotted".to_owned(),
        many => format!("{many} calculations, plotted"),
    };
    let as_table = RwSignal::new(false);
    let chart = Memo::new(move |_| Some(rows.with(|rows| bars(rows, measure.get(), page.units.get()))));
    let named = move || HandOut {
        title: untrack(title),
        source: format!("Weighbridge {VERSION}"),
        link: String::new(),
        of: "history".to_owned(),
        what: "calculations plotted",
        height: chart.with_untracked(|chart| chart.as_ref().map(BarsChart::height)),
    };
    let table = table_of(chart);
    let tip = move || {
        let (at, down) = read.get()?;
        let row = rows.with(|rows| rows.get(at).cloned())?;
        Some(tip(&row, down, page.units.get()))
    };
    view! {
        <section class="card plotted" aria-labelledby="plot-title">
            <div class="head"><h2 id="plot-title">{title}</h2><span class="side num">{move || rows.with(|rows| shared(rows))}</span></div>
            <div class="pm-head"><span></span><span class="num">"Memory, "{move || page.units.get().to_string()}</span>
                <label class="pickone"><i>"Bars"</i><select on:change:target=move |event| measure.set(event.target().value().parse().unwrap_or_default())>
                    {Measure::iter().map(|one| view! { <option value=one.key()>{one.label()}</option> }).collect_view()}
                </select></label></div>
            {move || as_table.get().then(|| view! { <div class="table" tabindex="0" role="region" aria-label="The same as a table">{chart_table(&table.get())}</div> })}
            <div class="pm-frame" hidden=move || as_table.get()>
                <div class="pm num" node_ref=grid on:mouseover=move |event| point(event.target()) on:focusin=move |event| point(event.target())
                    on:click=move |event| point(event.target()) on:mouseleave=move |_| read.set(None) on:focusout=move |_| read.set(None)></div>
                {tip}
            </div>
            <ul class="legend num" aria-label="Parts">
                {parts(&Figures::default()).map(|(component, label, _)| view! { <li><span class="entry" data-component=component><i class="dot"></i>{label}</span></li> }).into_iter().collect_view()}
                <li><span class="entry"><i class="capkey"></i>"what the engine may use"</span></li>
            </ul>
            <Deeds as_table=as_table named=named draw=draw_of(chart) table=table/>
        </section>
    }
}

/// The same as a chart that leaves the page, and as a table.
fn bars(rows: &[Kept], measure: Measure, units: UnitSystem) -> BarsChart {
    let line = |row: &Kept| {
        let answer = &row.answer;
        let over = answer
            .capacity_bytes
            .is_some_and(|capacity| answer.memory_bytes > capacity);
        let value = measure.of(answer);
        BarRow {
            label: format!("{}, {}", row.title(), beside(row, rows)),
            note: String::new(),
            key: "projection",
            now: false,
            bars: vec![
                Bar {
                    value: Some(answer.memory_bytes as f64),
                    text: units.bytes(answer.memory_bytes as f64),
                    over,
                    ..Bar::default()
                },
                Bar {
                    value,
                    between: measure.range(answer),
                    text: value.map_or_else(|| "–".to_owned(), |value| measure.words(value)),
                    over: false,
                },
            ],
        }
    };
    let named = |name: &str, unit| BarMeasure {
        name: name.to_owned(),
        unit,
    };
    BarsChart {
        rows_are: "Calculation",
        measures: vec![named("Memory", "bytes"), named(measure.label(), "")],
        rows: rows.iter().map(line).collect(),
    }
}

/// What all rows have in common: `all on 2 × RTX 4090, Decode, 8,192 + 512 tokens`.
fn shared(rows: &[Kept]) -> String {
    fn same<T: PartialEq>(rows: &[Kept], of: impl Fn(&Kept) -> T) -> Option<T> {
        let first = of(rows.first()?);
        rows.iter().all(|row| of(row) == first).then_some(first)
    }
    if rows.len() < 2 {
        return String::new();
    }
    let on = same(rows, |row| row.answer.hardware.clone()).filter(|words| !words.is_empty());
    let mode = same(rows, |row| row.answer.mode_words());
    let tokens = same(rows, load).flatten();
    let all: Vec<String> = [on.map(|on| format!("on {on}")), mode, tokens]
        .into_iter()
        .flatten()
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("all {}", all.join(", "))
    }
}

fn markup(rows: &[Kept], measure: Measure, units: UnitSystem) -> String {
    let largest = rows.iter().map(|row| row.answer.memory_bytes).max().unwrap_or(0) as f64;
    // A limit far beyond the bars would press them together.
    let limits = rows.iter().filter_map(|row| row.answer.capacity_bytes);
    let most = limits
        .map(|limit| limit as f64)
        .filter(|limit| *limit <= 2.0 * largest)
        .fold(largest, f64::max)
        .max(1.0)
        * ROOM;
    let rates = rows.iter().flat_map(|row| {
        let high = measure.range(&row.answer).map(|(_, high)| high);
        [measure.of(&row.answer), high]
    });
    let fastest = rates.flatten().fold(0.0, f64::max);
    let fastest = if fastest > 0.0 { fastest * ROOM } else { 1.0 };
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        let _ = write!(
            out,
            "<div class=\"pr\" data-at=\"{at}\" tabindex=\"0\" role=\"img\" aria-label=\"{}\"><span class=\"pn\">{}<small>{}</small></span>",
            escape(&label(row, measure, units)),
            escape(row.title()),
            escape(&beside(row, rows))
        );
        stack(&mut out, &row.answer, most, units);
        bar(&mut out, &row.answer, measure, fastest);
        out.push_str("</div>");
    }
    out.push_str("<div class=\"pr axr\" aria-hidden=\"true\"><span></span>");
    let ticks = byte_ticks(units, most, 5.0);
    axis(&mut out, &ticks, &tick_texts(&ticks, units.giga()), most);
    let ticks = byte_ticks(UnitSystem::Gb, fastest, 5.0);
    axis(&mut out, &ticks, &tick_texts(&ticks, 1.0), fastest);
    out.push_str("</div>");
    out
}

/// What tells a row from the others: its format, and its device where they differ.
fn beside(row: &Kept, rows: &[Kept]) -> String {
    let alike = rows.iter().all(|other| other.answer.hardware == row.answer.hardware);
    if alike || row.answer.hardware.is_empty() {
        row.answer.format.clone()
    } else {
        format!("{}, {}", row.answer.format, row.answer.hardware)
    }
}

fn label(row: &Kept, measure: Measure, units: UnitSystem) -> String {
    let answer = &row.answer;
    let mut words = vec![
        format!("{} in {}", row.title(), answer.format),
        verdict_words(&answer.verdict).to_owned(),
        units.bytes(answer.memory_bytes as f64),
    ];
    if let Some(capacity) = answer.capacity_bytes {
        words.push(format!("of {}", units.bytes(capacity as f64)));
    }
    if let Some(value) = measure.of(answer) {
        words.push(format!("{}: {}", measure.label(), measure.words(value)));
    }
    words.join(", ")
}

fn stack(out: &mut String, answer: &Figures, most: f64, units: UnitSystem) {
    let share = |bytes: u64| 100.0 * bytes as f64 / most;
    out.push_str("<svg class=\"hbar\" aria-hidden=\"true\">");
    let mut at = 0.0;
    let known = parts(answer).iter().any(|(.., bytes)| *bytes > 0);
    let whole = [("overhead", "", answer.memory_bytes)];
    let parts = parts(answer);
    for (component, _, bytes) in if known { &parts[..] } else { &whole[..] } {
        let width = share(*bytes);
        let _ = write!(
            out,
            "<rect class=\"seg\" data-component=\"{component}\" x=\"{at:.2}%\" y=\"11\" width=\"{width:.2}%\" height=\"18\"/>"
        );
        at += width;
    }
    if let Some(limit) = answer.capacity_bytes.map(share).filter(|limit| *limit <= 100.0) {
        let _ = write!(
            out,
            "<line class=\"cap\" x1=\"{limit:.2}%\" x2=\"{limit:.2}%\" y1=\"6\" y2=\"34\"/>"
        );
        // The number stands beside whatever is further right, unless that is far away.
        if limit > at && limit - at < 25.0 {
            at = limit;
        }
    }
    let _ = write!(
        out,
        "<text x=\"{at:.2}%\" y=\"20\" dx=\"8\">{}</text></svg>",
        decimal(answer.memory_bytes as f64 / units.giga())
    );
}

fn bar(out: &mut String, answer: &Figures, measure: Measure, most: f64) {
    let share = |value: f64| 100.0 * value / most;
    out.push_str("<svg class=\"hbar\" aria-hidden=\"true\">");
    let Some(value) = measure.of(answer) else {
        out.push_str("<text class=\"no\" x=\"0\" y=\"20\">–</text></svg>");
        return;
    };
    let mut end = share(value);
    if let Some((low, high)) = measure.range(answer) {
        end = end.max(share(high));
        let _ = write!(
            out,
            "<rect class=\"range\" x=\"{:.2}%\" y=\"11\" width=\"{:.2}%\" height=\"18\" rx=\"2\"/>",
            share(low),
            share(high - low).max(0.0)
        );
    }
    let _ = write!(
        out,
        "<rect class=\"is\" y=\"16\" width=\"{:.2}%\" height=\"8\"/><text x=\"{end:.2}%\" y=\"20\" dx=\"8\">{}</text></svg>",
        share(value),
        measure.words(value)
    );
}

fn axis(out: &mut String, ticks: &[f64], texts: &[String], most: f64) {
    out.push_str("<svg class=\"ax\">");
    for (tick, text) in ticks.iter().zip(texts) {
        let at = 100.0 * tick / most;
        let anchor = if at < 1.0 { "start" } else { "middle" };
        let _ = write!(
            out,
            "<text x=\"{at:.2}%\" y=\"13\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }
    out.push_str("</svg>");
}

fn tip(row: &Kept, down: i32, units: UnitSystem) -> impl IntoView + use<> {
    let answer = &row.answer;
    let giga = |bytes: u64| decimal(bytes as f64 / units.giga());
    let engine = answer.engine.parse::<Engine>().map_or("", Engine::label);
    let place = [answer.hardware.as_str(), engine, &When::of(row.time).short()];
    let place: Vec<&str> = place.into_iter().filter(|words| !words.is_empty()).collect();
    let parts = parts(answer).map(|(component, label, bytes)| {
        view! { <dt data-component=component><i class="dot"></i>{label}</dt><dd>{giga(bytes)}</dd> }
    });
    let of = answer
        .capacity_bytes
        .map_or_else(String::new, |capacity| format!(" of {}", giga(capacity)));
    let speed = answer.tokens_per_second.map(|speed| {
        let range = answer
            .tokens_per_second_between
            .map_or_else(String::new, |(low, high)| format!(" ({})", between(low, high)));
        view! { <dt>"Tokens/s"</dt><dd>{decimal(speed)}{range}</dd> }
    });
    let first = answer
        .first_token_seconds
        .map(|time| view! { <dt>"First token"</dt><dd>{seconds(time)}</dd> });
    let cost = answer
        .usd_per_million_tokens
        .map(|cost| view! { <dt>"A million tokens"</dt><dd>{dollars(cost)}</dd> });
    view! {
        <div class="read num" role="status" style:top=format!("{}px", down + 42)>
            <b>{row.title().to_owned()}", "{answer.format.clone()}</b>
            <span class="ts">{place.join(" · ")}</span>
            <dl>{parts.into_iter().collect_view()}
                <dt class="sum">"Together, "{units.to_string()}</dt><dd class="sum"><b>{giga(answer.memory_bytes)}{of}</b></dd>
                {speed}{first}{cost}</dl>
        </div>
    }
}
