//! Machines: their links, RAM and prices in fit, time and cost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use support::engine::{blueprint, scenario, weigh};
use weighbridge::analysis::time::pass;
use weighbridge::analysis::{HostShare, Setup, Verdict, analyse, cost, fixes};
use weighbridge::hardware::{find_host, hosts};
use weighbridge::scenario::Scenario;
use weighbridge::units::UnitSystem;

const MODEL: &str = "meta-llama/Llama-3.1-8B-Instruct";

/// The link, and seconds of communication of a prefill.
fn talk(query: &str) -> (f64, f64) {
    let (blueprint, scenario) = (blueprint(MODEL), scenario(query));
    let question = Setup::new(&blueprint, &scenario).unwrap();
    let link = question.device().unwrap().link_bytes_per_s.unwrap();
    (
        link,
        pass(&question, &HostShare::default()).unwrap().parts.communication,
    )
}

#[test]
fn the_links_are_those_of_the_machine() {
    let two = "hw=rtx-3090&n=2&tp=2&e=vllm&mode=prefill&p=8192";
    let (bridged, quick) = talk(&format!("{two}&node=own-2x3090-nvlink"));
    let (plain, slow) = talk(&format!("{two}&node=own-4x3090-pcie"));
    assert_eq!(
        bridged,
        find_host("own-2x3090-nvlink").unwrap().link_bytes_per_s.unwrap()
    );
    assert!(plain < bridged && slow > quick, "{plain} {bridged}, {slow} {quick}");
    // Eight lanes carry half.
    let (half, _) = talk("hw=rtx-4090&n=2&tp=2&e=vllm&mode=prefill&p=8192&node=own-2x4090");
    assert!((half - 31.5e9 / 2.0).abs() < 1e9, "{half}");
    // Beyond one machine it is the network, shared.
    let (inside, quick) = talk("hw=h100-sxm&n=8&e=vllm&mode=prefill&p=8192&node=aws-p5-48xlarge");
    let (between, slow) = talk("hw=h100-sxm&n=16&e=vllm&mode=prefill&p=8192&node=aws-p5-48xlarge");
    assert_eq!((inside, between), (450e9, 50e9));
    assert!(slow > quick);
}

#[test]
fn a_machine_names_its_device() {
    let found = weigh(MODEL, "node=aws-p5-48xlarge&n=8");
    assert_eq!(
        found.fit.unwrap().device_bytes,
        weighbridge::hardware::find("h100-sxm").unwrap().memory_bytes
    );
    // Other devices than it has: said, and its links are not used.
    let other = weigh(MODEL, "node=aws-p5-48xlarge&hw=rtx-4090&n=2");
    assert!(other.notices.iter().any(|notice| notice.code == "node_other_device"));
}

#[test]
fn its_ram_and_its_price_count() {
    let small = blueprint("meta-llama/Llama-3.1-70B-Instruct");
    // 141 GB of weights, 24 GiB and 4 × 16 GiB of RAM at most.
    let tried = |query: &str| analyse(&small, &scenario(query)).unwrap().fit.unwrap().verdict;
    assert_eq!(tried("hw=t4&e=llama.cpp&node=aws-g4dn-xlarge"), Verdict::DoesNotFit);
    assert_eq!(tried("hw=t4&e=llama.cpp&node=aws-g4dn-12xlarge"), Verdict::Offload);
    let paid = |query: &str| {
        let (blueprint, scenario) = (blueprint(MODEL), scenario(query));
        let question = Setup::new(&blueprint, &scenario).unwrap();
        let found = analyse(&blueprint, &scenario).unwrap();
        cost(&question, found.speed.as_ref())
    };
    let host = find_host("aws-p5-48xlarge").unwrap();
    // A machine is paid whole.
    let whole = paid("hw=h100-sxm&n=2&node=aws-p5-48xlarge").unwrap();
    assert_eq!(whole.usd_per_hour, host.price_usd_h.unwrap());
    assert!(whole.basis.contains(&host.name), "{}", whole.basis);
    let two = paid("hw=h100-sxm&n=16&node=aws-p5-48xlarge").unwrap();
    assert_eq!(two.usd_per_hour, 2.0 * whole.usd_per_hour);
    // Somebody's own price wins, and a million tokens cost what an hour of them does.
    let own = paid("hw=h100-sxm&n=2&node=aws-p5-48xlarge&price=1.5").unwrap();
    assert_eq!(own.usd_per_hour, 3.0);
    let rate = weigh(MODEL, "hw=h100-sxm&n=2&node=aws-p5-48xlarge&price=1.5")
        .speed
        .unwrap()
        .tokens_per_second;
    assert!((own.usd_per_million_tokens.unwrap() / (3.0 / (rate * 3600.0) * 1e6) - 1.0).abs() < 1e-9);
    // Nobody's price: nothing is said.
    assert_eq!(paid("hw=gtx-1650&w=q4_k_m"), None);
}

