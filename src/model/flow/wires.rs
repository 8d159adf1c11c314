//! The wires inside a block.

use crate::model::Component;
use crate::model::operator::{Block, Kind, Operator, Rows, Step};
use crate::units::Quantity;

/// Where a wire begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// What the block reads.
    Input,
    /// An operator of the block, by index.
    Operator(usize),
}

/// From what is read to the operator that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    /// What is read.
    pub from: End,
    /// The operator that reads it, by index.
    pub to: usize,
}

/// The width that an operator makes, with its name where it has one that others use.
fn output(operator: &Operator) -> (String, u64) {
    let named = |quantity: &Quantity| (quantity.name.to_string(), quantity.value);
    match &operator.kind {
        Kind::Lookup { width } | Kind::Elementwise { width, .. } => named(width),
        Kind::Linear { output, .. } => named(output),
        Kind::Expand { heads, output, .. } => (String::new(), heads.value.saturating_mul(output.value)),
        Kind::Attention(attention) => (
            String::new(),
            attention.heads.value.saturating_mul(attention.value_dim.value),
        ),
        Kind::Conv { channels, .. } => named(channels),
        // As wide as whoever reads it wants.
        Kind::Scan(_) | Kind::Index(_) | Kind::Idle => (String::new(), 0),
    }
}

/// Whether it is drawn and read apart: rotations and picks are part of what follows.
pub const fn is_folded(operator: &Operator) -> bool {
    matches!(
        operator.kind,
        Kind::Elementwise {
            step: Step::Rotary | Step::Softmax,
            ..
        }
    )
}

/// The operators after the output of attention belong beside it: tables of positions, a second way through the block.
pub fn end_of_attention(block: &Block) -> Option<usize> {
    let attention = block
        .operators
        .iter()
        .position(|one| matches!(one.kind, Kind::Attention(_)))?;
    let stream = stream(block)?;
    let after = block.operators.iter().enumerate().skip(attention + 1);
    let mut output = after.filter(|(_, one)| matches!(&one.kind, Kind::Linear { output, .. } if output.name == stream));
    output.next().map(|(at, _)| at)
}

/// The name of the width that a block reads: that of its first operator's input.
fn stream(block: &Block) -> Option<String> {
    block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Linear { input, .. } => Some(input.name.to_string()),
        Kind::Elementwise { width, .. } => Some(width.name.to_string()),
        Kind::Conv { channels, .. } => Some(channels.name.to_string()),
        _ => None,
    })
}

struct Open<'a> {
    block: &'a Block,
    /// Outputs of the operators that ran, oldest first.
    made: Vec<(usize, String, u64)>,
    /// Which of them nobody read yet.
    unread: Vec<usize>,
    /// Which operators read the block's input.
    from_input: Vec<usize>,
    /// The stream's name.
    stream: String,
    wires: Vec<Wire>,
}

