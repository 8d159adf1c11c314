//! Headers read by our readers: against the reference library, against published counts, against hostile bytes.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

#[path = "headers/made.rs"]
mod made;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use made::{Gguf, Key, Row, llama_gguf, rows_of, safetensors_header, safetensors_list};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use weighbridge::model::headers::compare::{Verdict, adopt, compare};
use weighbridge::model::headers::{
    FileKind, HeaderError, Limits, Need, TensorList, assumed, gguf, gguf_config, index, logical, safetensors as ours,
};
use weighbridge::model::{Blueprint, catalogue};

fn blueprint(id: &str) -> (Value, Blueprint) {
    let config = catalogue::find(id).unwrap().config.clone();
    (config.clone(), Blueprint::from_value(config).unwrap())
}

/// The 80 bytes the reference library's own test writes.
#[test]
fn literal_file() {
    let mut bytes = vec![0x40, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(br#"{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}    "#);
    bytes.extend([0; 16]);
    assert_eq!(bytes.len(), 88);
    let Need::Done(header) = ours::read(&bytes, &Limits::local(88)).unwrap() else {
        panic!("more?")
    };
    assert_eq!(header.data_start, 72);
    let one = &header.tensors[0];
    assert_eq!(
        (one.name.as_str(), &*one.dtype.name, one.elements, one.bytes, one.offset),
        ("test", "I32", 4, 16, 72)
    );
    // No more than the header is needed, and each step says how much.
    assert_eq!(ours::read(&[], &Limits::local(88)), Ok(Need::More { upto: 88 }));
    assert_eq!(
        ours::read(&bytes[..8], &Limits::remote(FileKind::Safetensors, None)),
        Ok(Need::More { upto: 72 })
    );
    assert!(matches!(
        ours::read(&bytes[..72], &Limits::remote(FileKind::Safetensors, None)),
        Ok(Need::Done(_))
    ));
    assert_eq!(
        ours::read(&bytes[..40], &Limits::local(40)),
        Err(HeaderError::Truncated(40))
    );
}

/// A header of exactly 100,000 bytes does not fit in the first request of 100,001 with its length.
#[test]
fn header_just_over_the_first_request() {
    let mut text = br#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#.to_vec();
    text.resize(100_000, b' ');
    let mut bytes = 100_000_u64.to_le_bytes().to_vec();
    bytes.extend(text);
    let limits = Limits::remote(FileKind::Safetensors, Some(100_008));
    assert_eq!(ours::read(&bytes[..100_001], &limits), Ok(Need::More { upto: 100_008 }));
    assert!(matches!(ours::read(&bytes, &limits), Ok(Need::Done(_))));
}

const TYPES: [(Dtype, &str, usize); 8] = [
    (Dtype::BF16, "BF16", 2),
    (Dtype::F16, "F16", 2),
    (Dtype::F32, "F32", 4),
    (Dtype::F8_E4M3, "F8_E4M3", 1),
    (Dtype::I64, "I64", 8),
    (Dtype::U8, "U8", 1),
    (Dtype::BOOL, "BOOL", 1),
    (Dtype::F64, "F64", 8),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the reference library writes, we read the same.
    #[test]
    fn as_the_reference(
        tensors in proptest::collection::hash_map("[a-zA-Z0-9_.é ]{1,20}", (0..TYPES.len(), proptest::collection::vec(0_usize..5, 0..4)), 0..8),
        metadata in proptest::option::of(proptest::collection::hash_map("[a-z]{1,5}", ".{0,5}", 0..3)),
        cut in 0_usize..400,
    ) {
        let data = vec![0_u8; 8 * 625];
        let views: Vec<(String, TensorView<'_>)> = tensors.iter().map(|(name, (kind, shape))| {
            let bytes = shape.iter().product::<usize>() * TYPES[*kind].2;
            (name.clone(), TensorView::new(TYPES[*kind].0, shape.clone(), &data[..bytes]).unwrap())
        }).collect();
        // The reference library 0.7 writes broken JSON for no tensors with empty metadata.
        let metadata: Option<HashMap<String, String>> = metadata.filter(|all| !all.is_empty());
        let bytes = safetensors::serialize(views, metadata.clone()).unwrap();
        let limits = Limits::local(bytes.len() as u64);
        let Need::Done(header) = ours::read(&bytes, &limits).unwrap() else { panic!("more?") };
        prop_assert_eq!(header.tensors.len(), tensors.len());
        for one in &header.tensors {
            let (kind, shape) = &tensors[&one.name];
            prop_assert_eq!(&*one.dtype.name, TYPES[*kind].1);
            prop_assert_eq!(&one.shape, &shape.iter().map(|size| *size as u64).collect::<Vec<_>>());
        }
        prop_assert_eq!(header.metadata.len(), metadata.map_or(0, |all| all.len()));
        // Any piece of it is an answer too: more, or cut short.
        let cut = cut.min(bytes.len());
        let _ = ours::read(&bytes[..cut], &limits);
        let _ = ours::read(&bytes[..cut], &Limits::local(cut as u64));
    }

    /// Any bytes whatever: a header or an error, never a panic, and soon.
    #[test]
    fn any_bytes(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..4, size in proptest::option::of(any::<u64>())) {
        let begun = Instant::now();
        match kind {
            0 => { bytes.splice(0..bytes.len().min(4), *b"GGUF"); }
            1 => { bytes.splice(0..bytes.len().min(8), *b"GGUF\x03\0\0\0"); }
            2 => { bytes.splice(0..bytes.len().min(9), *b"\x40\0\0\0\0\0\0\0{"); }
            _ => {}
        }
        let limits = Limits { file_bytes: size, header_bytes: 1_000_000 };
        let _ = ours::read(&bytes, &limits);
        let mut reader = gguf::Reader::new(limits);
        let _ = reader.read(&bytes[..bytes.len() / 2]);
        let _ = reader.read(&bytes);
        let _ = index::read(&bytes);
        prop_assert!(begun.elapsed() < Duration::from_secs(1));
    }

    /// A valid GGUF with a byte changed or cut anywhere.
    #[test]
    fn damaged_gguf(at in 0_usize..2000, value in any::<u8>(), keep in 0_usize..4000, big in any::<bool>(), version in 1_u32..=3) {
        let (mut bytes, size) = small_gguf(version, big).write();
        let at = at % bytes.len();
        bytes[at] = value;
        bytes.truncate(keep);
        if let Ok(Need::Done(header)) = gguf::Reader::new(Limits::local(size)).read(&bytes) {
            let list = TensorList::new(vec![header]).unwrap();
            let _ = gguf_config::config(&list).map(Blueprint::from_value);
            let _ = assumed::summarise(&list, &logical::count(&list, None));
        }
    }

    /// Any names and shapes can be counted, compared and summed up.
    #[test]
    fn any_tensors(rows in proptest::collection::hash_map(
        "(model\\.)?(layers\\.[0-9]\\.|h\\.[0-9]{1,12}\\.)?(mlp|attn|experts\\.3)?(\\.)?(qweight|scales|qzeros|weight|weight_packed|codes|codebooks|trellis|x_blocks|x_scales|biases|W_q|q_weight|q_invperm|weight_scale)",
        (prop_oneof![Just("U8"), Just("I32"), Just("U32"), Just("BF16"), Just("I16"), Just("I8")], proptest::collection::vec(0_u64..70, 0..4)), 0..12)) {
        let rows: Vec<Row> = rows.into_iter().map(|(name, (kind, shape))| (name, kind, shape)).collect();
        let list = safetensors_list(&rows);
        let (config, blueprint) = blueprint("HuggingFaceTB/SmolLM2-360M-Instruct");
        for config in [None, Some(&config), Some(&json!({"quantization_config": {"bits": 3, "config_groups": {"a": {"weights": {"num_bits": 4}}}}}))] {
            let count = logical::count(&list, config);
            let verdict = compare(&blueprint, &count, "1 safetensors header").verdict;
            prop_assert_eq!(verdict, Verdict::Differ);
            let _ = assumed::summarise(&list, &count);
        }
    }
}

#[test]
fn hostile_safetensors() {
    let read = |text: &str| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        ours::read(&bytes, &Limits::local(bytes.len() as u64 + 16))
            .map(|_| ())
            .unwrap_err()
            .code()
    };
    let one = |inner: &str| format!(r#"{{"t":{{{inner}}}}}"#);
    for (text, code) in [
        (one(r#""dtype":"F32","shape":[4],"data_offsets":[0,12]"#), "header_wrong_size"),
        (one(r#""dtype":"F32","shape":[4],"data_offsets":[16,0]"#), "header_entry"),
        (one(r#""dtype":"F32","shape":[4],"data_offsets":[-16,0]"#), "header_entry"),
        (one(r#""dtype":"F32","shape":[-4],"data_offsets":[0,16]"#), "header_entry"),
        (one(r#""dtype":"F32","shape":[4.5],"data_offsets":[0,16]"#), "header_entry"),
        (one(r#""dtype":"F32","shape":[[4]],"data_offsets":[0,16]"#), "header_entry"),
        (one(r#""dtype":"F32","shape":[4]"#), "header_entry"),
        (one(r#""shape":[4],"data_offsets":[0,16]"#), "header_entry"),
        (one(r#""dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,16]"#), "header_dimension"),
        (one(r#""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]"#), "header_overflow"),
        (one(r#""dtype":"U8","shape":[32],"data_offsets":[0,32]"#), "header_outside"),
        (one(r#""dtype":"F32","shape":[2],"data_offsets":[8,16]"#), "header_hole"),
        (one(r#""dtype":"F32","shape":[2],"data_offsets":[0,8]"#), "header_surplus"),
        (one(r#""dtype":"Q","shape":[2],"data_offsets":[18446744073709551000,18446744073709551615]"#), "header_overflow"),
        (r#"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#.to_owned(), "header_duplicate"),
        (r#"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"u":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#.to_owned(), "header_overlap"),
        (r#"{"__metadata__":{"a":1}}"#.to_owned(), "header_not_json"),
        ("{".to_owned(), "header_not_json"),
        (format!("{{\"a\":{}", "[".repeat(100_000)), "header_not_json"),
        ("[]".to_owned(), "not_safetensors"),
        ("<html>".to_owned(), "not_safetensors"),
    ] {
        assert_eq!(read(&text), code, "{}", &text[..text.len().min(120)]);
    }
    let huge = |length: u64| {
        ours::read(&[&length.to_le_bytes()[..], b"{"].concat(), &Limits::local(u64::MAX))
            .unwrap_err()
            .code()
    };
    assert_eq!(huge(100_000_001), "header_too_large");
    assert_eq!(huge(u64::MAX), "header_too_large");
    let far = ours::read(
        &[&25_000_001_u64.to_le_bytes()[..], b"{"].concat(),
        &Limits::remote(FileKind::Safetensors, None),
    );
    assert_eq!(far.unwrap_err().code(), "header_too_large");
}

#[test]
fn indices() {
    let good = index::read(br#"{"metadata":{"total_size":"32"},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors","c":"m-1.safetensors"}}"#).unwrap();
    assert_eq!(good.shards, ["m-1.safetensors", "m-2.safetensors"]);
    assert_eq!((good.tensors, good.total_size), (3, Some(32)));
    for name in [
        "../x.safetensors",
        "/x.safetensors",
        "https://x/y.safetensors",
        "a/../x.safetensors",
        "x.bin",
        "a\\\\b.safetensors",
        "C:x.safetensors",
        "x?.safetensors",
    ] {
        let text = format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#);
        assert_eq!(
            index::read(text.as_bytes()).unwrap_err().code(),
            "index_shard_name",
            "{name}"
        );
    }
    for text in ["{}", r#"{"weight_map":{}}"#, r#"{"weight_map":null}"#] {
        assert_eq!(index::read(text.as_bytes()).unwrap_err().code(), "not_an_index");
    }
    assert_eq!(index::read(b"[1").unwrap_err().code(), "header_not_json");
}

fn small_gguf(version: u32, big: bool) -> Gguf {
    Gguf::new(version, big)
        .key("general.architecture", Key::Text("llama"))
        .key("llama.embedding_length", Key::U32(64))
        .key("llama.heads", Key::U32s(vec![1, 2, 3]))
        .key(
            "tokenizer.ggml.tokens",
            Key::Texts((0..50).map(|at| format!("t{at}")).collect()),
        )
        .tensor("token_embd.weight", &[50, 64], 2)
        .tensor("blk.0.attn_norm.weight", &[64], 0)
        .tensor("blk.0.attn_q.weight", &[64, 64], 30)
}

#[test]
fn gguf_versions_and_byte_orders() {
    for version in 1..=3 {
        for big in [false, true] {
            let file = small_gguf(version, big);
            let header = file.read();
            assert_eq!(header.keys["general.architecture"].as_text(), Some("llama"));
            assert_eq!(header.keys["llama.embedding_length"].as_whole(), Some(64));
            assert_eq!(header.keys["llama.heads"].as_list().map(<[_]>::len), Some(3));
            let tokens = &header.keys["tokenizer.ggml.tokens"];
            assert_eq!(
                (tokens.length(), tokens.as_list()),
                (Some(50), None),
                "measured, not kept"
            );
            assert_eq!(header.tensors[0].shape, [50, 64], "outermost first");
            assert_eq!(header.tensors[0].bytes, 50 * 64 / 32 * 18);
            assert_eq!(&*header.tensors[2].dtype.name, "BF16");
            // Byte by byte the same.
            let (bytes, size) = file.write();
            let mut reader = gguf::Reader::new(Limits::local(size));
            for end in 0..bytes.len() {
                match reader.read(&bytes[..end]).unwrap() {
                    Need::More { upto } => assert!(upto > end as u64),
                    Need::Done(done) => {
                        assert_eq!(done, header);
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn hostile_gguf() {
    let code = |bytes: &[u8], size: u64| {
        gguf::Reader::new(Limits::local(size))
            .read(bytes)
            .map(|_| ())
            .unwrap_err()
            .code()
    };
    let (bytes, size) = small_gguf(3, false).write();
    assert_eq!(code(b"GGML\0\0\0\0", 100), "not_gguf");
    assert_eq!(code(b"GGUF\x09\0\0\0", 100), "gguf_version");
    assert_eq!(code(&bytes, size - 1000), "header_outside");
    assert_eq!(code(&bytes[..200], 200), "header_truncated");
    let counts = |tensors: u64, keys: u64| {
        [
            b"GGUF\x03\0\0\0".as_slice(),
            &tensors.to_le_bytes(),
            &keys.to_le_bytes(),
        ]
        .concat()
    };
    assert_eq!(code(&counts(u64::MAX, 0), 100), "header_too_many");
    assert_eq!(code(&counts(0, u64::MAX), 100), "header_too_many");
    // A text as long as the address space.
    assert_eq!(
        code(&[counts(0, 1), u64::MAX.to_le_bytes().to_vec()].concat(), u64::MAX),
        "header_too_many"
    );
    let key = |kind: u32, rest: &[u8]| {
        [
            counts(0, 1),
            1_u64.to_le_bytes().to_vec(),
            b"k".to_vec(),
            kind.to_le_bytes().to_vec(),
            rest.to_vec(),
        ]
        .concat()
    };
    assert_eq!(code(&key(13, &[]), 100), "gguf_value_type");
    let list = |kind: u32, length: u64| [kind.to_le_bytes().to_vec(), length.to_le_bytes().to_vec()].concat();
    assert_eq!(code(&key(9, &list(0, u64::MAX)), u64::MAX), "header_too_many");
    assert_eq!(
        code(
            &key(
                9,
                &[list(9, 1), list(9, 1), list(9, 1), list(9, 1), list(9, 1)].concat()
            ),
            1000
        ),
        "gguf_nesting"
    );
    assert_eq!(code(&key(9, &list(0, 9_999_999)), 1000), "header_truncated");
    let mut twice = small_gguf(3, false);
    twice.tensors.push(twice.tensors[0].clone());
    let (bytes, size) = twice.write();
    assert_eq!(code(&bytes, size), "header_duplicate");
    let mut wide = small_gguf(3, false);
    wide.tensors[0].1 = vec![u64::MAX, 64];
    assert_eq!(code(&wide.write().0, u64::MAX), "header_dimension");
    wide.tensors[0].1 = vec![1 << 32, 1 << 32];
    assert_eq!(code(&wide.write().0, u64::MAX), "header_overflow");
    wide.tensors[0].1 = vec![1_000_000, 1_000_000 / 32 * 32];
    assert_eq!(code(&wide.write().0, 2000), "header_outside", "more than the file");
    wide.tensors[0].1 = vec![50, 63];
    assert_eq!(code(&wide.write().0, 100_000), "gguf_blocks");
    let odd = small_gguf(3, false).key("general.alignment", Key::U32(12));
    assert_eq!(code(&odd.write().0, 100_000), "gguf_alignment");
}

/// A type of a fork: its bytes are told by the place of the next tensor.
#[test]
fn unknown_ggml_type() {
    let mut file = small_gguf(3, false);
    file.tensors[0].2 = 137;
    let header = file.read();
    assert_eq!(&*header.tensors[0].dtype.name, "type 137");
    assert_eq!(header.tensors[0].bytes, 1824, "1,800 padded to 32");
}

#[test]
fn splits() {
    assert_eq!(
        gguf::split("grok-1-q4_0-00003-of-00009.gguf"),
        Some(("grok-1-q4_0", 3, 9))
    );
    assert_eq!(
        gguf::split_names("q-00001-of-00002.gguf"),
        ["q-00001-of-00002.gguf", "q-00002-of-00002.gguf"]
    );
    for name in [
        "a.gguf",
        "Meta-Llama-3.1-405B-Instruct.Q2_K.gguf-00001-of-00009.gguf",
        "x-00010-of-00009.gguf",
        "x-1-of-2.gguf",
    ] {
        let none = gguf::split(name).is_none() || name.contains(".gguf-");
        assert!(none, "{name}");
    }
}

/// Llama 2 7B: 291 tensors and 6,738,415,616 parameters, as published for its GGUF and its checkpoint.
#[test]
fn llama_from_gguf_alone() {
    let header = llama_gguf(0).read();
    assert_eq!(header.tensors.len(), 291);
    let list = TensorList::new(vec![header]).unwrap();
    let count = logical::count(&list, None);
    assert_eq!(count.parameters, 6_738_415_616);
    let config = gguf_config::config(&list).unwrap();
    let blueprint = Blueprint::from_value(config).unwrap();
    assert_eq!(blueprint.model_type, "llama");
    let compared = compare(&blueprint, &count, &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(
        compared.by_role + compared.by_name,
        291,
        "norms are matched by what they are"
    );
    assert_eq!(compared.header_parameters, 6_738_415_616);
    // With experts the same architecture is another model type.
    let list = TensorList::new(vec![llama_gguf(8).read()]).unwrap();
    let blueprint = Blueprint::from_value(gguf_config::config(&list).unwrap()).unwrap();
    assert_eq!(blueprint.model_type, "mixtral");
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_ne!(compared.verdict, Verdict::Differ, "{}", compared.line);
}

/// Every built-in model agrees with a checkpoint of its own tensors, and no longer once any number is changed.
#[test]
fn built_in_models_agree_with_their_tensors() {
    for entry in catalogue::entries() {
        let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
            continue;
        };
        if blueprint
            .tensors()
            .map(|(place, tensor)| place.copies(tensor) * tensor.copies.as_ref().map_or(1, |n| n.value))
            .sum::<u64>()
            > 20_000
        {
            continue;
        }
        let mut rows = rows_of(&blueprint, "BF16");
        let list = safetensors_list(&rows);
        let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
        assert_eq!(compared.verdict, Verdict::Agree, "{}: {}", entry.id, compared.line);
        assert_eq!(compared.header_parameters, blueprint.parameters(), "{}", entry.id);
        let at = rows.iter().position(|row| row.0.contains(".0.")).unwrap();
        let taken = rows.remove(at);
        let list = safetensors_list(&rows);
        let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
        assert_eq!(compared.verdict, Verdict::Differ, "{} without {}", entry.id, taken.0);
        rows.push((taken.0, "BF16", taken.2.iter().map(|size| size + 1).collect()));
        let list = safetensors_list(&rows);
        let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
        assert_eq!(compared.verdict, Verdict::Differ, "{}", entry.id);
    }
}

/// One matrix `[out, in]` in a packed form.
type Pack = fn(&str, u64, u64) -> Vec<Row>;

fn gptq(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("qweight"), "I32", vec![input / 8, out]),
        (s("qzeros"), "I32", vec![input / 128, out / 8]),
        (s("scales"), "F16", vec![input / 128, out]),
        (s("g_idx"), "I32", vec![input]),
    ]
}
fn gptq_three_bits(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("qweight"), "I32", vec![input * 3 / 32, out]),
        (s("qzeros"), "I32", vec![input / 128, out * 3 / 32]),
        (s("scales"), "F16", vec![input / 128, out]),
    ]
}
fn awq(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("qweight"), "I32", vec![input, out / 8]),
        (s("qzeros"), "I32", vec![input / 128, out / 8]),
        (s("scales"), "F16", vec![input / 128, out]),
    ]
}
fn nf4(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.weight{last}");
    vec![
        (s(""), "U8", vec![out * input / 2, 1]),
        (s(".absmax"), "U8", vec![out * input / 64]),
        (s(".nested_absmax"), "F32", vec![out * input / 64 / 256]),
        (s(".quant_map"), "F32", vec![16]),
        (s(".nested_quant_map"), "F32", vec![256]),
        (s(".quant_state.bitsandbytes__nf4"), "U8", vec![94]),
    ]
}
fn pack_quantized(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight_packed"), "I32", vec![out, input / 8]),
        (s("weight_scale"), "BF16", vec![out, input / 32]),
        (s("weight_shape"), "I32", vec![2]),
    ]
}
fn nvfp4(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "U8", vec![out, input / 2]),
        (s("weight_scale"), "F8_E4M3", vec![out, input / 16]),
        (s("weight_scale_2"), "F32", vec![]),
        (s("input_scale"), "F32", vec![]),
    ]
}
fn block_fp8(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "F8_E4M3", vec![out, input]),
        (
            s("weight_scale_inv"),
            "F32",
            vec![out.div_ceil(128), input.div_ceil(128)],
        ),
    ]
}
fn fp4_experts(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "I8", vec![out, input / 2]),
        (s("scale"), "F8_E8M0", vec![out, input / 32]),
    ]
}
fn mlx(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "U32", vec![out, input / 8]),
        (s("scales"), "BF16", vec![out, input / 64]),
        (s("biases"), "BF16", vec![out, input / 64]),
    ]
}
fn exl3(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("trellis"), "I16", vec![input / 16, out / 16, 48]),
        (s("suh"), "F16", vec![input]),
        (s("svh"), "F16", vec![out]),
    ]
}
fn hqq(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("W_q"), "U8", vec![out * input / 2]),
        (s("scale"), "F16", vec![out * input / 64, 1]),
        (s("zero"), "F16", vec![out * input / 64, 1]),
    ]
}
fn aqlm(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("codes"), "I16", vec![out, input / 8, 1]),
        (s("codebooks"), "F16", vec![1, 65_536, 1, 8]),
        (s("scales"), "F16", vec![out, 1, 1, 1]),
    ]
}
fn bitnet(module: &str, out: u64, input: u64) -> Vec<Row> {
    let s = |last: &str| format!("{module}.{last}");
    vec![
        (s("weight"), "U8", vec![out / 4, input]),
        (s("weight_scale"), "BF16", vec![1]),
    ]
}

/// Llama 3.1 8B in each packed form has the 8,030,261,248 parameters of the unpacked one (the Hub's count of its
/// bitsandbytes version), without its config being told, and its tensors are those of the config.
#[test]
fn packed_forms_of_llama() {
    let (_, blueprint) = blueprint("meta-llama/Llama-3.1-8B-Instruct");
    let forms: [(&str, Pack); 13] = [
        ("gptq", gptq),
        ("gptq, 3 bits", gptq_three_bits),
        ("awq", awq),
        ("bitsandbytes 4-bit", nf4),
        ("compressed-tensors", pack_quantized),
        ("nvfp4", nvfp4),
        ("fp8", block_fp8),
        ("fp4 in blocks", fp4_experts),
        ("mlx", mlx),
        ("exl3", exl3),
        ("hqq", hqq),
        ("aqlm", aqlm),
        ("bitnet", bitnet),
    ];
    for (name, pack) in forms {
        let packed = |row: Row| match row.0.strip_suffix("_proj.weight") {
            Some(module) => pack(&format!("{module}_proj"), row.2[0], row.2[1]),
            None => vec![row],
        };
        let rows: Vec<Row> = rows_of(&blueprint, "BF16").into_iter().flat_map(packed).collect();
        let list = safetensors_list(&rows);
        let count = logical::count(&list, None);
        assert_eq!(count.parameters, 8_030_261_248, "{name}");
        assert!(
            count.methods.iter().any(|method| name.starts_with(method)),
            "{name}: {:?}",
            count.methods
        );
        let compared = compare(&blueprint, &count, &list.described());
        assert_eq!(compared.verdict, Verdict::Agree, "{name}: {}", compared.line);
        assert_eq!(
            compared.line,
            "config.json and 1 safetensors header agree: 8,030,261,248 parameters."
        );
        let mut adopted = blueprint.clone();
        assert!(adopt(&mut adopted, &compared), "{name}: every scale has its weight");
        let held: u64 = adopted.tensors().filter_map(|(_, tensor)| tensor.held).sum();
        assert_eq!(held, list.bytes(), "{name}");
        if name == "bitsandbytes 4-bit" {
            let u8s = count.types.iter().find(|row| row.dtype == "U8").unwrap();
            assert_eq!(u8s.parameters, 6_979_321_856, "the Hub's count");
        }
    }
}

/// gpt-oss as published: fused experts in MXFP4 blocks. 20,914,757,184 and 116,829,156,672 by the Hub's count.
#[test]
fn gpt_oss_in_blocks() {
    for (id, total, packed, bf16) in [
        ("openai/gpt-oss-20b", 20_914_757_184, 19_110_297_600, 1_804_459_584),
        ("openai/gpt-oss-120b", 116_829_156_672, 114_661_785_600, 2_167_371_072),
    ] {
        let (config, blueprint) = blueprint(id);
        let number = |key: &str| config[key].as_u64().unwrap();
        let (hidden, width) = (number("hidden_size"), number("intermediate_size"));
        let experts = number("num_local_experts");
        let mut rows: Vec<Row> = rows_of(&blueprint, "BF16")
            .into_iter()
            .filter(|row| !row.0.contains("experts"))
            .collect();
        for layer in 0..number("num_hidden_layers") {
            let s = |last: &str| format!("model.layers.{layer}.mlp.experts.{last}");
            rows.extend([
                (
                    s("gate_up_proj_blocks"),
                    "U8",
                    vec![experts, 2 * width, hidden / 32, 16],
                ),
                (s("gate_up_proj_scales"), "U8", vec![experts, 2 * width, hidden / 32]),
                (s("gate_up_proj_bias"), "BF16", vec![experts, 2 * width]),
                (s("down_proj_blocks"), "U8", vec![experts, hidden, width / 32, 16]),
                (s("down_proj_scales"), "U8", vec![experts, hidden, width / 32]),
                (s("down_proj_bias"), "BF16", vec![experts, hidden]),
            ]);
        }
        let list = safetensors_list(&rows);
        for config in [None, Some(&config)] {
            let count = logical::count(&list, config);
            assert_eq!(count.parameters, total, "{id}");
            let of = |name: &str| count.types.iter().find(|row| row.dtype == name).unwrap().parameters;
            assert_eq!((of("U8"), of("BF16")), (packed, bf16), "{id}");
            assert_eq!(count.scale_bytes, packed / 32);
            let compared = compare(&blueprint, &count, &list.described());
            assert_eq!(compared.verdict, Verdict::Agree, "{id}: {}", compared.line);
        }
    }
}

/// What checkpoints hold besides is named, not counted: a second prediction layer, correction biases, a tied head.
#[test]
fn explained_extras() {
    let (_, blueprint) = blueprint("google/gemma-2-2b-it");
    assert!(blueprint.tied);
    let mut rows = rows_of(&blueprint, "BF16");
    let layers = blueprint.layers.value;
    let table = vec![blueprint.vocabulary.value, blueprint.hidden.value];
    rows.push(("lm_head.weight".to_owned(), "BF16", table.clone()));
    rows.push((
        "model.layers.0.self_attn.rotary_emb.inv_freq".to_owned(),
        "F32",
        vec![64],
    ));
    rows.push((format!("model.layers.{layers}.eh_proj.weight"), "BF16", vec![8, 16]));
    rows.push(("vision_tower.blocks.0.attn.qkv.weight".to_owned(), "BF16", vec![8, 16]));
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(compared.header_parameters, blueprint.parameters());
    assert_eq!(compared.extra.len(), 4);
    assert!(
        compared.line.contains("multi-token prediction (128)"),
        "{}",
        compared.line
    );
    assert_eq!(compared.bytes, blueprint.parameters() * 2);
    // A tensor nobody can explain is no agreement.
    rows.push(("model.layers.0.self_attn.secret.weight".to_owned(), "BF16", vec![7]));
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Differ);
    assert!(
        compared.line.contains("1 tensor only in the files"),
        "{}",
        compared.line
    );
}

/// Fused and split projections are the same model.
#[test]
fn fused_projections() {
    let (_, blueprint) = blueprint("meta-llama/Llama-3.2-1B-Instruct");
    let mut rows: Vec<Row> = Vec::new();
    for (name, kind, shape) in rows_of(&blueprint, "BF16") {
        if let Some(layer) = name.strip_suffix("self_attn.q_proj.weight") {
            rows.push((
                format!("{layer}self_attn.qkv_proj.weight"),
                kind,
                vec![shape[0] + 2 * 512, shape[1]],
            ));
        } else if let Some(layer) = name.strip_suffix("mlp.gate_proj.weight") {
            rows.push((
                format!("{layer}mlp.gate_up_proj.weight"),
                kind,
                vec![2 * shape[0], shape[1]],
            ));
        } else if !["k_proj", "v_proj", "up_proj"].iter().any(|part| name.contains(part)) {
            rows.push((name, kind, shape));
        }
    }
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(compared.by_role, 5 * blueprint.layers.value);
}

/// Half a million tensors, as the largest published model has, in a time one waits for.
#[test]
fn half_a_million_tensors() {
    let rows: Vec<Row> = (0..497_000_u64)
        .map(|at| {
            (
                format!("model.layers.{}.mlp.experts.{}.up_proj.weight", at / 5000, at % 5000),
                "BF16",
                vec![4, 4],
            )
        })
        .collect();
    let (bytes, size) = safetensors_header(&rows);
    assert!(bytes.len() > 40_000_000);
    let begun = Instant::now();
    let Need::Done(header) = ours::read(&bytes, &Limits::local(size)).unwrap() else {
        panic!("more?")
    };
    let list = TensorList::new(vec![header]).unwrap();
    let count = logical::count(&list, None);
    assert_eq!(count.parameters, 497_000 * 16);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

/// The header of a published model, sentence-transformers/all-MiniLM-L6-v2 (90,868,376 bytes): the reference library
/// counts 104 tensors with 22,713,728 elements in it.
#[test]
fn a_published_header() {
    let bytes = include_bytes!("headers/all-minilm-l6-v2.header");
    let Need::Done(header) = ours::read(bytes, &Limits::local(90_868_376)).unwrap() else {
        panic!("more?")
    };
    let list = TensorList::new(vec![header]).unwrap();
    assert_eq!((list.tensors.len(), list.bytes()), (104, 90_856_960));
    let count = logical::count(&list, None);
    assert_eq!(count.parameters, 22_713_728);
    let summary = assumed::summarise(&list, &count);
    assert_eq!(summary.layers, 6);
    let other: Vec<_> = summary
        .parts
        .iter()
        .filter(|row| row.part == assumed::Part::Other)
        .collect();
    assert_eq!((other[0].tensors, other[0].parameters), (2, 384 * 385), "the pooler");
}

/// The header of a file written by the gguf package of llama.cpp (0.17+) in eight types; its reader counts 24 tensors,
/// 1,257,984 elements in 1,128,128 bytes, the first at 6,688.
#[test]
fn a_header_of_the_gguf_package() {
    let bytes = include_bytes!("headers/gguf-py-0.header");
    let Need::Done(header) = gguf::Reader::new(Limits::local(1_134_816)).read(bytes).unwrap() else {
        panic!("more?")
    };
    assert_eq!(header.data_start, 6688);
    let list = TensorList::new(vec![header]).unwrap();
    assert_eq!((list.tensors.len(), list.bytes()), (24, 1_128_128));
    let count = logical::count(&list, None);
    assert_eq!(count.parameters, 1_257_984);
    let blueprint = Blueprint::from_value(gguf_config::config(&list).unwrap()).unwrap();
    assert_eq!(blueprint.model_type, "qwen3");
    let compared = compare(&blueprint, &count, &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
}

/// Keys as llama.cpp's converter writes them from a config lead back to a model of the same size.
#[test]
fn configs_from_gguf_keys() {
    for (id, architecture) in [
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2"),
        ("Qwen/Qwen3-8B", "qwen3"),
        ("Qwen/Qwen3-30B-A3B", "qwen3moe"),
        ("google/gemma-2-9b-it", "gemma2"),
        ("google/gemma-3-1b-it", "gemma3"),
        ("microsoft/phi-4", "phi3"),
        ("deepseek-ai/DeepSeek-V3.1", "deepseek2"),
        ("deepseek-ai/DeepSeek-V2", "deepseek2"),
        ("openai/gpt-oss-20b", "gpt-oss"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "llama"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "llama"),
        ("HuggingFaceTB/SmolLM3-3B", "smollm3"),
        ("allenai/OLMo-2-1124-13B", "olmo2"),
        ("ibm-granite/granite-3.0-2b-base", "granite"),
        ("CohereLabs/c4ai-command-r-08-2024", "command-r"),
        ("MiniMaxAI/MiniMax-M2.7", "minimax-m2"),
    ] {
        let (config, blueprint) = blueprint(id);
        let mut file = Gguf::new(3, false).key("general.architecture", Key::Text(architecture));
        let get = |keys: &[&str]| keys.iter().find_map(|key| config.get(*key)?.as_u64());
        let latent = get(&["kv_lora_rank"]);
        let experts = get(&["num_experts", "num_local_experts", "n_routed_experts"]);
        let sum = |a: &str, b: &str| Some(get(&[a])? + get(&[b])?);
        let sigmoid = config.get("scoring_func").and_then(Value::as_str) == Some("sigmoid");
        for (key, value) in [
            ("block_count", Some(blueprint.layers.value)),
            ("embedding_length", Some(blueprint.hidden.value)),
            ("context_length", blueprint.max_context.as_ref().map(|most| most.value)),
            ("feed_forward_length", get(&["intermediate_size"])),
            ("attention.head_count", get(&["num_attention_heads"])),
            (
                "attention.head_count_kv",
                if latent.is_some() {
                    Some(1)
                } else {
                    get(&["num_key_value_heads"])
                },
            ),
            (
                "attention.key_length",
                if latent.is_some() {
                    Some(576)
                } else {
                    get(&["head_dim"])
                },
            ),
            ("attention.sliding_window", get(&["sliding_window"])),
            ("attention.q_lora_rank", get(&["q_lora_rank"])),
            ("attention.kv_lora_rank", latent),
            ("attention.key_length_mla", sum("qk_nope_head_dim", "qk_rope_head_dim")),
            ("attention.value_length_mla", get(&["v_head_dim"])),
            ("rope.dimension_count", get(&["qk_rope_head_dim"])),
            ("expert_count", experts),
            ("expert_used_count", get(&["num_experts_per_tok", "experts_per_token"])),
            (
                "expert_feed_forward_length",
                experts.and(get(&["moe_intermediate_size", "intermediate_size"])),
            ),
            ("expert_shared_count", get(&["n_shared_experts"])),
            ("leading_dense_block_count", get(&["first_k_dense_replace"])),
            ("expert_gating_func", latent.map(|_| if sigmoid { 2 } else { 1 })),
        ] {
            if let Some(value) = value {
                file = file.key(&format!("{architecture}.{key}"), Key::U32(value as u32));
            }
        }
        let table = [blueprint.vocabulary.value, blueprint.hidden.value];
        file = file.tensor("token_embd.weight", &table, 1);
        if !blueprint.tied {
            file = file.tensor("output.weight", &table, 1);
        }
        if blueprint
            .tensors()
            .any(|(_, tensor)| tensor.name.ends_with("q_proj.bias"))
        {
            file = file.tensor("blk.0.attn_q.bias", &[blueprint.hidden.value], 0);
        }
        let list = TensorList::new(vec![file.read()]).unwrap();
        let config = gguf_config::config(&list).unwrap_or_else(|error| panic!("{id}: {error}"));
        let again = Blueprint::from_value(config.clone()).unwrap_or_else(|error| panic!("{id}: {error} {config}"));
        assert_eq!(again.parameters(), blueprint.parameters(), "{id}: {config}");
        assert_eq!(
            again.model_type,
            blueprint.model_type.replace("mistral", "llama"),
            "{id}"
        );
    }
}

/// Published multimodal checkpoints have wrappers of several generations around the same tensors.
#[test]
fn towers_agree_whatever_wraps_them() {
    // What the names of this project become: beginning and replacement, first match counts.
    const SCHEMES: &[&[(&str, &str)]] = &[
        // transformers 5: everything under `model`.
        &[
            ("model.layers.", "model.language_model.layers."),
            ("model.embed_tokens.", "model.language_model.embed_tokens."),
            ("model.norm.", "model.language_model.norm."),
        ],
        // LLaVA, Gemma 3, Mistral 3 as published.
        &[
            ("model.vision_tower.vision_model.", "vision_tower.vision_model."),
            ("model.vision_tower.", "vision_tower.vision_model."),
            ("model.vision_model.", "vision_model."),
            ("model.visual.", "visual."),
            ("model.multi_modal_projector.", "multi_modal_projector."),
            ("model.", "language_model.model."),
            ("lm_head.", "language_model.lm_head."),
        ],
        // Qwen2-VL as published, and towers without their inner wrapper.
        &[
            ("model.visual.", "visual."),
            ("model.vision_tower.vision_model.", "vision_tower."),
            ("model.multi_modal_projector.", "multi_modal_projector."),
        ],
    ];
    let mut seen = 0;
    for entry in catalogue::entries() {
        let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
            continue;
        };
        if blueprint.towers.is_empty() || blueprint.experts.is_some() {
            continue;
        }
        seen += 1;
        for scheme in SCHEMES {
            let rename = |(name, dtype, shape): Row| {
                let new = scheme
                    .iter()
                    .find_map(|(old, new)| name.strip_prefix(old).map(|rest| format!("{new}{rest}")));
                (new.unwrap_or(name), dtype, shape)
            };
            let rows: Vec<Row> = rows_of(&blueprint, "F32").into_iter().map(rename).collect();
            let list = safetensors_list(&rows);
            let count = logical::count(&list, None);
            let compared = compare(&blueprint, &count, &list.described());
            assert_eq!(compared.verdict, Verdict::Agree, "{}: {}", entry.id, compared.line);
            // And every byte of them is the files'.
            let mut blueprint = blueprint.clone();
            assert!(adopt(&mut blueprint, &compared), "{}", entry.id);
            let held: u64 = blueprint.tensors().filter_map(|(_, tensor)| tensor.held).sum();
            assert_eq!(held, 4 * blueprint.parameters(), "{}", entry.id);
        }
    }
    assert!(seen >= 3, "only {seen} multimodal models");
}

/// A router's correction bias is a buffer in one class and a parameter in the next, under several names.
#[test]
fn correction_biases_under_other_names() {
    let entry = catalogue::entries()
        .iter()
        .find(|entry| entry.config["model_type"] == "glm4_moe")
        .expect("a GLM MoE");
    let mut config = entry.config.clone();
    config["num_hidden_layers"] = json!(4);
    config["n_routed_experts"] = json!(16);
    let blueprint = Blueprint::from_value(config).unwrap();
    let rows: Vec<Row> = rows_of(&blueprint, "BF16")
        .into_iter()
        .map(|(name, dtype, shape)| {
            (
                name.replace("mlp.gate.e_score_correction_bias", "mlp.expert_bias"),
                dtype,
                shape,
            )
        })
        .collect();
    assert!(rows.iter().any(|row| row.0.ends_with("mlp.expert_bias")));
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(compared.header_parameters, blueprint.parameters());
}
