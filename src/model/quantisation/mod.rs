//! Which tensor is stored in which format: the rule a checkpoint follows, or the one a conversion would.

mod catalogue;
mod pattern;
mod published;

pub use catalogue::{CHOICES, Choice, choice};
pub use pattern::Pattern;
pub use published::read;

use std::collections::BTreeSet;

use super::blueprint::Repeated;
use super::format::Format;
use super::layout::Layout;
use super::tensor::{Tensor, TensorKind};

/// Which kinds of tensors a format converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every tensor: a plain change of the number format.
    Everything,
    /// Matrices of linear layers, experts included; not the token table, head, router or vectors.
    Matrices,
    /// Routed experts only.
    Experts,
}

/// A rule for every tensor of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantisation {
    /// Format of whatever is not converted.
    pub base: Format,
    /// Format of what is.
    pub format: Format,
    /// Which kinds of tensors are converted.
    pub scope: Scope,
    /// Modules that are left alone.
    pub kept: Vec<Pattern>,
    /// Whether the output head is converted as well.
    pub head: bool,
    /// Name of the method, for people.
    pub method: String,
}

impl Quantisation {
    /// Every tensor in one plain format.
    pub fn plain(format: Format) -> Self {
        Self {
            base: format.clone(),
            method: format.label.to_string(),
            format,
            scope: Scope::Everything,
            kept: Vec::new(),
            head: true,
        }
    }

    /// Whether a tensor of this kind is converted at all.
    fn converts(&self, tensor: &Tensor) -> bool {
        match (self.scope, tensor.kind) {
            (Scope::Everything, TensorKind::Buffer) => false,
            (Scope::Everything, _) => true,
            (Scope::Matrices, TensorKind::Matrix) => true,
            (Scope::Matrices, TensorKind::Head) => self.head,
            (Scope::Experts, TensorKind::Matrix) => tensor.copies.is_some(),
            _ => false,
        }
    }

    /// In how many of the layers the tensor stays in the base format.
    pub fn layers_kept(&self, place: Repeated<'_>, tensor: &Tensor) -> u64 {
        let all = place.copies(tensor);
        match (self.converts(tensor), self.kept.is_empty()) {
            (false, _) => all,
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

    /// In how many of its layers a tensor is left alone by name. `kind` is the kind of its layer, if it is in one.
    pub fn exempt(&self, tensor: &Tensor, kind: Option<(usize, u64)>, layout: &Layout) -> u64 {
        let all = kind.map_or(1, |(_, count)| count);
        let mut layers: BTreeSet<u64> = BTreeSet::new();
        for pattern in self
            .kept
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
}
