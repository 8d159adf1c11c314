//! Parts sum to their totals, exactly.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weighbridge::analysis::{RankMemory, analyse};

use super::{any_model, any_scenario, cases};

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn parameters_sum_by_component_and_by_tensor(blueprint in any_model(), scenario in any_scenario()) {
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        let parameters: u64 = analysis.parameters.by_component.iter().map(|part| part.1.0).sum();
        prop_assert_eq!(parameters, analysis.parameters.total.0);
        prop_assert_eq!(blueprint.parameters(), parameters);
        prop_assert!(analysis.parameters.active <= analysis.parameters.total);
        let layers: u64 = blueprint.kinds.iter().map(|kind| kind.count.value).sum();
        prop_assert_eq!(layers, blueprint.layers.value);
        prop_assert_eq!(blueprint.layout.layers(), layers);
        // Another reading of the same blueprint.
        let inspection = weighbridge::export::inspection(&blueprint);
        let mut tensors: BTreeMap<&str, u64> = BTreeMap::new();
        for row in inspection.tensors.iter().filter(|row| !row.tied && !row.buffer) {
            *tensors.entry(row.component).or_default() += row.parameters;
        }
        let components: BTreeMap<&str, u64> = analysis.parameters.by_component.iter().map(|one| (one.0.key(), one.1.0)).filter(|one| one.1 > 0).collect();
        tensors.retain(|_, count| *count > 0);
        prop_assert_eq!(tensors, components);
    }

    #[test]
    fn work_sums_by_operator_and_by_component(blueprint in any_model(), scenario in any_scenario()) {
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        let near = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(other.abs());
        let flops: f64 = analysis.operators.iter().map(|one| one.flops()).sum();
        let bytes: f64 = analysis.operators.iter().map(|one| one.bytes()).sum();
        prop_assert!(near(flops, analysis.flops), "{} against {}", flops, analysis.flops);
        prop_assert!(near(bytes, analysis.bytes), "{} against {}", bytes, analysis.bytes);
        prop_assert!(analysis.matmul_flops <= analysis.flops * (1.0 + 1e-9));
        if let Some(serving) = &analysis.serving {
            prop_assert!(serving.admission.running <= serving.admission.max_running.max(1));
        }
    }

    #[test]
    fn a_rank_holds_the_sum_of_its_parts(blueprint in any_model(), scenario in any_scenario()) {
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        let layout = analysis.setup.layout;
        let mut next = 0;
        for group in &analysis.ranks.groups {
            prop_assert_eq!(group.first, next);
            prop_assert!(group.count > 0);
            next += group.count;
            let held = &group.memory;
            let parts: u64 = held.parts().iter().map(|part| part.2).sum();
            prop_assert_eq!(parts, held.total_bytes);
            let weights: u64 = held.weights_by_component.iter().map(|one| one.1).sum();
            prop_assert_eq!(weights, held.weights_bytes);
            prop_assert_eq!(held.peak_bytes + held.overhead_bytes, held.total_bytes);
        }
        prop_assert_eq!(next, layout.devices);
        if layout.devices == 1 {
            prop_assert_eq!(analysis.held().total_bytes, analysis.memory.total.0);
        }
    }

    /// Nothing of a model is lost among its devices, and nobody holds more than all of it.
    #[test]
    fn ranks_sum_to_the_model(blueprint in any_model(), scenario in any_scenario()) {
        // A training run has rules of its own for who holds what.
        prop_assume!(!scenario.workload.mode.trains());
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        let (layout, memory) = (analysis.setup.layout, &analysis.memory);
        let sum = |of: fn(&RankMemory) -> u64| analysis.ranks.sum(of);
        // What the engine keeps in RAM or does not load is on none of them.
        let elsewhere: u64 = memory.weights_off_device.iter().map(|one| one.1.0).sum();
        let weights = sum(|held| held.weights_bytes) + elsewhere;
        let caches = sum(|held| held.kv_cache_bytes);
        let states = sum(|held| held.state_cache_bytes);
        if analysis.setup.keeps_cache_in_ram() {
            prop_assert_eq!((caches, states), (0, 0));
        } else if layout.tensor == 1 {
            // Whole layers are dealt out: once each.
            prop_assert_eq!(weights, memory.weights.0);
            prop_assert_eq!(caches, memory.kv_cache.0);
            prop_assert_eq!(states, memory.state_cache.0);
        } else {
            for (what, of_ranks, all) in [("weights", weights, memory.weights.0), ("cache", caches, memory.kv_cache.0)] {
                // Sequences of one's own may not divide into whole bytes.
                let lost = if layout.attention_dp { 64 * layout.devices } else { 0 };
                prop_assert!(of_ranks + lost >= all, "{}: {} of {}", what, of_ranks, all);
                prop_assert!(of_ranks <= all.saturating_mul(layout.tensor), "{}: {} of {}", what, of_ranks, all);
            }
            // States are sliced or dealt out by sequences: never copied.
            prop_assert_eq!(states, memory.state_cache.0);
        }
        for (component, all) in &memory.weights_by_component {
            let elsewhere: u64 = memory.weights_off_device.iter().filter(|one| one.0 == *component).map(|one| one.1.0).sum();
            let of_ranks: u64 = elsewhere + analysis.ranks.groups.iter().map(|group| {
                let mine = group.memory.weights_by_component.iter().find(|one| one.0 == *component);
                mine.map_or(0, |one| one.1) * group.count
            }).sum::<u64>();
            prop_assert!(of_ranks >= all.0, "{:?}: {} of {}", component, of_ranks, all.0);
            prop_assert!(of_ranks <= all.0.saturating_mul(layout.tensor), "{:?}: {} of {}", component, of_ranks, all.0);
        }
    }
}
