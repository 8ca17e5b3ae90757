//! What was told so far, and what an observation changes about that. Nothing here asks a host.

use std::time::Duration;

use super::channel::Channel;
use super::kind::AlertKind;
use super::message::{Message, Trouble};
use super::observation::{DataApiHealth, Observation};
use crate::config::AlertSettings;
use crate::instance::unix_time::millis_in;

/// Nothing is over before it has been so for as long as it takes to begin, and no longer than this: what
/// comes and goes is one trouble.
const LONGEST_CALM: Duration = Duration::from_secs(600);

/// What has become more is told again where there are twice as many and this many more than were told
/// last, and so long ago.
const MANY_MORE: usize = 10;
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(900);

/// How soon somebody is to look again while the data API fails, or a change waits too long.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What all instances know of alerts. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertState {
    /// When somebody looked last while there was anything to tell; 0: nobody has.
    pub examined: u64,
    /// Since when the data API has been failing, where nobody else knows.
    pub failing_since: Option<u64>,
    /// What is wrong, and was told.
    pub active: Vec<Active>,
    /// What the chat has not taken yet.
    pub channel: Channel,
    /// Who is sending that.
    pub claim: Option<Claim>,
    /// When somebody is to look again.
    pub next: Option<u64>,
}

/// Something that is wrong, and was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    pub kind: AlertKind,
    pub since: u64,
    /// Since when it seems to be over.
    pub clear_since: Option<u64>,
    /// How many were told, and when.
    pub told: usize,
    pub told_at: u64,
}

/// Who is sending, and until when nobody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub holder: u64,
    pub until: u64,
}

/// What an observation says of a kind.
enum Finding {
    /// It is wrong, since then, and so many are.
    Wrong { since: u64, count: usize },
    /// It is not wrong.
    Clear,
    /// Neither is certain: it begins nothing and ends nothing.
    Doubtful,
}

impl AlertState {
    /// Whether nothing is wrong and nothing is to be sent.
    pub fn is_idle(&self) -> bool {
        self.active.is_empty() && self.channel.pending.is_empty() && self.failing_since.is_none()
    }

    /// When somebody is to look again, or to send something again.
    pub fn next_look(&self, now: u64) -> Option<u64> {
        [self.next, self.channel.due(now)]
            .into_iter()
            .flatten()
            .min()
    }

    /// What this observation changes, and the messages that come of it. Each gets an id of its own.
    pub fn evaluate(
        &mut self,
        observation: &Observation,
        settings: &AlertSettings,
        mut id: impl FnMut() -> String,
    ) {
        self.note_data_api(observation);
        for kind in AlertKind::ALL {
            let finding = self.finding(kind, observation, settings);
            self.judge(kind, finding, observation, settings, &mut id);
        }
        self.next = self.next_change(observation, settings);
        self.examined = match self.is_idle() {
            true => 0,
            false => observation.at,
        };
    }

    fn note_data_api(&mut self, observation: &Observation) {
        match observation.data_api {
            DataApiHealth::Failing { since, .. } => {
                let known = since.or(self.failing_since);
                let known = known.filter(|since| *since <= observation.at);
                self.failing_since = Some(known.unwrap_or(observation.at));
            }
            DataApiHealth::Answers => self.failing_since = None,
            DataApiHealth::Unknown => {}
        }
    }

    fn finding(
        &self,
        kind: AlertKind,
        observation: &Observation,
        settings: &AlertSettings,
    ) -> Finding {
        let at = observation.at;
        let is_long = |since: &u64| at.saturating_sub(*since) >= millis_in(settings.after);
        let counted = |count: usize, is_exact: bool| match count {
            0 if is_exact => Finding::Clear,
            0 => Finding::Doubtful,
            count => Finding::Wrong { since: at, count },
        };
        match kind {
            AlertKind::DataApiAway => match observation.data_api {
                DataApiHealth::Answers => Finding::Clear,
                DataApiHealth::Unknown => Finding::Doubtful,
                DataApiHealth::Failing { .. } => match self.failing_since.filter(is_long) {
                    Some(since) => Finding::Wrong { since, count: 1 },
                    None => Finding::Doubtful,
                },
            },
            AlertKind::DeadLetter => counted(observation.dead_letters(), observation.is_whole),
            // Of an outage that is told first.
            AlertKind::WaitingTooLong if self.may_be_away() => Finding::Doubtful,
            AlertKind::WaitingTooLong => {
                let since = [oldest(observation), observation.mailbox_uncollected_since];
                let count = observation.waiting;
                match since.into_iter().flatten().min().filter(is_long) {
                    Some(since) => Finding::Wrong { since, count },
                    None if observation.is_whole => Finding::Clear,
                    None => Finding::Doubtful,
                }
            }
            AlertKind::Overdue => match observation.overdue {
                Some(count) => counted(count, true),
                None => Finding::Doubtful,
            },
        }
    }

