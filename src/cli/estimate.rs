//! `weighbridge estimate`.

use crate::analysis::training::Training;
use crate::analysis::training::launch::{Program, launch as start_training};
use crate::analysis::{Analysis, Fit, Verdict, answers, launch, launch_in};
use crate::ask::Estimate;
use crate::export::Sheet;
use crate::export::answer::{AnswerSheet, Occasion, csv};
use crate::hardware::FrontEnd;
use crate::hardware::file_formats::any_read_by;
use crate::report::{limit, log_lines, notes, sentence, server, tokens, training_lines};
use crate::scenario::{Mode, link};
use crate::units::{UnitSystem, count, decimal, grouped, percent, rate, seconds, short_count, shown};
use clap::ArgMatches;

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, source};

/// Finds, builds and analyses a model.
pub fn of(model: &str, matches: &ArgMatches) -> Result<Estimate, Failure> {
    let scenario = arguments::scenario(matches)?;
    Estimate::under(source::find(model, matches)?, scenario)
}

/// The command that starts it, explained in comments.
fn started(estimate: &Estimate, program: Option<FrontEnd>, trains: Option<Program>) -> Result<String, String> {
    let (analysis, id) = (&estimate.analysis, &estimate.found.facts.id);
    if analysis.training.is_some() {
        return start_training(analysis, id, trains).map(|launch| launch.commented());
    }
    let made = match program {
        Some(program) => launch_in(analysis, id, program),
        None => launch(analysis, id),
    };
    made.map(|launch| launch.commented())
}

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let estimate = of(model, matches)?;
    let format = arguments::format(matches);
    let launch = matches.get_one::<String>("launch").map(String::as_str);
    let program = matches
        .get_one::<String>("engine")
        .and_then(|name| FrontEnd::named(name));
    let trains = arguments::program(matches)?;
    if launch == Some("only") && format != Format::Json {
        return started(&estimate, program, trains).map_err(|why| Failure::new("no_launch", why));
    }
    match format {
        Format::Json => json_text(&estimate.json(matches.get_flag("answers"))),
        Format::Table => {
            let mut out = table(&estimate, matches.get_flag("all-notes"))?;
            if matches.get_flag("answers") {
                out.push_str(&told(&estimate));
            }
            if launch.is_some() {
                let command = started(&estimate, program, trains).unwrap_or_else(|why| format!("{why}\n"));
                out.push_str(&format!("\nStart it\n{command}"));
            }
            Ok(out)
        }
        Format::Csv => numbers(&estimate),
        other => sheets(&[memory(&estimate), compute(&estimate)], other),
    }
}

const UNITS: UnitSystem = UnitSystem::Gib;

/// All figures as numbers, the same table as the page hands out.
fn numbers(estimate: &Estimate) -> Result<String, Failure> {
    let (facts, analysis) = (&estimate.found.facts, &estimate.analysis);
    let query = link(&analysis.setup.requested).map_or_else(|_| String::new(), |query| format!("?{query}"));
    let occasion = Occasion {
        name: &facts.id,
        link: &query,
        ..Occasion::default()
    };
    csv(&AnswerSheet::of(analysis, facts, &occasion, UNITS))
        .map_err(|error| Failure::new("internal", error.to_string()))
}

fn table(estimate: &Estimate, all: bool) -> Result<String, Failure> {
    let mut out = format!("{}\n", headline(estimate)?);
    if runs_not(&estimate.analysis) {
        out.push_str("Memory, speed and limits are not answered for what does not run.\n");
    } else {
        out.push('\n');
        let mut all = vec![memory(estimate), compute(estimate)];
        if let Some(training) = &estimate.analysis.training {
            if !training.rl_stages.is_empty() {
                all.insert(1, stages(training));
            }
            all.insert(1, step(training));
            all.insert(1, moments(training));
        }
        out.push_str(&sheets(&all, Format::Table)?);
        let lines = log_lines(&estimate.analysis);
        if !lines.is_empty() {
            let engine = estimate.analysis.setup.engine.label();
            out.push_str(&format!("\n{engine} would log\n"));
            lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
        }
    }
    let (heavy, usual) = notes(&estimate.analysis);
    if !estimate.analysis.notices.is_empty() {
        out.push_str("\nNotes\n");
        let shown_now = heavy.iter().chain(usual.iter().filter(|_| all));
        shown_now.for_each(|notice| out.push_str(&format!("  {}\n", shown(&notice.message))));
        if !all && !usual.is_empty() {
            let codes: Vec<&str> = usual.iter().map(|notice| notice.code.as_str()).collect();
            out.push_str(&format!(
                "  Usual assumptions: {} (--all-notes tells them).\n",
                codes.join(", ").replace('_', " ")
            ));
        }
    }
    Ok(out)
}

