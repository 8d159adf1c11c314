//! Prepares the page: what of the tables its first answer needs, and a program that can be split.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// The worked example, and the class of its config.
const MODEL: &str = "{\"id\":\"meta-llama/Llama-3.1-8B-Instruct\",";
const CLASS: &str = "\"llama\":";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(split)");
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR")?;
    for (table, row, name) in [
        ("data/catalogue.jsonl", MODEL, "first_model.jsonl"),
        ("data/defaults.json", CLASS, "first_defaults.json"),
    ] {
        println!("cargo::rerun-if-changed={table}");
        let all = fs::read_to_string(table)?;
        let row = all
            .lines()
            .find(|line| line.starts_with(row))
            .ok_or_else(|| format!("{table} has no row {row}"))?;
        fs::write(Path::new(&out).join(name), row)?;
    }
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Only the published page comes in parts (src/app/parts); `finish` cuts it by its relocations.
    if is("CARGO_CFG_TARGET_ARCH", "wasm32") && is("PROFILE", "release") && env::var_os("CARGO_FEATURE_CSR").is_some() {
        println!("cargo::rustc-cfg=split");
        println!("cargo::rustc-link-arg-bin=page=--emit-relocs");
    }
    Ok(())
}
