//! What every engine's command is made from.

use super::quote::clean;
use crate::analysis::fit::Verdict;
use crate::analysis::placement::{Layout, Plan};
use crate::analysis::setup::Setup;
use crate::analysis::summary::Analysis;
use crate::hardware::{Device, Support, compatibility, find_host, hosts_of};
use crate::model::quantisation::Scope;
use crate::scenario::KvFormat;
use crate::units::grouped;

/// A question with its answer, as options want it.
#[derive(Debug)]
pub(in crate::analysis) struct Basis<'a> {
    /// The question.
    pub setup: &'a Setup,
    /// Its answer.
    pub analysis: &'a Analysis,
    /// The model: a Hub id or a path; never empty.
    pub model: String,
    /// The revision of a Hub id, if one was named.
    pub revision: Option<String>,
    /// Tokens of each sequence.
    pub tokens: u64,
    /// Sequences at once.
    pub sequences: u64,
    /// What lies in RAM, where something does.
    pub plan: Option<&'a Plan>,
    named: bool,
    shortened: bool,
}

impl<'a> Basis<'a> {
    /// From the name of a model as it was found.
    pub fn new(setup: &'a Setup, analysis: &'a Analysis, name: &str) -> Self {
        let name = clean(name);
        let (model, revision) = match name.rsplit_once('@') {
            Some((model, revision)) if !model.is_empty() && !revision.is_empty() => (model, Some(revision.to_owned())),
            _ => (name.as_str(), None),
        };
        // Engines load folders; llama.cpp loads the file itself.
        let folder = |path: &'_ str| match path.rsplit_once('/') {
            Some((folder, _)) => folder.to_owned(),
            None => ".".to_owned(),
        };
        let named = !model.is_empty();
        let model = match model {
            "" => "MODEL".to_owned(),
            path if path.ends_with(".json") || path.ends_with(".safetensors") => folder(path),
            other => other.trim_end_matches('/').to_owned(),
        };
        let scenario = &*setup.scenario;
        let asked = scenario.workload.prompt.saturating_add(scenario.generated()).max(1);
        let own = setup
            .blueprint
            .max_context
            .as_ref()
            .map_or(u64::MAX, |most| most.value.max(1));
        let fit = analysis.fit.as_ref();
        Self {
            setup,
            analysis,
            model,
            revision,
            tokens: asked.min(own),
            sequences: scenario.workload.batch.max(1),
            plan: fit
                .filter(|fit| fit.verdict == Verdict::Offload)
                .and_then(|fit| fit.offload.as_ref()),
            named,
            shortened: asked > own,
        }
    }
    /// How devices share the model.
    pub fn layout(&self) -> Layout {
        self.setup.layout
    }
    /// The device.
    pub fn device(&self) -> Option<&Device> {
        self.setup.device()
    }
    /// The last part of the model's name.
    pub fn stem(&self) -> &str {
        let last = self.model.rsplit('/').next().unwrap_or(&self.model);
        if last.is_empty() || last == "." || last == ".." {
            "model"
        } else {
            last
        }
    }
    /// A local name for the model in the format that was weighed: `Llama-3.1-8B-Instruct-awq`.
    pub fn converted(&self) -> String {
        format!("./{}-{}", self.stem(), self.setup.weights.format.id)
    }
    /// The format asked for, where it is not that of the checkpoint.
    pub fn asked(&self) -> Option<&'static str> {
        let published = &self.setup.blueprint.published.format.id;
        self.setup.scenario.precision.weights.filter(|asked| asked != published)
    }
    /// Whether the checkpoint is plain numbers that may be converted while loading.
    pub fn plain(&self) -> bool {
        self.setup.blueprint.published.scope == Scope::Everything
    }
    /// Whether the format asked for is plain numbers, and what PyTorch calls it.
    pub fn plain_dtype(&self) -> Option<&'static str> {
        match self.asked()? {
            "bf16" => Some("bfloat16"),
            "fp16" => Some("float16"),
            "fp32" => Some("float32"),
            _ => None,
        }
    }
    /// Whether the device has no BF16 units, so that servers want FP16 instead.
    pub fn wants_half(&self) -> bool {
        let Some(device) = self.device() else { return false };
        let base = &self.setup.weights.base.id;
        base == "bf16" && compatibility::support(base, device, self.setup.engine).support == Support::Emulated
    }
    /// The format of the cache, where one was chosen that is not the engine's own.
    pub fn cache(&self) -> Option<KvFormat> {
        let asked = Some(self.setup.scenario.precision.kv_cache).filter(|format| *format != KvFormat::Auto);
        asked.filter(|_| !self.setup.caches_as_usual())
    }
    /// The format of cached values, where one of their own was chosen.
    pub fn values(&self) -> Option<KvFormat> {
        let asked = Some(self.setup.scenario.precision.value_cache).filter(|format| *format != KvFormat::Auto);
        asked.filter(|_| !self.setup.caches_as_usual())
    }
    /// `--max-model-len` and its like, explained.
    pub fn why_tokens(&self) -> String {
        let scenario = &self.setup.scenario;
        if self.shortened {
            return "The longest context the model was made for.".to_owned();
        }
        let longest = match &self.analysis.fit {
            Some(fit) if fit.max_context >= self.tokens => format!(" Up to {} would fit.", grouped(fit.max_context)),
            _ => String::new(),
        };
        format!(
            "Room for {} tokens of prompt and {} of answer in each sequence.{longest}",
            grouped(scenario.workload.prompt),
            grouped(scenario.generated())
        )
    }
    /// `--max-num-seqs` and its like, explained.
    pub fn why_sequences(&self) -> String {
        match &self.analysis.fit {
            // With layers in RAM of unknown size there is no such number.
            Some(fit) if fit.max_batch > 0 && fit.verdict == Verdict::Fits => {
                format!(
                    "Sequences at once; memory has room for {} of this length.",
                    grouped(fit.max_batch)
                )
            }
            _ => "Sequences at once.".to_owned(),
        }
    }
    /// Sequences at once of each device, for engines that count them so where each device has sequences of its own.
    pub fn sequences_each(&self) -> (u64, String) {
        let layout = self.layout();
        if !layout.attention_dp {
            return (self.sequences, self.why_sequences());
        }
        let why = format!("Sequences at once on each device, {} in all.", grouped(self.sequences));
        (self.sequences.div_ceil(layout.tensor.max(1)), why)
    }
    /// What holds for every engine.
    pub fn notes(&self) -> Vec<String> {
        let mut all = self.notes_beside_machines();
        all.extend(self.note_on_machines());
        all
    }
    /// The same without what several machines need.
    pub fn notes_beside_machines(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut say = |text: String| all.push(text);
        if !self.named {
            say("Put the model's Hub id or folder in the place of MODEL.".to_owned());
        }
        // Their repositories carry tokenizers as code.
        if self.setup.blueprint.model_type.starts_with("kimi_") {
            say("Its tokenizer is code in the repository: add `--trust-remote-code` (in Python `trust_remote_code=True`) once you have read it.".to_owned());
        }
        if self.shortened {
            say(format!(
                "The model was made for {} tokens, fewer than the estimate is for.",
                grouped(self.tokens)
            ));
        }
        if self.device().is_none() {
            say("No device is chosen, so nothing says that this fits.".to_owned());
        }
        all
    }
    fn note_on_machines(&self) -> Option<String> {
        let device = self.device()?;
        // Without a machine's name the largest that is known of holds as many as any.
        let named = self.setup.scenario.hardware.host.as_deref().and_then(find_host);
        let largest = || {
            hosts_of(&device.id)
                .map(|host| host.device_count)
                .max()
                .unwrap_or(MOST_USUAL)
        };
        let each = named.map_or_else(largest, |host| host.device_count);
        (each > 0 && each < self.layout().devices).then(|| {
            format!(
                "{} × {} are more than the {each} of one machine: start it on each machine as the engine's documentation on several nodes says.",
                self.layout().devices,
                device.name
            )
        })
    }
}

/// Devices of the largest machines that are usual.
const MOST_USUAL: u64 = 8;

/// A share as engines take it: `0.9`.
pub(super) fn share(percent: u64) -> String {
    share_in_thousandths(percent.saturating_mul(10))
}

/// The same of thousandths: `0.835`.
pub(super) fn share_in_thousandths(thousandths: u64) -> String {
    let text = format!("{:.3}", thousandths as f64 / 1000.0);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        short.to_owned()
    }
}

/// GiB, to the next tenth above: `3.2`.
pub(super) fn tenths_of_gib(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10).div_ceil(1 << 30);
    format!("{}.{}", tenths / 10, tenths % 10)
}
