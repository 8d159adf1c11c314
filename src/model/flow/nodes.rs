//! A block as a drawing has it: boxes with the operators they stand for, and wires between boxes.

use super::labels::label;
use super::part::Piece;
use super::wires::{End, end_of_attention, in_order, is_folded, wires};
use crate::model::Component;
use crate::model::operator::{Block, CacheRole, Kind, Operator, Role, Rows, Step};

/// How a box looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// Weights that are multiplied with.
    Matrix,
    /// Work element by element: a norm, a nonlinearity, a product.
    Small,
    /// Scores and values.
    Attention,
    /// A recurrence.
    Scan,
    /// A convolution.
    Convolution,
    /// Experts of which a few are chosen.
    Experts,
    /// A table that is looked up in.
    Table,
    /// What is kept for each token.
    Cache,
    /// What is kept for each sequence.
    State,
}

/// A box.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name among the block's parts.
    pub piece: Piece,
    /// Operators it stands for, in order; none of caches and states.
    pub operators: Vec<usize>,
    /// What is written in it.
    pub label: String,
    /// How it looks.
    pub look: Look,
    /// The component it counts for.
    pub component: Option<Component>,
}

/// What a wire of a drawing joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joint {
    /// What the block reads.
    Input,
    /// What the encoder gave.
    Encoder,
    /// A box, by index.
    Node(usize),
    /// What the block gives back.
    Output,
}

/// Boxes and wires of a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockDrawing {
    /// Boxes.
    pub nodes: Vec<Node>,
    /// Wires.
    pub wires: Vec<(Joint, Joint)>,
}

fn look(operator: &Operator) -> Look {
    match &operator.kind {
        Kind::Attention(_) | Kind::Index(_) => Look::Attention,
        Kind::Scan(_) => Look::Scan,
        Kind::Conv { .. } => Look::Convolution,
        Kind::Lookup { .. } => Look::Table,
        Kind::Elementwise { .. } => Look::Small,
        Kind::Linear { .. } if operator.name == "convolution" => Look::Convolution,
        Kind::Linear { .. } | Kind::Expand { .. } | Kind::Idle => Look::Matrix,
    }
}

/// Which operators share a box.
fn group(operator: &Operator) -> Option<(&'static str, Look)> {
    let of_experts = |routing: bool| {
        (routing && operator.component == Component::Experts).then_some(("Routed experts", Look::Experts))
    };
    match &operator.kind {
        Kind::Linear { routing, .. } | Kind::Elementwise { routing, .. } if routing.is_some() => of_experts(true),
        _ if operator.component == Component::SharedExperts => Some(("Shared expert", Look::Matrix)),
        _ => None,
    }
}

