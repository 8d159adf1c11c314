//! From a config and a description to a blueprint.

use super::super::blocks::{
    GroupedAttention, Heads, LatentAttention, Mlp, QkNorm, RoutedExperts, SharedExperts, embedding, grouped, head,
    latent, mlp, norm, routed,
};
use super::super::blueprint::{Beside, Blueprint, LayerKind};
use super::super::component::Component;
use super::super::config::{Config, MOST_LAYERS, whole};
use super::super::error::ModelError;
use super::super::layout::Layout;
use super::super::operator::{Block, Operator, Role, Routing, Span};
use super::super::quantisation;
use super::super::tensor::{Tensor, TensorKind};
use super::Family;
use super::decoder::{AttentionForm, Correction, Decoder, Experts, Flag, Gate, MoeLayers, Pattern, Shared};
use crate::units::{Exact, Quantity, grouped as thousands};

const HIDDEN: &[&str] = &["hidden_size", "n_embd", "d_model"];
const LAYERS: &[&str] = &["num_hidden_layers", "n_layer", "n_layers", "num_layers"];
const HEADS: &[&str] = &["num_attention_heads", "n_head", "n_heads"];
const KV_HEADS: &[&str] = &["num_key_value_heads", "num_kv_heads", "n_head_kv"];
const INTERMEDIATE: &[&str] = &["intermediate_size", "ffn_dim", "n_inner"];
const EXPERTS: &[&str] = &[
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "moe_num_experts",
    "num_routed_experts",
];
const TOP_K: &[&str] = &[
    "num_experts_per_tok",
    "num_experts_per_token",
    "experts_per_token",
    "moe_topk",
    "moe_k",
    "top_k_experts",
];
const POSITIONS: &[&str] = &["max_position_embeddings", "n_positions", "max_seq_len", "seq_length"];

/// What makes a layer of its own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    windowed: bool,
    sparse: bool,
}

/// Builds the blueprint of a family's model.
pub fn assemble(config: &Config, family: &Family) -> Result<Blueprint, ModelError> {
    let decoder = &family.decoder;
    let hidden = config.size("hidden", HIDDEN)?;
    let vocabulary = config.size("vocabulary", &["vocab_size", "padded_vocab_size"])?;
    let layers = config.size("layers", LAYERS)?;
    if layers.value > MOST_LAYERS {
        let found = thousands(layers.value);
        return Err(ModelError::OutOfRange {
            key: "num_hidden_layers".to_owned(),
            found,
            least: 1,
            most: MOST_LAYERS,
        });
    }
    let max_context = config.optional("max_context", POSITIONS)?;
    let window = window(config, decoder, max_context.as_ref())?;
    let sparse = sparse_layers(config, decoder, layers.value)?;
    let windowed = windowed_layers(config, decoder, layers.value, window.is_some())?;
    let mixer = Mixer::read(config, decoder, &hidden)?;
    let channel = Channel::read(
        config,
        decoder,
        &hidden,
        sparse.iter().any(|&yes| yes),
        sparse.iter().all(|&yes| yes),
    )?;

    let parallel = flag(config, decoder.parallel)?;
    let mut plans: Vec<Plan> = Vec::new();
    let order: Vec<usize> = windowed
        .iter()
        .zip(&sparse)
        .map(|(&windowed, &sparse)| {
            let plan = Plan { windowed, sparse };
            plans.iter().position(|known| *known == plan).unwrap_or_else(|| {
                plans.push(plan);
                plans.len() - 1
            })
        })
        .collect();
    let counts = |kind| order.iter().filter(|&&one| one == kind).count() as u64;
    let kinds = plans
        .iter()
        .enumerate()
        .map(|(at, plan)| {
            let span = match &window {
                Some(window) if plan.windowed => Span::Window(window.clone()),
                _ => Span::Full,
            };
            let count = if plans.len() == 1 {
                layers.clone()
            } else {
                Quantity {
                    name: kind_count_name(*plan).into(),
                    value: counts(at),
                    ..layers.clone()
                }
            };
            LayerKind {
                title: kind_title(*plan, &span),
                blocks: layer(
                    decoder,
                    parallel,
                    &hidden,
                    mixer.block(&hidden, span),
                    channel.block(&hidden, *plan),
                ),
                count,
            }
        })
        .collect();

    let tied = tied(config, decoder)?;
    let head_bias = flag(config, decoder.head_bias)?;
    let mut tail = Vec::new();
    if !decoder.names.final_norm.is_empty() {
        tail.push(norm(decoder.norm, decoder.names.final_norm, &hidden));
    }
    tail.push(head("lm_head", &vocabulary, &hidden, tied, head_bias));
    let mut blueprint = Blueprint {
        model_type: config.model_type().to_owned(),
        family: family.title,
        attention: mixer.words(),
        experts: channel.words(),
        stem: vec![embedding(decoder.names.embedding, &vocabulary, &hidden)],
        layers,
        hidden,
        vocabulary,
        max_context,
        kinds,
        layout: Layout::new(&order),
        head: tail,
        tied,
        published: quantisation::read(config)?,
        beside: Vec::new(),
        notices: Vec::new(),
    };
    exempt(&mut blueprint);
    blueprint.beside = beside(config, &blueprint)?;
    blueprint.notices = config.notices();
    Ok(blueprint)
}

