//! Two architectures part by part, each difference with what it costs. Everything is computed from the blueprints: formulas
//! are those of the answer, under one plain workload, so that neither format nor engine is compared by accident.

use std::sync::Arc;

use super::relation::{less_or_more, share, shares_apart, times};
use crate::analysis::{Setup, costs, memory, parameters};
use crate::hardware::Engine;
use crate::model::operator::{Attention, Kind, Scan, Span};
use crate::model::{Blueprint, Component};
use crate::scenario::{KvFormat, LatentCache, Mode, Scenario};
use crate::units::{Exact, UnitSystem, grouped, short_count};

/// Context at which long caches are compared, tokens.
const LONG: u64 = 32_768;
/// Context that the windows in use hold whole, tokens: every layer keeps all of it.
const SHORT: u64 = 128;

/// A difference between two architectures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part: `Attention`, `Experts`.
    pub part: &'static str,
    /// What differs: `MLA instead of GQA`.
    pub what: String,
    /// What it costs or saves; empty where nothing is counted.
    pub cost: String,
}

impl Difference {
    fn new(part: &'static str, what: String, cost: impl Into<String>) -> Self {
        Self {
            part,
            what,
            cost: cost.into(),
        }
    }
    /// Both in a line: `MLA instead of GQA: 93 % less cache a token`.
    pub fn words(&self) -> String {
        if self.cost.is_empty() {
            self.what.clone()
        } else {
            format!("{}: {}", self.what, self.cost)
        }
    }
}

/// How an architecture differs from a base, part by part; empty where they are one.
pub fn differences(one: &Arc<Blueprint>, base: &Arc<Blueprint>, units: UnitSystem) -> Vec<Difference> {
    if Arc::ptr_eq(one, base) || one == base {
        return Vec::new();
    }
    let (Some(one), Some(base)) = (Shape::of(one), Shape::of(base)) else {
        return Vec::new();
    };
    let parts = [
        mixers(&one, &base),
        windows(&one, &base),
        heads(&one, &base),
        experts(&one, &base),
        size(&one, &base),
        state(&one, &base, units),
        vocabulary(&one, &base),
        context(&one, &base),
    ];
    parts.into_iter().flatten().collect()
}

