//! One request by hand, on a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const PATIENCE: Duration = Duration::from_secs(30);

/// The reply, and how long it took from the request's first byte to the reply's last.
pub struct Exchanged {
    pub status: u16,
    pub body: String,
    pub took: Duration,
}

/// Sends `request`, which must ask for the connection's end, and reads to that.
pub fn exchange(to: SocketAddr, request: &[u8]) -> Result<Exchanged> {
    let mut stream = TcpStream::connect(to).with_context(|| format!("nobody serves {to}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let started = Instant::now();
    stream.write_all(request)?;
    let mut reply = Vec::new();
    stream
        .read_to_end(&mut reply)
        .with_context(|| format!("{to} did not answer"))?;
    let took = started.elapsed();
    let reply = String::from_utf8_lossy(&reply);
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((&reply, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Exchanged {
        status: status.with_context(|| format!("{to} answered no HTTP: {head}"))?,
        body: body.to_owned(),
        took,
    })
}
