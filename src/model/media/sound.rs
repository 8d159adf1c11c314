//! What sound becomes: frames of a spectrum, a hundred a second, joined by convolutions and again behind the tower.
//! Sources: feature extractor and processor of the class in transformers 5.23.

use super::stage::Glance;

/// Frames of the spectrum a second: a hop of 10 ms.
const RATE: u64 = 100;

/// How sound is laid out before the tower reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundRule {
    /// Seconds of a clip, to which every clip is filled up; zero where sound is read as long as it is.
    pub clip: u64,
    /// Longest sound that is read; what is longer is cut off.
    pub most: u64,
    /// Frames that are lost at its ends.
    pub lost: u64,
    /// Frames that one position stands for.
    pub stride: u64,
    /// Frames that are joined by themselves: a second of them becomes a whole number of positions; zero is all together.
    pub chunk: u64,
    /// Positions that become one token.
    pub joined: u64,
    /// So many tokens however long it is.
    pub tokens: Option<u64>,
    /// Whether what a clip is filled up with becomes tokens too.
    pub filled: bool,
}

impl SoundRule {
    /// Read as long as it is.
    pub const OPEN: Self = Self {
        clip: 0,
        most: u64::MAX,
        lost: 0,
        stride: 2,
        chunk: 0,
        joined: 2,
        tokens: None,
        filled: false,
    };

    fn positions(&self, frames: u64) -> u64 {
        let of = |frames: u64| frames.div_ceil(self.stride.max(1));
        match self.chunk {
            0 => of(frames),
            chunk => (frames / chunk)
                .saturating_mul(of(chunk))
                .saturating_add(of(frames % chunk)),
        }
    }
}

/// What becomes of so many seconds.
pub(super) fn see(rule: &SoundRule, seconds: u64) -> Glance {
    let read = seconds.min(rule.most);
    let own = rule.positions(read.saturating_mul(RATE).saturating_sub(rule.lost));
    let (crops, rows) = match rule.clip {
        0 => (1, own),
        clip => (read.div_ceil(clip), rule.positions(clip.saturating_mul(RATE))),
    };
    let counted = if rule.filled { crops.saturating_mul(rows) } else { own };
    let tokens = rule.tokens.unwrap_or(counted / rule.joined.max(1));
    let frames = if rule.clip == 0 { read } else { rule.clip };
    Glance {
        crops,
        frames: frames.saturating_mul(RATE),
        chunk: rule.chunk,
        ..Glance::whole(rows, 1, tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Qwen2-Audio: 30 s are 3,000 frames, 1,500 positions, 750 tokens; 10 s 250 (its processor). Qwen3-Omni: 13 a second.
    #[test]
    fn sound_of_known_towers() {
        let qwen = SoundRule {
            clip: 30,
            most: 30,
            ..SoundRule::OPEN
        };
        assert_eq!((see(&qwen, 30).rows, see(&qwen, 30).tokens), (1500, 750));
        assert_eq!((see(&qwen, 10).rows, see(&qwen, 10).tokens), (1500, 250));
        let omni = SoundRule {
            stride: 8,
            chunk: 100,
            joined: 1,
            ..SoundRule::OPEN
        };
        assert_eq!(see(&omni, 30).tokens, 390);
    }
}
