//! Tests of the test support itself: a browser, a server or a Hub that is wrong would make every other test worthless.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

mod browser;
mod hub;
mod server;

use std::time::Duration;

use serde_json::Value;

const SOON: Duration = Duration::from_secs(10);

/// Status, headers and body of an answer.
struct Got {
    status: u16,
    headers: Vec<(String, String)>,
    body: Result<String, String>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    fn text(&self) -> &str {
        self.body.as_deref().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap()
    }
}

fn ask(method: &str, url: &str, headers: &[(&str, &str)], hops: u32, patience: Duration) -> Result<Got, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(hops)
        .max_redirects_will_error(false)
        .redirect_auth_headers(ureq::config::RedirectAuthHeaders::SameHost)
        .timeout_global(Some(patience))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = agent
        .run(request.body(()).unwrap())
        .map_err(|error| error.to_string())?;
    let headers = answer.headers().iter();
    let headers = headers
        .map(|(key, value)| (key.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let body = answer.body_mut().read_to_string().map_err(|error| error.to_string());
    Ok(Got {
        status: answer.status().as_u16(),
        headers,
        body,
    })
}

fn get(url: &str, headers: &[(&str, &str)]) -> Got {
    ask("GET", url, headers, 5, SOON).unwrap()
}

/// A folder with these files.
fn site(files: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = support::fresh_folder("site");
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder
}

/// A page with something of everything the support can do.
const PAGE: &str = include_str!("harness/page.html");
