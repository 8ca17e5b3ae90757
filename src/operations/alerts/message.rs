//! What an alert says: a text in Spanish for the chat, and the same in data.

use serde_json::{Value as Json, json};

use super::kind::{AlertKind, RECOVERED};
use super::observation::{DataApiHealth, Observation};
use crate::config::{AlertSettings, UtcOffset};
use crate::instance::unix_time::{millis_in, rfc3339_seconds};

/// A message to the chat, as it is sent however often that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same at every attempt.
    pub id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// It is over.
    pub is_over: bool,
    /// What the chat shows.
    pub text: String,
    /// The same for programs.
    pub data: Json,
}

/// Something that is wrong, as a message tells it.
#[derive(Debug, Clone, Copy)]
pub struct Trouble {
    /// What.
    pub kind: AlertKind,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// How many.
    pub count: usize,
    /// How many were told before, where it has only become more.
    pub before: Option<usize>,
}

impl Message {
    /// `type`.
    pub fn message_type(&self) -> &'static str {
        match self.is_over {
            true => RECOVERED,
            false => self.kind.message_type(),
        }
    }

    /// It begins, or has become more.
    pub fn begun(
        id: String,
        trouble: Trouble,
        observation: &Observation,
        settings: &AlertSettings,
    ) -> Self {
        let words = Words(settings);
        let text = match trouble.kind {
            AlertKind::DataApiAway => words.away(trouble, observation),
            AlertKind::DeadLetter => words.dead(trouble, observation),
            AlertKind::WaitingTooLong => words.waiting(trouble, observation),
            AlertKind::Overdue => words.overdue(trouble),
        };
        Self {
            id,
            kind: trouble.kind,
            is_over: false,
            text,
            data: data(trouble, observation),
        }
    }

    /// It is over: seen first at `until`, in milliseconds since 1970.
    pub fn over(
        id: String,
        kind: AlertKind,
        since: u64,
        until: u64,
        settings: &AlertSettings,
    ) -> Self {
        let words = Words(settings);
        let lasted = format!(
            "Duró desde {} hasta {}.",
            words.time(since),
            words.time(until)
        );
        let text = match kind {
            AlertKind::DataApiAway => format!("SAM responde de nuevo. {lasted}"),
            AlertKind::DeadLetter => format!("Ya no hay entregas fallidas. {lasted}"),
            AlertKind::WaitingTooLong => {
                format!("Ya no hay cambios que esperen demasiado. {lasted}")
            }
            AlertKind::Overdue => {
                format!("Ya no hay ejecuciones con el callback atrasado. {lasted}")
            }
        };
        let over = kind.message_type();
        Self {
            id,
            kind,
            is_over: true,
            text,
            data: json!({"over": over, "since": rfc3339_seconds(since), "until": rfc3339_seconds(until)}),
        }
    }
}

fn data(trouble: Trouble, observation: &Observation) -> Json {
    let since = rfc3339_seconds(trouble.since);
    match trouble.kind {
        AlertKind::DataApiAway => {
            let (state, failure) = match &observation.data_api {
                DataApiHealth::Failing {
                    is_refusing: true,
                    failure,
                    ..
                } => ("refusing", Some(failure)),
                DataApiHealth::Failing { failure, .. } => ("failing", Some(failure)),
                DataApiHealth::Unknown | DataApiHealth::Answers => ("unknown", None),
            };
            let waiting = observation.waiting;
            json!({"since": since, "state": state, "failure": failure, "waiting": waiting})
        }
        AlertKind::DeadLetter => {
            let causes = observation.dead.iter();
            let causes = causes.map(|one| json!({"cause": one.cause, "count": one.count}));
            let causes: Vec<_> = causes.collect();
            let (count, before) = (trouble.count, trouble.before);
            json!({"since": since, "count": count, "before": before, "causes": causes})
        }
        AlertKind::WaitingTooLong => json!({
            "since": since,
            "waiting": observation.waiting,
            "oldestSeconds": observation.oldest_waiting_seconds,
            "uncollected": observation.mailbox_uncollected_since.is_some(),
        }),
        AlertKind::Overdue => {
            json!({"since": since, "count": trouble.count, "before": trouble.before})
        }
    }
}

