//! Which modules a rule of a quantiser speaks of, in that quantiser's own language.

mod test;

use std::collections::{BTreeMap, BTreeSet};

use super::super::component::Component;
use super::super::tensor::{Tensor, TensorKind};
use super::name;
use super::regex::{Regex, Work};
use test::{Test, matches_glob, merge, open_index};

/// Longer entries are no names.
const LONGEST: usize = 2000;
/// Lists in use reduce to a few dozen patterns once layers are taken out.
const MOST_TESTS: usize = 2000;

/// The layers an entry names; `None` are all.
type Layers = Option<BTreeSet<u64>>;

/// How much of a name an entry must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it.
    Whole,
    /// All of it, or that of a module around it.
    Around,
    /// Any words of it between dots: `self_attn`, `mlp.gate`, `lm_head`.
    Words,
    /// Any letters of it: `attn` is in `linear_attn`.
    Part,
    /// All of it, with `*` and `?` (Python's `fnmatch`).
    Glob,
}

/// Modules a rule speaks of: any of its entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modules {
    whole: BTreeMap<String, Layers>,
    around: BTreeMap<String, Layers>,
    words: BTreeMap<String, Layers>,
    tests: Vec<Test>,
    /// Whether it speaks of all others instead.
    pub others: bool,
    /// Entries that could not be read, with the reason.
    pub unread: Vec<String>,
}

/// Where a rule holds for a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// In these layers by name, and in the rest nowhere.
    Layers(BTreeSet<u64>),
    /// In every layer.
    Everywhere,
}

