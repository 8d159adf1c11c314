//! The commands that start training runs: whole texts as snapshots, every key known to the program it is for, refusals, what
//! is said where a program has no option.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::collections::BTreeSet;

use strum::IntoEnumIterator;
use support::engine::weigh;
use weighbridge::analysis::Launch;
use weighbridge::analysis::training::launch::{Program, launch, programs};

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";
const QWEN: &str = "Qwen/Qwen3-32B";
const MIXTURE: &str = "Qwen/Qwen3-30B-A3B";

/// Models with an encoder, which no built-in model has.
const BERT: &str = "google-bert/bert-base-uncased";
const T5: &str = "google-t5/t5-small";
const MARIAN: &str = "Helsinki-NLP/opus-mt-en-de";
const WHISPER: &str = "openai/whisper-small";

/// Type and class of a model that is not built in; its sizes are those of the class.
const CLASSES: &[(&str, &str, &str)] = &[
    (BERT, "bert", "BertForMaskedLM"),
    (T5, "t5", "T5ForConditionalGeneration"),
    (MARIAN, "marian", "MarianMTModel"),
    (WHISPER, "whisper", "WhisperForConditionalGeneration"),
];

fn start(model: &str, query: &str, program: Option<Program>) -> Result<Launch, String> {
    if let Some((_, model_type, class)) = CLASSES.iter().find(|(name, ..)| *name == model) {
        let scenario = support::engine::scenario(query);
        let mut config = serde_json::json!({ "model_type": model_type, "architectures": [class] });
        weighbridge::scenario::apply_changes(&mut config, &scenario);
        let blueprint = std::sync::Arc::new(weighbridge::model::Blueprint::from_value(config).unwrap());
        return launch(
            &weighbridge::analysis::analyse(&blueprint, &scenario).unwrap(),
            model,
            program,
        );
    }
    launch(&weigh(model, query), model, program)
}

