//! mlx-lm: `mlx_lm/generate.py` prints speeds and the peak of its allocator, in GB of 10⁹ bytes.

use super::line::{after, number, real, whole};
use super::{Log, Part, Printed};

/// Takes what a line says.
pub(super) fn take(log: &mut Log, text: &str) {
    if let Some(rest) = after(text, "Peak memory: ") {
        let found = number(rest).and_then(|found| Printed::of(found, 1_000_000_000));
        log.put("", Part::Peak, found);
    }
    let speed = |mark: &str| {
        let (tokens, rate) = after(text, mark)?.split_once(" tokens, ")?;
        rate.contains("tokens-per-sec").then_some(())?;
        whole(tokens).zip(real(rate))
    };
    log.read = speed("Prompt: ").or(log.read);
    log.written = speed("Generation: ").or(log.written);
}
