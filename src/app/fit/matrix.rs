//! Every device in every format, computed in slices, with what the cell in hand says.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use weighbridge::analysis::{Question, bits_per_weight};
use weighbridge::hardware::{CUSTOM, Device, devices};
use weighbridge::model::quantisation;
use weighbridge::scenario::{Scenario, weight_key};
use weighbridge::units::grouped;

use super::export::csv;
use super::filter::{Filter, FilterBar};
use super::table::Grid;
use super::weigh::{Weighed, weigh};
use super::words::{verdict_name, words};
use crate::app::charts::{file_name, model_name, save_text};
use crate::app::hardware::facts::resolve;
use crate::app::state::{Answer, State};

/// Formats of the columns, most bits first: what people run, one or two of each width and kind of file.
pub const FORMATS: [&str; 12] = [
    "bf16", "q8_0", "fp8", "int8", "q6_k", "q5_k_m", "q4_k_m", "nvfp4", "mxfp4", "awq", "mlx-q4", "iq3_m",
];

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Key of the format.
    pub key: &'static str,
    /// Its name.
    pub label: String,
    /// Bits a weight.
    pub bits: f64,
    cells: Vec<Option<Weighed>>,
}

/// Devices that are weighed in one slice.
const SLICE: usize = 64;

/// All verdicts on a question.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Devices, those described in the link first.
    pub devices: Vec<Cow<'static, Device>>,
    /// Formats.
    pub columns: Vec<Column>,
    /// Verdicts of the next format, as far as they are there.
    next: Vec<Option<Weighed>>,
    /// The question.
    answer: Answer,
    /// Milliseconds in all, and of the longest slice.
    took: (f64, f64),
}

impl Matrix {
    /// The verdict on a device in a format.
    pub fn cell(&self, row: usize, at: usize) -> Option<&Weighed> {
        self.columns.get(at)?.cells.get(row)?.as_ref()
    }
    fn new(answer: Answer) -> Self {
        let scenario = &answer.scenario;
        let own = scenario.hardware.iter().chain(&scenario.also);
        let own = own.filter(|id| id.starts_with(CUSTOM)).filter_map(|id| resolve(id));
        Self {
            devices: own.chain(devices().iter().map(Cow::Borrowed)).collect(),
            columns: Vec::with_capacity(FORMATS.len()),
            next: Vec::new(),
            took: (0.0, 0.0),
            answer,
        }
    }
    /// Bits a weight of a format, in the engine that is usual for its files.
    fn bits(&self, key: &'static str) -> f64 {
        let scenario = Scenario {
            weights: Some(key),
            hardware: None,
            ..Scenario::clone(&self.answer.scenario)
        };
        Question::new(&self.answer.blueprint, &scenario).map_or(0.0, |question| bits_per_weight(&question))
    }
    /// Weighs some more devices; false when all are done in every format.
    fn go_on(&mut self) -> bool {
        let Some(key) = FORMATS.get(self.columns.len()).copied().and_then(weight_key) else {
            return false;
        };
        let start = now();
        let scenario = Scenario {
            weights: Some(key),
            ..Scenario::clone(&self.answer.scenario)
        };
        let from = self.next.len();
        let upto = (from + SLICE).min(self.devices.len());
        let devices = self.devices.get(from..upto).unwrap_or_default();
        self.next.extend(weigh(&self.answer.blueprint, &scenario, devices));
        if upto == self.devices.len() {
            let choice = quantisation::choice(key);
            self.columns.push(Column {
                key,
                label: choice
                    .as_ref()
                    .map_or_else(|| key.to_owned(), |one| short_format(&one.format.label)),
                bits: self.bits(key),
                cells: std::mem::take(&mut self.next),
            });
        }
        let took = now() - start;
        self.took = (self.took.0 + took, self.took.1.max(took));
        self.columns.len() < FORMATS.len()
    }
}

