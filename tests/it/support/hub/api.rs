//! What lies below `/api/`: search, model info, tree, who a token belongs to.

use serde_json::{Map, Value, json};

use super::super::http::{Answer, Delivery, Request};
use super::State;
use super::answers::{Caller, error, failure, json_body, no_entry};
use super::repo::{Access, Fault, Repo, file_hash, is_large, large_hash};

/// What may follow `expand=`.
const EXPAND: &str = "author, baseModels, cardData, childrenModelCount, config, createdAt, disabled, downloads, \
    downloadsAllTime, evalResults, gated, gguf, inference, inferenceProviderMapping, lastModified, library_name, likes, \
    mask_token, model-index, pipeline_tag, private, resourceGroup, safetensors, sha, siblings, spaces, tags, \
    transformersInfo, trendingScore, usedStorage, widgetData, xetEnabled";

impl State {
    /// Search by words of the id, and by the filters that [`passes`] knows; pages follow by `Link`. What
    /// [`super::Hub::refuse_listings`] and [`super::Hub::slow_listing`] say comes first.
    pub fn list(&self, port: u16, request: &Request, caller: Caller) -> Answer {
        if let Some(status) = self.refuses {
            return failure(caller, status);
        }
        let params = request.params();
        let value = |name: &str| {
            params
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.to_lowercase())
        };
        let search = value("search").unwrap_or_default();
        let limit = value("limit").and_then(|text| text.parse().ok()).unwrap_or(1_000);
        let visible = self
            .repos
            .iter()
            .filter(|(_, repo)| repo.access != Access::Private || caller == Caller::Good);
        let named = |id: &str| search.split_whitespace().all(|word| id.to_lowercase().contains(word));
        let all: Vec<_> = visible
            .filter(|(id, repo)| named(id) && passes(&params, &repo.describe(id, false)))
            .collect();
        // The mark is opaque to clients: here it says how many came before.
        let before: usize = value("cursor")
            .and_then(|mark| mark.strip_prefix("after-")?.parse().ok())
            .unwrap_or(0);
        let found = all.iter().skip(before).take(limit);
        let short = [
            "_id",
            "id",
            "likes",
            "private",
            "downloads",
            "tags",
            "pipeline_tag",
            "library_name",
            "createdAt",
            "modelId",
        ];
        let items = found.map(|(id, repo)| chosen(&params, &repo.describe(id, false), &short));
        match items.collect::<Result<Vec<Value>, Answer>>() {
            Ok(items) => {
                let answer = json_body(200, &Value::Array(items));
                let answer = match before + limit < all.len() {
                    // The address is the Hub's own, whatever mirror answers: only the mark is to be taken.
                    true => answer.with(
                        "Link",
                        format!(
                            "<https://huggingface.co:{port}/api/models?cursor=after-{}&limit={limit}>; rel=\"next\"",
                            before + limit
                        ),
                    ),
                    false => answer,
                };
                match &self.slow {
                    Some(words) if *words == search => answer.delivered(Delivery::Drip {
                        bytes: 40,
                        pause: std::time::Duration::from_millis(400),
                    }),
                    _ => answer,
                }
            }
            Err(refused) => refused,
        }
    }
}

