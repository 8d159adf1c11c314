//! Every device in every format: a grid that is computed in slices, read with the arrow keys, and pressed to choose.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use weighbridge::hardware::{CUSTOM, Device, devices};
use weighbridge::model::quantisation;
use weighbridge::scenario::{Scenario, weight_key};
use weighbridge::units::{UnitSystem, grouped};

use super::export::csv;
use super::filter::Filter;
use super::weigh::{Weighed, weigh};
use super::words::words;
use super::{grid, words::verdict_name};
use crate::app::charts::{file_name, model_name, save_text};
use crate::app::hardware::facts::{kinds, resolve, segment_name};
use crate::app::icon::Icon;
use crate::app::state::{Answer, State};

/// Formats of the columns, most bits first: what people run, one or two of each width and kind of file.
const FORMATS: [&str; 12] = [
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

/// All verdicts on a question.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Devices, those described in the link first.
    pub devices: Vec<Cow<'static, Device>>,
    /// Formats.
    pub columns: Vec<Column>,
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
            took: (0.0, 0.0),
            answer,
        }
    }
    /// Weighs one more format; false when all are done.
    fn go_on(&mut self) -> bool {
        let Some(key) = FORMATS.get(self.columns.len()).copied().and_then(weight_key) else {
            return false;
        };
        let start = now();
        let scenario = Scenario {
            weights: Some(key),
            ..Scenario::clone(&self.answer.scenario)
        };
        let choice = quantisation::choice(key);
        let cells = weigh(&self.answer.blueprint, &scenario, &self.devices);
        self.columns.push(Column {
            key,
            label: choice
                .as_ref()
                .map_or_else(|| key.to_owned(), |one| short_format(&one.format.label)),
            bits: choice.map_or(0.0, |one| one.format.bits_per_weight()),
            cells,
        });
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
    // One format a slice: between two of them the page answers to keys and pointers.
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
            Some((one.verdict, format!("{}, {}: ", device.name, column.label), words(one, units)))
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
                    Some((_, place, words)) => view! { <b>{place}</b><span>{words}</span>"." }.into_any(),
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
        Mode::Decode | Mode::Serve => format!(" tokens a second at {} of context{many}", grouped(scenario.prompt)),
    }
}

/// Row and column of the scenario itself.
fn chosen(matrix: &Matrix) -> Option<(usize, usize)> {
    let now = now_of(matrix);
    now.0.zip(now.1)
}

fn now_of(matrix: &Matrix) -> (Option<usize>, Option<usize>) {
    let scenario = &matrix.answer.scenario;
    let hardware = scenario.hardware.as_deref().unwrap_or_default();
    let published = matrix.answer.blueprint.published.format.id.to_string();
    let format = scenario.weights.map_or(published, str::to_owned);
    (
        matrix.devices.iter().position(|device| device.id == hardware),
        matrix.columns.iter().position(|column| column.key == format),
    )
}

/// The table itself.
#[component]
fn Grid(
    matrix: RwSignal<Option<Arc<Matrix>>>,
    rows: Memo<Vec<usize>>,
    reading: RwSignal<Option<(usize, usize)>>,
) -> impl IntoView {
    let state = State::here();
    let table = NodeRef::<html::Table>::new();
    let body = NodeRef::<html::Tbody>::new();
    let head = NodeRef::<html::Thead>::new();
    Effect::new(move |_| {
        let (Some(head), Some(body)) = (head.get(), body.get()) else { return };
        let units: UnitSystem = state.units.get();
        let focused = focused(&body);
        matrix.with(|matrix| {
            let Some(matrix) = matrix else { return };
            head.set_inner_html(&grid::head(&matrix.columns));
            rows.with(|rows| body.set_inner_html(&grid::body(matrix, rows, now_of(matrix), units)));
        });
        // One cell is reached with Tab, the rest with arrows.
        let entry = body
            .query_selector("[aria-selected=true]")
            .ok()
            .flatten()
            .or_else(|| body.query_selector("[role=gridcell]").ok().flatten());
        if let Some(entry) = entry {
            let _ = entry.set_attribute("tabindex", "0");
        }
        if let Some(cell) = focused.and_then(|place| cell_at(&body, place)) {
            focus(&body, &cell);
        }
    });
    let choose = move |place: (usize, usize)| {
        let found = matrix.with_untracked(|matrix| {
            let matrix = matrix.as_ref()?;
            Some((matrix.devices.get(place.0)?.id.clone(), matrix.columns.get(place.1)?.key))
        });
        if let Some((id, key)) = found {
            state.scenario.update(|scenario| {
                if scenario.hardware.as_ref() != Some(&id) {
                    scenario.node = None;
                }
                scenario.hardware = Some(id);
                scenario.weights = Some(key);
                // The engine that was chosen may not run there; the usual one does.
                scenario.engine = None;
            });
        }
    };
    let keys = move |event: KeyboardEvent| {
        let Some(body) = body.get_untracked() else { return };
        let Some((row, at)) = focused(&body) else { return };
        let width = FORMATS.len();
        let next = rows.with_untracked(|rows| {
            let line = rows.iter().position(|one| *one == row).unwrap_or(0);
            let last = rows.len().saturating_sub(1);
            let row_at = |line: usize| rows.get(line.min(last)).copied().unwrap_or(row);
            Some(match event.key().as_str() {
                "ArrowRight" => (row, (at + 1).min(width - 1)),
                "ArrowLeft" => (row, at.saturating_sub(1)),
                "ArrowDown" => (row_at(line + 1), at),
                "ArrowUp" => (row_at(line.saturating_sub(1)), at),
                "PageDown" => (row_at(line + 10), at),
                "PageUp" => (row_at(line.saturating_sub(10)), at),
                "Home" => (row, 0),
                "End" => (row, width - 1),
                _ => return None,
            })
        });
        if let Some(next) = next {
            event.prevent_default();
            event.stop_propagation();
            if let Some(cell) = cell_at(&body, next) {
                focus(&body, &cell);
            }
        } else if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            choose((row, at));
        }
    };
    let point = move |event: &web_sys::Event| {
        let place = event.target().and_then(place_of);
        if place.is_some() && reading.get_untracked() != place {
            reading.set(place);
        }
        place
    };
    view! {
        <div class="table tall matrix-frame">
            <table class="matrix num" role="grid" aria-label="Verdicts: devices by formats" node_ref=table on:keydown=keys
                on:click=move |event| if let Some(place) = point(&event) { choose(place) }
                on:focusin=move |event| { point(&event); } on:mouseover=move |event| { point(&event); } on:mouseleave=move |_| reading.set(None)>
                <thead node_ref=head></thead>
                <tbody node_ref=body></tbody>
            </table>
            {move || matrix.with(Option::is_none).then(|| view! { <p class="waiting">"Weighing every device …"</p> })}
            {move || (matrix.with(Option::is_some) && rows.with(Vec::is_empty)).then(|| view! { <div class="empty"><Icon name="search"/><b>"No device passes this filter."</b></div> })}
        </div>
    }
}

