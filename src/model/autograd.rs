//! What the class of a model type leaves for the backward pass, where that differs from class to class.
//!
//! Read off transformers 5 (`modeling_*.py` of each type) and counted on its classes with a saved-tensor hook; the tests
//! hold counts of whole models. A type that is not listed is as Llama.

use serde_json::Value;

use super::config::Config;
use super::families::Purpose;
use super::pair_class::PairClass;

/// How a class writes its norm, which decides the copies that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormForm {
    /// An FP32 copy of the input and the 16-bit result before the weight (Llama).
    #[default]
    Upcast,
    /// All in FP32, the weight as 1 + weight (Gemma).
    OnePlus,
    /// The same with the root written as a power (Gemma 4).
    OnePlusPower,
    /// All in FP32, the result cast at the end (OLMo 2, gpt-oss).
    Float,
    /// An FP32 copy of the input, the input itself times the root, and the 16-bit result before the weight (T5).
    Scaled,
    /// Mean and variance by hand in FP32 (Cohere).
    CenteredFloat,
    /// PyTorch's layer norm, which keeps its input.
    Native,
}

/// How a class writes its nonlinearity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActivationForm {
    /// One operator: its input is kept.
    #[default]
    Native,
    /// One whose result tells its input (ReLU).
    Result,
    /// The tanh form of GELU, written out: four tensors.
    WrittenOut,
    /// x · sigmoid(1.702 x), written out: two tensors.
    Quick,
    /// ReLU squared: two tensors.
    Squared,
    /// xIELU, written out: four tensors and where the input is positive.
    Xielu,
}

/// How a class computes attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttentionForm {
    /// Through PyTorch's fused kernels.
    #[default]
    Fused,
    /// Scores are always written; the softmax in FP32 and its 16-bit copy are kept.
    Eager,
    /// Scores are always written, queries and keys in FP32 (GPT-Neo).
    EagerFloat,
    /// Scores are always written, the softmax in 16 bits with a column for the sink (gpt-oss).
    EagerSink,
}

/// What a class that sorts texts reads of the last hidden states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextForm {
    /// The first token's row: a view that keeps those of all tokens, where what reads it keeps its input.
    #[default]
    View,
    /// The first token's row through dropout, which makes a copy.
    Dropped,
    /// Their mean.
    Mean,
}

