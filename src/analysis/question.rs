//! Everything an analysis needs, resolved: formats, engine, device.

use std::borrow::Cow;

use thiserror::Error;

use super::container::usual_engine;
use super::kv_support::{self, Wanted};
use super::node;
use super::placement::Layout;
use super::serving::{self, Load};
use crate::hardware::{self, Device, Engine, Support};
use crate::model::quantisation::{self, Choice, Container, GgmlType, Mix, Quantisation, Scope};
use crate::model::{Blueprint, Format, ModelError, Notice, Scales, Tensor};
use crate::scenario::{AttentionKernel, KvFormat, LatentCache, Lengths, Mode, Scenario};
use crate::units::{Number, Quantity};

/// A scenario that cannot be analysed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnalysisError {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A device that is not in the table.
    #[error("The device \"{0}\" is not in the table. `weighbridge hardware` lists all.")]
    UnknownDevice(String),
    /// A description of a device that cannot be read.
    #[error(transparent)]
    Custom(hardware::CustomError),
    /// Devices that cannot share the model as asked.
    #[error("{0}")]
    Layout(String),
    /// A total beyond 64 bits.
    #[error("With this workload {0} exceeds 2^64 bytes. Lower the batch or the number of tokens.")]
    Overflow(&'static str),
}

impl AnalysisError {
    /// Stable name, for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::UnknownDevice(_) => "unknown_device",
            Self::Custom(_) => "bad_device",
            Self::Layout(_) => "bad_layout",
            Self::Overflow(_) => "overflow",
        }
    }
}

/// A question with everything resolved.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The model.
    pub blueprint: &'a Blueprint,
    /// What the user chose.
    pub asked: &'a Scenario,
    /// The same as it is weighed: of a server, what runs of the requests.
    pub scenario: Cow<'a, Scenario>,
    /// The rule for weights.
    pub weights: Quantisation,
    /// Format of activations.
    pub activation: Format,
    /// Format of the KV cache: keys, and values where they have none of their own.
    pub kv: Format,
    /// Format of cached values.
    pub kv_values: Format,
    /// The device, if one is chosen.
    pub device: Option<Cow<'static, Device>>,
    /// The engine.
    pub engine: Engine,
    /// How devices share the model.
    pub layout: Layout,
    /// Requests of a server; the scenario's batch is then what runs of them.
    pub load: Option<Load>,
    /// Whether the engine unpacked the weights on loading.
    pub unpacked: bool,
    /// What had to be assumed here.
    pub notices: Vec<Notice>,
}

impl<'a> Question<'a> {
    /// Resolves a scenario.
    ///
    /// # Errors
    /// A device that is not in the table.
    pub fn new(blueprint: &'a Blueprint, scenario: &'a Scenario) -> Result<Self, AnalysisError> {
        let mut question = Self::resolved(blueprint, scenario)?;
        question.settle();
        Ok(question)
    }
    /// The same on another device.
    pub fn on(self, device: &Device) -> Self {
        let mut question = Self {
            device: Some(Cow::Owned(device.clone())),
            ..self
        };
        question.settle();
        question
    }
    /// What follows from the device: formats that the engine unpacks there, and what runs of a server's requests.
    fn settle(&mut self) {
        let support = self
            .device()
            .map(|device| hardware::compatibility::support(&self.weights.format.id, device, self.engine));
        if support.is_some_and(|found| found.support == Support::Unpacked) {
            self.unpack();
        }
        serving::settle(self);
    }
    /// Weights as they are after an engine unpacked them on loading.
    pub(super) fn unpack(&mut self) {
        if self.scenario.mode == Mode::Pretrain {
            return;
        }
        self.notices.push(Notice::new(
            "unpacked_on_loading",
            format!(
                "{} unpacks {} to {} on loading here, so no memory is saved.",
                self.engine.label(),
                self.weights.method,
                self.weights.base.label
            ),
        ));
        self.weights = Quantisation::plain(self.weights.base.clone());
        self.unpacked = true;
    }

