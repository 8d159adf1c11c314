//! Everything an analysis needs, resolved: formats, engine, device.

use thiserror::Error;

use crate::hardware::{self, Device, Engine};
use crate::model::quantisation::{self, Quantisation, Scope};
use crate::model::{Blueprint, Format, ModelError, Notice, Tensor};
use crate::scenario::{KvFormat, LatentCache, Mode, Scenario};
use crate::units::Quantity;

/// A scenario that cannot be analysed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnalysisError {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A device that is not in the table.
    #[error("The device \"{0}\" is not in the table. `weighbridge hardware` lists all.")]
    UnknownDevice(String),
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
    pub scenario: &'a Scenario,
    /// The rule for weights.
    pub weights: Quantisation,
    /// Format of activations.
    pub activation: Format,
    /// Format of the KV cache.
    pub kv: Format,
    /// The device, if one is chosen.
    pub device: Option<&'static Device>,
    /// The engine.
    pub engine: Engine,
    /// What had to be assumed here.
    pub notices: Vec<Notice>,
}

impl<'a> Question<'a> {
    /// Resolves a scenario.
    ///
    /// # Errors
    /// A device that is not in the table.
    pub fn new(blueprint: &'a Blueprint, scenario: &'a Scenario) -> Result<Self, AnalysisError> {
        let device = match &scenario.hardware {
            None => None,
            Some(id) => Some(hardware::find(id).ok_or_else(|| AnalysisError::UnknownDevice(id.clone()))?),
        };
        let mut notices = Vec::new();
        let chosen = scenario.weights.and_then(quantisation::choice);
        let mut weights = match chosen {
            Some(choice) => {
                let converted = choice.convert(&blueprint.published);
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
        let kv = match scenario.kv_cache {
            KvFormat::Auto => activation.clone(),
            KvFormat::Fp32 => Format::FP32,
            KvFormat::Bf16 => Format::BF16,
            KvFormat::Fp16 => Format::FP16,
            KvFormat::Fp8 => Format::plain("fp8", "FP8", 8),
            KvFormat::Int8 => Format::plain("int8", "INT8", 8),
        };
        Ok(Self {
            blueprint,
            scenario,
            weights,
            activation,
            kv,
            device,
            engine: scenario.engine_used(),
            notices,
        })
    }

    /// Bytes of a tensor in the files, where they are known and the weights are used as they are.
    pub fn held(&self, tensor: &Tensor) -> Option<Quantity> {
        let as_published = self.scenario.weights.is_none() && self.scenario.mode != Mode::Pretrain;
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
        bytes_of(&self.activation, "activation_bytes")
    }
    /// Bytes of one element of the KV cache.
    pub fn kv_bytes(&self) -> Quantity {
        bytes_of(&self.kv, "kv_bytes")
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
    /// Tokens of each sequence in all.
    pub fn tokens(&self) -> Quantity {
        match self.scenario.generated() {
            0 => self.prompt().renamed("tokens"),
            _ => Quantity::sum("tokens", &[&self.prompt(), &self.generated()]),
        }
    }
}

fn bytes_of(format: &Format, name: &'static str) -> Quantity {
    let origin = crate::units::Origin::Table(format!("{}, {} bits", format.label, format.bits).into());
    Quantity {
        name: name.into(),
        value: format.bits.div_ceil(8),
        origin,
    }
}
