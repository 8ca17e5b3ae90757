//! Secrets: how strong each is, and that none serves two purposes.

use super::{Config, load, problem_of};
use crate::config::Requirement;
use crate::config::Setup;
use crate::testing::{OPERATOR, TOKEN};

const SIXTEEN: &str = "0123456789abcdef";
const FIFTEEN: &str = "0123456789abcde";
const SECRET: &str = "un-s3creto-de-mensajes";
/// Of 16 bytes, and of 15.
const KEY_16: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZg==";
const KEY_15: &str = "whsec_MDEyMzQ1Njc4OWFiY2Rl";

const DEVELOPMENT: (&str, &str) = ("environment", "development");

fn settings(config: &Config) -> Vec<&'static str> {
    config.problems.iter().map(|it| it.setting).collect()
}

fn warned(config: &Config) -> Vec<&'static str> {
    config.warnings.iter().map(|it| it.setting).collect()
}

#[test]
fn what_opens_something_has_sixteen_characters_or_opens_nothing() {
    for (setting, strong, weak) in [
        ("callback_token", SIXTEEN, FIFTEEN),
        (
            "callback_token",
            "0123456789abcdef fedcba9876543210",
            "0123456789abcdef x",
        ),
        ("callback_token", SIXTEEN, "a"),
        ("admin_token", SIXTEEN, FIFTEEN),
        ("admin_token", SIXTEEN, "x 0123456789abcdef"),
        ("webhook_secret", SIXTEEN, FIFTEEN),
        ("webhook_secret", "contraseña-larga", "contraseña-cort"),
        ("webhook_secret", KEY_16, KEY_15),
        ("webhook_secret", KEY_16, "whsec_AA=="),
        ("webhook_secret", KEY_16, "0123456789abcdef whsec_AA=="),
    ] {
        // The key verifies JWTs, so the callback's door has a credential in each case.
        let config = load(&[("callback_token", TOKEN), (setting, strong)]);
        assert_eq!(config.problems, [], "{setting}={strong}");
        assert!(config.warnings.is_empty(), "{setting}={strong}");

        let config = load(&[("callback_token", TOKEN), (setting, weak)]);
        assert_eq!(settings(&config), [setting], "{weak}");
        let what = &config.problems[0].what;
        assert!(what.contains("menos de 16"), "{what}");
        assert!(weak.len() < 8 || !what.contains(weak), "{what}");
        let is_shut = match setting {
            "callback_token" => config.callback.is_none(),
            "admin_token" => matches!(config.admin, Setup::Invalid),
            _ => config.messages.is_none(),
        };
        assert!(is_shut, "{setting}={weak}");

        let config = load(&[DEVELOPMENT, ("callback_token", TOKEN), (setting, weak)]);
        assert_eq!(config.problems, [], "{setting}={weak}");
        assert_eq!(warned(&config), [setting], "{setting}={weak}");
        let is_open = match setting {
            "callback_token" => config.callback.is_some(),
            "admin_token" => matches!(config.admin, Setup::Ready(_)),
            _ => config.messages.is_some(),
        };
        assert!(is_open, "{setting}={weak}");
    }
}

#[test]
fn the_weak_word_of_several_is_named_by_its_place() {
    let what = problem_of("callback_token", "0123456789abcdef corto fedcba9876543210");
    assert!(what.starts_with("palabra 2 de 3: "), "{what}");
    let what = problem_of("webhook_secret", "0123456789abcdef whsec_AA==");
    assert!(
        what.starts_with("palabra 2 de 2: lo que sigue a «whsec_»"),
        "{what}"
    );
}

#[test]
fn a_short_secret_says_what_may_have_shortened_it() {
    // What dotenvy leaves of `pa$word-9x`, where the value stands in double quotes or in none.
    let what = problem_of("callback_token", "pa-9x");
    assert!(
        what.contains("«$»") && what.contains("comillas simples"),
        "{what}"
    );
}

