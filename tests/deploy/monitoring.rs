//! deploy/monitoring: promtool takes the rules, the scrape configuration and each expression of the
//! dashboard, and all of them speak of the same metrics.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use support::project::root;

use crate::read;

/// What `/metrics` has.
const METRICS: [&str; 7] = [
    "sam_callback_build_info",
    "sam_callback_data_api_up",
    "sam_callback_outbox_dead",
    "sam_callback_outbox_oldest_seconds",
    "sam_callback_outbox_waiting",
    "sam_callback_overdue",
    "sam_callback_settings_ok",
];

/// Runs promtool in the folder; it prints what is wrong.
fn promtool(arguments: &[&str]) {
    let program = std::env::var_os("SAM_CALLBACK_PROMTOOL");
    let program = program.expect("SAM_CALLBACK_PROMTOOL is set; `cargo xtask test` does that");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root().join("deploy/monitoring"))
        .output()
        .expect("promtool runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{wrong}");
}

fn dashboard() -> Value {
    let text = read("deploy/monitoring/grafana-dashboard.json");
    serde_json::from_str(&text).expect("JSON")
}

/// The expressions of the dashboard's panels.
fn expressions(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let expressions = targets.map(|target| target["expr"].as_str().expect("an expression"));
    expressions.map(str::to_owned).collect()
}

/// The metrics that are named in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c| !is_of_name(c));
    let named = words.filter(|word| word.starts_with("sam_callback_"));
    named.map(str::to_owned).collect()
}

#[test]
fn the_rules_say_what_they_are_to_say_of_numbers() {
    promtool(&["check", "rules", "sam-callback.rules.yml"]);
    promtool(&["test", "rules", "sam-callback.rules.test.yml"]);
}

#[test]
fn prometheus_takes_the_scrape_configuration() {
    promtool(&["check", "config", "--syntax-only", "prometheus.yml"]);
    let text = read("deploy/monitoring/prometheus.yml");
    assert!(text.contains("credentials_file: /etc/prometheus/sam-callback.token"));
    assert!(!text.contains("credentials: "), "no token stands in it");
}

#[test]
fn each_expression_of_the_dashboard_is_one_of_prometheus() {
    let expressions = expressions(&dashboard());
    assert!(expressions.len() > 10, "{expressions:?}");
    let rules = expressions.iter().enumerate().map(|(number, expression)| {
        // What Grafana puts in for a variable of which everything is chosen.
        let expr = expression.replace("$instance", ".*");
        json!({"record": format!("panel:{number}"), "expr": expr})
    });
    let rules: Vec<_> = rules.collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    // JSON is YAML.
    let text = json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string();
    std::fs::write(file.path(), text).expect("written");
    promtool(&["check", "rules", file.path().to_str().expect("a path")]);
}

#[test]
fn the_dashboard_can_be_imported_anywhere() {
    let dashboard = dashboard();
    for (name, is_right) in [
        ("uid", dashboard["uid"] == "sam-callback"),
        ("title", dashboard["title"].is_string()),
        ("schemaVersion", dashboard["schemaVersion"].is_u64()),
        // It would be one of the machine that it came from.
        ("id", dashboard.get("id").is_none_or(Value::is_null)),
    ] {
        assert!(is_right, "{name}");
    }
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "an id is there twice");
    let mut taken = BTreeSet::new();
    for panel in panels {
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        let place = &panel["gridPos"];
        let number = |name: &str| place[name].as_u64().expect("a number");
        let (x, y) = (number("x"), number("y"));
        assert!(x + number("w") <= 24, "{place}");
        for column in x..x + number("w") {
            for row in y..y + number("h") {
                assert!(taken.insert((column, row)), "two panels at {column}, {row}");
            }
        }
    }
}

#[test]
fn rules_and_dashboard_speak_of_the_metrics_there_are() {
    let there: BTreeSet<_> = METRICS.map(str::to_owned).into();
    assert_eq!(metrics(&expressions(&dashboard()).join(" ")), there);
    let rules = metrics(&read("deploy/monitoring/sam-callback.rules.yml"));
    let tried = metrics(&read("deploy/monitoring/sam-callback.rules.test.yml"));
    assert!(
        rules.is_subset(&tried) && tried.is_subset(&there),
        "{tried:?}"
    );
}

#[test]
fn each_rule_is_tried_and_is_on_the_page() {
    let rules = read("deploy/monitoring/sam-callback.rules.yml");
    let tried = read("deploy/monitoring/sam-callback.rules.test.yml");
    let page = read("deploy/monitoring/README.md");
    let names = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 6);
    for name in names {
        let fires = format!("alertname: {name}\n        exp_alerts:\n          - ");
        assert!(tried.contains(&fires), "{name}");
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}
