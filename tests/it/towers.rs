//! What towers compute, and what images and sound become: facts of the classes, and laws over every wrapper that is known.

use std::sync::Arc;

use serde_json::{Value, json};
use weighbridge::analysis::{Setup, analyse, costs};
use weighbridge::model::blueprint::Reading;

use weighbridge::model::media::Stage;
use weighbridge::model::operator::{Input, Kind};
use weighbridge::model::{Blueprint, Component, catalogue};
use weighbridge::scenario::{AttentionFlops, Engine, KnobId, Mode, Scenario};

/// Every config of the facts that has a tower.
fn configs() -> Vec<(String, Value)> {
    let all = [
        include_str!("../facts/towers.jsonl"),
        include_str!("../facts/variants_towers.jsonl"),
        include_str!("../facts/variants_wrappers.jsonl"),
    ];
    let lines = all.into_iter().flat_map(str::lines);
    let parsed = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed
        .filter_map(|line| Some((line.get("id")?.as_str()?.to_owned(), line.get("config")?.clone())))
        .collect()
}

/// A matrix that never runs would be arithmetic left out in silence: what takes no part is listed here.
#[test]
fn every_matrix_of_a_tower_runs_over_something() {
    const STILL: &[&str] = &[
        // Draws images, which nobody asks of it here.
        "generation_",
        "vqmodel.",
        // Reads videos in pairs of frames.
        "video_patch_projection",
        // The projector of sound where there is an image besides; text beside images.
        "_for_vision_speech",
        "text_projection",
        "intermediate.dense",
        "output.dense",
        // Skipped where each square of patches stays a token, or the tower is too short for it.
        "Merger of windows",
        // Taken where a processor is told to.
        "connector.fine.",
    ];
    let mut seen = 0;
    let mut still = std::collections::BTreeSet::new();
    for (id, config) in configs() {
        let Ok(blueprint) = Blueprint::from_value(config) else {
            continue;
        };
        let blocks = blueprint
            .towers
            .iter()
            .flat_map(|tower| tower.blocks.iter().map(move |block| (tower.title, block)));
        for (title, block) in blocks {
            let Input::Tower(stage) = &block.input else { continue };
            for operator in &block.operators {
                seen += 1;
                let name = operator.tensors.first().map_or("", |tensor| &tensor.name);
                let excused = STILL.iter().any(|part| name.contains(part) || title == *part);
                let runs = matches!(operator.kind, Kind::Linear { .. } | Kind::Attention(_));
                if runs && *stage == Stage::Still && !excused {
                    still.insert(format!("{}: {name} ({})", id, block.title));
                }
            }
        }
    }
    assert!(still.is_empty(), "{still:#?}");
    assert!(seen > 1000);
}

fn asked(change: impl FnOnce(&mut Scenario)) -> Scenario {
    Scenario::default().with(|s| {
        s.workload.mode = Mode::Prefill;
        s.workload.prompt = 16;
        s.serving.engine = Some(Engine::Transformers);
        s.assumptions.attention_flops = AttentionFlops::Full;
        change(s);
    })
}

fn size(text: &str) -> (u64, u64) {
    let (width, height) = text.split_once('x').unwrap();
    (width.parse().unwrap(), height.parse().unwrap())
}

