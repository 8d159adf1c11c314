//! `weighbridge plan`: the best layouts of a training run, and why the usual ones lose.

use std::sync::Arc;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, source};
use crate::analysis::training::launch::{Program, launch};
use crate::analysis::training::{
    Budget, Candidate, Search, Way, cheapest, fewest, quickest, search, usual_batch, ways,
};
use crate::analysis::{Analysis, Setup, analyse_setup, price};
use crate::export::{Field, Sheet, start_training};
use crate::report::{layout_words, step_words, why_not};
use crate::scenario::{KnobId, Mode, link};
use crate::units::{UnitSystem, decimal, grouped, shown, times};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let mut scenario = arguments::scenario(matches)?;
    let given = arguments::given(matches);
    if !scenario.workload.mode.trains() {
        scenario.workload.mode = Mode::Pretrain;
        if !given.contains(&KnobId::Prompt) {
            scenario.workload.prompt = 4096;
        }
    }
    // An estimate takes a micro-batch a device; who plans a run and says nothing of its step means the usual one.
    let of_step = [KnobId::GlobalBatch, KnobId::GradientAccumulation, KnobId::Batch];
    let usual = !of_step.iter().any(|knob| given.contains(knob));
    if usual {
        scenario.training.global_batch = Some(usual_batch(&scenario));
    }
    let found = source::find(model, matches)?;
    scenario.model.source = found.source.clone();
    let mut blueprint = found.blueprint(&scenario)?;
    found.adopt(&mut blueprint);
    let setup = Setup::new(&Arc::new(blueprint), &scenario)?;
    let budget = Budget {
        days: matches.get_one::<f64>("within-days").copied(),
        dollars: matches.get_one::<f64>("within-dollars").copied(),
    };
    if (budget.days.is_some() || budget.dollars.is_some()) && scenario.training.tokens.is_none() {
        return Err(Failure::new(
            "bad_value",
            "--within-days and --within-dollars need --tokens: how much is trained on.",
        ));
    }
    if budget.dollars.is_some() && price(&setup).is_none() {
        return Err(Failure::new(
            "bad_value",
            "--within-dollars needs a price: give --price for a device hour.",
        ));
    }
    let plans = search(&setup)?;
    let format = arguments::format(matches);
    let program = arguments::program(matches)?;
    let wanted = matches.get_one::<String>("launch").map(String::as_str);
    let started = wanted.map(|_| start(&setup, &plans, &found.facts.id, program));
    if let (Some("only"), Some(started)) = (wanted, &started)
        && format != Format::Json
    {
        return started.clone().map_err(|why| Failure::new("no_launch", why));
    }
    let more = More {
        fewest: fewest(&setup, budget),
        quickest: budget.dollars.and_then(|_| quickest(&setup, budget)),
        ways: if scenario.workload.mode == Mode::Finetune {
            ways(&setup)
        } else {
            Vec::new()
        },
        cheapest: if matches.get_flag("cheapest") {
            cheapest(&setup)
        } else {
            Vec::new()
        },
        budget,
    };
    match format {
        Format::Json => json_text(&answer(&setup, &found.facts.id, &plans, &more)),
        Format::Table => {
            let mut out = table(&setup, &found.facts.id, &plans, &more, usual)?;
            if let Some(command) = started {
                out.push_str(&format!(
                    "\nStart it\n{}",
                    command.unwrap_or_else(|why| format!("{why}\n"))
                ));
            }
            Ok(out)
        }
        other => sheets(&[sheet(&setup, &plans)], other),
    }
}

/// The analysis of the best plan.
fn best(setup: &Setup, plans: &Search) -> Result<Analysis, String> {
    let first = plans.best.first().ok_or("No layout fits.")?;
    let setup = setup.under(first.scenario.clone()).map_err(|error| error.to_string())?;
    analyse_setup(setup).map_err(|error| error.to_string())
}

