//! Who answers which request.

use futures_executor::block_on;

use super::*;
use crate::delivery::outbox::{Cause, Tag};
use crate::testing::{FakeHost, OPERATOR, TOKEN};

fn routes(settings: &[(&str, &str)]) -> Routes {
    Routes::new(&block_on(Config::load(&FakeHost::with(settings))))
}

fn find(routes: &Routes, method: &str, path: &str) -> String {
    match routes.find(method, path, "") {
        Ok(Route::Operate(request)) => format!("{request:?}"),
        Ok(Route::Health) => "health".to_owned(),
        Ok(Route::Ready) => "ready".to_owned(),
        Ok(Route::MessagesHealth) => "messages' health".to_owned(),
        Ok(Route::Document) => "document".to_owned(),
        Ok(Route::Page(_)) => "page".to_owned(),
        Ok(Route::Notify(endpoint)) => endpoint.source.name().to_owned(),
        Ok(Route::Lookup(_, key)) => format!("row {key}"),
        Ok(Route::Refused(_, Refusal::MethodNotAllowed(allowed)))
        | Err(Refusal::MethodNotAllowed(allowed)) => format!("only {allowed}"),
        Ok(Route::Refused(_, refusal)) => refusal.code().to_owned(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

#[test]
fn each_path_has_one_answer() {
    let routes = routes(&[
        ("callback_token", TOKEN),
        ("root_path", "/sam"),
        ("callback_endpoint_path", "/api/callback /cb /cb/two"),
    ]);
    for (method, path, answer) in [
        ("GET", "/sam/health", "health"),
        ("HEAD", "/sam/health", "health"),
        ("GET", "/health", "not_found"),
        ("GET", "/samurai/health", "not_found"),
        ("GET", "/sam/health/ready", "ready"),
        ("HEAD", "/sam/health/ready", "ready"),
        ("POST", "/sam/health/ready", "only GET, HEAD"),
        ("GET", "/sam/webhook/health", "messages' health"),
        ("POST", "/sam/webhook/health", "only GET, HEAD"),
        ("GET", "/sam/openapi.json", "document"),
        ("POST", "/sam/openapi.json", "only GET, HEAD"),
        ("GET", "/openapi.json", "not_found"),
        ("GET", "/sam/docs", "page"),
        ("GET", "/sam/docs/docs.js", "page"),
        ("GET", "/sam/docs/docs.css", "page"),
        ("GET", "/sam/docs/common.css", "page"),
        ("DELETE", "/sam/docs", "only GET, HEAD"),
        ("GET", "/sam/docs/", "not_found"),
        ("GET", "/sam/docs/docs.html", "not_found"),
        ("GET", "/sam/docs/../docs", "not_found"),
        ("POST", "/sam/webhook/receive", "messages"),
        ("GET", "/sam/webhook/receive", "only POST"),
        ("GET", "/sam/webhook/receive/a", "not_found"),
        ("POST", "/sam/webhook", "not_found"),
        ("POST", "/sam/blizwork", "not_found"),
        ("POST", "/sam/api/callback", "a360"),
        ("POST", "/sam/cb", "a360"),
        ("POST", "/sam/cb/two", "a360"),
        ("GET", "/sam/cb", "only POST"),
        ("HEAD", "/sam/cb", "only POST"),
        ("head", "/sam/health", "only GET, HEAD"),
        ("HEAD", "/sam/docs/docs.js", "page"),
        ("HEAD", "/sam/openapi.json", "document"),
        ("HEAD", "/sam/webhook/health", "messages' health"),
        ("HEAD", "/sam/cb/a", "row a"),
        ("PUT", "/sam/cb", "only POST"),
        ("BREW", "/sam/cb", "only POST"),
        ("GET", "/sam/cb/a%2Fb", "row a%2Fb"),
        ("DELETE", "/sam/cb/a", "only GET, HEAD"),
        ("GET", "/sam/cb/a/b", "not_found"),
        ("GET", "/sam/cb/", "not_found"),
        ("POST", "/sam/cb/", "not_found"),
        ("POST", "/sam/CB", "not_found"),
        ("POST", "/sam//cb", "not_found"),
        ("GET", "/", "not_found"),
        ("GET", "", "not_found"),
    ] {
        assert_eq!(find(&routes, method, path), answer, "{method} {path}");
    }
}

#[test]
fn the_panel_is_there_only_with_an_operators_token() {
    let with = routes(&[("callback_token", TOKEN), ("admin_token", OPERATOR)]);
    let without = routes(&[("callback_token", TOKEN)]);
    for path in ["/panel", "/panel/panel.css", "/panel/panel.js"] {
        assert_eq!(find(&with, "GET", path), "page", "{path}");
        assert_eq!(find(&with, "HEAD", path), "page", "{path}");
        assert_eq!(find(&with, "POST", path), "only GET, HEAD", "{path}");
        assert_eq!(find(&without, "GET", path), "not_found", "{path}");
        assert_eq!(find(&without, "POST", path), "not_found", "{path}");
    }
    assert_eq!(find(&with, "GET", "/panel/"), "not_found");
}

#[test]
fn rows_of_a_database_cannot_be_read_from_outside() {
    for (data_api, answer) in [
        ("embedded", "row a"),
        ("dab", "not_found"),
        ("postgrest", "not_found"),
    ] {
        let routes = routes(&[("callback_token", TOKEN), ("data_api", data_api)]);
        assert_eq!(
            find(&routes, "GET", "/api/callback/a"),
            answer,
            "{data_api}"
        );
    }
}

#[test]
fn no_two_sources_have_the_same_tag_in_the_outbox() {
    let routes = routes(&[("callback_token", TOKEN), ("blizwork_api_token", "t")]);
    let names = || {
        routes
            .endpoints
            .iter()
            .map(|endpoint| endpoint.source.name())
    };
    assert_eq!(names().count(), 4);
    for name in names() {
        let tag = Tag::new(name, Cause::NoRow);
        let same: Vec<_> = names().filter(|other| tag.is_of(other)).collect();
        assert_eq!(same, [name]);
    }
}

#[test]
fn every_endpoint_is_described() {
    let routes = routes(&[("callback_token", TOKEN), ("blizwork_api_token", "t")]);
    let described = include_str!("../../interface/openapi.json");
    let described: serde_json::Value = serde_json::from_str(described).expect("JSON");
    let paths = routes.endpoints.iter().flat_map(|endpoint| &endpoint.paths);
    let mut seen = 0;
    for path in paths {
        assert!(described["paths"][path]["post"].is_object(), "{path}");
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn nobody_learns_of_a_hook_by_another_method() {
    let settings = [
        ("blizwork_api_token", "t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ];
    let open = routes(&[&[("callback_token", TOKEN)], &settings[..]].concat());
    let half = routes(&[("callback_token", TOKEN), settings[0]]);
    for (method, answer) in [
        ("POST", "blizwork"),
        ("GET", "not_found"),
        ("OPTIONS", "not_found"),
    ] {
        assert_eq!(find(&open, method, "/blizwork"), answer);
        assert_eq!(find(&half, method, "/blizwork"), answer);
    }
    assert_eq!(find(&open, "GET", "/blizwork/a"), "not_found");
}

#[test]
fn with_paths_unknown_only_health_answers() {
    let routes = routes(&[("callback_token", TOKEN), ("root_path", "sam")]);
    assert_eq!(find(&routes, "GET", "/health"), "health");
    assert_eq!(find(&routes, "GET", "/docs"), "page");
    assert_eq!(find(&routes, "GET", "/openapi.json"), "document");
    assert_eq!(find(&routes, "GET", "/health/ready"), "ready");
    assert_eq!(find(&routes, "POST", "/api/callback"), "misconfigured");
    assert_eq!(find(&routes, "GET", "/any"), "misconfigured");
}
