//! BlizWork's call. Only operators learn that there is such an endpoint.

use super::payloads::{BlizWorkCall, Kept};
use super::service::{ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::http::ErrorBody;

const PATH: &str = "/blizwork";
const SETTINGS: Settings<'static> = &[
    ("blizwork_api_origin", "https://api.example"),
    ("blizwork_api_token", "un-token-de-blizwork"),
    ("blizwork_endpoint_url", "https://sam.example/blizwork"),
];
const VALID: (u16, &str) = (200, r#"{"resultCode":0,"resultMessage":""}"#);
const INVALID: (u16, &str) = (200, r#"{"resultCode":1,"resultMessage":""}"#);

pub fn call(schemas: &mut Schemas) -> Operation {
    let body = BlizWorkCall {
        token: "q1w2e3r4t5y6u7i8o9p0a1s2".to_owned(),
        environment: "production".into(),
        process_id: "ventas".into(),
        process_version: 3.into(),
        case_number: 39.into(),
    };
    let good = ExampleRequest::post(PATH, serde_json::to_vec(&body).expect("JSON"));
    let text = good.clone().with("content-type", "text/plain");
    let usual = |answer| ExampleService::with_data_api(SETTINGS, &[answer]);
    let misconfigured = ExampleService::new(&[SETTINGS[0], SETTINGS[1]]);
    let without_store = ExampleService::without_store(SETTINGS, &[VALID]);

    let get = usual(INVALID).send(&good.clone().with_method("GET"));
    assert_eq!(get.status, 404);
    Operation::new::<Kept, ErrorBody>(schemas, "blizwork", ("post", PATH))
        .body(schemas, &[("case", &body)])
        .reply("accepted", usual(VALID).send(&good))
        .reply("invalid_call", usual(INVALID).send(&good))
        .reply("type_not_json", usual(VALID).send(&text))
        .reply("misconfigured", misconfigured.send(&good))
        .reply("call_not_verified", usual((500, "")).send(&good))
        .reply("call_not_kept", without_store.send(&good))
}
