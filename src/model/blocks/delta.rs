//! Linear attention with the gated delta rule: Gated DeltaNet and Kimi Delta Attention.

use super::super::component::Component;
use super::super::operator::{Block, Live, Operator, Role, Scan, Step};
use super::super::tensor::Tensor;
use super::convolution::{activated, convolution};
use super::mamba::{scan, states};
use super::{Norm, linear};
use crate::units::Quantity;

const PART: Component = Component::StateSpace;

/// How the input projections are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaNames {
    /// `in_proj_qkvz` and `in_proj_ba` (Qwen3-Next).
    Fused,
    /// `in_proj_qkv`, `in_proj_z`, `in_proj_b`, `in_proj_a` (Qwen3.5).
    Parted,
    /// A matrix for each of q, k, v, a, b and the gate (OLMo Hybrid).
    Separate,
}

/// Dimensions of Gated DeltaNet.
#[derive(Clone, Debug)]
pub struct GatedDelta {
    /// Heads of queries and keys.
    pub key_heads: Quantity,
    /// Heads of values.
    pub value_heads: Quantity,
    /// Width of a key.
    pub key_dim: Quantity,
    /// Width of a value.
    pub value_dim: Quantity,
    /// Tokens the convolution sees.
    pub kernel: Quantity,
    /// Layout of the projections.
    pub names: DeltaNames,
}

/// Builds the block of Gated DeltaNet. Source: Yang 2024, arXiv 2412.06464.
///
/// Shapes, together: q and k `[key_heads·key_dim, hidden]`, v and gate `[value_heads·value_dim, hidden]`, two scalars a
/// value head, convolution over q, k and v, out `[hidden, value_heads·value_dim]`.
pub fn gated_delta(hidden: &Quantity, style: &GatedDelta) -> Block {
    let GatedDelta {
        key_heads,
        value_heads,
        key_dim,
        value_dim,
        kernel,
        names,
    } = style;
    let keys = Quantity::product("key_width", &[key_heads, key_dim]);
    let values = Quantity::product("value_width", &[value_heads, value_dim]);
    let channels = Quantity::sum("channels", &[&keys, &keys, &values]);
    let all = Quantity::sum("q, k, v and gate", &[&channels, &values]);
    let two = value_heads.times("2 × value_heads", 2);
    let project = |name, module: &str, width: &Quantity| {
        linear(name, &format!("linear_attn.{module}"), PART, width, hidden, false)
    };
    let mut operators = match names {
        DeltaNames::Fused => vec![
            project("in_proj_qkvz", "in_proj_qkvz", &all),
            project("in_proj_ba", "in_proj_ba", &two),
        ],
        DeltaNames::Parted => vec![
            project("in_proj_qkv", "in_proj_qkv", &channels),
            project("in_proj_z", "in_proj_z", &values),
            project("in_proj_b", "in_proj_b", value_heads),
            project("in_proj_a", "in_proj_a", value_heads),
        ],
        DeltaNames::Separate => vec![
            project("q_proj", "q_proj", &keys),
            project("k_proj", "k_proj", &keys),
            project("v_proj", "v_proj", &values),
            project("b_proj", "b_proj", value_heads),
            project("a_proj", "a_proj", value_heads),
            project("g_proj", "g_proj", &values),
        ],
    };
    let conv = |part: &str| format!("linear_attn.{part}");
    let parts = if *names == DeltaNames::Separate {
        vec![
            (conv("q_conv1d"), &keys),
            (conv("k_conv1d"), &keys),
            (conv("v_conv1d"), &values),
        ]
    } else {
        vec![(conv("conv1d"), &channels)]
    };
    let mut decay = Operator::elementwise("decay", PART, value_heads, Step::Plain(5), 1);
    decay.tensors = ["dt_bias", "A_log"]
        .iter()
        .map(|part| Tensor::vector(format!("linear_attn.{part}"), PART, value_heads))
        .collect();
    operators.extend([
        convolution(&parts, &channels, kernel, false),
        activated(&channels),
        decay,
    ]);
    let (norm, out) = if *names == DeltaNames::Separate {
        ("o_norm", "o_proj")
    } else {
        ("norm", "out_proj")
    };
    let shape = Shape {
        heads: value_heads,
        key_dim,
        value_dim,
        kernel,
        channels: &channels,
        inputs: &all,
        values: &values,
    };
    let ends = [conv(norm), conv(out)];
    finish("Gated DeltaNet", hidden, operators, &shape, &ends)
}

