//! Encoders of documents: words with their boxes on the page (LayoutLM, LiLT, LayoutLMv3), their place in a web page
//! (MarkupLM) or in a table (TAPAS). Counts checked against transformers' classes.

use serde_json::json;

use super::super::blocks::{norm, positions};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Rows, Span};
use super::super::tensor::{Tensor, TensorKind};
use super::Family;
use super::bert::{ROBERTA, row};
use super::decoder::Table;
use super::encoder::{Encoder, POSITIONS, Pretraining, Purpose, Sorting, TYPES, not_built, table};
use super::encoding::{dense, labels};
use super::luke::{idle, waiting};
use super::{Decoder, Names};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["layoutlm"], "LayoutLM", LAYOUT),
    row(&["layoutlmv3"], "LayoutLMv3", THIRD),
    row(&["lilt"], "LiLT", BESIDE),
    row(&["markuplm"], "MarkupLM", MARKUP),
    row(&["tapas"], "TAPAS", TAPAS),
    row(&["visual_bert"], "VisualBERT", VISUAL),
];

/// Keys of the rows of a table of places on a page.
const PAGE: &[&str] = &["max_2d_position_embeddings"];

/// A table for each side of a word's box (Xu 2019, arXiv 1912.13318).
const LAYOUT: Encoder = Encoder {
    class: "LayoutLM",
    tables: &[
        POSITIONS,
        table("embeddings.x_position_embeddings", PAGE),
        table("embeddings.y_position_embeddings", PAGE),
        table("embeddings.h_position_embeddings", PAGE),
        table("embeddings.w_position_embeddings", PAGE),
        TYPES,
    ],
    always_pools: true,
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};

/// Tables of the sides of boxes, narrower than the stream.
fn sides(prefix: &str, rows: &Quantity, widths: [&Quantity; 4]) -> Block {
    let part = Component::Embedding;
    let operators = ["x", "y", "h", "w"].into_iter().zip(widths).map(|(side, width)| {
        let name = format!("{prefix}{side}_position_embeddings.weight");
        Operator {
            name: "sides of boxes",
            component: part,
            kind: Kind::Lookup { width: width.clone() },
            tensors: vec![Tensor::new(name, TensorKind::Table, part, &[rows, width])],
        }
    });
    Block {
        operators: operators.collect(),
        ..Block::new("Boxes on the page", Role::Embedding)
    }
}

/// Relative positions on a line and on the page, and patches of the page's image, which a plain text has none of
/// (Huang 2022, arXiv 2204.08387).
const THIRD: Encoder = Encoder {
    class: "LayoutLMv3",
    usual: Purpose::Plain,
    pooler: "",
    adjust_ends: |config, purpose, all| {
        let hidden = all.hidden.clone();
        if !config.flag("text_embed", true)? {
            return not_built(config, "Images alone (text_embed)");
        }
        let rows = config.size("places", PAGE)?;
        let (point, size) = (
            config.size("width of a point", &["coordinate_size"])?,
            config.size("width of a size", &["shape_size"])?,
        );
        let (four, two) = (point.times("points", 4), size.times("sizes", 2));
        if Quantity::sum("box", &[&four, &two]).value != hidden.value {
            return Err(ModelError::Inconsistent(
                "Four points and two sizes must be as wide as the stream (coordinate_size, shape_size).".to_owned(),
            ));
        }
        all.stem
            .insert(1, sides("embeddings.", &rows, [&point, &point, &size, &size]));
        let heads = config.size("heads", &["num_attention_heads"])?;
        let bias = |module: &str, bins: &Quantity| idle(module, &heads, bins, false);
        let mut relative = Vec::new();
        if config.flag("has_relative_attention_bias", true)? {
            let bins = config.size("distances", &["rel_pos_bins"])?;
            relative.push(bias("encoder.rel_pos_bias", &bins));
        }
        if config.flag("has_spatial_attention_bias", true)? {
            let bins = config.size("distances on the page", &["rel_2d_pos_bins"])?;
            relative.push(bias("encoder.rel_pos_x_bias", &bins));
            relative.push(bias("encoder.rel_pos_y_bias", &bins));
        }
        if !relative.is_empty() {
            all.stem.push(Block {
                operators: relative,
                ..Block::new("Relative positions", Role::Embedding)
            });
        }
        if config.flag("visual_embed", true)? {
            all.stem.push(patches(config, &hidden)?);
        }
        match purpose {
            Purpose::Masked | Purpose::Pretraining => return not_built(config, "The class for masked words"),
            // With few labels one matrix sorts tokens; otherwise there is a layer before it.
            Purpose::Tokens if labels(config)?.value < 10 => {}
            Purpose::Tokens | Purpose::Answers => {
                all.tail.pop();
                for (module, out) in [("classifier.dense", &hidden), ("classifier.out_proj", &labels(config)?)] {
                    all.tail
                        .push(dense(module, out, &hidden, true, Rows::Tokens, Component::LmHead));
                }
            }
            Purpose::Plain | Purpose::Texts => {}
        }
        Ok(())
    },
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    ..ROBERTA
};