/// The mixers of a layer between their norms.
fn layer(decoder: &Decoder, parallel: bool, hidden: &Quantity, mixer: Block, channel: Block) -> Vec<Block> {
    let [before_mixer, after_mixer, before_channel, after_channel] = decoder.names.norms;
    let norm = |name: &'static str| (!name.is_empty()).then(|| norm(decoder.norm, name, hidden));
    let mut blocks = Vec::with_capacity(6);
    blocks.extend(norm(before_mixer));
    blocks.push(mixer);
    blocks.extend(norm(after_mixer));
    if !parallel {
        blocks.extend(norm(before_channel));
    }
    blocks.push(channel);
    blocks.extend(norm(after_channel));
    blocks
}

fn kind_title(plan: Plan, span: &Span) -> String {
    let span = match span {
        Span::Full => "full attention".to_owned(),
        Span::Window(window) => format!("window of {}", thousands(window.value)),
    };
    format!("{span} · {}", if plan.sparse { "experts" } else { "MLP" })
}

const fn kind_count_name(plan: Plan) -> &'static str {
    match (plan.windowed, plan.sparse) {
        (false, false) => "full_dense_layers",
        (false, true) => "full_moe_layers",
        (true, false) => "window_dense_layers",
        (true, true) => "window_moe_layers",
    }
}

/// Reads a flag of the description.
fn flag(config: &Config, flag: Flag) -> Result<bool, ModelError> {
    match flag {
        Flag::No => Ok(false),
        Flag::Yes => Ok(true),
        Flag::Key(key, otherwise) => config.flag(key, otherwise),
    }
}

/// Whether the head is the token table. The language model's own key decides, then the family's default.
fn tied(config: &Config, decoder: &Decoder) -> Result<bool, ModelError> {
    if config.get("tie_word_embeddings").is_some() {
        return config.flag("tie_word_embeddings", decoder.tied);
    }
    if config.root_type() != config.model_type()
        && let Some(value) = config.get_anywhere("tie_word_embeddings")
    {
        return value
            .as_bool()
            .ok_or_else(|| super::super::config::wrong("tie_word_embeddings", value, "true or false"));
    }
    let words = if decoder.tied {
        "shared with the token table"
    } else {
        "a matrix of its own"
    };
    config.notice(
        "tie_assumed",
        format!(
            "tie_word_embeddings is not in the config; for {} the output head is {words}.",
            config.model_type()
        ),
    );
    Ok(decoder.tied)
}

/// The window's size, unless it is off or as long as the context.
fn window(config: &Config, decoder: &Decoder, max_context: Option<&Quantity>) -> Result<Option<Quantity>, ModelError> {
    if decoder.windows.pattern == Pattern::Never && config.get("layer_types").is_none() {
        return Ok(None);
    }
    if let Some(switch) = decoder.windows.switch
        && !config.flag(switch, false)?
    {
        return Ok(None);
    }
    let Some(window) = config.optional("window", &["sliding_window", "sliding_window_size"])? else {
        return Ok(None);
    };
    // A window longer than the longest context never hides anything.
    let hides = window.value > 0 && max_context.is_none_or(|most| window.value <= most.value);
    Ok(hides.then_some(window))
}

