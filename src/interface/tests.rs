//! What is described under which settings, and how the page goes out.

use std::collections::BTreeSet;

use futures_executor::block_on;
use serde_json::Value as Json;

use super::*;
use crate::testing::{FakeHost, OPERATOR, TOKEN, header_map};

const BLIZWORK: [(&str, &str); 2] = [
    ("blizwork_api_token", "t"),
    ("blizwork_endpoint_url", "https://sam.example/blizwork"),
];

fn described(settings: &[(&str, &str)], to_operator: bool) -> Json {
    let config = block_on(Config::load(&FakeHost::with(settings)));
    let interface = Interface::default();
    // Another one's is kept for another.
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
fn what_is_not_there_is_not_described() {
    let callback = &["/api/callback", "/api/callback/{deploymentId}"][..];
    let admin = &[
        "/admin/outbox",
        "/admin/outbox/drain",
        "/admin/outbox/requeue",
        "/admin/outbox/stats",
        "/admin/outbox/{id}",
        "/admin/outbox/{id}/requeue",
        "/admin/outbox/{id}/retry",
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
fn nobody_but_an_operator_learns_of_a_hook() {
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
fn the_doors_are_those_of_the_settings() {
    let key = include_str!("../../tests/keys/ed25519.pem");
    let token = ("callback_token", TOKEN);
    let jwt = ("jwt_public_key", key);
    for (settings, doors) in [
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
        // It does not open; this is what there could be.
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
            assert_eq!(own.to_string(), doors, "{settings:?}");
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
fn the_doors_of_messages_are_those_of_their_secrets() {
    let standard = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let hmac = r#"{"webhookHmac":[]}"#;
    let three = r#"{"webhookId":[],"webhookSignature":[],"webhookTimestamp":[]}"#;
    for (secret, doors) in [
        ("s3creto-de-mensajes", format!("[{hmac}]")),
        (standard, format!("[{three}]")),
        (
            &format!("s3creto-de-mensajes {standard}"),
            format!("[{hmac},{three}]"),
        ),
    ] {
        let document = described(&[("webhook_secret", secret)], false);
        let own = &document["paths"]["/webhook/receive"]["post"]["security"];
        assert_eq!(own.to_string(), doors);
    }
}

/// Names and places that something refers to, and operations' names.
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
fn whatever_is_referred_to_is_there_and_nothing_else() {
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

/// A file as the build makes it smaller. Nothing in it may go over several lines with meaning.
fn bare(source: &str) -> String {
    let open = source
        .lines()
        .find(|line| line.matches('`').count() % 2 == 1);
    assert_eq!(open, None, "a text over several lines");
    let lines = source.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn sent(path: &str, accepted: &[&str]) -> (Headers, Vec<u8>) {
    let headers: Vec<_> = accepted
        .iter()
        .map(|value| ("accept-encoding", value.as_bytes()))
        .collect();
    let reply = file(path).expect("a file").reply(&header_map(&headers));
    let response = reply.into_response("r-1");
    (response.headers, response.body)
}

#[test]
fn a_file_goes_out_compressed_to_whoever_takes_that() {
    for (path, content_type, source) in [
        (
            "/docs",
            "text/html; charset=utf-8",
            include_str!("docs.html"),
        ),
        (
            "/docs/docs.css",
            "text/css; charset=utf-8",
            include_str!("docs.css"),
        ),
        (
            "/docs/docs.js",
            "text/javascript; charset=utf-8",
            include_str!("docs.js"),
        ),
    ] {
        for (accepted, is_compressed) in [
            (&["gzip, deflate, br, zstd"][..], true),
            (&["gzip", "Deflate;q=0.5"], true),
            (&["deflate; q=0"], false),
            (&["deflated, gzip"], false),
            (&["*"], false),
            (&[], false),
        ] {
            let (headers, body) = sent(path, accepted);
            let coding = headers.first("content-encoding");
            assert_eq!(coding.is_some(), is_compressed, "{path} {accepted:?}");
            let body = match is_compressed {
                true => inflated(&body),
                false => body,
            };
            let body = str::from_utf8(&body).expect("text");
            assert_eq!(body, bare(source), "{path}");
            assert_eq!(headers.first("content-type"), Some(content_type.as_bytes()));
            assert_eq!(headers.first("vary"), Some(&b"accept-encoding"[..]));
            let policy = headers.first("content-security-policy").expect("one");
            let policy = str::from_utf8(policy).expect("text");
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }
}

#[test]
fn the_page_loads_only_what_is_there() {
    let page = include_str!("docs.html");
    let loaded = page.split(['"']).filter(|word| word.starts_with("docs/"));
    let loaded: Vec<_> = loaded.collect();
    assert_eq!(loaded.len(), FILES.len() - 1);
    for name in loaded {
        assert!(file(&format!("/{name}")).is_some(), "{name}");
    }
    for outside in ["http://", "https://", "//", "style=", "onclick"] {
        let found =
            page.contains(&format!("\"{outside}")) || page.contains(&format!(" {outside}\""));
        assert!(!found, "{outside}");
    }
}
