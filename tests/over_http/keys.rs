//! Keys that the signer publishes, with a signer that rotates them, fails, stalls and lies.

use std::sync::{Arc, Mutex};
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};
use support::server::{SIGNED, Server};
use support::tokens::{self, public_key};
use support::upstream::{Act, Upstream, json as reply};

const BODY: &[u8] = br#"{"deploymentId":"d","status":"COMPLETED"}"#;
const PATH: &str = "/tenant/discovery/v2.0/keys";

/// A signer that answers as it is told from now on.
struct Signer {
    upstream: Upstream,
    act: Arc<Mutex<Act>>,
}

impl Signer {
    fn publishing(keys: &[(&str, &str)]) -> Self {
        let act = Arc::new(Mutex::new(set(keys)));
        let told = Arc::clone(&act);
        let upstream = Upstream::start(move |asked| {
            assert_eq!(
                (asked.method.as_str(), asked.target.as_str()),
                ("GET", PATH)
            );
            told.lock().expect("no panic").clone()
        });
        Self { upstream, act }
    }

    fn will(&self, act: Act) {
        *self.act.lock().expect("no panic") = act;
    }

    fn asked(&self) -> usize {
        self.upstream.take_requests().len()
    }

    fn server(&self, settings: &[(&str, &str)]) -> Server {
        let origin = self.upstream.origin();
        let own = [
            ("jwt_jwks_origin", origin.as_str()),
            ("jwt_jwks_path", PATH),
        ];
        Server::start_bare(&[&own, settings].concat())
    }
}

fn set(keys: &[(&str, &str)]) -> Act {
    let all: Value = serde_json::from_str(&public_key("jwk.json")).expect("JSON");
    let keys = keys.iter().map(|(id, name)| {
        let mut key = all[*name].clone();
        key["kid"] = json!(id);
        key["use"] = json!("sig");
        key
    });
    reply(200, &json!({ "keys": keys.collect::<Vec<_>>() }))
}

/// Sends a callback with a token of its own.
fn show(server: &Server, id: &str, key: &str, number: usize) -> (u16, String) {
    let claims = json!({"exp": 4_000_000_000_u64, "jti": number});
    let header = json!({"alg": "ES256", "kid": id});
    let bearer = format!("Bearer {}", tokens::token("ES256", key, &header, &claims));
    let reply = server.send("POST", "/api/callback", &[("Authorization", &bearer)], BODY);
    let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
    (reply.status, code)
}

fn ready(server: &Server) -> (u16, Value) {
    let reply = server.send("GET", "/health/ready", &[], b"");
    (reply.status, reply.json())
}

#[test]
fn one_instance_fetches_keys_and_the_others_find_them_in_the_store() {
    let signer = Signer::publishing(&[("a", "p256")]);
    let server = signer.server(&[]);
    assert_eq!(ready(&server).1["checks"]["keys"], "not_fetched");
    assert_eq!(signer.asked(), 0);
    thread::scope(|scope| {
        for number in 0..8 {
            let server = &server;
            scope.spawn(move || assert_eq!(show(server, "a", "p256", number).0, 200));
        }
    });
    // Two may still begin at one moment, but not each of them.
    let asked = signer.asked();
    assert!((1..=2).contains(&asked), "{asked}");
    // After a restart nobody has to be asked, be the signer away or not.
    let server = server.kill_and_restart();
    signer.will(Act::Reset(Vec::new()));
    assert_eq!(show(&server, "a", "p256", 9).0, 200);
    assert_eq!(show(&server, "a", "other-p256", 10).0, 401);
    assert_eq!(signer.asked(), 0);
    let (status, body) = ready(&server);
    assert_eq!((status, &body["checks"]["keys"]), (200, &json!("ok")));
    assert_eq!(body["keys"], json!({"ageMinutes": 0, "failure": null}));
}

#[test]
fn strangers_that_name_unknown_keys_make_it_fetch_once() {
    let signer = Signer::publishing(&[("a", "p256")]);
    let server = signer.server(&[("failed_attempts_per_minute", "0")]);
    assert_eq!(show(&server, "a", "p256", 0).0, 200);
    assert_eq!(signer.asked(), 1);
    // More of them than one instance serves, and several at a time.
    thread::scope(|scope| {
        for stranger in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..80 {
                    let id = format!("{stranger}-{number}");
                    assert_eq!(show(server, &id, "other-p256", number).0, 401);
                }
            });
        }
    });
    assert_eq!(signer.asked(), 0, "it was fetched less than a minute ago");
    assert_eq!(show(&server, "a", "p256", 1).0, 200);
}