impl Open<'_> {
    fn read(&mut self, from: End, to: usize) {
        let wire = Wire { from, to };
        if self.wires.contains(&wire) {
            return;
        }
        match from {
            End::Input => self.from_input.push(to),
            End::Operator(at) => self.unread.retain(|one| *one != at),
        }
        self.wires.push(wire);
    }
    fn is_unread(&self, at: usize) -> bool {
        self.unread.contains(&at)
    }
    /// The last operator of which something holds, one that nobody read yet before others.
    fn last(&self, holds: impl Fn(&(usize, String, u64)) -> bool) -> Option<usize> {
        let found = |unread: bool| {
            self.made
                .iter()
                .rev()
                .find(|one| (!unread || self.is_unread(one.0)) && holds(one))
                .map(|one| one.0)
        };
        found(true).or_else(|| found(false))
    }
    /// What attention or a recurrence gave just now: it goes on, though something before it has the same name.
    fn mixed(&self, width: &Quantity) -> Option<End> {
        let mixes = |operator: &Operator| matches!(operator.kind, Kind::Attention(_) | Kind::Scan(_));
        let last = self.made.last()?;
        let fits = self.is_unread(last.0) && (last.2 == width.value || last.2 == 0);
        let found = fits && self.block.operators.get(last.0).is_some_and(mixes);
        found.then_some(End::Operator(last.0))
    }
    /// What makes a vector of this width.
    fn makers(&self, width: &Quantity) -> Vec<End> {
        let name: &str = &width.name;
        if let Some(mixed) = self.mixed(width).filter(|_| name != self.stream) {
            return vec![mixed];
        }
        if let Some(at) = self
            .made
            .iter()
            .rev()
            .find(|one| one.1 == name && one.2 == width.value)
            .map(|one| one.0)
        {
            return vec![End::Operator(at)];
        }
        if name == self.stream {
            return vec![End::Input];
        }
        if let Some(at) = self.last(|one| one.2 == width.value) {
            return vec![End::Operator(at)];
        }
        // Several that stand beside each other, read as one.
        let mut sum: u64 = 0;
        let mut together = Vec::new();
        for (at, _, value) in self.made.iter().filter(|one| self.is_unread(one.0)) {
            sum = sum.saturating_add(*value);
            together.push(End::Operator(*at));
            if sum == width.value {
                return together;
            }
        }
        // A part of something wider, or each head of something.
        if let Some(at) = self.last(|one| one.2 > width.value) {
            return vec![End::Operator(at)];
        }
        // Wider than all that was made: it can only be what came in.
        vec![End::Input]
    }
    /// Both halves of a product element by element.
    fn halves(&self, width: &Quantity) -> Vec<End> {
        // A gate may be narrower: it scales whole heads.
        let gates = |at: usize| self.block.operators.get(at).is_some_and(is_gate);
        let as_wide =
            |one: &&(usize, String, u64)| self.is_unread(one.0) && (one.2 >= width.value || one.2 == 0 || gates(one.0));
        let mut found: Vec<End> = self
            .made
            .iter()
            .rev()
            .filter(as_wide)
            .take(2)
            .map(|one| End::Operator(one.0))
            .collect();
        if found.len() == 1 && !self.is_both(found.first(), width) {
            // The other half was made together with something else.
            let other = self.made.iter().rev().find(|one| {
                self.from_input.contains(&one.0) && one.2 > width.value && !found.contains(&End::Operator(one.0))
            });
            found.extend(other.map(|one| End::Operator(one.0)));
        }
        if found.is_empty() {
            found = self.makers(width);
        }
        found
    }
    /// Whether one operator makes both halves.
    fn is_both(&self, end: Option<&End>, width: &Quantity) -> bool {
        let Some(End::Operator(at)) = end else { return false };
        self.made
            .iter()
            .any(|one| one.0 == *at && one.2 >= width.value.saturating_mul(2))
    }
    /// What a later product takes as its gate: it goes past whatever comes between.
    fn kept_for_gates(&self, at: usize) -> Vec<usize> {
        let later = self.block.operators.get(at + 1..).unwrap_or_default();
        let gates = later.iter().filter_map(|operator| match &operator.kind {
            Kind::Elementwise { width, reads: 2, .. } => Some(width.value),
            _ => None,
        });
        let mut kept = Vec::new();
        for width in gates {
            let fits = |one: &&(usize, String, u64)| {
                self.is_unread(one.0)
                    && one.2 == width
                    && !kept.contains(&one.0)
                    && self.block.operators.get(one.0).is_some_and(is_gate)
            };
            if let Some(one) = self.made.iter().rev().find(fits) {
                kept.push(one.0);
            }
        }
        kept
    }
    /// All that nobody read, but for what a gate behind it wants.
    fn rest(&self, at: usize) -> Vec<End> {
        let kept = self.kept_for_gates(at);
        let rest = self.unread.iter().filter(|one| !kept.contains(one));
        rest.map(|one| End::Operator(*one)).collect()
    }
}

/// A matrix or its nonlinearity that scales something later: named after it, or made of the stream for nothing else.
fn is_gate(operator: &Operator) -> bool {
    let name = operator.name;
    name.starts_with("g_")
        || name.contains("_z")
        || name.contains("gate")
        || name == "activation"
        || name == "receptance"
}