    fn resolved(blueprint: &'a Blueprint, scenario: &'a Scenario) -> Result<Self, AnalysisError> {
        let device = match &scenario.hardware {
            None => None,
            Some(id) => Some(hardware::resolve(id).map_err(|why| match why {
                Some(why) => AnalysisError::Custom(why),
                None => AnalysisError::UnknownDevice(id.clone()),
            })?),
        };
        let mut notices = Vec::new();
        let device = node::placed(device, scenario, &mut notices);
        let chosen = scenario.weights.and_then(quantisation::choice);
        let container = chosen
            .as_ref()
            .map_or(blueprint.published.container, |one| one.container);
        let format = chosen.as_ref().map_or(&blueprint.published.format, |one| &one.format);
        let usual = || match device.as_deref() {
            // What is most used for this format on this device, and keeps the cache as wanted.
            Some(device) => kv_support::usual(&format.id, wanted_cache(scenario), device),
            None => None,
        };
        let engine = scenario
            .engine
            .or_else(usual)
            .unwrap_or_else(|| usual_engine(container));
        let mut weights = match chosen.or_else(|| inside(engine, blueprint)) {
            Some(choice) => {
                let mix = Mix::named(&choice.format.id).filter(|_| engine == Engine::LlamaCpp);
                let converted = match mix {
                    Some(mix) => Quantisation::gguf(mix, blueprint),
                    None => choice.convert(blueprint),
                };
                if blueprint.published.scope != Scope::Everything && converted != blueprint.published {
                    let (from, to) = (&blueprint.published.method, &converted.method);
                    notices.push(Notice::new(
                        "converted",
                        format!("The checkpoint is published in {from}; its logical tensors are weighed as if converted to {to} by that format's usual rule."),
                    ));
                }
                converted
            }
            None => blueprint.published.clone(),
        };
        if let Some(text) = weights.plan.as_ref().and_then(|plan| plan.mix().importance_note()) {
            notices.push(Notice::new("imatrix_assumed", text));
        }
        let apart = weights.apart(blueprint);
        if apart > 0 {
            notices.push(Notice::new(
                "projector_apart",
                format!(
                    "llama.cpp keeps the towers in a projector file (mmproj) of its own, about {} bytes in FP16; it is not counted here.",
                    crate::units::grouped(apart.saturating_mul(2))
                ),
            ));
        }
        if scenario.mode == Mode::Pretrain && weights.scope != Scope::Everything {
            notices.push(Notice::new(
                "trained_unquantised",
                format!(
                    "Pretraining updates every weight, so it uses {} weights, not {}.",
                    weights.base.label, weights.method
                ),
            ));
            weights = Quantisation::plain(weights.base.clone());
        }
        let activation = if weights.base.bits >= 16 {
            weights.base.clone()
        } else {
            Format::BF16
        };
        let kv = cache_format(scenario.kv_cache)
            .unwrap_or_else(|| usual_cache(engine, &weights.format, scenario.weights.is_some(), &activation));
        let kv_values = cache_format(scenario.value_cache).unwrap_or_else(|| kv.clone());
        Ok(Self {
            blueprint,
            asked: scenario,
            scenario: Cow::Borrowed(scenario),
            weights,
            activation,
            kv,
            kv_values,
            device,
            engine,
            layout: Layout::of(scenario, engine)?,
            load: None,
            unpacked: false,
            notices,
        })
    }

