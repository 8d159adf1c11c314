//! A whole number with a name and a memory of where it came from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::format::grouped;
use super::trace::Operation;
use super::unit::Unit;

/// A named whole number, such as `head_dim` = 128, and its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// The field's term for it: `kv_heads`, `hidden`, `tokens`.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: u64,
    /// What it is of.
    pub unit: Unit,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a quantity came from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A key of the model's `config.json`.
    Config(Cow<'static, str>),
    /// Absent from the config: the default which transformers' class of this model type has.
    ClassDefault(Cow<'static, str>),
    /// Computed from other quantities.
    Derived(Operation, Arc<[Quantity]>),
    /// What this kind of model always has.
    Architecture(&'static str),
    /// Chosen by the user; the text names the control.
    Choice(&'static str),
    /// A row of one of our tables.
    Table(Cow<'static, str>),
    /// A convention or an assumption, in words.
    Assumed(&'static str),
}

impl Quantity {
    /// A quantity read from `config.json`.
    pub fn config(name: &'static str, key: impl Into<Cow<'static, str>>, value: u64) -> Self {
        Self {
            name: name.into(),
            value,
            unit: Unit::Count,
            origin: Origin::Config(key.into()),
        }
    }
    /// A quantity that the kind of model fixes.
    pub fn architecture(name: &'static str, value: u64, why: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit: Unit::Count,
            origin: Origin::Architecture(why),
        }
    }
    /// A quantity the user chose under the named control.
    pub fn choice(name: &'static str, value: u64, control: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit: Unit::Count,
            origin: Origin::Choice(control),
        }
    }
    /// A quantity that is assumed, with the reason.
    pub fn assumed(name: &'static str, value: u64, why: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit: Unit::Count,
            origin: Origin::Assumed(why),
        }
    }
    /// A quantity from one of our tables.
    pub fn table(name: &'static str, value: u64, row: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            value,
            unit: Unit::Count,
            origin: Origin::Table(row.into()),
        }
    }
    /// The same in a unit.
    #[must_use]
    pub fn in_unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }
    /// The key of the config it was read from, or that the class has a default for.
    pub fn key(&self) -> Option<&str> {
        match &self.origin {
            Origin::Config(key) | Origin::ClassDefault(key) => Some(key),
            _ => None,
        }
    }
    /// The product of others; saturates.
    pub fn product(name: &'static str, factors: &[&Self]) -> Self {
        let value = factors.iter().fold(1, |all: u64, one| all.saturating_mul(one.value));
        Self::derived(name, value, Operation::Product, factors)
    }
    /// The sum of others; saturates.
    pub fn sum(name: &'static str, parts: &[&Self]) -> Self {
        let value = parts.iter().fold(0, |all: u64, one| all.saturating_add(one.value));
        Self::derived(name, value, Operation::Sum, parts)
    }
    /// The first less the second; never below zero.
    pub fn difference(name: &'static str, from: &Self, less: &Self) -> Self {
        Self::derived(
            name,
            from.value.saturating_sub(less.value),
            Operation::Difference,
            &[from, less],
        )
    }
    /// The quotient of two, rounded down; zero where the divisor is zero.
    pub fn quotient(name: &'static str, of: &Self, by: &Self) -> Self {
        Self::derived(
            name,
            of.value.checked_div(by.value).unwrap_or(0),
            Operation::Quotient,
            &[of, by],
        )
    }
    /// This many times the quantity.
    pub fn times(&self, name: &'static str, factor: u64) -> Self {
        Self::product(name, &[&Self::architecture("", factor, ""), self])
    }
    /// The same value under another name.
    pub fn renamed(&self, name: &'static str) -> Self {
        Self {
            name: name.into(),
            ..self.clone()
        }
    }

    fn derived(name: &'static str, value: u64, how: Operation, from: &[&Self]) -> Self {
        let from: Vec<Self> = from.iter().map(|&one| one.clone()).collect();
        Self {
            name: name.into(),
            value,
            unit: Unit::Count,
            origin: Origin::Derived(how, from.into()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(key) => write!(f, "{key}, config.json"),
            Self::ClassDefault(key) => write!(f, "{key} is not in config.json; the default of this model type"),
            Self::Derived(how, from) => {
                for (at, one) in from.iter().enumerate() {
                    if at > 0 {
                        write!(f, " {} ", how.sign())?;
                    }
                    match one.name.as_ref() {
                        "" => write!(f, "{}", grouped(one.value))?,
                        name => write!(f, "{name} {}", grouped(one.value))?,
                    }
                }
                Ok(())
            }
            Self::Architecture(why) | Self::Assumed(why) => f.write_str(why),
            Self::Choice(control) => write!(f, "chosen under {control}"),
            Self::Table(row) => f.write_str(row),
        }
    }
}
