//! /openapi.json, compared with what the component does: schemathesis sends what the document allows
//! and what it does not, and looks whether the replies are those that it describes.

use std::fs;
use std::process::Output;

use serde_json::Value;
use support::process::named_by;
use support::project::root;
use support::server::{Server, TOKEN};
use tempfile::TempDir;

const SECRET: &str = "un-secreto-de-prueba";
const OPERATOR: &str = "un-token-de-operador";

#[test]
fn the_service_does_what_its_document_says_and_nothing_else() {
    let server = Server::start(&[
        ("webhook_secret", SECRET),
        ("admin_token", OPERATOR),
        // A 429 would hide what the other checks say.
        ("failed_attempts_per_minute", "0"),
        ("webhook_rate_limit_per_minute", "0"),
    ]);
    let document = server.send("GET", "/openapi.json", &[], b"");
    let output = compare(&server, &document.text);

    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}\n{errors}");
    let all = format!("Tested: {}\n", number_of_operations(&document.json()));
    assert!(report.contains(&all), "not all operations:\n{report}");
}

fn compare(server: &Server, document: &str) -> Output {
    let own = root().join("tests/interface");
    // It leaves notes for its next run, which are nobody's.
    let folder = TempDir::new().expect("a folder for schemathesis");
    // From a file: the path that it has a document from, it does not test.
    let file = folder.path().join("openapi.json");
    fs::write(&file, document).expect("written");
    named_by("SAM_CALLBACK_SCHEMATHESIS")
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", own.join("credentials.py"))
        .env("CALLBACK_TOKEN", TOKEN)
        .env("WEBHOOK_SECRET", SECRET)
        .env("ADMIN_TOKEN", OPERATOR)
        // Otherwise it puts what it has compiled beside that file.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .arg("--config-file")
        .arg(own.join("schemathesis.toml"))
        .args(["--no-color", "run"])
        .arg(format!("--url=http://{}", server.address))
        .arg(file)
        .output()
        .expect("SAM_CALLBACK_SCHEMATHESIS names a program that starts")
}

fn number_of_operations(document: &Value) -> usize {
    let paths = document["paths"].as_object().expect("paths");
    let items = paths.values().filter_map(Value::as_object);
    let is_operation = |it: &&Value| it.get("responses").is_some();
    items
        .map(|item| item.values().filter(is_operation).count())
        .sum()
}