/// For each layer, whether it sees only a window.
fn windowed_layers(config: &Config, decoder: &Decoder, layers: u64, any: bool) -> Result<Vec<bool>, ModelError> {
    if let Some(types) = config.names("layer_types")? {
        if (types.len() as u64) < layers {
            return Err(ModelError::Inconsistent(format!(
                "layer_types has {} entries for {layers} layers.",
                types.len()
            )));
        }
        let windowed = types.iter().take(layers as usize).map(|&name| match name {
            "full_attention" | "attention" => Ok(false),
            "sliding_attention" => Ok(any),
            other => Err(ModelError::NotBuilt {
                model_type: config.model_type().to_owned(),
                what: format!("The layer type \"{}\"", other.chars().take(40).collect::<String>()),
            }),
        });
        return windowed.collect();
    }
    let rule: Box<dyn Fn(u64) -> bool> = match decoder.windows.pattern {
        _ if !any => Box::new(|_| false),
        Pattern::Never => Box::new(|_| false),
        Pattern::Always => Box::new(|_| true),
        Pattern::Even => Box::new(|layer| layer % 2 == 0),
        Pattern::FullEvery(keys, otherwise) => {
            let every = config
                .optional("full_every", keys)?
                .map_or(otherwise, |found| found.value);
            Box::new(move |layer| every == 0 || (layer + 1) % every != 0)
        }
        Pattern::From(key) => {
            let first = config
                .optional("max_window_layers", std::slice::from_ref(&key))?
                .map_or(0, |found| found.value);
            Box::new(move |layer| layer >= first)
        }
    };
    Ok((0..layers).map(rule).collect())
}

/// For each layer, whether it has experts.
fn sparse_layers(config: &Config, decoder: &Decoder, layers: u64) -> Result<Vec<bool>, ModelError> {
    let Some(experts) = &decoder.experts else {
        return Ok(vec![false; layers as usize]);
    };
    if let Some(types) = config.names("mlp_layer_types")?
        && types.len() as u64 >= layers
    {
        return Ok(types
            .iter()
            .take(layers as usize)
            .map(|&name| name == "sparse")
            .collect());
    }
    let number = |key: &'static str, otherwise: u64| -> Result<u64, ModelError> {
        Ok(config.optional(key, &[key])?.map_or(otherwise, |found| found.value))
    };
    Ok(match experts.layers {
        MoeLayers::All => vec![true; layers as usize],
        MoeLayers::After(keys) => {
            let dense = config.optional("dense_layers", keys)?.map_or(0, |found| found.value);
            (0..layers).map(|layer| layer >= dense).collect()
        }
        MoeLayers::Sparse => {
            let dense = config.numbers("mlp_only_layers")?.unwrap_or_default();
            let step = number("decoder_sparse_step", 1)?.max(1);
            (0..layers)
                .map(|layer| (layer + 1) % step == 0 && !dense.contains(&layer))
                .collect()
        }
        MoeLayers::Interval => {
            let first = number("moe_layer_start_index", 0)?;
            let last = match config.get("moe_layer_end_index").and_then(serde_json::Value::as_i64) {
                None | Some(-1) => layers.saturating_sub(1),
                Some(index) => u64::try_from(index).unwrap_or(0),
            };
            let step = number("moe_layer_interval", 1)?.max(1);
            (0..layers)
                .map(|layer| (first..=last).contains(&layer) && (layer + 1) % step == 0)
                .collect()
        }
    })
}

/// The token mixer of every layer.
enum Mixer {
    Grouped(GroupedAttention),
    Latent(LatentAttention),
}

