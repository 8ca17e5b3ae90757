//! Addresses for servers, and when those listen.

use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it serves. A machine that is busy elsewhere is not a fault of
/// the component.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An address that no other test was given. Below the ports that the system gives to clients:
/// one of those may be taken again before the server has it.
pub fn free_address() -> SocketAddr {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).expect("small");
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (first + given) % 10_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        // Not by listening there: a server that another test starts at this moment has all that is
        // open here until it is a program of its own, and would be taken for ours.
        if TcpStream::connect(address).is_err() {
            return address;
        }
    }
}

/// Until the program that was started listens; `printed` is for the panic where it does not.
pub fn wait_until_it_serves(
    process: &mut Child,
    address: SocketAddr,
    printed: impl Fn() -> String,
) {
    wait_until(process, PATIENCE, printed, || {
        TcpStream::connect(address).map_err(|error| error.to_string())
    });
}

/// Until the program that was started serves as `attempt` asks it to.
pub fn wait_until<T>(
    process: &mut Child,
    patience: Duration,
    printed: impl Fn() -> String,
    attempt: impl Fn() -> Result<T, String>,
) {
    let start = Instant::now();
    while let Err(error) = attempt() {
        let ended = process.try_wait().expect("a child");
        assert!(
            ended.is_none() && start.elapsed() < patience,
            "it does not serve ({ended:?}, {error}), and has printed {}",
            printed()
        );
        thread::sleep(Duration::from_millis(20));
    }
}
