//! What `/openapi.json` has under which settings.

use std::collections::BTreeSet;

use futures_executor::block_on;
use serde_json::Value as Json;

use crate::config::Config;
use crate::interface::Interface;
use crate::testing::{FakeHost, OPERATOR, TOKEN};

const BLIZWORK: [(&str, &str); 2] = [
    ("blizwork_api_token", "t"),
    ("blizwork_endpoint_url", "https://sam.example/blizwork"),
];

fn described(settings: &[(&str, &str)], to_operator: bool) -> Json {
    let config = block_on(Config::load(&FakeHost::with(settings)));
    let interface = Interface::default();
    // The other audience has a document of its own.
    let _ = interface.document(&config, !to_operator);
    let [first, again] = [(), ()].map(|()| {
        let reply = interface.document(&config, to_operator);
        reply.into_response("r-1").body
    });
    assert!(first == again);
    serde_json::from_slice(&first).expect("JSON")
}

fn paths(document: &Json) -> Vec<&str> {
    let paths = document["paths"].as_object().expect("an object");
    paths.keys().map(String::as_str).collect()
}

const ALWAYS: [&str; 6] = [
    "/docs",
    "/docs/{file}",
    "/health",
    "/health/ready",
    "/openapi.json",
    "/webhook/health",
];

#[test]
fn only_endpoints_that_exist_are_described() {
    let callback = &["/api/callback", "/api/callback/{deploymentId}"][..];
    let admin = &[
        "/admin/outbox",
        "/admin/outbox/drain",
        "/admin/outbox/requeue",
        "/admin/outbox/stats",
        "/admin/outbox/{id}",
        "/admin/outbox/{id}/requeue",
        "/admin/outbox/{id}/retry",
        "/admin/overdue",
        "/admin/overview",
        "/admin/refusals",
        "/admin/trace/{deploymentId}",
        "/metrics",
        "/panel",
        "/panel/{file}",
    ];
    let two = "/cb /otra/mas";
    let both = [
        "/cb",
        "/cb/{deploymentId}",
        "/otra/mas",
        "/otra/mas/{deploymentId}",
    ];
    for (settings, own) in [
        (&[][..], callback),
        (&[("data_api", "dab")], &callback[..1]),
        (&[("admin_token", OPERATOR)], &[admin, callback].concat()),
        (&[("callback_endpoint_path", two)], &both),
        (&[("callback_endpoint_path", "?")], &[]),
        (
            &[
                ("webhook_secret", "s3creto-de-mensajes"),
                ("callback_endpoint_path", "?"),
            ],
            &["/webhook/receive"],
        ),
    ] {
        let document = described(settings, true);
        let mut expected = [&ALWAYS, own].concat();
        expected.sort_unstable();
        assert_eq!(paths(&document), expected, "{settings:?}");
    }
}

#[test]
fn paths_are_below_the_root_path() {
    assert_eq!(described(&[], false)["servers"][0]["url"], "/");
    let below = described(&[("root_path", "/sam")], false);
    assert_eq!(below["servers"][0]["url"], "/sam");
    assert!(paths(&below).contains(&"/api/callback"));
}

#[test]
fn only_operators_learn_of_blizwork() {
    let settings = [&BLIZWORK[..], &[("admin_token", OPERATOR)]].concat();
    let to_others = described(&settings, false).to_string();
    assert!(
        !to_others.to_lowercase().contains("blizwork"),
        "{to_others}"
    );
    assert_eq!(described(&settings[2..], false).to_string(), to_others);

    let to_operators = described(&settings, true);
    assert!(paths(&to_operators).contains(&"/blizwork"));
    let not_there = described(&settings[2..], true).to_string();
    assert!(!not_there.to_lowercase().contains("blizwork"));
}

