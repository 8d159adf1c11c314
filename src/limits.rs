//! How much is read from outside, at most: files, answers, links, names. Each limit once, with its words.
//!
//! Sizes are those of what comes out: a body that was sent compressed is measured as it unpacks. Whoever reads stops one
//! byte beyond the limit, so nothing costs more than what is allowed, whatever it claims to be.

use crate::units::{UnitSystem, grouped};

/// A limit on bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most that is read.
    pub bytes: u64,
    /// Why no more: the rest of a sentence that begins with what was read.
    why: &'static str,
}

impl Limit {
    /// What is said of something longer: `config.json has more than 1.00 MiB, which no model's config has.`
    pub fn refusal(&self, what: &str) -> String {
        let most = UnitSystem::Gib.bytes(self.bytes as f64);
        format!("{what} has more than {most}, {}.", self.why)
    }
    /// One byte more than is allowed: who reads so far knows whether there was more.
    pub const fn and_one(&self) -> u64 {
        self.bytes.saturating_add(1)
    }
    /// Whether a text is longer.
    pub const fn is_passed_by(&self, bytes: &[u8]) -> bool {
        bytes.len() as u64 > self.bytes
    }
}

/// A `config.json`, wherever it comes from: the Hub, a file, the clipboard.
pub const CONFIG: Limit = Limit {
    bytes: 1 << 20,
    why: "which no model's config has (the largest published one has 89 kB)",
};
/// A listing of a repository or of a search.
pub const LISTING: Limit = Limit {
    bytes: 8 << 20,
    why: "which no listing of a model's files has",
};
/// What a server says when it refuses.
pub const WORDS: Limit = Limit {
    bytes: 64 << 10,
    why: "which no message has",
};
/// An index of shards: the largest published one has about 60 MB.
pub const INDEX: Limit = Limit {
    bytes: 100_000_000,
    why: "which no index of shards has",
};
/// A header of a file at hand: the limit of the reference reader of safetensors.
pub const HEADER: Limit = Limit {
    bytes: 100_000_000,
    why: "which no header has",
};
/// A safetensors header far away: as the Hub's own clients allow.
pub const HEADER_FAR: Limit = Limit {
    bytes: 25_000_000,
    why: "which is too much to fetch",
};
/// A GGUF header far away: it holds the tokens too.
pub const GGUF_HEADER_FAR: Limit = Limit {
    bytes: 64_000_000,
    why: "which is too much to fetch",
};
/// All headers of a model far away: of the most tensors that are published (Kimi K2, some 200,000) they have about 30 MB.
pub const HEADERS_TOGETHER: Limit = Limit {
    bytes: 256_000_000,
    why: "which the headers of no model have",
};
/// A file of past calculations: five thousand rows have about 5 MB.
pub const HISTORY: Limit = Limit {
    bytes: 64 << 20,
    why: "which no file of past calculations has",
};
/// A link, its config included.
pub const LINK: Limit = Limit {
    bytes: 200_000,
    why: "which no link of Weighbridge has",
};

/// The log of an engine's start.
pub const LOG: Limit = Limit {
    bytes: 16 << 20,
    why: "which no log of a start has: cut it after the engine is ready",
};
/// Devices, ranks and cards that a log tells of.
pub const LOG_PLACES: usize = 1_024;

/// What a tool of the system prints, bytes.
pub const TOOL_OUTPUT: u64 = 1 << 20;

/// Files of one model. The most that is published has some two hundred.
pub const SHARDS: u64 = 2_000;
/// Tensors of one file: none in use has a tenth as many.
pub const TENSORS: u64 = 2_000_000;
/// Keys of a GGUF.
pub const GGUF_KEYS: u64 = 100_000;
/// Letters of a tensor's or a file's name.
pub const NAME: usize = 1_024;
/// Seconds for one request, whatever trickles in meanwhile.
pub const REQUEST_SECONDS: u64 = 60;
/// Seconds for everything that one wish takes: the headers of many files.
pub const WHOLE_SECONDS: u64 = 600;
/// Seconds without a byte.
pub const SILENCE_SECONDS: u64 = 30;

/// What is said of too many of something.
pub fn too_many(what: &str, count: u64, most: u64) -> String {
    format!(
        "{} {what} are named; more than {} are refused.",
        grouped(count),
        grouped(most)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_what_it_is() {
        assert_eq!(
            CONFIG.refusal("config.json"),
            "config.json has more than 1.00 MiB, which no model's config has (the largest published one has 89 kB)."
        );
        assert_eq!(
            too_many("files", 99_999, SHARDS),
            "99,999 files are named; more than 2,000 are refused."
        );
        assert!(CONFIG.is_passed_by(&vec![b' '; 1_048_577]));
        assert!(!CONFIG.is_passed_by(&vec![b' '; 1_048_576]));
    }
}