#[test]
fn no_value_opens_two_things() {
    // `whsec_` and this are the same bytes.
    let bytes = ("callback_token", SIXTEEN);
    for (given, wrong) in [
        (
            &[("callback_token", TOKEN), ("admin_token", TOKEN)][..],
            &["callback_token", "admin_token"][..],
        ),
        (
            &[("callback_token", TOKEN), ("webhook_secret", TOKEN)],
            &["callback_token", "webhook_secret"],
        ),
        (
            &[
                ("callback_token", TOKEN),
                ("admin_token", OPERATOR),
                ("webhook_secret", OPERATOR),
            ],
            &["webhook_secret", "admin_token"],
        ),
        (
            &[
                ("callback_token", "0123456789abcdef un-token-de-prueba"),
                ("admin_token", "otro-token-de-prueba un-token-de-prueba"),
            ],
            &["callback_token", "admin_token"],
        ),
        (
            &[
                ("callback_token", TOKEN),
                ("admin_token", TOKEN),
                ("webhook_secret", TOKEN),
            ],
            &["callback_token", "webhook_secret", "admin_token"],
        ),
        (
            &[bytes, ("webhook_secret", KEY_16)],
            &["callback_token", "webhook_secret"],
        ),
        (
            &[("callback_token", KEY_16), ("webhook_secret", KEY_16)],
            &["callback_token", "webhook_secret"],
        ),
    ] {
        let config = load(given);
        assert_eq!(settings(&config), wrong, "{given:?}");
        for problem in &config.problems {
            assert!(
                problem.what.contains("también es el valor de"),
                "{}",
                problem.what
            );
            assert!(!problem.what.contains(TOKEN));
        }
        for setting in wrong {
            let is_shut = match *setting {
                "callback_token" => config.callback.is_none(),
                "admin_token" => matches!(config.admin, Setup::Invalid),
                _ => config.messages.is_none(),
            };
            assert!(is_shut, "{setting}: {given:?}");
        }
        let config = load(&[&[DEVELOPMENT], given].concat());
        assert_eq!(config.problems, [], "{given:?}");
        assert_eq!(warned(&config), wrong, "{given:?}");
        assert!(config.callback.is_some());
    }
}

