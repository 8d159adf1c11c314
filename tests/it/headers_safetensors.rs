//! Safetensors headers: against the reference library, against published counts, and as large as any.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use support::made::{Row, safetensors_header};
use weighbridge::model::headers::{
    FileKind, HeaderError, Limits, Need, TensorList, assumed, index, logical, safetensors as ours,
};

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

/// The header of a published model, sentence-transformers/all-MiniLM-L6-v2 (90,868,376 bytes): the reference library
/// counts 104 tensors with 22,713,728 elements in it.
#[test]
fn a_published_header() {
    let bytes = include_bytes!("../headers/all-minilm-l6-v2.header");
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
