//! Packed weights: the parameters behind the tensors of quantised checkpoints.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use support::engine::{blueprint, config};
use support::made::{Row, rows_of, safetensors_list};
use weighbridge::model::headers::compare::{Verdict, adopt, compare};
use weighbridge::model::headers::logical;

/// One matrix `[out, in]` in a packed form.
type Pack = fn(&str, u64, u64) -> Vec<Row>;

fn gptq(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("qweight"), "I32", vec![input / 8, out]),
        (s("qzeros"), "I32", vec![input / 128, out / 8]),
        (s("scales"), "F16", vec![input / 128, out]),
        (s("g_idx"), "I32", vec![input]),
    ]
}
fn gptq_three_bits(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("qweight"), "I32", vec![input * 3 / 32, out]),
        (s("qzeros"), "I32", vec![input / 128, out * 3 / 32]),
        (s("scales"), "F16", vec![input / 128, out]),
    ]
}
fn awq(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("qweight"), "I32", vec![input, out / 8]),
        (s("qzeros"), "I32", vec![input / 128, out / 8]),
        (s("scales"), "F16", vec![input / 128, out]),
    ]
}
fn nf4(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.weight{last}");
    vec![
        (s(""), "U8", vec![out * input / 2, 1]),
        (s(".absmax"), "U8", vec![out * input / 64]),
        (s(".nested_absmax"), "F32", vec![out * input / 64 / 256]),
        (s(".quant_map"), "F32", vec![16]),
        (s(".nested_quant_map"), "F32", vec![256]),
        (s(".quant_state.bitsandbytes__nf4"), "U8", vec![94]),
    ]
}
fn pack_quantized(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight_packed"), "I32", vec![out, input / 8]),
        (s("weight_scale"), "BF16", vec![out, input / 32]),
        (s("weight_shape"), "I32", vec![2]),
    ]
}
fn nvfp4(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "U8", vec![out, input / 2]),
        (s("weight_scale"), "F8_E4M3", vec![out, input / 16]),
        (s("weight_scale_2"), "F32", vec![]),
        (s("input_scale"), "F32", vec![]),
    ]
}
fn block_fp8(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "F8_E4M3", vec![out, input]),
        (
            s("weight_scale_inv"),
            "F32",
            vec![out.div_ceil(128), input.div_ceil(128)],
        ),
    ]
}
fn fp4_experts(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "I8", vec![out, input / 2]),
        (s("scale"), "F8_E8M0", vec![out, input / 32]),
    ]
}
fn mlx(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "U32", vec![out, input / 8]),
        (s("scales"), "BF16", vec![out, input / 64]),
        (s("biases"), "BF16", vec![out, input / 64]),
    ]
}
fn exl3(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("trellis"), "I16", vec![input / 16, out / 16, 48]),
        (s("suh"), "F16", vec![input]),
        (s("svh"), "F16", vec![out]),
    ]
}
fn hqq(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("W_q"), "U8", vec![out * input / 2]),
        (s("scale"), "F16", vec![out * input / 64, 1]),
        (s("zero"), "F16", vec![out * input / 64, 1]),
    ]
}
fn aqlm(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("codes"), "I16", vec![out, input / 8, 1]),
        (s("codebooks"), "F16", vec![1, 65_536, 1, 8]),
        (s("scales"), "F16", vec![out, 1, 1, 1]),
    ]
}
fn bitnet(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "U8", vec![out / 4, input]),
        (s("weight_scale"), "BF16", vec![1]),
    ]
}

