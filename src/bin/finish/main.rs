//! trunk's post_build hook: makes of its build what is published.
//!
//! trunk calls it when the staging folder is complete and before that becomes `dist`. The program is split into what the
//! first load needs and parts for later, the style sheets go into the page, every file is weighed against its budget, and all are
//! listed with their hashes for the offline worker. A debug build is left as trunk made it.

mod index;
mod program;
mod styles;
mod weight;
mod worker;

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

use sha2::{Digest, Sha256};

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
    let staging = PathBuf::from(variable("TRUNK_STAGING_DIR")?);
    let place = staging.join("index.html");
    let mut index = index::Index::new(fs::read_to_string(&place)?);
    if variable("TRUNK_PROFILE")? == "debug" {
        // `trunk serve` adds an inline script that reloads the page after a build; only there the policy lets it run.
        index.allow_reload();
        fs::write(place, index.text())?;
        return Ok("debug build: one program, no offline worker, which would hide every edit".to_owned());
    }
    styles::inline(&staging, &mut index)?;
    program::split(&staging, &mut index)?;
    fs::write(place, index.text())?;
    let files = worker::files(&staging)?;
    let table = weight::check(&staging, &files)?;
    let version = worker::write(&staging, &files)?;
    Ok(format!(
        "{table}\n{} files, version {version}, offline worker written",
        files.len()
    ))
}

fn variable(name: &str) -> Outcome<String> {
    env::var(name).map_err(|_| format!("{name} is not set: trunk runs this program, see Trunk.toml").into())
}

/// The beginning of a hash of contents, for names of files.
fn short_hash(bodies: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for body in bodies {
        hash.update(body);
    }
    format!("{:.16}", format!("{:x}", hash.finalize()))
}
