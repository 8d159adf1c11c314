//! What is said: whole sentences, read by somebody. Page and command line print these.

use std::sync::Arc;

use crate::support;

use support::engine::{blueprint, scenario};
use weighbridge::analysis::{Analysis, Verdict, analyse, analyse_setup, answers, fixes};
use weighbridge::model::quantisation::quality;
use weighbridge::report::{
    RunWays, Sentence, Strategy, best_way, cards, elsewhere, judge, run, sentence, server, strategies, tiles,
};
use weighbridge::units::UnitSystem;

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";
const GIB: UnitSystem = UnitSystem::Gib;

fn answer(id: &str, query: &str) -> Analysis {
    analyse(&Arc::new(Arc::unwrap_or_clone(blueprint(id))), &scenario(query)).unwrap()
}

fn said(id: &str, query: &str) -> Sentence {
    sentence(&answer(id, query), "Llama 3.1 8B", GIB)
}

/// The tile of this name: value, unit, note.
fn tile(id: &str, query: &str, what: &str) -> (String, String, String) {
    let all = tiles(&answer(id, query), GIB);
    let found = all.iter().find(|tile| tile.what == what);
    let tile = found.unwrap_or_else(|| panic!("no {what} in {all:?}"));
    (tile.value.clone(), tile.unit.clone(), tile.note.clone())
}

#[test]
fn what_fits_says_how_much_room_is_left() {
    let found = said(LLAMA, "hw=rtx-4090&p=8192&g=512");
    assert_eq!(found.pill, "Fits");
    assert_eq!(
        found.main,
        "Llama 3.1 8B fits one RTX 4090 in BF16 and writes about 54 tokens a second."
    );
    assert_eq!(
        found.rest,
        "With 8,704 tokens 3.76 GiB stay free, enough for 30,768 more tokens."
    );
}

/// What does not fit whole says so, and the best way to run it stands beside it with what it loses.
#[test]
fn what_does_not_fit_whole_names_the_best_way() {
    let analysis = answer("Qwen/Qwen3-32B", "hw=rtx-3090&p=6000&g=512");
    let found = sentence(&analysis, "Qwen3 32B", GIB);
    assert_eq!(found.pill, "Fits with offload");
    assert!(
        found
            .main
            .starts_with("Qwen3 32B in BF16 runs on one RTX 3090 only with part of it in RAM, at about 0.5"),
        "{}",
        found.main
    );
    let found_answers = answers(&analysis).unwrap();
    let (words, scenario) = best_way(&analysis, &found_answers).unwrap();
    assert!(
        words.starts_with("In Q5_K_S it fits whole with llama.cpp and writes about "),
        "{words}"
    );
    assert!(words.ends_with(" tokens a second, with a small loss."), "{words}");
    assert_eq!(scenario.precision.weights, Some("q5_k_s"));
    let cards = cards(&analysis, &found_answers, GIB);
    let said: Vec<_> = cards.iter().map(|card| (card.key, card.value.as_str())).collect();
    assert_eq!(said[0], ("format", "Q5_K_S"));
    assert_eq!(said[1], ("context", "40,960 tokens"));
    assert_eq!(said[2], ("degree", "4 × RTX 3090"));
    assert_eq!(said[3].0, "cheapest");
    // What a card offers holds when it is taken.
    for card in cards
        .iter()
        .filter(|card| matches!(card.key, "format" | "degree" | "cheapest"))
    {
        let then = analysis.setup.under(card.deed.clone().unwrap()).unwrap();
        let verdict = analyse_setup(then).unwrap().fit.unwrap().verdict;
        assert_eq!(verdict, Verdict::Fits, "{}", card.key);
    }
    // What fits needs no other way.
    let fits = answer(LLAMA, "hw=rtx-4090&p=8192&g=512");
    assert_eq!(best_way(&fits, &answers(&fits).unwrap()), None);
}

#[test]
fn a_million_tokens_cost_the_hour_by_the_tokens_of_an_hour() {
    let analysis = answer(LLAMA, "hw=rtx-4090&p=8192&g=512&price=2");
    let rate = analysis.speed.as_ref().unwrap().tokens_per_second;
    let (value, _, note) = tile(LLAMA, "hw=rtx-4090&p=8192&g=512&price=2", "A million tokens");
    assert_eq!(value, format!("${:.2}", 2.0 / 3600.0 / rate * 1e6));
    assert_eq!(note, "$2.00 an hour");
}

