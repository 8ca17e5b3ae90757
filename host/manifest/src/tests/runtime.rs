//! runtime-config.toml: what is accepted, what is refused.

use super::*;
use crate::runtime::Provider;
use crate::{OutboundHttp, StoreLocation};

#[test]
fn a_runtime_config_says_where_things_are() {
    let config = runtime(
        "max_instance_memory = 1000\n[key_value_store.default]\ntype = 'spin'\npath = 'a.db'\n\
         [outbound_http]\nconnection_pooling = false",
    )
    .unwrap();
    assert_eq!(
        config.store(None, Path::new("/app")).unwrap(),
        StoreLocation::File("/rc/a.db".into())
    );
    assert_eq!(config.max_instance_memory(), Some(1000));
    assert_eq!(config.outbound_http(), OutboundHttp { pooling: false });
}

#[test]
fn a_redis_store_keeps_its_password_to_itself() {
    let config = runtime(
        "[key_value_store.default]\ntype = 'redis'\nurl = 'redis://:hush@localhost:6379/2'",
    )
    .unwrap();
    let location = config.store(None, Path::new("/app")).unwrap();
    let StoreLocation::Redis(url) = &location else {
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
        ("[outbound_http]", false),
    ];
    for (text, pooling) in cases {
        let config = runtime(text).unwrap();
        assert_eq!(config.outbound_http().pooling, pooling, "{text:?}");
    }
}

#[test]
fn the_store_is_in_the_flags_directory_or_in_spins() {
    let config = RuntimeConfig::default();
    let store = |flag: Option<&str>| config.store(flag.map(Path::new), Path::new("/app"));
    for (flag, file) in [
        (None, "/app/.spin/sqlite_key_value.db"),
        (Some("/f"), "/f/sqlite_key_value.db"),
    ] {
        assert_eq!(store(flag).unwrap(), StoreLocation::File(file.into()));
    }
    assert!(refusal(store(Some(""))).starts_with("--state-dir must not be empty"));
}

#[test]
fn what_is_wrong_in_a_runtime_config_is_named() {
    let cases = [
        ("baz = 1", "rc.toml: baz: unknown key; the stand-in knows"),
        (
            "[[config_provider]]\ntype = 'env'",
            "rc.toml: config_provider: unknown key",
        ),
        (
            "[[variables_provider]]\ntype = 'vault'\ntoken = 'hush'",
            "rc.toml: variables_provider[0].type: the stand-in has no vault provider; use Spin",
        ),
        (
            "[[variables_provider]]\ntype = 'azure_key_vault'",
            "rc.toml: variables_provider[0].type: the stand-in has no vault provider; use Spin",
        ),
        (
            "[[variables_provider]]\ntype = 'hush'",
            "rc.toml: variables_provider[0].type: must be static or env",
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
            "[[variables_provider]]\ntype = 'env'\nprefix = 'SAM'",
            "rc.toml: variables_provider[0].prefix: must be \"SPIN_VARIABLE\"; use Spin",
        ),
        (
            "[key_value_store.a]\ntype = 'spin'",
            "rc.toml: key_value_store.a: unknown key; the stand-in knows default here",
        ),
        (
            "[key_value_store.default]\ntype = 'azure_cosmos'\nkey = 'hush'",
            "rc.toml: key_value_store.default.type: must be \"spin\" or \"redis\"; use Spin",
        ),
        (
            "[key_value_store.default]\ntype = 'spin'",
            "rc.toml: key_value_store.default.path: is missing; use Spin for a store in memory",
        ),
        (
            "[key_value_store.default]\ntype = 'redis'",
            "rc.toml: key_value_store.default.url: is missing; write redis://host:port",
        ),
        (
            "[key_value_store.default]\ntype = 'redis'\nurl = 'rediss://:hush@x'",
            "rc.toml: key_value_store.default.url: must be redis://host:port; use Spin for TLS",
        ),
        (
            "[key_value_store.default]\ntype = 'redis'\nurl = 'hush:6379'",
            "rc.toml: key_value_store.default.url: must be redis://host:port",
        ),
        (
            "[key_value_store.default]\ntype = 'redis'\nurl = 'unix:///run/hush.sock'",
            "rc.toml: key_value_store.default.url: must be redis://host:port; use Spin for TLS and \
             for sockets",
        ),
        (
            "[key_value_store.default]\npath = 'x'",
            "rc.toml: key_value_store.default.type: must be \"spin\" or \"redis\"",
        ),
        (
            "[outbound_http]\nmax_connections = 3",
            "rc.toml: outbound_http.max_connections: unknown key; the stand-in knows \
             connection_pooling here",
        ),
        (
            "[outbound_networking]\nblock_networks = ['private']",
            "rc.toml: outbound_networking: unknown key",
        ),
        ("state_dir = '/s'", "rc.toml: state_dir: unknown key"),
        ("log_dir = '/s'", "rc.toml: log_dir: unknown key"),
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
        let [Provider::Env { .. }, Provider::Static(values)] = &config.providers[..] else {
            panic!("other providers than it explains");
        };
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
