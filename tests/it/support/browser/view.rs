//! What surrounds the page: the screen, the user's preferences, the network, downloads, and pictures of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Browser;

/// The preferences set so far; DevTools takes them all at once.
#[derive(Debug, Default)]
pub struct Media {
    scheme: String,
    reduced_motion: bool,
}

impl Browser {
    /// The size of the page in CSS pixels, device pixels per CSS pixel, and whether it is a phone (touch, no
    /// scrollbars of its own): `viewport(360, 800, 2.0, true)`.
    #[track_caller]
    pub fn viewport(&self, width: u32, height: u32, scale: f64, mobile: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
        self.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile }));
    }

    /// The user's colour scheme: `"dark"` or `"light"`.
    #[track_caller]
    pub fn scheme(&self, scheme: &str) {
        assert!(
            matches!(scheme, "dark" | "light"),
            "a scheme is dark or light, not {scheme}"
        );
        scheme.clone_into(&mut self.media.borrow_mut().scheme);
        self.apply_media();
    }

    /// Whether the user asks for less motion.
    #[track_caller]
    pub fn reduced_motion(&self, on: bool) {
        self.media.borrow_mut().reduced_motion = on;
        self.apply_media();
    }

    #[track_caller]
    fn apply_media(&self) {
        let media = self.media.borrow();
        let motion = if media.reduced_motion {
            "reduce"
        } else {
            "no-preference"
        };
        let mut features = vec![json!({ "name": "prefers-reduced-motion", "value": motion })];
        if !media.scheme.is_empty() {
            features.push(json!({ "name": "prefers-color-scheme", "value": media.scheme }));
        }
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// The tab that commands go to.
    #[track_caller]
    pub fn tab(&self) -> String {
        let handle = self.must("GET", "/window", Value::Null);
        handle.as_str().unwrap_or_default().to_owned()
    }

    /// Opens another tab of the same profile; commands still go to the one before.
    #[track_caller]
    pub fn open_tab(&self) -> String {
        let opened = self.must("POST", "/window/new", json!({ "type": "tab" }));
        opened["handle"].as_str().unwrap_or_default().to_owned()
    }

    /// Sends commands to a tab.
    #[track_caller]
    pub fn show_tab(&self, tab: &str) {
        self.must("POST", "/window", json!({ "handle": tab }));
    }

    /// Cuts the page off the network, or joins it again. A service worker has a network of its own:
    /// to cut that off as well, stop the server.
    #[track_caller]
    pub fn offline(&self, on: bool) {
        let open = json!({ "offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.cdp("Network.enable", json!({}));
        self.cdp("Network.emulateNetworkConditions", open);
    }

    /// Slows the processor of the page by this factor; 1 is full speed.
    #[track_caller]
    pub fn slow_processor(&self, factor: f64) {
        self.cdp("Emulation.setCPUThrottlingRate", json!({ "rate": factor }));
    }

    /// Lets the page save files into `folder` without asking.
    #[track_caller]
    pub fn downloads(&self, folder: &Path) {
        let params = json!({ "behavior": "allow", "downloadPath": folder, "eventsEnabled": true });
        self.cdp("Browser.setDownloadBehavior", params);
    }

    /// Waits for a complete file called `name` in the folder of downloads.
    #[track_caller]
    pub fn wait_for_download(&self, folder: &Path, name: &str, deadline: Duration) -> PathBuf {
        let (file, start) = (folder.join(name), Instant::now());
        // Chromium holds the name with an empty file, writes under another and renames at the end.
        let whole = || std::fs::metadata(&file).is_ok_and(|file| file.is_file() && file.len() > 0);
        while !whole() {
            if start.elapsed() > deadline {
                self.fail(&format!(
                    "no download {name} in {} after {deadline:?}",
                    folder.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        file
    }

    /// Saves what the viewport shows as a PNG.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        if let Err(error) = self.try_screenshot(path) {
            panic!("no screenshot {}: {error}", path.display());
        }
    }

    /// Saves the whole page as a PNG, beyond the viewport too.
    #[track_caller]
    pub fn screenshot_of_page(&self, path: &Path) {
        let size = "const e = document.documentElement; return { x: 0, y: 0, scale: 1, width: e.scrollWidth, height: e.scrollHeight }";
        let clip = self.script(size, json!([]));
        if let Err(error) = self.capture(
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
            path,
        ) {
            panic!("no screenshot {}: {error}", path.display());
        }
    }

    pub(super) fn try_screenshot(&self, path: &Path) -> Result<(), String> {
        self.capture(json!({ "format": "png" }), path)
    }

    fn capture(&self, params: Value, path: &Path) -> Result<(), String> {
        let command = json!({ "cmd": "Page.captureScreenshot", "params": params });
        let answer = self.session.call("POST", "/goog/cdp/execute", command)?;
        let png = STANDARD
            .decode(answer["data"].as_str().unwrap_or_default())
            .map_err(|error| error.to_string())?;
        std::fs::write(path, png).map_err(|error| error.to_string())
    }
}
