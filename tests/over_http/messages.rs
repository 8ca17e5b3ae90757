//! Signed messages: `POST /webhook/receive`, as senders and attackers meet it.

use serde_json::{Value, json};
use support::blizwork::BlizWorkServer;
use support::data_api::postgrest::PostgrestServer;
use support::postgres::Database;
use support::server::{Reply, Server};
use support::signatures::{self, SECRET, STANDARD, hex};
use support::upstream::{self, Act, Upstream};

const RECEIVE: &str = "/webhook/receive";

/// A data API whose rows are all there.
fn data_api() -> Upstream {
    Upstream::start(|asked| {
        let query = asked.target.split_once("&select=");
        match (asked.method.as_str(), query) {
            ("PATCH", Some((_, key))) => upstream::json(200, &json!([{key: "x"}])),
            _ => Act::Reply(404, "text/plain", Vec::new()),
        }
    })
}

fn start(data_api: &Upstream, more: &[(&str, &str)]) -> Server {
    let (origin, secrets) = (data_api.origin(), format!("{SECRET} {STANDARD}"));
    let own = [
        ("data_api", "postgrest"),
        ("data_api_origin", &*origin),
        ("data_api_path", ""),
        ("webhook_secret", &*secrets),
    ];
    Server::start(&[&own, more].concat())
}

fn post_to(server: &Server, path: &str, body: &[u8]) -> Reply {
    let signature = hex(body);
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Webhook-Signature", &signature),
    ];
    server.send("POST", path, &headers, body)
}

fn post(server: &Server, body: &Value) -> Reply {
    post_to(server, RECEIVE, body.to_string().as_bytes())
}

/// As Standard Webhooks has it, so many seconds ago.
fn standard(server: &Server, id: &str, ago: u64, body: &Value) -> Reply {
    let body = body.to_string();
    let (sent, signature) = signatures::standard(id, ago, &body);
    let headers = [
        ("Content-Type", "application/json"),
        ("Webhook-Id", id),
        ("Webhook-Timestamp", &sent),
        ("Webhook-Signature", &signature),
    ];
    server.send("POST", RECEIVE, &headers, body.as_bytes())
}

fn with_id(id: &str, content: &str) -> Value {
    json!({"type": "user_info", "content": content, "user_id": "u", "metadata": {"id": id}})
}

fn user(id: &str) -> Value {
    json!({"type": "user_info", "content": "Ana ñ", "user_id": id})
}

