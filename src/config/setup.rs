//! What settings that may be left out amount to.

/// A group of settings that may be left out: it is, or it is wrong, or it can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup<T> {
    /// Nothing is set.
    NotSet,
    /// Something is wrong, which is noted among the problems.
    Invalid,
    /// All is in order.
    Ready(T),
}

/// A setting is wrong, and that is noted among the problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted;

impl<T> Setup<T> {
    /// Whether anything is set, be it wrong.
    pub fn is_set(&self) -> bool {
        !matches!(self, Self::NotSet)
    }

    /// What can be used.
    pub fn ready(self) -> Option<T> {
        match self {
            Self::Ready(value) => Some(value),
            Self::NotSet | Self::Invalid => None,
        }
    }

    /// The same by reference.
    pub fn as_ref(&self) -> Setup<&T> {
        match self {
            Self::NotSet => Setup::NotSet,
            Self::Invalid => Setup::Invalid,
            Self::Ready(value) => Setup::Ready(value),
        }
    }

    /// What `make` makes of what can be used.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Setup<U> {
        match self {
            Self::NotSet => Setup::NotSet,
            Self::Invalid => Setup::Invalid,
            Self::Ready(value) => Setup::Ready(make(value)),
        }
    }

    /// Invalid where something else is wrong that it needs.
    pub fn only_if(self, holds: bool) -> Self {
        match self {
            Self::Ready(_) if !holds => Self::Invalid,
            setup => setup,
        }
    }
}

impl<T> From<Result<Option<T>, Noted>> for Setup<T> {
    fn from(read: Result<Option<T>, Noted>) -> Self {
        match read {
            Ok(Some(value)) => Self::Ready(value),
            Ok(None) => Self::NotSet,
            Err(Noted) => Self::Invalid,
        }
    }
}
