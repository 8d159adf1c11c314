//! Commands and flags; those of a scenario are made from the knobs.

use crate::analysis::training::launch::Program;
use crate::ask::{ENGINES_OWN, LLAMA_CPP_OWN, LlamaCppOwn, set_flags};
use crate::hardware::{self, NamedDevice};
use crate::scenario::{KNOBS, Knob, KnobId, KnobKind, Scenario, Word};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};
use strum::IntoEnumIterator;

use super::output::{Failure, Format, tell};
use super::{search, this_machine};

// Lines of at most 78 letters: a terminal of 80 must not break them.
const EXAMPLES: &str = "Examples:
  weighbridge estimate Qwen/Qwen2.5-7B-Instruct --hardware 4090
  weighbridge estimate \"llama3 70b\" --hardware h100 --context 32k --launch
  weighbridge estimate Qwen/Qwen3-8B --mode serve --batch 64 --hardware l40s
  weighbridge estimate ./config.json --mode finetune --lora-rank 16
  weighbridge plan meta-llama/Llama-3.1-8B --devices 64 --hardware h100-sxm
  weighbridge inspect openai/gpt-oss-20b --format tree
  weighbridge compare Qwen/Qwen3-32B deepseek-ai/DeepSeek-V3.1 --weights fp8
  weighbridge fit Qwen/Qwen3-32B --formats fp8,awq,q4_k_m
  weighbridge fit --hardware 4090 --models all
  weighbridge batch models.txt --hardware 4090 --format csv
  weighbridge calculators deepseek-ai/DeepSeek-V3.1
  weighbridge log start.log --hardware h100
  weighbridge search qwen3 30b --files gguf --hardware 4090
  weighbridge models
  weighbridge hardware --format csv

A MODEL is a Hub id (owner/name, owner/name@revision), an address on the Hub,
a path to a config.json, a folder that holds one, or the name of a built-in
model, which needs no network. It may also be a .safetensors or .gguf file or
a model.safetensors.index.json: only headers are read.

Devices, engines and formats answer to everyday names: 4090, \"m4 max 64\",
ollama, 4bit. Numbers may be written 32k, 1e6, 64GB, 90% or 0.9, 2s.
--hardware auto takes what this computer has.
HF_ENDPOINT names another Hub or mirror, HF_TOKEN a token for gated models.";

