//! One pass through the model: how many rows each operator sees.

use super::media::Seen;
use super::setup::Setup;
use crate::model::media::{Extent, Glance, Stage};
use crate::model::operator::{Input, Marks, Rows, Span};
use crate::scenario::{AttentionFlops, Logits};
use crate::units::{Number, Quantity};

/// What runs, per sequence.
#[derive(Clone, Debug)]
pub struct ForwardPass<N> {
    /// Sequences.
    pub batch: N,
    /// New tokens of each sequence.
    pub tokens: N,
    /// Tokens whose keys are seen by the last of them, itself included.
    pub context: N,
    /// Positions of each sequence whose logits are wanted.
    pub logits: N,
    /// Tokens of the encoder's input of each sequence.
    pub encoder: N,
    /// What a tower sees, over a block of one: of each image or clip, and the plane of this block.
    sight: Option<(Glance, Extent)>,
    /// Whether one token a sequence is written.
    pub decode: bool,
    /// Count all pairs, as framework counters do.
    full: bool,
    /// Whether the engine leaves out what an indexer did not choose.
    skips: bool,
}

/// Entries of a compressed cache: one for each whole group of `ratio` tokens, rounded down.
pub fn entries<N: Number>(tokens: N, ratio: &Quantity) -> N {
    let one = || N::constant(1.0);
    tokens.plus(one()).over_ceiling(N::input(ratio)).minus(one())
}

/// Pairs where each of so many tokens sees itself and all before it: n(n+1)/2.
fn triangle<N: Number>(side: N) -> N {
    side.clone().times(side.plus(N::constant(1.0))).over(N::constant(2.0))
}

impl<N: Number> ForwardPass<N> {
    /// The pass which the scenario's mode names.
    pub fn new(setup: &Setup) -> Self {
        let batch = N::input(&setup.batch());
        if setup.scenario.workload.mode.writes() {
            Self::decode(setup, batch)
        } else {
            Self::prompt(setup, batch)
        }
    }
    /// A token more for each of so many sequences.
    pub fn decode(setup: &Setup, batch: N) -> Self {
        let context = setup.mean_context();
        Self {
            batch,
            tokens: N::constant(1.0),
            context: N::input(&context),
            logits: N::constant(1.0),
            encoder: N::input(&setup.encoder_tokens()),
            sight: None,
            decode: true,
            full: setup.scenario.assumptions.attention_flops == AttentionFlops::Full,
            skips: setup.skips(),
        }
    }
    /// So many whole prompts.
    pub fn prompt(setup: &Setup, batch: N) -> Self {
        let scenario = &*setup.scenario;
        let prompt = setup.prompt();
        let all = scenario.workload.mode.trains() || scenario.assumptions.logits == Logits::All;
        Self {
            batch,
            tokens: N::input(&prompt),
            context: N::input(&prompt),
            logits: if all { N::input(&prompt) } else { N::constant(1.0) },
            encoder: N::input(&setup.encoder_tokens()),
            sight: None,
            decode: false,
            full: scenario.assumptions.attention_flops == AttentionFlops::Full,
            skips: setup.skips(),
        }
    }

    /// The pass over what a block runs over: nothing in a step that writes, where it is not the text.
    pub fn over(&self, input: &Input) -> Self {
        match input {
            Input::Text | Input::TextBesideImages | Input::Tower(_) => self.clone(),
            Input::Encoder => Self {
                batch: if self.decode { N::zero() } else { self.batch.clone() },
                context: self.encoder.clone(),
                tokens: self.encoder.clone(),
                decode: false,
                ..self.clone()
            },
        }
    }

    /// The pass over what a part of a tower sees of one kind of input: nothing in a step that writes.
    pub fn at(&self, seen: &Seen, stage: &Stage) -> Self {
        let (sequences, rows, extent) = seen.extent(stage);
        Self {
            batch: if self.decode {
                N::zero()
            } else {
                self.batch.clone().times(N::input(&sequences))
            },
            tokens: N::input(&rows),
            context: N::input(&rows),
            sight: Some((seen.each, extent)),
            decode: false,
            ..self.clone()
        }
    }

