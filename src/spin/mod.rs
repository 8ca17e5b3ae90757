//! The ports on Spin's SDK, and the component's entry point. No decision is made here.

mod messages;
mod outbound;
mod scheduler;
mod store;

use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::{OptionFuture, join};
use spin_sdk::wasip3;
use spin_sdk::wasip3::http::types::{self, ErrorCode};
use spin_sdk::{variables, wit_bindgen};

use crate::app::App;
use crate::instance::rate_limiter::RateLimiters;
use crate::ports::{Clock, Log, Random, VariableError, Variables};
use messages::{begun, fields, incoming, sending};
use scheduler::back_on_scheduler;

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

/// The host.
struct Spin;

impl Variables for Spin {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        let value = variables::get(name).await;
        scheduler::left();
        value.map_err(|error| match error {
            variables::Error::Undefined(_) | variables::Error::InvalidName(_) => {
                VariableError::Undeclared
            }
            // What a provider says may quote what it was asked to read, so it is not passed on.
            variables::Error::Provider(_) | variables::Error::Other(_) => VariableError::Unreadable,
        })
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