#[test]
fn a_signer_that_lies_leaves_nobody_in_and_is_named() {
    let html = |status| Act::Reply(status, "text/html", b"<!doctype html><p>Login".to_vec());
    for (act, failure) in [
        (html(200), "it is an HTML page"),
        (html(503), "status 503"),
        (
            Act::Reply(200, "application/json", vec![b' '; 500 << 10]),
            "more than 256 KiB",
        ),
        (reply(200, &json!({"keys": []})), "ninguna clave"),
        (reply(200, &json!({"keys": "a"})), "no es un JWKS"),
        (
            reply(200, &json!({"keys": [1, null, {"kty": 7}]})),
            "ninguna clave",
        ),
        (Act::ReplyWith(302, "location", "/elsewhere"), "status 302"),
        (
            Act::Reset(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            "broke off",
        ),
        (
            Act::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            "within 5000 ms",
        ),
        (Act::Stall(Vec::new()), "within 5000 ms"),
    ] {
        let signer = Signer::publishing(&[]);
        signer.will(act);
        let server = signer.server(&[]);
        let unavailable = (503, "keys_unavailable".to_owned());
        assert_eq!(show(&server, "a", "p256", 1), unavailable, "{failure}");
        assert_eq!(signer.asked(), 1, "{failure}");
        let line = server.line_with("\"keys_not_fetched\"");
        let said = line["failure"].as_str().expect("a text");
        assert!(said.contains(failure), "{said}");
        let (status, body) = ready(&server);
        assert_eq!((status, &body["checks"]["keys"]), (503, &json!("missing")));
        assert!(
            body["keys"]["failure"]
                .as_str()
                .is_some_and(|it| it.contains(failure))
        );
    }
}

#[test]
fn with_the_static_token_the_service_is_ready_without_the_signer() {
    let signer = Signer::publishing(&[]);
    let server = signer.server(&[("callback_token", SIGNED.1)]);
    assert_eq!(show(&server, "a", "p256", 1).0, 503);
    assert_eq!(server.callback(BODY).status, 200);
    let (status, body) = ready(&server);
    assert_eq!((status, &body["checks"]["keys"]), (200, &json!("missing")));
}

#[test]
fn no_callback_is_refused_while_keys_are_rotated() {
    let signer = Signer::publishing(&[("a", "p256")]);
    let server = signer.server(&[]);
    assert_eq!(show(&server, "a", "p256", 0).0, 200);
    // As long ago as an hour and a minute.
    let server = aged(server, 61 * 60_000);
    signer.will(set(&[("a", "p256"), ("b", "other-p256")]));
    assert_eq!(show(&server, "a", "p256", 1).0, 200);
    server.line_with("\"changed\":true");
    signer.will(Act::Stall(Vec::new()));
    for number in 2..40 {
        assert_eq!(show(&server, "b", "other-p256", number).0, 200);
        assert_eq!(show(&server, "a", "p256", number).0, 200);
    }
    let server = aged(server, 61 * 60_000);
    signer.will(set(&[("b", "other-p256")]));
    assert_eq!(show(&server, "b", "other-p256", 50).0, 200);
    server.line_with("\"changed\":true");
    assert_eq!(show(&server, "b", "other-p256", 51).0, 200);
    assert_eq!(show(&server, "a", "p256", 52).0, 401);
}

/// The same server anew, its keys so many milliseconds older.
fn aged(server: Server, by: u64) -> Server {
    let store = Connection::open(server.state.path().join("sqlite_key_value.db"));
    let store = store.expect("the store's file");
    let key = "SELECT value FROM spin_key_value WHERE key = 'jwks'";
    let value: Vec<u8> = store.query_row(key, [], |row| row.get(0)).expect("keys");
    let mut keys: Value = serde_json::from_slice(&value).expect("JSON");
    for name in ["fetched", "attempted"] {
        keys[name] = json!(keys[name].as_u64().expect("a time") - by);
    }
    let update = "UPDATE spin_key_value SET value = ?1 WHERE key = 'jwks'";
    let changed = store.execute(update, [keys.to_string().into_bytes()]);
    assert_eq!(changed, Ok(1));
    drop(store);
    server.kill_and_restart()
}