/// Row and column of a cell, or of what lies in one.
fn place_of(target: web_sys::EventTarget) -> Option<(usize, usize)> {
    let cell = target.dyn_ref::<web_sys::Element>()?.closest("[data-at]").ok()??;
    let number = |name: &str| cell.get_attribute(name)?.parse().ok();
    Some((number("data-row")?, number("data-at")?))
}

fn focused(body: &web_sys::HtmlElement) -> Option<(usize, usize)> {
    let active = document().active_element()?;
    if !body.contains(Some(&active)) {
        return None;
    }
    place_of(active.into())
}

fn cell_at(body: &web_sys::HtmlElement, (row, at): (usize, usize)) -> Option<web_sys::HtmlElement> {
    let found = body
        .query_selector(&format!("[data-row=\"{row}\"][data-at=\"{at}\"]"))
        .ok()??;
    found.dyn_into().ok()
}

/// Moves the focus, and with it what Tab comes back to.
fn focus(body: &web_sys::HtmlElement, cell: &web_sys::HtmlElement) {
    if let Ok(Some(before)) = body.query_selector("[tabindex='0']") {
        let _ = before.set_attribute("tabindex", "-1");
    }
    let _ = cell.set_attribute("tabindex", "0");
    let _ = cell.focus();
}

/// Search, vendor, segment, price.
#[component]
fn FilterBar(filter: RwSignal<Filter>, shown: Signal<usize>) -> impl IntoView {
    let menu = |label: &'static str, all: &'static str, of: fn(&Device) -> &str, name: fn(&str) -> &str, set: fn(&mut Filter, String)| {
        view! {
            <select aria-label=label on:change:target=move |event| filter.update(|filter| set(filter, event.target().value()))>
                <option value="">{all}</option>
                {kinds(of).into_iter().map(|kind| view! { <option value=kind>{name(kind)}</option> }).collect_view()}
            </select>
        }
    };
    let count = move || match shown.get() {
        1 => "1 device".to_owned(),
        some => format!("{some} devices"),
    };
    view! {
        <div class="row filters">
            <label class="omnibox"><Icon name="search"/><input type="search" id="matrix-filter" autocomplete="off" spellcheck="false" placeholder="Filter devices" aria-label="Filter devices"
                on:input:target=move |event| filter.update(|filter| filter.query = event.target().value())/></label>
            {menu("Vendor", "Every vendor", |device| &device.vendor, |vendor| vendor, |filter, vendor| filter.vendor = vendor)}
            {menu("Segment", "Every segment", |device| &device.segment, segment_name, |filter, segment| filter.segment = segment)}
            <label class="field num price"><span class="unit">"up to $"</span><input inputmode="decimal" autocomplete="off" aria-label="Most dollars an hour"
                on:input:target=move |event| { let most = event.target().value().trim().parse().ok(); filter.update(|filter| filter.price = most) }/><span class="unit">"an hour"</span></label>
            <span class="count num" aria-live="polite">{count}</span>
        </div>
    }
}