/// Whether a model passes the filters of a listing; all must hold.
fn passes(params: &[(String, String)], fields: &Map<String, Value>) -> bool {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    let tags: Vec<&str> = fields["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let total = fields
        .get("safetensors")
        .or(fields.get("gguf"))
        .and_then(|one| one["total"].as_f64())
        .unwrap_or(0.0);
    params.iter().all(|(key, value)| match key.as_str() {
        "filter" => tags.contains(&value.as_str()),
        "author" => text("author") == value,
        "pipeline_tag" => text("pipeline_tag") == value,
        "gated" => (fields["gated"] != false) == (value == "true"),
        "num_parameters" => value.split(',').all(|bound| {
            let (side, size) = bound.split_once(':').unwrap();
            let size: f64 = size.trim_end_matches('B').parse().unwrap();
            if side == "max" {
                total <= size * 1e9
            } else {
                total >= size * 1e9
            }
        }),
        _ => true,
    })
}

pub fn who(request: &Request, caller: Caller) -> Answer {
    let name = match caller {
        Caller::Good => "granted",
        Caller::Ungranted => "ungranted",
        _ => return error(request, 401, "", "Invalid username or password."),
    };
    let token = json!({ "displayName": "test", "role": "read", "createdAt": "2025-01-02T03:04:05.000Z" });
    let auth = json!({ "type": "access_token", "accessToken": token });
    json_body(
        200,
        &json!({ "type": "user", "id": "0", "name": name, "fullname": name, "isPro": false, "orgs": [], "auth": auth }),
    )
}

pub fn info(request: &Request, id: &str, repo: &Repo) -> Answer {
    let params = request.params();
    let blobs = params.iter().any(|(key, value)| key == "blobs" && value == "true");
    if blobs
        && params
            .iter()
            .any(|(key, _)| matches!(key.as_str(), "expand" | "expand[]"))
    {
        return json_body(400, &json!({ "error": "expand cannot be combined with blobs" }));
    }
    let answer = match chosen(&params, &repo.describe(id, blobs), &[]) {
        Ok(fields) => json_body(200, &fields),
        Err(refused) => refused,
    };
    match repo.fault {
        Fault::Truncated => {
            let half = answer.body.len() / 2;
            Answer {
                body: answer.body[..half].to_vec(),
                ..answer
            }
        }
        _ => answer,
    }
}

/// The fields that `expand` names, or those of `short` (all, if that is empty).
pub fn chosen(params: &[(String, String)], fields: &Map<String, Value>, short: &[&str]) -> Result<Value, Answer> {
    let asked: Vec<&str> = params
        .iter()
        .filter(|(key, _)| matches!(key.as_str(), "expand" | "expand[]"))
        .map(|(_, value)| value.as_str())
        .collect();
    if let Some(unknown) = asked
        .iter()
        .find(|name| !EXPAND.split(", ").any(|known| known == **name))
    {
        let message = format!("Invalid option {unknown}: expected one of {EXPAND}");
        return Err(json_body(400, &json!({ "error": message })));
    }
    let wanted = |name: &str| match asked.as_slice() {
        [] => short.is_empty() || short.contains(&name),
        asked => matches!(name, "_id" | "id") || asked.contains(&name),
    };
    Ok(Value::Object(
        fields
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    ))
}

pub fn tree(request: &Request, repo: &Repo, inside: &str) -> Answer {
    if repo.access == Access::Disabled {
        return error(request, 403, "", "Access to this resource is disabled.");
    }
    let start = if inside.is_empty() {
        String::new()
    } else {
        format!("{inside}/")
    };
    let recursive = request
        .params()
        .iter()
        .any(|(key, value)| key == "recursive" && matches!(value.as_str(), "true" | "1"));
    let mut entries: Vec<Value> = Vec::new();
    let mut folders: Vec<String> = Vec::new();
    for (path, body) in &repo.files {
        let Some(rest) = path.strip_prefix(&start) else {
            continue;
        };
        for (at, _) in rest.match_indices('/') {
            let folder = format!("{start}{}", &rest[..at]);
            if !folders.contains(&folder) && (recursive || !rest[..at].contains('/')) {
                entries.push(
                    json!({ "type": "directory", "oid": file_hash(folder.as_bytes()), "size": 0, "path": folder }),
                );
                folders.push(folder);
            }
        }
        if !recursive && rest.contains('/') {
            continue;
        }
        let mut entry = json!({ "type": "file", "oid": file_hash(body), "size": body.len(), "path": path });
        if is_large(path) {
            entry["lfs"] = json!({ "oid": large_hash(body), "size": body.len(), "pointerSize": 134 });
            entry["xetHash"] = json!(large_hash(path.as_bytes()));
        }
        entries.push(entry);
    }
    if entries.is_empty() && !inside.is_empty() {
        return no_entry(request);
    }
    json_body(200, &Value::Array(entries))
}