/// The command that starts the best plan, explained in comments.
fn start(setup: &Setup, plans: &Search, id: &str, program: Option<Program>) -> Result<String, String> {
    let made = launch(&best(setup, plans)?, id, program)?;
    Ok(made.commented())
}

/// What is answered beside the plans.
struct More {
    fewest: Option<Candidate>,
    quickest: Option<Candidate>,
    ways: Vec<Way>,
    cheapest: Vec<crate::analysis::training::Priced>,
    budget: Budget,
}

/// Days of the whole run, and US dollars.
fn whole(setup: &Setup, candidate: &Candidate) -> (Option<f64>, Option<f64>) {
    (candidate.days(), candidate.dollars(setup))
}

fn sheet(setup: &Setup, plans: &Search) -> Sheet {
    let mut columns = vec!["plan", "step", "tokens/s", "MFU", "memory", "headroom"];
    if setup.requested.training.tokens.is_some() {
        columns.extend(["days", "cost"]);
    }
    let mut sheet = Sheet::new("Plans that fit, fastest first", &columns).with_units(&[
        ("step", "s"),
        ("MFU", "share"),
        ("memory", "bytes"),
        ("headroom", "bytes"),
        ("cost", "USD"),
    ]);
    for one in &plans.best {
        let mut row = vec![
            Field::text(layout_words(one)),
            Field::seconds(one.time.seconds).between(Some(one.time.between)),
            Field::count(one.tokens_per_second().round() as u64),
            Field::share(one.time.mfu(&one.plan)),
            Field::bytes(one.total_bytes, UNITS),
            Field::bytes(plans.room.saturating_sub(one.total_bytes), UNITS),
        ];
        if setup.requested.training.tokens.is_some() {
            let (days, cost) = whole(setup, one);
            row.push(Field::or(days, decimal, ""));
            row.push(Field::or(cost, |cost| format!("${}", grouped(cost.round() as u64)), ""));
        }
        sheet.push(row);
    }
    sheet
}

fn table(setup: &Setup, id: &str, plans: &Search, more: &More, usual: bool) -> Result<String, Failure> {
    let device = setup.device().map_or("", |device| device.short_name());
    let mut out = format!(
        "{} on {}, {}{}: {} layouts weighed, {} kept\n",
        shown(id),
        times(setup.requested.hardware.devices, device),
        step_words(setup, plans.global_batch),
        if usual {
            " (the usual; --global-batch chooses)"
        } else {
            ""
        },
        grouped(plans.tried as u64),
        plans.best.len()
    );
    if plans.best.is_empty() {
        out.push_str("No layout fits.\n");
        if let Some(nearest) = &plans.nearest {
            out.push_str(&format!(
                "The nearest is {}: {}\n",
                layout_words(nearest),
                why_not(nearest, None, plans.room, UNITS)
            ));
        }
    } else {
        out.push('\n');
        out.push_str(&sheets(&[sheet(setup, plans)], Format::Table)?);
    }
    if !plans.usual.is_empty() {
        out.push_str("\nWhat people try first\n");
        for (name, one) in &plans.usual {
            out.push_str(&format!(
                "  {name}: {}\n    {}\n",
                layout_words(one),
                why_not(one, plans.best.first(), plans.room, UNITS)
            ));
        }
    }
    out.push_str("\nWhat would it take\n");
    let Budget { days, dollars } = more.budget;
    let mut within = days.map_or_else(String::new, |days| format!(" within {} days", decimal(days)));
    if let Some(dollars) = dollars {
        within.push_str(&format!(" for ${}", grouped(dollars.round() as u64)));
    }
    match &more.fewest {
        Some(one) => out.push_str(&format!(
            "  Fewest devices{within}: {} ({})\n",
            times(one.plan.devices, device),
            layout_words(one)
        )),
        None => out.push_str(&format!("  No number of {device} up to 65,536 does{within}.\n")),
    }
    if let Some(one) = &more.quickest {
        out.push_str(&format!(
            "  Done first for that: {} in {} days ({})\n",
            times(one.plan.devices, device),
            one.days().map_or_else(String::new, decimal),
            layout_words(one)
        ));
    }
    for way in &more.ways {
        out.push_str(&format!(
            "  {}: {}\n",
            way.name,
            if way.fits {
                format!(
                    "fits with {}, sequences up to {} tokens",
                    UNITS.bytes(way.total_bytes as f64),
                    grouped(way.longest)
                )
            } else {
                format!(
                    "does not fit: {} are missing",
                    UNITS.bytes(way.total_bytes.saturating_sub(plans.room) as f64)
                )
            }
        ));
    }
    for one in more.cheapest.iter().take(5) {
        out.push_str(&format!(
            "  {}: ${} for a million tokens ({})\n",
            times(one.candidate.plan.devices, one.device.short_name()),
            decimal(one.usd_per_million_tokens),
            layout_words(&one.candidate)
        ));
    }
    Ok(out)
}

