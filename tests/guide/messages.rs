//! The guide's messages and replies.

use serde_json::Value;
use support::server::{Reply, Server};
use support::signatures::hex_by;

use crate::{PATH, PLAIN, blocks, rows, serve};

/// The messages of the guide, and the replies that it shows.
fn messages_and_replies() -> (Vec<String>, Vec<Value>) {
    let (messages, replies): (Vec<_>, Vec<_>) = blocks("json")
        .into_iter()
        .partition(|text| parsed(text).get("type").is_some());
    (messages, replies.iter().map(|text| parsed(text)).collect())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn send(server: &Server, body: &str) -> Reply {
    let signature = hex_by(PLAIN, body.as_bytes());
    let headers = [
        ("content-type", "application/json"),
        ("x-webhook-signature", signature.as_str()),
    ];
    server.send("POST", PATH, &headers, body.as_bytes())
}

#[test]
fn each_message_is_taken_and_answered_as_the_guide_says() {
    let (messages, replies) = messages_and_replies();
    let types: Vec<_> = messages
        .iter()
        .map(|text| parsed(text)["type"].clone())
        .collect();
    assert_eq!(types, ["reservation_update", "promo", "user_info"]);
    let server = serve();
    for message in &messages {
        let reply = send(&server, message);
        assert_eq!(reply.status, 200, "{reply:?}");
        let mut shown = replies[0].clone();
        let mut reply = reply.json();
        // Which message it is, and when: not the same as in the guide.
        assert_eq!(
            reply["data"]["message_id"],
            parsed(message)["metadata"]["id"]
        );
        for name in ["message_id", "received_at"] {
            let (own, shown) = (reply["data"][name].take(), shown["data"][name].take());
            assert!(own.is_string() && shown.is_string(), "{own} {shown}");
        }
        assert_eq!(reply, shown);
    }
    let keys: Vec<_> = rows(&server).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["promos:P-20", "reservas:R-1001", "usuarios:U-7"]);
}

#[test]
fn the_refusal_that_the_guide_shows_is_the_components() {
    let (messages, replies) = messages_and_replies();
    let mut message = parsed(&messages[0]);
    let metadata = message["metadata"].as_object_mut().expect("an object");
    metadata.remove("status").expect("the state");
    let server = serve();
    let reply = send(&server, &message.to_string());
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json(), replies[1]);

    // What was refused is not remembered: put right, it is taken under the same id.
    assert_eq!(send(&server, &messages[0]).status, 200);
}

#[test]
fn an_older_message_and_another_under_the_same_id_change_nothing() {
    let (messages, replies) = messages_and_replies();
    let server = serve();
    let first = send(&server, &messages[0]);
    assert_eq!(send(&server, &messages[0]).text, first.text);
    let before = rows(&server);
    let same_id = messages[0].replace("confirmada", "anulada");
    let refused = send(&server, &same_id);
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json(), replies[2]);
    assert_eq!(replies.len(), 3);
    assert_eq!(rows(&server), before);
    let older = same_id
        .replace("aviso-1", "aviso-0")
        .replace("2026-01", "2025-01");
    assert_eq!(send(&server, &older).status, 200);
    assert_eq!(rows(&server), before);
    let newer = same_id
        .replace("aviso-1", "aviso-4")
        .replace("2026-01", "2026-03");
    assert_eq!(send(&server, &newer).status, 200);
    assert_ne!(rows(&server), before);
}
