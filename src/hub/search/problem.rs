//! Why a search of the Hub came to nothing, as a person is told.

use crate::hub::HubError;
use crate::hub::loader::LoadError;

/// Why there is no listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchProblem {
    /// No way to the endpoint, as far as is known.
    Away,
    /// Too many requests from this address, or of this account.
    Limited {
        /// Seconds until the next one.
        wait_seconds: u64,
    },
    /// The token is not accepted.
    BadToken,
    /// The endpoint has no search: a mirror may serve files alone.
    NoSearch,
    /// Anything else, in a sentence.
    Failed(String),
}

impl SearchProblem {
    /// What a failed search means. A listing is about no repository: what the Hub's answer would say of one does not apply.
    #[must_use]
    pub fn of(error: &LoadError) -> Self {
        let LoadError::Hub(error) = error else {
            return Self::Failed(error.to_string());
        };
        match error {
            HubError::Unreachable { .. } | HubError::TimedOut { .. } | HubError::BrokenOff { .. } => Self::Away,
            HubError::RateLimited { wait_seconds, .. } => Self::Limited {
                wait_seconds: *wait_seconds,
            },
            HubError::BadToken { .. } => Self::BadToken,
            HubError::NotFound { .. }
            | HubError::NotFoundOrPrivate { .. }
            | HubError::FileNotFound { .. }
            | HubError::Forbidden { .. } => Self::NoSearch,
            HubError::Server { status, .. } => Self::Failed(format!("The Hub has a fault (status {status}).")),
            HubError::Unexpected { status, .. } => {
                Self::Failed(format!("The endpoint did not understand the search (status {status})."))
            }
            HubError::TooLarge { .. } => Self::Failed("The answer is longer than any listing.".to_owned()),
            other => Self::Failed(other.message()),
        }
    }
    /// What is wrong, in a few words and a sentence.
    #[must_use]
    pub fn words(&self) -> (&str, &'static str) {
        match self {
            Self::Away => (
                "The Hub does not answer.",
                "Built-in models and those read before need no network.",
            ),
            Self::Limited { .. } => (
                "Too many requests from this network.",
                "The Hub counts them in windows of five minutes.",
            ),
            Self::BadToken => (
                "The Hub does not accept your token.",
                "Public models need none: remove it in the settings, or replace it.",
            ),
            Self::NoSearch => (
                "This endpoint offers no search.",
                "Write owner/name to read a model from it, or set another endpoint.",
            ),
            Self::Failed(words) => (words, "Try again in a minute."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_of_a_repository_that_was_not_asked_for() {
        let repo = || "search/models".to_owned();
        let errors = [
            HubError::NotFoundOrPrivate { repo: repo() },
            HubError::NotFound { repo: repo() },
            HubError::BadToken { repo: repo() },
            HubError::Forbidden {
                repo: repo(),
                said: None,
            },
            HubError::RateLimited {
                wait_seconds: 252,
                token_sent: false,
            },
            HubError::Server {
                status: 503,
                said: None,
                request_id: None,
            },
            HubError::Unexpected {
                status: 400,
                said: None,
                request_id: None,
            },
            HubError::Unreachable {
                host: "localhost".to_owned(),
                reason: None,
            },
            HubError::Cancelled,
        ];
        for error in errors {
            let problem = SearchProblem::of(&LoadError::Hub(error));
            let (title, next) = problem.words();
            assert!(
                !title.contains("search/models") && !next.contains("search/models"),
                "{title}"
            );
            assert!(title.len() > 10 && next.len() > 10);
        }
        let limited = LoadError::Hub(HubError::RateLimited {
            wait_seconds: 252,
            token_sent: true,
        });
        assert_eq!(
            SearchProblem::of(&limited),
            SearchProblem::Limited { wait_seconds: 252 }
        );
    }
}
