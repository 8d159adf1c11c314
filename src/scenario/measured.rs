//! The question that a published measurement answers.

use super::{AttentionParallel, KvFormat, Lengths, Mode, Scenario, Split, weight_key};
use crate::hardware::measurement::{Measurement, Metric};

impl Scenario {
    /// What was asked of the machine when a row was measured; nothing where its format or batch is not known here.
    ///
    /// The fits and the tests read rows through this alone: with two readings a fit would be held against questions it
    /// never saw. A row leaves empty what does not concern its metric, so one reading serves them all.
    pub fn measured(row: &Measurement) -> Option<Self> {
        let endless = row.batch == "max";
        Some(Self {
            mode: match row.metric {
                Metric::Decode => Mode::Decode,
                Metric::Prefill => Mode::Prefill,
                Metric::Throughput => Mode::Serve,
            },
            batch: if endless { 1 } else { row.batch.parse().ok()? },
            endless,
            prompt: row.prompt,
            generate: row.generate,
            weights: Some(weight_key(&row.weights)?),
            engine: row.engine.parse().ok(),
            hardware: Some(row.device.clone()),
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
            kv_cache: match row.cache.as_str() {
                "" => KvFormat::Auto,
                key => key.parse().ok()?,
            },
            memory_fraction: row.fraction,
            requests: row.requests,
            lengths: if row.lengths == "spread" {
                Lengths::Spread
            } else {
                Lengths::Fixed
            },
            max_sequences: row.sequences,
            max_batched_tokens: row.tokens,
            micro_batch: row.micro_batch,
            ..Self::default()
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
