//! What an image becomes by each rule: pieces, patches, tokens. Sources: the named class in transformers 5.23.

use super::canvas::{best_resolution, least_scaling, nearest_ratio};
use super::image::ImageRule;
use super::stage::Glance;

/// The longest side over the shortest that a class takes.
const MOST_RATIO: f64 = 200.0;

/// What becomes of an image of this size; none where the class refuses it.
pub(super) fn see(rule: &ImageRule, width: u64, height: u64) -> Option<Glance> {
    let (width, height) = (width.max(1), height.max(1));
    Some(match *rule {
        ImageRule::Fixed { rows, columns, tokens } => Glance::whole(rows, columns, tokens),
        ImageRule::Pixels {
            patch,
            merge,
            least,
            most,
            marks,
            ends,
        } => {
            let (high, wide) = between((width, height), patch.saturating_mul(merge), least, most)?;
            let (rows, columns) = (high / patch, wide / patch);
            grid(rows, columns, merge, [marks, if ends { rows / merge } else { 0 }])
        }
        ImageRule::LongestSide {
            sides: [high, wide],
            patch,
            merge,
            ends,
        } => {
            let ratio = (height as f64 / high as f64).max(width as f64 / wide as f64).max(1.0);
            let unit = patch.saturating_mul(merge);
            let whole = |length: u64| {
                ((length as f64 / ratio) as u64)
                    .max(1)
                    .div_ceil(unit)
                    .saturating_mul(merge)
            };
            let (rows, columns) = (whole(height), whole(width));
            grid(rows, columns, merge, [0, if ends { rows / merge } else { 0 }])
        }
        ImageRule::Tiles {
            side,
            patches,
            most,
            across,
            by_scale,
            tokens,
            marks: [of_tile, of_row, of_image],
            filled,
        } => {
            let size = (width, height);
            let (columns, rows) = if by_scale {
                least_scaling((width as f64, height as f64), side, most)
            } else {
                nearest_ratio(size, side, [1, most, across])
            };
            let tiles = columns.saturating_mul(rows);
            let crops = if tiles > 1 && !filled { tiles + 1 } else { tiles };
            let marks = if tiles > 1 {
                of_tile
                    .saturating_mul(tiles.saturating_sub(rows))
                    .saturating_add(of_row.saturating_mul(rows))
            } else {
                0
            };
            let all = tokens
                .saturating_mul(crops)
                .saturating_add(marks)
                .saturating_add(of_image);
            if filled {
                return Some(Glance {
                    crops: most,
                    ..Glance::whole(patches, patches, 1)
                });
            }
            Glance {
                crops,
                ..Glance::whole(patches, patches, all)
            }
        }
        ImageRule::Resolutions {
            ref all,
            side,
            patches,
            most,
            marked: _,
        } => {
            let (high, wide) = best_resolution((width, height), all);
            let (rows, columns) = ((high / side).max(1), (wide / side).max(1));
            let crops = rows.saturating_mul(columns).saturating_add(1);
            let kept = unpadded((width, height), rows * patches, columns * patches, patches, most);
            let tokens = patches.saturating_mul(patches).saturating_add(kept);
            Glance {
                crops,
                ..Glance::whole(patches, patches, tokens)
            }
        }
        ImageRule::Splits {
            side,
            most,
            patches,
            tokens,
        } => {
            let (rows, columns) = splits((width, height), side, most);
            let tiles = rows.saturating_mul(columns);
            if tiles <= 1 {
                return Some(Glance::whole(patches, patches, tokens.saturating_add(3)));
            }
            // Two marks before each tile, one behind each row, three around the small whole image.
            let marks = tiles.saturating_mul(2).saturating_add(rows).saturating_add(3);
            let crops = tiles + 1;
            let all = crops.saturating_mul(tokens).saturating_add(marks);
            Glance {
                crops,
                ..Glance::whole(patches, patches, all)
            }
        }
        ImageRule::Filled { patch, pool, tokens } => {
            let room = tokens.saturating_mul(pool).saturating_mul(pool);
            let scale =
                (room.saturating_mul(patch).saturating_mul(patch) as f64 / (width as f64 * height as f64)).sqrt();
            let unit = pool.saturating_mul(patch).max(1);
            let most = tokens;
            let sides = |length: u64, other: u64| {
                let whole = (length as f64 * scale / unit as f64) as u64;
                // A side that rounds to nothing is one unit; the other then follows the ratio.
                if whole > 0 { (whole, false) } else { (1, length < other) }
            };
            let (mut rows, flat) = sides(height, width);
            let (mut columns, narrow) = sides(width, height);
            if flat {
                columns = (width / height).min(most);
            }
            if narrow {
                rows = (height / width).min(most);
            }
            // Patches are filled up to the room there is, and the tower runs over all.
            Glance::whole(room, 1, rows.saturating_mul(columns))
        }
        ImageRule::Covered { side, patch, most } => covered((width, height), side, patch, most),
        ImageRule::TilesOrWhole {
            side,
            patch,
            merge,
            tiles: [few, many],
            tokens: [fewest, room],
        } => {
            let unit = patch.saturating_mul(merge).max(1);
            let of_token = unit.saturating_mul(unit);
            let whole = |length: u64| {
                ((length as f64 / unit as f64).round_ties_even() as u64)
                    .max(1)
                    .saturating_mul(unit)
            };
            let most = room.saturating_mul(of_token);
            let (high, wide) = between((width, height), unit, fewest.saturating_mul(of_token), most)?;
            let (high, wide) = (high.max(unit), wide.max(unit));
            let small = (high / unit).saturating_mul(wide / unit);
            let of_tile = (side / patch).div_ceil(merge).saturating_pow(2);
            // Every piece is filled up to the patches of the largest.
            let filled = (side / patch)
                .saturating_pow(2)
                .max(room.saturating_mul(merge.saturating_mul(merge)));
            let large = whole(width).saturating_mul(whole(height)) > most.saturating_mul(2);
            if !large {
                return Some(Glance::whole(filled, 1, small.saturating_add(2)));
            }
            let (columns, rows) = nearest_ratio((width, height), side, [few, many, many]);
            let tiles = columns.saturating_mul(rows);
            let tokens = tiles
                .saturating_mul(of_tile.saturating_add(1))
                .saturating_add(small)
                .saturating_add(3);
            Glance {
                crops: tiles.saturating_add(1),
                ..Glance::whole(filled, 1, tokens)
            }
        }
        ImageRule::Latents {
            sides: [least, most],
            patch,
            tokens,
        } => {
            let ratio = width as f64 / height as f64;
            let (mut wide, mut high) = (width, height);
            if width >= height && width > most {
                (wide, high) = (most, (most as f64 / ratio) as u64);
            } else if height > width && height > most {
                (wide, high) = ((most as f64 * ratio) as u64, most);
            }
            Glance::whole(high.max(least) / patch.max(1), wide.max(least) / patch.max(1), tokens)
        }
        ImageRule::Native {
            patch,
            merge,
            most,
            side,
        } => {
            let patches = (width / patch).max(1).saturating_mul((height / patch).max(1));
            let bound = side.saturating_mul(patch) as f64;
            let scale = (most as f64 / patches as f64)
                .sqrt()
                .min(bound / width as f64)
                .min(bound / height as f64)
                .min(1.0);
            let unit = patch.saturating_mul(merge).max(1);
            let whole = |length: u64| {
                ((length as f64 * scale) as u64)
                    .max(1)
                    .div_ceil(unit)
                    .saturating_mul(merge)
            };
            grid(whole(height), whole(width), merge, [0, 0])
        }
        ImageRule::Overlapped { .. }
        | ImageRule::Slices { .. }
        | ImageRule::Bounded { .. }
        | ImageRule::Nearest { .. }
        | ImageRule::Aligned { .. }
        | ImageRule::Windows { .. } => super::planned::see(rule, width, height)?,
    })
}

