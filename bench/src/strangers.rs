//! Callers without a credential, who send what costs most to refuse, or least.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};

use crate::exchange::exchange;
use crate::keys::StrangersKeys;
use crate::request::WRONG;

/// Largest body that the component takes.
const LARGEST: usize = 1 << 20;

/// Connections that send all but the last byte of a body.
const ENDLESS: usize = 200;

/// How long one of those waits for a reply before it is begun anew.
const WAITS: Duration = Duration::from_secs(10);

/// What they have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A wrong static token: the least that strangers can have done.
    WrongToken,
    /// What the floor answers, which is a server of its own.
    Floor,
    /// A JWT that does not say which of the keys it is for.
    UnnamedJwt,
    /// A large message with as many signatures as are looked at.
    Signatures,
    /// Callbacks that stop before their last byte.
    EndlessCallbacks,
    /// The same, as messages that could be signed.
    EndlessMessages,
}

/// Strangers at work, until they are stopped.
pub struct Strangers {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Strangers {
    /// Four connections at a time, or, for bodies that do not end, 200, all of which are there when
    /// this returns.
    pub fn start(to: SocketAddr, keys: &StrangersKeys, work: Work) -> Result<Self> {
        let request = Arc::new(request(work, keys)?);
        let (stop, sent) = (Arc::default(), Arc::default());
        let endless = matches!(work, Work::EndlessCallbacks | Work::EndlessMessages);
        let first = (0..if endless { ENDLESS } else { 0 })
            .map(|_| begin(to, &request))
            .collect::<Result<Vec<_>>>()?;
        let mut strangers = Self {
            stop,
            sent,
            threads: Vec::new(),
        };
        if endless {
            strangers.spawn(move |stop, sent| keep_open(to, &request, first, stop, sent));
        } else {
            for _ in 0..4 {
                let request = Arc::clone(&request);
                strangers.spawn(move |stop, sent| repeat(to, &request, stop, sent));
            }
        }
        Ok(strangers)
    }

    /// Ends them, and says how many requests they have sent.
    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // One that has panicked has sent what it has counted.
            drop(thread.join());
        }
        self.sent.load(Ordering::Relaxed)
    }

    fn spawn(&mut self, act: impl FnOnce(&AtomicBool, &AtomicU64) + Send + 'static) {
        let (stop, sent) = (Arc::clone(&self.stop), Arc::clone(&self.sent));
        self.threads
            .push(std::thread::spawn(move || act(&stop, &sent)));
    }
}

fn repeat(to: SocketAddr, request: &[u8], stop: &AtomicBool, sent: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        // They come again whatever the reply is.
        if exchange(to, request).is_ok() {
            sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A connection with all of the request but its last byte on its way.
fn begin(to: SocketAddr, request: &[u8]) -> Result<(TcpStream, Instant)> {
    let mut stream = TcpStream::connect(to).context("nobody serves")?;
    stream.write_all(&request[..request.len() - 1])?;
    stream.set_read_timeout(Some(Duration::from_millis(1)))?;
    Ok((stream, Instant::now()))
}

fn keep_open(
    to: SocketAddr,
    request: &[u8],
    mut open: Vec<(TcpStream, Instant)>,
    stop: &AtomicBool,
    sent: &AtomicU64,
) {
    sent.fetch_add(open.len() as u64, Ordering::Relaxed);
    while !stop.load(Ordering::Relaxed) {
        for one in &mut open {
            let answered = one.0.read(&mut [0; 64]).is_ok();
            if (answered || one.1.elapsed() > WAITS)
                && let Ok(anew) = begin(to, request)
            {
                *one = anew;
                sent.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn request(work: Work, keys: &StrangersKeys) -> Result<Vec<u8>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let message = |signatures: &[String]| {
        let signatures = signatures.join(" ");
        let now = now.as_secs();
        format!(
            "webhook-id: m-1\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signatures}\r\n"
        )
    };
    let (path, credential, body) = match work {
        Work::WrongToken => ("/api/callback", WRONG.to_owned(), 2),
        Work::Floor => ("/", String::new(), 2),
        Work::UnnamedJwt => (
            "/api/callback",
            format!("authorization: Bearer {}\r\n", keys.token),
            2,
        ),
        Work::Signatures => ("/webhook/receive", message(&keys.signatures), LARGEST),
        Work::EndlessCallbacks => ("/api/callback", String::new(), LARGEST),
        Work::EndlessMessages => ("/webhook/receive", message(&keys.signatures), LARGEST),
    };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {body}\r\n{credential}\r\n"
    );
    Ok([head.into_bytes(), vec![b'x'; body]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Signer;
    use std::path::Path;

    #[test]
    fn strangers_send_what_is_well_formed_and_nobodys() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let keys = Signer::load(&root).expect("a key").strangers();
        let keys = keys.expect("keys");
        let sent = request(Work::Signatures, &keys).expect("a request");
        let text = String::from_utf8(sent).expect("text");
        assert_eq!(text.matches("v1a,").count(), 16);
        assert!(text.len() > LARGEST);
        let jwks: serde_json::Value = serde_json::from_str(&keys.jwks).expect("JSON");
        assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(16));
        assert_eq!(keys.token.split('.').count(), 3);
        assert_eq!(keys.webhook_keys.split(' ').count(), 2);
    }
}
