//! `GET /metrics`: the overview's figures in Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use super::overview::{Findings, VERSION};
use crate::delivery::outbox::Availability;
use crate::http::Reply;
use crate::http::message::StatusCode;

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A gauge: its name, what it says, its label, and its value; `None`: not known, and left out.
type Gauge<'a> = (
    &'static str,
    &'static str,
    Option<(&'static str, &'a str)>,
    Option<u64>,
);

/// The figures.
pub fn metrics(found: &Findings<'_>) -> Reply {
    let text = exposition(&gauges(found));
    Reply::of_type(CONTENT_TYPE, StatusCode::OK, text.into_bytes()).uncached()
}

fn gauges<'a>(found: &Findings<'_>) -> [Gauge<'a>; 7] {
    let stats = found.outbox.counts.stats;
    let is_up = found.data_api.at.is_some() && found.data_api.status.state == Availability::Ok;
    [
        (
            "sam_callback_outbox_waiting",
            "Rows with a change that waits for the data API.",
            None,
            Some(stats.waiting as u64),
        ),
        (
            "sam_callback_outbox_dead",
            "Rows with a change that nobody delivers by itself any more.",
            None,
            Some(stats.dead as u64),
        ),
        (
            "sam_callback_outbox_oldest_seconds",
            "For how long the oldest change has waited; 0: none waits.",
            None,
            Some(stats.oldest_seconds.unwrap_or_default()),
        ),
        (
            "sam_callback_data_api_up",
            "Whether the data API answers and accepts changes.",
            None,
            Some(u64::from(is_up)),
        ),
        (
            "sam_callback_settings_ok",
            "Whether all settings can be used.",
            None,
            Some(u64::from(found.problems.is_empty())),
        ),
        (
            "sam_callback_overdue",
            "Rows that are active too long without a callback.",
            None,
            found.overdue.map(|count| count as u64),
        ),
        (
            "sam_callback_build_info",
            "The version that runs.",
            Some(("version", VERSION)),
            Some(1),
        ),
    ]
}

fn exposition(gauges: &[Gauge<'_>]) -> String {
    let mut text = String::new();
    for (name, help, label, value) in gauges {
        let Some(value) = value else { continue };
        let label = label.map(|(name, value)| format!("{{{name}=\"{}\"}}", escaped(value)));
        let label = label.unwrap_or_default();
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{label} {value}\n"
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
        let gauges = [
            ("a", "What.", Some(("b", "c\\d\"e\nf")), Some(1)),
            ("g", "Not known.", None, None),
        ];
        let expected = "# HELP a What.\n# TYPE a gauge\na{b=\"c\\\\d\\\"e\\nf\"} 1\n";
        assert_eq!(exposition(&gauges), expected);
    }
}
