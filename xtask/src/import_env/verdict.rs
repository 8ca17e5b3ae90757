//! What the value of an old variable becomes here: the rules of this project's settings, as far as a
//! value of the services before can break them. No sentence quotes a value that may be a secret.

use base64ct::{Base64, Encoding as _};

/// What is to be done with a value.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Settings and their values, and what the user is to know of them.
    Set(Vec<(&'static str, String)>, Option<&'static str>),
    /// Why the value is of no use here, and what would be.
    Refused(&'static str),
}

/// Least length of a token or secret, in characters; of a `whsec_` key, in bytes.
const LEAST: usize = 16;

/// What the paths of the component's other endpoints begin with.
const RESERVED: [&str; 10] = [
    ".well-known",
    "admin",
    "blizwork",
    "docs",
    "health",
    "mailbox",
    "metrics",
    "openapi.json",
    "panel",
    "webhook",
];

impl Verdict {
    /// One setting, and nothing to say.
    pub fn plain(name: &'static str, value: impl Into<String>) -> Self {
        Self::Set(vec![(name, value.into())], None)
    }
}

/// `CALLBACK_TOKEN`, `CALLBACK_API_KEY`.
pub fn callback_token(value: &str) -> Verdict {
    if !value.is_ascii() {
        return Verdict::Refused(
            "lleva tildes, eñes u otras letras que no llegan igual en una cabecera: genere otro \
             (openssl rand -hex 32) y cámbielo también en quien lo envía",
        );
    }
    weakness(value).map_or_else(|| Verdict::plain("callback_token", value), Verdict::Refused)
}

/// `WEBHOOK_SECRET`.
pub fn webhook_secret(value: &str) -> Verdict {
    let standard = value.strip_prefix("whsec_");
    let is_short_key = standard.is_some_and(|key| {
        let key = Base64::decode_vec(key).unwrap_or_default();
        key.len() < LEAST
    });
    if is_short_key {
        return Verdict::Refused(
            "lo que sigue a «whsec_» no es Base64 de 16 bytes o más: acuerde otra clave con quien firma",
        );
    }
    weakness(value).map_or_else(|| Verdict::plain("webhook_secret", value), Verdict::Refused)
}

/// `CAL_WEBHOOK_SECRET`. Cal.com signs with the characters as they stand, so no `whsec_` is read as
/// Base64.
pub fn cal_secret(value: &str) -> Verdict {
    weakness(value).map_or_else(|| Verdict::plain("cal_secret", value), Verdict::Refused)
}

/// Why a secret would not be accepted.
fn weakness(secret: &str) -> Option<&'static str> {
    if secret.contains("${") {
        return Some("lleva una variable sin sustituir (${…}): ponga el valor verdadero");
    }
    if secret.contains(char::is_whitespace) {
        return Some(
            "lleva un espacio, y aquí un espacio separa dos valores: genere otro \
             (openssl rand -hex 32) y cámbielo también en quien lo envía",
        );
    }
    let quotes = ['"', '\''];
    if secret.contains(',') || secret.starts_with(quotes) || secret.ends_with(['"', '\'', ';']) {
        return Some(
            "lleva una coma, o comillas o un punto y coma en un extremo: genere otro \
             (openssl rand -hex 32) y cámbielo también en quien lo envía",
        );
    }
    (secret.chars().count() < LEAST).then_some(
        "tiene menos de 16 caracteres, y aquí no se admite: genere otro (openssl rand -hex 32) y \
         cámbielo también en quien lo envía",
    )
}

/// `CALLBACK_AUTH_MODE`.
pub fn auth_mode(value: &str) -> Verdict {
    let mode = value.to_ascii_lowercase();
    match mode.as_str() {
        "optional" => Verdict::Set(
            vec![("callback_auth_mode", mode)],
            Some(
                "antes dejaba entrar a quien no traía ninguna credencial; aquí hace falta una, el \
                 token o el JWT",
            ),
        ),
        "required" | "strict" => Verdict::plain("callback_auth_mode", mode),
        "none" => Verdict::Refused(
            "«none» abre el servicio a cualquiera y solo se admite con environment=development: \
             se usa optional",
        ),
        _ => Verdict::Refused("se admite optional, required o strict: se usa optional"),
    }
}

/// `CALLBACK_ENDPOINT_PATH`: the old services took the slashes off its ends.
pub fn endpoint_path(value: &str) -> Verdict {
    let path = value.trim_matches('/');
    let segments: Vec<_> = path.split('/').collect();
    if RESERVED.contains(&segments[0]) {
        return Verdict::Refused("esa ruta es de otra parte del servicio: acuerde otra");
    }
    match path.is_empty() || segments.iter().all(|segment| is_segment(segment)) {
        true => Verdict::plain("callback_endpoint_path", format!("/{path}")),
        false => Verdict::Refused(
            "no es una ruta: empieza por «/» y no lleva servidor, espacios, «?», «#» ni «%»",
        ),
    }
}

/// `ROOT_PATH`, as FastAPI has it.
pub fn root_path(value: &str) -> Verdict {
    let path = value.trim_matches('/');
    if path.is_empty() {
        return Verdict::plain("root_path", "");
    }
    match path.split('/').all(is_segment) {
        true => Verdict::Set(
            vec![("root_path", format!("/{path}"))],
            Some("si el proxy de delante quita ese prefijo, déjelo vacío"),
        ),
        false => Verdict::Refused("no es un prefijo de rutas, como /api"),
    }
}

fn is_segment(segment: &str) -> bool {
    let is_of_path =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_of_path)
}

/// `LOG_LEVEL`, in Python's words.
pub fn log_level(value: &str) -> Verdict {
    let level = match value.to_ascii_uppercase().as_str() {
        "NOTSET" | "TRACE" | "DEBUG" => "debug",
        "INFO" => "info",
        "WARN" | "WARNING" => "warn",
        "ERROR" | "CRITICAL" | "FATAL" => "error",
        _ => return Verdict::Refused("se admite debug, info, warn o error: se usa info"),
    };
    Verdict::plain("log_level", level)
}

/// `JWT_ISSUER`.
pub fn issuer(value: &str) -> Verdict {
    Verdict::plain("jwt_issuer", value)
}

/// `JWT_AUDIENCE`.
pub fn audience(value: &str) -> Verdict {
    Verdict::plain("jwt_audience", value)
}
