//! A long outbox: one entry that the component has kept itself, copied for other rows.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::store::{self, Entry};

/// Where what waits is.
const WAITING: &str = "0-outbox/a/";

/// When the copies are due: not while anything is measured.
const DUE_IN: Duration = Duration::from_secs(3600);

/// What waits in the store of this folder: the first of it.
pub fn first(state: &Path) -> Result<Entry> {
    let waiting = store::matching(state, &format!("{WAITING}*"))?;
    let first = waiting.into_iter().next();
    first.context("the component has put nothing into its outbox")
}

/// Writes so many copies into a new store in this folder.
pub fn fill(state: &Path, amount: usize, entry: &Entry) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let due = (now + DUE_IN).as_millis();
    let copies = (0..amount).map(|number| copy(entry, number, due));
    store::fill(state, copies).context("cannot write the outbox")
}

fn copy(entry: &Entry, number: usize, due: u128) -> Result<Entry> {
    let key = renumbered(&entry.key, number, due)
        .with_context(|| format!("{} is not how entries were called", entry.key))?;
    let value = entry.value.clone();
    Ok(Entry { key, value })
}

/// The key `<due>-<came>-<number>-<kind><row>-<tag>` of another row, as src/delivery/outbox/location.rs has
/// it.
fn renumbered(key: &str, number: usize, due: u128) -> Option<String> {
    let mut parts = key.strip_prefix(WAITING)?.split('-');
    let (_, came, _, row) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (kind, tag) = (row.chars().next()?, parts.next()?);
    let is_whole = parts.next().is_none() && row.len() == 33;
    // Any 128 bits are some row's; they must be different ones.
    is_whole.then(|| format!("{WAITING}{due:011x}-{came}-{number:08x}-{kind}{number:032x}-{tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "0-outbox/a/019ab000000-019aaffffff-0000abcd-f0123456789abcdef0123456789abcdef-c9n";

    #[test]
    fn as_many_entries_are_written_as_are_asked_for() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let entry = Entry {
            key: KEY.to_owned(),
            value: b"{}".to_vec(),
        };
        fill(folder.path(), 3, &entry).expect("written");
        let written = store::matching(folder.path(), "*").expect("a store");
        assert_eq!(written.len(), 3);
        let first = first(folder.path()).expect("an entry");
        assert!(first.key.ends_with(&format!("-00000000-f{:032}-c9n", 0)));
        assert_eq!(first.value, entry.value);
    }

    #[test]
    fn a_key_of_another_kind_is_not_copied() {
        let key = renumbered(KEY, 255, 0x1000).expect("a key");
        let expected = format!(
            "0-outbox/a/00000001000-019aaffffff-000000ff-f{:0>32}-c9n",
            "ff"
        );
        assert_eq!(key, expected);
        for other in [
            "0-outbox/d/1-2-3-f4",
            "0-outbox/a/1-2-3",
            "0-outbox/a/1-2-3-f4-c9n",
        ] {
            assert_eq!(renumbered(other, 1, 1), None, "{other}");
        }
    }
}
