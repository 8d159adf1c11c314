//! Everything an analysis needs, resolved: formats, engine, device.

use std::sync::Arc;

use strum::IntoEnumIterator;

use super::admission::Admission;
use super::cache::{StatePage, Stored};
use super::cache_format::usual_cache;
use super::error::AnalysisError;
use super::media::{Media, Seen, WHOLE};
use super::packed_cache::PackedPages;
use super::placement::{Layout, Member, named, words};
use super::resolve::{self, Conversion};
use super::simple_rule;
use crate::hardware::{Budget, Device, Engine, Start};
use crate::model::blueprint::Reading;
use crate::model::media::ImageRule;
use crate::model::operator::{Attention, Block, Input, Kind, Operator, Rows};
use crate::model::quantisation::Quantisation;
use crate::model::{Blueprint, Format, Notice, Scales, Tensor};
use crate::scenario::{
    AttentionFlops, AttentionKernel, CachePlace, KnobId, LatentCache, Lengths, Mode, Scenario, WindowCache,
};
use crate::units::{Number, Quantity, one_or_times};

/// A scenario with everything resolved that does not depend on how much memory there is. Cheap to copy: its parts are
/// shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The model.
    pub blueprint: Arc<Blueprint>,
    /// What the user chose.
    pub requested: Arc<Scenario>,
    /// The same as it is analysed: of a server that runs, its batch is what runs of the requests.
    pub scenario: Arc<Scenario>,
    /// The rule for weights.
    pub weights: Arc<Quantisation>,
    /// Format of activations.
    pub activation: Format,
    /// Format of the KV cache: keys, and values where they have none of their own.
    pub kv: Format,
    /// Format of cached values.
    pub kv_values: Format,
    /// The device, if one is chosen.
    pub device: Option<Arc<Device>>,
    /// What a request holds beside text.
    pub media: Arc<Media>,
    /// The engine.
    pub engine: Engine,
    /// How devices share the model.
    pub layout: Layout,
    /// Who holds which layers, where devices are not alike or have shares of their own; else empty.
    pub members: Arc<[Member]>,
    /// Of a server that runs: how many of its requests do.
    pub admission: Option<Admission>,
    /// Of a server with an endless queue: limits the engine is tuned to for it.
    pub(super) tuned: Option<Budget>,
    /// Whether the engine unpacked the weights on loading.
    pub unpacked: bool,
    /// What had to be assumed here.
    pub notices: Arc<[Notice]>,
    /// Bytes of activations and cache, for formulas.
    pub(super) widths: Arc<Widths>,
    /// The page of states, where the engine pages them.
    pub(super) state_page: Option<StatePage>,
    /// The pool of pages of several sizes, where the engine packs them.
    pub(super) packed_pages: Option<Arc<PackedPages>>,
    /// The weights as they are stored, before an engine unpacks them or training needs them whole.
    pub(super) conversion: Conversion,
}

