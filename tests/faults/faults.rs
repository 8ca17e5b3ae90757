//! Faults of the host: power cuts, and a store that fails.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use support::server::Server;

use crate::journal::{Event, Journal};
use crate::store::{Failing, Store, WRONG_MARKERS};

/// Longer than SQLite waits for a lock, in Spin and in the stand-in, and than the component waits
/// for its store.
const LONG_LOCK: Duration = Duration::from_millis(6500);

#[derive(Debug, Clone, Copy)]
enum HostFault {
    PowerCut,
    StoreFails(Failing),
    /// A power cut while the store fails.
    Both(Failing),
    /// The outbox's marker is wrong.
    WrongMarker,
}

/// Each of them comes once before any comes again.
const HOST_FAULTS: [HostFault; 10] = [
    HostFault::PowerCut,
    HostFault::PowerCut,
    HostFault::StoreFails(Failing::Sets),
    HostFault::StoreFails(Failing::Deletes),
    HostFault::StoreFails(Failing::Everything),
    HostFault::StoreFails(Failing::Locked),
    HostFault::Both(Failing::Sets),
    HostFault::Both(Failing::Deletes),
    HostFault::WrongMarker,
    HostFault::WrongMarker,
];

/// Which instance the faults are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that callers reach: what its store does decides how they may be answered.
    Front,
    /// The one behind it, which collects.
    Behind,
}

/// Injects faults into the server until then, when all are over.
pub fn inject(
    mut server: Server,
    store: &Store,
    (place, journal): (Place, &Arc<Journal>),
    random: &mut Rng,
    until: Instant,
) -> Server {
    loop {
        let mut deck = HOST_FAULTS;
        random.shuffle(&mut deck);
        for fault in deck {
            thread::sleep(Duration::from_millis(random.u64(50..400)));
            if Instant::now() >= until {
                return server;
            }
            server = match fault {
                HostFault::PowerCut => cut(server, journal),
                HostFault::StoreFails(how) => {
                    let time = duration(how, random, until);
                    failing(store, how, (place, &**journal), || thread::sleep(time));
                    server
                }
                HostFault::WrongMarker => {
                    store.write_marker(WRONG_MARKERS[random.usize(..WRONG_MARKERS.len())]);
                    server
                }
                HostFault::Both(how) => {
                    let time = duration(how, random, until) / 2;
                    failing(store, how, (place, &**journal), || {
                        thread::sleep(time);
                        let server = cut(server, journal);
                        thread::sleep(time);
                        server
                    })
                }
            };
        }
    }
}

fn cut(server: Server, journal: &Journal) -> Server {
    journal.note(Event::Host("power cut"));
    let server = server.kill_and_restart();
    journal.note(Event::Host("up again"));
    server
}

/// Does something while the store fails.
fn failing<T>(
    store: &Store,
    how: Failing,
    (place, journal): (Place, &Journal),
    then: impl FnOnce() -> T,
) -> T {
    if place == Place::Behind {
        journal.note(Event::Host("the store of the instance behind fails"));
        let fault = store.fail(how);
        let done = then();
        fault.repair();
        journal.note(Event::Host("the store of the instance behind heals"));
        return done;
    }
    journal.note(Event::StoreUnreliable);
    let fault = store.fail(how);
    // After the fault begins and before it ends, so that all between the two met it.
    journal.note(match how.keeps_writes_out() {
        true => Event::StoreFails(how.name()),
        false => Event::Host("the store deletes nothing"),
    });
    let done = then();
    journal.note(match how.keeps_writes_out() {
        true => Event::StoreHeals,
        false => Event::Host("the store deletes again"),
    });
    fault.repair();
    journal.note(Event::StoreReliable);
    done
}

fn duration(how: Failing, random: &mut Rng, until: Instant) -> Duration {
    let left = until.saturating_duration_since(Instant::now());
    // Everybody waits for a long one, so it must not be all there is of a short run.
    let long = how == Failing::Locked && left > 3 * LONG_LOCK && random.bool();
    let short = Duration::from_millis(random.u64(100..900));
    if long { LONG_LOCK } else { short }
}