/// The wires of a part of a tower, whose operators stand in the order in which they run: each reads the one before it; matrices
/// side by side that have the same input read the same, and attention and gates read all that nobody read. Tables are added to
/// what stands behind them.
pub fn in_order(block: &Block) -> Vec<Wire> {
    let mut all: Vec<Wire> = Vec::new();
    // What nobody read yet, and what the last matrices side by side read.
    let mut open: Vec<End> = vec![End::Input];
    let mut beside: Option<(&Quantity, Vec<End>)> = None;
    for (at, operator) in block.operators.iter().enumerate() {
        if is_folded(operator) || operator.is_idle() {
            continue;
        }
        let from = match (&operator.kind, &beside) {
            (Kind::Linear { input, .. }, Some((same, read))) if *same == input && !operator.tensors.is_empty() => {
                read.clone()
            }
            // A norm of queries or keys follows the matrix that made them; the first takes the first.
            (
                Kind::Elementwise {
                    step: Step::Norm(_),
                    width,
                    ..
                },
                Some(_),
            ) if open.len() > 1 => {
                let made = |end: &&End| matches!(end, End::Operator(from) if makes(block, *from, width));
                open.iter().find(made).map_or_else(|| open.clone(), |end| vec![*end])
            }
            _ => open.clone(),
        };
        match &operator.kind {
            Kind::Linear { input, .. } => match &beside {
                Some((same, _)) if *same == input && !operator.tensors.is_empty() => {}
                _ => {
                    open.clear();
                    beside = Some((input, from.clone()));
                }
            },
            Kind::Elementwise {
                step: Step::Norm(_), ..
            } if beside.is_some() && from.len() < open.len() => {
                open.retain(|end| !from.contains(end));
            }
            _ => {
                open.clear();
                beside = None;
            }
        }
        all.extend(from.into_iter().map(|from| Wire { from, to: at }));
        open.push(End::Operator(at));
    }
    all
}

/// Whether an operator makes vectors of a width.
fn makes(block: &Block, at: usize, width: &Quantity) -> bool {
    let operator = block.operators.get(at);
    operator.is_some_and(|one| matches!(&one.kind, Kind::Linear { output, .. } if output.value == width.value))
}

/// The wires of a block, in the order of the operators that read. Every operator that runs and is not folded reads something,
/// and nothing that is made is left unread but for what is added at the end.
pub fn wires(block: &Block) -> Vec<Wire> {
    let mut open = Open {
        block,
        made: Vec::new(),
        unread: Vec::new(),
        from_input: Vec::new(),
        stream: stream(block).unwrap_or_default(),
        wires: Vec::new(),
    };
    let attention = block
        .operators
        .iter()
        .position(|one| matches!(one.kind, Kind::Attention(_)));
    let end = end_of_attention(block).unwrap_or(usize::MAX);
    for (at, operator) in block.operators.iter().enumerate() {
        if is_folded(operator) || operator.is_idle() {
            continue;
        }
        // A table of positions is multiplied whole and compared with.
        if let (
            Kind::Linear {
                rows: Rows::Given(_) | Rows::Distances | Rows::Every(_),
                ..
            },
            Some(attention),
        ) = (&operator.kind, attention)
        {
            open.wires.push(Wire {
                from: End::Operator(at),
                to: attention,
            });
            continue;
        }
        if at > end && operator.tensors.is_empty() {
            continue;
        }
        for from in sources(&open, at, operator) {
            open.read(from, at);
        }
        let (name, value) = output(operator);
        open.made.push((at, name, value));
        open.unread.push(at);
    }
    // What nobody read goes where everything ends; experts and what stands beside them are added instead.
    if let Some(last) = open.made.last().map(|one| one.0) {
        let of_experts = |at: usize| {
            let component = block.operators.get(at).map(|one| one.component);
            matches!(component, Some(Component::Experts | Component::SharedExperts))
        };
        for at in open.unread.clone() {
            if at < last && !of_experts(at) && !of_experts(last) && at < end {
                open.read(End::Operator(at), last);
            }
        }
    }
    open.wires
}

