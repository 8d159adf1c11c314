//! Which tensor is stored in which format: the rule a checkpoint follows, or the one a conversion would.

mod by_module;
mod catalogue;
mod class;
mod ggml;
mod gguf;
mod mix;
mod mixture;
mod modules;
mod name;
mod parameter;
mod part;
mod published;
mod quality;
mod regex;
mod rules;

pub use by_module::{Rules, Span};
pub use catalogue::{CHOICES, Choice, WeightFileKind, choice};
pub use ggml::GgmlType;
pub use gguf::Plan;
pub use mix::Mix;
pub use modules::{Form, Modules};
pub use parameter::intern;
pub use part::Part;
pub use published::{Cache, CacheBy, published, read};
pub use quality::{Loss, Quality, loss_of, quality};
pub use regex::Work;

use std::sync::Arc;

use super::blueprint::{Blueprint, Repeated};
use super::error::ModelError;
use super::format::Format;
use super::tensor::{Tensor, TensorKind};
use crate::units::{Number, Quantity};

/// Which kinds of tensors a format converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every tensor: a plain change of the number format.
    Everything,
    /// Matrices of linear layers, experts included; not the token table, head, router or vectors.
    Matrices,
    /// Routed experts only.
    Experts,
    /// Matrices, token table, head and router: whatever is looked up or multiplied.
    Layers,
}

/// A format for all tensors of a kind that differs from the rule's.
#[derive(Clone, Debug, PartialEq)]
pub struct Special {
    /// Which tensors.
    pub kind: TensorKind,
    /// Their format.
    pub format: Format,
}

/// A rule for every tensor of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantisation {
    /// Format of whatever is not converted.
    pub base: Format,
    /// Format of what is; of a mix of formats the most frequent one.
    pub format: Format,
    /// Which kinds of tensors are converted.
    pub scope: Scope,
    /// Whether towers are converted as the language model is.
    pub towers: bool,
    /// Whether the output head is converted as well.
    pub head: bool,
    /// Name of the method, for people.
    pub method: String,
    /// Name of the method, as the config has it; empty where none is named.
    pub writer: String,
    /// What the files are made for.
    pub container: WeightFileKind,
    /// Kinds of tensors with a format of their own.
    pub special: Vec<Special>,
    /// Rules for single modules, counted for each tensor when the model is built (`Tensor::by_rule`).
    pub rules: Option<Arc<Rules>>,
    /// Whether only modules named by a rule are converted, nothing else.
    pub named_only: bool,
    /// Whether several formats share the weights, none of them small.
    pub mixed: bool,
    /// The format of the cache that the checkpoint prescribes.
    pub cache: Option<Cache>,
    /// Why the bytes as published are not known, if they are not.
    pub unknown: Option<String>,
    /// llama.cpp's mixes decide tensor by tensor.
    pub plan: Option<Arc<Plan>>,
}

impl Quantisation {
    /// Every tensor in one plain format.
    pub fn plain(format: Format) -> Self {
        Self {
            head: true,
            ..Self::new(format.clone(), format, Scope::Everything)
        }
    }

    /// One format for what is in scope, another for the rest.
    pub fn new(base: Format, format: Format, scope: Scope) -> Self {
        Self {
            base,
            method: format.label.to_string(),
            format,
            scope,
            towers: true,
            writer: String::new(),
            head: false,
            container: WeightFileKind::Safetensors,
            special: Vec::new(),
            rules: None,
            named_only: false,
            mixed: false,
            cache: None,
            unknown: None,
            plan: None,
        }
    }

    /// A mix of llama.cpp over a model.
    pub fn gguf(mix: Mix, blueprint: &Blueprint) -> Self {
        let plan = Plan::new(mix, blueprint);
        let base = mix.base().format();
        let format = Format {
            id: mix.key().into(),
            label: mix.label().into(),
            ..base.clone()
        };
        let wide = if mix == Mix::F32 {
            Format::FP32
        } else {
            blueprint.published.base.clone()
        };
        Self {
            container: WeightFileKind::Gguf,
            plan: Some(Arc::new(plan)),
            ..Self::new(wide, format, Scope::Layers)
        }
    }

    /// Whether a tensor of this kind is converted at all.
    fn converts(&self, tensor: &Tensor) -> bool {
        if self.scope == Scope::Everything {
            return tensor.kind != TensorKind::Buffer;
        }
        if self.special.iter().any(|one| one.kind == tensor.kind) {
            return true;
        }
        if !self.towers && tensor.is_of_tower() {
            return false;
        }
        match (self.scope, tensor.kind) {
            // Convolutions are no linear layers.
            (Scope::Matrices | Scope::Layers, TensorKind::Matrix) => !by_module::is_convolution(tensor),
            (Scope::Matrices, TensorKind::Head) => self.head,
            (Scope::Layers, TensorKind::Head | TensorKind::Table | TensorKind::Router) => true,
            (Scope::Experts, TensorKind::Matrix) => tensor.copies.is_some(),
            _ => false,
        }
    }

