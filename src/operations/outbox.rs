//! What operators ask of the outbox: `/admin/outbox`, behind a door of their own.

use crate::http::message::StatusCode;
use serde::Serialize;

use crate::delivery::outbox::{
    Attempted, Drained, Entry, Found, Id, Page, Place, State, Stats, Texts,
};
use crate::http::{Refusal, Reply, Yes};

/// The only place there is, below the root path.
const OUTBOX: &str = "/admin/outbox";

/// Entries on a page, unless asked for others, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

/// What an operator asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `GET /admin/outbox?state=&limit=&before=`
    List {
        /// Which entries.
        state: State,
        /// How many at most.
        limit: usize,
        /// Those that came before this one.
        before: Option<Id>,
    },
    /// `GET /admin/outbox/stats`
    Stats,
    /// `GET /admin/outbox/<id>`
    Show(Id),
    /// `DELETE /admin/outbox/<id>`
    Remove(Id),
    /// `POST /admin/outbox/<id>/retry`
    Retry(Id),
    /// `POST /admin/outbox/<id>/requeue`
    Requeue(Id),
    /// `POST /admin/outbox/requeue`
    RequeueAll,
    /// `POST /admin/outbox/drain?all=`
    Drain {
        /// Also what is not due yet.
        all: bool,
    },
}

impl Call {
    /// The entry that it is about, where it is about one.
    pub fn id(self) -> Option<Id> {
        match self {
            Self::Show(id) | Self::Remove(id) | Self::Retry(id) | Self::Requeue(id) => Some(id),
            Self::List { .. } | Self::Stats | Self::RequeueAll | Self::Drain { .. } => None,
        }
    }
}

/// What a request asks for; `None` where the path is none of these.
pub fn call(method: &str, path: &str, query: &str) -> Option<Result<Call, Refusal>> {
    let rest = path.strip_prefix(OUTBOX)?;
    let mut pieces = rest.split('/');
    if pieces.next() != Some("") {
        return None;
    }
    let id = |text: &str| Id::parse(text).ok_or(Refusal::NoSuchEntry);
    let (asked, allowed) = match (pieces.next(), pieces.next(), pieces.next()) {
        (None, ..) => (list(query), "GET, HEAD"),
        (Some("stats"), None, _) => (Ok(Call::Stats), "GET, HEAD"),
        (Some("requeue"), None, _) => (Ok(Call::RequeueAll), "POST"),
        (Some("drain"), None, _) => (drain(query), "POST"),
        (Some(text), None, _) if method == "DELETE" => (id(text).map(Call::Remove), "DELETE"),
        (Some(text), None, _) => (id(text).map(Call::Show), "GET, HEAD, DELETE"),
        (Some(text), Some("retry"), None) => (id(text).map(Call::Retry), "POST"),
        (Some(text), Some("requeue"), None) => (id(text).map(Call::Requeue), "POST"),
        _ => return None,
    };
    let is_allowed = allowed.split(", ").any(|word| word == method);
    Some(match is_allowed {
        true => asked,
        false => Err(Refusal::MethodNotAllowed(allowed)),
    })
}

fn fields(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let fields = query.split('&').filter(|field| !field.is_empty());
    fields.map(|field| field.split_once('=').unwrap_or((field, "")))
}

fn list(query: &str) -> Result<Call, Refusal> {
    let (mut state, mut limit, mut before) = (State::Waiting, PAGE, None);
    for (name, value) in fields(query) {
        match (name, value) {
            ("state", "waiting") => state = State::Waiting,
            ("state", "dead") => state = State::Dead,
            ("limit", number) => {
                let number = number.parse().ok();
                let number = number.filter(|number| (1..=LARGEST_PAGE).contains(number));
                let what = || format!("debe ser un número entero de 1 a {LARGEST_PAGE}");
                limit = number.ok_or_else(|| wrong("limit", what()))?;
            }
            ("before", id) => {
                let id = Id::parse(id);
                before = Some(id.ok_or_else(|| wrong("before", "no es un id".to_owned()))?);
            }
            ("state", _) => return Err(wrong("state", "se admite: waiting, dead".to_owned())),
            _ => return Err(wrong("query", "se admite: state, limit, before".to_owned())),
        }
    }
    Ok(Call::List {
        state,
        limit,
        before,
    })
}

fn drain(query: &str) -> Result<Call, Refusal> {
    let mut all = false;
    for field in fields(query) {
        all = match field {
            ("all", "true") => true,
            ("all", "false") => false,
            _ => return Err(wrong("query", "se admite: all=true, all=false".to_owned())),
        };
    }
    Ok(Call::Drain { all })
}

fn wrong(name: &'static str, what: String) -> Refusal {
    Refusal::WrongQuery((name, what).into())
}

