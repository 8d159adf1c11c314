//! What comes from outside costs no more than what is read of it, and every refusal is said in words.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::command::{NOWHERE, run};
use support::fresh_folder;
use support::made::{rows_of, safetensors_header, safetensors_list};
use weighbridge::export::Sheet;
use weighbridge::hub::read_tree;
use weighbridge::limits;
use weighbridge::model::headers::compare::{Verdict, adopt, compare};
use weighbridge::model::headers::select::{Selection, select};
use weighbridge::model::headers::{gguf, logical};
use weighbridge::model::{Blueprint, ModelError};

fn config(layers: u64) -> Value {
    json!({"model_type": "llama", "num_hidden_layers": layers, "hidden_size": 64, "num_attention_heads": 4,
           "vocab_size": 100, "intermediate_size": 128})
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr.clone()).unwrap().trim_end().to_owned()
}

fn shell(command: &str) -> (i32, String) {
    let output = Command::new("sh")
        .args(["-c", command])
        .env("W", env!("CARGO_BIN_EXE_weighbridge"))
        .env("HF_ENDPOINT", NOWHERE)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap().trim_end().to_owned(),
    )
}

/// Layers that a config claims and the files do not hold are counted, not written out one by one.
#[test]
fn claimed_layers_are_counted_by_rule() {
    let blueprint = Blueprint::from_value(config(100_000)).unwrap();
    let held = rows_of(&Blueprint::from_value(config(2)).unwrap(), "BF16");
    let list = safetensors_list(&held);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Differ);
    // Nine tensors in each of 99,998 layers.
    assert_eq!(compared.missing.len(), 9);
    assert_eq!(compared.missing.iter().map(|row| row.tensors).sum::<u64>(), 899_982);
    assert_eq!(
        compared.line,
        "config.json says 4,108,812,864 parameters, 1 safetensors header says 95,040: 899,982 tensors not in the files (first: layers.{i}.input_layernorm.weight)."
    );
}

/// The bytes of a tensor are those of all its layers, whichever they are.
#[test]
fn bytes_are_adopted_over_all_layers() {
    let mut blueprint = Blueprint::from_value(config(7)).unwrap();
    let list = safetensors_list(&rows_of(&blueprint, "BF16"));
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert!(adopt(&mut blueprint, &compared));
    let held: u64 = blueprint.tensors().filter_map(|(_, tensor)| tensor.held).sum();
    assert_eq!(held, 2 * blueprint.parameters());
}

#[test]
fn names_that_claim_more_files_than_any_model_has_are_refused() {
    let error = gguf::split_names("m-00001-of-99999.gguf").unwrap_err();
    assert_eq!(
        error.to_string(),
        "The header announces 99999 files; more than 2000 is refused."
    );
    let long = format!("{}-00001-of-00002.gguf", "m".repeat(50_000));
    assert_eq!(gguf::split_names(&long).unwrap_err().code(), "header_long_name");
    assert_eq!(gguf::split_names("m-00001-of-02000.gguf").unwrap().len(), 2000);
    // Each of many models is one entry, and its bytes are those that the listing has.
    let names: Vec<String> = (0..1000).map(|at| format!("m{at:04}-00001-of-99999.gguf")).collect();
    assert_eq!(
        select(names.iter().map(String::as_str)),
        Ok(Selection::Several(names.clone()))
    );
    let sizes = gguf::sizes(names.iter().map(|name| (name.as_str(), 7)));
    assert_eq!(sizes[&gguf::model_of("m0999-00001-of-99999.gguf")], 7);
    assert_eq!(sizes.len(), 1000);
}

#[test]
fn a_tensor_with_an_endless_name_is_refused() {
    let folder = fresh_folder("long-name");
    let (bytes, size) = safetensors_header(&[("a.".repeat(600), "U8", vec![1])]);
    let path = folder.join("model.safetensors");
    std::fs::write(&path, &bytes).unwrap();
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(size)
        .unwrap();
    let said = error(&run(&["inspect", path.to_str().unwrap()]));
    assert!(
        said.ends_with("has more than 1024 letters, which no name has."),
        "{said}"
    );
}

