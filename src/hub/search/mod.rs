//! A search of the Hub: words and filters, as an address of the page, as a request, and what comes back.

mod filters;
mod problem;
mod variants;

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use strum::IntoEnumIterator;

pub use filters::{Choice, Filter};
pub use problem::SearchProblem;
pub use variants::{Variant, variants};

use super::endpoint::encode_segment;
use super::listing::LONGEST;
use super::{Endpoint, Listed, searchable};

/// Models of a page.
pub const PAGE: usize = 20;
/// What a search is asked for: enough for a row and a rough verdict.
const FIELDS: [&str; 10] = [
    "downloads",
    "gated",
    "gguf",
    "lastModified",
    "library_name",
    "likes",
    "pipeline_tag",
    "private",
    "safetensors",
    "tags",
];
/// What the address of a search begins with.
pub const KEY: &str = "find";
/// The longest mark of a next page.
const LONGEST_CURSOR: usize = 2_000;

/// Words and filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubQuery {
    /// What the name must hold.
    pub words: String,
    /// The user or organisation; empty is any.
    pub author: String,
    /// Whether only models are shown that should fit the device in hand. The Hub is not asked about it.
    pub fits: bool,
    /// Chosen values, by filter; absent is the usual one.
    chosen: Vec<(Filter, &'static Choice)>,
}

/// A page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPage {
    /// Models that write text, or their like.
    pub listed: Vec<Listed>,
    /// The mark of the next page; none on the last one.
    pub next: Option<String>,
}

impl HubQuery {
    /// For words alone.
    pub fn of(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            ..Self::default()
        }
    }
    /// The value of a filter.
    pub fn get(&self, filter: Filter) -> &'static Choice {
        let chosen = self
            .chosen
            .iter()
            .find(|(one, _)| *one == filter)
            .map(|(_, choice)| *choice);
        // Every filter has one.
        chosen.unwrap_or_else(|| {
            filter.choices().first().unwrap_or(&Choice {
                key: "",
                label: "",
                sent: "",
            })
        })
    }
    /// Chooses a value by its key; whether there is such a value.
    pub fn set(&mut self, filter: Filter, key: &str) -> bool {
        let Some(choice) = filter.choice(key) else { return false };
        self.chosen.retain(|(one, _)| *one != filter);
        if !choice.key.is_empty() {
            self.chosen.push((filter, choice));
            self.chosen.sort_by_key(|(one, _)| *one);
        }
        true
    }
    /// Sets the author; whether a user or organisation may be called so.
    pub fn set_author(&mut self, author: &str) -> bool {
        let author = author.trim();
        let named = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
        let fits = author.len() <= LONGEST && author.chars().all(named) && !author.starts_with("hf_");
        if fits {
            author.clone_into(&mut self.author);
        }
        fits
    }
    /// Whether something is chosen beside words and order.
    pub fn is_narrowed(&self) -> bool {
        !self.author.is_empty() || self.fits || self.chosen.iter().any(|(filter, _)| *filter != Filter::Sort)
    }
    /// The same words without what narrows them.
    #[must_use]
    pub fn widened(&self) -> Self {
        let mut wide = Self {
            words: self.words.clone(),
            ..Self::default()
        };
        wide.set(Filter::Sort, self.get(Filter::Sort).key);
        wide
    }
    /// What of it the Hub is asked.
    #[must_use]
    pub fn as_sent(&self) -> Self {
        Self {
            fits: false,
            ..self.clone()
        }
    }
    /// Whether it is worth a request: words that may be sent, or none but something that narrows.
    pub fn is_worth_asking(&self) -> bool {
        if self.words.trim().is_empty() {
            return self.as_sent().is_narrowed();
        }
        searchable(&self.words)
    }
    /// Reads the part of an address that names a search; what it does not know it leaves out.
    pub fn from_link(link: &str) -> Self {
        let mut query = Self::default();
        for pair in link.split('&') {
            let Some((key, value)) = pair.strip_prefix(KEY).and_then(|rest| rest.split_once('=')) else {
                continue;
            };
            let value = percent_decode_str(&value.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned();
            match key.strip_prefix('-') {
                None if key.is_empty() => {
                    query.words = value.chars().filter(|sign| !sign.is_control()).take(LONGEST).collect()
                }
                Some("author") => {
                    query.set_author(&value);
                }
                Some("fits") => query.fits = value == "1",
                Some(key) => {
                    if let Some(filter) = Filter::iter().find(|filter| filter.key() == key) {
                        query.set(filter, &value);
                    }
                }
                None => {}
            }
        }
        query
    }
    /// The part of an address that names it; empty for no search.
    pub fn to_link(&self) -> String {
        let mut pairs = Vec::new();
        if !self.words.trim().is_empty() {
            pairs.push(format!("{KEY}={}", encode_segment(self.words.trim())));
        }
        if !self.author.is_empty() {
            pairs.push(format!("{KEY}-author={}", encode_segment(&self.author)));
        }
        pairs.extend(
            self.chosen
                .iter()
                .map(|(filter, choice)| format!("{KEY}-{}={}", filter.key(), choice.key)),
        );
        if self.fits {
            pairs.push(format!("{KEY}-fits=1"));
        }
        pairs.join("&")
    }
}