#[test]
fn each_type_changes_a_row_of_its_own_table() {
    let data_api = data_api();
    let server = start(&data_api, &[("webhook_tables", "bookings promos people")]);
    let timestamp = "2026-01-01T22:04:05.5-05:00";
    for (body, table, sets) in [
        (
            json!({"type": "reservation_update", "content": "c", "user_id": "u",
                "timestamp": timestamp,
                "metadata": {"reservation_id": "R/1", "status": "confirmed"}}),
            "/bookings?reservation_id=eq.R%2F1&",
            json!({"status": "confirmed", "user_id": "u"}),
        ),
        (
            json!({"type": "promo", "content": "c", "timestamp": timestamp,
                "metadata": {"promo_id": "P", "valid_until": "1969-12-31", "discount": 15}}),
            "/promos?promo_id=eq.P&",
            json!({"valid_until": "1969-12-31", "discount": "15", "user_id": null}),
        ),
        (
            json!({"type": "user_info", "content": "c", "timestamp": timestamp,
                "metadata": {"user_id": 7, "a": {"b": [1.50]}}}),
            "/people?user_id=eq.7&",
            json!({}),
        ),
    ] {
        let reply = post(&server, &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        let answer = reply.json();
        assert_eq!(answer["success"], true);
        assert!(answer["data"]["received_at"].is_string(), "{answer}");
        let [asked] = &data_api.take_requests()[..] else {
            panic!("one request")
        };
        let moment = "2026-01-02T03:04:05.500000Z";
        let filter = format!(
            "{table}or=(message_timestamp.is.null,message_timestamp.lte.%22{}%22)&select=",
            moment.replace(':', "%3A")
        );
        assert!(asked.target.starts_with(&filter), "{}", asked.target);
        let mut expected = sets;
        expected["content"] = json!("c");
        expected["metadata"] = json!(body["metadata"].to_string());
        expected["message_id"] = answer["data"]["message_id"].clone();
        expected["message_timestamp"] = json!(moment);
        assert_eq!(asked.json(), expected);
    }
}

#[test]
fn only_a_signature_over_these_very_bytes_is_accepted() {
    let data_api = data_api();
    let server = start(&data_api, &[("failed_attempts_per_minute", "0")]);
    let body = user("u").to_string();
    let right = hex(body.as_bytes());
    let other = hex(format!("{body} ").as_bytes());
    for headers in [
        &[][..],
        &[("X-Webhook-Signature", "")],
        &[("X-Webhook-Signature", other.as_str())],
        &[("X-Webhook-Signature", &right[..63])],
        &[
            ("X-Webhook-Signature", right.as_str()),
            ("X-Webhook-Signature", &right),
        ],
        &[("X-Authorization", support::server::TOKEN)],
        &[("Webhook-Signature", "v1,AAAA"), ("Webhook-Id", "a")],
    ] {
        let reply = server.send("POST", RECEIVE, headers, body.as_bytes());
        assert_eq!(reply.status, 401, "{headers:?}");
        let answer = json!({"success": false, "data": null,
            "message": "Las credenciales faltan o no son válidas."});
        assert_eq!(reply.json(), answer);
        let challenge = reply.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("x-webhook-signature"), "{challenge}");
        assert!(challenge.contains("webhook-signature"), "{challenge}");
    }
    // Nothing is parsed before.
    assert_eq!(server.send("POST", RECEIVE, &[], b"{").status, 401);
    for (ago, status) in [(0, 200), (299, 200), (302, 401)] {
        let id = format!("msg_{ago}");
        assert_eq!(
            standard(&server, &id, ago, &user("u")).status,
            status,
            "{ago}"
        );
    }
    assert_eq!(data_api.take_requests().len(), 2);
}

