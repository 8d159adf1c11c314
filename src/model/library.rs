//! What an answer about the worked example does without: all families but the first, what surrounds language models,
//! how checkpoints are quantised, class defaults, the catalogue.
//!
//! It is always at hand but in the published page (`cfg(split)`), whose first load leaves it out. There a part of the
//! program hands it over ([`arrive`]); until then whatever needs it is [`ModelError::StillLoading`], never another answer.

use super::blueprint::Blueprint;
use super::config::Config;
use super::error::ModelError;
use super::families::{Build, Family};
use super::media::Sight;
use super::quantisation::Quantisation;
use super::{catalogue, families, quantisation};

/// The parts of the library.
#[derive(Debug)]
pub struct Library {
    /// Every family but the first ones.
    pub families: &'static [&'static [Family]],
    /// Builds a family that encodes.
    pub encoders: fn(&Config, &'static str, &Build) -> Result<Blueprint, ModelError>,
    /// The blueprint as a class of another kind than the usual ones has it.
    pub classes: fn(&Config, &str, Blueprint) -> Result<Blueprint, ModelError>,
    /// Builds what is around a language model, and any family but the first.
    pub wrapped: fn(&Config) -> Result<Blueprint, ModelError>,
    /// Class defaults, one model type a line.
    pub defaults: &'static str,
    /// Built-in models, one a line.
    pub catalogue: &'static str,
    /// Lays images, videos and sound out.
    pub sight: Sight,
    /// Reads what a config says of its quantisation, if it says anything.
    pub quantisation: fn(&Config) -> Result<Option<Quantisation>, ModelError>,
}

static WHOLE: Library = Library {
    families: families::MORE,
    encoders: families::encoding,
    classes: families::as_named,
    wrapped: families::wrapped,
    defaults: families::defaults::TABLE,
    catalogue: catalogue::TABLE,
    sight: Sight::WHOLE,
    quantisation: quantisation::published,
};

#[cfg(split)]
static ARRIVED: std::sync::OnceLock<&'static Library> = std::sync::OnceLock::new();

/// Hands the library over. Only a part of the page may call it: the library lies where this is called.
pub fn arrive() {
    #[cfg(split)]
    let _ = ARRIVED.set(&WHOLE);
}

/// The library, if it is at hand.
pub fn at_hand() -> Option<&'static Library> {
    #[cfg(split)]
    return ARRIVED.get().copied();
    #[cfg(not(split))]
    Some(&WHOLE)
}

/// The library.
///
/// # Errors
/// [`ModelError::StillLoading`].
pub fn library() -> Result<&'static Library, ModelError> {
    at_hand().ok_or(ModelError::StillLoading)
}
