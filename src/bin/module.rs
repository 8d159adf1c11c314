//! The JavaScript module's WebAssembly: `src/js/` for whoever calls it from there (`module/index.js`). What is refused is thrown
//! as the text of `{"error": {code, message}}`.

fn main() {}

#[cfg(target_arch = "wasm32")]
mod exports {
    use wasm_bindgen::prelude::wasm_bindgen;
    use weighbridge::ask::Failure;
    use weighbridge::js;

    fn thrown(failure: Failure) -> String {
        failure.json().to_string()
    }

    #[wasm_bindgen]
    pub fn models() -> String {
        js::list_models()
    }

    #[wasm_bindgen]
    pub fn hardware(options: &str) -> Result<String, String> {
        js::list_hardware(options).map_err(thrown)
    }

    #[wasm_bindgen]
    pub fn calculate(options: &str) -> Result<String, String> {
        js::calculate(options).map_err(thrown)
    }

    #[wasm_bindgen]
    pub fn fit(options: &str) -> Result<String, String> {
        js::fit(options).map_err(thrown)
    }

    #[wasm_bindgen]
    pub fn forget(handle: u32) {
        js::forget(handle);
    }

    #[wasm_bindgen]
    pub fn patience() -> String {
        js::patience()
    }

    #[wasm_bindgen(js_name = fetchModel)]
    pub fn fetch_model(options: &str) -> Result<Courier, String> {
        js::fetch_model(options).map(Courier).map_err(thrown)
    }

    #[wasm_bindgen(js_name = searchModels)]
    pub fn search_models(options: &str) -> Result<Courier, String> {
        js::search_models(options).map(Courier).map_err(thrown)
    }

    /// A talk with the Hub, carried out by JavaScript.
    #[wasm_bindgen]
    #[derive(Debug)]
    pub struct Courier(js::Courier);

    #[wasm_bindgen]
    impl Courier {
        pub fn step(&mut self) -> String {
            self.0.step()
        }
        pub fn head(&mut self, ticket: u32, status: u16, url: &str, headers: &str) -> f64 {
            self.0.head(ticket, status, url, headers)
        }
        pub fn body(&mut self, ticket: u32, body: Vec<u8>) {
            self.0.body(ticket, body);
        }
        pub fn failed(&mut self, ticket: u32, what: &str, reason: Option<String>, seconds: u32) {
            self.0.failed(ticket, what, reason, seconds);
        }
        pub fn waited(&mut self, ticket: u32, whole: bool) {
            self.0.waited(ticket, whole);
        }
        pub fn end(&mut self) -> Result<String, String> {
            self.0.end().map_err(thrown)
        }
    }
}
