//! A command as it is put together.

use super::quote::shell;
use super::{Flag, Language, Launch};

/// A command in the making.
#[derive(Debug)]
pub(in crate::analysis) struct Draft {
    program: String,
    between: &'static str,
    before: Vec<String>,
    flags: Vec<Flag>,
    notes: Vec<String>,
    /// The option whose value is several words.
    many: Option<&'static str>,
}

impl Draft {
    /// Of a program.
    pub fn new(program: &'static str) -> Self {
        Self::with(program.to_owned())
    }
    /// Of a program with what stands before its options. Its words must be quoted already.
    pub fn with(program: String) -> Self {
        Self {
            program,
            between: " ",
            before: Vec::new(),
            flags: Vec::new(),
            notes: Vec::new(),
            many: None,
        }
    }
    /// Options are assignments: `key=value`.
    pub fn assigns(&mut self) -> &mut Self {
        self.between = "=";
        self
    }
    /// A line to run first. Its words must be quoted already.
    pub fn before(&mut self, line: impl Into<String>) -> &mut Self {
        self.before.push(line.into());
        self
    }
    /// An option with a value.
    pub fn flag(&mut self, flag: &'static str, value: impl ToString, why: impl Into<String>) -> &mut Self {
        self.flags.push(Flag {
            flag,
            value: value.to_string(),
            why: why.into(),
        });
        self
    }
    /// An option with a value where something holds.
    pub fn flag_if(
        &mut self,
        holds: bool,
        flag: &'static str,
        value: impl ToString,
        why: impl Into<String>,
    ) -> &mut Self {
        if holds { self.flag(flag, value, why) } else { self }
    }
    /// An option without a value where something holds.
    pub fn switch_if(&mut self, holds: bool, flag: &'static str, why: impl Into<String>) -> &mut Self {
        self.flag_if(holds, flag, "", why)
    }
    /// An option with several values, each a word.
    pub fn words(&mut self, flag: &'static str, values: &[&str], why: impl Into<String>) -> &mut Self {
        self.many = Some(flag);
        self.flag(flag, values.join(" "), why)
    }
    /// Something to know.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.notes.push(text.into());
        self
    }
    /// The command: an option a line.
    pub fn finish(self) -> Launch {
        let mut command = String::new();
        for line in &self.before {
            command.push_str(line);
            command.push('\n');
        }
        command.push_str(&self.program);
        for flag in &self.flags {
            command.push_str(if flag.flag.is_empty() { " " } else { " \\\n  " });
            command.push_str(flag.flag);
            if !flag.value.is_empty() || flag.flag.is_empty() {
                command.push_str(if flag.flag.is_empty() { "" } else { self.between });
                if self.many == Some(flag.flag) {
                    let words: Vec<String> = flag.value.split(' ').map(shell).collect();
                    command.push_str(&words.join(" "));
                } else {
                    command.push_str(&shell(&flag.value));
                }
            }
        }
        Launch {
            command,
            language: Language::Shell,
            flags: self.flags,
            notes: self.notes,
        }
    }
}
