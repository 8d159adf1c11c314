//! From an answer that is not 200 to what it means.

use serde_json::Value;

use super::config::is_html;
use super::{HubError, Locator, redact};

/// The Hub counts requests in fixed windows of five minutes (huggingface.co/docs/hub/rate-limits).
pub const RATE_WINDOW_SECONDS: u64 = 300;
/// No wait is longer than a day, whatever a server writes.
const MAX_WAIT_SECONDS: u64 = 86_400;
/// The longest quotation of a server.
const MAX_SAID_CHARS: usize = 300;
/// The one message that means a bad token; every other 401 on a repository means that it is missing or private.
const BAD_TOKEN: &str = "Invalid credentials in Authorization header";
const DISABLED: &str = "Access to this resource is disabled.";

/// The headers that say why. A page sees only some: the Hub exposes neither `Retry-After` nor `RateLimit`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseFacts {
    /// `X-Error-Code`, such as `GatedRepo`.
    pub error_code: Option<String>,
    /// `X-Error-Message`.
    pub error_message: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<String>,
    /// `RateLimit`, such as `"api";r=0;t=55`.
    pub rate_limit: Option<String>,
    /// `X-Request-Id`, for reports.
    pub request_id: Option<String>,
    /// `X-Repo-Commit`: the commit that the revision stands for.
    pub commit: Option<String>,
}

impl ResponseFacts {
    /// Reads the headers by name (lower case; any client's look-up ignores case). Line breaks and tokens are removed.
    pub fn read(header: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| header(name).map(|text| one_line(&text)).filter(|text| !text.is_empty());
        Self {
            error_code: get("x-error-code"),
            error_message: get("x-error-message"),
            retry_after: get("retry-after"),
            rate_limit: get("ratelimit"),
            request_id: get("x-request-id"),
            commit: get("x-repo-commit").filter(|it| it.len() <= 64 && it.bytes().all(|byte| byte.is_ascii_hexdigit())),
        }
    }

    /// Seconds until the next request: `Retry-After`, else `t=` of `RateLimit`, else a whole window.
    #[must_use]
    pub fn wait_seconds(&self) -> u64 {
        let reset = |policy: &str| {
            policy
                .split([';', ','])
                .find_map(|part| part.trim().strip_prefix("t=")?.parse().ok())
        };
        let told = self.retry_after.as_deref().and_then(|it| it.parse().ok());
        told.or_else(|| self.rate_limit.as_deref().and_then(reset))
            .unwrap_or(RATE_WINDOW_SECONDS)
            .clamp(1, MAX_WAIT_SECONDS)
    }
}

/// What an answer of `status`, not a success, means for a request about `locator`.
/// `body` may be cut: its beginning is enough. The order of the tests is that of huggingface_hub
/// (`hf_raise_for_status`), except that a disabled repository is told first: it can carry the code of a gated one.
#[must_use]
pub fn classify(status: u16, headers: &ResponseFacts, body: &str, locator: &Locator, token_sent: bool) -> HubError {
    let repo = locator.id().to_string();
    let said = server_words(headers, body);
    let words = said.clone().unwrap_or_default();
    let code = headers.error_code.as_deref().unwrap_or_default();
    // Mirrors may drop the code and keep the words.
    let says = |start: &str| code.is_empty() && status == 404 && words.starts_with(start);

    if status == 429 {
        return HubError::RateLimited {
            wait_seconds: headers.wait_seconds(),
            token_sent,
        };
    }
    if code == "RevisionNotFound" || says("Invalid rev id") {
        return HubError::RevisionNotFound {
            repo,
            revision: locator.revision_or_main().to_owned(),
        };
    }
    if code == "EntryNotFound" || says("Entry not found") {
        return HubError::FileNotFound {
            repo,
            file: locator.config_path(),
        };
    }
    if words == DISABLED {
        return HubError::Disabled { repo };
    }
    if code == "GatedRepo" {
        return gated(status, repo, words, token_sent);
    }
    let missing = if token_sent {
        HubError::NotFound { repo: repo.clone() }
    } else {
        HubError::NotFoundOrPrivate { repo: repo.clone() }
    };
    match status {
        _ if code == "RepoNotFound" => missing,
        401 if words.starts_with(BAD_TOKEN) => HubError::BadToken { repo },
        401 | 404 | 410 => missing,
        403 if is_about_gates(&words) => HubError::TokenLacksGated { repo, said: words },
        403 => HubError::Forbidden { repo, said },
        500..=599 => HubError::Server {
            status,
            said,
            request_id: headers.request_id.clone(),
        },
        _ => HubError::Unexpected {
            status,
            said,
            request_id: headers.request_id.clone(),
        },
    }
}

/// The Hub has one code for every closed gate; its words tell which.
fn gated(status: u16, repo: String, said: String, token_sent: bool) -> HubError {
    let words = said.to_ascii_lowercase();
    if !token_sent {
        HubError::GatedSignIn { repo }
    } else if status == 401 {
        // A token was sent, and the Hub still asks to log in.
        HubError::BadToken { repo }
    } else if words.contains("rejected") {
        HubError::GatedRejected { repo, said }
    } else if words.contains("awaiting") || words.contains("pending") {
        HubError::GatedPending { repo, said }
    } else if is_about_gates(&words) {
        HubError::TokenLacksGated { repo, said }
    } else {
        HubError::GatedNotGranted { repo }
    }
}

fn is_about_gates(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("fine-grained") || words.contains("enable access to public gated")
}

/// The server's own words: the header, else the body in any of the forms the Hub uses, else its text unless it is a page.
fn server_words(headers: &ResponseFacts, body: &str) -> Option<String> {
    let words = headers
        .error_message
        .clone()
        .or_else(|| match serde_json::from_str::<Value>(body) {
            Ok(value) => words_of_json(&value),
            Err(_) => (!is_html(body)).then(|| body.to_owned()),
        })?;
    let words = one_line(&words);
    (!words.is_empty()).then_some(words)
}

fn words_of_json(value: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("message").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let list = |value: &Value| match value {
        Value::Array(list) => {
            Some(list.iter().filter_map(text).collect::<Vec<_>>().join(" ")).filter(|it| !it.is_empty())
        }
        other => text(other),
    };
    let description = value.get("error_description").and_then(text);
    let error = value.get("error").and_then(list);
    match (error, description) {
        (Some(error), Some(description)) => Some(format!("{error}: {description}")),
        (error, description) => error
            .or(description)
            .or_else(|| value.get("errors").and_then(list))
            .or_else(|| value.get("message").and_then(text)),
    }
}

/// One printable line without tokens, not longer than a message can bear.
fn one_line(text: &str) -> String {
    // Cut first, with room for a token at the cut, so that a long body costs nothing.
    let text: String = text.chars().take(4 * MAX_SAID_CHARS).collect();
    let clean = redact(
        &text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    );
    let cut: String = clean.chars().take(MAX_SAID_CHARS).collect();
    if cut.len() < clean.len() { cut + "…" } else { cut }
}
