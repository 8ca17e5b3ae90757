//! One request by hand, on a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::reply::Reply;

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends `request`, which must ask for the connection's end, and reads to that.
pub fn exchange(to: SocketAddr, request: &[u8]) -> Result<Reply> {
    exchange_timed(to, request).map(|(reply, _)| reply)
}

/// The same, and how long it took from the request's first byte to the reply's last.
pub fn exchange_timed(to: SocketAddr, request: &[u8]) -> Result<(Reply, Duration)> {
    let mut stream = TcpStream::connect(to).with_context(|| format!("nobody serves {to}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let started = Instant::now();
    stream.write_all(request)?;
    let mut received = Vec::new();
    stream
        .read_to_end(&mut received)
        .with_context(|| format!("{to} did not answer"))?;
    let took = started.elapsed();
    let reply = Reply::parse(&received)?;
    let reply = reply.with_context(|| format!("{to} did not answer to the end"))?;
    Ok((reply, took))
}
