//! An explanation's value is the number that it explains, for every figure and layout.

use proptest::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::analysis::{Analysis, Figure, MemoryPart, analyse, explain};
use weighbridge::scenario::Mode;
use weighbridge::units::{UnitSystem, count, decimal, grouped, seconds};

use super::{any_model, any_scenario, cases};

/// Every figure with the number that stands for it in the analysis, as it is written.
fn figures(analysis: &Analysis) -> Vec<(Figure, String)> {
    let bytes = |bytes: u64| UnitSystem::Gib.bytes(bytes as f64);
    let intensity = |value: f64| format!("{} FLOP/byte", decimal(value));
    let (held, memory, parameters) = (analysis.held(), &analysis.memory, &analysis.parameters);
    let mut all = vec![
        (Figure::Parameters, grouped(parameters.total.0)),
        (Figure::ActiveParameters, grouped(parameters.active.0)),
        (Figure::Memory, bytes(held.total_bytes)),
        (Figure::Weights, bytes(held.weights_bytes)),
        (Figure::KvPerToken, bytes(memory.kv_cache_per_token.0)),
        (Figure::Flops, count(analysis.flops, "FLOP")),
        (Figure::Traffic, UnitSystem::Gib.bytes(analysis.bytes)),
        (Figure::Intensity, intensity(analysis.intensity())),
    ];
    for (component, number) in &parameters.by_component {
        all.push((Figure::ComponentParameters(*component), grouped(number.0)));
    }
    for (component, number) in &held.weights_by_component {
        all.push((Figure::ComponentWeights(*component), bytes(*number)));
    }
    let now = held.at_peak.unwrap_or([held.gradient_bytes, held.activation_bytes, 0]);
    for part in MemoryPart::iter() {
        let number = match part {
            MemoryPart::KvCache => held.kv_cache_bytes,
            MemoryPart::StateCache => held.state_cache_bytes,
            MemoryPart::Gradients => now[0],
            MemoryPart::Activations => now[1],
            MemoryPart::Transient => now[2],
            MemoryPart::Optimizer => held.optimizer_bytes,
            MemoryPart::Overhead => held.overhead_bytes,
        };
        if number > 0 {
            all.push((Figure::Part(part), bytes(number)));
        }
    }
    for one in &analysis.components {
        all.push((Figure::ComponentFlops(one.component), count(one.flops, "FLOP")));
        all.push((
            Figure::ComponentTraffic(one.component),
            UnitSystem::Gib.bytes(one.bytes),
        ));
        all.push((Figure::ComponentIntensity(one.component), intensity(one.intensity())));
        if let Some(time) = one.seconds {
            all.push((Figure::ComponentTime(one.component), seconds(time)));
        }
    }
    if let Some(speed) = &analysis.speed {
        all.push((
            Figure::TokensPerSecond,
            format!("{} tokens/s", decimal(speed.tokens_per_second)),
        ));
        // A server's step is explained, not the time between the tokens of one answer.
        if analysis.serving.is_none() {
            all.push((Figure::Time, seconds(speed.seconds())));
        }
        if let Some(time) = speed.prefill_seconds() {
            all.push((Figure::FirstToken, seconds(time)));
        }
    }
    if let Some(fit) = &analysis.fit {
        all.push((Figure::LongestContext, grouped(fit.max_context)));
        all.push((Figure::LargestBatch, grouped(fit.max_batch)));
    }
    all
}

/// Whether a title ends with a number; sums in another order may round the last digit of six the other way.
fn says(title: &str, number: &str) -> bool {
    let read = |text: &str| -> Option<f64> { text.split(' ').next()?.replace(',', "").parse().ok() };
    let found = title.rsplit(": ").next().unwrap_or_default();
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-5 * other.abs();
    let unit = |text: &str| text.split_once(' ').map(|pair| pair.1.to_owned());
    found == number
        || read(found)
            .zip(read(number))
            .is_some_and(|(one, other)| near(one, other))
            && unit(found) == unit(number)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn every_explanation_ends_at_its_number(blueprint in any_model(), scenario in any_scenario()) {
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        for (figure, number) in figures(&analysis) {
            let found = explain(&analysis, figure, &[], UnitSystem::Gib);
            prop_assert!(found.is_some(), "{:?} is not explained", figure);
            let found = found.unwrap();
            prop_assert!(says(&found.title, &number), "{:?}: {} against {}", figure, found.title, number);
            for at in 0..found.parts.len() {
                prop_assert!(explain(&analysis, figure, &[at], UnitSystem::Gib).is_some(), "{:?}: part {} does not open", figure, at);
            }
        }
    }

    /// Of a sum the shares of its parts make up the whole.
    #[test]
    fn shares_make_up_the_whole(blueprint in any_model(), scenario in any_scenario()) {
        prop_assume!(scenario.workload.mode != Mode::Pretrain);
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        for figure in [Figure::Memory, Figure::Weights, Figure::Traffic] {
            let found = explain(&analysis, figure, &[], UnitSystem::Gib).unwrap();
            let shares: Vec<f64> = found.parts.iter().filter_map(|part| part.share).collect();
            if shares.len() > 1 {
                let sum: f64 = shares.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-6, "{:?}: {}", figure, sum);
            }
        }
    }
}
