//! The keys that a JWT's signer publishes: what operators learn of them, and their refresh where no request
//! waits for it.

use super::App;
use crate::audit;
use crate::config::{Level, Problem};
use crate::credentials::{KeyReport, KeysStatus, Policy, PublishedKeys};
use crate::operations::health::KeysCheck;
use crate::ports::Host;

impl<H: Host> App<H> {
    /// How old the keys are, and why the last attempt to fetch them failed; `None` where none are fetched.
    pub(super) async fn keys_status(&self) -> Option<KeysCheck> {
        let (policy, keys) = self.published_keys()?;
        let status: KeysStatus = keys.status(&self.host).await;
        Some(KeysCheck {
            status,
            are_required: policy.requires_jwt(),
        })
    }

    /// Fetches keys that are old.
    pub(super) async fn refresh_keys(&self) {
        if let Some((_, keys)) = self.published_keys() {
            keys.refresh(&self.host).await;
            self.log_keys(keys);
        }
    }

    /// Logs what came of the last attempt to fetch keys, once.
    pub(super) fn log_keys(&self, keys: &PublishedKeys) {
        let (host, least) = (&self.host, self.config.log_level);
        match keys.take_report() {
            None => {}
            Some(KeyReport::Failed(error)) => {
                audit::log_failure(host, "keys_not_fetched", &error.to_string());
            }
            Some(KeyReport::Fetched {
                count,
                are_new,
                left_out,
                not_kept,
            }) => {
                audit::log_keys(host, least, count, are_new);
                let unused = left_out.iter().filter(|_| are_new).map(Problem::of_keys);
                let unused: Vec<_> = unused.collect();
                if least <= Level::Warn {
                    audit::log_warnings(host, &unused);
                }
                if let Some(error) = not_kept {
                    audit::log_failure(host, "keys_not_kept", &error.to_string());
                }
            }
        }
    }

    fn published_keys(&self) -> Option<(&Policy, &PublishedKeys)> {
        let mut policies = self.routes.policies();
        policies.find_map(|policy| Some((policy, policy.published_keys()?)))
    }
}
