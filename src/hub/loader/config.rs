//! The config of a model, with what files beside it say of its weights.

use serde_json::Value;

use super::ask::{Asker, Success};
use super::exchange::Doing;
use super::{LoadError, request::Wish};
use crate::hub::{
    HubError, Locator, RepoId, adapter_base, add_side_file, explain_without_config, read_config, read_tree, side_paths,
};
use crate::limits;

/// A config and where it was found.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) value: Value,
    pub(super) commit: Option<String>,
    /// The repository's present name: another one than asked for if it was renamed.
    pub(super) id: RepoId,
}

impl Asker {
    /// Reads the config. Where there is none, the listing is asked what the repository holds instead.
    pub(super) async fn config(&self) -> Result<Config, LoadError> {
        let errand = self.errand();
        let file = self.locator.config_path();
        let answer = match self.file(&file, limits::CONFIG, errand).await {
            Err(LoadError::Hub(missing @ HubError::FileNotFound { .. })) if self.locator.path().is_none() => {
                self.line.tell(Doing::Explaining);
                return Err(self.explain(errand).await.unwrap_or(missing).into());
            }
            answer => answer?,
        };
        let (id, commit) = self.place(&answer);
        let text = String::from_utf8(answer.bytes).map_err(|_| HubError::NotJson {
            repo: self.locator.id().to_string(),
            file,
            what: "bytes that are no text".to_owned(),
        })?;
        let mut value = read_config(&text, &self.locator)?;
        // Weights taken for another format would be a wrong number: only a file that is not there is passed over.
        for path in side_paths(&value, &self.locator) {
            match self.file(&path, limits::CONFIG, self.errand()).await {
                Ok(side) if add_side_file(&mut value, &path, &String::from_utf8_lossy(&side.bytes)) => break,
                Ok(_) | Err(LoadError::Hub(HubError::FileNotFound { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Config { value, commit, id })
    }
    /// The repository's present name, and the commit that the revision stood for, if the Hub told.
    fn place(&self, answer: &Success) -> (RepoId, Option<String>) {
        // The last hop that names a repository: the address of a content network names none.
        let named = |hop: &String| Locator::parse_at(hop, &self.source.endpoint).ok();
        let last = answer.hops.iter().rev().find_map(named);
        let commit = answer.commit.clone().or_else(|| {
            let sha = last.as_ref()?.revision()?;
            (sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| sha.to_owned())
        });
        (
            last.map_or_else(|| self.locator.id().clone(), |it| it.id().clone()),
            commit,
        )
    }
    /// Says what the repository holds instead of a config; none if that cannot be found out.
    async fn explain(&self, errand: u64) -> Option<HubError> {
        let url = self.source.endpoint.tree_url(&self.locator);
        let wish = Wish::Whole(limits::LISTING);
        let listing = self.patiently(&url, "the listing", wish, errand).await.ok()?;
        let files = read_tree(&String::from_utf8_lossy(&listing.bytes));
        let adapter = "adapter_config.json";
        let mut base = None;
        if files.iter().any(|file| file.path == adapter) {
            let config = self.file(adapter, limits::CONFIG, errand).await.ok();
            base = config.and_then(|config| adapter_base(&String::from_utf8_lossy(&config.bytes)));
        }
        Some(explain_without_config(&self.locator, &files, base))
    }
}
