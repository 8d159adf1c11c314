//! ExLlamaV2 and V3, through the chat example each brings along.
//!
//! Options: `exllamav2/model_init.py` and `examples/chat.py` (`-m`, `-mode`, `-l`, `-c8`, `-cq4`, `-cq8`, `-gs`, `-tp`);
//! `exllamav3/model_init.py` (`-m`, `-cs`, `-cq`, `-gs`, `-tp`). TabbyAPI is the server for both; its `cache_size` is
//! that of all sequences together.

use super::Launch;
use super::basis::Basis;
use super::draft::Draft;
use crate::hardware::Engine;
use crate::scenario::KvFormat;
use crate::units::grouped;

/// Caches have pages of so many tokens.
const PAGE: u64 = 256;

fn padded(tokens: u64) -> u64 {
    tokens.div_ceil(PAGE).saturating_mul(PAGE)
}

/// ExLlamaV2.
pub(super) fn launch_v2(basis: &Basis<'_>) -> Result<Launch, String> {
    let mut out = start(basis)?;
    out.flag("-l", padded(basis.tokens), basis.why_tokens());
    if basis.values().is_some_and(|values| Some(values) != basis.cache()) {
        return Err("ExLlamaV2 keeps keys and values in one format.".to_owned());
    }
    match basis.cache() {
        None | Some(KvFormat::Fp16) => {}
        Some(KvFormat::Fp8) => {
            out.switch_if(true, "-c8", "The cache in FP8.");
        }
        Some(KvFormat::Q8_0) => {
            out.switch_if(true, "-cq8", "The cache in 8 bits with scales.");
        }
        Some(KvFormat::Q4_0) => {
            out.switch_if(true, "-cq4", "The cache in 4 bits with scales.");
        }
        Some(other) => return Err(format!("ExLlamaV2 has no {} cache.", other.label())),
    }
    spread(basis, &mut out);
    Ok(out.finish())
}

/// ExLlamaV3.
pub(super) fn launch_v3(basis: &Basis<'_>) -> Result<Launch, String> {
    let mut out = start(basis)?;
    out.flag("-cs", padded(basis.tokens), basis.why_tokens());
    let bits = |format: Option<KvFormat>| match format {
        None | Some(KvFormat::Fp16) => Ok(None),
        Some(KvFormat::Q8_0) => Ok(Some(8)),
        Some(KvFormat::Q5_0) => Ok(Some(5)),
        Some(KvFormat::Q4_0) => Ok(Some(4)),
        Some(other) => Err(format!("ExLlamaV3 has no {} cache.", other.label())),
    };
    let (keys, values) = (bits(basis.cache())?, bits(basis.values().or(basis.cache()))?);
    match (keys, values) {
        (None, None) => {}
        (Some(keys), Some(values)) => {
            out.flag("-cq", format!("{keys},{values}"), "Bits of cached keys and of values.");
        }
        _ => return Err("ExLlamaV3 quantises keys and values both or neither.".to_owned()),
    }
    spread(basis, &mut out);
    Ok(out.finish())
}

fn start(basis: &Basis<'_>) -> Result<Draft, String> {
    let layout = basis.layout();
    let engine = basis.setup.engine;
    if layout.pipeline > 1 || layout.expert > 1 || layout.attention_dp {
        return Err(format!("{} shares a model by tensors or layers alone.", engine.label()));
    }
    let mut out = Draft::new("python examples/chat.py");
    let label = &basis.setup.weights.format.label;
    let local = basis.asked().is_some() || (basis.model.contains('/') && !basis.model.starts_with(['.', '/']));
    let folder = if local { basis.converted() } else { basis.model.clone() };
    out.flag("-m", &folder, format!("A folder with the model in {label}."))
        .flag("-mode", "raw", "How prompts are written; `-modes` lists others.");
    if local {
        out.note(format!(
            "{} loads folders: download the model in {label} to {folder}, or make it with the engine's convert.py.",
            engine.label()
        ));
    }
    if basis.sequences > 1 {
        let all = padded(basis.tokens).saturating_mul(basis.sequences);
        out.note(format!(
            "The chat holds one sequence. For {} at once start TabbyAPI with cache_size {}.",
            basis.sequences,
            grouped(all)
        ));
    }
    Ok(out)
}

fn spread(basis: &Basis<'_>, out: &mut Draft) {
    let layout = basis.layout();
    if layout.devices <= 1 {
        return;
    }
    out.switch_if(!layout.by_layers, "-tp", "Each device holds a slice of every layer.");
    out.flag_if(
        basis.setup.engine == Engine::ExLlamaV2,
        "-gs",
        "auto",
        "Layers are spread over the devices as memory allows.",
    );
}
