//! The settings in deploy/, as an operator copies them: the component takes them as they are, and
//! no secret stands in them. That hosts read the files is tested with the manifest's crate.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_executor::block_on;
use sam_callback::config::{Config, DataApi, Target};
use sam_callback::ports::{VariableError, Variables};
use toml::Table;

/// The values of one provider over the defaults of spin.toml.
struct Settings(BTreeMap<String, String>);

impl Variables for Settings {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        self.0.get(name).cloned().ok_or(VariableError::Undeclared)
    }
}

fn table(file: &str) -> Table {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(path).expect("it is there");
    text.parse().expect("TOML")
}

fn text(value: &toml::Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn deployed(place: &str) -> Table {
    table(&format!("deploy/{place}/runtime-config.toml"))
}

/// The values of the provider that holds no secrets, which comes after the environment.
fn values(config: &Table) -> &Table {
    let providers = config["variables_provider"].as_array().expect("providers");
    let types: Vec<_> = providers.iter().map(|it| text(&it["type"])).collect();
    assert_eq!(types, ["env", "static"]);
    assert_eq!(text(&providers[0]["prefix"]), "SPIN_VARIABLE");
    providers[1]["values"].as_table().expect("values")
}

/// What the component makes of the file, with these secrets from the environment.
fn load(place: &str, secrets: &[(&str, &str)]) -> Config {
    let manifest = table("spin.toml");
    let variables = manifest["variables"].as_table().expect("variables");
    let mut settings: BTreeMap<_, _> = variables
        .iter()
        .map(|(name, variable)| (name.clone(), text(&variable["default"])))
        .collect();
    let file = deployed(place);
    let of_file = values(&file)
        .iter()
        .map(|(name, value)| (name.clone(), text(value)));
    let of_environment = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    for (name, value) in of_file.chain(of_environment) {
        let default = settings.insert(name.clone(), value);
        assert!(
            default.is_some(),
            "{place}: spin.toml does not declare {name}"
        );
    }
    block_on(Config::load(&Settings(settings)))
}

#[test]
fn the_file_for_azure_sql_leads_to_data_api_builder_with_a_token_of_entra_id() {
    let config = load(
        "azure-sql",
        &[("callback_token", "t"), ("oauth_client_secret", "s")],
    );
    assert_eq!(config.problems, []);
    let Some(DataApi::Dab(remote)) = config.data_api else {
        panic!("another data API")
    };
    assert_eq!(remote.server.path, "/api");
    assert_eq!(remote.server.headers["x-ms-api-role"], "sam_callback");
    let oauth = remote.server.oauth.expect("a token");
    assert!(oauth.url.starts_with("https://login.microsoftonline.com/"));
    let procedure = "ActualizarEjecucionDesdeCallback".to_owned();
    assert_eq!(remote.ejecuciones, Target::Procedure(procedure));
}

#[test]
fn the_file_for_supabase_leads_to_its_api_with_both_headers() {
    let headers = r#"{"apikey":"k","Authorization":"Bearer j"}"#;
    let config = load(
        "supabase",
        &[("callback_token", "t"), ("data_api_headers", headers)],
    );
    assert_eq!(config.problems, []);
    let Some(DataApi::Postgrest(remote)) = config.data_api else {
        panic!("another data API")
    };
    assert_eq!(remote.server.path, "/rest/v1");
    assert_eq!(remote.server.headers.len(), 2);
}

#[test]
fn without_its_secrets_a_place_stays_shut() {
    for (place, lacking) in [
        ("azure-sql", &["oauth_client_secret", "callback_token"][..]),
        ("supabase", &["callback_token"]),
    ] {
        let config = load(place, &[]);
        assert!(config.callback.is_none());
        let settings: Vec<_> = config.problems.iter().map(|it| it.setting).collect();
        assert_eq!(settings, lacking, "{place}");
    }
}

#[test]
fn no_secret_stands_in_a_file_and_connections_are_as_they_were_measured() {
    for place in ["azure-sql", "supabase"] {
        let config = deployed(place);
        for secret in ["callback_token", "oauth_client_secret", "jwt_public_key"] {
            assert!(!values(&config).contains_key(secret), "{place}: {secret}");
        }
        // Both are reached over TLS; over plain HTTP, as on a desk, it is the other way round.
        assert!(text(&values(&config)["data_api_origin"]).starts_with("https://"));
        let pooling = &config["outbound_http"]["connection_pooling"];
        assert_eq!(pooling.as_bool(), Some(true), "{place}");
    }
    let desk = table("runtime-config.toml");
    let pooling = &desk["outbound_http"]["connection_pooling"];
    assert_eq!(pooling.as_bool(), Some(false));
}