#[test]
fn the_loss_of_a_format_has_one_word_for_each_family() {
    let loss = |format: &str| quality(format).unwrap().loss().words();
    assert_eq!(loss("q6_k"), "almost no loss");
    assert_eq!(loss("q4_k_m"), "a small loss");
    assert_eq!(loss("q3_k_m"), "a noticeable loss");
    assert_eq!(loss("q2_k"), "a heavy loss");
}

#[test]
fn without_a_device_it_says_what_is_needed() {
    let found = said(LLAMA, "p=8192&g=512");
    assert_eq!(found.pill, "No device chosen");
    assert!(
        found.main.starts_with("Llama 3.1 8B in BF16 with 8,704 tokens needs "),
        "{}",
        found.main
    );
    assert_eq!(found.rest, "Choose a device to see whether it fits.");
}

/// Memory may have room for more than the model was made for: that is not "Fits".
#[test]
fn beyond_the_models_context_is_said_first() {
    let found = said(LLAMA, "p=200000&g=512&hw=h100-sxm");
    assert_eq!((found.verdict, found.pill), ("beyond", "Beyond the model's context"));
    assert!(
        found.rest.ends_with("The model was made for 131,072 tokens at most."),
        "{}",
        found.rest
    );
}

#[test]
fn what_does_not_fit_names_what_is_missing() {
    let found = said("Qwen/Qwen2.5-72B-Instruct", "hw=rtx-4090&off=none");
    assert_eq!(found.pill, "Does not fit");
    assert!(found.rest.ends_with(" are missing."), "{}", found.rest);
    let found = said("Qwen/Qwen2.5-72B-Instruct", "hw=rtx-4090&n=2&off=none");
    assert!(
        found.rest.ends_with(" are missing on the fullest device."),
        "{}",
        found.rest
    );
}

#[test]
fn what_does_not_run_begins_with_a_capital() {
    let found = said(LLAMA, "hw=h100-sxm&n=3&tp=3&e=vllm");
    assert_eq!(found.pill, "Not supported");
    assert_eq!(
        found.main,
        "Llama 3.1 8B in BF16 does not run on 3 × H100 SXM5 80GB with vLLM."
    );
    assert!(
        found.rest.starts_with("The heads of attention do not divide"),
        "{}",
        found.rest
    );
}

/// Nothing of other modes counts in a run, whatever else the scenario holds for them.
#[test]
fn training_knows_impossible_splits_and_no_cache() {
    let (blueprint, scenario) = (
        blueprint(LLAMA),
        scenario("hw=h100-sxm&n=64&tp=64&mode=pretrain&p=8192"),
    );
    assert_eq!(
        analyse(&blueprint, &scenario).unwrap_err().to_string(),
        "32 query heads do not divide by tensor parallel 64."
    );
    let eight = answer(LLAMA, "hw=h100-sxm&n=8&mode=pretrain&p=8192&g=512");
    assert_eq!(eight.setup.tokens().value, 8192);
    assert!(eight.ranks.groups.iter().all(|rank| rank.memory.kv_cache_bytes == 0));
    assert_eq!(eight.fit.as_ref().unwrap().verdict, Verdict::Fits);
    let words = sentence(&eight, "Llama 3.1 8B", GIB).main;
    assert!(
        words.starts_with("Llama 3.1 8B trains on 8 × H100 SXM5 80GB at about "),
        "{words}"
    );
    assert!(words.contains(" tokens a second (MFU "), "{words}");
}

