//! What would it take: each answer a sentence with its basis, and a button that makes it so.

use std::borrow::Cow;

use leptos::prelude::*;
use weighbridge::analysis::{Verdict, analyse};
use weighbridge::hardware::price::hourly;
use weighbridge::hardware::{Device, devices};
use weighbridge::model::quantisation::{CHOICES, expected_loss, quality};
use weighbridge::scenario::{Mode, Scenario, weight_key};
use weighbridge::units::{UnitSystem, counted, grouped};

use super::weigh::weigh_room;
use crate::app::hardware::facts::{price_words, resolve};
use crate::app::state::{Answer, State};
use crate::app::words::{short_device, tokens};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    key: &'static str,
    words: String,
    basis: String,
    deed: Option<(String, Scenario)>,
}

/// Most devices tried for a tensor-parallel group.
const MOST_DEGREE: u64 = 64;

/// The card.
#[component]
pub fn Answers() -> impl IntoView {
    let state = State::here();
    let rows = Memo::new(move |_| {
        let units = state.units.get();
        state
            .shown
            .with(|shown| shown.as_ref().map(|answer| rows(answer, units)).unwrap_or_default())
    });
    view! {
        <section class="card wide" aria-labelledby="answers-title">
            <h2 id="answers-title">"What would it take"</h2>
            <ul class="answers num">
                {move || rows.get().into_iter().map(|row| {
                    let deed = row.deed.map(|(label, scenario)| view! {
                        <button class="button small" type="button" on:click=move |_| state.scenario.set(scenario.clone())>{label}</button>
                    });
                    view! { <li data-figure=format!("answer.{}", row.key)><p>{row.words}<small>{row.basis}</small></p>{deed}</li> }
                }).collect_view()}
            </ul>
        </section>
    }
}

