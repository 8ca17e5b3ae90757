//! A callback arrives and the row says so.

use serde_json::{Value, json};
use support::raw_http::{read_reply, write_request};
use support::server::{SIGNED, Server, TOKEN};

const UPDATED: &str = "Callback procesado y estado actualizado.";
const FINAL: &str = "La ejecución ya estaba en estado final.";

#[test]
fn a_callback_makes_the_row_and_the_next_one_leaves_it_as_it_is() {
    let server = Server::start(&[]);
    let body = r#"{"deploymentId":"d-1","status":"RUN_COMPLETED","deviceId":"7","userId":"9","botOutput":{"a":{"type":"STRING","string":"ñ"}}}"#;
    assert_eq!(server.row("d-1"), None);

    let reply = server.callback(body);
    assert_eq!(reply.status, 200);
    let ok = json!({"status": "OK", "result": "updated", "message": UPDATED});
    assert_eq!(reply.json(), ok);
    let row = server.row("d-1").expect("the row");
    assert_eq!(row["DeploymentId"], "d-1");
    assert_eq!(row["Estado"], "RUN_COMPLETED");
    assert_eq!(row["CallbackInfo"], body);
    for date in ["FechaFin", "FechaInicioReal", "FechaActualizacion"] {
        assert!(
            row[date].as_str().is_some_and(|date| date.len() == 19),
            "{row}"
        );
    }

    let reply = server.callback(r#"{"deploymentId":"d-1","status":"RUN_FAILED"}"#);
    assert_eq!(reply.status, 200);
    let ok = json!({"status": "OK", "result": "already_final", "message": FINAL});
    assert_eq!(reply.json(), ok);
    assert_eq!(server.row("d-1"), Some(row));
}

#[test]
fn a_state_that_is_not_final_gives_way() {
    let server = Server::start(&[]);
    for state in ["RUNNING", "UNKNOWN", "RUN_ABORTED"] {
        let reply = server.callback(format!(r#"{{"deploymentId":"d","status":"{state}"}}"#));
        assert_eq!(reply.json()["result"], "updated");
        assert_eq!(server.row("d").expect("the row")["Estado"], state);
    }
}

#[test]
fn whatever_content_type_a360_sends_for_json_is_taken() {
    let server = Server::start(&[]);
    let types = [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/json",
        "text/plain",
        "text/plain; charset=iso-8859-1",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
        "json",
        "",
    ];
    for (number, content_type) in types.iter().enumerate() {
        let headers = [SIGNED, ("Content-Type", content_type)];
        let headers = &headers[..if content_type.is_empty() { 1 } else { 2 }];
        let body = format!(r#"{{"deploymentId":"d{number}","status":"COMPLETED"}}"#);
        let reply = server.send("POST", "/api/callback", headers, body.as_bytes());
        assert_eq!(reply.status, 200, "{content_type}: {reply:?}");
    }
}

#[test]
fn header_names_come_in_any_case_and_bodies_in_pieces() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let headers = format!("X-API-KEY: {TOKEN}\r\nCONTENT-TYPE: application/json\r\n");
    let body = br#"{"deploymentId":"upper","status":"COMPLETED"}"#;
    write_request(&mut stream, "POST", "/api/callback", &headers, body);
    assert_eq!(read_reply(&mut stream).0, 200);

    use std::io::Write as _;
    let head = format!(
        "POST /api/callback HTTP/1.1\r\nhost: x\r\nx-authorization: {TOKEN}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("written");
    for piece in [
        r#"{"deploymentId":"#,
        r#""pieces","#,
        r#""status":"COMPLETED"}"#,
    ] {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        stream.write_all(chunk.as_bytes()).expect("written");
    }
    stream.write_all(b"0\r\n\r\n").expect("written");
    assert_eq!(read_reply(&mut stream).0, 200);
    for id in ["upper", "pieces"] {
        assert_eq!(server.row(id).expect("the row")["Estado"], "COMPLETED");
    }
}

#[test]
fn callback_info_is_the_body_byte_for_byte_but_for_its_mark() {
    let server = Server::start(&[]);
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let extras = [
        "".to_owned(),
        r#","nuevo":{"campo":1.50,"otro":[true,null]}"#.to_owned(),
        r#","deviceId":7,"userId":null"#.to_owned(),
        r#","x":1,"x":2"#.to_owned(),
        r#","lone":"\ud800\u0000""#.to_owned(),
        format!(r#","deep":{deep}"#),
        " \r\n\t".to_owned(),
    ];
    for (number, extra) in extras.iter().enumerate() {
        for mark in ["", "\u{feff}"] {
            let id = format!("d-{number}-{}", mark.len());
            let body = format!(r#"{mark}{{"deploymentId":"{id}","status":"COMPLETED"{extra}}}"#);
            let reply = server.callback(&body);
            assert_eq!(reply.status, 200, "{body}: {reply:?}");
            let row = server.row(&id).expect("the row");
            // The mark is the only byte that is left out.
            let info = body.strip_prefix(mark).expect("it begins with the mark");
            assert_eq!(row["CallbackInfo"], info);
        }
    }
}

#[test]
fn ids_reach_the_store_as_exactly_what_they_are() {
    let server = Server::start(&[]);
    for (id, encoded) in [
        ("x'); drop table--", "x%27%29%3B%20drop%20table--"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("a/b?c=d&e", "a%2Fb%3Fc%3Dd%26e"),
        ("*", "*"),
        (",", ","),
        ("%2F", "%252F"),
        ("ñandú 🤖", "%C3%B1and%C3%BA%20%F0%9F%A4%96"),
    ] {
        let body = json!({"deploymentId": id, "status": "COMPLETED"}).to_string();
        assert_eq!(server.callback(body).json()["result"], "updated", "{id}");
        let row = server.row(encoded).expect("the row");
        assert_eq!(row["DeploymentId"], id);
    }
}

#[test]
fn every_configured_path_below_the_root_is_heard_and_no_other() {
    let server = Server::start(&[
        ("root_path", "/sam"),
        ("callback_endpoint_path", "/api/callback /viejo"),
    ]);
    for (path, status) in [
        ("/sam/api/callback", 200),
        ("/sam/viejo", 200),
        ("/api/callback", 404),
        ("/viejo", 404),
        ("/sam/api/callback/", 404),
    ] {
        let body = json!({"deploymentId": path, "status": "COMPLETED"}).to_string();
        let reply = server.send("POST", path, &[SIGNED], body.as_bytes());
        assert_eq!(reply.status, status, "{path}");
    }
    let row = server.send("GET", "/sam/viejo/%2Fsam%2Fviejo", &[SIGNED], b"");
    assert_eq!(row.json()["Estado"], Value::from("COMPLETED"));
    assert_eq!(server.send("GET", "/sam/health", &[], b"").status, 200);
    assert_eq!(server.send("GET", "/health", &[], b"").status, 404);
}

#[test]
fn a_callback_comes_to_the_root_where_that_is_its_path() {
    let server = Server::start(&[("callback_endpoint_path", "/ /api/callback")]);
    let body = json!({"deploymentId": "d", "status": "COMPLETED"}).to_string();
    for result in ["updated", "already_final"] {
        let reply = server.send("POST", "/", &[SIGNED], body.as_bytes());
        assert_eq!(reply.json()["result"], result);
    }
    assert_eq!(server.row("d").expect("the row")["Estado"], "COMPLETED");
    for (method, path, status) in [
        ("GET", "/", 405),
        ("GET", "/health", 200),
        ("GET", "/health/ready", 200),
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
        ("POST", "/webhook/receive", 503),
        ("POST", "/blizwork", 404),
        ("GET", "/d", 404),
        ("POST", "/nowhere", 404),
    ] {
        let reply = server.send_for(method, path, &[SIGNED], b"");
        assert_eq!(reply.status, status, "{method} {path}");
    }
}

#[test]
fn a_body_in_a_content_coding_is_refused_and_the_reply_says_so() {
    let server = Server::start(&[("webhook_secret", "un-secreto-de-prueba")]);
    // The beginning of what gzip makes of a callback.
    let zipped = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabVJ";
    for path in ["/api/callback", "/webhook/receive"] {
        for coding in ["gzip", "br", "identity, deflate"] {
            let headers = [SIGNED, ("Content-Encoding", coding)];
            let reply = server.send("POST", path, &headers, zipped);
            assert_eq!(reply.status, 415, "{path} {coding}: {reply:?}");
            assert!(reply.text.contains("sin Content-Encoding"), "{reply:?}");
            assert_eq!(reply.header("accept-encoding"), Some("identity"));
        }
    }
    let body = json!({"deploymentId": "d", "status": "COMPLETED"}).to_string();
    let headers = [SIGNED, ("Content-Encoding", "identity")];
    let reply = server.send("POST", "/api/callback", &headers, body.as_bytes());
    assert_eq!(reply.status, 200);
}

#[test]
fn a_state_of_spaces_is_no_state() {
    let server = Server::start(&[]);
    for blank in [" ", "   ", "\u{a0}", "\u{2003}\u{3000}", "\u{200b}"] {
        let body = json!({"deploymentId": "d", "status": blank}).to_string();
        let reply = server.callback(body);
        assert_eq!(reply.status, 422, "{blank:?}");
        assert_eq!(reply.json()["errors"], json!({"status": "está vacío"}));
        let body = json!({"deploymentId": blank, "status": "COMPLETED"}).to_string();
        let errors = server.callback(body).json()["errors"].clone();
        assert_eq!(errors, json!({"deploymentId": "está vacío"}));
    }
    assert_eq!(server.row("d"), None);
    // Spaces around a state are as they came: the database takes no notice of those at its end.
    let reply = server.callback(r#"{"deploymentId":"d","status":"COMPLETED "}"#);
    assert_eq!(reply.json()["result"], "updated");
}

#[test]
fn a_state_that_sam_does_not_know_is_stored_and_the_log_warns() {
    let server = Server::start(&[]);
    let send = |id: &str, state: &str| {
        let body = json!({"deploymentId": id, "status": state}).to_string();
        let headers = [SIGNED, ("x-request-id", id)];
        let reply = server.send("POST", "/api/callback", &headers, body.as_bytes());
        assert_eq!(reply.json()["result"], "updated", "{state}");
        server.audit_line(id)
    };
    for state in ["RUN_TIMED_OUT", "FAILED", "PENDING_FAILURE"] {
        let line = send(state, state);
        assert_eq!(
            (&line["level"], &line["warning"]),
            (&json!("warn"), &json!("unknown_state"))
        );
        assert_eq!(server.row(state).expect("the row")["Estado"], state);
    }
    assert_eq!(send("known", "RUN_FAILED").get("warning"), None);
    // It is not final: what comes later still counts.
    assert_eq!(send("RUN_TIMED_OUT", "RUN_COMPLETED")["outcome"], "updated");
}

#[test]
fn two_hundred_callers_at_once_each_get_their_row() {
    let server = Server::start(&[]);
    std::thread::scope(|scope| {
        for number in 0..200 {
            let server = &server;
            scope.spawn(move || {
                let body = format!(r#"{{"deploymentId":"d{number}","status":"COMPLETED"}}"#);
                assert_eq!(server.callback(body).json()["result"], "updated");
            });
        }
    });
    for number in 0..200 {
        let row = server.row(&format!("d{number}")).expect("the row");
        assert_eq!(row["Estado"], "COMPLETED");
    }
}
