//! Messages under an id that was used: the same one again, another one, and a corrected one.

use super::messages::{door, hex, row, signed, standard, tell};
use super::*;

const RECEIVE: &str = "/webhook/receive";

fn user(content: &str, id: Value) -> Value {
    json!({"type": "user_info", "content": content, "user_id": "u", "metadata": {"id": id}})
}

/// What a message is told whose id, found at `by`, was another's.
fn told(seen: &Seen, by: &str, id: &str) {
    let what = format!("«{id}» ya se usó para otro contenido");
    assert_eq!(seen.status, 422, "{}", seen.body);
    let message = format!("El mensaje no es válido: {by}: {what}.");
    let body = json!({"success": false, "message": message, "data": {"errors": {by: what}}});
    assert_eq!(seen.body, body);
    let failure = format!("{by}: it was used for other content");
    assert_eq!(seen.line["failure"], failure);
}

#[test]
fn an_id_that_was_used_for_other_content_is_refused_by_its_name() {
    let app = door(&[]);
    assert_eq!(tell(&app, &user("1", json!(1))).status, 200);
    let promo = json!({"type": "promo", "content": "c", "metadata": {
        "id": 1, "promo_id": "P", "valid_until": "2026-12-31", "discount": 1}});
    told(&tell(&app, &promo), "metadata.id", "1");
    assert_eq!(row(&app, "promos:P"), Value::Null);
    told(&tell(&app, &user("2", json!(1))), "metadata.id", "1");
    // As a text it is the same id, and another content.
    told(&tell(&app, &user("1", json!("1"))), "metadata.id", "1");
    assert_eq!(row(&app, "usuarios:u")["content"], "1");
    // It still is who it was.
    assert_eq!(tell(&app, &user("1", json!(1))).line["outcome"], "repeated");

    let body = |content: &str| user(content, Value::Null).to_string();
    assert_eq!(send(&app, standard(&app, "msg_1", &body("3"))).status, 200);
    let other = send(&app, standard(&app, "msg_1", &body("4")));
    told(&other, "webhook-id", "msg_1");
    // Another instance knows as much.
    let beside = load(app.host.beside());
    let other = send(&beside, standard(&beside, "msg_1", &body("5")));
    told(&other, "webhook-id", "msg_1");
    assert_eq!(row(&app, "usuarios:u")["content"], "3");
    // Under a new webhook-id a metadata.id that was used is no new one.
    let other = user("6", json!(1)).to_string();
    told(
        &send(&app, standard(&app, "msg_2", &other)),
        "metadata.id",
        "1",
    );
}

#[test]
fn ids_are_the_same_only_to_the_letter() {
    let app = door(&[]);
    let long = "x".repeat(5000);
    let ids = [
        "m",
        "M",
        "m ",
        " m",
        "m\t",
        "ḿ",
        "m\u{301}",
        &long,
        &long[1..],
        "1",
        "1.0",
    ];
    for (n, id) in ids.iter().enumerate() {
        let body = user(&n.to_string(), json!(id));
        let seen = tell(&app, &body);
        assert_eq!(seen.line["outcome"], "updated", "{id:.20}");
        let again = tell(&app, &body);
        assert_eq!(again.line["outcome"], "repeated", "{id:.20}");
        assert_eq!(again.body, seen.body);
    }
    // One that is longer than its column is named as far as that goes.
    let seen = tell(&app, &user("other", json!(long)));
    told(&seen, "metadata.id", &format!("{}…", "x".repeat(200)));
    for id in ["a".repeat(300), "b".repeat(301)] {
        let body = user("c", Value::Null).to_string();
        let seen = send(&app, standard(&app, &id, &body));
        assert_eq!(
            (seen.status, &seen.line["outcome"]),
            (200, &json!("updated"))
        );
        let other = user("d", Value::Null).to_string();
        assert_eq!(send(&app, standard(&app, &id, &other)).status, 422);
    }
}

