//! `GET /metrics`: the overview's figures in Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use super::health::VERSION;
use super::overview::Findings;
use crate::delivery::outbox::Availability;
use crate::http::Reply;
use crate::http::message::StatusCode;

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The gauges: their names behind this one, and what they say.
const PREFIX: &str = "sam_callback_";
const GAUGES: [(&str, &str); 7] = [
    (
        "outbox_waiting",
        "Rows with a change that waits for the data API.",
    ),
    (
        "outbox_dead",
        "Rows with a change that nobody delivers by itself any more.",
    ),
    (
        "outbox_oldest_seconds",
        "For how long the oldest change has waited; 0: none waits.",
    ),
    (
        "data_api_up",
        "Whether the data API answers and accepts changes.",
    ),
    ("settings_ok", "Whether all settings can be used."),
    (
        "overdue",
        "Rows that are active too long without a callback.",
    ),
    (BUILD_INFO, "The version that runs."),
];

/// The gauge whose label is what it says.
const BUILD_INFO: &str = "build_info";

/// The figures.
pub fn metrics(found: &Findings<'_>) -> Reply {
    let text = exposition(&values(found), VERSION);
    Reply::of_type(CONTENT_TYPE, StatusCode::OK, text.into_bytes()).uncached()
}

/// The gauges' values, in their order; `None`: not known, and left out.
fn values(found: &Findings<'_>) -> [Option<u64>; 7] {
    let stats = found.outbox.counts.stats;
    let is_up = found.data_api.at.is_some() && found.data_api.status.state == Availability::Ok;
    [
        Some(stats.waiting as u64),
        Some(stats.dead as u64),
        Some(stats.oldest_seconds.unwrap_or_default()),
        Some(u64::from(is_up)),
        Some(u64::from(found.problems.is_empty())),
        found.overdue.map(|count| count as u64),
        Some(1),
    ]
}

fn exposition(values: &[Option<u64>; 7], version: &str) -> String {
    let mut text = String::new();
    for ((name, help), value) in GAUGES.iter().zip(values) {
        let Some(value) = value else { continue };
        let label = match *name {
            BUILD_INFO => format!("{{version=\"{}\"}}", escaped(version)),
            _ => String::new(),
        };
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} gauge\n{PREFIX}{name}{label} {value}\n"
        );
    }
    text
}

/// A label's value: a backslash, a quotation mark and a line break have a backslash before them.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_what_is_not_known_is_left_out() {
        let mut values = [None; 7];
        (values[0], values[6]) = (Some(3), Some(1));
        let expected = "# HELP sam_callback_outbox_waiting Rows with a change that waits for the data API.\n\
             # TYPE sam_callback_outbox_waiting gauge\n\
             sam_callback_outbox_waiting 3\n\
             # HELP sam_callback_build_info The version that runs.\n\
             # TYPE sam_callback_build_info gauge\n\
             sam_callback_build_info{version=\"c\\\\d\\\"e\\nf\"} 1\n";
        assert_eq!(exposition(&values, "c\\d\"e\nf"), expected);
    }
}
