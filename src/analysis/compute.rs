//! FLOPs and bytes moved, operator by operator.

use super::cache::Stored;
use super::forward_pass::ForwardPass;
use super::memory::weight_of;
use super::scan;
use super::setup::Setup;
use super::training::Passes;
use crate::model::Component;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Attention, Index, Kind, Latent, Operator, Routing, Rows, Span, Step};
use crate::units::{Number, Quantity, Unit};

/// What an operator costs in one pass, all its layers together.
#[derive(Clone, Debug)]
pub struct OpCost<N> {
    /// Its name.
    pub name: &'static str,
    /// Its component.
    pub component: Component,
    /// The number format its products run in; `None` for work element by element.
    pub format: Option<String>,
    /// How often it runs: layers.
    pub repeats: u64,
    /// Whether it is before the first layer or after the last.
    pub outside: bool,
    /// Experts of a layer and how many of them a token uses, for work that is routed.
    pub routed: Option<(u64, u64)>,
    /// Operations of matrix products.
    pub matmul: N,
    /// Operations element by element.
    pub elementwise: N,
    /// Weights read.
    pub weight_bytes: N,
    /// Activations read and written.
    pub activation_bytes: N,
    /// Cache read and written.
    pub kv_bytes: N,
    /// Gradients and optimizer states read and written.
    pub state_bytes: N,
}

impl<N: Number> OpCost<N> {
    /// All operations.
    pub fn flops(&self) -> N {
        self.matmul.clone().plus(self.elementwise.clone())
    }
    /// All bytes.
    pub fn bytes(&self) -> N {
        N::sum([
            self.weight_bytes.clone(),
            self.activation_bytes.clone(),
            self.kv_bytes.clone(),
            self.state_bytes.clone(),
        ])
    }
}

/// The cost of every operator in the pass that the mode names.
pub fn costs<N: Number>(setup: &Setup) -> Vec<OpCost<N>> {
    costs_in(setup, &ForwardPass::new(setup))
}

/// The same in any pass.
pub fn costs_in<N: Number>(setup: &Setup, pass: &ForwardPass<N>) -> Vec<OpCost<N>> {
    let mut all = Vec::new();
    for place in setup.blueprint.blocks() {
        for operator in &place.block.operators {
            // Nothing of a tower runs over text; in training its states are still read and written.
            let idle = setup.idles(place.block, operator);
            if idle && !setup.scenario.workload.mode.trains() {
                continue;
            }
            let mut cost = if idle {
                nothing(place, operator)
            } else {
                of_block(setup, pass, place, operator)
            };
            if pass.decode && setup.reads_once(place.block, operator) {
                cost.weight_bytes = N::zero();
            }
            if setup.scenario.workload.mode.trains() {
                cost = training(setup, place, operator, cost);
            }
            let name = operator.name;
            all.push(OpCost {
                matmul: cost.matmul.named(name, "").in_unit(Unit::Flops),
                ..cost
            });
        }
    }
    all
}

/// The forward pass of one operator over what its block reads: of a tower each kind of input by itself.
fn of_block<N: Number>(setup: &Setup, pass: &ForwardPass<N>, place: Repeated<'_>, operator: &Operator) -> OpCost<N> {
    let mut parts = setup
        .media
        .of_block(place.block)
        .map(|(seen, stage)| forward(setup, &pass.at(seen, stage), place, operator));
    let Some(first) = parts.next() else {
        return forward(setup, &pass.over(&place.block.input), place, operator);
    };
    parts.fold(first, |sum, part| OpCost {
        matmul: sum.matmul.plus(part.matmul),
        elementwise: sum.elementwise.plus(part.elementwise),
        weight_bytes: sum.weight_bytes.plus(part.weight_bytes),
        activation_bytes: sum.activation_bytes.plus(part.activation_bytes),
        kv_bytes: sum.kv_bytes.plus(part.kv_bytes),
        ..sum
    })
}

/// The cost of an operator that does not run.
fn nothing<N: Number>(place: Repeated<'_>, operator: &Operator) -> OpCost<N> {
    OpCost {
        name: operator.name,
        component: operator.component,
        format: None,
        repeats: place.repeats(),
        outside: place.kind.is_none(),
        routed: None,
        matmul: N::zero(),
        elementwise: N::zero(),
        weight_bytes: N::zero(),
        activation_bytes: N::zero(),
        kv_bytes: N::zero(),
        state_bytes: N::zero(),
    }
}

