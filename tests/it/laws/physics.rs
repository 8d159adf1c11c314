//! No estimate beats physics: every byte crosses a bus, every operation takes its time.

use proptest::prelude::*;
use weighbridge::analysis::{Analysis, Verdict, analyse};
use weighbridge::hardware::{Device, devices, find};
use weighbridge::scenario::{Mode, Scenario};

use super::{any_device, any_model, any_scenario, cases, large_model};

/// Bytes a second from RAM: far beyond any machine's.
const RAM: f64 = 1e12;

/// The highest rate of a device's row: whatever column of the table is one.
fn peak(id: &str) -> f64 {
    let text = include_str!("../../../data/devices.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let row = reader
        .records()
        .map(Result::unwrap)
        .find(|row| row.get(0) == Some(id))
        .unwrap();
    let rates = names
        .iter()
        .zip(row.iter())
        .filter(|(name, _)| name.ends_with("_flops") || name.ends_with("_ops"));
    rates
        .filter_map(|(_, value)| value.parse::<f64>().ok())
        .fold(0.0, f64::max)
}

#[test]
fn the_table_has_its_rates() {
    assert_eq!(peak("rtx-4090"), 1321e12);
    assert!(devices().iter().filter(|device| peak(&device.id) > 0.0).count() > 100);
}

/// Least seconds of a pass on so many devices.
fn least(analysis: &Analysis, device: &Device, peak: f64) -> f64 {
    let devices = analysis.setup.layout.devices as f64;
    let spills = analysis.fit.as_ref().is_some_and(|fit| fit.verdict == Verdict::Offload);
    let bus = device.bandwidth_bytes_per_s * devices + if spills { RAM } else { 0.0 };
    let arithmetic = if peak > 0.0 {
        analysis.matmul_flops / (peak * devices)
    } else {
        0.0
    };
    (analysis.bytes / bus).max(arithmetic)
}

/// Whether nothing in an analysis is faster than physics, at both ends of its intervals.
fn holds(analysis: &Analysis, device: &Device, peak: f64) -> Result<(), TestCaseError> {
    let least = least(analysis, device, peak) / 1.000_001;
    let Some(speed) = &analysis.speed else { return Ok(()) };
    if let Some(training) = &analysis.training {
        let Some(time) = &training.time else { return Ok(()) };
        let least = time.model_flops / (training.plan.devices as f64 * time.peak);
        // Scores of attention may run in a slower format than the products, never in a faster one.
        prop_assert!(time.between.0 * 1.000_001 >= least, "{} of {} s", time.between.0, least);
        prop_assert!(time.between.0 <= time.seconds && time.seconds <= time.between.1);
        return Ok(());
    }
    if let Some(serving) = &analysis.serving {
        let most = serving.admission.running as f64 / least.max(f64::MIN_POSITIVE);
        prop_assert!(serving.tokens_per_second_low <= serving.tokens_per_second);
        prop_assert!(serving.tokens_per_second <= serving.tokens_per_second_high);
        prop_assert!(
            serving.tokens_per_second_high <= most,
            "{} of {} tokens/s",
            serving.tokens_per_second_high,
            most
        );
        // A token of each running sequence costs a step, and the first token its prompt.
        let writes = analysis.setup.scenario.generated() > 1;
        prop_assert!(
            !writes || serving.tpot >= least,
            "{} of {} s between tokens",
            serving.tpot,
            least
        );
        prop_assert!(!writes || serving.tpot * serving.spread.0 >= serving.floor / 1.000_001);
        let one = Scenario::clone(&analysis.setup.scenario).with(|s| {
            s.workload.mode = Mode::Prefill;
            s.workload.batch = 1;
            s.workload.endless = false;
            s.workload.generate = Some(0);
        });
        if let Ok(one) = analyse(&analysis.setup.blueprint, &one)
            && one.fit.as_ref().is_none_or(|fit| fit.verdict == Verdict::Fits)
            && one.speed.is_some()
        {
            let prompt = super::physics::least(&one, device, peak) / 1.000_001;
            prop_assert!(
                serving.first >= prompt,
                "{} of {} s to the first token",
                serving.first,
                prompt
            );
        }
        for point in &serving.curve {
            prop_assert!(
                !writes
                    || point.tokens_per_second_per_user * point.running as f64
                        <= point.running as f64 / point.tpot * 1.000_001
            );
        }
        return Ok(());
    }
    prop_assert!(speed.seconds() >= least, "{} of {} s", speed.seconds(), least);
    if let Some(pass) = &speed.pass {
        prop_assert!(pass.low >= least, "{} of {} s", pass.low, least);
        prop_assert!(pass.low <= pass.seconds && pass.seconds <= pass.high);
    }
    if let Some((low, high)) = speed.tokens_per_second_between {
        prop_assert!(low <= speed.tokens_per_second * 1.000_001 && speed.tokens_per_second <= high * 1.000_001);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn nothing_is_faster_than_physics(blueprint in any_model(), scenario in any_scenario(), device in any_device()) {
        let scenario = scenario.with(|s| { s.hardware.device = Some(device.clone()); s.hardware.host = None; });
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        holds(&analysis, find(&device).unwrap(), peak(&device))?;
    }

    /// Large models in every mode, all else as it is by default: what people look at.
    #[test]
    fn nothing_usual_is_faster_than_physics(
        blueprint in large_model(),
        mode in proptest::sample::select(vec![Mode::Decode, Mode::Prefill, Mode::Serve]),
        device in any_device(),
        batch in 1u64..300,
        prompt in 1u64..20_000,
        count in proptest::sample::select(vec![1u64, 2, 4, 8]),
    ) {
        let scenario = Scenario::default().with(|s| { s.workload.mode = mode; s.workload.batch = batch; s.workload.prompt = prompt; s.hardware.devices = count; s.hardware.device = Some(device.clone()); });
        let Ok(analysis) = analyse(&blueprint, &scenario) else { return Ok(()) };
        holds(&analysis, find(&device).unwrap(), peak(&device))?;
    }
}
