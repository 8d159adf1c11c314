//! Bytes a trained parameter: weight, gradient, masters, moments.

use crate::scenario::Scenario;
use crate::scenario::training::{Framework, GradientFormat, MasterFormat, StateFormat, TrainingPrecision};

/// Bytes a trained parameter, before sharding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterBytes {
    /// The weight that products read.
    pub weight: u64,
    /// Its gradient.
    pub gradient: u64,
    /// Master copies beside it.
    pub master: u64,
    /// One moment of the optimizer.
    pub moment: u64,
}

/// Bytes a trained parameter by framework and precision.
///
/// Sources: Rajbhandari 2020 (arXiv 1910.02054) figure 1 for 16 bytes; Megatron-LM `docs/dist_optimizer.md` for 18 and 20;
/// torch.optim keeps moments in the parameter's type; FSDP2's `MixedPrecisionPolicy` keeps FP32 shards.
pub(super) fn parameter_bytes(
    framework: Framework,
    precision: TrainingPrecision,
    scenario: &Scenario,
    adapters: bool,
) -> ParameterBytes {
    let of = |weight, gradient, master, moment| ParameterBytes {
        weight,
        gradient,
        master,
        moment,
    };
    let usual = match (precision, framework) {
        // PEFT trains adapters in FP32 whatever the base; LitGPT and torchtune in the base's type.
        (TrainingPrecision::Bf16, Framework::Litgpt | Framework::Torchtune) if adapters => of(2, 2, 0, 2),
        _ if adapters => of(4, 4, 0, 4),
        (TrainingPrecision::Fp32, _) => of(4, 4, 0, 4),
        (TrainingPrecision::Bf16, Framework::Megatron) => of(2, 2, 0, 4),
        (TrainingPrecision::Bf16, _) => of(2, 2, 0, 2),
        (TrainingPrecision::Fp16Mixed, Framework::Megatron) => of(2, 2, 8, 4),
        (_, Framework::Megatron) => of(2, 4, 4, 4),
        (_, Framework::Deepspeed | Framework::Internevo | Framework::Colossalai) => of(2, 2, 4, 4),
        _ => of(4, 4, 0, 4),
    };
    let choice = &scenario.training;
    let apart = usual.master > 0;
    let master = match choice.master_weights {
        Some(MasterFormat::Fp32) if apart => 4,
        Some(MasterFormat::Bf16) if apart => 2,
        Some(MasterFormat::None) => 0,
        _ => usual.master,
    };
    let weight = match choice.master_weights {
        // Where the weights are their own masters, their format is the masters'.
        Some(MasterFormat::Bf16 | MasterFormat::None) if !apart => 2,
        Some(MasterFormat::Fp32) if !apart => 4,
        _ => usual.weight,
    };
    ParameterBytes {
        weight,
        master,
        gradient: match choice.gradient_format {
            Some(GradientFormat::Fp32) => 4,
            Some(GradientFormat::Bf16) => 2,
            None => usual.gradient,
        },
        moment: match choice.optimizer_format {
            Some(StateFormat::Fp32) => 4,
            Some(StateFormat::Bf16) => 2,
            Some(StateFormat::Int8 | StateFormat::Fp8) => 1,
            None => usual.moment,
        },
    }
}
