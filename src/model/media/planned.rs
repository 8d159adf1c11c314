//! Images as newer processors plan them: overlapping crops, slices, windows, grids within bounds.
//! Sources: image processor and processor of the named class in transformers 5.23.

use super::canvas::least_scaling;
use super::image::ImageRule;
use super::pieces::grid;
use super::stage::Glance;

/// What becomes of an image of this size; none by any other rule.
pub(super) fn see(rule: &ImageRule, width: u64, height: u64) -> Option<Glance> {
    let size = (width, height);
    Some(match *rule {
        ImageRule::Overlapped {
            patches,
            shared,
            patch,
            pool,
            most,
        } => {
            let (window, margin) = (patches.saturating_sub(shared), shared.saturating_mul(patch) as f64);
            let free = (height as f64 - margin, width as f64 - margin);
            let (down, across) = least_scaling(free, window.saturating_mul(patch), most);
            let pooled = |tiles: u64| {
                tiles
                    .saturating_mul(window)
                    .saturating_add(shared)
                    .div_ceil(pool.max(1))
            };
            let (rows, columns, whole) = (pooled(down), pooled(across), patches.div_ceil(pool.max(1)));
            // Both have a mark before and after.
            let marks = rows.saturating_add(whole).saturating_add(4);
            let made = rows.saturating_mul(columns).saturating_add(whole.saturating_mul(whole));
            Glance {
                crops: down.saturating_mul(across).saturating_add(1),
                marks,
                ..Glance::whole(patches, patches, made.saturating_add(marks))
            }
        }
        ImageRule::Slices {
            side,
            patch,
            merge,
            most,
        } => slices(size, side, [patch, merge], most),
        ImageRule::Bounded { patch, merge, bounds } => {
            let (rows, columns) = bounded(size, patch, merge.max(1), bounds);
            grid(rows, columns, merge, [2, 0])
        }
        ImageRule::Aligned {
            patch,
            merge,
            bounds,
            marks,
            beyond,
        } => {
            let merge = merge.max(1);
            let (rows, columns) = aligned(size, patch.saturating_mul(merge).max(1), bounds);
            let columns = columns.saturating_add(u64::from(beyond && width.is_multiple_of(patch.max(1))));
            grid(
                rows.saturating_mul(merge),
                columns.saturating_mul(merge),
                merge,
                [marks, 0],
            )
        }
        ImageRule::Nearest { patch, merge, most } => {
            let (rows, columns) = nearest(size, patch.saturating_mul(merge) as f64, most);
            grid(rows.saturating_mul(merge), columns.saturating_mul(merge), merge, [2, 0])
        }
        ImageRule::Windows {
            most,
            sides: [whole, crop],
            patch,
            merge,
        } => {
            let side = |pixels: u64| pixels / patch.max(1);
            let tokens = |pixels: u64| (side(pixels) / merge.max(1)).saturating_pow(2);
            let (rows, columns) = windows(size, most, [whole, crop]);
            let crops = rows.saturating_mul(columns);
            if crops == 0 {
                return Some(grid(side(whole), side(whole), merge, [2, 0]));
            }
            // Two marks around each crop, one behind each row but the last.
            let marks = crops.saturating_mul(2).saturating_add(rows - 1);
            Glance {
                crops,
                marks,
                beside: Some([side(whole), side(whole), tokens(whole).saturating_add(2), 2]),
                ..Glance::whole(
                    side(crop),
                    side(crop),
                    tokens(crop).saturating_mul(crops).saturating_add(marks),
                )
            }
        }
        _ => return None,
    })
}