/// One crop whose squares of patches are tokens, with so many marks that no tower makes, and so many ends of rows.
pub(super) fn grid(rows: u64, columns: u64, merge: u64, [marks, ends]: [u64; 2]) -> Glance {
    let joined = (rows / merge).saturating_mul(columns / merge);
    let tokens = joined.saturating_add(marks).saturating_add(ends);
    Glance {
        marks,
        ..Glance::whole(rows, columns, tokens)
    }
}

/// Height and width in whole units with so many pixels at least and at most; none beyond the ratio that the class takes.
pub(super) fn between((width, height): (u64, u64), unit: u64, least: u64, most: u64) -> Option<(u64, u64)> {
    let (wide, high, unit_of) = (width as f64, height as f64, unit.max(1) as f64);
    if wide.max(high) / wide.min(high) > MOST_RATIO {
        return None;
    }
    let whole = |length: f64| ((length / unit_of).round_ties_even() as u64).saturating_mul(unit);
    let (mut down, mut across) = (whole(high), whole(wide));
    let pixels = down.saturating_mul(across);
    if pixels > most {
        let by = (wide * high / most as f64).sqrt();
        let floor = |length: f64| ((length / by / unit_of) as u64).saturating_mul(unit).max(unit);
        (down, across) = (floor(high), floor(wide));
    } else if pixels < least {
        let by = (least as f64 / (wide * high)).sqrt();
        let ceil = |length: f64| ((length * by / unit_of).ceil() as u64).saturating_mul(unit);
        (down, across) = (ceil(high), ceil(wide));
    }
    Some((down, across))
}

