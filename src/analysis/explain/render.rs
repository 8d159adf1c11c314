//! From a trace to a formula, its values, its inputs and its parts.

use super::super::memory::MemoryPart;
use super::sentences::Words;
use super::{Explanation, Input, Part, Piece};
use crate::model::Component;
use crate::units::{Node, Operation, Origin, Quantity, Trace, Unit, UnitSystem, number};

/// The parts of a trace that can be opened, in order, each with its unit.
pub fn openable(trace: &Trace, unit: Unit) -> Vec<(Trace, Unit)> {
    let mut found = Vec::new();
    collect(unwrap(trace), unit, &mut found, 0);
    found
}

fn collect(trace: &Trace, unit: Unit, found: &mut Vec<(Trace, Unit)>, depth: usize) {
    if depth > 12 {
        return;
    }
    let Node::Combined(how, parts) = &*trace.node else {
        return;
    };
    // What is added is of the same kind as the sum, and so is what is only scaled; other factors are not.
    let scaled = || {
        parts
            .iter()
            .filter(|part| !matches!(*part.node, Node::Constant))
            .count()
            == 1
    };
    let inside = match how {
        Operation::Sum | Operation::Difference | Operation::Least | Operation::Most => unit,
        Operation::Product | Operation::Quotient if scaled() => unit,
        Operation::Product | Operation::Quotient | Operation::Ceiling | Operation::Power => Unit::Plain,
    };
    for part in parts {
        match &*part.node {
            Node::Named { .. } if !found.iter().any(|(known, _)| known == part) => {
                found.push((part.clone(), part.unit().unwrap_or(inside)));
            }
            Node::Combined(..) => collect(part, inside, found, depth + 1),
            _ => {}
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

/// The explanation of a trace; a part that was opened brings its own words.
pub fn render(trace: &Trace, unit: Unit, units: UnitSystem, words: Option<Words>) -> Explanation {
    let (name, about) = match &*trace.node {
        Node::Named { name, about, .. } => (name.to_string(), (*about).to_owned()),
        _ => (String::new(), String::new()),
    };
    let words = words.unwrap_or(Words {
        title: name,
        about,
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
    let parts = openable(trace, unit)
        .into_iter()
        .map(|(part, of)| {
            let name = match &*part.node {
                Node::Named { name, .. } => name.to_string(),
                _ => String::new(),
            };
            let share = (sum && trace.value > 0.0).then(|| part.value / trace.value);
            let key = key_of(&name);
            Part {
                value: of.write(part.value, units),
                name,
                share,
                key,
            }
        })
        .collect();
    let mut inputs = Vec::new();
    gather(inner, units, &mut inputs, 0);
    Explanation {
        title: format!("{}: {}", words.title, unit.write(trace.value, units)),
        about: words.about,
        formula,
        values: format!("{values} = {}", unit.exact(trace.value)),
        inputs,
        parts,
        not_counted: trace.not_counted().to_owned(),
        source: words.source,
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

/// The inputs of a formula, each once, those behind a name left to that name's own explanation.
fn gather(trace: &Trace, units: UnitSystem, found: &mut Vec<Input>, depth: usize) {
    if depth > 8 {
        return;
    }
    match &*trace.node {
        Node::Input(quantity) => describe(quantity, units, found, depth),
        Node::Combined(_, parts) => parts.iter().for_each(|part| gather(part, units, found, depth + 1)),
        _ => {}
    }
}

fn describe(quantity: &Quantity, units: UnitSystem, found: &mut Vec<Input>, depth: usize) {
    if quantity.name.is_empty() || depth > 8 {
        return;
    }
    let input = Input {
        name: quantity.name.to_string(),
        value: quantity.unit.write(quantity.value as f64, units),
        origin: quantity.origin.to_string(),
    };
    // What is reached of a bandwidth differs between kernels of one operator: only the same row is told once.
    if found.contains(&input) {
        return;
    }
    found.push(input);
    if let Origin::Derived(_, from) = &quantity.origin {
        from.iter().for_each(|one| describe(one, units, found, depth + 1));
    }
}