#[test]
fn security_follows_from_the_settings() {
    let key = include_str!("../../../tests/keys/ed25519.pem");
    let token = ("callback_token", TOKEN);
    let jwt = ("jwt_public_key", key);
    for (settings, security) in [
        (
            &[token][..],
            r#"[{"callbackToken":[]},{"callbackToken2":[]}]"#,
        ),
        (
            &[token, ("callback_token_headers", "X-Uno")],
            r#"[{"callbackToken":[]}]"#,
        ),
        (&[jwt], r#"[{"jwt":[]}]"#),
        (
            &[token, jwt],
            r#"[{"callbackToken":[]},{"callbackToken2":[]},{"jwt":[]}]"#,
        ),
        (
            &[token, jwt, ("callback_auth_mode", "required")],
            r#"[{"callbackToken":[],"jwt":[]},{"callbackToken2":[],"jwt":[]}]"#,
        ),
        (
            &[token, jwt, ("callback_auth_mode", "strict")],
            r#"[{"callbackToken":[]},{"callbackToken2":[]}]"#,
        ),
        (
            &[
                ("callback_auth_mode", "none"),
                ("environment", "development"),
            ],
            "[{}]",
        ),
        // Nobody can pass; these are the alternatives that settings may allow.
        (
            &[],
            r#"[{"callbackToken":[]},{"callbackToken2":[]},{"jwt":[]}]"#,
        ),
    ] {
        let document = described(settings, false);
        for (path, method) in [
            ("/api/callback", "post"),
            ("/api/callback/{deploymentId}", "get"),
        ] {
            let own = &document["paths"][path][method]["security"];
            assert_eq!(own.to_string(), security, "{settings:?}");
        }
    }
    let document = described(
        &[token, ("callback_token_headers", "X-Uno X-Dos X-Tres")],
        false,
    );
    let schemes = &document["components"]["securitySchemes"];
    for (scheme, header) in [
        ("callbackToken", "X-Uno"),
        ("callbackToken2", "X-Dos"),
        ("callbackToken3", "X-Tres"),
    ] {
        assert_eq!(schemes[scheme]["name"], header);
    }
    let document = described(&[token, ("callback_token_headers", "X-Uno")], false);
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes.get("callbackToken2"), None);
}

#[test]
fn the_security_of_messages_follows_from_their_secrets() {
    let standard = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let hmac = r#"{"webhookHmac":[]}"#;
    let three = r#"{"webhookId":[],"webhookSignature":[],"webhookTimestamp":[]}"#;
    for (secret, security) in [
        ("s3creto-de-mensajes", format!("[{hmac}]")),
        (standard, format!("[{three}]")),
        (
            &format!("s3creto-de-mensajes {standard}"),
            format!("[{hmac},{three}]"),
        ),
    ] {
        let document = described(&[("webhook_secret", secret)], false);
        let own = &document["paths"]["/webhook/receive"]["post"]["security"];
        assert_eq!(own.to_string(), security);
    }
}

/// Collects the targets of references, and `operationId`s.
fn references<'a>(value: &'a Json, targets: &mut BTreeSet<&'a str>, ids: &mut Vec<&'a str>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("$ref", Json::String(target)) => {
                        targets.insert(target);
                    }
                    ("operationId", Json::String(id)) => ids.push(id),
                    _ => references(value, targets, ids),
                }
            }
        }
        Json::Array(values) => {
            for value in values {
                references(value, targets, ids);
            }
        }
        _ => {}
    }
}

#[test]
fn every_component_is_referred_to_and_every_reference_resolves() {
    let all = [
        &BLIZWORK[..],
        &[
            ("admin_token", OPERATOR),
            ("callback_endpoint_path", "/a /b"),
            ("webhook_secret", "s3creto-de-mensajes"),
        ],
    ]
    .concat();
    for (settings, to_operator) in [(&[][..], false), (&all, false), (&all, true)] {
        let document = described(settings, to_operator);
        let (mut targets, mut ids) = (BTreeSet::new(), Vec::new());
        references(&document, &mut targets, &mut ids);
        for target in &targets {
            let pointer = target.strip_prefix('#').expect("in the document");
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
        for kind in ["headers", "responses", "schemas"] {
            let there = document["components"][kind].as_object().expect("an object");
            assert!(!there.is_empty());
            for name in there.keys() {
                let target = format!("#/components/{kind}/{name}");
                assert!(targets.contains(target.as_str()), "{target}");
            }
        }
        let different: BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "{ids:?}");
        assert!(ids.contains(&"callback"));
    }
}