#[test]
fn an_invalid_message_is_answered_in_the_format_of_messages() {
    let data_api = data_api();
    let server = start(&data_api, &[]);
    let limit = 1 << 20;
    let padded = |length: usize| {
        let mut body = user("u").to_string().into_bytes();
        body.resize(length, b' ');
        body
    };
    for (body, status) in [
        (b"{".to_vec(), 400),
        (b"\xff".to_vec(), 400),
        (b"[]".to_vec(), 422),
        (br#"{"type":"other","content":""}"#.to_vec(), 422),
        (br#"{"type":"promo"}"#.to_vec(), 422),
        (padded(limit), 200),
        (padded(limit + 1), 413),
    ] {
        let reply = post_to(&server, RECEIVE, &body);
        assert_eq!(reply.status, status, "{reply:?}");
        let answer = reply.json();
        assert_eq!(answer["success"], status == 200);
        let names = answer.as_object().expect("an object").keys();
        assert!(names.eq(["data", "message", "success"]), "{answer}");
    }
    let answer = post_to(&server, RECEIVE, br#"{"type":"promo"}"#).json();
    let missing = [
        "content",
        "metadata.discount",
        "metadata.promo_id",
        "metadata.valid_until",
    ];
    let errors = answer["data"]["errors"].as_object().expect("errors");
    assert!(errors.keys().eq(missing), "{answer}");
    assert!(errors.values().all(|what| what == "falta"), "{answer}");
    let other = server.send("DELETE", RECEIVE, &[], b"");
    assert_eq!((other.status, other.header("allow")), (405, Some("POST")));
    assert_eq!(other.json()["success"], false);
    assert_eq!(data_api.take_requests().len(), 1);
}

#[test]
fn all_of_it_is_below_the_root_path() {
    let data_api = data_api();
    let server = start(&data_api, &[("root_path", "/api")]);
    let body = user("u").to_string();
    assert_eq!(post_to(&server, RECEIVE, body.as_bytes()).status, 404);
    let reply = post_to(&server, "/api/webhook/receive", body.as_bytes());
    assert_eq!(reply.status, 200);
    let health = server.send("GET", "/api/webhook/health", &[], b"");
    assert_eq!(
        (health.status, &health.json()["status"]),
        (200, &json!("healthy"))
    );
    let timestamp = health.json()["timestamp"].clone();
    let timestamp = timestamp.as_str().expect("text");
    assert!(humantime::parse_rfc3339(timestamp).is_ok(), "{timestamp}");
    assert_eq!(
        server.send("POST", "/api/webhook/health", &[], b"").status,
        405
    );
}

#[test]
fn a_message_that_comes_again_changes_nothing_and_is_answered_the_same() {
    let data_api = data_api();
    let mut server = start(&data_api, &[]);
    for round in ["the same bytes", "metadata.id", "webhook-id"] {
        let send = |server: &Server| match round {
            "the same bytes" => post(server, &user("u")),
            "metadata.id" => post(server, &with_id("m-1", "1")),
            _ => standard(server, "msg_1", 0, &with_id("m-2", "1")),
        };
        let first = send(&server);
        assert_eq!(first.status, 200, "{round}");
        assert_eq!(data_api.take_requests().len(), 1);
        server = server.kill_and_restart();
        let again = send(&server);
        assert_eq!(
            (again.status, again.text),
            (first.status, first.text),
            "{round}"
        );
        assert_eq!(data_api.take_requests().len(), 0, "{round}");
    }
    server.line_with("\"outcome\":\"repeated\"");
}

#[test]
fn an_id_that_was_used_for_other_content_is_refused_by_its_name() {
    let data_api = data_api();
    let mut server = start(&data_api, &[]);
    for (by, id) in [("metadata.id", "m-1"), ("webhook-id", "msg_1")] {
        let send = |server: &Server, content: &str| match by {
            "metadata.id" => post(server, &with_id(id, content)),
            _ => standard(server, id, 0, &with_id("", content)),
        };
        assert_eq!(send(&server, "1").status, 200, "{by}");
        server = server.kill_and_restart();
        data_api.take_requests();
        let reply = send(&server, "2");
        assert_eq!(reply.status, 422, "{by}");
        let what = format!("«{id}» ya se usó para otro contenido");
        assert_eq!(reply.json()["data"]["errors"], json!({by: what}));
        assert_eq!(data_api.take_requests().len(), 0, "{by}");
        assert_eq!(send(&server, "1").status, 200, "{by}");
    }
}

#[test]
fn a_message_signed_both_ways_is_known_without_what_signs_its_id() {
    let data_api = data_api();
    let server = start(&data_api, &[]);
    let body = user("u").to_string();
    let (sent, signature) = signatures::standard("msg_1", 0, &body);
    let hex = format!("sha256= {} ", hex(body.as_bytes()));
    let headers = [
        ("Webhook-Id", "msg_1"),
        ("Webhook-Timestamp", &*sent),
        ("Webhook-Signature", &*signature),
        ("X-Webhook-Signature", &*hex),
    ];
    let both = server.send("POST", RECEIVE, &headers, body.as_bytes());
    assert_eq!(both.status, 200);
    assert_eq!(data_api.take_requests().len(), 1);
    let one = server.send("POST", RECEIVE, &headers[3..], body.as_bytes());
    assert_eq!(one.status, 200);
    assert_eq!(data_api.take_requests().len(), 0);
    server.line_with("\"outcome\":\"repeated\"");
}

#[test]
fn what_the_data_api_refuses_for_good_may_be_corrected_under_its_id() {
    let data_api = Upstream::start(|asked| match asked.json()["content"] == "too long" {
        true => upstream::json(400, &json!({"code": "22001", "message": "too long"})),
        false => upstream::json(200, &json!([{"user_id": "u"}])),
    });
    let server = start(&data_api, &[]);
    assert_eq!(post(&server, &with_id("m-1", "too long")).status, 202);
    let corrected = post(&server, &with_id("m-1", "short"));
    assert_eq!(corrected.status, 200, "{corrected:?}");
    assert_eq!(post(&server, &with_id("m-1", "too long")).status, 422);
}

#[test]
fn of_two_at_once_under_one_id_each_that_is_acknowledged_came_to_the_data_api() {
    let data_api = data_api();
    let server = start(&data_api, &[("webhook_rate_limit_per_minute", "0")]);
    for round in 0..10 {
        let id = format!("m-{round}");
        let replies: Vec<_> = std::thread::scope(|scope| {
            let (server, id) = (&server, &id);
            let send = |content| scope.spawn(move || post(server, &with_id(id, content)).status);
            let both = ["1", "2"].map(send);
            both.map(|it| it.join().expect("a reply")).into()
        });
        let taken = replies.iter().filter(|status| **status == 200).count();
        let asked = data_api.take_requests();
        assert_eq!(asked.len(), taken, "{replies:?}");
        assert!(
            taken >= 1 && replies.iter().all(|it| [200, 422].contains(it)),
            "{replies:?}"
        );
    }
}

#[test]
fn a_client_has_so_many_messages_a_minute() {
    let data_api = data_api();
    let server = start(&data_api, &[("webhook_rate_limit_per_minute", "5")]);
    for n in 0..5 {
        assert_eq!(post(&server, &user(&n.to_string())).status, 200, "{n}");
    }
    let reply = post(&server, &user("6"));
    assert_eq!(
        (reply.status, &reply.json()["success"]),
        (429, &json!(false))
    );
    let wait: u64 = reply
        .header("retry-after")
        .expect("when")
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(data_api.take_requests().len(), 5);
    // The callback knows nothing of it.
    assert_eq!(server.callback("{}").status, 422);
}

#[test]
fn without_a_secret_the_endpoint_answers_503() {
    let server = Server::start(&[]);
    let reply = post(&server, &user("u"));
    assert_eq!(
        (reply.status, &reply.json()["success"]),
        (503, &json!(false))
    );
    let health = server.send("GET", "/webhook/health", &[], b"");
    assert_eq!(health.status, 200);
}

/// A real database with the tables, and the component before it.
fn with_database(more: &[(&str, &str)]) -> (PostgrestServer, Server) {
    let postgrest = PostgrestServer::start(Database::supabase().with_messages());
    let settings = postgrest.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let secret = [
        ("webhook_secret", SECRET),
        ("webhook_rate_limit_per_minute", "0"),
    ];
    let settings: Vec<_> = settings.chain(secret).chain(more.iter().copied()).collect();
    let server = Server::start(&settings);
    (postgrest, server)
}

fn promo(discount: u32, timestamp: &str) -> Value {
    json!({"type": "promo", "content": "c", "timestamp": timestamp, "metadata": {
        "promo_id": "P 'ñ\",", "valid_until": "2026-12-31T00:00:00Z", "discount": discount
    }})
}

#[test]
fn what_is_newer_stays_in_a_real_database_whatever_the_order() {
    let (postgrest, server) = with_database(&[]);
    let at = |second: u32| format!("2026-01-02T03:04:{second:02}-05:00");
    let messages = [
        (10, "Mensaje procesado."),
        (5, "Mensaje recibido; ya había otro más reciente."),
        (10, "Mensaje procesado."),
        (20, "Mensaje procesado."),
        (19, "Mensaje recibido; ya había otro más reciente."),
    ];
    for (number, (second, message)) in messages.into_iter().enumerate() {
        let mut body = promo(second, &at(second));
        // Not the same message, even where it is of the same moment.
        body["number"] = json!(number);
        let reply = post(&server, &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["message"], message, "{second}");
    }
    let kept = postgrest.database.row("promos", "promo_id", "P 'ñ\",");
    assert_eq!(kept["discount"], "20");

    // All at once, in disorder.
    let (server, at) = (&server, &at);
    std::thread::scope(|scope| {
        for second in (21..60).rev().step_by(2).chain((21..60).rev().step_by(3)) {
            scope.spawn(move || {
                let reply = post(server, &promo(second, &at(second)));
                assert!(matches!(reply.status, 200 | 202), "{reply:?}");
            });
        }
    });
    let start = std::time::Instant::now();
    loop {
        let kept = postgrest.database.row("promos", "promo_id", "P 'ñ\",");
        if kept["discount"] == "59" {
            break;
        }
        // One that had to wait is delivered by whoever comes next.
        assert!(start.elapsed().as_secs() < 60, "{kept}");
        server.send("GET", "/health", &[], b"");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn a_real_database_takes_both_ends_of_the_range_of_a_date() {
    let (postgrest, server) = with_database(&[]);
    for valid_until in [
        "1969-12-31",
        "0001-01-01",
        "9999-12-31",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
    ] {
        let body = json!({"type": "promo", "content": "c", "metadata": {
            "promo_id": "P", "valid_until": valid_until, "discount": 1}});
        let reply = post(&server, &body);
        assert_eq!(reply.status, 200, "{valid_until}: {reply:?}");
        let statement = "select (valid_until at time zone 'UTC')::text from promos";
        let kept = postgrest.database.connect().query_one(statement, &[]);
        let kept: String = kept.expect("the row").get(0);
        assert!(kept.starts_with(&valid_until[..10]), "{kept}");
    }
}

#[test]
fn every_kind_of_row_is_written_to_a_real_database() {
    let blizwork = BlizWorkServer::start();
    let settings = blizwork.settings();
    let settings: Vec<_> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let (postgrest, server) = with_database(&settings);
    let database = &postgrest.database;
    let metadata = json!({"user_id": "U", "nota": "\"ñ\\ \u{1f916}"});
    let body = json!({"type": "user_info", "content": "Ana", "metadata": metadata});
    for content in ["Ana", "Eva"] {
        let mut body = body.clone();
        body["content"] = json!(content);
        assert_eq!(post(&server, &body).status, 200);
        let kept = database.row("usuarios", "user_id", "U");
        assert_eq!(kept["content"], content);
        assert_eq!(kept["metadata"], metadata.to_string());
    }

    let body = json!({"type": "reservation_update", "content": "c",
        "metadata": {"reservation_id": "R", "status": "confirmada"}});
    assert_eq!(post(&server, &body).status, 202);
    let made = "insert into reservas (reservation_id, status) values ('R', 'pendiente')";
    database.connect().batch_execute(made).expect("inserted");
    let start = std::time::Instant::now();
    while database.row("reservas", "reservation_id", "R")["status"] != "confirmada" {
        assert!(start.elapsed().as_secs() < 60);
        server.send("GET", "/health", &[], b"");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }

    blizwork.makes("call-1");
    let call = json!({"token": "call-1", "processId": "ventas", "caseNumber": 7}).to_string();
    let reply = server.send("POST", "/blizwork", &[], call.as_bytes());
    assert_eq!(reply.status, 202);
    let statement = "select row_to_json(t)::text from eventos_blizwork t";
    let start = std::time::Instant::now();
    let kept = loop {
        let rows = database.connect().query(statement, &[]).expect("a table");
        match &rows[..] {
            [row] => break serde_json::from_str::<Value>(row.get(0)).expect("JSON"),
            _ => assert!(rows.is_empty() && start.elapsed().as_secs() < 60),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(kept["payload"], call);
    assert_eq!(kept["process_id"], "ventas");
    assert_eq!(kept["case_number"], "7");
}
