//! Decoders that attend to what an encoder of images found: TrOCR (Li 2021, arXiv 2109.10282) and BLIP (Li 2022, arXiv
//! 2201.12086). Over text alone their attention to images is skipped. Counts checked against transformers' classes.

use super::super::blocks::{embedding, head, norm, positions};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Input, Kind, Rows, Span};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::encoder::not_built;
use super::encoding::dense;
use super::keys::{TIE, VOCABULARY};
use super::luke::waiting;
use super::pair::Pair;
use super::pairing::across;
use super::{Build, Decoder, Family, Names};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["trocr"],
        title: "TrOCR",
        build: Build::Own(trocr),
    },
    Family {
        types: &["blip_text_model"],
        title: "BLIP",
        build: Build::Own(blip),
    },
];

/// The assembly with its layers, which attend to images of the given width.
fn layers<'c>(
    config: &'c Config,
    title: &'static str,
    side: &Decoder,
    seen: Option<Quantity>,
) -> Result<Assembly<'c>, ModelError> {
    let hidden = config.size("hidden", side.hidden)?;
    let layers = config.size("layers", side.layers)?;
    let mut all = Assembly::of(
        config,
        title,
        hidden.clone(),
        layers,
        config.size("vocabulary", VOCABULARY)?,
    )?;
    let seen = seen.unwrap_or_else(|| hidden.clone());
    let keys = vec![(); all.layers.value as usize];
    all.layers_by(&keys, |()| {
        let blocks = across(side.layer(config, &hidden, Span::Full)?, &seen);
        let title = "full attention · attention to images · MLP".to_owned();
        Ok((title, beside_images(blocks)))
    })?;
    all.attention = side.words(config, &hidden)?;
    all.tied = config.flag(TIE, true)?;
    Ok(all)
}

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

/// BART's decoder.
fn trocr(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let bart = &Pair::BART.decoder;
    let side = Decoder {
        layers: &["num_hidden_layers", "decoder_layers"],
        heads: &["num_attention_heads", "decoder_attention_heads"],
        ..*bart
    };
    let seen = config.optional("encoder width", &["cross_attention_hidden_size"])?;
    let mut all = layers(config, title, &side, seen)?;
    let hidden = all.hidden.clone();
    all.stem.push(embedding("embed_tokens", &all.vocabulary, &hidden));
    if config.flag("use_learned_position_embeddings", true)? {
        let two = Quantity::architecture("offset", 2, "rows that this family leaves free");
        let rows = config.size("positions", &["max_position_embeddings"])?;
        let rows = Quantity::sum("positions", &[&rows, &two]);
        all.stem.push(positions("embed_positions", &rows, &hidden));
    }
    if config.flag("layernorm_embedding", true)? {
        all.stem.push(norm(side.norm, "layernorm_embedding", &hidden));
    }
    all.tail
        .push(head("output_projection", &all.vocabulary, &hidden, all.tied, false));
    all.finish()
}

/// BERT's layers, each of which sees what is before it and the image.
fn blip(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    if !config.flag("is_decoder", true)? {
        return not_built(config, "Layers that see no image (is_decoder)");
    }
    let side = Decoder {
        names: Names {
            cross: [
                "crossattention.self.query",
                "crossattention.self.key",
                "crossattention.self.value",
                "crossattention.output.dense",
            ],
            norms: ["", "attention.output.LayerNorm", "", "output.LayerNorm"],
            cross_norms: ["", "crossattention.output.LayerNorm"],
            ..Decoder::BERT.names
        },

        ..Decoder::BERT
    };
    // The wrapper's class puts the width of its tower in place of encoder_hidden_size.
    let seen = match config.root_type() == config.model_type() {
        true => config.size("encoder width", &["encoder_hidden_size"])?,
        false => config.part("vision_config").size("vision_hidden", &["hidden_size"])?,
    };
    let mut all = layers(config, title, &side, Some(seen))?;
    let hidden = all.hidden.clone();
    let rows = config.size("positions", &["max_position_embeddings"])?;
    all.stem
        .push(embedding("bert.embeddings.word_embeddings", &all.vocabulary, &hidden));
    all.stem
        .push(positions("bert.embeddings.position_embeddings", &rows, &hidden));
    all.stem.push(norm(side.norm, "bert.embeddings.LayerNorm", &hidden));
    let transform = "cls.predictions.transform";
    all.tail.push(dense(
        &format!("{transform}.dense"),
        &hidden,
        &hidden,
        true,
        Rows::Tokens,
        Component::LmHead,
    ));
    all.tail
        .push(norm(side.norm, "cls.predictions.transform.LayerNorm", &hidden));
    all.tail.push(head(
        "cls.predictions.decoder",
        &all.vocabulary,
        &hidden,
        all.tied,
        true,
    ));
    if !all.tied {
        let bias = Tensor::vector("cls.predictions.bias", Component::LmHead, &all.vocabulary);
        all.tail.push(waiting("A second bias", vec![bias]));
    }
    all.finish()
}
