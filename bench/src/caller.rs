//! A valid caller on one kept connection, who goes on when a callback fails. wrk reports neither
//! why a reply was wrong, nor one that never came.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::histogram::Histogram;
use crate::reply::Reply;

/// How long a callback may take. Callers have given up by then.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// After a callback that failed, so that a server that is gone is not called a million times.
const PAUSE: Duration = Duration::from_millis(50);

/// What became of the callbacks.
#[derive(Debug, Default)]
pub struct CallResults {
    /// Microseconds, and how often a callback took them. One that failed counts as [`PATIENCE`].
    latencies: BTreeMap<u64, u64>,
    /// Why callbacks failed, and how many for each reason.
    pub failures: BTreeMap<String, u64>,
}

/// Sends `callbacks` in turn, over and over, for as long as that, and at least one.
pub fn call(to: SocketAddr, callbacks: &[Vec<u8>], lasting: Duration) -> CallResults {
    let mut caller = Caller::new(to, PATIENCE);
    let started = Instant::now();
    for callback in callbacks.iter().cycle() {
        if !caller.call(callback) {
            std::thread::sleep(PAUSE);
        }
        if started.elapsed() >= lasting {
            break;
        }
    }
    caller.called
}

struct Caller {
    to: SocketAddr,
    patience: Duration,
    connection: Option<TcpStream>,
    called: CallResults,
}

impl Caller {
    fn new(to: SocketAddr, patience: Duration) -> Self {
        Self {
            to,
            patience,
            connection: None,
            called: CallResults::default(),
        }
    }

    /// Sends one, notes what became of it, and says whether it was answered with 200.
    fn call(&mut self, callback: &[u8]) -> bool {
        let started = Instant::now();
        let asked = self.ask(callback);
        self.called.note(match asked {
            Ok(()) => started.elapsed(),
            Err(_) => self.patience,
        });
        if let Err(error) = &asked {
            let reason = format!("{error:#}");
            *self.called.failures.entry(reason).or_default() += 1;
        }
        asked.is_ok()
    }

    /// On the connection that is there, or on a new one. After a failure it is not used again:
    /// what comes on it then may be the reply to this one.
    fn ask(&mut self, callback: &[u8]) -> Result<()> {
        let until = Instant::now() + self.patience;
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => connect(self.to, self.patience).context("no connection")?,
        };
        let broke = "the connection broke";
        stream.write_all(callback).context(broke)?;
        let reply = read(&mut stream, until, self.patience)?;
        ensure!(reply.status == 200, "{}: {}", reply.status, reply.body);
        if reply.is_kept {
            self.connection = Some(stream);
        }
        Ok(())
    }
}

fn connect(to: SocketAddr, patience: Duration) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, patience)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

impl CallResults {
    fn note(&mut self, latency: Duration) {
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        *self.latencies.entry(microseconds).or_default() += 1;
    }

    /// How many callbacks there were.
    pub fn count(&self) -> u64 {
        self.latencies.values().sum()
    }

    /// The share that failed.
    pub fn failed(&self) -> f64 {
        let failed: u64 = self.failures.values().sum();
        failed as f64 / self.count().max(1) as f64
    }

    pub fn latencies(&self) -> Result<Histogram> {
        let counted: Vec<_> = self
            .latencies
            .iter()
            .map(|(at, times)| (*at, *times))
            .collect();
        Histogram::without_corrections(&counted, 0)
    }

    /// What failed and why, where something did.
    pub fn complaint(&self) -> Option<String> {
        let failed: u64 = self.failures.values().sum();
        let reasons = self.failures.iter();
        let reasons: Vec<_> = reasons
            .map(|(why, times)| format!("{times} × {why}"))
            .collect();
        (failed > 0).then(|| {
            let count = self.count();
            format!(
                "{failed} of {count} valid callbacks failed: {}",
                reasons.join("; ")
            )
        })
    }
}

fn read(stream: &mut TcpStream, until: Instant, patience: Duration) -> Result<Reply> {
    let mut received = Vec::new();
    loop {
        if let Some(reply) = Reply::parse(&received)? {
            return Ok(reply);
        }
        let left = until.saturating_duration_since(Instant::now());
        ensure!(
            !left.is_zero(),
            "no reply within {} s",
            patience.as_secs_f64()
        );
        stream.set_read_timeout(Some(left))?;
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => bail!("the connection was closed without a reply"),
            Ok(length) => received.extend_from_slice(&part[..length]),
            // The loop says what it means, once the time is over.
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(error).context("the connection broke"),
        }
    }
}

fn is_late(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

    /// Answers the first connection's requests with these, and then closes it; an empty one is
    /// kept waiting. Says how many connections it has had.
    fn server(answers: &'static [&'static [&'static str]]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for connection in answers {
                let (mut stream, _) = listener.accept().expect("a caller");
                for answer in *connection {
                    let mut request = [0; 64];
                    if stream.read(&mut request).is_err() {
                        break;
                    }
                    if answer.is_empty() {
                        std::thread::sleep(Duration::from_millis(300));
                    }
                    // In two parts, as a server may.
                    let (head, rest) = answer.as_bytes().split_at(answer.len() / 2);
                    let _ = stream.write_all(head).and_then(|()| stream.write_all(rest));
                }
            }
        });
        address
    }

    fn called(answers: &'static [&'static [&'static str]], patience: Duration) -> CallResults {
        let mut caller = Caller::new(server(answers), patience);
        for _ in answers.iter().flat_map(|connection| *connection) {
            caller.call(b"x");
        }
        caller.called
    }

    #[test]
    fn a_kept_connection_is_used_again_and_one_that_ends_is_not() {
        const LAST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let called = called(&[&[GOOD, LAST], &[CHUNKED], &[GOOD]], PATIENCE);
        assert_eq!((called.count(), called.complaint()), (4, None));
        assert_eq!(called.failed(), 0.0);
        let latencies = called.latencies().expect("latencies");
        assert!(latencies.percentile(100.0) < 5000.0);
    }

    #[test]
    fn what_fails_is_told_with_its_reason_and_counts_as_the_longest() {
        const BAD: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nlate";
        let patience = Duration::from_millis(200);
        let called = called(
            &[&[GOOD, BAD], &[BAD], &["rubbish\r\n\r\n"], &[""]],
            patience,
        );
        let reasons: Vec<_> = called.failures.iter().collect();
        assert_eq!(
            reasons,
            [
                (&"503: late".to_owned(), &2),
                (&"no HTTP: invalid HTTP version".to_owned(), &1),
                (&"no reply within 0.2 s".to_owned(), &1),
            ]
        );
        assert_eq!(called.failed(), 0.8);
        let complaint = called.complaint().expect("a complaint");
        assert!(complaint.starts_with("4 of 5 valid callbacks failed: 2 × 503: late; "));
        let latencies = called.latencies().expect("latencies");
        assert_eq!(latencies.percentile(50.0), 200.0);
    }

    #[test]
    fn a_server_that_is_gone_is_a_figure_too() {
        let nobody = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = nobody.local_addr().expect("an address");
        drop(nobody);
        let called = call(address, &[b"x".to_vec()], Duration::ZERO);
        assert_eq!((called.count(), called.failed()), (1, 1.0));
    }
}
