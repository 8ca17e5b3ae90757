//! The same promises where rows and outbox are in Redis.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use support::data_api::dab::DabServer;
use support::redis::Redis;
use support::server::Server;
use support::upstream::{self, Act, Upstream};

/// As runtime-config.toml has it: a server that replies and closes is not asked again on the same
/// connection.
const UNPOOLED: &str = "[outbound_http]\nconnection_pooling = false";

fn server_on(redis: &Redis, settings: &[(&str, &str)]) -> Server {
    let config = redis.runtime_config(UNPOOLED);
    Server::start_prepared(settings, |folder: &Path| {
        std::fs::write(folder.join("runtime-config.toml"), config).expect("it is written");
    })
}

#[test]
fn rows_outlive_a_server_and_a_redis_that_are_killed() {
    let mut redis = Redis::start_durable();
    let server = server_on(&redis, &[]);
    for number in 0..20 {
        let body = format!(r#"{{"deploymentId":"d{number}","status":"COMPLETED"}}"#);
        assert_eq!(server.callback(body).status, 200);
    }
    redis.kill_and_restart();
    let server = server.kill_and_restart();
    for number in 0..20 {
        let row = server.row(&format!("d{number}")).expect("the row");
        assert_eq!(row["Estado"], "COMPLETED");
    }
}

#[test]
fn what_was_acknowledged_is_delivered_after_a_server_and_a_redis_were_killed() {
    let mut redis = Redis::start_durable();
    let dab = DabServer::start_open();
    let (on, behind) = (Arc::new(AtomicBool::new(false)), dab.upstream.address);
    let is_on = Arc::clone(&on);
    let upstream = Upstream::start(move |asked| match is_on.load(Ordering::SeqCst) {
        true => upstream::forward(asked, behind),
        false => Act::Reply(503, "text/html", b"<html>".to_vec()),
    });
    let origin = upstream.origin();
    let settings = [
        ("data_api", "dab"),
        ("data_api_origin", &origin),
        ("admin_token", "una-de-operaciones"),
    ];
    let server = server_on(&redis, &settings);
    for number in 0..20 {
        let id = format!("d{number}");
        dab.insert(&id, "RUNNING");
        let body = json!({"deploymentId": id, "status": "COMPLETED"});
        assert_eq!(server.callback(body.to_string()).status, 202);
    }
    redis.kill_and_restart();
    let server = server.kill_and_restart();
    on.store(true, Ordering::SeqCst);
    let admin = [("Authorization", "Bearer una-de-operaciones")];
    let drained = server.send("POST", "/admin/outbox/drain?all=true", &admin, b"");
    assert_eq!(drained.json()["waiting"], 0, "{drained:?}");
    for number in 0..20 {
        assert_eq!(dab.row(&format!("d{number}"))["Estado"], "COMPLETED");
    }
}