/// Llama 3.1 8B in each packed form has the 8,030,261,248 parameters of the unpacked one (the Hub's count of its
/// bitsandbytes version), without its config being told, and its tensors are those of the config.
#[test]
fn packed_forms_of_llama() {
    let blueprint = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    let forms: [(&str, Pack); 13] = [
        ("gptq", gptq),
        ("gptq, 3 bits", gptq_three_bits),
        ("awq", awq),
        ("bitsandbytes 4-bit", nf4),
        ("compressed-tensors", pack_quantized),
        ("nvfp4", nvfp4),
        ("fp8", block_fp8),
        ("fp4 in blocks", fp4_experts),
        ("mlx", mlx),
        ("exl3", exl3),
        ("hqq", hqq),
        ("aqlm", aqlm),
        ("bitnet", bitnet),
    ];
    for (name, pack) in forms {
        let packed = |row: Row| match row.0.strip_suffix("_proj.weight") {
            Some(module) => pack(&format!("{module}_proj"), row.2[0], row.2[1]),
            None => vec![row],
        };
        let rows: Vec<Row> = rows_of(&blueprint, "BF16").into_iter().flat_map(packed).collect();
        let list = safetensors_list(&rows);
        let count = logical::count(&list, None);
        assert_eq!(count.parameters, 8_030_261_248, "{name}");
        assert!(
            count.methods.iter().any(|method| name.starts_with(method)),
            "{name}: {:?}",
            count.methods
        );
        let compared = compare(&blueprint, &count, &list.described());
        assert_eq!(compared.verdict, Verdict::Agree, "{name}: {}", compared.line);
        assert_eq!(
            compared.line,
            "config.json and 1 safetensors header agree: 8,030,261,248 parameters."
        );
        let mut adopted = weighbridge::model::Blueprint::clone(&blueprint);
        assert!(adopt(&mut adopted, &compared), "{name}: every scale has its weight");
        let held: u64 = adopted.tensors().filter_map(|(_, tensor)| tensor.held).sum();
        assert_eq!(held, list.bytes(), "{name}");
        if name == "bitsandbytes 4-bit" {
            let u8s = count.types.iter().find(|row| row.dtype == "U8").unwrap();
            assert_eq!(u8s.parameters, 6_979_321_856, "the Hub's count");
        }
    }
}

/// gpt-oss as published: fused experts in MXFP4 blocks. 20,914,757,184 and 116,829,156,672 by the Hub's count.
#[test]
fn gpt_oss_in_blocks() {
    for (id, total, packed, bf16) in [
        ("openai/gpt-oss-20b", 20_914_757_184, 19_110_297_600, 1_804_459_584),
        ("openai/gpt-oss-120b", 116_829_156_672, 114_661_785_600, 2_167_371_072),
    ] {
        let (config, blueprint) = (config(id), blueprint(id));
        let number = |key: &str| config[key].as_u64().unwrap();
        let (hidden, width) = (number("hidden_size"), number("intermediate_size"));
        let experts = number("num_local_experts");
        let mut rows: Vec<Row> = rows_of(&blueprint, "BF16")
            .into_iter()
            .filter(|row| !row.0.contains("experts"))
            .collect();
        for layer in 0..number("num_hidden_layers") {
            let s = |last: &str| format!("model.layers.{layer}.mlp.experts.{last}");
            rows.extend([
                (
                    s("gate_up_proj_blocks"),
                    "U8",
                    vec![experts, 2 * width, hidden / 32, 16],
                ),
                (s("gate_up_proj_scales"), "U8", vec![experts, 2 * width, hidden / 32]),
                (s("gate_up_proj_bias"), "BF16", vec![experts, 2 * width]),
                (s("down_proj_blocks"), "U8", vec![experts, hidden, width / 32, 16]),
                (s("down_proj_scales"), "U8", vec![experts, hidden, width / 32]),
                (s("down_proj_bias"), "BF16", vec![experts, hidden]),
            ]);
        }
        let list = safetensors_list(&rows);
        for config in [None, Some(config)] {
            let count = logical::count(&list, config);
            assert_eq!(count.parameters, total, "{id}");
            let of = |name: &str| count.types.iter().find(|row| row.dtype == name).unwrap().parameters;
            assert_eq!((of("U8"), of("BF16")), (packed, bf16), "{id}");
            assert_eq!(count.scale_bytes, packed / 32);
            let compared = compare(&blueprint, &count, &list.described());
            assert_eq!(compared.verdict, Verdict::Agree, "{id}: {}", compared.line);
        }
    }
}