impl Mixer {
    fn read(config: &Config, decoder: &Decoder, hidden: &Quantity) -> Result<Self, ModelError> {
        let heads = config.size("heads", HEADS)?;
        if decoder.attention == AttentionForm::Latent {
            return Ok(Self::Latent(LatentAttention {
                q_rank: config
                    .optional("q_lora_rank", &["q_lora_rank"])?
                    .filter(|rank| rank.value > 0),
                kv_rank: config.size("kv_lora_rank", &["kv_lora_rank"])?,
                nope: config.size("qk_nope_head_dim", &["qk_nope_head_dim"])?,
                rope: config.size("qk_rope_head_dim", &["qk_rope_head_dim"])?,
                value_dim: config.size("v_head_dim", &["v_head_dim"])?,
                bias: flag(config, decoder.qkv_bias)?,
                heads,
            }));
        }
        let kv = config.size_or("kv_heads", KV_HEADS, || heads.renamed("kv_heads"))?;
        let key_dim = config.size_or("head_dim", &["head_dim", "attention_head_dim"], || {
            let derived = Quantity::quotient("head_dim", hidden, &heads);
            config.notice(
                "head_dim_derived",
                format!(
                    "head_dim is not in the config; {} ÷ {} = {} is assumed.",
                    thousands(hidden.value),
                    heads.value,
                    derived.value
                ),
            );
            derived
        })?;
        let norm = if flag(config, decoder.head_norm.when)? {
            decoder.head_norm.form
        } else {
            QkNorm::None
        };
        Ok(Self::Grouped(GroupedAttention {
            heads: Heads {
                queries: heads,
                kv,
                value_dim: key_dim.clone(),
                key_dim,
            },
            modules: decoder.names.attention,
            norm_modules: decoder.names.qk_norm,
            qkv_bias: flag(config, decoder.qkv_bias)?,
            output_bias: flag(config, decoder.output_bias)?,
            qk_norm: norm,
            sinks: decoder.sinks,
            span: Span::Full,
        }))
    }
    fn block(&self, hidden: &Quantity, span: Span) -> Block {
        match self {
            Self::Grouped(style) => grouped(hidden, &GroupedAttention { span, ..style.clone() }),
            Self::Latent(style) => latent(hidden, style),
        }
    }
    fn words(&self) -> String {
        match self {
            Self::Latent(style) => format!("MLA {} heads", style.heads.value),
            Self::Grouped(style) => {
                let (queries, kv) = (style.heads.queries.value, style.heads.kv.value);
                match kv {
                    1 if queries > 1 => format!("MQA {queries} : 1"),
                    _ if queries == kv => format!("MHA {queries}"),
                    _ => format!("GQA {queries} : {kv}"),
                }
            }
        }
    }
}

/// The channel mixers: dense, routed, or both by layer.
struct Channel {
    dense: Option<Block>,
    sparse: Option<Block>,
    words: Option<String>,
}

impl Channel {
    fn read(
        config: &Config,
        decoder: &Decoder,
        hidden: &Quantity,
        any_sparse: bool,
        all_sparse: bool,
    ) -> Result<Self, ModelError> {
        let mut dense = None;
        if !all_sparse {
            let width = config.size_or("intermediate", INTERMEDIATE, || hidden.times("intermediate", 4))?;
            let [gate, up, down] = decoder.names.mlp;
            let style = Mlp {
                width,
                gate: (decoder.gate == Gate::Gated).then_some(gate),
                up,
                down,
                bias: flag(config, decoder.mlp_bias)?,
                component: Component::Mlp,
            };
            let mut block = mlp(hidden, &style);
            if decoder.activation_parameters > 0 {
                let count = Quantity::architecture(
                    "parameters",
                    decoder.activation_parameters,
                    "learned scalars of the activation",
                );
                let mut operator = Operator::elementwise("activation parameters", Component::Mlp, &count, 0, 0);
                operator.tensors = vec![Tensor::vector("mlp.act_fn", Component::Mlp, &count)];
                block.operators.push(operator);
            }
            dense = Some(block);
        }
        let (mut sparse, mut words) = (None, None);
        if let Some(experts) = decoder.experts.as_ref().filter(|_| any_sparse) {
            let style = routed_style(config, experts)?;
            let shared = style.shared.as_ref().map_or("", |_| ", and shared ones");
            words = Some(format!(
                "{} of {} experts{shared}",
                style.routing.top_k.value,
                thousands(style.routing.experts.value)
            ));
            sparse = Some(routed(hidden, &style));
        }
        Ok(Self { dense, sparse, words })
    }
    fn block(&self, _: &Quantity, plan: Plan) -> Block {
        let block = if plan.sparse { &self.sparse } else { &self.dense };
        block.clone().unwrap_or_else(|| Block::new("None", Role::ChannelMixer))
    }
    fn words(&self) -> Option<String> {
        self.words.clone()
    }
}

