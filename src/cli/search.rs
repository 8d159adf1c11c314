//! `weighbridge search WORDS`: models of the Hub, with a rough verdict where a device is named.

use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use strum::IntoEnumIterator;

use crate::ask::Failure;
use crate::export::{Field, Sheet};
use crate::hardware;
use crate::hub::loader;
use crate::hub::search::{Filter, HubQuery, SearchProblem};
use crate::report::hub_row::HubRow;
use crate::units::UnitSystem;

use super::output::{Format, json_text, sheets};
use super::{arguments, fetch, source};

/// The flag of a filter: `--format` is how the answer is written.
const fn flag(filter: Filter) -> &'static str {
    match filter {
        Filter::Format => "files",
        other => other.key(),
    }
}

/// The command with its flags; each filter is one.
pub fn command(format: Arg, access: impl IntoIterator<Item = Arg>) -> Command {
    let filters = Filter::iter().map(|filter| {
        let keys = filter
            .choices()
            .iter()
            .map(|choice| choice.key)
            .filter(|key| !key.is_empty());
        let usual = filter.choices().first().map_or("", |choice| choice.label);
        Arg::new(flag(filter))
            .long(flag(filter))
            .value_name("NAME")
            .value_parser(PossibleValuesParser::new(keys))
            .help(format!("{} [default: {usual}]", filter.label()))
    });
    Command::new("search")
        .about("Models of the Hub by words and filters")
        .arg(
            Arg::new("words")
                .value_name("WORDS")
                .num_args(0..)
                .help("What the name must hold"),
        )
        .args(filters)
        .arg(
            Arg::new("author")
                .long("author")
                .value_name("NAME")
                .help("Models of this user or organisation"),
        )
        .arg(
            Arg::new("hardware")
                .long("hardware")
                .value_name("ID")
                .help("A device: each model with a rough verdict by its size"),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .default_value("20")
                .value_parser(value_parser!(u64).range(1..=100))
                .action(ArgAction::Set)
                .help("How many at most"),
        )
        .arg(format)
        .args(access)
}

/// Asks the Hub.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let words: Vec<&str> = matches
        .get_many::<String>("words")
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let mut query = HubQuery::of(&words.join(" "));
    for filter in Filter::iter() {
        if let Some(key) = matches.get_one::<String>(flag(filter)) {
            query.set(filter, key);
        }
    }
    if let Some(author) = matches.get_one::<String>("author")
        && !query.set_author(author)
    {
        return Err(Failure::new(
            "bad_value",
            format!("--author: \"{author}\" is no name of a user or organisation."),
        ));
    }
    if !query.is_worth_asking() {
        return Err(Failure::new(
            "bad_search",
            "Give two characters or more of a model's name, or a filter.",
        ));
    }
    let scenario = arguments::on_hardware(matches)?;
    let most = matches.get_one::<u64>("limit").copied().unwrap_or(20);
    let whom = source::whom(matches)?;
    let endpoint = whom.endpoint.clone();
    let exchange = loader::find(whom, &query, usize::try_from(most).unwrap_or(20), None);
    let found = fetch::run(&endpoint, &source::patience(matches), exchange).map_err(|error| {
        let problem = SearchProblem::of(&error);
        let (what, next) = problem.words();
        Failure::new(error.code(), format!("{what} {next}"))
    })?;
    let device = scenario
        .hardware
        .device
        .as_deref()
        .and_then(|id| hardware::resolve(id).ok());
    let devices = scenario.hardware.devices;
    let rows: Vec<HubRow> = found
        .listed
        .iter()
        .map(|one| HubRow::of(one, device.as_deref(), devices))
        .collect();
    let format = arguments::format(matches);
    if format == Format::Json {
        return json_text(&rows);
    }
    let mut sheet = Sheet::new(
        "",
        &[
            "model",
            "parameters",
            "formats",
            "licence",
            "downloads",
            "updated",
            "verdict",
        ],
    );
    for row in rows {
        let verdict = row.rough.as_ref().map(|rough| rough.words(UnitSystem::Gib));
        let verdict = verdict.map(|(short, about)| format!("{short}, {about}"));
        sheet.push([
            Field::text(row.id),
            row.parameters.map_or_else(Field::default, Field::short),
            Field::text(row.formats.join(", ")),
            Field::text(row.licence.unwrap_or_default()),
            row.downloads.map_or_else(Field::default, Field::count),
            Field::text(row.updated.unwrap_or_default()),
            Field::text(verdict.unwrap_or_default()),
        ]);
    }
    sheets(&[sheet], format)
}
