//! A step of training, and an update of reinforcement learning.

use super::Step;
use crate::analysis::Analysis;
use crate::model::flow::PartId;
use crate::model::{Blueprint, Purpose};
use crate::report::parts::Dimension;
use crate::units::{UnitSystem, counted, grouped, seconds, short_count};

/// The steps of a training run's optimizer step; nothing where the analysis is of no run.
pub fn training(analysis: &Analysis, units: UnitSystem) -> Option<Vec<Step>> {
    let training = analysis.training.as_ref()?;
    let plan = &training.plan;
    let setup = &analysis.setup;
    let (batch, sequence) = (plan.global_batch, plan.sequence);
    let tokens = batch.saturating_mul(sequence);
    let ids = [
        ("sequences", plan.micro_batch, Dimension::Other),
        ("tokens", sequence, Dimension::Other),
    ];
    let stream = [
        ("sequences", plan.micro_batch, Dimension::Other),
        ("tokens", sequence, Dimension::Other),
        ("hidden", setup.blueprint.hidden.value, Dimension::Stream),
    ];
    let fullest = training.stages.iter().max_by_key(|(_, memory)| memory.peak);
    let moments: Vec<String> = fullest.map_or_else(Vec::new, |(_, memory)| {
        let all = memory.moments.iter();
        all.map(|moment| format!("{}: {}", moment.when.label(), units.bytes(moment.total.0 as f64)))
            .collect()
    });
    let forward = match plan.encoder {
        0 => "The micro-batch passes all layers; what the backward pass will need is kept.".to_owned(),
        read => format!(
            "The encoder reads {} of each sequence, then the decoder passes its own beside what the encoder made; what the backward pass will need is kept.",
            counted(read, "token")
        ),
    };
    let time = training.time.as_ref();
    let mut steps = vec![
        Step::new("Loading", "Documents are read from storage, shuffled, and packed until a sequence is full.").giving(&ids),
        Step::new(
            "Tokenisation",
            format!(
                "Text becomes numbers below {}. A step takes {} of {}: {}.",
                grouped(setup.blueprint.vocabulary.value),
                counted(batch, "sequence"),
                counted(sequence, "token"),
                counted(tokens, "token")
            ),
        )
        .giving(&ids),
        Step::new("Forward", forward)
        .at(PartId::Model)
        .giving(&stream),
        loss(&setup.blueprint, plan.micro_batch, sequence),
        Step::new(
            "Backward",
            "From the loss back to the first layer: two products for each one of the forward pass, one for the input's gradient, one for the weight's.",
        )
        .at(PartId::Model)
        .giving(&stream),
    ];
    if plan.accumulation > 1 {
        steps.push(Step::new(
            "Again",
            format!(
                "Forward and backward run {} times before the weights change; gradients add up.",
                grouped(plan.accumulation)
            ),
        ));
    }
    if let Some(time) = time {
        let mut exchange = Step::new(
            "Exchange",
            "Ranks add up gradients and hand out weights; part of it hides behind the work.",
        );
        exchange.costs = time
            .communication
            .iter()
            .map(|one| format!("{}: {}", one.traffic.label(), seconds(one.seconds)))
            .collect();
        if !exchange.costs.is_empty() {
            steps.push(exchange);
        }
    }
    let mut update = Step::new(
        "Optimizer",
        format!(
            "{} reads gradients and moments and writes new weights.",
            plan.optimizer.label()
        ),
    );
    if let Some(time) = time {
        update.costs.push(seconds(time.optimizer));
    }
    steps.push(update);
    let mut whole = Step::new("One step", "All of it together.");
    whole.touched = moments;
    if let Some(time) = time {
        whole.costs = vec![
            format!("{} FLOPs of the model", short_count(time.model_flops)),
            seconds(time.seconds),
        ];
    }
    steps.push(whole);
    Some(steps)
}

/// What the loss compares, and the scores that it compares.
fn loss(blueprint: &Blueprint, sequences: u64, tokens: u64) -> Step {
    let rows = ("sequences", sequences, Dimension::Other);
    let places = ("tokens", tokens, Dimension::Other);
    let outputs = blueprint.outputs().map_or(0, |outputs| outputs.value);
    let words = ("vocabulary", outputs, Dimension::Vocabulary);
    let labels = ("labels", outputs, Dimension::Other);
    let step = |what: &str| Step::new("Loss", what);
    match blueprint.purpose {
        None | Some(Purpose::Pretraining) => {
            step("Each position's scores are compared with the token that really came next.")
                .giving(&[rows, places, words])
        }
        Some(Purpose::Masked) => {
            step("The scores of each masked position are compared with the token that stood there.")
                .giving(&[rows, places, words])
        }
        Some(Purpose::Texts) => step("Each sequence's scores are compared with its label.").giving(&[rows, labels]),
        Some(Purpose::Tokens) => {
            step("Each token's scores are compared with its label.").giving(&[rows, places, labels])
        }
        Some(Purpose::Answers) => {
            step("The scores of each token to begin and to end the answer are compared with where it stands.")
                .giving(&[rows, places, labels])
        }
        Some(Purpose::Plain) => {
            let pairs = (sequences / 2).max(1);
            let one = ("texts", pairs, Dimension::Other);
            let other = ("texts", pairs, Dimension::Other);
            step("The cosine of each text with its other half is compared with those with all others of the micro-batch.").giving(&[one, other])
        }
    }
}

/// The stages of an update of reinforcement learning; nothing where nothing is reinforced.
pub fn reinforcement(analysis: &Analysis, units: UnitSystem) -> Option<Vec<Step>> {
    let training = analysis.training.as_ref()?;
    if training.rl_stages.is_empty() {
        return None;
    }
    let about = |name: &str| match name {
        "rollout" => "The policy writes answers to each prompt, as a server would.",
        "reference" => {
            "A copy that doesn't change scores the same answers, so that the policy doesn't run away from it."
        }
        "reward" => "Each answer gets its reward: from a model, a test, or a rule.",
        "old_log_probabilities" => "The policy itself, as it is now, scores the answers once more.",
        name if name.contains("critic") || name.contains("value") => {
            "The critic guesses what each answer is worth, and learns from what it was."
        }
        _ => "Answers better than expected become likelier: forward, backward, optimizer.",
    };
    let steps = training.rl_stages.iter().map(|stage| {
        let mut step = Step::new(stage.label, about(stage.name));
        step.touched = vec![format!(
            "{} on the fullest device",
            units.bytes(stage.memory_bytes as f64)
        )];
        step.costs = vec![format!("{} FLOPs", short_count(stage.flops))];
        step.costs.extend(stage.seconds.map(seconds));
        step
    });
    Some(steps.collect())
}
