//! The user's access token, kept out of every text.

use std::fmt;

use super::disguise;

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

/// Whether something with the form of a token stands in `text`.
pub(super) fn holds_token(text: &str) -> bool {
    redact(text) != text
}

/// `text` with everything that has the form of a token hidden, however it is encoded. Servers and proxies sometimes
/// echo what they were sent.
#[must_use]
pub fn redact(text: &str) -> String {
    disguise::hide(text, None)
}

impl Token {
    /// As [`redact`], and with this very token hidden, whatever form it has.
    #[must_use]
    pub fn hide_in(&self, text: &str) -> String {
        disguise::hide(text, Some(&self.0))
    }
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
            (format!("bad:{SECRET}."), "bad:(hidden)."),
            (format!("({SECRET})"), "((hidden))"),
            (format!("hf_oauth_{}", "eyJ.a-b_c".repeat(5)), "(hidden)"),
            ("hf_mirror is up, héllo".to_owned(), "hf_mirror is up, héllo"),
            // Percent-encoded in either case, whole, and twice.
            (SECRET.replace('_', "%5F"), "(hidden)"),
            (SECRET.replace('_', "%5f"), "(hidden)"),
            (format!("say {}!", percent(SECRET)), "say (hidden)!"),
            (format!("say {}!", percent(&percent(SECRET))), "say (hidden)!"),
            // JSON, C and HTML.
            (SECRET.replace('_', "\\u005f"), "(hidden)"),
            (SECRET.replace('_', "\\x5F"), "(hidden)"),
            (SECRET.replace('_', "&#95;"), "(hidden)"),
            (SECRET.replace('_', "&#x5f;"), "(hidden)"),
            // Base64 of the token, with "Bearer", and of a user with a password.
            (
                "aGZfQWJDZEVmR2hJaktsTW5PcFFyU3RVdld4WXowMTIzNDU2Nzg5 was sent".to_owned(),
                "(hidden) was sent",
            ),
            (
                "<QmVhcmVyIGhmX0FiQ2RFZkdoSWpLbE1uT3BRclN0VXZXeFl6MDEyMzQ1Njc4OQ==>".to_owned(),
                "<(hidden)>",
            ),
            (
                "Basic dXNlcjpoZl9BYkNkRWZHaElqS2xNbk9wUXJTdFV2V3hZejAxMjM0NTY3ODk=".to_owned(),
                "Basic (hidden)",
            ),
            (hexadecimal(SECRET), "(hidden)"),
            ("100%25 of 5%zz%".to_owned(), "100%25 of 5%zz%"),
        ] {
            assert_eq!(redact(&text), clean);
        }
    }

    fn percent(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }

    fn hexadecimal(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn a_token_of_another_form_is_hidden_where_it_is_known() {
        let token = Token::parse("secret/of+mirror").unwrap();
        for (text, clean) in [
            ("bad secret/of+mirror, sorry", "bad (hidden), sorry"),
            ("bad secret%2Fof%2bmirror, sorry", "bad (hidden), sorry"),
            (r"bad secret\/of\u002bmirror, sorry", "bad (hidden), sorry"),
            ("bad c2VjcmV0L29mK21pcnJvcg==, sorry", "bad (hidden), sorry"),
            ("no secret here", "no secret here"),
        ] {
            assert_eq!(token.hide_in(text), clean);
        }
    }
}
