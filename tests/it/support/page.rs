//! The built page, open in a browser, with or without a local Hub as its endpoint.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::browser::Browser;
use super::hub::Hub;
use super::server::Server;

/// How long the page may take over anything. A test waits this long only when it fails.
pub const SOON: Duration = Duration::from_secs(20);

/// All parts of the program are there.
pub const WHOLE: &str = "document.documentElement.dataset.parts === 'here'";

/// The program has taken over from the shell and shows a model.
pub const MOUNTED: &str = "document.querySelector('#app') && !document.querySelector('#app').ariaBusy && document.querySelector('#app .model-name')";

/// Opens an address of the page and waits until it can be used.
#[track_caller]
pub fn open(browser: &Browser, address: &str) {
    browser.goto(address);
    browser.wait_for(MOUNTED, SOON);
    browser.wait_for(WHOLE, SOON);
}

/// A copy of the built page without some of its files, by their names.
pub fn copy_without(name: &str, left_out: impl Fn(&str) -> bool) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&to);
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let file = entry.file_name().into_string().unwrap();
        if entry.path().is_file() && !left_out(&file) {
            std::fs::copy(entry.path(), to.join(file)).unwrap();
        }
    }
    to
}

/// Makes a local Hub the page's endpoint. Settings belong to an origin, so something of it is opened first: an icon,
/// lest the page start before they are made.
pub fn use_hub(browser: &Browser, server: &Server, hub: &Hub) {
    browser.goto(&server.at("icons/icon.svg"));
    browser.script("localStorage.setItem('endpoint', arguments[0])", json!([hub.url()]));
    browser.forget_console();
}

/// A browser with the page at this query, and this Hub as its endpoint. Whether there is a model is not waited for:
/// the Hub may have none.
#[track_caller]
pub fn start(hub: &Hub, query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    use_hub(&browser, &server, hub);
    browser.goto(&server.at(query));
    browser.wait_for("!document.querySelector('#app').ariaBusy", SOON);
    browser.wait_for(WHOLE, SOON);
    (browser, server)
}

/// The page with all it stands on.
pub struct Page {
    pub browser: Browser,
    pub server: Server,
    pub hub: Hub,
}

impl Page {
    /// As [`start`].
    #[track_caller]
    pub fn open(hub: Hub, query: &str) -> Self {
        let (browser, server) = start(&hub, query);
        Self { browser, server, hub }
    }

    /// Enters something into the field at the top.
    pub fn find(&self, text: &str) {
        // Its part takes the place of a field that waits for it.
        self.browser.wait_for(WHOLE, SOON);
        self.browser.click("#find");
        self.browser.keys(&["Control+a", "Delete"]);
        self.browser.type_into("#find", text);
        self.browser.keys(&["Enter"]);
    }

    /// The name of the model in hand.
    pub fn name(&self) -> String {
        self.browser.text(".model-name")
    }

    #[track_caller]
    pub fn wait_for_name(&self, name: &str) {
        let name = json!(name);
        self.browser.wait_for(
            &format!("document.querySelector('.model-name')?.innerText === {name}"),
            SOON,
        );
    }

    /// Waits until an element says these words, and gives all that it says then.
    #[track_caller]
    pub fn told(&self, css: &str, words: &str) -> String {
        let (css, words) = (json!(css), json!(words));
        // Text and test in one step: what is drawn anew in between would be an element that is gone.
        let text = self.browser.wait_for(
            &format!("((text) => text?.includes({words}) && text)(document.querySelector({css})?.innerText)"),
            SOON,
        );
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks the button with these words, wherever it is scrolled to.
    #[track_caller]
    pub fn press(&self, css: &str, words: &str) {
        let script =
            "[...document.querySelectorAll(arguments[0])].find((one) => one.innerText === arguments[1]).click()";
        self.browser.script(script, json!([css, words]));
    }
}
