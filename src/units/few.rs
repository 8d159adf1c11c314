//! Order among few: sorting that costs the page little.

/// Sorts a list of some dozens, equals in the order they came. The standard library's sort is made for millions, and the
/// compiler writes its kilobytes out for each type of element; this is an insertion sort of some lines, which takes
/// `n²/4` steps.
pub fn sort_few<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    for sorted in 1..list.len() {
        let mut at = sorted;
        while let Some([before, here]) = at.checked_sub(1).and_then(|before| list.get_mut(before..=at)) {
            if key(before) <= key(here) {
                break;
            }
            std::mem::swap(before, here);
            at = at.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(list: Vec<(u8, u8)>) {
            let (mut few, mut all) = (list.clone(), list);
            sort_few(&mut few, |one| one.0);
            all.sort_by_key(|one| one.0);
            proptest::prop_assert_eq!(few, all);
        }
    }
}
