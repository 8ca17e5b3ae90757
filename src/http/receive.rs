//! Taking a request in: its body up to the limit, and whether it says that it is JSON.
//!
//! The body is always read to its end, also where the request is refused: one left unread breaks
//! the kept-alive connection under its next request. Past [`PATIENCE`] it is not worth it, and
//! the host closes the connection instead.

use std::pin::pin;
use std::time::SystemTime;

use ::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;

use super::Refusal;

/// How many bytes beyond the limit are read, and dropped, before a reply.
const PATIENCE: usize = 8 << 20;

/// A request as it came, before anyone has looked at its credentials.
#[derive(Debug)]
pub struct Received {
    /// Its headers; names are lower case.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Bytes,
    /// When it was there as a whole.
    pub at: SystemTime,
}

/// Reads a body of at most `limit` bytes.
pub async fn receive<B>(body: B, limit: usize) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes>,
{
    take_in(body, limit, true).await
}

async fn take_in<B>(body: B, limit: usize, keep: bool) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let announced = body.size_hint().lower();
    if announced > (limit + PATIENCE) as u64 {
        return Err(Refusal::TooLarge { limit });
    }
    let mut kept = Chunks::default();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Interrupted)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen += data.len();
        if seen <= limit && keep {
            kept.push(data, announced.min(limit as u64) as usize);
        } else if seen > limit + PATIENCE {
            break;
        }
    }
    if seen > limit {
        return Err(Refusal::TooLarge { limit });
    }
    Ok(kept.into_bytes())
}

/// Reads a body nobody wants, and keeps nothing of it. Whatever befalls it, the reply is already
/// decided. It is read as far as one that is wanted: how far would tell which it is.
pub async fn drain<B>(body: B, limit: usize)
where
    B: Body<Data = Bytes>,
{
    let _ = take_in(body, limit, false).await;
}

/// What has been read so far; a body that comes in one piece is not copied.
#[derive(Default)]
enum Chunks {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Chunks {
    fn push(&mut self, data: Bytes, expected: usize) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(data),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity(expected.max(first.len() + data.len()));
                all.extend_from_slice(&first);
                all.extend_from_slice(&data);
                Self::Many(all)
            }
            Self::Many(mut all) => {
                all.extend_from_slice(&data);
                Self::Many(all)
            }
        };
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::One(only) => only,
            Self::Many(all) => all.freeze(),
        }
    }
}

/// Refuses a content type that is not JSON. None at all is taken as JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if value.to_str().is_ok_and(is_json) => Ok(()),
        _ => Err(Refusal::UnsupportedMediaType),
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
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::testing::header_map;

    fn read(limit: usize, chunks: &[Result<&'static [u8], ()>]) -> Result<Bytes, Refusal> {
        let frames: Vec<_> = chunks
            .iter()
            .map(|chunk| chunk.map(|data| Frame::data(Bytes::from_static(data))))
            .collect();
        block_on(receive(
            StreamBody::new(futures_util::stream::iter(frames)),
            limit,
        ))
    }

    #[test]
    fn a_body_up_to_the_limit_is_kept_byte_for_byte() {
        assert_eq!(read(4, &[]).expect("read"), "");
        assert_eq!(read(4, &[Ok(b"abcd")]).expect("read"), "abcd");
        assert_eq!(
            read(4, &[Ok(b"a"), Ok(b""), Ok(b"bc"), Ok(b"\xff")]).expect("read"),
            &b"abc\xff"[..]
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
        assert!(require_json(&HeaderMap::new()).is_ok());
        let twice = header_map(&[
            ("content-type", b"application/json"),
            ("content-type", b"text/plain"),
        ]);
        assert_eq!(require_json(&twice), Err(Refusal::UnsupportedMediaType));
    }
}
