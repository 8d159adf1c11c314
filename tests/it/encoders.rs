//! Models that only read, and encoders with a decoder: what any mode answers, with literal figures.

use std::sync::Arc;

use serde_json::json;
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::model::Blueprint;
use weighbridge::scenario::training::{BaseWeights, Framework, Loss, Reinforcement};
use weighbridge::scenario::{Engine, Logits, Mode, Recompute, Scenario};

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
            json!({ "model_type": "longt5" }),
            "Training of an encoder with a decoder of this type is not counted",
        ),
        (
            json!({ "model_type": "mvp" }),
            "Training of an encoder with a decoder of this type is not counted",
        ),
        (
            json!({ "model_type": "t5", "architectures": ["T5Model"] }),
            "Training of a class without an output head",
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

/// A step of training runs both sides three times over, each on its own tokens.
#[test]
fn an_encoder_with_a_decoder_is_trained() {
    let config = json!({ "model_type": "t5", "torch_dtype": "bfloat16" });
    let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
    let answer = |mode, written, read| {
        let asked = scenario(mode, written).with(|s| {
            s.workload.encoder_tokens = read;
            s.assumptions.logits = Logits::All;
        });
        analyse(&blueprint, &asked).unwrap()
    };
    let (read, trained) = (
        answer(Mode::Prefill, 64, Some(256)),
        answer(Mode::Pretrain, 64, Some(256)),
    );
    assert!(read.setup.modes().contains(&Mode::Pretrain));
    // The fused kernel makes the scores once more on its way back, of both sides and between them: half of two products 512 wide.
    let pairs = 256.0 * 256.0 + 64.0 * 65.0 / 2.0 + 64.0 * 256.0;
    let again = 0.5 * 6.0 * 2.0 * 2.0 * pairs * 512.0;
    assert_eq!(trained.matmul_flops, 3.0 * read.matmul_flops + again);
    let plan = |answer: &Analysis| answer.training.as_ref().unwrap().plan.clone();
    assert_eq!(plan(&trained).encoder, 256);
    // Unless something is said the encoder reads as much as its decoder learns to write; Whisper's as much as its class fixes.
    assert_eq!(plan(&answer(Mode::Pretrain, 64, None)).encoder, 64);
    let whisper = Arc::new(Blueprint::from_value(json!({ "model_type": "whisper" })).unwrap());
    assert_eq!(
        plan(&analyse(&whisper, &scenario(Mode::Pretrain, 64)).unwrap()).encoder,
        1500
    );
    // Layers that are computed again run once more, the encoder's as well.
    let again = scenario(Mode::Pretrain, 64).with(|s| {
        s.workload.encoder_tokens = Some(256);
        s.workload.recompute = Recompute::Full;
    });
    let again = analyse(&blueprint, &again).unwrap();
    let head = 2.0 * 64.0 * 512.0 * 32128.0;
    assert_eq!(again.matmul_flops - trained.matmul_flops, read.matmul_flops - head);
}

/// What is not counted of them says why.
#[test]
fn an_encoder_with_a_decoder_is_trained_whole() {
    let blueprint = Arc::new(Blueprint::from_value(json!({ "model_type": "bart" })).unwrap());
    let asked = |mode: Mode, change: fn(&mut Scenario)| {
        analyse(&blueprint, &scenario(mode, 128).with(change))
            .unwrap_err()
            .to_string()
    };
    let refused = |change| asked(Mode::Finetune, change);
    assert!(refused(|s| s.training.framework = Some(Framework::Megatron)).contains("transformers' own classes"));
    assert!(refused(|s| s.training.loss = Some(Loss::Fused)).contains("with fused kernels"));
    assert!(refused(|s| s.training.reinforcement = Some(Reinforcement::Grpo)).contains("Reinforcement learning"));
    let packed = refused(|s| {
        s.training.lora_rank = Some(8);
        s.training.base_weights = Some(BaseWeights::Nf4);
    });
    assert!(packed.contains("packed weights of an encoder-decoder"), "{packed}");
    let cut = refused(|s| {
        s.hardware.devices = 2;
        s.hardware.tensor = Some(2);
    });
    assert!(cut.contains("whole layers and sequences"), "{cut}");
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
