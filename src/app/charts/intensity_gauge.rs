//! The gauge of intensities: FLOP a byte on a ruler, against the ridge of the device.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use weighbridge::analysis::{Bound, Figure};
use weighbridge::chart::Capacity;
use weighbridge::units::decimal;

use crate::app::case::{Answer, Case, Opened};
use crate::app::hardware::facts::resolve;

/// Decades the ruler spans at least, as powers of ten.
const RULER: (i32, i32) = (-1, 4);

/// Intensity of each component on the ruler of the device.
#[component]
pub fn IntensityGauge() -> impl IntoView {
    let case = Case::here();
    move || case.shown.get().map(|answer| gauge(case, &answer))
}

/// A mark on the ruler.
struct Mark {
    key: Option<&'static str>,
    name: &'static str,
    intensity: f64,
    bound: Option<Bound>,
    figure: Figure,
}

fn gauge(case: Case, answer: &Answer) -> impl IntoView + use<> {
    let analysis = &answer.analysis;
    let whole = Mark {
        key: None,
        name: "Whole pass",
        intensity: analysis.intensity(),
        bound: analysis.speed.as_ref().map(|speed| speed.roof.bound()),
        figure: Figure::Intensity,
    };
    let components = analysis
        .components
        .iter()
        .filter(|one| one.bytes > 0.0)
        .map(|one| Mark {
            key: Some(one.component.key()),
            name: one.component.label().split(" (").next().unwrap_or_default(),
            intensity: one.intensity(),
            bound: one.bound,
            figure: Figure::ComponentIntensity(one.component),
        });
    let marks: Vec<Mark> = components.chain([whole]).collect();
    let ridge = analysis
        .speed
        .as_ref()
        .map(|speed| speed.ridge)
        .filter(|ridge| ridge.is_finite() && *ridge > 0.0);
    let ruler = Ruler::over(marks.iter().map(|mark| mark.intensity).chain(ridge));
    let device = answer
        .scenario
        .hardware
        .device
        .as_deref()
        .and_then(resolve)
        .map(|device| Capacity::of(&device).name);
    let sentence = words(&marks, ridge, device.as_deref());
    let head = ridge.map(|ridge| {
        view! {
            <li class="gauge-head" aria-hidden="true" style:border-bottom="0">
                <div class="track">
                    <span class="low">"memory-bound"</span>
                    <span class="ridge">{format!("ridge {}", decimal(ridge))}</span>
                    <span class="high">"compute-bound"</span>
                </div>
            </li>
        }
    });
    let axis: Vec<_> = ruler
        .decades()
        .map(|(at, text)| view! { <span style:--at=at.to_string()>{text}</span> })
        .collect();
    let rows: Vec<_> = marks.into_iter().map(|mark| row(case, &ruler, &mark)).collect();
    view! {
        <p>{sentence}</p>
        <ol class="gauge num" style:--ridge=ridge.map(|ridge| ruler.place(ridge).to_string())>
            {head}
            {rows}
            <li class="gauge-axis" aria-hidden="true" style:border-bottom="0"><div class="track num">{axis}</div></li>
        </ol>
    }
}

fn row(case: Case, ruler: &Ruler, mark: &Mark) -> impl IntoView + use<> {
    let figure = mark.figure;
    let open = move |event: MouseEvent| {
        case.opened.set(Some(Opened {
            figure,
            path: Vec::new(),
            at: place_of(&event),
        }))
    };
    let at = ruler.place(mark.intensity).to_string();
    // The whole pass is no component: it is drawn in ink.
    let ink = mark.key.is_none().then_some("var(--ink)");
    view! {
        <li data-component=mark.key style:--at=at style:--part=ink>
            <span class="name"><i class="dot"></i>{mark.name}</span>
            <span class="track"><i class="mark-dot"></i></span>
            <span class="value">
                <button class="why" type="button" aria-label=format!("{}: {} FLOP a byte", mark.name, decimal(mark.intensity)) on:click=open>
                    {decimal(mark.intensity)}
                </button>
                {mark.bound.map(|bound| view! { " " <span class="bound">{bound.word()}</span> })}
            </span>
        </li>
    }
}

/// Where an explanation opens: at the pointer, or below the button when a key pressed it.
fn place_of(event: &MouseEvent) -> (f64, f64) {
    let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    if x != 0.0 || y != 0.0 {
        return (x, y);
    }
    let target = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.map_or((x, y), |button| {
        let place = button.get_bounding_client_rect();
        (place.left(), place.bottom())
    })
}

/// What the marks mean on this device.
fn words(marks: &[Mark], ridge: Option<f64>, device: Option<&str>) -> String {
    let about = "FLOP for each byte read or written.";
    let (Some(ridge), Some(device)) = (ridge, device) else {
        return format!(
            "{about} Choose a device to see its ridge: left of it memory bandwidth is the limit, right of it arithmetic."
        );
    };
    let components: Vec<_> = marks
        .iter()
        .filter(|mark| mark.key.is_some() && mark.intensity > 0.0)
        .collect();
    let slow = components
        .iter()
        .filter(|mark| mark.bound == Some(Bound::Memory))
        .count();
    let ridge = decimal(ridge);
    if slow == components.len() {
        format!(
            "{about} Everything lies left of the ridge of {device} ({ridge}): bandwidth is the limit, and the arithmetic units wait for bytes."
        )
    } else if slow == 0 {
        format!("{about} Everything lies right of the ridge of {device} ({ridge}): arithmetic is the limit.")
    } else {
        let whole = marks
            .iter()
            .find(|mark| mark.key.is_none())
            .and_then(|mark| mark.bound)
            .map_or("", Bound::word);
        format!(
            "{about} Left of the ridge of {device} ({ridge}) bandwidth is the limit, right of it arithmetic. For the whole pass it is {whole}."
        )
    }
}

/// A logarithmic ruler between two powers of ten.
struct Ruler {
    low: i32,
    high: i32,
}

impl Ruler {
    /// A ruler that holds all values.
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let logs = values.filter(|value| value.is_finite() && *value > 0.0).map(f64::log10);
        let (low, high) = logs.fold(RULER, |(low, high), log| {
            (low.min(log.floor() as i32), high.max(log.ceil() as i32))
        });
        Self {
            low: low.max(-6),
            high: high.min(9),
        }
    }
    /// A value's place on it, 0 to 100; zero is at its left end.
    fn place(&self, value: f64) -> f64 {
        let log = if value > 0.0 {
            value.log10()
        } else {
            f64::from(self.low)
        };
        ((log - f64::from(self.low)) / f64::from(self.high - self.low) * 100.0).clamp(0.0, 100.0)
    }
    fn decades(&self) -> impl Iterator<Item = (f64, String)> {
        (self.low..=self.high).map(|power| {
            let value = 10_f64.powi(power);
            let text = if power < 0 {
                format!("{value:.*}", power.unsigned_abs() as usize)
            } else if power < 3 {
                format!("{value:.0}")
            } else if power < 6 {
                format!("{:.0}k", value / 1e3)
            } else {
                format!("{:.0}M", value / 1e6)
            };
            (self.place(value), text)
        })
    }
}
