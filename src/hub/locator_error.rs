//! Why a pasted text names no model.

use super::paste::MAX_INPUT_CHARS;
use super::repo_id::MAX_NAME_CHARS;

/// Why a text names no model repository. The message says what is wrong and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocatorError {
    /// Nothing but spaces and quotes.
    #[error("No model given. Write a name such as Qwen/Qwen3-8B, or paste the address of its page.")]
    Empty,
    /// Longer than any address of a model.
    #[error("That is too long for a model name or address ({MAX_INPUT_CHARS} characters at most).")]
    TooLong,
    /// The text has the form of an access token. It is not repeated.
    #[error("That looks like an access token, not a model. Keep it secret and enter it where a token is asked for.")]
    LooksLikeToken,
    /// A dataset, not a model.
    #[error("“{0}” is a dataset. Weighbridge reads models: paste the address of a model page.")]
    Dataset(String),
    /// A Space, not a model.
    #[error("“{0}” is a Space. Paste the name of the model that it runs; its page lists them.")]
    Space(String),
    /// An address at a host that is neither the Hub nor a known mirror nor the endpoint in use.
    #[error(
        "{0} is not the Hugging Face Hub. Write the model's name as owner/name, or set {0} as the endpoint if it is a mirror."
    )]
    OtherSite(String),
    /// A page of the Hub that belongs to no model.
    #[error("“{0}” is a page of the Hub, but not that of a model. Paste the address of a model page.")]
    NotAModelPage(String),
    /// The address of the Hub itself.
    #[error("The address names no model. Add its name: https://huggingface.co/owner/name.")]
    NoModel,
    /// A path on this machine.
    #[error("“{0}” looks like a file on this machine, not a model of the Hub. A Hub name is written owner/name.")]
    LocalPath(String),
    /// More than `owner/name`.
    #[error("“{0}” has too many parts. A model is written owner/name, with a revision owner/name@revision.")]
    TooManyParts(String),
    /// An Ollama or llama.cpp tag such as `:Q4_K_M` after the name.
    #[error("Leave out “:{0}”: write owner/name alone, and choose the weight format as a setting.")]
    QuantisationTag(String),
    /// The owner or the name is an empty text, as in `/name` or `owner/`.
    #[error("The {0} is missing. A model is written owner/name.")]
    MissingPart(&'static str),
    /// A character that no owner and no name has.
    #[error("The {part} holds {character:?}. Only letters, digits, “-”, “_” and “.” are allowed.")]
    BadCharacter {
        /// `owner` or `name`.
        part: &'static str,
        /// The first one at fault.
        character: char,
    },
    /// Longer than the Hub allows.
    #[error("The {0} is too long: the Hub allows {MAX_NAME_CHARS} characters.")]
    NameTooLong(&'static str),
    /// `--` or `..`, a first or last `-` or `.`, or an ending that the Hub forbids.
    #[error("The {part} {why}, which the Hub does not allow. Check the spelling.")]
    BadName {
        /// `owner` or `name`.
        part: &'static str,
        /// What is wrong, as a verb phrase.
        why: &'static str,
    },
    /// No branch, tag or commit can be called so.
    #[error("The revision {0}. Give a branch, a tag or a commit, such as main.")]
    BadRevision(&'static str),
    /// `..`, an empty part or a control character in the file's path.
    #[error("The path of the file {0}. Paste the address of the file's page.")]
    BadPath(&'static str),
    /// Percent escapes that are no text.
    #[error("The address holds percent escapes that are no text. Copy it again from the browser.")]
    BadEscape,
}

impl LocatorError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "model_empty",
            Self::TooLong => "model_too_long",
            Self::LooksLikeToken => "model_looks_like_token",
            Self::Dataset(_) => "model_is_dataset",
            Self::Space(_) => "model_is_space",
            Self::OtherSite(_) => "model_other_site",
            Self::NotAModelPage(_) => "model_not_a_model_page",
            Self::NoModel => "model_not_named",
            Self::LocalPath(_) => "model_local_path",
            Self::TooManyParts(_) => "model_too_many_parts",
            Self::QuantisationTag(_) => "model_quantisation_tag",
            Self::MissingPart(_) => "model_missing_part",
            Self::BadCharacter { .. } => "model_bad_character",
            Self::NameTooLong(_) => "model_name_too_long",
            Self::BadName { .. } => "model_bad_name",
            Self::BadRevision(_) => "model_bad_revision",
            Self::BadPath(_) => "model_bad_path",
            Self::BadEscape => "model_bad_escape",
        }
    }
}