/// `GET /admin/outbox`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "Una página de entradas."))]
pub struct Listed<'a> {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    /// Newest first.
    #[cfg_attr(test, schemars(description = "las entradas, la más reciente primero"))]
    entries: Vec<Shown<'a>>,
    /// `before` of the next page, where there is one.
    #[cfg_attr(
        test,
        schemars(description = "`before` de la página siguiente; null si no la hay")
    )]
    next: Option<String>,
}

/// `GET /admin/outbox/<id>`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "Una entrada."))]
pub struct One<'a> {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    #[cfg_attr(test, schemars(description = "la entrada"))]
    entry: Shown<'a>,
}

/// An entry. One that cannot be read is shown all the same, so that it can be removed: what is in
/// it is null then.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(
    test,
    schemars(
        description = "Una entrada. De la que no se puede leer solo se sabe lo que dice su identificador.",
        rename = "Entry"
    )
)]
pub struct Shown<'a> {
    #[cfg_attr(test, schemars(description = "su identificador"))]
    id: String,
    #[cfg_attr(
        test,
        schemars(description = "`waiting`: espera; `dead`: nadie la tomará sin ayuda")
    )]
    state: &'static str,
    #[cfg_attr(test, schemars(description = "cuándo llegó"))]
    created: String,
    /// Only of one that waits.
    #[cfg_attr(
        test,
        schemars(description = "cuándo se volverá a intentar; null si ya no se intenta")
    )]
    due: Option<String>,
    /// The table.
    #[cfg_attr(test, schemars(description = "la tabla"))]
    entity: Option<&'a str>,
    #[cfg_attr(test, schemars(description = "la clave de la fila"))]
    key: Option<&'a str>,
    /// What the change would make of the row's state, where it is about one.
    #[cfg_attr(
        test,
        schemars(description = "el estado que pedía, si es de una ejecución")
    )]
    status: Option<&'a str>,
    #[cfg_attr(test, schemars(description = "quién avisó"))]
    source: Option<&'a str>,
    #[cfg_attr(test, schemars(description = "la petición que la trajo"))]
    request_id: Option<&'a str>,
    #[cfg_attr(test, schemars(description = "cuántas veces se intentó"))]
    tries: Option<u64>,
    /// Why the last attempt failed.
    #[cfg_attr(test, schemars(description = "por qué falló el último intento"))]
    failure: Option<&'a str>,
    /// Only of one that is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        test,
        schemars(description = "los últimos intentos; solo si se pide una entrada")
    )]
    attempts: Option<Vec<Attempt<'a>>>,
    /// Only of one that is shown alone: columns and their texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        test,
        schemars(
            description = "las columnas y sus textos; solo si se pide una entrada",
            with = "Option<std::collections::BTreeMap<String, String>>"
        )
    )]
    change: Option<Texts<'a>>,
}

/// An attempt that failed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "Un intento."))]
pub struct Attempt<'a> {
    #[cfg_attr(test, schemars(description = "cuándo"))]
    at: String,
    #[cfg_attr(test, schemars(description = "por qué falló"))]
    failure: &'a str,
}

/// `GET /admin/outbox/stats`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(description = "Cuánto espera."))]
pub struct Counted {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    /// Rows with a change that waits.
    #[cfg_attr(test, schemars(description = "filas con un cambio que espera"))]
    waiting: usize,
    /// Rows with a dead letter.
    #[cfg_attr(
        test,
        schemars(description = "filas con un cambio que nadie tomará sin ayuda")
    )]
    dead: usize,
    /// For how long the oldest change has waited.
    #[cfg_attr(
        test,
        schemars(
            description = "desde hace cuántos segundos espera el más antiguo; null si no espera ninguno"
        )
    )]
    oldest_seconds: Option<u64>,
}

/// `POST /admin/outbox/drain`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(description = "Qué ha hecho una ronda."))]
pub struct Round {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    #[cfg_attr(test, schemars(description = "filas que ya tienen su cambio"))]
    delivered: usize,
    #[cfg_attr(test, schemars(description = "filas que ya estaban en estado final"))]
    already_final: usize,
    #[cfg_attr(test, schemars(description = "intentos fallidos"))]
    failed: usize,
    #[cfg_attr(test, schemars(description = "cambios que ya nadie tomará sin ayuda"))]
    dead: usize,
    #[cfg_attr(
        test,
        schemars(description = "filas con un cambio que sigue esperando")
    )]
    waiting: usize,
}

/// `POST /admin/outbox/<id>/retry`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "Qué ha sido de una entrada."))]
pub struct Retried {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    #[cfg_attr(
        test,
        schemars(description = "`updated`, `already_final`, `no_row_yet`, `failed` o `dead`")
    )]
    result: &'static str,
    /// The name that the entry has now.
    #[cfg_attr(
        test,
        schemars(description = "el identificador que la entrada tiene ahora")
    )]
    id: String,
}

