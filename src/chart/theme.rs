//! Colours of both schemes: CSS variables do not reach a canvas, so the table stands here once more.

use plotters::style::RGBColor;

/// Name as in `style/tokens.css`, light, dark.
pub const COLOURS: &[(&str, u32, u32)] = &[
    ("paper", 0xfbfaf7, 0x121417),
    ("card", 0xffffff, 0x1a1d21),
    ("sunken", 0xf3f1eb, 0x0e1013),
    ("ink", 0x17191d, 0xeceae5),
    ("soft", 0x52565e, 0xb4b7bc),
    ("faint", 0x666a72, 0x969ba3),
    ("rule", 0xe5e2da, 0x2a2e34),
    ("rule-strong", 0xcfcbc0, 0x3c4148),
    ("offload", 0x855000, 0xf2bf6d),
    ("offload-bg", 0xfdf0d8, 0x34260c),
    ("no", 0xa3262a, 0xff9d97),
    ("no-bg", 0xfbe6e4, 0x3b1616),
    ("embedding", 0x7995b3, 0x93aeca),
    ("attention", 0x795ec9, 0x8f79dd),
    ("projection", 0x4780d2, 0x6499e7),
    ("mlp", 0x1ea28f, 0x50b9a7),
    ("experts", 0x4fa866, 0x70c082),
    ("shared_experts", 0x87ad50, 0xa1c671),
    ("router", 0x8a8b3e, 0xa2a45e),
    ("state_space", 0x28aac0, 0x58c2d6),
    ("norm", 0x9a9fa6, 0xb3b8bf),
    ("lm_head", 0x597797, 0x738fad),
    ("vision", 0xbe5bac, 0xd578c2),
    ("audio", 0xd2608c, 0xe87da4),
    ("encoder", 0x9461b1, 0xab7cc7),
    ("kv_cache", 0xe8a634, 0xf5b757),
    ("state_cache", 0xd6bd5c, 0xdac46d),
    ("activations", 0xec7b38, 0xff985e),
    ("gradients", 0xe15a4e, 0xf7796c),
    ("optimizer", 0xbc4757, 0xd26571),
    ("transient", 0xe0a08c, 0xc98d7c),
    ("overhead", 0xa7a49f, 0x7c7a76),
];

/// Text on a part: dark in both schemes.
pub const ON_PART: RGBColor = RGBColor(0, 0, 0);

/// A colour scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// A colour by its name in `style/tokens.css`; ink if there is none of that name.
    pub fn colour(self, name: &str) -> RGBColor {
        let found = COLOURS
            .iter()
            .find(|(known, ..)| *known == name)
            .or_else(|| COLOURS.iter().find(|(known, ..)| *known == "ink"));
        let [_, red, green, blue] = found
            .map_or(0, |&(_, light, dark)| if self == Self::Light { light } else { dark })
            .to_be_bytes();
        RGBColor(red, green, blue)
    }
    /// The fill of a part that carries a dark label. Two colours of the light scheme need a breath of white for a
    /// contrast of 4.5, as on the deck.
    pub fn part(self, key: &str) -> RGBColor {
        let colour = self.colour(key);
        if self == Self::Light && matches!(key, "attention" | "optimizer") {
            blend(RGBColor(255, 255, 255), colour, 0.1)
        } else {
            colour
        }
    }
}

/// One colour laid over another.
pub fn blend(over: RGBColor, under: RGBColor, alpha: f64) -> RGBColor {
    let mix = |over: u8, under: u8| (f64::from(over) * alpha + f64::from(under) * (1.0 - alpha)).round() as u8;
    RGBColor(mix(over.0, under.0), mix(over.1, under.1), mix(over.2, under.2))
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;
    use crate::analysis::MemoryPart;
    use crate::model::Component;

    #[test]
    fn the_table_equals_the_style_sheet() {
        let css = include_str!("../../style/tokens.css");
        for (name, light, dark) in COLOURS {
            let line = format!("--{name}: light-dark(#{light:06x}, #{dark:06x});");
            assert!(css.contains(&line), "style/tokens.css has no `{line}`");
        }
    }

    #[test]
    fn every_part_has_a_colour_on_which_its_label_can_be_read() {
        let keys = Component::iter()
            .map(Component::key)
            .chain(MemoryPart::iter().map(MemoryPart::key));
        for key in keys {
            assert!(COLOURS.iter().any(|(known, ..)| *known == key), "{key}");
            for theme in [Theme::Light, Theme::Dark] {
                let contrast = (luminance(theme.part(key)) + 0.05) / (luminance(ON_PART) + 0.05);
                assert!(contrast >= 4.5, "{key}: {contrast:.2}");
            }
        }
    }

    /// Relative luminance after WCAG 2.
    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}
