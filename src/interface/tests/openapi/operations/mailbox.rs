//! What collectors ask of a mailbox.

use serde_json::{Value as Json, json};

use super::payloads::{MailboxAck, MailboxId, MailboxLimit, PageVersion, Wait};
use super::service::{ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::delivery::outbox::PageSchema;
use crate::http::ErrorBody;
use crate::operations::mailbox::{Acknowledgement, LONGEST_LIST};

const COLLECTOR: &str = "un-token-de-buzon";
const SETTINGS: Settings<'static> = &[("data_api", "mailbox"), ("mailbox_token", COLLECTOR)];
const ACK: &str = "/mailbox/ack";

fn mailbox() -> ExampleService {
    ExampleService::new(SETTINGS)
}

/// A mailbox with one entry.
fn with_entry() -> ExampleService {
    let service = mailbox();
    let callback = json!({ "deploymentId": "5f1b2a6e", "status": "RUN_COMPLETED" });
    service.send(&ExampleRequest::post("/api/callback", callback.to_string()).with_token());
    service
}

fn by_collector(request: ExampleRequest) -> ExampleRequest {
    request.with("authorization", format!("Bearer {COLLECTOR}"))
}

/// With what both operations have: the token, and the replies to what is wrong.
fn guarded(operation: Operation, request: &ExampleRequest) -> Operation {
    let unknown = request.clone().with("authorization", "Bearer otro");
    let without_store = ExampleService::without_store(SETTINGS, &[]);
    let without_token = ExampleService::new(&[("data_api", "mailbox")]);
    let other_method = request.clone().with_method("PATCH");
    operation
        .security(json!([{ "mailboxToken": [] }]))
        .reply("mailbox_token_refused", mailbox().send(&unknown))
        .reply("too_many_attempts", mailbox().send_until(429, &unknown))
        .reply("misconfigured", without_token.send(request))
        .reply("outbox_unavailable", without_store.send(request))
        .reply("method_not_allowed", mailbox().send(&other_method))
}

pub fn all(schemas: &mut Schemas) -> [Operation; 2] {
    [collect(schemas), acknowledge(schemas)]
}

fn collect(schemas: &mut Schemas) -> Operation {
    let request = by_collector(ExampleRequest::get("/mailbox?wait=0"));
    let wrong = by_collector(ExampleRequest::get("/mailbox?version=2"));
    let operation =
        Operation::new::<PageSchema<'static>, ErrorBody>(schemas, "mailbox", ("get", "/mailbox"));
    guarded(operation, &request)
        .parameter::<Wait>(schemas, "query", "wait", None)
        .parameter::<MailboxLimit>(schemas, "query", "limit", None)
        .parameter::<MailboxId>(schemas, "query", "after", None)
        .parameter::<PageVersion>(schemas, "query", "version", None)
        .reply("entries", with_entry().send(&request))
        .reply("nothing", mailbox().send(&request))
        .reply("wrong_parameter", mailbox().send(&wrong))
}

fn acknowledge(schemas: &mut Schemas) -> Operation {
    let service = with_entry();
    let page = service.send(&by_collector(ExampleRequest::get("/mailbox")));
    let page: Json = serde_json::from_slice(&page.body).expect("JSON");
    let ids = json!({ "ids": [page["entries"][0]["id"]] }).to_string();
    let post = |body: &str| by_collector(ExampleRequest::post(ACK, body));
    let request = post(&ids);
    let long = " ".repeat(LONGEST_LIST + 1);
    let received = MailboxAck {
        ids: vec![MailboxId],
        version: None,
    };
    let operation =
        Operation::new::<Acknowledgement, ErrorBody>(schemas, "mailboxAck", ("post", ACK));
    guarded(operation, &request)
        .body(schemas, &[("received", &received)])
        .reply("acknowledged", service.send(&request))
        .reply("repeated", service.send(&request))
        .reply("body_not_json", mailbox().send(&post("{")))
        .reply("body_cut_off", mailbox().send(&post("{").cut_off()))
        .reply("body_too_large", mailbox().send(&post(&long)))
        .reply("not_ids", mailbox().send(&post(r#"{"ids":["x"]}"#)))
}
