//! Addresses as far as redirects need them: what is one origin, and where a redirect leads.

/// Scheme, host and port of an address: the same for all that may see a secret of one of them. None for an address that
/// nothing is asked of: other schemes, a name and password, signs that no address has.
pub(super) fn origin(url: &str) -> Option<(&'static str, String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let (scheme, usual) = match scheme.to_ascii_lowercase().as_str() {
        "https" => ("https", 443),
        "http" => ("http", 80),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if url
        .chars()
        .any(|sign| sign.is_control() || sign.is_whitespace() || sign == '\\')
    {
        return None;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, usual),
    };
    let known = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '.' | '_' | '[' | ']' | ':');
    (!host.is_empty() && host.chars().all(known)).then(|| (scheme, host.to_ascii_lowercase(), port))
}

/// Whether two addresses are of one origin.
pub(super) fn same_origin(one: &str, other: &str) -> bool {
    origin(one).is_some_and(|one| Some(one) == origin(other))
}

/// Where `location` leads from `from`. The Hub sends whole addresses or paths from the root; nothing else is followed,
/// and nothing from an encrypted address to one that is not.
pub(super) fn resolve(from: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    let to = if location.starts_with('/') && !location.starts_with("//") {
        let (scheme, rest) = from.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        format!("{scheme}://{authority}{location}")
    } else {
        location.to_owned()
    };
    let (was, is) = (origin(from)?.0, origin(&to)?.0);
    (is == "https" || was == "http").then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_origin() {
        let home = "https://huggingface.co/a/b";
        for (other, same) in [
            ("https://HuggingFace.co:443/c?d", true),
            ("https://huggingface.co", true),
            ("http://huggingface.co/a", false),
            ("https://huggingface.co:444/a", false),
            ("https://cdn.huggingface.co/a", false),
            ("https://huggingface.co.evil.example/a", false),
            ("https://huggingface.co@evil.example/a", false),
            ("https://evil.example/https://huggingface.co/", false),
            ("https://evil.example\\@huggingface.co/", false),
            ("ftp://huggingface.co/a", false),
            ("huggingface.co", false),
        ] {
            assert_eq!(same_origin(home, other), same, "{other}");
        }
        assert_eq!(origin("http://[::1]:8080/x"), Some(("http", "[::1]".to_owned(), 8080)));
    }

    #[test]
    fn where_redirects_lead() {
        let to = |location| resolve("https://hub.example/a/b?c", location);
        assert_eq!(to("/d?e#f").as_deref(), Some("https://hub.example/d?e"));
        assert_eq!(to("https://cdn.example/x").as_deref(), Some("https://cdn.example/x"));
        for bad in [
            "",
            "relative",
            "//evil.example/x",
            "http://hub.example/x",
            "ftp://x/y",
            "https:///x",
            "https://a b/",
        ] {
            assert_eq!(to(bad), None, "{bad}");
        }
        // Between two that are not encrypted: this machine's own.
        let local = resolve("http://localhost:1/a", "http://127.0.0.1:1/b");
        assert_eq!(local.as_deref(), Some("http://127.0.0.1:1/b"));
    }
}
