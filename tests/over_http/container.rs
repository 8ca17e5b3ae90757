//! deploy/container: the entry point's command, with the paths of an image put in place.

use serde_json::Value;
use support::ports::free_address;
use support::project::{root, text};
use support::redis::Redis;
use support::server::{Server, TOKEN, named};
use tempfile::TempDir;

const ADMIN_TOKEN: &str = "una-palabra-de-operaciones";

/// The entry point's words.
fn entry_point() -> Vec<String> {
    let file = text("deploy/container/Containerfile");
    let words = file
        .lines()
        .find_map(|line| line.strip_prefix("ENTRYPOINT "));
    serde_json::from_str(words.expect("an entry point")).expect("its exec form")
}

/// Serves as a container does: a disk of its own that is gone afterwards, and that Redis.
fn serve(redis: &Redis) -> Server {
    let (state, address) = (TempDir::new().expect("a folder"), free_address());
    let config = text("deploy/container/runtime-config.toml");
    let in_file = "redis://:REDIS_PASSWORD@REDIS_HOST:6379/0";
    assert!(config.contains(in_file));
    let config_file = state.path().join("runtime-config.toml");
    std::fs::write(&config_file, config.replace(in_file, &redis.url())).expect("written");

    let entry_point = entry_point();
    let [spin, up, flags @ ..] = entry_point.as_slice() else {
        panic!("{entry_point:?}");
    };
    assert_eq!([spin, up], ["/usr/local/bin/spin", "up"]);
    let mut command = named();
    for word in flags {
        match word.as_str() {
            "/app/spin.toml" => command.arg(root().join("spin.toml")),
            "/config/runtime-config.toml" => command.arg(&config_file),
            "0.0.0.0:8080" => command.arg(address.to_string()),
            "/tmp/state" => command.arg(state.path()),
            flag => {
                assert!(flag.starts_with("--"), "{flag}");
                command.arg(flag)
            }
        };
    }
    // Nobody is there.
    let away = format!("http://{}", free_address());
    let settings = [
        ("callback_token", TOKEN),
        ("admin_token", ADMIN_TOKEN),
        ("oauth_client_secret", "s"),
        ("oauth_origin", &away),
        ("data_api_origin", &away),
    ];
    Server::start_by(command, &settings, address, state)
}

fn waiting(server: &Server) -> Value {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    let reply = server.send("GET", "/admin/outbox/stats", &headers, b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["waiting"].clone()
}

#[test]
fn what_a_container_has_acknowledged_outlives_it() {
    let redis = Redis::start_durable();
    let server = serve(&redis);
    assert_eq!(server.send("GET", "/health", &[], b"").status, 200);
    let body = r#"{"deploymentId":"d-1","status":"RUN_COMPLETED"}"#;
    let reply = server.callback(body);
    assert_eq!(
        (reply.status, &reply.json()["result"]),
        (202, &"queued".into())
    );
    drop(server);
    assert_eq!(waiting(&serve(&redis)), 1);
}
