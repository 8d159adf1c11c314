//! Training: what classes keep for the backward pass as it was counted, the worked examples, laws, refusals.

use std::sync::Arc;

use serde_json::Value;
use weighbridge::analysis::training::search;
use weighbridge::analysis::{Verdict, analyse};
use weighbridge::ask::{Estimate, Failure, Found, set_flags};
use weighbridge::scenario::Scenario;

use crate::support::engine::{blueprint, config, scenario};

/// Models of types that the rules were not made from, one key or flag of each changed. Counted with a hook on autograd's
/// saved tensors and on every storage (transformers 5.24, torch 2.15, peft 0.21; the classes on torch's meta device).
const VARIANTS: &str = include_str!("../facts/training_kept.jsonl");
/// Models as they are published, counted the same way (transformers 5.23).
const PUBLISHED: &str = include_str!("../facts/training_truth.jsonl");

/// Encoders for labels of sequences and tokens, answers and embeddings, with other numbers of labels, dropouts and ways to pool.
/// Counted the same way (transformers 5.23, peft 0.21: its task of the same name, with the head left out of what it adapts);
/// embeddings by the loss of sentence-transformers 6.2.0 over pairs.
const LABELS: &str = include_str!("../facts/training_labels.jsonl");

/// Flags as people type them.
fn asked(arguments: &str) -> Result<Scenario, Failure> {
    let mut scenario = Scenario::default();
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let pair = |pair: &[&str]| (pair[0].trim_start_matches("--").to_owned(), pair[1].to_owned());
    set_flags(&mut scenario, &words.chunks(2).map(pair).collect::<Vec<_>>())?;
    Ok(scenario)
}

/// The answer for a config under flags.
fn tried(config: &Value, arguments: &str) -> Result<Value, Failure> {
    let found = Arc::new(Found::of_config(config.clone(), "a/model"));
    Ok(Estimate::under(found, asked(arguments)?)?.json(false))
}

#[track_caller]
fn answer(config: &Value, arguments: &str) -> Value {
    tried(config, arguments).unwrap_or_else(|error| panic!("{arguments}: {error:?}"))
}

/// A value by its dotted key.
fn at(answer: &Value, key: &str) -> f64 {
    let found = key.split('.').try_fold(answer, |value, part| value.get(part));
    found.and_then(Value::as_f64).unwrap_or_else(|| panic!("no {key}"))
}

/// How far a figure may be off: counts of elements not at all, what is kept 1 %, peaks and states 3 %.
fn allowed(key: &str) -> f64 {
    match key {
        "parameters.trainable" => 0.0,
        "memory.activation_bytes" | "training.activations.loss_bytes" => 0.01,
        _ => 0.03,
    }
}

/// Every figure of a table of facts that is further off than allowed.
fn misses(table: &str) -> (usize, Vec<String>) {
    let mut all = 0;
    let mut off = Vec::new();
    for line in table.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        for run in row["runs"].as_array().unwrap() {
            let arguments = run["arguments"].as_str().unwrap();
            let found = answer(&row["config"], arguments);
            for (key, value) in run["values"].as_object().unwrap() {
                let (ours, counted) = (at(&found, key), value.as_f64().unwrap());
                all += 1;
                if (ours - counted).abs() > allowed(key) * counted {
                    off.push(format!("{} {arguments}: {key} {ours} for {counted}", row["id"]));
                }
            }
        }
    }
    (all, off)
}

#[test]
fn what_other_classes_keep_is_what_was_counted() {
    let (all, off) = misses(VARIANTS);
    assert!(off.is_empty(), "{} of {all}:\n{}", off.len(), off.join("\n"));
}

#[test]
fn what_published_models_keep_is_what_was_counted() {
    let (all, off) = misses(PUBLISHED);
    assert!(off.is_empty(), "{} of {all}:\n{}", off.len(), off.join("\n"));
}

#[test]
fn what_encoders_for_labels_and_embeddings_keep_is_what_was_counted() {
    let (all, off) = misses(LABELS);
    assert!(off.is_empty(), "{} of {all}:\n{}", off.len(), off.join("\n"));
}

