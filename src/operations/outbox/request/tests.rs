//! What operators type.

use super::*;

fn called(method: &str, path: &str, query: &str) -> String {
    match request(method, path, query) {
        None => "-".to_owned(),
        Some(Ok(request)) => format!("{request:?}"),
        Some(Err(Refusal::MethodNotAllowed(allowed))) => format!("only {allowed}"),
        Some(Err(refusal)) => refusal.code().to_owned(),
    }
}

#[test]
fn each_path_and_query_asks_for_one_thing() {
    let id = "0018f3a5b2c-0000002a-f000102030405060708090a0b0c0d0e0f";
    let entry = format!("/admin/outbox/{id}");
    let shown = format!("{:?}", EntryId::parse(id).expect("an id"));
    let all = "filter: Filter { source: None, cause: None, key: None }";
    let list = format!("List {{ state: Waiting, {all}, limit: 50, before: None }}");
    let dead = format!("List {{ state: Dead, {all}, limit: 200, before: None }}");
    let requeue_all = format!("RequeueAll {{ {all}, dry_run: false }}");
    let too_long = format!("q={}", "d".repeat(201));
    for (method, path, query, asked) in [
        ("GET", "/admin/outbox", "", list.as_str()),
        ("GET", "/admin/outbox", "state=dead&limit=200", &dead),
        ("GET", "/admin/outbox", "source=&cause=&q=", &list),
        (
            "GET",
            "/admin/outbox",
            "source=cal&cause=no_row&q=5f%201b",
            "List { state: Waiting, filter: Filter { source: Some(\"cal\"), cause: Some(NoRow), \
             key: Some(\"5f 1b\") }, limit: 50, before: None }",
        ),
        ("GET", "/admin/outbox", "cause=row", "invalid_query"),
        ("GET", "/admin/outbox", "q=%ff", "invalid_query"),
        ("GET", "/admin/outbox", &too_long, "invalid_query"),
        ("GET", "/admin/outbox", "limit=201", "invalid_query"),
        ("GET", "/admin/outbox", "limit=0", "invalid_query"),
        ("GET", "/admin/outbox", "state=all", "invalid_query"),
        ("GET", "/admin/outbox", "before=x", "invalid_query"),
        ("GET", "/admin/outbox", "page=2", "invalid_query"),
        ("POST", "/admin/outbox", "", "only GET, HEAD"),
        ("GET", "/admin/outbox/stats", "", "Stats"),
        ("POST", "/admin/outbox/stats", "", "only GET, HEAD"),
        ("POST", "/admin/outbox/drain", "", "Drain { all: false }"),
        (
            "POST",
            "/admin/outbox/drain",
            "all=true",
            "Drain { all: true }",
        ),
        ("POST", "/admin/outbox/drain", "all=yes", "invalid_query"),
        ("GET", "/admin/outbox/drain", "", "only POST"),
        ("POST", "/admin/outbox/requeue", "", &requeue_all),
        (
            "POST",
            "/admin/outbox/requeue",
            "cause=data_api_away&source=a360&dryRun=true",
            "RequeueAll { filter: Filter { source: Some(\"a360\"), cause: Some(DataApiAway), \
             key: None }, dry_run: true }",
        ),
        ("POST", "/admin/outbox/requeue", "dryRun=", "invalid_query"),
        ("POST", "/admin/outbox/requeue", "q=d", "invalid_query"),
        ("GET", &entry, "", &format!("Show({shown})")),
        ("DELETE", &entry, "", &format!("Remove({shown})")),
        ("PUT", &entry, "", "only GET, HEAD, DELETE"),
        (
            "POST",
            &format!("{entry}/retry"),
            "",
            &format!("Retry({shown})"),
        ),
        (
            "POST",
            &format!("{entry}/requeue"),
            "",
            &format!("Requeue({shown})"),
        ),
        ("GET", &format!("{entry}/retry"), "", "only POST"),
        ("GET", "/admin/outbox/x", "", "not_found"),
        ("POST", "/admin/outbox/x/retry", "", "not_found"),
        ("GET", "/admin/outbox/x/y", "", "-"),
        ("GET", "/admin/outbox/x/retry/z", "", "-"),
        ("GET", "/admin/outboxes", "", "-"),
        ("GET", "/admin", "", "-"),
    ] {
        assert_eq!(
            called(method, path, query),
            asked,
            "{method} {path}?{query}"
        );
    }
}
