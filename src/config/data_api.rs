//! The data API: which one, where it is, what it is shown, and what SAM's table is called there.

use std::time::Duration;

use super::parse::{self, Fault};
use super::reader::Reader;
use super::{Secret, UtcOffset, pasted, secrets};
use crate::delivery::COLUMNS;
use crate::http::message::Headers;

/// `data_api`, with the settings of the one chosen.
#[derive(Debug, Clone)]
pub enum DataApi {
    /// Rows in the host's key-value store; dates are UTC shifted by this offset.
    Embedded {
        /// `sam_utc_offset`.
        utc_offset: UtcOffset,
    },
    /// Microsoft's Data API builder.
    Dab(Remote),
    /// PostgREST, also as Supabase serves it.
    Postgrest(Remote),
}

/// A data API that is a server.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Where it is.
    pub server: Server,
    /// How SAM's table is written to.
    pub ejecuciones: Target,
    /// `sam_utc_offset`, for dates that the component sets.
    pub utc_offset: UtcOffset,
}

/// Where a data API is and what it is shown.
#[derive(Debug, Clone)]
pub struct Server {
    /// `data_api_origin`: scheme, host and port.
    pub origin: String,
    /// `data_api_path`: empty, or `/…` without a slash at its end.
    pub path: String,
    /// `data_api_headers`; their values are never printed.
    pub headers: Headers,
    /// `data_api_timeout_ms`, for one attempt.
    pub timeout: Duration,
    /// Where it wants a bearer token.
    pub oauth: Option<OAuth>,
}

/// Where the bearer token comes from: OAuth2 client credentials (RFC 6749, 4.4).
#[derive(Debug, Clone)]
pub struct OAuth {
    /// `oauth_origin` and `oauth_path`: the token endpoint.
    pub url: String,
    /// `oauth_client_id`.
    pub client_id: String,
    /// `oauth_client_secret`.
    pub client_secret: Secret,
    /// `oauth_scope`, where set.
    pub scope: Option<String>,
}

/// `sam_write`: what a change is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The database's own procedure or function, by its name: it guards the row itself.
    Procedure(String),
    /// The table.
    Table(Table),
}

/// A table as an installation has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What SAM's columns are called here, but for those left out. `None`: as everywhere.
    columns: Option<Vec<(&'static str, String)>>,
}

impl Table {
    /// A table whose columns have their own names.
    pub fn plain(name: String) -> Self {
        let columns = None;
        Self { name, columns }
    }

    /// What SAM's `column` is called here; `None` where it is left out.
    pub fn column<'a>(&'a self, column: &'a str) -> Option<&'a str> {
        let Some(columns) = &self.columns else {
            return Some(column);
        };
        let (_, name) = columns.iter().find(|(sams, _)| *sams == column)?;
        Some(name)
    }
}

/// What an installation calls tables: `webhook_tables` and `blizwork_table`.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<(&'static str, Option<String>)>);

impl Names {
    /// The names that settings give to `entities`, in this order; all are unknown where they are
    /// wrong.
    pub fn read(
        &mut self,
        reader: &mut Reader,
        setting: &'static str,
        entities: &'static [&'static str],
    ) -> bool {
        let names = reader.read(setting, |value| parse::identifiers(value, entities.len()));
        let is_right = names.is_some();
        let names = names.map_or(vec![None; entities.len()], |names| {
            names.into_iter().map(Some).collect()
        });
        self.0.extend(entities.iter().copied().zip(names));
        is_right
    }

    /// The table of this name, as it is called here; `None` where the setting that says so is wrong.
    pub fn table(&self, entity: &str) -> Option<Table> {
        let named = self.0.iter().find(|(name, _)| *name == entity);
        let name = named.map_or_else(|| Some(entity.to_owned()), |(_, name)| name.clone());
        name.map(Table::plain)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Embedded,
    Dab,
    Postgrest,
}

const KINDS: &[(&str, Kind)] = &[
    ("embedded", Kind::Embedded),
    ("dab", Kind::Dab),
    ("postgrest", Kind::Postgrest),
];

/// Entra ID's token endpoint.
const ENTRA: &str = "https://login.microsoftonline.com";

/// A caller waits no longer than this for all attempts.
const LONGEST_TIMEOUT: usize = 10_000;

/// The data API; `None` after noting what is wrong.
pub fn read(reader: &mut Reader) -> Option<DataApi> {
    let kind = reader.read("data_api", |value| parse::one_of(value, KINDS));
    let server = read_server(reader);
    let ejecuciones = read_target(reader);
    let utc_offset = reader.read("sam_utc_offset", parse::utc_offset);
    let (kind, utc_offset) = (kind?, utc_offset?);
    let remote = Remote {
        server: server?,
        ejecuciones: ejecuciones?,
        utc_offset,
    };
    Some(match kind {
        Kind::Embedded => DataApi::Embedded { utc_offset },
        Kind::Dab => DataApi::Dab(remote),
        Kind::Postgrest => DataApi::Postgrest(remote),
    })
}

