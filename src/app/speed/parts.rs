//! Where the time of a step and of the prompt goes.

use leptos::prelude::*;
use weighbridge::analysis::time::{PassTime, TimeParts as Parts};
use weighbridge::scenario::Mode;
use weighbridge::units::{percent, seconds};

use crate::app::case::{Answer, Case};

/// A part: key, name, meaning, seconds.
type Part = (&'static str, &'static str, &'static str, f64);

/// A pass and its parts.
#[derive(Clone, Debug, PartialEq)]
struct Stack {
    title: &'static str,
    parts: Vec<Part>,
}

impl Stack {
    fn of(title: &'static str, parts: &Parts) -> Self {
        let parts = vec![
            ("memory", "Memory", "reading weights and cache", parts.memory),
            ("compute", "Arithmetic", "beyond the memory it waits for", parts.compute),
            ("launch", "Launches", "starting each kernel", parts.launch),
            ("communication", "Communication", "between devices", parts.communication),
            (
                "host",
                "The machine's RAM",
                "what lies outside of the device",
                parts.host,
            ),
            (
                "scheduling",
                "Scheduling",
                "choosing what runs, sampling, requests that come and go",
                parts.scheduling,
            ),
        ];
        Self { title, parts }
    }
    fn total(&self) -> f64 {
        self.parts.iter().map(|part| part.3).sum()
    }
}

/// One bar for each pass.
#[component]
pub fn TimeParts() -> impl IntoView {
    let case = Case::here();
    let stacks = Memo::new(move |_| case.shown.with(|shown| shown.as_ref().map(stacks).unwrap_or_default()));
    move || {
        let stacks = stacks.get();
        if stacks.is_empty() {
            return view! { <p>"For training only a lower bound is computed, without a breakdown."</p> }.into_any();
        }
        stacks.into_iter().map(bar).collect_view().into_any()
    }
}

fn bar(stack: Stack) -> impl IntoView {
    let total = stack.total().max(f64::MIN_POSITIVE);
    let parts: Vec<Part> = stack
        .parts
        .into_iter()
        .filter(|part| part.3 / total >= 0.0005)
        .collect();
    let deck = parts
        .iter()
        .map(|(key, .., time)| view! { <i data-time=*key style:--share=format!("{:.3}", time / total * 100.0)></i> })
        .collect_view();
    let rows = parts
        .into_iter()
        .map(|(key, name, note, time)| {
            view! {
                <tr data-time=key>
                    <th scope="row"><i class="dot"></i>{name}<small>" "{note}</small></th>
                    <td data-figure=format!("time.{key}")>{seconds(time)}</td><td>{percent(time / total)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <h3 class="stack-title">{stack.title}<span class="num">{seconds(total)}</span></h3>
        <div class="time-deck" aria-hidden="true">{deck}</div>
        <div class="table"><table><thead class="unseen"><tr><th scope="col">"Part"</th><th scope="col">"Time"</th><th scope="col">"Share"</th></tr></thead><tbody>{rows}</tbody></table></div>
    }
}

fn stacks(answer: &Answer) -> Vec<Stack> {
    let Some(speed) = &answer.analysis.speed else {
        return Vec::new();
    };
    if let Some(serving) = &answer.analysis.serving {
        return vec![Stack::of("A step of the server", &serving.step)];
    }
    let of = |title, time: &Option<PassTime>| time.as_ref().map(|time| Stack::of(title, &time.parts));
    match answer.scenario.workload.mode {
        Mode::Pretrain | Mode::Finetune => Vec::new(),
        Mode::Prefill => of("The whole prompt", &speed.pass).into_iter().collect(),
        Mode::Decode | Mode::Serve => [
            of("Each further token", &speed.pass),
            of("The prompt, for the first token", &speed.prefill),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}