/// The forward pass of one operator in all its layers.
fn forward<N: Number>(setup: &Setup, pass: &ForwardPass<N>, place: Repeated<'_>, operator: &Operator) -> OpCost<N> {
    let each = || N::input(setup.activation_bytes());
    let two = || N::constant(2.0);
    let mut cost = nothing(place, operator);
    match &operator.kind {
        Kind::Idle => {}
        Kind::Lookup { width } => {
            let rows = pass.rows(Rows::Tokens);
            let row = rows.times(N::input(width));
            cost.weight_bytes = row.clone().times(each()).named("rows read", "").in_unit(Unit::Bytes);
            cost.activation_bytes = row.times(each()).named("rows written", "").in_unit(Unit::Bytes);
        }
        Kind::Linear {
            rows,
            input,
            output,
            routing,
        } => {
            let mut rows = pass.rows(*rows);
            if let Some(routing) = routing {
                rows = rows.times(N::input(&routing.top_k));
            }
            cost.matmul = place.times(N::product([two(), rows.clone(), N::input(input), N::input(output)]));
            if operator.tensors.iter().any(|tensor| {
                tensor.module().len() + ".bias".len() == tensor.name.len() && tensor.name.ends_with(".bias")
            }) {
                cost.elementwise = place.times(rows.clone().times(N::input(output)));
            }
            cost.weight_bytes = weight_bytes(setup, pass, place, operator, routing.as_ref());
            cost.activation_bytes = place.times(rows.times(N::input(input).plus(N::input(output))).times(each()));
            cost.format = Some(format_of(setup, place, operator));
            cost.routed = routing.as_ref().map(|one| (one.experts.value, one.top_k.value));
        }
        Kind::Expand {
            heads,
            output,
            latent,
            value_dim,
            span,
        } => {
            let (flops, rows) = expand(setup, pass, (heads, output), latent, value_dim, span);
            cost.matmul = place.times(flops);
            cost.weight_bytes = weight_bytes(setup, pass, place, operator, None);
            let width = N::input(&latent.rank).plus(N::input(heads).times(N::input(output)));
            cost.activation_bytes = place.times(rows.times(width).times(each()));
            cost.format = Some(format_of(setup, place, operator));
        }
        Kind::Elementwise {
            width,
            step,
            reads,
            routing,
        } => {
            let flops = step.flops();
            let mut rows = pass.rows(Rows::Tokens);
            if let Some(routing) = routing {
                rows = rows.times(N::input(&routing.top_k));
            }
            let elements = rows.times(N::input(width));
            cost.elementwise = place.times(N::constant(flops as f64).times(elements.clone()));
            cost.activation_bytes = place.times(
                N::constant((reads + u64::from(flops > 0)) as f64)
                    .times(elements)
                    .times(each()),
            );
            cost.weight_bytes = weight_bytes(setup, pass, place, operator, None);
        }
        Kind::Attention(attention) => attend(setup, pass, place, attention, &mut cost),
        Kind::Index(style) => index(setup, pass, place, style, &mut cost),
        Kind::Conv { channels, kernel } => {
            let flops = scan::conv(setup, pass, channels, kernel);
            cost.matmul = place.times(pass.batch.clone().times(flops));
            let rows = pass.rows(Rows::Tokens).times(N::input(channels));
            cost.activation_bytes = place.times(two().times(rows).times(each()));
            cost.weight_bytes = weight_bytes(setup, pass, place, operator, None);
            cost.format = Some(setup.activation.id.to_string());
        }
        Kind::Scan(kind) => scan::scan(setup, pass, place, kind, &mut cost),
    }
    cost
}

