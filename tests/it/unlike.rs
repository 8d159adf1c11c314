//! Devices that are not alike: who holds what, what bounds them, how people name them.

use crate::support;

use support::engine::{scenario, weigh};
use weighbridge::analysis::{Analysis, Verdict, launch};
use weighbridge::hardware::find;
use weighbridge::report::sentence;
use weighbridge::scenario::{KNOBS, Scenario, link};
use weighbridge::units::UnitSystem;

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";
const Q8: &str = "e=llama.cpp&w=q8_0&p=4096&g=0";

fn tokens_per_second(found: &Analysis) -> f64 {
    found.speed.as_ref().unwrap().tokens_per_second
}

fn layers(found: &Analysis) -> Vec<u64> {
    found.setup.members.iter().map(|member| member.items()).collect()
}

fn hardware(text: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario::default();
    let knob = KNOBS.iter().find(|knob| knob.key == "hw").unwrap();
    (knob.set)(&mut scenario, text).map_err(|error| error.to_string())?;
    Ok(scenario)
}

/// llama.cpp `llama_model::load_tensors`: the 32 layers and the output go by shares of memory, 24 GiB and 12 GiB: 22 and 11.
#[test]
fn layers_go_by_memory() {
    let found = weigh(LLAMA, &format!("{Q8}&hw=rtx-3090,rtx-3060-12gb"));
    let of = |id: &str| find(id).unwrap().usable_bytes() as f64;
    let share = of("rtx-3090") / (of("rtx-3090") + of("rtx-3060-12gb"));
    let first = (share * 33.0).ceil() as u64;
    assert_eq!(layers(&found), [first, 33 - first]);
    assert_eq!(found.ranks.groups.len(), 2);
    // Nothing is lost between them.
    let whole = weigh(LLAMA, &format!("{Q8}&hw=rtx-3090"));
    let of_both = found.ranks.sum(|rank| rank.weights_bytes);
    assert_eq!(of_both, whole.held().weights_bytes);
    assert_eq!(found.ranks.sum(|rank| rank.kv_cache_bytes), whole.held().kv_cache_bytes);
    let said = sentence(&found, "Llama", UnitSystem::Gib).main;
    assert!(said.contains("fits RTX 3090 + RTX 3060"), "{said}");
}

/// `--tensor-split 3,1`: 25 of 33, and the command says so.
#[test]
fn shares_can_be_chosen() {
    let found = weigh(LLAMA, &format!("{Q8}&hw=rtx-3090,rtx-3060-12gb&ts=3,1"));
    assert_eq!(layers(&found), [25, 8]);
    let command = launch(&found, LLAMA).unwrap().command;
    assert!(command.contains("-ts 25,8"), "{command}");
    // Of alike ones too.
    let alike = weigh(LLAMA, &format!("{Q8}&hw=rtx-3090&n=2&ts=1,3"));
    assert_eq!(layers(&alike), [9, 24]);
    let refused = support::engine::scenario(&format!("{Q8}&hw=rtx-3090&n=2&ts=1,1,1"));
    assert!(weighbridge::analysis::analyse(&support::engine::blueprint(LLAMA), &refused).is_err());
}

/// The verdict is that of the device with the least room: all on the small one does not fit, on the large one it does.
#[test]
fn the_fullest_bounds() {
    let of = |split: &str| {
        let found = weigh(
            LLAMA,
            &format!("e=llama.cpp&w=bf16&p=4096&off=none&hw=rtx-3090,rtx-3060-12gb&ts={split}"),
        );
        found.fit.unwrap()
    };
    let (large, small) = (of("1,0"), of("0,1"));
    assert_eq!((large.verdict, small.verdict), (Verdict::Fits, Verdict::DoesNotFit));
    assert!(small.capacity_bytes < large.capacity_bytes);
    assert!(large.max_context > 4_096 && small.max_context == 0);
}