/// Products of a tower's parts but for some, as the classes of transformers compute them.
#[test]
fn arithmetic_of_towers() {
    let mut wrong = Vec::new();
    for line in include_str!("../facts/tower_flops.jsonl").lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        let id = fact["id"].as_str().unwrap();
        let blueprint = match Blueprint::from_value(fact["config"].clone()) {
            Ok(blueprint) => Arc::new(blueprint),
            Err(error) => {
                wrong.push(format!("{id}: {error}"));
                continue;
            }
        };
        let scenario = asked(|s| {
            if let Some(text) = fact["image_size"].as_str() {
                (s.workload.images, s.workload.image_size) = (1, size(text));
            }
            s.workload.audio_seconds = fact["audio_seconds"].as_u64().unwrap_or(0);
        });
        let setup = match Setup::new(&blueprint, &scenario) {
            Ok(setup) => setup,
            Err(error) => {
                wrong.push(format!("{id}: {error}"));
                continue;
            }
        };
        let without: Vec<&str> = fact["without"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut costs = costs::<f64>(&setup).into_iter();
        let mut flops = 0.0;
        let text = blueprint.stem.len()
            + blueprint.kinds.iter().map(|kind| kind.blocks.len()).sum::<usize>()
            + blueprint.head.len();
        let titles = blueprint
            .towers
            .iter()
            .flat_map(|tower| tower.blocks.iter().map(move |_| tower.title));
        let titles = std::iter::repeat_n("", text).chain(titles);
        for (place, title) in blueprint.blocks().zip(titles) {
            for operator in &place.block.operators {
                if setup.idles(place.block, operator) {
                    continue;
                }
                let cost = costs.next().unwrap();
                if !title.is_empty() && !without.contains(&title) {
                    flops += cost.matmul;
                }
            }
        }
        let (expected, tokens) = (fact["matmul_flops"].as_f64().unwrap(), fact["tokens"].as_u64().unwrap());
        if flops != expected || setup.media.tokens() != tokens {
            wrong.push(format!(
                "{id}: {flops} instead of {expected} ({:+.3} %), {} tokens instead of {tokens}",
                100.0 * (flops - expected) / expected,
                setup.media.tokens()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Crops, patches and tokens of images of many sizes, by the functions of the classes' own processors.
#[test]
fn images_become_tokens() {
    let others = configs();
    let mut wrong = Vec::new();
    for line in include_str!("../facts/image_tokens.csv").lines().skip(1) {
        let mut fields = line.split(',');
        let id = fields.next().unwrap();
        let numbers: Vec<u64> = fields.take(5).map(|field| field.parse().unwrap()).collect();
        let &[width, height, crops, patches, tokens] = numbers.as_slice() else {
            panic!("{line}")
        };
        let config = catalogue::find(id).map(|entry| entry.config.clone());
        let config = config.or_else(|| {
            others
                .iter()
                .find(|(other, _)| other == id)
                .map(|(_, config)| config.clone())
        });
        let config = config.unwrap_or_else(|| json!({ "model_type": id }));
        // A class without defaults of its own: the first config of its type.
        let of_type = || others.iter().find(|(_, config)| config["model_type"] == id);
        let blueprint = Blueprint::from_value(config).or_else(|_| Blueprint::from_value(of_type().unwrap().1.clone()));
        let blueprint = blueprint.unwrap();
        let seen = blueprint.senses.images.as_ref().unwrap().see(width, height).unwrap();
        let found = (seen.crops, seen.patches(), seen.tokens);
        if found != (crops, patches, tokens) {
            wrong.push(format!(
                "{id} {width}x{height}: {found:?} instead of {:?}",
                (crops, patches, tokens)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn gemma() -> Arc<Blueprint> {
    let config = catalogue::find("google/gemma-3-4b-it").unwrap().config.clone();
    Arc::new(Blueprint::from_value(config).unwrap())
}

/// Three images are 3 × 256 tokens of the prompt; the tower's work comes besides, and nothing of it in a step that writes.
#[test]
fn images_are_part_of_a_request() {
    let blueprint = gemma();
    let answer = |change: &dyn Fn(&mut Scenario)| {
        let scenario = Scenario::example().with(|s| {
            s.workload.mode = Mode::Prefill;
            s.workload.prompt = 1000;
            s.workload.generate = None;
            change(s);
        });
        analyse(&blueprint, &scenario).unwrap()
    };
    let plain = answer(&|_| {});
    let seen = answer(&|s| s.workload.images = 3);
    let text = answer(&|s| s.workload.prompt = 1000 + 3 * 256);
    assert_eq!(seen.setup.prompt().value, 1768);
    assert_eq!(seen.memory.kv_cache, text.memory.kv_cache);
    let vision = |answer: &weighbridge::analysis::Analysis| {
        let found = answer.components.iter().find(|one| one.component == Component::Vision);
        found.map_or(0.0, |one| one.flops)
    };
    assert_eq!((vision(&plain), vision(&text)), (0.0, 0.0));
    assert!((seen.flops - text.flops - vision(&seen)).abs() < seen.flops * 1e-12);
    // 27 layers of 4,096 patches: 2 · 4,096 · 411 M of products, and as much again of scores.
    assert!(vision(&seen) > 3.0 * 2.0 * 4096.0 * 411e6);
    let seconds = |answer: &weighbridge::analysis::Analysis| answer.speed.as_ref().unwrap().prefill_seconds().unwrap();
    assert!(seconds(&plain) < seconds(&text) && seconds(&text) < seconds(&seen));
    let said = seen.notices.iter().find(|notice| notice.code == "media").unwrap();
    assert!(
        said.message
            .starts_with("3 images: 3 × 256 tokens, added to the prompt"),
        "{}",
        said.message
    );
    let writes = answer(&|s| (s.workload.mode, s.workload.images) = (Mode::Decode, 3));
    assert_eq!(vision(&writes), 0.0);
    // What would fit is told of the text alone, so that asking for it again does not add the images twice.
    assert_eq!(seen.setup.question().workload.prompt, 1000);
}

/// What a model has no tower for is left out and said; what it has one for and no rule is refused.
#[test]
fn what_cannot_be_read() {
    let llama = catalogue::find("meta-llama/Llama-3.1-8B-Instruct")
        .unwrap()
        .config
        .clone();
    let llama = Arc::new(Blueprint::from_value(llama).unwrap());
    let asked = asked(|s| (s.workload.images, s.workload.audio_seconds) = (2, 30));
    let answer = analyse(&llama, &asked).unwrap();
    let said = answer.notices.iter().filter(|notice| notice.code == "media_not_read");
    assert_eq!(said.count(), 2);
    assert_eq!(answer.setup.prompt().value, 16);
    let chameleon = json!({ "model_type": "chameleon" });
    let chameleon = Arc::new(Blueprint::from_value(chameleon).unwrap());
    assert_eq!(analyse(&chameleon, &asked).unwrap_err().code(), "media_not_known");
    let wide = asked.with(|s| s.workload.image_size = (30_000, 100));
    let qwen = catalogue::find("Qwen/Qwen2.5-VL-3B-Instruct").unwrap().config.clone();
    let refused = analyse(&Arc::new(Blueprint::from_value(qwen).unwrap()), &wide).unwrap_err();
    assert!(refused.to_string().contains("30000 × 100"), "{refused}");
}

/// More images, larger ones or longer sound never need less memory, time or arithmetic.
#[test]
fn more_is_never_less() {
    for (_, config) in configs() {
        let Ok(blueprint) = Blueprint::from_value(config) else {
            continue;
        };
        if blueprint.senses.images.is_none() && blueprint.senses.sound.is_none() {
            continue;
        }
        let blueprint = Arc::new(blueprint);
        let mut before: Option<(f64, u64)> = None;
        for count in [0, 1, 2, 5] {
            let scenario = asked(|s| {
                s.workload.images = count;
                s.workload.audio_seconds = 10 * count;
                s.hardware.device = Some("h100-sxm".to_owned());
            });
            let answer = match analyse(&blueprint, &scenario) {
                Ok(answer) => answer,
                // A tower beside the one with a rule.
                Err(error) => {
                    assert_eq!(error.code(), "media_not_known");
                    break;
                }
            };
            let now = (answer.flops, answer.memory.total.0);
            if let Some(before) = before {
                assert!(before.0 <= now.0 && before.1 <= now.1, "{} {count}", blueprint.family);
            }
            before = Some(now);
            // Layers that look at images beside the text, or an encoder of images alone, need no token of the prompt.
            let apart = blueprint.senses.across || blueprint.reading == Reading::Encodes;
            assert!(count == 0 || answer.setup.media.tokens() > 0 || apart);
        }
    }
}

/// Twenty frames of ten seconds are ten pairs; each has at most 602,112 pixels (`Qwen2VLVideoProcessor`), here 672 × 896: 24 × 32
/// squares. Eight frames of InternVL are eight tiles of 256 tokens.
#[test]
fn videos_become_tokens() {
    let of = |id: &str| {
        let others = configs();
        let config = catalogue::find(id).map(|entry| entry.config.clone());
        let config = config.or_else(|| {
            others
                .into_iter()
                .find(|(other, _)| other == id)
                .map(|(_, config)| config)
        });
        Blueprint::from_value(config.unwrap()).unwrap().senses.videos.unwrap()
    };
    let seen = of("Qwen/Qwen2.5-VL-3B-Instruct").see(1024, 768, 10, 2).unwrap();
    assert_eq!((seen.crops, seen.rows, seen.columns, seen.tokens), (10, 48, 64, 7680));
    let seen = of("OpenGVLab/InternVL3-1B-hf").see(1024, 768, 4, 2).unwrap();
    assert_eq!((seen.crops, seen.tokens), (8, 8 * 256));
}

/// The page asks for images only of models that read them, for sound of those that hear; what a link sets can be taken back.
#[test]
fn knobs_are_asked_of_models_that_read() {
    let asked_of = |config: Value, change: &dyn Fn(&mut Scenario)| {
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        let setup = Setup::new(&blueprint, &asked(|s| change(s))).unwrap();
        let knobs = [
            KnobId::EncoderTokens,
            KnobId::Images,
            KnobId::ImageSize,
            KnobId::AudioSeconds,
            KnobId::VideoSeconds,
        ];
        knobs.map(|knob| setup.asks(knob))
    };
    let config = |id: &str| catalogue::find(id).unwrap().config.clone();
    let llama = "meta-llama/Llama-3.1-8B-Instruct";
    assert_eq!(asked_of(config(llama), &|_| {}), [false; 5]);
    assert_eq!(
        asked_of(config(llama), &|s| s.workload.images = 2),
        [false, true, false, false, false]
    );
    assert_eq!(
        asked_of(config("google/gemma-3-4b-it"), &|_| {}),
        [false, true, true, false, false]
    );
    assert_eq!(
        asked_of(config("Qwen/Qwen2.5-VL-3B-Instruct"), &|_| {}),
        [false, true, true, false, true]
    );
    assert_eq!(
        asked_of(json!({ "model_type": "qwen2_audio" }), &|_| {}),
        [false, false, false, true, false]
    );
    assert_eq!(
        asked_of(json!({ "model_type": "whisper" }), &|_| {}),
        [true, false, false, false, false]
    );
}
