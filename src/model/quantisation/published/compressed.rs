//! compressed-tensors: groups of formats with their targets, and what they ignore.
//!
//! A target is a name, an expression (`re:`, from the beginning of a name) or a class of modules; names go before expressions
//! and those before classes (`compressed_tensors/utils/match.py`, `match_targets`; vLLM `compressed_tensors/utils.py`).

mod weights;

use serde_json::Value;

use super::super::by_module::Then;
use super::super::modules::{Form, Modules};
use super::found::{Cache, CacheBy, Found};
use super::settings::Settings;
use crate::model::component::Component;
use crate::model::error::ModelError;
use crate::model::format::Format;
use crate::model::quantisation::Scope;
use crate::model::tensor::TensorKind;
use weights::{of_weights, preset};

const HARMLESS: &[&str] = &[
    "quantization_status",
    "global_compression_ratio",
    "quant_method",
    "version",
];
/// No checkpoint has more groups.
const MOST_GROUPS: usize = 256;

/// Reads it.
pub fn read(settings: &Settings<'_>) -> Result<Option<Found>, ModelError> {
    // Older checkpoints keep the groups one object deeper, beside those of sparsity.
    if let Some(inner) = settings.part("quantization_config") {
        let mut found = read(&inner)?;
        if let Some(found) = &mut found {
            found.unread.extend(sparsity(settings));
            found
                .unread
                .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
        }
        return Ok(found);
    }
    let packing = settings.word("format").unwrap_or_default();
    let groups = settings.get("config_groups").and_then(Value::as_object);
    let mut parts = Vec::new();
    let mut unread = Vec::new();
    for (name, value) in groups.into_iter().flatten().take(MOST_GROUPS) {
        if let Some((format, targets)) = one_group(name, value, &packing, &mut unread)? {
            parts.push((format, targets));
        }
    }
    let Some((first, _)) = parts
        .iter()
        .max_by_key(|(_, targets)| (targets.contains(&"Linear"), targets.len()))
    else {
        return Ok(None);
    };
    let mut found = Found::new(first.clone(), Scope::Matrices);
    found.named_only = true;
    found.head = true;
    found.rules.head = true;
    found.unread = unread;
    let ignored = settings.names("ignore");
    let plain: Vec<&str> = ignored
        .iter()
        .copied()
        .filter(|entry| Step::of(entry) != Step::Class)
        .collect();
    found.keep(targets(&plain, |_| true)?);
    for class in ignored.iter().filter(|entry| Step::of(entry) == Step::Class) {
        match targets(&[class], |_| true) {
            Ok(modules) => found.keep(modules),
            Err(_) => found.unread.push(format!("ignore {class}")),
        }
    }
    for step in [Step::Name, Step::Expression, Step::Class] {
        for (format, listed) in &parts {
            found.rules.add(
                targets(listed, |target| Step::of(target) == step)?,
                Then::Format(format.clone()),
            );
        }
    }
    // Written out dense, whatever the groups say.
    if matches!(packing.as_str(), "dense" | "fakequant") {
        return Ok(Some(dense(found)));
    }
    found.cache = settings.part("kv_cache_scheme").map(|scheme| {
        scheme.entries().for_each(drop);
        // vLLM takes any scheme for FP8 (attention.py).
        Cache {
            bits: 8,
            key: "kv_cache_scheme",
            by: CacheBy::CompressedTensors,
        }
    });
    found.label = Some(format!("compressed-tensors {}", first.label)).filter(|_| first.label.starts_with("INT"));
    found.unread.extend(sparsity(settings));
    found
        .unread
        .extend(settings.unread(HARMLESS).into_iter().map(str::to_owned));
    Ok(Some(found))
}

fn dense(found: Found) -> Found {
    let base = Found::new(Format::BF16, Scope::Matrices);
    Found {
        named_only: true,
        unread: found.unread,
        ..base
    }
}

