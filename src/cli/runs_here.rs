//! `weighbridge fit --hardware ID --models all`: what runs on a device, each model in the format that is best there.

use crate::ask::{here, here_row, refused_row};
use crate::model::catalogue;
use crate::report::model_rows::{RowFilter, SortBy, arranged, sentence, sheet};
use crate::units::{UnitSystem, shown};
use clap::ArgMatches;

use super::output::{Failure, Format, json_text, sheets, tell};
use super::{arguments, source};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command for a list of models, or all that are built in.
pub fn run(models: &str, matches: &ArgMatches) -> Result<String, Failure> {
    let scenario = arguments::scenario(matches)?;
    let names: Vec<&str> = if models == "all" {
        catalogue::entries().iter().map(|entry| entry.id.as_str()).collect()
    } else {
        let names = models.split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).collect()
    };
    if names.is_empty() {
        return Err(Failure::new("bad_value", "--models: no model is named."));
    }
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for name in names {
        match source::find(name, matches).and_then(|found| here(&found, &scenario)) {
            Ok(row) => rows.push(row),
            Err(failure) => failed.push((shown(name).into_owned(), failure)),
        }
    }
    let order = arranged(&rows, &RowFilter::default(), SortBy::Verdict, false);
    let ordered = || order.iter().filter_map(|at| rows.get(*at));
    if arguments::format(matches) == Format::Json {
        let left = failed.iter().map(|(name, failure)| refused_row(name, failure));
        return json_text(&ordered().map(here_row).chain(left).collect::<Vec<_>>());
    }
    for (name, failure) in &failed {
        tell(&format!("{name}: {}", failure.line()));
    }
    let table = sheets(&[sheet(ordered(), UNITS)], arguments::format(matches))?;
    if arguments::format(matches) == Format::Table {
        return Ok(format!("{}\n\n{table}", sentence(&rows)));
    }
    Ok(table)
}