/// Whether engine and device do not run it at all, so that no number means anything.
fn runs_not(analysis: &Analysis) -> bool {
    let fit = analysis.fit.as_ref();
    fit.is_some_and(|fit| fit.verdict == Verdict::Unsupported)
}

/// The answers in sentences.
fn told(estimate: &Estimate) -> String {
    let setup = &estimate.analysis.setup;
    let mut out = "\nWhat would it take\n".to_owned();
    let Some(answers) = answers(&estimate.analysis) else {
        return out + "  Choose a device with --hardware: then this says how far it goes, and what else would do.\n";
    };
    for one in answers.said(setup, UNITS) {
        out.push_str(&format!("  {}\n    {}\n", one.words, one.basis));
    }
    out
}

fn headline(estimate: &Estimate) -> Result<String, Failure> {
    let Estimate {
        found,
        analysis,
        comparison,
    } = estimate;
    let setup = &*analysis.setup;
    let (blueprint, scenario) = (&setup.blueprint, &setup.requested);
    let parameters = &analysis.parameters;
    let mut out = format!(
        "{}: {} parameters ({})",
        found.facts.id,
        short_count(parameters.total.0 as f64),
        grouped(parameters.total.0)
    );
    if parameters.active != parameters.total {
        out.push_str(&format!(", {} active", short_count(parameters.active.0 as f64)));
    }
    out.push_str(&format!(", {} layers, {}", blueprint.layers.value, blueprint.attention));
    out.push_str(&format!(
        "\n{}, {} weights",
        scenario.workload.mode.label(),
        shown(&setup.weights.method)
    ));
    if !scenario.workload.mode.trains() {
        out.push_str(&format!(", {} KV cache, {}", setup.kv.label, setup.engine.label()));
    }
    out.push_str(&format!(
        "\n{} × {} tokens",
        grouped(setup.scenario.workload.batch),
        grouped(setup.tokens().value)
    ));
    if let Some(training) = analysis.training.as_ref().filter(|training| training.plan.encoder > 0) {
        out.push_str(&format!(", {} of the encoder", grouped(training.plan.encoder)));
    }
    if let Some(words) = setup.media.words() {
        out.push_str(&format!(" ({words})"));
    }
    if let (Some(comparison), Some(read)) = (comparison, &found.headers) {
        out.push_str(&format!(
            "\n{}\nthe files hold {} of weights",
            comparison.line,
            UNITS.bytes(read.count.bytes as f64)
        ));
        if any_read_by(&found.files, setup.engine) == Some(false) {
            let held: Vec<&str> = found.files.iter().map(|one| one.label).collect();
            let (held, engine) = (held.join(", "), setup.engine.label());
            out.push_str(&format!(
                "\nthe files are {held}: {engine} loads none of them as they are"
            ));
        }
    }
    let said = sentence(analysis, &found.facts.id, UNITS);
    out.push_str(&format!("\n{} {}", said.main, said.rest));
    if runs_not(analysis) {
        return Ok(out);
    }
    if let Some(fit) = &analysis.fit {
        out.push_str(&format!(
            "\nlongest context {}, largest batch {}",
            tokens(fit.max_context),
            grouped(fit.max_batch)
        ));
    }
    if analysis.training.is_some() {
        for line in training_lines(analysis) {
            out.push_str(&format!("\n{line}"));
        }
        return Ok(out);
    }
    if let Some(serving) = &analysis.serving {
        for line in server(serving) {
            out.push_str(&format!("\n{} {}", line.words, line.basis));
        }
    }
    if let Some(speed) = &analysis.speed {
        let pass = match scenario.workload.mode {
            Mode::Decode => "a token",
            Mode::Serve => "a token of each user",
            Mode::Prefill => "the prompt",
            Mode::Pretrain | Mode::Finetune => "a step",
        };
        let runs = |fit: &Fit| matches!(fit.verdict, Verdict::Fits | Verdict::Offload);
        if !analysis.fit.as_ref().is_none_or(runs) {
            out.push_str("\nif it ran:");
        }
        out.push_str(&match (&speed.pass, speed.tokens_per_second_between) {
            (Some(time), Some((low, high))) => format!(
                "\nabout {} for {pass} ({} to {}), {} tokens/s ({} to {})",
                seconds(time.seconds),
                seconds(time.low),
                seconds(time.high),
                decimal(speed.tokens_per_second),
                decimal(low),
                decimal(high),
            ),
            _ => format!(
                "\nat least {} for {pass}, at most {} tokens/s",
                seconds(speed.roof.seconds),
                decimal(speed.tokens_per_second),
            ),
        });
        if let Some((limit, share)) = limit(analysis) {
            out.push_str(&format!(
                "; limited by {} ({:.0} % of the time)",
                limit.word(),
                100.0 * share
            ));
        }
        out.push_str(&format!("; intensity {}", decimal(analysis.intensity())));
        if speed.rate > 0.0 {
            out.push_str(&format!(
                " FLOP/byte, ridge {} at {} {}",
                decimal(speed.ridge),
                rate(speed.rate, "FLOP"),
                speed.rate_name,
            ));
        }
    }
    Ok(out)
}