    /// The data API fails, and that has not been told yet.
    fn may_be_away(&self) -> bool {
        let is_told = |active: &Active| active.kind == AlertKind::DataApiAway;
        self.failing_since.is_some() && !self.active.iter().any(is_told)
    }

    fn judge(
        &mut self,
        kind: AlertKind,
        finding: Finding,
        observation: &Observation,
        settings: &AlertSettings,
        id: &mut impl FnMut() -> String,
    ) {
        let at = observation.at;
        let place = self.active.iter().position(|active| active.kind == kind);
        let Some(place) = place else {
            if let Finding::Wrong { since, count } = finding {
                self.active.push(Active {
                    kind,
                    since,
                    clear_since: None,
                    told: count,
                    told_at: at,
                });
                let trouble = Trouble {
                    kind,
                    since,
                    count,
                    before: None,
                };
                let message = Message::begun(id(), trouble, observation, settings);
                self.channel.push(message);
            }
            return;
        };
        let active = &mut self.active[place];
        match finding {
            Finding::Doubtful => active.clear_since = None,
            Finding::Wrong { count, .. } => {
                active.clear_since = None;
                if let Some(trouble) = active.grown(count, at) {
                    let message = Message::begun(id(), trouble, observation, settings);
                    self.channel.push(message);
                }
            }
            Finding::Clear => {
                let until = *active.clear_since.get_or_insert(at);
                if at.saturating_sub(until) >= millis_in(calm(settings)) {
                    let since = active.since;
                    self.active.remove(place);
                    let message = Message::over(id(), kind, since, until, settings);
                    self.channel.push(message);
                }
            }
        }
    }

    /// When the passing of time alone may change something.
    fn next_change(&self, observation: &Observation, settings: &AlertSettings) -> Option<u64> {
        let at = observation.at;
        let soon = at.saturating_add(millis_in(LOOK_AGAIN));
        let is_active = |kind| self.active.iter().any(|active| active.kind == kind);
        let looks = [
            self.failing_since.map(|since| {
                let begins = since.saturating_add(millis_in(settings.after));
                if begins > at { begins.min(soon) } else { soon }
            }),
            oldest(observation).map(|since| {
                let begins = since.saturating_add(millis_in(settings.after));
                if begins > at { begins } else { soon }
            }),
            is_active(AlertKind::WaitingTooLong).then_some(soon),
        ];
        let calm = millis_in(calm(settings));
        let over = self.active.iter().filter_map(|active| active.clear_since);
        let over = over.map(|since| since.saturating_add(calm));
        looks.into_iter().flatten().chain(over).min()
    }
}

impl Active {
    /// What to tell where it has become markedly more. Where it has become less, that is what it is
    /// compared with from then on.
    fn grown(&mut self, count: usize, at: u64) -> Option<Trouble> {
        if !self.kind.grows() || count <= self.told {
            self.told = count;
            return None;
        }
        let before = self.told;
        let is_much = count >= before.saturating_mul(2) && count >= before + MANY_MORE;
        let is_time = at.saturating_sub(self.told_at) >= millis_in(TOLD_AGAIN_AFTER);
        if !is_much || !is_time {
            return None;
        }
        (self.told, self.told_at) = (count, at);
        Some(Trouble {
            kind: self.kind,
            since: self.since,
            count,
            before: Some(before),
        })
    }
}

fn oldest(observation: &Observation) -> Option<u64> {
    let seconds = observation.oldest_waiting_seconds?;
    Some(observation.at.saturating_sub(seconds.saturating_mul(1000)))
}

fn calm(settings: &AlertSettings) -> Duration {
    settings.after.min(LONGEST_CALM)
}