/// What is compared of a blueprint.
struct Shape {
    blueprint: Arc<Blueprint>,
    /// What mixes tokens, and in how many layers.
    mixers: Vec<(&'static str, u64)>,
    /// Layers whose attention sees less than all, by what it sees.
    windows: Vec<(String, u64)>,
    /// Query heads and their width, of the layers with most heads.
    heads: Option<(u64, u64)>,
    /// Bytes of cache that a layer keeps of a token while every window holds it, 16 bits an element.
    cache_a_layer: f64,
    /// Bytes of cache at the long context, and what they would be if every layer kept all tokens.
    cache_long: (f64, f64),
    /// Operations of scores and values for a token at the long context.
    attention_flops: f64,
    /// Bytes of states of a sequence.
    state: u64,
    parameters: f64,
    active: f64,
    /// Parameters of the token table and the head.
    tables: f64,
}

impl Shape {
    /// `None` where memory overflows.
    fn of(blueprint: &Arc<Blueprint>) -> Option<Self> {
        let asked = |prompt: u64| {
            Scenario::default().with(|s| {
                s.workload.mode = Mode::Decode;
                s.workload.prompt = prompt;
                s.workload.generate = Some(0);
                s.precision.kv_cache = KvFormat::Bf16;
                // No blocks, no pages: what the architecture itself keeps.
                s.serving.engine = Some(Engine::Transformers);
                s.serving.latent_cache = LatentCache::Latent;
            })
        };
        let long = Setup::new(blueprint, &asked(LONG)).ok()?;
        let short = Setup::new(blueprint, &asked(SHORT)).ok()?;
        let (held, all) = (memory::<Exact>(&long), memory::<Exact>(&short).kv_cache.0 as f64);
        let counted = parameters::<Exact>(blueprint);
        let of = |component: Component| {
            let found = counted.by_component.iter().find(|(one, _)| *one == component);
            found.map_or(0.0, |(_, count)| count.0 as f64)
        };
        let operators = costs::<f64>(&long);
        let attention = operators.iter().filter(|cost| cost.component == Component::Attention);
        let (mixers, windows, heads) = token_mixers(blueprint);
        Some(Self {
            mixers,
            windows,
            heads,
            cache_a_layer: all / SHORT as f64 / blueprint.layers.value.max(1) as f64,
            cache_long: (held.kv_cache.0 as f64, all / SHORT as f64 * LONG as f64),
            attention_flops: attention.map(crate::analysis::OpCost::flops).sum(),
            state: held.state_per_sequence.0,
            parameters: counted.total.0 as f64,
            active: counted.active.0 as f64,
            tables: of(Component::Embedding) + of(Component::LmHead),
            blueprint: blueprint.clone(),
        })
    }
    /// `GQA`, `GQA in 12 of 48 layers, gated delta rule in 36`.
    fn mixers_in_words(&self) -> String {
        match self.mixers.as_slice() {
            [] => "no attention".to_owned(),
            [(name, _)] => (*name).to_owned(),
            several => in_layers(
                several.iter().map(|(name, count)| (*name, *count)),
                self.blueprint.layers.value,
            ),
        }
    }
    fn windows_in_words(&self) -> String {
        let all = self.windows.iter().map(|(name, count)| (name.as_str(), *count));
        in_layers(all, self.blueprint.layers.value)
    }
}

/// `MLA instead of GQA`; what has a comma in it ends with one.
fn instead(mine: &str, other: &str) -> String {
    let comma = if mine.contains(", ") { "," } else { "" };
    format!("{mine}{comma} instead of {other}")
}

fn in_layers<'a>(all: impl Iterator<Item = (&'a str, u64)>, layers: u64) -> String {
    let said = all.enumerate().map(|(at, (name, count))| {
        if at == 0 {
            format!("{name} in {} of {} layers", grouped(count), grouped(layers))
        } else {
            format!("{name} in {}", grouped(count))
        }
    });
    said.collect::<Vec<_>>().join(", ")
}

type Mixers = (Vec<(&'static str, u64)>, Vec<(String, u64)>, Option<(u64, u64)>);

/// What mixes tokens in the layers: kinds, windows, and heads with their width.
fn token_mixers(blueprint: &Blueprint) -> Mixers {
    let (mut mixers, mut windows, mut heads) = (Vec::new(), Vec::new(), None);
    for kind in &blueprint.kinds {
        let count = kind.count.value;
        // Each once a layer, whatever the number of operators.
        let (mut seen, mut spans) = (Vec::new(), Vec::new());
        for operator in kind.blocks.iter().flat_map(|block| &block.operators) {
            match &operator.kind {
                Kind::Attention(attention) => {
                    seen.push(attention_name(attention));
                    spans.extend(span_name(&attention.span));
                    heads = heads.max(Some((attention.heads.value, attention.key_dim.value)));
                }
                Kind::Scan(scan) => seen.push(scan_name(scan)),
                _ => {}
            }
        }
        seen.dedup();
        spans.dedup();
        seen.into_iter().for_each(|name| count_in(&mut mixers, name, count));
        spans.into_iter().for_each(|name| count_in(&mut windows, name, count));
    }
    (mixers, windows, heads)
}

fn count_in<T: PartialEq>(list: &mut Vec<(T, u64)>, name: T, count: u64) {
    match list.iter_mut().find(|(known, _)| *known == name) {
        Some((_, sum)) => *sum = sum.saturating_add(count),
        None => list.push((name, count)),
    }
}

/// By how many heads are stored: MHA (Vaswani 2017), MQA (Shazeer 2019, arXiv 1911.02150), GQA (Ainslie 2023, arXiv 2305.13245),
/// MLA (DeepSeek-V2 2024, arXiv 2405.04434).
fn attention_name(attention: &Attention) -> &'static str {
    match (
        attention.latent.is_some(),
        attention.kv_heads.value,
        attention.heads.value,
    ) {
        (true, ..) => "MLA",
        (_, stored, heads) if stored == heads => "MHA",
        (_, 1, _) => "MQA",
        _ => "GQA",
    }
}

const fn scan_name(scan: &Scan) -> &'static str {
    match scan {
        Scan::Mamba1 { .. } => "Mamba",
        Scan::Mamba2 { .. } => "Mamba 2",
        Scan::Delta { .. } => "gated delta rule",
        Scan::Lightning { .. } => "lightning attention",
        Scan::MatrixLstm { .. } => "matrix LSTM",
        Scan::Elementwise { .. } => "a recurrence",
    }
}

