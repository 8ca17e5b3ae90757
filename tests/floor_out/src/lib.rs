//! The least that a component can do with a callback that has to go somewhere: read it, post it to
//! the data API, and answer as that has answered. `cargo xtask bench` measures what sam-callback
//! takes beyond this.

use std::sync::OnceLock;

use bytes::Bytes;
use futures_util::poll;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::Request;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields, Method, Scheme};
use spin_sdk::wasip3::{self, wit_future, wit_stream};
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
    let authority = authority().await?;
    let (mut contents, contents_read) = wit_stream::new();
    let (trailers, trailers_read) =
        wit_future::new(|| Err(ErrorCode::InternalError(Some("cut off".to_owned()))));
    let headers = [
        ("content-type", b"application/json".to_vec()),
        ("content-length", body.len().to_string().into_bytes()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    let headers = Fields::from_list(&headers).ok()?;
    let (request, _) = types::Request::new(headers, Some(contents_read), trailers_read, None);
    request.set_method(&Method::Post).ok()?;
    request.set_scheme(Some(&Scheme::Http)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(PATH)).ok()?;
    // As sam-callback does: the write of the body is under way before the request is sent, so that
    // on a kept connection it does not wait 40 ms for the acknowledgement of the head.
    let mut sent = Box::pin(async move {
        if contents.write_all(body.into()).await.is_empty() {
            drop(contents);
            let _ = trailers.write(Ok(None)).await;
        }
    });
    if poll!(&mut sent).is_pending() {
        wasip3::spawn(sent);
    }
    let response = wasip3::http::client::send(request).await.ok()?;
    let status = StatusCode::from_u16(response.get_status_code()).ok()?;
    let (_consumed, consumed_read) = wit_future::new(|| Ok(()));
    let (contents, _) = types::Response::consume_body(response, consumed_read);
    contents.collect().await;
    Some(status)
}

/// Host and port of the data API, which an instance asks for once, as sam-callback does.
async fn authority() -> Option<&'static str> {
    static ORIGIN: OnceLock<String> = OnceLock::new();
    if ORIGIN.get().is_none() {
        let origin = variables::get("data_api_origin").await.ok()?;
        let _ = ORIGIN.set(origin);
        // Reading a variable takes the instance off its scheduler's thread; this brings it back.
        wit_bindgen::yield_async().await;
    }
    ORIGIN.get()?.strip_prefix("http://")
}
