//! An answer as numbers for a spreadsheet: a figure a row, bare in its base unit, the unit beside it.

use super::{Sheet, bare};
use crate::analysis::training::Training;
use crate::analysis::{Analysis, Speed, cost};
use crate::report::limit;
use crate::scenario::Mode;

/// A figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FigureRow {
    /// What it belongs to: `memory`, `speed`.
    pub group: &'static str,
    /// Its name.
    pub name: String,
    /// A bare number in its base unit, or a word.
    pub value: String,
    /// The base unit: `bytes`, `tokens`, `s`, `USD`, `FLOP`, or one of them a second; a `share` is of one; empty for words.
    pub unit: &'static str,
    /// Both ends of its interval, in the same unit.
    pub between: Option<(f64, f64)>,
}

impl FigureRow {
    /// A word.
    pub fn word(group: &'static str, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            group,
            name: name.into(),
            value: value.into(),
            ..Self::default()
        }
    }
    /// A whole number.
    pub fn whole(group: &'static str, name: impl Into<String>, value: u64, unit: &'static str) -> Self {
        Self {
            unit,
            ..Self::word(group, name, value.to_string())
        }
    }
    fn real(group: &'static str, name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            unit,
            ..Self::word(group, name, bare(value))
        }
    }
    fn likely(self, between: Option<(f64, f64)>) -> Self {
        Self { between, ..self }
    }
}

/// Figures as one table: `group`, `figure`, `value`, `unit`, `low`, `high`.
pub fn figures_sheet(rows: &[FigureRow]) -> Sheet {
    let mut sheet = Sheet::new("", &["group", "figure", "value", "unit", "low", "high"]);
    for row in rows {
        let end = |of: fn((f64, f64)) -> f64| row.between.map(of).map_or_else(String::new, bare);
        sheet.push([
            row.group.to_owned(),
            row.name.clone(),
            row.value.clone(),
            row.unit.to_owned(),
            end(|(low, _)| low),
            end(|(_, high)| high),
        ]);
    }
    sheet
}

/// All figures of an answer, those of the fullest device where there are several.
pub fn figures(analysis: &Analysis) -> Vec<FigureRow> {
    let mut all = memory(analysis);
    match (&analysis.training, &analysis.speed) {
        (Some(training), _) => all.extend(run(analysis, training)),
        (None, Some(speed)) => all.extend(speeds(analysis, speed)),
        (None, None) => {}
    }
    all.extend(room(analysis));
    if let Some(cost) = cost(&analysis.setup, analysis.speed.as_ref()) {
        all.push(FigureRow::real(
            "cost",
            "An hour, all devices",
            cost.usd_per_hour,
            "USD",
        ));
        let each = cost.usd_per_million_tokens;
        all.extend(each.map(|each| FigureRow::real("cost", "A million tokens", each, "USD")));
    }
    all.extend(parameters(analysis));
    all.extend(work(analysis));
    all
}

fn memory(analysis: &Analysis) -> Vec<FigureRow> {
    let (held, row) = (analysis.held(), |name: &str, bytes| {
        FigureRow::whole("memory", name, bytes, "bytes")
    });
    let mut all = vec![row("Total", held.total_bytes)];
    if let Some(fit) = &analysis.fit {
        all.push(row("Usable", fit.capacity_bytes));
        all.push(row("Of the device", fit.device_bytes));
        all.push(FigureRow {
            unit: "bytes",
            ..FigureRow::word("memory", "Left free", fit.headroom_bytes.to_string())
        });
    }
    all.extend(held.parts().into_iter().map(|(_, name, bytes)| row(name, bytes)));
    all.push(row("KV cache of a token", analysis.memory.kv_cache_per_token.0));
    all
}

fn speeds(analysis: &Analysis, speed: &Speed) -> Vec<FigureRow> {
    let mode = analysis.setup.requested.workload.mode;
    let (rate, pass) = match mode {
        Mode::Decode | Mode::Serve => ("Written", "Each token"),
        Mode::Prefill => ("Read", "Whole prompt"),
        Mode::Pretrain | Mode::Finetune => ("Trained on", "Step"),
    };
    let rate = FigureRow::real("speed", rate, speed.tokens_per_second, "tokens/s");
    let mut all = vec![rate.likely(speed.tokens_per_second_between)];
    let first = speed.prefill.as_ref().filter(|_| mode != Mode::Prefill);
    for (name, time) in [("First token", first), (pass, speed.pass.as_ref())] {
        let timed = |name, seconds| FigureRow::real("speed", name, seconds, "s");
        all.extend(time.map(|time| timed(name, time.seconds).likely(Some((time.low, time.high)))));
    }
    if let Some((limit, share)) = limit(analysis) {
        all.push(FigureRow::word("speed", "Limited by", limit.word()));
        all.push(FigureRow::real("speed", "Its part of the time", share, "share"));
    }
    all
}