/// Model, question, program.
const RUNS: &[(&str, &str, Program)] = &[
    // Adapters on one card.
    (
        LLAMA,
        "mode=finetune&hw=rtx-4090&p=2048&lr=16&bw=nf4-dq&recompute=full&ga=8",
        Program::Trl,
    ),
    (
        LLAMA,
        "mode=finetune&hw=rtx-4090&p=2048&lr=16&bw=nf4-dq&recompute=full&ga=8",
        Program::Axolotl,
    ),
    (
        LLAMA,
        "mode=finetune&hw=rtx-4090&p=2048&lr=16&bw=nf4-dq&recompute=full&ga=8",
        Program::LlamaFactory,
    ),
    (
        LLAMA,
        "mode=finetune&hw=rtx-4090&p=4096&fw=unsloth&lr=16&lt=attention&bw=nf4-dq&recompute=full&opt=adamw-8bit",
        Program::Unsloth,
    ),
    (
        LLAMA,
        "mode=finetune&hw=rtx-4090&p=4096&fw=torchtune&lr=8&lt=q,v&recompute=full",
        Program::Torchtune,
    ),
    // All parameters of a larger model on a machine.
    (
        QWEN,
        "mode=finetune&hw=h200-sxm&n=8&fw=deepspeed&zero=3&recompute=full&gb=64&tt=1e9",
        Program::Trl,
    ),
    (
        QWEN,
        "mode=finetune&hw=h200-sxm&n=8&fw=deepspeed&zero=3&recompute=full&gb=64&oo=on",
        Program::Axolotl,
    ),
    (
        QWEN,
        "mode=finetune&hw=h200-sxm&n=16&fw=fsdp&sg=8&recompute=full&gb=64&loss=fused",
        Program::Trl,
    ),
    (
        QWEN,
        "mode=finetune&hw=h200-sxm&n=8&fw=fsdp&recompute=full&gb=64&opt=muon",
        Program::LlamaFactory,
    ),
    // Pretraining on many.
    (
        LLAMA,
        "mode=pretrain&hw=h100-sxm&n=64&fw=torchtitan&p=8192&recompute=full&gb=512&tt=2e12",
        Program::Torchtitan,
    ),
    (
        LLAMA,
        "mode=pretrain&hw=h100-sxm&n=64&fw=torchtitan&p=8192&tp=4&pp=4&vs=2&recompute=full&gb=512&cp=2&opt=muon&prec=fp8-mixed&comp=on",
        Program::Torchtitan,
    ),
    (
        LLAMA,
        "mode=pretrain&hw=h100-sxm&n=64&fw=megatron&p=8192&tp=4&pp=2&gb=512&tt=2e12&prec=fp8-mixed&recompute=selective",
        Program::Megatron,
    ),
    (
        MIXTURE,
        "mode=pretrain&hw=h200-sxm&n=64&fw=megatron&ep=8&recompute=full&gb=1024&ps=1f1b",
        Program::Megatron,
    ),
    (
        LLAMA,
        "mode=finetune&hw=rtx-4090&p=512&fw=litgpt&lr=8&lt=q,v&bw=nf4&ga=8&tt=1e7",
        Program::Litgpt,
    ),
    (
        LLAMA,
        "mode=pretrain&hw=h100-sxm&n=64&fw=litgpt&p=4096&recompute=full&gb=512&tt=3e11",
        Program::Litgpt,
    ),
    (
        LLAMA,
        "mode=pretrain&hw=h100-sxm&n=64&fw=llm-foundry&p=4096&recompute=full&gb=512&tt=2e12&ls=inverse-sqrt&wu=2",
        Program::LlmFoundry,
    ),
    (
        LLAMA,
        "mode=finetune&hw=h100-sxm&n=8&fw=llm-foundry&p=4096&recompute=full&lr=16&lt=q,v",
        Program::LlmFoundry,
    ),
    (
        LLAMA,
        "mode=pretrain&hw=tpu-v5p&n=64&fw=maxtext&p=8192&recompute=full&gb=512&tt=2e12&ls=wsd",
        Program::Maxtext,
    ),
    (
        MIXTURE,
        "mode=pretrain&hw=h200-sxm&n=64&fw=maxtext&tp=2&ep=8&recompute=full&gb=1024&loss=chunked",
        Program::Maxtext,
    ),
    // Encoders.
    (
        BERT,
        "mode=finetune&hw=h100-sxm&p=384&b=32&tk=answers&recompute=full",
        Program::Examples,
    ),
    (
        BERT,
        "mode=pretrain&hw=h100-sxm&n=8&fw=fsdp&p=512&b=64&ga=2",
        Program::Examples,
    ),
    // Encoder-decoders.
    (T5, "mode=finetune&hw=h100-sxm&p=128&enc=512&b=32", Program::Examples),
    (
        MARIAN,
        "mode=finetune&hw=h100-sxm&p=128&enc=256&b=32",
        Program::Examples,
    ),
    (
        WHISPER,
        "mode=finetune&hw=h100-sxm&p=128&b=16&recompute=full",
        Program::Examples,
    ),
    // Answers are reinforced.
    (
        LLAMA,
        "mode=finetune&hw=h100-sxm&n=8&fw=deepspeed&zero=3&p=2048&recompute=full&gb=64&rl=grpo&at=1024&ls=constant&wu=5",
        Program::Trl,
    ),
];

#[test]
fn one_of_each_program() {
    let mut said = String::new();
    for (model, query, program) in RUNS {
        let made = start(model, query, Some(*program)).unwrap_or_else(|why| panic!("{query}: {why}"));
        said.push_str(&format!("## {} {query}\n{}\n", program.label(), made.commented()));
    }
    insta::assert_snapshot!(said);
}

/// Every option of each program at its version (`Program::known`), read off its sources: fields of configuration classes,
/// arguments of parsers and functions, keys of recipes.
const OPTIONS: &str = include_str!("../facts/launch_options.csv");

#[test]
fn every_key_is_known_to_its_program() {
    let known: BTreeSet<(&str, &str)> = OPTIONS
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .collect();
    assert!(known.len() > 2000, "{}", known.len());
    for (model, query, program) in RUNS {
        for flag in start(model, query, Some(*program)).unwrap().flags {
            // What stands without an option is a word of its own.
            if flag.flag.is_empty() {
                continue;
            }
            let table = match program {
                // Options of TRL; what is not one is a key of accelerate's file.
                Program::Trl | Program::Examples if !flag.flag.starts_with("--") => "accelerate",
                Program::Megatron => "megatron",
                other => other.key(),
            };
            let key = flag.flag.replace("[]", "");
            let free = ["bnb_config_kwargs.bnb_4bit_use_double_quant"].contains(&key.as_str());
            let key = if free { "bnb_config_kwargs" } else { &key };
            assert!(known.contains(&(table, key)), "{table} has no {key}");
        }
    }
}

#[test]
fn every_program_is_in_a_snapshot() {
    for program in Program::iter() {
        assert!(RUNS.iter().any(|run| run.2 == program), "{}", program.label());
    }
}

