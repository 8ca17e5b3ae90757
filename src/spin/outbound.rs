//! Requests to other services.

use bytes::Bytes;
use spin_sdk::wasip3;
use spin_sdk::wasip3::http::types::{self, Method, Scheme};

use super::Spin;
use super::messages::{Incoming, begun, fields, send_error, sending};
use super::scheduler::back_on_scheduler;
use crate::http::message::{Request, Response, StatusCode};
use crate::ports::{Outbound, SendError};

impl Outbound for Spin {
    type Body = Incoming;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Incoming>, SendError> {
        let fields = fields(&request.headers).map_err(send_error)?;
        let (contents, trailers, sent) = sending(request.body);
        let (outgoing, _) = types::Request::new(fields, Some(contents), trailers, None);
        address(&outgoing, &request.method, &request.target)
            .ok_or_else(|| SendError::Other("no such address".to_owned()))?;
        back_on_scheduler().await;
        // The reply may come before all of the body is sent, and ends what is left of it.
        if let Some(sent) = begun(sent).await {
            wasip3::spawn(sent);
        }
        let response = wasip3::http::client::send(outgoing).await;
        let response = response.map_err(send_error)?;
        let status = StatusCode::from_u16(response.get_status_code());
        Ok(Response {
            status: status.map_err(|_| SendError::Broken)?,
            headers: response.get_headers().copy_all().into(),
            body: Incoming::new(|consumed| types::Response::consume_body(response, consumed)),
        })
    }
}

/// Says what is asked for, and where; `None` where the host takes one of them for malformed.
fn address(request: &types::Request, method: &str, url: &str) -> Option<()> {
    let (scheme, rest) = match url.split_once("://")? {
        ("http", rest) => (Scheme::Http, rest),
        ("https", rest) => (Scheme::Https, rest),
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "PATCH" => Method::Patch,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    };
    request.set_method(&method).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()
}
