//! Explanations: each part in its own unit, and nothing said to be left out that is counted.

use crate::support;

use support::engine::weigh;
use weighbridge::analysis::{Analysis, Explanation, Figure, MemoryPart, explain};
use weighbridge::units::{UnitSystem, decimal, seconds};

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

/// The explanation that opens when parts of these names are opened one after the other.
fn opened(of: &Analysis, figure: Figure, names: &[&str]) -> Explanation {
    let mut path = Vec::new();
    for name in names {
        let now = explain(of, figure, &path, UnitSystem::Gib).unwrap();
        let at = now.parts.iter().position(|part| part.name == *name);
        path.push(at.unwrap_or_else(|| panic!("no {name} in {:?}", now.parts)));
    }
    explain(of, figure, &path, UnitSystem::Gib).unwrap()
}

fn value(of: &Explanation, name: &str) -> String {
    let part = of.parts.iter().find(|part| part.name == name);
    part.unwrap_or_else(|| panic!("no {name} in {:?}", of.parts))
        .value
        .clone()
}

/// Time divides operations and bytes by rates: their parts are neither seconds nor bare numbers.
#[test]
fn parts_of_a_quotient_have_units_of_their_own() {
    let decode = weigh(LLAMA, "hw=h100-sxm&p=4096&g=128&b=8");
    let product = opened(&decode, Figure::Time, &["q_proj"]);
    assert_eq!(value(&product, "q_proj"), "1.07 GFLOP");
    let reached = product
        .inputs
        .iter()
        .find(|one| one.name == "bandwidth reached by weights")
        .unwrap();
    assert!(reached.value.ends_with(" TB/s"), "{reached:?}");
    let rate = explain(&decode, Figure::TokensPerSecond, &[], UnitSystem::Gib).unwrap();
    assert!(value(&rate, "time").ends_with(" ms"), "{:?}", rate.parts);
    let intensity = explain(&decode, Figure::Intensity, &[], UnitSystem::Gib).unwrap();
    assert!(
        value(&intensity, "operations").ends_with(" GFLOP"),
        "{:?}",
        intensity.parts
    );
    assert!(
        value(&intensity, "bytes moved").ends_with(" GiB"),
        "{:?}",
        intensity.parts
    );
}

/// A number of chunks, stages or steps only scales what it is multiplied with.
#[test]
fn what_is_only_scaled_keeps_its_unit() {
    let read = weigh(LLAMA, "mode=prefill&hw=h100-sxm&p=32768&b=4");
    let time = explain(&read, Figure::Time, &[], UnitSystem::Gib).unwrap();
    let product = value(&time, "q_proj");
    assert!(product.ends_with("ms"), "{product}");
}

#[test]
fn a_server_explains_its_steps_in_seconds_and_its_sequences_in_numbers() {
    let served = weigh(LLAMA, "mode=serve&hw=h100-sxm&p=4096&g=128&b=8");
    let rate = explain(&served, Figure::TokensPerSecond, &[], UnitSystem::Gib).unwrap();
    assert_eq!(value(&rate, "requests that end in a step"), "0.0625");
    assert_eq!(value(&rate, "output length"), "128");
    assert!(value(&rate, "step").ends_with(" ms"), "{:?}", rate.parts);
    let step = opened(&served, Figure::Time, &["steps that only write", "q_proj"]);
    assert_eq!(value(&step, "sequences that write"), "7.94");
}

#[test]
fn what_is_not_counted_is_said_by_the_formula() {
    let without = |of: &Analysis, figure| explain(of, figure, &[], UnitSystem::Gib).unwrap().not_counted;
    let decode = weigh(LLAMA, "hw=h100-sxm&p=4096&g=128");
    assert_eq!(
        without(&decode, Figure::TokensPerSecond),
        "Speculative decoding, tokenising, the network."
    );
    assert_eq!(without(&decode, Figure::Memory), "Allocator fragmentation.");
    let cache = "Prompts that the engine keeps after their requests ended (prefix caching).";
    assert_eq!(without(&decode, Figure::Part(MemoryPart::KvCache)), cache);
    let two = weigh(LLAMA, "hw=h100-sxm&p=4096&g=128&n=2");
    assert_eq!(
        without(&two, Figure::Memory),
        "Allocator fragmentation and communication buffers."
    );
    assert_eq!(without(&two, Figure::Part(MemoryPart::KvCache)), cache);
    let trained = weigh(LLAMA, "mode=pretrain&hw=h100-sxm&p=4096");
    assert_eq!(without(&trained, Figure::Part(MemoryPart::Optimizer)), "");
}

/// What opens from a run's numbers is the very number of the run, in every layout.
#[test]
fn a_run_explains_its_own_numbers() {
    for query in [
        "mode=pretrain&hw=h100-sxm&p=4096",
        "mode=pretrain&hw=h100-sxm&n=64&p=8192&tp=2&pp=4&gb=512&tt=2000000000000&fw=megatron",
        "mode=finetune&hw=rtx-4090&p=2048&lr=16&bw=nf4-dq",
        "mode=pretrain&hw=h100-sxm&n=8&p=4096&mfu=40",
    ] {
        let found = weigh(LLAMA, query);
        let training = found.training.as_ref().unwrap();
        let time = training.time.as_ref().unwrap();
        let title = |figure| explain(&found, figure, &[], UnitSystem::Gib).unwrap().title;
        assert_eq!(
            title(Figure::Time),
            format!("Step: {}", seconds(time.seconds)),
            "{query}"
        );
        let rate = time.tokens_per_second(&training.plan);
        assert_eq!(
            title(Figure::TokensPerSecond),
            format!("Tokens a second: {} tokens/s", decimal(rate))
        );
        assert!(
            title(Figure::Mfu).starts_with("Model FLOP utilisation: 0."),
            "{}",
            title(Figure::Mfu)
        );
        let adapters = explain(&found, Figure::Trainable, &[], UnitSystem::Gib);
        assert_eq!(adapters.is_some(), query.contains("lr="));
        if let Some(adapters) = adapters {
            // PEFT counts 41,943,040 for rank 16 on all linear layers.
            assert_eq!(adapters.title, "Trainable parameters: 41,943,040");
        }
    }
}

/// Scheduling, sampling and the queue are parts of a server's figures: no popover may deny them.
#[test]
fn nothing_that_is_counted_is_said_to_be_left_out() {
    for mode in ["", "mode=prefill&", "mode=serve&"] {
        let found = weigh(LLAMA, &format!("{mode}hw=h100-sxm&p=4096&g=128&b=64"));
        for figure in [Figure::Time, Figure::TokensPerSecond, Figure::FirstToken] {
            let said = explain(&found, figure, &[], UnitSystem::Gib).unwrap();
            let without = said.not_counted.to_lowercase();
            assert!(without.contains("tokenising"), "{mode} {figure:?}: {without}");
            for counted in ["scheduling", "sampling", "launch", "queue"] {
                assert!(!without.contains(counted), "{mode} {figure:?}: {without}");
            }
        }
    }
    let queued = weigh(LLAMA, "mode=serve&hw=h100-sxm&p=4096&g=128&b=2000");
    let first = explain(&queued, Figure::FirstToken, &[], UnitSystem::Gib).unwrap();
    assert!(value(&first, "waiting").ends_with(" min"), "{:?}", first.parts);
}
