//! Explanations: the same formulas, traced, and turned into words.

use serde::Serialize;

use super::compute::costs;
use super::fit::Fit;
use super::memory::{Memory, MemoryPart, memory};
use super::parameters::{add, parameters};
use super::question::Question;
use super::roofline::Roof;
use crate::model::Component;
use crate::units::{
    Exact, Node, Number, Operation, Origin, Quantity, Trace, Traced, UnitSystem, count, decimal, grouped, rate, seconds,
};

/// A number that can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// All parameters.
    Parameters,
    /// Parameters one token uses.
    ActiveParameters,
    /// Parameters of a component.
    ComponentParameters(Component),
    /// All memory.
    Memory,
    /// All weights.
    Weights,
    /// Weights of a component.
    ComponentWeights(Component),
    /// KV cache, activations, gradients, optimizer, overhead.
    Part(MemoryPart),
    /// Growth of the cache with each token.
    KvPerToken,
    /// Operations of the pass.
    Flops,
    /// Operations of a component.
    ComponentFlops(Component),
    /// Bytes moved in the pass.
    Traffic,
    /// Bytes moved by a component.
    ComponentTraffic(Component),
    /// FLOP a byte of the pass.
    Intensity,
    /// FLOP a byte of a component.
    ComponentIntensity(Component),
    /// Least time of the pass.
    Time,
    /// Least time of a component.
    ComponentTime(Component),
    /// Tokens a second at most.
    TokensPerSecond,
    /// Least time to the first token.
    FirstToken,
    /// Longest context that fits.
    LongestContext,
    /// Largest batch that fits.
    LargestBatch,
}

/// A piece of a formula.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "text", rename_all = "snake_case")]
pub enum Piece {
    /// A name.
    Name(String),
    /// A number or a sign.
    Plain(String),
}

/// An input and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Its name in the formula.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// A part that can be opened in turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its value with unit.
    pub value: String,
    /// Its share of the whole, for sums.
    pub share: Option<f64>,
    /// Component or memory part, for the colour.
    pub key: Option<String>,
}

/// Why a number is what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What it is and its value: `KV cache: 1.06 GiB`.
    pub title: String,
    /// What it is, in a sentence.
    pub about: String,
    /// The formula in names.
    pub formula: Vec<Piece>,
    /// The formula in values, with its result.
    pub values: String,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// The parts, each of which can be opened.
    pub parts: Vec<Part>,
    /// What is not counted.
    pub not_counted: String,
    /// Where the formula comes from.
    pub source: &'static str,
}

/// How values of a figure are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Bytes,
    Count,
    Flops,
    Seconds,
    Intensity,
    Rate,
    Tokens,
}

impl Unit {
    fn write(self, value: f64, units: UnitSystem) -> String {
        match self {
            Self::Bytes => units.bytes(value),
            Self::Count | Self::Tokens => whole(value),
            Self::Flops => count(value, "FLOP"),
            Self::Seconds => seconds(value),
            Self::Intensity => format!("{} FLOP/byte", decimal(value)),
            Self::Rate => format!("{} tokens/s", decimal(value)),
        }
    }
    /// The exact value, for the line of values.
    fn exact(self, value: f64) -> String {
        match self {
            Self::Bytes => format!("{} B", whole(value)),
            Self::Flops => format!("{} FLOP", whole(value)),
            _ => self.write(value, UnitSystem::default()),
        }
    }
}

fn whole(value: f64) -> String {
    // Beyond 2^53 digits would be made up.
    if value.is_finite() && (0.0..=9.0e15).contains(&value) {
        grouped(value.round() as u64)
    } else {
        decimal(value)
    }
}

type Sizes = Traced<Exact>;
type Reals = Traced<f64>;

/// Explains a figure; `path` opens its parts one after the other.
pub fn explain(question: &Question<'_>, figure: Figure, path: &[usize], units: UnitSystem) -> Option<Explanation> {
    let (trace, unit) = trace(question, figure)?;
    let words = words(question, figure);
    let mut current = trace;
    for &step in path {
        current = openable(&current).into_iter().nth(step)?;
    }
    Some(render(
        &current,
        unit,
        units,
        if path.is_empty() { Some(words) } else { None },
    ))
}

/// Title, what is not counted, source.
struct Words {
    title: String,
    about: String,
    not_counted: &'static str,
    source: &'static str,
}

