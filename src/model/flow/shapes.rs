//! The shape of a box in a few words: `4,096 → 32 × 128`.

use super::nodes::Node;
use super::part::Piece;
use crate::model::operator::{Attention, Block, Kind, Operator, Scan, Span, State};
use crate::units::{Operation, Origin, Quantity, grouped};

/// A width, taken apart where it is a product of few: `32 × 128`.
pub fn width_words(quantity: &Quantity) -> String {
    if let Origin::Derived(Operation::Product, factors) = &quantity.origin
        && factors.len() == 2
        && factors.iter().all(|factor| factor.value > 1)
    {
        let factors: Vec<String> = factors.iter().map(|factor| grouped(factor.value)).collect();
        return factors.join(" × ");
    }
    grouped(quantity.value)
}

/// What a token sees, in a word or two; nothing for all before it.
pub fn span_words(span: &Span) -> Option<String> {
    Some(match span {
        Span::Full => return None,
        Span::Both => "sees both ways".to_owned(),
        Span::Around(window) | Span::Chunks { window, .. } => format!("{} around", grouped(window.value)),
        Span::Beside { size, seen, .. } => format!("{seen} × {} around", grouped(size.value)),
        Span::Distances => "all distances".to_owned(),
        Span::Near(width) => format!("{} distances", grouped(width.value)),
        Span::Blocks { size, .. } => format!("blocks of {}", grouped(size.value)),
        Span::Squares { side, .. } => format!("squares of {}", grouped(side.value)),
        Span::Part(_) => "over another part".to_owned(),
        Span::Cross => "over the encoder".to_owned(),
        Span::Window(width) => format!("window {}", grouped(width.value)),
        Span::Chunk(width) => format!("chunks of {}", grouped(width.value)),
        Span::Chosen(most) => format!("best {}", grouped(most.value)),
        Span::Every { ratio, .. } => format!("1 for {} tokens", grouped(ratio.value)),
    })
}

fn heads(attention: &Attention) -> String {
    let (queries, kv) = (attention.heads.value, attention.kv_heads.value);
    let heads = if queries == kv || attention.latent.is_some() {
        format!("{} heads", grouped(queries))
    } else {
        format!("{} heads, {} KV", grouped(queries), grouped(kv))
    };
    match span_words(&attention.span) {
        Some(span) => format!("{heads} · {span}"),
        None => heads,
    }
}

fn scan(scan: &Scan) -> String {
    match scan {
        Scan::Mamba1 { inner, state } => format!("{} × {}", grouped(inner.value), grouped(state.value)),
        Scan::Mamba2 {
            heads, head_dim, state, ..
        } => format!(
            "{} heads × {} × {}",
            grouped(heads.value),
            grouped(head_dim.value),
            grouped(state.value)
        ),
        Scan::Delta {
            heads,
            key_dim,
            value_dim,
        }
        | Scan::MatrixLstm {
            heads,
            key_dim,
            value_dim,
            ..
        } => format!(
            "{} heads × {} × {}",
            grouped(heads.value),
            grouped(key_dim.value),
            grouped(value_dim.value)
        ),
        Scan::Lightning { heads, head_dim, .. } => {
            format!(
                "{} heads × {} × {}",
                grouped(heads.value),
                grouped(head_dim.value),
                grouped(head_dim.value)
            )
        }
        Scan::Elementwise { .. } => "element by element".to_owned(),
    }
}

fn operator(one: &Operator) -> String {
    match &one.kind {
        Kind::Linear {
            input,
            output,
            routing: Some(routing),
            ..
        } => format!(
            "{} × ({} → {})",
            grouped(routing.experts.value),
            grouped(input.value),
            grouped(output.value)
        ),
        Kind::Linear { input, output, .. } => format!("{} → {}", width_words(input), width_words(output)),
        Kind::Expand {
            heads, output, latent, ..
        } => format!(
            "{} → {} × {}",
            grouped(latent.rank.value),
            grouped(heads.value),
            grouped(output.value)
        ),
        Kind::Lookup { width } => match one.tensors.first().and_then(|table| table.dims.first()) {
            Some(rows) => format!("{} × {}", grouped(rows.value), grouped(width.value)),
            None => grouped(width.value),
        },
        Kind::Elementwise { width, .. } => width_words(width),
        Kind::Attention(attention) => heads(attention),
        Kind::Index(index) => format!("{} heads × {}", grouped(index.heads.value), grouped(index.dim.value)),
        Kind::Conv { channels, kernel } => format!("{} channels, {} tokens", grouped(channels.value), kernel.value),
        Kind::Scan(kind) => scan(kind),
        Kind::Idle => one.tensors.first().map_or_else(String::new, |tensor| {
            let dims: Vec<String> = tensor.dims.iter().map(|dim| grouped(dim.value)).collect();
            dims.join(" × ")
        }),
    }
}

/// The shape of a box of a block.
pub fn shape_words(block: &Block, node: &Node) -> String {
    match node.piece {
        Piece::Cache => {
            return format!("{} numbers a token", grouped(block.cached_width()));
        }
        Piece::State => {
            let sizes = block.states.iter().map(|state| match state {
                State::Conv { channels, kernel } => channels.value.saturating_mul(kernel.value),
                State::Recurrent { elements } | State::Plain { elements } => elements.value,
            });
            return format!("{} numbers", grouped(sizes.fold(0, u64::saturating_add)));
        }
        Piece::Operator(_) => {}
    }
    let own: Vec<&Operator> = node
        .operators
        .iter()
        .filter_map(|at| block.operators.get(*at))
        .collect();
    let linears = || own.iter().filter(|one| matches!(one.kind, Kind::Linear { .. }));
    // From the first width through the inner one and back.
    let comes_back = |one: &&&Operator| match (linears().next().map(|first| &first.kind), &one.kind) {
        (Some(Kind::Linear { input, .. }), Kind::Linear { output, .. }) => input.value == output.value,
        _ => false,
    };
    if linears().count() > 1
        && let (Some(first), Some(last)) = (
            linears().next(),
            linears().rfind(comes_back).or_else(|| linears().next_back()),
        )
        && let (
            Kind::Linear {
                input, output, routing, ..
            },
            Kind::Linear { output: back, .. },
        ) = (&first.kind, &last.kind)
    {
        let path = format!(
            "{} → {} → {}",
            grouped(input.value),
            grouped(output.value),
            grouped(back.value)
        );
        return match routing {
            Some(routing) => format!(
                "{} of {} × ({path})",
                grouped(routing.top_k.value),
                grouped(routing.experts.value)
            ),
            None => path,
        };
    }
    let names = own.iter().find(|one| !super::wires::is_folded(one));
    names.or(own.first()).map_or_else(String::new, |one| operator(one))
}
