//! Servers that do not keep to what was asked, and those that mean harm.

use weighbridge::hub::loader::{LoadError, Wanted};
use weighbridge::limits;

use super::written::{Hub, Manner, SECRET, Written, config, file, ok, sharded, status, to, tree, weights};

#[test]
fn a_token_goes_to_no_other_origin() {
    let cdn = "https://cdn.example/x";
    let other = "https://huggingface.co.evil.example/a";
    for manner in [Manner::Native, Manner::Page] {
        for elsewhere in [cdn, other] {
            let mut hub = Hub::new([
                config(),
                tree(&[("model.safetensors", 0)]),
                (file("model.safetensors"), to(elsewhere)),
                (elsewhere.to_owned(), ok(weights("w", 200_000))),
            ]);
            hub.load_as("a/b", Wanted::ConfigAndHeaders, Some(SECRET), manner)
                .unwrap();
            for (url, _, token) in &hub.log {
                assert_eq!(*token, url.starts_with("https://huggingface.co/"), "{manner:?} {url}");
                assert!(!url.contains("hf_"));
            }
        }
        // Nor does it come back in words, whatever a server echoes.
        let echo = status(
            403,
            &[("x-error-message", "no hf%5FAbCdEfGhIjKlMnOpQrStUvWxYz0123456789")],
            "",
        );
        let mut hub = Hub::new([(file("config.json"), echo)]);
        let error = hub.load_as("a/b", Wanted::Config, Some(SECRET), manner).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("AbCd"), "{error}");
    }
    // From an encrypted address to one that is not, or in a circle: nowhere.
    for location in [
        "http://huggingface.co/x",
        "//evil.example/x",
        "",
        "/a/b/resolve/main/config.json",
    ] {
        let mut hub = Hub::new([(file("config.json"), to(location))]);
        assert_eq!(hub.error(Wanted::Config).code(), "unreachable", "{location}");
        assert!(hub.log.len() <= 6, "{location}");
    }
}

#[test]
fn servers_that_do_not_keep_to_what_was_asked() {
    let one = |written| {
        Hub::new([
            tree(&[("model.safetensors", 200_100)]),
            (file("model.safetensors"), written),
        ])
    };
    let body = || ok(weights("w", 200_000));
    // Whole files are left alone; a file no longer than what was asked for may come whole.
    let no_range = true;
    let mut hub = one(Written { no_range, ..body() });
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "no_parts");
    assert!(hub.bytes < 1000, "{}", hub.bytes);
    let small = weights("w", 10);
    let mut hub = one(Written {
        no_range,
        ..ok(small.clone())
    });
    assert!(hub.load("a/b", Wanted::Headers(None)).is_ok());
    // Less than was asked for, and another part.
    let mut hub = one(Written {
        short: Some(50),
        ..body()
    });
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "broken_off");
    let other = status(206, &[("content-range", "bytes 7-100/200")], "xx");
    assert_eq!(one(other).error(Wanted::Headers(None)).code(), "no_parts");
    // A part without a word of its size that ends early is the end of the file.
    let mute = status(206, &[], "\u{1}\0\0");
    let mut hub = Hub::new([tree(&[("model.safetensors", 0)]), (file("model.safetensors"), mute)]);
    assert!(
        hub.error(Wanted::Headers(None))
            .to_string()
            .contains("model.safetensors")
    );
    assert!(hub.log.len() < 5, "{:?}", hub.log);
}

#[test]
fn hostile_servers_cost_little() {
    // A header that claims nearly 2^63 bytes.
    let mut huge = (1_u64 << 62).to_le_bytes().to_vec();
    huge.extend(vec![b'{'; 200_000]);
    let mut hub = Hub::new([
        tree(&[("model.safetensors", 1 << 40)]),
        (file("model.safetensors"), ok(huge)),
    ]);
    let error = hub.error(Wanted::Headers(None));
    assert!(matches!(error, LoadError::Header { .. }), "{error}");
    assert!(
        hub.bytes < 110_000 && hub.log.len() == 2,
        "{} {}",
        hub.bytes,
        hub.log.len()
    );
    // An index that names a million shards.
    let map: String = (0..1_000_000)
        .map(|at| format!(r#""t{at}":"s{at}.safetensors","#))
        .collect();
    let index = format!(r#"{{"weight_map":{{{map}"t":"s.safetensors"}}}}"#);
    let name = "model.safetensors.index.json";
    let mut hub = Hub::new([tree(&[(name, index.len())]), (file(name), ok(index))]);
    let error = hub.error(Wanted::Headers(None));
    assert!(error.to_string().contains("more shards than any model has"), "{error}");
    assert_eq!(hub.log.len(), 2);
    // A name that claims a hundred thousand files, and an endless index and listing.
    let claims = ["m-00001-of-99999.gguf"].map(|name| (name, 1));
    assert_eq!(
        Hub::new([tree(&claims)]).error(Wanted::Headers(None)).code(),
        "header_too_many"
    );
    let endless = |body: &str| Written {
        endless: true,
        ..ok(body)
    };
    let mut hub = Hub::new([tree(&[(name, 9)]), (file(name), endless("{"))]);
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "too_large");
    assert!(hub.bytes <= limits::INDEX.and_one() + 1000);
    let mut hub = Hub::new([(tree(&[]).0, endless("["))]);
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "too_large");
    // Index and shards that do not belong together; a shard that is not there.
    let mut pages = sharded(3);
    pages.retain(|(url, _)| !url.ends_with("00001.safetensors"));
    let error = Hub::new(pages).error(Wanted::Headers(None));
    assert!(error.to_string().contains("model-00001.safetensors"), "{error}");
    let mut pages = sharded(2);
    pages[1].1 = ok(weights("layers.1.w", 200_000));
    assert!(matches!(
        Hub::new(pages).error(Wanted::Headers(None)),
        LoadError::Header { .. }
    ));
}
