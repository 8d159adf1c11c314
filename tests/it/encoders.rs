//! Models that only read, and encoders with a decoder: what any mode answers, with literal figures.

use std::sync::Arc;

use serde_json::json;
use weighbridge::analysis::analyse;
use weighbridge::model::Blueprint;
use weighbridge::scenario::{Engine, Mode, Scenario};

fn scenario(mode: Mode, prompt: u64) -> Scenario {
    Scenario::default().with(|s| {
        s.workload.mode = mode;
        s.workload.prompt = prompt;
        s.workload.generate = Some(1);
        s.serving.engine = Some(Engine::Transformers);
    })
}

/// BERT base, from its paper: 110 M parameters; whatever the mode but training, it encodes, and keeps nothing.
#[test]
fn an_encoder_encodes_in_every_mode() {
    let config = json!({ "model_type": "bert", "architectures": ["BertModel"] });
    let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
    assert_eq!(blueprint.parameters(), 109_482_240);
    let answer = |mode| analyse(&blueprint, &scenario(mode, 128)).unwrap();
    let prefill = answer(Mode::Prefill);
    for mode in [Mode::Decode, Mode::Serve] {
        let other = answer(mode);
        assert_eq!(other.flops, prefill.flops);
        assert!(other.notices.iter().any(|notice| notice.code == "encodes_only"));
    }
    assert_eq!(prefill.setup.modes(), [Mode::Prefill, Mode::Pretrain, Mode::Finetune]);
}

/// A step of training runs an encoder three times over: forward, and back to the weights and to the inputs.
#[test]
fn an_encoder_of_masked_words_is_trained() {
    let config = json!({ "model_type": "bert", "architectures": ["BertForMaskedLM"] });
    let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
    let answer = |mode| analyse(&blueprint, &scenario(mode, 128)).unwrap();
    let (read, trained) = (answer(Mode::Prefill), answer(Mode::Pretrain));
    assert_eq!(read.setup.modes(), [Mode::Prefill, Mode::Pretrain, Mode::Finetune]);
    let said = |code| trained.notices.iter().any(|notice| notice.code == code);
    assert!(!said("encodes_only") && !said("trained_for_labels") && !said("trained_on_pairs"));
    assert_eq!(trained.training.unwrap().plan.global_batch, 1);
    // The fused kernel makes the scores once more on its way back: half of two products of 128 by 128 by 768 in 12 layers.
    let again = 0.5 * 12.0 * 2.0 * 2.0 * 128.0 * 128.0 * 768.0;
    assert_eq!(trained.matmul_flops, 3.0 * read.matmul_flops + again);
}

/// A pooler and the matrix behind it see a row a sequence: of its three passes three times 2 · 768 · (768 + 2) operations.
#[test]
fn an_encoder_of_labels_is_trained_and_says_of_how_many() {
    let of = |class: &str| {
        let config = json!({ "model_type": "bert", "architectures": [class] });
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        analyse(&blueprint, &scenario(Mode::Finetune, 128)).unwrap()
    };
    let (sorts, embeds, tokens) = (
        of("BertForSequenceClassification"),
        of("BertModel"),
        of("BertForTokenClassification"),
    );
    let said = |answer: &weighbridge::analysis::Analysis, code: &str| {
        let found = answer.notices.iter().find(|notice| notice.code == code);
        found.map(|notice| notice.message.clone()).unwrap_or_default()
    };
    assert!(said(&sorts, "trained_for_labels").contains("with 2 outputs"));
    assert!(said(&embeds, "trained_on_pairs").starts_with("BertModel is trained for embeddings"));
    let (row, token) = (3.0 * 2.0 * 768.0 * 770.0, 3.0 * 2.0 * 768.0 * 2.0 * 128.0);
    assert_eq!(sorts.matmul_flops - row, tokens.matmul_flops - token);
}

/// What is not counted says why.
#[test]
fn other_encoders_refuse_to_be_trained() {
    for (config, words) in [
        (
            json!({ "model_type": "t5" }),
            "Training of an encoder with a decoder is not counted",
        ),
        (
            json!({ "model_type": "whisper" }),
            "Training of an encoder with a decoder is not counted",
        ),
        (
            json!({ "model_type": "deberta" }),
            "Training of a model that writes nothing is not counted",
        ),
        (
            json!({ "model_type": "bert", "architectures": ["BertForPreTraining"] }),
            "Training of the class that the config names (choose a task",
        ),
    ] {
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        let refused = analyse(&blueprint, &scenario(Mode::Pretrain, 128)).unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

/// Keys and values of the encoder's tokens are kept once: 2 · 6 layers · 8 heads · 64 elements of 2 bytes a token of either.
#[test]
fn cross_caches_do_not_grow() {
    let config = json!({ "model_type": "t5", "torch_dtype": "bfloat16" });
    let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
    assert_eq!(blueprint.parameters(), 60_506_624);
    let cache = |written: u64, read: u64| {
        let asked = scenario(Mode::Decode, written - 1).with(|s| s.workload.encoder_tokens = Some(read));
        analyse(&blueprint, &asked).unwrap().memory.kv_cache.0
    };
    assert_eq!(cache(100, 1000), 12_288 * 1100);
    assert_eq!(cache(101, 1000) - cache(100, 1000), 12_288);
    assert_eq!(cache(100, 1001) - cache(100, 1000), 12_288);
}

/// A step that writes does no work of the encoder's.
#[test]
fn the_encoder_runs_once() {
    let config = json!({ "model_type": "whisper" });
    let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
    let flops = |read: Option<u64>| {
        let asked = scenario(Mode::Prefill, 10).with(|s| s.workload.encoder_tokens = read);
        analyse(&blueprint, &asked).unwrap().flops
    };
    // Thirty seconds of sound are 1,500 positions.
    assert_eq!(flops(None), flops(Some(1500)));
    assert!(flops(Some(300)) < flops(None));
}

/// vLLM runs Whisper only among models with an encoder (its pull request 24907); T5 is given to transformers.
#[test]
fn an_engine_is_chosen_that_runs_encoders_with_decoders() {
    let chosen = |model_type: &str, engine| {
        let blueprint = Arc::new(Blueprint::from_value(json!({ "model_type": model_type })).unwrap());
        let asked = scenario(Mode::Decode, 100).with(|s| s.serving.engine = engine);
        let answer = analyse(&blueprint, &asked).unwrap();
        let said = answer
            .notices
            .iter()
            .any(|notice| notice.code == "engine_without_encoder");
        (answer.setup.engine, said)
    };
    assert_eq!(chosen("t5", None), (Engine::Transformers, false));
    assert_eq!(chosen("t5gemma", None), (Engine::Transformers, false));
    assert_eq!(chosen("whisper", None), (Engine::Vllm, false));
    assert_eq!(chosen("t5", Some(Engine::Vllm)), (Engine::Vllm, true));
    assert_eq!(chosen("llama", None).0, Engine::Vllm);
}
