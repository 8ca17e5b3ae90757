//! A request's whole way over fakes of the ports, as a caller and an operator would see it.

mod activity;
mod blizwork;
mod bounded;
mod cal;
mod messages;
mod overview;
mod ping;
mod same_id;
mod trace;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_executor::block_on;
use serde_json::{Value, json};

use super::*;
use crate::ports::SendError;
use crate::testing::{Answers, FakeHost, OPERATOR, Pieces, TOKEN, json as json_answer, signer};

type Whole = Pieces<()>;

const BODY: &str = r#"{"deploymentId":"d-1","status":"RUN_COMPLETED"}"#;
const PATH: &str = "/api/callback";

struct Seen {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Value,
    line: Value,
}

fn load(host: FakeHost) -> App<FakeHost> {
    block_on(App::load(host, Arc::default()))
}

fn app(settings: &[(&str, &str)]) -> App<FakeHost> {
    let token = ("callback_token", TOKEN);
    let app = load(FakeHost::with(&[&[token], settings].concat()));
    // What the tests look at is what requests leave.
    let is_of_settings = |line: &String| line.contains("\"outcome\":\"embedded\"");
    app.host
        .lines
        .borrow_mut()
        .retain(|line| !is_of_settings(line));
    app
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Whole> {
    let mut fields = Headers::default();
    for (name, value) in headers {
        fields.add(*name, *value);
    }
    Request {
        method: method.to_owned(),
        target: path.to_owned(),
        headers: fields,
        body: Whole::new([Ok(body.into())]),
    }
}

/// Headers that come once each.
fn by_name(headers: &Headers) -> BTreeMap<String, String> {
    let fields = headers.as_fields().iter();
    let fields: BTreeMap<_, _> = fields
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    assert_eq!(fields.len(), headers.as_fields().len(), "{headers:?}");
    fields
}

fn text(value: &[u8]) -> String {
    String::from_utf8(value.to_owned()).expect("text")
}

fn send(app: &App<FakeHost>, request: Request<Whole>) -> Seen {
    let (response, after) = block_on(app.respond(request));
    block_on(app.follow_up(after));
    let headers = by_name(&response.headers);
    let body = response.body;
    assert_eq!(headers["content-length"], body.len().to_string());
    assert_eq!(headers["content-type"], "application/json");
    let line = app.host.lines.borrow().last().cloned().expect("a line");
    Seen {
        status: response.status.as_u16(),
        headers,
        body: serde_json::from_slice(&body).expect("JSON"),
        line: serde_json::from_str(&line).expect("JSON"),
    }
}

fn post(app: &App<FakeHost>, token: &str, body: &str) -> Seen {
    let headers = [
        ("x-authorization", token),
        ("spin-client-addr", "10.0.0.9:1"),
        ("x-request-id", "r-1"),
    ];
    send(app, request("POST", PATH, &headers, body))
}

/// How many rows there are, beside what else is in the store.
fn rows(app: &App<FakeHost>) -> usize {
    let keys = app.host.kept();
    let is_count = |key: &&String| key.starts_with("attempts/") || key.starts_with("arrivals/");
    keys.iter().filter(|key| !is_count(key)).count()
}

#[test]
fn a_callback_changes_the_row_and_leaves_its_audit_line() {
    let app = app(&[]);
    let seen = post(&app, TOKEN, BODY);
    assert_eq!(seen.status, 200);
    assert_eq!(
        seen.body,
        json!({
            "status": "OK", "result": "updated",
            "message": "Callback procesado y estado actualizado."
        })
    );
    assert_eq!(
        seen.line,
        json!({
            "time": "2026-01-02T03:04:05.000Z", "level": "info",
            "request_id": "r-1", "client": "10.0.0.9",
            "source": "a360", "outcome": "updated", "status": 200, "deployment_id": "d-1",
            "estado": "RUN_COMPLETED", "credential": "static_token", "ms": 0.0
        })
    );

    let again = post(&app, TOKEN, BODY);
    assert_eq!(again.status, 200);
    assert_eq!(again.body["result"], "already_final");
    assert_eq!(
        again.body["message"],
        "La ejecución ya estaba en estado final."
    );
    assert_eq!(again.line["outcome"], "already_final");
}

#[test]
fn the_row_is_read_back_behind_the_same_door() {
    let app = app(&[]);
    let body = r#"{"deploymentId":"a/b ñ","status":"S"}"#;
    post(&app, TOKEN, body);
    let path = "/api/callback/a%2Fb%20%C3%B1";
    let headers = [("X-API-KEY", TOKEN)];
    let seen = send(&app, request("GET", path, &headers, ""));
    assert_eq!(seen.status, 200);
    assert_eq!(seen.body["DeploymentId"], "a/b ñ");
    assert_eq!(seen.body["CallbackInfo"], body);
    assert_eq!(seen.headers["cache-control"], "no-store");

    let shut = send(&app, request("GET", path, &[], ""));
    assert_eq!(shut.status, 401);
    assert_eq!(shut.line["deployment_id"], Value::Null);
    for missing in ["otro", "%FF", "%20", &"x".repeat(51)] {
        let path = format!("{PATH}/{missing}");
        let seen = send(&app, request("GET", &path, &headers, ""));
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (404, &json!("not_found")),
            "{missing}"
        );
    }
}

