//! What is said of an analysis: sentences, tiles, lines. Pure functions, so that page and command line print the same and tests read
//! them without a browser.

pub mod calculators;
mod cards;
pub mod compare;
mod conditions;
mod elsewhere;
pub mod hub_row;
mod limit;
pub mod log;
mod log_lines;
pub mod model_rows;
mod notes;
pub mod parts;
mod plans;
mod pool;
pub mod run;
mod run_ways;
pub mod scale;
mod server;
pub mod spread;
mod strategies;
mod tiles;
mod training;
mod verdict;
pub mod walk;

pub use cards::{Card, best_way, cards};
pub use conditions::conditions;
pub use elsewhere::elsewhere;
pub use limit::{Limit, limit};
pub use log_lines::log_lines;
pub use notes::notes;
pub use plans::{layout_words, step_words, why_not};
pub use pool::{Pool, pool};
pub use run_ways::RunWays;
pub use server::{Line, curve_caption, server};
pub use strategies::{Judged, Strategy, Ways, judge, strategies};
pub use tiles::{Tile, tiles};
pub use training::training_lines;
pub use verdict::{Sentence, about, sentence, verdict_name};

use crate::export::Field;
use crate::units::{decimal, grouped};

/// A number of tokens: 131,072 everywhere, whatever it is of.
pub fn tokens(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "token" } else { "tokens" })
}

/// Both ends of an interval.
pub fn between(low: f64, high: f64) -> String {
    format!("{}–{}", rough(low), rough(high))
}

/// A rate in a table: its likely range, or the rate itself where there is none: `25.1 – 41.4`.
pub fn likely(expected: f64, between: Option<(f64, f64)>) -> String {
    match between {
        Some((low, high)) => format!("{} – {}", decimal(low), decimal(high)),
        None => decimal(expected),
    }
}

/// The same as a value of a table.
pub fn likely_value(expected: f64, between: Option<(f64, f64)>) -> Field {
    Field::number(expected, likely(expected, between)).between(between)
}

fn rough(value: f64) -> String {
    let value = two_digits(value);
    if value >= 10.0 {
        grouped(value as u64)
    } else {
        decimal(value)
    }
}

/// Two significant digits: more would promise what an interval takes back.
fn two_digits(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return value;
    }
    let step = 10_f64.powf(value.log10().floor() - 1.0);
    (value / step).round() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(tokens(131_072), "131,072 tokens");
        assert_eq!(tokens(1), "1 token");
        assert_eq!(between(35.2, 63.4), "35–63");
        assert_eq!(between(0.1534, 0.204), "0.15–0.20");
        assert_eq!(between(1234.0, 45_678.0), "1,200–46,000");
    }
}
