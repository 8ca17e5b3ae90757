//! Through Data API builder.

use std::collections::BTreeMap;

use serde_json::json;
use support::data_api::dab::DabServer;
use support::data_api::postgrest::PostgrestServer;
use support::postgres::Database;
use support::server::Server;
use support::upstream::{self, Act, Upstream};

use super::{HOSTILE, callback, result, start, start_patient};

#[test]
fn a_callback_changes_the_row() {
    for (write, requests) in [("procedure", 1), ("table", 2)] {
        let dab = DabServer::start(None);
        let server = start(&dab.settings(), &[("sam_write", write)]);
        dab.insert("d-1", "UNKNOWN");
        let updated = (200, json!("updated"));
        assert_eq!(result(&server, "d-1", "RUN_COMPLETED"), updated, "{write}");
        assert_eq!(dab.upstream.take_requests().len(), requests);
        let changed = dab.row("d-1");
        assert_eq!(changed["Estado"], "RUN_COMPLETED");
        assert_eq!(changed["CallbackInfo"], callback("d-1", "RUN_COMPLETED"));
        assert!(changed["FechaInicioReal"].is_string(), "{changed:?}");

        let already_final = (200, json!("already_final"));
        assert_eq!(result(&server, "d-1", "RUN_FAILED"), already_final);
        assert_eq!(dab.row("d-1"), changed);
        let not_yet = (202, json!("queued"));
        assert_eq!(result(&server, "d-2", "RUN_FAILED"), not_yet);
        assert_eq!(dab.rows().len(), 1, "none was made by accident");
    }
}

#[test]
fn any_deployment_id_reaches_its_row_or_is_refused() {
    for write in ["procedure", "table"] {
        let dab = DabServer::start(None);
        let server = start(&dab.settings(), &[("sam_write", write)]);
        for id in HOSTILE {
            dab.insert(id, "RUNNING");
            let refused = write == "table" && id.contains('/');
            let expected = match refused {
                true => (422, json!("invalid_callback")),
                false => (200, json!("updated")),
            };
            assert_eq!(result(&server, id, "COMPLETED"), expected, "{id}");
            let state = if refused { "RUNNING" } else { "COMPLETED" };
            assert_eq!(dab.row(id)["Estado"], state);
        }
    }
}

#[test]
fn a_bearer_token_is_fetched_once_and_sent_along() {
    let issuer = Upstream::start(|asked| {
        let form: BTreeMap<_, _> = asked
            .body
            .split(|byte| *byte == b'&')
            .map(|field| String::from_utf8_lossy(field).into_owned())
            .filter_map(|field| {
                field
                    .split_once('=')
                    .map(|(n, v)| (n.to_owned(), v.to_owned()))
            })
            .collect();
        let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let expected = [
            ("client_id", "sam"),
            ("client_secret", "s3cr3t%20%26"),
            ("grant_type", "client_credentials"),
            ("scope", "api%3A%2F%2Fsam%2F.default"),
        ];
        match asked.target == "/tenant/token" && form == expected {
            true => upstream::json(
                200,
                &json!({"access_token": "t-1", "token_type": "Bearer", "expires_in": 3599}),
            ),
            false => Act::Reply(
                400,
                "application/json",
                br#"{"error":"invalid_client"}"#.to_vec(),
            ),
        }
    });
    let dab = DabServer::start(Some("t-1"));
    let origin = issuer.origin();
    let oauth = [
        ("oauth_origin", origin.as_str()),
        ("oauth_path", "/tenant/token"),
        ("oauth_client_id", "sam"),
        ("oauth_client_secret", "s3cr3t &"),
        ("oauth_scope", "api://sam/.default"),
    ];
    let server = start_patient(&dab.settings(), &oauth);
    for number in 0..10 {
        let id = format!("d-{number}");
        dab.insert(&id, "RUNNING");
        assert_eq!(result(&server, &id, "COMPLETED"), (200, json!("updated")));
    }
    assert_eq!(issuer.take_requests().len(), 1);
    for secret in ["s3cr3t", "t-1"] {
        assert!(!server.printed().contains(secret));
    }
}

#[test]
fn every_request_to_a_data_api_says_how_long_it_is() {
    let dab = DabServer::start(None);
    let server = start(&dab.settings(), &[]);
    dab.insert("d-1", "RUNNING");
    let long = json!({"deploymentId": "d-1", "status": "COMPLETED", "x": "ñ\"".repeat(200_000)});
    let reply = server.callback(long.to_string());
    assert_eq!(reply.json()["result"], "updated");
    assert_eq!(dab.row("d-1")["CallbackInfo"], long.to_string());
    let [asked] = &dab.upstream.take_requests()[..] else {
        panic!("one request")
    };
    let length = asked.body.len().to_string();
    assert_eq!(asked.header("content-length"), Some(&*length));
    assert_eq!(asked.header("transfer-encoding"), None);
}

#[test]
fn ready_says_whether_the_data_api_is_there() {
    let ready = |server: &Server| {
        let reply = server.send("GET", "/health/ready", &[], b"");
        (reply.status, reply.json()["checks"]["data_api"].clone())
    };
    let dab = DabServer::start(None);
    let server = start(&dab.settings(), &[]);
    assert_eq!(ready(&server), (200, json!("ok")));
    assert_eq!(dab.upstream.take_requests()[0].target, "/");
    let postgrest = PostgrestServer::start(Database::supabase());
    assert_eq!(
        ready(&start(&postgrest.settings(), &[])),
        (200, json!("ok"))
    );

    let ill = Upstream::playing(vec![Act::Reply(503, "text/html", b"<html>".to_vec())]);
    let settings = [
        ("data_api", "dab".to_owned()),
        ("data_api_origin", ill.origin()),
    ];
    let server = start(&settings, &[]);
    assert_eq!(ready(&server), (503, json!("failing")));
    let line = server.line_with("\"outcome\":\"not_ready\"");
    let failure = "data API: status 503 Service Unavailable, an HTML page";
    assert_eq!(line["failure"], failure);
}

#[test]
fn rows_of_a_database_cannot_be_read_from_outside() {
    let dab = DabServer::start(None);
    dab.insert("d-1", "RUNNING");
    let server = start(&dab.settings(), &[]);
    assert_eq!(server.row("d-1"), None);
    assert_eq!(dab.upstream.take_requests(), []);
}
