//! Few lines for many requests of strangers. Refusals of a client over its limit, and what comes faster
//! without a valid credential than the log's own limit allows, share one line a second, with their number.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::line::{json, time};
use crate::config::Level;
use crate::instance::rate_limiter::{Client, TokenBucket};
use crate::ports::{Clock, Log};

/// How long requests are counted until their line is written.
const SECOND: Duration = Duration::from_secs(1);

/// How many groups are counted at a time. Of others only the number is logged.
const GROUPS: usize = 64;

/// What requests have in common that may share a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineGroup {
    /// Who sends them.
    pub client: Client,
    /// The source whose endpoint was called.
    pub source: Option<&'static str>,
    /// What became of them.
    pub outcome: &'static str,
    /// The client is over its limit: each of its refusals looks like the others.
    pub over_limit: bool,
}

/// The lines of one instance.
pub struct Lines(Mutex<State>);

impl LineGroup {
    /// Lines of what no request waits for: they share one a second.
    pub fn of(outcome: &'static str) -> Self {
        Self {
            client: Client::at(None),
            source: None,
            outcome,
            over_limit: true,
        }
    }
}

struct State {
    /// Lines of strangers that stand alone.
    single: TokenBucket,
    counted: Vec<SharedLine>,
    /// Requests of groups beyond [`GROUPS`].
    others: u64,
}

struct SharedLine {
    group: LineGroup,
    /// The line of the first.
    text: String,
    more: u64,
}

#[derive(Serialize)]
struct OthersLine {
    time: String,
    level: &'static str,
    outcome: &'static str,
    repeated: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self(Mutex::new(State {
            single: TokenBucket::new(8, 16, 32),
            counted: Vec::new(),
            others: 0,
        }))
    }
}

impl Lines {
    /// Writes a line, now or in a second, or counts it with another one. `group` is that of requests
    /// without a valid credential or over their client's limit; `text` is asked only for a line that
    /// is written, so that a flood costs no lines that nobody reads.
    pub async fn write(
        &self,
        host: &(impl Clock + Log),
        group: Option<LineGroup>,
        text: &dyn Fn() -> String,
    ) {
        let Some(group) = group else {
            host.log(&text());
            return;
        };
        if !group.over_limit && self.state().single.take(host.monotonic(), 0) {
            host.log(&text());
            return;
        }
        if !self.count(group, text) {
            return;
        }
        host.sleep(SECOND).await;
        let (counted, others) = self.take(group);
        if let Some(SharedLine { text, more, .. }) = counted {
            host.log(&with_number(text, more));
        }
        if others > 0 {
            host.log(&json(&OthersLine {
                time: time(host.now()),
                level: Level::Warn.name(),
                outcome: "others",
                repeated: others,
            }));
        }
    }

    /// Says whether the line is the first of its group, which somebody has to write.
    fn count(&self, group: LineGroup, text: &dyn Fn() -> String) -> bool {
        let mut state = self.state();
        if let Some(counted) = state.counted.iter_mut().find(|it| it.group == group) {
            counted.more += 1;
            return false;
        }
        if state.counted.len() >= GROUPS {
            state.others += 1;
            return false;
        }
        state.counted.push(SharedLine {
            group,
            text: text(),
            more: 0,
        });
        true
    }

    fn take(&self, group: LineGroup) -> (Option<SharedLine>, u64) {
        let mut state = self.state();
        let place = state.counted.iter().position(|it| it.group == group);
        let counted = place.map(|place| state.counted.swap_remove(place));
        (counted, std::mem::take(&mut state.others))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line, which is a JSON object, with the number of those like it.
fn with_number(line: String, more: u64) -> String {
    match line.strip_suffix('}') {
        Some(members) if more > 0 => format!("{members},\"repeated\":{more}}}"),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use futures_executor::block_on;
    use futures_util::future::join_all;

    use super::*;
    use crate::testing::FakeHost;

    type Line = (Option<LineGroup>, String);

    fn line(client: u8, outcome: &'static str, over_limit: bool) -> Line {
        let client = Client::at(Some(IpAddr::from([10, 0, 0, client])));
        let source = Some("a360");
        let group = LineGroup {
            client,
            source,
            outcome,
            over_limit,
        };
        let text = format!("{{\"client\":\"{client}\",\"outcome\":\"{outcome}\"}}");
        (Some(group), text)
    }

    fn written(host: &FakeHost, lines: &Lines, all: impl IntoIterator<Item = Line>) -> Vec<String> {
        block_on(join_all(all.into_iter().map(|(group, text)| async move {
            lines.write(host, group, &|| text.clone()).await
        })));
        host.lines.take()
    }

    #[test]
    fn a_client_over_its_limit_has_one_line_a_second_with_the_number_of_the_others() {
        let (host, lines) = (FakeHost::default(), Lines::default());
        for _ in 0..2 {
            let all = (0..3000).map(|_| line(1, "too_many_attempts", true));
            assert_eq!(
                written(&host, &lines, all),
                [r#"{"client":"10.0.0.1","outcome":"too_many_attempts","repeated":2999}"#]
            );
        }
        let alone = written(&host, &lines, [line(1, "too_many_attempts", true)]);
        assert_eq!(
            alone,
            [r#"{"client":"10.0.0.1","outcome":"too_many_attempts"}"#]
        );
    }

    #[test]
    fn each_client_and_each_outcome_has_its_own() {
        let (host, lines) = (FakeHost::default(), Lines::default());
        let all = (0..100).map(|n| line(n % 2, if n < 50 { "a" } else { "b" }, true));
        let written = written(&host, &lines, all);
        assert_eq!(written.len(), 4, "{written:?}");
        assert!(written.iter().all(|line| line.contains(r#""repeated":24"#)));
    }

    #[test]
    fn strangers_have_some_lines_of_their_own_and_the_number_of_the_others_is_told() {
        let (host, lines) = (FakeHost::default(), Lines::default());
        let few = (0..8).map(|n| line(n, "not_found", false));
        assert_eq!(written(&host, &lines, few).len(), 8);
        let many = (0..255).map(|n| line(n, "not_found", false));
        let written = written(&host, &lines, many);
        assert_eq!(written.len(), GROUPS + 1, "{written:?}");
        let others = written.iter().find(|line| line.contains("others"));
        assert!(others.is_some_and(|line| line.contains(r#""repeated":191"#)));
    }

    #[test]
    fn a_line_that_is_only_counted_is_not_made() {
        let (host, lines) = (FakeHost::default(), Lines::default());
        let made = std::cell::Cell::new(0);
        let (group, _) = line(1, "too_many_attempts", true);
        let each = (0..3000).map(|_| {
            let text = || {
                made.set(made.get() + 1);
                r#"{"a":1}"#.to_owned()
            };
            let (lines, host) = (&lines, &host);
            async move { lines.write(host, group, &text).await }
        });
        block_on(join_all(each));
        assert_eq!(made.get(), 1);
        assert_eq!(host.lines.take(), [r#"{"a":1,"repeated":2999}"#]);
    }

    #[test]
    fn whoever_has_a_credential_has_a_line_for_each_request() {
        let (host, lines) = (FakeHost::default(), Lines::default());
        let all = (0..1000).map(|_| (None, "{}".to_owned()));
        assert_eq!(written(&host, &lines, all).len(), 1000);
    }
}