#[test]
fn a_wrong_credential_changes_nothing_and_learns_nothing() {
    let app = app(&[]);
    let wrong = post(&app, "nekot", BODY);
    let longer = post(&app, "token-and-more", BODY);
    let absent = send(
        &app,
        request("POST", PATH, &[("x-request-id", "r-1")], BODY),
    );
    for seen in [&wrong, &longer, &absent] {
        assert_eq!(seen.status, 401);
        assert_eq!(seen.body, wrong.body);
        assert_eq!(seen.headers, wrong.headers);
        assert_eq!(seen.line["outcome"], "invalid_credentials");
        assert_eq!(seen.line.get("body"), None);
    }
    assert_eq!(wrong.body["status"], "ERROR");
    assert_eq!(wrong.body["code"], "invalid_credentials");
    assert!(wrong.headers.contains_key("www-authenticate"));
    assert_eq!(wrong.line["credential"], Value::Null);
    assert_eq!(wrong.line["rejected"], "static_token: wrong value");
    assert_eq!(absent.line.get("rejected"), None);
    assert_eq!(absent.line["credential"], Value::Null);
    assert_eq!(rows(&app), 0);
}

#[test]
fn guessing_ends_and_whoever_has_the_credential_does_not_notice() {
    let app = app(&[("failed_attempts_per_minute", "3")]);
    for _ in 0..3 {
        assert_eq!(post(&app, "guess", BODY).status, 401);
    }
    for method in ["POST", "GET"] {
        let path = if method == "GET" {
            "/api/callback/d-1"
        } else {
            PATH
        };
        let headers = [
            ("x-authorization", "guess"),
            ("spin-client-addr", "10.0.0.9:2"),
        ];
        let seen = send(&app, request(method, path, &headers, BODY));
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (429, &json!("too_many_attempts"))
        );
        let wait = &seen.headers["retry-after"];
        assert!(
            (50..=60).contains(&wait.parse().expect("seconds")),
            "{wait}"
        );
        assert_eq!(seen.line["outcome"], "too_many_attempts");
        assert_eq!(seen.line["rejected"], "static_token: wrong value");
    }
    let headers = [
        ("x-authorization", "guess"),
        ("spin-client-addr", "10.0.0.8:1"),
    ];
    assert_eq!(
        send(&app, request("POST", PATH, &headers, BODY)).status,
        401
    );

    // The first request of an instance that is let in looks into the outbox.
    send(&app, request("GET", "/health", &[], ""));
    let accesses = || app.host.accesses.replace(0);
    accesses();
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    let of_one_callback = accesses();
    let fresh = self::app(&[]);
    send(&fresh, request("GET", "/health", &[], ""));
    fresh.host.accesses.set(0);
    post(&fresh, TOKEN, BODY);
    assert_eq!(of_one_callback, fresh.host.accesses.get());

    app.host.advance(Duration::from_secs(60));
    assert_eq!(post(&app, "guess", BODY).status, 401);
}

#[test]
fn settings_that_are_read_anew_give_no_new_attempts() {
    let attempts = Arc::<RateLimiters>::default();
    let limit = ("failed_attempts_per_minute", "3");
    let statuses = (0..4).map(|_| {
        let mut host = FakeHost::with(&[("callback_token", TOKEN), limit]);
        host.unreadable = Some("webhook_secret");
        let app = block_on(App::load(host, Arc::clone(&attempts)));
        post(&app, "guess", BODY).status
    });
    assert_eq!(statuses.collect::<Vec<_>>(), [401, 401, 401, 429]);
}

#[test]
fn attempts_that_cannot_be_kept_are_told_in_the_log_and_change_no_reply() {
    let mut app = app(&[]);
    app.host.store_fails = true;
    let (response, after) = block_on(app.respond(request("POST", PATH, &[], BODY)));
    assert_eq!(response.status, 401);
    block_on(app.follow_up(after));
    let lines = app.host.lines.borrow();
    assert!(lines[0].contains("the store is broken"), "{lines:?}");
    let told = |line: &String| line.contains("\"outcome\":\"attempts_not_kept\"");
    assert!(lines.iter().any(told), "{lines:?}");
}

#[test]
fn a_wrong_credential_beside_a_right_one_is_a_warning() {
    let key = signer::public_key("ed25519.pem");
    let app = app(&[("jwt_public_key", &key)]);
    let headers = [
        ("x-authorization", TOKEN),
        ("authorization", "Bearer a.b.c"),
    ];
    let seen = send(&app, request("POST", PATH, &headers, BODY));
    assert_eq!(seen.status, 200);
    assert_eq!(seen.line["level"], "warn");
    assert_eq!(seen.line["credential"], "static_token");
    assert_eq!(seen.line["rejected"], "jwt: malformed");
}

#[test]
fn where_two_credentials_are_wanted_one_is_forbidden() {
    let key = signer::public_key("ed25519.pem");
    let app = app(&[("jwt_public_key", &key), ("callback_auth_mode", "required")]);
    let seen = post(&app, TOKEN, BODY);
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (403, &json!("insufficient_credentials"))
    );
    assert_eq!(seen.headers.get("www-authenticate"), None);
    assert_eq!(seen.line["credential"], "static_token");
    assert_eq!(rows(&app), 0);

    let neither = post(&app, "guess", BODY);
    assert_eq!(neither.status, 401);
    assert_eq!(
        neither.headers["www-authenticate"],
        "StaticToken realm=\"callback\", headers=\"x-authorization x-api-key\", \
         Bearer realm=\"callback\""
    );
}

