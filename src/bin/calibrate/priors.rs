//! What the fit believes before it sees a row: where shares start, how far each level strays, what kernels reach.

use weighbridge::hardware::Engine;
use weighbridge::hardware::efficiency::{Coefficients, FormatClass, Level, Terms};

/// Coefficients at the level of everything.
pub const START: Coefficients = Coefficients {
    bandwidth: 0.8,
    cache: 0.6,
    keys: 30.0,
    launch: 5e-6,
    compute: 0.5,
    scores: 30.0,
    activations: 0.6,
    prompt_launch: 1e-5,
    expert_bandwidth: 0.8,
    expert_compute: 0.6,
    attention: 0.6,
    link: 0.7,
    collective: 1e-5,
    step: 5e-4,
    sequence: 5e-6,
    request: 1e-3,
    client: 6e-5,
    expert_overlap: 0.85,
    expert_activations: 1.0,
};

/// Deviations of the terms, in the order of their names; zero is fixed.
pub const TERMS: [f64; Terms::NAMES.len()] = [0.5, 0.7, 0.5, 0.5, 0.7, 0.5, 0.4, 0.0, 1.0, 0.5, 0.05, 0.1, 0.2];

/// How far a level strays from the one above, as a standard deviation of the logarithm.
const fn stray(level: Level) -> f64 {
    match level {
        Level::All => 0.6,
        Level::Group => 0.35,
        Level::Generation => 0.25,
        Level::Device => 0.12,
        Level::Engine => 0.5,
        Level::EngineGeneration => 0.2,
        Level::Format => 0.3,
        Level::EngineFormat => 0.2,
    }
}

/// Nothing at all, as a logarithm.
const NONE: f64 = -30.0;

/// Mean and deviation of the logarithm of a coefficient at a level; a deviation of zero fixes it.
pub fn prior(level: Level, name: &str, coefficient: &str) -> (f64, f64) {
    let usual = stray(level);
    if matches!(level, Level::Format | Level::EngineFormat) {
        return match coefficient {
            "bandwidth" | "compute" => (0.0, usual),
            _ => (0.0, 0.0),
        };
    }
    let engine = match level {
        Level::Engine => name.parse::<Engine>().ok(),
        _ => None,
    };
    let start = if level == Level::All {
        start(coefficient).ln()
    } else {
        0.0
    };
    match (coefficient, engine) {
        // Servers fuse attention and replay decode as one graph; scores never reach memory.
        ("scores", Some(engine)) if engine.serves() => (1e4_f64.ln(), 0.0),
        ("keys", Some(engine)) if engine.serves() => (8_f64.ln(), usual),
        ("launch", Some(engine)) if engine.serves() => (0.5_f64.ln(), usual),
        // Without rows of fused attention its rate is taken as that of products.
        ("attention", Some(engine)) if !engine.serves() => (4_f64.ln(), 0.0),
        // Its server detokenises and streams in one process.
        ("client", Some(Engine::TensorRtLlm)) => (3_f64.ln(), 0.8),
        // What llama.cpp's own loop takes is part of its launches.
        ("step" | "sequence" | "request" | "client", Some(Engine::LlamaCpp)) => (NONE, 0.0),
        ("expert_overlap", _) => (
            start,
            match level {
                Level::All => 0.15,
                Level::Engine => 0.08,
                _ => 0.0,
            },
        ),
        // The host is the engine's, not the device's.
        ("step" | "sequence" | "request" | "client", _) => (
            start,
            match level {
                Level::All | Level::Engine => 0.8,
                Level::Generation => 0.1,
                Level::EngineGeneration => usual,
                _ => 0.0,
            },
        ),
        // Servers all fuse work element by element, so they are alike in it; slow prompts have other reasons.
        ("activations", Some(engine)) if engine.serves() => (start, 0.2),
        ("expert_activations", _) if !matches!(level, Level::All | Level::Engine) => (0.0, 0.0),
        _ => (start, usual),
    }
}

fn start(coefficient: &str) -> f64 {
    let at = Coefficients::NAMES.iter().position(|name| *name == coefficient);
    START.to_array()[at.expect("a coefficient")]
}

/// A share that kernels of an engine were measured to reach on a device: a product of coefficients.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The engine.
    pub engine: Engine,
    /// Id of the device.
    pub device: String,
    /// Class of the weights' format, if it matters.
    pub format: Option<FormatClass>,
    /// Places of the coefficients.
    pub coefficients: Vec<usize>,
    /// Logarithm of their product.
    pub value: f64,
}

/// Deviation of what a served model reaches from what its kernels reach alone.
pub const KERNEL_STRAY: f64 = 0.35;
/// How much a kernel counts beside a published run.
pub const KERNEL_WEIGHT: f64 = 0.3;

/// Every kernel of `data/kernels.csv`.
pub fn kernels() -> Vec<Kernel> {
    use strum::IntoEnumIterator;
    let mut reader = csv::Reader::from_reader(include_str!("../../../data/kernels.csv").as_bytes());
    let read = |line: csv::StringRecord| Kernel {
        engine: line[0].parse().expect("an engine"),
        device: line[1].to_owned(),
        format: FormatClass::iter().find(|class| class.key() == &line[2]),
        coefficients: line[3]
            .split('*')
            .map(|name| {
                Coefficients::NAMES
                    .iter()
                    .position(|one| *one == name)
                    .expect("a coefficient")
            })
            .collect(),
        value: line[4].parse::<f64>().expect("a number").ln(),
    };
    reader.records().map(|line| read(line.expect("a line"))).collect()
}
