//! The headers every answer carries, and the errors word for word.

use serde_json::{Value, json};

use super::super::http::{Answer, Request};
use super::repo::Access;
use super::{GOOD, State, UNGRANTED};

/// The twelve headers a page may read; the rate limits are not among them.
const EXPOSED: &str = "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,\
                       Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Caller {
    Anonymous,
    Good,
    Ungranted,
    /// A token that is expired, revoked or invented.
    Invalid,
}

impl Caller {
    pub fn of(request: &Request) -> Self {
        match request
            .header("authorization")
            .map(|value| value.strip_prefix("Bearer ").unwrap_or_default())
        {
            None => Self::Anonymous,
            Some(GOOD) => Self::Good,
            Some(UNGRANTED) => Self::Ungranted,
            Some(_) => Self::Invalid,
        }
    }
}

impl State {
    /// Adds what the Hub sends with everything: CORS, the request's number, the rate limits.
    pub fn dress(&mut self, request: &Request, caller: Caller, answer: Answer) -> Answer {
        let api = request.path.starts_with("/api/") && !request.path.starts_with("/api/resolve-cache/");
        let (bucket, quota) = match (api, caller) {
            (true, Caller::Good | Caller::Ungranted) => ("api", 1_000),
            (true, _) => ("api", 500),
            (false, Caller::Good | Caller::Ungranted) => ("resolvers", 5_000),
            (false, _) => ("resolvers", 3_000),
        };
        let spent = self.spent.entry(bucket).or_default();
        *spent += 1;
        let left = if answer.status == 429 {
            0
        } else {
            u64::saturating_sub(quota, *spent)
        };
        let number = self.seen.len();
        cors(request, answer)
            .with("X-Request-Id", format!("Root=1-{number:08x}-0123456789abcdef01234567"))
            .with("RateLimit", format!("\"{bucket}\";r={left};t=295"))
            .with(
                "RateLimit-Policy",
                format!("\"fixed window\";\"{bucket}\";q={quota};w=300"),
            )
    }
}

fn cors(request: &Request, answer: Answer) -> Answer {
    answer
        .with(
            "Access-Control-Allow-Origin",
            request.header("origin").unwrap_or("https://huggingface.co"),
        )
        .with("Vary", "Origin")
        .with("Access-Control-Max-Age", "86400")
        .with("Access-Control-Expose-Headers", EXPOSED)
}

/// The answer to a browser that asks whether it may send a header of its own, such as `Authorization`.
pub fn preflight(request: &Request) -> Answer {
    let asked = request.header("access-control-request-headers").unwrap_or_default();
    cors(request, Answer::new(204, "", ""))
        .with("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
        .with("Access-Control-Allow-Headers", asked)
}

pub fn json_body(status: u16, body: &Value) -> Answer {
    Answer::new(status, "application/json; charset=utf-8", body.to_string())
}

/// An error with the headers that name it; JSON below `/api/`, text elsewhere.
pub fn error(request: &Request, status: u16, code: &str, message: &str) -> Answer {
    let answer = if request.path.starts_with("/api/") && !request.path.starts_with("/api/resolve-cache/") {
        json_body(status, &json!({ "error": message }))
    } else {
        Answer::new(status, "text/plain; charset=utf-8", message)
    };
    let answer = if code.is_empty() {
        answer
    } else {
        answer.with("X-Error-Code", code)
    };
    answer.with("X-Error-Message", message)
}

/// No such repository, or none this caller may see: the two cannot be told apart.
pub fn no_repo(request: &Request, caller: Caller) -> Answer {
    match caller {
        Caller::Anonymous => error(request, 401, "", "Invalid username or password.").with(
            "WWW-Authenticate",
            "Bearer realm=\"Authentication required\", charset=\"UTF-8\"",
        ),
        _ => error(request, 404, "RepoNotFound", "Repository not found"),
    }
}

pub fn invalid_token(request: &Request) -> Answer {
    error(request, 401, "", "Invalid credentials in Authorization header")
}

pub fn no_revision(request: &Request, revision: &str) -> Answer {
    error(request, 404, "RevisionNotFound", &format!("Invalid rev id: {revision}"))
}

pub fn no_entry(request: &Request) -> Answer {
    error(request, 404, "EntryNotFound", "Entry not found")
}

/// Why this caller may not read the files of a repository that it sees; `None` if it may.
pub fn refusal(request: &Request, caller: Caller, id: &str, access: Access) -> Option<Answer> {
    let gated = |message: String| Some(error(request, 403, "GatedRepo", &message));
    match (access, caller) {
        (Access::Open | Access::Private, _) | (Access::Gated, Caller::Good) => None,
        (Access::Disabled, _) => Some(error(request, 403, "", "Access to this resource is disabled.")),
        (_, Caller::Anonymous) => {
            let message = format!(
                "Access to model {id} is restricted. You must have access to it and be authenticated to access it. Please log in."
            );
            let answer = error(request, 401, "GatedRepo", &message);
            Some(answer.with("WWW-Authenticate", "Bearer realm=\"Authentication required\""))
        }
        (Access::Pending, _) => {
            gated(format!("Your request to access model {id} is awaiting a review from the repo authors."))
        }
        (Access::Rejected, _) => {
            gated("Your request to access this repo has been rejected by the repo's authors.".to_owned())
        }
        (Access::FineGrained, _) => gated(
            "Please enable access to public gated repositories in your fine-grained token settings to view this repository."
                .to_owned(),
        ),
        (Access::Gated, _) => gated(format!(
            "Access to model {id} is restricted and you are not in the authorized list. Visit https://huggingface.co/{id} to ask for access."
        )),
    }
}

/// What a fault of this status says.
pub fn failure(caller: Caller, status: u16) -> Answer {
    match status {
        429 => {
            let message = match caller {
                Caller::Anonymous => {
                    "We had to rate limit your IP (127.0.0.1). To continue using our service, create a HF account or login to your existing account, and make sure you pass a HF_TOKEN if you're using the API."
                }
                _ => "We had to rate limit you, you hit the quota of 1000 api requests per 5 minutes period.",
            };
            Answer::new(
                429,
                "text/html; charset=utf-8",
                format!("<!doctype html><h1>429</h1><p>{message}</p>"),
            )
        }
        400 => json_body(400, &json!({ "error": "Invalid request" })),
        _ => Answer::new(
            status,
            "text/html; charset=utf-8",
            format!("<!doctype html><h1>{status}</h1>"),
        ),
    }
}