#[test]
fn a_body_refused_behind_the_door_shows_in_the_log_without_its_secrets() {
    let app = app(&[]);
    let seen = post(&app, TOKEN, r#"{"status":7,"password":"hunter2"}"#);
    assert_eq!(seen.status, 422);
    assert_eq!(seen.body["code"], "invalid_callback");
    assert_eq!(seen.body["errors"]["deploymentId"], "falta");
    assert_eq!(seen.body["errors"]["status"], "debe ser un texto");
    assert_eq!(seen.line["body"], r#"{"status":7,"password":"***"}"#);

    let seen = post(&app, TOKEN, r#"{"deploymentId":"d-7"}"#);
    assert_eq!(seen.line["deployment_id"], "d-7");

    let seen = post(&app, TOKEN, "{'status':");
    assert_eq!(seen.status, 400);
    assert_eq!(seen.body["code"], "invalid_json");
    let withheld = "[no se muestra: 10 bytes, JSON mal formado]";
    assert_eq!(seen.line["body"], withheld);

    let outside = post(&app, "wrong", "{'status':");
    assert_eq!(outside.line.get("body"), None);
}

#[test]
fn each_refusal_has_the_status_of_the_contract() {
    let app = app(&[("max_body_bytes", "100")]);
    let long = "x".repeat(101);
    let token = ("x-authorization", TOKEN);
    for (method, path, header, body, status, code) in [
        ("POST", "/nowhere", token, BODY, 404, "not_found"),
        ("GET", PATH, token, "", 405, "method_not_allowed"),
        ("PUT", PATH, token, BODY, 405, "method_not_allowed"),
        ("POST", PATH, token, long.as_str(), 413, "too_large"),
        (
            "POST",
            PATH,
            ("content-type", "text/plain"),
            BODY,
            401,
            "invalid_credentials",
        ),
        (
            "POST",
            PATH,
            ("content-encoding", "gzip"),
            BODY,
            415,
            "unsupported_encoding",
        ),
        ("POST", PATH, token, "", 400, "invalid_json"),
        ("POST", PATH, token, "[]", 422, "invalid_callback"),
    ] {
        let seen = send(&app, request(method, path, &[header], body));
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (status, &json!(code)),
            "{method} {path}"
        );
        assert_eq!(seen.body["requestId"], seen.headers["x-request-id"]);
        assert_eq!(seen.line["outcome"], code);
        let allow = seen.headers.get("allow").map(|allow| allow.as_bytes());
        assert_eq!(allow, (status == 405).then_some(&b"POST"[..]));
    }
    assert_eq!(rows(&app), 0);
}

#[test]
fn a_callback_is_taken_for_its_json_whatever_its_content_type_says() {
    let app = app(&[]);
    for (number, content_type) in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/html; charset=utf-8",
        "multipart/form-data; boundary=x",
        "cualquier cosa",
        "application/octet-stream",
    ]
    .into_iter()
    .enumerate()
    {
        let headers = [("x-authorization", TOKEN), ("content-type", content_type)];
        let send = |body: &str| send(&app, request("POST", PATH, &headers, body));
        let body = format!(r#"{{"deploymentId":"d-{number}","status":"COMPLETED"}}"#);
        assert_eq!(send(&body).body["result"], "updated", "{content_type}");
        let twice = [&headers[..], &[("content-type", "application/json")]].concat();
        let again = super::tests::send(&app, request("POST", PATH, &twice, &body));
        assert_eq!(again.body["result"], "already_final", "{content_type}");
        // JSON, only not a callback.
        for body in ["[]", "7", r#"{"status":"COMPLETED"}"#] {
            assert_eq!(send(body).status, 422, "{content_type}: {body}");
        }
        for body in [
            "",
            "deploymentId=d-1&status=COMPLETED",
            "{\"deploymentId\":",
            "--x",
        ] {
            let seen = send(body);
            let code = json!("unsupported_media_type");
            assert_eq!((seen.status, &seen.body["code"]), (415, &code), "{body}");
        }
    }
    // No content type says that it is something else.
    for headers in [
        &[("x-authorization", TOKEN)][..],
        &[("x-authorization", TOKEN), ("content-type", "")],
    ] {
        let seen = send(&app, request("POST", PATH, headers, "deploymentId=d-1"));
        assert_eq!(seen.status, 400);
    }
}

#[test]
fn a_body_in_a_content_coding_is_refused_before_it_is_read_for_json() {
    let app = app(&[("webhook_secret", "s3creto-s3creto-s3creto")]);
    for path in [PATH, "/webhook/receive"] {
        for coding in ["gzip", "br", "deflate", "identity, x-gzip"] {
            let headers = [("x-authorization", TOKEN), ("content-encoding", coding)];
            let seen = send(&app, request("POST", path, &headers, BODY));
            assert_eq!(seen.status, 415, "{path} {coding}");
            let message = seen.body["message"].as_str().expect("a text");
            assert!(message.contains("Content-Encoding"), "{message}");
            assert_eq!(seen.headers["accept-encoding"], "identity");
            assert_eq!(seen.line["outcome"], "unsupported_encoding");
        }
    }
    assert_eq!(rows(&app), 0);
    let headers = [("x-authorization", TOKEN), ("content-encoding", "identity")];
    let seen = send(&app, request("POST", PATH, &headers, BODY));
    assert_eq!(seen.status, 200);
}

#[test]
fn head_is_answered_as_get_is_without_the_body() {
    let app = app(&[("admin_token", "administrador-1234")]);
    post(&app, TOKEN, BODY);
    let known = [
        ("x-authorization", TOKEN),
        ("authorization", "Bearer administrador-1234"),
    ];
    for (path, status) in [
        ("/health", 200),
        ("/health/ready", 200),
        ("/webhook/health", 200),
        ("/openapi.json", 200),
        ("/docs", 200),
        ("/docs/docs.js", 200),
        ("/api/callback/d-1", 200),
        ("/api/callback/otro", 404),
        ("/admin/outbox/stats", 200),
        ("/admin/outbox?limit=0", 422),
        ("/nowhere", 404),
        (PATH, 405),
        ("/admin/outbox/drain", 405),
    ] {
        let answered = |method| {
            let (response, after) = block_on(app.respond(request(method, path, &known, "")));
            block_on(app.follow_up(after));
            let mut headers = by_name(&response.headers);
            headers.remove("x-request-id");
            (response.status.as_u16(), headers, response.body)
        };
        let (got, mut headers, body) = answered("GET");
        let (status_of_head, headers_of_head, nothing) = answered("HEAD");
        assert_eq!((got, status_of_head), (status, status), "{path}");
        // A request id is as long as the other.
        assert_eq!(headers["content-length"], body.len().to_string());
        if path == "/webhook/health" {
            headers.insert(
                "content-length".to_owned(),
                headers_of_head["content-length"].clone(),
            );
        }
        assert_eq!(headers_of_head, headers, "{path}");
        assert!(nothing.is_empty() && !body.is_empty(), "{path}");
    }
    let shut = block_on(app.respond(request("HEAD", "/api/callback/d-1", &[], ""))).0;
    assert_eq!(shut.status, 401);
    let unknown = block_on(app.respond(request("HEAD", "/admin/outbox", &[], ""))).0;
    assert!(unknown.status == 401 && unknown.body.is_empty());
    for (path, allowed) in [
        ("/health", "GET, HEAD"),
        ("/admin/outbox/stats", "GET, HEAD"),
        (PATH, "POST"),
    ] {
        let seen = send(&app, request("PATCH", path, &known, ""));
        assert_eq!(
            (seen.status, seen.headers["allow"].as_str()),
            (405, allowed),
            "{path}"
        );
    }
}

#[test]
fn a_state_that_sam_does_not_know_is_stored_and_the_log_warns() {
    let app = app(&[]);
    for (number, state) in ["RUN_TIMED_OUT", "FAILED_TO_DEPLOY", "terminado"]
        .iter()
        .enumerate()
    {
        let body = format!(r#"{{"deploymentId":"u-{number}","status":"{state}"}}"#);
        let seen = post(&app, TOKEN, &body);
        assert_eq!(
            (seen.status, &seen.body["result"]),
            (200, &json!("updated"))
        );
        assert_eq!(seen.line["estado"], **state);
        assert_eq!(seen.line["warning"], "unknown_state");
        assert_eq!(seen.line["level"], "warn");
    }
    for (number, state) in ["RUN_COMPLETED", "run_failed", "QUEUED"].iter().enumerate() {
        let body = format!(r#"{{"deploymentId":"k-{number}","status":"{state}"}}"#);
        let seen = post(&app, TOKEN, &body);
        assert_eq!(seen.line.get("warning"), None, "{state}");
        assert_eq!(seen.line["level"], "info", "{state}");
    }
}

#[test]
fn final_states_are_those_of_the_setting() {
    let app = app(&[("sam_final_states", "RUN_COMPLETED RUN_TIMED_OUT")]);
    let send = |state: &str| {
        let body = format!(r#"{{"deploymentId":"d","status":"{state}"}}"#);
        post(&app, TOKEN, &body)
    };
    let first = send("RUN_FAILED");
    assert_eq!(first.body["result"], "updated");
    assert_eq!(first.line["warning"], "unknown_state", "no list has it now");
    let second = send("RUN_TIMED_OUT");
    assert_eq!(second.body["result"], "updated", "RUN_FAILED is not final");
    assert_eq!(second.line.get("warning"), None);
    assert_eq!(send("RUN_COMPLETED").body["result"], "already_final");
}

#[test]
fn the_log_warns_where_nothing_reaches_sam_and_nobody_said_so() {
    let warned = |settings: &[(&'static str, &'static str)]| {
        let host = FakeHost::with(&[&[("callback_token", TOKEN)], settings].concat());
        let app = block_on(App::load(host, Arc::default()));
        let lines = app.host.lines.borrow();
        let lines: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("\"embedded\""))
            .collect();
        lines.first().map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            assert!(line["warning"].as_str().expect("a text").contains("SAM"));
            line["level"].clone()
        })
    };
    assert_eq!(warned(&[]), Some(json!("warn")));
    assert_eq!(warned(&[("log_level", "warn")]), Some(json!("warn")));
    assert_eq!(warned(&[("log_level", "error")]), None);
    assert_eq!(warned(&[("environment", "development")]), None);
    assert_eq!(warned(&[("data_api", "dab")]), None);
    assert_eq!(warned(&[("data_api", "otro")]), None);
}

#[test]
fn a_callback_may_come_to_the_root_and_others_keep_their_paths() {
    for (root_path, paths) in [("", "/"), ("", "/ /api/callback"), ("/sam", "/")] {
        let app = app(&[("callback_endpoint_path", paths), ("root_path", root_path)]);
        let headers = [("x-authorization", TOKEN)];
        let at = |method, path: &str| {
            let path = format!("{root_path}{path}");
            send(&app, request(method, &path, &headers, BODY))
        };
        assert_eq!(
            at("POST", "/").body["result"],
            "updated",
            "{root_path} {paths}"
        );
        assert_eq!(at("POST", "/?a=b").body["result"], "already_final");
        let seen = at("GET", "/");
        assert_eq!((seen.status, seen.headers["allow"].as_str()), (405, "POST"));
        for (path, status) in [
            ("/health", 200),
            ("/health/ready", 200),
            ("/webhook/health", 200),
            ("/openapi.json", 200),
            ("/d-1", 404),
            ("//d-1", 404),
            ("//", 404),
        ] {
            assert_eq!(at("GET", path).status, status, "{root_path} {paths} {path}");
        }
        assert_eq!(at("POST", "/webhook/receive").status, 503);
        assert_eq!(at("POST", "/nowhere").status, 404);
        if !root_path.is_empty() {
            assert_eq!(at("POST", "").body["result"], "already_final");
            let outside = send(&app, request("POST", "/", &headers, BODY));
            assert_eq!(outside.status, 404);
        }
    }
}

#[test]
fn the_callers_request_id_is_kept() {
    let app = app(&[]);
    let seen = send(
        &app,
        request("GET", "/health", &[("x-request-id", "abc-1")], ""),
    );
    assert_eq!(seen.headers["x-request-id"], "abc-1");
    assert_eq!(seen.line["request_id"], "abc-1");
}

#[test]
fn health_is_well_whatever_the_settings() {
    for app in [
        app(&[]),
        app(&[("callback_auth_mode", "?")]),
        app(&[("root_path", "?")]),
    ] {
        let seen = send(&app, request("GET", "/health", &[], ""));
        assert_eq!(seen.status, 200);
        assert_eq!(
            seen.body,
            json!({"status": "ok", "message": "Servicio de Callback activo y saludable."})
        );
    }
}

#[test]
fn misconfiguration_shuts_the_door_and_only_log_and_readiness_say_why() {
    let secret = "s3cr3t ñ";
    let app = app(&[("callback_token", secret), ("data_api", "sqlserver")]);
    let first = app.host.lines.borrow()[0].clone();
    assert!(
        first.contains("callback_token: ") && first.contains("data_api: "),
        "{first}"
    );

    let seen = post(&app, TOKEN, BODY);
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("misconfigured"))
    );
    assert_eq!(seen.headers["retry-after"], "30");
    assert!(!seen.body.to_string().contains("callback_token"));
    assert_eq!(
        send(&app, request("GET", "/api/callback/x", &[], "")).status,
        503
    );

    let ready = send(&app, request("GET", "/health/ready", &[], ""));
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.body["checks"],
        json!({"settings": "invalid", "data_api": "unknown"})
    );
    let problems = ready.body["problems"].as_object().expect("problems");
    assert_eq!(
        problems.keys().collect::<Vec<_>>(),
        ["callback_token", "data_api"]
    );
    for text in [first, ready.body.to_string(), seen.body.to_string()] {
        assert!(
            !text.contains("s3cr3t") && !text.contains("sqlserver"),
            "{text}"
        );
    }
}

