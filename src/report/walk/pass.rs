//! A token on its way through prefill or decode.

use super::Step;
use crate::analysis::Setup;
use crate::analysis::anatomy::Anatomy;
use crate::analysis::time::Pass;
use crate::model::Blueprint;
use crate::model::flow::{BlockDrawing, Group, PartId, group_words, shape_words};
use crate::model::operator::{Block, Role, Span};
use crate::report::parts::Dimension;
use crate::units::{UnitSystem, capital, counted, grouped, seconds, short_count};

/// The steps of a pass over text.
pub fn pass(setup: &Setup, anatomy: &Anatomy, units: UnitSystem) -> Vec<Step> {
    let blueprint = &*setup.blueprint;
    let workload = &setup.scenario.workload;
    let decode = anatomy.pass == Some(Pass::Decode);
    let sequences = workload.batch.max(1);
    let tokens = if decode { 1 } else { workload.prompt };
    let stream = [
        ("sequences", sequences, Dimension::Other),
        ("tokens", tokens, Dimension::Other),
        ("hidden", blueprint.hidden.value, Dimension::Stream),
    ];
    let ids = [
        ("sequences", sequences, Dimension::Other),
        ("tokens", tokens, Dimension::Other),
    ];
    let walker = Walker {
        blueprint,
        anatomy,
        units,
        decode,
        sequences,
        tokens,
        context: if decode { setup.tokens().value } else { workload.prompt },
    };
    let begin = if decode {
        Step::new(
            "The last token",
            match sequences {
                1 => "The sequence has just written a token; it goes in to find the next one.".to_owned(),
                many => format!(
                    "Each of {} has just written a token; it goes in to find the next one.",
                    counted(many, "sequence")
                ),
            },
        )
    } else {
        Step::new(
            "The prompt",
            format!(
                "The text is cut into {} a sequence, all of which go in at once.",
                counted(tokens, "token")
            ),
        )
    };
    let mut steps = vec![begin.giving(&ids)];
    for (at, place) in Group::Stem.blocks(blueprint).into_iter().enumerate() {
        steps.push(walker.block(Group::Stem, at, place.block).giving(&stream));
    }
    let mut seen = Vec::new();
    let mut layer: u64 = 0;
    for (kind, first, count) in crate::model::flow::runs(blueprint) {
        layer = layer.max(first.saturating_add(count).saturating_sub(1));
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let group = Group::Kind(kind);
        let (title, detail) = group_words(blueprint, group);
        let head = Step::new(
            format!("Layer {first}"),
            format!("{title}: {detail}. Each adds its results to the stream and hands it on; its width never changes."),
        );
        steps.push(head.at(PartId::Group(group)).giving(&stream));
        for (at, place) in group.blocks(blueprint).into_iter().enumerate() {
            // Norms are said once.
            if place.block.role == Role::Norm && place.block.operators.len() == 1 {
                continue;
            }
            steps.push(walker.block(group, at, place.block).giving(&stream));
        }
        let more = group.repeats(blueprint).saturating_sub(1);
        if more > 0 {
            let mut again = Step::new(
                format!("{} more like it", capital(&counted(more, "layer"))),
                "The same shapes with weights of their own. Together with the first:",
            )
            .at(PartId::Group(group));
            again.costs = walker.costs(PartId::Group(group), 1);
            again.touched = walker.kept(PartId::Group(group));
            steps.push(again.giving(&stream));
        }
    }
    let words = [
        ("sequences", sequences, Dimension::Other),
        ("vocabulary", blueprint.vocabulary.value, Dimension::Vocabulary),
    ];
    for (at, place) in Group::Head.blocks(blueprint).into_iter().enumerate() {
        let step = walker.block(Group::Head, at, place.block);
        let scores = place
            .block
            .operators
            .iter()
            .any(|one| one.component == crate::model::Component::LmHead);
        steps.push(if scores {
            step.giving(&words)
        } else {
            step.giving(&stream)
        });
    }
    if blueprint.reading != crate::model::blueprint::Reading::Encodes {
        let mut last = Step::new(
            "The next token",
            "A softmax over the scores, and one word is drawn for each sequence. It goes in at the top again.",
        )
        .giving(&[("sequences", sequences, Dimension::Other)]);
        last.costs = walker.costs(PartId::Model, 1);
        last.touched = vec!["all of the pass together".to_owned()];
        steps.push(last);
    }
    steps
}

struct Walker<'a> {
    blueprint: &'a Blueprint,
    anatomy: &'a Anatomy,
    units: UnitSystem,
    decode: bool,
    sequences: u64,
    tokens: u64,
    context: u64,
}

