//! What an encoder with a decoder keeps beside its layers: positions added to scores, what the encoder made, its ends.

use super::{Keeper, Seen};
use crate::model::operator::{Attention, Block, Kind, Role, Span};
use crate::units::Number;

/// Bytes of the row of the table of positions that a pair of tokens reads, kept for the table's gradient.
const TABLE_ROW: u64 = 8;

impl Keeper<'_> {
    /// A layer of an encoder beside a decoder.
    pub fn encoder_layer<N: Number>(&self, blocks: &[Block], first: bool) -> N {
        self.reader().blocks::<N>(blocks, first).named(
            "encoder layer",
            "What a layer of the encoder keeps of the tokens that it reads.",
        )
    }

    /// What layers of the encoder before its first adapter would keep with all trained, and do not.
    pub fn encoder_spared<N: Number>(&self) -> N {
        let mut parts = Vec::new();
        for (blocks, count) in self.blueprint.encoder_layers() {
            let needs = self.encoder_layer::<N>(blocks, true);
            let reached = needs.value() > 0.0;
            let spared = self.encoder_layer::<N>(blocks, false).minus(needs);
            if reached {
                parts.push(spared);
                break;
            }
            parts.push(N::input(count).times(spared));
        }
        N::sum(parts)
    }

    /// Of positions that are added to the scores, what each layer keeps: a fused kernel gets them as a mask for each head, in
    /// self-attention a copy of its own.
    pub(super) fn positions<N: Number>(&self, attention: &Attention) -> N {
        let (each, trained) = (self.class().positions_each, self.plan.adapters.is_none());
        let heads = || N::input(&attention.heads);
        let mut parts = Vec::new();
        if attention.span == Span::Cross {
            if each && !self.plan.is_eager() {
                parts.push(self.cross_mask::<N>(attention));
            }
            return N::sum(parts);
        }
        if each && trained {
            parts.push(self.square(TABLE_ROW));
        }
        if !self.plan.is_eager() {
            parts.push(self.square::<N>(self.element()).times(heads()));
            if attention.span == Span::Full && trained {
                // Where a token sees, one byte.
                parts.push(self.square(1));
            }
        }
        N::sum(parts).named(
            "positions",
            "Relative positions and what a token does not see, as a mask for each head; and the rows of their table.",
        )
    }

    /// So many bytes for each pair of tokens of a sequence.
    fn square<N: Number>(&self, bytes: u64) -> N {
        let side = || N::input(&self.sequence);
        N::product([N::constant(bytes as f64), side(), side()])
    }

    /// The mask of zeros that attention to the encoder gets where positions are added elsewhere.
    fn cross_mask<N: Number>(&self, attention: &Attention) -> N {
        N::product([
            N::constant(self.element() as f64),
            N::input(&attention.heads),
            N::input(&self.sequence),
            N::input(&self.read),
        ])
    }

    /// Kept once of an encoder with a decoder: positions that all layers are handed, and what the encoder made.
    pub(super) fn between<N: Number>(&self) -> N {
        if self.plan.encoder == 0 {
            return N::zero();
        }
        let reader = self.reader();
        let trained = self.plan.adapters.is_none();
        let own = self.blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
        let mut parts = vec![reader.shared_positions(self.blueprint.encoder_layers().flat_map(|(blocks, _)| blocks))];
        parts.push(self.shared_positions(own));
        let made = || N::input(&self.blueprint.hidden);
        if self.checkpoints() {
            parts.push(reader.each(self.residual_bytes(), made()));
        } else if trained && !self.plan.autocasts() {
            parts.push(reader.each(self.element(), made()));
        }
        N::sum(parts).named(
            "between encoder and decoder",
            "What the encoder made, which every layer of the decoder reads, and positions that layers share.",
        )
    }

    /// Positions that layers of one side are handed by the first of them.
    fn shared_positions<'a, N: Number>(&self, blocks: impl Iterator<Item = &'a Block>) -> N {
        let class = self.class();
        if !class.adds_positions || class.positions_each {
            return N::zero();
        }
        let mut own = None;
        let mut cross = None;
        for attention in blocks.flat_map(|block| block.attentions()) {
            let kind = if attention.span == Span::Cross {
                &mut cross
            } else {
                &mut own
            };
            kind.get_or_insert(attention);
        }
        let mut parts = Vec::new();
        if let Some(attention) = own {
            if self.checkpoints() {
                let square = self.square::<N>(self.residual_bytes());
                parts.push(square.times(N::input(&attention.heads)));
            } else if self.plan.adapters.is_none() {
                parts.push(self.square(TABLE_ROW));
            }
        }
        if let Some(attention) = cross.filter(|_| self.checkpoints() || !self.plan.is_eager()) {
            parts.push(self.cross_mask(attention));
        }
        N::sum(parts)
    }

    /// What is kept of an encoder besides its layers once its decoder's backward pass is done.
    pub fn encoder_alone<N: Number>(&self) -> N {
        let blocks = self.blueprint.encoder_layers().flat_map(|(blocks, _)| blocks);
        self.encoder_ends::<N>().plus(self.reader().shared_positions(blocks))
    }

    /// Convolutions over frames, each with a nonlinearity behind it: what both read.
    fn convolutions<N: Number>(&self, block: &Block) -> N {
        // Frames that a token is made of, at each convolution: elements that it reads, and that it makes.
        let each = block.operators.iter().filter_map(|operator| {
            let dims = operator.tensors.first()?.dims.as_slice();
            let (Kind::Linear { input, output, .. }, [_, channels, kernel]) = (&operator.kind, dims) else {
                return None;
            };
            let window = N::input(channels).times(N::input(kernel));
            let frames = N::input(input).over(window);
            let read = frames.clone().times(N::input(channels));
            Some((read, frames.times(N::input(output))))
        });
        let mut widths = Vec::new();
        let mut last: Option<N> = None;
        for (read, made) in each {
            // What the one before made went through a nonlinearity.
            widths.push(last.unwrap_or(read));
            widths.push(made.clone());
            last = Some(made);
        }
        // The first reads what the model is given, unless autocast makes a copy of that.
        let given = usize::from(!self.plan.autocasts());
        let all = widths.into_iter().skip(given);
        N::sum(all.map(|width| self.each(self.element(), width)))
    }

    /// Of what stands before the encoder's layers and after them.
    pub(super) fn encoder_ends<N: Number>(&self) -> N {
        if self.plan.encoder == 0 {
            return N::zero();
        }
        let reader = self.reader();
        let mut parts = Vec::new();
        let mut seen = Seen::default();
        parts.push(reader.after_tables());
        if self.class().changes_encoder_rows {
            parts.push(reader.rows_with_gradient());
        }
        // Under adapters nothing before the first layer needs a gradient, unless that layer is computed again.
        let reached = self.plan.adapters.is_none() || self.checkpoints();
        for (block, before) in self.blueprint.encoder_ends() {
            if before && !reached {
                continue;
            }
            if block.role == Role::Tower {
                parts.push(reader.convolutions(block));
            }
            if block.role != Role::Norm {
                continue;
            }
            seen.residual = false;
            seen.stream = false;
            parts.push(reader.norm_block(block, &mut seen));
        }
        if self.class().drops_end {
            parts.push(reader.each(1, N::input(&self.blueprint.hidden)));
        }
        N::sum(parts).named(
            "encoder's ends",
            "Dropout and norms before the layers of the encoder and after them.",
        )
    }
}
