//! What a model reads beside text: how images, videos and sound become rows of a tower and tokens of the prompt.
//!
//! Sizes are decided by a class's processor before the tower; where a file beside the config may say otherwise the class's own
//! default is taken, and [`Senses::words`] says so.

mod canvas;
mod image;
mod pieces;
mod planned;
mod sound;
mod stage;
mod video;

use super::library::at_hand;

pub use image::ImageRule;
pub use sound::SoundRule;
pub use stage::{Extent, Glance, Stage};
pub use video::VideoRule;

/// The rules carried out: they lie in the library, which is at hand wherever a model with a tower was read.
#[derive(Debug)]
pub struct Sight {
    image: fn(&ImageRule, u64, u64) -> Option<Glance>,
    video: fn(&VideoRule, u64, u64, u64, u64) -> Option<Glance>,
    sound: fn(&SoundRule, u64) -> Glance,
}

impl Sight {
    pub(super) const WHOLE: Self = Self {
        image: pieces::see,
        video: video::see,
        sound: sound::see,
    };
}

impl ImageRule {
    /// What becomes of an image of this size; none where the class refuses it.
    pub fn see(&self, width: u64, height: u64) -> Option<Glance> {
        (at_hand()?.sight.image)(self, width, height)
    }
}

impl VideoRule {
    /// What becomes of a video of so many seconds; none where the class refuses its size.
    pub fn see(&self, width: u64, height: u64, seconds: u64, rate: u64) -> Option<Glance> {
        (at_hand()?.sight.video)(self, width, height, seconds, rate)
    }
}

impl SoundRule {
    /// What becomes of so many seconds.
    pub fn see(&self, seconds: u64) -> Option<Glance> {
        Some((at_hand()?.sight.sound)(self, seconds))
    }
}

/// What a model reads beside text, and by which rule; none where it reads no such thing or the rule is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Senses {
    /// Images.
    pub images: Option<ImageRule>,
    /// Videos.
    pub videos: Option<VideoRule>,
    /// Sound.
    pub sound: Option<SoundRule>,
    /// Of an encoder of images or sound that stands alone: how they are laid out, and how many marks stand beside the patches.
    pub alone: Option<(ImageRule, u64)>,
    /// Whether layers attend to what towers made: only a mark stands in the prompt for it.
    pub across: bool,
}

impl Senses {
    /// Whether what the tower makes of an image stands beside the text, to be compared with it: it takes no place in the prompt.
    pub const fn apart(&self) -> bool {
        !self.across && matches!(self.images, Some(ImageRule::Fixed { tokens: 0, .. }))
    }
    /// Whether there is a rule for anything.
    pub const fn any(&self) -> bool {
        self.images.is_some() || self.videos.is_some() || self.sound.is_some()
    }
}