impl Modules {
    /// Reads entries of one form.
    pub fn of<'a>(form: Form, entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for entry in entries {
            all.add(form, entry);
        }
        all
    }

    /// All modules but these.
    #[must_use]
    pub fn all_others(mut self) -> Self {
        self.others = true;
        self
    }

    /// Adds an entry.
    pub fn add(&mut self, form: Form, entry: &str) {
        let entry = entry.trim();
        if entry.is_empty() || entry.len() > LONGEST {
            return;
        }
        if self.tests.len() >= MOST_TESTS {
            let told = format!("no more than {MOST_TESTS} patterns are read");
            if !self.unread.contains(&told) {
                self.unread.push(told);
            }
            return;
        }
        let wild = entry.contains(['*', '?']);
        match form {
            Form::Glob | Form::Words if wild && entry.contains('[') => self.glob_with_classes(entry),
            Form::Glob if wild => self.glob(entry, false),
            Form::Words if wild => self.glob(entry, true),
            Form::Part => {
                let inside = name::inside(entry);
                let (text, layers) = open_index(&inside);
                merge(&mut self.tests, Test::Part(text, layers));
            }
            _ => {
                let Some((key, index)) = name::without_index(&name::inside(entry.trim_matches('.'))) else {
                    return;
                };
                let map = match form {
                    Form::Words => &mut self.words,
                    Form::Around => &mut self.around,
                    _ => &mut self.whole,
                };
                let known = map.entry(key).or_insert_with(|| Some(BTreeSet::new()));
                match (known.as_mut(), index) {
                    (_, None) => *known = None,
                    (Some(layers), Some(index)) => {
                        layers.insert(index);
                    }
                    (None, _) => {}
                }
            }
        }
    }

    fn glob(&mut self, entry: &str, words: bool) {
        let (glob, layers) = open_index(&name::inside(entry));
        merge(&mut self.tests, Test::Glob { glob, layers, words });
    }

    /// `fnmatch` knows classes as regular expressions do.
    fn glob_with_classes(&mut self, entry: &str) {
        let mut regex = String::from("^");
        for sign in entry.chars() {
            match sign {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '[' | ']' | '-' => regex.push(sign),
                '!' => regex.push('^'),
                sign if sign.is_ascii_alphanumeric() || sign == '_' => regex.push(sign),
                sign => regex.extend(['\\', sign]),
            }
        }
        regex.push('$');
        self.regex(&regex, false);
    }

    /// Adds a regular expression.
    pub fn regex(&mut self, pattern: &str, anywhere: bool) {
        if self.tests.len() >= MOST_TESTS {
            return;
        }
        match Regex::new(pattern) {
            Ok(regex) => self.tests.push(Test::Regex { regex, anywhere }),
            Err(why) => {
                let shown: String = pattern.chars().take(60).collect();
                self.unread.push(format!("\"{shown}\": {why}"));
            }
        }
    }

    /// Adds kinds of tensors.
    pub fn kinds(&mut self, kinds: &[TensorKind]) {
        self.tests.push(Test::Kinds(kinds.to_vec()));
    }

    /// Adds parts of the model.
    pub fn components(&mut self, components: &[Component]) {
        self.tests.push(Test::Components(components.to_vec()));
    }

    /// Whether all its entries have one form.
    pub fn only(&self, form: Form) -> bool {
        let plain = [&self.whole, &self.around, &self.words]
            .iter()
            .filter(|map| !map.is_empty())
            .count();
        !self.others
            && match form {
                Form::Whole => plain == 1 && !self.whole.is_empty() && self.tests.is_empty(),
                Form::Around => plain == 1 && !self.around.is_empty() && self.tests.is_empty(),
                Form::Words => plain == 1 && !self.words.is_empty() && self.tests.is_empty(),
                Form::Part => plain == 0 && self.tests.iter().all(|test| matches!(test, Test::Part(..))),
                Form::Glob => plain == 0 && self.tests.iter().all(|test| matches!(test, Test::Glob { .. })),
            }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.around.is_empty() && self.words.is_empty() && self.tests.is_empty()
    }

    /// Whether names decide that no other layer's need to be asked for: no regular expression that speaks of digits.
    pub fn asks_each_layer(&self) -> bool {
        self.tests
            .iter()
            .any(|test| matches!(test, Test::Regex { regex, .. } if regex.digits))
    }

    /// Whether an entry is the plain name of the module with this key.
    pub fn names(&self, key: &str) -> bool {
        let has = |key: &String| {
            self.whole.contains_key(key) || self.around.contains_key(key) || self.words.contains_key(key)
        };
        name::variants(key).iter().any(has)
    }

    /// Whether kinds are meant, and this is one.
    pub fn is_kind(&self, kind: TensorKind) -> bool {
        self.tests
            .iter()
            .any(|test| matches!(test, Test::Kinds(kinds) if kinds.contains(&kind)))
    }

    /// Where a rule holds that asks for no regular expression. `key` is a name without its index.
    pub fn by_name(&self, key: &str) -> Holds {
        let mut found = BTreeSet::new();
        for key in name::variants(key) {
            match self.by_one_name(&key) {
                Holds::Everywhere => return Holds::Everywhere,
                Holds::Layers(layers) => found.extend(layers),
            }
        }
        Holds::Layers(found)
    }

    fn by_one_name(&self, key: &str) -> Holds {
        let mut found = BTreeSet::new();
        let mut add = |layers: &Layers| match layers {
            None => true,
            Some(some) => {
                found.extend(some);
                false
            }
        };
        let ends = || key.match_indices('.').map(|(at, _)| at).chain([key.len()]);
        let starts = || [0].into_iter().chain(key.match_indices('.').map(|(at, _)| at + 1));
        let run = |from: usize, to: usize| key.get(from..to).unwrap_or_default();
        let mut all = self.whole.get(key).is_some_and(&mut add);
        if !self.around.is_empty() {
            all |= ends().any(|end| self.around.get(run(0, end)).is_some_and(&mut add));
        }
        if !self.words.is_empty() {
            for start in starts() {
                all |= ends()
                    .filter(|end| *end > start)
                    .any(|end| self.words.get(run(start, end)).is_some_and(&mut add));
            }
        }
        let spelled = if self.tests.is_empty() {
            Default::default()
        } else {
            [key.to_owned(), format!("model.{key}")]
        };
        for test in &self.tests {
            let (holds, layers) = match test {
                Test::Part(part, layers) => (spelled.iter().any(|name| name.contains(part)), layers),
                Test::Glob {
                    glob,
                    layers,
                    words: false,
                } => (spelled.iter().any(|name| matches_glob(glob, name)), layers),
                Test::Glob { glob, layers, .. } => {
                    let open = format!("{glob}.*");
                    let here = |start: usize| {
                        let rest = run(start, key.len());
                        matches_glob(glob, rest) || matches_glob(&open, rest)
                    };
                    (starts().any(here), layers)
                }
                _ => continue,
            };
            all |= holds && add(layers);
        }
        if all { Holds::Everywhere } else { Holds::Layers(found) }
    }

    /// Whether it holds in one layer: by name as found before, by kind, or by a regular expression.
    pub fn holds(&self, by_name: &Holds, tensor: &Tensor, index: Option<u64>, spelled: &[String], work: &Work) -> bool {
        let named = match by_name {
            Holds::Everywhere => true,
            Holds::Layers(layers) => index.is_some_and(|index| layers.contains(&index)),
        };
        let by_test = |test: &Test| match test {
            Test::Regex { regex, anywhere: true } => spelled.iter().any(|name| regex.occurs(name, work)),
            Test::Regex { regex, .. } => spelled.iter().any(|name| regex.begins(name, work)),
            Test::Kinds(kinds) => kinds.contains(&tensor.kind),
            Test::Components(parts) => parts.contains(&tensor.component) && tensor.kind == TensorKind::Matrix,
            Test::Part(..) | Test::Glob { .. } => false,
        };
        (named || self.tests.iter().any(by_test)) != self.others
    }
}

impl Modules {
    /// Whether it speaks of a module by its name as a file has it; kinds are not asked.
    pub fn speaks_of(&self, whole: &str, work: &Work) -> bool {
        let inside = name::inside(whole);
        let (key, index) = name::without_index(&inside).unwrap_or((inside, None));
        let named = match self.by_name(&key) {
            Holds::Everywhere => true,
            Holds::Layers(layers) => index.is_some_and(|index| layers.contains(&index)),
        };
        let by_test = |test: &Test| match test {
            Test::Regex { regex, anywhere: true } => regex.occurs(whole, work),
            Test::Regex { regex, .. } => regex.begins(whole, work),
            _ => false,
        };
        (named || self.tests.iter().any(by_test)) != self.others
    }
}