/// What is kept where classes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Autograd {
    /// Norms of root mean squares; others keep as PyTorch's layer norm.
    pub norm: NormForm,
    /// Nonlinearities.
    pub activation: ActivationForm,
    /// Attention.
    pub attention: AttentionForm,
    /// Whether heads are laid one after the other, so that the output is copied before its projection.
    pub copies_output: bool,
    /// Whether attention and MLP read the same residual, each through a norm of its own.
    pub shared_residual: bool,
    /// Whether scores of attention are capped by a tanh.
    pub caps_scores: bool,
    /// Whether a dropout mask is kept of the scores.
    pub drops_attention: bool,
    /// Whether logits are capped by a tanh.
    pub caps_logits: bool,
    /// Whether a dropout mask is kept after the token table.
    pub drops_embedding: bool,
    /// Whether dropout masks are kept after attention, and after the MLP.
    pub drops_residual: [bool; 2],
    /// Whether a dropout mask is kept inside the MLP, and the dropped tensor beside what was dropped.
    pub drops_inside: bool,
    /// Whether a dropout mask is kept after the last norm of each side.
    pub drops_end: bool,
    /// Of an encoder: whether what its class keeps was counted.
    pub counts_encoder: bool,
    /// Of an encoder with a decoder: whether what its class keeps was counted.
    pub counts_pair: bool,
    /// Whether relative positions are added to the scores, so that a fused kernel gets a mask in every layer.
    pub adds_positions: bool,
    /// Whether every layer has positions of its own, those of the first layer not being handed on.
    pub positions_each: bool,
    /// Of an encoder for labels or embeddings: whether its class is one that was counted.
    pub counts_class: bool,
    /// Of an encoder for labels: whether a dropout mask is kept before the last matrix.
    pub drops_classifier: bool,
    /// Of an encoder that sorts texts: what its head reads.
    pub texts: TextForm,
    /// Whether log-probabilities stay in the format of the logits; others make them in FP32.
    pub keeps_loss_format: bool,
    /// Whether something in FP32 is added to the logits, which autocast leaves in FP32 then.
    pub widens_logits: bool,
    /// Whether the router reads an FP32 copy of its input.
    pub routes_in_float: bool,
    /// Whether queries, keys and values come from one matrix.
    pub joins_qkv: bool,
    /// Whether gate and up come from one matrix.
    pub joins_gate: bool,
    /// Whether values are normed, without a weight.
    pub norms_values: bool,
    /// Whether written scores go through a softmax in 16 bits.
    pub halves_scores: bool,
    /// Whether the first layer reads something else than the token table's rows: positions added, or scaled by a factor.
    pub changes_embedding: bool,
    /// Of an encoder beside a decoder: the same.
    pub changes_encoder_rows: bool,
    /// Ends of the names of parameters that no gradient reaches, beside those of every type.
    frozen: &'static [&'static str],
    /// Whether attention gets a mask even where it is plainly causal.
    pub always_masks: bool,
    /// Whether queries and keys are normed after their rotation, which autocast left in FP32.
    pub norms_rotated: bool,
    /// Whether gate and up are clamped before their product.
    pub clamps_gate: bool,
    /// Whether values are copied out of the one matrix that also makes queries and keys, instead of being a view of it.
    pub copies_values: bool,
    /// Whether a gate on the output of attention reads the kernel's own result, not a copy.
    pub gates_in_place: bool,
    /// Whether experts read their input times a random factor.
    pub jitters_input: bool,
}

