//! What a browser says of the graphics card, as WebGL's renderer string, and which device it is.
//!
//! ANGLE (Chrome, Edge, Firefox on Windows) writes `ANGLE (vendor, card and driver, version)`, where card and driver differ by
//! what it runs on: Direct3D, Metal, Vulkan, OpenGL. Mesa writes the card and, in brackets, its driver. Safari and Firefox
//! blur the name on purpose.

use std::borrow::Cow;

use super::by_driver_name;
use crate::hardware::Device;

/// Why a browser names no card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// It says nothing.
    Silent,
    /// It draws with the processor.
    Software,
    /// Safari: every Apple chip has the same name.
    AppleGpu,
    /// Firefox: one name for a whole class of cards.
    OrSimilar,
}

impl Hidden {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Silent => "Your browser does not say which graphics card this computer has.",
            Self::Software => {
                "Your browser draws with the processor, so it names no graphics card: hardware acceleration is off, or there is none."
            }
            Self::AppleGpu => {
                "Safari calls every Apple chip \"Apple GPU\". The chip's name is in the Apple menu, under About This Mac."
            }
            Self::OrSimilar => "Firefox names a class of cards, not the card itself.",
        }
    }
}

/// What a renderer string tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Renderer {
    /// A card of the table: what it may be, the likeliest first. There is at least one.
    Known {
        /// The card as its driver calls it.
        card: String,
        /// Variants and sizes of memory that have this name.
        devices: Vec<Cow<'static, Device>>,
    },
    /// A card that is not in the table.
    Unknown {
        /// The card as its driver calls it.
        card: String,
    },
    /// No card.
    Hidden(Hidden),
}

/// Renderers that are the processor.
const SOFTWARE: &[&str] = &[
    "swiftshader",
    "llvmpipe",
    "softpipe",
    "basic render",
    "software",
    "lavapipe",
    "warp",
];

/// Reads a renderer string.
pub fn by_renderer(text: &str) -> Renderer {
    let text: String = text.chars().take(300).collect();
    let lower = text.to_lowercase();
    if lower.trim().is_empty() || matches!(lower.trim(), "webkit webgl" | "generic renderer" | "mozilla") {
        return Renderer::Hidden(Hidden::Silent);
    }
    if SOFTWARE.iter().any(|name| lower.contains(name)) {
        return Renderer::Hidden(Hidden::Software);
    }
    if lower.contains("or similar") {
        return Renderer::Hidden(Hidden::OrSimilar);
    }
    let card = card(&text);
    if card.eq_ignore_ascii_case("apple gpu") {
        return Renderer::Hidden(Hidden::AppleGpu);
    }
    let devices = by_driver_name(&card);
    if devices.is_empty() {
        Renderer::Unknown { card }
    } else {
        Renderer::Known { card, devices }
    }
}

/// The card's name in a renderer string, without what else stands there.
fn card(text: &str) -> String {
    let mut card = text.trim();
    if let Some(inner) = card.strip_prefix("ANGLE (").map(|inner| inner.trim_end_matches(')')) {
        // Vendor, card, version; before 2021 the card alone.
        let mut parts = inner.splitn(2, ", ");
        let first = parts.next().unwrap_or(inner);
        card = match parts.next() {
            Some(rest) => rest.rsplit_once(", ").map_or(rest, |(card, _)| card),
            None => first,
        };
    }
    if let Some((_, named)) = card.split_once("Renderer: ") {
        card = named;
    }
    // Vulkan: the card is in the brackets after the version.
    if let Some((_, named)) = card.strip_prefix("Vulkan ").and_then(|rest| rest.split_once(" (")) {
        card = named;
    }
    for end in [
        "/PCIe",
        "/integrated",
        " Direct3D",
        " (0x",
        " (radeonsi",
        " (RADV",
        " (navi",
        ", Unspecified",
        ", D3D11",
        " vs_",
    ] {
        card = card.split(end).next().unwrap_or(card);
    }
    let mut plain = card.to_owned();
    for mark in ["(R)", "(TM)", "(tm)", "(C)"] {
        plain = plain.replace(mark, "");
    }
    // What is left in brackets is the chip's code name or the driver.
    let plain = plain
        .split(" (")
        .next()
        .unwrap_or(&plain)
        .replace("NVIDIA NVIDIA", "NVIDIA");
    plain
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_end_matches(')')
        .to_owned()
}