/// The Spanish of one configuration.
struct Words<'a>(&'a AlertSettings);

impl Words<'_> {
    fn away(&self, trouble: Trouble, observation: &Observation) -> String {
        let since = self.time(trouble.since);
        let (what, failure) = match &observation.data_api {
            DataApiHealth::Failing {
                is_refusing: true,
                failure,
                ..
            } => (
                "La API de datos de SAM rechaza los cambios",
                failure.as_str(),
            ),
            DataApiHealth::Failing { failure, .. } => ("SAM no responde", failure.as_str()),
            DataApiHealth::Unknown | DataApiHealth::Answers => ("SAM no responde", ""),
        };
        let failure = match failure {
            "" => String::new(),
            failure => format!(" Falla: {failure}."),
        };
        let waiting = match observation.waiting {
            0 => "ahora no espera ninguno".to_owned(),
            1 => "ahora espera 1".to_owned(),
            many => format!("ahora esperan {many}"),
        };
        let place = self.place("caso 5");
        format!(
            "{what} desde {since}.{failure} Los callbacks se guardan y se entregarán solos cuando se \
             recupere: {waiting}. {place}"
        )
    }

    fn dead(&self, trouble: Trouble, observation: &Observation) -> String {
        let count = match (trouble.count, trouble.before) {
            (1, _) => "1 entrega fallida".to_owned(),
            (many, None) => format!("{many} entregas fallidas"),
            (many, Some(before)) => format!("Ya son {many} entregas fallidas (antes {before})"),
        };
        let count = self.at_least(count, observation);
        let place = self.place("caso 8");
        format!(
            "{count}: nadie las entregará solo. Arregle la causa y vuelva a ponerlas en espera. {place}"
        )
    }

    fn waiting(&self, trouble: Trouble, observation: &Observation) -> String {
        let since = self.time(trouble.since);
        let waiting = match observation.waiting {
            1 => "1 cambio espera".to_owned(),
            many => format!("{many} cambios esperan"),
        };
        let waiting = self.at_least(waiting, observation);
        if observation.mailbox_uncollected_since.is_some() {
            let place = self.place("caso 5");
            return format!(
                "Nadie recoge el buzón desde {since}: {waiting}. Revise la instancia que lo recoge \
                 (collect_origin). {place}"
            );
        }
        let place = self.place("casos 1 y 5");
        format!(
            "{waiting} entrega; el más antiguo, desde {since}. Se reintenta solo, pero conviene ver por \
             qué no se acepta. {place}"
        )
    }

    fn overdue(&self, trouble: Trouble) -> String {
        let count = match (trouble.count, trouble.before) {
            (1, _) => "1 ejecución sigue activa sin callback".to_owned(),
            (many, None) => format!("{many} ejecuciones siguen activas sin callback"),
            (many, Some(before)) => {
                format!("Ya son {many} las ejecuciones activas sin callback (antes {before})")
            }
        };
        let place = self.place("casos 1 y 3");
        format!("{count}, más tiempo del normal. {place}")
    }

    fn at_least(&self, count: String, observation: &Observation) -> String {
        match observation.is_whole {
            true => count,
            false => format!("{count} (por lo menos)"),
        }
    }

    /// Where to look, and what to do.
    fn place(&self, cases: &str) -> String {
        let root = &self.0.root_path;
        format!("Vea {root}/panel y la guía de guardia, {cases}.")
    }

    /// «las 02:13 del 29/11 (UTC-05:00)»
    fn time(&self, millis: u64) -> String {
        let UtcOffset { behind, distance } = self.0.utc_offset;
        let distance = millis_in(distance);
        let local = match behind {
            true => millis.saturating_sub(distance),
            false => millis.saturating_add(distance),
        };
        let text = rfc3339_seconds(local);
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
        let (month, day, clock) = (part(5..7), part(8..10), part(11..16));
        let article = if clock.starts_with("01") { "la" } else { "las" };
        let zone = match distance / 60_000 {
            0 => "UTC".to_owned(),
            minutes => {
                let sign = if behind { '-' } else { '+' };
                format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        };
        format!("{article} {clock} del {day}/{month} ({zone})")
    }
}
