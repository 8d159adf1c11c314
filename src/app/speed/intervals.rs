//! Rates and times, each with the interval in which eight of ten measurements lie.

use leptos::prelude::*;
use weighbridge::analysis::{Figure, Speed, time::PassTime};
use weighbridge::scenario::Mode;
use weighbridge::units::{decimal, grouped, seconds};

use crate::app::case::{Answer, Case};

/// A figure with its interval.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    key: &'static str,
    name: String,
    note: &'static str,
    figure: Option<Figure>,
    value: f64,
    low: f64,
    high: f64,
    /// What physics allows.
    bound: Option<f64>,
    rate: bool,
}

impl Row {
    fn words(&self, value: f64) -> String {
        if self.rate {
            format!("{} tokens/s", decimal(value))
        } else {
            seconds(value)
        }
    }
    fn between(&self) -> String {
        if self.rate {
            format!("{} to {}", decimal(self.low), decimal(self.high))
        } else {
            format!("{} to {}", seconds(self.low), seconds(self.high))
        }
    }
}

/// The rows.
#[component]
pub fn Intervals() -> impl IntoView {
    let case = Case::here();
    let rows = Memo::new(move |_| case.shown.with(|shown| shown.as_ref().map(rows).unwrap_or_default()));
    let basis = Memo::new(move |_| case.shown.with(|shown| shown.as_ref().map(basis).unwrap_or_default()));
    view! {
        <p>{basis}</p>
        <ul class="intervals num">
            {move || rows.get().into_iter().map(|row| {
                // The scale of each row runs from nothing to a little beyond its far end.
                let end = row.high.max(row.value).max(row.bound.unwrap_or(0.0)) * 1.06;
                let at = move |value: f64| format!("{:.2}", (value / end * 100.0).clamp(0.0, 100.0));
                let value = row.words(row.value);
                let between = row.between();
                let bound = row.bound.map(|bound| view! { <i class="bound" style:--at=at(bound) title=format!("Nothing beats {}", row.words(bound))></i> });
                let shown = match row.figure {
                    Some(figure) => view! { <button class="why" type="button" data-figure=row.key on:click=move |event| case.open(figure, &event)>{value}</button> }.into_any(),
                    None => view! { <span data-figure=row.key>{value}</span> }.into_any(),
                };
                view! {
                    <li>
                        <span class="name">{row.name.clone()}<small>{row.note}</small></span>
                        <span class="value">{shown}<small data-figure=format!("{}.between", row.key)>{between}</small></span>
                        <span class="track" aria-hidden="true"><i class="range" style:--low=at(row.low) style:--high=at(row.high)></i><i class="mark" style:--at=at(row.value)></i>{bound}</span>
                    </li>
                }
            }).collect_view()}
        </ul>
        <p class="key" aria-hidden="true"><span><i class="range"></i>"eight of ten measurements"</span><span><i class="mark"></i>"expected"</span><span><i class="bound"></i>"nothing beats this"</span></p>
    }
}

/// What the intervals come from.
fn basis(answer: &Answer) -> String {
    let pass = answer.analysis.speed.as_ref().and_then(|speed| speed.pass.as_ref());
    match pass {
        None => "Times are what the device cannot beat: peak rate and full bandwidth, nothing lost.".to_owned(),
        Some(_) => {
            let basis = answer.analysis.speed.as_ref().map_or("", |speed| speed.basis.as_str());
            format!(
                "The expected times are {basis}. Eight of ten measurements that the fit had not seen lie inside such a bar."
            )
        }
    }
}

