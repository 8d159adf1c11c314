//! What somebody means by a name as people type it: `4090`, `m4 max`, `llama3 70b`. One ranking for the command line and
//! for the searches of the page.
//!
//! Every word of the query must be found in a candidate: as a word of its name (joined or apart: `rtx3090`, `gpt oss`), as
//! the beginning of one, inside the name, or spelt nearly like one. The worst word decides, then all of them, then how
//! little of the name is left over (the `4090` is not the `4090 D`), then how usual the thing is.

use std::cmp::Reverse;
use std::sync::LazyLock;

use strsim::damerau_levenshtein;

use crate::tables;

/// How a word was found, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Spelt nearly like a word.
    Close,
    /// Inside the name.
    Inside,
    /// The beginning of a word.
    Beginning,
    /// A word that belongs to it, not of its name: the vendor, a size it is sold with.
    Belongs,
    /// A word of its name.
    Exact,
}

impl Class {
    /// Whether it can be taken without asking.
    pub fn is_sure(self) -> bool {
        self >= Self::Belongs
    }
}

/// How well a query names something; the greater the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The worst word's.
    pub class: Class,
    words: Reverse<usize>,
    left: Reverse<usize>,
    /// How usual it is.
    pub usual: u32,
}

impl Rank {
    /// How many words of the name the query leaves out, but for those that people leave out.
    pub fn left_over(&self) -> usize {
        self.left.0
    }
    /// Whether another is as good, but for being more or less usual.
    pub fn ties_with(&self, other: &Self) -> bool {
        (self.class, self.words, self.left) == (other.class, other.words, other.left)
    }
}

/// Something that can be meant.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    names: Vec<Vec<String>>,
    beside: Vec<String>,
    usual: u32,
}

impl Candidate {
    /// By its names; `beside` are words that belong to it, and the more usual it is the greater `usual`.
    pub fn new(names: &[&str], beside: &str, usual: u32) -> Self {
        Self {
            names: names.iter().map(|name| words(name)).collect(),
            beside: words(beside),
            usual,
        }
    }
    /// How well a query names it; none where a word of the query is not in it.
    pub fn rank(&self, query: &[String]) -> Option<Rank> {
        self.names.iter().filter_map(|name| self.by(name, query)).max()
    }
    fn by(&self, name: &[String], query: &[String]) -> Option<Rank> {
        let mut used = vec![false; name.len()];
        let (mut worst, mut sum, mut at) = (Class::Exact, 0_usize, 0);
        while at < query.len() {
            let (class, taken) = self.word(name, query.get(at..)?, &mut used)?;
            worst = worst.min(class);
            sum = sum.saturating_add(Class::Exact as usize - class as usize);
            at = at.saturating_add(taken);
        }
        let over = name.iter().zip(&used).filter(|(word, used)| !**used && !is_aside(word));
        // `mac` names no word of any name: then nothing is left over.
        let left = if used.contains(&true) { over.count() } else { 0 };
        Some(Rank {
            class: worst,
            words: Reverse(sum),
            left: Reverse(left),
            usual: self.usual,
        })
    }
    /// How the query's first word, or its first ones together, are found, and how many they are.
    fn word(&self, name: &[String], query: &[String], used: &mut [bool]) -> Option<(Class, usize)> {
        for taken in (1..=query.len().min(3)).rev() {
            let joined = query.get(..taken)?.concat();
            if let Some((from, to)) = run(name, |run| run == joined) {
                used.get_mut(from..to)?.fill(true);
                return Some((Class::Exact, taken));
            }
        }
        let word = query.first()?;
        if self.beside.contains(word) {
            return Some((Class::Belongs, 1));
        }
        // While somebody types, one letter may be all there is of a word.
        if let Some((from, to)) = run(name, |run| run.starts_with(word.as_str())) {
            used.get_mut(from..to)?.fill(true);
            return Some((Class::Beginning, 1));
        }
        if word.len() >= 2 {
            if self.beside.iter().any(|one| one.starts_with(word.as_str())) {
                return Some((Class::Beginning, 1));
            }
            if name.concat().contains(word.as_str()) {
                return Some((Class::Inside, 1));
            }
        }
        let near = |one: &String| word.len() >= 4 && damerau_levenshtein(word, one) <= word.len() / 4;
        let mut close = name.iter().chain(&self.beside);
        (close.any(near) || run(name, |run| near(&run.to_owned())).is_some()).then_some((Class::Close, 1))
    }
}

/// The first run of words that, written as one, is meant: up to four of them.
fn run(name: &[String], meant: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
    (0..name.len()).find_map(|from| {
        let ends = from.saturating_add(1)..=name.len().min(from.saturating_add(4));
        ends.into_iter()
            .find(|to| name.get(from..*to).is_some_and(|run| meant(&run.concat())))
            .map(|to| (from, to))
    })
}

