//! How a scenario is resolved: the device, the engine that is usual there, the weights as it holds them, the cache.

mod asked;
mod weights;

use std::cell::Cell;
use std::sync::Arc;

use super::cache::StatePage;
use super::cache_format::{self, cache_format, usual_cache, wanted_cache};
use super::error::AnalysisError;
use super::file_kind::usual_engine;
use super::host;
use super::kv_support;
use super::media::Media;
use super::memory::left_out_bytes;
use super::packed_cache::PackedPages;
use super::placement::{Layout, least, members};
use super::setup::{Setup, Widths};
use crate::hardware::{self, Device, Engine, Support};
use crate::model::blueprint::Reading;
use crate::model::quantisation;
use crate::model::{Blueprint, Component, Format, ModelError, Notice};
use crate::scenario::{AttentionKernel, Scenario};
use crate::units::UnitSystem;

pub use weights::{Conversion, unpacked};

use asked::{as_it_reads, said_of_encoding, said_of_task};
use weights::convert;

thread_local! {
    static RESOLVED: Cell<u64> = const { Cell::new(0) };
}

/// Scenarios that this thread has resolved so far: for tests that no work is done twice.
pub fn resolved() -> u64 {
    RESOLVED.get()
}

/// Resolves a scenario; what is known of another one of the same model is taken over where it holds here too.
pub fn resolve(
    blueprint: &Arc<Blueprint>,
    requested: Arc<Scenario>,
    known: Option<&Setup>,
) -> Result<Setup, AnalysisError> {
    let requested = as_it_reads(blueprint, requested)?;
    if let Some(known) = known.filter(|known| resolves_alike(&known.requested, &requested)) {
        let (scenario, media) = as_it_sees(blueprint, &requested)?;
        return Ok(paged(Setup {
            scenario,
            requested,
            media,
            admission: None,
            tuned: None,
            ..known.clone()
        }));
    }
    let device = match &requested.hardware.device {
        None => None,
        Some(id) => Some(hardware::resolve(id).map_err(|why| match why {
            Some(why) => AnalysisError::Custom(why),
            None => AnalysisError::UnknownDevice(id.clone()),
        })?),
    };
    let said = match requested.workload.mode.trains() {
        true => said_of_task(blueprint, &requested),
        false => said_of_encoding(blueprint),
    };
    let mut notices: Vec<Notice> = said.into_iter().collect();
    let device = host::placed(device, &requested, &mut notices);
    let device = device.map(|device| Arc::new(device.into_owned()));
    on_device(blueprint, requested, device, notices, known)
}

/// The scenario with what images, video and sound become in its prompt.
fn as_it_sees(blueprint: &Blueprint, requested: &Arc<Scenario>) -> Result<(Arc<Scenario>, Arc<Media>), AnalysisError> {
    let media = Media::of(blueprint, &requested.workload)?;
    let tokens = media.tokens();
    let scenario = if let Some(rows) = media.alone {
        Arc::new(Scenario::clone(requested).with(|s| s.workload.prompt = rows))
    } else if tokens == 0 {
        requested.clone()
    } else {
        let prompt = requested.workload.prompt.saturating_add(tokens);
        Arc::new(Scenario::clone(requested).with(|s| s.workload.prompt = prompt))
    };
    Ok((scenario, Arc::new(media)))
}

/// The same on another device, which stands in no machine.
pub fn on(setup: &Setup, device: &Device) -> Result<Setup, AnalysisError> {
    let requested = Arc::new(Scenario::clone(&setup.requested).with(|s| {
        s.hardware.device = Some(device.id.clone());
        s.hardware.mixed = Vec::new();
    }));
    let device = Some(Arc::new(device.clone()));
    on_device(&setup.blueprint, requested, device, Vec::new(), Some(setup))
}

