//! Which tensor is stored in which format: the rule a checkpoint follows, or the one a conversion would.

mod catalogue;
mod class;
mod ggml;
mod gguf;
mod groups;
mod mix;
mod parameter;
mod part;
mod pattern;
mod published;
mod quality;
mod rules;

pub use catalogue::{CHOICES, Choice, Container, choice};
pub use ggml::GgmlType;
pub use gguf::Plan;
pub use mix::Mix;
pub use parameter::intern;
pub use part::Part;
pub use pattern::Pattern;
pub use published::read;
pub use quality::{Quality, quality};

use std::collections::BTreeSet;
use std::sync::Arc;

use super::blueprint::{Blueprint, Repeated};
use super::component::Component;
use super::format::Format;
use super::layout::Layout;
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

/// A format for some tensors that differs from the rule's.
#[derive(Clone, Debug, PartialEq)]
pub struct Special {
    /// Which tensors.
    pub of: Target,
    /// Their format.
    pub format: Format,
}

/// Tensors with a format of their own.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// All of a kind.
    Kind(TensorKind),
    /// Modules by name; how many layers that are is resolved when the model is built.
    Modules(Vec<Pattern>),
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
    /// Modules that are left alone.
    pub kept: Vec<Pattern>,
    /// Whether the output head is converted as well.
    pub head: bool,
    /// Name of the method, for people.
    pub method: String,
    /// What the files are made for.
    pub container: Container,
    /// Tensors with a format of their own; the first that fits counts.
    pub special: Vec<Special>,
    /// Whether only modules named by a special rule are converted, nothing else.
    pub named_only: bool,
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
            kept: Vec::new(),
            head: false,
            container: Container::Safetensors,
            special: Vec::new(),
            named_only: false,
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
            container: Container::Gguf,
            plan: Some(Arc::new(plan)),
            ..Self::new(wide, format, Scope::Layers)
        }
    }

    /// Whether a tensor of this kind is converted at all.
    fn converts(&self, tensor: &Tensor) -> bool {
        if self.scope == Scope::Everything {
            return tensor.kind != TensorKind::Buffer;
        }
        if self.special.iter().any(|one| one.of == Target::Kind(tensor.kind)) {
            return true;
        }
        let small = tensor
            .module()
            .rsplit('.')
            .next()
            .is_some_and(|last| last.contains("conv"));
        match (self.scope, tensor.kind) {
            // Convolutions are no linear layers.
            (Scope::Matrices | Scope::Layers, TensorKind::Matrix) => !small,
            (Scope::Matrices, TensorKind::Head) => self.head,
            (Scope::Layers, TensorKind::Head | TensorKind::Table | TensorKind::Router) => true,
            (Scope::Experts, TensorKind::Matrix) => tensor.copies.is_some(),
            _ => false,
        }
    }

    /// In how many of the layers the tensor stays in the base format.
    pub fn layers_kept(&self, place: Repeated<'_>, tensor: &Tensor) -> u64 {
        if self.plan.is_some() {
            return 0;
        }
        let all = place.copies(tensor);
        let own: u64 = tensor.named.iter().fold(0, |all: u64, &one| all.saturating_add(one));
        let in_groups = self.container == Container::Mlx && !self.fills_groups(tensor);
        match (self.converts(tensor), self.kept.is_empty()) {
            _ if self.named_only => all.saturating_sub(own),
            (false, _) => all.saturating_sub(own),
            (true, _) if in_groups => all,
            (true, true) => 0,
            (true, false) => tensor.exempt.min(all),
        }
    }

    /// In how many of its repeats a tensor of a tower is left alone by name.
    pub fn exempt_in_tower(&self, tensor: &Tensor, repeats: u64) -> u64 {
        let name = tensor.module().trim_start_matches("model.").replace("{i}", "#");
        let name = format!("model.{name}");
        let mut layers: BTreeSet<u64> = BTreeSet::new();
        for pattern in self.kept.iter().filter(|pattern| pattern.matches_name(&name)) {
            match &pattern.layers {
                None => return repeats,
                Some(named) => layers.extend(named.iter().filter(|&&layer| layer < repeats)),
            }
        }
        layers.len() as u64
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
        let kept = self.layers_kept(place, tensor);
        let mut left = all.saturating_sub(kept);
        let mut parts = vec![Part::borrowed(tensor, &self.base, kept)];
        if kept < all {
            let of_kind = self.special.iter().find(|one| one.of == Target::Kind(tensor.kind));
            let modules = self.special.iter().filter(|one| matches!(one.of, Target::Modules(_)));
            for (one, &layers) in modules.zip(&tensor.named) {
                let layers = layers.min(left);
                left -= layers;
                parts.push(Part::borrowed(tensor, &one.format, layers));
            }
            let rest = of_kind.map_or(&self.format, |one| &one.format);
            parts.push(Part::borrowed(tensor, rest, left));
        }
        parts.retain(|part| part.layers > 0);
        parts
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

    /// Elements which a file apart holds (llama.cpp's projector file), all layers together.
    pub fn apart(&self, blueprint: &Blueprint) -> u64 {
        if self.plan.is_none() {
            return 0;
        }
        let towers = blueprint.tensors().filter(|(_, tensor)| {
            tensor.is_parameter() && matches!(tensor.component, Component::Vision | Component::Audio)
        });
        towers.fold(0, |all: u64, (place, tensor)| {
            all.saturating_add(place.copies(tensor).saturating_mul(tensor.count()))
        })
    }

    /// In how many layers each special rule by name holds for a tensor.
    pub fn named(&self, tensor: &Tensor, kind: Option<(usize, u64)>, layout: &Layout) -> Vec<u64> {
        let modules = self.special.iter().filter_map(|one| match &one.of {
            Target::Modules(patterns) => Some(patterns.as_slice()),
            Target::Kind(_) => None,
        });
        let of_interest = matches!(tensor.kind, TensorKind::Matrix | TensorKind::Head | TensorKind::Router)
            && !tensor.name.ends_with(".bias");
        modules
            .map(|patterns| {
                if of_interest {
                    layers_matched(patterns, tensor, kind, layout)
                } else {
                    0
                }
            })
            .collect()
    }

    /// In how many of its layers a tensor is left alone by name. `kind` is the kind of its layer, if it is in one.
    pub fn exempt(&self, tensor: &Tensor, kind: Option<(usize, u64)>, layout: &Layout) -> u64 {
        layers_matched(&self.kept, tensor, kind, layout)
    }
}

fn layers_matched(patterns: &[Pattern], tensor: &Tensor, kind: Option<(usize, u64)>, layout: &Layout) -> u64 {
    let all = kind.map_or(1, |(_, count)| count);
    let mut layers: BTreeSet<u64> = BTreeSet::new();
    for pattern in patterns
        .iter()
        .filter(|pattern| pattern.matches(tensor.module(), kind.is_some()))
    {
        match &pattern.layers {
            None => return all,
            Some(named) => layers.extend(
                named
                    .iter()
                    .filter(|&&layer| kind.is_some() && layout.kind_at(layer) == kind.map(|(at, _)| at)),
            ),
        }
    }
    (layers.len() as u64).min(all)
}
