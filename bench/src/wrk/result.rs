//! What load.lua prints when wrk has ended, as the result of a run or of a flood.

use std::process::Output;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::histogram::Histogram;

/// What came of load that must be answered.
pub struct Run {
    pub requests: u64,
    pub per_second: f64,
    pub latencies: Histogram,
    /// How many were answered with 400 or above.
    refused: u64,
}

/// What came of a flood, whatever that is.
#[derive(Debug, PartialEq)]
pub struct Flooded {
    pub requests: u64,
    pub per_second: f64,
    /// How many were answered with 400 or above.
    pub refused: u64,
    /// How many had no whole reply, or none in time.
    pub unanswered: u64,
}

/// What load.lua prints.
#[derive(Deserialize)]
pub struct Printed {
    requests: u64,
    microseconds: u64,
    errors: Errors,
    latencies: Vec<(u64, u64)>,
}

#[derive(Debug, Deserialize)]
struct Errors {
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

impl Run {
    /// Whether all replies were as that to one request, which had this status.
    pub fn expect_status(&self, status: u16) -> Result<()> {
        let expected = if status < 400 { 0 } else { self.requests };
        if self.refused != expected {
            bail!(
                "of {} replies {} had a status of 400 or above, where all were to have {status}",
                self.requests,
                self.refused
            );
        }
        Ok(())
    }
}

impl Errors {
    /// Requests without a whole reply in time.
    fn unanswered(&self) -> u64 {
        self.connect + self.read + self.write + self.timeout
    }
}

impl Printed {
    pub fn of(output: &Output) -> Result<Self> {
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed: {}", text.trim());
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .with_context(|| format!("wrk printed no result: {}", text.trim()))
    }

    pub fn into_flooded(self) -> Flooded {
        Flooded {
            requests: self.requests,
            per_second: self.requests as f64 * 1e6 / self.microseconds.max(1) as f64,
            refused: self.errors.status,
            unanswered: self.errors.unanswered(),
        }
    }

    pub fn judge(self, connections: u32) -> Result<Run> {
        let errors = &self.errors;
        if errors.unanswered() > 0 {
            bail!(
                "of {} requests some had no whole reply ({errors:?})",
                self.requests
            );
        }
        let each = self.requests / u64::from(connections);
        // As wrk computes it, and where it is 0 adds nothing.
        let interval = self.microseconds.checked_div(each).unwrap_or(0);
        let latencies = Histogram::without_corrections(&self.latencies, interval)?;
        ensure!(
            self.requests > 0 && latencies.count() == self.requests,
            "wrk tells {} latencies of {} requests",
            latencies.count(),
            self.requests
        );
        Ok(Run {
            requests: self.requests,
            per_second: self.requests as f64 * 1e6 / self.microseconds as f64,
            latencies,
            refused: errors.status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<Run> {
        let printed: Printed = serde_json::from_str(text).expect("as load.lua prints it");
        printed.judge(2)
    }

    #[test]
    fn a_run_is_requests_latencies_and_statuses() {
        let run = judged(
            r#"{"requests":4,"microseconds":2000000,"errors":{"connect":0,"read":0,"write":0,
                "status":4,"timeout":0},"latencies":[[900000,1],[990000,3]]}"#,
        )
        .expect("a run");
        assert_eq!(run.per_second, 2.0);
        assert_eq!(run.latencies.percentile(50.0), 990.0);
        assert!(run.expect_status(401).is_ok());
        assert!(run.expect_status(200).is_err());
    }

    #[test]
    fn a_reply_that_did_not_come_is_an_error() {
        let broken = judged(
            r#"{"requests":4,"microseconds":2000000,"errors":{"connect":0,"read":1,"write":0,
                "status":0,"timeout":0},"latencies":[[900000,1],[990000,3]]}"#,
        );
        assert!(broken.is_err());
    }

    #[test]
    fn a_flood_is_counted_whatever_became_of_it() {
        let text = r#"{"requests":4,"microseconds":2000000,"errors":{"connect":1,"read":0,
            "write":0,"status":3,"timeout":2},"latencies":[]}"#;
        let printed: Printed = serde_json::from_str(text).expect("as load.lua prints it");
        let expected = Flooded {
            requests: 4,
            per_second: 2.0,
            refused: 3,
            unanswered: 3,
        };
        assert_eq!(printed.into_flooded(), expected);
    }
}