/// Whether two scenarios differ in nothing that is resolved.
fn resolves_alike(one: &Scenario, other: &Scenario) -> bool {
    let of = |scenario: &Scenario| {
        (
            (
                scenario.workload.mode.trains(),
                scenario.precision.weights,
                scenario.serving.engine,
            ),
            (scenario.precision.kv_cache, scenario.precision.value_cache),
            scenario.assumptions.attention == AttentionKernel::Eager,
            (
                scenario.hardware.devices,
                scenario.hardware.split,
                scenario.hardware.tensor,
            ),
            (
                scenario.hardware.pipeline,
                scenario.hardware.expert,
                scenario.hardware.attention_parallel,
            ),
        )
    };
    // Engines that leave towers out load them for images, and what is said differs.
    let media = |scenario: &Scenario| {
        let workload = &scenario.workload;
        (
            (workload.images, workload.image_size, workload.audio_seconds),
            (workload.video_seconds, workload.video_rate),
        )
    };
    // The simple rule knows nothing of what lies in RAM.
    let rule = one.assumptions.memory_rule == other.assumptions.memory_rule && media(one) == media(other);
    let devices =
        (&one.hardware.mixed, &one.hardware.tensor_split) == (&other.hardware.mixed, &other.hardware.tensor_split);
    rule && devices
        && of(one) == of(other)
        && one.hardware.device == other.hardware.device
        && one.hardware.host == other.hardware.host
}

fn on_device(
    blueprint: &Arc<Blueprint>,
    requested: Arc<Scenario>,
    mut device: Option<Arc<Device>>,
    mut notices: Vec<Notice>,
    known: Option<&Setup>,
) -> Result<Setup, AnalysisError> {
    RESOLVED.set(RESOLVED.get() + 1);
    let scenario = &*requested;
    let chosen = scenario.precision.weights.and_then(quantisation::choice);
    // Where the headers of the files were read, their bytes are known whatever the method.
    let by_headers = || blueprint.tensors().any(|(_, tensor)| tensor.held.is_some());
    let unknown = blueprint
        .published
        .unknown
        .as_ref()
        .filter(|_| chosen.is_none() && !by_headers());
    if let Some(why) = unknown {
        return Err(ModelError::Quantisation(why.clone()).into());
    }
    let automatic = || automatic_engine(blueprint, scenario, device.as_deref());
    let engine = scenario.serving.engine.unwrap_or_else(automatic);
    let layout = Layout::of(scenario, engine)?;
    let members = members(scenario, &layout, device.as_ref(), blueprint.layers.value)?;
    if members.is_empty()
        && let Some((least, notice)) = least(scenario, engine)
    {
        device = Some(least);
        notices.push(notice);
    }
    if !scenario.hardware.tensor_split.is_empty() && members.is_empty() {
        notices.push(Notice::new(
            "tensor_split_unused",
            "The tensor split is of layers dealt out to several devices; here it changes nothing.",
        ));
    }
    let shared = known.filter(|known| {
        let same = (known.requested.precision.weights, known.engine) == (scenario.precision.weights, engine);
        same && Arc::ptr_eq(&known.blueprint, blueprint)
    });
    let conversion = shared.map_or_else(|| convert(blueprint, chosen, engine), |known| known.conversion.clone());
    notices.extend(conversion.notices());
    let weights = conversion.loaded(scenario, engine, &mut notices);
    notices.extend(cache_format::told(engine, &weights, scenario).filter(|_| !scenario.workload.mode.trains()));
    let activation = if weights.base.bits >= 16 {
        weights.base.clone()
    } else {
        Format::BF16
    };
    let kv = cache_format(scenario.precision.kv_cache)
        .unwrap_or_else(|| usual_cache(engine, &weights, scenario.precision.weights.is_some(), &activation));
    let kv_values = cache_format(scenario.precision.value_cache).unwrap_or_else(|| kv.clone());
    let support = device
        .as_deref()
        .map(|device| hardware::compatibility::support(&weights.format.id, device, engine));
    let (scenario, media) = as_it_sees(blueprint, &requested)?;
    if let Some(notice) = notices
        .iter_mut()
        .find(|notice| notice.code == "projector_apart" && !media.seen.is_empty())
    {
        *notice = Notice::new(
            "projector_apart",
            "llama.cpp keeps the towers in a projector file (mmproj) of its own; it is counted here, in FP16, for what a request holds beside text.",
        );
    }
    notices.extend(media.notices(blueprint, &requested.workload));
    let setup = Setup {
        blueprint: blueprint.clone(),
        layout,
        members: members.into(),
        widths: Arc::new(Widths::of(engine, &activation, &kv, &kv_values)),
        state_page: None,
        packed_pages: None,
        scenario,
        requested,
        media,
        weights,
        activation,
        kv,
        kv_values,
        device,
        engine,
        admission: None,
        tuned: None,
        unpacked: false,
        notices: notices.into(),
        conversion,
    };
    let setup = packed(paged(said_of_towers(said_of_ram(setup))));
    Ok(if support.is_some_and(|found| found.support == Support::Unpacked) {
        unpacked(setup)
    } else {
        setup
    })
}

