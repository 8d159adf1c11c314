//! What is known of kinds of parts: how they compute, in a few lines of our own, and the paper that introduced them.

use crate::model::flow::Look;
use crate::model::operator::{Block, Kind, Operator, Scan, Span};

/// A paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Who and when: `Vaswani 2017`.
    pub name: &'static str,
    /// What in it.
    pub title: &'static str,
    /// Where it lies.
    pub address: &'static str,
}

const fn paper(name: &'static str, title: &'static str, address: &'static str) -> Paper {
    Paper { name, title, address }
}

/// Title of a block, what it is for, its paper.
const BLOCKS: &[(&str, &str, Paper)] = &[
    (
        "Multi-head attention",
        "Each head compares the token with those before it and mixes their values; every head has keys and values of its own.",
        paper(
            "Vaswani 2017",
            "Attention Is All You Need",
            "https://arxiv.org/abs/1706.03762",
        ),
    ),
    (
        "Grouped-query attention",
        "Several query heads share one head of keys and values, so that less is cached and read for each token.",
        paper(
            "Ainslie 2023",
            "GQA: Training Generalized Multi-Query Transformer Models",
            "https://arxiv.org/abs/2305.13245",
        ),
    ),
    (
        "Multi-query attention",
        "All query heads share one head of keys and values.",
        paper(
            "Shazeer 2019",
            "Fast Transformer Decoding: One Write-Head is All You Need",
            "https://arxiv.org/abs/1911.02150",
        ),
    ),
    (
        "Multi-head latent attention",
        "Keys and values of all heads are made from one small latent, and only that is cached.",
        paper("DeepSeek-V2, 2024", "section 2.1", "https://arxiv.org/abs/2405.04434"),
    ),
    (
        "Attention to the encoder",
        "Compares each token that is written with all that the encoder read.",
        paper(
            "Vaswani 2017",
            "Attention Is All You Need",
            "https://arxiv.org/abs/1706.03762",
        ),
    ),
    (
        "Gated MLP",
        "Widens each token's vector twice, lets one half gate the other, and narrows it again. Tokens don't meet here.",
        paper(
            "Shazeer 2020",
            "GLU Variants Improve Transformer",
            "https://arxiv.org/abs/2002.05202",
        ),
    ),
    (
        "MLP",
        "Widens each token's vector, bends it, and narrows it again. Tokens don't meet here.",
        paper(
            "Vaswani 2017",
            "Attention Is All You Need, section 3.3",
            "https://arxiv.org/abs/1706.03762",
        ),
    ),
    (
        "Mixture of experts",
        "Many small MLPs; a router sends each token to a few. All must lie in memory, few are read for a token.",
        paper(
            "Shazeer 2017",
            "Outrageously Large Neural Networks",
            "https://arxiv.org/abs/1701.06538",
        ),
    ),
    (
        "Mamba",
        "A state of fixed size for each channel; what a token writes and reads depends on the token. Nothing grows with the context.",
        paper("Gu 2023", "Mamba", "https://arxiv.org/abs/2312.00752"),
    ),
    (
        "Mamba 2",
        "The same idea in heads, written so that matrix units can do most of it.",
        paper("Dao 2024", "Transformers are SSMs", "https://arxiv.org/abs/2405.21060"),
    ),
    (
        "Gated DeltaNet",
        "Linear attention with a state that forgets, and that corrects what it holds instead of adding to it.",
        paper("Yang 2024", "Gated Delta Networks", "https://arxiv.org/abs/2412.06464"),
    ),
    (
        "Kimi Delta Attention",
        "A delta rule whose forgetting differs from channel to channel.",
        paper("Kimi Linear, 2025", "section 3", "https://arxiv.org/abs/2510.26692"),
    ),
    (
        "Lightning attention",
        "Linear attention in blocks: a state of fixed size in place of a cache.",
        paper("Qin 2024", "Lightning Attention-2", "https://arxiv.org/abs/2401.04658"),
    ),
    (
        "Matrix LSTM",
        "An LSTM whose memory is a matrix for each head.",
        paper("Beck 2024", "xLSTM", "https://arxiv.org/abs/2405.04517"),
    ),
    (
        "Gated linear recurrence",
        "A recurrence of each channel by itself, with two gates.",
        paper("De 2024", "Griffin", "https://arxiv.org/abs/2402.19427"),
    ),
    (
        "Short convolution",
        "Mixes the last few tokens of each channel between two gates.",
        paper("Liquid AI 2025", "LFM2", "https://arxiv.org/abs/2511.23404"),
    ),
    (
        "RWKV time mix",
        "Averages of the past that decay, a state of fixed size.",
        paper("Peng 2023", "RWKV, section 3", "https://arxiv.org/abs/2305.13048"),
    ),
    (
        "RMSNorm",
        "Divides the vector by its root mean square and scales each element.",
        paper(
            "Zhang 2019",
            "Root Mean Square Layer Normalization",
            "https://arxiv.org/abs/1910.07467",
        ),
    ),
    (
        "LayerNorm",
        "Takes off the mean, divides by the deviation, scales and shifts each element.",
        paper("Ba 2016", "Layer Normalization", "https://arxiv.org/abs/1607.06450"),
    ),
    (
        "Hyper-connection",
        "Keeps several residual streams and mixes them by small weights made for each token.",
        paper("Zhu 2024", "Hyper-Connections", "https://arxiv.org/abs/2409.19606"),
    ),
    (
        "AltUp prediction",
        "Keeps several streams and predicts all of them from one.",
        paper(
            "Baykal 2023",
            "Alternating Updates for Efficient Transformers",
            "https://arxiv.org/abs/2301.13310",
        ),
    ),
    (
        "Fourier transform",
        "Mixes tokens by a Fourier transform, without weights.",
        paper("Lee-Thorp 2021", "FNet", "https://arxiv.org/abs/2105.03824"),
    ),
];

