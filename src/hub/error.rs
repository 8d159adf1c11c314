//! Everything that can go wrong between a model's name and its config, in plain words.

use std::fmt;

use crate::limits::Limit;

/// Why there is no config. `Display` is [`HubError::message`] and [`HubError::next_step`], in one line.
/// `repo` is `owner/name`; `said` is the server's own words, on one line, without tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubError {
    /// Asked without a token: the Hub does not tell a missing repository from a private one.
    NotFoundOrPrivate { repo: String },
    /// Asked with a token, which sees no such repository.
    NotFound { repo: String },
    /// The files want a signed-in user who accepted the terms.
    GatedSignIn { repo: String },
    /// The token's account has not been given access.
    GatedNotGranted { repo: String },
    /// The authors have yet to decide.
    GatedPending { repo: String, said: String },
    /// The authors refused.
    GatedRejected { repo: String, said: String },
    /// A fine-grained token without the permission to read gated repositories.
    TokenLacksGated { repo: String, said: String },
    /// The token may not read this repository, for another reason.
    Forbidden { repo: String, said: Option<String> },
    /// The Hub does not know the token.
    BadToken { repo: String },
    /// No such branch, tag or commit.
    RevisionNotFound { repo: String, revision: String },
    /// No such file, and nothing else that explains it.
    FileNotFound { repo: String, file: String },
    /// Closed by the Hub.
    Disabled { repo: String },
    /// Too many requests from this address or account.
    RateLimited { wait_seconds: u64, token_sent: bool },
    /// 5xx, after the retries.
    Server {
        status: u16,
        said: Option<String>,
        request_id: Option<String>,
    },
    /// Any other status, a fault of ours or of a server that is no Hub.
    Unexpected {
        status: u16,
        said: Option<String>,
        request_id: Option<String>,
    },
    /// Offline, no such host, blocked, refused, CORS. A page cannot tell them apart.
    Unreachable { host: String, reason: Option<String> },
    /// No whole answer within the time.
    TimedOut { host: String, seconds: u64 },
    /// The connection ended in the middle of the answer.
    BrokenOff { host: String },
    /// The user, or a newer request, stopped it.
    Cancelled,
    /// Longer than any such file.
    TooLarge { repo: String, file: String, limit: Limit },
    /// Not JSON; `what` it holds instead, such as "an HTML page".
    NotJson { repo: String, file: String, what: String },
    /// JSON, but no object; `what` it is instead.
    NotAnObject {
        repo: String,
        file: String,
        what: &'static str,
    },
    /// A pipeline or a part of one; `class` as its config names it.
    Diffusers { repo: String, class: Option<String> },
    /// A LoRA or another adapter; `base` is the model it belongs to, where named.
    Adapter { repo: String, base: Option<String> },
    /// `files` GGUF files and no config.
    OnlyGguf { repo: String, files: usize },
    /// Mistral's own params.json and no config.
    OnlyParams { repo: String },
    /// A sentence-transformers collection of modules without a config of its own.
    SentenceTransformers { repo: String },
    /// Configs in folders only; `config` is the first.
    ConfigElsewhere { repo: String, config: String },
    /// No config and no weights.
    NoWeights { repo: String },
}