fn rows(answer: &Answer, units: UnitSystem) -> Vec<Row> {
    let scenario = &answer.scenario;
    let Some(device) = scenario.hardware.as_deref().and_then(resolve) else {
        return vec![Row {
            key: "none",
            words: "Choose a device under Hardware: then this says how far it goes, and what else would do.".to_owned(),
            basis: String::new(),
            deed: None,
        }];
    };
    [
        context(answer, &device),
        users(answer, &device),
        format(answer, &device, units),
        cheapest(answer),
        degree(answer, &device),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn here(scenario: &Scenario, device: &Device) -> String {
    let name = short_device(&device.name);
    match scenario.devices {
        1 => format!("one {name}"),
        devices => format!("{} × {name}", grouped(devices)),
    }
}

fn context(answer: &Answer, device: &Device) -> Option<Row> {
    let (scenario, fit) = (&answer.scenario, answer.analysis.fit.as_ref()?);
    if scenario.mode == Mode::Pretrain {
        return None;
    }
    let here = here(scenario, device);
    let own = answer.blueprint.max_context.as_ref().map(|most| most.value);
    let (words, basis) = match fit.max_context {
        0 => (
            format!("No context is short enough for {here} in this format."),
            "Not even one token fits beside the weights.",
        ),
        most if Some(most) == own => (
            format!(
                "The longest context on {here} is {}: all this model was made for.",
                counted(most, "token")
            ),
            "Memory would carry it; the model's own limit is reached first.",
        ),
        most => (
            format!("The longest context on {here} is {}.", counted(most, "token")),
            "Found by trying, with this format and batch; prompt and answer together.",
        ),
    };
    let generate = scenario.generated().min(fit.max_context.saturating_sub(1));
    let next = Scenario {
        prompt: fit.max_context.saturating_sub(generate).max(1),
        generate: Some(generate),
        ..Scenario::clone(scenario)
    };
    Some(Row {
        key: "context",
        words,
        basis: basis.to_owned(),
        deed: (fit.max_context > 0 && next.prompt != scenario.prompt)
            .then(|| (format!("Weigh {} tokens", tokens(fit.max_context)), next)),
    })
}

fn users(answer: &Answer, device: &Device) -> Option<Row> {
    let (scenario, fit) = (&answer.scenario, answer.analysis.fit.as_ref()?);
    let here = here(scenario, device);
    let what = if scenario.mode == Mode::Pretrain {
        "sequence"
    } else {
        "user"
    };
    let each = grouped(scenario.prompt.saturating_add(scenario.generated()));
    let words = match fit.max_batch {
        0 => format!("Not even one {what} with {each} tokens fits on {here}."),
        most => format!(
            "{here} carries {} at once, each with {each} tokens.",
            counted(most, what)
        ),
    };
    let next = Scenario {
        batch: fit.max_batch.max(1),
        endless: false,
        ..Scenario::clone(scenario)
    };
    Some(Row {
        key: "users",
        words: capital(&words),
        basis: "As far as memory goes; how fast each of them is then is another question.".to_owned(),
        deed: (fit.max_batch > 0 && fit.max_batch != scenario.batch)
            .then(|| (format!("Weigh {}", counted(fit.max_batch, what)), next)),
    })
}

/// The format that loses least of those that fit whole.
fn format(answer: &Answer, device: &Device, units: UnitSystem) -> Option<Row> {
    let scenario = &answer.scenario;
    if scenario.mode == Mode::Pretrain {
        return None;
    }
    let published = answer.blueprint.published.format.id.to_string();
    let now = scenario.weights.unwrap_or(&published);
    // What is published loses nothing.
    let loss = |format: &str, bits: f64| {
        if format == published {
            0.0
        } else {
            expected_loss(format, bits)
        }
    };
    let basis = |format: &str, bits: f64, now: &str, engine: &str| match quality(format) {
        _ if format == published => format!("As published: nothing is lost. It runs there with {engine}."),
        Some(row) => format!(
            "Best by published divergence from 16 bits ({:.4} nats; {}), with {engine}.",
            row.divergence, row.source
        ),
        None => format!(
            "Best by bits per weight ({bits:.2}), with {engine}: nobody published what this format loses.{}",
            if format == now { " It is in use now." } else { "" }
        ),
    };
    let best = CHOICES
        .iter()
        .filter_map(|choice| {
            let next = Scenario {
                weights: Some(weight_key(&choice.format.id)?),
                ..Scenario::clone(scenario)
            };
            let one = weigh_room(&answer.blueprint, &next, &[Cow::Owned(device.clone())]).pop()??;
            (one.verdict == "fits" && choice.format.bits_per_weight() <= 16.0).then_some((choice, one, next))
        })
        .min_by(|one, other| {
            // As it is now before others that lose as little.
            let rank = |row: &(&weighbridge::model::quantisation::Choice, _, Scenario)| {
                let format = &row.0.format;
                let now = Some(&*format.id) == Some(now);
                (loss(&format.id, format.bits_per_weight()), now)
            };
            let (one, other) = (rank(one), rank(other));
            one.0.total_cmp(&other.0).then(other.1.cmp(&one.1))
        });
    let here = here(scenario, device);
    Some(match best {
        None => Row {
            key: "format",
            words: format!("No format is small enough for {here} at this length."),
            basis: "Tried were all formats that an engine runs there.".to_owned(),
            deed: None,
        },
        Some((choice, one, next)) => Row {
            key: "format",
            words: format!(
                "The best format that fits whole on {here} is {}, with {} of {}.",
                choice.format.label,
                units.bytes(one.total as f64),
                units.bytes(one.capacity as f64)
            ),
            basis: basis(
                &choice.format.id,
                choice.format.bits_per_weight(),
                now,
                one.engine.label(),
            ),
            deed: (next.weights != scenario.weights).then(|| (format!("Use {}", choice.format.label), next)),
        },
    })
}

/// The priced device that carries it for the least money.
fn cheapest(answer: &Answer) -> Option<Row> {
    let scenario = &answer.scenario;
    let priced: Vec<(Cow<'static, Device>, f64, String)> = devices()
        .iter()
        .filter_map(|device| hourly(device).map(|(price, basis)| (Cow::Borrowed(device), price, basis)))
        .collect();
    let list: Vec<_> = priced.iter().map(|row| row.0.clone()).collect();
    let one = Scenario {
        devices: 1,
        tensor: None,
        pipeline: 1,
        expert: 1,
        engine: None,
        ..Scenario::clone(scenario)
    };
    let weighed = weigh_room(&answer.blueprint, &one, &list);
    let best = priced
        .into_iter()
        .zip(weighed)
        .filter(|(_, one)| one.as_ref().is_some_and(|one| one.verdict == "fits"))
        .min_by(|one, other| one.0.1.total_cmp(&other.0.1));
    Some(match best {
        None => Row {
            key: "cheapest",
            words: "No single device with a known price carries this.".to_owned(),
            basis: "Only devices whose price somebody published are ranked.".to_owned(),
            deed: None,
        },
        Some(((device, price, basis), _)) => Row {
            key: "cheapest",
            words: format!(
                "The cheapest device that carries it whole is one {}, at {}.",
                device.name,
                price_words(price)
            ),
            basis: format!("{basis}. Devices without a published price are not ranked."),
            deed: (scenario.hardware.as_ref() != Some(&device.id)).then(|| {
                let next = Scenario {
                    hardware: Some(device.id.clone()),
                    node: None,
                    ..one
                };
                (format!("Use {}", short_device(&device.name)), next)
            }),
        },
    })
}

/// The fewest devices that share every layer and carry it.
fn degree(answer: &Answer, device: &Device) -> Option<Row> {
    let scenario = &answer.scenario;
    if scenario.mode == Mode::Pretrain || device.unified {
        return None;
    }
    let mut degree = 1;
    let name = short_device(&device.name);
    while degree <= MOST_DEGREE {
        let next = Scenario {
            devices: degree,
            tensor: None,
            pipeline: 1,
            expert: 1,
            ..Scenario::clone(scenario)
        };
        let fits = analyse(&answer.blueprint, &next)
            .ok()
            .and_then(|analysis| analysis.fit)
            .is_some_and(|fit| fit.verdict == Verdict::Fits);
        if fits {
            let words = match degree {
                1 => format!("One {name} is enough: nothing needs to be split."),
                _ => format!("{degree} × {name} carry it whole, every layer shared among them (TP {degree})."),
            };
            return Some(Row {
                key: "degree",
                words,
                basis: "Powers of two were tried, as engines split heads.".to_owned(),
                deed: (scenario.devices != degree).then(|| (format!("Use {}", counted(degree, "device")), next)),
            });
        }
        degree *= 2;
    }
    Some(Row {
        key: "degree",
        words: format!("Not even {MOST_DEGREE} × {name} carry it, every layer shared among them."),
        basis: "Powers of two were tried, as engines split heads.".to_owned(),
        deed: None,
    })
}

fn capital(words: &str) -> String {
    let mut signs = words.chars();
    signs
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}