/// A format's name for a narrow column.
fn short_format(label: &str) -> String {
    label.split(" (").next().unwrap_or(label).to_owned()
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// The card with filter, grid and what it took.
#[component]
pub fn FitMatrix() -> impl IntoView {
    let state = State::here();
    let filter = RwSignal::new(Filter::default());
    let matrix = RwSignal::new(None::<Arc<Matrix>>);
    // Between two slices the page answers to keys and pointers.
    let turn = StoredValue::new(0_u64);
    Effect::new(move |_| {
        let Some(answer) = state.shown.get() else { return };
        turn.update_value(|turn| *turn += 1);
        slice(matrix, turn, turn.get_value(), Matrix::new(answer));
    });
    on_cleanup(move || {
        turn.try_update_value(|turn| *turn += 1);
    });
    let rows = Memo::new(move |_| {
        let filter = filter.get();
        matrix.with(|matrix| {
            let devices = matrix.iter().flat_map(|matrix| matrix.devices.iter().enumerate());
            devices
                .filter(|(_, device)| filter.lets(device))
                .map(|(row, _)| row)
                .collect::<Vec<_>>()
        })
    });
    let reading = RwSignal::new(None::<(usize, usize)>);
    let said = move || {
        let (at, units) = (reading.get(), state.units.get());
        matrix.with(|matrix| {
            let matrix = matrix.as_ref()?;
            let (row, at) = at.or_else(|| chosen(matrix))?;
            let (device, column) = (matrix.devices.get(row)?, matrix.columns.get(at)?);
            let one = matrix.cell(row, at)?;
            Some((
                one.verdict,
                format!("{}, {}: ", device.name, column.label),
                words(one, units),
            ))
        })
    };
    let took = move || {
        matrix.with(|matrix| {
            matrix.as_ref().map(|matrix| {
                let count = (matrix.devices.len() * matrix.columns.len()) as u64;
                format!(
                    "{} verdicts in {:.0} ms, the longest wait {:.0} ms.",
                    grouped(count),
                    matrix.took.0,
                    matrix.took.1
                )
            })
        })
    };
    let save = move |_| {
        if let Some(matrix) = matrix.get_untracked() {
            let text = rows.with_untracked(|rows| csv(&matrix, rows, &state.query()));
            save_text(&file_name(&model_name(state), "hardware-fit", "csv"), "text/csv", &text);
        }
    };
    view! {
        <section class="card wide matrix-card" aria-labelledby="matrix-title">
            <div class="head">
                <h2 id="matrix-title">"Every device, every format"<span class="side">{move || state.shown.with(|shown| shown.as_ref().map(heading))}</span></h2>
                <span class="key">
                    {["fits", "offload", "does_not_fit", "unsupported"].into_iter().map(|verdict| view! { <span data-verdict=verdict><i></i>{verdict_name(verdict)}</span> }).collect_view()}
                </span>
            </div>
            <FilterBar filter=filter shown=Signal::derive(move || rows.with(Vec::len))/>
            <p class="reading" aria-live="polite" data-verdict=move || said().map(|said| said.0)>
                {move || match said() {
                    Some((_, place, words)) => view! { <b>{place}</b><span>{words}"."</span> }.into_any(),
                    None => view! { <span>"Point at a cell, or walk through the table with the arrow keys; press one to weigh it."</span> }.into_any(),
                }}
            </p>
            <Grid matrix=matrix rows=rows reading=reading/>
            <div class="deeds">
                <span class="num" data-figure="matrix.took">{took}</span>
                <button class="link" type="button" on:click=save>"Save as CSV"</button>
            </div>
        </section>
    }
}

/// Runs a slice, hands over what is complete, and goes on as soon as the browser has had its turn.
fn slice(place: RwSignal<Option<Arc<Matrix>>>, turns: StoredValue<u64>, turn: u64, mut matrix: Matrix) {
    set_timeout(
        move || {
            // A newer question has begun, or the tab is closed.
            if turns.try_get_value() != Some(turn) {
                return;
            }
            if matrix.go_on() {
                slice(place, turns, turn, matrix);
            } else {
                place.set(Some(Arc::new(matrix)));
            }
        },
        Duration::ZERO,
    );
}

/// What the numbers are.
fn heading(answer: &Answer) -> String {
    use weighbridge::scenario::Mode;
    let scenario = &answer.scenario;
    let many = match scenario.devices {
        1 => String::new(),
        devices => format!(", {} of each", grouped(devices)),
    };
    match scenario.mode {
        Mode::Prefill => format!(" prompt tokens read a second{many}"),
        Mode::Pretrain => many.trim_start_matches(", ").to_owned(),
        Mode::Decode => format!(" tokens a second at {} of context{many}", grouped(scenario.prompt)),
        Mode::Serve => format!(
            " tokens a second of all users, prompts of {}{many}",
            grouped(scenario.prompt)
        ),
    }
}

/// The cell of the scenario itself.
fn chosen(matrix: &Matrix) -> Option<(usize, usize)> {
    let now = now_of(matrix);
    now.0.zip(now.1)
}

/// Row and column of the scenario itself, as far as it has them.
pub fn now_of(matrix: &Matrix) -> (Option<usize>, Option<usize>) {
    let scenario = &matrix.answer.scenario;
    let hardware = scenario.hardware.as_deref().unwrap_or_default();
    let published = matrix.answer.blueprint.published.format.id.to_string();
    let format = scenario.weights.map_or(published, str::to_owned);
    (
        matrix.devices.iter().position(|device| device.id == hardware),
        matrix.columns.iter().position(|column| column.key == format),
    )
}
