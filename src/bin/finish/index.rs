//! The page's own file, edited as text: trunk writes it in one known way.

use std::error::Error;

use crate::Outcome;

/// The text of `index.html`.
pub struct Index(String);

impl Index {
    pub const fn new(text: String) -> Self {
        Self(text)
    }
    pub fn text(&self) -> &str {
        &self.0
    }
    /// What stands between `before` and the next `after`.
    pub fn between(&self, before: &str, after: &str) -> Outcome<String> {
        let found = self.0.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        found.map(|(found, _)| found.to_owned()).ok_or_else(|| missing(before))
    }
    /// Puts `to` in the place of each `from`.
    pub fn replace(&mut self, from: &str, to: &str) -> Outcome<()> {
        if !self.0.contains(from) {
            return Err(missing(from));
        }
        self.0 = self.0.replace(from, to);
        Ok(())
    }
    /// Takes away each tag `<link` that holds `words`, with the blanks and the line break before it; in their order.
    pub fn take_links(&mut self, words: &str) -> Vec<String> {
        let (mut kept, mut taken) = (String::with_capacity(self.0.len()), Vec::new());
        let mut rest = self.0.as_str();
        while let Some(at) = rest.find("<link ") {
            let (before, tag) = rest.split_at(at);
            let (tag, after) = tag.split_at(tag.find('>').map_or(tag.len(), |end| end + 1));
            if tag.contains(words) {
                kept.push_str(before.trim_end());
                taken.push(tag.to_owned());
            } else {
                kept.push_str(before);
                kept.push_str(tag);
            }
            rest = after;
        }
        kept.push_str(rest);
        self.0 = kept;
        taken
    }
    /// Adds a tag at the end of the head.
    pub fn add_to_head(&mut self, tag: &str) -> Outcome<()> {
        self.replace("</head>", &format!("{tag}\n</head>"))
    }
    pub fn allow_reload(&mut self) {
        if self.0.contains("__TRUNK_WS_BASE__") {
            self.0 = self.0.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");
        }
    }
}

fn missing(what: &str) -> Box<dyn Error> {
    format!("index.html lacks {what}").into()
}

/// The value of an attribute of a tag.
pub fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    rest.split_once('"').map(|(value, _)| value)
}
