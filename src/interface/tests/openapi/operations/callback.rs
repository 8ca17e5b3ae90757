//! A360's callback, and the row that it made.

use serde_json::{Value as Json, json};
use support::tokens;

use super::payloads::{Callback, Execution};
use super::service::{ExampleReply, ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::sources::Acknowledged;

const PATH: &str = "/api/callback";
const DEPLOYMENT_ID: &str = "5f1b2a6e-6c1d-4d0e-9b57-0d6f7d5a2c11";
const REMOTE: Settings<'static> = &[("data_api", "postgrest")];
const BOTH_REQUIRED: Settings<'static> = &[
    ("callback_auth_mode", "required"),
    (
        "jwt_public_key",
        include_str!("../../../../../tests/keys/rsa.pem"),
    ),
];
const SIGNER: Settings<'static> = &[
    ("jwt_jwks_origin", "https://login.example"),
    ("jwt_jwks_path", "/keys"),
];
const MISCONFIGURED: Settings<'static> = &[("callback_auth_mode", "siempre")];

fn completed() -> Callback {
    Callback {
        deployment_id: DEPLOYMENT_ID.to_owned(),
        status: "RUN_COMPLETED".to_owned(),
        device_id: "12".into(),
        user_id: "34".into(),
        bot_output: json!({ "facturas": { "type": "NUMBER", "number": "42" } }),
    }
}

fn failed() -> Callback {
    Callback {
        deployment_id: DEPLOYMENT_ID.to_owned(),
        status: "RUN_FAILED".to_owned(),
        ..Callback::default()
    }
}

fn request(body: &str) -> ExampleRequest {
    ExampleRequest::post(PATH, body).with_token()
}

fn good_request() -> ExampleRequest {
    request(&serde_json::to_string(&completed()).expect("JSON"))
}

/// What the request gets with a JWT whose signer does not answer.
fn without_keys(request: ExampleRequest) -> ExampleReply {
    let claims = json!({ "exp": 1_900_000_000 });
    let token = tokens::token("EdDSA", "ed25519", &json!({ "alg": "EdDSA" }), &claims);
    let request = request.with("authorization", format!("Bearer {token}"));
    ExampleService::with_data_api(SIGNER, &[(503, "")]).send(&request)
}

/// With the default settings.
fn security() -> Json {
    json!([{ "callbackToken": [] }, { "callbackToken2": [] }, { "jwt": [] }])
}

fn usual() -> ExampleService {
    ExampleService::new(&[])
}

/// A service that has the row.
fn with_row() -> ExampleService {
    let service = usual();
    service.send(&good_request());
    service
}

/// What the request gets where the row cannot be read.
fn with_corrupt_row(request: &ExampleRequest) -> ExampleReply {
    let service = with_row();
    service.corrupt_rows();
    service.send(request)
}

pub fn notify(schemas: &mut Schemas) -> Operation {
    let good = good_request();
    let unknown = good.clone().with("x-authorization", "otro");
    let form = request("estado=RUN_COMPLETED").with("content-type", "text/plain");
    let compressed = good.clone().with("content-encoding", "gzip");
    let invalid = request("{\"deploymentId\":\"\",\"estado\":\"RUN_COMPLETED\"}");
    let large = request(&" ".repeat((1 << 20) + 1));
    let no_row: (u16, &str) = (200, r#"{"Resultado":"NOT_FOUND"}"#);
    let remote = |answer| ExampleService::with_data_api(REMOTE, &[answer]);
    let remote_only = |answer| ExampleService::without_store(REMOTE, &[answer]);
    Operation::new::<Acknowledged, ErrorBody>(schemas, "callback", ("post", PATH))
        .security(security())
        .body(
            schemas,
            &[("completed", &completed()), ("failed", &failed())],
        )
        .reply("updated", usual().send(&good))
        .reply("already_final", with_row().send(&good))
        .reply("queued", remote((500, "")).send(&good))
        .reply(
            "body_not_json",
            usual().send(&request("{\"deploymentId\":")),
        )
        .reply("body_cut_off", usual().send(&good.clone().cut_off()))
        .reply("credentials_refused", usual().send(&unknown))
        .reply(
            "both_required",
            ExampleService::new(BOTH_REQUIRED).send(&good),
        )
        .reply("body_too_large", usual().send(&large))
        .reply("neither_is_json", usual().send(&form))
        .reply("body_compressed", usual().send(&compressed))
        .reply("not_a_callback", usual().send(&invalid))
        .reply("too_many_attempts", usual().send_until(429, &unknown))
        .reply("internal_error", with_corrupt_row(&good))
        .reply(
            "misconfigured",
            ExampleService::new(MISCONFIGURED).send(&good),
        )
        .reply(
            "not_kept",
            ExampleService::without_store(&[], &[]).send(&good),
        )
        .reply("no_row_yet", remote_only(no_row).send(&good))
        .reply(
            "keys_unavailable",
            without_keys(ExampleRequest::post(PATH, "{}")),
        )
        .refuses_other_methods(&good)
}

pub fn row(schemas: &mut Schemas) -> Operation {
    let without_token = ExampleRequest::get(&format!("{PATH}/{DEPLOYMENT_ID}"));
    let good = without_token.clone().with_token();
    let path = "/api/callback/{deploymentId}";
    Operation::new::<Execution, ErrorBody>(schemas, "row", ("get", path))
        .security(security())
        .parameter::<String>(schemas, "path", "deploymentId", Some(DEPLOYMENT_ID))
        .reply("row", with_row().send(&good))
        .reply("credentials_refused", with_row().send(&without_token))
        .reply(
            "both_required",
            ExampleService::new(BOTH_REQUIRED).send(&good),
        )
        .reply("no_such_row", usual().send(&good))
        .reply(
            "too_many_attempts",
            with_row().send_until(429, &without_token),
        )
        .reply("internal_error", with_corrupt_row(&good))
        .reply(
            "misconfigured",
            ExampleService::new(MISCONFIGURED).send(&good),
        )
        .reply(
            "rows_not_found",
            ExampleService::without_store(&[], &[]).send(&good),
        )
        .reply("keys_unavailable", without_keys(without_token))
        .refuses_other_methods(&good)
}
