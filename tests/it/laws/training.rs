//! Training runs: sharding, recomputation, ranks.

use proptest::prelude::*;
use weighbridge::analysis::training::{Training, stage_memory, stages};
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::chart::pipeline::slots;
use weighbridge::scenario::training::{Framework, LoraTargets, Schedule, Switch, Target, Zero};
use weighbridge::scenario::{Mode, Recompute, Scenario};
use weighbridge::units::Exact;

use super::{Model, cases, published};

/// A published model with layers enough for what a layer computes again to be little beside what all keep.
fn trained() -> impl Strategy<Value = Model> {
    let whole = published().iter().filter(|config| {
        let model = Model::from((*config).clone());
        model.layers.value >= 8 && model.towers.is_empty()
    });
    proptest::sample::select(whole.cloned().collect::<Vec<_>>()).prop_map(Model::from)
}

/// A run on several devices.
fn run() -> impl Strategy<Value = Scenario> {
    let frameworks = [
        Framework::Fsdp,
        Framework::Deepspeed,
        Framework::Torchtitan,
        Framework::Megatron,
        Framework::Torchtune,
    ];
    let sizes = (0u32..7, 0u32..4, 0u32..3, 8u32..14, 1u64..5, 1u64..5);
    (proptest::sample::select(frameworks.to_vec()), sizes, any::<bool>()).prop_map(
        |(framework, (devices, tensor, pipeline, sequence, micro, steps), adapters)| {
            Scenario::default().with(|scenario| {
                scenario.workload.mode = if adapters { Mode::Finetune } else { Mode::Pretrain };
                scenario.workload.batch = micro;
                scenario.workload.prompt = 1 << sequence;
                scenario.hardware.device = Some("h100-sxm".into());
                scenario.hardware.devices = 1 << (devices + 1);
                scenario.hardware.tensor = Some(1 << tensor);
                scenario.hardware.pipeline = 1 << pipeline;
                scenario.training.framework = Some(framework);
                scenario.training.accumulation = Some(steps);
                scenario.training.lora_rank = adapters.then_some(16);
            })
        },
    )
}

fn found(model: &Model, scenario: &Scenario) -> Option<(Analysis, Training)> {
    let analysis = analyse(model, scenario).ok()?;
    let training = analysis.training.clone()?;
    Some((analysis, training))
}

fn peak(training: &Training) -> u64 {
    training
        .stages
        .iter()
        .map(|(_, memory)| memory.peak.0)
        .max()
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn more_ranks_to_shard_over_never_need_more(model in trained(), scenario in run(), zero in proptest::sample::select(&[Zero::States, Zero::Gradients, Zero::Weights][..])) {
        let over = |group: u64| {
            let scenario = scenario.clone().with(|one| {
                one.training.zero = Some(zero);
                one.training.shard_group = Some(group);
            });
            found(&model, &scenario).map(|(_, training)| peak(&training))
        };
        // One rank shards nothing and gathers nothing: two need room for what is gathered.
        let mut before = None;
        for group in std::iter::successors(Some(2_u64), |one| Some(2 * one)).take_while(|one| *one <= 128) {
            let Some(now) = over(group) else { continue };
            if let Some(before) = before {
                prop_assert!(now <= before, "{} ranks: {} after {}", group, now, before);
            }
            before = Some(now);
        }
    }

    #[test]
    fn computing_again_never_saves_time_nor_costs_memory(model in trained(), scenario in run()) {
        let with = |recompute| found(&model, &scenario.clone().with(|one| one.workload.recompute = recompute));
        let (Some((_, kept)), Some((_, again))) = (with(Recompute::None), with(Recompute::Full)) else { return Ok(()) };
        let activations = |training: &Training| training.stages.iter().map(|(_, memory)| memory.activations.0).max();
        prop_assert!(activations(&again) <= activations(&kept));
        prop_assert!(peak(&again) <= peak(&kept), "{} after {}", peak(&again), peak(&kept));
        if let (Some(kept), Some(again)) = (&kept.time, &again.time) {
            prop_assert!(again.seconds >= kept.seconds * 0.999_999, "{} after {}", again.seconds, kept.seconds);
            prop_assert_eq!(again.model_flops, kept.model_flops);
            prop_assert!(again.hardware_flops >= kept.hardware_flops);
        }
    }

    #[test]
    fn parts_of_a_run_sum_over_its_ranks(model in trained(), scenario in run()) {
        let Some((analysis, training)) = found(&model, &scenario) else { return Ok(()) };
        let ranks: u64 = analysis.ranks.groups.iter().map(|group| group.count).sum();
        prop_assert_eq!(ranks, training.plan.devices);
        let all = stages(&training.plan, &model);
        prop_assert_eq!(all.len(), training.stages.len());
        for (stage, group) in all.iter().zip(&analysis.ranks.groups) {
            let memory = stage_memory::<Exact>(&training.plan, &model, stage);
            prop_assert_eq!(group.memory.weights_bytes, memory.states.weights.0);
            let by_component: u64 = group.memory.weights_by_component.iter().map(|(_, bytes)| bytes).sum();
            prop_assert_eq!(by_component, group.memory.weights_bytes);
            // The peak is the fullest moment, and each moment the sum of what is alive in it.
            for moment in &memory.moments {
                let alive = memory.states.weights.0 + memory.optimizer.0 + moment.gradients.0 + moment.activations.0 + moment.transient.0;
                prop_assert_eq!(alive, moment.total.0, "{:?}", moment.when);
            }
            prop_assert_eq!(memory.moments.iter().map(|moment| moment.total.0).max(), Some(group.memory.peak_bytes));
        }
    }
}