fn span_name(span: &Span) -> Option<String> {
    match span {
        Span::Full | Span::Both | Span::Cross | Span::Squares { .. } | Span::Part(_) => None,
        Span::Blocks { size, .. } => Some(format!("some blocks of {} tokens", grouped(size.value))),
        Span::Near(_) | Span::Distances => None,
        Span::Around(window) | Span::Chunks { window, .. } => {
            Some(format!("{} tokens around it", grouped(window.value)))
        }
        Span::Beside { size, .. } => Some(format!("blocks of {} tokens", grouped(size.value))),
        Span::Window(tokens) => Some(format!("a window of {} tokens", grouped(tokens.value))),
        Span::Chunk(tokens) => Some(format!("chunks of {} tokens", grouped(tokens.value))),
        Span::Chosen(tokens) => Some(format!("{} chosen tokens", grouped(tokens.value))),
        Span::Every { ratio, .. } => Some(format!("an entry for {} tokens", grouped(ratio.value))),
    }
}

fn mixers(one: &Shape, base: &Shape) -> Option<Difference> {
    let (mine, other) = (one.mixers_in_words(), base.mixers_in_words());
    let of_layers = if one.blueprint.layers.value == base.blueprint.layers.value {
        "cache a token"
    } else {
        "cache a token and layer"
    };
    let cost = match (one.cache_a_layer, base.cache_a_layer) {
        (0.0, 0.0) => String::new(),
        (0.0, _) => "no cache that grows".to_owned(),
        (_, 0.0) => "a cache that grows with each token".to_owned(),
        (mine, other) => less_or_more(mine / other).map_or_else(String::new, |much| format!("{much} {of_layers}")),
    };
    let what = if mine != other {
        instead(&mine, &other)
    } else if one.blueprint.attention != base.blueprint.attention {
        format!("{} instead of {}", one.blueprint.attention, base.blueprint.attention)
    } else {
        return None;
    };
    Some(Difference::new("Attention", what, cost))
}

fn windows(one: &Shape, base: &Shape) -> Option<Difference> {
    if one.windows == base.windows {
        return None;
    }
    let (kept, whole) = one.cache_long;
    let less = less_or_more(kept / whole).filter(|_| kept < whole);
    let long = grouped(LONG);
    let (what, cost) = match (one.windows.is_empty(), base.windows.is_empty()) {
        (true, _) => (
            format!("every layer sees all tokens, not {}", base.windows_in_words()),
            String::new(),
        ),
        (false, alone) => (
            match alone {
                true => one.windows_in_words(),
                false => instead(&one.windows_in_words(), &base.windows_in_words()),
            },
            less.map_or_else(
                || format!("no less cache at {long} tokens"),
                |less| format!("{less} cache at {long} tokens than if each layer kept all"),
            ),
        ),
    };
    Some(Difference::new("Windows", what, cost))
}

fn heads(one: &Shape, base: &Shape) -> Option<Difference> {
    let ((heads, width), (others, other_width)) = (one.heads?, base.heads?);
    if (heads, width) == (others, other_width) {
        return None;
    }
    let each = |heads: u64, width: u64| format!("{} heads of {}", grouped(heads), grouped(width));
    let what = format!("{} instead of {}", each(heads, width), each(others, other_width));
    let much = less_or_more(one.attention_flops / base.attention_flops);
    let cost = much.map_or_else(String::new, |much| {
        format!(
            "{much} arithmetic of attention to write a token after {}",
            grouped(LONG)
        )
    });
    Some(Difference::new("Heads", what, cost))
}

