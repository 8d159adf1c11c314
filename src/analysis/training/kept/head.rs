//! What the head and the loss keep: over words, over labels, or over embeddings.

use super::{Keeper, Seen};
use crate::analysis::training::adapters::{adapts_block, is_trained_whole};
use crate::analysis::training::logits::scores;
use crate::model::Purpose;
use crate::model::autograd::TextForm;
use crate::model::operator::{Block, Kind, Role, Rows, Step};
use crate::scenario::training::Loss;
use crate::units::{Number, Quantity};

impl Keeper<'_> {
    /// Of final norm and head, each block of which reads what the one before it made.
    pub(super) fn head<N: Number>(&self, seen: &mut Seen) -> N {
        let mut parts = Vec::new();
        let blocks = &self.blueprint.head;
        let mut first = true;
        let mut pooled = false;
        for (at, block) in blocks.iter().enumerate() {
            seen.stream = false;
            seen.residual = false;
            pooled |= reads_one_row(block);
            if pooled {
                // Of a class that embeds the loss reads no pooler.
                if self.blueprint.purpose != Some(Purpose::Plain) {
                    parts.push(self.of_text(block, std::mem::take(&mut first)));
                }
                continue;
            }
            if block.role == Role::Norm {
                parts.push(self.norm_block(block, seen));
                continue;
            }
            if at + 1 == blocks.len() && self.class().drops_classifier && self.plan.runs_classes() {
                parts.push(self.each(1, N::input(&self.blueprint.hidden)));
            }
            if self.trains_whole(block) {
                parts.push(self.each(self.element(), width(block)));
                continue;
            }
            parts.push(self.block(block, seen));
            let dense = block.operators.iter().find(|operator| operator.name == "dense");
            if let (Some(Kind::Linear { output, .. }), true) = (dense.map(|one| &one.kind), at + 1 < blocks.len()) {
                // A dense layer before the output layer has a nonlinearity behind it.
                parts.push(self.each(self.element(), N::input(output)));
            }
        }
        N::sum(parts)
    }

    /// Whether a block is a head that is trained whole beside adapters.
    fn trains_whole(&self, block: &Block) -> bool {
        self.plan.adapters.is_some() && block.operators.iter().any(|operator| is_trained_whole(block, operator))
    }

    /// Of a block that reads a row for each sequence: its input, what dropout and a nonlinearity leave, or a norm. The first reads
    /// a view of all tokens' last hidden states, unless something copied the row before.
    fn of_text<N: Number>(&self, block: &Block, first: bool) -> N {
        let adapters = self.plan.adapters.as_ref();
        let adapted = adapts_block(adapters, block);
        let trained = adapters.is_none() || self.trains_whole(block);
        let copied = self.class().texts != TextForm::View || self.plan.is_under_autocast();
        let row = |bytes: u64| self.each_text(bytes, width(block));
        let read = match (trained, adapted) {
            (true, _) if first && !copied => self.each(self.element(), width(block)),
            (true, _) => row(self.element()),
            // Adapters read a copy.
            (false, true) => row(4),
            (false, false) => N::zero(),
        };
        let mean = if first && self.class().texts == TextForm::Mean {
            // The mask by which the tokens are multiplied.
            self.each(1, N::constant(1.0))
        } else {
            N::zero()
        };
        // A nonlinearity's result, and a mask where dropout stands behind it.
        let behind = row(self.element() + u64::from(self.class().drops_classifier));
        N::sum([read, mean, behind]).named(block.title, "What the backward pass needs of one row a sequence.")
    }

    /// So many bytes of each element of a width, for every sequence.
    fn each_text<N: Number>(&self, bytes: u64, width: N) -> N {
        N::product([N::input(&self.batch), N::constant(bytes as f64), width])
    }

    /// After the head: log-probabilities in FP32, labels, and capped logits; of embeddings what pooling and cosines keep.
    pub fn loss<N: Number>(&self) -> N {
        // Each mean is a number by itself.
        let mean = if self.plan.is_under_autocast() {
            4
        } else {
            self.element()
        };
        let labels = |each: f64, rows: &Quantity, means: u64| {
            let each = N::constant(each).times(N::input(rows));
            each.plus(N::constant((means * mean) as f64))
        };
        let (label, why) = match self.blueprint.purpose {
            Some(Purpose::Plain) => return self.loss_over_pairs(),
            Some(Purpose::Texts) => (
                labels(8.0, &self.batch, 1),
                "Log-probabilities of every sequence over the labels in the format of the logits, and the labels.",
            ),
            Some(Purpose::Answers) => (
                labels(16.0, &self.batch, 2),
                "Log-probabilities of every token to begin and to end the answer, in the format of the logits, and both places.",
            ),
            Some(Purpose::Tokens) => (
                labels(8.0, &self.tokens, 1),
                "Log-probabilities of every token over the labels in the format of the logits, and the labels.",
            ),
            _ => {
                let one = if self.plan.micro_batch == 1 { 1.0 } else { 0.0 };
                (
                    N::constant(8.0)
                        .times(N::input(&self.tokens).plus(N::constant(one)))
                        .plus(N::constant(4.0)),
                    "Log-probabilities of every token over the vocabulary, in FP32 unless its class keeps the format of the logits, and the labels.",
                )
            }
        };
        let log = match self.blueprint.keeps_loss_format() {
            // Autocast makes a copy in FP32.
            true if self.plan.autocasts() && self.class().widens_logits => 4,
            true if self.plan.is_under_autocast() => 2 + 4,
            true => self.element(),
            false => 4,
        };
        let each = |bytes: u64| self.shared(N::constant(bytes as f64).times(scores(self.plan, self.blueprint)));
        let caps = if self.class().caps_logits { self.element() } else { 0 };
        let kept = match self.plan.loss {
            // The logits in FP32, and their log-probabilities.
            Loss::Full | Loss::Chunked if self.plan.habits().holds_logits => each(8 + caps),
            Loss::Full if self.plan.habits().writes_over_logits => each(2 + caps),
            Loss::Full => each(log + caps),
            Loss::Chunked => each(2),
            Loss::Fused => N::zero(),
        };
        kept.plus(label).named("loss", why)
    }

    /// Means over the tokens, and the cosines of each text of a pair with those of all others: an embedding and its unit vector, a
    /// mask over the tokens, the cosines.
    ///
    /// Source: sentence-transformers 6.2.0, `sentence_transformer/modules/pooling.py`, `losses/multiple_negatives_ranking.py`.
    fn loss_over_pairs<N: Number>(&self) -> N {
        let masks = self.each(self.element(), N::constant(1.0));
        let vectors = self.each_text(2 * self.element(), N::input(&self.blueprint.hidden));
        let pairs = (self.plan.micro_batch / 2).max(1);
        let pairs = || N::input(&Quantity::assumed("pairs", pairs, "two texts each"));
        let cosines = N::product([N::constant(self.element() as f64), pairs(), pairs()]);
        N::sum([masks, vectors, cosines]).named(
            "loss",
            "Embeddings, their unit vectors and the cosines of all pairs, as sentence-transformers computes them.",
        )
    }
}

/// Whether a block reads a row for each sequence.
fn reads_one_row(block: &Block) -> bool {
    let one = |kind: &Kind| {
        matches!(
            kind,
            Kind::Linear {
                rows: Rows::Sequences,
                ..
            }
        )
    };
    block.operators.iter().any(|operator| one(&operator.kind))
}

/// Width of what a block reads.
fn width<N: Number>(block: &Block) -> N {
    let mut operators = block.operators.iter();
    let width = operators.find_map(|operator| match &operator.kind {
        Kind::Linear { input, .. } => Some(input),
        Kind::Elementwise {
            width,
            step: Step::Norm(_),
            ..
        } => Some(width),
        _ => None,
    });
    width.map_or_else(N::zero, N::input)
}
