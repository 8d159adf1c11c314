//! Where a model's parameters, bytes, operations and caches are: by component, by depth, as areas, by number format.

use crate::analysis::Setup;
use crate::analysis::anatomy::{Anatomy, PartFigures};
use crate::model::flow::{Group, PartId, Piece, group_words};
use crate::model::{Blueprint, Component};
use crate::report::parts::{children, title};

/// A component's share.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentShare {
    /// The component.
    pub component: Component,
    /// What it has, all layers together.
    pub figures: PartFigures,
}

/// A layer, or layers in a row of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthLayer {
    /// The first of them, counted from 1.
    pub first: u64,
    /// How many.
    pub layers: u64,
    /// Their kind.
    pub kind: usize,
    /// What one of them has, by component, in the order of components.
    pub parts: Vec<(Component, PartFigures)>,
    /// Bytes that one of them keeps of all sequences.
    pub kept: f64,
    /// Bits of a weight in one of them, on average.
    pub bits: f64,
}

/// An area of a treemap.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// The part.
    pub part: PartId,
    /// Its name.
    pub title: String,
    /// Where it stands: `Layers 4–61`.
    pub of: String,
    /// Its colour.
    pub component: Option<Component>,
    /// What it has.
    pub amount: f64,
    /// Left, top, width, height of a square with a side of 1.
    pub place: (f64, f64, f64, f64),
}

/// The components of a model, in their order.
pub fn by_component(blueprint: &Blueprint, anatomy: &Anatomy) -> Vec<ComponentShare> {
    let mut all: std::collections::BTreeMap<Component, PartFigures> = std::collections::BTreeMap::new();
    for group in Group::all(blueprint) {
        for (component, figures) in of_group(blueprint, anatomy, group) {
            all.entry(component).or_default().add(&figures);
        }
    }
    all.into_iter()
        .map(|(component, figures)| ComponentShare { component, figures })
        .collect()
}

/// What a group has by component: of an operator, its tensors' component.
fn of_group(blueprint: &Blueprint, anatomy: &Anatomy, group: Group) -> Vec<(Component, PartFigures)> {
    let mut all: std::collections::BTreeMap<Component, PartFigures> = std::collections::BTreeMap::new();
    for (at, place) in group.blocks(blueprint).into_iter().enumerate() {
        for (nth, operator) in place.block.operators.iter().enumerate() {
            if let Some(figures) = anatomy.operator(group, at, nth) {
                let component = operator
                    .tensors
                    .first()
                    .map_or(operator.component, |tensor| tensor.component);
                all.entry(component).or_default().add(&figures);
            }
        }
    }
    all.into_iter().collect()
}

/// The layers in order; of very deep models, runs of one kind.
pub fn by_depth(setup: &Setup, anatomy: &Anatomy) -> Vec<DepthLayer> {
    let blueprint = &*setup.blueprint;
    let single = blueprint.layers.value <= crate::model::flow::MOST;
    let kinds: Vec<DepthLayer> = (0..blueprint.kinds.len())
        .map(|kind| {
            let group = Group::Kind(kind);
            let many = group.repeats(blueprint).max(1) as f64;
            let whole = anatomy.figures(blueprint, PartId::Group(group));
            DepthLayer {
                first: 0,
                layers: 1,
                kind,
                parts: of_group(blueprint, anatomy, group)
                    .into_iter()
                    .map(|(component, figures)| (component, figures.over(many)))
                    .collect(),
                kept: whole.kept as f64 / many,
                bits: if whole.parameters > 0 {
                    whole.bytes as f64 * 8.0 / whole.parameters as f64
                } else {
                    0.0
                },
            }
        })
        .collect();
    let mut out = Vec::new();
    for (kind, first, count) in crate::model::flow::runs(blueprint) {
        let Some(like) = kinds.get(kind) else { continue };
        if single {
            out.extend((0..count).map(|nth| DepthLayer {
                first: first + nth,
                ..like.clone()
            }));
        } else {
            out.push(DepthLayer {
                first,
                layers: count,
                ..like.clone()
            });
        }
    }
    out
}

/// What layers keep of what was read, in bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Kind of layer, how many there are of it, and what one of them keeps.
    kinds: Vec<(usize, f64, f64)>,
}

impl Kept {
    /// Of a setup.
    pub fn of(setup: &Setup, anatomy: &Anatomy) -> Self {
        let blueprint = &*setup.blueprint;
        let kinds = (0..blueprint.kinds.len()).map(|kind| {
            let group = Group::Kind(kind);
            let many = group.repeats(blueprint).max(1) as f64;
            let kept = anatomy.figures(blueprint, PartId::Group(group)).kept as f64;
            (kind, many, kept / many)
        });
        Self { kinds: kinds.collect() }
    }
    /// All layers together.
    pub fn all(&self) -> f64 {
        self.kinds.iter().map(|(_, many, kept)| many * kept).sum()
    }
    /// What the layer that keeps most keeps.
    fn most(&self) -> f64 {
        self.kinds.iter().map(|(.., kept)| *kept).fold(0.0, f64::max)
    }
    /// All layers, if each kept as much as the one that keeps most.
    pub fn if_alike(&self) -> f64 {
        self.most() * self.kinds.iter().map(|(_, many, _)| *many).sum::<f64>()
    }
    /// What the layers of a kind leave out of that, in bytes and as a share; none where it is nothing.
    pub fn saved_by(&self, kind: usize) -> Option<(f64, f64)> {
        let (_, many, kept) = self.kinds.iter().find(|(known, ..)| *known == kind)?;
        let most = self.most();
        (*kept < most * 0.995).then(|| (many * (most - kept), 1.0 - kept / most))
    }
}

