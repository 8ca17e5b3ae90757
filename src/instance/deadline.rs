//! A limit of time for whatever an instance waits for.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::ports::Clock;

/// What `future` gives, if it does so within `limit`. Otherwise it is dropped where it stands.
pub async fn within<T>(
    clock: &impl Clock,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(future), pin!(clock.sleep(limit))).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(((), _)) => None,
    }
}
