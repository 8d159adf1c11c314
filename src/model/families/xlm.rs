//! XLM (Lample 2019, arXiv 1901.07291) and FlauBERT (Le 2019, arXiv 1912.05372). Counts checked against transformers'
//! classes.

use super::Family;
use super::bert::row;
use super::decoder::Table;
use super::encoder::{Encoder, Masked, Pretraining, Sorting, not_built, table};
use super::{Decoder, Names};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["xlm"], "XLM", XLM),
    row(
        &["flaubert"],
        "FlauBERT",
        Encoder {
            class: "Flaubert",
            ..XLM
        },
    ),
];

const TABLES: &[Table] = &[table("position_embeddings", &["max_position_embeddings"])];

/// Languages have a table where there are several.
const XLM: Encoder = Encoder {
    class: "XLM",
    stack: Decoder {
        names: Names {
            attention: [
                "attentions.q_lin",
                "attentions.k_lin",
                "attentions.v_lin",
                "attentions.out_lin",
            ],
            mlp: ["", "ffns.lin1", "ffns.lin2"],
            norms: ["", "layer_norm1", "", "layer_norm2"],
            ..Decoder::BERT.names
        },
        hidden: &["hidden_size", "emb_dim"],
        layers: &["num_hidden_layers", "n_layers"],
        heads: &["num_attention_heads", "n_heads"],
        // Four times the width of the stream, whatever is said.
        dense_width: &[],
        ..Decoder::BERT
    },
    vocabulary: &["n_words", "vocab_size"],
    tokens: "embeddings",
    tables: TABLES,
    stem_norm: "layer_norm_emb",
    pooler: "",
    masked: Masked {
        dense: "",
        norm: "",
        decoder: "pred_layer.proj",
        twin: "",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, _, all| {
        for (key, usual) in [("is_encoder", true), ("causal", false), ("asm", false)] {
            if config.flag(key, usual)? != usual {
                return not_built(config, format!("Another kind of model ({key})"));
            }
        }
        let languages = config.optional("languages", &["n_langs"])?;
        if let Some(languages) = languages.filter(|languages| languages.value > 1)
            && config.flag("use_lang_emb", true)?
        {
            let hidden = all.hidden.clone();
            all.stem
                .push(crate::model::blocks::positions("lang_embeddings", &languages, &hidden));
        }
        Ok(())
    },
    ..Encoder::BERT
};