#[test]
fn what_is_no_id_leaves_the_bytes_to_tell() {
    let app = door(&[]);
    for (n, id) in [
        json!(""),
        json!(null),
        json!(true),
        json!([1]),
        json!({"a": 1}),
    ]
    .into_iter()
    .enumerate()
    {
        for content in ["a", "b"] {
            let body = user(&format!("{content}{n}"), id.clone());
            assert_eq!(tell(&app, &body).line["outcome"], "updated", "{body}");
            assert_eq!(tell(&app, &body).line["outcome"], "repeated", "{body}");
        }
    }
}

#[test]
fn a_body_that_is_written_anew_is_the_same_message() {
    let app = door(&[]);
    let first = r#"{"type":"user_info","content":"ñ","user_id":"u","metadata":{"id":"m"}}"#;
    let anew = "{\n  \"type\": \"user_info\", \"content\": \"\\u00f1\",\n  \"user_id\": \"u\",\n  \
                \"metadata\": { \"id\": \"m\" }\n}\n";
    let seen = send(&app, signed(&[], first));
    let again = send(&app, signed(&[], anew));
    assert_eq!(again.line["outcome"], "repeated");
    assert_eq!(again.body, seen.body);
}

#[test]
fn a_message_is_known_by_each_name_it_has() {
    for id in [Value::Null, json!("m-1")] {
        let app = door(&[]);
        let old = user("old", id).to_string();
        let new = user("new", Value::Null).to_string();
        let mut both = standard(&app, "msg_1", &old);
        both.headers.add("x-webhook-signature", hex(&old));
        assert_eq!(send(&app, both).status, 200);
        app.host.advance(Duration::from_secs(1));
        assert_eq!(tell(&app, &user("new", json!("m-2"))).status, 200);
        // Overheard, and sent again: without what signs its webhook-id, with another, and with a
        // signature of that which is wrong.
        let signature = hex(&old);
        let of_body = ("x-webhook-signature", signature.as_str());
        for headers in [
            &[of_body][..],
            &[of_body, ("webhook-id", "msg_9")],
            &[
                of_body,
                ("webhook-id", "msg_9"),
                ("webhook-timestamp", "1767323045"),
                ("webhook-signature", "v1,AAAA"),
            ],
        ] {
            let seen = send(&app, request("POST", RECEIVE, headers, &old));
            assert_eq!(
                (seen.status, &seen.line["outcome"]),
                (200, &json!("repeated"))
            );
            assert_eq!(row(&app, "usuarios:u")["content"], "new");
        }
        // And under its webhook-id alone.
        let seen = send(&app, standard(&app, "msg_1", &old));
        assert_eq!(seen.line["outcome"], "repeated");
        // Under a new one the same bytes are news, where nothing else names them.
        let seen = send(&app, standard(&app, "msg_3", &new));
        assert_eq!(seen.line["outcome"], "updated");
    }
}

fn remote() -> App<FakeHost> {
    door(&[("data_api", "postgrest")])
}

