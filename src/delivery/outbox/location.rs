//! Where an entry is: its name, when it is due, and its key in the store. All that is needed to choose
//! what to deliver next stands in the key, so that the values of a long outbox need not be read.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::cause::Cause;
use super::tag::Tag;
use crate::delivery::{Change, Entity};

/// No two changes have the same. The order is that in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId {
    /// When the change came, in milliseconds since 1970.
    pub at: u64,
    /// Tells changes of one millisecond apart.
    number: u32,
    /// Whether the row is never changed again once it has this change.
    pub is_last: bool,
    /// The row, as a hash.
    pub row: u128,
}

/// Where entries are, by what is to become of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// To be delivered.
    Waiting,
    /// A dead letter: somebody has to look at it.
    Dead,
}

/// Where an entry is. The order is that of the entries' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Among those that wait.
    Waiting(Scheduled),
    /// Among the dead letters.
    Dead(DeadLetter),
}

impl EntryId {
    /// A name for `change`, which comes now.
    pub fn new(change: &Change, at: u64, random: u128) -> Self {
        Self {
            at,
            number: random as u32,
            is_last: change.is_last(),
            row: Self::row_of(&change.entity, &change.key),
        }
    }

    /// The hash of a row.
    pub fn row_of(entity: &Entity, key: &str) -> u128 {
        let hash = Sha256::digest(format!("{}:{key}", entity.name));
        let half: [u8; 16] = std::array::from_fn(|index| hash[index]);
        u128::from_be_bytes(half)
    }

    /// Another name for the same change.
    pub fn renamed(self, random: u128) -> Self {
        let number = random as u32;
        Self { number, ..self }
    }

    /// Reads what [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rest) = text.split_once('-')?;
        let (number, rest) = rest.split_once('-')?;
        let (is_last, row) = match rest.split_at_checked(1)? {
            ("f", row) => (true, row),
            ("n", row) => (false, row),
            _ => return None,
        };
        let id = Self {
            at: u64::from_str_radix(at, 16).ok()?,
            number: u32::from_str_radix(number, 16).ok()?,
            is_last,
            row: u128::from_str_radix(row, 16).ok()?,
        };
        // One name for one entry: no other digits, signs or cases.
        (id.to_string() == text).then_some(id)
    }

    /// Of a row's changes this is the order in which they are delivered: the first that ends it,
    /// as in the database, and otherwise one after the other.
    pub fn turn(self) -> (bool, u64, u32) {
        (!self.is_last, self.at, self.number)
    }
}

/// An entry that waits. The order is that in which entries are due, so that a store which lists its
/// keys in order has to list no more than are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scheduled {
    /// When it is to be tried again, in milliseconds since 1970.
    pub due: u64,
    /// Its name.
    pub id: EntryId,
    /// Source and cause, unless an earlier version has put it there.
    pub tag: Option<Tag>,
}

impl Scheduled {
    /// Reads what [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (due, rest) = text.split_once('-')?;
        let DeadLetter { id, tag } = DeadLetter::parse(rest)?;
        let due = u64::from_str_radix(due, 16).ok()?;
        let scheduled = Self { due, id, tag };
        (scheduled.to_string() == text).then_some(scheduled)
    }
}

/// A dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its name.
    pub id: EntryId,
    /// Source and cause, unless an earlier version has put it there.
    pub tag: Option<Tag>,
}

impl DeadLetter {
    /// Reads what [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(id) = EntryId::parse(text) {
            return Some(Self { id, tag: None });
        }
        let (id, tag) = text.rsplit_once('-')?;
        Some(Self {
            id: EntryId::parse(id)?,
            tag: Some(Tag::parse(tag)?),
        })
    }

    /// Where an entry of this source and name would be, were it a dead letter.
    pub(super) fn candidates(id: EntryId, source: &str) -> impl Iterator<Item = Self> {
        let is_of_dead = |cause: &Cause| !matches!(cause, Cause::Untried | Cause::Unknown);
        let causes = Cause::all().filter(is_of_dead);
        let tags = causes.map(move |cause| Some(Tag::new(source, cause)));
        tags.chain([None]).map(move |tag| Self { id, tag })
    }
}

impl EntryState {
    /// The name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    /// In a store that keeps its keys in order those that wait come before all others, so a listing
    /// of what is due ends after a few keys, whatever else is stored.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Waiting => "0-outbox/a/",
            Self::Dead => "0-outbox/d/",
        }
    }
}

impl Location {
    /// The entry of this name: waiting until it is due, or a dead letter.
    pub fn new(id: EntryId, tag: Tag, due: Option<u64>) -> Self {
        let tag = Some(tag);
        match due {
            Some(due) => Self::Waiting(Scheduled { due, id, tag }),
            None => Self::Dead(DeadLetter { id, tag }),
        }
    }

    /// The entry's name.
    pub fn id(self) -> EntryId {
        match self {
            Self::Waiting(scheduled) => scheduled.id,
            Self::Dead(dead) => dead.id,
        }
    }

    fn tag(self) -> Option<Tag> {
        match self {
            Self::Waiting(scheduled) => scheduled.tag,
            Self::Dead(dead) => dead.tag,
        }
    }

    /// Why it is there.
    pub fn cause(self) -> Cause {
        self.tag().map_or(Cause::Unknown, Tag::cause)
    }

    /// Whether it may be of this source. Of one that an earlier version has left its value alone says.
    pub(super) fn may_be_of(self, source: &str) -> bool {
        self.tag().is_none_or(|tag| tag.is_of(source))
    }

    /// What is to become of it.
    pub fn state(self) -> EntryState {
        match self {
            Self::Waiting(_) => EntryState::Waiting,
            Self::Dead(_) => EntryState::Dead,
        }
    }

    /// Its key in the store: that of an entry that waits begins with when it is due.
    pub(super) fn key(self) -> String {
        let prefix = self.state().prefix();
        match self {
            Self::Waiting(scheduled) => format!("{prefix}{scheduled}"),
            Self::Dead(dead) => format!("{prefix}{dead}"),
        }
    }

    /// Reads a key; `None` where it is of something else.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        if let Some(scheduled) = key.strip_prefix(EntryState::Waiting.prefix()) {
            return Some(Self::Waiting(Scheduled::parse(scheduled)?));
        }
        let dead = key.strip_prefix(EntryState::Dead.prefix())?;
        Some(Self::Dead(DeadLetter::parse(dead)?))
    }
}

/// The earlier of two times, where there is one.
pub(super) fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    [one, other].into_iter().flatten().min()
}

impl fmt::Display for Scheduled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { due, id, tag } = *self;
        write!(formatter, "{due:011x}-{}", DeadLetter { id, tag })
    }
}

impl fmt::Display for DeadLetter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, tag } = self;
        match tag {
            Some(tag) => write!(formatter, "{id}-{tag}"),
            None => write!(formatter, "{id}"),
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at, number, row, ..
        } = self;
        let kind = if self.is_last { 'f' } else { 'n' };
        write!(formatter, "{at:011x}-{number:08x}-{kind}{row:032x}")
    }
}