impl HubError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFoundOrPrivate { .. } => "not_found_or_private",
            Self::NotFound { .. } => "not_found",
            Self::GatedSignIn { .. } => "gated_sign_in",
            Self::GatedNotGranted { .. } => "gated_not_granted",
            Self::GatedPending { .. } => "gated_pending",
            Self::GatedRejected { .. } => "gated_rejected",
            Self::TokenLacksGated { .. } => "token_lacks_gated_permission",
            Self::Forbidden { .. } => "forbidden",
            Self::BadToken { .. } => "bad_token",
            Self::RevisionNotFound { .. } => "revision_not_found",
            Self::FileNotFound { .. } => "file_not_found",
            Self::Disabled { .. } => "repo_disabled",
            Self::RateLimited { .. } => "rate_limited",
            Self::Server { .. } => "server_error",
            Self::Unexpected { .. } => "unexpected_answer",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::BrokenOff { .. } => "broken_off",
            Self::Cancelled => "cancelled",
            Self::TooLarge { .. } => "too_large",
            Self::NotJson { .. } => "not_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::Diffusers { .. } => "not_a_transformer_diffusers",
            Self::Adapter { .. } => "not_a_transformer_adapter",
            Self::OnlyGguf { .. } => "only_gguf",
            Self::OnlyParams { .. } => "only_params",
            Self::SentenceTransformers { .. } => "not_a_transformer_modules",
            Self::ConfigElsewhere { .. } => "config_elsewhere",
            Self::NoWeights { .. } => "no_weights",
        }
    }

    /// What is wrong, in one sentence or two.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotFoundOrPrivate { repo } => {
                format!("There is no public model {repo}: it does not exist, or it is private.")
            }
            Self::NotFound { repo } => {
                format!("There is no model {repo}, or your token may not see it.")
            }
            Self::GatedSignIn { repo } => {
                format!("{repo} is gated: its files are for signed-in users who accepted its terms.")
            }
            Self::GatedNotGranted { repo } => {
                format!("{repo} is gated, and your account has not been given access.")
            }
            Self::GatedPending { repo, said } => {
                with_words(format!("{repo} is gated, and your request is pending."), said)
            }
            Self::GatedRejected { repo, said } => {
                with_words(format!("{repo} is gated, and its authors rejected your request."), said)
            }
            Self::TokenLacksGated { repo, said } => with_words(
                format!("{repo} is gated, and your token may not read gated models."),
                said,
            ),
            Self::Forbidden { repo, said } => with_words(
                format!("The Hub does not let you read {repo}."),
                said.as_deref().unwrap_or_default(),
            ),
            Self::BadToken { repo } => {
                format!(
                    "The Hub does not accept your token, so {repo} was not read. It may be \
                 mistyped, expired or revoked."
                )
            }
            Self::RevisionNotFound { repo, revision } => {
                format!("{repo} has no branch, tag or commit “{revision}”.")
            }
            Self::FileNotFound { repo, file } => format!("{repo} has no file {file}."),
            Self::Disabled { repo } => format!("The Hub has disabled {repo}."),
            Self::RateLimited { token_sent: true, .. } => {
                "The Hub limits the requests of your account for now.".to_owned()
            }
            Self::RateLimited { token_sent: false, .. } => {
                "The Hub limits the requests of your address for now.".to_owned()
            }
            Self::Server { status, said, .. } => with_words(
                format!("The Hub has a fault (status {status})."),
                said.as_deref().unwrap_or_default(),
            ),
            Self::Unexpected { status, said, .. } => with_words(
                format!("The answer was not one the Hub should give (status {status})."),
                said.as_deref().unwrap_or_default(),
            ),
            Self::Unreachable {
                host,
                reason: Some(reason),
            } => format!("{host} could not be reached: {reason}."),
            Self::Unreachable { host, reason: None } => {
                format!("{host} could not be reached: you are offline, or something blocks the request.")
            }
            Self::TimedOut { host, seconds } => {
                format!("{host} gave no whole answer within {}.", count(*seconds, "second"))
            }
            Self::BrokenOff { host } => format!("The answer of {host} broke off before its end."),
            Self::Cancelled => "The request was cancelled.".to_owned(),
            Self::TooLarge { repo, file, limit } => limit.refusal(&format!("{file} of {repo}")),
            Self::NotJson { repo, file, what } => {
                format!("{file} of {repo} is no JSON: the answer holds {what}.")
            }
            Self::NotAnObject { repo, file, what } => {
                format!("{file} of {repo} is no model config: it is {what}.")
            }
            Self::Diffusers {
                repo,
                class: Some(class),
            } => {
                format!(
                    "{repo} is made for image or video generation (diffusers, {class}), not \
                 a transformer with a model config."
                )
            }
            Self::Diffusers { repo, class: None } => {
                format!(
                    "{repo} is a pipeline for image or video generation (diffusers), not a \
                 transformer with a model config."
                )
            }
            Self::Adapter { repo, base: Some(base) } => {
                format!("{repo} is an adapter, not a whole model. It belongs to {base}.")
            }
            Self::Adapter { repo, base: None } => {
                format!("{repo} is an adapter, not a whole model, and does not name its base model.")
            }
            Self::OnlyGguf { repo, files } => {
                format!("{repo} holds {} and no config.json.", count(*files as u64, "GGUF file"))
            }
            Self::OnlyParams { repo } => {
                format!("{repo} holds Mistral's own params.json and no config.json.")
            }
            Self::SentenceTransformers { repo } => {
                format!(
                    "{repo} is a sentence-transformers collection of modules without a \
                 config of the transformer."
                )
            }
            Self::ConfigElsewhere { repo, config } => {
                format!("{repo} has no config.json at its root, but has {config}.")
            }
            Self::NoWeights { repo } => {
                format!("{repo} holds no model: neither a config.json nor weights.")
            }
        }
    }

    /// Whether the same request may succeed a little later without anyone doing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Server { .. }
                | Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::BrokenOff { .. }
        )
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.message(), self.next_step())
    }
}

impl std::error::Error for HubError {}

fn with_words(message: String, said: &str) -> String {
    if said.is_empty() {
        message
    } else {
        format!("{message} It said: “{said}”")
    }
}

pub(super) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
