//! Which address gives what.

use serde_json::json;

use super::super::http::{Answer, Delivery, Request, decode};
use super::State;
use super::answers::{
    Caller, error, failure, invalid_token, json_body, no_entry, no_repo, no_revision, preflight, refusal,
};
use super::api::{info, tree, who};
use super::files::{resolve, small_file};
use super::repo::{Access, Fault, Repo};

/// What an address is about.
enum Target<'a> {
    Info(&'a str),
    Tree(&'a str, String),
    AuthCheck,
    /// The first hop of a file, and whether as `raw`.
    Resolve {
        revision: &'a str,
        path: String,
        raw: bool,
    },
    /// The second hop of a small file.
    Cached(String),
}

impl State {
    pub fn answer(&mut self, port: u16, request: &Request) -> Answer {
        let path: Vec<String> = request.path.trim_matches('/').split('/').map(decode).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let ["xet-bridge-us", owner, name, _, rest @ ..] = path.as_slice() {
            return self.cdn(request, &format!("{owner}/{name}"), &rest.join("/"));
        }
        if request.method == "OPTIONS" {
            return preflight(request);
        }
        let caller = Caller::of(request);
        if caller == Caller::Invalid {
            let answer = invalid_token(request);
            return self.dress(request, caller, answer);
        }
        let answer = match path.as_slice() {
            ["api", "whoami-v2"] => who(request, caller),
            ["api", "models"] => self.list(port, request, caller),
            ["api", "models", name] => self.open(port, request, caller, name, Target::Info("main")),
            ["api", "models", owner, name, rest @ ..] => {
                let target = match rest {
                    [] => Some(Target::Info("main")),
                    ["revision", revision] => Some(Target::Info(revision)),
                    ["tree", revision, inside @ ..] => Some(Target::Tree(revision, inside.join("/"))),
                    ["auth-check"] => Some(Target::AuthCheck),
                    _ => None,
                };
                match target {
                    Some(target) => self.open(port, request, caller, &format!("{owner}/{name}"), target),
                    None => error(request, 404, "", "Sorry, we can't find the page you are looking for."),
                }
            }
            ["api", "resolve-cache", "models", owner, name, _, inside @ ..] => self.open(
                port,
                request,
                caller,
                &format!("{owner}/{name}"),
                Target::Cached(inside.join("/")),
            ),
            [name, kind @ ("resolve" | "raw"), revision, inside @ ..] => {
                let target = Target::Resolve {
                    revision,
                    path: inside.join("/"),
                    raw: *kind == "raw",
                };
                self.open(port, request, caller, name, target)
            }
            [owner, name, kind @ ("resolve" | "raw"), revision, inside @ ..] => {
                let target = Target::Resolve {
                    revision,
                    path: inside.join("/"),
                    raw: *kind == "raw",
                };
                self.open(port, request, caller, &format!("{owner}/{name}"), target)
            }
            // The pages for people have no CORS headers: a client must never fetch them.
            _ => {
                return Answer::new(
                    200,
                    "text/html; charset=utf-8",
                    "<!doctype html><title>Hugging Face</title>",
                );
            }
        };
        if let Some(Fault::LimitedWithoutCors) = self.named(&path).map(|repo| repo.fault) {
            return answer;
        }
        self.dress(request, caller, answer)
    }

    /// The repository a path names, whichever form the path has.
    fn named(&self, path: &[&str]) -> Option<&Repo> {
        path.windows(2).find_map(|pair| self.repos.get(&pair.join("/")))
    }

    /// Leads old names on, hides what the caller may not see, applies the faults of the first hop.
    fn open(&mut self, port: u16, request: &Request, caller: Caller, id: &str, target: Target) -> Answer {
        let Some(repo) = self.repos.get(id).cloned() else {
            let other_case = self.repos.keys().find(|known| known.eq_ignore_ascii_case(id));
            let Some(new) = self.renames.get(id).or(other_case) else {
                return no_repo(request, caller);
            };
            let query = if request.query.is_empty() {
                String::new()
            } else {
                format!("?{}", request.query)
            };
            let place = request.path.replacen(id, new, 1) + &query;
            return Answer::new(
                307,
                "text/plain; charset=utf-8",
                format!("Temporary Redirect. Redirecting to {place}"),
            )
            .with("Location", place);
        };
        if repo.access == Access::Private && caller != Caller::Good {
            return no_repo(request, caller);
        }
        let first = !matches!(target, Target::Cached(_));
        match repo.fault {
            Fault::Hang if first => return Answer::new(200, "", "").delivered(Delivery::Hang),
            Fault::LimitedWithoutCors => return failure(caller, 429),
            Fault::Status { status, times } if first => {
                let is_file = matches!(target, Target::Resolve { .. });
                let tries = self.tries.entry((id.to_owned(), is_file)).or_default();
                *tries += 1;
                if times.is_none_or(|times| *tries <= times) {
                    return failure(caller, status);
                }
            }
            Fault::Html => return portal(),
            _ => {}
        }
        let revision = match &target {
            Target::Info(revision) | Target::Tree(revision, _) | Target::Resolve { revision, .. } => revision,
            _ => "main",
        };
        // The gate comes before the question whether the revision or the file exists.
        if matches!(target, Target::Resolve { .. } | Target::Cached(_) | Target::AuthCheck)
            && let Some(refused) = refusal(request, caller, id, repo.access)
        {
            return refused;
        }
        if !repo.knows(id, revision) {
            return no_revision(request, revision);
        }
        match target {
            Target::Info(_) => info(request, id, &repo),
            Target::Tree(_, inside) => tree(request, &repo, &inside),
            Target::AuthCheck => json_body(200, &json!({})),
            Target::Resolve { path, raw, .. } => resolve(port, request, id, &repo, &path, raw),
            Target::Cached(path) => match repo.files.get(&path) {
                None => no_entry(request),
                Some(body) => self.deliver(request, repo.fault, small_file(id, &path, body)),
            },
        }
    }
}

/// What a hotel's network gives instead of the answer.
fn portal() -> Answer {
    Answer::new(
        200,
        "text/html; charset=utf-8",
        "<!doctype html><html><title>Log in</title><h1>Welcome to our network</h1></html>",
    )
}
