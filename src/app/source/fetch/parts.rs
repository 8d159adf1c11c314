//! Parts of files by Range, and the listing that names them. The body of a weight file is never read.

use gloo_net::http::Response;
use weighbridge::hub::{
    HubError, Listed, Locator, ResponseFacts, TreeEntry, classify, read_listing, read_names, read_tree,
};
use weighbridge::limits::{self, Limit};

use super::super::super::case::Problem;
use super::Request;

impl Request {
    /// The files of the repository with their sizes: the first page, which is enough for a model.
    pub async fn files(&self, locator: &Locator) -> Result<Vec<TreeEntry>, Problem> {
        let url = self.endpoint.tree_url(locator);
        let bytes = self.whole_at(&url, locator, limits::LISTING).await?;
        Ok(read_tree(&String::from_utf8_lossy(&bytes)))
    }
    /// The models a search finds.
    pub async fn listing(&self, text: &str, most: usize) -> Option<Vec<Listed>> {
        let text = self.text(&self.endpoint.search_url(text, most)).await?;
        Some(read_listing(&text))
    }
    /// The names of a repository's files.
    pub async fn names(&self, locator: &Locator) -> Option<Vec<String>> {
        let text = self.text(&self.endpoint.info_url(locator)).await?;
        Some(read_names(&text)).filter(|names| !names.is_empty())
    }
    /// An answer that may as well be missing: once, without a second try.
    async fn text(&self, url: &str) -> Option<String> {
        let response = self.send(url, None).await.ok()?;
        let bytes = self.bytes(&response, limits::LISTING, &|_| ()).await;
        self.disarm();
        let bytes = bytes.ok()?.filter(|_| response.status() == 200)?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
    /// A whole file within a limit.
    pub async fn whole(&self, locator: &Locator, path: &str, limit: Limit) -> Result<Vec<u8>, Problem> {
        self.whole_at(&self.endpoint.file_url(locator, path), locator, limit)
            .await
    }
    async fn whole_at(&self, url: &str, locator: &Locator, limit: Limit) -> Result<Vec<u8>, Problem> {
        let response = self.send_patiently(url, None).await.map_err(hub)?;
        if response.status() != 200 {
            return Err(self.refused(&response, locator).await);
        }
        self.body(&response, limit, locator, &|_| ()).await.map_err(hub)
    }
    /// The bytes `from..upto` of a file, fewer if it ends before, and its size where the server tells.
    ///
    /// A server that sends the whole file instead is cut off: weights have gigabytes.
    pub async fn part(
        &self,
        locator: &Locator,
        path: &str,
        from: u64,
        upto: u64,
    ) -> Result<(Vec<u8>, Option<u64>), Problem> {
        let asked = upto.saturating_sub(from);
        let range = format!("bytes={from}-{}", upto.saturating_sub(1));
        let url = self.endpoint.file_url(locator, path);
        let response = self.send_patiently(&url, Some(&range)).await.map_err(hub)?;
        let size = match response.status() {
            206 => {
                let told = response.headers().get("content-range");
                let told = told.as_deref().and_then(|text| text.trim().strip_prefix("bytes "));
                let told = told.and_then(|text| text.split_once('/'));
                // A mirror may hide the header from pages; what it says must be true.
                let begins = told.and_then(|(range, _)| range.split('-').next()?.trim().parse::<u64>().ok());
                if begins.is_some_and(|begins| begins != from) {
                    return Err(self.no_parts("another part of a file than was asked for"));
                }
                told.and_then(|(_, size)| size.trim().parse().ok())
            }
            200 => {
                let length = response.headers().get("content-length");
                // A file no longer than what was asked for may come whole.
                match length.and_then(|text| text.parse::<u64>().ok()) {
                    Some(length) if from == 0 && length <= asked => Some(length),
                    _ => return Err(self.no_parts("a whole file where its beginning was asked for")),
                }
            }
            _ => return Err(self.refused(&response, locator).await),
        };
        let bytes = self
            .body(&response, Limit::of_part(asked), locator, &|_| ())
            .await
            .map_err(hub)?;
        let due = size.map_or(0, |size: u64| asked.min(size.saturating_sub(from)));
        if (bytes.len() as u64) < due {
            return Err(hub(HubError::BrokenOff { host: self.host() }));
        }
        Ok((bytes, size))
    }
    async fn refused(&self, response: &Response, locator: &Locator) -> Problem {
        let headers = response.headers();
        let facts = ResponseFacts::read(|name| Some(self.without_token(&headers.get(name)?)));
        let words = self.body(response, limits::WORDS, locator, &|_| ()).await;
        match (self.stopped(), words) {
            (Some(stopped), _) => hub(stopped),
            (None, words) => {
                let words = words.unwrap_or_default();
                let words = self.without_token(&String::from_utf8_lossy(&words));
                hub(classify(
                    response.status(),
                    &facts,
                    &words,
                    locator,
                    self.token.is_some(),
                ))
            }
        }
    }
    /// Ends everything: the answers under way would be as long.
    fn no_parts(&self, what: &str) -> Problem {
        self.stop();
        Problem::Browser(format!(
            "{} sent {what}, so reading was stopped and no headers were read. Choose another endpoint in the settings, or drop the files here.",
            self.host()
        ))
    }
}

fn hub(error: HubError) -> Problem {
    Problem::Hub(Box::new(error))
}
