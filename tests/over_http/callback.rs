//! A callback arrives and the row says so.

use serde_json::{Value, json};

use crate::by_hand::{read_reply, write_request};
use crate::server::{SIGNED, Server, TOKEN};

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
fn callback_info_is_the_body_byte_for_byte() {
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
            assert_eq!(row["CallbackInfo"], body);
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
