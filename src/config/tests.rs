//! Settings as operators write them.

use futures_executor::block_on;

use super::*;
use crate::testing::{FakeHost, TOKEN, signer};

fn load(settings: &[(&str, &str)]) -> Config {
    block_on(Config::load(&FakeHost::with(settings)))
}

/// What is wrong with `setting`, which is all that is wrong, and whose door is shut.
fn problem_of(setting: &'static str, value: &str) -> String {
    let token = ("callback_token", TOKEN);
    let others: &[_] = match setting {
        "oauth_client_secret" => &[("oauth_path", "/token"), ("oauth_client_id", "id")],
        "oauth_client_id" => &[("oauth_path", "/token"), ("oauth_client_secret", "s")],
        "blizwork_api_token" => &[("blizwork_endpoint_url", "https://x.example/blizwork")],
        "blizwork_endpoint_url" => &[("blizwork_api_token", "b")],
        _ => &[],
    };
    let config = load(&[&[token], others, &[(setting, value)]].concat());
    let [problem] = &config.problems[..] else {
        panic!(
            "{setting}={value:?}: one problem, not {:?}",
            config.problems
        )
    };
    assert_eq!(problem.setting, setting, "{value:?}");
    let is_shut = match setting {
        "admin_token" => matches!(config.admin, Setup::Invalid),
        "webhook_secret" => config.messages.is_none(),
        "blizwork_api_token" | "blizwork_endpoint_url" => matches!(config.blizwork, Setup::Invalid),
        _ => config.callback.is_none(),
    };
    assert!(is_shut, "{setting}={value:?}");
    problem.what.clone()
}

fn wrong(settings: &[(&str, &str)]) -> Vec<&'static str> {
    let config = load(settings);
    assert_eq!(config.callback.is_none(), !config.problems.is_empty());
    config.problems.iter().map(|p| p.setting).collect()
}

#[test]
fn the_defaults_of_spin_toml_and_a_token_open_the_door() {
    let config = load(&[("callback_token", "un-token-de-prueba otro-token-de-prueba")]);
    assert_eq!(config.problems, []);
    assert_eq!(
        config.callback_paths,
        Some(vec!["/api/callback".to_owned()])
    );
    assert_eq!(config.max_body_bytes, 1 << 20);
    let door = config.callback.expect("the door can open");
    assert_eq!(door.requirement, Requirement::Any);
    let static_token = door.static_token.expect("it counts");
    assert_eq!(static_token.tokens.len(), 2);
    assert_eq!(static_token.headers, ["x-authorization", "x-api-key"]);
}

#[test]
fn a_door_with_no_credential_to_check_is_misconfigured() {
    assert_eq!(wrong(&[]), ["callback_token"]);
    assert_eq!(
        wrong(&[("callback_auth_mode", "strict")]),
        ["callback_token"]
    );
    assert_eq!(wrong(&[("callback_token", "  ")]), ["callback_token"]);
}

#[test]
fn each_mode_wants_the_credentials_it_checks() {
    let key = signer::public_key("ed25519.pem");
    let (token, key) = (("callback_token", TOKEN), ("jwt_public_key", key.as_str()));
    for (mode, without_token, without_key, without_both) in [
        ("optional", &[][..], &[][..], &["callback_token"][..]),
        (
            "required",
            &["callback_token"],
            &["jwt_public_key"],
            &["callback_token", "jwt_public_key"],
        ),
        ("strict", &["callback_token"], &[], &["callback_token"]),
    ] {
        let mode = ("callback_auth_mode", mode);
        assert_eq!(wrong(&[mode, token, key]), [""; 0], "{mode:?}");
        assert_eq!(wrong(&[mode, key]), without_token, "{mode:?}");
        assert_eq!(wrong(&[mode, token]), without_key, "{mode:?}");
        assert_eq!(wrong(&[mode]), without_both, "{mode:?}");
    }
}

#[test]
fn strict_does_not_look_at_a_jwt() {
    let key = signer::public_key("ed25519.pem");
    let token = ("callback_token", TOKEN);
    for (mode, looks) in [("optional", true), ("strict", false), ("required", true)] {
        let settings = [
            token,
            ("jwt_public_key", &key),
            ("callback_auth_mode", mode),
        ];
        let door = load(&settings).callback.expect("the door can open");
        assert_eq!(door.jwt.is_some(), looks, "{mode}");
    }
}

