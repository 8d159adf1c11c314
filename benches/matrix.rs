//! How long the whole matrix takes natively: `cargo bench --bench matrix`.

#[path = "support/whole_matrix.rs"]
mod whole_matrix;

use std::time::Instant;

use whole_matrix::WholeMatrix;

fn main() {
    let whole = WholeMatrix::new();
    for _ in 0..3 {
        let start = Instant::now();
        let counts = whole.weigh();
        println!("{}", whole.words(counts, 1e3 * start.elapsed().as_secs_f64()));
    }
}