impl Setup {
    /// Resolves a scenario.
    ///
    /// # Errors
    /// A device that is not in the table, or devices that cannot share the model as asked.
    pub fn new(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Result<Self, AnalysisError> {
        resolve::resolve(blueprint, Arc::new(scenario.clone()), None)
    }
    /// The same model under another scenario; what does not depend on the change is shared.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn under(&self, scenario: Scenario) -> Result<Self, AnalysisError> {
        resolve::resolve(&self.blueprint, Arc::new(scenario), Some(self))
    }
    /// What would be if the user chose something else.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(&self, change: impl FnOnce(&mut Scenario)) -> Result<Self, AnalysisError> {
        let mut scenario = Scenario::clone(&self.requested);
        change(&mut scenario);
        self.under(scenario)
    }
    /// The same on another device.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn on(&self, device: &Device) -> Result<Self, AnalysisError> {
        resolve::on(self, device)
    }
    /// The same with another workload: sequences, tokens, or the pass that is looked at. Nothing that is resolved depends
    /// on these, so nothing is resolved again.
    #[must_use]
    pub fn working(&self, change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::clone(&self.scenario);
        change(&mut scenario);
        Self {
            scenario: Arc::new(scenario),
            ..self.clone()
        }
    }
    /// The same as it runs: what runs of a server's requests is its batch.
    #[must_use]
    pub fn running(&self, admission: Admission) -> Self {
        let batch = |scenario: &mut Scenario| {
            scenario.workload.batch = admission.running;
            scenario.workload.endless = false;
        };
        Self {
            admission: Some(admission),
            ..self.working(batch)
        }
    }
    /// The same where the engine unpacks the weights on loading.
    pub(super) fn unpacked(self) -> Self {
        resolve::unpacked(self)
    }

    /// The scenario as it is analysed, as a question again: its prompt is the text's.
    pub fn question(&self) -> Scenario {
        let mut scenario = Scenario::clone(&self.scenario);
        scenario.workload.prompt = self.text_of(scenario.workload.prompt);
        scenario
    }
    /// A context of so many tokens as text and answer: images are in it whole, and the answer is no longer than asked for.
    pub fn split(&self, context: u64) -> (u64, u64) {
        let room = context.saturating_sub(self.media.tokens());
        let generated = self.scenario.generated().min(room.saturating_sub(1));
        (room.saturating_sub(generated).max(1), generated)
    }
    /// Tokens of text in a prompt of so many: what images, video and sound become is no text; one is left at least.
    pub fn text_of(&self, prompt: u64) -> u64 {
        prompt.saturating_sub(self.media.tokens()).max(1)
    }

    /// The device, if one is chosen.
    pub fn device(&self) -> Option<&Device> {
        self.device.as_deref()
    }
    /// The devices in words: `one RTX 4090`, `2 × RTX 4090`, `RTX 3090 + RTX 4090`.
    pub fn devices_in_words(&self) -> Option<String> {
        let device = self.device()?;
        if let Some(unlike) = devices_in_words(&self.scenario) {
            return Some(unlike);
        }
        Some(one_or_times(self.layout.devices, device.short_name()))
    }
    /// Bytes of a tensor in the files, where they are known and the weights are used as they are.
    pub fn held(&self, tensor: &Tensor) -> Option<Quantity> {
        let as_published =
            self.scenario.precision.weights.is_none() && !self.scenario.workload.mode.trains() && !self.unpacked;
        let value = tensor.held.filter(|_| as_published)?;
        Some(Quantity::table(
            "bytes in the files",
            value,
            "headers of the weight files",
        ))
    }
    /// Whether the token table stays in RAM: the engine keeps it there, and the device has a memory of its own.
    pub fn keeps_table_in_ram(&self) -> bool {
        self.engine.keeps_table_in_ram()
            && !self.scenario.workload.mode.trains()
            && self.device().is_some_and(Device::has_own_memory)
            && !simple_rule::applies(self)
    }
    /// Whether the cache keeps latents where the model has them.
    pub fn keeps_latent(&self) -> bool {
        // Every engine on offer keeps the latent; transformers did not before version 5.
        self.scenario.serving.latent_cache != LatentCache::Expanded
    }
    /// Whether decode multiplies with the latent itself.
    pub fn absorbs(&self) -> bool {
        self.keeps_latent() && self.engine.absorbs_latent()
    }
    /// Whether the engine leaves the towers in their files.
    pub fn leaves_out_towers(&self) -> bool {
        self.engine.leaves_out_towers()
            && self.media.seen.is_empty()
            && !self.scenario.workload.mode.trains()
            && !simple_rule::applies(self)
    }
    /// Whether a weight is on no device whatever fits: a token table that stays in RAM, a tower that is not loaded.
    pub fn is_off_device(&self, tensor: &Tensor) -> bool {
        tensor.is_parameter()
            && (self.table_is_off_device() && tensor.is_table() || self.leaves_out_towers() && tensor.is_of_tower())
    }
    /// Whether it is in RAM alone: where the output head is the same tensor, the device has it too.
    pub fn table_is_off_device(&self) -> bool {
        self.keeps_table_in_ram() && !self.blueprint.tied
    }
    /// Whether layers with a window keep all tokens: where the engine can be told to.
    pub fn keeps_whole_windows(&self) -> bool {
        self.engine == Engine::LlamaCpp && self.scenario.serving.window_cache == WindowCache::Full
    }
    /// Whether the cache lies in RAM beside a device with a memory of its own: where the engine can be told to.
    pub fn keeps_cache_in_ram(&self) -> bool {
        self.engine == Engine::LlamaCpp
            && self.scenario.serving.cache_place == CachePlace::Ram
            && !self.scenario.workload.mode.trains()
            && self.device().is_some_and(Device::has_own_memory)
    }
    /// Bytes of one activation.
    pub fn activation_bytes(&self) -> &Quantity {
        &self.widths.activation
    }
    /// Bytes of so many elements of a cache that is stored so, scales included.
    pub fn cache_bytes<N: Number>(&self, elements: N, stored: Stored) -> N {
        let records = self.engine.has_sparse_records();
        let eight = self.kv.bits == 8;
        let (format, bytes) = match stored {
            Stored::Record { elements: width, bytes } => {
                let bytes = Quantity::assumed("record_bytes", bytes, "the engine's record of a vector");
                let width = Quantity::assumed("record", width, "elements of a vector");
                return elements.times(N::input(&bytes)).over(N::input(&width));
            }
            Stored::Index if records => return SPARSE_FP8.row_bytes(elements),
            Stored::SparseLatent if records && eight && self.keeps_latent() => return SPARSE_FP8.row_bytes(elements),
            Stored::SparseRotary if records && eight && self.keeps_latent() => {
                let two = Quantity::assumed("rotary_bytes", 2, "the rotary key stays in 16 bits");
                return elements.times(N::input(&two));
            }
            Stored::Values => (&self.kv_values, &self.widths.values),
            _ => (&self.kv, &self.widths.keys),
        };
        if format.scales == Scales::None && format.bits.is_multiple_of(8) {
            return elements.times(N::input(bytes));
        }
        format.row_bytes(elements)
    }
    /// The format the engine gives the cache by itself.
    pub(super) fn usual_cache(&self) -> Format {
        usual_cache(
            self.engine,
            &self.weights,
            self.scenario.precision.weights.is_some(),
            &self.activation,
        )
    }
    /// Whether the cache is in the format the engine gives it by itself.
    pub fn caches_as_usual(&self) -> bool {
        let usual = self.usual_cache();
        self.kv.id == usual.id && self.kv_values.id == usual.id
    }
    /// Whether keys and values are kept in the same format.
    pub fn one_kv_format(&self) -> bool {
        self.kv == self.kv_values
    }
    /// Whether attention writes its scores to memory: where that is asked for, and for prompts of widths that the engine
    /// has no kernel for.
    pub fn writes_scores(&self, attention: &Attention, decode: bool) -> bool {
        let (key, value) = match &attention.latent {
            Some(latent) if self.absorbs() => (latent.rank.value.saturating_add(latent.rope.value), latent.rank.value),
            _ => (attention.key_dim.value, attention.value_dim.value),
        };
        self.scenario.assumptions.attention == AttentionKernel::Eager || (!decode && !self.engine.fuses(key, value))
    }
    /// Sequences at once.
    pub fn batch(&self) -> Quantity {
        Quantity::choice("batch", self.scenario.workload.batch, "Workload")
    }
    /// Tokens of each prompt: of its text, and those that images, video and sound become.
    pub fn prompt(&self) -> Quantity {
        let (all, seen) = (self.scenario.workload.prompt, self.media.tokens());
        let text = Quantity::choice("prompt", all.saturating_sub(seen), "Workload");
        if seen == 0 || seen > all {
            return Quantity::choice("prompt", all, "Workload");
        }
        let parts: Vec<Quantity> = self.media.seen.iter().map(of_seen).collect();
        let parts: Vec<&Quantity> = std::iter::once(&text).chain(&parts).collect();
        Quantity::sum("prompt", &parts)
    }
    /// Whether the model reads and writes nothing.
    pub fn encodes(&self) -> bool {
        self.blueprint.reading == Reading::Encodes
    }
    /// Whether the model has an encoder, alone or beside a decoder.
    pub fn reads_apart(&self) -> bool {
        self.blueprint.reading != Reading::Writes
    }
    /// The modes it can be asked in: a model that writes nothing encodes, and is trained where that is counted for some task.
    pub fn modes(&self) -> Vec<Mode> {
        let trained = self.blueprint.trains() || self.encodes() && self.blueprint.autograd.counts_encoder;
        Mode::iter()
            .filter(|mode| match mode {
                Mode::Prefill => true,
                Mode::Pretrain | Mode::Finetune => trained,
                Mode::Decode | Mode::Serve => !self.encodes(),
            })
            .collect()
    }
    /// Whether a knob has anything to turn for this model: one that has no encoder asks for no tokens of one, one without a tower
    /// for no images, one that writes nothing for no tokens it writes and no cache. What is set already stays, so that it can be taken back.
    pub fn asks(&self, knob: KnobId) -> bool {
        let (senses, workload) = (&self.blueprint.senses, &self.requested.workload);
        let sized = |rule: &ImageRule| !matches!(rule, ImageRule::Fixed { .. });
        let (images, videos) = (senses.images.is_some(), senses.videos.is_some());
        match knob {
            KnobId::Generate | KnobId::KvCache => !self.encodes(),
            KnobId::EncoderTokens => matches!(self.blueprint.reading, Reading::Both(_)),
            KnobId::Images => images || workload.images > 0,
            KnobId::ImageSize => images || videos || senses.alone.as_ref().is_some_and(|(rule, _)| sized(rule)),
            KnobId::AudioSeconds => senses.sound.is_some() || workload.audio_seconds > 0,
            KnobId::VideoSeconds => videos || workload.video_seconds > 0,
            KnobId::Task => self.blueprint.autograd.counts_encoder || self.requested.training.task.is_some(),
            KnobId::VideoFps => workload.video_seconds > 0,
            _ => true,
        }
    }
    /// Whether an operator takes no part in a pass: it never does, or there is nothing for its block to read.
    pub fn idles(&self, block: &Block, operator: &Operator) -> bool {
        operator.is_idle() || self.media.leaves_idle(block)
    }
    /// Rows of a tower's block for one prompt; none for what runs over text.
    pub fn tower_rows(&self, block: &Block) -> Option<f64> {
        let Input::Tower(_) = block.input else { return None };
        let each = self.media.of_block(block).map(|(seen, stage)| {
            let extent = stage.of(&seen.each);
            seen.count as f64 * extent.sequences as f64 * extent.rows as f64
        });
        Some(each.sum())
    }
    /// Tokens of the encoder's input: as chosen, else as its class fixes them, else as many as the prompt has.
    pub fn encoder_tokens(&self) -> Quantity {
        if self.blueprint.senses.across {
            return Quantity::assumed(
                "rows of images",
                self.media.states(),
                "what the tower makes of all images",
            );
        }
        self.blueprint
            .encoder_tokens(self.scenario.workload.encoder_tokens, || self.prompt())
    }
    /// Whether an operator runs when a prompt is read and never in a step that writes.
    pub fn reads_once(&self, block: &Block, operator: &Operator) -> bool {
        let rows = match &operator.kind {
            Kind::Linear { rows, .. } => {
                matches!(
                    rows,
                    Rows::Encoder
                        | Rows::Sequences
                        | Rows::Given(_)
                        | Rows::Reach(_)
                        | Rows::Every(_)
                        | Rows::Distances
                )
            }
            _ => false,
        };
        rows || !matches!(block.input, Input::Text | Input::TextBesideImages)
    }
    /// Tokens generated.
    pub fn generated(&self) -> Quantity {
        Quantity::choice("generated", self.scenario.generated(), "Workload")
    }
    /// Keys a token sees that is written: those of the prompt and, on average, of what was written before it.
    ///
    /// The middle of the answer stands for all of it. Where answers differ in length as exponentially distributed ones do, a running
    /// sequence has written E[G²] ÷ 2E[G] = G of them (Feller 1971, the inspection paradox).
    pub fn mean_context(&self) -> Quantity {
        let written = self.scenario.generated();
        let differ = self.scenario.workload.mode == Mode::Serve && self.scenario.workload.lengths == Lengths::Spread;
        let so_far = if differ {
            Quantity::choice("written so far", written.max(1), "Workload")
        } else {
            Quantity::choice("half of generated", written.div_ceil(2).max(1), "Workload")
        };
        Quantity::sum("context", &[&self.prompt(), &so_far])
    }
    /// Whether attention leaves out what an indexer did not choose.
    pub fn skips(&self) -> bool {
        self.scenario.assumptions.attention_flops != AttentionFlops::Full && self.engine.skips_unchosen()
    }
    /// What a step holds at most, on each device that keeps sequences of its own: as chosen, or as the engine has it.
    pub fn budget(&self) -> Budget {
        let usual = self.tuned.unwrap_or_else(|| self.engine.budget(self.device()));
        let tokens = match self.engine {
            Engine::LlamaCpp => self.scenario.serving.micro_batch,
            _ => self.scenario.serving.max_batched_tokens,
        };
        let among = if self.engine.divides_limits() {
            self.layout.replicas()
        } else {
            1
        };
        let each = |all: u64| (all / among).max(1);
        Budget {
            sequences: each(self.scenario.serving.max_sequences.unwrap_or(usual.sequences)),
            tokens: tokens.or(usual.tokens).map(each),
        }
    }
    /// Tokens of a prompt that run at once at most; `None` where the engine runs it whole.
    pub fn chunk(&self) -> Option<u64> {
        self.budget().tokens
    }
    /// Thousandths of the device's memory for weights and caches, where the engine sets the rest aside for activations.
    pub fn static_thousandths(&self) -> Option<u64> {
        if self.scenario.workload.mode.trains() || simple_rule::applies(self) {
            return None;
        }
        let start = Start {
            tensor: self.layout.tensor,
            pipeline: self.layout.pipeline,
            replicas: self.layout.replicas(),
            tokens: self.scenario.serving.max_batched_tokens,
        };
        let usual = self.engine.static_thousandths(self.device()?, start)?;
        Some(
            self.scenario
                .serving
                .memory_fraction
                .map_or(usual, |percent| percent.min(100).saturating_mul(10)),
        )
    }
    /// Tokens of each sequence in all.
    pub fn tokens(&self) -> Quantity {
        match self.scenario.generated() {
            0 => self.prompt().renamed("tokens"),
            // Running sequences of a server are at all stages of their answers, unless room for the whole is kept for each.
            written
                if self.scenario.workload.mode == Mode::Serve
                    && self.scenario.workload.batch > 1
                    && !self.engine.reserves_answers()
                    && self.scenario.workload.lengths == Lengths::Fixed =>
            {
                let half = Quantity::choice("half of the answer", written.div_ceil(2), "Workload");
                Quantity::sum("tokens", &[&self.prompt(), &half])
            }
            _ => Quantity::sum("tokens", &[&self.prompt(), &self.generated()]),
        }
    }
}

