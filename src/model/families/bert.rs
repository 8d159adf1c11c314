//! BERT (Devlin 2018, arXiv 1810.04805) and its kin. Counts checked against transformers' classes.

use super::super::blocks::{Norm, positions};
use super::super::component::Component;
use super::super::operator::Rows;
use super::decoder::Table;
use super::encoder::{Encoder, Masked, POSITIONS, Pretraining, Purpose, Sorting, TYPES, not_built, table};
use super::encoding::dense;
use super::{Build, Decoder, Family, Flag, Names};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["bert"], "BERT", Encoder::BERT),
    row(&["ernie"], "ERNIE", ERNIE),
    row(&["megatron-bert"], "Megatron-BERT", MEGATRON),
    row(&["bert-generation"], "BERT generation", GENERATION),
    row(&["roberta"], "RoBERTa", ROBERTA),
    row(&["xlm-roberta"], "XLM-RoBERTa", named("XLMRoberta")),
    row(&["camembert"], "CamemBERT", named("Camembert")),
    row(&["data2vec-text"], "data2vec", named("Data2VecText")),
    row(&["ibert"], "I-BERT", named("IBert")),
    row(&["roberta-prelayernorm"], "RoBERTa with norms before", BEFORE),
    row(&["xlm-roberta-xl"], "XLM-RoBERTa XL", LARGE),
    row(&["distilbert"], "DistilBERT", DISTIL),
    row(&["electra"], "ELECTRA", ELECTRA),
    row(&["dpr"], "DPR", DPR),
    row(&["mpnet"], "MPNet", MPNET),
    row(&["albert"], "ALBERT", ALBERT),
    row(&["roformer"], "RoFormer", ROFORMER),
    row(&["nomic_bert"], "Nomic BERT", NOMIC),
    row(&["gte"], "GTE", GTE),
    row(&["jina_embeddings_v3"], "Jina Embeddings 3", JINA),
];

/// A row of these.
pub const fn row(types: &'static [&'static str], title: &'static str, encoder: Encoder) -> Family {
    Family {
        types,
        title,
        build: Build::Encoder(encoder),
    }
}