fn trace(question: &Question<'_>, figure: Figure) -> Option<(Trace, Unit)> {
    let of = |list: Vec<(Component, Sizes)>, component| {
        list.into_iter()
            .find(|(known, _)| *known == component)
            .map(|(_, value)| value.trace)
    };
    let memory = || memory::<Sizes>(question);
    Some(match figure {
        Figure::Parameters => (parameters::<Sizes>(question.blueprint).total.trace, Unit::Count),
        Figure::ActiveParameters => (parameters::<Sizes>(question.blueprint).active.trace, Unit::Count),
        Figure::ComponentParameters(component) => (
            of(parameters::<Sizes>(question.blueprint).by_component, component)?,
            Unit::Count,
        ),
        Figure::Memory => (memory().total.trace, Unit::Bytes),
        Figure::Weights => (memory().weights.trace, Unit::Bytes),
        Figure::ComponentWeights(component) => (of(memory().weights_by_component, component)?, Unit::Bytes),
        Figure::Part(part) => (part_of(memory(), part).trace, Unit::Bytes),
        Figure::KvPerToken => (memory().kv_cache_per_token.trace, Unit::Bytes),
        Figure::Flops => (total(question, None, Of::Flops).trace, Unit::Flops),
        Figure::ComponentFlops(component) => (total(question, Some(component), Of::Flops).trace, Unit::Flops),
        Figure::Traffic => (total(question, None, Of::Bytes).trace, Unit::Bytes),
        Figure::ComponentTraffic(component) => (total(question, Some(component), Of::Bytes).trace, Unit::Bytes),
        Figure::Intensity => (intensity(question, None).trace, Unit::Intensity),
        Figure::ComponentIntensity(component) => (intensity(question, Some(component)).trace, Unit::Intensity),
        Figure::Time => (time(question, None)?.trace, Unit::Seconds),
        Figure::ComponentTime(component) => (time(question, Some(component))?.trace, Unit::Seconds),
        Figure::TokensPerSecond => (tokens_per_second(question)?.trace, Unit::Rate),
        Figure::FirstToken => {
            let prefill = crate::scenario::Scenario {
                mode: crate::scenario::Mode::Prefill,
                ..question.scenario.clone()
            };
            (
                time(
                    &Question {
                        scenario: &prefill,
                        ..question.clone()
                    },
                    None,
                )?
                .trace,
                Unit::Seconds,
            )
        }
        Figure::LongestContext => (limit(question, |fit| fit.max_context, "longest context")?, Unit::Tokens),
        Figure::LargestBatch => (limit(question, |fit| fit.max_batch, "largest batch")?, Unit::Tokens),
    })
}

fn part_of(memory: Memory<Sizes>, part: MemoryPart) -> Sizes {
    match part {
        MemoryPart::KvCache => memory.kv_cache,
        MemoryPart::StateCache => memory.state_cache,
        MemoryPart::Activations => memory.activations,
        MemoryPart::Gradients => memory.gradients,
        MemoryPart::Optimizer => memory.optimizer,
        MemoryPart::Overhead => memory.overhead,
    }
}

#[derive(Clone, Copy)]
enum Of {
    Flops,
    Bytes,
}

/// Operations or bytes of one component or of all.
fn total(question: &Question<'_>, only: Option<Component>, of: Of) -> Reals {
    let mut list: Vec<(Component, Reals)> = Vec::new();
    for cost in costs::<Reals>(question) {
        if only.is_some_and(|component| component != cost.component) {
            continue;
        }
        let value = match of {
            Of::Flops => cost.matmul.clone().plus(
                cost.elementwise
                    .clone()
                    .named("element by element", "Sums, activations, softmax: one operation each."),
            ),
            Of::Bytes => Reals::sum([
                cost.weight_bytes
                    .clone()
                    .named("weights", "Weights read once for the whole batch."),
                cost.activation_bytes
                    .clone()
                    .named("activations", "Inputs read and results written."),
                cost.kv_bytes
                    .clone()
                    .named("cache", "Keys and values read and written."),
                cost.state_bytes.clone(),
            ]),
        };
        if value.value() > 0.0 {
            add(&mut list, cost.component, value.named(cost.name, ""));
        }
    }
    list.sort_by_key(|(component, _)| *component);
    let named = list
        .into_iter()
        .map(|(component, value)| value.named(component.label(), component.about()));
    Reals::sum(named)
}

fn intensity(question: &Question<'_>, only: Option<Component>) -> Reals {
    let flops = total(question, only, Of::Flops).named("operations", "Operations of the pass.");
    let bytes = total(question, only, Of::Bytes).named("bytes moved", "Bytes read and written in the pass.");
    flops.over(bytes)
}