fn memory(estimate: &Estimate) -> Sheet {
    let analysis = &estimate.analysis;
    let title = match analysis.setup.requested.hardware.devices {
        1 => "Memory".to_owned(),
        devices => format!("Memory of the fullest of {} devices", grouped(devices)),
    };
    let mut sheet = Sheet::new(&title, &["part", "parameters", "bytes", "size", "share"]);
    let total = analysis.held().total_bytes;
    for (key, label, bytes) in analysis.held().parts() {
        let parameters = analysis
            .parameters
            .by_component
            .iter()
            .find(|(component, _)| component.key() == key);
        let parameters = parameters.map_or_else(String::new, |(_, count)| grouped(count.0));
        sheet.push([
            label.to_owned(),
            parameters,
            grouped(bytes),
            UNITS.bytes(bytes as f64),
            percent(bytes as f64 / total.max(1) as f64),
        ]);
    }
    sheet.push([
        "Total".to_owned(),
        grouped(analysis.parameters.total.0),
        grouped(total),
        UNITS.bytes(total as f64),
        percent(1.0),
    ]);
    sheet
}

/// Memory of the fullest rank over a training step.
fn moments(training: &Training) -> Sheet {
    let mut sheet = Sheet::new(
        "Memory over a step",
        &[
            "moment",
            "kept activations",
            "gradients",
            "for a moment",
            "with weights and states",
        ],
    );
    let fullest = training.stages.iter().max_by_key(|(_, memory)| memory.peak);
    for moment in fullest.iter().flat_map(|(_, memory)| &memory.moments) {
        let size = |bytes: u64| UNITS.bytes(bytes as f64);
        sheet.push([
            moment.when.label().to_owned(),
            size(moment.activations.0),
            size(moment.gradients.0),
            size(moment.transient.0),
            size(moment.total.0),
        ]);
    }
    sheet
}

/// Stages of an update by reinforcement.
fn stages(training: &Training) -> Sheet {
    let mut sheet = Sheet::new("Stages of an update", &["stage", "memory of a device", "FLOP", "time"]);
    for stage in &training.rl_stages {
        sheet.push([
            stage.label.to_owned(),
            UNITS.bytes(stage.memory_bytes as f64),
            count(stage.flops, "FLOP"),
            stage.seconds.map_or_else(String::new, seconds),
        ]);
    }
    sheet
}

/// What an optimizer step's time goes to.
fn step(training: &Training) -> Sheet {
    let mut sheet = Sheet::new("Time of a step", &["part", "time", "share", "bytes sent"]);
    let Some(time) = &training.time else { return sheet };
    let busy = time.compute + time.elementwise;
    let mut row = |name: &str, part: f64, bytes: Option<f64>| {
        if part > 0.0 || bytes.is_some() {
            sheet.push([
                name.to_owned(),
                seconds(part),
                percent(part / time.seconds),
                bytes.map_or_else(String::new, |bytes| UNITS.bytes(bytes)),
            ]);
        }
    };
    row("Matrix products", time.compute, None);
    row("Element by element", time.elementwise, None);
    row("Pipeline bubble", busy * time.bubble, None);
    for one in &time.communication {
        row(
            &format!("{}, not hidden", one.traffic.label()),
            one.exposed,
            Some(one.bytes),
        );
    }
    row("Optimizer", time.optimizer, None);
    sheet
}

fn compute(estimate: &Estimate) -> Sheet {
    let analysis = &estimate.analysis;
    let timed = analysis.speed.is_some();
    let mut sheet = Sheet::new(
        estimate.analysis.setup.scenario.workload.mode.label(),
        &["component", "FLOP", "share", "bytes moved", "FLOP/byte"],
    );
    if timed {
        sheet.columns.extend(["least time".to_owned(), "bound".to_owned()]);
    }
    for one in &analysis.components {
        let mut row = vec![
            one.component.label().to_owned(),
            count(one.flops, "FLOP"),
            percent(if analysis.flops > 0.0 {
                one.flops / analysis.flops
            } else {
                0.0
            }),
            UNITS.bytes(one.bytes),
            decimal(one.intensity()),
        ];
        if let (true, Some(time), Some(bound)) = (timed, one.seconds, one.bound) {
            row.extend([seconds(time), bound.word().to_owned()]);
        }
        sheet.push(row);
    }
    let mut row = vec![
        "Total".to_owned(),
        count(analysis.flops, "FLOP"),
        percent(1.0),
        UNITS.bytes(analysis.bytes),
        decimal(analysis.intensity()),
    ];
    if let Some(speed) = &analysis.speed {
        row.extend([seconds(speed.roof.seconds), speed.roof.bound().word().to_owned()]);
    }
    sheet.push(row);
    sheet
}
