//! AWQ: `modules_to_not_convert` holds parts of names.
//!
//! AutoAWQ (`awq/utils/module.py`) leaves alone what has an entry anywhere in its name, and vLLM asks likewise
//! (`is_layer_skipped` with `skip_with_substr`). Only what is inside the layers is converted.

use super::super::super::error::ModelError;
use super::super::modules::{Form, Modules};
use super::super::parameter::group;
use super::found::{Found, named};
use super::settings::Settings;

const HARMLESS: &[&str] = &[
    "zero_point",
    "desc_act",
    "sym",
    "do_fuse",
    "fuse_max_seq_len",
    "modules_to_fuse",
    "exllama_config",
    "backend",
    "format",
    "pack_dtype",
    "static_groups",
    "damp_percent",
    "true_sequential",
    "checkpoint_format",
    "lm_head",
    "export_compatible",
    "duo_scaling",
    "n_parallel_calib_samples",
    "autoround_version",
    "iters",
    "nsamples",
    "seqlen",
    "data_type",
    "scale_dtype",
];

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Found, ModelError> {
    let bits = settings.bits(&["bits", "w_bit"], 4)?;
    let size = settings.group(&["group_size", "q_group_size"], 128)?;
    let mut found = Found::matrices(named("awq", format!("AWQ {bits}-bit"), bits, group(size, 16 + bits)));
    found.towers = false;
    found.keep(Modules::of(Form::Part, settings.names("modules_to_not_convert")));
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(found)
}