/// Least times, operator by operator: what took longer there.
fn time(question: &Question<'_>, only: Option<Component>) -> Option<Reals> {
    let device = question.device?;
    let row = |name: &'static str, value: f64| Quantity {
        name: name.into(),
        value: value as u64,
        origin: Origin::Table(format!("{}, device table", device.name).into()),
    };
    let plain = costs::<f64>(question);
    let mut parts = Vec::new();
    for (traced, plain) in costs::<Reals>(question).into_iter().zip(plain) {
        if only.is_some_and(|component| component != traced.component) {
            continue;
        }
        let roof = Roof::of(&plain, device)?;
        if roof.seconds == 0.0 {
            continue;
        }
        let product = match &plain.format {
            Some(format) => device.rate(format)?,
            None => device.rate_vector()?,
        };
        let vector = device.rate_vector().unwrap_or(product);
        let part = if roof.compute > roof.memory {
            let products = traced.matmul.over(Reals::input(&row("peak rate", product.flops)));
            products.plus(traced.elementwise.over(Reals::input(&row("vector rate", vector.flops))))
        } else {
            traced
                .bytes()
                .named("bytes moved", "")
                .over(Reals::input(&row("bandwidth", device.bandwidth_bytes_per_s)))
        };
        parts.push(part.named(
            traced.name,
            if roof.compute > roof.memory {
                "Held back by arithmetic."
            } else {
                "Held back by bandwidth."
            },
        ));
    }
    Some(Reals::sum(parts))
}

fn tokens_per_second(question: &Question<'_>) -> Option<Reals> {
    let time = time(question, None)?.named("time", "Least time of the pass.");
    let rows = match question.scenario.mode {
        crate::scenario::Mode::Decode => Reals::input(&question.batch()),
        _ => Reals::input(&question.batch()).times(Reals::input(&question.prompt())),
    };
    Some(rows.over(time))
}

/// A limit found by search: shown with the memory at that point.
fn limit(question: &Question<'_>, of: impl FnOnce(&Fit) -> u64, name: &'static str) -> Option<Trace> {
    let device = question.device?;
    let now = memory::<Exact>(question).total.0;
    let value = of(&super::fit::fit(question, now, device));
    let capacity = Quantity {
        name: "capacity".into(),
        value: device.memory_bytes,
        origin: Origin::Table(format!("{}: {}", device.name, device.memory_basis).into()),
    };
    let why = Quantity {
        name: name.into(),
        value,
        origin: Origin::Derived(Operation::Least, [capacity].into()),
    };
    Some(Sizes::input(&why).trace)
}

fn words(question: &Question<'_>, figure: Figure) -> Words {
    let words = |title: &str, about: &str, not_counted, source| Words {
        title: title.to_owned(),
        about: about.to_owned(),
        not_counted,
        source,
    };
    let rule = "A multiply-add is 2 FLOP; a linear layer of rows × in × out is 2 · rows · in · out.";
    match figure {
        Figure::Parameters => words(
            "Parameters",
            "Every tensor of the model, each once. A head that shares the token table is not counted again.",
            "Buffers and multi-token-prediction layers that a checkpoint may hold besides.",
            "Tensor shapes of the model's class in transformers.",
        ),
        Figure::ActiveParameters => words(
            "Active parameters",
            "What one token passes: everything but the routed experts it does not use. Token table and head are included.",
            "Some publishers leave the token table, the head or both out.",
            "Tensor shapes; experts a token uses from the config.",
        ),
        Figure::ComponentParameters(component) => words(
            component.label(),
            component.about(),
            "",
            "Tensor shapes of the model's class in transformers.",
        ),
        Figure::Memory => words(
            "Memory",
            "What must fit on the device at the same time.",
            "Fragmentation of the allocator.",
            "",
        ),
        Figure::Weights => words("Weights", "Every tensor in its number format, scales included.", "", ""),
        Figure::ComponentWeights(component) => words(component.label(), component.about(), "", ""),
        Figure::Part(part) => words(part.label(), part.about(), not_counted(part), source(part)),
        Figure::KvPerToken => words(
            "Cache growth per token",
            "What each further token of one sequence adds. Layers with a window have stopped growing by then.",
            "",
            "",
        ),
        Figure::Flops => words("Operations", pass_words(question), "Table look-ups cost none.", rule),
        Figure::ComponentFlops(component) => words(
            &format!("{}: operations", component.label()),
            component.about(),
            "",
            rule,
        ),
        Figure::Traffic => words(
            "Bytes moved",
            "What crosses the device's memory bus: weights, activations and cache, read and written.",
            "Re-reads that a small on-chip memory forces.",
            "",
        ),
        Figure::ComponentTraffic(component) => words(
            &format!("{}: bytes moved", component.label()),
            component.about(),
            "",
            "",
        ),
        Figure::Intensity => words(
            "Arithmetic intensity",
            "Operations for each byte moved. Below the device's ridge point bandwidth is the limit, above it arithmetic.",
            "",
            "Williams, Waterman, Patterson 2009: Roofline.",
        ),
        Figure::ComponentIntensity(component) => {
            words(&format!("{}: intensity", component.label()), component.about(), "", "")
        }
        Figure::Time => words(
            "Least time",
            pass_words(question),
            "Launches, synchronisation, anything below peak.",
            "Williams, Waterman, Patterson 2009: Roofline.",
        ),
        Figure::ComponentTime(component) => words(
            &format!("{}: least time", component.label()),
            component.about(),
            "Anything below peak.",
            "",
        ),
        Figure::TokensPerSecond => words(
            "Tokens a second, at most",
            "Tokens of the pass divided by its least time. No device can do better; real ones do worse.",
            "Launches, sampling, scheduling, anything below peak.",
            "",
        ),
        Figure::FirstToken => words(
            "First token, at the earliest",
            "Least time to read the whole prompt at peak rate and full bandwidth.",
            "Queueing, tokenising, the network.",
            "",
        ),
        Figure::LongestContext => words(
            "Longest context",
            "The most tokens of one sequence, prompt and generated, whose memory fits with this batch; found by trying.",
            "",
            "",
        ),
        Figure::LargestBatch => words(
            "Largest batch",
            "The most sequences of this length whose memory fits; found by trying.",
            "",
            "",
        ),
    }
}