/// The method, the whole run with its cost, and of what does not fit how much is missing, when, and what takes it.
#[test]
fn a_run_in_a_sentence() {
    let adapters = said(LLAMA, "hw=rtx-4090&mode=finetune&p=4096&lr=16&bw=nf4-dq&recompute=full");
    assert!(
        adapters
            .main
            .starts_with("Llama 3.1 8B trains with QLoRA of rank 16 on one RTX 4090 at about "),
        "{}",
        adapters.main
    );
    let whole = said(
        LLAMA,
        "hw=h100-sxm&n=64&mode=pretrain&p=8192&gb=512&tt=2000000000000&recompute=full",
    );
    assert!(
        whole
            .main
            .starts_with("Llama 3.1 8B learns 2.00 T tokens on 64 × H100 SXM5 80GB in "),
        "{}",
        whole.main
    );
    assert!(whole.main.contains(" days, for about $"), "{}", whole.main);
    let large = said(LLAMA, "hw=rtx-4090&mode=finetune&p=4096");
    assert_eq!(large.pill, "Out of memory");
    assert!(
        large.rest.starts_with("With one sequence of 4,096 tokens, "),
        "{}",
        large.rest
    );
    assert!(
        large.rest.contains(" are missing at ") && large.rest.contains("The optimizer's states take the most: "),
        "{}",
        large.rest
    );
}

/// Each way is weighed as the page would after a click on it, and sharding more never needs more.
#[test]
fn ways_to_train_are_weighed() {
    let one = answer(LLAMA, "hw=rtx-4090&mode=finetune&p=4096");
    let all = strategies(&one.setup);
    let judged = |name: &str| {
        let found = all.iter().flat_map(|ways| &ways.list).find(|one| one.name == name);
        judge(&one.setup, found.unwrap()).unwrap()
    };
    assert!(judged("QLoRA, rank 16").fits && !judged("All parameters").fits);
    assert!(judged("QLoRA, rank 16").total_bytes < judged("LoRA, rank 16").total_bytes);
    let many = answer(LLAMA, "hw=h100-sxm&n=8&mode=pretrain&p=4096");
    let sharded = strategies(&many.setup)
        .into_iter()
        .find(|ways| ways.title == "What devices share");
    // Without layers recomputed in their place.
    let plain = |one: &Strategy| Strategy {
        or_recomputed: false,
        ..one.clone()
    };
    let sizes: Vec<u64> = sharded
        .unwrap()
        .list
        .iter()
        .map(|one| judge(&many.setup, &plain(one)).unwrap().total_bytes)
        .collect();
    assert_eq!(sizes.len(), 4);
    assert!(sizes.is_sorted_by(|one, next| one >= next), "{sizes:?}");
}

/// What 2,000 sequences lack is sequences, not tokens.
#[test]
fn of_many_sequences_fewer_are_offered() {
    let found = answer(LLAMA, "hw=rtx-4090&p=8192&g=512&b=2000");
    let cards = cards(&found, &answers(&found).unwrap(), GIB);
    assert!(cards.iter().all(|card| card.key != "context"), "{cards:?}");
    let fewer = cards.iter().find(|card| card.key == "users").unwrap();
    assert_eq!((fewer.value.as_str(), fewer.note.as_str()), ("4", "now 2,000"));
    let then = analyse(&blueprint(LLAMA), fewer.deed.as_ref().unwrap()).unwrap();
    assert_eq!(then.fit.unwrap().verdict, Verdict::Fits);
}