/// Masks of sparse weights are not counted.
fn sparsity(settings: &Settings<'_>) -> Option<String> {
    let sparse = settings.part("sparsity_config")?;
    let format = sparse.word("format").unwrap_or_default();
    (!matches!(format.as_str(), "" | "dense")).then(|| "sparsity_config".to_owned())
}

/// The weights of a group and its targets; none where its weights are left as they are.
fn one_group<'a>(
    name: &str,
    value: &'a Value,
    packing: &str,
    unread: &mut Vec<String>,
) -> Result<Option<(Format, Vec<&'a str>)>, ModelError> {
    if let Value::Array(targets) = value {
        // A scheme by its name.
        let format = preset(name).ok_or_else(|| {
            let name: String = name.chars().take(40).collect();
            ModelError::Quantisation(format!(
                "quantization_config names the scheme \"{name}\", which is not known"
            ))
        })?;
        return Ok(format.map(|format| (format, targets.iter().filter_map(Value::as_str).collect())));
    }
    let Some(group) = value.as_object().map(Settings::new) else {
        return Ok(None);
    };
    let targets = match group.get("targets") {
        Some(_) => group.names("targets"),
        None => vec!["Linear"],
    };
    let own = group.word("format");
    let weights = group.get("weights").and_then(Value::as_object);
    unread.extend(
        group
            .unread(&["input_activations", "output_activations"])
            .into_iter()
            .map(|key| format!("config_groups.{key}")),
    );
    let Some(weights) = weights else {
        return Ok(None);
    };
    Ok(Some((
        of_weights(weights, own.as_deref().unwrap_or(packing), unread)?,
        targets,
    )))
}

/// What a target is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Name,
    Expression,
    Class,
}

impl Step {
    fn of(target: &str) -> Self {
        if target.starts_with("re:") {
            Self::Expression
        } else if target.starts_with(char::is_uppercase) && !target.contains('.') {
            Self::Class
        } else {
            Self::Name
        }
    }
}

/// Targets as modules, those that are wanted.
fn targets(listed: &[&str], wanted: impl Fn(&str) -> bool) -> Result<Modules, ModelError> {
    let mut all = Modules::default();
    for target in listed.iter().filter(|target| wanted(target)) {
        match target.strip_prefix("re:") {
            Some(pattern) => all.regex(pattern, false),
            None if Step::of(target) == Step::Class => of_class(target, &mut all)?,
            None => all.add(Form::Whole, target),
        }
    }
    Ok(all)
}

/// The modules of a class; of one that holds others its linear layers.
fn of_class(class: &str, all: &mut Modules) -> Result<(), ModelError> {
    use Component::{Attention, Encoder, Experts, Mlp, Projection, SharedExperts};
    match class {
        "Linear" => all.kinds(&[TensorKind::Matrix, TensorKind::Head]),
        "ParallelLMHead" => all.kinds(&[TensorKind::Head]),
        _ if class.ends_with("Embedding") => all.kinds(&[TensorKind::Table]),
        _ if class.ends_with("Linear") => all.kinds(&[TensorKind::Matrix]),
        _ if class.ends_with("Attention") => all.components(&[Projection, Attention]),
        _ if class.ends_with("Experts") || class.ends_with("MoE") || class.ends_with("MoeBlock") => {
            all.components(&[Experts, SharedExperts]);
        }
        _ if class.ends_with("MLP") || class.ends_with("Mlp") => all.components(&[Mlp]),
        _ if class.ends_with("DecoderLayer") => {
            all.components(&[
                Mlp,
                Experts,
                SharedExperts,
                Projection,
                Attention,
                Component::StateSpace,
                Encoder,
            ]);
        }
        // Norms, activations and convolutions are nothing that is converted here.
        _ if class.ends_with("Norm") || class.starts_with("Conv") || class.ends_with("Cache") => {}
        _ => {
            let class: String = class.chars().take(40).collect();
            return Err(ModelError::Quantisation(format!(
                "quantization_config targets modules of the class \"{class}\", and which those are is not known"
            )));
        }
    }
    Ok(())
}
