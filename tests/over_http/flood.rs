//! An outbox as long as an hour of 50 callbacks a second makes it, in an instance as small as an
//! edge host gives it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, params};
use sam_callback::delivery::outbox::{Entry, EntryId, Scheduled};
use sam_callback::delivery::{DeploymentId, Status, ended};
use serde_json::{Value, json};
use support::server::Server;
use support::upstream::{self, Upstream};

const ENTRIES: u64 = 180_000;

const ADMIN: (&str, &str) = ("Authorization", "Bearer una-de-operaciones");

/// As the component keeps them in Spin's SQLite file, due since an hour ago.
fn fill(folder: &Path) {
    let runtime = "max_instance_memory = 134217728\n";
    std::fs::write(folder.join("runtime-config.toml"), runtime).expect("written");
    let mut store = Connection::open(folder.join("sqlite_key_value.db")).expect("a file");
    let table = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL,
                 value BLOB NOT NULL, PRIMARY KEY (store, key))";
    store.execute(table, []).expect("made");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let hour_ago = since.expect("after 1970") - Duration::from_secs(3600);
    let hour_ago = u64::try_from(hour_ago.as_millis()).expect("not for long");
    let all = store.transaction().expect("begun");
    {
        let insert = "INSERT INTO spin_key_value VALUES ('default', ?1, ?2)";
        let mut insert = all.prepare(insert).expect("SQL");
        for number in 0..ENTRIES {
            let at = hour_ago + number * 20;
            let (id, entry) = entry(number, at);
            let key = format!(
                "0-outbox/a/{}",
                Scheduled {
                    due: at,
                    id,
                    tag: None
                }
            );
            insert
                .execute(params![key, entry.to_json()])
                .expect("inserted");
        }
    }
    all.commit().expect("committed");
}

fn entry(number: u64, at: u64) -> (EntryId, Entry) {
    let change = ended(
        DeploymentId::new(format!("d-{number}")).expect("fits"),
        Status::new("RUN_COMPLETED").expect("fits"),
        "x".repeat(300),
    );
    let id = EntryId::new(&change, at, number.into());
    let entry = Entry {
        change,
        source: "a360".to_owned(),
        request_id: "r".to_owned(),
        since: at,
        tries: 1,
        attempts: vec![(at, "data API: connection refused".to_owned())],
    };
    (id, entry)
}

fn admin(server: &Server, method: &str, path: &str) -> Value {
    let reply = server.send(method, &format!("/admin/outbox{path}"), &[ADMIN], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[test]
fn a_long_outbox_is_counted_listed_and_drained_by_a_small_instance() {
    let data_api =
        Upstream::start(|_| upstream::json(201, &json!({"value": [{"Resultado": "UPDATED"}]})));
    let origin = data_api.origin();
    let settings = [
        ("data_api", "dab"),
        ("data_api_origin", origin.as_str()),
        ("admin_token", "una-de-operaciones"),
        ("log_level", "warn"),
    ];
    let server = Server::start_prepared(&settings, fill);
    // Requests carry it forward, so there is less of it each time.
    let waiting = |reply: &Value| reply["waiting"].as_u64().expect("a number");
    let before = waiting(&admin(&server, "GET", "/stats"));
    assert!((1..=ENTRIES).contains(&before), "{before}");
    let page = admin(&server, "GET", "?limit=200");
    let entries = page["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 200);
    assert_eq!(entries[0]["key"], format!("d-{}", ENTRIES - 1));
    assert!(page["next"].is_string());

    let drained = admin(&server, "POST", "/drain");
    assert!(drained["delivered"].as_u64() > Some(0), "{drained}");
    assert!(waiting(&drained) < before, "{drained}");
    let keys: Vec<_> = data_api
        .take_requests()
        .iter()
        .map(|asked| asked.json()["DeploymentId"].clone())
        .collect();
    assert!(keys.contains(&json!("d-0")), "the oldest come first");
    let callback = server.callback(r#"{"deploymentId":"new","status":"COMPLETED"}"#);
    assert_eq!(callback.json()["result"], "updated");
}