impl Walker<'_> {
    /// What a part costs in one of its layers.
    fn costs(&self, part: PartId, layers: u64) -> Vec<String> {
        let figures = self.anatomy.figures(self.blueprint, part);
        let each = layers.max(1) as f64;
        let mut out = Vec::new();
        if figures.flops > 0.0 {
            out.push(format!("{} FLOPs", short_count(figures.flops / each)));
        }
        if figures.traffic > 0.0 {
            out.push(format!("{} moved", self.units.bytes(figures.traffic / each)));
        }
        if figures.seconds > 0.0 {
            out.push(seconds(figures.seconds / each));
        }
        out
    }
    /// What a part keeps of all sequences.
    fn kept(&self, part: PartId) -> Vec<String> {
        let kept = self.anatomy.figures(self.blueprint, part).kept;
        let words = (kept > 0).then(|| {
            format!(
                "{} kept for all sequences at their longest",
                self.units.bytes(kept as f64)
            )
        });
        words.into_iter().collect()
    }
    fn block(&self, group: Group, at: usize, block: &Block) -> Step {
        let part = PartId::Block(group, at);
        let repeats = group.repeats(self.blueprint);
        let mut step = Step::new(block.title, self.about(block)).at(part);
        step.costs = self.costs(part, repeats);
        step.touched = self.cached(block);
        let drawing = BlockDrawing::of(block);
        if drawing.nodes.len() > 1 {
            let order = drawing.order();
            let nodes = order.iter().filter_map(|at| drawing.nodes.get(*at));
            let inside = nodes.map(|node| {
                let part = PartId::Piece(group, at, node.piece);
                (part, node.label.clone(), shape_words(block, node))
            });
            step.inside = inside.collect();
        }
        step
    }
    fn about(&self, block: &Block) -> String {
        if let Some(routing) = block.routing() {
            let (experts, top_k) = (routing.experts.value, routing.top_k.value);
            let routed = crate::analysis::time::Routed::of(routing);
            let rows = self.sequences.saturating_mul(self.tokens);
            let touched = routed.touched(rows as f64) * experts as f64;
            return format!(
                "The router scores {} experts and sends each token to {}. {} {} about {} of them, and only those are read.",
                grouped(experts),
                grouped(top_k),
                capital(&counted(rows, "token")),
                if rows == 1 { "chooses" } else { "choose" },
                grouped(touched.round() as u64)
            );
        }
        let attention = block.attentions().next();
        if let Some(attention) = attention {
            let sees = match &attention.span {
                Span::Window(window) => format!("the last {}", counted(window.value.min(self.context), "token")),
                Span::Cross => "all that the encoder read".to_owned(),
                Span::Both => format!("all {} before and after it", counted(self.context, "token")),
                Span::Chosen(most) => format!(
                    "the {} that the indexer picked",
                    counted(most.value.min(self.context), "token")
                ),
                _ if self.decode => format!("all {} so far", counted(self.context, "token")),
                _ => "itself and all tokens before it".to_owned(),
            };
            return format!(
                "{} compare each token with {sees} and mix what they find.",
                capital(&counted(attention.heads.value, "head"))
            );
        }
        let known = crate::report::parts::of_block(block).map(|(about, _)| about);
        let only = || crate::model::flow::purpose(block.operators.first()?.name);
        known.or_else(only).unwrap_or("A part of the model.").to_owned()
    }
    /// What a block writes into its cache and reads from it, in numbers a token and layer.
    fn cached(&self, block: &Block) -> Vec<String> {
        let mut out = Vec::new();
        if !block.caches.is_empty() {
            out.push(format!(
                "writes {} into its cache for each token",
                counted(block.cached_width(), "number")
            ));
            if self.decode {
                out.push("reads what earlier tokens left there".to_owned());
            }
        }
        if !block.states.is_empty() {
            out.push("reads its state, changes it, writes it back".to_owned());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::HostShare;
    use crate::model::catalogue;
    use crate::scenario::Scenario;

    fn steps(model: &str, pass_of: Pass) -> Vec<Step> {
        let config = catalogue::find(model).unwrap().config.clone();
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        let setup = Setup::new(&blueprint, &Scenario::example()).unwrap();
        let anatomy = Anatomy::of(&setup, &HostShare::default(), pass_of);
        pass(&setup, &anatomy, UnitSystem::Gib)
    }

    #[test]
    fn a_token_passes_deepseek() {
        let steps = steps("deepseek-ai/DeepSeek-V3.1", Pass::Decode);
        let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "The last token",
                "Token embedding",
                "Layer 1",
                "Multi-head latent attention",
                "Gated MLP",
                "2 layers more like it",
                "Layer 4",
                "Multi-head latent attention",
                "Mixture of experts",
                "57 layers more like it",
                "RMSNorm",
                "LM head",
                "The next token"
            ]
        );
        // One sequence: a token chooses 8 of 256. Source: the model's config.
        assert!(
            steps[8].about.contains("256 experts") && steps[8].about.contains("about 8 of them"),
            "{}",
            steps[8].about
        );
        // Inside in the order they run: what is kept comes before what reads it.
        let inside: Vec<(&str, &str)> = steps[3]
            .inside
            .iter()
            .map(|(_, name, shape)| (name.as_str(), shape.as_str()))
            .collect();
        assert_eq!(inside[0], ("Q down", "7,168 → 1,536"));
        let place = |name: &str| inside.iter().position(|one| one.0 == name).unwrap();
        assert!(place("Cache") < place("Scores and values") && place("Scores and values") < place("Output"));
        assert_eq!(steps[7].touched[0], "writes 576 numbers into its cache for each token");
    }

    #[test]
    fn every_model_can_be_walked() {
        for entry in catalogue::entries() {
            let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
                continue;
            };
            let blueprint = Arc::new(blueprint);
            let Ok(setup) = Setup::new(&blueprint, &Scenario::example()) else {
                continue;
            };
            for which in [Pass::Prefill, Pass::Decode] {
                let anatomy = Anatomy::of(&setup, &HostShare::default(), which);
                let steps = pass(&setup, &anatomy, UnitSystem::Gib);
                assert!(steps.len() > 4, "{}", entry.id);
                for step in steps {
                    assert!(step.about.ends_with(['.', ':']), "{} {}", entry.id, step.about);
                }
            }
        }
    }
}
