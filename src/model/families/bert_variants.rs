//! Relatives of BERT whose layers differ in more than names. Counts checked against transformers' classes.

use serde_json::Value;

use super::Family;
use super::bert::{ELECTRA, row};
use super::decoder::Flag;
use super::encoder::{Encoder, Masked, POSITIONS, Pretraining, Purpose, Sorting, TYPES, Table, dense, not_built};
use super::side::Side;
use crate::model::blocks::{Norm, norm, positions};
use crate::model::component::Component;
use crate::model::config::{Config, wrong};
use crate::model::error::ModelError;
use crate::model::families::assembly::Assembly;
use crate::model::operator::{Block, Kind, Operator, Role, Rows, Span, Step};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["modernbert"], "ModernBERT", MODERN),
    row(&["ultrabert"], "UltraBERT", ULTRA),
    row(&["deberta-v2"], "DeBERTa 2", DEBERTA2),
    row(&["deberta"], "DeBERTa", DEBERTA),
    row(&["convbert"], "ConvBERT", CONV),
    row(&["fnet"], "FNet", FNET),
    row(&["big_bird"], "BigBird", BIG_BIRD),
    row(&["luke"], "LUKE", LUKE),
    row(&["squeezebert"], "SqueezeBERT", SQUEEZE),
    row(&["mobilebert"], "MobileBERT", MOBILE),
];

/// Local attention in most layers, no norm before the first (Warner 2024, arXiv 2412.13663).
const MODERN: Encoder = Encoder {
    class: "ModernBert",
    side: Side {
        attention: ["attn.Wqkv", "attn.Wqkv", "attn.Wqkv", "attn.Wo"],
        mlp: ["mlp.Wi", "mlp.Wi", "mlp.Wo"],
        norms: ["attn_norm", "", "", "", "mlp_norm", ""],
        norm: Norm::LayerWithoutBias,
        ..Side::LLAMA.with_biases(Flag::Key("attention_bias", false), Flag::Key("mlp_bias", false))
    },
    tokens: "embeddings.tok_embeddings",
    tables: &[],
    stem_norm: "embeddings.norm",
    final_norm: "final_norm",
    pooler: "",
    masked: Masked {
        dense: "head.dense",
        dense_bias: Flag::Key("classifier_bias", false),
        norm: "head.norm",
        decoder: "decoder",
        bias: Flag::Key("decoder_bias", true),
        twin: "",
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    span: |config, layer| {
        let local = match config.names("layer_types")? {
            Some(types) => match types.get(layer as usize) {
                Some(&"sliding_attention") => true,
                Some(&"full_attention") => false,
                _ => return not_built(config, "A layer without a known layer type"),
            },
            None => {
                let every = config.optional("full_every", &["global_attn_every_n_layers"])?;
                let every = every.map_or(3, |found| found.value);
                every == 0 || layer % every != 0
            }
        };
        if !local {
            return Ok(Span::Both);
        }
        Ok(Span::Around(config.size("window", &["local_attention"])?))
    },
    layer_key: |_, layer| layer.min(1),
    adjust_layer: |config, _, layer, mut blocks| {
        if config.flag("norm_bias", false)? {
            return not_built(config, "A norm with bias");
        }
        if layer == 0 && !blocks.is_empty() {
            blocks.remove(0);
        }
        Ok(blocks)
    },
    ..Encoder::BERT
};
/// A Llama that sees both ways, with a narrow layer before the words.
const ULTRA: Encoder = Encoder {
    class: "Ultrabert",
    side: Side {
        kv_heads: &["num_key_value_heads"],
        head_dim: &["head_dim"],
        ..Side::LLAMA.with_biases(Flag::Key("attention_bias", false), Flag::Key("mlp_bias", false))
    },
    tokens: "embed_tokens",
    tables: &[],
    stem_norm: "",
    final_norm: "norm",
    pooler: "",
    masked: Masked {
        dense: "",
        norm: "",
        decoder: "head.decoder",
        bias: Flag::No,
        twin: "",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, purpose, all| {
        if purpose == Purpose::Plain {
            return Ok(());
        }
        if purpose != Purpose::Masked {
            return not_built(config, "Another class than that for masked words");
        }
        let width = config.size("head width", &["prediction_head_size"])?;
        let hidden = all.hidden.clone();
        let at = all.tail.len().saturating_sub(1);
        let one = dense("head.linear1", &width, &hidden, false, Rows::Tokens, Component::LmHead);
        let two = dense("head.linear2", &hidden, &width, false, Rows::Tokens, Component::LmHead);
        all.tail.splice(at..at, [one, two]);
        Ok(())
    },
    ..Encoder::BERT
};

/// Which of positions' parts DeBERTa compares: `c2p`, `p2c`.
fn compares(config: &Config, what: &str) -> Result<bool, ModelError> {
    match config.get("pos_att_type") {
        None => Ok(false),
        // Whole names in a list, or a text of names.
        Some(Value::Array(names)) => Ok(names.iter().any(|name| name.as_str() == Some(what))),
        Some(Value::String(names)) => Ok(names.to_lowercase().split('|').any(|name| name.trim() == what)),
        Some(other) => Err(wrong("pos_att_type", other, "names")),
    }
}

/// Relative positions on each side: as many as buckets, else as said, else as the longest context.
fn reach(config: &Config, buckets: bool) -> Result<Quantity, ModelError> {
    let positive = |key: &'static str| {
        let value = config.get(key).and_then(Value::as_i64).filter(|value| *value > 0);
        value.map(|value| Quantity::config("relative positions", key, value.unsigned_abs()))
    };
    let bucketed = buckets.then(|| positive("position_buckets")).flatten();
    match bucketed.or_else(|| positive("max_relative_positions")) {
        Some(reach) if reach.value <= 1 << 24 => Ok(reach),
        Some(reach) => Err(ModelError::OutOfRange {
            key: "max_relative_positions".to_owned(),
            found: reach.value.to_string(),
            least: 1,
            most: 1 << 24,
        }),
        None => config.size("relative positions", &["max_position_embeddings"]),
    }
}

/// A product of every token with the table of relative positions, all heads.
fn with_positions(name: &'static str, hidden: &Quantity, twice: &Quantity) -> Operator {
    Operator {
        name,
        component: Component::Attention,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: hidden.clone(),
            output: twice.clone(),
            routing: None,
        },
        tensors: Vec::new(),
    }
}

