//! Encoders with a decoder in BART's form (Lewis 2019, arXiv 1910.13461). Counts checked against transformers' classes.

use super::decoder::Table;
use super::encoder::not_built;
use super::keys::{TIE, VOCABULARY};
use super::pair::{Around, Pair, Ties, places};
use super::pairing::convolution;
use super::sparse_encoders::{blocks_seen, in_windows, window_of};
use super::{Build, Decoder, Family, Flag, Names};
use crate::model::blocks::embedding;
use crate::model::operator::{Block, Role, Span};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["bart"], "BART", Pair::BART),
    row(&["plbart"], "PLBart", named("PLBart")),
    row(&["mvp"], "MVP", MVP),
    row(&["led"], "LED", LED),
    row(&["fsmt"], "FSMT", FSMT),
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

/// BART, without the prompts before each layer (Tang 2022, arXiv 2206.12131).
const MVP: Pair = Pair {
    stem: |config, _, _| {
        if config.flag("use_prompt", false)? {
            return not_built(config, "Prompts before each layer (use_prompt)");
        }
        Ok(Vec::new())
    },
    ..named("Mvp")
};
/// Longformer's windows in the encoder (Beltagy 2020, arXiv 2004.05150).
const LED: Pair = Pair {
    encoder: Decoder {
        names: Names {
            attention: [
                "self_attn.longformer_self_attn.query",
                "self_attn.longformer_self_attn.key",
                "self_attn.longformer_self_attn.value",
                "self_attn.output",
            ],
            ..Pair::BART.encoder.names
        },
        ..Pair::BART.encoder
    },
    span: |config, reads, layer| {
        if reads {
            window_of(config, layer)
        } else {
            Ok(Span::Full)
        }
    },
    adjust_layer: |_, hidden, reads, _, blocks| {
        Ok(match reads {
            true => in_windows(hidden, "self_attn.longformer_self_attn", blocks),
            false => blocks,
        })
    },
    before: Around {
        places: Some(places(&["max_encoder_position_embeddings"], 0)),
        ..Pair::BART.before
    },
    after: Around {
        places: Some(places(&["max_decoder_position_embeddings"], 0)),
        ..Pair::BART.after
    },
    ..named("LED")
};
/// A vocabulary for each language, and no norm before the layers (Ng 2019, arXiv 1907.06616).
const FSMT: Pair = Pair {
    before: Around {
        first_norm: "",
        ..Pair::BART.before
    },
    after: Around {
        first_norm: "",
        ..Pair::BART.after
    },
    tokens: "decoder.embed_tokens",
    head: "decoder.output_projection",
    ties: Ties::Decoder,
    stem: |config, hidden, _| {
        if config.get("pad_token_id").is_some_and(|row| *row != 1) {
            return not_built(config, "Positions that begin elsewhere (pad_token_id)");
        }
        let source = config.size("source vocabulary", &["src_vocab_size"])?;
        if !config.flag(TIE, false)? {
            return Ok(vec![embedding("embed_tokens", &source, hidden)]);
        }
        let target = config.size("vocabulary", VOCABULARY)?;
        if source.value == target.value {
            return Ok(Vec::new());
        }
        not_built(config, "One table for vocabularies of two sizes (tie_word_embeddings)")
    },
    ..named("FSMT")
};
/// Norms before each part of a layer.
const FIRST: [&str; 4] = ["self_attn_layer_norm", "", "final_layer_norm", ""];

/// The same with norms before each part and after the layers, and other tables before.
pub const fn before(class: &'static str, places: Option<Table>, first_norm: &'static str) -> Pair {
    let bart = Pair::BART;
    Pair {
        class,
        encoder: Decoder {
            names: Names {
                norms: FIRST,
                cross_norms: ["encoder_attn_layer_norm", ""],
                ..bart.encoder.names
            },
            ..bart.encoder
        },
        decoder: Decoder {
            names: Names {
                norms: FIRST,
                cross_norms: ["encoder_attn_layer_norm", ""],
                ..bart.decoder.names
            },
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
const ROWS: Option<Table> = Some(places(&["max_position_embeddings"], 0));
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
        encoder: Decoder {
            names: Names {
                attention: [
                    "self_attn.self.query",
                    "self_attn.self.key",
                    "self_attn.self.value",
                    "self_attn.output",
                ],
                ..base.encoder.names
            },
            qkv_bias: bias,
            output_bias: bias,
            ..base.encoder
        },
        decoder: Decoder {
            qkv_bias: bias,
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
        encoder: Decoder {
            key_bias: Some(Flag::No),
            ..base.encoder
        },
        decoder: Decoder {
            key_bias: Some(Flag::No),
            ..base.decoder
        },
        before: Around {
            places: Some(places(&["max_source_positions"], 0)),
            ..base.before
        },
        after: Around {
            places: Some(places(&["max_target_positions"], 0)),
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
