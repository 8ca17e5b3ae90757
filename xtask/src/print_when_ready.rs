//! Prints a text once the server accepts connections. The server takes the place of the process
//! that starts it, so a small child of that process waits for the port.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::flags::AnnounceOptions;
use crate::say;

const INTERVAL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the child that prints `text` once `address` accepts connections.
pub fn in_background(address: &str, text: &str) -> Result<()> {
    let own = std::env::current_exe().context("this program does not know its own path")?;
    let parent = std::process::id().to_string();
    Command::new(own)
        .args(["announce", &parent, address, text])
        .stdin(Stdio::null())
        .spawn()
        .context("the child that announces the server cannot be started")?;
    Ok(())
}

/// The child's whole life. Gives up without a word: the server has its own messages.
pub fn wait_and_print(options: &AnnounceOptions) {
    let started = Instant::now();
    while started.elapsed() < PATIENCE && is_child_of(options.parent) {
        if accepts(&options.address) {
            say::result(&options.text);
            return;
        }
        std::thread::sleep(INTERVAL);
    }
}

pub fn accepts(address: &str) -> bool {
    let Ok(addresses) = address.to_socket_addrs() else {
        return false;
    };
    let mut addresses = addresses;
    addresses.any(|address: SocketAddr| TcpStream::connect_timeout(&address, PATIENCE / 60).is_ok())
}

/// Once the server has gone, the child has another parent.
#[cfg(unix)]
fn is_child_of(parent: u32) -> bool {
    std::os::unix::process::parent_id() == parent
}

#[cfg(not(unix))]
fn is_child_of(_parent: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_accepts_while_something_listens_there() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        assert!(accepts(&address));
        drop(listener);
        assert!(!accepts(&address));
        assert!(!accepts("nowhere"));
    }

    #[cfg(unix)]
    #[test]
    fn a_child_whose_parent_has_gone_gives_up_at_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let started = Instant::now();
        wait_and_print(&AnnounceOptions {
            parent: u32::MAX,
            address: listener.local_addr().expect("its address").to_string(),
            text: "never to be seen".to_owned(),
        });
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
