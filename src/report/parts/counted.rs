//! How the parameters of a part are counted.

use crate::model::Blueprint;
use crate::model::blueprint::Repeated;
use crate::model::flow::PartId;
use crate::model::operator::Operator;
use crate::units::grouped;

/// `58 × 256 × 3 × 7,168 × 2,048 = 653,908,770,816`: tensors of equal shape together.
pub(super) fn formula(blueprint: &Blueprint, part: PartId, own: &[(Repeated<'_>, &Operator)]) -> Option<String> {
    if !matches!(part, PartId::Block(..) | PartId::Piece(..)) {
        return None;
    }
    let repeats = part.group().map_or(1, |group| group.repeats(blueprint));
    let mut terms: Vec<(Vec<u64>, u64)> = Vec::new();
    let mut total: u64 = 0;
    for (place, operator) in own {
        for tensor in operator.tensors.iter().filter(|tensor| tensor.is_parameter()) {
            // What layers share is not counted for each of them.
            if tensor.physical.is_some() {
                return None;
            }
            let mut dims: Vec<u64> = tensor
                .copies
                .iter()
                .chain(&tensor.dims)
                .map(|dim| dim.value)
                .filter(|one| *one != 1)
                .collect();
            dims.sort_unstable_by(|one, other| other.cmp(one));
            total = total.saturating_add(place.copies(tensor).saturating_mul(tensor.count()));
            match terms.iter_mut().find(|(known, _)| *known == dims) {
                Some((_, count)) => *count += 1,
                None => terms.push((dims, 1)),
            }
        }
    }
    if terms.is_empty() || terms.len() > 6 {
        return None;
    }
    let term = |(dims, count): &(Vec<u64>, u64)| {
        let mut factors: Vec<String> = (*count > 1).then(|| grouped(*count)).into_iter().collect();
        factors.extend(dims.iter().map(|dim| grouped(*dim)));
        if factors.is_empty() {
            "1".to_owned()
        } else {
            factors.join(" × ")
        }
    };
    let all: Vec<String> = terms.iter().map(term).collect();
    let sum = all.join(" + ");
    let layers = match (repeats, all.len()) {
        (0 | 1, _) => sum,
        (many, 1) => format!("{} × {sum}", grouped(many)),
        (many, _) => format!("{} × ({sum})", grouped(many)),
    };
    Some(format!("{layers} = {}", grouped(total)))
}