/// Dimensions of Kimi Delta Attention.
#[derive(Clone, Debug)]
pub struct KimiDelta {
    /// Heads.
    pub heads: Quantity,
    /// Width of a head.
    pub head_dim: Quantity,
    /// Tokens the convolutions see.
    pub kernel: Quantity,
    /// Whether the forget gate is one full matrix, not two through `head_dim`.
    pub full_forget: bool,
    /// Elements that checkpoints keep for the decay of each head, where they are more than heads.
    pub decays: Option<Quantity>,
    /// Whether the output gate is one full matrix, not two through `head_dim`.
    pub full_gate: bool,
}

/// Builds the block of Kimi Delta Attention: a delta rule whose decay differs by channel. Source: Kimi Linear,
/// arXiv 2510.26692.
///
/// Shapes: q, k, v `[P, hidden]` with P = heads·head_dim, gates `[head_dim, hidden]` and `[P, head_dim]`, or `[P, hidden]`.
pub fn kimi_delta(hidden: &Quantity, style: &KimiDelta) -> Block {
    let KimiDelta {
        heads,
        head_dim,
        kernel,
        decays,
        full_forget,
        full_gate,
    } = style;
    let width = Quantity::product("kda_width", &[heads, head_dim]);
    let channels = width.times("3 × kda_width", 3);
    let inputs = width.times("q, k, v, decay and gate", 5);
    let name = |part: &str| format!("self_attn.{part}");
    let project =
        |label, part: &str, out: &Quantity, input: &Quantity| linear(label, &name(part), PART, out, input, false);
    let parts: Vec<_> = ["q_conv1d", "k_conv1d", "v_conv1d"]
        .iter()
        .map(|part| (name(part), &width))
        .collect();
    let mut operators = vec![
        project("q_proj", "q_proj", &width, hidden),
        project("k_proj", "k_proj", &width, hidden),
        project("v_proj", "v_proj", &width, hidden),
        convolution(&parts, &channels, kernel, false),
        activated(&channels),
    ];
    let gate = |full: bool, labels: [&'static str; 3]| {
        let [one, first, second] = labels;
        if full {
            vec![project(one, one, &width, hidden)]
        } else {
            vec![
                project(first, first, head_dim, hidden),
                project(second, second, &width, head_dim),
            ]
        }
    };
    operators.extend(gate(*full_forget, ["f_proj", "f_a_proj", "f_b_proj"]));
    let mut decay = Operator::elementwise("decay", PART, &width, Step::Plain(5), 1);
    decay.tensors = vec![
        Tensor::vector(name("dt_bias"), PART, &width),
        Tensor::vector(name("A_log"), PART, decays.as_ref().unwrap_or(heads)),
    ];
    operators.extend([decay, project("b_proj", "b_proj", heads, hidden)]);
    operators.extend(gate(*full_gate, ["g_proj", "g_a_proj", "g_b_proj"]));
    let shape = Shape {
        heads,
        key_dim: head_dim,
        value_dim: head_dim,
        kernel,
        channels: &channels,
        inputs: &inputs,
        values: &width,
    };
    let ends = [name("o_norm"), name("o_proj")];
    finish("Kimi Delta Attention", hidden, operators, &shape, &ends)
}

/// What both forms end with.
struct Shape<'a> {
    heads: &'a Quantity,
    key_dim: &'a Quantity,
    value_dim: &'a Quantity,
    kernel: &'a Quantity,
    channels: &'a Quantity,
    inputs: &'a Quantity,
    values: &'a Quantity,
}

/// The recurrence, its gated norm over each head and the way back.
fn finish(
    title: &'static str,
    hidden: &Quantity,
    mut operators: Vec<Operator>,
    shape: &Shape<'_>,
    ends: &[String; 2],
) -> Block {
    let [norm_module, out_module] = ends;
    let mut norm = Operator::elementwise("gated norm", Component::Norm, shape.values, Step::Norm(Norm::Rms), 1);
    norm.tensors = Norm::Rms.tensors(norm_module, Component::Norm, &[shape.value_dim]);
    operators.extend([
        scan(Scan::Delta {
            heads: shape.heads.clone(),
            key_dim: shape.key_dim.clone(),
            value_dim: shape.value_dim.clone(),
        }),
        norm,
        Operator::elementwise("gate", PART, shape.values, Step::GatedActivation, 2),
        linear("out_proj", out_module, PART, hidden, shape.values, false),
    ]);
    let live = vec![
        Live::new("mixer input", hidden),
        Live::new("queries, keys, values and gates", shape.inputs),
        Live::new("convolved", shape.channels),
        Live::new("scanned", shape.values),
        Live::new("gated", shape.values),
    ];
    let state = Quantity::product("state", &[shape.heads, shape.key_dim, shape.value_dim]);
    Block {
        operators,
        states: states(shape.channels, shape.kernel, state),
        saved: live.clone(),
        live,
        ..Block::new(title, Role::TokenMixer)
    }
}