fn rows(answer: &Answer) -> Vec<Row> {
    let Some(speed) = &answer.analysis.speed else {
        return Vec::new();
    };
    let scenario = &answer.scenario;
    let Some(pass) = &speed.pass else {
        return ceiling(speed, answer);
    };
    let (batch, prompt) = (scenario.workload.batch as f64, scenario.workload.prompt as f64);
    let mut all = Vec::new();
    let time = |key, name: &str, note, figure, time: &PassTime| Row {
        key,
        name: name.to_owned(),
        note,
        figure,
        value: time.seconds,
        low: time.low,
        high: time.high,
        bound: Some(time.floor),
        rate: false,
    };
    let rate = |key, name: &str, note, figure, time: &PassTime, tokens: f64| Row {
        key,
        name: name.to_owned(),
        note,
        figure,
        value: tokens / time.seconds,
        low: tokens / time.high,
        high: tokens / time.low,
        bound: Some(tokens / time.floor).filter(|bound| bound.is_finite()),
        rate: true,
    };
    if scenario.workload.mode == Mode::Prefill {
        all.push(rate(
            "speed.tokens_per_second",
            "Reading the prompt",
            "prompt tokens, all sequences",
            Some(Figure::TokensPerSecond),
            pass,
            batch * prompt,
        ));
        all.push(time(
            "speed.prefill",
            "Whole prompt",
            "of every sequence",
            Some(Figure::Time),
            pass,
        ));
        return all;
    }
    if let Some(serving) = &answer.analysis.serving {
        all.push(Row {
            key: "speed.tokens_per_second",
            name: "All users together".to_owned(),
            note: "tokens written, prompts read in between",
            figure: Some(Figure::TokensPerSecond),
            value: serving.tokens_per_second,
            low: serving.tokens_per_second_low,
            high: serving.tokens_per_second_high,
            bound: None,
            rate: true,
        });
    }
    let served = answer.analysis.serving.is_some();
    all.push(rate(
        "speed.per_user",
        "Each user sees",
        "tokens written",
        if scenario.workload.batch == 1 && !served {
            Some(Figure::TokensPerSecond)
        } else {
            None
        },
        pass,
        1.0,
    ));
    if scenario.workload.batch > 1 && !served {
        all.push(rate(
            "speed.tokens_per_second",
            "All together",
            "tokens written, all sequences",
            Some(Figure::TokensPerSecond),
            pass,
            batch,
        ));
    }
    if let Some(prefill) = &speed.prefill {
        all.push(time(
            "speed.ttft",
            "First token (TTFT)",
            if served {
                "waiting, then reading the prompt"
            } else {
                "reading the whole prompt"
            },
            Some(Figure::FirstToken),
            prefill,
        ));
    }
    all.push(time(
        "speed.tpot",
        "Each further token (TPOT)",
        if served {
            "the mean of all steps"
        } else {
            "at the middle of the answer"
        },
        Some(Figure::Time),
        pass,
    ));
    if let Some(prefill) = &speed.prefill {
        let after = scenario.generated().saturating_sub(1) as f64;
        if scenario.generated() > 0 {
            all.push(time(
                "speed.answer",
                &format!("Whole answer, {} tokens", grouped(scenario.generated())),
                "first token and all others",
                None,
                &along(prefill, pass, after),
            ));
        }
    }
    let thousand = PassTime {
        seconds: pass.seconds * 1000.0,
        low: pass.low * 1000.0,
        high: pass.high * 1000.0,
        floor: pass.floor * 1000.0,
        ..pass.clone()
    };
    all.push(time(
        "speed.thousand",
        "1,000 tokens",
        "written for one user",
        None,
        &thousand,
    ));
    all
}

/// A prefill and so many steps. Both ends may be met at once, so the interval is the sum of theirs.
fn along(prefill: &PassTime, pass: &PassTime, steps: f64) -> PassTime {
    PassTime {
        seconds: pass.seconds.mul_add(steps, prefill.seconds),
        low: pass.low.mul_add(steps, prefill.low),
        high: pass.high.mul_add(steps, prefill.high),
        floor: pass.floor.mul_add(steps, prefill.floor),
        ..pass.clone()
    }
}

/// Where nothing was measured: what nothing beats, without an interval.
fn ceiling(speed: &Speed, answer: &Answer) -> Vec<Row> {
    let row = |key, name: &str, figure, value: f64, rate| Row {
        key,
        name: name.to_owned(),
        note: "nothing lost",
        figure: Some(figure),
        value,
        low: value,
        high: value,
        bound: Some(value),
        rate,
    };
    let _ = answer;
    vec![
        row(
            "speed.step",
            "One step, at the least",
            Figure::Time,
            speed.roof.seconds,
            false,
        ),
        row(
            "speed.tokens_per_second",
            "Tokens, at most",
            Figure::TokensPerSecond,
            speed.tokens_per_second,
            true,
        ),
    ]
}