/// What a block is for and its paper, where they are known.
pub fn of_block(block: &Block) -> Option<(&'static str, Paper)> {
    let found = BLOCKS.iter().find(|(title, ..)| *title == block.title);
    found.map(|(_, about, paper)| (*about, *paper))
}

/// How a part computes, in lines of pseudocode whose names are those of its shapes.
pub fn pseudocode(block: &Block, look: Look, operator: Option<&Operator>) -> Option<&'static str> {
    match operator.map(|one| &one.kind) {
        Some(Kind::Attention(attention)) if attention.latent.is_some() => {
            return Some(
                "for each head h:\n  s = (q[h] · k[h]) / √key_dim        # k from the latent\n  p = softmax(s)\n  o[h] = Σ p · v[h]                  # v from the latent\n\ndecode, folded: q'[h] = q[h] · k_up[h]\n  s = q'[h] · latent + q_rope[h] · k_rope",
            );
        }
        Some(Kind::Attention(attention)) => {
            return Some(match attention.span {
                Span::Window(_) => {
                    "for each head h, over the last `window` tokens:\n  s = q[h] · k[h ÷ group] / √head_dim\n  p = softmax(s)\n  o[h] = Σ p · v[h ÷ group]"
                }
                Span::Both | Span::Around(_) | Span::Chunks { .. } | Span::Beside { .. } | Span::Blocks { .. } => {
                    "for each head h, over all tokens seen:\n  s = q[h] · k[h] / √head_dim\n  p = softmax(s)\n  o[h] = Σ p · v[h]"
                }
                Span::Cross => {
                    "for each head h, over what the encoder read:\n  s = q[h] · k[h] / √head_dim\n  p = softmax(s)\n  o[h] = Σ p · v[h]"
                }
                _ => {
                    "for each head h, over all tokens so far:\n  s = q[h] · k[h ÷ group] / √head_dim\n  p = softmax(s)\n  o[h] = Σ p · v[h ÷ group]"
                }
            });
        }
        Some(Kind::Index(_)) => {
            return Some(
                "for each earlier token t:\n  I[t] = Σ over heads w[h] · relu(q[h] · k[t])\nkeep the best of I",
            );
        }
        Some(Kind::Scan(scan)) => {
            return Some(match &**scan {
                Scan::Mamba1 { .. } => "h = exp(Δ · A) ∘ h + (Δ · B) ∘ x\ny = C · h + D ∘ x",
                Scan::Mamba2 { .. } => "for each head:\n  h = exp(Δ · a) · h + Δ · x ⊗ B\n  y = C · h + d · x",
                Scan::Delta { .. } => {
                    "for each head:\n  S = α · S                       # forget\n  S = S + β · k ⊗ (v − Sᵀ k)      # correct\n  o = Sᵀ q"
                }
                Scan::Lightning { .. } => "for each head:\n  S = λ · S + k ⊗ v\n  o = Sᵀ q",
                Scan::MatrixLstm { .. } => {
                    "for each head:\n  C = f · C + i · v ⊗ k\n  n = f · n + i · k\n  o = (C q) / max(|n · q|, 1)"
                }
                Scan::Elementwise { .. } => "h = a ∘ h + b ∘ x              # element by element",
            });
        }
        Some(Kind::Conv { .. }) => return Some("y[t] = Σ over the last `kernel` tokens  w[i] ∘ x[t − i]"),
        Some(Kind::Lookup { .. }) => return Some("x = table[token]"),
        _ => {}
    }
    match look {
        Look::Experts => Some("for e in top_k(score(x)):\n  y += w[e] · down[e](act(gate[e](x)) · up[e](x))"),
        Look::Cache => Some("each step:\n  write what this token leaves\n  read what all tokens it sees left"),
        Look::State => Some("each step:\n  read the state, change it, write it back"),
        _ if operator.is_some() => None,
        _ => match block.title {
            "Gated MLP" => Some("y = down(act(gate(x)) · up(x))"),
            "MLP" => Some("y = down(act(up(x)))"),
            "Mixture of experts" => Some(
                "for e in top_k(score(x)):\n  y += w[e] · expert[e](x)\ny += shared(x)                     # where there is one",
            ),
            "RMSNorm" => Some("y = x / √(mean(x²) + ε) · weight"),
            "LayerNorm" => Some("y = (x − mean(x)) / √(var(x) + ε) · weight + bias"),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_lie_where_papers_lie() {
        for (at, (title, about, paper)) in BLOCKS.iter().enumerate() {
            assert!(paper.address.starts_with("https://arxiv.org/abs/"), "{title}");
            assert!(about.ends_with('.'), "{title}");
            assert!(BLOCKS.iter().skip(at + 1).all(|other| other.0 != *title), "{title}");
        }
    }
}