#[test]
fn what_has_no_option_is_said() {
    for (model, query, program, word) in [
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=fsdp&pp=2&ga=4",
            Program::Trl,
            "pipeline parallel (2)",
        ),
        (
            LLAMA,
            "mode=pretrain&hw=h100-sxm&n=8&fw=megatron&pp=2&ga=4&ps=zero-bubble",
            Program::Megatron,
            "not Zero bubble",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&lr=16&opt=sgd-momentum",
            Program::Trl,
            "no SGD with momentum",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&lr=16&opt=sgd-momentum",
            Program::Axolotl,
            "no SGD with momentum",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=2&fw=unsloth&tp=2&lr=16",
            Program::Unsloth,
            "tensor parallel (2)",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&fw=unsloth&lr=16&dora=on",
            Program::Unsloth,
            "magnitudes",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=torchtune&prec=bf16-mixed&recompute=full",
            Program::Torchtune,
            "needs less than was weighed",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=torchtitan&lr=16",
            Program::Torchtitan,
            "LoRAConverter",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=megatron&lr=16",
            Program::Megatron,
            "trains no adapters",
        ),
        (
            LLAMA,
            "mode=pretrain&hw=h100-sxm&n=8&fw=torchtitan&recompute=full&ls=wsd",
            Program::Torchtitan,
            "schedule of the learning rate",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=llm-foundry&recompute=full&tp=2&ls=wsd",
            Program::LlmFoundry,
            "tensor parallel (2)",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=litgpt&recompute=full&lr=8&bw=nf4",
            Program::Litgpt,
            "on one device only",
        ),
        (
            LLAMA,
            "mode=pretrain&hw=h100-sxm&n=8&fw=maxtext&recompute=none&opt=lion",
            Program::Maxtext,
            "no Lion",
        ),
        (
            LLAMA,
            "mode=finetune&hw=h100-sxm&n=8&fw=fsdp&zero=1&recompute=full",
            Program::LlamaFactory,
            "fsdp_reshard_after_forward",
        ),
    ] {
        let made = start(model, query, Some(program)).unwrap_or_else(|why| panic!("{query}: {why}"));
        assert!(
            made.notes.iter().any(|note| note.contains(word)),
            "{query}: {:#?}",
            made.notes
        );
    }
}

#[test]
fn what_cannot_be_started_has_a_reason() {
    for (query, program, word) in [
        ("mode=pretrain&hw=rtx-4090", None, "missing"),
        ("mode=finetune&hw=h100-sxm&lr=16&rl=ppo&at=512", None, "PPO"),
        (
            "mode=finetune&hw=h100-sxm&lr=16&rl=grpo&at=512",
            Some(Program::Axolotl),
            "TRL's command alone",
        ),
        (
            "mode=pretrain&hw=h100-sxm&n=8&fw=internevo&recompute=full",
            None,
            "no command for InternEvo",
        ),
        (
            "mode=finetune&hw=h100-sxm&lr=16",
            Some(Program::Megatron),
            "does not run Transformers",
        ),
    ] {
        let why = start(LLAMA, query, program).unwrap_err();
        assert!(why.contains(word), "{query}: {why}");
    }
    for (query, program, word) in [
        ("tk=token-labels", Some(Program::Trl), "for decoders alone"),
        ("tk=token-labels&lr=8", None, "get_peft_model"),
        ("tk=embeddings&b=64", None, "counts pairs, here 32"),
        ("tk=token-labels&fw=colossalai", None, "no command for ColossalAI"),
    ] {
        let query = format!("mode=finetune&hw=h100-sxm&p=256&{query}");
        let why = start(BERT, &query, program).unwrap_err();
        assert!(why.contains(word), "{query}: {why}");
    }
}

#[test]
fn hostile_names_stay_words() {
    let analysis = weigh(LLAMA, "mode=finetune&hw=h100-sxm&lr=16&recompute=full");
    for name in [
        "a; touch x",
        "$(touch x)",
        "'; touch x; '",
        "a\nEND\ntouch x",
        "a: b\n- c",
        "\"); import os #",
    ] {
        for program in programs(weighbridge::scenario::training::Framework::Transformers) {
            let made = launch(&analysis, name, Some(*program)).unwrap();
            // Files end where they are meant to, and no line begins with what was put in.
            assert_eq!(made.command.matches("\nEND\n").count(), 1, "{}", made.command);
            assert!(
                !made.command.lines().any(|line| line.starts_with("touch")),
                "{}",
                made.command
            );
        }
    }
}
