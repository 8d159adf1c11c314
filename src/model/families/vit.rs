//! Vision transformers alone (Dosovitskiy 2020, arXiv 2010.11929) and those that differ in what stands beside the patches:
//! DeiT (arXiv 2012.12877), MSN (arXiv 2204.07141), I-JEPA (arXiv 2301.08243). Counts checked against transformers' classes.

use super::Family;
use super::encoder::not_built;
use super::encoding::dense;
use super::vision::{VIT, alone, around, one, own, patches, purpose, table_of};
use crate::model::blocks::{Norm, norm};
use crate::model::blueprint::Blueprint;
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::Rows;
use crate::model::towers::{channels, pair};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    own(&["vit"], "ViT", |config, title| build(config, title, &PLAIN)),
    own(&["deit"], "DeiT", |config, title| build(config, title, &DEIT)),
    own(&["vit_msn"], "MSN", |config, title| build(config, title, &MSN)),
    own(&["ijepa"], "I-JEPA", |config, title| build(config, title, &IJEPA)),
];

/// How they differ.
struct Kin {
    /// The name of its classes, without what each is for.
    class: &'static str,
    /// Tokens beside the patches.
    marks: &'static [&'static str],
    /// Whether the plain class has a pooler.
    pools: bool,
}

const PLAIN: Kin = Kin {
    class: "ViT",
    marks: &["embeddings.cls_token"],
    pools: true,
};
const DEIT: Kin = Kin {
    class: "DeiT",
    marks: &["embeddings.cls_token", "embeddings.distillation_token"],
    ..PLAIN
};
const MSN: Kin = Kin {
    class: "ViTMSN",
    pools: false,
    ..PLAIN
};
const IJEPA: Kin = Kin {
    class: "IJepa",
    marks: &[],
    pools: false,
};

fn build(config: &Config, title: &'static str, kin: &Kin) -> Result<Blueprint, ModelError> {
    let ((height, width), (down, across)) = (pair(config, "image_size")?, pair(config, "patch_size")?);
    let grid = [
        &Quantity::quotient("patch_rows", &height, &down),
        &Quantity::quotient("patch_columns", &width, &across),
    ];
    let marks = kin.marks.len() as u64;
    let squares = Quantity::product("patches", &grid);
    let places = match marks {
        0 => squares.renamed("positions"),
        marks => Quantity::sum("positions", &[&squares, &one("marks", marks)]),
    };
    let mut all = around(config, title, &VIT, Some(places.clone()))?;
    let hidden = all.hidden.clone();
    let marked = kin.marks.iter().map(|name| table_of(name, &one("mark", 1), &hidden));
    let table = table_of("embeddings.position_embeddings", &places, &hidden);
    let tables = marked.chain([table]).collect();
    let dims = [&hidden, &channels(config)?, &down, &across];
    all.stem.push(patches(
        "embeddings.patch_embeddings.projection",
        &dims,
        true,
        tables,
        marks,
    ));
    all.alone = Some(alone(grid, marks));
    all.tail.push(norm(Norm::Layer, "layernorm", &hidden));
    let labels = all.vocabulary.clone();
    let head = |module: &str, out: &Quantity| dense(module, out, &hidden, true, Rows::Sequences, Component::LmHead);
    match purpose(config, kin.class) {
        "ForImageClassification" => all.tail.push(head("classifier", &labels)),
        "ForImageClassificationWithTeacher" if marks == 2 => {
            all.tail.push(head("cls_classifier", &labels));
            all.tail.push(head("distillation_classifier", &labels));
        }
        "Model" if kin.pools => {
            let out = config.size_or("pooler", &["pooler_output_size"], || hidden.clone())?;
            all.tail.push(head("pooler.dense", &out));
        }
        "Model" => {}
        _ => return not_built(config, "Another class than the plain one and that for images"),
    }
    all.finish()
}