    /// The device, if one is chosen.
    pub fn device(&self) -> Option<&Device> {
        self.device.as_deref()
    }
    /// Bytes of a tensor in the files, where they are known and the weights are used as they are.
    pub fn held(&self, tensor: &Tensor) -> Option<Quantity> {
        let as_published = self.scenario.weights.is_none() && self.scenario.mode != Mode::Pretrain && !self.unpacked;
        let value = tensor.held.filter(|_| as_published)?;
        Some(Quantity {
            name: "bytes in the files".into(),
            value,
            origin: crate::units::Origin::Table("headers of the weight files".into()),
        })
    }
    /// Whether the cache keeps latents where the model has them.
    pub fn keeps_latent(&self) -> bool {
        // Every engine on offer keeps the latent; transformers did not before version 5.
        self.scenario.latent_cache != LatentCache::Expanded
    }
    /// Whether decode multiplies with the latent itself.
    pub fn absorbs(&self) -> bool {
        self.keeps_latent() && self.engine.absorbs_latent()
    }
    /// Bytes of one activation.
    pub fn activation_bytes(&self) -> Quantity {
        if self.engine.computes_in_fp32() {
            return Quantity::assumed("activation_bytes", 4, "results are FP32 in this engine");
        }
        bytes_of(&self.activation, "activation_bytes")
    }
    /// Bytes of so many elements of the KV cache, scales included.
    pub fn kv_bytes<N: Number>(&self, elements: N, values: bool) -> N {
        let format = if values { &self.kv_values } else { &self.kv };
        if format.scales == Scales::None && format.bits.is_multiple_of(8) {
            return elements.times(N::input(&bytes_of(format, "kv_bytes")));
        }
        format.row_bytes(elements)
    }
    /// Whether the cache is in the format the engine gives it by itself.
    pub fn caches_as_usual(&self) -> bool {
        let usual = usual_cache(
            self.engine,
            &self.weights.format,
            self.scenario.weights.is_some(),
            &self.activation,
        );
        self.kv.id == usual.id && self.kv_values.id == usual.id
    }
    /// Whether keys and values are kept in the same format.
    pub fn one_kv_format(&self) -> bool {
        self.kv == self.kv_values
    }
    /// Sequences at once.
    pub fn batch(&self) -> Quantity {
        Quantity::choice("batch", self.scenario.batch, "Workload")
    }
    /// Tokens of each prompt.
    pub fn prompt(&self) -> Quantity {
        Quantity::choice("prompt", self.scenario.prompt, "Workload")
    }
    /// Tokens generated.
    pub fn generated(&self) -> Quantity {
        Quantity::choice("generated", self.scenario.generated(), "Workload")
    }
    /// Keys a token sees that is written: those of the prompt and, on average, of what was written before it.
    ///
    /// The middle of the answer stands for all of it. Where answers differ in length as exponentially distributed ones do, a running
    /// sequence has written E[G²] ÷ 2E[G] = G of them (Feller 1971, the inspection paradox).
    pub fn mean_context(&self) -> Quantity {
        let written = self.scenario.generated();
        let differ = self.scenario.mode == Mode::Serve && self.scenario.lengths == Lengths::Spread;
        let so_far = if differ {
            Quantity::choice("written so far", written.max(1), "Workload")
        } else {
            Quantity::choice("half of generated", written.div_ceil(2).max(1), "Workload")
        };
        Quantity::sum("context", &[&self.prompt(), &so_far])
    }
    /// Whether attention leaves out what an indexer did not choose.
    pub fn skips(&self) -> bool {
        self.scenario.attention_flops != crate::scenario::AttentionFlops::Full && self.engine.skips_unchosen()
    }
    /// Tokens of a prompt that run at once at most; `None` where the engine runs it whole.
    pub fn chunk(&self) -> Option<u64> {
        let chosen = match self.engine {
            Engine::LlamaCpp => self.scenario.micro_batch,
            _ => self.scenario.max_batched_tokens,
        };
        chosen.or_else(|| self.engine.chunk())
    }
    /// Tokens of each sequence in all.
    pub fn tokens(&self) -> Quantity {
        match self.scenario.generated() {
            0 => self.prompt().renamed("tokens"),
            // Running sequences of a server are at all stages of their answers, unless room for the whole is kept for each.
            written
                if self.scenario.mode == Mode::Serve
                    && self.scenario.batch > 1
                    && !self.engine.reserves_answers()
                    && self.scenario.lengths == Lengths::Fixed =>
            {
                let half = Quantity::choice("half of the answer", written.div_ceil(2), "Workload");
                Quantity::sum("tokens", &[&self.prompt(), &half])
            }
            _ => Quantity::sum("tokens", &[&self.prompt(), &self.generated()]),
        }
    }
}