/// Rank × (inputs + outputs) of each layer that an adapter stands beside, and with DoRA its outputs once more, as PEFT counts
/// (`tuners/lora/layer.py`); the counts of PEFT itself are facts of the training tests.
fn adapted(model: &Model, rank: u64, magnitudes: u64) -> Option<u64> {
    let names = ["q_proj", "v_proj", "o_proj"];
    let places = || model.blocks().filter(|place| place.kind.is_some());
    let mine = || places().flat_map(|place| place.block.operators.iter().map(move |one| (place.repeats(), one)));
    let has = |name: &str| mine().any(|(_, one)| one.name == name);
    if !names.into_iter().all(has) || has("qkv_proj") || has("q_b_proj") || model.autograd.joins_qkv {
        return None;
    }
    let each = mine().filter(|(_, one)| names.contains(&one.name)).map(|(times, one)| {
        let dims = &one.tensors[0].dims;
        let (out, input) = (dims[0].value, dims[dims.len() - 1].value);
        times * (rank * (input + out) + magnitudes * out)
    });
    // A head for labels is trained whole.
    let head = model.head.iter().flat_map(|block| block.tensors());
    let labels = head.filter(|tensor| tensor.name.contains("classifier.") || tensor.name.contains("qa_outputs."));
    Some(each.sum::<u64>() + labels.map(|tensor| tensor.count()).sum::<u64>())
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn adapters_train_rank_times_inputs_and_outputs(model in trained(), rank in 1u64..257, magnitudes in any::<bool>()) {
        let Some(counted) = adapted(&model, rank, u64::from(magnitudes)) else { return Ok(()) };
        let scenario = Scenario::default().with(|one| {
            one.workload.mode = Mode::Finetune;
            one.training.lora_rank = Some(rank);
            one.training.lora_targets = Some(LoraTargets::List(vec![Target::Q, Target::V, Target::O]));
            one.training.dora = magnitudes.then_some(Switch::On);
        });
        let Some((analysis, training)) = found(&model, &scenario) else { return Ok(()) };
        prop_assert_eq!(training.trainable(&analysis.setup), counted);
    }
}

/// What is drawn of a pipeline takes as long as the engine says: the longest any stage works and waits, over what it works.
#[test]
fn the_drawn_bubble_is_the_counted_one() {
    let model = Model::from(
        published()
            .iter()
            .find(|one| one.to_string().contains("\"num_hidden_layers\":80"))
            .cloned()
            .unwrap(),
    );
    for (schedule, chunks) in [
        (Schedule::OneForwardOneBackward, 1),
        (Schedule::Gpipe, 1),
        (Schedule::Interleaved, 2),
        (Schedule::Interleaved, 5),
        (Schedule::ZeroBubble, 1),
    ] {
        for (pipeline, batches) in [(2, 2), (4, 4), (4, 8), (4, 16), (8, 8), (8, 64), (16, 32)] {
            let scenario = Scenario::default().with(|one| {
                one.workload.mode = Mode::Pretrain;
                one.workload.prompt = 4096;
                one.hardware.device = Some("h100-sxm".into());
                one.hardware.devices = pipeline;
                one.hardware.pipeline = pipeline;
                one.training.framework = Some(Framework::Megatron);
                one.training.schedule = Some(schedule);
                one.training.virtual_stages = (chunks > 1).then_some(chunks);
                one.training.accumulation = Some(batches);
            });
            let (_, training) = found(&model, &scenario).unwrap();
            let (_, length) = slots(schedule, pipeline, batches, chunks).unwrap();
            let drawn = length / (3 * batches) as f64 - 1.0;
            let counted = training.time.unwrap().bubble;
            assert!(
                (drawn - counted).abs() < 1e-9,
                "{schedule:?} {pipeline} {batches}: {drawn} drawn, {counted} counted"
            );
        }
    }
}