fn sources(open: &Open<'_>, at: usize, operator: &Operator) -> Vec<End> {
    match &operator.kind {
        Kind::Lookup { .. } | Kind::Idle => vec![End::Input],
        Kind::Linear { input, routing, .. } => {
            if let Some(mixed) = open.mixed(input).filter(|_| operator.name == "o_proj") {
                return vec![mixed];
            }
            // What stands beside experts reads what the block reads.
            if operator.component == Component::SharedExperts && input.name == open.stream {
                return vec![End::Input];
            }
            let mut from = open.makers(input);
            // The router's choice says which experts run.
            if routing.is_some() {
                let before = || open.block.operators.iter().take(at);
                let router = before().rposition(|one| one.component == Component::Router && !is_folded(one));
                from.extend(router.map(End::Operator));
            }
            from
        }
        Kind::Expand { latent, .. } => open.makers(&latent.rank),
        Kind::Conv { channels, .. } => open.makers(channels),
        Kind::Elementwise {
            step: Step::Norm(_),
            width,
            ..
        } => {
            let named = open.last(|one| one.1 == width.name && one.2 == width.value);
            let matrix = || {
                open.made
                    .iter()
                    .rev()
                    .find(|one| {
                        one.2 >= width.value
                            && open.block.operators.get(one.0).is_some_and(|made| {
                                !matches!(
                                    made.kind,
                                    Kind::Elementwise {
                                        step: Step::Norm(_),
                                        ..
                                    }
                                )
                            })
                    })
                    .map(|one| one.0)
            };
            let scanned = open.made.last().filter(|one| one.2 == 0).map(|one| one.0);
            match scanned.or(named).or_else(matrix) {
                Some(from) => vec![End::Operator(from)],
                None => open.makers(width),
            }
        }
        Kind::Elementwise { width, reads: 2, .. } => open.halves(width),
        Kind::Elementwise { width, step, .. } => {
            let last = open.made.last().filter(|one| one.2 == width.value || one.2 == 0);
            // What steers a state was made together with something else.
            let steers = matches!(step, Step::Plain(_)) && !open.made.iter().any(|one| one.2 == width.value);
            let wider = |one: &&(usize, String, u64)| open.from_input.contains(&one.0) && one.2 > width.value;
            match last.or_else(|| open.made.iter().rev().find(wider).filter(|_| steers)) {
                Some(last) => vec![End::Operator(last.0)],
                None => open.makers(width),
            }
        }
        Kind::Index(index) => {
            let wanted = [
                index.heads.value.saturating_mul(index.dim.value),
                index.dim.value,
                index.heads.value,
            ];
            let fits = |one: &&(usize, String, u64)| open.is_unread(one.0) && wanted.contains(&one.2);
            let named = |one: &&(usize, String, u64)| {
                let operator = open.block.operators.get(one.0);
                operator.is_some_and(|operator| operator.name.starts_with("index"))
            };
            let of = |found: Vec<&(usize, String, u64)>| -> Vec<End> {
                found.into_iter().map(|one| End::Operator(one.0)).collect()
            };
            let own = of(open.made.iter().filter(fits).filter(named).collect());
            let all = of(open.made.iter().filter(fits).collect());
            match (own.is_empty(), all.is_empty()) {
                (false, _) => own,
                (true, false) => all,
                (true, true) => open.rest(at),
            }
        }
        Kind::Attention(_) | Kind::Scan(_) => {
            let mut from = open.rest(at);
            // What was convolved is scanned, though the steps were made of it too.
            if matches!(operator.kind, Kind::Scan(_)) {
                let convolved = open
                    .block
                    .operators
                    .iter()
                    .take(at)
                    .rposition(|one| matches!(one.kind, Kind::Conv { .. }));
                let activated = convolved.map(|conv| {
                    let after = open.wires.iter().find(|wire| {
                        wire.from == End::Operator(conv)
                            && open.block.operators.get(wire.to).is_some_and(|to| {
                                matches!(
                                    to.kind,
                                    Kind::Elementwise {
                                        step: Step::Activation,
                                        ..
                                    }
                                )
                            })
                    });
                    after.map_or(conv, |wire| wire.to)
                });
                if let Some(end) = activated.map(End::Operator).filter(|end| !from.contains(end)) {
                    from.insert(0, end);
                }
            }
            if from.is_empty() {
                from.push(open.made.last().map_or(End::Input, |last| End::Operator(last.0)));
            }
            from
        }
    }
}
