//! What happens to the host: power cuts, and a store that fails.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use support::server::Server;

use crate::journal::{Event, Journal};
use crate::store::{Failing, MISLEADING, Store};

/// Longer than SQLite waits for a lock, in Spin and in the stand-in.
const LONG_LOCK: Duration = Duration::from_millis(6500);

#[derive(Debug, Clone, Copy)]
enum Mishap {
    PowerCut,
    StoreFails(Failing),
    /// A power cut while the store fails.
    Both(Failing),
    /// The outbox's marker does not say what is so.
    Misled,
}

/// Each of them comes once before any comes again.
const MISHAPS: [Mishap; 10] = [
    Mishap::PowerCut,
    Mishap::PowerCut,
    Mishap::StoreFails(Failing::Sets),
    Mishap::StoreFails(Failing::Deletes),
    Mishap::StoreFails(Failing::Everything),
    Mishap::StoreFails(Failing::Locked),
    Mishap::Both(Failing::Sets),
    Mishap::Both(Failing::Deletes),
    Mishap::Misled,
    Mishap::Misled,
];

/// Lets things happen to the server until then, when it is well again.
pub fn happen(
    mut server: Server,
    journal: &Arc<Journal>,
    random: &mut Rng,
    until: Instant,
) -> Server {
    let store = Store::at(server.state.path().join("sqlite_key_value.db"));
    loop {
        let mut deck = MISHAPS;
        random.shuffle(&mut deck);
        for mishap in deck {
            thread::sleep(Duration::from_millis(random.u64(50..400)));
            if Instant::now() >= until {
                return server;
            }
            server = match mishap {
                Mishap::PowerCut => cut(server, journal),
                Mishap::StoreFails(how) => {
                    let time = duration(how, random, until);
                    failing(&store, how, journal, || thread::sleep(time));
                    server
                }
                Mishap::Misled => {
                    store.mislead(MISLEADING[random.usize(..MISLEADING.len())]);
                    server
                }
                Mishap::Both(how) => {
                    let time = duration(how, random, until) / 2;
                    failing(&store, how, journal, || {
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
fn failing<T>(store: &Store, how: Failing, journal: &Journal, then: impl FnOnce() -> T) -> T {
    journal.note(Event::StoreInDoubt);
    let fault = store.fail(how);
    // After it is planted and before it is mended, so that all between the two met it.
    journal.note(match how.keeps_writes_out() {
        true => Event::StoreFails(how.name()),
        false => Event::Host("the store deletes nothing"),
    });
    let done = then();
    journal.note(match how.keeps_writes_out() {
        true => Event::StoreHeals,
        false => Event::Host("the store deletes again"),
    });
    fault.mend();
    journal.note(Event::StoreIsSound);
    done
}

fn duration(how: Failing, random: &mut Rng, until: Instant) -> Duration {
    let left = until.saturating_duration_since(Instant::now());
    // Everybody waits for a long one, so it must not be all there is of a short run.
    let long = how == Failing::Locked && left > 3 * LONG_LOCK && random.bool();
    let short = Duration::from_millis(random.u64(100..900));
    if long { LONG_LOCK } else { short }
}
