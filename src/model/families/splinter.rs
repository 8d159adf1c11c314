//! Splinter (Ram 2021, arXiv 2101.00438): a head that finds where an answer begins and ends. Counts checked against
//! transformers' class.

use super::super::blocks::norm;
use super::super::component::Component;
use super::super::operator::{Block, Operator, Role, Rows};
use super::super::tensor::Tensor;
use super::Decoder;
use super::Family;
use super::bert::row;
use super::encoder::{Encoder, Pretraining, Purpose, not_built};
use super::encoding::{dense, with_positions};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["splinter"], "Splinter", SPLINTER)];

const SPLINTER: Encoder = Encoder {
    class: "Splinter",
    usual: Purpose::Answers,
    pooler: "",
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, purpose, all| {
        match purpose {
            Purpose::Plain => return Ok(()),
            Purpose::Answers => {}
            _ => return not_built(config, "Another class than those for answers and for the layers alone"),
        }
        // Not the usual head: each word is compared with one question.
        all.tail.clear();
        let hidden = all.hidden.clone();
        for (what, rows) in [
            ("query_start_transform", Rows::Sequences),
            ("query_end_transform", Rows::Sequences),
            ("start_transform", Rows::Tokens),
            ("end_transform", Rows::Tokens),
        ] {
            let module = format!("splinter_qass.{what}.dense");
            all.tail
                .push(dense(&module, &hidden, &hidden, true, rows, Component::LmHead));
            all.tail.push(norm(Decoder::BERT.norm, norm_of(what), &hidden));
        }
        let one = Quantity::architecture("questions", 1, "one question a text");
        for what in ["start_classifier", "end_classifier"] {
            let weight = Tensor::matrix(
                format!("splinter_qass.{what}.weight"),
                Component::LmHead,
                &hidden,
                &hidden,
            );
            let question = Operator::linear("dense", weight, None, Rows::Sequences, &hidden, &hidden);
            all.tail.push(Block {
                operators: vec![question, with_positions("words and question", &hidden, &one)],
                ..Block::new("Where an answer is", Role::Head)
            });
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// The norm behind a dense layer of the head.
fn norm_of(what: &str) -> &'static str {
    match what {
        "query_start_transform" => "splinter_qass.query_start_transform.LayerNorm",
        "query_end_transform" => "splinter_qass.query_end_transform.LayerNorm",
        "start_transform" => "splinter_qass.start_transform.LayerNorm",
        _ => "splinter_qass.end_transform.LayerNorm",
    }
}
