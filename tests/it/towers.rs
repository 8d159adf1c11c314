//! What towers compute, and what images and sound become: facts of the classes, and laws over every wrapper that is known.

use std::sync::Arc;

use serde_json::Value;
use weighbridge::analysis::{Setup, costs};

use weighbridge::model::media::Stage;
use weighbridge::model::operator::{Input, Kind};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{AttentionFlops, Engine, Mode, Scenario};

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
    ];
    let mut seen = 0;
    let mut still = std::collections::BTreeSet::new();
    for (id, config) in configs() {
        let Ok(blueprint) = Blueprint::from_value(config) else {
            continue;
        };
        for block in blueprint.towers.iter().flat_map(|tower| &tower.blocks) {
            let Input::Tower(stage) = &block.input else { continue };
            for operator in &block.operators {
                seen += 1;
                let name = operator.tensors.first().map_or("", |tensor| &tensor.name);
                let excused = STILL.iter().any(|part| name.contains(part));
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
        let blueprint = Blueprint::from_value(config.unwrap()).unwrap();
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