#[test]
fn what_is_shown_to_another_service_opens_nothing_here() {
    let blizwork = ("blizwork_endpoint_url", "https://sam.example/blizwork");
    let oauth = [("oauth_path", "/token"), ("oauth_client_id", "id")];
    let apikey = format!(r#"{{"apikey":"{TOKEN}"}}"#);
    let bearer = format!(r#"{{"authorization":"Bearer {TOKEN}"}}"#);
    for given in [
        &[("blizwork_api_token", TOKEN), blizwork][..],
        &[&oauth[..], &[("oauth_client_secret", TOKEN)]].concat(),
        &[("data_api_headers", apikey.as_str())],
        &[("data_api_headers", bearer.as_str())],
    ] {
        let config = load(&[&[("callback_token", TOKEN)], given].concat());
        assert_eq!(settings(&config), ["callback_token"], "{given:?}");
        assert!(config.callback.is_none());
        // What is shown is not what is wrong.
        assert!(config.data_api.is_some());
        let other = load(&[&[("callback_token", SIXTEEN)], given].concat());
        assert_eq!(other.problems, [], "{given:?}");
    }
    // None of these lets anybody in here.
    let same = format!(r#"{{"apikey":"{SECRET}"}}"#);
    let config = load(&[
        ("callback_token", TOKEN),
        ("blizwork_api_token", SECRET),
        blizwork,
        ("data_api_headers", &same),
    ]);
    assert_eq!(config.problems, []);
}

#[test]
fn a_value_twice_in_one_setting_serves_one_purpose() {
    let config = load(&[("callback_token", "un-token-de-prueba un-token-de-prueba")]);
    assert_eq!(config.problems, []);
    assert_eq!(
        config.callback.expect("it can open").requirement,
        Requirement::Any
    );
}

#[test]
fn the_operators_door_is_there_and_shut_while_its_token_is_wrong() {
    assert!(!load(&[("callback_token", TOKEN)]).admin.is_set());
    for wrong in [("admin_token", "corto"), ("admin_token", "ñ")] {
        let config = load(&[("callback_token", TOKEN), wrong]);
        assert!(matches!(config.admin, Setup::Invalid));
        assert!(
            config.callback.is_some(),
            "what is wrong with one shuts no other"
        );
    }
    let config = load(&[("admin_token", OPERATOR), ("trusted_proxies", "x")]);
    assert!(matches!(config.admin, Setup::Invalid));
    // Operators read there what is wrong with it.
    let config = load(&[("admin_token", OPERATOR), ("data_api", "x")]);
    assert!(matches!(config.admin, Setup::Ready(_)));
}

const MAILBOX: (&str, &str) = ("data_api", "mailbox");
const ORIGIN: (&str, &str) = ("collect_origin", "https://edge.example");

#[test]
fn a_mailbox_needs_a_token_that_is_strong_and_its_own() {
    let load = |more: &[(&str, &str)]| load(&[&[("callback_token", TOKEN)], more].concat());
    let config = load(&[MAILBOX, ("mailbox_token", SIXTEEN)]);
    assert_eq!(config.problems, []);
    assert!(matches!(config.mailbox, Setup::Ready(_)));
    for wrong in ["", FIFTEEN, TOKEN] {
        let config = load(&[MAILBOX, ("mailbox_token", wrong)]);
        assert!(settings(&config).contains(&"mailbox_token"), "{wrong}");
        assert!(matches!(config.mailbox, Setup::Invalid), "{wrong}");
    }
    let config = load(&[MAILBOX]);
    assert!(config.callback.is_some(), "what comes is kept all the same");
    let config = load(&[("mailbox_token", SIXTEEN)]);
    assert_eq!(
        (&*config.problems, &*warned(&config)),
        (&[][..], &["mailbox_token"][..])
    );
    assert!(!config.mailbox.is_set());
}

#[test]
fn collecting_takes_an_origin_and_one_token() {
    let load = |more: &[(&str, &str)]| load(&[&[("callback_token", TOKEN)], more].concat());
    assert!(!load(&[]).collect.is_set());
    let config = load(&[ORIGIN, ("collect_token", SIXTEEN)]);
    assert_eq!(config.problems, []);
    let collect = config.collect.ready().expect("all is there");
    assert_eq!(collect.url, "https://edge.example/mailbox");
    assert_eq!(collect.token.expose(), SIXTEEN);
    assert!(!format!("{collect:?}").contains(SIXTEEN));
    for (given, wrong) in [
        (&[ORIGIN][..], "collect_token"),
        (&[("collect_token", SIXTEEN)], "collect_origin"),
        (&[ORIGIN, ("collect_token", FIFTEEN)], "collect_token"),
        (
            &[
                ORIGIN,
                ("collect_token", "0123456789abcdef fedcba9876543210"),
            ],
            "collect_token",
        ),
        (&[ORIGIN, ("collect_token", TOKEN)], "collect_token"),
        (
            &[
                ("collect_origin", "edge.example"),
                ("collect_token", SIXTEEN),
            ],
            "collect_origin",
        ),
        (
            &[
                ORIGIN,
                ("collect_token", SIXTEEN),
                ("collect_path", "mailbox"),
            ],
            "collect_path",
        ),
    ] {
        let config = load(given);
        assert!(settings(&config).contains(&wrong), "{given:?}");
        assert!(matches!(config.collect, Setup::Invalid), "{given:?}");
    }
}

#[test]
fn a_token_that_others_can_read_on_its_way_is_warned_of() {
    for (origin, is_warned) in [
        ("http://edge.example", true),
        ("http://localhost.example", true),
        ("http://localhost", false),
        ("http://127.0.0.1:3000", false),
        ("https://edge.example", false),
    ] {
        let config = load(&[
            ("callback_token", TOKEN),
            ("collect_origin", origin),
            ("collect_token", SIXTEEN),
        ]);
        assert_eq!(warned(&config) == ["collect_origin"], is_warned, "{origin}");
    }
}
