//! The ports on Spin's SDK, and the component's entry point. No decision is made here.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::future::{OptionFuture, join};
use futures_util::poll;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields, Method, Scheme};
use spin_sdk::wasip3::{self, wit_future, wit_stream};
use spin_sdk::{key_value, variables, wit_bindgen};
use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};

use crate::app::App;
use crate::http::message::{Body, Request, Response, StatusCode};
use crate::instance::rate_limiter::RateLimiters;
use crate::ports::{
    Clock, KeyValue, Log, Outbound, Random, SendError, StoreError, VariableError, Variables,
};

/// One application an instance: settings and keys are parsed once, for all its requests.
static APP: Mutex<Option<Arc<App<Spin>>>> = Mutex::new(None);

static LIMITERS: LazyLock<Arc<RateLimiters>> = LazyLock::new(Arc::default);

wasip3::http::service::export!(Spin);

impl wasip3::exports::http::handler::Guest for Spin {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        let loaded = APP.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let app = match loaded.filter(|app| app.is_current()) {
            Some(app) => app,
            None => {
                let app = Arc::new(App::load(Self, Arc::clone(&LIMITERS)).await);
                *APP.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&app));
                app
            }
        };
        let (response, follow_up) = app.respond(incoming(request)).await;
        back_on_scheduler().await;
        let fields = fields(&response.headers)?;
        let has_body = !response.body.is_empty();
        let (contents, trailers, sent) = sending(response.body);
        // An empty stream would be a body that is shorter than `content-length` says, which in a
        // reply to HEAD is the length of another.
        let contents = has_body.then_some(contents);
        let (reply, _) = types::Response::new(fields, contents, trailers);
        let status = reply.set_status_code(response.status.as_u16());
        status.map_err(|()| ErrorCode::InternalError(None))?;
        let sent = begun(sent).await;
        let rest = async move {
            // The reply goes first. A caller that does not read it delays nothing else.
            wit_bindgen::yield_async().await;
            app.follow_up(follow_up).await;
        };
        wasip3::spawn(async move {
            join(OptionFuture::from(sent), rest).await;
        });
        Ok(reply)
    }
}

/// A request as it came.
fn incoming(request: types::Request) -> Request<Incoming> {
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

fn fields(headers: &crate::http::message::Headers) -> Result<Fields, ErrorCode> {
    let fields = Fields::from_list(headers.as_fields());
    fields.map_err(|error| ErrorCode::InternalError(Some(error.to_string())))
}

type Trailers = Result<Option<types::Trailers>, ErrorCode>;

/// A body on its way out: what the host reads, and what to await until it has.
fn sending(
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
async fn begun(sent: impl Future<Output = ()>) -> Option<impl Future<Output = ()>> {
    let mut sent = Box::pin(sent);
    poll!(&mut sent).is_pending().then_some(sent)
}

/// A body on its way in.
struct Incoming {
    contents: StreamReader<u8>,
    trailers: Option<FutureReader<Trailers>>,
    /// The host takes its end for word that all was well.
    _consumed: FutureWriter<Result<(), ErrorCode>>,
}

impl Incoming {
    fn new(
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

/// The host.
struct Spin;

impl Variables for Spin {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        let value = variables::get(name).await;
        OFF_SCHEDULER.store(true, Ordering::Relaxed);
        value.map_err(|error| match error {
            variables::Error::Undefined(_) | variables::Error::InvalidName(_) => {
                VariableError::Undeclared
            }
            // What a provider says may quote what it was asked to read, so it is not passed on.
            variables::Error::Provider(_) | variables::Error::Other(_) => VariableError::Unreadable,
        })
    }
}

/// Set while this instance lists the keys of its store. Spin's SQLite store keeps a lock until
/// the last key is read, and whatever else the instance asks of the store meanwhile waits for that
/// lock on the very thread that would read the keys. So the instance's other requests wait here.
static LISTING_KEYS: AtomicBool = AtomicBool::new(false);

/// How long a request waits before it looks again whether the listing is over.
const POLL: Duration = Duration::from_millis(1);

/// How many keys are taken from the host at a time.
const KEYS_AT_A_TIME: usize = 1024;

struct ListingKeys;

impl ListingKeys {
    fn begin() -> Self {
        LISTING_KEYS.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for ListingKeys {
    fn drop(&mut self) {
        LISTING_KEYS.store(false, Ordering::Relaxed);
    }
}

async fn store_is_free() {
    while LISTING_KEYS.load(Ordering::Relaxed) {
        Spin.sleep(POLL).await;
    }
}

/// The store of this instance: opening it costs a call of the host, and with Redis a round trip.
static STORE: Mutex<Option<Arc<key_value::Store>>> = Mutex::new(None);

/// Set by each call that Spin makes on the thread that runs the instance, taking it off the
/// scheduler: those to its store, and those that read the environment. A yield brings it back.
static OFF_SCHEDULER: AtomicBool = AtomicBool::new(false);

/// How often a request waits for the instance to be back before it is sent all the same.
const YIELDS: usize = 3;

/// Off its scheduler's thread an instance has the head of a message written before its body is
/// there, and the receiver's delayed ACK then holds the body back for 40 ms.
async fn back_on_scheduler() {
    for _ in 0..YIELDS {
        if !OFF_SCHEDULER.swap(false, Ordering::Relaxed) {
            return;
        }
        wit_bindgen::yield_async().await;
    }
}

/// The store, while no listing is under way.
async fn open() -> Result<Arc<key_value::Store>, StoreError> {
    store_is_free().await;
    let opened = STORE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(store) = opened {
        return Ok(store);
    }
    let store = store_result(key_value::Store::open_default().await)?;
    let store = Arc::new(store);
    *STORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&store));
    store_is_free().await;
    Ok(store)
}

/// The result of a store call. One that failed may have lost its connection: the next opens anew.
fn store_result<T>(result: Result<T, key_value::Error>) -> Result<T, StoreError> {
    OFF_SCHEDULER.store(true, Ordering::Relaxed);
    result.map_err(|error| {
        *STORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
        StoreError(error.to_string())
    })
}

impl KeyValue for Spin {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        store_result(open().await?.get(key).await)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        store_result(open().await?.set(key, value).await)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        store_result(open().await?.delete(key).await)
    }

    async fn keys(&self, mut each: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), StoreError> {
        let store = open().await?;
        let _listing = ListingKeys::begin();
        let (mut keys, result) = store.get_keys().await.into_inner();
        let mut buffer = Vec::with_capacity(KEYS_AT_A_TIME);
        loop {
            let (status, mut batch) = keys.read(buffer).await;
            for key in batch.drain(..) {
                if each(&key).is_break() {
                    return Ok(());
                }
            }
            if status == StreamResult::Dropped {
                break;
            }
            buffer = batch;
        }
        store_result(result.await)
    }
}

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

fn send_error(error: ErrorCode) -> SendError {
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

impl Clock for Spin {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        wasip3::clocks::monotonic_clock::wait_for(nanoseconds).await;
    }
}

impl Random for Spin {
    fn random(&self) -> u128 {
        let [high, low] = std::array::from_fn(|_| wasip3::random::random::get_random_u64());
        u128::from(high) << 64 | u128::from(low)
    }
}

impl Log for Spin {
    fn log(&self, line: &str) {
        let mut line = line.to_owned();
        line.push('\n');
        // One write for the whole line, so that two instances' lines do not mix. A log that
        // cannot be written must not cost the callback.
        let _ = std::io::stdout().write_all(line.as_bytes());
    }
}