/// Stages one after the other: a token takes what its layers take on each device.
#[test]
fn time_is_the_sum_of_the_stages() {
    let query = "e=llama.cpp&w=q4_k_m&p=4096&mode=decode";
    let fast = tokens_per_second(&weigh(LLAMA, &format!("{query}&hw=rtx-4090&n=2")));
    let slow = tokens_per_second(&weigh(LLAMA, &format!("{query}&hw=rtx-3060-12gb&n=2")));
    let mixed = tokens_per_second(&weigh(LLAMA, &format!("{query}&hw=rtx-4090,rtx-3060-12gb&ts=1,1")));
    let expected = 2.0 / (1.0 / fast + 1.0 / slow);
    assert!(
        (mixed / expected - 1.0).abs() < 0.03,
        "{mixed} of {slow} and {fast}: {expected}"
    );
    // More on the fast one is faster.
    let better = tokens_per_second(&weigh(LLAMA, &format!("{query}&hw=rtx-4090,rtx-3060-12gb&ts=3,1")));
    assert!(better > mixed && better < fast);
    let prefill = |hardware: &str| {
        let found = weigh(
            LLAMA,
            &format!("e=llama.cpp&w=q4_k_m&p=4096&mode=prefill&hw={hardware}"),
        );
        tokens_per_second(&found)
    };
    assert!(prefill("rtx-4090,rtx-3060-12gb") < prefill("rtx-4090&n=2"));
}

/// vLLM shards every layer alike: the least of each figure counts, and it is said.
#[test]
fn the_same_share_is_bound_by_the_smallest() {
    let query = "e=vllm&w=bf16&p=4096";
    let mixed = weigh(LLAMA, &format!("{query}&hw=rtx-4090,rtx-3060-12gb"));
    let small = weigh(LLAMA, &format!("{query}&hw=rtx-3060-12gb&n=2"));
    assert_eq!(
        mixed.fit.as_ref().unwrap().capacity_bytes,
        small.fit.as_ref().unwrap().capacity_bytes
    );
    assert!((tokens_per_second(&mixed) / tokens_per_second(&small) - 1.0).abs() < 0.2);
    let told = mixed
        .notices
        .iter()
        .find(|one| one.code == "smallest_device_bounds")
        .unwrap();
    assert!(told.message.contains("RTX 3060"), "{}", told.message);
    let sglang = weigh(LLAMA, "e=sglang&w=bf16&p=4096&hw=rtx-4090,rtx-3060-12gb");
    assert!(sglang.notices.iter().any(|one| one.message.contains("does not start")));
}

#[test]
fn as_people_type_them() {
    let mixed = |text: &str| hardware(text).map(|found| (found.hardware.mixed.join(","), found.hardware.devices));
    let two = Ok(("rtx-3090,rtx-4090".to_owned(), 2));
    for text in [
        "rtx-3090,rtx-4090",
        "3090, 4090",
        "rtx 3090 + rtx 4090",
        "1x rtx-3090,rtx-4090",
    ] {
        assert_eq!(mixed(text), two, "{text}");
    }
    assert_eq!(
        mixed("2x rtx-3090,4090"),
        Ok(("rtx-3090,rtx-3090,rtx-4090".to_owned(), 3))
    );
    for text in ["2x rtx-3090", "2 x 3090", "2× rtx 3090", "2*3090", "rtx-3090,rtx-3090"] {
        let found = hardware(text).unwrap();
        assert_eq!(
            (found.hardware.device.as_deref(), found.hardware.devices),
            (Some("rtx-3090"), 2),
            "{text}"
        );
        assert!(found.hardware.mixed.is_empty());
    }
    assert!(hardware("rtx-3090,abacus").is_err());
    // A link holds them, and another number of them is refused.
    let mut found = scenario("hw=rtx-3090,rtx-4090&ts=3,1.5");
    assert_eq!(scenario(&link(&found).unwrap()), found);
    let devices = KNOBS.iter().find(|knob| knob.key == "n").unwrap();
    assert!((devices.set)(&mut found, "3").is_err());
    let knob = KNOBS.iter().find(|knob| knob.key == "hw").unwrap();
    (knob.set)(&mut found, "rtx-4090").unwrap();
    assert_eq!((found.hardware.devices, found.hardware.mixed.len()), (1, 0));
}