#[test]
fn ready_asks_the_data_api() {
    let mut app = app(&[]);
    let seen = send(&app, request("GET", "/health/ready", &[], ""));
    assert_eq!(seen.status, 200);
    let checks = json!({"settings": "ok", "data_api": "embedded"});
    let version = env!("CARGO_PKG_VERSION");
    let ready = json!({"status": "ready", "version": version, "checks": checks});
    assert_eq!(seen.body, ready);
    app.host.store_fails = true;
    let ready = |app| send(app, request("GET", "/health/ready", &[], "")).status;
    assert_eq!(ready(&app), 200, "asked within five seconds");
    app.host.advance(Duration::from_secs(5));
    let seen = send(&app, request("GET", "/health/ready", &[], ""));
    assert_eq!(seen.status, 503);
    assert_eq!(
        seen.body["checks"],
        json!({"settings": "ok", "data_api": "failing"})
    );
    let accesses = app.host.accesses.get();
    assert_eq!(ready(&app), 503);
    assert_eq!(app.host.accesses.get(), accesses);
}

#[test]
fn a_server_is_asked_whether_it_is_there_once_in_five_seconds() {
    let app = app(&[("data_api", "dab")]);
    let ready = || send(&app, request("GET", "/health/ready", &[], "")).status;
    let healthy = r#"{"status":"Healthy","version":"2.0.9","app-name":"dab"}"#;
    app.host
        .will([json_answer(200, healthy), json_answer(503, "")]);
    assert_eq!([ready(), ready(), ready()], [200; 3]);
    app.host.advance(Duration::from_millis(4_999));
    assert_eq!(ready(), 200);
    assert_eq!(app.host.take_sent().len(), 1);
    app.host.advance(Duration::from_millis(1));
    assert_eq!([ready(), ready()], [503; 2]);
    assert_eq!(app.host.take_sent().len(), 1);
}

