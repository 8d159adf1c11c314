//! Hostile headers: damaged, cut, lying or huge, each is an answer or an error in words, never a panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use support::made::{Key, small_gguf};
use weighbridge::model::Blueprint;
use weighbridge::model::headers::{
    FileKind, Limits, Need, TensorList, assumed, gguf, gguf_config, index, logical, safetensors,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

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
        let _ = safetensors::read(&bytes, &limits);
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
}

#[test]
fn hostile_safetensors() {
    let read = |text: &str| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        safetensors::read(&bytes, &Limits::local(bytes.len() as u64 + 16))
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
        safetensors::read(&[&length.to_le_bytes()[..], b"{"].concat(), &Limits::local(u64::MAX))
            .unwrap_err()
            .code()
    };
    assert_eq!(huge(100_000_001), "header_too_large");
    assert_eq!(huge(u64::MAX), "header_too_large");
    let far = safetensors::read(
        &[&25_000_001_u64.to_le_bytes()[..], b"{"].concat(),
        &Limits::remote(FileKind::Safetensors, None),
    );
    assert_eq!(far.unwrap_err().code(), "header_too_large");
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
