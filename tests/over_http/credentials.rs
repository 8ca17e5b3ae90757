//! Which credentials are accepted, and what a refusal gives away.

use serde_json::json;
use support::server::{Server, TOKEN};

const BODY: &[u8] = br#"{"deploymentId":"d","status":"COMPLETED"}"#;

#[test]
fn without_the_token_all_refusals_are_the_same_and_no_row_changes() {
    for mode in ["optional", "strict"] {
        let server = Server::start(&[("callback_auth_mode", mode)]);
        let longer = format!("{TOKEN}x");
        let mut bodies = Vec::new();
        for headers in [
            vec![],
            vec![("X-Authorization", "")],
            vec![("X-Authorization", "otro")],
            vec![("X-Authorization", &TOKEN[1..])],
            vec![("X-Authorization", &longer)],
            vec![("X-API-KEY", "otro")],
            vec![("X-Otra", TOKEN)],
            vec![("Authorization", TOKEN)],
            vec![("X-Authorization", TOKEN), ("X-Authorization", TOKEN)],
        ] {
            let headers = [headers, vec![("x-request-id", "same")]].concat();
            let reply = server.send("POST", "/api/callback", &headers, BODY);
            assert_eq!(
                reply.refusal(),
                (401, "invalid_credentials".to_owned()),
                "{headers:?}"
            );
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("StaticToken "), "{challenge}");
            bodies.push(reply.text);
            assert_eq!(
                server.send("GET", "/api/callback/d", &headers, b"").status,
                401
            );
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        assert_eq!(server.row("d"), None);
    }
}

#[test]
fn either_header_and_either_token_is_accepted_while_one_is_being_replaced() {
    let tokens = format!("{TOKEN} el-token-nuevo-de-prueba");
    let server = Server::start_bare(&[
        ("callback_token", &tokens),
        ("callback_token_headers", "X-Authorization X-Otra"),
    ]);
    for header in ["X-Authorization", "X-Otra", "x-otra"] {
        for token in [TOKEN, "el-token-nuevo-de-prueba"] {
            let reply = server.send("POST", "/api/callback", &[(header, token)], BODY);
            assert_eq!(reply.status, 200, "{header}: {token}");
        }
    }
    assert_eq!(
        server
            .send("POST", "/api/callback", &[("X-API-KEY", TOKEN)], BODY)
            .status,
        401
    );
}

#[test]
fn mode_none_accepts_everybody_in_development() {
    let server = Server::start_bare(&[
        ("callback_auth_mode", "none"),
        ("environment", "development"),
    ]);
    assert_eq!(server.send("POST", "/api/callback", &[], BODY).status, 200);
    assert_eq!(server.send("GET", "/api/callback/d", &[], b"").status, 200);
}

#[test]
fn a_misconfigured_endpoint_answers_503_and_only_operators_see_why() {
    for (settings, setting) in [
        (&[][..], "callback_token"),
        (&[("callback_auth_mode", "none")], "callback_auth_mode"),
        (
            &[
                ("callback_token", TOKEN),
                ("callback_auth_mode", "abierta-s3cr3t"),
            ],
            "callback_auth_mode",
        ),
        (
            &[("callback_token", TOKEN), ("data_api", "dab-s3cr3t")],
            "data_api",
        ),
        (&[("callback_token", "s3cr3t-ñ")], "callback_token"),
    ] {
        let server = Server::start_bare(settings);
        let headers = [("X-Authorization", TOKEN)];
        let reply = server.send("POST", "/api/callback", &headers, BODY);
        assert_eq!(
            reply.refusal(),
            (503, "misconfigured".to_owned()),
            "{settings:?}"
        );
        assert!(reply.header("retry-after").is_some());
        assert!(!reply.text.contains(setting), "{}", reply.text);
        assert_eq!(server.send("GET", "/health", &[], b"").status, 200);

        let ready = server.send("GET", "/health/ready", &[], b"");
        assert_eq!(ready.status, 503);
        let body = ready.json();
        assert_eq!(body["checks"]["settings"], "invalid");
        let problems = body["problems"].as_object().expect("problems");
        assert_eq!(problems.keys().collect::<Vec<_>>(), [setting]);
        let line = server.line_with("\"problems\":");
        assert_eq!(line["outcome"], json!("misconfigured"));
        assert!(
            line["problems"][0]
                .as_str()
                .expect("text")
                .starts_with(setting)
        );
        for text in [ready.text, reply.text, server.printed()] {
            assert!(!text.contains("s3cr3t") && !text.contains(TOKEN), "{text}");
        }
    }
}

#[test]
fn all_wrong_settings_are_reported_at_once() {
    let server = Server::start_bare(&[("max_body_bytes", "mucho"), ("log_level", "alto")]);
    let body = server.send("GET", "/health/ready", &[], b"").json();
    let problems = body["problems"].as_object().expect("problems");
    let settings: Vec<_> = problems.keys().collect();
    assert_eq!(settings, ["callback_token", "log_level", "max_body_bytes"]);
}
