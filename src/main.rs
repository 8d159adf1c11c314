//! The page: mounts the app where the shell of `index.html` stood.

mod app;

fn main() {
    app::start();
}