/// Tokens of the crops without the rows or columns that were padding, and one for the end of each row.
/// Source: `LlavaNextProcessor._get_unpadded_features`, `LlavaOnevisionProcessor` for the scaling.
fn unpadded((width, height): (u64, u64), rows: u64, columns: u64, patches: u64, most: Option<u64>) -> u64 {
    let (wide, high) = (width as f64, height as f64);
    let (mut down, mut across) = (rows, columns);
    let exact = |value: f64| ((value * 1e7).round() / 1e7) as u64;
    if wide / high > columns as f64 / rows as f64 {
        let kept = exact(high * columns as f64 / wide);
        down -= (rows.saturating_sub(kept)) / 2 * 2;
    } else {
        let kept = exact(wide * rows as f64 / high);
        across -= (columns.saturating_sub(kept)) / 2 * 2;
    }
    if let Some(most) = most {
        let ratio = (down as f64 * across as f64 / (most as f64 * (patches as f64).powi(2))).sqrt();
        if ratio > 1.1 {
            (down, across) = ((down as f64 / ratio) as u64, (across as f64 / ratio) as u64);
        }
    }
    down.saturating_mul(across).saturating_add(down)
}

/// Source: `Phi4MultimodalImageProcessor` (`dynamic_preprocess`, `num_img_tokens`).
fn covered((width, height): (u64, u64), side: u64, patch: u64, most: u64) -> Glance {
    let (mut columns, mut rows) = (width.div_ceil(side), height.div_ceil(side));
    if columns.saturating_mul(rows) > most {
        (columns, rows) = nearest_ratio((width, height), side, [1, most, most]);
    }
    let (wide, high) = (columns.saturating_mul(side), rows.saturating_mul(side));
    let (across, down) = (wide as f64 / width as f64, high as f64 / height as f64);
    let (kept_wide, kept_high) = if across < down {
        (wide, (height as f64 * across) as u64)
    } else {
        ((width as f64 * down) as u64, high)
    };
    // Whole patches of padding are no tokens; pairs of patches are pooled.
    let of = |all: u64, kept: u64| (all / patch).saturating_sub((all - kept.min(all)) / patch).div_ceil(2);
    let (down, across) = (of(high, kept_high), of(wide, kept_wide));
    let small = (side / patch).div_ceil(2).saturating_pow(2);
    let tokens = down
        .saturating_mul(across)
        .saturating_add(down)
        .saturating_add(small)
        .saturating_add(17);
    Glance {
        crops: columns.saturating_mul(rows).saturating_add(1),
        ..Glance::whole(side / patch, side / patch, tokens)
    }
}

/// Rows and columns of tiles: the longer side is brought to so many tiles, the other follows and is filled up.
/// Source: `Idefics3ImageProcessor` (`resize`, `resize_for_vision_encoder`, `split_images`).
fn splits((width, height): (u64, u64), side: u64, most: u64) -> (u64, u64) {
    const LARGEST: u64 = 4096;
    let longest = side.saturating_mul(most).clamp(1, LARGEST);
    let ratio = width as f64 / height as f64;
    let even = |length: f64| {
        let whole = length as u64;
        (whole + whole % 2).max(1)
    };
    let (down, across) = if width >= height {
        (even(longest as f64 / ratio), longest)
    } else {
        (longest, even(longest as f64 * ratio))
    };
    let ratio = across as f64 / down as f64;
    let tiles = |length: f64| (length as u64).div_ceil(side).max(1);
    if across >= down {
        let columns = across.div_ceil(side);
        (tiles((columns * side) as f64 / ratio), columns)
    } else {
        let rows = down.div_ceil(side);
        (rows, tiles((rows * side) as f64 * ratio))
    }
}