#[test]
fn every_machine_is_weighed() {
    let model = blueprint(MODEL);
    for host in hosts() {
        let now = Scenario::default().with(|s| {
            s.hardware.host = Some(host.id.clone());
            s.hardware.devices = host.device_count;
        });
        let question = Setup::new(&model, &now).unwrap();
        let device = question.device().unwrap();
        assert_eq!(device.id, host.device_id);
        if let Some(link) = host.link_bytes_per_s {
            assert_eq!(device.link_bytes_per_s, Some(link), "{}", host.id);
        }
    }
}

#[test]
fn a_cache_no_engine_keeps_is_refused_with_the_reason() {
    for (query, word) in [
        ("hw=h100-sxm&e=vllm&kv=q8_0", "16 bits or FP8"),
        ("hw=t4&e=vllm&w=fp16&kv=fp8", "Ampere"),
        ("hw=h100-sxm&e=tensorrt-llm&kv=nvfp4", "Blackwell"),
        ("hw=rtx-4090&e=llama.cpp&kv=fp8", "Q8_0"),
        ("hw=rtx-4090&e=llama.cpp&w=q8_0&kv=q8_0&attn=eager", "flash"),
        ("hw=rtx-4090&e=vllm&kv=fp8&kvv=fp16", "one format"),
        ("hw=apple-m4-pro&e=mlx&w=mlx-q4&kv=q4_0", "of its own"),
    ] {
        let fit = weigh(MODEL, query).fit.unwrap();
        assert_eq!(fit.verdict, Verdict::Unsupported, "{query}");
        assert!(fit.why.contains(word), "{query}: {}", fit.why);
    }
    for query in [
        "hw=h100-sxm&e=vllm&kv=fp8",
        "hw=h100-sxm&e=vllm&kv=bf16",
        "hw=rtx-4090&e=llama.cpp&w=q8_0&kv=q8_0&kvv=q4_0",
        "hw=apple-m4-pro&e=mlx&w=mlx-q4&kv=mlx-q8",
        // The model's own format needs no option.
        "hw=h100-sxm&e=sglang&w=fp16&kv=fp16",
    ] {
        assert_eq!(weigh(MODEL, query).fit.unwrap().verdict, Verdict::Fits, "{query}");
    }
    // Who names no engine gets one that keeps it.
    let model = blueprint(MODEL);
    let now = scenario("hw=rtx-4090&kv=q8_0&w=q8_0");
    assert_eq!(Setup::new(&model, &now).unwrap().engine.key(), "llama.cpp");
}

#[test]
fn the_way_out_of_a_cache_is_the_engines_own() {
    let (model, now) = (blueprint(MODEL), scenario("hw=h100-sxm&e=vllm&kv=q8_0"));
    let found = fixes(&analyse(&model, &now).unwrap(), UnitSystem::Gib);
    assert_eq!(found.len(), 1);
    assert_eq!(
        analyse(&model, &found[0].scenario).unwrap().fit.unwrap().verdict,
        Verdict::Fits
    );
}