/// The setup, with the page that its states take: found once, asked for by every block.
fn paged(setup: Setup) -> Setup {
    Setup {
        state_page: StatePage::of(&setup),
        ..setup
    }
}

/// The setup, with the pool of pages that its cache is packed in: it depends on model and engine alone.
fn packed(setup: Setup) -> Setup {
    Setup {
        packed_pages: PackedPages::of(&setup).map(Arc::new),
        ..setup
    }
}

/// The setup, with a word on what the engine keeps in RAM whatever fits.
fn said_of_ram(setup: Setup) -> Setup {
    if !setup.keeps_table_in_ram() {
        return setup;
    }
    let engine = setup.engine.label();
    let text = if setup.table_is_off_device() {
        format!("{engine} keeps the token table in RAM, so it takes none of the device's memory.")
    } else {
        format!("{engine} keeps the token table in RAM and a copy of it, the output head, on the device.")
    };
    let told = Notice::new("table_in_ram", text);
    Setup {
        notices: setup.notices.iter().cloned().chain([told]).collect(),
        ..setup
    }
}

/// The setup, with a word on towers that the engine leaves in their files.
fn said_of_towers(setup: Setup) -> Setup {
    let bytes = left_out_bytes(&setup);
    if bytes == 0 {
        return setup;
    }
    let text = format!(
        "{} leaves {} out: {} less on the device than in the files.",
        setup.engine.loader(),
        towers(&setup.blueprint),
        UnitSystem::Gib.bytes(bytes as f64)
    );
    Setup {
        notices: setup
            .notices
            .iter()
            .cloned()
            .chain([Notice::new("towers_not_loaded", text)])
            .collect(),
        ..setup
    }
}

/// What towers a model has, in words.
pub fn towers(blueprint: &Blueprint) -> &'static str {
    match (blueprint.has(Component::Vision), blueprint.has(Component::Audio)) {
        (true, true) => "the vision and audio towers",
        (false, true) => "the audio tower",
        _ => "the vision tower",
    }
}

/// The engine where none is chosen: what is most used for the format on the device and keeps the cache as wanted, else what
/// is most used for such files.
pub fn automatic_engine(blueprint: &Blueprint, scenario: &Scenario, device: Option<&Device>) -> Engine {
    let published = &blueprint.published;
    let chosen = scenario.precision.weights.and_then(quantisation::choice);
    let (format, container) = match &chosen {
        Some(choice) => (&choice.format, choice.container),
        None => (&published.format, published.container),
    };
    let usual = device
        .and_then(|device| kv_support::usual(&format.id, wanted_cache(scenario), device))
        .unwrap_or_else(|| usual_engine(container));
    // Most servers run decoders only.
    if matches!(blueprint.reading, Reading::Both(_)) && !usual.runs_pair(&blueprint.model_type) {
        return Engine::Transformers;
    }
    usual
}