/// Operations and rows of the matrix that makes keys and values from the latent.
///
/// Prefill: every new token once. Decode, absorbed: into the query and out of the result, `2·A·rank·(nope + value)` a
/// token. Decode otherwise: every cached token anew (transformers 5), or the new one only where the cache is expanded.
fn expand<N: Number>(
    setup: &Setup,
    pass: &ForwardPass<N>,
    (heads, output): (&Quantity, &Quantity),
    latent: &Latent,
    value_dim: &Quantity,
    span: &Span,
) -> (N, N) {
    let rank = || N::input(&latent.rank);
    if pass.decode && setup.absorbs() {
        let rows = pass.rows(Rows::Tokens);
        let widths = N::input(&latent.nope).plus(N::input(value_dim));
        return (
            N::product([N::constant(2.0), rows.clone(), N::input(heads), rank(), widths]),
            rows,
        );
    }
    let rows = if pass.decode && setup.keeps_latent() {
        match span {
            Span::Window(_) => pass.batch.clone().times(pass.keys(span)),
            _ => pass.rows(Rows::Keys),
        }
    } else {
        pass.rows(Rows::Tokens)
    };
    (
        N::product([
            N::constant(2.0),
            rows.clone(),
            rank(),
            N::input(heads),
            N::input(output),
        ]),
        rows,
    )
}

/// Scores, softmax and values, and the cache they read.
fn attend<N: Number>(
    setup: &Setup,
    pass: &ForwardPass<N>,
    place: Repeated<'_>,
    attention: &Attention,
    cost_of: &mut OpCost<N>,
) {
    let input = N::input;
    let each = || input(setup.activation_bytes());
    let heads = || input(&attention.heads);
    let of = |pairs: N| pass.batch.clone().times(pairs).times(heads());
    let pairs = || {
        of(pass.pairs(&attention.span)).named("pairs", "Pairs of a query and a key it sees, all heads and sequences.")
    };
    let absorbed = attention.latent.as_ref().filter(|_| pass.decode && setup.absorbs());
    // Absorbed, every head compares with the latent and the rotary key, and mixes latents.
    let widths = match absorbed {
        Some(latent) => N::constant(2.0).times(input(&latent.rank)).plus(input(&latent.rope)),
        None => input(&attention.key_dim).plus(input(&attention.value_dim)),
    };
    cost_of.matmul = match pass.pairs_mixed(&attention.span) {
        None => place.times(N::product([N::constant(2.0), pairs(), widths])),
        Some(mixed) => {
            let scores = pairs().times(input(&attention.key_dim));
            let values = of(mixed).times(input(&attention.value_dim));
            place.times(N::constant(2.0).times(scores.plus(values)))
        }
    };
    cost_of.elementwise = place.times(N::constant(Step::Softmax.flops() as f64).times(pairs()));
    let rows = pass.rows(Rows::Tokens);
    let query_and_output = heads().times(input(&attention.key_dim).plus(input(&attention.value_dim)));
    let mut activations = rows.clone().times(query_and_output).times(each());
    if setup.writes_scores(attention, pass.decode) {
        // Scores are written, read by the softmax, written again and read again.
        activations = activations.plus(N::constant(4.0).times(pairs()).times(each()));
    }
    cost_of.activation_bytes = place.times(activations);
    // Of what sees both ways nothing is kept: keys and values are activations.
    if attention.span.sees_ahead() {
        let keys = input(&attention.kv_heads).times(input(&attention.key_dim).plus(input(&attention.value_dim)));
        let read = place.times(rows.times(keys).times(each()));
        cost_of.activation_bytes = cost_of.activation_bytes.clone().plus(read);
        cost_of.format = Some(setup.activation.id.to_string());
        return;
    }
    let keeps_latent = attention.latent.as_ref().filter(|_| setup.keeps_latent());
    // Read once for each sequence, and the new tokens written.
    let kept = || pass.batch.clone().times(pass.keys_read(&attention.span));
    let moved = |width: N, stored: Stored| {
        let read = setup.cache_bytes(kept().times(width.clone()), stored);
        let written = match attention.span {
            Span::Cross => pass.rows(Rows::Encoder),
            _ => rows.clone(),
        };
        let written = setup.cache_bytes(written.times(width), stored);
        read.plus(written)
    };
    let sparse = matches!(attention.span, Span::Chosen(_));
    let kv_heads = || input(&attention.kv_heads);
    let bytes = match keeps_latent {
        Some(latent) if sparse && place.block.shared_rotary.is_none() => {
            moved(input(&latent.rank), Stored::SparseLatent).plus(moved(input(&latent.rope), Stored::SparseRotary))
        }
        Some(latent) => {
            let stored = Stored::record(setup, place.block, latent.rank.value).unwrap_or(Stored::Keys);
            moved(input(&latent.rank).plus(input(&latent.rope)), stored)
        }
        None if setup.one_kv_format() => moved(
            kv_heads().times(input(&attention.key_dim).plus(input(&attention.value_dim))),
            Stored::Keys,
        ),
        None => moved(kv_heads().times(input(&attention.key_dim)), Stored::Keys)
            .plus(moved(kv_heads().times(input(&attention.value_dim)), Stored::Values)),
    };
    cost_of.kv_bytes = place.times(bytes);
    cost_of.format = Some(setup.activation.id.to_string());
}

