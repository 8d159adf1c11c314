//! The five numbers, each of which opens its explanation.

use leptos::prelude::*;
use weighbridge::analysis::time::PassTime;
use weighbridge::analysis::{Bound, Figure, Fit, Speed, Verdict};
use weighbridge::scenario::Mode;
use weighbridge::units::{UnitSystem, decimal, grouped, percent, seconds, short_count};

use super::state::{Answer, State};

/// A number as its tile shows it.
#[derive(Clone, Debug, PartialEq)]
struct Tile {
    figure: Figure,
    what: &'static str,
    value: String,
    unit: String,
    note: String,
    none: bool,
}

impl Tile {
    fn new(
        figure: Figure,
        what: &'static str,
        value: impl Into<String>,
        unit: impl Into<String>,
        note: impl Into<String>,
    ) -> Self {
        Self {
            figure,
            what,
            value: value.into(),
            unit: unit.into(),
            note: note.into(),
            none: false,
        }
    }
    /// A time, its unit set apart.
    fn time(figure: Figure, what: &'static str, time: f64, note: impl Into<String>) -> Self {
        let words = seconds(time);
        let (value, unit) = words.rsplit_once(' ').unwrap_or((&words, ""));
        Self::new(figure, what, value, unit, note)
    }
    /// Its name in the page.
    const fn key(&self) -> &'static str {
        match self.figure {
            Figure::Memory => "answer.memory",
            Figure::TokensPerSecond => "answer.speed",
            Figure::FirstToken => "answer.first_token",
            Figure::Time => "answer.seconds",
            Figure::LongestContext => "answer.max_context",
            Figure::LargestBatch => "answer.max_batch",
            _ => "answer.intensity",
        }
    }
    fn none(figure: Figure, what: &'static str, note: &str) -> Self {
        Self {
            none: true,
            ..Self::new(figure, what, "–", "", note)
        }
    }
}

/// The row of numbers.
#[component]
pub fn NumberTiles() -> impl IntoView {
    let state = State::here();
    let tiles = Memo::new(move |_| {
        let units = state.units.get();
        state
            .shown
            .with(|shown| shown.as_ref().map(|answer| tiles(answer, units)).unwrap_or_default())
    });
    let count = Memo::new(move |_| tiles.with(Vec::len));
    let of = move |at: usize| Memo::new(move |_| tiles.with(|tiles| tiles.get(at).cloned()));
    view! {
        <div class="numbers num">
            {move || (0..count.get()).map(|at| {
                let tile = of(at);
                let part = move |read: fn(Tile) -> String| tile.get().map(read).unwrap_or_default();
                view! {
                    <button class="number" type="button" data-none=move || tile.get().is_some_and(|tile| tile.none).then_some("true")
                        on:click=move |event| if let Some(tile) = tile.get_untracked().filter(|tile| !tile.none) { state.open(tile.figure, &event) }>
                        <span class="what">{move || part(|tile| tile.what.to_owned())}</span>
                        <span class="value"><span data-figure=move || part(|tile| tile.key().to_owned())>{move || part(|tile| tile.value)}</span>{move || Some(part(|tile| tile.unit)).filter(|unit| !unit.is_empty()).map(|unit| view! { " "<small>{unit}</small> })}</span>
                        <span class="note">{move || part(|tile| tile.note)}</span>
                    </button>
                }
            }).collect_view()}
        </div>
    }
}

/// Tokens a second with the interval in which eight of ten measurements lie.
fn rate_tile(what: &'static str, speed: &Speed, note: &impl Fn(&str) -> String) -> Tile {
    let between = match speed.tokens_per_second_between {
        Some((low, high)) => format!("{}–{} likely", decimal(low), decimal(high)),
        None => "at most".to_owned(),
    };
    Tile::new(
        Figure::TokensPerSecond,
        what,
        decimal(speed.tokens_per_second),
        "tokens/s",
        note(&between),
    )
}

/// A time with its interval.
fn time_tile(figure: Figure, what: &'static str, time: &PassTime, note: &impl Fn(&str) -> String) -> Tile {
    let between = format!("{} to {} likely", seconds(time.low), seconds(time.high));
    Tile::time(figure, what, time.seconds, note(&between))
}

