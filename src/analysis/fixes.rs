//! What would make it fit: the nearest ways out, each a scenario one click away.

use super::answers::degree::degree;
use super::file_kind::usual_container;
use super::fit::{Demand, Fit, Verdict, capacity};
use super::memory::memory;
use super::placement::ranks;
use super::serving::admitted;
use super::setup::Setup;
use super::summary::Analysis;
use crate::hardware::compatibility::support;
use crate::hardware::{Device, Vendor, devices};
use crate::model::quantisation::{CHOICES, Choice, WeightFileKind};
use crate::scenario::{KvFormat, Scenario};
use crate::units::{Exact, UnitSystem, counted, decimal, grouped, sort_few};

/// A way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What changes: `Weights in FP8`.
    pub label: String,
    /// What then holds: `17.2 of 23.6 GiB`.
    pub note: String,
    /// The scenario after it.
    pub scenario: Scenario,
}

/// Most ways that are offered.
const MOST: usize = 3;
/// Most devices that are weighed to find one that carries it.
const MOST_TRIED: usize = 16;

/// Up to three ways to make a question fit which does not: fewer bits, a shorter context, a larger device, more devices.
pub fn fixes(analysis: &Analysis, units: UnitSystem) -> Vec<Fix> {
    let setup = &*analysis.setup;
    let (Some(device), Some(fit)) = (setup.device(), &analysis.fit) else {
        return Vec::new();
    };
    let better = |way: &Fix| verdict(setup, &way.scenario).is_some_and(|then| then < fit.verdict);
    if let Some(way) = own_cache(setup, device, fit).filter(better) {
        return vec![way];
    }
    let mut all = Vec::new();
    all.extend(fewer_bits(setup, device, units));
    // Fewer sequences keep what each of them is; a shorter context does not. What does not run at all runs no better so.
    let less = fit.verdict != Verdict::Unsupported;
    if less && fit.max_batch > 0 && fit.max_batch < setup.scenario.workload.batch {
        let scenario = setup.question().with(|s| {
            s.workload.batch = fit.max_batch;
            s.training.global_batch = None;
        });
        all.push(Fix {
            label: format!("{} at once", counted(fit.max_batch, "sequence")),
            note: format!("instead of {}", grouped(setup.scenario.workload.batch)),
            scenario,
        });
    } else if less {
        all.extend(shorter(setup, fit));
    }
    all.extend(larger_device(setup, analysis.held().total_bytes, units));
    all.extend(more_devices(setup, device));
    // What is offered must hold: rules of layouts, caches and RAM are the verdict's alone.
    all.retain(better);
    all.truncate(MOST);
    all
}

/// The verdict on another scenario.
fn verdict(setup: &Setup, scenario: &Scenario) -> Option<Verdict> {
    let setup = admitted(setup.under(scenario.clone()).ok()?);
    let needed = memory::<Exact>(&setup);
    if needed.total == Exact::OVERFLOW {
        return None;
    }
    let held = ranks(&setup, &needed).ok()?;
    Some(Demand::of(&setup, &held).verdict_on(setup.device()?).verdict)
}

/// A shorter context, the answer as long as before if it can be.
fn shorter(setup: &Setup, fit: &Fit) -> Option<Fix> {
    let context = setup.tokens().value;
    if setup.scenario.workload.mode.trains() || fit.max_context == 0 || fit.max_context >= context {
        return None;
    }
    let (prompt, generate) = setup.split(fit.max_context);
    Some(Fix {
        label: counted(fit.max_context, "token"),
        note: format!("instead of {}", grouped(context)),
        scenario: setup.question().with(|s| {
            s.workload.prompt = prompt;
            s.workload.generate = Some(generate);
        }),
    })
}

/// The engine's own format of the cache, where that asked for is all that does not run.
fn own_cache(setup: &Setup, device: &Device, fit: &Fit) -> Option<Fix> {
    let weights = support(&setup.weights.format.id, device, setup.engine);
    let only = fit.verdict == Verdict::Unsupported && weights.runs() && !setup.caches_as_usual();
    only.then(|| Fix {
        label: "The cache as the engine keeps it".to_owned(),
        note: format!("instead of {}", setup.kv.label),
        scenario: setup.question().with(|s| {
            s.precision.kv_cache = KvFormat::Auto;
            s.precision.value_cache = KvFormat::Auto;
        }),
    })
}

/// The format that keeps the most and still fits: of those for the engine in use, or of any if none is chosen.
///
/// Less than three bits a weight is offered only where nothing else fits.
fn fewer_bits(setup: &Setup, device: &Device, units: UnitSystem) -> Option<Fix> {
    if setup.scenario.workload.mode.trains() {
        return None;
    }
    let container = usual_container(setup.engine);
    let free = setup.scenario.serving.engine.is_none();
    // MLX runs on Apple's devices alone.
    let runs = |choice: &Choice| match choice.container {
        WeightFileKind::Mlx => device.vendor == Vendor::Apple,
        other => other == container || (free && other == WeightFileKind::Gguf),
    };
    let fitting = CHOICES.iter().filter(|choice| runs(choice)).filter_map(|choice| {
        let mut scenario = setup.question();
        scenario.precision.weights = crate::scenario::weight_key(&choice.format.id);
        let setup = admitted(setup.under(scenario.clone()).ok()?);
        let held = ranks(&setup, &memory::<Exact>(&setup)).ok()?;
        let need = Demand::of(&setup, &held);
        (need.verdict_on(device).verdict == Verdict::Fits).then_some((choice, scenario, need.total))
    });
    let (choice, scenario, total) =
        fitting.max_by_key(|(choice, _, total)| (choice.format.bits_per_weight() >= 3.0, *total))?;
    let most = capacity(setup, device) as f64;
    let factor = most / units.split_value(most);
    let (of, unit) = units.split(most);
    let used = decimal(total as f64 / factor);
    let label = format!("Weights in {}", choice.format.label);
    Some(Fix {
        label,
        note: format!("{used} of {of} {unit}"),
        scenario,
    })
}

/// The fewest devices of the same kind that share every layer.
fn more_devices(setup: &Setup, device: &Device) -> Option<Fix> {
    if setup.scenario.workload.mode.trains() || device.unified {
        return None;
    }
    let found = degree(setup, device);
    let count = found.devices.filter(|count| *count > setup.layout.devices)?;
    Some(Fix {
        label: format!("{count} × {}", device.short_name()),
        note: "every layer shared among them".to_owned(),
        scenario: found.scenario,
    })
}

/// The device with the least memory that still fits, of the same kind if there is one.
fn larger_device(setup: &Setup, total: u64, units: UnitSystem) -> Option<Fix> {
    let now = setup.device()?;
    let mut fitting: Vec<&Device> = devices()
        .iter()
        .filter(|device| {
            !device.is_processor()
                && capacity(setup, device) >= total
                && support(&setup.weights.format.id, device, setup.engine).runs()
        })
        .collect();
    sort_few(&mut fitting, |device| {
        (device.vendor != now.vendor, device.memory_bytes)
    });
    let on = |device: &Device| {
        setup.question().with(|s| {
            s.hardware.device = Some(device.id.clone());
            s.hardware.mixed = Vec::new();
        })
    };
    let fits = |device: &&Device| verdict(setup, &on(device)) == Some(Verdict::Fits);
    fitting.into_iter().take(MOST_TRIED).find(fits).map(|device| Fix {
        label: device.name.clone(),
        note: format!("has {}", units.bytes(device.memory_bytes as f64)),
        scenario: on(device),
    })
}
