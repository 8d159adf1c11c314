//! Weight formats by the names people give them.

use super::weight_key;
use crate::model::quantisation;
use crate::naming::nearest;

/// Everyday names and the format each stands for.
const NAMES: &[(&str, &str)] = &[
    ("16bit", "bf16"),
    ("half", "fp16"),
    ("float16", "fp16"),
    ("bfloat16", "bf16"),
    ("float32", "fp32"),
    ("full", "fp32"),
    ("32bit", "fp32"),
    ("8bit", "int8"),
    ("w8a8", "int8"),
    ("4bit", "int4"),
    ("w4a16", "int4"),
    ("e4m3", "fp8"),
    ("fp8e4m3", "fp8"),
    ("float8", "fp8"),
    ("bnb", "nf4"),
    ("bnb4", "nf4"),
    ("bnb4bit", "nf4"),
    ("qlora", "nf4"),
    ("bnb8", "bnb-int8"),
    ("bnb8bit", "bnb-int8"),
    ("gptq4", "gptq"),
    ("gptqint4", "gptq"),
    ("gptq4bit", "gptq"),
    ("awq4", "awq"),
    ("awqint4", "awq"),
    ("awq4bit", "awq"),
    ("mlx4", "mlx-q4"),
    ("mlx4bit", "mlx-q4"),
    ("mlx8", "mlx-q8"),
    ("mlx8bit", "mlx-q8"),
    ("q2", "q2_k"),
    ("q3", "q3_k_m"),
    ("q3k", "q3_k_m"),
    ("q4", "q4_k_m"),
    ("q4k", "q4_k_m"),
    ("q5", "q5_k_m"),
    ("q5k", "q5_k_m"),
    ("q6", "q6_k"),
    ("q8", "q8_0"),
];

/// A format by its id or an everyday name.
///
/// # Errors
/// What may have been meant instead, as the end of a sentence.
pub(super) fn named(text: &str) -> Result<&'static str, String> {
    let text = text.trim();
    if let Some(key) = weight_key(text) {
        return Ok(key);
    }
    let plain = |text: &str| -> String {
        let signs = text.chars().take(60).filter(|sign| sign.is_ascii_alphanumeric());
        signs.map(|sign| sign.to_ascii_lowercase()).collect()
    };
    let wanted = plain(text);
    if let Some((_, id)) = NAMES.iter().find(|(name, _)| *name == wanted) {
        return weight_key(id).ok_or_else(String::new);
    }
    // `Q4-K-M` and `q4km`.
    let written = |id: &str| !id.starts_with("mlx") && plain(id) == wanted;
    if let Some(one) = quantisation::CHOICES.iter().find(|one| written(&one.format.id)) {
        return Ok(quantisation::intern(&one.format.id));
    }
    let lower = text.to_ascii_lowercase();
    if let Some(mix) = lower
        .strip_prefix("ud-")
        .or_else(|| lower.strip_suffix("_xl").map(|_| lower.as_str()))
    {
        let base = mix.trim_end_matches("_xl");
        let near = weight_key(base).or_else(|| NAMES.iter().find(|(name, _)| *name == plain(base)).map(|(_, id)| *id));
        let near = near.map_or_else(String::new, |near| format!(" The nearest of a fixed rule is {near}."));
        return Err(format!(
            "is a dynamic mix of Unsloth: which tensor is kept in which type differs from model to model, so only the file tells its size.{near} For the exact bytes give the address of the .gguf file."
        ));
    }
    let near = nearest(text, quantisation::CHOICES.iter().map(|one| one.format.id.as_ref()));
    Err(if near.is_empty() {
        "is no known format. Usual ones: bf16, fp8, int8, int4, awq, gptq, nf4, q4_k_m, q8_0, mlx-q4.".to_owned()
    } else {
        format!("is no known format. Did you mean {}?", near.join(", "))
    })
}
