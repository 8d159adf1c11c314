//! What a model reads beside text: how images, videos and sound become rows of a tower and tokens of the prompt.
//!
//! Sizes are decided by a class's processor before the tower; where a file beside the config may say otherwise the class's own
//! default is taken, and [`Senses::words`] says so.

mod canvas;
mod image;
mod sound;
mod stage;
mod video;

pub use image::ImageRule;
pub use sound::SoundRule;
pub use stage::{Extent, Glance, Stage};
pub use video::VideoRule;

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
    /// Whether there is a rule for anything.
    pub const fn any(&self) -> bool {
        self.images.is_some() || self.videos.is_some() || self.sound.is_some()
    }
}
