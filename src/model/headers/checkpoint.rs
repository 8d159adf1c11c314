//! All weight files of a model, by their headers: against the blueprint of its config, and alone.

use serde_json::{Value, json};

use super::compare::{self, Comparison, Names};
use super::index::Index;
use super::{FileKind, Header, HeaderError, TensorList, assumed, logical};
use crate::model::{Blueprint, Notice};
use crate::units::grouped;

/// The headers of all files of a model.
#[derive(Debug)]
pub struct Checkpoint {
    /// Every tensor.
    pub list: TensorList,
    /// Unpacked.
    pub count: logical::Count,
    /// What the index claims and the shards do not hold.
    pub notices: Vec<Notice>,
}

impl Checkpoint {
    /// Puts headers together. An index must list as many tensors as they hold; its sizes are its own claim and only
    /// remarked on. `config` says how packed weights are unpacked.
    ///
    /// # Errors
    /// Headers that do not belong together, or an index that lists other tensors.
    pub fn new(headers: Vec<Header>, index: Option<&Index>, config: Option<&Value>) -> Result<Self, HeaderError> {
        let list = TensorList::new(headers)?;
        let mut notices = Vec::new();
        if let Some(index) = index {
            let (has, bytes) = (list.tensors.len() as u64, list.bytes());
            if has != index.tensors {
                let says = index.tensors;
                return Err(HeaderError::IndexDiffers { says, has });
            }
            if let Some(claimed) = index.total_size.filter(|claimed| *claimed != bytes) {
                notices.push(Notice::new(
                    "index_total_size",
                    format!(
                        "The index claims {} bytes, but the shards hold {}; the shards are believed.",
                        grouped(claimed),
                        grouped(bytes)
                    ),
                ));
            }
        }
        let count = logical::count(&list, config);
        Ok(Self { list, count, notices })
    }
    /// Against a blueprint; `own` if its config is a GGUF's own metadata.
    pub fn compare(&self, blueprint: &Blueprint, own: bool) -> Comparison {
        let names = if own {
            Names::own_metadata()
        } else {
            Names::config(self.list.described())
        };
        compare::compare_as(blueprint, &self.count, &names)
    }
    /// Gives a blueprint the files' own bytes where the two agree, and what is to know of them.
    pub fn adopt(&self, blueprint: &mut Blueprint, comparison: &Comparison) {
        blueprint.notices.extend(self.to_know().cloned());
        if !compare::adopt(blueprint, comparison) {
            blueprint.notices.push(Notice::new(
                "headers_not_adopted",
                "The headers do not account for every tensor of the config, so bytes are those of its number formats, not of the files.",
            ));
        } else if let (FileKind::Gguf, Some(most)) = (self.list.kind, self.count.types.first()) {
            blueprint.published.method = format!("GGUF (mostly {})", most.dtype);
        }
    }
    /// Without a blueprint.
    pub fn summary(&self) -> assumed::Summary {
        let mut summary = assumed::summarise(&self.list, &self.count);
        summary.notices.extend(self.notices.iter().cloned());
        summary
    }
    /// What could not be counted for certain, and what the index claims.
    pub fn to_know(&self) -> impl Iterator<Item = &Notice> {
        self.count.notices.iter().chain(&self.notices)
    }
    /// Every tensor as JSON.
    pub fn tensors(&self) -> Vec<Value> {
        let pairs = self.list.tensors.iter().zip(&self.count.tensors);
        pairs
            .map(|(stored, logical)| {
                json!({"name": stored.name, "dtype": stored.dtype.name, "shape": stored.shape, "bytes": stored.bytes,
                       "parameters": logical.elements, "scale": logical.scale, "part": assumed::part_of(&stored.name)})
            })
            .collect()
    }
}
