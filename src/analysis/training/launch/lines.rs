//! A YAML file as it is put together.
//!
//! A key is a path: `fsdp_config.fsdp_version` is `fsdp_version` under `fsdp_config`. A part that ends in `[]` is a list
//! with one entry.

use crate::analysis::launch::Flag;
use crate::analysis::launch::quote::{clean, python};

/// A file in the making.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    text: String,
    under: Vec<&'static str>,
    pub flags: Vec<Flag>,
}

/// Text as a scalar of YAML: bare where nothing in it has a meaning, else a double-quoted string, whose escapes are JSON's
/// (YAML 1.2, 7.3.1).
fn scalar(text: &str) -> String {
    let text = clean(text);
    let word = |sign: char| sign.is_ascii_alphanumeric() || "_-./".contains(sign);
    let begins = text.chars().next().is_some_and(|sign| sign.is_ascii_alphabetic());
    let means = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if begins && text.chars().all(word) && !means.contains(&text.to_ascii_lowercase().as_str()) {
        text
    } else {
        python(&text)
    }
}

impl Yaml {
    /// A key with text.
    pub fn text(&mut self, path: &'static str, value: &str, why: impl Into<String>) -> &mut Self {
        self.line(path, &scalar(value), value, why.into())
    }
    /// A key with a number, a truth value or a list, as YAML writes it.
    pub fn plain(&mut self, path: &'static str, value: impl ToString, why: impl Into<String>) -> &mut Self {
        let value = value.to_string();
        self.line(path, &value, &value, why.into())
    }
    /// The same where something holds.
    pub fn plain_if(
        &mut self,
        holds: bool,
        path: &'static str,
        value: impl ToString,
        why: impl Into<String>,
    ) -> &mut Self {
        if holds { self.plain(path, value, why) } else { self }
    }
    fn line(&mut self, path: &'static str, written: &str, value: &str, why: String) -> &mut Self {
        let mut parts: Vec<&'static str> = path.split('.').collect();
        let last = parts.pop().unwrap_or(path);
        let mut indent = 0;
        let mut begins = false;
        for (depth, part) in parts.iter().enumerate() {
            let list = part.ends_with("[]");
            if self.under.get(depth) != Some(part) {
                self.under.truncate(depth);
                let name = part.trim_end_matches("[]");
                self.text.push_str(&format!("{}{name}:\n", " ".repeat(indent)));
                self.under.push(part);
                begins = list;
            }
            indent += if list { 4 } else { 2 };
        }
        self.under.truncate(parts.len());
        let lead = if begins {
            format!("{}- ", " ".repeat(indent - 2))
        } else {
            " ".repeat(indent)
        };
        self.text.push_str(&format!("{lead}{last}: {written}\n"));
        self.flags.push(Flag {
            flag: path,
            value: value.to_owned(),
            why,
        });
        self
    }
    /// The lines of a shell that write the file. No line of it can end the text early: each begins with a key.
    pub fn written_to(&self, name: &str) -> String {
        format!("cat > {name} <<'END'\n{}END", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_scalars() {
        let mut yaml = Yaml::default();
        yaml.text("a", "meta-llama/Llama-3.1-8B", "")
            .text("b.c", "x: y\nEND\n#", "")
            .text("b.d", "no", "")
            .plain("list[].path", 1, "")
            .plain("list[].type", 2, "")
            .plain("e", true, "");
        assert_eq!(
            yaml.written_to("f.yaml"),
            "cat > f.yaml <<'END'\na: meta-llama/Llama-3.1-8B\nb:\n  c: \"x: yEND#\"\n  d: \"no\"\nlist:\n  - path: 1\n    type: 2\ne: true\nEND"
        );
    }
}
