//! The command line as people type it: everyday names, contexts, what is written beside the answer.

use crate::support;

use support::command::{estimate, run, text};

#[test]
fn an_everyday_name_is_taken_and_said() {
    let output = run(&["estimate", "llama3 70b", "--hardware", "h100", "--format", "json"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "\"h100\" is taken as H100 SXM5 80GB (h100-sxm). It may also be h100-pcie, h100-nvl.\n\"llama3 70b\" is taken as meta-llama/Meta-Llama-3-70B-Instruct.\n"
    );
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["model"]["id"], "meta-llama/Meta-Llama-3-70B-Instruct");
    let output = run(&["estimate", "qwen3 8bb", "--hardware", "4090"]);
    assert_eq!(output.status.code(), Some(2));
}

/// The context holds prompt and answer.
#[test]
fn a_context_is_prompt_and_answer() {
    let model = "meta-llama/Llama-3.1-8B-Instruct";
    let context = estimate(&[model, "--context", "32k", "--generate", "768"]);
    let prompt = estimate(&[model, "--prompt", "32000", "--generate", "768"]);
    assert_eq!(context["memory"], prompt["memory"]);
    assert_eq!(context["link"], "?m=meta-llama/Llama-3.1-8B-Instruct&p=32000&g=768");
    let output = run(&["estimate", model, "--context", "100"]);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "weighbridge: --context: Context is 100; it must be more than the 128 tokens that are generated, since it holds prompt and answer.\n"
    );
}

/// No number stands behind "does not run".
#[test]
fn what_does_not_run_has_no_figures() {
    let said = text(&["estimate", "Qwen/Qwen3-8B", "--hardware", "4090", "--engine", "mlx"]);
    assert!(
        said.contains("Memory, speed and limits are not answered for what does not run."),
        "{said}"
    );
    for word in ["longest context", "tokens/s", "GiB", "\nMemory\n"] {
        assert!(!said.contains(word), "{word} in {said}");
    }
}

/// The engines' own lines, to be held beside a log.
#[test]
fn the_engines_own_lines() {
    let lines = |arguments: &[&str]| -> Vec<String> {
        let said = text(&[&["estimate", "meta-llama/Llama-3.1-8B-Instruct"], arguments].concat());
        let lines = said.lines().skip_while(|line| !line.ends_with(" would log")).skip(1);
        lines
            .take_while(|line| !line.is_empty())
            .map(|line| line.trim().to_owned())
            .collect()
    };
    let vllm = lines(&["--hardware", "h100", "--engine", "vllm", "--context", "8k"]);
    assert_eq!(vllm.len(), 2, "{vllm:?}");
    assert!(
        vllm[0].starts_with("GPU KV cache size: ") && vllm[0].ends_with(" tokens"),
        "{vllm:?}"
    );
    assert!(
        vllm[1].starts_with("Maximum concurrency for 8,192 tokens per request: "),
        "{vllm:?}"
    );
    // 1 GiB of cache: 32 layers, 8 heads of 128, keys and values of 16 bits, 8,192 cells.
    let llama = lines(&[
        "--hardware",
        "h100",
        "--engine",
        "llama.cpp",
        "--weights",
        "q4_k_m",
        "--context",
        "8k",
    ]);
    assert!(llama[0].starts_with("CUDA0 model buffer size = "), "{llama:?}");
    assert_eq!(llama[1], "CUDA0 KV buffer size =  1024.00 MiB");
    assert!(llama[2].starts_with("CUDA0 compute buffer size = "), "{llama:?}");
}

/// Programs around llama.cpp have words of their own.
#[test]
fn launch_in_other_words() {
    let said = |engine: &str| {
        let arguments = [
            "estimate",
            "Qwen/Qwen3-8B",
            "--hardware",
            "4090",
            "--context",
            "16k",
            "--weights",
            "q4_k_m",
            "--engine",
            engine,
            "--launch=only",
        ];
        text(&arguments)
    };
    let ollama = said("ollama");
    assert!(ollama.ends_with("export OLLAMA_CONTEXT_LENGTH=16384 OLLAMA_NUM_PARALLEL=1\nexport OLLAMA_FLASH_ATTENTION=1\nollama run qwen3-8b-q4_k_m\n"), "{ollama}");
    assert!(ollama.contains("`PARAMETER num_ctx 16384`"), "{ollama}");
    let studio = said("lmstudio");
    assert!(
        studio.ends_with("lms load Qwen3-8B-Q4_K_M.gguf \\\n  --context-length 16384 \\\n  --gpu max\n"),
        "{studio}"
    );
    let kobold = said("koboldcpp");
    assert!(kobold.ends_with("koboldcpp \\\n  --model Qwen3-8B-Q4_K_M.gguf \\\n  --contextsize 16384 \\\n  --gpulayers 37 \\\n  --flashattention\n"), "{kobold}");
}

