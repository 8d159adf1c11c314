//! Rules of other calculators beside the estimate: JSON and a table.

use serde_json::{Value, json};

use super::{ModelFacts, Sheet, difference};
use crate::analysis::Analysis;
use crate::report::calculators::Opinion;
use crate::scenario::link;
use crate::units::UnitSystem;

/// The answer of `calculators` as JSON.
pub fn calculators(facts: &ModelFacts, analysis: &Analysis, opinions: &[Opinion]) -> Value {
    let one = |one: &Opinion| {
        json!({
            "rule": one.key,
            "name": one.name,
            "formula": one.formula,
            "of": one.of.key(),
            "result": one.theirs,
            "weighbridge": one.ours,
            "difference": one.off(),
            "why": one.why,
            "source": one.source.name,
            "url": one.source.url,
        })
    };
    json!({
        "weighbridge": super::VERSION,
        "link": link(&analysis.setup.requested).ok().map(|query| format!("?{query}")),
        "model": {"id": facts.id, "source": facts.source},
        "mode": analysis.setup.scenario.workload.mode.key(),
        "rules": opinions.iter().map(one).collect::<Vec<_>>(),
    })
}

/// The rules as a table.
pub fn calculators_sheet(opinions: &[Opinion], units: UnitSystem) -> Sheet {
    let columns = ["of", "rule", "its result", "estimate", "difference", "why", "source"];
    let mut sheet = Sheet::new("Why calculators disagree", &columns);
    for one in opinions {
        sheet.push([
            one.of.label().to_owned(),
            one.name.to_owned(),
            one.of.write(one.theirs, units),
            one.of.write(one.ours, units),
            difference(one.off()),
            one.why.clone(),
            one.source.url.map_or_else(
                || one.source.name.to_owned(),
                |url| format!("{} ({url})", one.source.name),
            ),
        ]);
    }
    sheet
}