/// All boxes of the drawing as areas; those too small to be seen are left out.
pub fn areas(blueprint: &Blueprint, anatomy: &Anatomy, amount: impl Fn(&PartFigures) -> f64, ratio: f64) -> Vec<Area> {
    let mut leaves: Vec<(PartId, String, Option<Component>, f64)> = Vec::new();
    for group in Group::all(blueprint) {
        let of = group_words(blueprint, group).0;
        for block in children(blueprint, anatomy, PartId::Group(group)) {
            let pieces = children(blueprint, anatomy, block.part);
            let pieces = if pieces.is_empty() { vec![block] } else { pieces };
            for piece in pieces {
                if matches!(piece.part, PartId::Piece(_, _, Piece::Cache | Piece::State)) {
                    continue;
                }
                leaves.push((piece.part, of.clone(), piece.component, amount(&piece.figures)));
            }
        }
    }
    let all: f64 = leaves.iter().map(|leaf| leaf.3).sum();
    if all <= 0.0 {
        return Vec::new();
    }
    leaves.retain(|leaf| leaf.3 / all > 5e-4);
    leaves.sort_by(|one, other| other.3.total_cmp(&one.3));
    let sizes: Vec<f64> = leaves.iter().map(|leaf| leaf.3).collect();
    let places = squares(&sizes, ratio.max(0.1));
    leaves
        .into_iter()
        .zip(places)
        .map(|((part, of, component, amount), place)| Area {
            part,
            title: title(blueprint, part),
            of,
            component,
            amount,
            place,
        })
        .collect()
}

/// Areas as near to squares as they get (Bruls 2000, squarified treemaps), of a frame that is `ratio` as wide as high; places
/// are shares of its width and height. Sizes are sorted, the largest first.
fn squares(sizes: &[f64], ratio: f64) -> Vec<(f64, f64, f64, f64)> {
    let all: f64 = sizes.iter().sum();
    let mut out = Vec::with_capacity(sizes.len());
    let (mut x, mut y, mut width, mut height) = (0.0, 0.0, ratio, 1.0);
    let mut at = 0;
    while at < sizes.len() {
        let scale = ratio / all;
        let side = f64::min(width, height);
        let rest = sizes.get(at..).unwrap_or_default();
        let worst = |row: &[f64]| {
            let sum: f64 = row.iter().sum::<f64>() * scale;
            let thick = sum / side.max(1e-12);
            row.iter()
                .map(|size| {
                    let long = size * scale / thick.max(1e-12);
                    f64::max(thick / long.max(1e-12), long / thick.max(1e-12))
                })
                .fold(0.0, f64::max)
        };
        let mut count = 1;
        while count < rest.len() {
            let (now, next) = (
                rest.get(..count).unwrap_or_default(),
                rest.get(..=count).unwrap_or_default(),
            );
            if worst(next) > worst(now) {
                break;
            }
            count += 1;
        }
        let row = rest.get(..count).unwrap_or_default();
        let thick = row.iter().sum::<f64>() * scale / side.max(1e-12);
        let mut along = 0.0;
        for size in row {
            let long = size * scale / thick.max(1e-12);
            out.push(if width >= height {
                (x / ratio, y + along, thick / ratio, long)
            } else {
                ((x + along) / ratio, y, long / ratio, thick)
            });
            along += long;
        }
        if width >= height {
            x += thick;
            width -= thick;
        } else {
            y += thick;
            height -= thick;
        }
        at += count;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::HostShare;
    use crate::analysis::time::Pass;
    use crate::model::catalogue;
    use crate::scenario::Scenario;

    #[test]
    fn areas_fill_the_frame_and_components_the_model() {
        for model in [
            "deepseek-ai/DeepSeek-V3.1",
            "google/gemma-3-27b-it",
            "openai-community/gpt2",
        ] {
            let config = catalogue::find(model).unwrap().config.clone();
            let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
            let setup = Setup::new(&blueprint, &Scenario::example()).unwrap();
            let anatomy = Anatomy::of(&setup, &HostShare::default(), Pass::Decode);
            let components = by_component(&blueprint, &anatomy);
            let sum: u64 = components.iter().map(|one| one.figures.parameters).sum();
            assert_eq!(sum, blueprint.parameters(), "{model}");
            // The same as the count by component.
            for (component, count) in crate::analysis::parameters::<crate::units::Exact>(&blueprint).by_component {
                let own = components.iter().find(|one| one.component == component).unwrap();
                assert_eq!(own.figures.parameters, count.0, "{model} {component:?}");
            }
            let drawn = areas(&blueprint, &anatomy, |figures| figures.parameters as f64, 1.6);
            let filled: f64 = drawn.iter().map(|area| area.place.2 * area.place.3).sum();
            assert!((filled - 1.0).abs() < 1e-6, "{model} {filled}");
            for area in &drawn {
                let (x, y, width, height) = area.place;
                assert!(
                    x >= -1e-9 && y >= -1e-9 && x + width <= 1.0 + 1e-9 && y + height <= 1.0 + 1e-9,
                    "{model} {area:?}"
                );
            }
            let depth = by_depth(&setup, &anatomy);
            assert_eq!(depth.len() as u64, blueprint.layers.value, "{model}");
        }
    }
}
