//! transformers. Source: huggingface.co/docs/transformers, `from_pretrained`, `BitsAndBytesConfig`.

use super::quote::python;
use super::{Facts, Parts, checkpoint};
use crate::scenario::AttentionKernel;

pub fn parts(facts: &Facts<'_>) -> Parts {
    let (question, mut out) = (facts.question, Parts::default());
    let scenario = &*question.scenario;
    let quantised = match facts.weights() {
        "nf4" => Some("BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type=\"nf4\")"),
        "nf4-dq" => {
            Some("BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type=\"nf4\", bnb_4bit_use_double_quant=True)")
        }
        "bnb-int8" => Some("BitsAndBytesConfig(load_in_8bit=True)"),
        _ => None,
    }
    .filter(|_| facts.converted);
    out.add(
        if quantised.is_some() {
            "from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig"
        } else {
            "from transformers import AutoModelForCausalLM, AutoTokenizer"
        },
        "the library",
    );
    let why = checkpoint(facts, &["bf16", "fp16", "fp32", "nf4", "nf4-dq", "bnb-int8"]);
    out.add(format!("name = {}", python(&facts.model)), why);
    out.add(
        "model = AutoModelForCausalLM.from_pretrained(\n    name,",
        "weights are read",
    );
    let dtype = match &*question.activation.id {
        "fp16" => "float16",
        "fp32" => "float32",
        _ => "bfloat16",
    };
    out.add(format!("    dtype=\"{dtype}\","), "numbers it computes in");
    if let Some(quantised) = quantised {
        out.add(
            format!("    quantization_config={quantised},"),
            "weights are converted on loading",
        );
    }
    out.add(
        "    device_map=\"auto\",",
        if facts.plan.is_some() {
            "what the devices do not hold stays in RAM and is copied for each pass"
        } else {
            "layers are dealt out over the devices"
        },
    );
    let attention = if scenario.attention == AttentionKernel::Eager {
        "eager"
    } else {
        "sdpa"
    };
    out.add(
        format!("    attn_implementation=\"{attention}\",\n)"),
        "how scores are computed: eager writes them to memory",
    );
    out.add(
        "tokens = AutoTokenizer.from_pretrained(name)(\"Hello\", return_tensors=\"pt\").to(model.device)",
        "a prompt",
    );
    out.add(
        format!(
            "print(model.generate(**tokens, max_new_tokens={}))",
            scenario.generated().max(1)
        ),
        facts.length(),
    );
    out
}
