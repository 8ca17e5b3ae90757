//! Receiving a request: its body, up to the limit and within its time.
//!
//! A body that nobody wants is read all the same, and dropped: one left unread breaks the kept-alive
//! connection under its next request. Past [`MOST_DROPPED`], or once its time is over, it is not worth
//! it, and the host closes the connection instead.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};

use super::Refusal;
use crate::http::message::{Body, Headers};
use crate::ports::Clock;

/// How long all of a body may take, from when its request came.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long the rest of a body may take that is dropped, before the reply to its request.
const DROPPED_WITHIN: Duration = Duration::from_secs(5);

/// How many bytes beyond the limit are read, and dropped, before a reply.
const MOST_DROPPED: usize = 8 << 20;

/// How much of a dropped body is looked at afterwards, in bytes.
const BEGINNING: usize = 4 << 10;

/// How much room a body gets at first. It grows with what has come, never with what was announced:
/// of that a caller has sent nothing yet.
const FIRST_PIECE: usize = 16 << 10;

/// A request as it came, before its credentials are verified.
#[derive(Debug)]
pub struct Received {
    /// Its headers.
    pub headers: Headers,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// When it was there, as far as its credentials are in it.
    pub at: SystemTime,
}

/// A body on its way in: kept or dropped, within its time.
pub struct IncomingBody<'a, B, C> {
    body: B,
    clock: &'a C,
    /// `Content-Length`.
    announced: Option<usize>,
    limit: usize,
    until: Duration,
    /// Nothing is left to be read, or nothing that is worth it.
    over: bool,
    /// The first bytes of what was dropped.
    beginning: Vec<u8>,
}

/// What a part of a body came to.
enum Read {
    Whole(Vec<u8>),
    TooLarge,
}

impl<'a, B: Body, C: Clock> IncomingBody<'a, B, C> {
    /// The body of a request that has just come; `limit` is the most that is kept of it, in bytes.
    pub fn new(clock: &'a C, headers: &Headers, body: B, limit: usize) -> Self {
        let announced = announced(headers);
        Self {
            body,
            clock,
            announced,
            limit,
            until: clock.monotonic() + DEADLINE,
            over: announced.is_some_and(|announced| announced > limit + MOST_DROPPED),
            beginning: Vec::new(),
        }
    }

    /// The first [`BEGINNING`] bytes of a body that was dropped: nobody has verified who sent it.
    pub fn take_beginning(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.beginning)
    }

    /// Refuses a body that says of itself that it is too large.
    pub fn require_fitting(&self) -> Result<(), Refusal> {
        let limit = self.limit;
        match self.announced.is_some_and(|announced| announced > limit) {
            true => Err(Refusal::TooLarge { limit }),
            false => Ok(()),
        }
    }

    /// Reads all of it.
    pub async fn read(&mut self) -> Result<Vec<u8>, Refusal> {
        self.require_fitting()?;
        match self.within(DEADLINE, true).await? {
            Read::Whole(body) => Ok(body),
            Read::TooLarge => Err(Refusal::TooLarge { limit: self.limit }),
        }
    }

    /// Reads what is left of it, and keeps nothing. Whatever befalls it, the reply is already
    /// decided.
    pub async fn drop_rest(&mut self) {
        if !self.over {
            // A body that breaks off has ended too.
            let _ = self.within(DROPPED_WITHIN, false).await;
        }
    }

    async fn within(&mut self, time: Duration, keep: bool) -> Result<Read, Refusal> {
        let left = self.until.saturating_sub(self.clock.monotonic()).min(time);
        let (clock, announced, limit) = (self.clock, self.announced, self.limit);
        // Once given up it is not read again.
        self.over = true;
        let beginning = (!keep).then_some(&mut self.beginning);
        let received = pin!(receive(&mut self.body, announced, limit, beginning));
        // A body that is there already starts no timer.
        match select(received, pin!(clock.sleep(left))).await {
            Either::Left((received, _)) => received,
            Either::Right(_) => Err(Refusal::Interrupted),
        }
    }
}