#[test]
fn nothing_is_acknowledged_that_the_store_did_not_take() {
    let mut app = app(&[]);
    app.host.store_fails = true;
    let seen = post(&app, TOKEN, BODY);
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("unavailable"))
    );
    assert_eq!(seen.headers["retry-after"], "30");
    assert!(
        seen.line["failure"]
            .as_str()
            .expect("said")
            .contains("the store is broken")
    );
    assert!(!seen.body.to_string().contains("broken"));
}

#[test]
fn a_callback_goes_to_the_data_api_that_is_chosen() {
    let app = app(&[("data_api", "dab")]);
    let answered = |status, word| {
        let body = format!(r#"{{"value":[{{"Resultado":"{word}"}}]}}"#);
        app.host.will([json_answer(status, &body)]);
        post(&app, TOKEN, BODY)
    };
    let seen = answered(201, "UPDATED");
    assert_eq!(
        (seen.status, &seen.body["result"]),
        (200, &json!("updated"))
    );
    assert_eq!(seen.line.get("failure"), None);

    let seen = answered(201, "ALREADY_PROCESSED");
    assert_eq!(
        (seen.status, &seen.body["result"]),
        (200, &json!("already_final"))
    );

    let seen = answered(201, "ALREADY_PROCESSED");
    assert_eq!(seen.line["outcome"], "already_final");
    assert_eq!(app.host.stored("0-outbox/"), [""; 0]);
}

#[test]
fn what_the_data_api_does_not_take_is_kept_and_acknowledged_as_such() {
    for (status, body, failure, level, dead) in [
        (
            500,
            "{}",
            "data API: status 500 Internal Server Error, no error code",
            "warn",
            false,
        ),
        (
            400,
            r#"{"error":{"code":"BadRequest"}}"#,
            "data API: status 400 Bad Request, code BadRequest",
            "error",
            true,
        ),
    ] {
        let app = app(&[("data_api", "dab"), ("admin_token", OPERATOR)]);
        // What a look into the outbox leads to later is not due yet.
        app.host.will([json_answer(status, body)]);
        let seen = post(&app, TOKEN, BODY);
        assert_eq!(seen.status, 202);
        let queued = json!({
            "status": "OK", "result": "queued",
            "message": "Callback recibido; el estado se actualizará en cuanto sea posible."
        });
        assert_eq!(seen.body, queued);
        assert_eq!(seen.line["outcome"], "queued");
        assert_eq!(seen.line["failure"], failure);
        assert_eq!(seen.line["level"], level);
        let prefix = if dead { "0-outbox/d/" } else { "0-outbox/a/" };
        let stored = app.host.stored("0-outbox/");
        assert_eq!(stored.len(), 1);
        let entry = seen.line["entry"].as_str().expect("an entry");
        assert!(stored[0].starts_with(prefix) && stored[0].contains(entry));
    }
}

#[test]
fn a_row_that_is_not_there_yet_is_followed_for_some_seconds() {
    let answer = |word: &str| {
        let body = format!(r#"{{"value":[{{"Resultado":"{word}"}}]}}"#);
        json_answer(201, &body)
    };
    let app = app(&[("data_api", "dab")]);
    let began = app.host.monotonic();
    let missing = || answer("NOT_FOUND");
    app.host
        .will([missing(), missing(), missing(), answer("UPDATED")]);
    let headers = [("x-authorization", TOKEN)];
    let (response, after) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
    assert_eq!(response.status, 202);
    assert_eq!(app.host.monotonic(), began, "the caller does not wait");
    block_on(app.follow_up(after));
    assert_eq!(app.host.stored("0-outbox/"), [""; 0]);
    let lines = app.host.lines.borrow();
    let last: Value = serde_json::from_str(lines.last().expect("a line")).expect("JSON");
    assert_eq!(last["outcome"], "updated");
    assert_eq!(last["deployment_id"], "d-1");
    let waited = app.host.monotonic() - began;
    assert!((6..=11).contains(&waited.as_secs()), "{waited:?}");
    drop(lines);

    app.host.will([missing(), missing(), missing(), missing()]);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    assert_eq!(
        app.host.stored("0-outbox/a/").len(),
        1,
        "somebody else's now"
    );
}

#[test]
fn what_is_not_kept_is_not_acknowledged() {
    let mut app = app(&[("data_api", "dab")]);
    app.host.store_fails = true;
    for (answer, code) in [
        (json_answer(500, ""), "unavailable"),
        (
            json_answer(201, r#"{"value":[{"Resultado":"NOT_FOUND"}]}"#),
            "no_row_yet",
        ),
    ] {
        app.host.will([answer]);
        let headers = [("x-authorization", TOKEN)];
        let (response, _) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
        assert_eq!(response.status, 503);
        assert_eq!(response.headers.first("retry-after"), Some(&b"30"[..]));
        let body: Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!(body["code"], code);
    }
}

#[test]
fn a_row_that_is_not_found_where_the_table_may_not_be_either_is_told_as_such() {
    let app = app(&[("data_api", "dab"), ("sam_write", "table")]);
    let error = r#"{"error":{"code":"EntityNotFound","message":"…","status":404}}"#;
    app.host.will([(); 4].map(|()| json_answer(404, error)));
    let headers = [("x-authorization", TOKEN)];
    let (response, after) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
    assert_eq!(response.status, 202);
    let line = after.line.as_ref().expect("one").text(&app.masking);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let failure = "data API: status 404 Not Found, code EntityNotFound";
    assert_eq!(line["failure"], failure);
}

#[test]
fn what_went_well_at_the_second_attempt_is_a_warning() {
    let app = app(&[("data_api", "postgrest")]);
    let updated = json_answer(200, r#"[{"Resultado":"UPDATED"}]"#);
    app.host.will([Answers::Fails(SendError::Refused), updated]);
    let seen = post(&app, TOKEN, BODY);
    assert_eq!(seen.status, 200);
    assert_eq!(seen.line["level"], "warn");
    assert_eq!(seen.line["retried"], "connection refused");
}

#[test]
fn a_deployment_that_the_data_api_cannot_name_is_refused_as_what_it_is() {
    let app = app(&[("data_api", "dab"), ("sam_write", "table")]);
    let seen = post(&app, TOKEN, r#"{"deploymentId":"../x","status":"S"}"#);
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (422, &json!("invalid_callback"))
    );
    assert!(seen.body["errors"]["deploymentId"].is_string());
    assert_eq!(seen.line["deployment_id"], "../x");
}

#[test]
fn a_row_that_is_none_is_an_internal_error_with_nothing_inside_but_the_request_id() {
    let app = app(&[]);
    post(&app, TOKEN, r#"{"deploymentId":"d-1","status":"RUNNING"}"#);
    for value in app.host.store.borrow_mut().values_mut() {
        value.clear();
    }
    let seen = post(&app, TOKEN, BODY);
    assert_eq!(seen.status, 500);
    let id = &seen.headers["x-request-id"];
    assert_eq!(seen.body, json!({ "requestId": id }));
}

/// What `/openapi.json` says of the hook that is hidden, with this `Authorization`.
fn shown_of_hook(app: &App<FakeHost>, authorization: &str) -> Result<bool, u16> {
    let headers = match authorization {
        "" => &[][..],
        value => &[("authorization", value)],
    };
    let seen = send(app, request("GET", "/openapi.json", headers, ""));
    match seen.status {
        200 => {
            assert_eq!(seen.headers["cache-control"], "no-store");
            assert_eq!(seen.line["outcome"], "documented");
            Ok(seen.body["paths"].get("/blizwork").is_some())
        }
        status => {
            assert_eq!(seen.body["code"], "invalid_credentials");
            Err(status)
        }
    }
}

#[test]
fn only_who_shows_the_operators_token_is_shown_all_there_is() {
    let hook = [
        ("blizwork_api_token", "t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ];
    let guarded = app(&[&hook[..], &[("admin_token", OPERATOR)]].concat());
    assert_eq!(shown_of_hook(&guarded, ""), Ok(false));
    assert_eq!(
        shown_of_hook(&guarded, "Bearer un-token-de-operador"),
        Ok(true)
    );
    assert_eq!(
        shown_of_hook(&guarded, "bearer un-token-de-operador"),
        Ok(true)
    );
    assert_eq!(shown_of_hook(&guarded, "Bearer b"), Err(401));
    // What a proxy in front has asked for, which passes it on.
    assert_eq!(shown_of_hook(&guarded, "Basic YTpi"), Ok(false));
    let line = guarded.host.lines.borrow()[2].clone();
    assert!(line.contains(r#""source":"admin""#), "{line}");
    let unguarded = app(&hook);
    for authorization in ["", "Bearer un-token-de-operador", "Bearer "] {
        assert_eq!(shown_of_hook(&unguarded, authorization), Ok(false));
    }
}

fn operate(app: &App<FakeHost>, method: &str, path: &str) -> Seen {
    let headers = [("authorization", "Bearer un-token-de-operador")];
    send(app, request(method, path, &headers, ""))
}

#[test]
fn operators_see_what_waits_and_get_it_delivered() {
    let app = app(&[("data_api", "dab"), ("admin_token", OPERATOR)]);
    app.host.will([json_answer(500, "")]);
    let queued = post(&app, TOKEN, BODY);
    let id = queued.line["entry"].as_str().expect("an entry").to_owned();

    let list = operate(&app, "GET", "/admin/outbox");
    assert_eq!(list.status, 200);
    let entry = &list.body["entries"][0];
    assert_eq!(list.body["next"], Value::Null);
    assert_eq!(
        (&entry["id"], &entry["state"]),
        (&json!(id), &json!("waiting"))
    );
    assert_eq!(
        (&entry["key"], &entry["status"]),
        (&json!("d-1"), &json!("RUN_COMPLETED"))
    );
    assert_eq!(entry["created"], "2026-01-02T03:04:05.000Z");
    assert_eq!(entry.get("change"), None);
    assert_eq!(list.headers["cache-control"], "no-store");
    assert_eq!(list.line["source"], "admin");

    let one = operate(&app, "GET", &format!("/admin/outbox/{id}"));
    let entry = &one.body["entry"];
    assert_eq!(entry["change"]["CallbackInfo"], BODY);
    assert_eq!(entry["attempts"][0]["at"], "2026-01-02T03:04:05.000Z");
    assert_eq!(entry["requestId"], "r-1");

    let stats = operate(&app, "GET", "/admin/outbox/stats");
    let expected = json!({"status": "OK", "waiting": 1, "dead": 0, "oldestSeconds": 0});
    assert_eq!(stats.body, expected);

    let refused = r#"{"error":{"code":"BadRequest"}}"#;
    app.host.will([json_answer(400, refused)]);
    let retried = operate(&app, "POST", &format!("/admin/outbox/{id}/retry"));
    let expected = json!({"status": "OK", "result": "dead", "id": id});
    assert_eq!(retried.body, expected);
    let requeued = operate(&app, "POST", "/admin/outbox/requeue");
    assert_eq!(requeued.body["entries"], 1);
    let renamed = requeued.body["id"].as_str().expect("its new name");
    assert_eq!(
        operate(&app, "GET", &format!("/admin/outbox/{renamed}")).status,
        200
    );

    let updated = json_answer(201, r#"{"value":[{"Resultado":"UPDATED"}]}"#);
    app.host.will([updated]);
    let drained = operate(&app, "POST", "/admin/outbox/drain");
    let expected = json!({
        "status": "OK", "delivered": 1, "alreadyFinal": 0, "failed": 0, "dead": 0, "waiting": 0
    });
    assert_eq!(drained.body, expected);

    for (method, path) in [
        ("GET", format!("/admin/outbox/{id}")),
        ("DELETE", format!("/admin/outbox/{id}")),
        ("POST", format!("/admin/outbox/{id}/retry")),
        ("POST", format!("/admin/outbox/{id}/requeue")),
    ] {
        let seen = operate(&app, method, &path);
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (404, &json!("not_found"))
        );
    }
}

#[test]
fn the_operators_door_is_as_strict_as_the_callers_and_not_there_without_a_token() {
    let shut = app(&[]);
    assert_eq!(operate(&shut, "GET", "/admin/outbox").status, 404);
    let app = app(&[
        ("admin_token", OPERATOR),
        ("failed_attempts_per_minute", "2"),
    ]);
    let try_with = |value: &str| {
        let headers = [("authorization", value), ("spin-client-addr", "10.0.0.9:1")];
        send(&app, request("GET", "/admin/outbox/stats", &headers, ""))
    };
    let refused = try_with("Bearer b");
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.headers["www-authenticate"],
        "Bearer realm=\"admin\""
    );
    assert_eq!(try_with(OPERATOR).status, 401);
    assert_eq!(
        try_with(&format!("Bearer {TOKEN}")).status,
        429,
        "the callers' token is another"
    );
    assert_eq!(try_with("Bearer un-token-de-operador").status, 200);
    assert_eq!(
        post(&app, OPERATOR, BODY).status,
        429,
        "and theirs is not the operators'"
    );
}

/// The source that `docs/adding-a-source.md` adds, in its one file, by its one line.
fn with_ping(settings: &[(&str, &str)]) -> App<FakeHost> {
    let mut app = app(settings);
    let door = app.config.callback.as_ref();
    let routes = Routes::new(&app.config);
    app.routes = routes.with(Endpoint::new(ping::Ping, &["/ping"], door));
    app
}

#[test]
fn a_further_source_is_one_file_and_one_line() {
    let ping = |app: &App<FakeHost>, token, body: &str| {
        let headers = [("x-authorization", token)];
        send(app, request("POST", "/ping", &headers, body))
    };
    let body = r#"{"machine":"M 1","since":"2026-01-02T03:04:05Z"}"#;
    let app = with_ping(&[]);
    assert_eq!(ping(&app, "wrong", body).status, 401);
    let seen = ping(&app, TOKEN, r#"{"machine":"M 1"}"#);
    assert_eq!(
        (seen.status, &seen.body["errors"]),
        (422, &json!({"since": "falta"}))
    );
    let seen = ping(&app, TOKEN, body);
    assert_eq!(
        (seen.status, &seen.body["result"]),
        (200, &json!("updated"))
    );
    let older = body.replace("05Z", "04Z");
    let seen = ping(&app, TOKEN, &older);
    assert_eq!(seen.body["result"], "already_final");
    assert_eq!(seen.line["row"], "maquinas/M 1");

    // What the data API does not take, the outbox keeps and delivers, like every other source's.
    let app = with_ping(&[("data_api", "postgrest")]);
    let away = Answers::Fails(SendError::Refused);
    app.host.will([away.clone(), away]);
    assert_eq!(ping(&app, TOKEN, body).status, 202);
    app.host.advance(Duration::from_secs(30));
    app.host.will([json_answer(200, r#"[{"machine":"M 1"}]"#)]);
    send(&app, request("GET", "/health", &[], ""));
    assert_eq!(app.host.stored("0-outbox/"), [""; 0]);
    let sent = app.host.take_sent();
    let last = sent.last().expect("sent");
    assert!(
        last.contains("/api/maquinas?machine=eq.M%201&or="),
        "{last}"
    );
}

#[test]
fn the_page_on_adding_a_source_shows_the_one_that_is_tested() {
    let page = include_str!("../../docs/adding-a-source.md");
    let code = page
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(code, Some(include_str!("tests/ping.rs")));
    let line = ".with(Endpoint::new(Ping, &[\"/ping\"], config.callback.as_ref()))";
    assert!(page.contains(line));
}

#[test]
fn none_lets_everybody_in_where_it_is_allowed() {
    let app = app(&[
        ("callback_auth_mode", "none"),
        ("environment", "development"),
    ]);
    let seen = send(&app, request("POST", PATH, &[], BODY));
    assert_eq!(seen.status, 200);
    assert_eq!(seen.line["credential"], Value::Null);
}

#[test]
fn settings_that_a_provider_kept_back_are_read_anew() {
    let mut host = FakeHost::with(&[("callback_token", TOKEN)]);
    host.unreadable = Some("callback_token");
    let kept_back = load(host);
    for (app, holds_on) in [
        (kept_back, false),
        (app(&[]), true),
        (app(&[("data_api", "?")]), true),
    ] {
        assert!(app.is_current(), "what is remembered outlives a request");
        app.host.advance(Duration::from_secs(5));
        assert_eq!(app.is_current(), holds_on);
    }
}

#[test]
fn the_log_level_leaves_lines_out() {
    for (level, updated, refused) in [
        ("debug", true, true),
        ("info", true, true),
        ("warn", false, true),
        ("error", false, false),
    ] {
        let app = app(&[("log_level", level)]);
        let headers = [("x-authorization", TOKEN)];
        for (headers, logged) in [(&headers[..], updated), (&[], refused)] {
            let before = app.host.lines.borrow().len();
            let (_, after) = block_on(app.respond(request("POST", PATH, headers, BODY)));
            block_on(app.follow_up(after));
            let lines = app.host.lines.borrow().len() - before;
            assert_eq!(lines, usize::from(logged), "{level}");
        }
    }
}