fn experts(one: &Shape, base: &Shape) -> Option<Difference> {
    let active = |shape: &Shape| shape.active / shape.parameters.max(1.0);
    let (mine, other) = (&one.blueprint.experts, &base.blueprint.experts);
    let (what, cost) = match (mine, other) {
        (None, None) => return None,
        (Some(mine), Some(other)) if mine == other => return None,
        (Some(mine), Some(other)) => (
            instead(mine, other),
            shares_apart(active(one), active(base)).map_or_else(String::new, |(mine, other)| {
                format!("{mine} of the parameters are active, not {other}")
            }),
        ),
        (Some(mine), None) => (
            instead(mine, "one MLP for all"),
            format!("{} of the parameters are active", share(active(one))),
        ),
        (None, Some(other)) => (
            format!("one MLP for all instead of {other}"),
            format!("all parameters are active, not {}", share(active(base))),
        ),
    };
    Some(Difference::new("Experts", what, cost))
}

fn size(one: &Shape, base: &Shape) -> Option<Difference> {
    let measures = |shape: &Shape| (shape.blueprint.layers.value, shape.blueprint.hidden.value);
    if measures(one) == measures(base) && one.active == base.active {
        return None;
    }
    let words = |shape: &Shape| {
        let (layers, width) = measures(shape);
        format!("{} layers of width {}", grouped(layers), grouped(width))
    };
    let what = if measures(one) == measures(base) {
        words(one)
    } else {
        format!("{} instead of {}", words(one), words(base))
    };
    let cost = format!(
        "{} parameters a token, not {} ({} ×)",
        short_count(one.active),
        short_count(base.active),
        times(one.active / base.active.max(1.0))
    );
    let cost = if one.active == base.active { String::new() } else { cost };
    Some(Difference::new("Size", what, cost))
}

fn state(one: &Shape, base: &Shape, units: UnitSystem) -> Option<Difference> {
    if one.state == base.state {
        return None;
    }
    let said = |bytes: u64| match bytes {
        0 => "no state".to_owned(),
        some => format!("a state of {}", units.bytes(some as f64)),
    };
    let cost = if one.state > 0 {
        "for each sequence, however long it is"
    } else {
        ""
    };
    Some(Difference::new(
        "State",
        format!("{} instead of {}", said(one.state), said(base.state)),
        cost,
    ))
}

fn vocabulary(one: &Shape, base: &Shape) -> Option<Difference> {
    let rows = |shape: &Shape| (shape.blueprint.vocabulary.value, shape.blueprint.tied);
    if rows(one) == rows(base) {
        return None;
    }
    let tied = |shape: &Shape| {
        if shape.blueprint.tied {
            ", one table for both ends"
        } else {
            ""
        }
    };
    let said = |shape: &Shape| format!("{} tokens{}", grouped(shape.blueprint.vocabulary.value), tied(shape));
    let part = |shape: &Shape| shape.tables / shape.parameters.max(1.0);
    let cost = shares_apart(part(one), part(base)).map_or_else(String::new, |(mine, other)| {
        format!("{mine} of the parameters are token table and head, not {other}")
    });
    Some(Difference::new("Vocabulary", instead(&said(one), &said(base)), cost))
}

fn context(one: &Shape, base: &Shape) -> Option<Difference> {
    let most = |shape: &Shape| shape.blueprint.max_context.as_ref().map(|most| most.value);
    let (mine, other) = (most(one), most(base));
    if mine == other {
        return None;
    }
    let said = |most: Option<u64>| most.map_or_else(|| "a length that is not said".to_owned(), super::super::tokens);
    Some(Difference::new(
        "Context",
        format!("made for {} instead of {}", said(mine), said(other)),
        "",
    ))
}