/// Scores of an indexer and the keys it reads: `2·pairs·heads·dim`, and `2·pairs·heads` for the weighted sum over heads.
fn index<N: Number>(setup: &Setup, pass: &ForwardPass<N>, place: Repeated<'_>, index: &Index, cost: &mut OpCost<N>) {
    let dim = || N::input(&index.dim);
    let pairs = || N::product([pass.batch.clone(), pass.pairs(&index.span), N::input(&index.heads)]);
    let widths = if index.weighted {
        dim().plus(N::constant(1.0))
    } else {
        dim()
    };
    cost.matmul = place.times(N::product([N::constant(2.0), pairs(), widths]));
    // A ReLU and a comparison for each score.
    cost.elementwise = place.times(N::constant(2.0).times(pairs()));
    let rows = pass.rows(Rows::Tokens);
    let queries = N::product([rows, N::input(&index.heads), dim()]);
    cost.activation_bytes = place.times(queries.times(N::input(setup.activation_bytes())));
    let kept = N::product([pass.batch.clone(), pass.keys_read(&index.span), dim()]);
    let read = setup.cache_bytes(kept, Stored::Index);
    cost.kv_bytes = place.times(read);
    cost.format = Some(setup.activation.id.to_string());
}

/// Bytes of weights an operator reads: all of them, or the experts that its tokens are expected to choose.
///
/// B tokens which choose k of E experts independently touch E·(1 − (1 − k/E)^B) of them on average.
fn weight_bytes<N: Number>(
    setup: &Setup,
    pass: &ForwardPass<N>,
    place: Repeated<'_>,
    operator: &Operator,
    routing: Option<&Routing>,
) -> N {
    let all = N::sum(
        operator
            .tensors
            .iter()
            .filter(|tensor| tensor.kind != crate::model::TensorKind::Buffer)
            .map(|tensor| weight_of::<N>(setup, place, tensor)),
    );
    let Some(routing) = routing else { return all };
    let share = || N::input(&routing.top_k).over(N::input(&routing.experts));
    let missed = N::constant(1.0).minus(share()).power(pass.rows(Rows::Tokens));
    all.times(N::constant(1.0).minus(missed).named(
        "share of experts touched",
        "Expected, if tokens choose their experts independently.",
    ))
}

/// The format in which an operator's weights are stored, in most of its layers.
fn format_of(setup: &Setup, place: Repeated<'_>, operator: &Operator) -> String {
    let rule = &setup.weights;
    let first = operator.tensors.first();
    let format = first.map_or(&rule.format, |tensor| rule.main_format(place, tensor));
    format.id.to_string()
}

/// A training step: forward, backward, what is computed again, and the optimizer.
fn training<N: Number>(setup: &Setup, place: Repeated<'_>, operator: &Operator, forward: OpCost<N>) -> OpCost<N> {
    let passes = Passes::of_hardware(&setup.scenario).of(&operator.kind, place.is_in_layer());
    let times = |value: N| N::constant(passes).times(value);
    let parameters = || {
        N::sum(
            operator
                .tensors
                .iter()
                .filter(|tensor| tensor.is_parameter())
                .map(|tensor| place.stored(tensor, tensor.elements::<N>())),
        )
    };
    // Gradients and states read and written in FP32, new weights written.
    let states = if setup.weights.format.bits == 32 {
        4.0 + 8.0 + 8.0 + 4.0
    } else {
        4.0 + 12.0 + 12.0 + 2.0
    };
    let none = parameters().value() == 0.0;
    OpCost {
        matmul: times(forward.matmul),
        elementwise: times(forward.elementwise),
        weight_bytes: times(forward.weight_bytes),
        activation_bytes: times(forward.activation_bytes),
        kv_bytes: times(forward.kv_bytes),
        state_bytes: if none {
            N::zero()
        } else {
            parameters().times(N::constant(states)).named(
                "optimizer traffic",
                "Gradients, moments and weights, read and written once a step.",
            )
        },
        ..forward
    }
}
