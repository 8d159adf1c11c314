//! Symmetric positive systems.

/// A symmetric matrix by rows, lower half used.
#[derive(Clone)]
pub struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    /// Zero.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            values: vec![0.0; size * size],
        }
    }
    /// Adds weight × v·vᵀ of a sparse vector.
    pub fn add(&mut self, sparse: &[(usize, f64)], weight: f64) {
        for &(row, one) in sparse {
            let scaled = weight * one;
            let line = &mut self.values[row * self.size..(row + 1) * self.size];
            for &(column, other) in sparse {
                if column <= row {
                    line[column] += scaled * other;
                }
            }
        }
    }
    /// Adds to the diagonal.
    pub fn add_at(&mut self, at: usize, value: f64) {
        self.values[at * self.size + at] += value;
    }
    /// Solves for one right side (Cholesky).
    pub fn solve(mut self, mut right: Vec<f64>) -> Vec<f64> {
        let size = self.size;
        for row in 0..size {
            let (above, rest) = self.values.split_at_mut(row * size);
            let line = &mut rest[..size];
            for column in 0..row {
                let other = &above[column * size..column * size + column];
                let dot: f64 = line[..column].iter().zip(other).map(|(one, two)| one * two).sum();
                line[column] = (line[column] - dot) / above[column * size + column];
            }
            let square: f64 = line[..row].iter().map(|one| one * one).sum();
            line[row] = (line[row] - square).max(1e-12).sqrt();
        }
        for row in 0..size {
            let line = &self.values[row * size..row * size + row];
            let dot: f64 = line.iter().zip(&right).map(|(one, two)| one * two).sum();
            right[row] = (right[row] - dot) / self.values[row * size + row];
        }
        for row in (0..size).rev() {
            right[row] /= self.values[row * size + row];
            let found = right[row];
            let line = &self.values[row * size..row * size + row];
            for (slot, value) in right.iter_mut().zip(line) {
                *slot -= value * found;
            }
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::Symmetric;

    #[test]
    fn a_small_system() {
        let mut matrix = Symmetric::new(2);
        matrix.add(&[(0, 1.0), (1, 2.0)], 1.0);
        matrix.add_at(0, 3.0);
        matrix.add_at(1, 1.0);
        // 4x + 2y = 10, 2x + 5y = 17
        let found = matrix.solve(vec![10.0, 17.0]);
        assert!((found[0] - 1.0).abs() < 1e-12 && (found[1] - 3.0).abs() < 1e-12);
    }
}