    /// Counts for a tensor in how many layers each rule holds: left alone first, then each format of the rules.
    ///
    /// # Errors
    /// Patterns that cost more than any checkpoint's do.
    pub fn count(&self, tensor: &Tensor, span: Span<'_>, work: &Work) -> Result<Vec<u64>, ModelError> {
        let Some(rules) = &self.rules else {
            return Ok(Vec::new());
        };
        rules.count(tensor, span, work).ok_or_else(|| {
            ModelError::Inconsistent(
                "The patterns over names of modules in quantization_config cost more to follow than any checkpoint's do."
                    .to_owned(),
            )
        })
    }

    /// The same where what is not converted is in another format.
    #[must_use]
    pub fn with_base(&self, base: Format) -> Self {
        if self.scope == Scope::Everything {
            return Self {
                unknown: self.unknown.clone(),
                ..Self::plain(base)
            };
        }
        Self { base, ..self.clone() }
    }

    /// Leaves alone whatever is around the language model.
    pub const fn leave_towers(&mut self) {
        self.towers = false;
    }

    /// Names a mixture of formats, once the rules are counted for every tensor.
    pub fn name_mixture(blueprint: &mut Blueprint) {
        mixture::name(blueprint);
    }

    /// MLX quantises only what comes out even.
    fn fills_groups(&self, tensor: &Tensor) -> bool {
        tensor
            .inner()
            .zip(self.format.group())
            .is_none_or(|(inner, group)| inner.value.is_multiple_of(group))
    }

    /// The formats a tensor is stored in, each with how many of its layers: what stays as it was first.
    pub fn parts<'a>(&'a self, place: Repeated<'_>, tensor: &'a Tensor) -> Vec<Part<'a>> {
        if let Some(plan) = &self.plan {
            return plan.parts(place, tensor);
        }
        let all = place.copies(tensor);
        if self.container == WeightFileKind::Mlx && !self.fills_groups(tensor) {
            return vec![Part::borrowed(tensor, &self.base, all)];
        }
        let (mut kept, mut left) = (0, all);
        let mut parts = Vec::new();
        if let Some(rules) = &self.rules {
            let mut counts = tensor.by_rule.iter().map(|&layers| {
                let layers = layers.min(left);
                left -= layers;
                layers
            });
            kept = counts.next().unwrap_or(0);
            parts.extend(
                rules
                    .formats
                    .iter()
                    .zip(counts)
                    .map(|(format, layers)| Part::borrowed(tensor, format, layers)),
            );
        }
        if !self.named_only && self.converts(tensor) {
            let of_kind = self.special.iter().find(|one| one.kind == tensor.kind);
            parts.push(Part::borrowed(
                tensor,
                of_kind.map_or(&self.format, |one| &one.format),
                left,
            ));
        } else {
            kept += left;
        }
        parts.insert(0, Part::borrowed(tensor, &self.base, kept));
        parts.retain(|part| part.layers > 0);
        parts
    }

    /// In how many of the layers the tensor stays in the base format.
    pub fn layers_kept(&self, place: Repeated<'_>, tensor: &Tensor) -> u64 {
        let parts = self.parts(place, tensor);
        let kept = parts
            .iter()
            .filter(|part| self.plan.is_none() && std::ptr::eq(part.format, &self.base));
        kept.map(|part| part.layers).sum()
    }

    /// Bytes of a tensor in all its layers.
    pub fn bytes<N: Number>(&self, place: Repeated<'_>, tensor: &Tensor) -> N {
        let all = place.copies(tensor);
        N::sum(self.parts(place, tensor).into_iter().map(|part| {
            let bytes = part.format.bytes::<N>(&part.tensor);
            if part.layers == all {
                place.stored(tensor, bytes)
            } else {
                N::input(&Quantity::assumed("layers", part.layers, "layers with this format")).times(bytes)
            }
        }))
    }

    /// The format in which a tensor is stored in most of its layers.
    pub fn main_format<'a>(&'a self, place: Repeated<'_>, tensor: &'a Tensor) -> &'a Format {
        let parts = self.parts(place, tensor);
        let most = parts.iter().rev().max_by_key(|part| part.layers);
        most.map_or(&self.base, |part| part.format)
    }

    /// Whether towers go into a file of their own (llama.cpp's projector file).
    pub const fn puts_towers_apart(&self) -> bool {
        self.plan.is_some()
    }

    /// Elements which a file apart holds (llama.cpp's projector file), all layers together.
    pub fn apart(&self, blueprint: &Blueprint) -> u64 {
        if self.plan.is_none() {
            return 0;
        }
        let towers = blueprint
            .tensors()
            .filter(|(_, tensor)| tensor.is_parameter() && tensor.is_of_tower());
        towers.fold(0, |all: u64, (place, tensor)| {
            all.saturating_add(place.copies(tensor).saturating_mul(tensor.count()))
        })
    }
}