const ERNIE: Encoder = Encoder {
    class: "Ernie",
    tables: &[
        POSITIONS,
        TYPES,
        Table {
            when: Flag::Key("use_task_id", false),
            ..table("embeddings.task_type_embeddings", &["task_type_vocab_size"])
        },
    ],
    ..Encoder::BERT
};
/// Norms before, and one after the layers (Shoeybi 2019, arXiv 1909.08053).
const MEGATRON: Encoder = Encoder {
    class: "MegatronBert",
    stack: Decoder {
        names: Names {
            norms: ["attention.ln", "", "ln", ""],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    stem_norm: "",
    final_norm: "encoder.ln",
    ..Encoder::BERT
};
/// No types of sentences, no pooler, no dense layer before the words.
const GENERATION: Encoder = Encoder {
    class: "BertGeneration",
    tables: &[POSITIONS],
    pooler: "",
    masked: Masked {
        dense: "",
        norm: "",
        decoder: "lm_head.decoder",
        twin: "lm_head.bias",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};
/// RoBERTa (Liu 2019, arXiv 1907.11692): other heads.
pub const ROBERTA: Encoder = Encoder {
    class: "Roberta",
    masked: Masked {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        twin: "lm_head.bias",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};

/// RoBERTa under another name.
const fn named(class: &'static str) -> Encoder {
    Encoder { class, ..ROBERTA }
}

const BEFORE: Encoder = Encoder {
    stack: Decoder {
        names: Names {
            norms: ["attention.LayerNorm", "", "intermediate.LayerNorm", ""],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    final_norm: "LayerNorm",
    ..named("RobertaPreLayerNorm")
};
const LARGE: Encoder = Encoder {
    stack: Decoder {
        names: Names {
            norms: ["attention.self_attn_layer_norm", "", "LayerNorm", ""],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    stem_norm: "",
    final_norm: "encoder.LayerNorm",
    ..named("XLMRobertaXL")
};
/// Half the layers, no types of sentences (Sanh 2019, arXiv 1910.01108).
const DISTIL: Encoder = Encoder {
    class: "DistilBert",
    stack: Decoder {
        names: Names {
            attention: [
                "attention.q_lin",
                "attention.k_lin",
                "attention.v_lin",
                "attention.out_lin",
            ],
            mlp: ["", "ffn.lin1", "ffn.lin2"],
            norms: ["", "sa_layer_norm", "", "output_layer_norm"],
            ..Decoder::BERT.names
        },
        // The names of other classes win where a file has both.
        hidden: &["hidden_size", "dim"],
        layers: &["num_hidden_layers", "n_layers"],
        heads: &["num_attention_heads", "n_heads"],
        dense_width: &["hidden_dim"],
        ..Decoder::BERT
    },
    tables: &[POSITIONS],
    pooler: "",
    masked: Masked {
        dense: "vocab_transform",
        norm: "vocab_layer_norm",
        decoder: "vocab_projector",
        twin: "",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Dense("pre_classifier", "classifier"),
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};
/// A table of its own width, and a head that tells replaced tokens (Clark 2020, arXiv 2003.10555).
pub const ELECTRA: Encoder = Encoder {
    class: "Electra",
    narrow: Some(("embedding_size", "embeddings_project", false)),
    pooler: "",
    masked: Masked {
        dense: "generator_predictions.dense",
        norm: "generator_predictions.LayerNorm",
        decoder: "generator_lm_head",
        twin: "",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Replaced(
        "discriminator_predictions.dense",
        "discriminator_predictions.dense_prediction",
    ),
    ..Encoder::BERT
};
/// BERT whose first token is the text, projected where the file says so (Karpukhin 2020, arXiv 2004.04906).
const DPR: Encoder = Encoder {
    class: "DPR",
    usual: Purpose::Plain,
    pooler: "",
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.clone();
        let out = config.optional("projection", &["projection_dim"])?;
        if let Some(out) = out.filter(|out| out.value > 0) {
            let part = Component::LmHead;
            all.tail
                .push(dense("encode_proj", &out, &hidden, true, Rows::Sequences, part));
        }
        Ok(())
    },
    ..Encoder::BERT
};
/// Relative positions shared by all layers (Song 2020, arXiv 2004.09297).
const MPNET: Encoder = Encoder {
    class: "MPNet",
    stack: Decoder {
        names: Names {
            attention: [
                "attention.attn.q",
                "attention.attn.k",
                "attention.attn.v",
                "attention.attn.o",
            ],
            norms: ["", "attention.LayerNorm", "", "output.LayerNorm"],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    tables: &[POSITIONS],
    adjust_ends: |config, _, all| {
        let rows = config.size("buckets", &["relative_attention_num_buckets"])?;
        let heads = config.size("heads", &["num_attention_heads"])?;
        all.stem
            .push(positions("encoder.relative_attention_bias", &rows, &heads));
        Ok(())
    },
    ..ROBERTA
};
/// The same layers over and over (Lan 2019, arXiv 1909.11942).
const ALBERT: Encoder = Encoder {
    class: "Albert",
    stack: Decoder {
        names: Names {
            attention: ["attention.query", "attention.key", "attention.value", "attention.dense"],
            mlp: ["", "ffn", "ffn_output"],
            norms: ["", "attention.LayerNorm", "", "full_layer_layer_norm"],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    narrow: Some(("embedding_size", "encoder.embedding_hidden_mapping_in", true)),
    pooler: "pooler",
    masked: Masked {
        dense: "predictions.dense",
        norm: "predictions.LayerNorm",
        decoder: "predictions.decoder",
        twin: "predictions.bias",
        ..Encoder::BERT.masked
    },
    pretraining: Pretraining::Unknown,
    adjust_layer: |config, _, _, mut blocks| {
        let groups = config.size("groups", &["num_hidden_groups"])?;
        let inner = config.size("layers of a group", &["inner_group_num"])?;
        let layers = config.size("layers", &["num_hidden_layers"])?;
        if inner.value != 1 {
            return not_built(config, "A group of several layers (inner_group_num)");
        }
        if groups.value > layers.value {
            return not_built(config, "More groups than layers (num_hidden_groups)");
        }
        for operator in blocks.iter_mut().flat_map(|block| &mut block.operators) {
            for tensor in &mut operator.tensors {
                tensor.physical = Some(groups.clone());
            }
        }
        Ok(blocks)
    },
    ..Encoder::BERT
};
/// Rotary positions (Su 2021, arXiv 2104.09864), kept as a table.
const ROFORMER: Encoder = Encoder {
    class: "RoFormer",
    stack: Decoder {
        rotary: true,
        ..Decoder::BERT
    },
    tables: &[TYPES],
    narrow: Some(("embedding_size", "embeddings_project", false)),
    pooler: "",
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, _, all| {
        let rows = config.size("positions", &["max_position_embeddings"])?;
        let heads = config.size("heads", &["num_attention_heads"])?;
        let dim = Quantity::quotient("head_dim", &all.hidden, &heads);
        all.stem.push(positions("encoder.embed_positions", &rows, &dim));
        Ok(())
    },
    ..Encoder::BERT
};
/// A Llama's layers with norms after them.
const AFTER: Decoder = Decoder {
    names: Names {
        norms: ["", "post_attention_layernorm", "", "post_mlp_layernorm"],
        ..Names::LLAMA
    },
    norm: Norm::Layer,
    ..Decoder::READER
};
/// Nussbaum 2024, arXiv 2402.01613.
const NOMIC: Encoder = Encoder {
    class: "NomicBert",
    stack: Decoder {
        head_dim: &["head_dim"],
        ..AFTER
    },
    tables: &[TYPES],
    asked_pooler: true,
    masked: Masked {
        norm: "cls.predictions.transform.layer_norm",
        ..Encoder::BERT.masked
    },
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};
/// Zhang 2024, arXiv 2407.19669.
const GTE: Encoder = Encoder {
    class: "Gte",
    stack: Decoder {
        down_bias: Some(Flag::Yes),
        head_dim: &["head_dim"],
        ..AFTER.with_biases(Flag::Yes, Flag::No)
    },
    tables: &[TYPES],
    asked_pooler: true,
    masked: Masked {
        twin: "",
        ..ROBERTA.masked
    },
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};
/// Sturua 2024, arXiv 2409.10173, without its adapters.
const JINA: Encoder = Encoder {
    stack: Decoder {
        names: Names {
            mlp: ["", "mlp.fc1", "mlp.fc2"],
            ..AFTER.names
        },
        head_dim: &["head_dim"],
        ..AFTER.with_biases(Flag::Yes, Flag::Yes)
    },
    tables: &[TYPES],
    ..named("JinaEmbeddingsV3")
};