/// Types by the form of their norm.
const NORMS: &[(&[&str], NormForm)] = &[
    (
        &[
            "gemma",
            "gemma2",
            "gemma3",
            "gemma3_text",
            "recurrent_gemma",
            "qwen3_next",
            "qwen3_5",
            "qwen3_5_text",
            "qwen3_5_moe",
            "qwen3_5_moe_text",
            "qwen4_exp",
            "qwen4_exp_text",
            "t5gemma",
            "vaultgemma",
            // Not 1 + weight, but an FP32 copy of the weight all the same.
            "helium",
        ],
        NormForm::OnePlus,
    ),
    (
        &["gemma3n", "gemma3n_text", "gemma4", "gemma4_text"],
        NormForm::OnePlusPower,
    ),
    (&["olmo2", "olmo3", "gpt_oss", "flex_olmo", "afmoe"], NormForm::Float),
    (&["cohere", "cohere2", "cohere2_vision"], NormForm::CenteredFloat),
];
/// Types whose attention has no fused path.
const EAGER: &[(&[&str], AttentionForm)] = &[
    (
        &["gemma2", "bloom", "mpt", "vaultgemma", "gpt_neox_japanese"],
        AttentionForm::Eager,
    ),
    (&["gpt_neo", "gptj"], AttentionForm::EagerFloat),
    (&["gpt_oss", "mimo_v2_flash"], AttentionForm::EagerSink),
];
/// Types that join the rotated part of a head with the rest, or queries and keys of several parts.
const JOINED: &[&str] = &[
    "phi3",
    "gpt_neox",
    "phi",
    "phi4_multimodal",
    "persimmon",
    "stablelm",
    "glm",
    "glm4",
    "glm4_moe",
    "nemotron",
    "minimax_m2",
];
/// Types whose caps of scores and logits the class has where the config is silent.
const CAPPED: &[&str] = &["gemma2", "vaultgemma", "t5gemma"];
/// Types whose router reads an FP32 copy of its input.
const FLOAT_ROUTERS: &[&str] = &[
    "deepseek_v2",
    "deepseek_v3",
    "deepseek_v32",
    "glm4_moe",
    "glm4_moe_lite",
    "kimi_k2",
    "dots1",
    "hunyuan_v1_moe",
    "ernie4_5_moe",
    "exaone_moe",
    "solar_open",
    "mimo_v2_flash",
];
/// Encoders whose training was counted.
const COUNTED_ENCODERS: &[&str] = &[
    "bert",
    "bert-generation",
    "camembert",
    "data2vec-text",
    "distilbert",
    "ernie",
    "eurobert",
    "jina_embeddings_v3",
    "modernbert",
    "nomic_bert",
    "roberta",
    "roberta-prelayernorm",
    "ultrabert",
    "xlm-roberta",
    "xlm-roberta-xl",
];
/// Of these, heads that transformers has no class for, or one that was not counted.
const UNCOUNTED_HEADS: &[(&str, &[Purpose])] = &[
    ("bert-generation", &[Purpose::Texts, Purpose::Tokens, Purpose::Answers]),
    ("eurobert", &[Purpose::Answers]),
    ("nomic_bert", &[Purpose::Answers]),
    ("ultrabert", &[Purpose::Answers]),
];
/// Of these, those that name one dropout for the classes of labels, which is none where the config is silent.
const CLASSIFIER_DROPOUT: &[&str] = &["modernbert", "ultrabert"];
/// Of these, those whose class for texts may take the mean of all tokens.
const POOLS: &[&str] = &["eurobert", "modernbert", "ultrabert"];
/// Of these, those whose class for texts drops out of the first token's row before it reads it.
const DROPS_FIRST: &[&str] = &[
    "camembert",
    "data2vec-text",
    "jina_embeddings_v3",
    "roberta",
    "roberta-prelayernorm",
    "ultrabert",
    "xlm-roberta",
    "xlm-roberta-xl",
];
/// Of these, those that make log-probabilities in FP32.
const FLOAT_LOSS: &[&str] = &["bert-generation", "eurobert", "modernbert", "ultrabert"];
/// Of these, those whose written scores go through a softmax in FP32.
const FLOAT_SCORES: &[&str] = &["eurobert", "modernbert", "ultrabert"];
/// Of these, those without dropout where the config is silent.
const WITHOUT_DROPOUT: &[&str] = &["eurobert", "modernbert", "nomic_bert", "ultrabert"];
/// Parameters that no gradient reaches: corrections of routers, which a rule of their own updates.
const FROZEN: [&str; 2] = ["e_score_correction_bias", "expert_bias"];
/// Types with dropout unless the config says otherwise: key, and what the class has.
const DROPOUT: &[(&[&str], &str, &str)] = &[
    (&["gpt2", "gpt_bigcode"], "embd_pdrop", "resid_pdrop"),
    (&["opt"], "", "dropout"),
];

/// Keys of dropout after the token table and in the residual stream.
const EMBEDDING_DROPOUT: [&str; 4] = ["embd_pdrop", "embedding_dropout", "embed_dropout", "emb_pdrop"];
/// Of encoders: one key for the table and the residual stream.
const ENCODER_DROPOUT: [&str; 2] = ["hidden_dropout_prob", "dropout"];
const ATTENTION_DROPOUT: [&str; 2] = ["attn_pdrop", "attention_dropout"];
const RESIDUAL_DROPOUT: [&str; 5] = [
    "resid_pdrop",
    "residual_dropout",
    "hidden_dropout",
    "resid_dropout",
    "dropout",
];

