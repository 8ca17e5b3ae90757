//! What operators ask of the outbox.

use serde_json::{Value as Json, json};

use super::payloads::{CauseCode, EntryId, EntryState, Limit};
use super::service::{Answers, ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::outbox::{Counted, Listed, One, Removed, RequeuedView, Retried, Round};

const OUTBOX: &str = "/admin/outbox";
const REMOTE: Settings<'static> = &[("data_api", "postgrest")];

/// A well-formed id that no entry has.
const UNUSED_ID: &str = "0018f3a5b2c-0000002a-f000102030405060708090a0b0c0d0e0f";

const UPDATED: (u16, &str) = (200, r#"{"Resultado":"UPDATED"}"#);
const RETRYABLE: (u16, &str) = (500, "");
const FINAL: (u16, &str) = (400, r#"{"code":"22001"}"#);

/// A service whose outbox has one entry, and the entry's id. The first of `answers` puts it there.
pub(super) fn with_entry(answers: Answers<'_>) -> (ExampleService, String) {
    let service = ExampleService::with_data_api(REMOTE, answers);
    let callback = json!({ "deploymentId": "5f1b2a6e", "status": "RUN_COMPLETED" });
    service.send(&ExampleRequest::post("/api/callback", callback.to_string()).with_token());
    let state = match answers[0] == FINAL {
        true => "dead",
        false => "waiting",
    };
    let list = service.send(&get(&format!("{OUTBOX}?state={state}")));
    let list: Json = serde_json::from_slice(&list.body).expect("JSON");
    let id = list["entries"][0]["id"].as_str().expect("an entry");
    (service, id.to_owned())
}

pub(super) fn get(path: &str) -> ExampleRequest {
    ExampleRequest::get(path).with_operator_token()
}

fn post(path: &str) -> ExampleRequest {
    get(path).with_method("POST")
}

pub(super) fn usual() -> ExampleService {
    ExampleService::new(&[])
}

/// With what all operations have: the operators' token, and the replies to what is wrong.
pub(super) fn guarded(operation: Operation, request: &ExampleRequest) -> Operation {
    let unknown = request.clone().with("authorization", "Bearer otro");
    let without_store = ExampleService::without_store(&[], &[]);
    operation
        .security(json!([{ "adminToken": [] }]))
        .reply("admin_token_refused", usual().send(&unknown))
        .reply("too_many_attempts", usual().send_until(429, &unknown))
        .reply("outbox_unavailable", without_store.send(request))
        .refuses_other_methods(request)
}

/// The same for one entry.
fn of_entry(operation: Operation, schemas: &mut Schemas, request: &ExampleRequest) -> Operation {
    guarded(operation, request)
        .parameter::<EntryId>(schemas, "path", "id", Some(UNUSED_ID))
        .reply("no_such_entry", usual().send(request))
}

pub fn all(schemas: &mut Schemas) -> [Operation; 8] {
    [
        list(schemas),
        stats(schemas),
        show(schemas),
        remove(schemas),
        retry(schemas),
        requeue(schemas),
        requeue_all(schemas),
        drain(schemas),
    ]
}

fn list(schemas: &mut Schemas) -> Operation {
    let request = get(OUTBOX);
    let wrong = get("/admin/outbox?state=todas");
    let operation =
        Operation::new::<Listed<'static>, ErrorBody>(schemas, "outbox", ("get", OUTBOX))
            .parameter::<EntryState>(schemas, "query", "state", None)
            .parameter::<String>(schemas, "query", "source", None)
            .parameter::<CauseCode>(schemas, "query", "cause", None)
            .parameter::<String>(schemas, "query", "q", None)
            .parameter::<Limit>(schemas, "query", "limit", None)
            .parameter::<EntryId>(schemas, "query", "before", None)
            .reply("entries", with_entry(&[RETRYABLE]).0.send(&request))
            .reply("wrong_parameter", usual().send(&wrong));
    guarded(operation, &request)
}

fn stats(schemas: &mut Schemas) -> Operation {
    let path = "/admin/outbox/stats";
    let request = get(path);
    let operation = Operation::new::<Counted, ErrorBody>(schemas, "outboxStats", ("get", path))
        .reply("counts", with_entry(&[RETRYABLE]).0.send(&request));
    guarded(operation, &request)
}

fn show(schemas: &mut Schemas) -> Operation {
    let (service, id) = with_entry(&[RETRYABLE]);
    let path = "/admin/outbox/{id}";
    let request = |id: &str| get(&format!("{OUTBOX}/{id}"));
    let operation =
        Operation::new::<One<'static>, ErrorBody>(schemas, "outboxEntry", ("get", path))
            .reply("entry", service.send(&request(&id)));
    of_entry(operation, schemas, &request(UNUSED_ID))
}

fn remove(schemas: &mut Schemas) -> Operation {
    let (service, id) = with_entry(&[RETRYABLE]);
    let path = "/admin/outbox/{id}";
    let request = |id: &str| get(&format!("{OUTBOX}/{id}")).with_method("DELETE");
    let operation = Operation::new::<Removed, ErrorBody>(schemas, "outboxRemove", ("delete", path))
        .reply("removed", service.send(&request(&id)));
    of_entry(operation, schemas, &request(UNUSED_ID))
}

fn retry(schemas: &mut Schemas) -> Operation {
    let (service, id) = with_entry(&[RETRYABLE, UPDATED]);
    let path = "/admin/outbox/{id}/retry";
    let request = |id: &str| post(&format!("{OUTBOX}/{id}/retry"));
    let operation = Operation::new::<Retried, ErrorBody>(schemas, "outboxRetry", ("post", path))
        .reply("retried", service.send(&request(&id)));
    of_entry(operation, schemas, &request(UNUSED_ID))
}

fn requeue(schemas: &mut Schemas) -> Operation {
    let (service, id) = with_entry(&[FINAL, UPDATED]);
    let path = "/admin/outbox/{id}/requeue";
    let request = |id: &str| post(&format!("{OUTBOX}/{id}/requeue"));
    let operation =
        Operation::new::<RequeuedView, ErrorBody>(schemas, "outboxRequeue", ("post", path))
            .reply("requeued", service.send(&request(&id)));
    of_entry(operation, schemas, &request(UNUSED_ID))
}

fn requeue_all(schemas: &mut Schemas) -> Operation {
    let path = "/admin/outbox/requeue";
    let request = post(path);
    let (service, _) = with_entry(&[FINAL, UPDATED]);
    let operation =
        Operation::new::<RequeuedView, ErrorBody>(schemas, "outboxRequeueAll", ("post", path))
            .parameter::<CauseCode>(schemas, "query", "cause", None)
            .parameter::<String>(schemas, "query", "source", None)
            .parameter::<bool>(schemas, "query", "dryRun", None)
            .reply(
                "only_counted",
                service.send(&post(&format!("{path}?dryRun=true"))),
            )
            .reply("all_requeued", service.send(&request))
            .reply(
                "wrong_parameter",
                usual().send(&post(&format!("{path}?cause=otra"))),
            );
    guarded(operation, &request)
}

fn drain(schemas: &mut Schemas) -> Operation {
    let path = "/admin/outbox/drain";
    let wrong = post("/admin/outbox/drain?all=si");
    let (service, _) = with_entry(&[RETRYABLE, UPDATED]);
    let operation = Operation::new::<Round, ErrorBody>(schemas, "outboxDrain", ("post", path))
        .parameter::<bool>(schemas, "query", "all", None)
        .reply(
            "drained",
            service.send(&post("/admin/outbox/drain?all=true")),
        )
        .reply("wrong_parameter", usual().send(&wrong));
    guarded(operation, &post(path))
}