    /// Rows of activations an operator sees, all sequences together.
    pub fn rows(&self, rows: Rows) -> N {
        let each = match rows {
            Rows::Tokens if self.decode => return self.batch.clone(),
            Rows::Tokens => self.tokens.clone(),
            Rows::Patches(_) if self.decode => return N::zero(),
            Rows::Patches(marks) => {
                let marks = Quantity::architecture("marks", marks, "tokens beside the patches");
                self.tokens.clone().minus(N::input(&marks).least(self.tokens.clone()))
            }
            Rows::Logits => self.logits.clone(),
            Rows::Keys => self.context.clone(),
            Rows::Encoder if self.decode => return N::zero(),
            Rows::Encoder => self.encoder.clone(),
            Rows::Given(_) | Rows::Reach(_) | Rows::Filled { .. } | Rows::Every(_) | Rows::Distances if self.decode => {
                return N::zero();
            }
            Rows::Filled { size, more } => {
                let more = Quantity::architecture("rows besides", more, "beside the tokens");
                self.filled(&Quantity::architecture("block", size, "tokens of a block"))
                    .plus(N::input(&more))
            }
            Rows::Distances => self.distances(),
            Rows::Every(tokens) => {
                let tokens = Quantity::architecture("tokens of a mark", tokens, "tokens that one mark stands for");
                entries(self.tokens.clone(), &tokens)
            }
            Rows::Reach(most) => {
                let most = Quantity::architecture("reach", most, "distances of the table on each side");
                return self
                    .tokens
                    .clone()
                    .least(N::input(&most))
                    .times(N::input(&Quantity::architecture(
                        "sides",
                        2,
                        "before and after a token",
                    )));
            }
            Rows::Given(rows) => {
                return N::input(&Quantity::architecture(
                    "rows",
                    rows,
                    "rows of a table that is multiplied whole",
                ));
            }
            Rows::Sequences if self.decode => return N::zero(),
            Rows::Sequences => return self.batch.clone(),
            Rows::Idle => return N::zero(),
        };
        self.batch.clone().times(each)
    }

    /// Keys a decoded token sees in a layer.
    pub fn keys(&self, span: &Span) -> N {
        let context = || self.context.clone();
        match span {
            Span::Full
            | Span::Both
            | Span::Distances
            | Span::Blocks { .. }
            | Span::Beside { .. }
            | Span::Squares { .. } => context(),
            Span::Part(stage) => self.of_part(stage),
            Span::Cross => self.encoder.clone(),
            Span::Around(window) | Span::Chunks { window, .. } | Span::Near(window) | Span::Window(window) => {
                context().least(N::input(window))
            }
            Span::Chunk(chunk) if self.full => context().least(N::input(chunk)),
            Span::Chunk(chunk) => self.rest_of_chunk(context(), chunk).1,
            Span::Chosen(most) => self.chosen(context(), Some(most)),
            Span::Every { ratio, chosen } => self.chosen(entries(context(), ratio), chosen.as_ref()),
        }
    }

    /// Pairs of a query and a key it sees, for one sequence and head.
    ///
    /// Decode: the keys. Prefill, causal: S(S+1)/2, with a window W < S: W(W+1)/2 + (S−W)·W. Prefill, full: S². Compressed
    /// by r to T = ⌊S/r⌋ entries: a token at s sees ⌊s/r⌋ of them, in all r·T(T−1)/2 + T·(S − r·T + 1).
    pub fn pairs(&self, span: &Span) -> N {
        if self.decode {
            return self.keys(span);
        }
        let tokens = || self.tokens.clone();
        match span {
            Span::Cross => tokens().times(self.encoder.clone()),
            Span::Both => tokens().times(tokens()),
            Span::Distances => tokens().times(self.distances()),
            Span::Part(stage) => tokens().times(self.of_part(stage)),
            Span::Squares { side, whole, layers } => self.squares(side, whole, layers),
            Span::Blocks { size, random } => self.sparse_blocks(size, *random),
            Span::Near(most) => tokens().times(tokens().least(N::input(most))),
            Span::Around(window) | Span::Chunks { window, .. } if !self.full => {
                tokens().times(tokens().least(N::input(window)))
            }
            // Of n half windows w each n − 1 pairs of neighbours are compared, (2w)² at a time.
            Span::Chunks { window, filled } => {
                let halves = self.filled(filled).times(N::constant(2.0)).over(N::input(window));
                N::product([halves.minus(N::constant(1.0)), N::input(window), N::input(window)])
            }
            Span::Beside {
                size,
                seen,
                shifted,
                marks,
            } => self.beside(size, *seen, *shifted, marks),
            Span::Every { ratio, chosen } => {
                let seen = || self.chosen(entries(tokens(), ratio), chosen.as_ref());
                if self.full {
                    return tokens().times(seen());
                }
                let ratio = || N::input(ratio);
                let steps = seen().times(seen().minus(N::constant(1.0))).over(N::constant(2.0));
                let rest = tokens().minus(ratio().times(seen())).plus(N::constant(1.0));
                ratio().times(steps).plus(seen().times(rest))
            }
            _ if self.full => tokens().times(tokens()),
            Span::Chunk(chunk) if self.is_longer_than(chunk) => {
                let (whole, rest) = self.rest_of_chunk(tokens(), chunk);
                whole.times(triangle(N::input(chunk))).plus(triangle(rest))
            }
            Span::Window(most) if self.is_longer_than(most) => self.windowed(most),
            Span::Chosen(most) if self.skips && self.is_longer_than(most) => self.windowed(most),
            _ => triangle(tokens()),
        }
    }

