//! Text that somebody else chose, as words of a shell or of Python.

/// The text without control signs and without marks that turn the direction of writing: nothing in it can end a line,
/// move the cursor or show another order than what is run.
pub fn clean(text: &str) -> String {
    text.chars().filter(|sign| !hidden(*sign)).collect()
}

/// Signs that are not seen and change what is seen.
fn hidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(sign, '\u{e0000}'..='\u{e007f}')
}

/// One word of a POSIX shell that stands for the text and nothing else.
///
/// Between single quotes nothing has a meaning but the quote itself (POSIX.1-2024, Shell Command Language, 2.2.2). A word
/// that begins with a dash would be an option: it becomes a path from here. A dash alone is standard input and stays.
pub fn shell(text: &str) -> String {
    let text = clean(text);
    let text = if text.starts_with('-') && text != "-" {
        format!("./{text}")
    } else {
        text
    };
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "_-./:=@%+,".contains(sign);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A string of Python that stands for the text and nothing else.
///
/// JSON's strings are Python's as well: the escapes of JSON mean the same there, and the rest is itself.
pub fn python(text: &str) -> String {
    serde_json::Value::String(clean(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_words() {
        for (text, word) in [
            ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(rm -rf ~)", "'$(rm -rf ~)'"),
            ("a'; rm -rf / #", r"'a'\''; rm -rf / #'"),
            ("`id`", "'`id`'"),
            ("--trust-remote-code", "./--trust-remote-code"),
            ("-", "-"),
            ("~root/x", "'~root/x'"),
            ("a\nrm -rf /", "'arm -rf /'"),
            ("a\u{202e}b", "ab"),
            ("!!", "'!!'"),
        ] {
            assert_eq!(shell(text), word, "{text:?}");
        }
        assert_eq!(python("a\"; import os #\n"), r#""a\"; import os #""#);
        assert_eq!(python(r"\"), r#""\\""#);
    }
}
