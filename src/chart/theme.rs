//! Colours of both schemes: CSS variables do not reach a canvas, so the table stands here once more.

use plotters::style::RGBColor;

/// Name as in `style/tokens.css`, light, dark.
pub const COLOURS: &[(&str, u32, u32)] = &[
    ("paper", 0xfb_fa_f7, 0x12_14_17),
    ("card", 0xff_ff_ff, 0x1a_1d_21),
    ("sunken", 0xf3_f1_eb, 0x0e_10_13),
    ("ink", 0x17_19_1d, 0xec_ea_e5),
    ("soft", 0x52_56_5e, 0xb4_b7_bc),
    ("faint", 0x66_6a_72, 0x96_9b_a3),
    ("rule", 0xe5_e2_da, 0x2a_2e_34),
    ("rule-strong", 0xcf_cb_c0, 0x3c_41_48),
    ("no", 0xa3_26_2a, 0xff_9d_97),
    ("no-bg", 0xfb_e6_e4, 0x3b_16_16),
    ("embedding", 0x79_95_b3, 0x93_ae_ca),
    ("attention", 0x79_5e_c9, 0x8f_79_dd),
    ("projection", 0x47_80_d2, 0x64_99_e7),
    ("mlp", 0x1e_a2_8f, 0x50_b9_a7),
    ("experts", 0x4f_a8_66, 0x70_c0_82),
    ("shared_experts", 0x87_ad_50, 0xa1_c6_71),
    ("router", 0x8a_8b_3e, 0xa2_a4_5e),
    ("state_space", 0x28_aa_c0, 0x58_c2_d6),
    ("norm", 0x9a_9f_a6, 0xb3_b8_bf),
    ("lm_head", 0x59_77_97, 0x73_8f_ad),
    ("vision", 0xbe_5b_ac, 0xd5_78_c2),
    ("audio", 0xd2_60_8c, 0xe8_7d_a4),
    ("encoder", 0x94_61_b1, 0xab_7c_c7),
    ("kv_cache", 0xe8_a6_34, 0xf5_b7_57),
    ("state_cache", 0xd6_bd_5c, 0xda_c4_6d),
    ("activations", 0xec_7b_38, 0xff_98_5e),
    ("gradients", 0xe1_5a_4e, 0xf7_79_6c),
    ("optimizer", 0xbc_47_57, 0xd2_65_71),
    ("overhead", 0xa7_a4_9f, 0x7c_7a_76),
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
        let found = COLOURS.iter().find(|(known, ..)| *known == name).or_else(|| COLOURS.iter().find(|(known, ..)| *known == "ink"));
        let [_, red, green, blue] = found.map_or(0, |&(_, light, dark)| if self == Self::Light { light } else { dark }).to_be_bytes();
        RGBColor(red, green, blue)
    }
    /// The fill of a part that carries a dark label. Two colours of the light scheme need a breath of white for a
    /// contrast of 4.5, as on the deck.
    pub fn part(self, key: &str) -> RGBColor {
        let colour = self.colour(key);
        if self == Self::Light && matches!(key, "attention" | "optimizer") { blend(RGBColor(255, 255, 255), colour, 0.1) } else { colour }
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
        let keys = Component::iter().map(Component::key).chain(MemoryPart::iter().map(MemoryPart::key));
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
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}