fn pass_words(question: &Question<'_>) -> &'static str {
    match question.scenario.mode {
        crate::scenario::Mode::Prefill => "One forward pass over the prompt.",
        crate::scenario::Mode::Decode => "One forward pass for one new token of each sequence.",
        crate::scenario::Mode::Pretrain => {
            "Forward, backward at twice its cost, what is computed again, and the optimizer."
        }
    }
}

const fn not_counted(part: MemoryPart) -> &'static str {
    match part {
        MemoryPart::KvCache | MemoryPart::StateCache => "Cached prompts of finished requests.",
        MemoryPart::Activations => "Workspace of matrix libraries, fragmentation.",
        MemoryPart::Gradients | MemoryPart::Optimizer => "Sharding over several devices.",
        MemoryPart::Overhead => "Other programs on the device.",
    }
}

const fn source(part: MemoryPart) -> &'static str {
    match part {
        MemoryPart::Activations => "Training: Korthikanti 2022 (arXiv 2205.05198), by operator and without dropout.",
        MemoryPart::Gradients | MemoryPart::Optimizer => {
            "Mixed precision with AdamW: Rajbhandari 2020 (arXiv 1910.02054), 3.1."
        }
        MemoryPart::KvCache | MemoryPart::StateCache | MemoryPart::Overhead => "",
    }
}

/// The parts of a trace that can be opened, in order.
fn openable(trace: &Trace) -> Vec<Trace> {
    let inner = unwrap(trace);
    let mut found = Vec::new();
    collect(inner, &mut found, 0);
    found
}

fn collect(trace: &Trace, found: &mut Vec<Trace>, depth: usize) {
    if depth > 12 {
        return;
    }
    if let Node::Combined(_, parts) = &*trace.node {
        for part in parts {
            match &*part.node {
                Node::Named { .. } => {
                    if !found.contains(part) {
                        found.push(part.clone());
                    }
                }
                Node::Combined(..) => collect(part, found, depth + 1),
                _ => {}
            }
        }
    }
}

/// The computation inside a name; a name that only renames another is skipped.
fn unwrap(trace: &Trace) -> &Trace {
    let mut current = trace;
    while let Node::Named { inner, .. } = &*current.node {
        current = inner;
    }
    current
}