impl Endpoint {
    /// Where a search is asked, from the page that `cursor` marks on. The cursor is the only thing taken from an answer:
    /// no address of a server is followed.
    #[must_use]
    pub fn find_url(&self, query: &HubQuery, most: usize, cursor: Option<&str>) -> String {
        let mut url = format!("{}/api/models?", self.as_str());
        let words = query.words.trim();
        // Writing to a text does not fail.
        if !words.is_empty() {
            let _ = write!(url, "search={}&", encode_segment(words));
        }
        if !query.author.is_empty() {
            let _ = write!(url, "author={}&", encode_segment(&query.author));
        }
        for filter in Filter::iter() {
            if let Some((name, value)) = query.get(filter).sent.split_once('=') {
                let _ = write!(url, "{name}={}&", encode_segment(value));
            }
        }
        let _ = write!(url, "limit={most}");
        for field in FIELDS {
            let _ = write!(url, "&expand={field}");
        }
        if let Some(cursor) = cursor {
            let _ = write!(url, "&cursor={}", encode_segment(cursor));
        }
        url
    }
}

/// The mark of the next page, out of a `Link` header: `<https://…&cursor=XYZ>; rel="next"`.
#[must_use]
pub fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (_, rest) = next.split_once('<')?;
    let (address, _) = rest.split_once('>')?;
    let (_, query) = address.split_once('?')?;
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="))?;
    let cursor = percent_decode_str(cursor).decode_utf8().ok()?.into_owned();
    let sane =
        !cursor.is_empty() && cursor.len() <= LONGEST_CURSOR && cursor.chars().all(|sign| sign.is_ascii_graphic());
    sane.then_some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(words: &str, chosen: &[(Filter, &str)]) -> HubQuery {
        let mut query = HubQuery {
            words: words.to_owned(),
            ..HubQuery::default()
        };
        for (filter, key) in chosen {
            assert!(query.set(*filter, key), "{key}");
        }
        query
    }

    #[test]
    fn every_choice_has_a_key_of_its_own_and_is_sent_as_the_hub_takes_it() {
        let taken = ["pipeline_tag", "filter", "num_parameters", "apps", "gated", "sort"];
        for filter in Filter::iter() {
            let choices = filter.choices();
            assert!(choices[0].key.is_empty() && choices.len() > 2, "{filter:?}");
            for (at, choice) in choices.iter().enumerate() {
                assert!(
                    !choices[..at].iter().any(|other| other.key == choice.key),
                    "{}",
                    choice.key
                );
                let plain = |sign: char| sign.is_ascii_alphanumeric() || "-.".contains(sign);
                assert!(choice.key.chars().all(plain), "{}", choice.key);
                if at > 0 || filter == Filter::Sort {
                    let (name, value) = choice.sent.split_once('=').unwrap();
                    assert!(taken.contains(&name) && !value.is_empty(), "{}", choice.sent);
                }
            }
        }
    }

    #[test]
    fn a_search_is_an_address_of_the_hub() {
        let endpoint = Endpoint::default();
        let mut asked = query(
            "qwen3 30b",
            &[
                (Filter::Format, "gguf"),
                (Filter::Licence, "apache-2.0"),
                (Filter::Size, "40b"),
                (Filter::Gated, "no"),
            ],
        );
        assert!(asked.set_author("unsloth"));
        assert_eq!(
            endpoint.find_url(&asked, 20, None),
            "https://huggingface.co/api/models?search=qwen3%2030b&author=unsloth&filter=gguf&num_parameters=max%3A40B&filter=license%3Aapache-2.0&gated=false&sort=downloads&limit=20\
             &expand=downloads&expand=gated&expand=gguf&expand=lastModified&expand=library_name&expand=likes&expand=pipeline_tag&expand=private&expand=safetensors&expand=tags"
        );
        assert!(
            endpoint
                .find_url(&query("", &[]), 20, Some("a=b&c"))
                .ends_with("&cursor=a%3Db%26c")
        );
    }

    #[test]
    fn a_search_comes_back_from_its_link() {
        let mut asked = query("qwen3 & co", &[(Filter::Task, "text"), (Filter::Sort, "likes")]);
        assert!(asked.set_author("Qwen"));
        assert_eq!(
            asked.to_link(),
            "find=qwen3%20%26%20co&find-author=Qwen&find-task=text&find-sort=likes"
        );
        assert_eq!(HubQuery::from_link(&asked.to_link()), asked);
        assert_eq!(HubQuery::default().to_link(), "");
        assert!(asked.is_narrowed() && !asked.widened().is_narrowed());
        assert_eq!(asked.widened().get(Filter::Sort).key, "likes");
    }

    #[test]
    fn what_no_search_says_is_left_out() {
        for link in [
            "find-task=%00&find-size=9e99&find-nothing=1&find-author=a/b&find-author=hf_secret&findx=1&find-=1&place=search",
            "",
            "&&=&find",
            "find-task=text%26sort%3Dlikes",
        ] {
            assert_eq!(HubQuery::from_link(link), HubQuery::default(), "{link}");
        }
        let long = HubQuery::from_link(&format!("find={}", "a".repeat(100_000)));
        assert_eq!(long.words.len(), LONGEST);
        assert_eq!(HubQuery::from_link("find=a%0Ab%E2%82+c%1b").words, "ab\u{fffd} c");
    }

    #[test]
    fn what_is_worth_asking() {
        assert!(!query("", &[]).is_worth_asking() && !query("", &[(Filter::Sort, "likes")]).is_worth_asking());
        assert!(query("", &[(Filter::Format, "gguf")]).is_worth_asking());
        assert!(query("qwen", &[]).is_worth_asking());
        assert!(
            !query("hf_abcdefgh", &[]).is_worth_asking() && !query("q", &[(Filter::Format, "gguf")]).is_worth_asking()
        );
    }

    #[test]
    fn only_the_mark_of_the_next_page_is_taken() {
        let link = "<https://huggingface.co/api/models?search=x&cursor=eyJfaWQiOi%3D%3D&limit=20>; rel=\"next\"";
        assert_eq!(next_cursor(link), Some("eyJfaWQiOi==".to_owned()));
        let evil = "<https://evil.example/api/models?cursor=abc>; rel=\"next\"";
        assert_eq!(next_cursor(evil).as_deref(), Some("abc"));
        for none in [
            "",
            "<https://huggingface.co/api/models?cursor=abc>; rel=\"prev\"",
            "<https://huggingface.co/api/models>; rel=\"next\"",
            "<https://huggingface.co/?cursor=>; rel=\"next\"",
            "<?cursor=a%0d%0ab>; rel=\"next\"",
            "cursor=abc; rel=\"next\"",
        ] {
            assert_eq!(next_cursor(none), None, "{none}");
        }
        let long = format!("<?cursor={}>; rel=\"next\"", "a".repeat(LONGEST_CURSOR + 1));
        assert_eq!(next_cursor(&long), None);
    }
}