/// Where nothing selects, Selective is no row of its own; where scores are written, it is.
#[test]
fn selective_is_offered_where_it_differs() {
    let names = |query: &str| {
        let setup = answer(LLAMA, query).setup;
        let kept = strategies(&setup).pop().unwrap();
        kept.list.into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    let fused = names("hw=h100-sxm&mode=pretrain&p=4096&n=8");
    assert_eq!(fused, ["Keep everything", "Layers recomputed"]);
    let eager = names("hw=h100-sxm&mode=pretrain&p=4096&n=8&attn=eager");
    assert_eq!(eager, ["Keep everything", "Selective", "Layers recomputed"]);
    // The row of what is kept is that of the scenario in hand.
    let now = answer(LLAMA, "hw=h100-sxm&mode=pretrain&p=4096&n=8");
    let kept = strategies(&now.setup).pop().unwrap();
    assert_eq!(kept.list[0].scenario, *now.setup.requested);
}

/// The way out of a run that does not fit fits, is the fastest of those listed, and stands in a sentence.
#[test]
fn a_run_that_does_not_fit_has_a_way_out() {
    for query in [
        "hw=rtx-4090&mode=finetune&p=4096",
        "hw=h100-sxm&n=8&mode=finetune&p=8192&b=2",
        "hw=h100-sxm&n=8&mode=finetune&p=8192&b=8",
        "hw=h100-sxm&n=8&mode=pretrain&p=8192&zero=0",
    ] {
        let found = answer(LLAMA, query);
        assert_eq!(found.fit.as_ref().unwrap().verdict, Verdict::DoesNotFit, "{query}");
        let ways = run::ways(&found, GIB).unwrap();
        let (words, scenario) = ways.best.unwrap();
        assert!(
            words.starts_with("With ") && words.contains(" it fits and trains at about "),
            "{words}"
        );
        let then = analyse(&blueprint(LLAMA), &scenario).unwrap();
        assert_eq!(then.fit.as_ref().unwrap().verdict, Verdict::Fits, "{query}: {words}");
        let rate = |one: &Analysis| {
            let training = one.training.as_ref().unwrap();
            training.time.as_ref().unwrap().tokens_per_second(&training.plan)
        };
        // The fastest that trains the same parameters; another method only where none of those fits.
        let fastest = |same: bool| {
            let listed = strategies(&found.setup).into_iter().filter(|ways| ways.same || !same);
            let each = listed.flat_map(|ways| ways.list);
            let rates = each.filter_map(|one| judge(&found.setup, &one).ok().filter(|judged| judged.fits)?.speed);
            rates.map(|(_, rate)| rate).fold(0.0, f64::max)
        };
        let most = [fastest(true), fastest(false)]
            .into_iter()
            .find(|rate| *rate > 0.0)
            .unwrap_or(0.0);
        // Where no way fits with so many sequences at once, one at a time does.
        let singly = words.contains(", one sequence at a time, it fits");
        assert_eq!(singly, most == 0.0, "{query}: {words}");
        assert!(singly || (rate(&then) / most - 1.0).abs() < 1e-9, "{query}: {words}");
        let step = |one: &Analysis| one.training.as_ref().unwrap().plan.global_batch;
        assert_eq!(step(&then), step(&found), "{query}: {words}");
        // What each card offers fits too.
        for card in ways.cards {
            if let Some(deed) = card.deed {
                let then = analyse(&blueprint(LLAMA), &deed).unwrap();
                assert_eq!(
                    then.fit.unwrap().verdict,
                    Verdict::Fits,
                    "{query}: {} {}",
                    card.what,
                    card.value
                );
            }
        }
    }
    // Where nothing else helps, more of the same device.
    let large = answer("Qwen/Qwen3-235B-A22B", "hw=h100-sxm&n=2&mode=pretrain&p=4096");
    let (words, scenario) = run::ways(&large, GIB).unwrap().best.unwrap();
    assert!(
        words.starts_with("On ") && words.contains(" × H100 SXM5 80GB it fits and trains at about "),
        "{words}"
    );
    let then = analyse(&blueprint("Qwen/Qwen3-235B-A22B"), &scenario).unwrap();
    assert_eq!(then.fit.unwrap().verdict, Verdict::Fits, "{words}");
    let fits = answer(LLAMA, "hw=h100-sxm&n=8&mode=pretrain&p=4096");
    assert_eq!(run::ways(&fits, GIB), Some(RunWays::default()));
}

#[test]
fn a_server_says_what_runs_and_whether_targets_are_met() {
    let found = said(LLAMA, "mode=serve&hw=h100-sxm&b=50&p=1000&g=400&ttft=20000&tpot=100");
    assert_eq!(
        found.main,
        "Llama 3.1 8B on one H100 SXM5 80GB in BF16 serves 50 users at once."
    );
    assert!(found.rest.starts_with("Together they get about "), "{}", found.rest);
    assert!(found.rest.ends_with(" The latency targets are met."), "{}", found.rest);
    let strict = said(LLAMA, "mode=serve&hw=h100-sxm&b=50&p=1000&g=400&tpot=1");
    assert_eq!((strict.verdict, strict.pill), ("missed", "Misses its target"));
    assert!(
        strict.rest.contains(" Each further token takes ") && strict.rest.ends_with(", not 1.00 ms at most."),
        "{}",
        strict.rest
    );
    let slow = said(LLAMA, "mode=serve&hw=h100-sxm&b=50&p=1000&g=400&ttft=1&tpot=1000");
    assert!(
        slow.rest.contains(" The first token comes after ") && !slow.rest.contains("further token"),
        "{}",
        slow.rest
    );
}

#[test]
fn users_that_have_no_room_are_not_counted() {
    let query = "mode=serve&p=4096&b=50&hw=h100-sxm";
    let (value, _, note) = tile("deepseek-ai/DeepSeek-V3.1", query, "Users at once");
    assert_eq!((value.as_str(), note.as_str()), ("–", "none fits beside the weights"));
}

#[test]
fn tiles_say_usable_memory_and_what_limits() {
    let query = "hw=rtx-4090&p=8192&g=512";
    let (_, unit, note) = tile(LLAMA, query, "Memory");
    assert_eq!(
        (unit.as_str(), note.as_str()),
        ("of 21.2 GiB", "vLLM takes 90 % of the 23.5 GiB it sees")
    );
    let (word, _, note) = tile(LLAMA, query, "Limited by");
    assert_eq!(word, "bandwidth");
    assert!(note.contains(" % of the time; "), "{note}");
    // Part of the model is read from RAM: that, not the device's bandwidth, is what takes the time.
    let spilled = "hw=rtx-4090&w=q8_0&e=llama.cpp";
    assert_eq!(tile("Qwen/Qwen2.5-72B-Instruct", spilled, "Limited by").0, "RAM");
    let (value, unit, note) = tile(LLAMA, "hw=h100-sxm", "Longest context");
    assert_eq!(
        (value.as_str(), unit.as_str(), note.as_str()),
        ("131,072", "", "tokens, the model's own limit")
    );
}

#[test]
fn lines_of_a_server() {
    let analysis = answer(LLAMA, "mode=serve&hw=h100-sxm&b=1&p=1000&g=400&ttft=2000");
    let lines = server(analysis.serving.as_ref().unwrap());
    let line = |key| lines.iter().find(|line| line.key == key).unwrap();
    assert_eq!(line("serving.running").words, "1 request in flight: it runs at once.");
    assert_eq!(
        line("serving.targets").basis,
        "The targets for the first token and for each further one are set under Workload."
    );
    assert!(line("serving.cost").words.starts_with("A million tokens cost $"));
}

/// With many sequences the first way out is fewer of them, not a shorter prompt.
#[test]
fn fewer_sequences_come_before_shorter_prompts() {
    let analysis = answer(LLAMA, "hw=rtx-4090&b=2000&p=8192&g=512&off=none");
    let labels: Vec<String> = fixes(&analysis, GIB).into_iter().map(|way| way.label).collect();
    assert!(labels.iter().any(|label| label == "4 sequences at once"), "{labels:?}");
    assert!(labels.iter().all(|label| !label.ends_with(" tokens")), "{labels:?}");
}

/// Near the edge the answer is no plain "Fits": what is not known of the peak is said.
#[test]
fn what_barely_fits_may_not() {
    // 16.1 GB of weights and 4.9 GB of cache on 21.2 GiB: 0.25 GiB stay free, 3 % of the need are 0.63.
    let found = said(LLAMA, "hw=rtx-4090&e=vllm&p=37000&g=512");
    assert_eq!((found.verdict, found.pill), ("tight", "May not fit"));
    assert_eq!(found.main, "Llama 3.1 8B may not fit one RTX 4090 in BF16.");
    assert!(
        found.rest.starts_with(
            "With 37,512 tokens 246 MiB should stay free, but about 644 MiB of what it needs at its peak is not known."
        ),
        "{}",
        found.rest
    );
    assert_eq!(said(LLAMA, "hw=h100-sxm&e=vllm&p=32000&g=512").pill, "Fits");
}

/// What the engine keeps in RAM is missing in no sum without a word.
#[test]
fn what_lies_in_ram_is_said() {
    let query = "e=llama.cpp&w=q4_k_m&hw=rtx-4090&p=2048";
    let said = |query: &str| elsewhere(&answer("Qwen/Qwen2.5-14B-Instruct", query), GIB);
    assert_eq!(
        said(query).as_deref(),
        Some("Not counted here: the token table (418 MiB) in the machine's RAM.")
    );
    assert_eq!(
        said(&format!("{query}&kvp=ram")).as_deref(),
        Some("Not counted here: the token table (418 MiB) and the cache (432 MiB) in the machine's RAM.")
    );
    assert_eq!(said("e=vllm&hw=rtx-4090&w=awq"), None);
}
