//! /metrics, as the parser of Prometheus' own Python library reads it. That is installed beside
//! schemathesis.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::process::named_by;
use support::project::root;
use support::server::Server;

const OPERATOR: &str = "un-token-de-operador";

#[test]
fn prometheus_reads_all_figures_and_what_they_say() {
    // An invalid setting, and nobody at the data API's address.
    let server = Server::start(&[
        ("admin_token", OPERATOR),
        ("data_api", "dab"),
        ("data_api_origin", "http://127.0.0.1:9"),
        ("webhook_tables", "una"),
    ]);
    let body = json!({"deploymentId": "d-1", "status": "COMPLETED"});
    assert_eq!(server.callback(body.to_string()).status, 202);
    let bearer = format!("Bearer {OPERATOR}");
    let reply = server.send_for("GET", "/metrics", &[("authorization", &bearer)], b"");
    assert_eq!(reply.status, 200, "{reply:?}");

    let families = parse(&reply.text);
    let families = families.as_array().expect("a list");
    for family in families {
        assert_eq!(family["type"], "gauge", "{family}");
        let help = family["help"].as_str().expect("a text");
        assert!(help.ends_with('.'), "{family}");
    }
    let samples = families.iter().flat_map(|family| {
        let samples = family["samples"].as_array().expect("a list");
        samples
            .iter()
            .map(|sample| (&sample[0], &sample[1], &sample[2]))
    });
    let mut samples: Vec<_> = samples.collect();
    // For how long the change has waited is as it may be.
    let oldest = samples.remove(2);
    assert_eq!(oldest.0, "sam_callback_outbox_oldest_seconds");
    assert!(oldest.2.as_f64() >= Some(0.0), "{oldest:?}");
    let none = json!({});
    let expected = [
        ("sam_callback_outbox_waiting", &none, 1.0),
        ("sam_callback_outbox_dead", &none, 0.0),
        ("sam_callback_data_api_up", &none, 0.0),
        ("sam_callback_settings_ok", &none, 0.0),
        (
            "sam_callback_build_info",
            &json!({"version": env!("CARGO_PKG_VERSION")}),
            1.0,
        ),
    ];
    let expected =
        expected.map(|(name, labels, value)| (json!(name), labels.clone(), json!(value)));
    let expected: Vec<_> = expected.iter().map(|(a, b, c)| (a, b, c)).collect();
    assert_eq!(samples, expected);
}

fn parse(text: &str) -> Value {
    let named = named_by("SAM_CALLBACK_SCHEMATHESIS");
    let beside = std::path::Path::new(named.get_program()).with_file_name("python");
    let mut parser = Command::new(beside)
        .arg(root().join("tests/interface/metrics.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a Python is beside schemathesis");
    let mut input = parser.stdin.take().expect("piped");
    input.write_all(text.as_bytes()).expect("written");
    drop(input);
    let output = parser.wait_with_output().expect("it ends");
    assert!(output.status.success(), "prometheus_client refuses\n{text}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