#[test]
fn a_config_has_a_mebibyte_at_most() {
    let folder = fresh_folder("large-config");
    let path = folder.join("config.json");
    let text = |bytes: usize| {
        let start = config(2).to_string();
        format!("{start}{}", " ".repeat(bytes - start.len()))
    };
    std::fs::write(&path, text(1 << 20)).unwrap();
    assert_eq!(run(&["estimate", path.to_str().unwrap()]).status.code(), Some(0));
    std::fs::write(&path, text((1 << 20) + 1)).unwrap();
    assert_eq!(
        error(&run(&["estimate", path.to_str().unwrap()])),
        format!(
            "weighbridge: {} has more than 1.00 MiB, which no model's config has (the largest published one has 89 kB).",
            path.display()
        )
    );
    assert_eq!(Blueprint::from_text(&text((1 << 20) + 1)), Err(ModelError::TooLarge));
    assert_eq!(limits::CONFIG.bytes, 1_048_576);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_said() {
    let folder = fresh_folder("no-files");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (pipe, endless, inside) = (at("pipe.gguf"), at("endless.json"), at("config.json"));
    assert_eq!(shell(&format!("mkfifo {pipe}")).0, 0);
    for link in [&endless, &inside] {
        std::os::unix::fs::symlink("/dev/zero", link).unwrap();
    }
    let end = "not a file. Save what it gives to a file, and name that.";
    for (given, said) in [
        (pipe.as_str(), format!("{pipe} is a pipe, {end}")),
        (endless.as_str(), format!("{endless} is a device, {end}")),
        (folder.to_str().unwrap(), format!("{inside} is a device, {end}")),
        ("/dev/zero", format!("/dev/zero is a device, {end}")),
        (
            "missing/config.json",
            "There is no file or folder missing/config.json. Check the path; a model on the Hub is named owner/name."
                .to_owned(),
        ),
        (
            "./missing",
            "There is no file or folder ./missing. Check the path; a model on the Hub is named owner/name.".to_owned(),
        ),
    ] {
        assert_eq!(error(&run(&["estimate", given])), format!("weighbridge: {said}"));
    }
    assert!(Path::new(&pipe).exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_or_closed_output_is_no_panic() {
    let full = "weighbridge: the answer could not be written: No space left on device (os error 28).";
    for command in [
        "$W models >/dev/full",
        "$W --help >/dev/full",
        "$W hardware --format json >/dev/full",
    ] {
        assert_eq!(shell(command), (2, full.to_owned()), "{command}");
    }
    let missing =
        "weighbridge: There is no file or folder ./missing. Check the path; a model on the Hub is named owner/name.";
    for command in [
        "$W estimate ./missing --format json >/dev/full",
        "$W estimate ./missing --format json >&-",
    ] {
        assert_eq!(shell(command), (2, missing.to_owned()), "{command}");
    }
    assert_eq!(
        shell("$W estimate ./missing --format json 2>/dev/full >/dev/full"),
        (2, String::new())
    );
    // Whoever has read enough may close the pipe.
    assert_eq!(shell("{ $W hardware; echo $? >&2; } | true"), (0, "0".to_owned()));
}

#[test]
fn a_terminal_is_shown_escapes_not_sent_them() {
    let folder = fresh_folder("escapes");
    let path = folder.join("config.json");
    std::fs::write(&path, r#"{"model_type": "a\u001b[31mb\u0007\u202e\u009b"}"#).unwrap();
    for format in ["table", "json"] {
        let output = run(&["estimate", path.to_str().unwrap(), "--format", format]);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(
            !text
                .chars()
                .any(|sign| sign != '\n' && sign.is_control() || sign == '\u{202e}'),
            "{text:?}"
        );
        assert!(text.contains(r"a\u{1b}[31mb\u{7}\u{202e}\u{9b}"), "{text}");
    }
}

#[test]
fn cells_are_no_formulas() {
    let mut sheet = Sheet::new("", &["name", "value"]);
    sheet.push(["=HYPERLINK(1)".to_owned(), "-1.5".to_owned()]);
    sheet.push(["@a".to_owned(), "+1,024".to_owned()]);
    sheet.push(["-a\nb".to_owned(), "5".to_owned()]);
    assert_eq!(
        sheet.csv().unwrap(),
        "name,value\n'=HYPERLINK(1),-1.5\n'@a,+1024\n'-a\\u{a}b,5\n"
    );
}

/// Ten thousand files in a listing are read once.
#[test]
fn listings_are_read_whole() {
    let entries: Vec<Value> = (0..10_000)
        .map(|at| json!({"type": "file", "path": format!("m{at}.gguf"), "size": at}))
        .collect();
    let files = read_tree(&Value::from(entries).to_string());
    assert_eq!(files.len(), 10_000);
    assert_eq!((files[9_999].path.as_str(), files[9_999].size), ("m9999.gguf", 9_999));
}