    /// Pairs of a token and a value that is mixed into it, where they are not those of the scores: half a window mixes three.
    pub fn pairs_mixed(&self, span: &Span) -> Option<N> {
        match span {
            Span::Chunks { window, filled } if self.full && !self.decode => {
                let halves = N::input(window).times(N::constant(1.5));
                Some(self.filled(filled).times(halves))
            }
            _ => None,
        }
    }

    /// One fewer than twice as many as tokens.
    fn distances(&self) -> N {
        self.tokens.clone().times(N::constant(2.0)).minus(N::constant(1.0))
    }

    /// The tokens filled up to whole blocks.
    fn filled(&self, size: &Quantity) -> N {
        self.tokens.clone().over_ceiling(N::input(size)).times(N::input(size))
    }

    /// Blocks filled up, each of which sees so many and marks; marks that see everything.
    fn beside(&self, size: &Quantity, seen: u64, shifted: bool, marks: &Marks) -> N {
        let size = || N::input(size);
        let blocks = self.tokens.clone().over_ceiling(size());
        let blocks = if shifted { blocks.plus(N::constant(1.0)) } else { blocks };
        let queries = || blocks.clone().times(size());
        let near = queries().times(size()).times(N::constant(seen as f64));
        match marks {
            Marks::None => near,
            Marks::Every(tokens) => near.plus(queries().times(entries(self.tokens.clone(), tokens))),
            Marks::Always(count) => {
                let count = || N::input(count);
                let theirs = count().times(count().plus(queries()));
                near.plus(queries().times(count())).plus(theirs)
            }
        }
    }

    /// Pairs of blocks, in tokens: of n blocks the first and the last see all, the next two four and the random ones, the
    /// others five and the random ones. Short texts are seen whole.
    fn sparse_blocks(&self, size: &Quantity, random: u64) -> N {
        let tokens = || self.tokens.clone();
        if tokens().value() <= (5 + 2 * random.min(1 << 20)) as f64 * size.value as f64 {
            return tokens().times(tokens());
        }
        let random = random as f64;
        let blocks = || tokens().over_ceiling(N::input(size));
        let seen = N::sum([
            blocks().times(N::constant(2.0)),
            N::constant(2.0 * (4.0 + random)),
            blocks().minus(N::constant(4.0)).times(N::constant(5.0 + random)),
        ]);
        N::product([seen, N::input(size), N::input(size)])
    }

    /// Cached entries that are read for one sequence.
    pub fn keys_read(&self, span: &Span) -> N {
        match span {
            _ if self.decode => self.keys(span),
            Span::Cross => self.encoder.clone(),
            Span::Every { ratio, .. } => entries(self.tokens.clone(), ratio),
            Span::Part(stage) => self.of_part(stage),
            _ => self.tokens.clone(),
        }
    }

    /// Rows of another part of the tower.
    fn of_part(&self, stage: &Stage) -> N {
        let rows = self.sight.map_or(0, |(seen, _)| stage.of(&seen).rows);
        N::input(&Quantity::assumed(
            "rows of another part",
            rows,
            "what the tower sees there",
        ))
    }

    /// Pairs within squares of a plane, and of all in so many of the layers: of a side cut into q whole pieces of w and a rest r
    /// q·w² + r², for both sides.
    fn squares(&self, side: &Quantity, whole: &Quantity, layers: &Quantity) -> N {
        let (rows, columns) = self
            .sight
            .map_or((self.tokens.value() as u64, 1), |(_, extent)| extent.plane);
        let cut = |length: u64| {
            let (pieces, rest) = (length / side.value.max(1), length % side.value.max(1));
            let all = side.value.saturating_mul(side.value).saturating_mul(pieces);
            all.saturating_add(rest.saturating_mul(rest))
        };
        let pairs = cut(rows).saturating_mul(cut(columns));
        let inside = N::input(&Quantity::assumed("pairs", pairs, "rows in the same window"));
        if whole.value == 0 {
            return inside;
        }
        let all = self.tokens.clone().times(self.tokens.clone()).times(N::input(whole));
        let rest = inside.times(N::input(layers).minus(N::input(whole)));
        all.plus(rest).over(N::input(layers))
    }

    fn windowed(&self, window: &Quantity) -> N {
        let window = || N::input(window);
        let beyond = self.tokens.clone().minus(window());
        triangle(window()).plus(beyond.times(window()))
    }
    fn is_longer_than(&self, quantity: &Quantity) -> bool {
        (quantity.value as f64) < self.tokens.value()
    }
    /// No more than an indexer chooses, where the engine heeds it.
    fn chosen(&self, keys: N, most: Option<&Quantity>) -> N {
        match most {
            Some(most) if self.skips => keys.least(N::input(most)),
            _ => keys,
        }
    }
    /// Whole chunks before the last one, and the tokens of the last.
    fn rest_of_chunk(&self, tokens: N, chunk: &Quantity) -> (N, N) {
        let whole = tokens.clone().over_ceiling(N::input(chunk)).minus(N::constant(1.0));
        let rest = tokens.minus(whole.clone().times(N::input(chunk)));
        (whole, rest)
    }
}