impl Autograd {
    /// Whether no gradient reaches a tensor of this name.
    pub fn freezes(&self, name: &str) -> bool {
        FROZEN.iter().chain(self.frozen).any(|end| name.ends_with(end))
    }
    /// What the class of a config keeps, an encoder's for its purpose.
    pub fn of(config: &Config, purpose: Option<Purpose>) -> Self {
        let name = config.model_type();
        let listed = |list: &[&str]| list.contains(&name);
        let norm = NORMS.iter().find(|(types, _)| listed(types));
        let eager = EAGER.iter().find(|(types, _)| listed(types));
        let number = |key: &str| config.get(key).and_then(Value::as_f64);
        let usual = DROPOUT.iter().find(|(types, ..)| listed(types));
        let drops = |keys: &[&str], usual: Option<&str>| {
            let said = keys.iter().find_map(|key| number(key));
            said.map_or(usual.is_some_and(|key| !key.is_empty()), |share| share > 0.0)
        };
        let caps = |key: &str| match config.has(key) {
            true => number(key).is_some_and(|cap| cap > 0.0),
            false => listed(CAPPED),
        };
        let per_layer = number("hidden_size_per_layer_input").is_some_and(|width| width > 0.0);
        // A wrapper has a class and a loss of its own.
        let encoder = listed(COUNTED_ENCODERS) && config.root_type() == name;
        let encoder_drops = encoder
            && ENCODER_DROPOUT
                .iter()
                .find_map(|key| number(key))
                .map_or(!listed(WITHOUT_DROPOUT), |share| share > 0.0);
        let pair = PairClass::of(config);
        let [pair_stream, pair_scores, pair_inside] = pair.map_or([false; 3], |class| class.drops(config));
        let [encoder_rows, decoder_rows] = pair.map_or([false; 2], |class| class.changes_rows(config));
        let drops_residual = match pair {
            Some(_) => pair_stream,
            None => encoder_drops || drops(&RESIDUAL_DROPOUT, usual.map(|row| row.2)),
        };
        let edge = listed(&["gemma4", "gemma4_text", "gemma3n", "gemma3n_text"]) && per_layer;
        Self {
            norm: match (pair, norm) {
                (Some(class), _) => class.norm,
                (None, norm) => norm.map_or(NormForm::Upcast, |(_, form)| *form),
            },
            activation: activation(config),
            attention: match eager {
                Some((_, form)) => *form,
                None if edge => AttentionForm::Eager,
                None => AttentionForm::Fused,
            },
            copies_output: listed(JOINED) || pair.is_some_and(|class| class.copies_output),
            shared_residual: match name {
                "gpt_neox" | "stablelm" => config
                    .get("use_parallel_residual")
                    .and_then(Value::as_bool)
                    .unwrap_or(name == "gpt_neox"),
                "falcon" => config.get("parallel_attn").and_then(Value::as_bool).unwrap_or(true),
                _ => false,
            },
            caps_scores: caps("attn_logit_softcapping"),
            caps_logits: caps("final_logit_softcapping"),
            drops_attention: match number("attention_probs_dropout_prob").filter(|_| encoder) {
                Some(share) => share > 0.0,
                None if pair.is_some() => pair_scores,
                None => drops(
                    &ATTENTION_DROPOUT,
                    match usual {
                        Some(row) => Some(if row.1.is_empty() { "" } else { "attn_pdrop" }),
                        None => (encoder && !listed(WITHOUT_DROPOUT)).then_some("attn_pdrop"),
                    },
                ),
            },
            drops_embedding: match pair {
                Some(_) => pair_stream,
                None => encoder_drops || drops(&EMBEDDING_DROPOUT, usual.map(|row| row.1)),
            },
            // DistilBERT drops nothing of its attention's output, XLM-RoBERTa XL nothing of its MLP's.
            drops_residual: [
                drops_residual && name != "distilbert",
                drops_residual && name != "xlm-roberta-xl",
            ],
            drops_inside: pair_inside,
            drops_end: pair_stream && pair.is_some_and(|class| class.drops_end),
            counts_encoder: encoder,
            counts_pair: pair.is_some(),
            adds_positions: pair.is_some_and(|class| class.adds_positions),
            positions_each: pair.is_some_and(|class| class.positions_each),
            widens_logits: pair.is_some_and(|class| class.widens_logits),
            counts_class: purpose.is_some_and(|purpose| {
                let missing = UNCOUNTED_HEADS.iter().find(|(known, _)| *known == name);
                purpose != Purpose::Pretraining && !missing.is_some_and(|(_, heads)| heads.contains(&purpose))
            }),
            drops_classifier: encoder && drops_classifier(config, purpose),
            texts: match config.get("classifier_pooling").and_then(Value::as_str) {
                Some("mean") if listed(POOLS) => TextForm::Mean,
                _ if listed(DROPS_FIRST) && drops_classifier(config, purpose) => TextForm::Dropped,
                _ => TextForm::View,
            },
            keeps_loss_format: encoder && !listed(FLOAT_LOSS) || pair.is_some(),
            joins_qkv: listed(&["phi3", "phi4_multimodal"]),
            joins_gate: listed(&["phi3", "phi4_multimodal", "glm", "glm4"]),
            norms_values: listed(&["gemma3n", "gemma3n_text", "gemma4", "gemma4_text"]),
            halves_scores: listed(&["gpt2", "gpt_neox_japanese"]) || encoder && !listed(FLOAT_SCORES) || pair.is_some(),
            changes_embedding: listed(&["gpt2", "gpt_bigcode", "gpt_neo", "opt", "starcoder2", "xglm", "biogpt"])
                || number("embedding_multiplier").is_some_and(|factor| factor != 1.0)
                || decoder_rows,
            changes_encoder_rows: encoder_rows,
            frozen: pair.map_or(&[], |class| class.frozen),
            routes_in_float: listed(FLOAT_ROUTERS),
            // Falcon's mask always exists, so that ALiBi may be added to it.
            always_masks: name == "falcon",
            norms_rotated: listed(&["hunyuan_v1_dense", "hunyuan_v1_moe"]),
            copies_values: listed(&["codegen", "gpt_neox_japanese"]),
            gates_in_place: listed(&["afmoe", "laguna"]),
            clamps_gate: name == "gpt_oss",
            jitters_input: name == "phimoe" && number("input_jitter_noise").is_some_and(|noise| noise > 0.0),
        }
    }
}