fn tiles(answer: &Answer, units: UnitSystem) -> Vec<Tile> {
    let Answer {
        scenario,
        analysis,
        blueprint,
    } = answer;
    let held = analysis.held().total_bytes as f64;
    let (used, unit) = units.split(held);
    let what = if scenario.devices > 1 { "Memory each" } else { "Memory" };
    let memory = match &analysis.fit {
        Some(fit) => {
            // Both sides of "of" in one unit.
            let capacity = fit.capacity_bytes as f64;
            let giga = units.giga();
            let share = held / capacity.max(1.0);
            if share < 10.0 {
                let of = format!("of {} {units}", decimal(capacity / giga));
                Tile::new(Figure::Memory, what, decimal(held / giga), of, percent(share))
            } else {
                let note = format!("{} times {}", short_count(share), units.bytes(capacity));
                Tile::new(Figure::Memory, what, used, unit, note)
            }
        }
        None => Tile::new(Figure::Memory, what, used, unit, "no device chosen"),
    };
    let no_rate = if analysis.fit.is_none() {
        "needs a device"
    } else {
        "the device's rate is not known"
    };
    let runs = |fit: &Fit| matches!(fit.verdict, Verdict::Fits | Verdict::Offload);
    let fits = analysis.fit.as_ref().is_none_or(runs);
    // What does not fit has no speed of its own.
    let note = |text: &str| {
        if fits {
            text.to_owned()
        } else {
            match &analysis.fit {
                Some(fit) if fit.verdict == Verdict::Unsupported => "if it ran".to_owned(),
                _ => "if it fitted".to_owned(),
            }
        }
    };
    let mut all = vec![memory];
    match (&analysis.speed, scenario.mode) {
        (Some(speed), Mode::Decode | Mode::Serve) => {
            let what = if scenario.mode == Mode::Serve {
                "All users"
            } else {
                "Decode"
            };
            all.push(rate_tile(what, speed, &note));
            all.push(match &speed.prefill {
                Some(time) => time_tile(Figure::FirstToken, "First token", time, &note),
                None => Tile::none(Figure::FirstToken, "First token", no_rate),
            });
        }
        (Some(speed), Mode::Prefill) => {
            all.push(rate_tile("Prefill", speed, &note));
            all.push(match &speed.pass {
                Some(time) => time_tile(Figure::Time, "Whole prompt", time, &note),
                None => Tile::none(Figure::Time, "Whole prompt", no_rate),
            });
        }
        (Some(speed), Mode::Pretrain) => {
            all.push(Tile::time(
                Figure::Time,
                "Step, at the least",
                speed.roof.seconds,
                note("forward, backward, optimizer"),
            ));
            all.push(Tile::new(
                Figure::TokensPerSecond,
                "Training, at most",
                decimal(speed.tokens_per_second),
                "tokens/s",
                note("one device, nothing lost"),
            ));
        }
        (None, _) => {
            all.push(Tile::none(Figure::TokensPerSecond, "Speed", no_rate));
            all.push(Tile::none(Figure::FirstToken, "First token", no_rate));
        }
    }
    all.push(match (&analysis.fit, scenario.mode) {
        (None, _) => Tile::none(Figure::LongestContext, "Longest context", "needs a device"),
        (Some(fit), Mode::Pretrain) => Tile::new(
            Figure::LargestBatch,
            "Largest batch",
            grouped(fit.max_batch),
            "",
            "sequences of this length",
        ),
        (Some(fit), Mode::Serve) => Tile::new(
            Figure::LargestBatch,
            "Users at once",
            grouped(fit.max_batch),
            "",
            match &analysis.serving {
                Some(serving) => format!("{} run now", grouped(serving.admission.running)),
                None => "none has room".to_owned(),
            },
        ),
        (Some(fit), _) if fit.max_context == 0 => Tile::new(
            Figure::LongestContext,
            "Longest context",
            "none",
            "",
            "not even one token fits",
        ),
        (Some(fit), _) => {
            let note = blueprint.max_context.as_ref().map_or_else(
                || "the config names no limit".to_owned(),
                |most| format!("of {} tokens", grouped(most.value)),
            );
            Tile::new(
                Figure::LongestContext,
                "Longest context",
                grouped(fit.max_context),
                "",
                note,
            )
        }
    });
    let intensity = decimal(analysis.intensity());
    all.push(match &analysis.speed {
        Some(speed) => {
            let word = match speed.roof.bound() {
                Bound::Memory => "bandwidth",
                Bound::Compute => "compute",
            };
            Tile::new(
                Figure::Intensity,
                "Limited by",
                word,
                "",
                format!("{intensity} FLOP/byte, ridge {}", decimal(speed.ridge)),
            )
        }
        None => Tile::new(
            Figure::Intensity,
            "Intensity",
            intensity,
            "FLOP/byte",
            "operations for each byte moved",
        ),
    });
    all
}