fn refused() -> Answers {
    json_answer(400, r#"{"code":"22001","message":"too long"}"#)
}

fn taken() -> Answers {
    json_answer(200, r#"[{"user_id":"u"}]"#)
}

#[test]
fn what_is_refused_for_good_may_be_corrected_and_sent_under_its_id() {
    let app = remote();
    app.host.will([refused()]);
    let seen = tell(&app, &user("too long", json!("m")));
    assert_eq!((seen.status, &seen.line["may_pass"]), (202, &json!(false)));
    assert_eq!(app.host.stored("0-outbox/d/").len(), 1);
    app.host.will([taken()]);
    let seen = tell(&app, &user("short", json!("m")));
    assert_eq!(seen.line["outcome"], "updated");
    assert!(app.host.sent.take().len() >= 2);
    assert_eq!(
        tell(&app, &user("short", json!("m"))).line["outcome"],
        "repeated"
    );
    // The same again, once somebody has repaired the database, is delivered too.
    let same = user("same", json!("n"));
    app.host.will([refused(), taken()]);
    assert_eq!(tell(&app, &same).status, 202);
    assert_eq!(tell(&app, &same).line["outcome"], "updated");
}

#[test]
fn what_becomes_a_dead_letter_later_may_be_corrected_too() {
    let app = remote();
    let away = || json_answer(503, "");
    app.host.will([away(), away(), refused()]);
    let (response, after) = block_on(app.respond(signed(&[], &user("1", json!("m")).to_string())));
    assert_eq!(response.status, 202);
    // As long as it waits it is the one of its id.
    told(&tell_only(&app, &user("2", json!("m"))), "metadata.id", "m");
    app.host.answers.borrow_mut().clear();
    app.host.will([refused()]);
    app.host.advance(Duration::from_secs(3600));
    block_on(app.follow_up(after));
    assert_eq!(
        app.host.stored("0-outbox/d/").len(),
        1,
        "{:?}",
        app.host.stored("0-outbox/")
    );
    app.host.will([taken()]);
    let seen = tell(&app, &user("2", json!("m")));
    assert_eq!(seen.line["outcome"], "updated");
    told(&tell(&app, &user("1", json!("m"))), "metadata.id", "m");
}

/// Without what follows a reply.
fn tell_only(app: &App<FakeHost>, body: &Value) -> Seen {
    let (response, after) = block_on(app.respond(signed(&[], &body.to_string())));
    Seen {
        status: response.status.as_u16(),
        headers: by_name(&response.headers),
        body: serde_json::from_slice(&response.body).expect("JSON"),
        line: serde_json::from_str(&after.line.expect("a line").text(&app.masking)).expect("JSON"),
    }
}

#[test]
fn of_two_at_once_under_one_id_an_instance_takes_one() {
    let body = |content: &str| user(content, json!("m")).to_string();
    for (first, second, status) in [("1", "2", 422), ("1", "1", 200)] {
        let app = remote();
        let slow = Answers::With(400, 200, &[], r#"[{"user_id":"u"}]"#.to_owned());
        app.host.will([slow]);
        let both = [first, second].map(|content| app.respond(signed(&[], &body(content))));
        let both = block_on(futures_util::future::join_all(both));
        let statuses: Vec<_> = both
            .iter()
            .map(|(reply, _)| reply.status.as_u16())
            .collect();
        assert_eq!(statuses, [200, status]);
        assert_eq!(app.host.sent.take().len(), 1);
    }
}

#[test]
fn whoever_waits_too_long_for_another_of_its_id_is_told_to_come_again() {
    let app = remote();
    app.host.will([taken()]);
    let body = user("1", json!("m"));
    let first = tell(&app, &body);
    let mark = app.host.stored("seen/").pop().expect("a record");
    let kept: Value = serde_json::from_slice(&app.host.store.borrow()[&mark]).expect("JSON");
    let hash = kept[0]["mark"].as_str().expect("a hash");
    let held = app.in_progress.try_lock(hash).expect("free");
    let seen = tell(&app, &body);
    assert_eq!(
        (seen.status, &seen.line["outcome"]),
        (503, &json!("unavailable"))
    );
    assert!(seen.headers.contains_key("retry-after"));
    drop(held);
    assert_eq!(tell(&app, &body).body, first.body);
}

#[test]
fn the_happy_path_writes_one_record_for_each_name_and_looks_no_further() {
    let app = remote();
    app.host.will([taken()]);
    let accesses = |body: &str| {
        let before = (app.host.accesses.get(), app.host.writes.get());
        let (response, _) = block_on(app.respond(signed(&[], body)));
        assert_eq!(response.status, 200);
        (
            app.host.accesses.get() - before.0,
            app.host.writes.get() - before.1,
        )
    };
    let once = r#"{"type":"user_info","content":"c","user_id":"u","metadata":{"id":"m"}}"#;
    // Beside the first look at how many messages the client has sent.
    assert_eq!(accesses(once), (4, 1));
    assert_eq!(accesses(once), (1, 0));
}
