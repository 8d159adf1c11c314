//! GGUF headers: versions and byte orders, splits, published files, and the configs that their keys hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use serde_json::Value;
use support::engine::{blueprint, config};
use support::made::{Gguf, Key, llama_gguf, small_gguf};
use weighbridge::model::Blueprint;
use weighbridge::model::headers::compare::{Verdict, compare};
use weighbridge::model::headers::{Limits, Need, TensorList, gguf, gguf_config, logical};

#[test]
fn gguf_versions_and_byte_orders() {
    for version in 1..=3 {
        for big in [false, true] {
            let file = small_gguf(version, big);
            let header = file.read();
            assert_eq!(header.keys["general.architecture"].as_text(), Some("llama"));
            assert_eq!(header.keys["llama.embedding_length"].as_whole(), Some(64));
            assert_eq!(header.keys["llama.heads"].as_list().map(<[_]>::len), Some(3));
            let tokens = &header.keys["tokenizer.ggml.tokens"];
            assert_eq!(
                (tokens.length(), tokens.as_list()),
                (Some(50), None),
                "measured, not kept"
            );
            assert_eq!(header.tensors[0].shape, [50, 64], "outermost first");
            assert_eq!(header.tensors[0].bytes, 50 * 64 / 32 * 18);
            assert_eq!(&*header.tensors[2].dtype.name, "BF16");
            // Byte by byte the same.
            let (bytes, size) = file.write();
            let mut reader = gguf::Reader::new(Limits::local(size));
            for end in 0..bytes.len() {
                match reader.read(&bytes[..end]).unwrap() {
                    Need::More { upto } => assert!(upto > end as u64),
                    Need::Done(done) => {
                        assert_eq!(done, header);
                        break;
                    }
                }
            }
        }
    }
}

/// A type of a fork: its bytes are told by the place of the next tensor.
#[test]
fn unknown_ggml_type() {
    let mut file = small_gguf(3, false);
    file.tensors[0].2 = 137;
    let header = file.read();
    assert_eq!(&*header.tensors[0].dtype.name, "type 137");
    assert_eq!(header.tensors[0].bytes, 1824, "1,800 padded to 32");
}

#[test]
fn splits() {
    assert_eq!(
        gguf::split("grok-1-q4_0-00003-of-00009.gguf"),
        Some(("grok-1-q4_0", 3, 9))
    );
    assert_eq!(
        gguf::split_names("q-00001-of-00002.gguf").unwrap(),
        ["q-00001-of-00002.gguf", "q-00002-of-00002.gguf"]
    );
    for name in [
        "a.gguf",
        "Meta-Llama-3.1-405B-Instruct.Q2_K.gguf-00001-of-00009.gguf",
        "x-00010-of-00009.gguf",
        "x-1-of-2.gguf",
    ] {
        let none = gguf::split(name).is_none() || name.contains(".gguf-");
        assert!(none, "{name}");
    }
}