async fn receive(
    body: &mut impl Body,
    announced: Option<usize>,
    limit: usize,
    // Where nothing but that is kept.
    mut beginning: Option<&mut Vec<u8>>,
) -> Result<Read, Refusal> {
    // One byte more than is to come: that there is no more is read into it too.
    let expected = announced.unwrap_or(limit).min(limit) + 1;
    let (mut read, mut dropped) = (Vec::new(), 0);
    loop {
        if read.len() == read.capacity() {
            let so_far = read.len();
            let left = expected.saturating_sub(so_far).max(1);
            read.reserve_exact(so_far.max(FIRST_PIECE).min(left));
        }
        let more = body.read(&mut read).await;
        if !more.map_err(|_| Refusal::Interrupted)? {
            break;
        }
        let came = dropped + read.len();
        if came > limit + MOST_DROPPED {
            break;
        }
        if came > limit || beginning.is_some() {
            if let Some(beginning) = &mut beginning {
                let room = BEGINNING.saturating_sub(beginning.len()).min(read.len());
                beginning.extend_from_slice(&read[..room]);
            }
            dropped = came;
            read.clear();
            read.shrink_to(FIRST_PIECE);
            read.reserve_exact(FIRST_PIECE);
        }
    }
    Ok(match dropped + read.len() > limit {
        true => Read::TooLarge,
        false => Read::Whole(read),
    })
}

/// `Content-Length`, which hosts hold callers to.
fn announced(headers: &Headers) -> Option<usize> {
    let length = headers.first("content-length")?;
    str::from_utf8(length).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures_executor::block_on;

    use super::*;
    use crate::testing::{FakeHost, Pieces, header_map};

    fn read(limit: usize, pieces: &[Result<&'static [u8], ()>]) -> Result<Vec<u8>, Refusal> {
        let announced = pieces.iter().flatten().map(|piece| piece.len()).sum();
        // Whatever is announced, what came counts.
        let read = |announced: usize| {
            let announced = announced.to_string();
            let headers = header_map(&[("content-length", announced.as_bytes())]);
            let host = FakeHost::default();
            let mut body = IncomingBody::new(&host, &headers, Pieces::of(pieces), limit);
            block_on(body.read())
        };
        let as_announced: Result<_, _> = read(announced);
        for other in [0, 1, limit] {
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

    /// A body that stops after these bytes, with all that was asked of it.
    struct Stops(Vec<u8>, Rc<Cell<usize>>);

    impl Body for Stops {
        type Error = ();

        async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<bool, ()> {
            self.1.set(self.1.get().max(buffer.capacity()));
            if self.0.is_empty() {
                return std::future::pending().await;
            }
            let room = buffer.capacity() - buffer.len();
            buffer.extend(self.0.drain(..room.min(self.0.len())));
            Ok(true)
        }
    }

    fn stopping(
        host: &FakeHost,
        sent: usize,
    ) -> (IncomingBody<'_, Stops, FakeHost>, Rc<Cell<usize>>) {
        let room = Rc::new(Cell::new(0));
        let body = Stops(vec![b'x'; sent], Rc::clone(&room));
        let headers = header_map(&[("content-length", b"1048576")]);
        (IncomingBody::new(host, &headers, body, 1 << 20), room)
    }

    #[test]
    fn a_body_that_does_not_end_is_given_up_after_half_a_minute() {
        for sent in [0, 1, 1 << 19, (1 << 20) - 1] {
            let host = FakeHost::default();
            let (mut body, _) = stopping(&host, sent);
            assert_eq!(block_on(body.read()), Err(Refusal::Interrupted));
            assert_eq!(host.monotonic(), DEADLINE, "{sent}");
            // Nothing more is waited for.
            block_on(body.drop_rest());
            assert_eq!(host.monotonic(), DEADLINE, "{sent}");
        }
    }

    #[test]
    fn one_that_nobody_wants_is_given_up_sooner_and_never_takes_room() {
        for sent in [0, 1, (1 << 20) - 1] {
            let host = FakeHost::default();
            let (mut body, room) = stopping(&host, sent);
            block_on(body.drop_rest());
            assert_eq!(host.monotonic(), DROPPED_WITHIN, "{sent}");
            assert!(room.get() <= FIRST_PIECE, "{sent}: {}", room.get());
        }
    }

    #[test]
    fn the_room_of_a_body_grows_with_what_has_come_and_not_with_what_is_announced() {
        for (sent, most) in [
            (0, FIRST_PIECE),
            (100_000, 200_000),
            (600_000, (1 << 20) + 1),
        ] {
            let host = FakeHost::default();
            let (mut body, room) = stopping(&host, sent);
            assert_eq!(block_on(body.read()), Err(Refusal::Interrupted));
            assert!(room.get() <= most, "{sent}: {}", room.get());
        }
    }

    #[test]
    fn what_says_that_it_is_too_large_is_refused_before_it_comes() {
        let host = FakeHost::default();
        let headers = header_map(&[("content-length", b"5")]);
        let mut body = IncomingBody::new(&host, &headers, Pieces::<()>::of(&[]), 4);
        assert_eq!(block_on(body.read()), Err(Refusal::TooLarge { limit: 4 }));
    }
}
