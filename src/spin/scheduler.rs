//! Whether the instance is on its host's scheduler.

use std::sync::atomic::{AtomicBool, Ordering};

use spin_sdk::wit_bindgen;

/// Set by each call that Spin makes on the thread that runs the instance, taking it off the
/// scheduler: those to its store, and those that read the environment. A yield brings it back.
static OFF_SCHEDULER: AtomicBool = AtomicBool::new(false);

/// How often a request waits for the instance to be back before it is sent all the same.
const YIELDS: usize = 3;

/// Off its scheduler's thread an instance has the head of a message written before its body is
/// there, and the receiver's delayed ACK then holds the body back for 40 ms.
pub async fn back_on_scheduler() {
    for _ in 0..YIELDS {
        if !OFF_SCHEDULER.swap(false, Ordering::Relaxed) {
            return;
        }
        wit_bindgen::yield_async().await;
    }
}

/// Notes a call that took the instance off.
pub fn left() {
    OFF_SCHEDULER.store(true, Ordering::Relaxed);
}
