//! Lists of models as people have them: one a line, or a column of a CSV.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::limits;

/// The most models that are taken of one list.
pub const MOST: usize = 5_000;

/// A model of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// What stands there: an id, an address, a path, a link.
    pub text: String,
    /// Its line, from 1.
    pub line: u64,
}

/// A list as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelList {
    /// Its models, each once, in their order.
    pub models: Vec<ListedModel>,
    /// How often one stood there again.
    pub repeats: u64,
}

/// Why a list cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// Nothing in it.
    #[error("The list names no model.")]
    Empty,
    /// Too long.
    #[error("{0}")]
    TooLong(String),
    /// Too many.
    #[error("The list names more than {MOST} models.")]
    TooMany,
    /// No such column.
    #[error("The list has no column \"{asked}\". It has: {columns}.")]
    NoColumn {
        /// What was asked for.
        asked: String,
        /// What there is.
        columns: String,
    },
    /// A CSV that is none.
    #[error("The list is no CSV: {0}")]
    Csv(String),
}

/// Columns that hold models, by the names they usually have.
const COLUMNS: [&str; 9] = [
    "model", "model_id", "id", "repo_id", "repo", "hf_id", "modelid", "name", "link",
];

/// Reads a list. Empty lines and those that begin with `#` are skipped, and what marks a line as one of a list (`-`, `*`, `1.`).
/// A text whose first line has commas, semicolons or tabs is a table: its models are in `column`, or in the first column that is
/// called like one (model, id, repo, …), else in the first whose first value has a `/`.
///
/// # Errors
/// See [`ListError`].
pub fn read_list(text: &str, column: Option<&str>) -> Result<ModelList, ListError> {
    if limits::LISTING.is_passed_by(text.as_bytes()) {
        return Err(ListError::TooLong(limits::LISTING.refusal("The list")));
    }
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().find(|line| !is_skipped(line)).unwrap_or_default();
    let separator = [',', ';', '\t']
        .into_iter()
        .find(|sign| first.contains(*sign) && !first.contains("://"));
    let found = match separator {
        Some(separator) => of_table(text, separator, column)?,
        None if column.is_some() => {
            return Err(ListError::NoColumn {
                asked: column.unwrap_or_default().to_owned(),
                columns: "none".to_owned(),
            });
        }
        None => of_lines(text),
    };
    let mut list = ModelList::default();
    let mut seen = BTreeSet::new();
    for one in found {
        if !seen.insert(one.text.clone()) {
            list.repeats += 1;
        } else if list.models.len() == MOST {
            return Err(ListError::TooMany);
        } else {
            list.models.push(one);
        }
    }
    if list.models.is_empty() {
        return Err(ListError::Empty);
    }
    Ok(list)
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn of_lines(text: &str) -> Vec<ListedModel> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !is_skipped(line));
    let models = lines.map(|(line, number)| ListedModel {
        text: bare(line).to_owned(),
        line: number,
    });
    models.filter(|one| !one.text.is_empty()).collect()
}

/// A line without what marks it as one of a list, and without quotes.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let line = line
        .strip_prefix(['-', '*', '•'])
        .filter(|rest| rest.starts_with(' '))
        .unwrap_or(line);
    let number = line.trim_start_matches(|sign: char| sign.is_ascii_digit());
    let line = if number.len() < line.len() {
        number
            .strip_prefix(['.', ')'])
            .filter(|rest| rest.starts_with(' '))
            .unwrap_or(line)
    } else {
        line
    };
    line.trim().trim_matches(['"', '\'', '`', ',']).trim()
}

fn of_table(text: &str, separator: char, column: Option<&str>) -> Result<Vec<ListedModel>, ListError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator as u8)
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| ListError::Csv(error.to_string()))?;
        rows.push(row);
    }
    let Some(head) = rows.first() else {
        return Err(ListError::Empty);
    };
    let called = |name: &str| head.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (at, has_head) = match column {
        Some(asked) => match called(asked) {
            Some(at) => (at, true),
            None => {
                let columns = head.iter().collect::<Vec<_>>().join(", ");
                return Err(ListError::NoColumn {
                    asked: asked.to_owned(),
                    columns,
                });
            }
        },
        None => match COLUMNS.iter().find_map(|name| called(name)) {
            Some(at) => (at, true),
            // A table without names: the first column that looks like ids.
            None => (head.iter().position(|cell| cell.contains('/')).unwrap_or(0), false),
        },
    };
    let rows = rows.iter().skip(usize::from(has_head));
    let models = rows.filter_map(|row| {
        let text = bare(row.get(at)?);
        let line = row.position().map_or(0, csv::Position::line);
        (!text.is_empty()).then(|| ListedModel {
            text: text.to_owned(),
            line,
        })
    });
    Ok(models.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &str, column: Option<&str>) -> Vec<String> {
        let list = read_list(list, column).unwrap_or_else(|error| panic!("{error}"));
        list.models.into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn lines_as_people_write_them() {
        let list = "# ours\n\nQwen/Qwen3-8B\n- openai/gpt-oss-20b\n2. \"google/gemma-3-27b-it\",\nhttps://huggingface.co/a/b\r\n01-ai/Yi-6B\n";
        let found = texts(list, None);
        assert_eq!(
            found,
            [
                "Qwen/Qwen3-8B",
                "openai/gpt-oss-20b",
                "google/gemma-3-27b-it",
                "https://huggingface.co/a/b",
                "01-ai/Yi-6B"
            ]
        );
        assert_eq!(read_list(list, None).map(|list| list.models[1].line), Ok(4));
    }

    #[test]
    fn a_column_of_a_table() {
        assert_eq!(texts("downloads,modelId\n5,a/b\n7,\"c/d\"\n", None), ["a/b", "c/d"]);
        assert_eq!(texts("x;repo\n1;a/b\n\n2;\n", Some("REPO")), ["a/b"]);
        assert_eq!(texts("1\ta/b\n2\tc/d", None), ["a/b", "c/d"]);
        let asked = read_list("a,b\n1,2", Some("model"));
        assert_eq!(
            asked.unwrap_err().to_string(),
            "The list has no column \"model\". It has: a, b."
        );
    }

    #[test]
    fn each_once_and_not_without_end() {
        let list = read_list("a/b\nc/d\na/b\n", None).unwrap_or_default();
        assert_eq!((list.models.len(), list.repeats), (2, 1));
        assert_eq!(read_list("\n# nothing\n", None), Err(ListError::Empty));
        let long: String = (0..=MOST).map(|at| format!("a/{at}\n")).collect();
        assert_eq!(read_list(&long, None), Err(ListError::TooMany));
        assert!(matches!(
            read_list(&"a/b\n".repeat(3_000_000), None),
            Err(ListError::TooLong(_))
        ));
    }
}