#[test]
fn the_door_of_messages_opens_and_shuts_by_itself() {
    let token = ("callback_token", TOKEN);
    assert!(load(&[token]).messages.is_none());
    let config = load(&[token, ("webhook_secret", "s3creto-de-mensajes")]);
    let door = config.messages.expect("the door can open");
    assert_eq!(door.requirement, Requirement::Any);
    let signature = door.body_signature.expect("it counts");
    assert_eq!(signature.tolerance, Duration::from_secs(300));

    for wrong in [
        ("webhook_secret", "whsec_s3cr3t-ñ"),
        ("webhook_tolerance_seconds", "0"),
    ] {
        let config = load(&[token, ("webhook_secret", "s3creto-de-mensajes"), wrong]);
        assert!(config.messages.is_none() && config.callback.is_some());
        let settings: Vec<_> = config.problems.iter().map(|p| p.setting).collect();
        assert_eq!(settings, [wrong.0]);
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }
    let config = load(&[
        ("webhook_secret", "s3creto-de-mensajes"),
        ("callback_token", "ñ"),
    ]);
    assert!(config.messages.is_some() && config.callback.is_none());
}

#[test]
fn what_is_wrong_with_one_source_shuts_no_other() {
    let blizwork = [
        ("blizwork_api_token", "s3cr3t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork?a=b"),
    ];
    let all = [
        ("callback_token", TOKEN),
        ("webhook_secret", "s3creto-de-mensajes"),
    ];
    let all = [&all[..], &blizwork].concat();
    let config = load(&all);
    assert_eq!(config.problems, []);
    let door = config.blizwork.as_ref().ready();
    let call_token = door.and_then(|door| door.call_token.as_ref());
    let call_token = call_token.expect("it counts");
    assert_eq!(call_token.origin, "https://api.blizwork.com");
    assert_eq!(call_token.fields, ["handshakeToken", "token"]);
    assert_eq!(config.messages_per_minute, 50);
    let table = |config: &Config, name| config.table_names.table(name).map(|table| table.name);
    for name in ["reservas", "promos", "usuarios", "eventos_blizwork"] {
        assert_eq!(table(&config, name).as_deref(), Some(name));
    }

    for (setting, value, messages, blizwork) in [
        ("webhook_rate_limit_per_minute", "1001", false, true),
        ("webhook_rate_limit_per_minute", "", false, true),
        ("webhook_tables", "reservas promos", false, true),
        ("webhook_tables", "a b b", false, true),
        ("webhook_tables", "a b c-d", false, true),
        ("blizwork_table", "", true, false),
        ("blizwork_table", "a b", true, false),
        ("blizwork_api_origin", "https://x/api", true, false),
        ("blizwork_api_token", "", true, false),
        ("blizwork_endpoint_url", "", true, false),
        ("blizwork_endpoint_url", "/blizwork", true, false),
        ("blizwork_endpoint_url", "ftp://x/y", true, false),
        ("blizwork_token_field", "", true, false),
        ("blizwork_token_field", "handshakeToken,token", true, false),
        ("activity_table", "", true, true),
        ("activity_table", "a b", true, true),
        // The embedded store has no tables.
        ("activity_table", "actividad", true, true),
    ] {
        let config = load(&[&all[..], &[(setting, value)]].concat());
        let problems: Vec<_> = config.problems.iter().map(|p| p.setting).collect();
        assert_eq!(problems, [setting], "{setting}={value}");
        assert!(config.callback.is_some(), "{setting}={value}");
        assert_eq!(config.messages.is_some(), messages, "{setting}={value}");
        let open = config.blizwork.as_ref().ready().is_some();
        assert_eq!(open, blizwork, "{setting}={value}");
        assert!(config.blizwork.is_set());
        assert!(!format!("{config:?}").contains("s3cr3t"));
        let known = table(&config, "promos").is_some();
        assert_eq!(known, setting != "webhook_tables");
    }
    assert!(!load(&[("callback_token", TOKEN)]).blizwork.is_set());
    let config = load(&[&all[..], &[("data_api", "x")]].concat());
    assert!(config.messages.is_none() && matches!(config.blizwork, Setup::Invalid));
}

