//! The least that a component can do with a callback that has to go somewhere: read it, post it to
//! the data API, and answer as that has answered. `cargo xtask bench` measures what sam-callback
//! takes beyond this.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{self as outbound, Request};
use spin_sdk::{http_service, variables, wit_bindgen};

/// Where the data API has its function.
const PATH: &str = "/rpc/ActualizarEjecucionDesdeCallback";

const REPLY: &str = r#"{"status":"OK"}"#;

#[http_service]
async fn serve(request: Request) -> Response<Full<Bytes>> {
    let taken = match request.into_body().collect().await {
        Ok(body) => post(body.to_bytes()).await,
        Err(_) => None,
    };
    let mut response = Response::new(Full::new(Bytes::from_static(REPLY.as_bytes())));
    *response.status_mut() = taken.unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Without its length a host sends the reply in chunks, and waits between them.
    headers.insert(CONTENT_LENGTH, HeaderValue::from(REPLY.len()));
    // As sam-callback does: without it Spin may send the head alone, and the body 40 ms later.
    wit_bindgen::yield_async().await;
    response
}

/// The data API's status, once its reply is there whole; `None` where it is not to be had.
async fn post(body: Bytes) -> Option<StatusCode> {
    let origin = variables::get("data_api_origin").await.ok()?;
    let request = http::Request::post(format!("{origin}{PATH}"))
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, body.len())
        .body(Full::new(body))
        .ok()?;
    let (head, body) = outbound::send(request).await.ok()?.into_parts();
    body.collect().await.ok()?;
    Some(head.status)
}