/// `POST /admin/outbox/<id>/requeue`, `POST /admin/outbox/requeue`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "Que vuelven a esperar."))]
pub struct Requeued {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    #[cfg_attr(test, schemars(description = "siempre `requeued`"))]
    result: &'static str,
    /// How many were put back.
    #[cfg_attr(test, schemars(description = "cuántas vuelven a esperar"))]
    entries: usize,
    /// The new name, where it is one.
    #[cfg_attr(test, schemars(description = "su nuevo identificador, si es una"))]
    id: Option<String>,
    /// How many dead letters are left.
    #[cfg_attr(test, schemars(description = "cuántas quedan apartadas"))]
    dead: usize,
}

/// `DELETE /admin/outbox/<id>`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "Que una entrada ya no está."))]
pub struct Removed {
    #[cfg_attr(test, schemars(description = "siempre OK"))]
    status: Yes,
    #[cfg_attr(test, schemars(description = "siempre `removed`"))]
    result: &'static str,
}

/// A page of entries, without what they carry.
pub fn page(page: &Page) -> Reply {
    let entries = page.entries.iter();
    ok(&Listed {
        status: Yes::Ok,
        entries: entries
            .map(|(id, place, entry)| shown(*id, *place, entry.as_ref()))
            .collect(),
        next: page.next.map(|id| id.to_string()),
    })
}

/// One entry, whole.
pub fn entry(id: Id, found: &Found) -> Reply {
    let entry = found.entry.as_ref();
    let attempts = entry.map(|entry| {
        let attempts = entry.attempts.iter();
        let attempts = attempts.map(|(at, why)| Attempt {
            at: time(*at),
            failure: why,
        });
        attempts.collect()
    });
    ok(&One {
        status: Yes::Ok,
        entry: Shown {
            attempts,
            change: entry.map(|entry| Texts(&entry.change)),
            ..shown(id, found.place, entry)
        },
    })
}

fn shown(id: Id, place: Option<Place>, entry: Option<&Entry>) -> Shown<'_> {
    let state = match place {
        Some(_) => State::Waiting,
        None => State::Dead,
    };
    let last = entry.and_then(|entry| entry.attempts.last());
    Shown {
        id: id.to_string(),
        state: state.name(),
        created: time(id.at),
        due: place.map(|place| time(place.due)),
        entity: entry.map(|entry| entry.change.entity.name.as_ref()),
        key: entry.map(|entry| entry.change.key.as_str()),
        status: entry.and_then(|entry| entry.change.guarded()),
        source: entry.map(|entry| entry.source.as_str()),
        request_id: entry.map(|entry| entry.request_id.as_str()),
        tries: entry.map(|entry| entry.tries),
        failure: last.map(|(_, why)| why.as_str()),
        attempts: None,
        change: None,
    }
}

/// How much there is.
pub fn stats(stats: Stats) -> Reply {
    ok(&Counted {
        status: Yes::Ok,
        waiting: stats.waiting,
        dead: stats.dead,
        oldest_seconds: stats.oldest_seconds,
    })
}

/// What a drain did.
pub fn drained(drained: Drained) -> Reply {
    ok(&Round {
        status: Yes::Ok,
        delivered: drained.delivered,
        already_final: drained.already_final,
        failed: drained.failed,
        dead: drained.dead,
        waiting: drained.waiting,
    })
}

/// What became of one entry, under the name it has now.
pub fn attempted(id: Id, attempted: Attempted) -> Reply {
    ok(&Retried {
        status: Yes::Ok,
        result: attempted.name(),
        id: id.to_string(),
    })
}

/// How many dead letters were put back, and how many are left. One alone is told its new name.
pub fn requeued(places: &[Place], left: usize) -> Reply {
    ok(&Requeued {
        status: Yes::Ok,
        result: "requeued",
        entries: places.len(),
        id: match places {
            [place] => Some(place.id.to_string()),
            _ => None,
        },
        dead: left,
    })
}

/// An entry is gone.
pub fn removed() -> Reply {
    ok(&Removed {
        status: Yes::Ok,
        result: "removed",
    })
}

fn ok(body: &impl Serialize) -> Reply {
    Reply::json(StatusCode::OK, body).uncached()
}

fn time(milliseconds: u64) -> String {
    let since = std::time::Duration::from_millis(milliseconds);
    let time = std::time::SystemTime::UNIX_EPOCH.checked_add(since);
    // Dates a thousand years away are not written.
    time.filter(|_| milliseconds < 1 << 45)
        .map(|time| humantime::format_rfc3339_millis(time).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
