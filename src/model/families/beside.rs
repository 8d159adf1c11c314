//! Decoders that attend to what an encoder of images found: TrOCR (Li 2021, arXiv 2109.10282) and BLIP (Li 2022, arXiv
//! 2201.12086). Over text alone their attention to images is skipped. Counts checked against transformers' classes.

use super::super::blocks::{Norm, norm};
use super::super::component::Component;
use super::super::operator::{Block, Input, Kind, Rows, Span};
use super::super::tensor::Tensor;
use super::encoder::not_built;
use super::encoding::dense;
use super::keys::TIE;
use super::luke::waiting;
use super::pair::{Pair, places};
use super::pairing::across;
use super::{Build, Decoder, Family, Flag, Names, Table};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["trocr"],
        title: "TrOCR",
        build: Build::From(|config| {
            let normed = config.flag("layernorm_embedding", true)?;
            let stem_norm = if normed { "layernorm_embedding" } else { "" };
            Ok(Build::Decoder(Decoder {
                names: Names {
                    stem_norm,
                    ..TROCR.names
                },
                ..TROCR
            }))
        }),
    },
    Family {
        types: &["blip_text_model"],
        title: "BLIP",
        build: Build::Decoder(BLIP),
    },
];

/// Layers that attend to images are called so.
const TITLE: &str = "full attention · attention to images · MLP";

/// BART's decoder.
const TROCR: Decoder = Decoder {
    tied: true,
    tie: |config, otherwise| config.flag(TIE, otherwise),
    layers: &["num_hidden_layers", "decoder_layers"],
    heads: &["num_attention_heads", "decoder_attention_heads"],
    tables: &[Table {
        when: Flag::Key("use_learned_position_embeddings", true),
        ..places(&["max_position_embeddings"], 2)
    }],
    names: Names {
        final_norm: "",
        head: "output_projection",
        ..Pair::BART.decoder.names
    },
    title: |_, _, _| TITLE.to_owned(),
    adjust_layer: |config, hidden, _, blocks| {
        let seen = config.optional("encoder width", &["cross_attention_hidden_size"])?;
        Ok(beside_images(across(blocks, seen.as_ref().unwrap_or(hidden))))
    },
    ..Pair::BART.decoder
};

/// BERT's layers, each of which sees what is before it and the image.
const BLIP: Decoder = Decoder {
    tied: true,
    tie: |config, otherwise| config.flag(TIE, otherwise),
    head_bias: Flag::Yes,
    tables: &[Table {
        module: "bert.embeddings.position_embeddings",
        ..places(&["max_position_embeddings"], 0)
    }],
    names: Names {
        embedding: "bert.embeddings.word_embeddings",
        cross: [
            "crossattention.self.query",
            "crossattention.self.key",
            "crossattention.self.value",
            "crossattention.output.dense",
        ],
        norms: ["", "attention.output.LayerNorm", "", "output.LayerNorm"],
        cross_norms: ["", "crossattention.output.LayerNorm"],
        stem_norm: "bert.embeddings.LayerNorm",
        final_norm: "",
        head: "cls.predictions.decoder",
        ..Decoder::BERT.names
    },
    title: |_, _, _| TITLE.to_owned(),
    translate: |config| match config.flag("is_decoder", true)? {
        true => Ok(Vec::new()),
        false => not_built(config, "Layers that see no image (is_decoder)"),
    },
    adjust_layer: |config, _, _, blocks| {
        // The wrapper's class puts the width of its tower in place of encoder_hidden_size.
        let seen = match config.root_type() == config.model_type() {
            true => config.size("encoder width", &["encoder_hidden_size"])?,
            false => config.part("vision_config").size("vision_hidden", &["hidden_size"])?,
        };
        Ok(beside_images(across(blocks, &seen)))
    },
    adjust_ends: |_, all| {
        let hidden = all.hidden.clone();
        let module = "cls.predictions.transform.dense";
        let transform = dense(module, &hidden, &hidden, true, Rows::Tokens, Component::LmHead);
        let normed = norm(Norm::Layer, "cls.predictions.transform.LayerNorm", &hidden);
        all.tail.splice(0..0, [transform, normed]);
        if !all.tied {
            let bias = Tensor::vector("cls.predictions.bias", Component::LmHead, &all.vocabulary);
            all.tail.push(waiting("A second bias", vec![bias]));
        }
        Ok(())
    },
    ..Decoder::BERT
};

/// Attention to images runs only where there is one, and the norm beside it.
fn beside_images(mut blocks: Vec<Block>) -> Vec<Block> {
    let sees = |block: &Block| {
        let mut kinds = block.operators.iter().map(|operator| &operator.kind);
        kinds.any(|kind| matches!(kind, Kind::Attention(attention) if attention.span == Span::Cross))
    };
    if let Some(at) = blocks.iter().position(sees) {
        for block in blocks.iter_mut().skip(at).take(2) {
            block.input = Input::TextBesideImages;
        }
    }
    blocks
}
