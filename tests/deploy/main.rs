//! The settings in deploy/, as an operator copies them: the component takes them as they are, and
//! no secret stands in them. That hosts read the files is tested with the manifest's crate. Beside
//! them, what the pages there say of names and files, Kubernetes' manifests and the Containerfile.

mod container;
mod github;
mod kubernetes;
mod monitoring;
mod pages;
mod spinkube;
mod windows;

use std::collections::BTreeMap;

use futures_executor::block_on;
use sam_callback::config::{Config, DataApiSettings, WriteTarget};
use sam_callback::http::ClientAddress;
use sam_callback::ports::{VariableError, Variables};
use support::project::text as read;
use toml::Table;

/// The values of one provider over the defaults of spin.toml.
struct Settings(BTreeMap<String, String>);

impl Variables for Settings {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        self.0.get(name).cloned().ok_or(VariableError::Undeclared)
    }
}

fn table(file: &str) -> Table {
    read(file).parse().expect("TOML")
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

/// The variables that spin.toml declares.
fn declared() -> Table {
    let mut manifest = table("spin.toml");
    let variables = manifest.remove("variables").expect("variables");
    variables.as_table().expect("a table").clone()
}

/// Those whose values are nobody's business.
fn secrets() -> Vec<String> {
    let is_secret = |variable: &toml::Value| variable.get("secret").is_some();
    let variables = declared().into_iter();
    let secrets = variables.filter(|(_, variable)| is_secret(variable));
    secrets.map(|(name, _)| name).collect()
}

/// What the component makes of a place's file, with these secrets from the environment.
fn load(place: &str, secrets: &[(&str, &str)]) -> Config {
    let file = match place {
        "akamai" => table("deploy/akamai/variables.toml"),
        _ => values(&deployed(place)).clone(),
    };
    let of_file = file.iter().map(|(name, value)| (name.clone(), text(value)));
    let of_environment = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load_with(of_file.chain(of_environment))
}

/// What the component makes of these settings, which spin.toml declares, over its defaults.
fn load_with(set: impl IntoIterator<Item = (String, String)>) -> Config {
    let mut settings: BTreeMap<_, _> = declared()
        .into_iter()
        .map(|(name, variable)| (name, text(&variable["default"])))
        .collect();
    for (name, value) in set {
        let default = settings.insert(name.clone(), value);
        assert!(default.is_some(), "spin.toml does not declare {name}");
    }
    block_on(Config::load(&Settings(settings)))
}

#[test]
fn these_files_lead_to_data_api_builder_with_a_token_of_entra_id() {
    for place in ["azure-sql", "container", "spinkube", "akamai", "windows"] {
        let config = load(
            place,
            &[
                ("callback_token", "un-token-de-prueba"),
                ("oauth_client_secret", "s"),
            ],
        );
        assert_eq!(config.problems, [], "{place}");
        let Some(DataApiSettings::Dab(remote)) = config.data_api else {
            panic!("{place}: another data API")
        };
        assert_eq!(remote.server.path, "/api");
        let role = remote.server.headers.first("x-ms-api-role");
        assert_eq!(role, Some(&b"sam_callback"[..]));
        let oauth = remote.server.oauth.expect("a token");
        assert!(oauth.url.starts_with("https://login.microsoftonline.com/"));
        let procedure = "ActualizarEjecucionDesdeCallback".to_owned();
        assert_eq!(remote.ejecuciones, WriteTarget::Procedure(procedure));
    }
}

#[test]
fn callers_are_distinguished_behind_one_proxy_and_at_the_edge() {
    let secrets = [
        ("callback_token", "un-token-de-prueba"),
        ("oauth_client_secret", "s"),
    ];
    for place in ["container", "spinkube", "windows"] {
        let said = load(place, &secrets).client_address;
        assert_eq!(said, ClientAddress::Forwarded(1), "{place}");
    }
    let said = load("akamai", &secrets).client_address;
    assert_eq!(said, ClientAddress::Header("true-client-ip".to_owned()));
}

#[test]
fn the_file_for_supabase_leads_to_its_api_with_both_headers() {
    let headers = r#"{"apikey":"k","Authorization":"Bearer j"}"#;
    let config = load(
        "supabase",
        &[
            ("callback_token", "un-token-de-prueba"),
            ("data_api_headers", headers),
        ],
    );
    assert_eq!(config.problems, []);
    let Some(DataApiSettings::Postgrest(remote)) = config.data_api else {
        panic!("another data API")
    };
    assert_eq!(remote.server.path, "/rest/v1");
    assert_eq!(remote.server.headers.as_fields().len(), 2);
}

#[test]
fn without_its_secrets_a_place_accepts_nothing() {
    for (place, lacking) in [
        ("azure-sql", &["oauth_client_secret", "callback_token"][..]),
        ("container", &["oauth_client_secret", "callback_token"]),
        ("spinkube", &["oauth_client_secret", "callback_token"]),
        ("akamai", &["oauth_client_secret", "callback_token"]),
        ("windows", &["oauth_client_secret", "callback_token"]),
        ("supabase", &["callback_token"]),
    ] {
        let config = load(place, &[]);
        assert!(config.callback.is_none());
        let settings: Vec<_> = config.problems.iter().map(|it| it.setting).collect();
        assert_eq!(settings, lacking, "{place}");
    }
}

#[test]
fn no_secret_stands_in_a_file() {
    let mut files: Vec<_> = ["azure-sql", "container", "supabase", "spinkube", "windows"]
        .map(|place| (place, values(&deployed(place)).clone()))
        .into();
    files.push(("akamai", table("deploy/akamai/variables.toml")));
    for (place, file) in files {
        for secret in secrets() {
            // For Data API builder it is the name of a role.
            let role = r#"{"X-MS-API-ROLE":"sam_callback"}"#;
            let is_role = file.get(&secret).is_some_and(|value| text(value) == role);
            let is_there = file.contains_key(&secret);
            assert!(
                !is_there || secret == "data_api_headers" && is_role,
                "{place}: {secret}"
            );
        }
        assert!(!file.contains_key("jwt_public_key"), "{place}");
    }
}

#[test]
fn connections_are_kept_everywhere() {
    for (place, scheme) in [
        ("azure-sql", "https"),
        ("supabase", "https"),
        ("container", "https"),
        ("spinkube", "https"),
        ("windows", "http"),
    ] {
        let config = deployed(place);
        let origin = text(&values(&config)["data_api_origin"]);
        assert_eq!(origin.split("://").next(), Some(scheme), "{place}");
        // Where the table is there and does not say so, Spin opens a new one for each request.
        let pooling = &config["outbound_http"]["connection_pooling"];
        assert_eq!(pooling.as_bool(), Some(true), "{place}");
    }
    let desk = table("runtime-config.toml");
    let pooling = &desk["outbound_http"]["connection_pooling"];
    assert_eq!(pooling.as_bool(), Some(true));
}

/// The values of a file of deploy/mailbox that has no other provider.
fn desk(file: &str) -> Vec<(String, String)> {
    let config = table(&format!("deploy/mailbox/{file}"));
    let values = config["variables_provider"][0]["values"].as_table();
    let values = values.expect("values").iter();
    values
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

#[test]
fn the_edge_of_a_mailbox_takes_its_file_and_lacks_only_secrets() {
    let file = table("deploy/mailbox/edge.toml");
    let values = values(&file).iter();
    let values: Vec<_> = values
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    let secrets = [
        ("callback_token".to_owned(), "un-token-de-prueba".to_owned()),
        ("mailbox_token".to_owned(), "un-token-de-buzon".to_owned()),
    ];
    let config = load_with(values.iter().cloned().chain(secrets));
    assert_eq!(config.problems, []);
    assert!(matches!(config.data_api, Some(DataApiSettings::Mailbox)));
    let config = load_with(values);
    let lacking: Vec<_> = config.problems.iter().map(|it| it.setting).collect();
    assert_eq!(lacking, ["callback_token", "mailbox_token"]);
}

#[test]
fn the_two_ends_on_a_desk_lead_to_each_other() {
    let (edge, inner) = (desk("desk-edge.toml"), desk("desk-inner.toml"));
    let token = edge.iter().find(|(name, _)| name == "mailbox_token");
    let token = token.expect("a token").1.clone();
    let (edge, inner) = (load_with(edge), load_with(inner));
    assert_eq!((edge.problems, inner.problems), (vec![], vec![]));
    let collect = inner.collect.ready().expect("a mailbox");
    assert_eq!(collect.url, "http://127.0.0.1:3000/mailbox");
    assert_eq!(collect.token.expose(), token);
}