/// What LayoutLMv3 makes of an image.
fn patches(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let part = Component::Vision;
    let size = config.size("image", &["input_size"])?;
    let patch = config.size("patch", &["patch_size"])?;
    let channels = config.size("channels", &["num_channels"])?;
    let side = Quantity::quotient("patches on a side", &size, &patch);
    let one = Quantity::architecture("class", 1, "one row for the whole image");
    let square = Quantity::product("patches", &[&side, &side]);
    let places = Quantity::sum("places", &[&square, &one]);
    let mut tensors = vec![
        Tensor::vector("cls_token", part, hidden),
        Tensor::matrix("pos_embed", part, &places, hidden),
        Tensor::new(
            "patch_embed.proj.weight",
            TensorKind::Matrix,
            part,
            &[hidden, &channels, &patch, &patch],
        ),
        Tensor::vector("patch_embed.proj.bias", part, hidden),
    ];
    for module in ["LayerNorm", "norm"] {
        tensors.extend(Decoder::BERT.norm.tensors(module, part, &[hidden]));
    }
    Ok(waiting("Patches of the page", tensors))
}

/// A narrow stream of boxes beside that of words, whose scores are added (Wang 2022, arXiv 2202.13669).
const BESIDE: Encoder = Encoder {
    class: "Lilt",
    usual: Purpose::Plain,
    adjust_layer: |config, hidden, _, mut blocks| {
        let narrow = narrow(config, hidden)?;
        let width = config.size("intermediate", &["intermediate_size"])?;
        let width = Quantity::quotient("layout intermediate", &width, &shrink(config)?);
        let own = config.with("intermediate_size", json!(width.value));
        blocks.extend(BOXES.layer(&own, &narrow, Span::Both)?);
        Ok(blocks)
    },
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.clone();
        let narrow = narrow(config, &hidden)?;
        let six = Quantity::architecture("six", 6, "four sides, a height and a width");
        let each = Quantity::quotient("width of a side", &hidden, &six);
        let rows = config.size("places", PAGE)?;
        all.stem.push(sides("layout_embeddings.", &rows, [&each; 4]));
        let rows = config.size("positions", &["max_position_embeddings"])?;
        all.stem
            .push(positions("layout_embeddings.box_position_embeddings", &rows, &narrow));
        let wide = Quantity::product("sides", &[&six, &each]);
        if wide.value != hidden.value {
            return Err(ModelError::Inconsistent(
                "A width that six sides do not divide (hidden_size); the class refuses that.".to_owned(),
            ));
        }
        let name = "layout_embeddings.box_linear_embeddings";
        all.stem
            .push(dense(name, &narrow, &hidden, true, Rows::Tokens, Component::Embedding));
        all.stem
            .push(norm(Decoder::BERT.norm, "layout_embeddings.LayerNorm", &narrow));
        Ok(())
    },
    ..ROBERTA
};
/// Its layers.
const BOXES: Decoder = Decoder {
    names: Names {
        attention: [
            "attention.self.layout_query",
            "attention.self.layout_key",
            "attention.self.layout_value",
            "attention.layout_output.dense",
        ],
        mlp: ["", "layout_intermediate.dense", "layout_output.dense"],
        norms: ["", "attention.layout_output.LayerNorm", "", "layout_output.LayerNorm"],
        ..Decoder::BERT.names
    },
    ..Decoder::BERT
};

fn shrink(config: &Config) -> Result<Quantity, ModelError> {
    config.size("shrinking", &["channel_shrink_ratio"])
}

/// Width of the stream of boxes.
fn narrow(config: &Config, hidden: &Quantity) -> Result<Quantity, ModelError> {
    Ok(Quantity::quotient("layout width", hidden, &shrink(config)?))
}

