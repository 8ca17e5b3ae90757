//! Signed messages: understood, taken once, in any order, and answered in their own format.

use base64ct::{Base64, Encoding as _};
use ring::hmac;
use support::signatures::hex_by;

use super::*;

pub(super) const SECRET: &str = "s3creto-de-mensajes";
const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const RECEIVE: &str = "/webhook/receive";

pub(super) fn door(settings: &[(&str, &str)]) -> App<FakeHost> {
    let secrets = format!("{SECRET} {STANDARD}");
    app(&[&[("webhook_secret", secrets.as_str())], settings].concat())
}

pub(super) fn hex(body: &str) -> String {
    hex_by(SECRET, body.as_bytes())
}

pub(super) fn signed(headers: &[(&str, &str)], body: &str) -> Request<Whole> {
    let signature = format!("sha256={}", hex(body));
    let own = [
        ("x-webhook-signature", signature.as_str()),
        ("content-type", "application/json"),
        ("spin-client-addr", "10.0.0.9:1"),
    ];
    request("POST", RECEIVE, &[&own, headers].concat(), body)
}

/// The same, as Standard Webhooks has it.
pub(super) fn standard(app: &App<FakeHost>, id: &str, body: &str) -> Request<Whole> {
    let now = app.host.now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs().to_string();
    let secret = Base64::decode_vec(&STANDARD["whsec_".len()..]).expect("Base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let tag = hmac::sign(&key, format!("{id}.{now}.{body}").as_bytes());
    let signature = format!("v1,{}", Base64::encode_string(tag.as_ref()));
    let headers = [
        ("webhook-id", id),
        ("webhook-timestamp", &now),
        ("webhook-signature", &signature),
    ];
    request("POST", RECEIVE, &headers, body)
}

pub(super) fn tell(app: &App<FakeHost>, body: &Value) -> Seen {
    send(app, signed(&[], &body.to_string()))
}

/// A row of the embedded store.
pub(super) fn row(app: &App<FakeHost>, key: &str) -> Value {
    let store = app.host.store.borrow();
    let mut row = store.get(key).map_or(Value::Null, |value| {
        serde_json::from_slice(value).expect("JSON")
    });
    if let Some(columns) = row.as_object_mut() {
        columns.remove("_by");
    }
    row
}

fn promo(discount: &str, timestamp: &str) -> Value {
    json!({
        "type": "promo", "content": "Rebaja", "timestamp": timestamp,
        "metadata": {"promo_id": "P-1", "valid_until": "2026-12-31", "discount": discount}
    })
}

#[test]
fn each_type_is_written_to_its_own_row() {
    let app = door(&[]);
    let metadata = r#"{ "reservation_id":"R-1", "status":"confirmed","n":1.50 }"#;
    let body = format!(
        r#"{{"type":"reservation_update","content":"ñ\u0007","user_id":9,"metadata":{metadata}}}"#
    );
    let seen = send(&app, signed(&[], &body));
    assert_eq!(seen.status, 200);
    let hash = <sha2::Sha256 as sha2::Digest>::digest(&body);
    let hash = base16ct::lower::encode_string(&hash);
    assert_eq!(
        seen.body,
        json!({
            "success": true, "message": "Mensaje procesado.",
            "data": {"received_at": "2026-01-02T03:04:05.000Z", "message_id": hash}
        })
    );
    assert_eq!(
        row(&app, "reservas:R-1"),
        json!({
            "reservation_id": "R-1", "status": "confirmed", "user_id": "9",
            "content": "ñ\u{7}", "metadata": metadata, "message_id": hash,
            "message_timestamp": "2026-01-02T03:04:05.000000Z"
        })
    );
    assert_eq!(seen.line["row"], "reservas/R-1");
    assert_eq!(seen.line["credential"], "hmac");
    assert_eq!(seen.line["deployment_id"], Value::Null);

    let body = json!({
        "type": "promo", "content": "", "timestamp": "2026-01-01T22:00:00.5-05:00",
        "promo_id": 7, "discount": 0.25,
        "metadata": {"valid_until": "2026-12-31T00:00:00+02:00", "id": "m-1"}
    });
    assert_eq!(tell(&app, &body).status, 200);
    assert_eq!(
        row(&app, "promos:7"),
        json!({
            "promo_id": "7", "valid_until": "2026-12-30T22:00:00.000000Z", "discount": "0.25",
            "content": "", "metadata": body["metadata"].to_string(), "message_id": "m-1",
            "user_id": null,
            "message_timestamp": "2026-01-02T03:00:00.500000Z"
        })
    );

    for (body, key) in [
        (json!({"user_id": "u/1"}), "usuarios:u%2F1"),
        (json!({"metadata": {"user_id": 2}}), "usuarios:2"),
        (
            json!({"user_id": null, "metadata": {"user_id": "3"}}),
            "usuarios:3",
        ),
        (json!({"user_id": "4", "metadata": null}), "usuarios:4"),
    ] {
        let mut body = body;
        body["type"] = json!("user_info");
        body["content"] = json!("Ana");
        assert_eq!(tell(&app, &body).status, 200, "{body}");
        assert_eq!(row(&app, key)["content"], "Ana", "{body}");
    }
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_written() {
    let app = door(&[]);
    let moment = "debe ser una fecha y hora RFC 3339, como 2026-01-31T23:59:59Z";
    let types = "tipo desconocido; se admite: reservation_update, promo, user_info";
    for (body, errors) in [
        (json!({}), json!({"type": "falta", "content": "falta"})),
        (json!([]), json!({"body": "debe ser un objeto JSON"})),
        (
            json!({"type": "Promo", "content": 1}),
            json!({"type": types, "content": "debe ser un texto"}),
        ),
        (
            json!({"type": "promo", "content": "a\u{0}"}),
            json!({
                "content": "lleva el carácter U+0000", "metadata.promo_id": "falta",
                "metadata.valid_until": "falta", "metadata.discount": "falta"
            }),
        ),
        (
            json!({"type": "promo", "content": "", "metadata": {
                "promo_id": "", "valid_until": "mañana", "discount": [1]
            }}),
            json!({
                "metadata.promo_id": "está vacío",
                "metadata.valid_until": "debe ser una fecha, como 2026-01-31, o fecha y hora RFC 3339",
                "metadata.discount": "debe ser un texto o un número"
            }),
        ),
        (
            json!({"type": "reservation_update", "content": "", "metadata": "x", "timestamp": "ayer"}),
            json!({
                "metadata": "debe ser un objeto", "metadata.reservation_id": "falta",
                "metadata.status": "falta", "timestamp": moment
            }),
        ),
        (
            json!({"type": "reservation_update", "content": "", "reservation_id": "R",
                "user_id": true, "metadata": {"status": "x".repeat(201)}}),
            json!({
                "metadata.reservation_id": "falta",
                "metadata.status": "tiene más de 200 caracteres",
                "user_id": "debe ser un texto o un número"
            }),
        ),
        (
            json!({"type": "user_info", "content": "", "timestamp": 1_767_323_045}),
            json!({"user_id": "falta", "timestamp": "debe ser un texto"}),
        ),
        (
            json!({"type": "user_info", "content": "", "user_id": "a\nb"}),
            json!({"user_id": "lleva un carácter de control"}),
        ),
    ] {
        let seen = tell(&app, &body);
        assert_eq!(seen.status, 422, "{body}");
        assert_eq!(seen.body["data"]["errors"], errors, "{body}");
        assert_eq!(seen.body["success"], false);
        for name in errors.as_object().expect("an object").keys() {
            let message = seen.body["message"].as_str().expect("text");
            assert!(message.contains(name.as_str()), "{message}");
        }
        assert!(seen.line["body"].is_string(), "{}", seen.line);
    }
    let twice = r#"{"type":"user_info","type":"promo","content":"","user_id":"1"}"#;
    let seen = send(&app, signed(&[], twice));
    let errors = json!({"type": "aparece más de una vez"});
    assert_eq!(seen.body["data"]["errors"], errors);
    assert_eq!(rows(&app), 0, "{:?}", app.host.store.borrow().keys());
}

#[test]
fn every_refusal_has_the_messages_format() {
    let limits = [("max_body_bytes", "100"), ("root_path", "/api")];
    let app = door(&limits);
    let body = json!({"type": "user_info", "content": "", "user_id": "1"}).to_string();
    let path = "/api/webhook/receive";
    let signature = hex(&body);
    let right = ("x-webhook-signature", signature.as_str());
    let wrong = ("x-webhook-signature", &*"0".repeat(64));
    let plain = ("content-type", "text/plain");
    let not_json = hex("{");
    for (method, headers, body, status) in [
        ("POST", &[][..], body.as_str(), 401),
        ("POST", &[wrong], &body, 401),
        ("POST", &[right], &format!("{body} "), 401),
        ("POST", &[right, plain], &body, 415),
        (
            "POST",
            &[("x-webhook-signature", not_json.as_str())],
            "{",
            400,
        ),
        ("POST", &[right], &" ".repeat(101), 413),
        ("GET", &[right], "", 405),
        ("PUT", &[right], &body, 405),
    ] {
        let seen = send(&app, request(method, path, headers, body));
        assert_eq!(seen.status, status, "{method} {body}");
        assert_eq!(seen.body["success"], false);
        assert_eq!(seen.body["data"], Value::Null);
        assert!(
            seen.body["message"]
                .as_str()
                .is_some_and(|it| !it.is_empty())
        );
        assert_eq!(seen.body.as_object().map(serde_json::Map::len), Some(3));
        let has = |name| seen.headers.contains_key(name);
        assert_eq!(has("www-authenticate"), status == 401);
        assert_eq!(has("allow"), status == 405);
    }
    let seen = send(&app, request("POST", path, &[right], &body));
    assert_eq!((seen.status, &seen.body["success"]), (200, &json!(true)));
    let health = send(&app, request("GET", "/api/webhook/health", &[], ""));
    assert_eq!(
        (health.status, &health.body["status"]),
        (200, &json!("healthy"))
    );
    let timestamp = health.body["timestamp"].as_str().expect("text");
    let now = humantime::parse_rfc3339(timestamp).expect("RFC 3339");
    assert!(
        app.host
            .now()
            .duration_since(now)
            .is_ok_and(|it| it.as_secs() < 60)
    );
    assert_eq!(health.body.as_object().map(serde_json::Map::len), Some(2));
    let elsewhere = send(&app, request("POST", RECEIVE, &[right], &body));
    assert_eq!(elsewhere.status, 404);
}

#[test]
fn without_a_secret_the_door_is_shut_and_the_log_says_why() {
    let app = app(&[]);
    let seen = send(&app, signed(&[], "{}"));
    assert_eq!(seen.status, 503);
    assert_eq!(seen.body["success"], false);
    assert_eq!(seen.line["outcome"], "misconfigured");
    assert!(seen.line["failure"].is_string());
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
}

#[test]
fn a_message_that_comes_again_is_answered_as_before_and_changes_nothing() {
    let app = door(&[]);
    let body = json!({"type": "user_info", "content": "1", "user_id": "u"}).to_string();
    let with_id = |id: &str| {
        json!({"type": "user_info", "content": id, "user_id": "u", "metadata": {"id": id}})
            .to_string()
    };
    let rounds: [(&str, [Request<Whole>; 2]); 3] = [
        ("the same bytes", [signed(&[], &body), signed(&[], &body)]),
        (
            "metadata.id",
            [signed(&[], &with_id("m-1")), signed(&[], &with_id("m-1"))],
        ),
        (
            "webhook-id",
            [
                standard(&app, "msg_1", &with_id("m-2")),
                standard(&app, "msg_1", &with_id("m-2")),
            ],
        ),
    ];
    for (by, [first, again]) in rounds {
        let first = send(&app, first);
        assert_eq!(first.status, 200, "{by}");
        let before = row(&app, "usuarios:u");
        app.host.advance(Duration::from_millis(1500));
        let again = send(&app, again);
        assert_eq!((again.status, &again.body), (200, &first.body), "{by}");
        assert_eq!(again.line["outcome"], "repeated", "{by}");
        assert_eq!(row(&app, "usuarios:u"), before, "{by}");
    }
    // A new one of the same content is a new one.
    let seen = send(&app, standard(&app, "msg_2", &body));
    assert_eq!(seen.body["data"]["message_id"], "msg_2");
    assert_eq!(row(&app, "usuarios:u")["message_id"], "msg_2");
}

#[test]
fn an_id_that_nobody_signed_does_not_make_a_message_new() {
    let app = door(&[]);
    let old = json!({"type": "user_info", "content": "old", "user_id": "u"}).to_string();
    let new = json!({"type": "user_info", "content": "new", "user_id": "u"}).to_string();
    send(&app, signed(&[("webhook-id", "a")], &old));
    app.host.advance(Duration::from_secs(1));
    send(&app, signed(&[("webhook-id", "b")], &new));
    app.host.advance(Duration::from_secs(1));
    let again = send(&app, signed(&[("webhook-id", "c")], &old));
    assert_eq!(again.line["outcome"], "repeated");
    assert_eq!(row(&app, "usuarios:u")["content"], "new");
}

#[test]
fn an_instance_knows_what_another_has_taken_for_three_days() {
    let app = door(&[]);
    let body = json!({"type": "user_info", "content": "1", "user_id": "u"});
    let first = tell(&app, &body);
    let other = load(app.host.beside());
    other.host.advance(Duration::from_secs(71 * 3600));
    assert_eq!(tell(&other, &body).body, first.body);
    other.host.advance(Duration::from_secs(3600));
    let later = tell(&other, &body);
    assert_eq!(later.line["outcome"], "updated");
    assert_ne!(later.body, first.body);
}

#[test]
fn an_older_message_never_overwrites_a_newer_one() {
    let app = door(&[]);
    let (old, new) = ("2026-01-01T10:00:00+01:00", "2026-01-01T09:00:00.1Z");
    assert_eq!(tell(&app, &promo("new", new)).line["outcome"], "updated");
    let seen = tell(&app, &promo("old", old));
    assert_eq!(seen.status, 200);
    assert_eq!(
        seen.body["message"],
        "Mensaje recibido; ya había otro más reciente."
    );
    assert_eq!(row(&app, "promos:P-1")["discount"], "new");
    // One of the same moment is not older.
    tell(&app, &promo("same", new));
    assert_eq!(row(&app, "promos:P-1")["discount"], "same");
    // Without a moment of its own a message is of when it came.
    let mut body = promo("now", new);
    body["timestamp"] = Value::Null;
    tell(&app, &body);
    assert_eq!(row(&app, "promos:P-1")["discount"], "now");
}

#[test]
fn the_row_is_the_newest_messages_in_whatever_order_they_came() {
    let old = json!({"type": "reservation_update", "content": "1", "user_id": "u",
        "timestamp": "2026-01-01T10:00:00Z", "metadata": {"reservation_id": "R", "status": "s"}});
    let mut new = old.clone();
    (new["content"], new["user_id"]) = (json!("2"), Value::Null);
    new["timestamp"] = json!("2026-01-01T11:00:00Z");
    let after = |messages: [&Value; 2]| {
        let app = door(&[]);
        for message in messages {
            assert_eq!(tell(&app, message).status, 200);
        }
        row(&app, "reservas:R")
    };
    let kept = after([&old, &new]);
    assert_eq!(kept, after([&new, &old]));
    assert_eq!(
        (&kept["content"], &kept["user_id"]),
        (&json!("2"), &Value::Null)
    );
}

#[test]
fn what_the_data_api_does_not_take_waits_and_is_answered_so_again() {
    let app = door(&[("data_api", "postgrest")]);
    let body = json!({"type": "reservation_update", "content": "c",
        "metadata": {"reservation_id": "R", "status": "s"}});
    // There is no such reservation yet.
    app.host
        .will([json_answer(200, "[]"), json_answer(200, "[]")]);
    let (response, after) = block_on(app.respond(signed(&[], &body.to_string())));
    assert_eq!(response.status, 202);
    let told: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(
        told["message"],
        "Mensaje recibido; se procesará en cuanto sea posible."
    );
    assert_eq!(app.host.stored("0-outbox/").len(), 1);
    app.host.take_sent();
    // It is there a second later.
    app.host
        .will([json_answer(200, r#"[{"reservation_id":"R"}]"#)]);
    block_on(app.follow_up(after));
    assert_eq!(app.host.stored("0-outbox/"), [""; 0]);
    let sent = app.host.sent.take();
    let moment = "%222026-01-02T03%3A04%3A05.000000Z%22";
    assert_eq!(
        sent[0].target,
        format!(
            "http://localhost:5000/api/reservas?reservation_id=eq.R&or=(message_timestamp.is.null,\
             message_timestamp.lte.{moment})&select=reservation_id"
        )
    );
    let again = tell(&app, &body);
    assert_eq!((again.status, again.body), (202, told));
}

#[test]
fn what_nobody_has_taken_is_not_remembered() {
    let mut app = door(&[("data_api", "dab"), ("data_api_path", "")]);
    let body = json!({"type": "user_info", "content": "c", "user_id": "u"});
    let refused = Answers::Fails(SendError::Refused);
    app.host.store_fails = true;
    app.host.will([refused.clone(), refused]);
    let seen = tell(&app, &body);
    assert_eq!(seen.status, 503);
    assert_eq!(
        seen.body,
        json!({"success": false, "data": null,
            "message": "No se pudo guardar el mensaje. Vuelva a intentarlo más tarde."})
    );
    assert!(seen.headers.contains_key("retry-after"));
    // The store is still away, and the data API is back: that is enough.
    let taken = [
        json_answer(200, r#"{"value":[]}"#),
        json_answer(201, r#"{"value":[]}"#),
    ];
    app.host.will(taken.clone());
    assert_eq!(tell(&app, &body).status, 200);
    app.host.store_fails = false;
    app.host.will(taken);
    app.host.advance(Duration::from_secs(1));
    assert_eq!(tell(&app, &body).line["outcome"], "updated");
    assert_eq!(tell(&app, &body).line["outcome"], "repeated");
}

#[test]
fn a_client_has_so_many_messages_a_minute() {
    let app = door(&[("webhook_rate_limit_per_minute", "3")]);
    let body = |n: u32| json!({"type": "user_info", "content": "c", "user_id": n});
    for n in 0..3 {
        assert_eq!(tell(&app, &body(n)).status, 200, "{n}");
        // Whoever is not let in uses nothing up.
        let forged = [("spin-client-addr", "10.0.0.9:1")];
        let forged = request("POST", RECEIVE, &forged, &body(n).to_string());
        assert_eq!(send(&app, forged).status, 401);
        app.host.advance(Duration::from_secs(10));
    }
    for again in [body(3), body(0)] {
        let seen = tell(&app, &again);
        assert_eq!((seen.status, &seen.body["success"]), (429, &json!(false)));
        let wait = &seen.headers["retry-after"];
        let wait: u64 = wait.parse().expect("seconds");
        assert!((1..=30).contains(&wait), "{wait}");
        assert_eq!(seen.line["outcome"], "too_much");
    }
    assert_eq!(row(&app, "usuarios:3"), Value::Null);
    // Another instance learns of it; another client has its own.
    let other = load(app.host.beside());
    assert_eq!(tell(&other, &body(3)).status, 429);
    let signature = hex(&body(3).to_string());
    let headers = [
        ("x-webhook-signature", signature.as_str()),
        ("spin-client-addr", "10.0.0.10:1"),
    ];
    let seen = send(
        &other,
        request("POST", RECEIVE, &headers, &body(3).to_string()),
    );
    assert_eq!(seen.status, 200);
    // The window slides.
    app.host.advance(Duration::from_secs(31));
    assert_eq!(tell(&app, &body(4)).status, 200);
    assert_eq!(tell(&app, &body(5)).status, 429);

    let free = door(&[("webhook_rate_limit_per_minute", "0")]);
    for n in 0..60 {
        assert_eq!(tell(&free, &body(n)).status, 200, "{n}");
    }
}

#[test]
fn each_part_of_a_message_decides_what_is_sent() {
    let app = door(&[
        ("data_api", "postgrest"),
        ("data_api_path", ""),
        ("webhook_tables", "bookings offers people"),
    ]);
    let taken = |key: &str| json_answer(200, &format!(r#"[{{"{key}":"x"}}]"#));
    for (of_type, key, table) in [
        ("reservation_update", "reservation_id", "/bookings?"),
        ("promo", "promo_id", "/offers?"),
        ("user_info", "user_id", "/people?"),
    ] {
        app.host.will([taken(key)]);
        let body = json!({"type": of_type, "content": "c", "metadata": {
            key: "x", "status": "s", "valid_until": "2026-01-31", "discount": 1
        }});
        assert_eq!(tell(&app, &body).status, 200, "{of_type}");
        let sent = app.host.take_sent();
        assert!(sent[0].contains(table), "{sent:?}");
    }
}

#[test]
fn the_whole_range_of_a_date_is_taken_and_what_is_outside_is_told_so() {
    let app = door(&[]);
    let told = |valid_until: &str| {
        let mut body = promo(valid_until, "2026-01-01T00:00:00Z");
        body["metadata"]["valid_until"] = json!(valid_until);
        tell(&app, &body)
    };
    for (valid_until, kept) in [
        ("1969-12-31", "1969-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
        ("1900-01-01T00:00:00-05:00", "1900-01-01T05:00:00.000000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999000Z"),
    ] {
        assert_eq!(told(valid_until).status, 200, "{valid_until}");
        assert_eq!(row(&app, "promos:P-1")["valid_until"], kept);
    }
    for (valid_until, what) in [
        (
            "0000-12-31",
            "debe estar entre los años 0001 y 9999, en UTC",
        ),
        (
            "9999-12-31T23:59:59-05:00",
            "debe estar entre los años 0001 y 9999, en UTC",
        ),
        (
            "0001-01-01T00:00:00+05:00",
            "debe estar entre los años 0001 y 9999, en UTC",
        ),
        (
            "10000-01-01",
            "debe ser una fecha, como 2026-01-31, o fecha y hora RFC 3339",
        ),
    ] {
        let errors = json!({"metadata.valid_until": what});
        assert_eq!(
            told(valid_until).body["data"]["errors"],
            errors,
            "{valid_until}"
        );
    }
    let seen = tell(&app, &promo("old", "1969-12-31T23:59:59Z"));
    assert_eq!(seen.line["outcome"], "already_final");
}

#[test]
fn spaces_around_the_hex_do_not_make_another_signature() {
    let app = door(&[("failed_attempts_per_minute", "0")]);
    for (n, template) in [
        "sha256= {}",
        "sha256={} ",
        " {}",
        "{}\t",
        "sha256 = {}",
        "SHA256={}",
        "  sha256=\t{}  ",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"type": "user_info", "content": "c", "user_id": n}).to_string();
        let value = template.replace("{}", &hex(&body));
        let headers = [("x-webhook-signature", value.as_str())];
        let seen = send(&app, request("POST", RECEIVE, &headers, &body));
        assert_eq!(seen.status, 200, "{template}");
    }
    for template in [
        "sha256",
        "sha256 {}",
        "sha1={}",
        "sha256=={}",
        "sha256=sha256={}",
        "s ha256={}",
    ] {
        let body = "{}";
        let value = template.replace("{}", &hex(body));
        let headers = [("x-webhook-signature", value.as_str())];
        let seen = send(&app, request("POST", RECEIVE, &headers, body));
        assert_eq!(seen.status, 401, "{template}");
    }
}
