//! runtime-config.toml: what is accepted, what is refused.

use super::*;
use crate::runtime::Provider;
use crate::{OutboundHttp, StoreLocation};

#[test]
fn a_runtime_config_says_where_things_are() {
    let config = runtime(
        "state_dir = '/state'\nlog_dir = ''\nmax_instance_memory = 1000\n\
         [key_value_store.a]\ntype = 'spin'\npath = 'a.db'\n[key_value_store.b]\ntype = 'spin'\n\
         [outbound_http]\nconnection_pooling = false\nmax_connections = 3\n[sqlite_database.x]\ntype = 'spin'",
    )
    .unwrap();
    assert_eq!(
        config.store("a", None),
        Some(StoreLocation::File("/rc/a.db".into()))
    );
    assert_eq!(config.store("b", None), Some(StoreLocation::Memory));
    assert_eq!(config.store("c", None), None);
    assert_eq!(config.max_instance_memory(), Some(1000));
    assert_eq!(
        config.outbound_http(),
        OutboundHttp {
            pooling: false,
            max_connections: Some(3)
        }
    );
    let state_dir = config.state_dir(None, Path::new("/app")).unwrap();
    assert_eq!(
        config.store("default", state_dir.as_deref()),
        Some(StoreLocation::File("/state/sqlite_key_value.db".into()))
    );
}

#[test]
fn a_redis_store_keeps_its_password_to_itself() {
    let config = runtime(
        "[key_value_store.default]\ntype = 'redis'\nurl = 'redis://:hush@localhost:6379/2'",
    )
    .unwrap();
    let Some(location @ StoreLocation::Redis(url)) = &config.store("default", None) else {
        panic!("no Redis");
    };
    assert_eq!(url.expose(), "redis://:hush@localhost:6379/2");
    assert_eq!(format!("{location:?}"), "Redis(***)");
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn connections_are_kept_unless_the_table_is_there_and_does_not_ask_for_it() {
    let cases = [
        ("", true),
        ("[outbound_http]\nconnection_pooling = true", true),
        ("[outbound_http]\nconnection_pooling = false", false),
        ("[outbound_http]\nmax_connections = 1", false),
    ];
    for (text, pooling) in cases {
        let config = runtime(text).unwrap();
        assert_eq!(config.outbound_http().pooling, pooling, "{text:?}");
    }
}

#[test]
fn the_state_directory_is_the_flags_then_the_files_then_spins() {
    let dir = |text, flag| {
        runtime(text)
            .unwrap()
            .state_dir(flag, Path::new("/app"))
            .unwrap()
    };
    assert_eq!(dir("", None), Some("/app/.spin".into()));
    assert_eq!(dir("state_dir = '/s'", None), Some("/s".into()));
    assert_eq!(dir("state_dir = '/s'", Some("/f")), Some("/f".into()));
    assert_eq!(dir("state_dir = ''", None), None);
    assert_eq!(dir("", Some("")), None);
    assert_eq!(
        RuntimeConfig::default().store("default", None),
        Some(StoreLocation::Memory)
    );
}

#[test]
fn what_is_wrong_in_a_runtime_config_is_named() {
    let cases = [
        ("baz = 1", "rc.toml: unused runtime config key(s): baz"),
        (
            "[[variables_provider]]\ntype = 'env'\n[[config_provider]]\ntype = 'env'",
            "rc.toml: unused runtime config key(s): config_provider",
        ),
        (
            "[[variables_provider]]\ntype = 'vault'\ntoken = 'hush'",
            "rc.toml: variables_provider[0].type: the stand-in has no vault provider; use Spin",
        ),
        (
            "[[config_provider]]\ntype = 'azure_key_vault'",
            "rc.toml: config_provider[0].type: the stand-in has no vault provider; use Spin",
        ),
        (
            "[[variables_provider]]\ntype = 'hush'",
            "rc.toml: variables_provider[0].type: must be static, env",
        ),
        (
            "[[variables_provider]]\ntype = 'static'\nvalues = { a = 12345 }",
            "rc.toml: variables_provider[0].values.a: must be a string",
        ),
        (
            "[[variables_provider]]\ntype = 'static'",
            "rc.toml: variables_provider[0].values: is missing",
        ),
        (
            "[[variables_provider]]\ntype = 'env'\nprefx = 'x'",
            "rc.toml: variables_provider[0].prefx: unknown key",
        ),
        (
            "[key_value_store.a]\ntype = 'azure_cosmos'\nkey = 'hush'",
            "rc.toml: key_value_store.a.type: the stand-in has stores of type \"spin\" and \"redis\"",
        ),
        (
            "[key_value_store.a]\ntype = 'redis'",
            "rc.toml: key_value_store.a.url: is missing; write redis://host:port",
        ),
        (
            "[key_value_store.a]\ntype = 'redis'\nurl = 'rediss://:hush@x'",
            "rc.toml: key_value_store.a.url: the stand-in speaks to Redis without TLS",
        ),
        (
            "[key_value_store.a]\ntype = 'redis'\nurl = 'hush:6379'",
            "rc.toml: key_value_store.a.url: must be redis://host:port",
        ),
        (
            "[key_value_store.a]\ntype = 'redis'\nurl = 'unix:///run/hush.sock'",
            "rc.toml: key_value_store.a.url: the stand-in takes redis://host:port only",
        ),
        (
            "[key_value_store.a]\npath = 'x'",
            "rc.toml: key_value_store.a.type: must be \"spin\" or \"redis\"",
        ),
        (
            "[outbound_http]\npooling = true",
            "rc.toml: outbound_http.pooling: unknown key",
        ),
        (
            "[outbound_networking]\nblock_networks = ['private']",
            "rc.toml: outbound_networking: the stand-in does not have this",
        ),
        (
            "max_instance_memory = 'x'",
            "rc.toml: max_instance_memory: must be a whole number",
        ),
    ];
    for (text, expected) in cases {
        let refused = refusal(runtime(text));
        assert!(
            refused.starts_with(expected),
            "{text:?}\n got {refused}\nwant {expected}"
        );
        assert!(
            !refused.contains("hush") && !refused.contains("12345"),
            "{refused}"
        );
    }
}

/// What an operator copies for SAM's database on Supabase.
const SUPABASE: &str = include_str!("../../../../deploy/supabase/runtime-config.toml");

/// And for Azure SQL.
const AZURE_SQL: &str = include_str!("../../../../deploy/azure-sql/runtime-config.toml");

#[test]
fn the_runtime_configs_in_deploy_are_read() {
    for text in [SUPABASE, AZURE_SQL] {
        let config = runtime(text).unwrap();
        let [Provider::Env { prefix, .. }, Provider::Static(values)] = &config.providers[..] else {
            panic!("other providers than it explains");
        };
        assert_eq!(prefix.as_deref(), Some("SPIN_VARIABLE"));
        assert!(values.contains_key("data_api"));
    }
}

#[test]
fn the_vault_block_in_it_is_well_formed_and_would_come_last() {
    let start = SUPABASE.find("# [[variables_provider]]").unwrap();
    let end = start + SUPABASE[start..].find("\n\n").unwrap();
    let block = SUPABASE[start..end].replace("# ", "");
    let with_vault = [&SUPABASE[..start], &block, &SUPABASE[end..]].concat();
    let refused = refusal(runtime(&with_vault));
    let expected = "rc.toml: variables_provider[2].type: the stand-in has no vault provider";
    assert!(refused.starts_with(expected), "{refused}");
}