/// The way of tags and numbers from the page's root to a word (Li 2021, arXiv 2110.08518).
const MARKUP: Encoder = Encoder {
    class: "MarkupLM",
    usual: Purpose::Plain,
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, purpose, all| {
        let hidden = all.hidden.clone();
        let depth = config.size("depth", &["max_depth"])?;
        let each = config.size("width of a step", &["xpath_unit_hidden_size"])?;
        let tags = config.size("tags", &["max_xpath_tag_unit_embeddings"])?;
        let numbers = config.size("numbers", &["max_xpath_subs_unit_embeddings"])?;
        let way = Quantity::product("way", &[&each, &depth]);
        let part = Component::Embedding;
        let tables = [("tag", &tags), ("subs", &numbers)].map(|(kind, rows)| {
            let name = format!("embeddings.xpath_embeddings.xpath_{kind}_sub_embeddings.{{e}}.weight");
            Operator {
                name: "steps from the root",
                component: part,
                kind: Kind::Lookup { width: way.clone() },
                tensors: vec![Tensor::new(name, TensorKind::Table, part, &[rows, &each]).each(&depth)],
            }
        });
        let unused = idle(
            "embeddings.xpath_embeddings.xpath_unitseq2_embeddings",
            &hidden,
            &way,
            true,
        );
        let mut operators: Vec<Operator> = tables.into_iter().collect();
        operators.push(unused);
        all.stem.push(Block {
            operators,
            ..Block::new("Way from the root", Role::Embedding)
        });
        let inner = hidden.times("inner", 4);
        for (module, out, input) in [
            ("embeddings.xpath_embeddings.xpath_unitseq2_inner", &inner, &way),
            ("embeddings.xpath_embeddings.inner2emb", &hidden, &inner),
        ] {
            all.stem.push(dense(module, out, input, true, Rows::Tokens, part));
        }
        match purpose {
            Purpose::Masked => not_built(config, "The class for masked words"),
            _ => Ok(()),
        }
    },
    ..Encoder::BERT
};

/// A table for each column of what is known of a cell (Herzig 2020, arXiv 2004.02349).
const TAPAS: Encoder = Encoder {
    class: "Tapas",
    tables: &[POSITIONS],
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, purpose, all| {
        const USUAL: [u64; 7] = [3, 256, 256, 2, 256, 256, 10];
        const MOST: usize = 1000;
        let sizes = config.numbers("type_vocab_sizes")?.unwrap_or_else(|| USUAL.to_vec());
        if sizes.len() > MOST {
            return not_built(config, "More than a thousand kinds of types (type_vocab_sizes)");
        }
        let hidden = all.hidden.clone();
        let part = Component::Embedding;
        let tables = sizes.iter().enumerate().map(|(at, rows)| {
            let rows = Quantity::config("rows", "type_vocab_sizes", *rows);
            let name = format!("embeddings.token_type_embeddings_{at}.weight");
            Operator {
                name: "type embedding",
                component: part,
                kind: Kind::Lookup { width: hidden.clone() },
                tensors: vec![Tensor::new(name, TensorKind::Table, part, &[&rows, &hidden])],
            }
        });
        let block = Block {
            operators: tables.collect(),
            ..Block::new("Type embedding", Role::Embedding)
        };
        all.stem.insert(2, block);
        match purpose {
            Purpose::Answers | Purpose::Tokens => not_built(config, "Another class than those for words and texts"),
            _ => Ok(()),
        }
    },
    ..Encoder::BERT
};

/// Regions of an image beside words, which a plain text has none of (Li 2019, arXiv 1908.03557).
const VISUAL: Encoder = Encoder {
    class: "VisualBert",
    usual: Purpose::Pretraining,
    adjust_ends: |config, purpose, all| {
        if !matches!(purpose, Purpose::Plain | Purpose::Pretraining) {
            return not_built(config, "Another class than those for pretraining and for layers alone");
        }
        if config.flag("bypass_transformer", false)? {
            return not_built(config, "A layer of its own for images (bypass_transformer)");
        }
        let hidden = all.hidden.clone();
        let seen = config.size("width of a region", &["visual_embedding_dim"])?;
        let part = Component::Vision;
        let mut tensors = Vec::new();
        for (name, Table { rows, .. }) in [("token_type", TYPES), ("position", POSITIONS)] {
            let rows = config.size("rows", rows)?;
            let name = format!("embeddings.visual_{name}_embeddings.weight");
            tensors.push(Tensor::new(name, TensorKind::Table, part, &[&rows, &hidden]));
        }
        let module = "embeddings.visual_projection";
        tensors.push(Tensor::matrix(format!("{module}.weight"), part, &hidden, &seen));
        tensors.push(Tensor::vector(format!("{module}.bias"), part, &hidden));
        all.stem.push(waiting("Regions of an image", tensors));
        Ok(())
    },
    ..Encoder::BERT
};
