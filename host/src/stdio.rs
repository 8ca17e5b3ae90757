//! The component's stdout and stderr, passed on to the process's, line by line.
//!
//! Instances run side by side, so each stream collects its bytes and hands on whole lines only.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// A line longer than this is passed on in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// What the component may write at once.
const BUDGET: usize = 1024 * 1024;

/// Where a stream ends up.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Stdout,
    Stderr,
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

    fn push(&self, bytes: &[u8]) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bytes)
    }
}

impl Buffer {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        let whole = match self.pending.iter().rposition(|byte| *byte == b'\n') {
            Some(index) => index + 1,
            None if self.pending.len() > LONGEST_LINE => self.pending.len(),
            None => return Ok(()),
        };
        let lines: Vec<u8> = self.pending.drain(..whole).collect();
        self.target.write(&lines)
    }
}

/// An instance that ends in the middle of a line has still said what it said.
impl Drop for Buffer {
    fn drop(&mut self) {
        if !self.pending.is_empty() {
            self.pending.push(b'\n');
            // Nobody is left to tell.
            let _ = self.target.write(&self.pending);
        }
    }
}

impl Target {
    /// One locked write, so that lines of other instances stay out of it.
    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().lock().write_all(bytes),
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
        self.push(&bytes)
            .map_err(|error| StreamError::LastOperationFailed(error.into()))
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
        Poll::Ready(self.push(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
