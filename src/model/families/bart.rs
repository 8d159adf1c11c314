//! Encoders with a decoder in BART's form (Lewis 2019, arXiv 1910.13461). Counts checked against transformers' classes.

use super::encoder::not_built;
use super::pair::{Around, Pair, Places, Ties};
use super::pairing::convolution;
use super::side::Side;
use super::sparse_encoders::blocks_seen;
use super::{Build, Family, Flag};
use crate::model::operator::{Block, Role, Span};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["bart"], "BART", Pair::BART),
    row(&["plbart"], "PLBart", named("PLBart")),
    row(&["mbart"], "mBART", MBART),
    row(&["pegasus"], "Pegasus", PEGASUS),
    row(&["bigbird_pegasus"], "BigBird Pegasus", BIG_BIRD),
    row(&["marian"], "Marian", MARIAN),
    row(&["m2m_100"], "M2M-100", M2M),
    row(&["blenderbot"], "Blenderbot", BLENDERBOT),
    row(&["blenderbot-small"], "Blenderbot small", SMALL),
    row(&["whisper"], "Whisper", WHISPER),
];

/// A row of these.
pub const fn row(types: &'static [&'static str], title: &'static str, pair: Pair) -> Family {
    Family {
        types,
        title,
        build: Build::Pair(pair),
    }
}

const fn named(class: &'static str) -> Pair {
    Pair { class, ..Pair::BART }
}

/// Norms before each part of a layer.
const FIRST: [&str; 6] = [
    "self_attn_layer_norm",
    "",
    "encoder_attn_layer_norm",
    "",
    "final_layer_norm",
    "",
];

/// The same with norms before each part and after the layers, and other tables before.
const fn before(class: &'static str, places: Option<Places>, first_norm: &'static str) -> Pair {
    let bart = Pair::BART;
    Pair {
        class,
        encoder: Side {
            norms: FIRST,
            ..bart.encoder
        },
        decoder: Side {
            norms: FIRST,
            ..bart.decoder
        },
        before: Around {
            places,
            first_norm,
            last_norm: "layer_norm",
            ..bart.before
        },
        after: Around {
            places,
            first_norm,
            last_norm: "layer_norm",
            ..bart.after
        },
        ..bart
    }
}

/// As many rows as positions.
const ROWS: Option<Places> = Some(Places {
    rows: &["max_position_embeddings"],
    extra: 0,
});
const MBART: Pair = before("MBart", Pair::BART.before.places, "layernorm_embedding");
/// Computed positions, kept as a table (Zhang 2019, arXiv 1912.08777).
const PEGASUS: Pair = before("Pegasus", ROWS, "");
/// Computed positions, not kept (Fan 2020, arXiv 2010.11125).
pub const M2M: Pair = before("M2M100", None, "");
const BLENDERBOT: Pair = before("Blenderbot", ROWS, "");
const SMALL: Pair = Pair {
    before: Around {
        places: ROWS,
        ..Pair::BART.before
    },
    after: Around {
        places: ROWS,
        ..Pair::BART.after
    },
    ..named("BlenderbotSmall")
};
/// BigBird's blocks in the encoder (Zaheer 2020, arXiv 2007.14062).
const BIG_BIRD: Pair = {
    let base = before("BigBirdPegasus", ROWS, "");
    let bias = Flag::Key("use_bias", false);
    Pair {
        encoder: Side {
            attention: [
                "self_attn.self.query",
                "self_attn.self.key",
                "self_attn.self.value",
                "self_attn.output",
            ],
            qkv_bias: bias,
            key_bias: bias,
            output_bias: bias,
            ..base.encoder
        },
        decoder: Side {
            qkv_bias: bias,
            key_bias: bias,
            output_bias: bias,
            ..base.decoder
        },
        span: |config, reads, _| if reads { blocks_seen(config) } else { Ok(Span::Full) },
        before: Around {
            last_norm: "layernorm_embedding",
            ..base.before
        },
        after: Around {
            last_norm: "layernorm_embedding",
            ..base.after
        },
        ..base
    }
};
/// No norms around the layers (Junczys-Dowmunt 2018, arXiv 1804.00344).
const MARIAN: Pair = Pair {
    writes: "MTModel",
    before: Around {
        first_norm: "",
        ..SMALL.before
    },
    after: Around {
        first_norm: "",
        ..SMALL.after
    },
    stem: |config, _, _| {
        if !config.flag("share_encoder_decoder_embeddings", true)? {
            return not_built(
                config,
                "Tables of its own for each side (share_encoder_decoder_embeddings)",
            );
        }
        Ok(Vec::new())
    },
    ..named("Marian")
};
/// Two convolutions over log-mel frames, the second of which halves them (Radford 2022, arXiv 2212.04356).
const WHISPER: Pair = {
    let base = before("Whisper", None, "");
    Pair {
        encoder: Side {
            key_bias: Flag::No,
            ..base.encoder
        },
        decoder: Side {
            key_bias: Flag::No,
            ..base.decoder
        },
        before: Around {
            places: Some(Places {
                rows: &["max_source_positions"],
                extra: 0,
            }),
            ..base.before
        },
        after: Around {
            places: Some(Places {
                rows: &["max_target_positions"],
                extra: 0,
            }),
            ..base.after
        },
        tokens: "decoder.embed_tokens",
        head: "proj_out",
        ties: Ties::Decoder,
        fixed: Some("max_source_positions"),
        stem: |config, hidden, _| {
            let bins = config.size("mel bins", &["num_mel_bins"])?;
            let three = Quantity::architecture("kernel", 3, "frames a convolution sees");
            Ok(vec![Block {
                operators: vec![
                    convolution("conv1", [hidden, &bins, &three], 2, true),
                    convolution("conv2", [hidden, hidden, &three], 1, true),
                ],
                ..Block::new("Convolutions", Role::Tower)
            }])
        },
        ..base
    }
};
