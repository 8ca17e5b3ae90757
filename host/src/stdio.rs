//! The component's stdout and stderr, passed on to the process's, line by line.
//!
//! Instances run side by side, so each stream collects its bytes and hands on whole lines only.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// A line longer than this is passed on in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// What the component may write at once.
const BUDGET: usize = 1024 * 1024;

/// How many writes may wait for a reader of the process's output.
const WAITING: usize = 4096;

/// How long a write waits for others to go out with it. Otherwise each line of a busy host wakes a
/// thread, which takes longer than all else about the line.
const GATHERING: Duration = Duration::from_millis(1);

/// Where a stream ends up.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Stdout,
    Stderr,
}

/// What waits to be written to one of the process's streams, by a thread of its own: a reader
/// that does not read must hold up neither the component nor the host's end.
struct Queue {
    sender: SyncSender<Message>,
    dropped: AtomicU64,
}

enum Message {
    Text(Vec<u8>),
    /// Everything before this is written.
    Flush(SyncSender<()>),
}

static STDOUT: LazyLock<Queue> = LazyLock::new(|| Queue::start(Target::Stdout));
static STDERR: LazyLock<Queue> = LazyLock::new(|| Queue::start(Target::Stderr));

impl Queue {
    fn start(target: Target) -> Self {
        let (sender, messages) = sync_channel(WAITING);
        std::thread::spawn(move || {
            while let Ok(first) = messages.recv() {
                std::thread::sleep(GATHERING);
                let (mut gathered, mut flushed) = (Vec::new(), Vec::new());
                for message in std::iter::once(first).chain(messages.try_iter().take(WAITING)) {
                    match message {
                        Message::Text(text) => gathered.extend(text),
                        Message::Flush(done) => flushed.push(done),
                    }
                }
                // A stream that is closed takes nothing, and nobody reads a report.
                let _ = target.write_now(&gathered);
                for done in flushed {
                    let _ = done.send(());
                }
            }
        });
        Self {
            sender,
            dropped: AtomicU64::new(0),
        }
    }

    fn push(&self, text: Vec<u8>) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let notice = format!("{dropped} writes were dropped here: nobody read this output\n");
            if self.sender.try_send(Message::Text(notice.into())).is_err() {
                self.dropped.fetch_add(dropped, Ordering::Relaxed);
            }
        }
        if self.sender.try_send(Message::Text(text)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self, patience: Duration) {
        let (done, written) = sync_channel(1);
        if self.sender.try_send(Message::Flush(done)).is_ok() {
            // Too late is as good as never: the process ends.
            let _ = written.recv_timeout(patience);
        }
    }
}

/// One line of the host's own on the process's stdout.
pub fn say(line: &str) {
    Target::Stdout.write(format!("{line}\n").into());
}

/// One line of the host's own on the process's stderr.
pub fn report(line: &str) {
    Target::Stderr.write(format!("{line}\n").into());
}

/// Waits until what was said so far is written, but not for a reader that does not read.
pub fn flush(patience: Duration) {
    STDOUT.flush(patience);
    STDERR.flush(patience);
}

/// One output stream of one instance; clones are the same stream.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Buffer>>);

struct Buffer {
    target: Target,
    pending: Vec<u8>,
}

impl Lines {
    pub fn new(target: Target) -> Self {
        Self(Arc::new(Mutex::new(Buffer {
            target,
            pending: Vec::new(),
        })))
    }

    fn push(&self, bytes: &[u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bytes);
    }
}

impl Buffer {
    fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let whole = match self.pending.iter().rposition(|byte| *byte == b'\n') {
            Some(index) => index + 1,
            None if self.pending.len() > LONGEST_LINE => self.pending.len(),
            None => return,
        };
        let lines = self.pending.drain(..whole).collect();
        self.target.write(lines);
    }
}

/// An instance that ends in the middle of a line has still said what it said.
impl Drop for Buffer {
    fn drop(&mut self) {
        if !self.pending.is_empty() {
            self.pending.push(b'\n');
            self.target.write(std::mem::take(&mut self.pending));
        }
    }
}

impl Target {
    /// Never waits.
    fn write(self, text: Vec<u8>) {
        match self {
            Self::Stdout => STDOUT.push(text),
            Self::Stderr => STDERR.push(text),
        }
    }

    fn write_now(self, text: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text)?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().lock().write_all(text),
        }
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(BUDGET)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Lines {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