/// The whole command line.
pub fn command() -> Command {
    let model = || {
        Arg::new("model")
            .value_name("MODEL")
            .required(true)
            .help("Hub id, config.json, folder, or built-in name")
    };
    let models = Arg::new("models")
        .value_name("MODEL")
        .required(true)
        .num_args(1..)
        .help("Models to set side by side, or whole cases: a link of the page, or its query (m=...&hw=...), to which no flag applies");
    Command::new("weighbridge")
        .version(crate::export::VERSION)
        .about("Does this language model fit that hardware, how fast, at what cost, and why?")
        .after_help(EXAMPLES)
        .arg_required_else_help(true)
        .subcommand(
            with_knobs(Command::new("estimate").about("Memory, compute, intensity and fit of one model"))
                .arg(model())
                .arg(launch_arg("Also the command that starts the engine or the run as estimated, its options explained in comments; --launch=only writes nothing else"))
                .arg(program_arg())
                .arg(Arg::new("all-notes").long("all-notes").action(ArgAction::SetTrue).help("Also what is assumed of nearly every model"))
                .arg(Arg::new("answers").long("answers").action(ArgAction::SetTrue).help("Also what it would take: longest context, most users, best format, cheapest hardware, fewest devices"))
                .arg(format_arg(&[])).after_help(
                "Examples:\n  weighbridge estimate Qwen/Qwen2.5-7B-Instruct --hardware 4090\n  weighbridge estimate Qwen/Qwen3-32B --mode prefill --format json\n  weighbridge estimate gpt-oss-120b --hardware 4090 --engine ollama --launch",
            ),
        )
        .subcommand(Command::new("inspect").about("The blueprint: components, layers, every tensor").arg(model()).arg(format_arg(&[Format::Tree, Format::Svg])).args(access()))
        .subcommand(
            with_knobs(Command::new("fit").about("The verdict on every device of the table; with --models, what runs on one device"))
                .arg(model().required(false).required_unless_present("models").conflicts_with("models"))
                .arg(Arg::new("models").long("models").value_name("LIST|all").requires("hardware").conflicts_with("formats").help("What runs on --hardware: each of these models, or all built-in ones, in the format that is best there"))
                .arg(Arg::new("formats").long("formats").value_name("LIST|all").help("Weights in each of these formats, e.g. fp8,awq,q4_k_m; `all` is twelve usual ones"))
                .arg(format_arg(&[])),
        )
        .subcommand(
            with_knobs(Command::new("compare").about("Models, devices, formats or whole cases side by side"))
                .arg(models)
                .arg(Arg::new("formats").long("formats").value_name("LIST|best").help("Each model in each of these formats, e.g. fp8,awq,q4_k_m; `best` is the one that loses least and fits whole, which links take too"))
                .arg(format_arg(&[]))
                .after_help(
                    "Examples:\n  weighbridge compare Qwen/Qwen3-32B openai/gpt-oss-20b --hardware 4090 --formats best\n  weighbridge compare Qwen/Qwen3-32B --hardware 4090 --also 5090,m4-max-64gb --formats fp8,q4_k_m\n  weighbridge compare 'm=Qwen/Qwen3-32B&hw=rtx-5090&w=awq' 'm=openai/gpt-oss-20b&hw=rtx-4090'",
                ),
        )
        .subcommand(
            with_knobs(Command::new("plan").about("The best layouts of a training run, and why the usual ones lose"))
                .arg(model())
                .arg(Arg::new("within-days").long("within-days").value_name("N").value_parser(value_parser!(f64)).help("The fewest devices that train --tokens within so many days"))
                .arg(Arg::new("within-dollars").long("within-dollars").value_name("N").value_parser(value_parser!(f64)).help("The fewest devices, and the run that is done first, for so many US dollars"))
                .arg(launch_arg("Also the command that starts the best plan, its options explained in comments; --launch=only writes nothing else"))
                .arg(program_arg())
                .arg(Arg::new("cheapest").long("cheapest").action(ArgAction::SetTrue).help("Also the devices on which a million tokens cost least"))
                .arg(format_arg(&[]))
                .after_help("Pretraining unless --mode finetune is given. Without --framework, those that are usual for so many devices are weighed.\n\nExamples:\n  weighbridge plan meta-llama/Llama-3.1-8B --devices 64 --hardware h100-sxm --tokens 2T\n  weighbridge plan Qwen/Qwen3-32B --mode finetune --devices 8 --hardware h100-sxm\n  weighbridge plan meta-llama/Llama-3.1-8B --mode finetune --hardware 4090"),
        )
        .subcommand(
            with_knobs(Command::new("batch").about("A list of models, one estimate a row"))
                .arg(Arg::new("file").value_name("FILE").required(true).help("Models or links, one a line, a CSV, or a folder of configs; - is standard input"))
                .arg(Arg::new("formats").long("formats").value_name("LIST|best").help("Each model in each of these formats; `best` is the one that loses least and fits whole, which links take too"))
                .arg(Arg::new("column").long("column").value_name("NAME").help("The column of a CSV that holds the models"))
                .arg(Arg::new("jobs").long("jobs").value_name("N").default_value("4").value_parser(value_parser!(u64).range(1..=16)).help("How many are fetched at once"))
                .arg(format_arg(&[]))
                .after_help("JSON is one line a model, written as soon as it is known. What cannot be answered stays in its place, with the reason.\n\nExamples:\n  weighbridge batch models.txt --hardware 4090 --format csv\n  weighbridge models --format csv | weighbridge batch - --hardware h100 --format json"),
        )
        .subcommand(
            with_knobs(Command::new("calculators").about("What the rules of other calculators give, and why they disagree"))
                .arg(model())
                .arg(format_arg(&[])),
        )
        .subcommand(
            with_knobs(Command::new("log").about("An engine's log beside the estimate, part by part"))
                .arg(Arg::new("file").value_name("FILE").required(true).help("Log of vLLM, SGLang, llama.cpp, Ollama or MLX, or what nvidia-smi prints; - is standard input"))
                .arg(Arg::new("model").value_name("MODEL").help("The model, where the log does not name it: Hub id, config.json, folder, or built-in name"))
                .arg(format_arg(&[]))
                .after_help("What the log says of how the engine was started is taken over; flags come first.\n\nExamples:\n  vllm serve Qwen/Qwen3-8B 2>&1 | tee start.log\n  weighbridge log start.log --hardware h100\n  llama-server -m model.gguf 2>&1 | weighbridge log - Qwen/Qwen3-8B"),
        )
        .subcommand(search::command(format_arg(&[]), access().into_iter().filter(|one| one.get_id() != "headers")))
        .subcommand(Command::new("models").about("The built-in models").arg(Arg::new("types").long("types").action(ArgAction::SetTrue).help("The model types that are known instead")).arg(format_arg(&[])))
        .subcommand(Command::new("hardware").about("The built-in devices").arg(Arg::new("nodes").long("nodes").action(ArgAction::SetTrue).help("Machines and cloud instances instead")).arg(format_arg(&[])))
        .subcommand(
            Command::new("completions")
                .about("Completions for a shell, on standard output")
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(clap_complete::Shell))),
        )
}

