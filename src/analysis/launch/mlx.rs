//! MLX. Source: ml-explore/mlx-lm, `mlx_lm/generate.py`.

use super::quote::shell;
use super::{Facts, Parts, checkpoint};

pub fn parts(facts: &Facts<'_>) -> Parts {
    let (question, mut out) = (facts.question, Parts::default());
    out.add(
        "mlx_lm.generate",
        "one answer; mlx_lm.server takes the same model and serves it",
    );
    let why = checkpoint(facts, &["bf16", "fp16"]);
    out.add(format!("--model {}", shell(&facts.model)), why);
    out.add("--prompt -", "the prompt is read from standard input");
    out.add(
        format!("--max-tokens {}", question.scenario.generated().max(1)),
        "tokens of the answer",
    );
    out.add(format!("--max-kv-size {}", facts.tokens), facts.length());
    let bits = match facts.kv() {
        "mlx-q8" => Some(8),
        "mlx-q4" => Some(4),
        _ => None,
    };
    if let Some(bits) = bits {
        out.add(
            format!("--kv-bits {bits} --kv-group-size 64"),
            "the KV cache in groups of 64 with a scale each",
        );
    }
    out
}
