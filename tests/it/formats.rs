//! Number formats as checkpoints say them: each rule form of each method, held against what its loader does with it.

use serde_json::{Value, json};

use crate::support::checkpoint::{blueprint, formats, weights};
use weighbridge::model::Blueprint;
use weighbridge::model::catalogue;

/// Asserts the formats of modules; those that are not named are not asked for.
#[track_caller]
fn holds(settings: Value, expected: &[(&str, &str)]) {
    let built = blueprint("quantization_config", settings.clone());
    for (module, formats_expected) in expected {
        assert_eq!(formats(&built, module), *formats_expected, "{module} of {settings}");
    }
}

/// GPTQModel `quantization/config.py` (`_resolve_dynamic_override`) and vLLM `quantization/utils/gptq_utils.py`: of `dynamic`
/// the first expression that matches from the beginning decides; `-:` leaves alone; the head only by `lm_head`.
#[test]
fn gptq() {
    let with = |more: Value| {
        let mut all = json!({"quant_method": "gptq", "bits": 4, "group_size": 128});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    holds(
        with(json!({"dynamic": {"-:.*attn.*": {}, "lm_head": {}}})),
        &[
            ("q_proj", "FP16"),
            ("gate_proj", "GPTQ 4-bit"),
            ("lm_head", "FP16"),
            ("embed_tokens", "FP16"),
        ],
    );
    holds(
        with(json!({"dynamic": {r"+:.*\.1\.mlp.*": {"bits": 8}, r"-:.*\.1\..*": {}}})),
        &[
            ("q_proj", "1 FP16 + 3 GPTQ 4-bit"),
            ("gate_proj", "1 GPTQ 8-bit + 3 GPTQ 4-bit"),
        ],
    );
    // `re.match` begins at the beginning: a bare word in the middle matches nothing.
    holds(with(json!({"dynamic": {"-:mlp": {}}})), &[("gate_proj", "GPTQ 4-bit")]);
    holds(
        with(json!({"dynamic": {r"-:^(?!.*\.(0|3)\.).*mlp.*": {}}})),
        &[("gate_proj", "2 FP16 + 2 GPTQ 4-bit")],
    );
    holds(
        with(
            json!({"modules_in_block_to_quantize": [["mlp.gate_proj", "mlp.up_proj"], ["self_attn.q_proj"]], "lm_head": false}),
        ),
        &[
            ("q_proj", "GPTQ 4-bit"),
            ("o_proj", "FP16"),
            ("gate_proj", "GPTQ 4-bit"),
            ("down_proj", "FP16"),
        ],
    );
    holds(
        with(json!({"lm_head": true, "bits": "4.0"})),
        &[("lm_head", "GPTQ 4-bit")],
    );
    // A group size of its own changes bytes alone: 2 of 128 scales and zero points become 8 of 32.
    let (coarse, fine) = (
        with(json!({})),
        with(json!({"dynamic": {"+:.*gate_proj": {"group_size": 32}}})),
    );
    let gate = 4 * 512 * 1024_u64;
    assert_eq!(
        weights(fine) - weights(coarse),
        gate / 32 * 20 / 8 - gate / 128 * 20 / 8
    );
}

/// AutoAWQ and vLLM (`is_layer_skipped`, `skip_with_substr`): an entry is any part of a name.
#[test]
fn awq() {
    let of = |list: Value| json!({"quant_method": "awq", "bits": 4, "group_size": 128, "modules_to_not_convert": list});
    holds(
        of(json!(["attn"])),
        &[("q_proj", "FP16"), ("gate_proj", "AWQ 4-bit"), ("lm_head", "FP16")],
    );
    holds(
        of(json!(["model.layers.1.", "down"])),
        &[("gate_proj", "1 FP16 + 3 AWQ 4-bit"), ("down_proj", "FP16")],
    );
    holds(of(Value::Null), &[("q_proj", "AWQ 4-bit")]);
}

/// `auto_round/inference/convert_model.py`: blocks by the beginning of a name, `extra_config` by name and then by expression.
#[test]
fn auto_round() {
    let of = |more: Value| {
        let mut all = json!({"quant_method": "auto-round", "bits": 4, "group_size": 128});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    holds(
        of(json!({"extra_config": {
            "model.layers.2.self_attn.q_proj": {"bits": 16, "data_type": "float"},
            r".*\.down_proj": {"bits": 8},
            "lm_head": {"bits": 8},
        }})),
        &[
            ("q_proj", "1 FP16 + 3 AutoRound 4-bit"),
            ("down_proj", "AutoRound 8-bit"),
            ("lm_head", "AutoRound 8-bit"),
        ],
    );
    holds(
        of(json!({"block_name_to_quantize": "model.layers.0,model.layers.1"})),
        &[("q_proj", "2 FP16 + 2 AutoRound 4-bit"), ("lm_head", "FP16")],
    );
    holds(
        of(json!({"data_type": "mx_fp", "group_size": 32})),
        &[("q_proj", "MXFP4")],
    );
}

/// transformers `integrations/hqq.py` (settings by tag) and vLLM `hqq_marlin.py` (words of a name).
#[test]
fn hqq() {
    let four = json!({"nbits": 4, "group_size": 64});
    holds(
        json!({"quant_method": "hqq", "quant_config": {"weight_quant_params": four}, "skip_modules": ["lm_head", "self_attn"]}),
        &[("q_proj", "FP16"), ("gate_proj", "HQQ 4-bit"), ("lm_head", "FP16")],
    );
    holds(
        json!({"quant_method": "hqq", "quant_config": {
            "self_attn.q_proj": {"weight_quant_params": {"nbits": 8, "group_size": 64}}, "mlp.gate_proj": {"weight_quant_params": four}}}),
        &[
            ("q_proj", "HQQ 8-bit"),
            ("o_proj", "FP16"),
            ("gate_proj", "HQQ 4-bit"),
            ("lm_head", "FP16"),
        ],
    );
}

/// `compressed_tensors/utils/match.py` (`match_targets`): names before expressions before classes; `ignore` before all.
#[test]
fn compressed_tensors() {
    let int = |bits: u64| json!({"num_bits": bits, "type": "int", "strategy": "group", "group_size": 128});
    let of = |groups: Value, ignore: Value| json!({"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": groups, "ignore": ignore});
    let group = |targets: Value, bits: u64| json!({"targets": targets, "weights": int(bits)});
    holds(
        of(json!({"a": group(json!(["Linear", "Embedding"]), 8)}), json!([])),
        &[("q_proj", "INT8"), ("lm_head", "INT8"), ("embed_tokens", "INT8")],
    );
    holds(
        of(json!({"a": group(json!(["LlamaMLP"]), 4)}), json!(["lm_head"])),
        &[
            ("q_proj", "FP16"),
            ("gate_proj", "INT4"),
            ("down_proj", "INT4"),
            ("lm_head", "FP16"),
        ],
    );
    holds(
        of(
            json!({
                "a": group(json!(["Linear"]), 4),
                "b": group(json!([r"re:.*layers\.[01]\.mlp.*"]), 8),
                "c": group(json!(["model.layers.0.mlp.gate_proj"]), 2),
            }),
            json!(["lm_head", r"re:.*self_attn\.(k|v)_proj"]),
        ),
        &[
            ("q_proj", "INT4"),
            ("k_proj", "FP16"),
            ("gate_proj", "1 INT2 + 1 INT8 + 2 INT4"),
            ("down_proj", "2 INT8 + 2 INT4"),
            ("lm_head", "FP16"),
        ],
    );
    // An entry that names a module around others, and is no expression, is none of them.
    holds(
        of(json!({"a": group(json!(["Linear"]), 4)}), json!(["model.layers.0.mlp"])),
        &[("gate_proj", "INT4")],
    );
    // A scheme by its name (`quant_scheme.py`), and the older place one object deeper.
    holds(
        of(json!({"FP8_DYNAMIC": ["Linear"]}), json!(["lm_head"])),
        &[("q_proj", "FP8")],
    );
    let old = json!({"quantization_config": of(json!({"a": group(json!(["Linear"]), 4)}), json!(["lm_head"]))});
    assert_eq!(formats(&blueprint("compression_config", old), "q_proj"), "INT4");
}

/// vLLM `quantization/modelopt.py`: globs, names and parts of names are excluded; a mixture names its modules.
#[test]
fn modelopt() {
    let of = |algorithm: &str| json!({"quant_method": "modelopt", "quant_algo": algorithm, "ignore": ["lm_head", "*.layers.1*"]});
    for (algorithm, label) in [
        ("FP8", "FP8"),
        ("FP8_PB_WO", "FP8"),
        ("fp8_pb_wo", "FP8"),
        ("NVFP4", "NVFP4"),
        ("NVFP4_AWQ", "NVFP4"),
        ("W4A16_AWQ", "INT4 AWQ"),
        ("MXFP8", "MXFP8"),
        ("W4A8_MXFP4_FP8", "MXFP4"),
    ] {
        holds(
            of(algorithm),
            &[("q_proj", &format!("1 FP16 + 3 {label}")), ("lm_head", "FP16")],
        );
    }
    holds(
        json!({"quant_method": "modelopt", "quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers": {
            "model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"},
            "model.layers.0.mlp": {"quant_algo": "NVFP4", "group_size": 16},
            "lm_head": {"quant_algo": "FP8"},
        }}}),
        &[
            ("q_proj", "3 FP16 + 1 FP8"),
            ("gate_proj", "3 FP16 + 1 NVFP4"),
            ("o_proj", "FP16"),
            ("lm_head", "FP8"),
        ],
    );
}

