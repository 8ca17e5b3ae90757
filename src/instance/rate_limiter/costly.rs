//! Work that costs far more than the request that asks for it: public-key operations, or a question
//! to another service. It is done for every client within its limit, and for one that is over it
//! only as often as a budget of the instance allows.
//!
//! A new instance knows of nobody. Its first such request is not looked up, so that a first token
//! in a quiet instance costs no access to the store; those that follow at once are.

use std::net::IpAddr;

use super::{Attempts, Budget, Client};
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue};

/// For how many requests an instance does costly work.
#[derive(Debug)]
pub struct Costly {
    /// Of clients that the store has not been asked for.
    unasked: Budget,
    /// Of clients over their limit.
    over_limit: Budget,
}

impl Default for Costly {
    fn default() -> Self {
        Self {
            unasked: Budget::new(1, 4, 4),
            over_limit: Budget::new(0, 2, 4),
        }
    }
}

impl Attempts {
    /// Whether costly work may be done for the client, which has so many attempts in a minute; with
    /// 0 nobody is over the limit.
    pub async fn may_cost(
        &self,
        host: &(impl Clock + KeyValue),
        address: Option<IpAddr>,
        limit: usize,
    ) -> bool {
        if limit == 0 {
            return true;
        }
        let client = Client::at(address);
        let now = unix_time::since_1970(host.now());
        if !self.is_over(client, now, limit) {
            if self.state().costly.unasked.spend(host.monotonic(), 0) {
                return true;
            }
            // Where the store fails this instance's own count decides; a refusal asks again, and
            // the log has it then.
            let _ = self.ask_store(host, client, now, limit).await;
            if !self.is_over(client, now, limit) {
                return true;
            }
        }
        self.state().costly.over_limit.spend(host.monotonic(), 0)
    }
}
