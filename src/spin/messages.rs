//! HTTP messages as the host has them: their heads, and bodies on their way in and out.

use futures_util::poll;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields, Method};
use spin_sdk::wasip3::{wit_future, wit_stream};
use spin_sdk::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};

use crate::http::message::{Body, Headers, Request};
use crate::ports::SendError;

/// A request as it came.
pub(super) fn incoming(request: types::Request) -> Request<Incoming> {
    Request {
        method: match request.get_method() {
            Method::Get => "GET".to_owned(),
            Method::Post => "POST".to_owned(),
            Method::Put => "PUT".to_owned(),
            Method::Delete => "DELETE".to_owned(),
            Method::Patch => "PATCH".to_owned(),
            Method::Head => "HEAD".to_owned(),
            Method::Options => "OPTIONS".to_owned(),
            Method::Connect => "CONNECT".to_owned(),
            Method::Trace => "TRACE".to_owned(),
            Method::Other(name) => name,
        },
        target: request.get_path_with_query().unwrap_or_default(),
        headers: request.get_headers().copy_all().into(),
        body: Incoming::new(|consumed| types::Request::consume_body(request, consumed)),
    }
}

pub(super) fn fields(headers: &Headers) -> Result<Fields, ErrorCode> {
    let fields = Fields::from_list(headers.as_fields());
    fields.map_err(|error| ErrorCode::InternalError(Some(error.to_string())))
}

type Trailers = Result<Option<types::Trailers>, ErrorCode>;

/// A body on its way out: what the host reads, and what to await until it has.
pub(super) fn sending(
    body: impl Into<Vec<u8>>,
) -> (
    StreamReader<u8>,
    FutureReader<Trailers>,
    impl Future<Output = ()>,
) {
    let (mut contents, contents_read) = wit_stream::new();
    // Where the body was not taken whole the host must not take it for one.
    let (trailers, trailers_read) =
        wit_future::new(|| Err(ErrorCode::InternalError(Some("cut off".to_owned()))));
    let body = body.into();
    let sent = async move {
        // Who does not take all of it has gone away, and nobody is left to tell.
        if contents.write_all(body).await.is_empty() {
            drop(contents);
            let _ = trailers.write(Ok(None)).await;
        }
    };
    (contents_read, trailers_read, sent)
}

/// Begins with a write, so that the host has the body at hand when it writes the head, and both go
/// out as one packet; what is left of it.
pub(super) async fn begun(sent: impl Future<Output = ()>) -> Option<impl Future<Output = ()>> {
    let mut sent = Box::pin(sent);
    poll!(&mut sent).is_pending().then_some(sent)
}

/// A body on its way in.
pub(super) struct Incoming {
    contents: StreamReader<u8>,
    trailers: Option<FutureReader<Trailers>>,
    /// The host takes its end for word that all was well.
    _consumed: FutureWriter<Result<(), ErrorCode>>,
}

impl Incoming {
    pub(super) fn new(
        consume: impl FnOnce(
            FutureReader<Result<(), ErrorCode>>,
        ) -> (StreamReader<u8>, FutureReader<Trailers>),
    ) -> Self {
        let (consumed, when_consumed) = wit_future::new(|| Ok(()));
        let (contents, trailers) = consume(when_consumed);
        Self {
            contents,
            trailers: Some(trailers),
            _consumed: consumed,
        }
    }
}

impl Body for Incoming {
    type Error = SendError;

    async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<bool, SendError> {
        let (status, read) = self.contents.read(std::mem::take(buffer)).await;
        *buffer = read;
        if status != StreamResult::Dropped {
            return Ok(true);
        }
        // Only the trailers say whether that was all of it.
        match self.trailers.take() {
            Some(trailers) => trailers.await.map(|_| false).map_err(send_error),
            None => Ok(false),
        }
    }
}

/// The host's error, as the port has it.
pub(super) fn send_error(error: ErrorCode) -> SendError {
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => SendError::Denied,
        ErrorCode::ConnectionRefused
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable => SendError::Refused,
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            SendError::Unresolved
        }
        ErrorCode::ConnectionTerminated
        | ErrorCode::HttpResponseIncomplete
        | ErrorCode::HttpProtocolError => SendError::Broken,
        ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => SendError::Tls,
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => SendError::TimedOut,
        other => SendError::Other(other.to_string()),
    }
}
