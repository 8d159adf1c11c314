//! Laws of the drawing over all built-in models, and its way back for layers that take turns.

use std::sync::Arc;

use super::{Plan, Scene, SceneBox, Show, WireKind, scene, usually_open};
use crate::analysis::anatomy::Anatomy;
use crate::analysis::time::Pass;
use crate::analysis::{HostShare, Setup};
use crate::model::{Blueprint, catalogue};
use crate::scenario::Scenario;
use crate::units::UnitSystem;

/// Inside of a card on a phone 360 pixels wide.
const PHONE: f64 = 304.0;

fn drawn(config: serde_json::Value, width: f64) -> Option<Scene> {
    let blueprint = Arc::new(Blueprint::from_value(config).ok()?);
    let setup = Setup::new(&blueprint, &Scenario::example()).ok()?;
    let anatomy = Anatomy::of(&setup, &HostShare::default(), Pass::Decode);
    let open = usually_open(&blueprint, &anatomy);
    Some(scene(&Plan {
        blueprint: &blueprint,
        anatomy: &anatomy,
        show: Show::Parameters,
        open: &open,
        width,
        units: UnitSystem::Gib,
    }))
}

fn of(model: &str, width: f64) -> Scene {
    drawn(catalogue::find(model).unwrap().config.clone(), width).unwrap()
}

fn overlap(one: &SceneBox, other: &SceneBox) -> bool {
    let (x, y) = (one.x.max(other.x), one.y.max(other.y));
    let right = (one.x + one.width).min(other.x + other.width);
    let bottom = (one.y + one.height).min(other.y + other.height);
    right - x > 0.5 && bottom - y > 0.5
}

#[test]
fn no_box_lies_on_another_or_leaves_the_drawing() {
    for entry in catalogue::entries() {
        for width in [PHONE, 760.0] {
            let Some(scene) = drawn(entry.config.clone(), width) else {
                continue;
            };
            for (at, one) in scene.boxes.iter().enumerate() {
                let inside =
                    one.x >= 0.0 && one.x + one.width <= scene.width + 0.5 && one.y + one.height <= scene.height;
                assert!(inside, "{} at {width}: {} leaves", entry.id, one.title);
                for other in scene.boxes.iter().skip(at + 1) {
                    assert!(
                        !overlap(one, other),
                        "{} at {width}: {} on {}",
                        entry.id,
                        one.title,
                        other.title
                    );
                }
            }
        }
    }
}

#[test]
fn a_phone_shows_usual_layers_whole() {
    for model in [
        "meta-llama/Llama-3.1-8B-Instruct",
        "google/gemma-3-27b-it",
        "openai/gpt-oss-20b",
        "Qwen/Qwen3-30B-A3B",
    ] {
        let scene = of(model, PHONE);
        assert!(scene.width <= PHONE, "{model}: {}", scene.width);
    }
}

/// Sources: the models' configs: gpt-oss's layers alternate, DeepSeek V3's first three are followed by 58 others, Llama's are alike.
#[test]
fn layers_that_take_turns_lead_back() {
    for (model, turns) in [
        ("openai/gpt-oss-20b", true),
        ("google/gemma-3-27b-it", true),
        ("deepseek-ai/DeepSeek-V3.1", false),
        ("meta-llama/Llama-3.1-8B-Instruct", false),
    ] {
        let scene = of(model, 760.0);
        let back: Vec<_> = scene.wires.iter().filter(|wire| wire.kind == WireKind::Again).collect();
        assert_eq!(back.len(), usize::from(turns), "{model}");
        for wire in back {
            // From below up to above, left of all layers.
            assert!(wire.points[0].1 > wire.points[3].1, "{model}");
            assert!(
                scene
                    .frames
                    .iter()
                    .filter(|frame| frame.layer)
                    .all(|frame| wire.points[1].0 < frame.x),
                "{model}"
            );
        }
    }
}

/// Whether a part of a wire runs through a box, not only along its edge.
fn through(from: (f64, f64), to: (f64, f64), one: &SceneBox) -> bool {
    let (left, right) = (from.0.min(to.0), from.0.max(to.0));
    let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
    let edge = 1.5;
    right > one.x + edge && left < one.x + one.width - edge && bottom > one.y + edge && top < one.y + one.height - edge
}

#[test]
fn no_wire_runs_through_a_box() {
    let mut wrong = Vec::new();
    for entry in catalogue::entries() {
        for width in [PHONE, 760.0] {
            let Some(scene) = drawn(entry.config.clone(), width) else {
                continue;
            };
            for wire in &scene.wires {
                for pair in wire.points.windows(2) {
                    for one in &scene.boxes {
                        if through(pair[0], pair[1], one) {
                            wrong.push(format!("{} at {width}: {:?} through {}", entry.id, pair, one.title));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What SigLIP's tower makes of an image is compared with what the text becomes: it flows into nothing.
#[test]
fn towers_that_stand_apart_join_nothing() {
    let config = serde_json::json!({
        "model_type": "siglip", "architectures": ["SiglipModel"],
        "text_config": {"model_type": "siglip_text_model", "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
            "num_attention_heads": 12, "max_position_embeddings": 64, "vocab_size": 32000, "projection_size": 768},
        "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
            "num_attention_heads": 12, "image_size": 224, "patch_size": 16, "num_channels": 3}
    });
    for width in [PHONE, 760.0] {
        let scene = drawn(config.clone(), width).unwrap();
        let said = |words: &str| scene.words.iter().filter(|one| one.text == words).count();
        assert_eq!(
            (said("compared with what the text becomes"), said("similarity")),
            (1, 1),
            "{width}"
        );
        // Two in each of its two blocks' ways, none before the layers.
        assert_eq!(scene.sums.len(), 2, "{width}");
    }
}
