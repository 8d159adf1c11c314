//! The user's access token, kept out of every text.

use std::fmt;

/// The longest token accepted, in bytes. Sign-in tokens are JSON web tokens of about a thousand.
const MAX_TOKEN_BYTES: usize = 4096;

/// An access token of the Hub. Neither `Debug` nor `Display` shows it; only [`Token::authorization`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text is no token. The text itself is never part of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but spaces.
    #[error("The token is empty. Paste one from https://huggingface.co/settings/tokens, or leave it out.")]
    Empty,
    /// A space, a line break, a control or a non-ASCII character inside.
    #[error(
        "The token holds a character no token has (a space, a line break or a letter outside ASCII). Copy it again."
    )]
    BadCharacter,
    /// Longer than any token.
    #[error("The token is too long ({MAX_TOKEN_BYTES} characters at most). Copy it again, alone.")]
    TooLong,
}

impl TokenError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "token_empty",
            Self::BadCharacter => "token_bad_character",
            Self::TooLong => "token_too_long",
        }
    }
}

impl Token {
    /// Trims `text` and checks that it can stand in a header.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let token = text.trim();
        if token.is_empty() {
            Err(TokenError::Empty)
        } else if token.len() > MAX_TOKEN_BYTES {
            Err(TokenError::TooLong)
        } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            Err(TokenError::BadCharacter)
        } else {
            Ok(Self(token.to_owned()))
        }
    }

    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Whether `word` has the form of a token: `hf_` and twenty or more letters and digits, or `hf_oauth_` and a web token.
fn looks_like_token(word: &str) -> bool {
    let long = |rest: &str, allowed: fn(u8) -> bool| rest.len() >= 20 && rest.bytes().all(allowed);
    match word.strip_prefix("hf_oauth_") {
        Some(rest) => long(rest, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
        }),
        None => word
            .strip_prefix("hf_")
            .is_some_and(|rest| long(rest, |byte| byte.is_ascii_alphanumeric())),
    }
}

/// Whether something with the form of a token stands in `text`.
pub(super) fn holds_token(text: &str) -> bool {
    redact(text) != text
}

/// `text` with everything that has the form of a token hidden. Servers and proxies sometimes echo what they were sent.
#[must_use]
pub fn redact(text: &str) -> String {
    let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !joins(c)) {
        let word = piece.trim_end_matches(|c| !joins(c));
        if looks_like_token(word.trim_end_matches(['.', '-', '_'])) {
            clean.push_str("(hidden)");
            clean.push_str(piece.strip_prefix(word).unwrap_or_default());
        } else {
            clean.push_str(piece);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";

    #[test]
    fn is_trimmed_and_never_shown() {
        let token = Token::parse(&format!("  {SECRET}\n")).unwrap();
        assert_eq!(token.authorization(), format!("Bearer {SECRET}"));
        assert!(!format!("{token:?} {token} {token:#?}").contains("AbCd"));
    }

    #[test]
    fn refuses_what_cannot_stand_in_a_header() {
        for (text, error) in [
            ("", TokenError::Empty),
            (" \t\n", TokenError::Empty),
            ("hf_a b", TokenError::BadCharacter),
            ("hf_a\r\nX-Evil: 1", TokenError::BadCharacter),
            ("hf_ключ", TokenError::BadCharacter),
            (&"x".repeat(4097), TokenError::TooLong),
        ] {
            assert_eq!(Token::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn tokens_are_hidden_in_other_texts() {
        for (text, clean) in [
            (format!("Token {SECRET} is bad"), "Token (hidden) is bad"),
            (format!("bad:{SECRET}."), "bad:(hidden)"),
            (format!("({SECRET})"), "((hidden))"),
            (format!("hf_oauth_{}", "eyJ.a-b_c".repeat(5)), "(hidden)"),
            ("hf_mirror is up, héllo".to_owned(), "hf_mirror is up, héllo"),
        ] {
            assert_eq!(redact(&text), clean);
        }
    }
}
