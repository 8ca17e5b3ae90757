//! The way round the store's value: who looks, who sends, and what two at once can do.

use std::time::Duration;

use super::channel::is_refusal;
use super::observation::Observation;
use super::send;
use super::state::{AlertState, Claim};
use crate::audit::AlertEvent;
use crate::config::{AlertSettings, Level};
use crate::instance::unix_time::{millis, millis_in};
use crate::outbound::OutboundError;
use crate::ports::{Host, KeyValue, StoreError};

/// Where what was told is kept. It comes before the outbox in a store that keeps its keys in order.
const KEY: &str = "0-alerts";

/// How long nobody looks again after somebody has, while there is something to tell.
const REST: Duration = Duration::from_secs(30);

/// How long nobody else sends. Longer than one at it needs.
const CLAIM: Duration = Duration::from_secs(30);

/// How long one begins with further messages.
const SENDING: Duration = Duration::from_secs(8);

/// After a claim another one that began at the same time has been written too.
const SETTLING: Duration = Duration::from_millis(100);

/// How far the clocks of two instances may differ.
const SKEW: Duration = Duration::from_secs(60);

/// Looks whether there is something to tell, and sends what is to be sent. Gives when somebody is to look
/// again; `None`: nothing is wrong. `observe` is asked only where it is time to look; `log` gets each attempt.
///
/// # Errors
/// Where the store fails. What was to be told is found at the next look.
pub async fn tend(
    host: &impl Host,
    settings: &AlertSettings,
    log: impl Fn(AlertEvent),
    observe: impl AsyncFnOnce() -> Result<Observation, StoreError>,
) -> Result<Option<u64>, StoreError> {
    let now = millis(host.now());
    let state = read(host).await?;
    if let Some(next) = state.not_before(now) {
        return Ok(Some(next));
    }
    let observation = observe().await?;
    let id = || format!("alert_{:032x}", host.random());
    let mut evaluated = state.clone();
    evaluated.evaluate(&observation, settings, id);
    if state.is_idle() && evaluated.is_idle() {
        return Ok(evaluated.next_look(now));
    }
    // To observe takes its time, in which another instance may have done all this.
    let now = millis(host.now());
    let mut state = read(host).await?;
    if let Some(next) = state.not_before(now) {
        return Ok(Some(next));
    }
    state.evaluate(&observation, settings, id);
    let claim = Claim {
        holder: host.random() as u64,
        until: now.saturating_add(millis_in(CLAIM)),
    };
    let sends = state.channel.is_due(now);
    state.claim = sends.then_some(claim);
    write(host, &state).await?;
    if !sends {
        return Ok(state.next_look(now));
    }
    host.sleep(SETTLING).await;
    let state = read(host).await?;
    if state.claim != Some(claim) {
        return Ok(state.not_before(now));
    }
    deliver(host, settings, log, claim, state).await
}

/// Sends what is pending, and notes how that went.
async fn deliver(
    host: &impl Host,
    settings: &AlertSettings,
    log: impl Fn(AlertEvent),
    claim: Claim,
    state: AlertState,
) -> Result<Option<u64>, StoreError> {
    let until = host.monotonic() + SENDING;
    let (mut taken, mut failed) = (Vec::new(), None);
    for message in &state.channel.pending {
        if host.monotonic() >= until {
            break;
        }
        let sent = send::send(host, settings, message).await;
        let tries = match taken.is_empty() {
            true => state.channel.failed + 1,
            false => 1,
        };
        log(event(message.message_type(), tries, sent.as_ref().err()));
        match sent {
            Ok(()) => taken.push(message.id.clone()),
            // What comes after it waits: the order is that in which it happened.
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let now = millis(host.now());
    let mut state = read(host).await?;
    state.channel.settle(&taken, failed.as_ref(), now);
    // One that took too long leaves another's alone.
    state.claim = state.claim.filter(|found| *found != claim);
    if state.is_idle() {
        state.examined = 0;
    }
    write(host, &state).await?;
    Ok(state.next_look(now))
}

fn event(alert: &'static str, tries: u32, error: Option<&OutboundError>) -> AlertEvent {
    AlertEvent {
        level: match error {
            None => Level::Info,
            Some(error) if is_refusal(error) => Level::Error,
            Some(_) => Level::Warn,
        },
        alert,
        tries,
        failure: error.map(OutboundError::to_string),
    }
}

impl AlertState {
    /// When it is time to look again; `None`: now.
    fn not_before(&self, now: u64) -> Option<u64> {
        let is_recent = |at: u64, time: Duration| {
            let latest = now.saturating_add(millis_in(SKEW));
            (at <= latest && now < at.saturating_add(millis_in(time)))
                .then(|| at.saturating_add(millis_in(time)))
        };
        let begun = |claim: Claim| claim.until.saturating_sub(millis_in(CLAIM));
        let claimed = self.claim.and_then(|claim| is_recent(begun(claim), CLAIM));
        if claimed.is_some() || self.channel.is_due(now) {
            return claimed;
        }
        is_recent(self.examined, REST)
    }
}

/// A value that is missing or damaged is one of an instance that has told nothing.
async fn read(store: &impl KeyValue) -> Result<AlertState, StoreError> {
    let value = store.get(KEY).await?;
    let state = value.and_then(|value| AlertState::parse(&value));
    Ok(state.unwrap_or_default())
}

async fn write(store: &impl KeyValue, state: &AlertState) -> Result<(), StoreError> {
    store.set(KEY, &state.to_json()).await
}
