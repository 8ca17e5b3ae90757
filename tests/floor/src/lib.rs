//! The least that a component can do with a callback: read it, and answer. `cargo xtask bench`
//! measures what sam-callback takes beyond this.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::Request;
use spin_sdk::{http_service, wit_bindgen};

const REPLY: &str = r#"{"status":"OK"}"#;

#[http_service]
async fn serve(request: Request) -> Response<Full<Bytes>> {
    // What a caller breaks off is answered too, and the answer goes nowhere.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(REPLY.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Without its length a host sends the reply in chunks, and waits between them.
    headers.insert(CONTENT_LENGTH, HeaderValue::from(REPLY.len()));
    // As sam-callback does: without it Spin may send the head alone, and the body 40 ms later.
    wit_bindgen::yield_async().await;
    response
}