/// A step of a training run, and the whole of it.
fn run(analysis: &Analysis, training: &Training) -> Vec<FigureRow> {
    let (plan, mut all) = (&training.plan, Vec::new());
    if let Some(time) = &training.time {
        let row = |name, value, unit| FigureRow::real("speed", name, value, unit);
        all.push(row("Step", time.seconds, "s").likely(Some(time.between)));
        let pace = row("Trained on", time.tokens_per_second(plan), "tokens/s");
        all.push(pace.likely(Some(time.tokens_between(plan))));
        all.push(row("MFU", time.mfu(plan), "share").likely(Some(time.mfu_between(plan))));
        all.push(row("HFU", time.hfu(plan), "share"));
    }
    let trained = training.trainable(&analysis.setup);
    all.push(FigureRow::whole("run", "Trained parameters", trained, "parameters"));
    if let Some(run) = training.run(&analysis.setup) {
        let day = 86_400.0;
        let (low, high) = run.days_between;
        let whole = FigureRow::real("run", "Whole run", run.days * day, "s");
        all.push(whole.likely(Some((low * day, high * day))));
        all.push(FigureRow::whole("run", "Tokens", run.tokens, "tokens"));
        all.push(FigureRow::whole("run", "Steps", run.steps, "steps"));
        let devices = FigureRow::real("run", "All devices together", run.device_hours * 3_600.0, "s");
        all.push(devices);
        all.extend(run.cost_usd.map(|cost| FigureRow::real("run", "Cost", cost, "USD")));
    }
    all
}

fn room(analysis: &Analysis) -> Vec<FigureRow> {
    let mut all = Vec::new();
    if let Some(fit) = &analysis.fit {
        let row = |name, value, unit| FigureRow::whole("room", name, value, unit);
        if analysis.training.is_none() {
            all.push(row("Longest context", fit.max_context, "tokens"));
        }
        all.push(row("Largest batch", fit.max_batch, "sequences"));
        if let Some(serving) = &analysis.serving {
            all.push(row("Users at once", serving.admission.max_running, "sequences"));
            all.push(row("Users that run now", serving.admission.running, "sequences"));
        }
    }
    all
}

fn parameters(analysis: &Analysis) -> Vec<FigureRow> {
    let counted = &analysis.parameters;
    let row = |name: &str, count| FigureRow::whole("parameters", name, count, "parameters");
    let mut all = vec![row("Total", counted.total.0), row("Active a token", counted.active.0)];
    let each = counted.by_component.iter();
    all.extend(each.map(|(component, count)| row(component.label(), count.0)));
    all
}

/// Operations, bytes moved and least time of a pass, in all and by component.
fn work(analysis: &Analysis) -> Vec<FigureRow> {
    let kinds: [(&'static str, &'static str); 3] = [
        ("operations of a pass", "FLOP"),
        ("bytes moved in a pass", "bytes"),
        ("least time of a pass", "s"),
    ];
    let least = analysis.speed.as_ref().map(|speed| speed.roof.seconds);
    let totals = [Some(analysis.flops), Some(analysis.bytes), least];
    let mut all = Vec::new();
    for (at, ((group, unit), total)) in kinds.into_iter().zip(totals).enumerate() {
        all.extend(total.map(|total| FigureRow::real(group, "Total", total, unit)));
        for one in &analysis.components {
            let value = [Some(one.flops), Some(one.bytes), one.seconds]
                .get(at)
                .copied()
                .flatten();
            all.extend(value.map(|value| FigureRow::real(group, one.component.label(), value, unit)));
        }
    }
    let intensity = FigureRow::real("intensity of a pass", "Total", analysis.intensity(), "FLOP/byte");
    all.push(intensity);
    all
}
