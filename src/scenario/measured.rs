//! The question that a published measurement answers.

use super::TrainingChoice;
use super::{
    Assumptions, AttentionParallel, HardwareChoice, KvFormat, Lengths, Mode, ModelChoice, Precision, Scenario,
    ServingChoice, Split, Workload, weight_key,
};
use crate::hardware::measurement::{Measurement, Metric};

impl Scenario {
    /// What was asked of the machine when a row was measured; nothing where its format or batch is not known here.
    ///
    /// The fits and the tests read rows through this alone: with two readings a fit would be held against questions it
    /// never saw. A row leaves empty what does not concern its metric, so one reading serves them all.
    pub fn measured(row: &Measurement) -> Option<Self> {
        let endless = row.batch == "max";
        Some(Self {
            model: ModelChoice::default(),
            workload: Workload {
                mode: match row.metric {
                    Metric::Decode => Mode::Decode,
                    Metric::Prefill => Mode::Prefill,
                    Metric::Throughput => Mode::Serve,
                },
                batch: if endless { 1 } else { row.batch.parse().ok()? },
                endless,
                prompt: row.prompt,
                generate: row.generate,
                requests: row.requests,
                lengths: if row.lengths == "spread" {
                    Lengths::Spread
                } else {
                    Lengths::Fixed
                },
                ..Workload::default()
            },
            precision: Precision {
                weights: Some(weight_key(&row.weights)?),
                kv_cache: match row.cache.as_str() {
                    "" => KvFormat::Auto,
                    key => key.parse().ok()?,
                },
                ..Precision::default()
            },
            hardware: HardwareChoice {
                device: Some(row.device.clone()),
                devices: row.devices,
                split: match row.split.as_str() {
                    "layer" => Some(Split::Layer),
                    "tensor" => Some(Split::Tensor),
                    _ => None,
                },
                tensor: row.tensor,
                pipeline: row.pipeline.unwrap_or(1),
                expert: row.expert.unwrap_or(1),
                attention_parallel: if row.attention == "dp" {
                    AttentionParallel::Dp
                } else {
                    AttentionParallel::Tp
                },
                ..HardwareChoice::default()
            },
            serving: ServingChoice {
                engine: row.engine.parse().ok(),
                memory_fraction: row.fraction,
                max_sequences: row.sequences,
                max_batched_tokens: row.tokens,
                micro_batch: row.micro_batch,
                ..ServingChoice::default()
            },
            assumptions: Assumptions::default(),
            training: TrainingChoice::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::measurement::measurements;

    #[test]
    fn every_row_is_a_question() {
        for row in measurements() {
            assert!(Scenario::measured(row).is_some(), "{}", row.id);
        }
    }
}