/// Llama 2 7B: 291 tensors and 6,738,415,616 parameters, as published for its GGUF and its checkpoint.
#[test]
fn llama_from_gguf_alone() {
    let header = llama_gguf(0).read();
    assert_eq!(header.tensors.len(), 291);
    let list = TensorList::new(vec![header]).unwrap();
    let count = logical::count(&list, None);
    assert_eq!(count.parameters, 6_738_415_616);
    let config = gguf_config::config(&list).unwrap();
    let blueprint = Blueprint::from_value(config).unwrap();
    assert_eq!(blueprint.model_type, "llama");
    let compared = compare(&blueprint, &count, &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(
        compared.by_role + compared.by_name,
        291,
        "norms are matched by what they are"
    );
    assert_eq!(compared.header_parameters, 6_738_415_616);
    // With experts the same architecture is another model type.
    let list = TensorList::new(vec![llama_gguf(8).read()]).unwrap();
    let blueprint = Blueprint::from_value(gguf_config::config(&list).unwrap()).unwrap();
    assert_eq!(blueprint.model_type, "mixtral");
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_ne!(compared.verdict, Verdict::Differ, "{}", compared.line);
}

/// The header of a file written by the gguf package of llama.cpp (0.17+) in eight types; its reader counts 24 tensors,
/// 1,257,984 elements in 1,128,128 bytes, the first at 6,688.
#[test]
fn a_header_of_the_gguf_package() {
    let bytes = include_bytes!("../headers/gguf-py-0.header");
    let Need::Done(header) = gguf::Reader::new(Limits::local(1_134_816)).read(bytes).unwrap() else {
        panic!("more?")
    };
    assert_eq!(header.data_start, 6688);
    let list = TensorList::new(vec![header]).unwrap();
    assert_eq!((list.tensors.len(), list.bytes()), (24, 1_128_128));
    let count = logical::count(&list, None);
    assert_eq!(count.parameters, 1_257_984);
    let blueprint = Blueprint::from_value(gguf_config::config(&list).unwrap()).unwrap();
    assert_eq!(blueprint.model_type, "qwen3");
    let compared = compare(&blueprint, &count, &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
}

/// Keys as llama.cpp's converter writes them from a config lead back to a model of the same size.
#[test]
fn configs_from_gguf_keys() {
    for (id, architecture) in [
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2"),
        ("Qwen/Qwen3-8B", "qwen3"),
        ("Qwen/Qwen3-30B-A3B", "qwen3moe"),
        ("google/gemma-2-9b-it", "gemma2"),
        ("google/gemma-3-1b-it", "gemma3"),
        ("microsoft/phi-4", "phi3"),
        ("deepseek-ai/DeepSeek-V3.1", "deepseek2"),
        ("deepseek-ai/DeepSeek-V2", "deepseek2"),
        ("openai/gpt-oss-20b", "gpt-oss"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "llama"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "llama"),
        ("HuggingFaceTB/SmolLM3-3B", "smollm3"),
        ("allenai/OLMo-2-1124-13B", "olmo2"),
        ("ibm-granite/granite-3.0-2b-base", "granite"),
        ("CohereLabs/c4ai-command-r-08-2024", "command-r"),
        ("MiniMaxAI/MiniMax-M2.7", "minimax-m2"),
    ] {
        let (config, blueprint) = (config(id), blueprint(id));
        let mut file = Gguf::new(3, false).key("general.architecture", Key::Text(architecture));
        let get = |keys: &[&str]| keys.iter().find_map(|key| config.get(*key)?.as_u64());
        let latent = get(&["kv_lora_rank"]);
        let experts = get(&["num_experts", "num_local_experts", "n_routed_experts"]);
        let sum = |a: &str, b: &str| Some(get(&[a])? + get(&[b])?);
        let sigmoid = config.get("scoring_func").and_then(Value::as_str) == Some("sigmoid");
        for (key, value) in [
            ("block_count", Some(blueprint.layers.value)),
            ("embedding_length", Some(blueprint.hidden.value)),
            ("context_length", blueprint.max_context.as_ref().map(|most| most.value)),
            ("feed_forward_length", get(&["intermediate_size"])),
            ("attention.head_count", get(&["num_attention_heads"])),
            (
                "attention.head_count_kv",
                if latent.is_some() {
                    Some(1)
                } else {
                    get(&["num_key_value_heads"])
                },
            ),
            (
                "attention.key_length",
                if latent.is_some() {
                    Some(576)
                } else {
                    get(&["head_dim"])
                },
            ),
            ("attention.sliding_window", get(&["sliding_window"])),
            ("attention.q_lora_rank", get(&["q_lora_rank"])),
            ("attention.kv_lora_rank", latent),
            ("attention.key_length_mla", sum("qk_nope_head_dim", "qk_rope_head_dim")),
            ("attention.value_length_mla", get(&["v_head_dim"])),
            ("rope.dimension_count", get(&["qk_rope_head_dim"])),
            ("expert_count", experts),
            ("expert_used_count", get(&["num_experts_per_tok", "experts_per_token"])),
            (
                "expert_feed_forward_length",
                experts.and(get(&["moe_intermediate_size", "intermediate_size"])),
            ),
            ("expert_shared_count", get(&["n_shared_experts"])),
            ("leading_dense_block_count", get(&["first_k_dense_replace"])),
            ("expert_gating_func", latent.map(|_| if sigmoid { 2 } else { 1 })),
        ] {
            if let Some(value) = value {
                file = file.key(&format!("{architecture}.{key}"), Key::U32(value as u32));
            }
        }
        let table = [blueprint.vocabulary.value, blueprint.hidden.value];
        file = file.tensor("token_embd.weight", &table, 1);
        if !blueprint.tied {
            file = file.tensor("output.weight", &table, 1);
        }
        if blueprint
            .tensors()
            .any(|(_, tensor)| tensor.name.ends_with("q_proj.bias"))
        {
            file = file.tensor("blk.0.attn_q.bias", &[blueprint.hidden.value], 0);
        }
        let list = TensorList::new(vec![file.read()]).unwrap();
        let config = gguf_config::config(&list).unwrap_or_else(|error| panic!("{id}: {error}"));
        let again = Blueprint::from_value(config.clone()).unwrap_or_else(|error| panic!("{id}: {error} {config}"));
        assert_eq!(again.parameters(), blueprint.parameters(), "{id}: {config}");
        assert_eq!(
            again.model_type,
            blueprint.model_type.replace("mistral", "llama"),
            "{id}"
        );
    }
}
