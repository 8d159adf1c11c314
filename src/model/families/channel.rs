//! The channel mixers of a decoder: dense, routed, or both by layer.

use super::super::blocks::{Mlp, RoutedExperts, SharedExperts, mlp, routed};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Role, Routing, Step};
use super::super::tensor::Tensor;
use super::decoder::{ChannelMixer, Correction, Decoder, Experts, Gate, Shared};
use super::keys::{EXPERTS, TOP_K};
use crate::units::{Quantity, grouped as thousands};

/// The MLP, or the experts that the description has.
///
/// # Errors
/// A dimension that is missing or impossible.
pub fn plain_channel(
    config: &Config,
    decoder: &Decoder,
    hidden: &Quantity,
    sparse: bool,
) -> Result<ChannelMixer, ModelError> {
    match &decoder.experts {
        Some(experts) if sparse => experts_of(config, experts, hidden),
        _ => Ok((dense(config, decoder, hidden)?, None)),
    }
}

/// No channel mixer: a layer is one mixer.
///
/// # Errors
/// None.
pub fn no_channel(_: &Config, _: &Decoder, _: &Quantity, _: bool) -> Result<ChannelMixer, ModelError> {
    Ok((Block::new("None", Role::ChannelMixer), None))
}

fn dense(config: &Config, decoder: &Decoder, hidden: &Quantity) -> Result<Block, ModelError> {
    let [gate, up, down] = decoder.names.mlp;
    let four = || hidden.times("intermediate", 4);
    let up_bias = config.decide(decoder.mlp_bias)?;
    let down_bias = decoder.down_bias.map_or(Ok(up_bias), |flag| config.decide(flag))?;
    let style = Mlp {
        width: match decoder.dense_width {
            keys @ [_, ..] if decoder.exact => config.size("intermediate", keys)?,
            keys => config.size_or("intermediate", keys, four)?,
        },
        gate: (decoder.gate == Gate::Gated && !gate.is_empty()).then_some(gate),
        up,
        down,
        bias: up_bias || down_bias,
        component: Component::Mlp,
    };
    let mut block = mlp(hidden, &style);
    for operator in block.operators.iter_mut().filter(|_| up_bias != down_bias) {
        if down_bias != (operator.name == "down_proj") {
            operator.tensors.truncate(1);
        }
    }
    if !decoder.activation_parameters.is_empty() {
        let one = Quantity::architecture("parameters", 1, "a learned scalar of the activation");
        let mut operator = Operator::elementwise("activation parameters", Component::Mlp, &one, Step::Plain(0), 0);
        let scalars = decoder.activation_parameters.iter();
        operator.tensors = scalars
            .map(|name| Tensor::vector(*name, Component::Mlp, &one))
            .collect();
        block.operators.push(operator);
    }
    Ok(block)
}

fn experts_of(config: &Config, experts: &Experts, hidden: &Quantity) -> Result<ChannelMixer, ModelError> {
    let style = routed_style(config, experts)?;
    let shared = style.shared.as_ref().map_or("", |_| ", and shared ones");
    let words = format!(
        "{} of {} experts{shared}",
        style.routing.top_k.value,
        thousands(style.routing.experts.value)
    );
    let mut block = routed(hidden, &style);
    if let (Correction::Parameter(name), Some(router)) = (experts.correction, block.operators.first_mut()) {
        router
            .tensors
            .push(Tensor::vector(name, Component::Router, &style.routing.experts));
    }
    Ok((block, Some(words)))
}

/// Reads the experts.
pub fn routed_style(config: &Config, experts: &Experts) -> Result<RoutedExperts, ModelError> {
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
            .map(|count| {
                let each = config.size_or("shared_width", experts.shared_width, || width.clone())?;
                Ok::<_, ModelError>(Quantity::product("shared_width", &[&count, &each]))
            })
            .transpose()?,
        Shared::One => Some(width.renamed("shared_width")),
        Shared::Width(keys) => config.optional("shared_width", keys)?.filter(|width| width.value > 0),
    };
    Ok(RoutedExperts {
        routing,
        width,
        router: experts.router,
        router_bias: experts.bias,
        correction: match experts.correction {
            Correction::None | Correction::Parameter(_) => None,
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