#[test]
fn a_key_that_cannot_be_used_is_named_with_what_to_do() {
    let certificate = signer::public_key("certificate.pem");
    let config = load(&[("callback_token", TOKEN), ("jwt_public_key", &certificate)]);
    let [problem] = &config.problems[..] else {
        panic!("one problem")
    };
    assert_eq!(problem.setting, "jwt_public_key");
    assert!(
        problem.what.contains("openssl x509 -pubkey"),
        "{}",
        problem.what
    );
}

#[test]
fn none_is_for_development_only() {
    let none = ("callback_auth_mode", "none");
    assert_eq!(wrong(&[none]), ["callback_auth_mode"]);
    assert_eq!(
        wrong(&[none, ("environment", "production")]),
        ["callback_auth_mode"]
    );
    assert_eq!(wrong(&[none, ("environment", "development")]), [""; 0]);
}

#[test]
fn each_wrong_value_is_named_and_shuts_the_door() {
    let long_path = format!("/{}", "x".repeat(512));
    for (setting, value) in [
        ("environment", "staging"),
        ("environment", ""),
        ("root_path", "api"),
        ("root_path", "/"),
        ("root_path", "/api/"),
        ("root_path", "/a?b"),
        ("log_level", "verbose"),
        ("max_body_bytes", "0"),
        ("max_body_bytes", "1MB"),
        ("max_body_bytes", "99999999999"),
        ("trusted_proxies", "-1"),
        ("callback_endpoint_path", ""),
        ("callback_endpoint_path", "/a callback"),
        ("callback_endpoint_path", "/a//b"),
        ("callback_endpoint_path", "/health"),
        ("callback_endpoint_path", "/webhook/receive"),
        ("callback_endpoint_path", "/.well-known/spin/health"),
        ("callback_endpoint_path", "/a/../b"),
        ("callback_endpoint_path", "//"),
        ("callback_endpoint_path", "/ /health"),
        ("sam_final_states", ""),
        ("sam_final_states", " , "),
        ("sam_final_states", "'COMPLETED' 'RUN_FAILED'"),
        ("sam_final_states", "N'COMPLETED', N'RUN_FAILED'"),
        ("sam_final_states", "COMPLETED;RUN_FAILED"),
        ("sam_final_states", "COMPLETED RUN_FAILED)"),
        ("sam_final_states", "CONCLUÍDO"),
        ("sam_final_states", "BOTSTORE_PACKAGE_EXTRACTING"),
        ("sam_final_states", "RUN_COMPLETED RUNNING"),
        ("sam_final_states", "unknown"),
        ("callback_auth_mode", "Optional"),
        ("callback_token", "contraseña"),
        ("callback_token_headers", ""),
        ("callback_token_headers", "X Authorization:"),
        ("callback_token_headers", "Content-Type"),
        ("callback_token_headers", "X-Authorization X-Request-Id"),
        ("failed_attempts_per_minute", "-1"),
        ("failed_attempts_per_minute", "1001"),
        ("jwt_public_key", "s3cr3t"),
        ("jwt_leeway_seconds", "1m"),
        ("jwt_leeway_seconds", "3601"),
        ("data_api", "sqlserver"),
        ("data_api_origin", ""),
        ("data_api_origin", "localhost:5000"),
        ("data_api_origin", "ftp://x"),
        ("data_api_origin", "https://x/api"),
        ("data_api_origin", "https://x?y"),
        ("data_api_origin", "https://x#y"),
        ("data_api_origin", "https://user:hush@x"),
        ("data_api_origin", "https://*.x"),
        ("data_api_origin", "https://x:"),
        ("data_api_origin", "https://x:99999"),
        ("data_api_origin", "https://"),
        ("data_api_origin", "HTTPS://x"),
        ("data_api_origin", "https://x:0"),
        ("data_api_origin", "https://x:+80"),
        ("data_api_origin", "https://."),
        ("data_api_origin", "https://a..b"),
        ("data_api_path", "api"),
        ("data_api_path", "/api/"),
        ("data_api_path", "/a/../b"),
        ("data_api_headers", ""),
        ("data_api_headers", "[]"),
        ("data_api_headers", "apikey: k"),
        ("data_api_headers", r#"{"apikey":7}"#),
        ("data_api_headers", r#"{"api key":"k"}"#),
        ("data_api_headers", r#"{"apikey":"a\nb"}"#),
        ("data_api_headers", r#"{"apikey":"a","APIKEY":"b"}"#),
        ("data_api_headers", r#"{"Host":"x"}"#),
        ("data_api_headers", r#"{"Content-Length":"1"}"#),
        ("data_api_headers", r#"{"Prefer":"x"}"#),
        ("data_api_timeout_ms", "0"),
        ("data_api_timeout_ms", "10001"),
        ("data_api_timeout_ms", "5s"),
        ("oauth_origin", "https://x/tenant"),
        ("oauth_path", "tenant/token"),
        ("outbox_max_age_hours", "0"),
        ("outbox_max_age_hours", "3 days"),
        ("sam_write", "Table"),
        ("sam_procedure", ""),
        ("sam_procedure", "dbo.Actualizar"),
        ("sam_table", "Ejecuciones; drop table x"),
        ("sam_table", "1Ejecuciones"),
        ("sam_columns", ""),
        (
            "sam_columns",
            "DeploymentId Estado CallbackInfo FechaFin FechaInicioReal",
        ),
        ("sam_columns", "a b c d e f g"),
        ("sam_columns", "- b c d e f"),
        ("sam_columns", "a - c d e f"),
        ("sam_columns", "a b c d e a"),
        ("sam_columns", "a order c d e f"),
        ("data_api_path", &long_path),
        ("sam_columns", "a b,c d e f g"),
        ("sam_utc_offset", "-5"),
        ("sam_utc_offset", "+15:00"),
        ("sam_utc_offset", "+05:60"),
        ("sam_utc_offset", "é05:00"),
    ] {
        let settings = [("callback_token", TOKEN), (setting, value)];
        assert_eq!(wrong(&settings), [setting], "{setting}={value}");
    }
}

#[test]
fn all_problems_are_reported_at_once_and_none_quotes_a_value() {
    let config = load(&[
        ("callback_auth_mode", "s3cr3t-in-the-wrong-place"),
        ("callback_token", "s3cr3t ñ"),
        ("max_body_bytes", "s3cr3t"),
        ("data_api", "s3cr3t"),
        ("data_api_headers", "s3cr3t"),
        ("sam_table", "s3cr3t-"),
    ]);
    let settings: Vec<_> = config.problems.iter().map(|p| p.setting).collect();
    assert_eq!(
        settings,
        [
            "max_body_bytes",
            "data_api",
            "data_api_headers",
            "sam_table",
            "callback_auth_mode",
            "callback_token"
        ]
    );
    assert!(!format!("{config:?}").contains("s3cr3t"));
}

#[test]
fn a_data_api_is_where_and_what_settings_say() {
    let load = |settings: &[(&str, &str)]| {
        let token = ("callback_token", TOKEN);
        let config = load(&[&[token], settings].concat());
        assert_eq!(config.problems, []);
        config.data_api.expect("it is set up")
    };
    let DataApiSettings::Dab(remote) = load(&[("data_api", "dab")]) else {
        panic!("chosen")
    };
    assert_eq!(remote.server.origin, "http://localhost:5000");
    assert_eq!(remote.server.path, "/api");
    assert_eq!(remote.server.timeout, Duration::from_secs(5));
    assert!(remote.server.headers.as_fields().is_empty() && remote.server.oauth.is_none());
    let procedure = "ActualizarEjecucionDesdeCallback".to_owned();
    assert_eq!(remote.ejecuciones, WriteTarget::Procedure(procedure));

    let DataApiSettings::Postgrest(remote) = load(&[
        ("data_api", "postgrest"),
        ("data_api_origin", "https://[2001:db8::1]:8443/"),
        ("data_api_path", ""),
        ("data_api_headers", r#"{"apikey":"k"}"#),
        ("oauth_path", "/token"),
        ("oauth_client_id", "id"),
        ("oauth_client_secret", "s3cr3t"),
        ("sam_write", "table"),
        ("sam_table", "Añejas_2"),
        ("sam_columns", "id state - ended - -"),
    ]) else {
        panic!("chosen")
    };
    assert_eq!(remote.server.origin, "https://[2001:db8::1]:8443");
    assert_eq!(remote.server.path, "");
    let oauth = remote.server.oauth.as_ref().expect("it is set up");
    assert_eq!(oauth.url, "https://login.microsoftonline.com/token");
    assert_eq!(oauth.scope, None);
    let WriteTarget::Table(table) = &remote.ejecuciones else {
        panic!("chosen")
    };
    assert_eq!(table.name, "Añejas_2");
    assert_eq!(table.column("DeploymentId"), Some("id"));
    assert_eq!(table.column("FechaFin"), Some("ended"));
    assert_eq!(table.column("CallbackInfo"), None);
}

#[test]
fn a_history_of_activity_is_kept_where_a_database_has_a_table_for_it() {
    let token = ("callback_token", TOKEN);
    for data_api in ["dab", "postgrest"] {
        let config = load(&[token, ("data_api", data_api)]);
        assert!(!config.keeps_activity, "off by default");
        let config = load(&[
            token,
            ("data_api", data_api),
            ("activity_table", "historial"),
        ]);
        assert_eq!(config.problems, []);
        assert!(config.keeps_activity);
        let table = config.table_names.table(ACTIVITY_TABLE);
        assert_eq!(table.map(|table| table.name).as_deref(), Some("historial"));
    }
    let config = load(&[token, ("activity_table", "historial")]);
    assert!(!config.keeps_activity && config.callback.is_some());
    let what = &config.problems[0].what;
    assert!(what.contains("nadie leería sus filas"), "{what}");
    // What is wrong with the data API is said once.
    let settings = [token, ("data_api", "x"), ("activity_table", "historial")];
    assert_eq!(wrong(&settings), ["data_api"]);
}

#[test]
fn client_credentials_are_whole_or_not_there() {
    let path = ("oauth_path", "/token");
    let (id, secret) = (("oauth_client_id", "id"), ("oauth_client_secret", "s"));
    for (settings, lacking) in [
        (&[path][..], &["oauth_client_id", "oauth_client_secret"][..]),
        (&[id, secret], &["oauth_path"]),
        (&[path, secret], &["oauth_client_id"]),
        (&[path, id], &["oauth_client_secret"]),
        (
            &[("oauth_scope", "s")],
            &["oauth_path", "oauth_client_id", "oauth_client_secret"],
        ),
        (&[path, id, secret], &[]),
    ] {
        let token = ("callback_token", TOKEN);
        assert_eq!(wrong(&[&[token], settings].concat()), lacking);
    }
    let headers = ("data_api_headers", r#"{"authorization":"Bearer x"}"#);
    let token = ("callback_token", TOKEN);
    assert_eq!(wrong(&[token, headers]), [""; 0]);
    assert_eq!(
        wrong(&[token, headers, path, id, secret]),
        ["data_api_headers"]
    );
}

#[test]
fn final_states_are_words_whatever_separates_them() {
    let states = |value| load(&[("callback_token", TOKEN), ("sam_final_states", value)]);
    for (value, expected) in [
        ("RUN_COMPLETED", &["RUN_COMPLETED"][..]),
        ("COMPLETED, RUN_FAILED", &["COMPLETED", "RUN_FAILED"]),
        (
            " completed\n Run_Timed_Out ",
            &["COMPLETED", "RUN_TIMED_OUT"],
        ),
        ("A,B A", &["A", "B"]),
        ("OK-2", &["OK-2"]),
    ] {
        let config = states(value);
        assert_eq!(config.problems, [], "{value}");
        assert_eq!(config.final_states, expected, "{value}");
    }
    let config = load(&[("callback_token", TOKEN)]);
    assert_eq!(config.final_states, crate::delivery::FINAL_STATES);
    let many = (0..51)
        .map(|number| format!("S{number} "))
        .collect::<String>();
    assert_eq!(states(&many).problems.len(), 1);
}

#[test]
fn a_secret_prints_as_stars() {
    let config = load(&[
        ("callback_token", "un-s3cr3t-de-prueba"),
        ("data_api", "dab"),
        ("data_api_headers", r#"{"apikey":"s3cr3t"}"#),
        ("oauth_path", "/token"),
        ("oauth_client_id", "id"),
        ("oauth_client_secret", "s3cr3t"),
    ]);
    let printed = format!("{config:?}");
    assert!(printed.contains("***") && !printed.contains("s3cr3t"));
}

#[test]
fn without_known_paths_every_path_is_shut() {
    for wrong in [("root_path", "x"), ("callback_endpoint_path", "x")] {
        assert_eq!(
            load(&[("callback_token", TOKEN), wrong]).callback_paths,
            None
        );
    }
}

#[test]
fn a_provider_that_fails_may_pass_and_a_wrong_value_does_not() {
    let mut host = FakeHost::with(&[("callback_token", TOKEN)]);
    host.unreadable = Some("callback_token");
    let config = block_on(Config::load(&host));
    assert!(config.callback.is_none() && config.has_transient_problem());
    assert!(!load(&[("data_api", "x")]).has_transient_problem());
}

#[test]
fn an_undeclared_variable_is_a_problem_not_a_default() {
    let mut host = FakeHost::with(&[("callback_token", TOKEN)]);
    host.undeclared = Some("callback_auth_mode");
    let config = block_on(Config::load(&host));
    assert!(config.callback.is_none());
    assert_eq!(config.problems[0].setting, "callback_auth_mode");
}

#[test]
fn spin_toml_declares_what_is_read_and_hands_it_to_the_component() {
    let host = FakeHost::default();
    block_on(Config::load(&host));
    let mut read = host.asked.into_inner();
    read.sort();

    let manifest: toml::Table = toml::from_str(include_str!("../../spin.toml")).expect("TOML");
    let mut declared: Vec<_> = host.settings.into_keys().collect();
    declared.sort();
    assert_eq!(read, declared);
    let component = &manifest["component"]["sam-callback"]["variables"];
    for name in &declared {
        assert_eq!(
            component[name.as_str()].as_str(),
            Some(&*format!("{{{{ {name} }}}}"))
        );
    }
    assert_eq!(
        component.as_table().map(toml::Table::len),
        Some(declared.len())
    );
}

#[test]
fn what_spin_toml_declares_as_secret_is_collected() {
    let manifest: toml::Table = toml::from_str(include_str!("../../spin.toml")).expect("TOML");
    let variables = manifest["variables"].as_table().expect("a table");
    let is_secret = |name: &str| variables[name].get("secret") == Some(&toml::Value::from(true));
    let mut collected = settings::SECRETS.to_vec();
    collected.sort_unstable();
    let mut declared: Vec<_> = variables.keys().filter(|name| is_secret(name)).collect();
    declared.sort();
    assert_eq!(collected, declared);
    // By its name it is one, so it is to be declared as one.
    for name in variables.keys() {
        let sounds_secret = ["_token", "_secret", "_password", "data_api_headers"]
            .iter()
            .any(|end| name.ends_with(end));
        assert_eq!(is_secret(name), sounds_secret, "{name}");
    }
    // Also where the setting is wrong.
    let values: Vec<_> = collected.iter().map(|name| format!("ñ {name}")).collect();
    let set = collected.iter().zip(&values);
    let settings: Vec<_> = set.map(|(name, value)| (*name, value.as_str())).collect();
    let config = load(&settings);
    let mut secrets: Vec<_> = config.secrets.iter().map(Secret::expose).collect();
    secrets.sort_unstable();
    assert_eq!(secrets, values);
}

mod pasted;
mod reference;
mod secrets;

#[test]
fn offsets_have_a_sign() {
    let hours = |behind, hours: u64| UtcOffset {
        behind,
        distance: Duration::from_secs(hours * 3600),
    };
    assert_eq!(utc_offset::parse("-05:00"), Ok(hours(true, 5)));
    assert_eq!(utc_offset::parse("+14:00"), Ok(hours(false, 14)));
}
