//! Taking a request in: its body up to the limit, and whether it says that it is JSON.
//!
//! The body is always read to its end, also where the request is refused: one left unread breaks
//! the kept-alive connection under its next request. Past [`PATIENCE`] it is not worth it, and
//! the host closes the connection instead.

use std::time::SystemTime;

use super::Refusal;
use crate::message::{Body, Headers};

/// How many bytes beyond the limit are read, and dropped, before a reply.
const PATIENCE: usize = 8 << 20;

/// How much of a body is read at a time at most, and how little. What a caller has only announced
/// takes no memory yet.
const LARGEST_PIECE: usize = 64 << 10;
const SMALLEST_PIECE: usize = 4 << 10;

/// A request as it came, before anyone has looked at its credentials.
#[derive(Debug)]
pub struct Received {
    /// Its headers.
    pub headers: Headers,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// When it was there as a whole.
    pub at: SystemTime,
}

/// Reads a body of at most `limit` bytes.
pub async fn receive(headers: &Headers, body: impl Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    take_in(headers, body, limit, true).await
}

async fn take_in(
    headers: &Headers,
    mut body: impl Body,
    limit: usize,
    keep: bool,
) -> Result<Vec<u8>, Refusal> {
    let announced = announced(headers);
    if announced.is_some_and(|announced| announced > limit + PATIENCE) {
        return Err(Refusal::TooLarge { limit });
    }
    // One byte more than is to come: that there is no more is read into it too.
    let expected = announced.map_or(0, |announced| announced.min(limit) + 1);
    let (mut read, mut dropped) = (Vec::new(), 0);
    loop {
        if read.len() == read.capacity() {
            read.reserve_exact(match read.len() {
                0 if expected > 0 => expected.min(LARGEST_PIECE),
                // By now it has sent enough for the rest to be believed.
                so_far if so_far < expected => expected - so_far,
                so_far => so_far.clamp(SMALLEST_PIECE, LARGEST_PIECE),
            });
        }
        let more = body.read(&mut read).await;
        if !more.map_err(|_| Refusal::Interrupted)? {
            break;
        }
        let seen = dropped + read.len();
        if seen > limit + PATIENCE {
            break;
        }
        if seen > limit || !keep {
            dropped = seen;
            read.clear();
            read.reserve_exact(LARGEST_PIECE);
        }
    }
    if dropped + read.len() > limit {
        return Err(Refusal::TooLarge { limit });
    }
    Ok(read)
}

/// `Content-Length`, which hosts hold callers to.
fn announced(headers: &Headers) -> Option<usize> {
    let length = headers.first("content-length")?;
    str::from_utf8(length).ok()?.trim().parse().ok()
}

/// Reads a body nobody wants, and keeps nothing of it. Whatever befalls it, the reply is already
/// decided. It is read as far as one that is wanted: how far would tell which it is.
pub async fn drain(headers: &Headers, body: impl Body, limit: usize) {
    let _ = take_in(headers, body, limit, false).await;
}

/// Refuses a content type that is not JSON. None at all is taken as JSON.
pub fn require_json(headers: &Headers) -> Result<(), Refusal> {
    let mut values = headers.all("content-type");
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if str::from_utf8(value).is_ok_and(is_json) => Ok(()),
        _ => Err(Refusal::UnsupportedMediaType),
    }
}