/// Whether a class for labels drops out of what its last matrix reads.
fn drops_classifier(config: &Config, purpose: Option<Purpose>) -> bool {
    let name = config.model_type();
    let share = |key: &str| config.get(key).and_then(Value::as_f64);
    // The key of the class, else that of its layers, and what both are where the config is silent.
    let (keys, usual): (&[&str], f64) = match (name, purpose) {
        ("eurobert", _) => return false,
        ("distilbert", Some(Purpose::Texts)) => (&["seq_classif_dropout"], 0.2),
        ("distilbert", Some(Purpose::Tokens)) => (&["dropout"], 0.1),
        ("distilbert", Some(Purpose::Answers)) => (&["qa_dropout"], 0.1),
        (_, Some(Purpose::Texts | Purpose::Tokens)) if !CLASSIFIER_DROPOUT.contains(&name) => {
            let usual = if WITHOUT_DROPOUT.contains(&name) { 0.0 } else { 0.1 };
            (&["classifier_dropout", "hidden_dropout_prob"], usual)
        }
        ("modernbert", Some(Purpose::Answers)) | (_, Some(Purpose::Texts | Purpose::Tokens)) => {
            (&["classifier_dropout"], 0.0)
        }
        _ => return false,
    };
    keys.iter().find_map(|key| share(key)).unwrap_or(usual) > 0.0
}

/// The nonlinearity that a config names, by how its module in `activations.py` is written.
fn activation(config: &Config) -> ActivationForm {
    let keys = [
        "hidden_activation",
        "hidden_act",
        "activation_function",
        "mlp_hidden_act",
        "ffn_act",
    ];
    let named = keys.iter().find_map(|key| config.get(key).and_then(Value::as_str));
    let usual = match config.model_type() {
        "gpt2" | "gpt_neo" | "gptj" | "phi" => "gelu_new",
        "opt" => "relu",
        "nemotron" => "relu2",
        _ => "silu",
    };
    let named = match PairClass::of(config) {
        Some(class) => Some(class.activation(config)),
        None => named,
    };
    match named.unwrap_or(usual) {
        "gelu_new" | "gelu_fast" => ActivationForm::WrittenOut,
        "quick_gelu" => ActivationForm::Quick,
        "relu" => ActivationForm::Result,
        "relu2" => ActivationForm::Squared,
        "xielu" => ActivationForm::Xielu,
        _ => ActivationForm::Native,
    }
}
