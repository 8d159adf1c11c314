//! What an engine sets aside of a device before it starts, by rules of its own that look at the device and not at the model.

use super::Engine;
use crate::hardware::Device;

const MIB: u64 = 1 << 20;

/// What such a rule reads beside the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Devices that share each layer.
    pub tensor: u64,
    /// Stages.
    pub pipeline: u64,
    /// Groups of devices with sequences of their own; one where all have the same.
    pub replicas: u64,
    /// Tokens of a step, where they are chosen.
    pub tokens: Option<u64>,
}

/// SGLang's steps by the memory of a device.
pub(super) struct Tier {
    /// Tokens of a prompt that run at once, all devices together (`chunked_prefill_size`).
    pub tokens: u64,
    /// Largest batch with a captured graph (`cuda_graph_max_bs`): with fewer than four devices that share a layer, and else.
    graphs: (u64, u64),
}

/// The tier of a device of so many bytes.
///
/// Source: SGLang 0.5.5 `ServerArgs._handle_gpu_memory_settings`, by the driver's total in MiB.
pub(super) const fn tier(memory_bytes: u64) -> Tier {
    let (tokens, graphs) = match memory_bytes / MIB {
        ..20_480 => (2048, (8, 8)),
        20_480..35_840 => (2048, (24, 80)),
        35_840..61_440 => (4096, (32, 160)),
        61_440..163_840 => (8192, (256, 512)),
        _ => (16_384, (512, 512)),
    };
    Tier { tokens, graphs }
}

impl Engine {
    /// Whether what it sets aside depends on how much memory the device has.
    pub const fn reserves_by_device(self) -> bool {
        matches!(self, Self::Sglang)
    }
    /// Thousandths of a device's memory that it gives to weights and caches together, whatever the model is; the rest is for
    /// activations and captured graphs. `None` where it measures these, or has no such rule.
    ///
    /// Source: SGLang 0.5.5 `ServerArgs._handle_gpu_memory_settings`. In MiB it reserves 512, 1.5 for each token of a step, 2
    /// for each sequence of the largest graph, 128 for each device; where attention is shared by sequences 3 more for each
    /// sequence of the graph and group, above 300 another 1.5; on devices above 60 GiB no less than 10,240. What it reserves
    /// beside that for draft models and image encoders is not counted.
    pub fn static_thousandths(self, device: &Device, start: Start) -> Option<u64> {
        if !self.reserves_by_device() {
            return None;
        }
        let all = device.memory_bytes / MIB;
        let tier = tier(device.memory_bytes);
        let graph = if start.tensor < 4 { tier.graphs.0 } else { tier.graphs.1 };
        let tokens = start.tokens.unwrap_or(tier.tokens).max(2048);
        let mut reserved = tokens
            .saturating_mul(3)
            .div_euclid(2)
            .saturating_add(512)
            .saturating_add(graph.saturating_mul(2))
            .saturating_add(start.tensor.saturating_mul(start.pipeline).saturating_mul(128));
        if start.replicas > 1 {
            let each = graph.saturating_mul(start.replicas);
            let large = if graph > 300 { each / 2 * 3 } else { 0 };
            reserved = reserved.saturating_add(each.saturating_mul(3)).saturating_add(large);
        }
        if all > 61_440 {
            reserved = reserved.max(10_240);
        }
        let left = all.saturating_sub(reserved).saturating_mul(1000);
        // Rounded to three decimals, as it does.
        Some(left.saturating_add(all / 2).checked_div(all).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::find;

    /// By hand from the rule: H100 81,559 MiB and 512 + 12,288 + 512 + 128; H200 143,771 MiB and 512 + 12,288 + 1,024 + 1,024 + 8 · 512 · 4.5;
    /// RTX 4090 24,564 MiB and 512 + 3,072 + 48 + 128.
    #[test]
    fn shares_are_those_of_the_rule() {
        let share = |device: &str, tensor: u64, replicas: u64| {
            let start = Start {
                tensor,
                pipeline: 1,
                replicas,
                tokens: None,
            };
            Engine::Sglang.static_thousandths(find(device).expect("a device"), start)
        };
        assert_eq!(share("h100-sxm", 1, 1), Some(835));
        assert_eq!(share("h200-sxm", 8, 8), Some(769));
        assert_eq!(share("rtx-4090", 1, 1), Some(847));
        let vllm = Engine::Vllm.static_thousandths(
            find("h100-sxm").expect("a device"),
            Start {
                tensor: 1,
                pipeline: 1,
                replicas: 1,
                tokens: None,
            },
        );
        assert_eq!(vllm, None);
    }
}
