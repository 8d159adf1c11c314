//! What takes most of the time of a pass.

use crate::analysis::Analysis;
use crate::analysis::time::TimeParts;

/// What takes most of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Memory bandwidth of the device.
    Bandwidth,
    /// Arithmetic.
    Compute,
    /// Launch overhead of kernels.
    Launches,
    /// Communication between devices.
    Communication,
    /// Bandwidth of the machine's RAM.
    Ram,
    /// The host: scheduling and sampling.
    Scheduling,
}

impl Limit {
    /// In a word, as an engineer would search for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bandwidth => "bandwidth",
            Self::Compute => "compute",
            Self::Launches => "launch overhead",
            Self::Communication => "communication",
            Self::Ram => "RAM bandwidth",
            Self::Scheduling => "scheduling",
        }
    }
    /// In a word that has room in a tile.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Bandwidth => "bandwidth",
            Self::Compute => "compute",
            Self::Launches => "launches",
            Self::Communication => "links",
            Self::Ram => "RAM",
            Self::Scheduling => "host",
        }
    }
    /// The largest of the parts, and its share of the whole.
    pub fn of(parts: &TimeParts) -> (Self, f64) {
        let all = [
            (Self::Bandwidth, parts.memory),
            (Self::Compute, parts.compute),
            (Self::Launches, parts.launch),
            (Self::Communication, parts.communication),
            (Self::Ram, parts.host),
            (Self::Scheduling, parts.scheduling),
        ];
        let largest = all.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
        largest.map_or((Self::Bandwidth, 0.0), |(limit, seconds)| {
            let whole = parts.total();
            (limit, if whole > 0.0 { seconds / whole } else { 0.0 })
        })
    }
}

/// What takes most of the time of the pass, and its share; none where no time is known. In training it is what the roofline says.
pub fn limit(analysis: &Analysis) -> Option<(Limit, f64)> {
    let speed = analysis.speed.as_ref()?;
    if analysis.setup.scenario.workload.mode.trains() {
        let roof = speed.roof;
        let bound = match roof.bound() {
            crate::analysis::Bound::Compute => (Limit::Compute, roof.compute),
            crate::analysis::Bound::Memory => (Limit::Bandwidth, roof.memory),
        };
        return Some((
            bound.0,
            if roof.seconds > 0.0 {
                (bound.1 / roof.seconds).min(1.0)
            } else {
                0.0
            },
        ));
    }
    speed.pass.as_ref().map(|pass| Limit::of(&pass.parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_part_is_named() {
        let parts = TimeParts {
            memory: 1.0,
            launch: 7.8,
            compute: 0.2,
            communication: 1.0,
            ..TimeParts::default()
        };
        assert_eq!(Limit::of(&parts), (Limit::Launches, 0.78));
        assert_eq!(Limit::Launches.word(), "launch overhead");
    }
}
