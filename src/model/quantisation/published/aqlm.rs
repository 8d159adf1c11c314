//! AQLM: codes of `nbits_per_codebook` bits for `in_group_size` × `out_group_size` weights, from `num_codebooks` books.

use super::super::modules::{Form, Modules};
use super::super::parameter::WHOLE_ROW;
use super::found::{Found, named};
use super::settings::Settings;
use crate::model::error::ModelError;
use crate::model::format::Scales;

/// Reads it. `linear_weights_not_to_quantize` holds whole names of weights (transformers `integrations/aqlm.py`).
pub fn read(settings: &Settings<'_>) -> Result<Found, ModelError> {
    let of = |key, otherwise| settings.number(&[key], otherwise, 1, 4096);
    let books = of("num_codebooks", 1)?;
    let width = settings.number(&["nbits_per_codebook"], 16, 1, 24)?;
    let (inner, outer) = (of("in_group_size", 8)?, of("out_group_size", 1)?);
    let codebook = books.saturating_mul(1 << width).saturating_mul(inner * outer * 16);
    let hundredths = (books * width * 100) / (inner * outer);
    let whole = hundredths / 100;
    let format = if hundredths.is_multiple_of(100) {
        let scales = Scales::Group {
            size: WHOLE_ROW,
            bits: 16_u64.div_ceil(outer),
            column_bits: 0,
            tensor_bits: codebook,
        };
        named("aqlm", format!("AQLM {whole}-bit ({books}×{width})"), whole, scales)
    } else {
        let scales = Scales::Average { hundredths };
        let label = format!("AQLM {:.2}-bit ({books}×{width})", hundredths as f64 / 100.0);
        named("aqlm", label, whole, scales)
    };
    let mut found = Found::matrices(format);
    found.towers = false;
    let kept = settings.names("linear_weights_not_to_quantize");
    found.keep(Modules::of(
        Form::Whole,
        kept.iter().map(|name| name.trim_end_matches(".weight")),
    ));
    found.unread.extend(settings.unread(&[]).into_iter().map(str::to_owned));
    Ok(found)
}
