//! Which canvas of tiles an image is laid on, by the rules of the classes' processors.

/// All arrangements of so many tiles at most, by columns and then rows.
fn arrangements(least: u64, most: u64) -> Vec<(u64, u64)> {
    let most = most.min(256);
    let columns = 1..=most;
    let all = columns.flat_map(|columns| (1..=most / columns).map(move |rows| (columns, rows)));
    all.filter(|(columns, rows)| columns * rows >= least).collect()
}

/// The same with fewer tiles first.
fn fewest_first(least: u64, most: u64) -> Vec<(u64, u64)> {
    let mut all = arrangements(least, most);
    all.sort_by_key(|(columns, rows)| columns * rows);
    all
}

/// Columns and rows whose ratio is nearest to the image's; of equal ones the larger, while its area is less than twice the
/// image's. Source: transformers 5.23 `image_processing_got_ocr2.py` (`get_optimal_tiled_canvas`).
/// At least and at most so many tiles, and so many on a side.
pub fn nearest_ratio((width, height): (u64, u64), tile: u64, [least, most, across]: [u64; 3]) -> (u64, u64) {
    let ratio = width as f64 / height as f64;
    let area = width as f64 * height as f64;
    let mut best = ((1, 1), f64::INFINITY);
    let tile = tile.min(1 << 20);
    for (columns, rows) in fewest_first(least, most) {
        if columns.max(rows) > across {
            continue;
        }
        let apart = (ratio - columns as f64 / rows as f64).abs();
        let covered = (tile * tile * columns * rows) as f64;
        if apart < best.1 || (apart - best.1).abs() == 0.0 && area > 0.5 * covered {
            best = ((columns, rows), apart);
        }
    }
    best.0
}

/// Columns and rows that need the least enlarging, or where none is large enough the least shrinking; of equal ones the
/// smallest. Sources: transformers 5.23 `image_processing_mllama.py` (`get_optimal_tiled_canvas`), `image_processing_llama4.py`
/// (`get_best_fit`), `image_processing_cohere2_vision.py`.
pub fn least_scaling((width, height): (f64, f64), tile: u64, most: u64) -> (u64, u64) {
    let scale = |(columns, rows): &(u64, u64)| {
        let across = (columns * tile) as f64 / width;
        across.min((rows * tile) as f64 / height)
    };
    let all = arrangements(1, most);
    let larger = all.iter().map(scale).filter(|scale| *scale >= 1.0).reduce(f64::min);
    let chosen = larger.or_else(|| all.iter().map(scale).reduce(f64::max)).unwrap_or(1.0);
    let fits = all.iter().filter(|one| (scale(one) - chosen).abs() == 0.0);
    fits.min_by_key(|(columns, rows)| columns * rows)
        .copied()
        .unwrap_or((1, 1))
}

/// The resolution (height, width) that keeps most of an image and wastes least.
/// Source: transformers 5.23 `image_processing_utils.py` (`select_best_resolution`).
pub fn best_resolution((width, height): (u64, u64), all: &[(u64, u64)]) -> (u64, u64) {
    let mut best = ((1, 1), 0, u64::MAX);
    for &(high, wide) in all {
        let scale = (wide as f64 / width as f64).min(high as f64 / height as f64);
        let kept = ((width as f64 * scale) as u64).saturating_mul((height as f64 * scale) as u64);
        let kept = kept.min(width.saturating_mul(height));
        let wasted = wide.saturating_mul(high).saturating_sub(kept);
        if kept > best.1 || kept == best.1 && wasted < best.2 {
            best = ((high, wide), kept, wasted);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of the same functions of transformers 5.23.
    #[test]
    fn canvases_of_known_images() {
        assert_eq!(nearest_ratio((1024, 1024), 448, [1, 12, 12]), (3, 3));
        assert_eq!(nearest_ratio((1024, 768), 448, [1, 12, 12]), (4, 3));
        assert_eq!(nearest_ratio((448, 448), 448, [1, 12, 12]), (1, 1));
        assert_eq!(least_scaling((1024.0, 1024.0), 560, 4), (2, 2));
        assert_eq!(least_scaling((500.0, 300.0), 560, 4), (1, 1));
        let usual = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)];
        assert_eq!(best_resolution((1024, 768), &usual), (672, 672));
        assert_eq!(best_resolution((1000, 300), &usual), (336, 1008));
    }
}
