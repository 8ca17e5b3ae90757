//! How many tasks of an instance are at something.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A number that goes up while a task is at it, and down when the task is done or dropped.
#[derive(Default)]
pub struct Gauge(AtomicUsize);

/// Counts as one until it is dropped.
pub struct GaugeGuard<'a>(&'a Gauge);

impl Gauge {
    /// One more, until the guard is dropped.
    pub fn enter(&self) -> GaugeGuard<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        GaugeGuard(self)
    }

    /// One more, until the guard is dropped; `None` where there are `most` already.
    pub fn try_enter(&self, most: usize) -> Option<GaugeGuard<'_>> {
        // One thread runs an instance: between the two nobody else enters.
        (self.0.load(Ordering::Relaxed) < most).then(|| self.enter())
    }

    /// Whether there is none.
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

impl Drop for GaugeGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
