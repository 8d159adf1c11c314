//! The arithmetic that formulas are written in.

use super::quantity::Quantity;
use super::unit::Unit;

/// What a formula computes with: plain numbers, or numbers that remember where they came from.
///
/// Operations never fail. Exact arithmetic saturates at the largest `u64`, which the analysis reports as "too large".
pub trait Number: Clone + 'static {
    /// A number that belongs to the formula itself, such as the 2 of a multiply-add.
    fn constant(value: f64) -> Self;
    /// A named input: a dimension of the model, a choice of the user, a row of a table.
    fn input(quantity: &Quantity) -> Self;
    /// Names this result, so that an explanation can show it as a part of its own.
    fn named(self, name: &str, about: &'static str) -> Self;
    /// Gives a named result its unit, where it is not that of the number it is a part of.
    #[must_use]
    fn in_unit(self, _: Unit) -> Self {
        self
    }
    /// Says what the formula of a named result leaves out.
    #[must_use]
    fn without(self, _: &'static str) -> Self {
        self
    }
    /// The bare value, for comparisons that choose between formulas.
    fn value(&self) -> f64;
    /// Sum of two.
    fn plus(self, other: Self) -> Self;
    /// Difference, never below zero.
    fn minus(self, other: Self) -> Self;
    /// Product of two.
    fn times(self, other: Self) -> Self;
    /// Quotient: rounded down for exact numbers, real for floating ones. Division by zero gives zero.
    fn over(self, other: Self) -> Self;
    /// Quotient rounded up to a whole number. Division by zero gives zero.
    fn over_ceiling(self, other: Self) -> Self;
    /// The smaller of two.
    fn least(self, other: Self) -> Self;
    /// The larger of two.
    fn most(self, other: Self) -> Self;

    /// To the power of.
    fn power(self, exponent: Self) -> Self;

    /// Zero.
    fn zero() -> Self {
        Self::constant(0.0)
    }
    /// Sum of any number of parts.
    fn sum<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        parts.into_iter().reduce(Self::plus).unwrap_or_else(Self::zero)
    }
    /// Product of any number of factors.
    fn product<I: IntoIterator<Item = Self>>(factors: I) -> Self {
        factors
            .into_iter()
            .reduce(Self::times)
            .unwrap_or_else(|| Self::constant(1.0))
    }
    /// This many times over, without the noise of a factor of one in an explanation.
    fn scaled(self, factor: f64) -> Self {
        if factor == 1.0 {
            self
        } else {
            Self::constant(factor).times(self)
        }
    }
}

/// A size: bytes, elements, tokens. Saturates instead of overflowing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub u64);

impl Exact {
    /// The value a computation ends at when it left the range of `u64`.
    pub const OVERFLOW: Self = Self(u64::MAX);
}

impl Number for Exact {
    fn constant(value: f64) -> Self {
        // `as` saturates: negative to zero, huge to the maximum.
        Self(value as u64)
    }
    fn input(quantity: &Quantity) -> Self {
        Self(quantity.value)
    }
    fn named(self, _: &str, _: &'static str) -> Self {
        self
    }
    fn value(&self) -> f64 {
        self.0 as f64
    }
    fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
    fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
    fn times(self, other: Self) -> Self {
        Self(self.0.saturating_mul(other.0))
    }
    fn over(self, other: Self) -> Self {
        Self(self.0.checked_div(other.0).unwrap_or(0))
    }
    fn over_ceiling(self, other: Self) -> Self {
        Self(if other.0 == 0 { 0 } else { self.0.div_ceil(other.0) })
    }
    fn least(self, other: Self) -> Self {
        self.min(other)
    }
    fn most(self, other: Self) -> Self {
        self.max(other)
    }
    fn power(self, exponent: Self) -> Self {
        Self(self.0.saturating_pow(u32::try_from(exponent.0).unwrap_or(u32::MAX)))
    }
}

impl Number for f64 {
    fn constant(value: f64) -> Self {
        value
    }
    fn input(quantity: &Quantity) -> Self {
        quantity.value as Self
    }
    fn named(self, _: &str, _: &'static str) -> Self {
        self
    }
    fn value(&self) -> f64 {
        *self
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn minus(self, other: Self) -> Self {
        (self - other).max(0.0)
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn over(self, other: Self) -> Self {
        if other == 0.0 { 0.0 } else { self / other }
    }
    fn over_ceiling(self, other: Self) -> Self {
        self.over(other).ceil()
    }
    fn least(self, other: Self) -> Self {
        self.min(other)
    }
    fn most(self, other: Self) -> Self {
        self.max(other)
    }
    fn power(self, exponent: Self) -> Self {
        self.powf(exponent)
    }
}
