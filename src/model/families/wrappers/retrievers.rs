//! Models that compare texts with pages word by patch: a narrow vector for each token behind a model that sees (Faysse
//! 2024, arXiv 2407.01449). The config of the whole lies inside (`vlm_config`).

use super::Around;
use crate::model::blueprint::{Blueprint, Reading};
use crate::model::component::Component::LmHead;
use crate::model::error::ModelError;
use crate::model::families::encoding::dense;
use crate::model::operator::{Kind, Rows};
use crate::model::towers::Parts;

/// Refuses another model inside than the class's usual one: its object was not taken out.
fn usual(around: &Around<'_>, name: &str) -> Result<(), ModelError> {
    if around.config.object("vlm_config").is_none() {
        return Ok(());
    }
    Err(ModelError::NotBuilt {
        model_type: String::new(),
        what: format!("Another model inside than {name} (vlm_config)"),
    })
}

/// ModernVBERT inside (Teiletche 2025, arXiv 2510.01149).
pub fn modern(around: &Around<'_>) -> Parts {
    usual(around, "ModernVBERT")?;
    super::newer::modern(around)
}

/// PaliGemma inside.
pub fn pali(around: &Around<'_>) -> Parts {
    usual(around, "PaliGemma")?;
    super::gemma::pali(around)
}

/// Qwen 2-VL inside.
pub fn qwen(around: &Around<'_>) -> Parts {
    usual(around, "Qwen 2-VL")?;
    super::qwen::visual(around)
}

/// A narrow vector for each token in place of words.
pub fn narrow(around: &Around<'_>, blueprint: &mut Blueprint) -> Result<(), ModelError> {
    let width = around.whole.size("vector", &["embedding_dim"])?;
    let words = |kind: &Kind| matches!(kind, Kind::Linear { rows: Rows::Logits, .. });
    blueprint
        .head
        .retain(|block| !block.operators.iter().any(|operator| words(&operator.kind)));
    blueprint.tied = false;
    blueprint.reading = Reading::Encodes;
    // Nothing is written after the pass, so that no keys and values are kept for it.
    for block in blueprint.kinds.iter_mut().flat_map(|kind| &mut kind.blocks) {
        block.caches.clear();
    }
    let module = "embedding_proj_layer";
    blueprint
        .head
        .push(dense(module, &width, around.text, true, Rows::Tokens, LmHead));
    Ok(())
}
