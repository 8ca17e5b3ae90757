//! The four services' files.

use std::path::{Path, PathBuf};

use app_manifest::dotenv;

use crate::import_env::page::{Secrets, page};
use crate::import_env::read::read;
use crate::import_env::settings::Import;
use crate::import_env::{import, write};

/// A service's file, secrets that it has, and the settings that come of it.
struct Service {
    name: &'static str,
    hidden: &'static [&'static str],
    settings: &'static [(&'static str, &'static str)],
}

const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
                   MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                   -----END PUBLIC KEY-----";

const ANON: &str = "{\"apikey\":\"ANON\"}";

const SERVICES: [Service; 4] = [
    Service {
        name: "fastapi_jwt",
        hidden: &["un$token", "clave-de-la-base", "clave-privada", "serviceId"],
        settings: &[
            ("CALLBACK_TOKEN", "un$token#con-$igno-0123"),
            ("CALLBACK_AUTH_MODE", "optional"),
            ("CALLBACK_ENDPOINT_PATH", "/api/callback"),
            ("JWT_PUBLIC_KEY", KEY),
            ("JWT_ISSUER", "sam-auth-server"),
            ("JWT_AUDIENCE", "sam-callback-service"),
            ("LOG_LEVEL", "warn"),
            ("DATA_API", "dab"),
        ],
    },
    Service {
        name: "fastapi_api_key",
        hidden: &[
            "corta",
            "generacion",
            "un-secreto-nuestro",
            "it's",
            "esto no",
        ],
        settings: &[
            ("CALLBACK_AUTH_MODE", "strict"),
            ("CALLBACK_ENDPOINT_PATH", "/sam/fin"),
            ("LOG_LEVEL", "info"),
            ("DATA_API", "dab"),
        ],
    },
    Service {
        name: "waitress",
        hidden: &["un-token", "sql.example.com", "VERBOSE"],
        settings: &[
            ("CALLBACK_TOKEN", "un-token-muy-largo$de-verdad"),
            ("CALLBACK_ENDPOINT_PATH", "/api/callback /"),
            ("DATA_API", "dab"),
        ],
    },
    Service {
        name: "tourism",
        hidden: &["el secreto", "secreto-de-los", "eyJ", "clave-de-la-base"],
        settings: &[
            ("WEBHOOK_SECRET", "secreto-de-los-mensajes"),
            ("ROOT_PATH", "/api/webhook"),
            ("DATA_API", "postgrest"),
            ("DATA_API_ORIGIN", "https://proyecto.supabase.co"),
            ("DATA_API_PATH", "/rest/v1"),
            ("DATA_API_HEADERS", ANON),
        ],
    },
];

impl Service {
    fn import(&self) -> Import {
        import(&self.file("env")).expect("a file")
    }

    fn file(&self, extension: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import_env/tests");
        folder.join(self.name).with_extension(extension)
    }

    fn text(&self, extension: &str) -> String {
        std::fs::read_to_string(self.file(extension)).expect("a file")
    }
}

#[test]
fn the_terminal_shows_what_each_file_amounts_to_and_no_secret() {
    for service in &SERVICES {
        let shown = page(&service.import(), Secrets::Masked);
        assert_eq!(shown, service.text("txt"), "{}", service.name);
        for hidden in service.hidden {
            assert!(!shown.contains(hidden), "{}: {hidden}", service.name);
        }
        for variable in read(&service.text("env")).variables {
            assert!(shown.contains(&variable.name), "{}", variable.name);
        }
    }
}

#[test]
fn what_is_written_is_what_the_server_reads() {
    for service in &SERVICES {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        write(&service.import(), &path).expect("written");
        let mut read: Vec<_> = dotenv::read(&path).expect("read").into_iter().collect();
        read.sort();
        let mut expected: Vec<_> = service
            .settings
            .iter()
            .map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), (*value).to_owned()))
            .collect();
        expected.sort();
        for (_, value) in &mut read {
            if value.starts_with("{\"apikey\":\"eyJ") {
                ANON.clone_into(value);
            }
        }
        assert_eq!(read, expected, "{}", service.name);
        #[cfg(unix)]
        {
            let about = std::fs::metadata(&path).expect("metadata");
            let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

#[test]
fn a_file_that_is_there_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(".env");
    std::fs::write(&path, "A=b\n").expect("written");
    let error = write(&SERVICES[0].import(), &path).expect_err("it is there");
    let error = format!("{error:#}");
    assert!(
        error.contains("already") && !error.contains("token"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "A=b\n");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_without_its_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old");
    assert!(import(&path).is_err());
    std::fs::write(&path, b"CALLBACK_TOKEN=contrase\xf1a-en-latin1").expect("written");
    let error = format!("{:#}", import(&path).expect_err("not UTF-8"));
    assert!(
        error.contains("UTF-8") && !error.contains("contrase"),
        "{error}"
    );
}

#[test]
fn the_page_for_operators_shows_what_comes_of_its_example() {
    let page_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migracion.md");
    let text = std::fs::read_to_string(page_file).expect("the page");
    let blocks: Vec<_> = text.split("\n```text\n").skip(1).collect();
    let block = |number: usize| blocks[number].split_once("```").expect("an end").0;
    let import = crate::import_env::settings::import(read(block(0)));
    assert_eq!(page(&import, Secrets::Masked), block(1));
}
