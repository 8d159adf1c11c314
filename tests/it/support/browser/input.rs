//! What a user does: click, type, choose, drop, paste.

use std::path::Path;

use serde_json::{Value, json};

use super::Browser;

impl Browser {
    /// A real click in the middle of the element, which is scrolled into view; fails if something covers it.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let element = self.element(css);
        self.must("POST", &format!("/element/{element}/click"), json!({}));
    }

    /// Focuses a field and types into it with real key events; what it holds stays.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.must("POST", &format!("/element/{element}/value"), json!({ "text": text }));
    }

    /// Types text with real key events into whatever has the focus.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        self.strokes(
            text.chars()
                .flat_map(|key| [stroke("keyDown", key), stroke("keyUp", key)])
                .collect(),
        );
    }

    /// Presses keys, one after another, in whatever has the focus: `keys(&["Tab", "Shift+Tab", "Enter", "Control+a"])`.
    #[track_caller]
    pub fn keys(&self, keys: &[&str]) {
        let mut strokes = Vec::new();
        for combination in keys {
            // The last part is the key, and may be a plus itself.
            let split = combination
                .char_indices()
                .rev()
                .skip(1)
                .find(|(_, c)| *c == '+')
                .map(|(at, _)| at);
            let (held, last) = match split {
                Some(at) => (&combination[..at], &combination[at + 1..]),
                None => ("", *combination),
            };
            let held: Vec<char> = held.split('+').filter(|name| !name.is_empty()).map(key).collect();
            strokes.extend(held.iter().map(|held| stroke("keyDown", *held)));
            strokes.extend([stroke("keyDown", key(last)), stroke("keyUp", key(last))]);
            strokes.extend(held.iter().rev().map(|held| stroke("keyUp", *held)));
        }
        self.strokes(strokes);
    }

    #[track_caller]
    fn strokes(&self, actions: Vec<Value>) {
        self.must(
            "POST",
            "/actions",
            json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        );
    }

    /// Sets the value of a field, slider or select and tells the page by `input` and `change`.
    #[track_caller]
    pub fn set_input(&self, css: &str, value: &str) {
        self.element(css);
        let script = "const field = document.querySelector(arguments[0]);
            const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value');
            own.set.call(field, arguments[1]);
            if (field.value !== arguments[1]) throw new Error(`the field took ${JSON.stringify(field.value)} instead`);
            field.dispatchEvent(new Event('input', { bubbles: true }));
            field.dispatchEvent(new Event('change', { bubbles: true }));";
        self.script(script, json!([css, value]));
    }

    /// The value of a field now.
    #[track_caller]
    pub fn value(&self, css: &str) -> String {
        self.element(css);
        let value = self.script("return document.querySelector(arguments[0]).value", json!([css]));
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Chooses a file in `<input type=file>`, hidden or not.
    #[track_caller]
    pub fn upload(&self, css: &str, file: &Path) {
        let element = self.element(css);
        let file = file
            .canonicalize()
            .unwrap_or_else(|error| panic!("cannot upload {}: {error}", file.display()));
        self.must(
            "POST",
            &format!("/element/{element}/value"),
            json!({ "text": file.display().to_string() }),
        );
    }

    /// Drags a file over an element and lets go. As in a browser, `drop` comes only if the page accepts the drag by
    /// cancelling `dragover`. Says whether the page took the file (cancelled `drop`).
    #[track_caller]
    #[must_use = "false means that the page refused the file"]
    pub fn drop_file(&self, css: &str, name: &str, text: &str) -> bool {
        self.element(css);
        let script = "const place = document.querySelector(arguments[0]), dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([arguments[2]], arguments[1], { type: 'application/json' }));
            const fire = (name) => !place.dispatchEvent(
              new DragEvent(name, { bubbles: true, cancelable: true, composed: true, dataTransfer }));
            fire('dragenter');
            if (!fire('dragover')) { fire('dragleave'); return false; }
            return fire('drop');";
        self.script(script, json!([css, name, text])) == true
    }

    /// Pastes text into an element: a `paste` event and, unless the page cancels it, the insertion into a field.
    #[track_caller]
    pub fn paste(&self, css: &str, text: &str) {
        self.element(css);
        let script = "const place = document.querySelector(arguments[0]), clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', arguments[1]);
            place.focus();
            const free = place.dispatchEvent(
              new ClipboardEvent('paste', { bubbles: true, cancelable: true, composed: true, clipboardData }));
            if (free && (place.isContentEditable || place.matches('input, textarea')))
              document.execCommand('insertText', false, arguments[1]);";
        self.script(script, json!([css, text]));
    }

    /// How the focused element describes itself: `button#go "Go"`; for tests that use the keyboard only.
    #[track_caller]
    pub fn focused(&self) -> String {
        let script = "const e = document.activeElement, text = e?.getAttribute('aria-label') ?? e?.innerText ?? '';
            return e ? e.tagName.toLowerCase() + (e.id && '#' + e.id) + (text && ` \"${text.trim()}\"`) : ''";
        self.script(script, json!([])).as_str().unwrap_or_default().to_owned()
    }
}

fn stroke(kind: &str, key: char) -> Value {
    json!({ "type": kind, "value": key })
}

/// The code point WebDriver gives a named key; a single character stands for itself.
fn key(name: &str) -> char {
    match name {
        "Backspace" => '\u{E003}',
        "Tab" => '\u{E004}',
        "Enter" => '\u{E007}',
        "Shift" => '\u{E008}',
        "Control" => '\u{E009}',
        "Alt" => '\u{E00A}',
        "Escape" => '\u{E00C}',
        "Space" => ' ',
        "PageUp" => '\u{E00E}',
        "PageDown" => '\u{E00F}',
        "End" => '\u{E010}',
        "Home" => '\u{E011}',
        "ArrowLeft" => '\u{E012}',
        "ArrowUp" => '\u{E013}',
        "ArrowRight" => '\u{E014}',
        "ArrowDown" => '\u{E015}',
        "Insert" => '\u{E016}',
        "Delete" => '\u{E017}',
        "Meta" => '\u{E03D}',
        _ => {
            let mut characters = name.chars();
            match (characters.next(), characters.next()) {
                (Some(one), None) => one,
                _ => panic!("no key is called {name:?}"),
            }
        }
    }
}
