//! dab-config.json: what is open to whom.

use serde_json::{Value, json};

use crate::bookings::{BOOKINGS, HISTORY};
use crate::lookup::READERS;
use crate::messages::{TABLES, Table};
use crate::{PROCEDURE, text};

fn config() -> Value {
    serde_json::from_str(&text("dab-config.json")).unwrap()
}

/// Those of all files.
fn tables() -> impl Iterator<Item = Table> {
    TABLES.into_iter().chain([BOOKINGS, HISTORY])
}

/// Those of all files.
fn procedures() -> impl Iterator<Item = &'static str> {
    [PROCEDURE].into_iter().chain(READERS)
}

#[test]
fn one_role_may_execute_the_procedures_by_post() {
    let config = config();
    for procedure in procedures() {
        let entity = &config["entities"][procedure.trim_start_matches("dbo.")];
        assert_eq!(entity["source"]["type"], "stored-procedure");
        assert_eq!(entity["source"]["object"], procedure);
        assert_eq!(entity["rest"]["methods"], json!(["post"]));
        assert_eq!(
            entity["permissions"],
            json!([{ "role": "sam_callback", "actions": ["execute"] }])
        );
    }
}

#[test]
fn the_same_role_may_write_to_the_tables_and_read_what_it_looks_at() {
    let config = config();
    for Table {
        name, key, moment, ..
    } in tables()
    {
        let entity = &config["entities"][name];
        assert_eq!(entity["source"]["type"], "table", "{name}");
        assert_eq!(entity["source"]["object"], format!("dbo.{name}"));
        assert_eq!(entity["graphql"]["enabled"], false, "{name}");
        let [permission] = entity["permissions"].as_array().unwrap().as_slice() else {
            panic!("{name}: one role");
        };
        assert_eq!(permission["role"], "sam_callback", "{name}");
        let read = |columns: &[&str]| json!({"action": "read", "fields": {"include": columns}});
        let expected = match moment {
            None => json!([read(&[key]), "create"]),
            Some(moment) => json!([read(&[key, moment]), "create", "update"]),
        };
        assert_eq!(permission["actions"], expected, "{name}");
    }
}

#[test]
fn nothing_else_is_open() {
    let config = config();
    let entities = config["entities"].as_object().unwrap();
    assert_eq!(entities.len(), procedures().count() + tables().count());
    let runtime = &config["runtime"];
    assert_eq!(runtime["rest"]["path"], "/api");
    for closed in ["graphql", "mcp", "cache"] {
        assert_eq!(runtime[closed]["enabled"], false, "{closed}");
    }
    assert_eq!(runtime["host"]["mode"], "production");
}

#[test]
fn no_secret_stands_in_it() {
    let config = config();
    for from_outside in [
        "/data-source/connection-string",
        "/runtime/host/authentication/jwt/audience",
        "/runtime/host/authentication/jwt/issuer",
    ] {
        let value = config.pointer(from_outside).unwrap().as_str().unwrap();
        assert!(
            value.starts_with("@env('") && value.ends_with("')"),
            "{from_outside}"
        );
    }
}