/// What people leave out of a name: a size of memory (`RTX 3080 10GB`), what a model was tuned for, a version.
fn is_aside(word: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().is_ok();
    matches!(word, "instruct" | "it" | "chat" | "base" | "hf")
        || number(word)
        || word.strip_suffix("gb").is_some_and(number)
        || word.strip_prefix('v').is_some_and(number)
}

/// How people call things beside their names: `data/everyday_names.csv`.
#[derive(Clone, Debug, Default)]
pub struct Everyday {
    /// `device` or `model`.
    kind: String,
    /// Id of the thing.
    id: String,
    /// Words that belong to it.
    pub words: String,
    /// How much it is meant where a name fits several; the greater the more.
    pub usual: u32,
    /// Why.
    pub reason: String,
}

/// Every row of the table.
pub fn everyday_names() -> &'static [Everyday] {
    static ROWS: LazyLock<Vec<Everyday>> = LazyLock::new(|| {
        // A row that does not parse is left out; a test counts them.
        tables::read(include_str!("../data/everyday_names.csv"), |row| {
            Some(Everyday {
                kind: row.text("kind"),
                id: row.text("id"),
                words: row.text("words"),
                usual: row.of("usual")?,
                reason: row.text("reason"),
            })
        })
    });
    &ROWS
}

/// The row of a thing.
pub(crate) fn everyday(kind: &str, id: &str) -> Option<&'static Everyday> {
    everyday_names().iter().find(|row| row.kind == kind && row.id == id)
}

impl Everyday {
    /// The thing: `device` or `model`, and its id.
    pub fn names(&self) -> (&str, &str) {
        (&self.kind, &self.id)
    }
}

/// The words of a text, in small letters. A point inside a number stays, and a number before a unit joins it: `64 GB`.
pub fn words(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    // Nobody types a name as long.
    let text: String = text.chars().take(200).collect::<String>().to_lowercase();
    for word in text.split(|sign: char| !sign.is_alphanumeric() && sign != '.') {
        let word = word.trim_matches('.').replace("gib", "gb");
        let number = |last: &String| last.chars().all(|sign| sign.is_ascii_digit());
        match all.last_mut() {
            _ if word.is_empty() => {}
            Some(last) if word == "gb" && number(last) => last.push_str("gb"),
            _ => all.push(word),
        }
    }
    all
}

/// The things a query may mean, best first.
pub fn ranked<'a, T>(query: &str, all: impl IntoIterator<Item = (&'a T, &'a Candidate)>) -> Vec<(Rank, &'a T)> {
    let query = words(query);
    if query.is_empty() {
        return Vec::new();
    }
    let rank = |(one, candidate): (&'a T, &'a Candidate)| Some((candidate.rank(&query)?, one));
    let mut found: Vec<_> = all.into_iter().filter_map(rank).collect();
    found.sort_by_key(|(rank, _)| Reverse(*rank));
    found
}

/// What a query names, for a place where one thing must be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant<'a, T> {
    /// This one; the others are named as well by it. Whether it is clearly meant: more usual than the others, which are few.
    One(&'a T, Vec<&'a T>, bool),
    /// Perhaps one of these.
    Perhaps(Vec<&'a T>),
}

/// Where more things than these are named as well, a line's name was typed: `qwen3`.
const FEW: usize = 2;

/// What is taken by a name, or what may have been meant: three at most.
pub fn meant<'a, T>(query: &str, all: impl IntoIterator<Item = (&'a T, &'a Candidate)>) -> Meant<'a, T> {
    let found = ranked(query, all);
    match found.split_first() {
        Some(((best, one), others)) if best.class.is_sure() => {
            let as_good = others.iter().take_while(|(rank, _)| rank.ties_with(best));
            let clearly = as_good.clone().all(|(rank, _)| rank.usual < best.usual) && as_good.clone().count() <= FEW;
            Meant::One(one, as_good.map(|(_, one)| *one).collect(), clearly)
        }
        _ => Meant::Perhaps(found.into_iter().take(3).map(|(_, one)| one).collect()),
    }
}

/// The same things with those of a group beside each other: the group of the first one first, in each their order stays.
pub fn grouped<T, K: PartialEq>(mut all: Vec<T>, group: impl Fn(&T) -> K) -> Vec<T> {
    let mut groups: Vec<K> = Vec::new();
    for one in &all {
        let group = group(one);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    all.sort_by_key(|one| groups.iter().position(|known| *known == group(one)));
    all
}

/// Keys that are spelt nearly like a text, the nearest first: three at most.
pub fn nearest<'a>(text: &str, keys: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |text: &str| -> String {
        let signs = text.chars().take(60).filter(|sign| sign.is_alphanumeric());
        signs.flat_map(char::to_lowercase).collect()
    };
    let text = plain(text);
    let far = |key: &&'a str| damerau_levenshtein(&text, &plain(key));
    let mut near: Vec<(usize, &str)> = keys.map(|key| (far(&key), key)).collect();
    near.retain(|(far, _)| *far <= (text.chars().count() / 3).max(1));
    near.sort_by_key(|(far, _)| *far);
    near.into_iter().take(3).map(|(_, key)| key).collect()
}
