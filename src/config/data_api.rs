//! The data API: which one, where it is, what is sent to it, and what SAM's table is called there.

use std::time::Duration;

use super::error::SettingError;
use super::parse;
use super::reader::Reader;
use super::{COLUMNS, Noted, Secret, UtcOffset, pasted, secrets, settings, utc_offset};
use crate::http::message::Headers;

/// `data_api`, with the settings of the one chosen.
#[derive(Debug, Clone)]
pub enum DataApiSettings {
    /// Rows in the host's key-value store; dates are UTC shifted by this offset.
    Embedded {
        /// `sam_utc_offset`.
        utc_offset: UtcOffset,
    },
    /// Microsoft's Data API builder.
    Dab(RemoteSettings),
    /// PostgREST, also as Supabase serves it.
    Postgrest(RemoteSettings),
}

/// A data API that is a server.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// Where it is.
    pub server: ServerSettings,
    /// How SAM's table is written to.
    pub ejecuciones: WriteTarget,
    /// What operators may read.
    pub readers: Readers,
    /// `sam_utc_offset`, for dates that the component sets.
    pub utc_offset: UtcOffset,
}

/// The database's own procedures that only read, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    /// `sam_lookup_procedure`: one row.
    pub lookup: Option<String>,
    /// `sam_overdue_procedure`: rows that are active too long without a callback.
    pub overdue: Option<String>,
}

impl DataApiSettings {
    /// With what operators may read, where rows are a server's.
    pub fn with_readers(mut self, readers: Readers) -> Self {
        if let Self::Dab(remote) | Self::Postgrest(remote) = &mut self {
            remote.readers = readers;
        }
        self
    }
}

/// Where a data API is and what is sent to it.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// `data_api_origin`: scheme, host and port.
    pub origin: String,
    /// `data_api_path`: empty, or `/…` without a slash at its end.
    pub path: String,
    /// `data_api_headers`; their values are never printed.
    pub headers: Headers,
    /// `data_api_timeout_ms`, for one attempt.
    pub timeout: Duration,
    /// Where it wants a bearer token.
    pub oauth: Option<OAuthSettings>,
}

