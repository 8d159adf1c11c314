//! Token tables and the output head.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, Rows};
use super::super::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// The token table `[vocabulary, hidden]`: one row a token is read, nothing is computed.
pub fn embedding(module: &'static str, vocabulary: &Quantity, hidden: &Quantity) -> Block {
    let table = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Table,
        Component::Embedding,
        &[vocabulary, hidden],
    );
    lookup("Token embedding", "token embedding", table, hidden)
}

/// Learned positions `[positions, hidden]`, or types of tokens.
pub fn positions(module: &'static str, positions: &Quantity, hidden: &Quantity) -> Block {
    let table = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Table,
        Component::Embedding,
        &[positions, hidden],
    );
    // The first and the second text of a pair, tasks: no places.
    let (title, name) = if module.contains("type_embeddings") {
        ("Type embedding", "type embedding")
    } else {
        ("Position embedding", "position embedding")
    };
    lookup(title, name, table, hidden)
}

fn lookup(title: &'static str, name: &'static str, table: Tensor, hidden: &Quantity) -> Block {
    let operator = Operator {
        name,
        component: Component::Embedding,
        kind: Kind::Lookup { width: hidden.clone() },
        tensors: vec![table],
    };
    Block {
        operators: vec![operator],
        ..Block::new(title, Role::Embedding)
    }
}

/// The output head `[vocabulary, hidden]`; tied, it is the token table once more.
pub fn head(module: &'static str, vocabulary: &Quantity, hidden: &Quantity, tied: bool, bias: bool) -> Block {
    let mut weight = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Head,
        Component::LmHead,
        &[vocabulary, hidden],
    );
    weight.tied = tied;
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), Component::LmHead, vocabulary));
    let operator = Operator::linear("lm_head", weight, bias, Rows::Logits, vocabulary, hidden);
    Block {
        operators: vec![operator],
        saved: vec![Live::new("head input", hidden)],
        ..Block::new("LM head", Role::Head)
    }
}
