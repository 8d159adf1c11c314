//! A command as it is put together.

use super::quote::shell;
use super::{Flag, Language, Launch};

/// A command in the making.
#[derive(Debug)]
pub(super) struct Draft {
    program: &'static str,
    before: Vec<String>,
    flags: Vec<Flag>,
    notes: Vec<String>,
}

impl Draft {
    /// Of a program.
    pub fn new(program: &'static str) -> Self {
        Self {
            program,
            before: Vec::new(),
            flags: Vec::new(),
            notes: Vec::new(),
        }
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
        command.push_str(self.program);
        for flag in &self.flags {
            command.push_str(if flag.flag.is_empty() { " " } else { " \\\n  " });
            command.push_str(flag.flag);
            if !flag.value.is_empty() || flag.flag.is_empty() {
                command.push_str(if flag.flag.is_empty() { "" } else { " " });
                command.push_str(&shell(&flag.value));
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
