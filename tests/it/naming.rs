//! What people type, and what is taken for it.

use weighbridge::hardware::{NamedDevice, device_named, found, id_with_memory, named, resolve};
use weighbridge::model::catalogue;

/// The id that is taken, and whether others were named as well.
fn device(query: &str) -> (String, bool) {
    match device_named(query) {
        NamedDevice::One(device, others) => (device.id.clone(), !others.is_empty()),
        NamedDevice::Perhaps(near) => (format!("perhaps {}", near.join(" ")), false),
    }
}

#[test]
fn devices_by_everyday_names() {
    for (query, id) in [
        ("4090", "rtx-4090"),
        ("RTX 4090", "rtx-4090"),
        ("rtx4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("4090 laptop", "rtx-4090-laptop"),
        ("4090 D", "rtx-4090-d"),
        ("rtx3090", "rtx-3090"),
        ("3090 ti", "rtx-3090-ti"),
        ("3080ti", "rtx-3080-ti"),
        ("3060", "rtx-3060-12gb"),
        ("5090", "rtx-5090"),
        ("1080ti", "gtx-1080-ti"),
        ("7900 xtx", "rx-7900-xtx"),
        ("7900xtx", "rx-7900-xtx"),
        ("a6000", "rtx-a6000"),
        ("6000 ada", "rtx-6000-ada"),
        ("rtx pro 6000", "rtx-pro-6000-blackwell-ws"),
        ("l40s", "l40s"),
        ("l4", "l4"),
        ("t4", "t4"),
        ("p40", "p40"),
        ("h200", "h200-sxm"),
        ("b200", "b200-sxm"),
        ("gb200", "gb200"),
        ("a100 40gb", "a100-sxm4-40gb"),
        ("a100 80gb pcie", "a100-pcie-80gb"),
        ("mi300x", "mi300x"),
        ("mi 300x", "mi300x"),
        ("gaudi 3", "gaudi3"),
        ("strix halo", "ryzen-ai-max-395"),
        ("dgx spark", "dgx-spark-gb10"),
        ("m3 ultra", "apple-m3-ultra"),
        ("m4 pro", "apple-m4-pro"),
        ("mac m1", "apple-m1"),
        ("M4 Max", "apple-m4-max-40c"),
        ("macbook pro m4 max 64", "apple-m4-max-40c@64"),
        ("macbook pro m4 max 128gb", "apple-m4-max-40c"),
        ("mac 64gb", "apple-m4-max-40c@64"),
        ("m3 ultra 96 GB", "apple-m3-ultra@96"),
        ("raspberry pi 5", "raspberry-pi-5"),
        ("tpu v5e", "tpu-v5e"),
        ("b580", "arc-b580"),
    ] {
        assert_eq!(device(query).0, id, "{query}");
    }
    // Where a name fits several, the most usual is taken and the others are told.
    let NamedDevice::One(one, others) = device_named("h100") else {
        panic!("h100 is a device");
    };
    assert_eq!(
        (one.id.as_str(), others.as_slice()),
        ("h100-sxm", &["h100-pcie", "h100-nvl"][..])
    );
    // What is only nearly a name is asked, not taken.
    assert_eq!(device("rtx 4009").0, "perhaps rtx-4090 rtx-4090-d rtx-4090-laptop");
    assert_eq!(device("abacus").0, "perhaps ");
    assert_eq!(named("").len(), 0);
}

/// A machine that is sold with several sizes has the memory that was named.
#[test]
fn a_mac_with_less_memory() {
    let mac = resolve("apple-m4-max-40c@64").unwrap();
    assert_eq!((mac.memory_bytes, mac.nominal_bytes), (51_539_607_552, 68_719_476_736));
    assert_eq!(mac.name, "Apple M4 Max, 64 GB (40-core GPU)");
    assert_eq!(resolve("apple-m4@16").unwrap().memory_bytes, 11_453_246_122);
    assert!(resolve("apple-m4-max-40c@65").is_err());
}

/// What may be used of each size, as llama.cpp prints it (recommendedMaxWorkingSetSize, in decimal megabytes, or the mebibytes
/// of older versions): ggml-org/llama.cpp issues 1870 and 2011, ollama issue 434, and a log of an M4 Max with 36 GB.
#[test]
fn shares_of_a_macs_memory() {
    for (id, megabytes) in [
        ("apple-m1", 11453.25),
        ("apple-m1-max@32", 22906.50),
        ("apple-m4-max-32c", 28991.03),
        ("apple-m1-max", 51539.61),
    ] {
        let mac = resolve(id).unwrap();
        assert!(
            (mac.memory_bytes as f64 / 1e6 - megabytes).abs() < 0.01,
            "{id}: {}",
            mac.memory_bytes
        );
        assert!(mac.usable_share().unwrap().why.contains("macOS"));
    }
    let mac = resolve("apple-m4-max-40c@64").unwrap();
    assert_eq!(mac.short_name(), "Apple M4 Max, 64 GB");
    assert_eq!(id_with_memory(&mac, 48).as_deref(), Some("apple-m4-max-40c@48"));
    assert_eq!(id_with_memory(&mac, 128).as_deref(), Some("apple-m4-max-40c"));
    assert_eq!(id_with_memory(&mac, 65), None);
    assert!(resolve("rtx-4090").unwrap().usable_share().is_none());
    // Every size of every machine opens, holds no less than the size before, and says what may be used of it.
    for row in weighbridge::hardware::devices() {
        let mut before = 0;
        for size in row.memory_sizes() {
            let one = resolve(&id_with_memory(row, size).unwrap()).unwrap();
            assert!(
                one.memory_bytes > before && one.memory_bytes <= size << 30,
                "{}",
                one.id
            );
            before = one.memory_bytes;
        }
    }
}

#[test]
fn models_by_everyday_names() {
    for (query, id) in [
        ("llama3 70b", "meta-llama/Meta-Llama-3-70B-Instruct"),
        ("llama3:70b", "meta-llama/Meta-Llama-3-70B-Instruct"),
        ("llama 3.1 8b instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("llama3.1 405b", "meta-llama/Meta-Llama-3.1-405B"),
        ("llama 2 7b", "meta-llama/Llama-2-7b-hf"),
        ("llama3.2 1b", "meta-llama/Llama-3.2-1B-Instruct"),
        ("llama 4 scout", "meta-llama/Llama-4-Scout-17B-16E-Instruct"),
        ("gemma3 27b", "google/gemma-3-27b-it"),
        ("gemma 3 4b it", "google/gemma-3-4b-it"),
        ("gemma2 9b", "google/gemma-2-9b-it"),
        ("qwen3 8b", "Qwen/Qwen3-8B"),
        ("qwen3 32b", "Qwen/Qwen3-32B"),
        ("qwen 3 4b", "Qwen/Qwen3-4B"),
        ("qwen3 30b a3b", "Qwen/Qwen3-30B-A3B"),
        ("qwen2.5 7b", "Qwen/Qwen2.5-7B-Instruct"),
        ("llama 3.1 8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("qwen2.5 coder 32b", "Qwen/Qwen2.5-Coder-32B-Instruct"),
        ("qwen3.6 27b", "Qwen/Qwen3.6-27B"),
        ("deepseek r1", "deepseek-ai/DeepSeek-R1"),
        ("deepseek v3.1", "deepseek-ai/DeepSeek-V3.1"),
        ("deepseek v3.2", "deepseek-ai/DeepSeek-V3.2"),
        ("r1 distill llama 8b", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B"),
        ("mistral 7b", "mistralai/Mistral-7B-Instruct-v0.3"),
        ("mistral 7b v0.1", "mistralai/Mistral-7B-v0.1"),
        ("mixtral", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("mixtral 8x22b", "mistralai/Mixtral-8x22B-v0.1"),
        ("codestral", "mistralai/Codestral-22B-v0.1"),
        ("gpt-oss", "openai/gpt-oss-20b"),
        ("gpt oss 120b", "openai/gpt-oss-120b"),
        ("gptoss 20b", "openai/gpt-oss-20b"),
        ("phi4", "microsoft/phi-4"),
        ("phi 3.5 mini", "microsoft/Phi-3.5-mini-instruct"),
        ("glm 4.5 air", "zai-org/GLM-4.5-Air"),
        ("glm4.5", "zai-org/GLM-4.5"),
        ("kimi k2", "moonshotai/Kimi-K2-Instruct"),
        ("falcon 180b", "tiiuae/falcon-180B"),
        ("tinyllama", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
        ("smollm3", "HuggingFaceTB/SmolLM3-3B"),
    ] {
        let taken = catalogue::meant(query).map(|entry| entry.id.as_str());
        assert_eq!(
            taken.ok(),
            Some(id),
            "{query}: {:?}",
            catalogue::named(query)
                .iter()
                .take(4)
                .map(|(_, one)| &one.id)
                .collect::<Vec<_>>()
        );
    }
    // Many models, none of which is meant more than another: asked.
    assert!(catalogue::meant("qwen3").is_err_and(|near| near.len() > 3));
    // A slip of the finger is found, not taken.
    let near = catalogue::meant("lama 3.1 8b").unwrap_err();
    assert!(
        near.iter().any(|entry| entry.id == "meta-llama/Llama-3.1-8B-Instruct"),
        "{near:?}"
    );
}

/// What people type and the first hit, which Enter takes: `tests/facts/everyday_names.csv`.
#[test]
fn the_first_hit_is_what_is_meant() {
    let mut reader = csv::Reader::from_reader(include_str!("../facts/everyday_names.csv").as_bytes());
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in reader.records() {
        let row = row.unwrap();
        let (kind, query, first) = (&row[0], &row[1], &row[2]);
        let found: Vec<String> = match kind {
            "device" => found(query).iter().map(|(_, device)| device.id.clone()).collect(),
            _ => catalogue::named(query).iter().map(|(_, one)| one.id.clone()).collect(),
        };
        count += 1;
        if found.first().map(String::as_str) != Some(first) {
            wrong.push(format!(
                "{kind} {query}: {first}, not {:?}",
                &found[..found.len().min(4)]
            ));
        }
    }
    assert!(count >= 120, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each row names something that is there, once, and says why.
#[test]
fn everyday_names_belong_to_something() {
    let lines = include_str!("../../data/everyday_names.csv").lines().count();
    let rows = weighbridge::naming::everyday_names();
    assert_eq!(rows.len(), lines - 1);
    let mut seen = std::collections::BTreeSet::new();
    for row in rows {
        let (kind, id) = row.names();
        let there = match kind {
            "device" => resolve(id).is_ok(),
            "model" => catalogue::find(id).is_some_and(|entry| entry.id == id),
            _ => false,
        };
        assert!(there && seen.insert((kind, id)) && row.reason.len() > 8, "{kind} {id}");
    }
}