fn row(setup: &Setup, plans: &Search, one: &Candidate) -> Value {
    let (days, cost) = whole(setup, one);
    let plan = &one.plan;
    json!({
        "framework": plan.framework.key(), "devices": plan.devices, "data": plan.data, "tensor": plan.tensor,
        "pipeline": plan.pipeline, "virtual_stages": plan.virtual_stages, "context": plan.context, "expert": plan.expert,
        "zero": plan.zero.key(), "shard_group": plan.shard_group, "micro_batch": plan.micro_batch, "accumulation": plan.accumulation,
        "global_batch": plan.global_batch, "sequence": plan.sequence, "recompute": plan.recompute.key(),
        "fits": one.fits, "total_bytes": one.total_bytes,
        "headroom_bytes": i128::from(plans.room) - i128::from(one.total_bytes),
        "step_seconds": one.time.seconds, "step_seconds_low": one.time.between.0, "step_seconds_high": one.time.between.1,
        "tokens_per_second": one.tokens_per_second(), "mfu": one.time.mfu(plan), "hfu": one.time.hfu(plan),
        "bubble": one.time.bubble, "exposed_seconds": one.time.exposed(),
        "days": days, "cost_usd": cost,
        "link": link(&one.scenario).ok().map(|query| format!("?{query}")),
    })
}

fn answer(setup: &Setup, id: &str, plans: &Search, more: &More) -> Value {
    let usual = plans.usual.iter().map(|(name, one)| {
        let mut row = row(setup, plans, one);
        if let Value::Object(row) = &mut row {
            row.insert("name".to_owned(), json!(name));
            row.insert(
                "why_not".to_owned(),
                json!(why_not(one, plans.best.first(), plans.room, UNITS)),
            );
        }
        row
    });
    json!({
        "weighbridge": crate::export::VERSION,
        "tried": plans.tried,
        "device_bytes": plans.room,
        "plans": plans.best.iter().map(|one| row(setup, plans, one)).collect::<Vec<_>>(),
        "nearest": plans.nearest.as_ref().map(|one| row(setup, plans, one)),
        "usual": usual.collect::<Vec<_>>(),
        "launch": best(setup, plans).ok().and_then(|found| Some(start_training(&found, found.training.as_ref()?, id))),
        "fewest": more.fewest.as_ref().map(|one| row(setup, plans, one)),
        "quickest": more.quickest.as_ref().map(|one| row(setup, plans, one)),
        "ways": more.ways.iter().map(|way| json!({
            "name": way.name, "fits": way.fits, "total_bytes": way.total_bytes, "longest_sequence": way.longest,
            "link": link(&way.scenario).ok().map(|query| format!("?{query}")),
        })).collect::<Vec<_>>(),
        "cheapest": more.cheapest.iter().map(|one| json!({
            "device": one.device.id, "usd_per_million_tokens": one.usd_per_million_tokens,
            "plan": row(setup, plans, &one.candidate),
        })).collect::<Vec<_>>(),
    })
}
