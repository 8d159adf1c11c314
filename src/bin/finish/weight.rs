//! Weighs each file as hosts send it, against its budget in `data/size_budget.csv`: over budget, the build fails.

use std::fmt::Write as _;
use std::{fs, io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};

use crate::Outcome;

const BUDGET: &str = include_str!("../../../data/size_budget.csv");
/// The row for all that a first visit loads before it shows an answer that reacts.
const FIRST: &str = "first load";

/// What a file may weigh.
struct Row {
    file: &'static str,
    /// `first` load, `later`, or `apart`: not asked for by the page itself.
    when: &'static str,
    most: usize,
}

/// A table of all files with their bytes; an error where one is over its budget or has none.
pub fn check(staging: &Path, names: &[String]) -> Outcome<String> {
    let rows = budget()?;
    let row = |file: &str| rows.iter().find(|row| row.file == file);
    let mut weighed: Vec<(String, usize, usize)> = Vec::new();
    for name in names {
        let body = fs::read(staging.join(name))?;
        let (file, gz) = (known_as(name), gzipped(&body)?);
        match weighed.iter_mut().find(|(known, _, _)| *known == file) {
            Some((_, raw, all)) => {
                *raw += body.len();
                *all += gz;
            }
            None => weighed.push((file, body.len(), gz)),
        }
    }
    let (mut wrong, mut first) = (Vec::new(), 0);
    let mut lines = Vec::with_capacity(weighed.len());
    for (file, raw, gz) in weighed {
        let when = match row(&file) {
            None => {
                wrong.push(format!("{file} has no row"));
                "?"
            }
            Some(row) => {
                if gz > row.most {
                    wrong.push(format!("{file} weighs {gz} bytes, {} are allowed", row.most));
                }
                row.when
            }
        };
        if when == "first" {
            first += gz;
        }
        lines.push((when, file, raw, gz));
    }
    lines.sort_by_key(|(when, _, _, gz)| (*when != "first", *when == "apart", usize::MAX - gz));
    let mut table = format!("{:>9} {:>9}  {:<6} file\n", "bytes", "gzip", "when");
    for (when, file, raw, gz) in lines {
        writeln!(table, "{raw:>9} {gz:>9}  {when:<6} {file}")?;
    }
    write!(table, "{:>9} {first:>9}  first load in all", "")?;
    match row(FIRST) {
        None => wrong.push(format!("\"{FIRST}\" has no row")),
        Some(row) if first > row.most => {
            wrong.push(format!("the {FIRST} weighs {first} bytes, {} are allowed", row.most));
        }
        Some(_) => {}
    }
    if wrong.is_empty() {
        Ok(table)
    } else {
        Err(format!("{table}\ndata/size_budget.csv is not kept: {}", wrong.join("; ")).into())
    }
}

fn budget() -> Outcome<Vec<Row>> {
    let lines = BUDGET.lines().skip(1).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut cells = line.split(',');
            let (Some(file), Some(when), Some(most)) = (cells.next(), cells.next(), cells.next()) else {
                return Err(format!("data/size_budget.csv: a line is not whole: {line}").into());
            };
            let most = most.parse()?;
            Ok(Row { file, when, most })
        })
        .collect()
}

/// How the budget calls a file: without its hash, and the files that several parts share as one.
fn known_as(name: &str) -> String {
    let name = without_hash(name);
    if name.starts_with("shared-") {
        "shared.wasm".to_owned()
    } else {
        name
    }
}

/// `part-fit-0123456789abcdef.wasm` is `part-fit.wasm`.
fn without_hash(name: &str) -> String {
    let hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name
        .rsplit_once('.')
        .and_then(|(stem, kind)| Some((stem.rsplit_once('-')?, kind)))
    {
        Some(((stem, end), kind)) if hash(end) => format!("{stem}.{kind}"),
        _ => name.to_owned(),
    }
}

fn gzipped(body: &[u8]) -> Outcome<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.len())
}