fn format_arg(also: &[Format]) -> Arg {
    let usual = |one: &Format| !matches!(one, Format::Tree | Format::Svg);
    let values = Format::value_variants()
        .iter()
        .filter(|one| usual(one) || also.contains(one))
        .filter_map(ValueEnum::to_possible_value);
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .default_value("table")
        .value_parser(PossibleValuesParser::new(values))
        .help("How the answer is written")
}

/// Where the Hub is and how to get in.
fn access() -> [Arg; 3] {
    [
        Arg::new("headers")
            .long("headers")
            .action(ArgAction::SetTrue)
            .help("Read the headers of the model's weights from the Hub too, and compare"),
        Arg::new("endpoint")
            .long("endpoint")
            .value_name("URL")
            .env("HF_ENDPOINT")
            .help("The Hub, or a mirror of it"),
        Arg::new("timeout")
            .long("timeout")
            .value_name("SECONDS")
            .default_value("30")
            .value_parser(value_parser!(u64).range(1..=600))
            .help("How long to wait for the Hub"),
    ]
}

fn with_knobs(command: Command) -> Command {
    let context = Arg::new("context")
        .long("context")
        .value_name("N")
        .conflicts_with("prompt")
        .help("Tokens of prompt and answer together, e.g. 32k: the prompt is what --generate leaves of it");
    command
        .args(KNOBS.iter().map(argument))
        .args(LLAMA_CPP_OWN.iter().map(argument_of_llama_cpp))
        .arg(context)
        .args(access())
        .arg(
            Arg::new("edit")
                .long("edit")
                .value_name("KEY=VALUE")
                .action(ArgAction::Append)
                .help("Change a key of the config before weighing it, e.g. num_hidden_layers=16"),
        )
}

fn argument_of_llama_cpp(own: &LlamaCppOwn) -> Arg {
    let argument = Arg::new(own.flag).long(own.flag).help(own.help);
    if own.takes_number {
        argument.value_name("N")
    } else {
        argument.action(ArgAction::SetTrue)
    }
}

/// The value of a flag of llama.cpp, if it was given; a switch has none.
fn said_of_llama_cpp(own: &LlamaCppOwn, matches: &ArgMatches) -> Option<String> {
    if own.takes_number {
        matches.get_one::<String>(own.flag).cloned()
    } else {
        matches.get_flag(own.flag).then(String::new)
    }
}

/// A flag from a knob. Values are checked by the knob itself, so that page, link and flag refuse in the same words.
fn argument(knob: &'static Knob) -> Arg {
    let default = (knob.get)(&Scenario::default());
    let mut help = knob.help.to_owned();
    let own = ENGINES_OWN
        .iter()
        .filter(|(id, _)| *id == knob.id)
        .flat_map(|(_, own)| *own);
    let mut argument = Arg::new(knob.flag).long(knob.flag).visible_aliases(own.copied());
    match knob.kind {
        KnobKind::Whole { .. } => argument = argument.value_name("N"),
        KnobKind::Bytes { .. } => argument = argument.value_name("BYTES"),
        KnobKind::WholeOr { words, .. } => argument = argument.value_name(or("N", words)),
        KnobKind::BytesOr { words, .. } => argument = argument.value_name(or("BYTES", words)),
        KnobKind::RealOr { words, .. } => argument = argument.value_name(or("NUMBER", words)),
        KnobKind::Devices => argument = argument.value_name("ID,ID"),
        KnobKind::Shares => argument = argument.value_name("N,N"),
        KnobKind::Pixels { .. } => argument = argument.value_name("WxH"),
        KnobKind::Host => argument = argument.value_name("ID"),
        KnobKind::Choice(rows) => {
            argument = argument.value_name("NAME");
            let keys: Vec<_> = rows().iter().map(|row| row.key).collect();
            help = format!("{help} One of: {}.", keys.join(", "));
        }
        KnobKind::Device => {
            argument = argument.value_name("ID");
            help = format!(
                "{help} `weighbridge hardware` lists the {} ids; auto is this computer's.",
                hardware::devices().len()
            );
        }
    }
    argument.help(format!("{help} [default: {default}]"))
}

/// `N|auto`: a value and the words that may stand for it.
fn or(value: &str, words: &[Word]) -> String {
    let words = words.iter().map(|word| word.key);
    std::iter::once(value).chain(words).collect::<Vec<_>>().join("|")
}

/// Says which device an everyday name was taken for, where it could have been another.
fn say_device(text: &str, id: Option<&str>) {
    if let (Err(None), NamedDevice::One(device, others)) = (hardware::resolve(text), hardware::device_named(text))
        && id == Some(&device.id)
    {
        let also = if others.is_empty() {
            String::new()
        } else {
            format!(
                " It may also be {}.",
                others.iter().take(4).copied().collect::<Vec<_>>().join(", ")
            )
        };
        tell(&format!(
            "\"{text}\" is taken as {} ({}).{also}",
            device.name, device.id
        ));
    }
}