/// Tokens of one kind of what a request holds beside text.
fn of_seen(seen: &Seen) -> Quantity {
    let many = Quantity::choice("images", seen.count, "Workload");
    let each = Quantity::assumed("tokens of one", seen.each.tokens, "as the class's processor makes them");
    match seen.what {
        "image" => Quantity::product("images in the prompt", &[&many, &each]),
        WHOLE => Quantity::product("whole images in the prompt", &[&many, &each]),
        "video" => each.renamed("video in the prompt"),
        _ => each.renamed("sound in the prompt"),
    }
}

/// Devices of a scenario that are not alike, in words: `RTX 3090 + RTX 4090`.
pub fn devices_in_words(scenario: &Scenario) -> Option<String> {
    let unlike = named(scenario);
    (!unlike.is_empty()).then(|| words(unlike.iter().map(|device| &**device)))
}

/// FP8 with an FP32 scale for 128 values, as sparse latent attention keeps it.
const SPARSE_FP8: Format = Format::scaled(
    "fp8",
    "FP8",
    8,
    Scales::Group {
        size: 128,
        bits: 32,
        column_bits: 0,
        tensor_bits: 0,
    },
);

/// Bytes of one element, with where they come from.
#[derive(Debug, PartialEq)]
pub(super) struct Widths {
    activation: Quantity,
    keys: Quantity,
    values: Quantity,
}

impl Widths {
    pub(super) fn of(engine: Engine, activation: &Format, keys: &Format, values: &Format) -> Self {
        Self {
            activation: if engine.computes_in_fp32() {
                Quantity::assumed("activation_bytes", 4, "results are FP32 in this engine")
            } else {
                bytes_of(activation, "activation_bytes")
            },
            keys: bytes_of(keys, "kv_bytes"),
            values: bytes_of(values, "kv_bytes"),
        }
    }
}

fn bytes_of(format: &Format, name: &'static str) -> Quantity {
    let origin = format!("{}, {} bits", format.label, format.bits);
    Quantity::table(name, format.bits.div_ceil(8), origin)
}