fn read_server(reader: &mut Reader) -> Option<Server> {
    let origin = reader.read("data_api_origin", parse::origin);
    let path = reader.read("data_api_path", parse::root_path);
    let headers = reader.read("data_api_headers", parse::header_values);
    let timeout = reader.read("data_api_timeout_ms", |value| {
        parse::number(value, 1, LONGEST_TIMEOUT)
    });
    let oauth = read_oauth(reader);
    let (headers, oauth) = (headers?, oauth?);
    for (_, value) in headers.as_fields() {
        // Also what stands behind `Bearer`.
        let last = value
            .rsplit(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        secrets::note_shown(reader, "data_api_headers", last);
    }
    if oauth.is_some() && headers.first("authorization").is_some() {
        let fault =
            "lleva Authorization, y también la pondría oauth_client_id: solo una de las dos";
        reader.problem("data_api_headers", Fault::new(fault));
        return None;
    }
    Some(Server {
        origin: origin?,
        path: path?,
        headers,
        timeout: Duration::from_millis(timeout? as u64),
        oauth,
    })
}

/// `Some(None)`: no bearer token is wanted.
fn read_oauth(reader: &mut Reader) -> Option<Option<OAuth>> {
    let origin = reader.read("oauth_origin", parse::origin);
    let path = reader.read("oauth_path", parse::root_path);
    let client_id = reader.read("oauth_client_id", parse::text);
    let client_secret = secrets::shown(reader, "oauth_client_secret");
    let scope = reader.read("oauth_scope", parse::text);
    let (origin, path, client_id) = (origin?, path?, client_id?);
    let (client_secret, scope) = (client_secret?, scope?);
    if path.is_empty() && client_id.is_none() && client_secret.is_none() && scope.is_none() {
        return Some(None);
    }
    if origin == ENTRA && client_secret.as_ref().is_some_and(is_guid) {
        let fault = "parece el id. del secreto: en Entra ID, ponga su valor (columna «Valor»)";
        reader.problem("oauth_client_secret", Fault::new(fault));
        return None;
    }
    let lacking = [
        ("oauth_path", path.is_empty()),
        ("oauth_client_id", client_id.is_none()),
        ("oauth_client_secret", client_secret.is_none()),
    ];
    for (setting, lacks) in lacking {
        if lacks {
            let fault = "falta, y las demás oauth_* están puestas";
            reader.problem(setting, Fault::new(fault));
        }
    }
    if path.is_empty() {
        return None;
    }
    Some(Some(OAuth {
        url: format!("{origin}{path}"),
        client_id: client_id?,
        client_secret: client_secret?,
        scope,
    }))
}

/// Entra ID's secrets are no GUIDs, but it shows a GUID beside each.
fn is_guid(secret: &Secret) -> bool {
    let groups: Vec<_> = secret.expose().split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().all(is_hex) && groups.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12])
}

fn read_target(reader: &mut Reader) -> Option<Target> {
    let by_procedure = reader.read("sam_write", |value| {
        parse::one_of(value, &[("procedure", true), ("table", false)])
    });
    let procedure = reader.read("sam_procedure", parse::identifier);
    let name = reader.read("sam_table", parse::identifier);
    let columns = reader.read("sam_columns", columns);
    let (procedure, name, columns) = (procedure?, name?, columns?);
    Some(match by_procedure? {
        true => Target::Procedure(procedure),
        false => Target::Table(Table {
            name,
            columns: Some(columns),
        }),
    })
}

/// A name for each of SAM's columns, in their order; `-` leaves one out.
fn columns(value: &str) -> Result<Vec<(&'static str, String)>, Fault> {
    let words = pasted::words(value);
    if words.len() != COLUMNS.len() {
        return Err(Fault::new(format!(
            "debe llevar {} nombres separados por espacios, en el orden de {}; «-» omite una",
            COLUMNS.len(),
            COLUMNS.join(" ")
        )));
    }
    if words[..2].iter().any(|word| word == "-") {
        return Err(Fault::new(
            "las dos primeras, la clave y el estado, no se pueden omitir",
        ));
    }
    let mut columns = Vec::new();
    for (sams, word) in COLUMNS.into_iter().zip(words) {
        if word == "-" {
            continue;
        }
        let name = parse::column(&word)?;
        if columns.iter().any(|(_, taken)| *taken == name) {
            return Err(Fault::new("una columna aparece dos veces"));
        }
        columns.push((sams, name));
    }
    Ok(columns)
}
