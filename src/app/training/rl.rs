//! "RL": the stages of an update of reinforcement learning, their time and memory.

use leptos::prelude::*;
use weighbridge::analysis::training::RlStage;
use weighbridge::scenario::training::{Reinforcement, Switch};
use weighbridge::units::{count, grouped, percent, seconds};

use crate::app::case::Case;

#[derive(Clone, Default, PartialEq)]
struct Shown {
    method: Reinforcement,
    stages: Vec<RlStage>,
    room: Option<u64>,
    sequences: u64,
    sequence: u64,
    answer: u64,
}

/// The tab.
#[component]
pub fn RlTab() -> impl IntoView {
    super::dress();
    let case = Case::here();
    let found = Memo::new(move |_| {
        case.shown.with(|answer| {
            let answer = answer.as_ref()?;
            let training = answer.analysis.training.as_ref()?;
            let choice = &answer.scenario.training;
            let sequence = training.plan.sequence;
            Some(Shown {
                method: choice.reinforcement.unwrap_or_default(),
                stages: training.rl_stages.clone(),
                room: answer.analysis.fit.as_ref().map(|fit| fit.capacity_bytes),
                sequences: training.plan.global_batch,
                sequence,
                answer: choice.answer_tokens.unwrap_or(sequence / 2),
            })
        })
    });
    view! {
        <section class="card wide" aria-labelledby="rl-title">
            {move || found.get().map(|found| view! {
                <h2 id="rl-title">{match found.method {
                    Reinforcement::None => "Reinforcement learning".to_owned(),
                    other => format!("{}: what one update does", other.label()),
                }}</h2>
                {choices(case, found.method)}
                {if found.method == Reinforcement::None {
                    view! { <p>"The run trains on a corpus. Choose a method, and this says what one update takes: answers are written, weighed, and the policy is trained on them."</p> }.into_any()
                } else {
                    stages(case, &found).into_any()
                }}
            })}
        </section>
    }
}

fn choices(case: Case, now: Reinforcement) -> impl IntoView + use<> {
    let all: Vec<_> = [Reinforcement::None, Reinforcement::Grpo, Reinforcement::Ppo]
        .into_iter()
        .map(|one| {
            let take = move |_| {
                let scenario = case
                    .shown
                    .with_untracked(|answer| answer.as_ref().map(|answer| answer.scenario.as_ref().clone()));
                let Some(scenario) = scenario else { return };
                let method = Some(one).filter(|one| *one != Reinforcement::None);
                case.take(scenario.with(|scenario| scenario.training.reinforcement = method));
            };
            view! { <button class="button small" type="button" aria-pressed=(now == one).to_string() on:click=take>{one.label()}</button> }
        })
        .collect();
    view! { <div class="programs" role="group" aria-label="Method">{all}</div> }
}

fn stages(case: Case, found: &Shown) -> impl IntoView + use<> {
    let units = case.page.units.get();
    let known: Option<Vec<f64>> = found.stages.iter().map(|stage| stage.seconds).collect();
    let total: Option<f64> = known.map(|all| all.iter().sum());
    let most = found.stages.iter().map(|stage| stage.memory_bytes).max().unwrap_or(0);
    let scale = found.room.unwrap_or(most).max(most).max(1) as f64;
    let strip = total.filter(|total| *total > 0.0).map(|total| {
        let each: Vec<_> = found
            .stages
            .iter()
            .filter(|stage| stage.seconds.is_some_and(|seconds| seconds > 0.0))
            .map(|stage| {
                let share = 100.0 * stage.seconds.unwrap_or(0.0) / total;
                view! { <i class="rl-stage" data-stage=stage.name style:--share=format!("{share:.3}")></i> }
            })
            .collect();
        view! { <div class="rl-strip" aria-hidden="true">{each}</div> }
    });
    let rows: Vec<_> = found
        .stages
        .iter()
        .map(|stage| {
            let share = stage.seconds.zip(total).filter(|(_, total)| *total > 0.0);
            let bar = 100.0 * stage.memory_bytes as f64 / scale;
            let fits = found.room.map(|room| (stage.memory_bytes <= room).to_string());
            view! {
                <tr data-fits=fits>
                    <th scope="row"><i class="dot rl-stage" data-stage=stage.name></i>{stage.label}</th>
                    <td class="wide-bar" aria-hidden="true"><div class="rank-bar"><i class="rl-stage" data-stage=stage.name style:--share=format!("{bar:.2}")></i></div></td>
                    <td class="verdict-word">{if stage.memory_bytes == 0 { "none".to_owned() } else { units.bytes(stage.memory_bytes as f64) }}</td>
                    <td>{stage.seconds.map_or_else(|| "not known".to_owned(), seconds)}</td>
                    <td class="optional">{share.map(|(own, total)| percent(own / total))}</td>
                    <td class="optional">{count(stage.flops, "FLOP")}</td>
                </tr>
            }
        })
        .collect();
    let reference = case.shown.with_untracked(|answer| {
        answer
            .as_ref()
            .is_some_and(|answer| answer.scenario.training.reference_model == Some(Switch::Off))
    });
    let mut said = format!(
        "{} answers of {} tokens after prompts of {}",
        grouped(found.sequences),
        grouped(found.answer),
        grouped(found.sequence.saturating_sub(found.answer))
    );
    if let Some(total) = total {
        said.push_str(&format!(", {} an update", seconds(total)));
    }
    said.push_str(". Stages take turns on the same devices, so the largest must fit: ");
    said.push_str(&units.bytes(most as f64));
    said.push_str(" on one.");
    if reference {
        said.push_str(" No reference model holds the policy back.");
    }
    view! {
        <p>{said}</p>
        {strip}
        <div class="table" tabindex="0" role="region" aria-label="Stages of an update"><table class="num strategies">
            <thead><tr><th scope="col">"Stage"</th><th scope="col" class="wide-bar"><span class="unseen">"Bar"</span></th><th scope="col">"A device holds"</th><th scope="col">"Time"</th><th scope="col" class="optional">"Share"</th><th scope="col" class="optional">"Operations"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        <p class="note">"Answers are written by the serving model of this estimate. That the longest answers hold the others up is not counted, nor is handing new weights to the server."</p>
    }
}