/// The scenario that flags describe.
pub fn scenario(matches: &ArgMatches) -> Result<Scenario, Failure> {
    let mut scenario = Scenario::default();
    let mut given = Vec::new();
    for knob in KNOBS.iter() {
        match matches.get_one::<String>(knob.flag) {
            Some(text) if knob.id == KnobId::Hardware && text.eq_ignore_ascii_case("auto") => {
                let taken = this_machine::look()?;
                scenario.hardware.device = Some(taken.device);
                // Other flags say otherwise.
                scenario.hardware.devices = taken.count;
                scenario.hardware.host_memory = taken.host_bytes;
            }
            Some(text) => given.push((knob.flag.to_owned(), text.clone())),
            None => {}
        }
    }
    for own in LLAMA_CPP_OWN {
        given.extend(said_of_llama_cpp(own, matches).map(|text| (own.flag.to_owned(), text)));
    }
    if let Some(text) = matches.get_one::<String>("context") {
        given.push(("context".to_owned(), text.clone()));
    }
    set_flags(&mut scenario, &given)?;
    if let Some(text) = matches.get_one::<String>("hardware") {
        say_device(text, scenario.hardware.device.as_deref());
    }
    for edit in matches.get_many::<String>("edit").into_iter().flatten() {
        let (key, value) = edit
            .split_once('=')
            .ok_or_else(|| Failure::new("bad_value", format!("--edit {edit}: write KEY=VALUE.")))?;
        // What is not JSON is taken as a name: model_type=llama.
        let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.to_owned()));
        scenario.model.edits.insert(key.to_owned(), value);
    }
    Ok(scenario)
}

/// The scenario with `--hardware` alone, where a command has no other flag of it.
pub fn on_hardware(matches: &ArgMatches) -> Result<Scenario, Failure> {
    let mut scenario = Scenario::default();
    let Some(text) = matches.get_one::<String>("hardware") else {
        return Ok(scenario);
    };
    if text.eq_ignore_ascii_case("auto") {
        let taken = this_machine::look()?;
        scenario.hardware.device = Some(taken.device);
        scenario.hardware.devices = taken.count;
    } else {
        set_flags(&mut scenario, &[("hardware".to_owned(), text.clone())])?;
        say_device(text, scenario.hardware.device.as_deref());
    }
    Ok(scenario)
}

/// Knobs that flags were given for.
pub fn given(matches: &ArgMatches) -> Vec<KnobId> {
    let said = |flag: &str| matches.get_one::<String>(flag).is_some();
    let knobs = KNOBS.iter().filter(|knob| said(knob.flag)).map(|knob| knob.id);
    let own = LLAMA_CPP_OWN
        .iter()
        .filter(|own| said_of_llama_cpp(own, matches).is_some());
    let context = said("context").then_some([KnobId::Prompt, KnobId::Generate]);
    knobs
        .chain(own.map(|own| own.sets))
        .chain(context.into_iter().flatten())
        .collect()
}

fn launch_arg(help: &'static str) -> Arg {
    Arg::new("launch")
        .long("launch")
        .value_name("only")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("beside")
        .value_parser(["beside", "only"])
        .help(help)
}

fn program_arg() -> Arg {
    Arg::new("program")
        .long("program")
        .value_name("NAME")
        .requires("launch")
        .help("What starts a training run: trl, axolotl, llama-factory for Transformers, DeepSpeed and FSDP; llama-factory for Unsloth too; transformers-examples for models with an encoder")
}

/// The program that is to start a training run.
///
/// # Errors
/// A name that is none.
pub fn program(matches: &ArgMatches) -> Result<Option<Program>, Failure> {
    let Some(name) = matches.get_one::<String>("program") else {
        return Ok(None);
    };
    Program::named(name).map(Some).ok_or_else(|| {
        let all: Vec<&str> = Program::iter().map(Program::key).collect();
        Failure::new("bad_value", format!("--program {name} is none of {}.", all.join(", ")))
    })
}

/// The format asked for, wherever it was said.
pub fn format(matches: &ArgMatches) -> Format {
    let inner = matches.subcommand().map_or(matches, |(_, inner)| inner);
    let text = inner.try_get_one::<String>("format").ok().flatten();
    text.and_then(|text| Format::from_str(text, true).ok())
        .unwrap_or(Format::Table)
}

/// Writes completions.
pub fn completions(matches: &ArgMatches) -> Result<String, Failure> {
    let Some(shell) = matches.get_one::<clap_complete::Shell>("shell").copied() else {
        return Err(Failure::new("usage", "Name a shell."));
    };
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command(), "weighbridge", &mut out);
    Ok(String::from_utf8_lossy(&out).into_owned())
}
