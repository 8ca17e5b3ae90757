//! What becomes of single values, and of several together.

use crate::import_env::page::{Secrets, page};
use crate::import_env::read::read;
use crate::import_env::settings::{self, Import};
use crate::import_env::table::{Becomes, TABLE};
use crate::import_env::verdict::Verdict;

const TOKEN: &str = "CALLBACK_TOKEN=0123456789abcdef\nCALLBACK_ENDPOINT=/api/callback\n";

fn import(text: &str) -> Import {
    settings::import(read(text))
}

/// Names and values of the settings.
fn values(text: &str) -> Vec<(&'static str, String)> {
    let import = import(text);
    let settings = import.settings().iter();
    settings.map(|it| (it.name, it.value.clone())).collect()
}

fn mended(text: &str) -> Vec<String> {
    import(text)
        .to_mend
        .into_iter()
        .map(|(place, _)| place)
        .collect()
}

#[test]
fn a_value_is_written_as_this_service_has_it() {
    for (line, setting, value) in [
        ("CALLBACK_AUTH_MODE=STRICT", "callback_auth_mode", "strict"),
        (
            "CALLBACK_AUTH_MODO=required",
            "callback_auth_mode",
            "required",
        ),
        ("CALLBACK_ENDPOINT=", "", ""),
        ("CALLBACK_ENDPOINT=/", "callback_endpoint_path", "/"),
        (
            "CALLBACK_ENDPOINT_PATH=api/callback",
            "callback_endpoint_path",
            "/api/callback",
        ),
        ("LOG_LEVEL=critical", "log_level", "error"),
        ("ROOT_PATH=api/", "root_path", "/api"),
        ("ROOT_PATH=/", "root_path", ""),
        (
            "WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
            "webhook_secret",
            "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
        ),
        (
            "CAL_WEBHOOK_SECRET=secreto-de-cal.com",
            "cal_secret",
            "secreto-de-cal.com",
        ),
        (
            "CALCOM_WEBHOOK_SECRET=secreto-de-cal.com",
            "cal_secret",
            "secreto-de-cal.com",
        ),
        // Cal.com signs with these characters, whatever they look like.
        (
            "CAL_SECRET=whsec_AAAAAAAAAA==",
            "cal_secret",
            "whsec_AAAAAAAAAA==",
        ),
        (
            "SUPABASE_KEY=sb_publishable_abc",
            "data_api_headers",
            "{\"apikey\":\"sb_publishable_abc\"}",
        ),
        (
            "JWT_CLAVE_PUBLICA={\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"A\"}]}",
            "jwt_public_key",
            "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"A\"}]}",
        ),
    ] {
        let expected: &[_] = match setting {
            "" => &[],
            setting => &[(setting, value.to_owned())],
        };
        assert_eq!(values(line), expected, "{line}");
    }
}

#[test]
fn what_is_of_no_use_here_is_named_and_not_written() {
    for line in [
        "CALLBACK_TOKEN=quince-letras-1",
        "CALLBACK_TOKEN=dos-palabras de-dos-valores",
        "CALLBACK_TOKEN=una,coma,en-el-token",
        "CALLBACK_TOKEN='\"una-comilla-al-principio'",
        "CALLBACK_TOKEN=${OTRA_VARIABLE_LARGA}",
        "CALLBACK_AUTH_MODE=none",
        "CALLBACK_AUTH_MODE=jwt",
        "CALLBACK_ENDPOINT_PATH=https://gateway.example.com/callback",
        "CALLBACK_ENDPOINT_PATH=/callback?serviceId=SAM",
        "CALLBACK_ENDPOINT_PATH=/health",
        "JWT_PUBLIC_KEY=un-secreto-compartido",
        "JWT_PUBLIC_KEY=-----BEGIN PUBLIC KEY-----",
        "JWT_PUBLIC_KEY=\"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\"",
        "JWT_PUBLIC_KEY=\"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\"",
        "WEBHOOK_SECRET=corto",
        "WEBHOOK_SECRET=whsec_AA==",
        "CAL_SECRET=corto",
        "CALCOM_WEBHOOK_SECRET=dos-palabras de-dos-valores",
        "SUPABASE_KEY=sb_secret_abc",
        "SUPABASE_KEY=\"a\\\"b\"",
        "SUPABASE_URL=https://usuario:clave@proyecto.supabase.co",
        "SUPABASE_URL=sin-esquema",
        "CALLBACK_TOKEN=contraseña-muy-larga",
        "LOG_LEVEL=todo",
    ] {
        let name = line.split('=').next().expect("a name");
        assert_eq!(values(line), [], "{line}");
        assert_eq!(mended(line), [name], "{line}");
        let (_, value) = line.split_once('=').expect("a value");
        let shown = page(&import(line), Secrets::Whole);
        // One word of a mode or a level may be in the sentence that says what is right.
        assert!(value.len() < 5 || !shown.contains(value), "{shown}");
    }
}

#[test]
fn of_old_and_new_names_the_one_counts_that_the_service_took() {
    let text = "CALLBACK_SERVER_PORT=1\nCALLBACK_PUERTO=2\nJWT_PUBLIC_KEY=\n\
                CALLBACK_AUTH_MODE=strict\nCALLBACK_AUTH_MODO=required\n";
    let import = import(text);
    let (listen, from) = import.listen.as_ref().expect("a port");
    assert_eq!(listen.to_string(), "0.0.0.0:2");
    assert_eq!(from, &["CALLBACK_PUERTO"]);
    assert_eq!(import.settings()[0].value, "required");
    let left_out: Vec<_> = import
        .without_place
        .iter()
        .map(|(names, _)| names.join(" "))
        .collect();
    assert_eq!(
        left_out,
        [
            "JWT_PUBLIC_KEY",
            "CALLBACK_AUTH_MODE",
            "CALLBACK_SERVER_PORT"
        ]
    );
}

