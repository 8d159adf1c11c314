//! Rules for single modules, in the order in which a method asks them: the first that speaks of a module decides.

use std::collections::BTreeSet;

use super::super::format::Format;
use super::super::layout::Layout;
use super::super::tensor::{Tensor, TensorKind};
use super::modules::{Form, Holds, Modules};
use super::name;
use super::regex::Work;

/// With patterns that tell layers apart no model has more.
const MOST_LAYERS: u64 = 2000;

/// No checkpoint has more formats.
const MOST_FORMATS: usize = 64;

/// What becomes of a module.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// It is left as it is.
    Kept,
    /// It has a format of its own.
    Format(Format),
    /// It is treated as if no rule spoke of it.
    Usual,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    of: Modules,
    then: Then,
}

/// Rules in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    list: Vec<Rule>,
    /// The formats they name, each once.
    pub formats: Vec<Format>,
    /// Whether patterns reach the output head; by its name any rule does.
    pub head: bool,
    /// Entries that could not be read, with the reason.
    unread: Vec<String>,
    /// Whether rules were left out because no checkpoint has so many formats.
    too_many: bool,
}

/// The layers a tensor is in.
#[derive(Clone, Copy, Debug)]
pub enum Span<'a> {
    /// None: it is there once.
    Once,
    /// Layers of one kind, so many.
    Kind(&'a Layout, usize, u64),
    /// All layers of a tower, so many.
    Tower(u64),
}

impl Span<'_> {
    fn count(self) -> u64 {
        match self {
            Self::Once => 1,
            Self::Kind(_, _, count) | Self::Tower(count) => count,
        }
    }
    fn end(self) -> u64 {
        match self {
            Self::Once => 0,
            Self::Kind(layout, ..) => layout.layers(),
            Self::Tower(count) => count,
        }
    }
    fn has(self, layer: u64) -> bool {
        match self {
            Self::Once => false,
            Self::Kind(layout, kind, _) => layout.kind_at(layer) == Some(kind),
            Self::Tower(count) => layer < count,
        }
    }
    fn between(self, from: u64, to: u64) -> u64 {
        match self {
            Self::Once => 0,
            Self::Kind(layout, kind, _) => {
                let counts = layout.count_between(from, to, kind + 1);
                counts.get(kind).copied().unwrap_or(0)
            }
            Self::Tower(count) => to.min(count).saturating_sub(from),
        }
    }
}

impl Rules {
    /// None yet; patterns will reach the output head too.
    pub fn reaching_the_head() -> Self {
        Self {
            head: true,
            ..Self::default()
        }
    }

    /// Adds a rule behind the others; one that speaks of nothing is left out.
    pub fn add(&mut self, mut of: Modules, then: Then) {
        let unread = std::mem::take(&mut of.unread);
        // "All but what could not be read" would be all.
        let nothing = of.is_empty() && (!of.others || !unread.is_empty());
        self.unread.extend(unread);
        if nothing {
            return;
        }
        if let Then::Format(format) = &then
            && !self.formats.contains(format)
        {
            if self.formats.len() >= MOST_FORMATS {
                self.too_many = true;
                return;
            }
            self.formats.push(format.clone());
        }
        self.list.push(Rule { of, then });
    }

    /// Adds a plain name to the rule of names with the same end, as single modules are many and never two of a name.
    pub fn join(&mut self, form: Form, name: &str, then: &Then) {
        if self.too_many && matches!(then, Then::Format(format) if !self.formats.contains(format)) {
            return;
        }
        let same = |rule: &&mut Rule| rule.then == *then && rule.of.only(form);
        if let Some(rule) = self.list.iter_mut().find(same) {
            rule.of.add(form, name);
        } else {
            self.add(Modules::of(form, [name]), then.clone());
        }
    }

    /// These, and behind them others.
    #[must_use]
    pub fn before(mut self, others: Self) -> Self {
        for rule in others.list {
            self.add(rule.of, rule.then);
        }
        self.too_many |= others.too_many;
        self.unread.extend(others.unread);
        self.head |= others.head;
        self
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Entries that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        let too_many = self.too_many.then_some("more than 64 formats");
        let later = self.list.iter().flat_map(|rule| &rule.of.unread);
        let entries = self.unread.iter().chain(later).map(String::as_str);
        entries.chain(too_many)
    }

