//! The weighbridge as it is drawn: what lies on the scale, against what the device carries.

use crate::analysis::{Analysis, Figure, MemoryPart, Verdict, share_words};
use crate::model::Component;
use crate::units::{UnitSystem, capital, decimal, grouped};

/// Parts smaller than this share of the ruler are left off the deck.
const LEAST_SHARE: f64 = 0.003;

/// A part of the bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Key of the component or kind of memory.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its name where there is little room.
    pub short: &'static str,
    /// Bytes.
    pub bytes: f64,
    /// What explains it.
    pub figure: Figure,
    /// Beyond the capacity: drawn without words.
    pub mute: bool,
}

/// The bar as drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scale {
    /// Parts, as far as the capacity goes and beyond.
    pub pieces: Vec<Piece>,
    /// What the fullest device must hold, bytes.
    pub total: f64,
    /// What the engine may take of it, bytes.
    pub capacity: Option<f64>,
    /// Bytes of the device that the engine leaves alone.
    pub reserved: f64,
    /// Bytes at the end of the ruler.
    pub end: f64,
    /// Place on the ruler in percent, and figure.
    pub ticks: Vec<(f64, String)>,
    /// What of what is drawn.
    pub side: String,
    /// What is missing.
    pub missing: Option<String>,
    /// What does not fit on the device lies in the machine's RAM.
    pub spills: bool,
    /// The device; empty without one.
    pub device: String,
    /// Where the room comes from.
    pub reserved_words: String,
}

/// Names that fit on the bar.
const fn short(key: &str) -> (&'static str, &'static str) {
    match key.as_bytes() {
        b"embedding" => ("Embedding", "Emb"),
        b"attention" => ("Attention", "Attn"),
        b"projection" => ("Projections", "Proj"),
        b"mlp" => ("MLP", "MLP"),
        b"experts" => ("Experts", "Exp"),
        b"shared_experts" => ("Shared experts", "Shared"),
        b"router" => ("Router", "Rout"),
        b"state_space" => ("State space", "SSM"),
        b"norm" => ("Norms", "Norm"),
        b"lm_head" => ("LM head", "Head"),
        b"vision" => ("Vision", "Vis"),
        b"audio" => ("Audio", "Aud"),
        b"encoder" => ("Encoder", "Enc"),
        b"kv_cache" => ("KV cache", "KV"),
        b"state_cache" => ("State cache", "State"),
        b"activations" => ("Activations", "Act"),
        b"gradients" => ("Gradients", "Grad"),
        b"optimizer" => ("Optimizer", "Opt"),
        b"transient" => ("Temporary", "Temp"),
        _ => ("Overhead", "Over"),
    }
}

/// The figure that explains a part of memory.
pub fn figure_of(key: &str) -> Figure {
    if let Ok(component) = key.parse::<Component>() {
        return Figure::ComponentWeights(component);
    }
    key.parse::<MemoryPart>().map_or(Figure::Memory, Figure::Part)
}

/// What lies on the scale of the fullest device.
pub fn scale(analysis: &Analysis, units: UnitSystem) -> Scale {
    let total = analysis.held().total_bytes as f64;
    let capacity = analysis.fit.as_ref().map(|fit| fit.capacity_bytes as f64);
    // What the engine leaves alone is drawn as long as nothing lies on it.
    let reserved = analysis
        .fit
        .as_ref()
        .filter(|fit| total <= fit.capacity_bytes as f64)
        .map_or(0.0, |fit| fit.device_bytes.saturating_sub(fit.capacity_bytes) as f64);
    let longest = capacity.map_or(total, |capacity| capacity.max(total) + reserved);
    let end = longest.max(1.0);
    let ticks = ruler(end, units);
    let mut pieces = Vec::new();
    let mut at = 0.0;
    for (key, _, bytes) in analysis.held().parts() {
        let bytes = bytes as f64;
        let (name, short) = short(key);
        let piece = |bytes, mute| Piece {
            key,
            name,
            short,
            bytes,
            figure: figure_of(key),
            mute,
        };
        let room = capacity.map_or(f64::INFINITY, |capacity| (capacity - at).max(0.0));
        at += bytes;
        if bytes / end < LEAST_SHARE {
            continue;
        }
        // The part that crosses the capacity is cut there.
        if room > 0.0 {
            pieces.push(piece(bytes.min(room), false));
        }
        if bytes > room {
            pieces.push(piece(bytes - room, true));
        }
    }
    let device = analysis.setup.device().map(|device| device.short_name().to_owned());
    let side = match (&device, capacity) {
        (Some(device), Some(capacity)) => {
            let on = match analysis.setup.requested.hardware.devices {
                1 => format!("one {device}"),
                _ if analysis.setup.requested.is_mixed() => format!(
                    "the fullest of {}",
                    analysis.setup.devices_in_words().unwrap_or_default()
                ),
                devices => format!("the fullest of {} × {device}", grouped(devices)),
            };
            format!("{} on {on} ({})", units.bytes(total), units.bytes(capacity))
        }
        _ => units.bytes(total),
    };
    let left = capacity.map(|capacity| capacity - total);
    Scale {
        pieces,
        total,
        capacity,
        reserved,
        end,
        ticks,
        side,
        spills: analysis.fit.as_ref().is_some_and(|fit| fit.verdict == Verdict::Offload),
        missing: left.filter(|left| *left < 0.0).map(|left| brief(-left, units)),
        device: device.unwrap_or_default(),
        reserved_words: analysis.setup.device().map_or_else(String::new, |device| {
            capital(&share_words(&analysis.setup, device, units))
        }),
    }
}

/// A size in the legend: the list names the unit, so only what is too small for it carries its own.
pub fn brief(bytes: f64, units: UnitSystem) -> String {
    let giga = bytes / units.giga();
    if giga >= 0.0995 || bytes == 0.0 {
        decimal(giga)
    } else {
        units.bytes(bytes)
    }
}

/// Ticks of a ruler that ends at `end` bytes: round figures, and the end itself with its unit.
fn ruler(end: f64, units: UnitSystem) -> Vec<(f64, String)> {
    // In the unit of the legend, however much it is: only a scale below one of it has a smaller one.
    let (factor, unit) = if end >= units.giga() {
        (units.giga(), units.to_string())
    } else {
        let (_, unit) = units.split(end);
        (end / units.split_value(end), unit.to_owned())
    };
    let value = end / factor;
    let rough = value / 6.0;
    let power = 10f64.powf(rough.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0].map(|round| round * power);
    let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(power * 10.0);
    let place = |figure: f64| figure * factor / end * 100.0;
    let word = |figure: f64| {
        if figure.fract() == 0.0 {
            grouped(figure as u64)
        } else {
            format!("{figure:.1}")
        }
    };
    let mut ticks: Vec<(f64, String)> = (0..12)
        .map(|at| f64::from(at) * step)
        // Room is left for the last one's words.
        .filter(|figure| place(*figure) < 92.0)
        .map(|figure| (place(figure), word(figure)))
        .collect();
    ticks.push((100.0, format!("{} {unit}", decimal(value))));
    ticks
}
