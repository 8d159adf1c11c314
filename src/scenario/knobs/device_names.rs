//! Devices as people name them: one, several that work together, several side by side.

use super::KnobError;
use super::read::short;
use crate::hardware::{self, NamedDevice};

/// Most devices side by side.
pub const MOST_BESIDE: usize = 8;

/// Most devices that are named one by one.
pub(super) const MOST_TOGETHER: usize = 64;

/// Devices that work together: `2x rtx-3090`, `rtx-3090,rtx-4090`, `2x rtx-3090 + rtx-4090`.
pub(super) fn together(text: &str) -> Result<Vec<String>, KnobError> {
    let one = |text: &str| -> Result<Vec<String>, KnobError> {
        let (count, name) = counted(text);
        let id = device(name)?;
        Ok(vec![id; count])
    };
    let mut pieces = pieces(text);
    // A plus may be part of a name.
    if let [only] = &*pieces
        && only.contains('+')
        && !only.starts_with(hardware::CUSTOM)
        && one(only).is_err()
    {
        pieces = only.split('+').map(|piece| piece.trim().to_owned()).collect();
    }
    let mut all = Vec::new();
    for piece in &pieces {
        all.extend(one(piece)?);
        if all.len() > MOST_TOGETHER {
            return Err(KnobError::Refused(format!(
                "More than {MOST_TOGETHER} devices are too many to name one by one; --devices takes any number of one kind."
            )));
        }
    }
    match pieces.len() {
        0 => one(text),
        _ => Ok(all),
    }
}

/// How many of a device, as people write it before its name: `2x rtx-3090`, `2 × RTX 3090`; and the name.
fn counted(text: &str) -> (usize, &str) {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let name = ["x ", "X ", "x", "×", "*"]
        .iter()
        .find_map(|sign| rest.strip_prefix(sign));
    let count = number.parse().ok().filter(|count| (1..=MOST_TOGETHER).contains(count));
    match (count, name.map(str::trim)) {
        (Some(count), Some(name)) if !name.is_empty() => (count, name),
        _ => (1, text),
    }
}

/// Ids by commas. A description has commas of its own: what holds a `=` belongs to the description before it.
fn pieces(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for piece in text.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        match ids.last_mut() {
            Some(last)
                if last.starts_with(hardware::CUSTOM)
                    && piece.contains('=')
                    && !piece.starts_with(hardware::CUSTOM) =>
            {
                last.push(',');
                last.push_str(piece);
            }
            _ => ids.push(piece.to_owned()),
        }
    }
    ids
}

/// Further devices by commas.
pub(super) fn also(text: &str) -> Result<Vec<String>, KnobError> {
    let ids = pieces(text);
    if ids == ["none"] {
        return Ok(Vec::new());
    }
    let mut all: Vec<String> = Vec::new();
    for id in ids {
        let found = device(&id)?;
        if !all.contains(&found) {
            all.push(found);
        }
    }
    if all.len() > MOST_BESIDE {
        return Err(KnobError::Refused(format!(
            "{} devices are too many side by side; the most is {MOST_BESIDE}.",
            all.len()
        )));
    }
    Ok(all)
}

/// The id of a device of the table, or a description as it is written.
fn device(text: &str) -> Result<String, KnobError> {
    let near = match hardware::resolve(text) {
        Ok(device) => return Ok(device.id.clone()),
        Err(Some(why)) => {
            let words = format!("{why} It is written so: custom:memory=24,bandwidth=900,fp16=80.");
            return Err(KnobError::Refused(words));
        }
        Err(None) => match hardware::device_named(text) {
            NamedDevice::One(device, _) => return Ok(device.id.clone()),
            NamedDevice::Perhaps(near) if near.is_empty() => String::new(),
            NamedDevice::Perhaps(near) => format!(" Did you mean {}?", near.join(", ")),
        },
    };
    let found = short(text).to_string();
    Err(KnobError::UnknownDevice { found, near })
}