    /// In how many layers a tensor is left as it is, and in how many it has each of the formats. `None` where the patterns
    /// cost more than they may.
    pub fn count(&self, tensor: &Tensor, span: Span<'_>, work: &Work) -> Option<Vec<u64>> {
        let mut counts = vec![0_u64; self.formats.len() + 1];
        if tensor.dims.is_empty() || tensor.kind == TensorKind::Vector || tensor.name.ends_with(".bias") {
            return Some(counts);
        }
        let key = name::key(tensor.module(), matches!(span, Span::Kind(..)));
        let holds: Vec<Holds> = self.list.iter().map(|rule| rule.of.by_name(&key)).collect();
        let mut add = |index: Option<u64>, layers: u64| {
            if let Some(at) = self.decides(tensor, &key, &holds, index, work)
                && let Some(count) = counts.get_mut(at)
            {
                *count = count.saturating_add(layers);
            }
        };
        match span {
            Span::Once => add(None, 1),
            _ if self.list.iter().any(|rule| rule.of.asks_each_layer()) => {
                if span.end() > MOST_LAYERS {
                    return None;
                }
                (0..span.end())
                    .filter(|&layer| span.has(layer))
                    .for_each(|layer| add(Some(layer), 1));
            }
            _ => {
                let named: BTreeSet<u64> = holds
                    .iter()
                    .filter_map(|holds| match holds {
                        Holds::Layers(layers) => Some(layers),
                        Holds::Everywhere => None,
                    })
                    .flatten()
                    .copied()
                    .filter(|&layer| span.has(layer))
                    .collect();
                named.iter().for_each(|&layer| add(Some(layer), 1));
                // Of the others only the number of digits can matter.
                let mut from = 0;
                for power in 1..=6 {
                    let to = 10_u64.pow(power).min(span.end());
                    let known = named.range(from..to.max(from)).count() as u64;
                    let rest = span.between(from, to.max(from)).saturating_sub(known);
                    if rest > 0 {
                        let sample = (from..to)
                            .find(|&layer| span.has(layer) && !named.contains(&layer))
                            .unwrap_or(from);
                        add(Some(sample), rest);
                    }
                    from = to.max(from);
                }
            }
        }
        if work.is_over() {
            return None;
        }
        let all = span.count();
        counts.iter_mut().for_each(|count| *count = (*count).min(all));
        Some(counts)
    }

    /// The place in the counts for what becomes of a tensor in one layer; none where it is treated as usual.
    fn decides(&self, tensor: &Tensor, key: &str, holds: &[Holds], index: Option<u64>, work: &Work) -> Option<usize> {
        let spelled = name::spelled(key, index.unwrap_or(0));
        let rule = self
            .list
            .iter()
            .zip(holds)
            .find(|(rule, holds)| rule.of.holds(holds, tensor, index, &spelled, work))
            .map(|(rule, _)| rule)?;
        match &rule.then {
            Then::Kept => Some(0),
            Then::Usual => None,
            Then::Format(format) => {
                let reached = match tensor.kind {
                    TensorKind::Matrix => rule.of.names(key) || !is_convolution(tensor),
                    TensorKind::Head => rule.of.names(key) || rule.of.is_kind(tensor.kind) || self.head,
                    TensorKind::Table | TensorKind::Router => rule.of.names(key) || rule.of.is_kind(tensor.kind),
                    TensorKind::Vector | TensorKind::Buffer => false,
                };
                let at = self.formats.iter().position(|one| one == format)?;
                reached.then_some(at + 1)
            }
        }
    }
}

/// Convolutions are no linear layers, whatever their shape.
pub fn is_convolution(tensor: &Tensor) -> bool {
    let last = tensor.module().rsplit('.').next();
    last.is_some_and(|last| last.contains("conv"))
}
