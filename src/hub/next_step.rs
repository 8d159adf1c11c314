//! What to do about each failure.

use super::HubError;
use super::error::count;

/// Where a person goes: licences are accepted and tokens made at the Hub itself, whatever mirror serves the files.
const HUB: &str = "https://huggingface.co";
const TOKENS: &str = "https://huggingface.co/settings/tokens";

impl HubError {
    /// What to do about it, with the address where there is one.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Self::NotFoundOrPrivate { .. } => {
                format!("Check the spelling. If the model is private, add a token ({TOKENS}).")
            }
            Self::NotFound { .. } => "Check the spelling, and that the token's account has access to it.".to_owned(),
            Self::GatedSignIn { repo } => {
                format!(
                    "Accept the terms at {HUB}/{repo}, then add a token ({TOKENS}), or \
                 paste its config.json."
                )
            }
            Self::GatedNotGranted { repo } => {
                format!("Ask for access at {HUB}/{repo}, or paste its config.json.")
            }
            Self::GatedPending { repo, .. } => {
                format!(
                    "Wait for the authors; {HUB}/{repo} shows the state. Until then, paste \
                 its config.json."
                )
            }
            Self::GatedRejected { .. } => "Choose a copy of the model that is not gated, or paste its \
                 config.json."
                .to_owned(),
            Self::TokenLacksGated { .. } => {
                format!(
                    "Allow “read access to contents of all public gated repos” in the \
                 token's settings at {TOKENS}."
                )
            }
            Self::Forbidden { repo, .. } => {
                format!(
                    "Check the token's permissions at {TOKENS}, and that {HUB}/{repo} opens \
                 for you."
                )
            }
            Self::BadToken { .. } => format!(
                "Remove the token (public models need none) or make a new one at \
                 {TOKENS}."
            ),
            Self::RevisionNotFound { repo, .. } => {
                format!("Pick a revision listed at {HUB}/{repo}/tree/main, or leave it out.")
            }
            Self::FileNotFound { repo, .. } => {
                format!("Look at its files at {HUB}/{repo}/tree/main, or paste the config.")
            }
            Self::Disabled { .. } => "Choose another copy of the model, or paste its config.json.".to_owned(),
            Self::RateLimited {
                wait_seconds,
                token_sent: true,
            } => format!("Wait {}, then try again.", wait(*wait_seconds)),
            Self::RateLimited {
                wait_seconds,
                token_sent: false,
            } => {
                format!(
                    "Wait {}, then try again. With a token ({TOKENS}) the limit is higher.",
                    wait(*wait_seconds)
                )
            }
            Self::Server { request_id, .. } => {
                format!(
                    "Try again in a minute; https://status.huggingface.co shows outages.{}",
                    request(request_id.as_ref())
                )
            }
            Self::Unexpected { request_id, .. } => {
                format!(
                    "Check the endpoint, or paste the config.json.{}",
                    request(request_id.as_ref())
                )
            }
            Self::Unreachable { .. } => "Check the connection, a proxy or a blocker; try a mirror as the \
                 endpoint, or paste the config.json."
                .to_owned(),
            Self::TimedOut { .. } | Self::BrokenOff { .. } => {
                "Try again, or paste the config.json if the connection stays slow.".to_owned()
            }
            Self::Cancelled => "Start it again when you like.".to_owned(),
            Self::TooLarge { repo, .. } => format!(
                "Paste the address of the right file; {HUB}/{repo}/tree/main lists \
                 them."
            ),
            Self::NotJson { what, .. } if what == "an HTML page" => {
                "A login page or a proxy may stand between: check the endpoint and the \
                 network, or paste the config.json."
                    .to_owned()
            }
            Self::NotJson { repo, file, .. } | Self::NotAnObject { repo, file, .. } => {
                format!(
                    "Look at the file at {HUB}/{repo}/blob/main/{file}, or paste a \
                 corrected one."
                )
            }
            Self::Diffusers { .. } => "Weighbridge reads transformers: paste the address of the config.json \
                 of its text encoder, or choose another model."
                .to_owned(),
            Self::Adapter { base: Some(base), .. } => format!("Open the base model: {base}."),
            Self::Adapter { repo, base: None } => {
                format!("Find the base model on {HUB}/{repo} and open that.")
            }
            Self::OnlyGguf { repo, .. } => {
                format!(
                    "Open one of its GGUF files, or open the original model, which \
                 {HUB}/{repo} names."
                )
            }
            Self::OnlyParams { repo } => {
                format!(
                    "Choose a copy in the transformers format: see the quantisations and \
                 finetunes at {HUB}/{repo}."
                )
            }
            Self::SentenceTransformers { repo } => {
                format!("Open the transformer inside; {HUB}/{repo}/tree/main shows its folder.")
            }
            Self::ConfigElsewhere { repo, config } => {
                format!("If that is the one you mean, give {HUB}/{repo}/blob/main/{config}.")
            }
            Self::NoWeights { repo } => {
                format!("Check the name; {HUB}/{repo} tells what it is for.")
            }
        }
    }
}

fn request(id: Option<&String>) -> String {
    id.map(|id| format!(" The request was {id}.")).unwrap_or_default()
}

/// A wait as one says it: seconds up to two minutes, then whole minutes, rounded up.
fn wait(seconds: u64) -> String {
    if seconds <= 120 {
        count(seconds, "second")
    } else {
        count(seconds.div_ceil(60), "minute")
    }
}