impl BlockDrawing {
    /// Indices of the boxes in the order they run: each after all that it reads, else as they are listed.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::with_capacity(self.nodes.len());
        while order.len() < self.nodes.len() {
            let ready = |node: &usize| {
                let mut reads = self.wires.iter().filter(|(_, to)| *to == Joint::Node(*node));
                !order.contains(node)
                    && reads.all(|(from, _)| !matches!(from, Joint::Node(one) if !order.contains(one)))
            };
            let Some(next) = (0..self.nodes.len()).find(ready) else {
                break;
            };
            order.push(next);
        }
        order
    }
    /// The drawing of a block.
    pub fn of(block: &Block) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut node_of: Vec<Option<usize>> = Vec::with_capacity(block.operators.len());
        let mut folded: Vec<usize> = Vec::new();
        let end = end_of_attention(block).unwrap_or(usize::MAX);
        for (at, operator) in block.operators.iter().enumerate() {
            // A further term of the same scores.
            if at > end && operator.tensors.is_empty() {
                let attention = nodes.iter_mut().find(|node| node.look == Look::Attention);
                if let Some(node) = attention {
                    node.operators.push(at);
                    node_of.push(None);
                    continue;
                }
            }
            if is_folded(operator) {
                // A pick belongs to what was scored, a rotation to what compares.
                let picks = matches!(
                    operator.kind,
                    Kind::Elementwise {
                        step: Step::Softmax,
                        ..
                    }
                );
                match nodes.last_mut().filter(|_| picks) {
                    Some(last) => last.operators.push(at),
                    None => folded.push(at),
                }
                node_of.push(None);
                continue;
            }
            let shared = group(operator);
            if let Some((name, _)) = shared
                && let Some(known) = nodes.iter().position(|node| node.label == name)
            {
                if let Some(node) = nodes.get_mut(known) {
                    node.operators.push(at);
                }
                node_of.push(Some(known));
                continue;
            }
            let takes_folded = matches!(operator.kind, Kind::Attention(_) | Kind::Index(_));
            let mut operators = if takes_folded {
                std::mem::take(&mut folded)
            } else {
                Vec::new()
            };
            operators.push(at);
            nodes.push(Node {
                piece: Piece::Operator(at),
                operators,
                label: shared.map_or_else(|| title(block, operator), |(name, _)| name.to_owned()),
                look: shared.map_or_else(|| look(operator), |(_, look)| look),
                component: Some(operator.component),
            });
            node_of.push(Some(nodes.len() - 1));
        }
        // What is folded and has nobody to go to goes to the last box.
        if let Some(last) = nodes.last_mut() {
            last.operators.extend(folded);
        }
        let mut drawing = Self {
            nodes,
            wires: Vec::new(),
        };
        drawing.wire(block, &node_of);
        drawing.keep(block, &node_of);
        drawing
    }

    fn wire(&mut self, block: &Block, node_of: &[Option<usize>]) {
        let of = |at: usize| node_of.get(at).copied().flatten();
        let wires = if block.role == Role::Tower {
            in_order(block)
        } else {
            wires(block)
        };
        for wire in wires {
            let from = match wire.from {
                End::Input => Some(Joint::Input),
                End::Operator(at) => of(at).map(Joint::Node),
            };
            let Some((from, to)) = from.zip(of(wire.to).map(Joint::Node)) else {
                continue;
            };
            let of_encoder = |operator: &Operator| {
                matches!(
                    operator.kind,
                    Kind::Linear {
                        rows: Rows::Encoder,
                        ..
                    }
                )
            };
            let from = match from {
                Joint::Input if block.operators.get(wire.to).is_some_and(of_encoder) => Joint::Encoder,
                other => other,
            };
            self.join(from, to);
        }
        // Experts and shared experts are added; everything else ends in one box.
        let ends: Vec<usize> = (0..self.nodes.len())
            .filter(|node| {
                let reads = |(from, _): &(Joint, Joint)| *from == Joint::Node(*node);
                let fed = |(_, to): &(Joint, Joint)| *to == Joint::Node(*node);
                self.wires.iter().any(fed) && !self.wires.iter().any(reads)
            })
            .collect();
        for node in ends {
            self.join(Joint::Node(node), Joint::Output);
        }
    }

    fn join(&mut self, from: Joint, to: Joint) {
        if from != to && !self.wires.contains(&(from, to)) {
            self.wires.push((from, to));
        }
    }

    /// Puts what is kept where it is written and read.
    fn keep(&mut self, block: &Block, node_of: &[Option<usize>]) {
        if block.caches.iter().any(|cache| cache.role != CacheRole::Index) {
            let cache = self.push(Piece::Cache, "Cache", Look::Cache);
            self.pass_through_cache(block, node_of, cache);
        }
        if !block.states.is_empty() {
            let state = self.push(Piece::State, "State", Look::State);
            let scan = block
                .operators
                .iter()
                .rposition(|one| matches!(one.kind, Kind::Scan(_)))
                .or_else(|| {
                    block
                        .operators
                        .iter()
                        .rposition(|one| matches!(one.kind, Kind::Conv { .. }))
                })
                .or_else(|| block.operators.len().checked_sub(1));
            if let Some(scan) = scan.and_then(|at| node_of.get(at).copied().flatten()) {
                self.join(Joint::Node(state), Joint::Node(scan));
            }
        }
    }

    fn push(&mut self, piece: Piece, label: &str, look: Look) -> usize {
        self.nodes.push(Node {
            piece,
            operators: Vec::new(),
            label: label.to_owned(),
            look,
            component: None,
        });
        self.nodes.len() - 1
    }

    /// What is compared with goes through the cache: the latent before it is expanded, else keys and values.
    fn pass_through_cache(&mut self, block: &Block, node_of: &[Option<usize>], cache: usize) {
        let of = |at: usize| node_of.get(at).copied().flatten();
        let position = |holds: &dyn Fn(&Operator) -> bool| block.operators.iter().position(holds);
        if let Some(expand) = position(&|one| matches!(one.kind, Kind::Expand { .. })).and_then(of) {
            return self.reroute(cache, expand, |_| true);
        }
        let Some(node) = position(&|one| matches!(one.kind, Kind::Attention(_))).and_then(of) else {
            return;
        };
        let queries = self.queries(node);
        let reads: Vec<usize> = self.read_by(node);
        if reads.len() == 1 || reads.iter().all(|one| Some(*one) == queries) {
            // One matrix made everything: queries go straight, the rest by way of the cache.
            for from in reads {
                self.join(Joint::Node(from), Joint::Node(cache));
            }
            self.join(Joint::Node(cache), Joint::Node(node));
            return;
        }
        let scores: Vec<usize> = (0..self.nodes.len())
            .filter(|one| self.nodes.get(*one).is_some_and(|node| node.look == Look::Attention))
            .collect();
        self.reroute(cache, node, |from| Some(from) != queries && !scores.contains(&from));
    }

    fn read_by(&self, node: usize) -> Vec<usize> {
        let reads = self.wires.iter().filter(|(_, to)| *to == Joint::Node(node));
        reads
            .filter_map(|(from, _)| match from {
                Joint::Node(from) => Some(*from),
                _ => None,
            })
            .collect()
    }

    /// Which of the boxes that are read holds the queries: the one that comes of the first matrix.
    fn queries(&self, node: usize) -> Option<usize> {
        self.read_by(node).into_iter().min_by_key(|one| self.origin(*one, 0))
    }

    /// The first box that one is made of.
    fn origin(&self, node: usize, depth: usize) -> usize {
        let read = self.read_by(node).into_iter().filter(|one| *one != node);
        if depth > self.nodes.len() {
            return node;
        }
        read.map(|one| self.origin(one, depth + 1)).min().unwrap_or(node)
    }

    /// Sends what a box reads through another.
    fn reroute(&mut self, through: usize, to: usize, takes: impl Fn(usize) -> bool) {
        let mut from_all = Vec::new();
        self.wires.retain(|(from, end)| match from {
            Joint::Node(from) if *end == Joint::Node(to) && takes(*from) => {
                from_all.push(*from);
                false
            }
            _ => true,
        });
        for from in from_all {
            self.join(Joint::Node(from), Joint::Node(through));
        }
        self.join(Joint::Node(through), Joint::Node(to));
    }
}

