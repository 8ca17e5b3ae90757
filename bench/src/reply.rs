//! An HTTP reply, as far as the bench reads it.

use anyhow::{Context as _, Result, ensure};
use httparse::{Response, Status};

/// No reply of the component has a longer head.
const LONGEST_HEAD: usize = 64 * 1024;

/// Nor more headers.
const MOST_HEADERS: usize = 64;

pub struct Reply {
    pub status: u16,
    /// Chunks as they came.
    pub body: String,
    /// Whether the connection takes another request.
    pub is_kept: bool,
}

impl Reply {
    /// `None` where some of it is still to come.
    ///
    /// # Errors
    /// Where it is no HTTP.
    pub fn parse(received: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut reply = Response::new(&mut headers);
        let Status::Complete(end) = reply.parse(received).context("no HTTP")? else {
            ensure!(
                received.len() < LONGEST_HEAD,
                "a reply whose head has no end"
            );
            return Ok(None);
        };
        let status = reply.code.context("a reply without a status")?;
        // Every reply of the component has its length. Of others only the status counts.
        let length = header(&reply, "content-length").and_then(|value| value.parse().ok());
        let body = &received[end..];
        if body.len() < length.unwrap_or(0) {
            return Ok(None);
        }
        let closes =
            header(&reply, "connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        Ok(Some(Self {
            status,
            body: String::from_utf8_lossy(body).into_owned(),
            is_kept: length.is_some() && !closes,
        }))
    }
}

fn header<'a>(reply: &Response<'a, 'a>, name: &str) -> Option<&'a str> {
    let mut headers = reply.headers.iter();
    let found = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
    str::from_utf8(found.value).ok()
}