/// Source: `MiniCPMV4_6ImageProcessor` (`get_sliced_grid`, `find_best_resize`, `get_refine_size`).
fn slices((width, height): (u64, u64), side: u64, [patch, merge]: [u64; 2], most: u64) -> Glance {
    let (wide, high, square) = (width as f64, height as f64, (side as f64).powi(2));
    let unit = patch.saturating_mul(merge);
    let whole = |length: f64, unit: u64| {
        let units = (length / unit as f64).round_ties_even() as u64;
        units.max(1).saturating_mul(unit)
    };
    let resized = |high: f64, wide: f64, enlarged: bool| {
        let ratio = wide / high;
        let (high, wide) = if high * wide > square || enlarged {
            let high = (side as f64 / ratio.sqrt()).floor();
            (high, (high * ratio).floor())
        } else {
            (high, wide)
        };
        (whole(high, unit) / patch, whole(wide, unit) / patch)
    };
    let of = |(rows, columns): (u64, u64)| (rows / merge).saturating_mul(columns / merge);
    let wanted = ((wide * high / square).ceil() as u64).min(most);
    // A number of the image and a mark before and after: three and two marks.
    if wanted <= 1 {
        let (rows, columns) = resized(high, wide, true);
        return grid(rows, columns, merge, [5, 0]);
    }
    let (mut down, mut across, mut apart) = (1, 1, f64::INFINITY);
    for count in [wanted - 1, wanted, wanted + 1] {
        let fits = |rows: &u64| count > 1 && count <= most && count.is_multiple_of(*rows);
        for rows in (1..=count).filter(fits) {
            let error = ((wide / high).ln() - ((count / rows) as f64 / rows as f64).ln()).abs();
            if error < apart || (error - apart).abs() == 0.0 && rows > down {
                (down, across, apart) = (rows, count / rows, error);
            }
        }
    }
    let of_slice = |length: f64, count: u64| whole(length, count) as f64 / count as f64;
    let (rows, columns) = resized(of_slice(high, down), of_slice(wide, across), true);
    let small = resized(high, wide, false);
    let crops = down.saturating_mul(across);
    let marks = crops.saturating_mul(2).saturating_add(down - 1);
    Glance {
        crops,
        marks,
        beside: Some([small.0, small.1, of(small).saturating_add(5), 5]),
        ..Glance::whole(
            rows,
            columns,
            of((rows, columns)).saturating_mul(crops).saturating_add(marks),
        )
    }
}

/// Source: `get_patch_grid_size` of Nemotron's image processor.
fn bounded((width, height): (u64, u64), patch: u64, merge: u64, [least, most]: [u64; 2]) -> (u64, u64) {
    let up = |length: u64| (length as f64 / patch as f64 + 0.5).round_ties_even();
    let (high, wide) = (up(height), up(width));
    let by = (most as f64 / (high * wide)).sqrt().min(1.0);
    let (mut rows, mut columns) = ((by * high).floor().max(1.0), (by * wide).floor().max(1.0));
    if most > least && rows * columns < least as f64 {
        let by = (least as f64 / (rows * columns)).sqrt();
        (rows, columns) = ((by * rows).ceil(), (by * columns).ceil());
    }
    // An image of less than a patch has one.
    let (mut rows, mut columns) = ((rows as u64).max(1), (columns as u64).max(1));
    let even = |length: u64, other: u64| {
        let larger = length.div_ceil(merge).saturating_mul(merge);
        if larger.saturating_mul(other) <= most {
            larger
        } else {
            (length / merge).max(1).saturating_mul(merge)
        }
    };
    rows = even(rows, columns);
    columns = even(columns, rows);
    (rows, columns)
}

/// Source: `smart_resize` of `MuseGlimmerImageProcessor`.
fn nearest((width, height): (u64, u64), unit: f64, most: u64) -> (u64, u64) {
    let (mut high, mut wide) = (height as f64 / unit, width as f64 / unit);
    let ratio = wide / high;
    if high * wide > most as f64 {
        high = (most as f64 / ratio).sqrt();
        wide = high * ratio;
    }
    let own = height as f64 / width as f64;
    let mut best = None;
    for (rows, columns) in in_a_set([high.floor(), high.ceil()], [wide.floor(), wide.ceil()]) {
        let apart = (rows / columns - own).abs();
        let fits = rows >= 1.0 && columns >= 1.0 && rows * columns <= most as f64;
        if fits && best.is_none_or(|(_, least)| apart < least) {
            best = Some(((rows as u64, columns as u64), apart));
        }
    }
    let rounded = |length: f64| (length.round_ties_even() as u64).max(1);
    best.map_or_else(|| (rounded(high), rounded(wide)), |(grid, _)| grid)
}