/// Notices that nearly every model has stand in one line at the end; the others before.
#[test]
fn trivia_is_one_line() {
    let model = [
        "estimate",
        "meta-llama/Llama-3.1-8B-Instruct",
        "--hardware",
        "h100-sxm",
        "--context",
        "200k",
        "--engine",
        "llama.cpp",
        "--weights",
        "q4_k_m",
    ];
    let said = text(&model);
    let notes: Vec<&str> = said.split("\nNotes\n").nth(1).unwrap().lines().collect();
    assert!(notes[0].contains("131,072"), "{notes:?}");
    assert_eq!(
        *notes.last().unwrap(),
        "  Usual assumptions: head dim derived, table in ram (--all-notes tells them).",
        "{notes:?}"
    );
    let all = text(&[&model[..], &["--all-notes"]].concat());
    assert!(
        all.contains("head_dim is not in the config; 4,096 ÷ 32 = 128 is assumed."),
        "{all}"
    );
}

/// Help is made for a terminal of 80 letters.
#[test]
fn examples_are_whole() {
    for arguments in [&["--help"][..], &["estimate", "--help"]] {
        let help = text(arguments);
        let examples = help.split("Examples:\n").nth(1).unwrap();
        for line in examples.lines() {
            assert!(line.chars().count() <= 78, "{line}");
        }
        assert!(
            examples.lines().next().unwrap().starts_with("  weighbridge estimate "),
            "{examples}"
        );
    }
}

/// What engines call a setting is a name of it here too.
#[test]
fn engines_own_flags_are_known() {
    let link = |flags: &[&str]| {
        let answer = estimate(&[&["google/gemma-3-27b-it"], flags].concat());
        answer["link"].as_str().unwrap().to_owned()
    };
    for (own, ours) in [
        (&["--max-num-seqs", "64"][..], &["--max-sequences", "64"][..]),
        (&["--max-num-batched-tokens", "4k"], &["--max-batched-tokens", "4096"]),
        (&["--gpu-memory-utilization", "0.95"], &["--memory-fraction", "95"]),
        (&["--ubatch-size", "1024"], &["--micro-batch", "1024"]),
        (&["--cache-type-k", "q8_0"], &["--kv-cache", "q8_0"]),
        (&["--n-cpu-moe", "20"], &["--offload", "experts:20"]),
        (&["--swa-full"], &["--window-cache", "full"]),
        (&["--no-kv-offload"], &["--cache-place", "ram"]),
    ] {
        assert_eq!(link(own), link(ours), "{own:?}");
    }
}

/// A log from a file or from standard input; flags come before what it says.
#[test]
fn a_log_beside_the_estimate() {
    let log = "tests/logs/vllm-llama-3.1-8b-h100.log";
    let answer = support::command::json(&["log", log, "--hardware", "h100"]);
    assert_eq!(answer["log"]["source"], "vllm");
    assert_eq!(answer["model"]["id"], "meta-llama/Llama-3.1-8B-Instruct");
    assert_eq!(answer["parts"][0]["part"], "weights");
    assert_eq!(answer["assumptions"][1]["flag"], "memory-fraction");
    let answer = support::command::json(&["log", log, "--hardware", "h100", "--memory-fraction", "80"]);
    assert!(
        answer["taken"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["flag"] != "memory-fraction")
    );
    let said = text(&["log", log, "Qwen/Qwen3-8B"]);
    assert!(
        said.contains("The log is of meta-llama/Llama-3.1-8B-Instruct, the estimate of Qwen/Qwen3-8B."),
        "{said}"
    );
    for format in ["csv", "markdown"] {
        assert!(text(&["log", log, "--format", format]).contains("likely reason"));
    }
    let output = run(&["log", "README.md"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["log", "tests/logs/llama.cpp-offload.log"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("The log does not name its model"));
}

/// What other calculators give, in every format.
#[test]
fn other_calculators() {
    let model = "meta-llama/Llama-3.1-8B-Instruct";
    let answer = support::command::json(&["calculators", model]);
    let rules = answer["rules"].as_array().unwrap();
    assert!(
        rules
            .iter()
            .any(|one| one["rule"] == "cache_of_all_heads" && one["difference"] == 3.0)
    );
    let said = text(&["calculators", model]);
    assert!(
        said.contains("\nKV cache: ") && said.contains("    Source: gpu_poor"),
        "{said}"
    );
    for format in ["csv", "markdown"] {
        assert!(text(&["calculators", model, "--format", format]).contains("its result"));
    }
}