/// Refuses a body in any content coding: nothing here decodes one (RFC 9110, 8.4 and 15.5.16).
pub fn require_identity(headers: &Headers) -> Result<(), Refusal> {
    let is_identity = |value: &[u8]| {
        let codings = str::from_utf8(value).map(|value| value.split(','));
        codings.is_ok_and(|mut codings| {
            codings.all(|coding| {
                let coding = coding.trim();
                coding.is_empty() || coding.eq_ignore_ascii_case("identity")
            })
        })
    };
    match headers.all("content-encoding").all(is_identity) {
        true => Ok(()),
        false => Err(Refusal::UnsupportedEncoding),
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    matches!(essence.as_str(), "" | "application/json" | "text/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::testing::{Pieces, header_map};

    fn read(limit: usize, pieces: &[Result<&'static [u8], ()>]) -> Result<Vec<u8>, Refusal> {
        let announced = pieces.iter().flatten().map(|piece| piece.len()).sum();
        // Whatever is announced, what came counts.
        let read = |announced: usize| {
            let announced = announced.to_string();
            let headers = header_map(&[("content-length", announced.as_bytes())]);
            block_on(receive(&headers, Pieces::of(pieces), limit))
        };
        let as_announced: Result<_, _> = read(announced);
        for other in [0, 1, limit, limit + 1] {
            assert_eq!(read(other), as_announced, "{other} announced");
        }
        as_announced
    }

    #[test]
    fn a_body_up_to_the_limit_is_kept_byte_for_byte() {
        assert_eq!(read(4, &[]).expect("read"), b"");
        assert_eq!(read(4, &[Ok(b"abcd")]).expect("read"), b"abcd");
        assert_eq!(
            read(4, &[Ok(b"a"), Ok(b""), Ok(b"bc"), Ok(b"\xff")]).expect("read"),
            b"abc\xff"
        );
    }

    #[test]
    fn one_byte_more_is_too_large() {
        let refusal = Err(Refusal::TooLarge { limit: 4 });
        assert_eq!(read(4, &[Ok(b"abcde")]), refusal);
        assert_eq!(read(4, &[Ok(b"ab"), Ok(b"cd"), Ok(b"e")]), refusal);
    }

    #[test]
    fn a_body_that_breaks_off_is_never_taken_for_a_whole_one() {
        assert_eq!(read(9, &[Ok(b"{}"), Err(())]), Err(Refusal::Interrupted));
    }

    #[test]
    fn patience_ends() {
        static MEGABYTE: [u8; 1 << 20] = [0; 1 << 20];
        let mut chunks = vec![Ok(&MEGABYTE[..]); 9];
        chunks.push(Err(()));
        assert_eq!(read(4, &chunks), Err(Refusal::TooLarge { limit: 4 }));
    }

    #[test]
    fn a_content_type_is_json_or_refused() {
        for (content_type, json) in [
            ("application/json", true),
            ("APPLICATION/JSON; charset=utf-8", true),
            ("application/json;charset=UTF-8", true),
            ("text/json", true),
            ("application/vnd.a360+json", true),
            ("", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
            ("application/xml; application/json", false),
        ] {
            let headers = header_map(&[("content-type", content_type.as_bytes())]);
            assert_eq!(require_json(&headers).is_ok(), json, "{content_type}");
        }
        assert!(require_json(&Headers::default()).is_ok());
        let twice = header_map(&[
            ("content-type", b"application/json"),
            ("content-type", b"text/plain"),
        ]);
        assert_eq!(require_json(&twice), Err(Refusal::UnsupportedMediaType));
    }

    #[test]
    fn a_content_coding_is_identity_or_refused() {
        for (values, taken) in [
            (&[][..], true),
            (&["identity"], true),
            (&["Identity , IDENTITY"], true),
            (&[""], true),
            (&["gzip"], false),
            (&["x-gzip"], false),
            (&["br"], false),
            (&["zstd"], false),
            (&["identity, deflate"], false),
            (&["identity", "gzip"], false),
            (&["utf-8"], false),
            (&["identity;q=1"], false),
        ] {
            let mut headers = Headers::default();
            for value in values {
                headers.add("Content-Encoding", *value);
            }
            assert_eq!(require_identity(&headers).is_ok(), taken, "{values:?}");
        }
        let not_text = header_map(&[("content-encoding", b"\xff")]);
        assert_eq!(
            require_identity(&not_text),
            Err(Refusal::UnsupportedEncoding)
        );
    }
}
