//! Files: the first hop, the cache of small ones, the CDN of large ones.

use serde_json::json;

use super::super::http::{Answer, Delivery, Request, decode, encode};
use super::State;
use super::answers::no_entry;
use super::repo::{Fault, Repo, file_hash, is_large, large_hash, sha};

impl State {
    /// The second hop of a large file: another origin, which knows no tokens and has CORS headers of its own.
    pub fn cdn(&mut self, request: &Request, id: &str, path: &str) -> Answer {
        let open = |answer: Answer| {
            answer
                .with("Access-Control-Allow-Origin", "*")
                .with("Access-Control-Expose-Headers", "*")
        };
        if request.method == "OPTIONS" {
            let asked = request.header("access-control-request-headers").unwrap_or_default();
            return open(Answer::new(204, "", "")).with("Access-Control-Allow-Headers", asked);
        }
        let signed = request.params().iter().any(|(key, _)| key == "X-Amz-Signature");
        let file = self
            .repos
            .get(id)
            .and_then(|repo| repo.files.get(path).map(|body| (repo.fault, body.clone())));
        match file {
            Some((fault, body)) if signed => {
                let answer = Answer::new(200, "binary/octet-stream", body.clone());
                open(self.deliver(
                    request,
                    fault,
                    answer.with("ETag", format!("\"{}\"", large_hash(&body))),
                ))
            }
            _ => open(Answer::new(
                403,
                "application/xml",
                "<Error><Code>AccessDenied</Code></Error>",
            )),
        }
    }

    /// Sends a file as the request asks and the fault allows.
    pub fn deliver(&self, request: &Request, fault: Fault, mut answer: Answer) -> Answer {
        let half = answer.body.len() / 2;
        match fault {
            Fault::NoRange => return answer,
            Fault::Truncated => answer.body.truncate(half),
            _ => {}
        }
        let answer = answer.ranged(request);
        let half = answer.body.len() / 2;
        let (bytes, pause) = self.drip;
        match fault {
            Fault::Slow => answer.delivered(Delivery::Drip { bytes, pause }),
            Fault::Cut => answer.delivered(Delivery::CutAfter(half)),
            Fault::HangMidBody => answer.delivered(Delivery::HangAfter(half)),
            _ => answer,
        }
    }
}

/// The first hop of a file: on to the cache of small files, or to the CDN.
pub fn resolve(port: u16, request: &Request, id: &str, repo: &Repo, path: &str, raw: bool) -> Answer {
    let Some(body) = repo.files.get(path) else {
        return no_entry(request).with("X-Repo-Commit", sha(id));
    };
    let inside: Vec<String> = path.split('/').map(encode).collect();
    let inside = inside.join("/");
    let (commit, hash) = (sha(id), file_hash(body));
    if !is_large(path) {
        let file = small_file(id, path, body);
        if raw {
            return file.ranged(request);
        }
        let mark = encode(&decode(&request.path));
        let place = format!("/api/resolve-cache/models/{id}/{commit}/{inside}?{mark}=&etag=%22{hash}%22");
        return Answer::new(
            307,
            "text/plain; charset=utf-8",
            format!("Temporary Redirect. Redirecting to {place}"),
        )
        .with("Location", place)
        .with("X-Repo-Commit", commit)
        .with("X-Linked-Size", body.len().to_string())
        .with("X-Linked-ETag", format!("\"{hash}\""))
        .with("Accept-Ranges", "bytes");
    }
    let (large, xet) = (large_hash(body), large_hash(path.as_bytes()));
    if raw {
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{large}\nsize {}\n",
            body.len()
        );
        return small_file(id, path, pointer.as_bytes()).ranged(request);
    }
    let link = format!(
        "<https://huggingface.co/api/models/{id}/xet-read-token/{commit}>; rel=\"xet-auth\", \
         <https://cas-server.xethub.hf.co/v1/reconstructions/{xet}>; rel=\"xet-reconstruction-info\""
    );
    let answer = if request
        .header("accept")
        .is_some_and(|kinds| kinds.contains("application/vnd.xet-fileinfo+json"))
    {
        Answer::new(
            200,
            "application/vnd.xet-fileinfo+json",
            json!({ "hash": xet }).to_string(),
        )
    } else {
        let place = format!(
            "http://127.0.0.1:{port}/xet-bridge-us/{id}/{commit}/{inside}?X-Amz-Expires=3600&X-Amz-Signature={large}"
        );
        Answer::new(
            302,
            "text/plain; charset=utf-8",
            format!("Found. Redirecting to {place}"),
        )
        .with("Location", place)
    };
    answer
        .with("X-Repo-Commit", commit)
        .with("X-Linked-Size", body.len().to_string())
        .with("X-Linked-ETag", format!("\"{large}\""))
        .with("X-Xet-Hash", xet)
        .with("Link", link)
        .with("Accept-Ranges", "bytes")
}

pub fn small_file(id: &str, path: &str, body: &[u8]) -> Answer {
    let name = path.rsplit('/').next().unwrap_or(path);
    Answer::new(200, "text/plain; charset=utf-8", body)
        .with("X-Repo-Commit", sha(id))
        .with("ETag", format!("\"{}\"", file_hash(body)))
        .with(
            "Content-Disposition",
            format!("inline; filename*=UTF-8''{0}; filename=\"{0}\";", encode(name)),
        )
        .with("Content-Security-Policy", "default-src 'none'; sandbox")
}
