//! Decoders that see both ways: EuroBERT and UltraBERT like Llama, OpenAI's privacy filter like gpt-oss. Counts checked against transformers' classes.

use super::Family;
use super::bert::row;
use super::channel::routed_style;
use super::decoder::Flag;
use super::encoder::{Encoder, Masked, Pretraining, Purpose, Sorting, not_built};
use super::encoding::dense;
use super::{Decoder, Experts, adjust};
use crate::model::blocks::{routed, with_vectors};
use crate::model::component::Component;
use crate::model::operator::{Rows, Span};
use crate::model::tensor::Tensor;
use crate::units::grouped;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["eurobert"], "EuroBERT", EURO),
    row(&["ultrabert"], "UltraBERT", ULTRA),
    row(&["openai_privacy_filter"], "Privacy filter", PRIVACY),
];

/// A Llama that sees both ways (Boizard 2025, arXiv 2503.05500).
const EURO: Encoder = Encoder {
    class: "EuroBert",
    stack: Decoder {
        kv_heads: &["num_key_value_heads"],
        head_dim: &["head_dim"],
        ..Decoder::READER.with_biases(Flag::Key("attention_bias", false), Flag::Key("mlp_bias", false))
    },
    tokens: "embed_tokens",
    tables: &[],
    stem_norm: "",
    final_norm: "norm",
    pooler: "",
    masked: Masked {
        dense: "",
        norm: "",
        decoder: "lm_head",
        bias: Flag::Key("mlp_bias", false),
        twin: "",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Late("dense", "classifier"),
    pretraining: Pretraining::Unknown,
    ..Encoder::BERT
};
/// The same with a narrow layer before the words.
const ULTRA: Encoder = Encoder {
    class: "Ultrabert",
    sorting: Sorting::Alone("classifier"),
    masked: Masked {
        decoder: "head.decoder",
        bias: Flag::No,
        ..EURO.masked
    },
    adjust_ends: |config, purpose, all| {
        match purpose {
            Purpose::Masked => {}
            Purpose::Plain | Purpose::Texts | Purpose::Tokens => return Ok(()),
            Purpose::Answers | Purpose::Pretraining => {
                return not_built(config, "A class for answers or for pretraining");
            }
        }
        let width = config.size("head width", &["prediction_head_size"])?;
        let hidden = all.hidden.clone();
        let at = all.tail.len().saturating_sub(1);
        let one = dense("head.linear1", &width, &hidden, false, Rows::Tokens, Component::LmHead);
        let two = dense("head.linear2", &hidden, &width, false, Rows::Tokens, Component::LmHead);
        all.tail.splice(at..at, [one, two]);
        Ok(())
    },
    ..EURO
};

/// Windows, sinks and experts.
const PRIVACY: Encoder = Encoder {
    class: "OpenAIPrivacyFilter",
    usual: Purpose::Plain,
    stack: Decoder {
        ..EURO.stack.with_biases(Flag::Key("attention_bias", true), Flag::No)
    },
    span: |config, _| {
        // As far on each side.
        let half = config.size("window", &["sliding_window"])?;
        Ok(Span::Around(half.times("window on both sides", 2)))
    },
    adjust_layer: |config, hidden, _, blocks| {
        let blocks = adjust::mixer(blocks, |block| {
            let sinks = Tensor::vector("self_attn.sinks", Component::Attention, &adjust::query_heads(&block));
            with_vectors(block, "scores and values", [sinks])
        });
        let experts = routed(hidden, &routed_style(config, &EXPERTS)?);
        Ok(adjust::channel(blocks, |_| experts.clone()))
    },
    adjust_ends: |config, purpose, all| {
        let routing = routed_style(config, &EXPERTS)?.routing;
        let (top_k, of) = (routing.top_k.value, grouped(routing.experts.value));
        all.experts = Some(format!("{top_k} of {of} experts"));
        if purpose == Purpose::Plain {
            return Ok(());
        }
        if config.get("num_labels").or_else(|| config.get("id2label")).is_none() {
            return not_built(config, "A class that sorts by labels it does not name");
        }
        for tensor in all
            .tail
            .iter_mut()
            .flat_map(|block| &mut block.operators)
            .flat_map(|one| &mut one.tensors)
        {
            if let Some(part) = tensor.name.strip_prefix("classifier.") {
                tensor.name = format!("score.{part}").into();
            }
        }
        match purpose {
            Purpose::Tokens => Ok(()),
            _ => not_built(config, "Another class than that for tokens"),
        }
    },
    ..EURO
};
const EXPERTS: Experts = Experts {
    width: &["intermediate_size"],
    router: "mlp.router",
    bias: true,
    ..Experts::PLAIN
};
