//! Variables and allowed hosts: who provides values, and what is checked at the start.

use super::*;
use crate::VariableError;

#[test]
fn the_first_provider_that_has_a_variable_wins_and_the_default_is_last() {
    fn environment(key: &str) -> Result<String, VarError> {
        match key {
            "SPIN_VARIABLE_PLAIN" | "SPIN_VARIABLE_ORIGIN" => Ok("http://from.environment".into()),
            _ => Err(VarError::NotPresent),
        }
    }
    let manifest = manifest(GOOD).unwrap();
    let of = |text: &str, name: &str| {
        let variables = Variables::with_environment(
            &manifest,
            &runtime(text).unwrap(),
            environment,
            "/none".into(),
        );
        variables.unwrap().resolve(name).unwrap()
    };
    let providers = "[[variables_provider]]\ntype = 'static'\nvalues = { token = 's' }\n[[variables_provider]]\ntype = 'env'";
    assert_eq!(of("", "token").as_deref(), Some("hush"));
    assert_eq!(of("", "plain").as_deref(), Some("http://from.environment"));
    assert_eq!(of(providers, "token").as_deref(), Some("s"));
    for name in ["plain", "origin"] {
        let value = of(providers, name);
        assert_eq!(value.as_deref(), Some("http://from.environment"));
    }
    assert_eq!(of("", "absent"), None);
}

#[test]
fn the_component_sees_its_own_variables_only() {
    let manifest = manifest(GOOD).unwrap();
    let variables = variables(&manifest, &RuntimeConfig::default()).unwrap();
    assert_eq!(variables.component("plain").unwrap(), "<d>");
    assert!(matches!(
        variables.component("origin"),
        Err(VariableError::Undefined(_))
    ));
    assert!(matches!(
        variables.component("Plain"),
        Err(VariableError::InvalidName(_))
    ));
    assert!(matches!(
        variables.component(""),
        Err(VariableError::InvalidName(_))
    ));
}

#[test]
fn templates_are_checked_at_the_start() {
    let unknown = manifest(&GOOD.replace("<{{ plain }}>", "{{ nope }}")).unwrap();
    assert_eq!(
        refusal(variables(&unknown, &RuntimeConfig::default())),
        "spin.toml: component.the-app.variables.plain: there is no variable \"nope\" in [variables]"
    );
}

#[test]
fn a_malformed_dotenv_file_is_noticed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, "TOKEN hush\n").unwrap();
    let manifest = manifest(GOOD).unwrap();
    let runtime = RuntimeConfig::default();
    let variables = Variables::with_environment(&manifest, &runtime, empty, path).unwrap();
    assert!(refusal(variables.check()).contains(".env: line 1 must be NAME=value"));
}

#[test]
fn allowed_hosts_are_checked_with_defaults_and_with_values() {
    let none = RuntimeConfig::default();
    let good = manifest(GOOD).unwrap();
    let hosts = allowed(&good, &none).unwrap();
    assert!(hosts.allows(&"http://localhost:5000/rpc".parse().unwrap()));
    assert!(!hosts.allows(&"http://localhost:5001".parse().unwrap()));

    let at = "spin.toml: component.the-app.allowed_outbound_hosts[0]:";
    let cases = [
        (
            "[\"{{ plain }}\"]",
            format!("{at} \"{{{{ plain }}}}\" with its variables' defaults has no scheme"),
        ),
        (
            "[\"{{ nope }}\"]",
            format!("{at} \"{{{{ nope }}}}\" is wrong: there is no variable"),
        ),
        (
            "[\"http://x/path\"]",
            format!("{at} \"http://x/path\" must not have a path"),
        ),
        ("[\"\"]", format!("{at} \"\" must not be empty")),
        (
            "[\"http://a.spin.internal\"]",
            format!("{at} \"http://a.spin.internal\" is a component of the application"),
        ),
        (
            "[\"insecure:allow-all\"]",
            format!("{at} \"insecure:allow-all\" has no scheme"),
        ),
    ];
    for (entry, expected) in cases {
        let manifest = manifest(&GOOD.replace("[\"{{ origin }}\"]", entry)).unwrap();
        let refused = refusal(allowed(&manifest, &none));
        assert!(
            refused.starts_with(&expected),
            "\n got {refused}\nwant {expected}"
        );
    }

    for value in [" ", "http://hush/path", "hush"] {
        let given = runtime(&format!(
            "[[variables_provider]]\ntype = 'static'\nvalues = {{ origin = '{value}' }}"
        ))
        .unwrap();
        let refused = refusal(allowed(&good, &given));
        assert!(refused.contains("with its variables' values"), "{refused}");
        assert!(!refused.contains("hush"), "{refused}");
    }
}

#[test]
fn a_template_that_comes_to_nothing_allows_nothing() {
    let given = |value: &str| {
        runtime(&format!(
            "[[variables_provider]]\ntype = 'static'\nvalues = {{ origin = '{value}' }}"
        ))
    };
    let a = "https://a.example".parse().unwrap();
    for (entry, default, value, allows_a) in [
        ("{{ origin }}", "", "", false),
        ("{{ origin }}", "", "https://a.example", true),
        ("{{ origin }}", "https://a.example", "", false),
        ("https://{{ origin }}", "", "", false),
        ("https://{{ origin }}", "", "a.example", true),
        ("http://{{ origin }}", "", "", false),
    ] {
        let text = GOOD.replace("http://localhost:5000", default);
        let text = text.replace(
            "[\"{{ origin }}\"]",
            &format!("[\"{entry}\", \"http://b\"]"),
        );
        let hosts = allowed(&manifest(&text).unwrap(), &given(value).unwrap()).unwrap();
        assert_eq!(hosts.allows(&a), allows_a, "{entry} {default:?} {value:?}");
        assert!(hosts.allows(&"http://b".parse().unwrap()), "{entry}");
    }
}

#[test]
fn debug_output_shows_no_value() {
    let manifest = manifest(GOOD).unwrap();
    let given =
        runtime("[[variables_provider]]\ntype = 'static'\nvalues = { token = 'hush-2' }").unwrap();
    let variables = variables(&manifest, &given).unwrap();
    assert!(!format!("{manifest:?} {given:?} {variables:?}").contains("hush"));
}
