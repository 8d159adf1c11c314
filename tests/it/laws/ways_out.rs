//! Every way out that is offered holds when it is taken.

use std::sync::Arc;

use proptest::prelude::*;
use weighbridge::analysis::{Analysis, Verdict, analyse, answers, fixes};
use weighbridge::hardware::devices;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{Mode, Offload, Scenario};
use weighbridge::units::UnitSystem;

use super::{any_device, any_model, any_scenario, cases, large_model};

fn verdict(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Result<Verdict, String> {
    let analysis = analyse(blueprint, scenario).map_err(|error| error.to_string())?;
    Ok(analysis.fit.ok_or("no device")?.verdict)
}

/// Whether what is asked of a server or of a pass is carried: all sequences run.
fn carries(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Result<bool, String> {
    let analysis: Analysis = analyse(blueprint, scenario).map_err(|error| error.to_string())?;
    let all = analysis
        .setup
        .admission
        .is_none_or(|one| one.max_by_memory >= scenario.workload.batch);
    let verdict = analysis.fit.ok_or("no device")?.verdict;
    Ok(all && verdict == Verdict::Fits)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_ways_out_hold(blueprint in large_model(), scenario in any_scenario(), device in any_device()) {
        let scenario = scenario.with(|s| { s.hardware.device = Some(device.clone()); s.hardware.host = None; });
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        let now = analysis.fit.as_ref().unwrap().verdict;
        prop_assume!(now != Verdict::Fits);
        for way in fixes(&analysis, UnitSystem::Gib) {
            let then = verdict(&blueprint, &way.scenario);
            if way.label.starts_with("The cache") {
                prop_assert!(then.as_ref().is_ok_and(|then| *then != Verdict::Unsupported), "{}: {:?}", way.label, then);
            } else {
                prop_assert!(then.as_ref().is_ok_and(|then| *then < now), "{}: {:?} after {:?}", way.label, then, now);
            }
        }
    }

    #[test]
    fn the_answers_hold(blueprint in large_model(), scenario in any_scenario(), device in any_device()) {
        let scenario = scenario.with(|s| { s.hardware.device = Some(device.clone()); s.hardware.host = None; });
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        prop_assume!(!scenario.workload.mode.trains());
        let Some(found) = answers(&analysis) else { return Ok(()) };
        // Layers that are to lie in RAM lie there however much room there is.
        let offloads = matches!(scenario.hardware.offload, Offload::Layers(layers) if layers > 0);
        if let Some(context) = found.context.filter(|one| one.tokens > 0) {
            let then = verdict(&blueprint, &context.scenario);
            let offloads = context.with_offload || offloads;
            let good = then.as_ref().is_ok_and(|then| *then == Verdict::Fits || (offloads && *then == Verdict::Offload));
            prop_assert!(good, "{} tokens: {:?}", context.tokens, then);
        }
        if let Some(users) = found.users.filter(|one| one.count > 0) {
            if users.with_offload || offloads {
                let then = verdict(&blueprint, &users.scenario);
                prop_assert!(then.as_ref().is_ok_and(|then| *then <= Verdict::Offload), "{} users: {:?}", users.count, then);
            } else {
                let then = carries(&blueprint, &users.scenario);
                prop_assert_eq!(then, Ok(true), "{} users", users.count);
                let more = users.scenario.with(|s| { s.workload.batch = users.count + 1; });
                if users.count < 1_000_000 {
                    prop_assert_eq!(carries(&blueprint, &more), Ok(false), "{} users and one", users.count);
                }
            }
        }
        if let Some(format) = found.format.filter(|one| one.format.is_some()) {
            let then = verdict(&blueprint, &format.scenario);
            prop_assert_eq!(then, Ok(Verdict::Fits), "{}", format.label);
        }
        if let Some(cheapest) = found.cheapest {
            let then = verdict(&blueprint, &cheapest.scenario);
            prop_assert_eq!(then, Ok(Verdict::Fits), "{} × {}", cheapest.devices, cheapest.name);
        }
        if let Some(degree) = found.degree.filter(|one| one.devices.is_some()) {
            let then = verdict(&blueprint, &degree.scenario);
            prop_assert_eq!(then, Ok(Verdict::Fits), "{:?} devices", degree.devices);
        }
    }

    /// Whatever is asked of whatever model under whatever name: a command or a reason, and answers that say something.
    #[test]
    fn commands_and_answers_are_given_or_refused(blueprint in any_model(), scenario in any_scenario(), name in "\\PC{0,40}") {
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        match weighbridge::analysis::launch(&analysis, &name) {
            Ok(launch) => prop_assert!(!launch.commented().chars().any(|sign| sign.is_control() && sign != '\n')),
            Err(why) => prop_assert!(why.ends_with('.'), "{}", why),
        }
        if scenario.workload.mode != Mode::Pretrain && let Some(found) = answers(&analysis) {
            for said in found.said(&analysis.setup, UnitSystem::Gib) {
                prop_assert!(!said.words.is_empty() && !said.basis.is_empty());
            }
        }
    }
}

/// On every device of the table: a larger device that is offered fits and runs there, and so do fewer bits.
#[test]
fn on_every_device_what_is_offered_holds() {
    let models = [
        ("Qwen/Qwen3-32B", Some("q4_k_m")),
        ("meta-llama/Llama-3.1-70B-Instruct", Some("fp8")),
        ("deepseek-ai/DeepSeek-V3.1", None),
        ("openai/gpt-oss-120b", Some("mxfp4")),
    ];
    let models = models.map(|(id, weights)| {
        let config = catalogue::find(id).unwrap().config.clone();
        (Arc::new(Blueprint::from_value(config).unwrap()), weights)
    });
    let (mut larger, mut fewer) = (0, 0);
    for (at, device) in devices().iter().enumerate() {
        let (blueprint, weights) = &models[at % models.len()];
        let scenario = Scenario::default().with(|s| {
            s.hardware.device = Some(device.id.clone());
            s.precision.weights = *weights;
            s.hardware.offload = Offload::None;
        });
        let Ok(analysis) = analyse(blueprint, &scenario) else {
            continue;
        };
        for way in fixes(&analysis, UnitSystem::Gib) {
            let there = way.scenario.hardware.device != scenario.hardware.device;
            let format = way.scenario.precision.weights != scenario.precision.weights;
            if there || format {
                larger += usize::from(there);
                fewer += usize::from(format);
                let then = verdict(blueprint, &way.scenario);
                assert_eq!(then, Ok(Verdict::Fits), "{}: {}", device.id, way.label);
            }
        }
    }
    assert!(
        larger > 20 && fewer > 50,
        "{larger} larger devices, {fewer} with fewer bits"
    );
}
