//! What a run chooses: the method, the batch, framework and formats; what few people turn is folded.

use leptos::prelude::*;
use weighbridge::scenario::training::BaseWeights;
use weighbridge::scenario::{KNOBS, Knob, KnobId, Mode, Recompute, Scenario};

use crate::app::case::Case;
use crate::app::knob::KnobControl;

const FIRST: &[KnobId] = &[
    KnobId::Task,
    KnobId::LoraRank,
    KnobId::LoraTargets,
    KnobId::BaseWeights,
    KnobId::GlobalBatch,
    KnobId::Tokens,
    KnobId::Framework,
    KnobId::Precision,
    KnobId::Optimizer,
];
const FURTHER: &[KnobId] = &[
    KnobId::GradientAccumulation,
    KnobId::Loss,
    KnobId::Compile,
    KnobId::Dora,
    KnobId::OptimizerOffload,
    KnobId::ActivationOffload,
    KnobId::OptimizerInBackward,
    KnobId::MasterWeights,
    KnobId::GradFormat,
    KnobId::OptimizerFormat,
    KnobId::Mfu,
    KnobId::Goodput,
];
const LAYOUT: &[KnobId] = &[
    KnobId::Zero,
    KnobId::ShardGroup,
    KnobId::ContextParallel,
    KnobId::SequenceParallel,
    KnobId::Schedule,
    KnobId::VirtualStages,
];

/// Whether a knob of a run decides anything as the others stand.
fn counts(knob: &Knob, scenario: &Scenario) -> bool {
    let adapters = scenario.training.lora_rank.is_some();
    knob.applies(scenario.workload.mode)
        && match knob.id {
            KnobId::LoraRank | KnobId::LoraTargets | KnobId::BaseWeights | KnobId::Dora => adapters,
            KnobId::Schedule | KnobId::VirtualStages => scenario.hardware.pipeline > 1,
            KnobId::SequenceParallel => scenario.hardware.tensor.unwrap_or(1) > 1,
            _ => true,
        }
}

#[component]
fn Knobs(ids: &'static [KnobId]) -> impl IntoView {
    let case = Case::here();
    let list = move || -> Vec<&'static Knob> {
        let of = |id: &KnobId| KNOBS.iter().find(|knob| knob.id == *id);
        // Only an encoder is asked what for.
        let asked = |id| {
            case.shown
                .with(|shown| shown.as_ref().is_some_and(|answer| answer.analysis.setup.asks(id)))
        };
        let encodes = asked(KnobId::Task);
        case.scenario.with(|scenario| {
            let all = ids.iter().filter_map(of);
            let all = all.filter(|knob| knob.id != KnobId::Task || encodes || scenario.training.task.is_some());
            all.filter(|knob| counts(knob, scenario)).collect()
        })
    };
    view! { <For each=list key=|knob| knob.key let(knob)><KnobControl knob=knob/></For> }
}

/// The card.
#[component]
pub fn TrainingCard() -> impl IntoView {
    super::dress();
    let case = Case::here();
    let tunes = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.mode == Mode::Finetune));
    let changed = move || {
        let some = case.scenario.with(|scenario| {
            let of = |id: &KnobId| KNOBS.iter().find(|knob| knob.id == *id);
            FURTHER
                .iter()
                .filter_map(of)
                .filter(|knob| !knob.is_default(scenario))
                .count()
        });
        match some {
            0 => "as the framework does".to_owned(),
            some => format!("{some} changed"),
        }
    };
    view! {
        <Show when=move || tunes.get()><Methods/></Show>
        <Knobs ids=FIRST/>
        <details class="fold">
            <summary>"More "<span class="now num">{changed}</span></summary>
            <div class="inner"><Knobs ids=FURTHER/></div>
        </details>
    }
}

/// Knobs that say how the devices of a run share the model.
#[component]
pub fn LayoutKnobs() -> impl IntoView {
    view! { <Knobs ids=LAYOUT/> }
}

/// What is trained.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Whole,
    Lora,
    Qlora,
}

impl Method {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Whole, "All parameters", "Every weight is trained."),
        (
            Self::Lora,
            "LoRA",
            "Small adapters are trained beside the frozen model in 16 bits.",
        ),
        (
            Self::Qlora,
            "QLoRA",
            "Small adapters are trained beside the frozen model in 4 bits.",
        ),
    ];
    fn of(scenario: &Scenario) -> Self {
        match (scenario.training.lora_rank, scenario.training.base_weights) {
            (None, _) => Self::Whole,
            (Some(_), None | Some(BaseWeights::Bf16 | BaseWeights::Fp32)) => Self::Lora,
            (Some(_), Some(_)) => Self::Qlora,
        }
    }
    /// The scenario with it. `before` is the recomputation that adapters replaced, which comes back with all parameters.
    fn with(self, mut scenario: Scenario, before: &mut Option<Recompute>) -> Scenario {
        let training = &mut scenario.training;
        let rank = training.lora_rank.or(Some(16));
        (training.lora_rank, training.base_weights) = match self {
            Self::Whole => (None, None),
            Self::Lora => (rank, None),
            Self::Qlora => (rank, Some(BaseWeights::Nf4Double)),
        };
        let recompute = &mut scenario.workload.recompute;
        match (self, *recompute) {
            // As TRL does by itself: what adapters save is lost again where every layer is kept.
            (Self::Lora | Self::Qlora, Recompute::Selective) => {
                *before = Some(*recompute);
                *recompute = Recompute::Full;
            }
            (Self::Whole, Recompute::Full) => *recompute = before.take().unwrap_or(*recompute),
            _ => {}
        }
        if self == Self::Whole {
            let training = &mut scenario.training;
            (training.lora_targets, training.dora) = (None, None);
        }
        scenario
    }
}

#[component]
fn Methods() -> impl IntoView {
    let case = Case::here();
    let now = Memo::new(move |_| case.scenario.with(Method::of));
    let before = StoredValue::new(None::<Recompute>);
    // Several knobs change: that is said beside the verdict, with the way back.
    let choose = move |method: Method| {
        let scenario = case.scenario.get_untracked();
        let next = before
            .try_update_value(|before| method.with(scenario.clone(), before))
            .unwrap_or(scenario);
        if next != case.scenario.get_untracked() {
            case.take(next);
        }
    };
    view! {
        <div class="segments" role="group" aria-label="What is trained">
            {Method::ALL.into_iter().map(|(method, name, help)| view! {
                <button type="button" title=help aria-pressed=move || (now.get() == method).to_string()
                    on:click=move |_| choose(method)>{name}</button>
            }).collect_view()}
        </div>
    }
}
