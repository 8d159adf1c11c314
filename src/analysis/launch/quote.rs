//! Names of models come from links: quoted so that nothing in them is run.

/// A word for a POSIX shell.
pub fn shell(word: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "_-./:@+,=".contains(sign);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word.to_owned();
    }
    let word: String = word.chars().filter(|sign| !sign.is_control()).collect();
    // What begins with a dash would be a flag.
    let dash = if word.starts_with('-') { "./" } else { "" };
    format!("'{dash}{}'", word.replace('\'', "'\\''"))
}

/// A literal of Python.
pub fn python(word: &str) -> String {
    let mut out = String::from("\"");
    for sign in word.chars().filter(|sign| !sign.is_control()) {
        if matches!(sign, '"' | '\\') {
            out.push('\\');
        }
        out.push(sign);
    }
    out.push('"');
    out
}