/// Pairs in the order in which a set of Python yields them: of two grids as near (any square image) the class takes the first.
/// Source: CPython 3.11 `tuplehash` and `set_add_entry`.
fn in_a_set(rows: [f64; 2], columns: [f64; 2]) -> impl Iterator<Item = (f64, f64)> {
    const PRIMES: [u64; 3] = [
        11_400_714_785_074_694_791,
        14_029_467_366_897_019_727,
        2_870_177_450_012_600_261,
    ];
    let [first, second, fifth] = PRIMES;
    let mut table: [Option<(f64, f64)>; 8] = [None; 8];
    for pair in rows.into_iter().flat_map(|row| columns.map(|column| (row, column))) {
        let hash = [pair.0, pair.1].into_iter().fold(fifth, |all, item| {
            let mixed = all.wrapping_add((item as u64).wrapping_mul(second));
            mixed.rotate_left(31).wrapping_mul(first)
        });
        let hash = hash.wrapping_add(2 ^ fifth ^ 3_527_539);
        let (mut at, mut rest) = (hash % 8, hash);
        for _ in 0..64 {
            match table.get_mut(at as usize) {
                Some(place) if place.is_none() => {
                    *place = Some(pair);
                    break;
                }
                Some(place) if *place != Some(pair) => {}
                _ => break,
            }
            rest >>= 5;
            at = at.wrapping_mul(5).wrapping_add(1).wrapping_add(rest) % 8;
        }
    }
    table.into_iter().flatten()
}

/// Rows and columns of windows; none where the whole image is enough. Source: `_plan_patches` of `Step3p7ImageProcessor`.
fn windows((width, height): (u64, u64), most: u64, [whole, crop]: [u64; 2]) -> (u64, u64) {
    let (mut wide, mut high) = (width, height);
    let ratio = |long: u64, short: u64| long as f64 / short.max(1) as f64;
    if wide.min(high) < 32 && ratio(wide.max(high), wide.min(high)) > 4.0 {
        (wide, high) = (wide.max(high), wide.max(high));
    }
    let long = wide.max(high);
    if long > most {
        let by = most as f64 / long as f64;
        (wide, high) = ((wide as f64 * by) as u64, (high as f64 * by) as u64);
    }
    let (short, long) = (wide.min(high), wide.max(high));
    let side = if long <= whole {
        if ratio(long, short) > 1.5 { short } else { 0 }
    } else if ratio(long, short) > 4.0 {
        short.min(crop)
    } else {
        crop
    };
    if side == 0 {
        return (0, 0);
    }
    let snapped = |length: u64| {
        let rest = (length % side) as f64 > 0.2 * side as f64;
        (length / side).saturating_add(u64::from(rest && length >= side)).max(1)
    };
    (snapped(high), snapped(wide))
}

/// Rows and columns of tokens: sides rounded up; too few are scaled up before that, of too many the largest height that fits.
fn aligned((width, height): (u64, u64), unit: u64, [least, most]: [u64; 2]) -> (u64, u64) {
    let (wide, high) = (width as f64, height as f64);
    let up = |(down, across): (u64, u64)| (down.max(1).div_ceil(unit), across.max(1).div_ceil(unit));
    let many = |(rows, columns): (u64, u64)| rows.saturating_mul(columns);
    let mut found = up((height, width));
    if many(found) < least {
        let pixels = least as f64 * (unit as f64).powi(2);
        let by = (pixels / (high * wide).max(1.0)).sqrt();
        found = up(((high * by).ceil() as u64, (wide * by).ceil() as u64));
    }
    if many(found) <= most {
        return found;
    }
    // More height never needs fewer tokens.
    let scaled = |down: u64| up((down, (wide * down as f64 / high.max(1.0)) as u64));
    let (mut fits, mut exceeds) = (0, height.saturating_add(1));
    while exceeds - fits > 1 {
        let middle = fits + (exceeds - fits) / 2;
        if many(scaled(middle)) <= most {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    if fits == 0 { (1, 1) } else { scaled(fits) }
}
