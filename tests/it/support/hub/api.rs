//! What lies below `/api/`: search, model info, tree, who a token belongs to.

use serde_json::{Map, Value, json};

use super::super::http::{Answer, Request};
use super::State;
use super::answers::{Caller, error, json_body, no_entry};
use super::repo::{Access, Fault, Repo, file_hash, is_large, large_hash};

/// What may follow `expand=`.
const EXPAND: &str = "author, baseModels, cardData, childrenModelCount, config, createdAt, disabled, downloads, \
    downloadsAllTime, evalResults, gated, gguf, inference, inferenceProviderMapping, lastModified, library_name, likes, \
    mask_token, model-index, pipeline_tag, private, resourceGroup, safetensors, sha, siblings, spaces, tags, \
    transformersInfo, trendingScore, usedStorage, widgetData, xetEnabled";

impl State {
    /// Search by a part of the id; the other filters are taken and change nothing.
    pub fn list(&self, request: &Request, caller: Caller) -> Answer {
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
        let found = visible
            .filter(|(id, _)| id.to_lowercase().contains(&search))
            .take(limit);
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
            Ok(items) => json_body(200, &Value::Array(items)),
            Err(refused) => refused,
        }
    }
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
