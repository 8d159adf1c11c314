//! What a model that writes nothing can be asked, and what is said of that.

use std::sync::Arc;

use crate::analysis::error::AnalysisError;
use crate::model::blueprint::Reading;
use crate::model::families::class_for;
use crate::model::{Blueprint, ModelError, Notice, Purpose};
use crate::scenario::{Mode, Scenario};

/// The scenario as the model can answer it: one that writes nothing is asked to read its prompt.
pub fn as_it_reads(blueprint: &Blueprint, requested: Arc<Scenario>) -> Result<Arc<Scenario>, AnalysisError> {
    let mode = requested.workload.mode;
    if mode.trains() {
        let built = requested
            .task()
            .filter(|task| blueprint.purpose != Some(task.purpose()));
        let what = match (&blueprint.reading, built) {
            (_, Some(task)) => format!(
                "Training of this type for \"{}\" (task: {}; tasks are those of encoders of text)",
                task.label(),
                task.key()
            ),
            _ if blueprint.trains() => return Ok(requested),
            (Reading::Encodes, None) if blueprint.autograd.counts_encoder && requested.task().is_some() => {
                let task = requested.task().map_or("", crate::scenario::training::Task::key);
                format!("Training of this type for the task it was given (task: {task})")
            }
            (Reading::Both(_), _) if blueprint.autograd.counts_pair => {
                "Training of a class without an output head (architectures: one of those for conditional generation has one)"
                    .to_owned()
            }
            (Reading::Both(_), _) => "Training of an encoder with a decoder of this type".to_owned(),
            _ if blueprint.autograd.counts_encoder => "Training of the class that the config names (choose a task: masked words, labels, answers and embeddings are counted where transformers has the class)".to_owned(),
            _ => "Training of a model that writes nothing".to_owned(),
        };
        return Err(ModelError::NotBuilt {
            model_type: blueprint.model_type.clone(),
            what,
        }
        .into());
    }
    if blueprint.reading != Reading::Encodes || mode == Mode::Prefill {
        return Ok(requested);
    }
    Ok(Arc::new(Scenario::clone(&requested).with(|s| {
        s.workload.mode = Mode::Prefill;
        s.workload.endless = false;
        s.workload.generate = None;
    })))
}

/// What is said of a model that writes nothing.
pub fn said_of_encoding(blueprint: &Blueprint) -> Option<Notice> {
    (blueprint.reading == Reading::Encodes).then(|| {
        Notice::new(
            "encodes_only",
            format!(
                "{} reads and writes nothing: what is estimated is encoding the tokens of its input.",
                blueprint.family
            ),
        )
    })
}

/// What is said of an encoder that is trained for labels or embeddings: its class, and what its loss is taken to be.
pub fn said_of_task(blueprint: &Blueprint, requested: &Scenario) -> Option<Notice> {
    let purpose = blueprint.purpose.filter(|purpose| *purpose != Purpose::Masked)?;
    let class = class_for(&blueprint.model_type, purpose)?;
    if purpose == Purpose::Plain {
        let alone = if requested.workload.batch == 1 {
            " A micro-batch of 1 is a text without a pair: take an even --micro-batch."
        } else {
            ""
        };
        return Some(Notice::new(
            "trained_on_pairs",
            format!(
                "{class} is trained for embeddings as sentence-transformers does it: each text is the mean of its tokens (their first one keeps no more), the loss is over the cosines of all pairs of the micro-batch, two of its sequences are a pair, and its two texts run apart. Losses of one number a pair keep as much.{alone}"
            ),
        ));
    }
    let outputs = blueprint.outputs()?;
    let head = if requested.training.lora_rank.is_some() {
        " Its head is trained whole beside the adapters, in a copy, as PEFT's modules_to_save does it."
    } else {
        ""
    };
    Some(Notice::new(
        "trained_for_labels",
        format!(
            "{class} is trained with {} outputs (num_labels, id2label).{head}",
            outputs.value
        ),
    ))
}
