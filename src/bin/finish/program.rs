//! Splits the program: what the first load needs, and the parts that `#[wasm_split]` marks in `src/app/parts/`.
//!
//! trunk has built and bound the whole program; its two files are replaced by those of the split one. Names carry hashes
//! of contents, so a page of one version never gets a part of another.

use std::{convert::Infallible, env, fs, path::Path, path::PathBuf, process::Command};

use wasm_encoder::Module;
use wasm_encoder::reencode::Reencode;
use wasm_split_cli_support::{Options, transform};
use wasmparser::{CustomSectionReader, Parser};

use crate::index::Index;
use crate::{Outcome, short_hash};

/// What loads the parts: `wasm-split` writes it, the program imports it.
const LOADER: &str = "parts.js";

pub fn split(staging: &Path, index: &mut Index) -> Outcome<()> {
    let built = target()?.join("wasm32-unknown-unknown/page");
    let input = fs::read(built.join("page.wasm"))?;
    let out = built.join("split");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let main = out.join("whole.wasm");
    let mut options = Options::new(&input);
    options.output_dir = &out;
    options.main_out_path = &main;
    options.main_module = "./page.js";
    let link_name = format!("./{LOADER}");
    options.link_name = &link_name;
    let parts = transform(options)
        .map_err(|error| format!("the program cannot be split: {error:?}"))?
        .split_modules;
    bind(&main, &out)?;

    let mut loader = fs::read_to_string(out.join(LOADER))?;
    for part in parts {
        let old = part
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("a part without a name")?;
        let body = compact(&fs::read(&part)?)?;
        let stem = old.trim_end_matches(".wasm");
        let stem = stem.strip_prefix("split_").map_or_else(
            || stem.replace("chunk_", "shared-"),
            |part| format!("part-{}", part.replace('_', "-")),
        );
        let new = format!("{stem}-{}.wasm", short_hash(&[&body]));
        // Not in the list: an empty part, which nothing loads.
        if loader.contains(&format!("\"./{old}\"")) {
            loader = loader.replace(&format!("\"./{old}\""), &format!("\"./{new}\""));
            fs::write(staging.join(new), body)?;
        }
    }
    let loader = in_tasks(&loader)?;
    let script = fs::read_to_string(out.join("page.js"))?;
    let program = fs::read(out.join("page_bg.wasm"))?;
    // The two scripts import each other, so neither's name can be made of its own contents alone.
    let hash = short_hash(&[script.as_bytes(), loader.as_bytes(), &program]);
    let (script_name, loader_name, program_name) = (
        format!("page-{hash}.js"),
        format!("parts-{hash}.js"),
        format!("page-{}.wasm", short_hash(&[&program])),
    );
    // Only where it is imported: the program itself knows it by its first name.
    let from = |name: &str| format!("from \"./{name}\"");
    if !script.contains(&from(LOADER)) || !loader.contains(&from("page.js")) {
        return Err("the program and what loads its parts do not know each other".into());
    }
    fs::write(
        staging.join(&script_name),
        script.replace(&from(LOADER), &from(&loader_name)),
    )?;
    fs::write(
        staging.join(&loader_name),
        loader.replace(&from("page.js"), &from(&script_name)),
    )?;
    fs::write(staging.join(&program_name), program)?;

    for (place, new) in [("data-js=\"", &script_name), ("data-wasm=\"", &program_name)] {
        let old = index.between(place, "\"")?;
        index.replace(&format!("{place}{old}\""), &format!("{place}./{new}\""))?;
        fs::remove_file(staging.join(old.trim_start_matches("./")))?;
    }
    index.take_links("rel=\"modulepreload\"");
    index.take_links("as=\"fetch\"");
    // public/theme.js asks for both, after the first paint.
    Ok(())
}

/// The loader, asking for each file in a task of its own: a part is a dozen files, and a browser takes a while over each.
fn in_tasks(loader: &str) -> Outcome<String> {
    const FETCH: [&str; 2] = ["fetch(new URL(", ", import.meta.url));"];
    const SOON: &str = "const soon = (path) => new Promise((done) => globalThis.scheduler?.postTask ? scheduler.postTask(done) : setTimeout(done))\
        .then(() => fetch(new URL(path, import.meta.url)));\n";
    let [before, after] = FETCH;
    let calls = loader.matches(before).count();
    if calls == 0 || calls != loader.matches(after).count() {
        return Err("what loads the parts fetches them in a way that is not known here".into());
    }
    let (imports, rest) = loader.split_once('\n').ok_or("what loads the parts is empty")?;
    let rest = rest.replace(before, "soon(").replace(after, ");");
    Ok(format!("{imports}\n{SOON}{rest}"))
}

/// Writes the scripts between browser and program. trunk has found the same command on PATH, in the version of Cargo.lock.
fn bind(program: &Path, out: &Path) -> Outcome<()> {
    let status = Command::new("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--out-name", "page"])
        // Parts use what the linker exports; names are for those who read the program, not for those who run it.
        .args([
            "--keep-lld-exports",
            "--remove-name-section",
            "--remove-producers-section",
        ])
        .arg("--out-dir")
        .args([out, program])
        .status()
        .map_err(|error| format!("wasm-bindgen does not run: {error}. ./dev setup installs it."))?;
    if status.success() {
        Ok(())
    } else {
        Err("wasm-bindgen failed".into())
    }
}

/// Where cargo builds.
fn target() -> Outcome<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let said = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline", "--locked"])
        .output()?;
    let said: serde_json::Value = serde_json::from_slice(&said.stdout)?;
    let folder = said
        .get("target_directory")
        .and_then(serde_json::Value::as_str)
        .ok_or("cargo does not say where it builds")?;
    Ok(folder.into())
}

/// A module written anew: without names, and each number in no more bytes than it takes; the linker leaves them room.
fn compact(module: &[u8]) -> Outcome<Vec<u8>> {
    struct Compact;
    impl Reencode for Compact {
        type Error = Infallible;
        fn parse_custom_section(
            &mut self,
            _: &mut Module,
            _: CustomSectionReader<'_>,
        ) -> Result<(), wasm_encoder::reencode::Error<Infallible>> {
            Ok(())
        }
    }
    let mut out = Module::new();
    Compact
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|error| format!("a part cannot be written anew: {error}"))?;
    Ok(out.finish())
}