/// A task builds the class that is named for it, whatever class the config names.
#[test]
fn a_task_is_the_class_that_the_config_could_name() {
    let flags = "--mode finetune --framework transformers --precision bf16 --micro-batch 4 --sequence 128";
    let of = |class: &str, labels: u64| serde_json::json!({ "model_type": "bert", "architectures": [class], "num_labels": labels });
    for (task, class) in [
        ("masked-words", "BertForMaskedLM"),
        ("sequence-labels", "BertForSequenceClassification"),
        ("token-labels", "BertForTokenClassification"),
        ("answers", "BertForQuestionAnswering"),
        ("embeddings", "BertModel"),
    ] {
        for published in ["BertForMaskedLM", "BertForPreTraining", "BertModel"] {
            let labels = if task == "answers" { 2 } else { 3 };
            let chosen = answer(&of(published, labels), &format!("{flags} --task {task}"));
            let named = answer(&of(class, labels), flags);
            for key in [
                "parameters.total",
                "memory.activation_bytes",
                "memory.peak_bytes",
                "compute.flops",
            ] {
                assert_eq!(at(&chosen, key), at(&named, key), "{published} {task} {key}");
            }
        }
    }
    // Without training the class is the one that the config names.
    let read = answer(&of("BertForMaskedLM", 3), "--mode prefill --task token-labels");
    assert_eq!(
        at(&read, "parameters.total"),
        at(&answer(&of("BertForMaskedLM", 3), "--mode prefill"), "parameters.total")
    );
}

/// BERT base with three labels a token by hand: a classifier of 3 · 768 + 3, trained whole in a copy of 16 bits beside adapters.
#[test]
fn a_head_for_labels_is_trained_whole_beside_adapters() {
    let config = serde_json::json!({ "model_type": "bert", "num_labels": 3 });
    let flags = "--mode finetune --framework transformers --precision bf16 --sequence 128 --lora-rank 8 --lora-targets attention";
    let words = answer(&config, &format!("{flags} --task masked-words"));
    let labels = answer(&config, &format!("{flags} --task token-labels"));
    let head = 3.0 * 768.0 + 3.0;
    assert_eq!(
        at(&labels, "parameters.trainable"),
        at(&words, "parameters.trainable") + head
    );
    let adapters = 12.0 * 4.0 * 8.0 * 2.0 * 768.0;
    assert_eq!(at(&labels, "parameters.trainable"), adapters + head);
    let base = at(&labels, "parameters.total");
    assert_eq!(
        at(&labels, "memory.weights_bytes"),
        2.0 * base + 4.0 * adapters + 2.0 * head
    );
}

/// What has no task, no such class or no chunks to take is refused in words.
#[test]
fn tasks_that_cannot_be_are_refused() {
    let bert = serde_json::json!({ "model_type": "bert" });
    for (config, flags, words) in [
        (
            config("meta-llama/Llama-3.2-1B-Instruct").clone(),
            "--task token-labels",
            "tasks are those of encoders of text",
        ),
        (
            serde_json::json!({ "model_type": "eurobert" }),
            "--task answers",
            "for the task it was given (task: answers)",
        ),
        (
            serde_json::json!({ "model_type": "nomic_bert" }),
            "--task answers",
            "for the task it was given (task: answers)",
        ),
        (
            serde_json::json!({ "model_type": "bert-generation" }),
            "--task sequence-labels",
            "A head that sorts texts",
        ),
        (bert.clone(), "--task token-labels --loss chunked", "take --loss full"),
        (bert.clone(), "--loss chunked", "take --loss full"),
        (bert.clone(), "--task embeddings --micro-batch 3", "half a pair"),
        (
            serde_json::json!({ "model_type": "bert", "num_labels": 9 }),
            "--task answers",
            "where an answer begins",
        ),
        (
            serde_json::json!({ "model_type": "t5" }),
            "--loss chunked",
            "take --loss full",
        ),
        (
            serde_json::json!({ "model_type": "t5" }),
            "--lora-rank 8 --dora on",
            "take --dora off",
        ),
        (
            serde_json::json!({ "model_type": "t5", "feed_forward_proj": 7 }),
            "",
            "the name of a nonlinearity",
        ),
        (
            serde_json::json!({ "model_type": "modernbert", "classifier_pooling": "max" }),
            "--task sequence-labels",
            "classifier_pooling",
        ),
        (
            bert.clone(),
            "--task token-labels --lora-rank 8 --dora on",
            "take --dora off",
        ),
        (
            bert.clone(),
            "--task token-labels --loss fused",
            "without fused kernels",
        ),
        (
            bert.clone(),
            "--task token-labels --framework megatron",
            "Asked for was Megatron",
        ),
        (bert, "--rl grpo", "take --rl none"),
    ] {
        let refused = tried(&config, &format!("--mode finetune --sequence 128 {flags}")).unwrap_err();
        assert!(refused.line().contains(words), "{flags}: {refused:?}");
    }
}

