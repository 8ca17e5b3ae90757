//! The ports on Spin's SDK, and the component's entry point. No decision is made here.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http_body_util::combinators::MapErr;
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{self, Request};
use spin_sdk::{http_service, key_value, variables, wasip3, wit_bindgen};
use wasip3::http::types::ErrorCode;
use wasip3::http_compat::IncomingResponseBody;
use wit_bindgen::StreamResult;

use crate::app::App;
use crate::attempts::Counts;
use crate::ports::{
    Clock, KeyValue, Log, Outbound, Random, SendError, StoreError, VariableError, Variables,
};

/// One application an instance: settings and keys are parsed once, for all its requests.
static APP: Mutex<Option<Arc<App<Spin>>>> = Mutex::new(None);

static COUNTS: LazyLock<Arc<Counts>> = LazyLock::new(Arc::default);

#[http_service]
async fn serve(request: Request) -> ::http::Response<Full<Bytes>> {
    let kept = APP.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let app = match kept.filter(|app| app.holds()) {
        Some(app) => app,
        None => {
            let app = Arc::new(App::load(Spin, Arc::clone(&COUNTS)).await);
            *APP.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&app));
            app
        }
    };
    let (response, after) = app.respond(request).await;
    // Spin's key-value store takes the instance off its scheduler's thread. Off it, the
    // connection writes the reply's head before the body is there, and the caller's delayed ACK
    // then holds the body back for 40 ms. A yield brings the instance back.
    wit_bindgen::yield_async().await;
    wasip3::spawn(async move { app.after(after).await });
    response.map(Full::new)
}

/// The host.
struct Spin;

impl Variables for Spin {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        variables::get(name).await.map_err(|error| match error {
            variables::Error::Undefined(_) | variables::Error::InvalidName(_) => {
                VariableError::Undeclared
            }
            // What a provider says may quote what it was asked to read, so it is not passed on.
            variables::Error::Provider(_) | variables::Error::Other(_) => VariableError::Unreadable,
        })
    }
}

/// Set while this instance is shown the keys of its store. Spin's SQLite store keeps a lock until
/// the last key is taken, and whatever else the instance asks of the store meanwhile waits for that
/// lock on the very thread that would take the keys. So the instance's other requests wait here.
static SHOWING_KEYS: AtomicBool = AtomicBool::new(false);

/// How long a request waits before it looks again whether the keys have been shown.
const GLANCE: Duration = Duration::from_millis(1);

/// How many keys are taken from the host at a time.
const KEYS_AT_A_TIME: usize = 1024;

struct ShowingKeys;

impl ShowingKeys {
    fn begin() -> Self {
        SHOWING_KEYS.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for ShowingKeys {
    fn drop(&mut self) {
        SHOWING_KEYS.store(false, Ordering::Relaxed);
    }
}

async fn store_is_free() {
    while SHOWING_KEYS.load(Ordering::Relaxed) {
        Spin.sleep(GLANCE).await;
    }
}

/// The store, free to be asked something.
async fn open() -> Result<key_value::Store, StoreError> {
    store_is_free().await;
    let store = key_value::Store::open_default().await;
    store_is_free().await;
    store.map_err(store_error)
}

impl KeyValue for Spin {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let store = open().await?;
        store.get(key).await.map_err(store_error)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let store = open().await?;
        store.set(key, value).await.map_err(store_error)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let store = open().await?;
        store.delete(key).await.map_err(store_error)
    }

    async fn keys(&self, mut each: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), StoreError> {
        let store = open().await?;
        let _showing = ShowingKeys::begin();
        let (mut keys, result) = store.get_keys().await.into_inner();
        let mut taken = Vec::with_capacity(KEYS_AT_A_TIME);
        loop {
            let (status, mut batch) = keys.read(taken).await;
            for key in batch.drain(..) {
                if each(&key).is_break() {
                    return Ok(());
                }
            }
            if status == StreamResult::Dropped {
                break;
            }
            taken = batch;
        }
        result.await.map_err(store_error)
    }
}

fn store_error(error: key_value::Error) -> StoreError {
    StoreError(error.to_string())
}

impl Outbound for Spin {
    type Body = MapErr<IncomingResponseBody, fn(ErrorCode) -> SendError>;

    async fn send(
        &self,
        request: ::http::Request<Bytes>,
    ) -> Result<::http::Response<Self::Body>, SendError> {
        let sent = http::send(request.map(Full::new)).await;
        let response = sent.map_err(send_error)?;
        Ok(response.map(|body| body.map_err(send_error as fn(ErrorCode) -> SendError)))
    }
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
        // One write for the whole line, so that two instances' lines do not mix. A log that
        // cannot be written must not cost the callback.
        let _ = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    }
}