/// What is written in an operator's box: of a tower, whose operators share their names, the module.
fn title(block: &Block, operator: &Operator) -> String {
    if block.role == Role::Tower
        && let Some(tensor) = operator.tensors.first()
    {
        let module = tensor.module();
        let last = module
            .rsplit('.')
            .find(|word| word.parse::<u64>().is_err() && !word.starts_with('{'));
        return last.unwrap_or(module).to_owned();
    }
    if block.operators.len() == 1 && block.role == Role::Norm {
        return block.title.to_owned();
    }
    label(operator.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Blueprint, catalogue};

    /// The wires of the block of this title in words.
    fn drawn(model: &str, title: &str) -> String {
        let config = catalogue::find(model).unwrap().config.clone();
        let blueprint = Blueprint::from_value(config).unwrap();
        let place = blueprint.blocks().find(|place| place.block.title == title).unwrap();
        let drawing = BlockDrawing::of(place.block);
        let name = |joint: &Joint| match joint {
            Joint::Input => "in".to_owned(),
            Joint::Encoder => "encoder".to_owned(),
            Joint::Output => "out".to_owned(),
            Joint::Node(at) => drawing.nodes[*at].label.clone(),
        };
        let wires = drawing
            .wires
            .iter()
            .map(|(from, to)| format!("{} > {}", name(from), name(to)));
        wires.collect::<Vec<_>>().join(", ")
    }

    /// Sources: Vaswani 2017 and Ainslie 2023 (grouped queries), Shazeer 2020 (gated MLP).
    #[test]
    fn grouped_attention_and_a_gated_mlp() {
        let llama = "meta-llama/Llama-3.1-8B-Instruct";
        assert_eq!(
            drawn(llama, "Grouped-query attention"),
            "in > Queries, in > Keys, in > Values, Queries > Scores and values, Scores and values > Output, Output > out, \
             Keys > Cache, Values > Cache, Cache > Scores and values"
        );
        assert_eq!(
            drawn(llama, "Gated MLP"),
            "in > Gate, in > Up, Up > Activation, Gate > Activation, Activation > Down, Down > out"
        );
    }

    /// Source: DeepSeek-V2 (arXiv 2405.04434), figure 3; DeepSeekMoE (arXiv 2401.06066), figure 2.
    #[test]
    fn latent_attention_and_experts() {
        let deepseek = "deepseek-ai/DeepSeek-V3.1";
        assert_eq!(
            drawn(deepseek, "Multi-head latent attention"),
            "in > Q down, Q down > Norm, Norm > Q up, in > KV down, KV down > Norm, Q up > Scores and values, \
             KV up > Scores and values, Scores and values > Output, Output > out, Norm > Cache, Cache > KV up"
        );
        assert_eq!(
            drawn(deepseek, "Mixture of experts"),
            "in > Router, in > Routed experts, Router > Routed experts, in > Shared expert, Routed experts > out, \
             Shared expert > out"
        );
    }

    /// Source: Yang 2024 (arXiv 2412.06464), figure 1; Qwen3-Next's class in transformers.
    #[test]
    fn a_gated_delta_net() {
        assert_eq!(
            drawn("Qwen/Qwen3-Next-80B-A3B-Instruct", "Gated DeltaNet"),
            "in > Q, K, V, gate, in > Decay, rate, Q, K, V, gate > Convolution, Convolution > Activation, \
             Decay, rate > Decay, Activation > State update, Decay > State update, State update > Norm, Norm > × gate, \
             Q, K, V, gate > × gate, × gate > Output, Output > out, State > State update"
        );
    }

    /// Source: Zhai 2023 (arXiv 2303.15343), the layer of transformers' `SiglipEncoderLayer`; Qwen2.5-VL's merger.
    #[test]
    fn a_tower_has_wires() {
        let gemma = "google/gemma-3-4b-it";
        assert_eq!(
            drawn(gemma, "Attention"),
            "in > q_proj, in > k_proj, in > v_proj, q_proj > Scores and values, k_proj > Scores and values, \
             v_proj > Scores and values, Scores and values > out_proj, out_proj > out"
        );
        assert_eq!(
            drawn(gemma, "MLP"),
            "in > fc1, fc1 > Activation, Activation > fc2, fc2 > out"
        );
        assert_eq!(
            drawn("Qwen/Qwen2.5-VL-3B-Instruct", "Attention"),
            "in > qkv, qkv > Scores and values, Scores and values > proj, proj > out"
        );
    }

    /// Every operator of every built-in model is in one box, every box that runs is fed, and wires never run in a circle.
    #[test]
    fn every_operator_has_its_box() {
        for entry in catalogue::entries() {
            let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
                continue;
            };
            for place in blueprint.blocks() {
                let drawing = BlockDrawing::of(place.block);
                let mut seen: Vec<usize> = drawing.nodes.iter().flat_map(|node| node.operators.clone()).collect();
                seen.sort_unstable();
                let all: Vec<usize> = (0..place.block.operators.len()).collect();
                assert_eq!(seen, all, "{} {}", entry.id, place.block.title);
                // From a box one never comes back to it.
                let mut reached: Vec<(Joint, usize)> = vec![(Joint::Input, 0)];
                while let Some((at, steps)) = reached.pop() {
                    assert!(steps <= drawing.nodes.len() + 2, "{} {}", entry.id, place.block.title);
                    let next = drawing.wires.iter().filter(|(from, _)| *from == at);
                    reached.extend(next.map(|(_, to)| (*to, steps + 1)));
                }
            }
        }
    }
}
