//! What the headers of weight files say, as JSON.

use serde_json::{Value, json};

use crate::hardware::file_formats::Held;
use crate::model::headers::Checkpoint;
use crate::model::headers::compare::Comparison;

/// What `estimate` says of them.
pub fn headers(found: &Checkpoint, files: &[Held], comparison: &Comparison) -> Value {
    json!({
        "read": found.list.described(),
        "formats": files,
        "tensors": found.list.tensors.len(),
        "parameters": found.count.parameters,
        "bytes": found.count.bytes,
        "scale_bytes": found.count.scale_bytes,
        "types": found.count.types,
        "packed": found.count.methods,
        "comparison": comparison,
        "notices": found.to_know().collect::<Vec<_>>(),
    })
}
