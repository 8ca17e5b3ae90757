//! Where alerts go. What is wrong there is said, and stops no callback.

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn with(settings: &[(&str, &str)]) -> Config {
    let config = load(&[&[("callback_token", TOKEN)], settings].concat());
    assert!(config.callback.is_some(), "alerts stop no callback");
    config
}

#[test]
fn without_an_address_there_are_no_alerts() {
    let config = with(&[]);
    assert!(config.alerts.is_none());
    assert_eq!(config.problems, []);
}

#[test]
fn an_address_is_an_origin_and_a_path_with_its_query() {
    for (origin, path, url) in [
        ("https://chat.example", "", "https://chat.example/"),
        (
            "https://hooks.slack.com/",
            "/services/T00/B00/xX0",
            "https://hooks.slack.com/services/T00/B00/xX0",
        ),
        (
            "https://prod-1.westus.logic.azure.com:443",
            "/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sig=a_b-c",
            "https://prod-1.westus.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke\
             ?api-version=2016-06-01&sp=%2Ftriggers&sig=a_b-c",
        ),
        (
            "https://chat.googleapis.com",
            "/v1/spaces/A/messages?key=k-1&token=t_2%3D",
            "https://chat.googleapis.com/v1/spaces/A/messages?key=k-1&token=t_2%3D",
        ),
    ] {
        let config = with(&[("alert_origin", origin), ("alert_path", path)]);
        assert_eq!(config.problems, []);
        let alerts = config.alerts.expect("there are some");
        assert_eq!(alerts.url.expose(), url);
        assert!(alerts.keys.is_none());
        assert_eq!(alerts.after, Duration::from_secs(300));
        assert!(!format!("{alerts:?}").contains("chat"), "{alerts:?}");
    }
}

#[test]
fn what_is_wrong_is_named_and_there_are_no_alerts() {
    let origin = ("alert_origin", "https://chat.example");
    for (settings, setting) in [
        (&[("alert_origin", "chat.example")][..], "alert_origin"),
        (
            &[("alert_origin", "https://chat.example/a")],
            "alert_origin",
        ),
        (&[("alert_path", "/a")], "alert_origin"),
        (&[("alert_secret", SECRET)], "alert_origin"),
        (&[origin, ("alert_path", "a")], "alert_path"),
        (
            &[origin, ("alert_path", "https://chat.example/a")],
            "alert_path",
        ),
        (&[origin, ("alert_path", "/a b")], "alert_path"),
        (&[origin, ("alert_path", "/a#b")], "alert_path"),
        (&[origin, ("alert_path", "/${HOOK}")], "alert_path"),
        (
            &[origin, ("alert_secret", "a-plain-secret-of-some")],
            "alert_secret",
        ),
        (
            &[origin, ("alert_secret", "whsec_c2hvcnQ=")],
            "alert_secret",
        ),
        (
            &[origin, ("alert_after_minutes", "0")],
            "alert_after_minutes",
        ),
        (
            &[origin, ("alert_after_minutes", "1441")],
            "alert_after_minutes",
        ),
    ] {
        let config = with(settings);
        let problems = config.problems.iter();
        let named: Vec<_> = problems.map(|problem| problem.setting).collect();
        assert_eq!(named, [setting], "{settings:?}");
        assert!(config.alerts.is_none(), "{settings:?}");
        let said = format!("{:?}", config.problems);
        for (_, value) in settings.iter().filter(|(_, value)| value.len() > 4) {
            assert!(!said.contains(value), "{said}");
        }
    }
}

#[test]
fn several_keys_may_sign_and_none_lets_anybody_in() {
    let two = format!("{SECRET} whsec_AAECAwQFBgcICQoLDA0ODw==");
    let origin = ("alert_origin", "https://chat.example");
    let config = with(&[origin, ("alert_secret", &two)]);
    assert_eq!(config.problems, []);
    let keys = config.alerts.and_then(|alerts| alerts.keys);
    assert_eq!(keys.map(|keys| keys.shared.len()), Some(2));

    // Whoever receives alerts could send messages.
    let config = with(&[origin, ("alert_secret", SECRET), ("webhook_secret", SECRET)]);
    let problems: Vec<_> = config.problems.iter().map(|it| it.setting).collect();
    assert_eq!(problems, ["webhook_secret"]);
    assert!(config.messages.is_none() && config.alerts.is_some());
}
