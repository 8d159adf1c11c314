//! ExLlamaV2 and V3. Source: the examples of turboderp-org/exllamav2 and turboderp-org/exllamav3.

use super::quote::python;
use super::{Facts, Parts, checkpoint};

pub fn parts(facts: &Facts<'_>, version: u8) -> Parts {
    let mut out = Parts::default();
    let all = facts.tokens.saturating_mul(facts.sequences);
    // Pages of the cache hold 256 tokens.
    let cache = all.div_ceil(256).saturating_mul(256);
    let why = format!("tokens of all sequences in pages of 256: {}", facts.length());
    let folder = python(&facts.model);
    let made = checkpoint(facts, &[]);
    if version == 2 {
        out.add(
            "from exllamav2 import ExLlamaV2, ExLlamaV2Cache, ExLlamaV2Config",
            "the library",
        );
        out.add(format!("model = ExLlamaV2(ExLlamaV2Config({folder}))"), made);
        out.add(
            format!("cache = ExLlamaV2Cache(model, max_seq_len={cache}, lazy=True)"),
            why,
        );
        out.add("model.load_autosplit(cache)", "layers are dealt out over the devices");
    } else {
        out.add("from exllamav3 import Cache, Config, Model", "the library");
        out.add(
            format!("model = Model.from_config(Config.from_directory({folder}))"),
            made,
        );
        out.add(format!("cache = Cache(model, max_num_tokens={cache})"), why);
        out.add("model.load()", "layers are dealt out over the devices");
    }
    out
}