#[test]
fn the_address_is_put_together_from_its_parts() {
    for (text, address) in [
        (
            "CALLBACK_HOST=127.0.0.1\nCALLBACK_PORT=8008",
            Some("127.0.0.1:8008"),
        ),
        ("PORT=8080", Some("0.0.0.0:8080")),
        (
            "GUNICORN_BIND=0.0.0.0:8000\nWEBHOOK_PORT=1",
            Some("0.0.0.0:8000"),
        ),
        ("CALLBACK_HOST=127.0.0.1", None),
        ("GUNICORN_BIND=unix:/run/webhook.sock", None),
    ] {
        let listen = import(text).listen.map(|(listen, _)| listen.to_string());
        assert_eq!(listen.as_deref(), address, "{text}");
    }
    assert_eq!(
        mended("GUNICORN_BIND=unix:/run/webhook.sock"),
        ["GUNICORN_BIND"]
    );
}

#[test]
fn both_tokens_are_good_and_both_paths_are_served_where_none_is_named() {
    let text = "CALLBACK_API_KEY=fedcba9876543210\nCALLBACK_TOKEN=0123456789abcdef\n";
    let expected = [
        (
            "callback_token",
            "0123456789abcdef fedcba9876543210".to_owned(),
        ),
        ("callback_endpoint_path", "/api/callback /".to_owned()),
    ];
    assert_eq!(values(text), expected);
    let same = "CALLBACK_API_KEY=0123456789abcdef\n".to_owned() + TOKEN;
    assert_eq!(values(&same)[0].1, "0123456789abcdef");
}

#[test]
fn what_contradicts_is_said() {
    for (more, place) in [
        ("CALLBACK_AUTH_MODE=required", "callback_auth_mode"),
        ("WEBHOOK_SECRET=0123456789abcdef", "WEBHOOK_SECRET"),
        ("CAL_SECRET=0123456789abcdef", "CAL_SECRET"),
        (
            "WEBHOOK_SECRET=fedcba9876543210\nCAL_WEBHOOK_SECRET=fedcba9876543210",
            "CAL_WEBHOOK_SECRET",
        ),
        (
            "SQL_SAM_HOST=a\nSUPABASE_URL=https://a.example.com",
            "SUPABASE_URL, SQL_SAM_*",
        ),
    ] {
        assert_eq!(mended(&format!("{TOKEN}{more}")), [place], "{more}");
    }
    let key = "JWT_PUBLIC_KEY=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";
    let claims = "JWT_ISSUER=a\nJWT_AUDIENCE=b\n";
    for (text, place) in [
        (
            format!("{key}{claims}CALLBACK_AUTH_MODE=strict"),
            "callback_auth_mode",
        ),
        (
            format!("{TOKEN}{key}{claims}CALLBACK_AUTH_MODE=strict"),
            "jwt_public_key",
        ),
        (
            format!("{TOKEN}{key}JWT_ISSUER=a"),
            "jwt_issuer, jwt_audience",
        ),
    ] {
        assert_eq!(mended(&text), [place], "{text}");
    }
    assert!(mended(&format!("{TOKEN}{key}{claims}")).is_empty());
}

#[test]
fn lines_of_a_key_without_quotes_are_not_shown() {
    let text = "JWT_PRIVATE_KEY=-----BEGIN PRIVATE KEY-----\nMIIabc+/def\nabcD12==\n\
                -----END PRIVATE KEY-----\n";
    assert_eq!(mended(text), ["línea 3", "línea 2", "línea 4"]);
    let shown = page(&import(text), Secrets::Whole);
    assert!(!shown.contains("abc"), "{shown}");
}

#[test]
fn every_setting_is_declared_in_spin_toml_and_secret_where_it_is_there() {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spin.toml");
    let manifest = std::fs::read_to_string(manifest).expect("spin.toml");
    let mut seen = 0;
    for row in TABLE {
        let settings = match row.becomes {
            Becomes::Settings(judge) => EXAMPLES.iter().find_map(|value| match judge(value) {
                Verdict::Set(settings, _) => Some(settings),
                Verdict::Refused(_) => None,
            }),
            Becomes::DataApi(kind, _) => Some(vec![("data_api", kind.to_owned())]),
            Becomes::Listen(_) | Becomes::Nothing(_) => continue,
        };
        for (name, _) in settings.unwrap_or_else(|| panic!("{:?}", row.names)) {
            let line = manifest
                .lines()
                .find(|line| line.starts_with(&format!("{name} = {{")));
            let line = line.unwrap_or_else(|| panic!("spin.toml does not declare {name}"));
            let is_secret = line.contains("secret = true");
            assert_eq!(settings::SECRET.contains(&name), is_secret, "{name}");
            seen += 1;
        }
    }
    assert!(seen > 12, "{seen}");
}

/// One of them is right for every variable.
const EXAMPLES: [&str; 5] = [
    "https://a.example.com",
    "strict",
    "INFO",
    "sb_publishable_0123456789",
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
];

#[test]
fn every_page_that_is_named_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for row in TABLE {
        let (Becomes::Nothing(why) | Becomes::DataApi(_, why)) = row.becomes else {
            continue;
        };
        let words = why.split([' ', ',']).filter(|word| word.contains(".md"));
        for page in words {
            assert!(root.join(page).is_file(), "{page}");
            seen += 1;
        }
    }
    assert!(seen > 4, "{seen}");
}
