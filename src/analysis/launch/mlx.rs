//! MLX through mlx-lm.
//!
//! Options: `mlx_lm/server.py` (`--decode-concurrency`, `--prompt-concurrency`, `--max-tokens`; no option for the
//! cache), `mlx_lm/generate.py` (`--max-kv-size`, `--kv-bits`, `--kv-group-size`, `--quantized-kv-start`),
//! `mlx_lm/convert.py` (`--hf-path`, `--mlx-path`, `-q`, `--q-bits`, `--q-group-size`, `--q-mode`). A cache of fixed
//! size (`RotatingKVCache`) is never quantised.

use super::Launch;
use super::basis::Basis;
use super::draft::Draft;
use super::quote::shell;
use crate::scenario::{KvFormat, Mode};

pub(super) fn launch(basis: &Basis<'_>) -> Result<Launch, String> {
    if basis.layout().devices > 1 {
        return Err("Several machines run MLX through `mlx.launch`, which is not modelled.".to_owned());
    }
    let scenario = &basis.setup.scenario;
    let bits = match basis.cache() {
        None | Some(KvFormat::Bf16 | KvFormat::Fp16) => None,
        Some(KvFormat::MlxQ8) => Some(8),
        Some(KvFormat::MlxQ4) => Some(4),
        Some(other) => return Err(format!("MLX has no {} cache.", other.label())),
    };
    if basis.values().is_some_and(|values| Some(values) != basis.cache()) {
        return Err("MLX keeps keys and values in one format.".to_owned());
    }
    let serves = scenario.workload.mode == Mode::Serve || basis.sequences > 1;
    if serves && bits.is_some() {
        return Err(
            "mlx_lm.server has no option for a quantised cache; one sequence at a time has (mlx_lm.generate)."
                .to_owned(),
        );
    }
    let mut out = Draft::new(if serves { "mlx_lm.server" } else { "mlx_lm.generate" });
    weights(basis, &mut out);
    let generated = scenario.generated().max(1);
    if serves {
        out.flag("--decode-concurrency", basis.sequences, basis.why_sequences())
            .flag("--prompt-concurrency", basis.sequences.min(8), "Prompts read at once.")
            .flag(
                "--max-tokens",
                generated,
                "Tokens of an answer unless a request says otherwise.",
            )
            .note(
                "mlx_lm.server does not limit the length of a request: longer ones take more memory than the estimate.",
            );
        return Ok(out.finish());
    }
    match bits {
        Some(bits) => {
            out.flag("--kv-bits", bits, "Bits of cached keys and values.")
                .flag("--kv-group-size", 64, "Values that share a scale.")
                .flag(
                    "--quantized-kv-start",
                    0,
                    "Quantised from the first token on; by default after 5,000.",
                );
        }
        None => {
            out.flag("--max-kv-size", basis.tokens, basis.why_tokens());
        }
    }
    out.flag("--max-tokens", generated, "Tokens of the answer.").flag(
        "--prompt",
        "-",
        "The prompt is read from standard input.",
    );
    Ok(out.finish())
}

/// The model; where it is not in MLX's format yet, a line that converts it.
fn weights(basis: &Basis<'_>, out: &mut Draft) {
    let format = basis.setup.weights.format.id.as_ref();
    let Some(how) = basis.asked().and_then(|_| conversion(format)) else {
        out.flag("--model", &basis.model, "The model.");
        return;
    };
    let made = basis.converted();
    out.before(format!(
        "mlx_lm.convert --hf-path {} --mlx-path {}{how}",
        shell(&basis.model),
        shell(&made)
    ))
    .flag(
        "--model",
        &made,
        format!(
            "The model in {}, as the first line makes it.",
            basis.setup.weights.format.label
        ),
    );
}

/// Options of `mlx_lm.convert` for a format.
fn conversion(format: &str) -> Option<String> {
    let mode = |mode: &str| format!(" -q --q-mode {mode}");
    Some(match format {
        "bf16" => " --dtype bfloat16".to_owned(),
        "fp16" => " --dtype float16".to_owned(),
        "fp32" => " --dtype float32".to_owned(),
        "mxfp4" | "nvfp4" => mode(format),
        _ => {
            let (bits, group) = match format.strip_prefix("mlx-q")?.split_once("-g") {
                Some((bits, group)) => (bits.parse::<u8>().ok()?, group.parse::<u16>().ok()?),
                None => (format.strip_prefix("mlx-q")?.parse().ok()?, 64),
            };
            format!(" -q --q-bits {bits} --q-group-size {group}")
        }
    })
}