/// Llama 3.2 1B, two sequences of 1,024 tokens, by hand from the sizes of its config, and as counted.
#[test]
fn worked_examples_are_met_to_the_byte() {
    let config = config("meta-llama/Llama-3.2-1B-Instruct");
    let base = "--framework transformers --micro-batch 2 --sequence 1024";
    let kept = |flags: &str| at(&answer(config, &format!("{base} {flags}")), "memory.activation_bytes") as u64;
    let (h, layers, heads, kv, d, wide, vocabulary, tokens) = (2048, 16, 32, 8, 64, 8192, 128_256_u64, 2048);
    let loss = tokens * (4 * vocabulary + 8) + 4;
    let ends = (8 * h + 4) * tokens;
    let (rotary, kernel) = (2 * 2 * 1024 * d, 24 * layers);
    let attention = 4 * heads * d + 4 * kv * d + 4 * heads;
    let none = layers * tokens * (2 * (6 * h + 4) + 4 * h + attention + 8 * wide) + ends + rotary + kernel + loss;
    assert_eq!(none, 4_645_740_932);
    assert_eq!(kept("--mode pretrain --precision bf16"), none);

    let full = layers * tokens * 2 * h + ends + rotary + 8 * 1024 + loss;
    assert_eq!(full, 1_218_740_228);
    assert_eq!(kept("--mode pretrain --precision bf16 --recompute full"), full);

    let scores = layers * 6 * 2 * heads * 1024 * 1024;
    let eager = none - layers * (4 * heads * tokens + 24) + layers * 4 * tokens * (heads - kv) * d + scores;
    assert_eq!(eager, 11_285_323_780);
    assert_eq!(kept("--mode pretrain --precision bf16 --attention eager"), eager);

    // Under autocast the residual stream is FP32 and each product casts its own input; copies of all linear weights stay.
    let casts =
        layers * tokens * (26 * h + 8 + attention + 8 * wide) + (10 * h + 4) * tokens + 2 * rotary + kernel + loss;
    let mixed = casts + 2 * (973_078_528 + vocabulary * h);
    assert_eq!(mixed, 7_796_973_956);
    assert_eq!(kept("--mode pretrain --precision bf16-mixed"), mixed);

    // The first norm keeps nothing, the final one its FP32 input: as many as layers × 2.
    let each = 2 * (4 * h + 4) + 5 * 4 * h + 4 * heads * d + 4 * wide + 7 * 4 * 16 + attention + 6 * wide;
    let adapters = layers * tokens * each + rotary + kernel + loss;
    assert_eq!(adapters, 6_237_471_108);
    let flags = "--mode finetune --precision bf16 --lora-rank 16 --lora-targets all-linear";
    assert_eq!(kept(flags), adapters);
}

/// Peaks of the same model as counted; the formula lacks a few small tensors.
#[test]
fn worked_peaks_are_met() {
    let config = config("meta-llama/Llama-3.2-1B-Instruct");
    let base = "--mode pretrain --framework transformers --precision bf16 --micro-batch 2 --sequence 1024";
    for (flags, counted) in [
        ("", 14_161_957_256.0_f64),
        ("--recompute full", 10_937_188_360.0),
        ("--gradient-accumulation 2", 16_633_586_056.0),
    ] {
        let peak = at(&answer(config, &format!("{base} {flags}")), "memory.peak_bytes");
        assert!((peak - counted).abs() < 3e6, "{flags}: {peak} for {counted}");
    }
}