fn render(trace: &Trace, unit: Unit, units: UnitSystem, words: Option<Words>) -> Explanation {
    let (name, about) = match &*trace.node {
        Node::Named { name, about, .. } => (name.to_string(), (*about).to_owned()),
        _ => (String::new(), String::new()),
    };
    let words = words.unwrap_or(Words {
        title: name,
        about,
        not_counted: "",
        source: "",
    });
    let inner = unwrap(trace);
    let mut formula = Vec::new();
    write(inner, &mut formula, true, 0);
    let mut values = Vec::new();
    write(inner, &mut values, false, 0);
    let values: String = values
        .into_iter()
        .map(|(Piece::Name(text) | Piece::Plain(text))| text)
        .collect();
    let sum = matches!(&*inner.node, Node::Combined(Operation::Sum, _));
    let parts = openable(trace)
        .into_iter()
        .map(|part| {
            let name = match &*part.node {
                Node::Named { name, .. } => name.to_string(),
                _ => String::new(),
            };
            let share = (sum && trace.value > 0.0).then(|| part.value / trace.value);
            let key = key_of(&name);
            Part {
                value: part_unit(unit, &name).write(part.value, units),
                name,
                share,
                key,
            }
        })
        .collect();
    let mut inputs = Vec::new();
    gather(inner, &mut inputs, 0);
    Explanation {
        title: format!("{}: {}", words.title, unit.write(trace.value, units)),
        about: words.about,
        formula,
        values: format!("{values} = {}", unit.exact(trace.value)),
        inputs,
        parts,
        not_counted: words.not_counted.to_owned(),
        source: words.source,
    }
}

/// Parts of a quotient have units of their own.
fn part_unit(whole: Unit, name: &str) -> Unit {
    match (whole, name) {
        (Unit::Intensity, "operations") => Unit::Flops,
        (Unit::Intensity | Unit::Seconds, "bytes moved" | "weights" | "activations" | "cache") => Unit::Bytes,
        (Unit::Rate, _) => Unit::Seconds,
        _ => whole,
    }
}

/// The colour key of a part: a component or a part of memory with this label.
fn key_of(name: &str) -> Option<String> {
    use strum::IntoEnumIterator;
    let component = Component::iter().find(|one| one.label() == name).map(Component::key);
    component
        .or_else(|| MemoryPart::iter().find(|one| one.label() == name).map(MemoryPart::key))
        .map(str::to_owned)
}

/// Writes a computation as a formula, in names or in values.
fn write(trace: &Trace, out: &mut Vec<Piece>, names: bool, depth: usize) {
    let plain = |out: &mut Vec<Piece>, text: String| out.push(Piece::Plain(text));
    match &*trace.node {
        Node::Constant => plain(out, number(trace.value)),
        Node::Input(quantity) if names => out.push(Piece::Name(quantity.name.to_string())),
        Node::Named { name, .. } if names => out.push(Piece::Name(name.to_string())),
        Node::Input(_) | Node::Named { .. } => plain(out, number(trace.value)),
        Node::Combined(how, parts) => {
            if depth > 8 {
                return plain(out, number(trace.value));
            }
            let call = match how {
                Operation::Least => Some("min"),
                Operation::Most => Some("max"),
                Operation::Ceiling => Some("⌈"),
                _ => None,
            };
            let sum_inside = depth > 0
                && matches!(
                    how,
                    Operation::Sum | Operation::Difference | Operation::Quotient | Operation::Power
                );
            match call {
                Some("⌈") => plain(out, "⌈".to_owned()),
                Some(word) => plain(out, format!("{word}(")),
                None if sum_inside => plain(out, "(".to_owned()),
                None => {}
            }
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    let sign = how.sign();
                    plain(
                        out,
                        if sign == "," {
                            ", ".to_owned()
                        } else {
                            format!(" {sign} ")
                        },
                    );
                }
                write(part, out, names, depth + 1);
            }
            match call {
                Some("⌈") => plain(out, "⌉".to_owned()),
                Some(_) => plain(out, ")".to_owned()),
                None if sum_inside => plain(out, ")".to_owned()),
                None => {}
            }
        }
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        whole(value)
    } else {
        decimal(value)
    }
}

/// The inputs of a formula, each once, those behind a name left to that name's own explanation.
fn gather(trace: &Trace, found: &mut Vec<Input>, depth: usize) {
    if depth > 8 {
        return;
    }
    match &*trace.node {
        Node::Input(quantity) => describe(quantity, found, depth),
        Node::Combined(_, parts) => parts.iter().for_each(|part| gather(part, found, depth + 1)),
        _ => {}
    }
}

fn describe(quantity: &Quantity, found: &mut Vec<Input>, depth: usize) {
    if quantity.name.is_empty() || depth > 8 || found.iter().any(|known| known.name == quantity.name) {
        return;
    }
    let value = match quantity.name.as_ref() {
        "bandwidth" => rate(quantity.value as f64, "B"),
        "peak rate" | "vector rate" => rate(quantity.value as f64, "FLOP"),
        _ => grouped(quantity.value),
    };
    found.push(Input {
        name: quantity.name.to_string(),
        value,
        origin: quantity.origin.to_string(),
    });
    if let Origin::Derived(_, from) = &quantity.origin {
        from.iter().for_each(|one| describe(one, found, depth + 1));
    }
}
