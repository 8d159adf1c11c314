//! `weighbridge calculators`: what the rules of other calculators give for a model, and why.

use crate::ask::Estimate;
use crate::export::{calculators, calculators_sheet};
use crate::report::calculators::{Of, Opinion, opinions};
use crate::units::{UnitSystem, shown};
use clap::ArgMatches;
use strum::IntoEnumIterator as _;

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, estimate};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let model = matches.get_one::<String>("model").map_or("", String::as_str);
    let estimate = estimate::of(model, matches)?;
    let all = opinions(&estimate.analysis);
    match arguments::format(matches) {
        Format::Json => json_text(&calculators(&estimate.found.facts, &estimate.analysis, &all)),
        Format::Table => Ok(told(&estimate, &all)),
        other => sheets(&[calculators_sheet(&all, UNITS)], other),
    }
}

/// By what they are of: result and difference in a line, the reason below it. A terminal is too narrow for all in one.
fn told(estimate: &Estimate, all: &[Opinion]) -> String {
    let mut out = format!(
        "What the rules of other calculators give for {}\n",
        shown(&estimate.found.facts.id)
    );
    for of in Of::iter() {
        let mut some = all.iter().filter(|one| one.of == of).peekable();
        let Some(first) = some.peek() else { continue };
        out.push_str(&format!("\n{}: {} here\n", of.label(), of.write(first.ours, UNITS)));
        for one in some {
            let off = crate::export::difference(one.off());
            let theirs = of.write(one.theirs, UNITS);
            out.push_str(&format!(
                "  {theirs:>12}  {off:>9}  {}\n    {}\n    Source: {}{}\n",
                one.name,
                shown(&one.why),
                one.source.name,
                one.source.url.map_or_else(String::new, |url| format!(", {url}"))
            ));
        }
    }
    out
}
