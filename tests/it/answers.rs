//! What would it take: each answer holds when it is tried, and is the best of its kind.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::sync::Arc;

use support::engine::{blueprint, scenario};
use weighbridge::analysis::answers::RankedBy;
use weighbridge::analysis::{Answers, Setup, Verdict, analyse, answers};
use weighbridge::model::Blueprint;
use weighbridge::scenario::Scenario;
use weighbridge::units::UnitSystem;

const SMALL: &str = "meta-llama/Llama-3.1-8B-Instruct";
const LARGE: &str = "meta-llama/Llama-3.1-70B-Instruct";

fn ask(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Answers {
    answers(&analyse(blueprint, scenario).unwrap()).unwrap()
}

fn verdict(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Verdict {
    analyse(blueprint, scenario).unwrap().fit.unwrap().verdict
}

#[test]
fn every_answer_holds_when_it_is_tried() {
    for (model, query) in [
        (SMALL, "hw=rtx-4090&e=vllm&p=4000&off=none"),
        (SMALL, "hw=rtx-4060-ti-16gb&p=4000&off=none"),
        (LARGE, "hw=h100-sxm&e=vllm&p=4000&off=none"),
        (LARGE, "hw=rtx-4090&e=llama.cpp&w=q8_0&p=4000&off=none"),
        ("openai/gpt-oss-120b", "hw=h100-sxm&p=4000&off=none"),
        ("deepseek-ai/DeepSeek-V3.1", "hw=h200-sxm&n=8&p=4000&off=none"),
    ] {
        let (blueprint, now) = (blueprint(model), scenario(query));
        let found = ask(&blueprint, &now);
        if let Some(context) = found.context.filter(|one| one.tokens > 0) {
            assert_eq!(verdict(&blueprint, &context.scenario), Verdict::Fits, "{query}");
        }
        if let Some(users) = found.users.filter(|one| one.count > 0) {
            assert_eq!(verdict(&blueprint, &users.scenario), Verdict::Fits, "{query}");
            let more = users.scenario.with(|s| {
                s.workload.batch = users.count + 1;
            });
            assert_ne!(verdict(&blueprint, &more), Verdict::Fits, "{query}");
        }
        let format = found.format.unwrap();
        if format.format.is_some() {
            assert_eq!(
                verdict(&blueprint, &format.scenario),
                Verdict::Fits,
                "{query} {}",
                format.label
            );
        }
        let cheapest = found.cheapest.unwrap();
        assert_eq!(
            verdict(&blueprint, &cheapest.scenario),
            Verdict::Fits,
            "{query} {}",
            cheapest.name
        );
        assert!(cheapest.price.usd_per_hour > 0.0 && !cheapest.price.basis.is_empty());
        let degree = found.degree.unwrap();
        if let Some(devices) = degree.devices {
            assert_eq!(
                verdict(&blueprint, &degree.scenario),
                Verdict::Fits,
                "{query} {devices}"
            );
            if devices > 1 {
                let fewer = degree.scenario.with(|s| {
                    s.hardware.devices = devices / 2;
                });
                assert_ne!(verdict(&blueprint, &fewer), Verdict::Fits, "{query} {devices}");
            }
        }
    }
}

#[test]
fn formats_are_ranked_by_what_is_published_and_that_is_said() {
    let small = blueprint(SMALL);
    let format = |query: &str| ask(&small, &scenario(query)).format.unwrap();
    // As published where that fits.
    assert_eq!(format("hw=rtx-4090&p=4000").ranked_by, RankedBy::Published);
    // llama.cpp's mixes by their published divergence: Q4_1 has more bits than Q4_K_M and loses more.
    let tight = format("hw=custom:memory=6,bandwidth=300,fp16=20&e=llama.cpp&p=2000&g=48");
    assert!(matches!(tight.ranked_by, RankedBy::Measured(_)), "{}", tight.label);
    assert_ne!(tight.label, "Q4_1");
    // Servers' formats by bits, and it says so.
    let bits = format("hw=rtx-4060-ti-16gb&e=vllm&p=4000");
    assert_eq!(bits.ranked_by, RankedBy::Bits, "{}", bits.label);
    let scenario = scenario("hw=rtx-4060-ti-16gb&e=vllm&p=4000");
    let question = Setup::new(&small, &scenario).unwrap();
    let said = ask(&small, &scenario).said(&question, UnitSystem::Gib);
    let keys: Vec<_> = said.iter().map(|one| one.key).collect();
    assert_eq!(keys, ["context", "users", "format", "cheapest", "degree"]);
    assert!(said[2].basis.contains("bits per weight"), "{}", said[2].basis);
}

#[test]
fn hardware_without_a_price_is_never_ranked() {
    let (small, now) = (blueprint(SMALL), scenario("hw=rtx-4090&p=4000"));
    let cheapest = ask(&small, &now).cheapest.unwrap();
    let device = weighbridge::hardware::find(&cheapest.hardware).unwrap();
    assert!(weighbridge::hardware::Price::least(device, cheapest.devices).is_some());
    // Nothing is cheaper among what carries it.
    for other in weighbridge::hardware::devices() {
        let Some(price) = weighbridge::hardware::Price::least(other, 1) else {
            continue;
        };
        let tried = now.clone().with(|s| {
            s.hardware.device = Some(other.id.clone());
            s.serving.engine = None;
        });
        if verdict(&small, &tried) == Verdict::Fits {
            assert!(price.usd_per_hour >= cheapest.price.usd_per_hour, "{}", other.id);
        }
    }
}

#[test]
fn without_a_device_there_are_none() {
    let (small, now) = (blueprint(SMALL), scenario("p=4000"));
    assert_eq!(answers(&analyse(&small, &now).unwrap()), None);
    let training = ask(&small, &scenario("mode=pretrain&hw=h100-sxm"));
    assert!(training.context.is_none() && training.format.is_none() && training.degree.is_none());
}

/// Of a server the fewest devices are those that meet its targets, not those that merely hold the model.
#[test]
fn targets_want_more_devices() {
    let large = blueprint("Qwen/Qwen2.5-72B-Instruct");
    let fewest = |query: &str| {
        let now = scenario(&format!(
            "hw=h100-sxm&mode=serve&e=vllm&w=fp8&p=1000&g=200&b=32&{query}"
        ));
        ask(&large, &now).degree.unwrap()
    };
    let (any, quick) = (fewest(""), fewest("tpot=20"));
    assert!(quick.devices > any.devices, "{:?} {:?}", quick.devices, any.devices);
    let serving = |scenario: &Scenario| analyse(&large, scenario).unwrap().serving.unwrap();
    assert!(serving(&quick.scenario).tpot <= 0.020);
    assert!(serving(&any.scenario).tpot > 0.020);
    // What nothing meets is said.
    let never = scenario("hw=h100-sxm&mode=serve&e=vllm&w=fp8&p=1000&g=200&b=32&ttft=1&tpot=1");
    let found = ask(&large, &never);
    assert_eq!(found.degree.as_ref().unwrap().devices, None);
    let said = found.said(&Setup::new(&large, &never).unwrap(), UnitSystem::Gib);
    assert!(
        said.iter().any(|one| one.words.contains("meet the targets")),
        "{said:?}"
    );
}

/// A server with more users than memory carries fits: they wait. Its cheapest hardware carries all of them.
#[test]
fn a_server_fits_with_one_and_is_bought_for_all() {
    let small = blueprint(SMALL);
    let now = scenario("hw=rtx-4090&mode=serve&e=vllm&p=8000&g=200&b=64");
    let found = ask(&small, &now);
    assert_eq!(found.format.unwrap().ranked_by, RankedBy::Published);
    let cheapest = found.cheapest.unwrap();
    let serving = analyse(&small, &cheapest.scenario).unwrap().serving.unwrap();
    assert_eq!(serving.admission.running, 64, "{}", cheapest.name);
    assert!(analyse(&small, &now).unwrap().serving.unwrap().admission.running < 64);
}
