//! What the Hub refuses, and what is asked again.

use weighbridge::hub::loader::{Doing, LoadError, Reply, Source, Step, Want, Wanted, model};
use weighbridge::hub::{Endpoint, HubError, Locator};
use weighbridge::limits;

use super::written::{Hub, Manner, Written, config, file, ok, status};

#[test]
fn refusals_of_every_kind() {
    let gated = |status_: u16| status(status_, &[("x-error-code", "GatedRepo")], "restricted");
    let cases: [(&str, Written, &str); 9] = [
        ("gated", gated(401), "gated_sign_in"),
        ("gated, signed in", gated(403), "gated_sign_in"),
        (
            "missing",
            status(401, &[], "Invalid username or password."),
            "not_found_or_private",
        ),
        (
            "revision",
            status(404, &[("x-error-code", "RevisionNotFound")], ""),
            "revision_not_found",
        ),
        ("a page", ok("<!DOCTYPE html><title>Log in</title>"), "not_json"),
        ("no text", ok([0xff, 0xfe, 0]), "not_json"),
        ("teapot", status(418, &[], "short"), "unexpected_answer"),
        (
            "endless",
            Written {
                endless: true,
                ..ok("{")
            },
            "too_large",
        ),
        ("no connection", Written { status: 0, ..ok("") }, "unreachable"),
    ];
    for (name, written, code) in cases {
        let mut hub = Hub::new([(file("config.json"), written)]);
        assert_eq!(hub.error(Wanted::Config).code(), code, "{name}");
        assert_eq!(hub.log.len(), 1, "{name} is asked once");
        assert!(hub.bytes <= limits::CONFIG.and_one(), "{name}");
    }
    // With and without its wait; a page never sees it, and assumes the Hub's window of five minutes.
    for (headers, wait) in [(vec![("retry-after", "17")], 17), (vec![], 300)] {
        let limited = status(429, &headers, "<h1>429</h1>");
        let mut hub = Hub::new([(file("config.json"), limited)]);
        let wait_seconds = wait;
        let token_sent = false;
        let error = HubError::RateLimited {
            wait_seconds,
            token_sent,
        };
        assert_eq!(hub.error(Wanted::Config), LoadError::Hub(error));
        assert_eq!((hub.log.len(), hub.waits.len()), (1, 0));
    }
}

#[test]
fn what_passes_is_asked_again() {
    let down = || (file("config.json"), status(503, &[], "busy"));
    let mut hub = Hub::new([down(), down(), config()]);
    assert!(hub.load("a/b", Wanted::Config).is_ok());
    assert_eq!(hub.waits, [1, 2]);
    let mut hub = Hub::new([down()]);
    assert_eq!(hub.error(Wanted::Config).code(), "server_error");
    assert_eq!((hub.log.len(), hub.waits), (4, vec![1, 2, 4]));
    // Without time left it is not asked again; and meanwhile it is said what goes on.
    let source = Source {
        endpoint: Endpoint::default(),
        token: None,
    };
    let mut exchange = model(source, Locator::parse("a/b").unwrap(), Wanted::Config);
    let mut hub = Hub::new([down()]);
    let Step::Wants(wants) = exchange.step() else {
        panic!("not over")
    };
    let (ticket, Want::Get(get)) = &wants[0] else {
        panic!("an address first")
    };
    exchange.reply(*ticket, Reply::Got(hub.answer(get, Manner::Native)));
    let Step::Wants(wants) = exchange.step() else {
        panic!("not over")
    };
    let (ticket, Want::Wait { seconds: 1 }) = &wants[0] else {
        panic!("a wait then")
    };
    let (status, retry, of) = (503, 1, 3);
    assert_eq!(exchange.doing(), Doing::Again { status, retry, of });
    exchange.reply(*ticket, Reply::Waited(false));
    assert!(matches!(
        exchange.step(),
        Step::Done(Err(LoadError::Hub(HubError::Server { status: 503, .. })))
    ));
    // Once over, it stays over.
    assert!(matches!(exchange.step(), Step::Wants(none) if none.is_empty()));
}