/// vLLM `quantization/quark/quark.py`: `exclude` with expressions, `layer_quant_config` with globs, two weights in a list.
#[test]
fn quark() {
    let fp8 = json!({"dtype": "fp8_e4m3", "qscheme": "per_tensor"});
    let fp4 = json!({"dtype": "fp4", "qscheme": "per_group", "group_size": 32, "scale_format": "e8m0"});
    holds(
        json!({"quant_method": "quark", "global_quant_config": {"weight": fp4},
            "layer_quant_config": {"*self_attn*": {"weight": fp8}}, "exclude": ["lm_head", r"re:model\.layers\.3\..*"]}),
        &[
            ("q_proj", "1 FP16 + 3 FP8"),
            ("gate_proj", "1 FP16 + 3 MXFP4"),
            ("lm_head", "FP16"),
        ],
    );
    let pair = json!([{"dtype": "fp4", "qscheme": "per_group", "group_size": 16}, fp8]);
    holds(
        json!({"quant_method": "quark", "global_quant_config": {"weight": pair}, "exclude": []}),
        &[("q_proj", "NVFP4")],
    );
}

/// transformers `should_convert_module`, `quantizers/auto.py` (bitsandbytes without its name); vLLM `is_layer_skipped`.
#[test]
fn lists_of_words() {
    let nf4 = |more: Value| {
        let mut all = json!({"load_in_4bit": true, "bnb_4bit_quant_type": "nf4"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    holds(nf4(json!({})), &[("q_proj", "bitsandbytes NF4"), ("lm_head", "FP16")]);
    holds(
        nf4(
            json!({"quant_method": "bitsandbytes", "llm_int8_skip_modules": ["lm_head", "model.layers.1.self_attn", "down_proj"]}),
        ),
        &[
            ("q_proj", "1 FP16 + 3 bitsandbytes NF4"),
            ("down_proj", "FP16"),
            ("lm_head", "FP16"),
        ],
    );
    // A list without the head converts it.
    holds(
        nf4(json!({"llm_int8_skip_modules": ["down_proj"]})),
        &[("lm_head", "bitsandbytes NF4")],
    );
    holds(
        json!({"quant_method": "fp8", "weight_block_size": [128, 128], "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.2.mlp.gate_proj"]}),
        &[("q_proj", "FP16"), ("gate_proj", "1 FP16 + 3 FP8"), ("lm_head", "FP16")],
    );
    holds(
        json!({"quant_method": "eetq", "modules_to_not_convert": ["lm_head"]}),
        &[("q_proj", "EETQ INT8"), ("lm_head", "FP16")],
    );
    holds(
        json!({"quant_method": "quanto", "weights": "int4"}),
        &[("q_proj", "Quanto INT4"), ("lm_head", "FP16")],
    );
    holds(
        json!({"quant_method": "bitnet"}),
        &[("q_proj", "BitNet 1.58-bit"), ("lm_head", "FP16")],
    );
    holds(
        json!({"quant_method": "fp_quant", "forward_dtype": "mxfp4"}),
        &[("q_proj", "MXFP4")],
    );
    holds(
        json!({"quant_method": "vptq", "config_for_layers": {"model.layers.0.mlp.gate_proj": {"vector_lens": [-1, 8], "num_centroids": [-1, 65536]}}}),
        &[("q_proj", "FP16"), ("gate_proj", "3 FP16 + 1 VPTQ 2.00-bit")],
    );
}

/// transformers 5.24: `get_modules_to_not_convert` keeps the head where no list is given, and an empty list is a list;
/// `quantizer_sinq.py` takes none for an empty one. `FpQuantDeserialize`: master weights and pseudo-quantised ones are in 16 bits.
#[test]
fn lists_that_are_not_there() {
    holds(
        json!({"quant_method": "eetq", "modules_to_not_convert": []}),
        &[("lm_head", "EETQ INT8")],
    );
    holds(
        json!({"quant_method": "sinq", "nbits": 4}),
        &[("q_proj", "SINQ 4-bit"), ("lm_head", "SINQ 4-bit")],
    );
    holds(
        json!({"quant_method": "sinq", "nbits": 4, "modules_to_not_convert": ["lm_head"]}),
        &[("lm_head", "FP16")],
    );
    for kept in ["store_master_weights", "pseudoquantization"] {
        let stored = weights(json!({"quant_method": "fp_quant", kept: true}));
        assert_eq!(stored, weights(json!({})), "{kept}");
    }
    // `FPQuantConfig.forward_dtype` is nvfp4 unless something else is said.
    holds(json!({"quant_method": "fp_quant"}), &[("q_proj", "NVFP4")]);
}

/// What lies beside the weights: VPTQ `vqlinear.py` (places of columns, books of each group), vLLM `qqq.py` (a 16-bit scale a
/// group, an FP32 one a row), transformers 5.24 `HiggsLinear` (tables of 2^b values and pairs).
#[test]
fn bytes_beside_the_weights() {
    let of = |settings: Value| weights(settings) as i64;
    let gate = |more: Value| {
        let mut own = json!({"vector_lens": [-1, 8], "num_centroids": [-1, 256]});
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of(json!({"quant_method": "vptq", "config_for_layers": {"model.layers.0.mlp.gate_proj": own}}))
    };
    let columns = (gate(json!({})) - gate(json!({"enable_perm": false}))) / 2;
    assert!(columns > 0);
    assert_eq!(gate(json!({})) - gate(json!({"enable_norm": false})), columns * 4);
    assert_eq!(gate(json!({"group_num": 3})) - gate(json!({})), 2 * 256 * 8 * 2);
    let qqq = |size: i64| of(json!({"quant_method": "qqq", "wbits": 4, "group_size": size}));
    let int4 = |size: i64| of(json!({"quant_method": "gptq", "bits": 4, "group_size": size, "desc_act": false}));
    assert!(qqq(128) < int4(128) && qqq(-1) < qqq(128));
    // HQQ `Quantizer.bit_to_packing`: five and six bits take a byte each, 1.58 take two.
    let hqq =
        |bits: Value| of(json!({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": bits}}}));
    assert_eq!((hqq(json!(5)), hqq(json!(1.58))), (hqq(json!(8)), hqq(json!(2))));
    let higgs = |bits: u64, size: u64| of(json!({"quant_method": "higgs", "bits": bits, "group_size": size}));
    assert!(higgs(4, 128) > higgs(4, 256) && higgs(4, 256) > higgs(2, 256));
}

/// transformers `quantizer_torchao.py`: one class, or modules by name and `re:`, null for those left alone.
#[test]
fn torchao() {
    let class = |name: &str, data: Value| json!({"_type": name, "_data": data});
    let of = |default: Value| json!({"quant_method": "torchao", "quant_type": {"default": default}});
    holds(
        of(class("Int4WeightOnlyConfig", json!({"group_size": 128}))),
        &[("q_proj", "INT4 (torchao)"), ("lm_head", "FP16")],
    );
    holds(
        of(class(
            "ModuleFqnToConfig",
            json!({"module_fqn_to_config": {
                "_default": class("Int8WeightOnlyConfig", json!({})),
                "model.layers.1.mlp.gate_proj": null,
                "re:.*q_proj": class("Float8WeightOnlyConfig", json!({})),
            }}),
        )),
        &[
            ("q_proj", "FP8"),
            ("gate_proj", "1 FP16 + 3 INT8 (torchao)"),
            ("down_proj", "INT8 (torchao)"),
        ],
    );
}

/// mlx-lm `utils.py` (`class_predicate`): whole names; the experts of a layer are one module there.
#[test]
fn mlx() {
    let own = json!({"bits": 8, "group_size": 64});
    let settings = json!({"bits": 4, "group_size": 64, "lm_head": false, "model.layers.1.mlp.gate_proj": own,
        "language_model.model.layers.2.mlp.gate_proj": own});
    let built = blueprint("quantization", settings);
    assert_eq!(formats(&built, "gate_proj"), "2 MLX 8-bit + 2 MLX 4-bit");
    assert_eq!(formats(&built, "lm_head"), "FP16");
    assert_eq!(formats(&built, "embed_tokens"), "MLX 4-bit");
    let mut config = catalogue::find("mistralai/Mixtral-8x7B-Instruct-v0.1")
        .unwrap()
        .config
        .clone();
    config["quantization"] = json!({"bits": 4, "group_size": 64, "model.layers.0.block_sparse_moe.switch_mlp.w1": own});
    let built = Blueprint::from_value(config).unwrap();
    assert_eq!(formats(&built, "w1"), "1 MLX 8-bit + 31 MLX 4-bit");
}

/// Bits as text, with a fraction (ExLlamaV3 writes numbers, some tools text).
#[test]
fn exl() {
    holds(
        json!({"quant_method": "exl3", "bits": "4.5", "head_bits": "6"}),
        &[("q_proj", "EXL3 4.5 bpw"), ("lm_head", "EXL3 6.0 bpw")],
    );
}
