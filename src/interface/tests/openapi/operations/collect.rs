//! What operators have collected from another instance's mailbox.

use serde_json::json;

use super::payloads::CollectSeconds;
use super::service::{Answers, ExampleReply, ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::collect::{CollectFailed, Collected};

const PATH: &str = "/admin/collect";
const SETTINGS: Settings<'static> = &[
    ("collect_origin", "https://buzon.example"),
    ("collect_token", "un-token-de-buzon"),
];

const NOTHING: (u16, &str) = (200, r#"{"version":1,"entries":[]}"#);
const REFUSED: (u16, &str) = (401, r#"{"code":"invalid_credentials"}"#);

fn request() -> ExampleRequest {
    ExampleRequest::get("/admin/collect?seconds=1")
        .with_operator_token()
        .with_method("POST")
}

fn collecting(answers: Answers<'_>) -> ExampleReply {
    ExampleService::with_data_api(SETTINGS, answers).send(&request())
}

pub fn collect(schemas: &mut Schemas) -> Operation {
    let usual = || ExampleService::new(&[]);
    let unknown = request().with("authorization", "Bearer otro");
    let mut wrong = request();
    wrong.path = format!("{PATH}?seconds=0");
    Operation::new::<Collected, ErrorBody>(schemas, "collect", ("post", PATH))
        .schema_for::<CollectFailed<'static>>(503, schemas)
        .security(json!([{ "adminToken": [] }]))
        .parameter::<CollectSeconds>(schemas, "query", "seconds", None)
        .reply("collected", collecting(&[NOTHING]))
        .reply("mailbox_failing", collecting(&[REFUSED]))
        .reply("nothing_to_collect", usual().send(&request()))
        .reply("wrong_parameter", usual().send(&wrong))
        .reply("admin_token_refused", usual().send(&unknown))
        .reply("too_many_attempts", usual().send_until(429, &unknown))
        .refuses_other_methods(&request())
}