/// A matrix over the table of relative positions.
fn over_positions(module: &str, hidden: &Quantity, rows: u64, tensors: bool, bias: bool) -> Operator {
    let component = Component::Projection;
    let weight = Tensor::matrix(format!("{module}.weight"), component, hidden, hidden);
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, hidden));
    let mut operator = Operator::linear("positions", weight, bias, Rows::Given(rows), hidden, hidden);
    if !tensors {
        operator.tensors.clear();
    }
    operator
}

const DEBERTA_TABLES: &[Table] = &[
    Table {
        when: Flag::Key("position_biased_input", true),
        ..POSITIONS
    },
    TYPES,
];

/// Disentangled attention (He 2021, arXiv 2111.09543).
const DEBERTA2: Encoder = Encoder {
    class: "DebertaV2",
    side: Side {
        attention: [
            "attention.self.query_proj",
            "attention.self.key_proj",
            "attention.self.value_proj",
            "attention.output.dense",
        ],
        ..Side::BERT
    },
    tables: DEBERTA_TABLES,
    pooler: "",
    sorting: Sorting::Dense("pooler.dense", "classifier"),
    pretraining: Pretraining::Unknown,
    adjust_layer: |config, hidden, _, mut blocks| {
        if !config.flag("relative_attention", false)? {
            return Ok(blocks);
        }
        let reach = reach(config, true)?;
        let twice = reach.times("relative positions", 2);
        let shared = config.flag("share_att_key", false)?;
        let (c2p, p2c) = (compares(config, "c2p")?, compares(config, "p2c")?);
        if let Some(attention) = blocks.first_mut() {
            if shared || c2p {
                let module = "attention.self.pos_key_proj";
                attention
                    .operators
                    .push(over_positions(module, hidden, twice.value, !shared, true));
            }
            if shared || p2c {
                let module = "attention.self.pos_query_proj";
                attention
                    .operators
                    .push(over_positions(module, hidden, twice.value, !shared, true));
            }
            for _ in [c2p, p2c].into_iter().filter(|there| *there) {
                attention
                    .operators
                    .push(with_positions("content and position", hidden, &twice));
            }
        }
        Ok(blocks)
    },
    adjust_ends: |config, purpose, all| {
        deberta_ends(config, purpose, all)?;
        let hidden = all.hidden.clone();
        if config.flag("relative_attention", false)? {
            let rows = reach(config, true)?.times("rows", 2);
            all.stem.push(positions("encoder.rel_embeddings", &rows, &hidden));
        }
        let norms = config.text("norm_rel_ebd").unwrap_or("none").to_lowercase();
        if norms.split('|').any(|name| name.trim() == "layer_norm") {
            all.stem.push(norm(Norm::Layer, "encoder.LayerNorm", &hidden));
        }
        if config
            .get("conv_kernel_size")
            .and_then(Value::as_i64)
            .is_some_and(|size| size > 0)
        {
            let kernel = config.size("kernel", &["conv_kernel_size"])?;
            if config
                .optional("groups", &["conv_groups"])?
                .is_some_and(|groups| groups.value != 1)
            {
                return not_built(config, "A convolution in groups (conv_groups)");
            }
            let weight = Tensor::new(
                "encoder.conv.conv.weight",
                TensorKind::Vector,
                Component::Projection,
                &[&hidden, &hidden, &kernel],
            );
            let bias = Tensor::vector("encoder.conv.conv.bias", Component::Projection, &hidden);
            let wide = Quantity::product("window", &[&hidden, &kernel]);
            let convolution = Operator::linear("convolution", weight, Some(bias), Rows::Tokens, &hidden, &wide);
            all.stem.push(Block {
                operators: vec![convolution],
                ..Block::new("Convolution", Role::Embedding)
            });
            all.stem.push(norm(Norm::Layer, "encoder.conv.LayerNorm", &hidden));
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// What is refused of both.
fn deberta_ends(config: &Config, purpose: Purpose, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.value;
    for key in ["embedding_size", "pooler_hidden_size"] {
        let pools = key != "pooler_hidden_size" || purpose == Purpose::Texts;
        if pools
            && config
                .optional("width", &[key])?
                .is_some_and(|width| width.value != hidden)
        {
            return not_built(config, format!("Another width than that of the layers ({key})"));
        }
    }
    if purpose == Purpose::Masked && !config.flag("legacy", true)? {
        return not_built(config, "The head for masked words that is not the legacy one");
    }
    Ok(())
}

/// He 2020, arXiv 2006.03654: one matrix of q, k and v, biases of q and v.
const DEBERTA: Encoder = Encoder {
    class: "Deberta",
    side: Side {
        attention: [
            "attention.self.in_proj",
            "attention.self.in_proj",
            "attention.self.in_proj",
            "attention.output.dense",
        ],
        qkv_bias: Flag::No,
        ..Side::BERT
    },
    tables: DEBERTA_TABLES,
    pooler: "",
    sorting: Sorting::Dense("pooler.dense", "classifier"),
    pretraining: Pretraining::Unknown,
    adjust_layer: |config, hidden, _, mut blocks| {
        if config.flag("talking_head", false)? {
            return not_built(config, "Talking heads (talking_head)");
        }
        let relative = config.flag("relative_attention", false)?;
        let (c2p, p2c) = (compares(config, "c2p")?, compares(config, "p2c")?);
        let twice = reach(config, false)?.times("relative positions", 2);
        if let Some(attention) = blocks.first_mut() {
            if let Some(first) = attention.operators.first_mut() {
                for name in ["attention.self.q_bias", "attention.self.v_bias"] {
                    first.tensors.push(Tensor::vector(name, Component::Projection, hidden));
                }
            }
            for (there, module, bias) in [
                (c2p, "attention.self.pos_proj", false),
                (p2c, "attention.self.pos_q_proj", true),
            ] {
                if relative && there {
                    attention
                        .operators
                        .push(over_positions(module, hidden, twice.value, true, bias));
                    attention
                        .operators
                        .push(with_positions("content and position", hidden, &twice));
                }
            }
        }
        Ok(blocks)
    },
    adjust_ends: |config, purpose, all| {
        deberta_ends(config, purpose, all)?;
        if config.flag("relative_attention", false)? {
            let rows = reach(config, false)?.times("rows", 2);
            let hidden = all.hidden.clone();
            all.stem.push(positions("encoder.rel_embeddings", &rows, &hidden));
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// Half of the heads are convolutions whose kernels follow from the tokens (Jiang 2020, arXiv 2008.02496).
const CONV: Encoder = Encoder {
    class: "ConvBert",
    pretraining: Pretraining::Unknown,
    adjust_layer: convolved,
    ..ELECTRA
};

/// A layer of ConvBERT.
fn convolved(config: &Config, hidden: &Quantity, _: u64, mut blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if config
        .optional("groups", &["num_groups"])?
        .is_some_and(|groups| groups.value != 1)
    {
        return not_built(config, "An MLP in groups (num_groups)");
    }
    let all = config.size("heads", &["num_attention_heads"])?;
    let ratio = config.size("ratio", &["head_ratio"])?;
    let kernel = config.size("kernel", &["conv_kernel_size"])?;
    let heads = Quantity::quotient("heads", &all, &ratio);
    if !all.value.is_multiple_of(ratio.value) || !hidden.value.is_multiple_of(heads.value.saturating_mul(2).max(1)) {
        return not_built(config, "Heads that the ratio does not divide (head_ratio)");
    }
    let two = Quantity::architecture("two", 2, "attention and convolution");
    let dim = Quantity::quotient("head_dim", &Quantity::quotient("width", hidden, &heads), &two);
    let half = Quantity::product("half", &[&heads, &dim]);
    let one = Quantity::architecture("filter", 1, "a filter for each channel");
    let kernels = Quantity::product("kernels", &[&heads, &kernel]);
    let Some(attention) = blocks.first_mut() else {
        return Ok(blocks);
    };
    for operator in &mut attention.operators {
        if let Some(module) = match operator.name {
            "q_proj" => Some("attention.self.query"),
            "k_proj" => Some("attention.self.key"),
            "v_proj" => Some("attention.self.value"),
            _ => None,
        } {
            *operator = dense(module, &half, hidden, true, Rows::Tokens, Component::Projection)
                .operators
                .remove(0);
        }
        if let Kind::Attention(attention) = &mut operator.kind {
            attention.heads = heads.clone();
            attention.kv_heads = heads.clone();
            attention.key_dim = dim.clone();
            attention.value_dim = dim.clone();
        }
    }
    let component = Component::Attention;
    let prefix = "attention.self.key_conv_attn_layer";
    let kernel_of =
        |name: &str, dims: &[&Quantity]| Tensor::new(format!("{prefix}.{name}"), TensorKind::Vector, component, dims);
    let depth = kernel_of("depthwise.weight", &[hidden, &one, &kernel]);
    let point = kernel_of("pointwise.weight", &[&half, hidden, &one]);
    let bias = kernel_of("bias", &[&half, &one]);
    let linear = |module: &str, out: &Quantity, input: &Quantity| {
        dense(module, out, input, true, Rows::Tokens, component)
            .operators
            .remove(0)
    };
    attention.operators.extend([
        Operator::linear("convolution", depth, None, Rows::Tokens, hidden, &kernel),
        Operator::linear("convolution", point, Some(bias), Rows::Tokens, &half, hidden),
        linear("attention.self.conv_kernel_layer", &kernels, &half),
        linear("attention.self.conv_out_layer", &half, hidden),
        with_positions("kernels and values", &kernel, &half),
    ]);
    Ok(blocks)
}

/// A Fourier transform in place of attention (Lee-Thorp 2021, arXiv 2105.03824).
const FNET: Encoder = Encoder {
    class: "FNet",
    side: Side {
        attention: [""; 4],
        norms: ["", "fourier.output.LayerNorm", "", "", "", "output.LayerNorm"],
        ..Side::BERT
    },
    always_pools: true,
    adjust_layer: |_, hidden, _, mut blocks| {
        // About 5·log2 of the elements it mixes, for each of them.
        let transform = Operator::elementwise("Fourier transform", Component::Attention, hidden, Step::Plain(95), 1);
        let block = Block {
            operators: vec![transform],
            ..Block::new("Fourier transform", Role::TokenMixer)
        };
        blocks.insert(0, block);
        Ok(blocks)
    },
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.clone();
        if config.flag("use_tpu_fourier_optimizations", false)? {
            return not_built(config, "Fourier transforms as products (use_tpu_fourier_optimizations)");
        }
        let module = "embeddings.projection";
        all.stem.push(dense(
            module,
            &hidden,
            &hidden,
            true,
            Rows::Tokens,
            Component::Embedding,
        ));
        Ok(())
    },
    ..Encoder::BERT
};

/// What BigBird's layers see: some blocks, or all where the class is told so.
pub fn blocks_seen(config: &Config) -> Result<Span, ModelError> {
    match config.text("attention_type").unwrap_or("block_sparse") {
        "original_full" => Ok(Span::Both),
        "block_sparse" => Ok(Span::Blocks {
            size: config.size("block", &["block_size"])?,
            random: config.size("random blocks", &["num_random_blocks"])?.value,
        }),
        _ => not_built(config, "A kind of attention (attention_type)"),
    }
}

/// Zaheer 2020, arXiv 2007.14062.
const BIG_BIRD: Encoder = Encoder {
    class: "BigBird",
    side: Side {
        qkv_bias: Flag::Key("use_bias", true),
        key_bias: Flag::Key("use_bias", true),
        ..Side::BERT
    },
    pooler: "pooler",
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    span: |config, _| blocks_seen(config),
    adjust_ends: |config, purpose, _| match purpose {
        Purpose::Answers => not_built(config, "The class for answers"),
        _ => Ok(()),
    },
    always_pools: true,
    ..Encoder::BERT
};

/// Entities beside words (Yamada 2020, arXiv 2010.01057): their matrices wait for them.
const LUKE: Encoder = Encoder {
    class: "Luke",
    masked: Masked {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        twin: "lm_head.bias",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    always_pools: true,
    adjust_layer: |config, hidden, _, mut blocks| {
        if config.flag("use_entity_aware_attention", true)?
            && let Some(attention) = blocks.first_mut()
        {
            let modules = ["w2e_query", "e2w_query", "e2e_query"];
            attention
                .operators
                .extend(modules.map(|name| idle(&format!("attention.self.{name}"), hidden, hidden, true)));
        }
        Ok(blocks)
    },
    adjust_ends: |config, purpose, all| {
        let hidden = all.hidden.clone();
        let entities = config.size("entities", &["entity_vocab_size"])?;
        let width = config.size("entity width", &["entity_emb_size"])?;
        let rows = config.size("positions", &["max_position_embeddings"])?;
        let types = config.size("types", &["type_vocab_size"])?;
        let component = Component::Embedding;
        let place = |name: &str, dims: &[&Quantity]| {
            Tensor::new(format!("entity_embeddings.{name}"), TensorKind::Table, component, dims)
        };
        let mut tensors = vec![
            place("entity_embeddings.weight", &[&entities, &width]),
            place("position_embeddings.weight", &[&rows, &hidden]),
            place("token_type_embeddings.weight", &[&types, &hidden]),
        ];
        tensors.extend(Norm::Layer.tensors("entity_embeddings.LayerNorm", component, &[&hidden]));
        if width.value != hidden.value {
            tensors.push(Tensor::matrix(
                "entity_embeddings.entity_embedding_dense.weight",
                component,
                &hidden,
                &width,
            ));
        }
        all.stem.push(waiting("Entities", tensors));
        match purpose {
            Purpose::Plain => {}
            Purpose::Masked => {
                // Words have a matrix of their own; the bias is one.
                for tensor in all
                    .tail
                    .iter_mut()
                    .flat_map(|block| &mut block.operators)
                    .flat_map(|one| &mut one.tensors)
                {
                    if tensor.name == "lm_head.decoder.weight" {
                        tensor.tied = false;
                    }
                }
                let mut tensors = vec![
                    Tensor::matrix(
                        "entity_predictions.transform.dense.weight",
                        Component::LmHead,
                        &width,
                        &hidden,
                    ),
                    Tensor::vector("entity_predictions.transform.dense.bias", Component::LmHead, &width),
                    Tensor::vector("entity_predictions.bias", Component::LmHead, &entities),
                ];
                tensors.extend(Norm::Layer.tensors(
                    "entity_predictions.transform.LayerNorm",
                    Component::LmHead,
                    &[&width],
                ));
                if !all.tied {
                    tensors.push(Tensor::matrix(
                        "entity_predictions.decoder.weight",
                        Component::LmHead,
                        &entities,
                        &width,
                    ));
                }
                all.tail.push(waiting("Entities", tensors));
                all.tied = false;
            }
            _ => return not_built(config, "Another class than that for masked words"),
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// A matrix that no text of plain words passes.
fn idle(module: &str, out: &Quantity, input: &Quantity, bias: bool) -> Operator {
    let component = Component::Projection;
    let mut tensors = vec![Tensor::matrix(format!("{module}.weight"), component, out, input)];
    tensors.extend(bias.then(|| Tensor::vector(format!("{module}.bias"), component, out)));
    Operator {
        name: "idle",
        component,
        kind: Kind::Idle,
        tensors,
    }
}

/// Tensors that no text of plain words meets.
fn waiting(title: &'static str, tensors: Vec<Tensor>) -> Block {
    let component = tensors.first().map_or(Component::Embedding, |tensor| tensor.component);
    Block {
        operators: vec![Operator {
            name: "idle",
            component,
            kind: Kind::Idle,
            tensors,
        }],
        ..Block::new(title, Role::Embedding)
    }
}

/// Products in groups of channels (Iandola 2020, arXiv 2006.11316).
const SQUEEZE: Encoder = Encoder {
    class: "SqueezeBert",
    side: Side {
        attention: [
            "attention.query",
            "attention.key",
            "attention.value",
            "post_attention.conv1d",
        ],
        mlp: ["", "intermediate.conv1d", "output.conv1d"],
        norms: ["", "post_attention.layernorm", "", "", "", "output.layernorm"],
        ..Side::BERT
    },
    sorting: Sorting::Pooled,
    pretraining: Pretraining::Unknown,
    always_pools: true,
    adjust_layer: |config, _, _, mut blocks| {
        let keys = [
            ("attention.query.weight", "q_groups"),
            ("attention.key.weight", "k_groups"),
            ("attention.value.weight", "v_groups"),
            ("post_attention.conv1d.weight", "post_attention_groups"),
            ("intermediate.conv1d.weight", "intermediate_groups"),
            ("output.conv1d.weight", "output_groups"),
        ];
        for operator in blocks.iter_mut().flat_map(|block| &mut block.operators) {
            let Some(weight) = operator.tensors.first_mut() else {
                continue;
            };
            let Some((_, key)) = keys.iter().find(|(name, _)| *name == weight.name) else {
                continue;
            };
            let groups = config.size("groups", std::slice::from_ref(key))?;
            let Kind::Linear { input, output, .. } = &mut operator.kind else {
                continue;
            };
            if !input.value.is_multiple_of(groups.value) || !output.value.is_multiple_of(groups.value) {
                return Err(ModelError::Inconsistent(format!(
                    "{key} does not divide the width it groups."
                )));
            }
            *input = Quantity::quotient("channels of a group", input, &groups);
            weight.dims = vec![output.clone(), input.clone()];
        }
        Ok(blocks)
    },
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.value;
        if config
            .optional("width", &["embedding_size"])?
            .is_some_and(|width| width.value != hidden)
        {
            return not_built(config, "Another width than that of the layers (embedding_size)");
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// Thin layers between wide streams (Sun 2020, arXiv 2004.02984).
const MOBILE: Encoder = Encoder {
    class: "MobileBert",
    side: Side::BERT,
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    adjust_layer: thin,
    adjust_ends: |config, purpose, all| {
        let hidden = all.hidden.clone();
        let narrow = config.size("embedding width", &["embedding_size"])?;
        let three = config.flag("trigram_input", true)?;
        let joined = narrow.times("neighbours", if three { 3 } else { 1 });
        all.stem.clear();
        all.stem.push(super::super::blocks::embedding(
            "embeddings.word_embeddings",
            &all.vocabulary,
            &narrow,
        ));
        for table in [POSITIONS, TYPES] {
            all.stem
                .push(positions(table.module, &config.size("rows", table.rows)?, &hidden));
        }
        let module = "embeddings.embedding_transformation";
        let transform = dense(module, &hidden, &joined, true, Rows::Tokens, Component::Embedding);
        all.stem.push(transform);
        all.stem.push(norm(Norm::Layer, "embeddings.LayerNorm", &hidden));
        match purpose {
            Purpose::Masked => {
                let Some(rest) = hidden.value.checked_sub(narrow.value).filter(|rest| *rest > 0) else {
                    return not_built(config, "A table as wide as the layers (embedding_size)");
                };
                let rest = Quantity::architecture("rest", rest, "width less that of the table");
                let words = all.vocabulary.clone();
                if let Some(operator) = all.tail.last_mut().and_then(|block| block.operators.first_mut()) {
                    if let Some(weight) = operator.tensors.first_mut() {
                        weight.dims = vec![words.clone(), narrow.clone()];
                    }
                    let more = Tensor::matrix("cls.predictions.dense.weight", Component::LmHead, &rest, &words);
                    operator.tensors.push(more);
                }
                Ok(())
            }
            Purpose::Plain if !config.flag("classifier_activation", true)? => {
                all.tail.clear();
                Ok(())
            }
            Purpose::Plain => Ok(()),
            _ => not_built(config, "Another class than that for masked words"),
        }
    },
    ..Encoder::BERT
};

/// A layer of MobileBERT.
fn thin(config: &Config, hidden: &Quantity, _: u64, _: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let plain = config
        .text("normalization_type")
        .is_none_or(|name| matches!(name, "no_norm" | "layer_norm"));
    if !plain || !config.flag("use_bottleneck", true)? || config.flag("use_bottleneck_attention", false)? {
        return not_built(config, "A bottleneck of another kind");
    }
    if !config.flag("key_query_shared_bottleneck", true)? {
        return not_built(
            config,
            "Keys and queries without a bottleneck (key_query_shared_bottleneck)",
        );
    }
    let inner = config.size("bottleneck", &["intra_bottleneck_size"])?;
    // A file's own word wins over the width of the bottleneck, which other parts keep.
    if config
        .optional("width", &["true_hidden_size"])?
        .is_some_and(|width| width.value != inner.value)
    {
        return not_built(config, "Another width than that of the bottleneck (true_hidden_size)");
    }
    let width = config.size("intermediate", &["intermediate_size"])?;
    let networks = config.size("networks", &["num_feedforward_networks"])?;
    if networks.value > 1000 {
        return not_built(config, "More than a thousand networks in a layer");
    }
    let linear = |module: &str, out: &Quantity, input: &Quantity, component| {
        dense(module, out, input, true, Rows::Tokens, component)
    };
    let mut blocks = Vec::new();
    for module in ["input", "attention"] {
        let dense = format!("bottleneck.{module}.dense");
        blocks.push(linear(&dense, &inner, hidden, Component::Projection));
        blocks.push(named_norm(&format!("bottleneck.{module}.LayerNorm"), &inner));
    }
    let mut attention = Side::BERT.layer(config, &inner, Span::Both)?.remove(0);
    for operator in &mut attention.operators {
        if operator.name == "v_proj" {
            *operator = linear("attention.self.value", &inner, hidden, Component::Projection)
                .operators
                .remove(0);
        }
    }
    blocks.push(attention);
    blocks.push(named_norm("attention.output.LayerNorm", &inner));
    for network in 1..networks.value {
        let prefix = format!("ffn.{}", network - 1);
        blocks.push(linear(
            &format!("{prefix}.intermediate.dense"),
            &width,
            &inner,
            Component::Mlp,
        ));
        blocks.push(linear(
            &format!("{prefix}.output.dense"),
            &inner,
            &width,
            Component::Mlp,
        ));
        blocks.push(named_norm(&format!("{prefix}.output.LayerNorm"), &inner));
    }
    blocks.push(linear("intermediate.dense", &width, &inner, Component::Mlp));
    blocks.push(linear("output.dense", &inner, &width, Component::Mlp));
    blocks.push(named_norm("output.LayerNorm", &inner));
    blocks.push(linear("output.bottleneck.dense", hidden, &inner, Component::Mlp));
    blocks.push(named_norm("output.bottleneck.LayerNorm", hidden));
    Ok(blocks)
}

/// A norm whose module is made up of names.
fn named_norm(module: &str, width: &Quantity) -> Block {
    let mut operator = Operator::elementwise("norm", Component::Norm, width, Step::Norm(Norm::Layer), 1);
    operator.tensors = Norm::Layer.tensors(module, Component::Norm, &[width]);
    Block {
        operators: vec![operator],
        ..Block::new("LayerNorm", Role::Norm)
    }
}