fn routed_style(config: &Config, experts: &Experts) -> Result<RoutedExperts, ModelError> {
    let routing = Routing {
        experts: config.size("experts", EXPERTS)?,
        top_k: config.size("top_k", TOP_K)?,
    };
    if routing.top_k.value > routing.experts.value {
        let (top_k, all) = (routing.top_k.value, routing.experts.value);
        return Err(ModelError::Inconsistent(format!(
            "A token cannot use {top_k} of {all} experts: num_experts_per_tok exceeds the number of experts."
        )));
    }
    let width = config.size("expert_width", experts.width)?;
    let shared_width = match experts.shared {
        Shared::None => None,
        Shared::Count(keys) => config
            .optional("shared_experts", keys)?
            .filter(|count| count.value > 0)
            .map(|count| Quantity::product("shared_width", &[&count, &width])),
        Shared::Width(keys) => config.optional("shared_width", keys)?.filter(|width| width.value > 0),
    };
    Ok(RoutedExperts {
        routing,
        width,
        router: experts.router,
        router_bias: experts.bias,
        correction: match experts.correction {
            Correction::None => None,
            Correction::Buffer(name) => Some(name),
        },
        modules: experts.modules,
        bias: experts.bias,
        shared: shared_width.map(|width| SharedExperts {
            width,
            module: experts.shared_module,
            gate: experts.shared_gate,
        }),
    })
}

/// Marks the tensors that the published quantisation leaves alone by name.
fn exempt(blueprint: &mut Blueprint) {
    let Blueprint {
        published,
        layout,
        stem,
        kinds,
        head,
        ..
    } = blueprint;
    if published.kept.is_empty() {
        return;
    }
    let mark = |block: &mut Block, kind| {
        for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
            tensor.exempt = published.exempt(tensor, kind, layout);
        }
    };
    stem.iter_mut().chain(head).for_each(|block| mark(block, None));
    for (at, kind) in kinds.iter_mut().enumerate() {
        let place = Some((at, kind.count.value));
        kind.blocks.iter_mut().for_each(|block| mark(block, place));
    }
}

/// What the checkpoint holds besides: router corrections and multi-token-prediction layers.
fn beside(config: &Config, blueprint: &Blueprint) -> Result<Vec<Beside>, ModelError> {
    let mut all = Vec::new();
    let buffers = blueprint
        .tensors()
        .filter(|(_, tensor)| tensor.kind == TensorKind::Buffer);
    let elements = buffers.fold(0, |all: u64, (place, tensor)| {
        all.saturating_add(place.times(tensor.elements::<Exact>()).0)
    });
    if elements > 0 {
        all.push(Beside {
            name: "router correction biases",
            elements,
        });
    }
    // Only what the file itself says: classes have defaults here that most checkpoints do not follow.
    let keys = ["num_nextn_predict_layers", "mtp_num_hidden_layers"];
    let given = keys.iter().find_map(|&key| config.get(key).map(|value| (key, value)));
    let predictors = given
        .map(|(key, value)| whole(key, value, 0, 1000))
        .transpose()?
        .unwrap_or(0);
    if let Some(last) = blueprint.kinds.last().filter(|_| predictors > 0) {
        // One more layer, a projection of two hidden states into one, and three norms (DeepSeek-V3, arXiv 2412.19437, 2.2).
        let tensors = last
            .blocks
            .iter()
            .flat_map(Block::tensors)
            .filter(|tensor| tensor.is_parameter());
        let layer = tensors.fold(0, |all: u64, tensor| all.saturating_add(tensor.count()));
        let hidden = blueprint.hidden.value;
        let joint = hidden
            .saturating_mul(hidden)
            .saturating_mul(2)
            .saturating_add(hidden.saturating_mul(3));
        let elements = layer.saturating_add(joint).saturating_mul(predictors);
        config.notice(
            "mtp_not_counted",
            format!("{predictors} multi-token-prediction layer(s) are in the checkpoint but take no part in generation; they are listed apart."),
        );
        all.push(Beside {
            name: "multi-token-prediction layers",
            elements,
        });
    }
    Ok(all)
}
