//! trunk's post_build hook: gives the finished page its offline worker.
//!
//! trunk calls it when the staging folder is complete and before that becomes `dist`. Every file in there is listed with
//! its hash in `sw.js`, so that a browser stores one whole version of the page or none. A debug build gets no worker,
//! which would hide every edit.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

const WORKER: &str = include_str!("sw.template.js");

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match finish() {
        Ok(words) => {
            println!("finish: {words}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("finish: {error}");
            ExitCode::FAILURE
        }
    }
}

fn finish() -> Outcome<String> {
    let variable =
        |name: &str| env::var(name).map_err(|_| format!("{name} is not set: trunk runs this program, see Trunk.toml"));
    let staging = PathBuf::from(variable("TRUNK_STAGING_DIR")?);
    if variable("TRUNK_PROFILE")? == "debug" {
        allow_reload(&staging.join("index.html"))?;
        return Ok("debug build, no offline worker".to_owned());
    }
    let mut names = Vec::new();
    list(&staging, "", &mut names)?;
    names.sort();
    let mut files = Vec::with_capacity(names.len());
    let mut version = Sha256::new();
    let mut bytes = 0;
    for name in names {
        let body = fs::read(staging.join(&name))?;
        bytes += body.len();
        let integrity = format!("sha256-{}", STANDARD.encode(Sha256::digest(&body)));
        version.update(format!("{name} {integrity}\n"));
        // Hosts answer the folder's own address with index.html; some redirect from its name.
        files.push((if name == "index.html" { "./".to_owned() } else { name }, integrity));
    }
    let version = format!("{:.16}", format!("{:x}", version.finalize()));
    let worker = fill(WORKER, "\"__VERSION__\"", &serde_json::to_string(&version)?)?;
    let worker = fill(&worker, "[\"__FILES__\"]", &serde_json::to_string(&files)?)?;
    fs::write(staging.join("sw.js"), worker)?;
    Ok(format!(
        "{} files, {} kB, version {version}, offline worker written",
        files.len(),
        bytes / 1000
    ))
}

/// Collects the files below `folder` as paths relative to it, with `/` on every system.
fn list(folder: &Path, before: &str, names: &mut Vec<String>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| format!("{} is no text", entry.path().display()))?;
        // Static hosts do not serve dot files, and one missing file would keep the worker from installing.
        if name.starts_with('.') || (before.is_empty() && name == "sw.js") {
            continue;
        }
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Err(
                format!("{before}{name}: use only letters, digits, - _ and . in names of published files").into(),
            );
        }
        let name = format!("{before}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// Puts `value` where the template says `place`.
fn fill(template: &str, place: &str, value: &str) -> Outcome<String> {
    if template.contains(place) {
        Ok(template.replacen(place, value, 1))
    } else {
        Err(format!("sw.template.js lacks its place {place}").into())
    }
}

/// `trunk serve` adds an inline script that reloads the page after a build; only there the policy lets it run.
fn allow_reload(index: &Path) -> Outcome<()> {
    let html = fs::read_to_string(index)?;
    if html.contains("__TRUNK_WS_BASE__") {
        fs::write(
            index,
            html.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        )?;
    }
    Ok(())
}