/// Where the bearer token comes from: OAuth2 client credentials (RFC 6749, 4.4).
#[derive(Debug, Clone)]
pub struct OAuthSettings {
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
pub enum WriteTarget {
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
    columns: Columns,
}

/// What the columns of a table are called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Columns {
    /// As SAM calls them.
    AsInSam,
    /// As listed; those that are not are left out.
    Renamed(Vec<(&'static str, String)>),
}

impl DataApiSettings {
    /// Whether it has tables that somebody else can read.
    pub fn has_tables(&self) -> bool {
        match self {
            Self::Embedded { .. } => false,
            Self::Dab(_) | Self::Postgrest(_) => true,
        }
    }
}

impl Table {
    /// A table whose columns have their own names.
    pub fn plain(name: String) -> Self {
        let columns = Columns::AsInSam;
        Self { name, columns }
    }

    /// What SAM's `column` is called here; `None` where it is left out.
    pub fn column<'a>(&'a self, column: &'a str) -> Option<&'a str> {
        let columns = match &self.columns {
            Columns::AsInSam => return Some(column),
            Columns::Renamed(columns) => columns,
        };
        let (_, name) = columns.iter().find(|(sams, _)| *sams == column)?;
        Some(name)
    }
}

#[derive(Clone, Copy)]
enum DataApiKind {
    Embedded,
    Dab,
    Postgrest,
}

const DATA_API_KINDS: &[(&str, DataApiKind)] = &[
    ("embedded", DataApiKind::Embedded),
    ("dab", DataApiKind::Dab),
    ("postgrest", DataApiKind::Postgrest),
];

/// Entra ID's token endpoint.
const ENTRA: &str = "https://login.microsoftonline.com";

/// A caller waits no longer than this for all attempts.
const LONGEST_TIMEOUT: usize = 10_000;

/// Which data API, and its settings.
pub fn read(reader: &mut Reader) -> Result<DataApiSettings, Noted> {
    let kind = reader.read(settings::DATA_API, |value| {
        parse::one_of(value, DATA_API_KINDS)
    });
    let server = read_server(reader);
    let ejecuciones = read_target(reader);
    let utc_offset = reader.read(settings::SAM_UTC_OFFSET, utc_offset::parse);
    let (kind, utc_offset) = (kind?, utc_offset?);
    let remote = RemoteSettings {
        server: server?,
        ejecuciones: ejecuciones?,
        readers: Readers::default(),
        utc_offset,
    };
    Ok(match kind {
        DataApiKind::Embedded => DataApiSettings::Embedded { utc_offset },
        DataApiKind::Dab => DataApiSettings::Dab(remote),
        DataApiKind::Postgrest => DataApiSettings::Postgrest(remote),
    })
}

fn read_server(reader: &mut Reader) -> Result<ServerSettings, Noted> {
    let origin = reader.read(settings::DATA_API_ORIGIN, parse::origin);
    let path = reader.read(settings::DATA_API_PATH, parse::root_path);
    let headers = reader.read(settings::DATA_API_HEADERS, parse::header_values);
    let timeout = reader.read(settings::DATA_API_TIMEOUT_MS, |value| {
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
        secrets::note_sent(reader, settings::DATA_API_HEADERS, last);
    }
    if oauth.is_some() && headers.first("authorization").is_some() {
        let what =
            "tiene Authorization, y oauth_client_id también la pondría: use solo una de las dos";
        return Err(reader.problem(settings::DATA_API_HEADERS, SettingError::new(what)));
    }
    Ok(ServerSettings {
        origin: origin?,
        path: path?,
        headers,
        timeout: Duration::from_millis(timeout? as u64),
        oauth,
    })
}

/// `None`: no bearer token is wanted.
fn read_oauth(reader: &mut Reader) -> Result<Option<OAuthSettings>, Noted> {
    let origin = reader.read(settings::OAUTH_ORIGIN, parse::origin);
    let path = reader.read(settings::OAUTH_PATH, parse::root_path);
    let client_id = reader.read(settings::OAUTH_CLIENT_ID, parse::text);
    let client_secret = secrets::sent(reader, settings::OAUTH_CLIENT_SECRET);
    let scope = reader.read(settings::OAUTH_SCOPE, parse::text);
    let (origin, path, client_id) = (origin?, path?, client_id?);
    let (client_secret, scope) = (client_secret?, scope?);
    if path.is_empty() && client_id.is_none() && client_secret.is_none() && scope.is_none() {
        return Ok(None);
    }
    if origin == ENTRA && client_secret.as_ref().is_some_and(is_guid) {
        let what = "parece el id. del secreto: en Entra ID, ponga su valor (columna «Valor»)";
        return Err(reader.problem(settings::OAUTH_CLIENT_SECRET, SettingError::new(what)));
    }
    let lacking = [
        (settings::OAUTH_PATH, path.is_empty()),
        (settings::OAUTH_CLIENT_ID, client_id.is_none()),
        (settings::OAUTH_CLIENT_SECRET, client_secret.is_none()),
    ];
    for (setting, is_lacking) in lacking {
        if is_lacking {
            let what = "falta, y las demás oauth_* están configuradas";
            reader.problem(setting, SettingError::new(what));
        }
    }
    if path.is_empty() {
        return Err(Noted);
    }
    Ok(Some(OAuthSettings {
        url: format!("{origin}{path}"),
        client_id: client_id.ok_or(Noted)?,
        client_secret: client_secret.ok_or(Noted)?,
        scope,
    }))
}

/// Entra ID's secrets are no GUIDs, but it shows a GUID beside each.
fn is_guid(secret: &Secret) -> bool {
    let groups: Vec<_> = secret.expose().split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().all(is_hex) && groups.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12])
}

fn read_target(reader: &mut Reader) -> Result<WriteTarget, Noted> {
    let by_procedure = reader.read(settings::SAM_WRITE, |value| {
        parse::one_of(value, &[("procedure", true), ("table", false)])
    });
    let procedure = reader.read(settings::SAM_PROCEDURE, parse::identifier);
    let name = reader.read(settings::SAM_TABLE, parse::identifier);
    let columns = reader.read(settings::SAM_COLUMNS, columns);
    let (procedure, name, columns) = (procedure?, name?, columns?);
    Ok(match by_procedure? {
        true => WriteTarget::Procedure(procedure),
        false => WriteTarget::Table(Table {
            name,
            columns: Columns::Renamed(columns),
        }),
    })
}

/// What operators may read. What is wrong with it stops no change, and is not read.
pub fn read_readers(reader: &mut Reader) -> Readers {
    let mut procedure = |setting| reader.read(setting, parse::optional_identifier);
    let overdue = procedure(settings::SAM_OVERDUE_PROCEDURE);
    let lookup = procedure(settings::SAM_LOOKUP_PROCEDURE);
    Readers {
        lookup: lookup.ok().flatten(),
        overdue: overdue.ok().flatten(),
    }
}

/// A name for each of SAM's columns, in their order; `-` leaves one out.
fn columns(value: &str) -> Result<Vec<(&'static str, String)>, SettingError> {
    let words = pasted::words(value);
    if words.len() != COLUMNS.len() {
        return Err(SettingError::new(format!(
            "debe llevar {} nombres separados por espacios, en el orden de {}; «-» omite una",
            COLUMNS.len(),
            COLUMNS.join(" ")
        )));
    }
    if words[..2].iter().any(|word| word == "-") {
        return Err(SettingError::new(
            "las dos primeras, la clave y el estado, no se pueden omitir",
        ));
    }
    let mut columns = Vec::new();
    for (sams, word) in COLUMNS.into_iter().zip(words) {
        if word == "-" {
            continue;
        }
        let name = parse::column(&word)?;
        if columns.iter().any(|(_, known)| *known == name) {
            return Err(SettingError::new("una columna aparece dos veces"));
        }
        columns.push((sams, name));
    }
    Ok(columns)
}