/// The formats of the cache a scenario asks for.
pub fn wanted_cache(scenario: &Scenario) -> Wanted {
    Wanted {
        keys: scenario.kv_cache,
        values: scenario.value_cache,
        eager: scenario.attention == AttentionKernel::Eager,
    }
}

/// The published weights as an engine with files of its own holds them, if they are not in such files already.
fn inside(engine: Engine, blueprint: &Blueprint) -> Option<Choice> {
    let published = &blueprint.published;
    if engine != Engine::LlamaCpp || published.container == Container::Gguf {
        return None;
    }
    // What has no type of its own there is unpacked on conversion.
    let format = Mix::named(&published.format.id).map_or(&published.base, |_| &published.format);
    quantisation::choice(&format.id)
}

/// The format of an engine's cache, if it is not told otherwise.
fn usual_cache(engine: Engine, weights: &Format, chosen: bool, activation: &Format) -> Format {
    // Checkpoints in 8 and 4 bits made for it name FP8 as the format of their cache (hf_quant_config.json); those that
    // models are published in with a scale a block, as DeepSeek's, do not.
    let optimised = match &*weights.id {
        "fp8" | "fp8-tensor" => chosen || matches!(weights.scales, Scales::Tensor(_)),
        "nvfp4" => true,
        _ => false,
    };
    let eight = engine == Engine::TensorRtLlm && optimised;
    if let Some(format) = cache_format(KvFormat::Fp8).filter(|_| eight) {
        return format;
    }
    if engine.caches_in_fp16() {
        Format::FP16
    } else {
        activation.clone()
    }
}

/// The format a choice names; `None` is the engine's own.
fn cache_format(choice: KvFormat) -> Option<Format> {
    let ggml = |kind: GgmlType| kind.format().clone();
    let groups = |id, label, bits| Format::scaled(id, label, bits, MLX_GROUP);
    Some(match choice {
        KvFormat::Auto => return None,
        KvFormat::Fp32 => Format::FP32,
        KvFormat::Bf16 => Format::BF16,
        KvFormat::Fp16 => Format::FP16,
        KvFormat::Fp8 => Format::plain("fp8", "FP8", 8),
        KvFormat::Int8 => Format::plain("int8", "INT8", 8),
        KvFormat::Q8_0 => ggml(GgmlType::Q8_0),
        KvFormat::Q5_1 => ggml(GgmlType::Q5_1),
        KvFormat::Q5_0 => ggml(GgmlType::Q5_0),
        KvFormat::Q4_1 => ggml(GgmlType::Q4_1),
        KvFormat::Q4_0 => ggml(GgmlType::Q4_0),
        KvFormat::Iq4Nl => ggml(GgmlType::IQ4_NL),
        KvFormat::Nvfp4 => Format::scaled("nvfp4", "NVFP4", 4, NVFP4_GROUP),
        KvFormat::MlxQ8 => groups("mlx-q8", "MLX 8-bit", 8),
        KvFormat::MlxQ4 => groups("mlx-q4", "MLX 4-bit", 4),
    })
}

/// A 16-bit scale and a 16-bit bias for 64 values (mlx-lm `--kv-bits`, `--kv-group-size` 64).
const MLX_GROUP: Scales = Scales::Group {
    size: 64,
    bits: 32,
    column_bits: 0,
    tensor_bits: 0,
};
/// An FP8 scale for 16 values (TensorRT-LLM's NVFP4 cache).
const NVFP4_GROUP: Scales = Scales::Group {
    size: 16,
    bits: 8,
    column_bits: 0,
    tensor_bits: 0,
};

fn bytes_of(format: &Format, name: &'static str) -> Quantity {
    let origin = crate::units::Origin::Table(format!("{}, {} bits", format.label, format.bits).into());
    Quantity {
        name: name.into(),
        value: format.bits.div_ceil(8),
        origin,
    }
}