/// The search takes as many sequences a step as the answer beside it, so that a run that fits is never below a "none fits".
/// Liger makes the gradient of the head in the forward pass: that gradient and a chunk's part of it in 16 bits, and that part
/// in FP32, beside all layers' inputs and the rows after them (Llama 3.2 1B, two sequences of 1,024 tokens).
#[test]
fn a_fused_loss_has_the_gradient_of_the_head_before_the_backward_pass() {
    let config = config("meta-llama/Llama-3.2-1B-Instruct");
    let flags =
        "--framework transformers --micro-batch 2 --sequence 1024 --precision bf16 --recompute full --loss fused";
    let found = answer(config, &format!("--mode pretrain {flags}"));
    let moment = |name: &str| {
        let moments = found["training"]["moments"].as_array().unwrap();
        moments.iter().find(|one| one["when"] == name).unwrap()["transient_bytes"].clone()
    };
    assert_eq!(moment("forward").as_u64(), Some((2 + 2 + 4) * 128_256 * 2048));
    assert_eq!(moment("loss").as_u64(), Some(0));
    let adapters = answer(config, &format!("--mode finetune --lora-rank 8 {flags}"));
    assert!(at(&adapters, "memory.peak_bytes") < at(&found, "memory.peak_bytes") / 2.0);
}

/// Unsloth's MLP saves its input, gate and up, and makes their product anew: an adapter beside its last product costs no more
/// than itself. Logits, where it writes them, are in 16 bits, and a copy in FP32.
#[test]
fn unsloth_keeps_no_product_and_no_second_logits() {
    let config = config("meta-llama/Llama-3.2-1B-Instruct");
    let base = "--mode finetune --framework unsloth --micro-batch 2 --sequence 1024 --lora-rank 16 --recompute none";
    let kept = |flags: &str| at(&answer(config, &format!("{base} {flags}")), "memory.activation_bytes") as u64;
    let (tokens, layers, rank) = (2048, 16, 16);
    let two = kept("--lora-targets gate,up");
    let all = kept("--lora-targets gate,up,down");
    assert_eq!(all - two, layers * tokens * 2 * rank);
    let written = kept("--lora-targets all-linear --loss full") - kept("--lora-targets all-linear");
    assert_eq!(written, tokens * 2 * 128_256);
}

#[test]
fn the_search_takes_the_batch_of_the_answer() {
    for (query, batch) in [
        ("mode=pretrain&hw=h100-sxm&n=8&p=4096", 8),
        ("mode=pretrain&hw=h100-sxm&n=8&p=4096&ga=4", 32),
        ("mode=pretrain&hw=h100-sxm&n=8&p=4096&gb=64", 64),
        ("mode=finetune&hw=rtx-4090&p=2048&lr=16&bw=nf4-dq&recompute=full", 1),
        ("mode=finetune&hw=h100-sxm&n=8&p=2048&b=2&lr=16", 16),
    ] {
        let model = blueprint("meta-llama/Llama-3.1-8B-Instruct");
        let answer = analyse(&model, &scenario(query)).unwrap();
        let training = answer.training.as_ref().unwrap();
        assert_eq!(training.plan.global_batch, batch, "{query}");
        assert_eq!(answer.fit.as_ref().unwrap().verdict, Verdict::Fits, "{query}");
        let found = search(&answer.setup).unwrap();
        assert_eq!(found.global_batch, batch, "{query}");
        let best = found.best.first().unwrap();
        assert_eq!(best.plan.global_batch, batch, "{query}");
        let rate = training.time.as_ref().unwrap().tokens_per_second(&training.plan);
        assert!(
            best.tokens_per_second() >= 0.999 * rate,
            "{query}: {} {rate}",
            best.tokens_per_second()
        );
    }
}

/// However experts are shared, all ranks together hold each moment of each parameter at least once.
#[test]
fn no_layout_loses_states_of_experts() {
    let model = blueprint("deepseek-ai/DeepSeek-V3.1");
    for layout in ["tp=8", "tp=8&ep=8", "tp=4&ep=32", "ep=32", "tp=1", "tp=8&pp=4"] {
        for framework in ["torchtitan", "megatron"] {
            let query = format!("mode=pretrain&hw=h100-sxm&n=256&p=4096&fw={framework}&{layout}");
            let answer = analyse(&model, &scenario(&query)).unwrap();
            let held = answer.ranks.groups.iter();
            let moments: u128 = held
                .map(|group| u128::from(group.memory.optimizer_bytes) * u128::from(group.count))
                .sum();
            let least = u128::from(answer.parameters.total.0) * 8;
            assert!(moments * 1000 >= least * 999, "{query}: {moments} of {least}");
        }
    }
}
