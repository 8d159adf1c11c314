//! Parts of a model and their names in links: `layers-2.3.5` is the fifth operator of the third block of the second kind of
//! layer.

use std::fmt;
use std::str::FromStr;

use crate::model::Blueprint;
use crate::model::blueprint::Repeated;

/// What blocks stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Before the first layer.
    Stem,
    /// A kind of layer, by index.
    Kind(usize),
    /// After the last layer.
    Head,
    /// A part of a tower or of an encoder, by index.
    Tower(usize),
}

/// A part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// An operator by index, together with those that are drawn with it.
    Operator(usize),
    /// What it keeps for each token.
    Cache,
    /// What it keeps for each sequence.
    State,
}

/// A part of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartId {
    /// All of it.
    Model,
    /// Blocks that stand together.
    Group(Group),
    /// One block.
    Block(Group, usize),
    /// A part of a block.
    Piece(Group, usize, Piece),
}

impl Group {
    /// Its blocks with their repeats.
    pub fn blocks(self, blueprint: &Blueprint) -> Vec<Repeated<'_>> {
        let once = |block| Repeated {
            block,
            count: None,
            kind: None,
        };
        match self {
            Self::Stem => blueprint.stem.iter().map(once).collect(),
            Self::Head => blueprint.head.iter().map(once).collect(),
            Self::Kind(at) => blueprint.kinds.get(at).map_or_else(Vec::new, |kind| {
                let place = |block| Repeated {
                    block,
                    count: Some(&kind.count),
                    kind: Some(at),
                };
                kind.blocks.iter().map(place).collect()
            }),
            Self::Tower(at) => blueprint.towers.get(at).map_or_else(Vec::new, |tower| {
                let place = |block| Repeated {
                    block,
                    count: tower.count.as_ref(),
                    kind: None,
                };
                tower.blocks.iter().map(place).collect()
            }),
        }
    }
    /// All groups that have blocks, in the order of [`Blueprint::blocks`].
    pub fn all(blueprint: &Blueprint) -> Vec<Self> {
        let kinds = (0..blueprint.kinds.len()).map(Self::Kind);
        let towers = (0..blueprint.towers.len()).map(Self::Tower);
        let all = std::iter::once(Self::Stem)
            .chain(kinds)
            .chain(std::iter::once(Self::Head))
            .chain(towers);
        all.filter(|group| !group.blocks(blueprint).is_empty()).collect()
    }
    /// How often it occurs.
    pub fn repeats(self, blueprint: &Blueprint) -> u64 {
        match self {
            Self::Stem | Self::Head => 1,
            Self::Kind(at) => blueprint.kinds.get(at).map_or(0, |kind| kind.count.value),
            Self::Tower(at) => blueprint
                .towers
                .get(at)
                .and_then(|tower| tower.count.as_ref())
                .map_or(1, |count| count.value),
        }
    }
}

impl PartId {
    /// The blocks it is in.
    pub const fn group(self) -> Option<Group> {
        match self {
            Self::Model => None,
            Self::Group(group) | Self::Block(group, _) | Self::Piece(group, ..) => Some(group),
        }
    }
    /// What it is part of; nothing for the whole model.
    pub const fn parent(self) -> Option<Self> {
        match self {
            Self::Model => None,
            Self::Group(_) => Some(Self::Model),
            Self::Block(group, _) => Some(Self::Group(group)),
            Self::Piece(group, block, _) => Some(Self::Block(group, block)),
        }
    }
    /// Whether it is the other, or in it.
    pub fn is_in(self, other: Self) -> bool {
        let mut at = Some(self);
        while let Some(part) = at {
            if part == other {
                return true;
            }
            at = part.parent();
        }
        false
    }
    /// Its block, where it is one or in one.
    pub fn place(self, blueprint: &Blueprint) -> Option<Repeated<'_>> {
        match self {
            Self::Block(group, at) | Self::Piece(group, at, _) => group.blocks(blueprint).get(at).copied(),
            Self::Model | Self::Group(_) => None,
        }
    }
    /// Whether the model has such a part.
    pub fn exists(self, blueprint: &Blueprint) -> bool {
        match self {
            Self::Model => true,
            Self::Group(group) => !group.blocks(blueprint).is_empty(),
            Self::Block(..) => self.place(blueprint).is_some(),
            Self::Piece(_, _, piece) => self.place(blueprint).is_some_and(|place| match piece {
                Piece::Operator(at) => at < place.block.operators.len(),
                Piece::Cache => !place.block.caches.is_empty(),
                Piece::State => !place.block.states.is_empty(),
            }),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stem => f.write_str("stem"),
            Self::Head => f.write_str("head"),
            Self::Kind(at) => write!(f, "layers-{}", at + 1),
            Self::Tower(at) => write!(f, "tower-{}", at + 1),
        }
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => f.write_str("model"),
            Self::Group(group) => group.fmt(f),
            Self::Block(group, block) => write!(f, "{group}.{}", block + 1),
            Self::Piece(group, block, piece) => {
                write!(f, "{group}.{}.", block + 1)?;
                match piece {
                    Piece::Operator(at) => write!(f, "{}", at + 1),
                    Piece::Cache => f.write_str("cache"),
                    Piece::State => f.write_str("state"),
                }
            }
        }
    }
}

/// A link names a part that no model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPart;

/// A number from one on, as an index.
fn index(text: &str) -> Result<usize, NoPart> {
    let number: usize = text.parse().map_err(|_| NoPart)?;
    number.checked_sub(1).ok_or(NoPart)
}

impl FromStr for PartId {
    type Err = NoPart;
    fn from_str(text: &str) -> Result<Self, NoPart> {
        let mut words = text.split('.');
        let group = match words.next().unwrap_or_default() {
            "model" => return Ok(Self::Model),
            "stem" => Group::Stem,
            "head" => Group::Head,
            other => match other.split_once('-') {
                Some(("layers", at)) => Group::Kind(index(at)?),
                Some(("tower", at)) => Group::Tower(index(at)?),
                _ => return Err(NoPart),
            },
        };
        let Some(block) = words.next() else {
            return Ok(Self::Group(group));
        };
        let block = index(block)?;
        let piece = match words.next() {
            None => return Ok(Self::Block(group, block)),
            Some("cache") => Piece::Cache,
            Some("state") => Piece::State,
            Some(at) => Piece::Operator(index(at)?),
        };
        match words.next() {
            None => Ok(Self::Piece(group, block, piece)),
            Some(_) => Err(NoPart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_part() {
        for part in [
            PartId::Model,
            PartId::Group(Group::Kind(1)),
            PartId::Block(Group::Stem, 0),
            PartId::Piece(Group::Kind(11), 3, Piece::Operator(7)),
            PartId::Piece(Group::Tower(0), 0, Piece::Cache),
            PartId::Piece(Group::Head, 1, Piece::State),
        ] {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        assert_eq!(
            PartId::Piece(Group::Kind(1), 2, Piece::Operator(4)).to_string(),
            "layers-2.3.5"
        );
    }

    #[test]
    fn other_words_are_no_part() {
        for text in [
            "",
            "layers",
            "layers-0",
            "layers--1",
            "stem.0",
            "head.1.2.3",
            "head.1.x",
            "tower-99999999999999999999",
        ] {
            assert_eq!(text.parse::<PartId>(), Err(NoPart), "{text}");
        }
    }
}
