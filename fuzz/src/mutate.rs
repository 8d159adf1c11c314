//! Changes to seeds, at random: bytes and pieces, numbers at their edges, pieces of other seeds and words of the format.

/// A small generator of numbers (Steele 2014, SplitMix64): the same start gives the same inputs.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below another.
    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

/// Values that break arithmetic.
const EDGES: [&str; 16] = [
    "0",
    "-1",
    "1",
    "2",
    "255",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-0.5",
    "null",
    "true",
    "[]",
];

/// Longest input.
const LONGEST: usize = 1 << 16;

/// A changed copy of a seed.
pub fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let Some(seed) = seeds.get(random.below(seeds.len())) else {
        return Vec::new();
    };
    let mut bytes = seed.clone();
    for _ in 0..1 + random.below(6) {
        step(random, seeds, &mut bytes);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn step(random: &mut Random, seeds: &[Vec<u8>], bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    let long = 1 + random.below(16);
    let end = (at + long).min(bytes.len());
    match random.below(11) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (random.next() % 8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.next() as u8;
            }
        }
        2 => drop(bytes.drain(at..end)),
        3 => {
            let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
            bytes.splice(at..at, piece);
        }
        4 => {
            let byte = random.next() as u8;
            bytes.insert(at, byte);
        }
        5 => bytes.truncate(at),
        // A piece of another seed.
        6 => {
            let other = seeds.get(random.below(seeds.len())).cloned().unwrap_or_default();
            let from = random.below(other.len() + 1);
            let piece = other
                .get(from..(from + 4 * long).min(other.len()))
                .unwrap_or_default()
                .to_vec();
            bytes.splice(at..end, piece);
        }
        // Eight bytes of any size: lengths and counts of binary headers.
        7 => {
            let number = random.next() >> (random.next() % 64);
            bytes.splice(at..(at + 8).min(bytes.len()), number.to_le_bytes());
        }
        // A number of a text becomes one at an edge.
        8 | 9 => {
            if let Some((from, to)) = number(bytes, at) {
                let edge = EDGES.get(random.below(EDGES.len())).copied().unwrap_or_default();
                bytes.splice(from..to, edge.bytes());
            }
        }
        // A value of one key goes to another.
        _ => {
            if let (Some((a, b)), Some((from, to))) = (number(bytes, at), number(bytes, random.below(bytes.len() + 1)))
            {
                let piece = bytes.get(from..to).unwrap_or_default().to_vec();
                bytes.splice(a..b, piece);
            }
        }
    }
}

/// Digits at or after a place.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let from = at + bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
    let long = bytes.get(from..)?.iter().position(|byte| !byte.is_ascii_digit());
    Some((from, long.map_or(bytes.len(), |long| from + long)))
}
