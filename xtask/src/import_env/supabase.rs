//! The variables of Supabase's client: where the project is, and which of its keys may be shown here.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::verdict::Verdict;

/// Why no key that passes over the rights of rows is taken.
pub const NEVER: &str = "es una clave que pasa por encima de los permisos de las filas (secreta o \
                         service_role): aquí no va nunca. Hace falta la publicable y el token del rol \
                         sam_callback: deploy/supabase/README.md";

const PATH: &str = "/rest/v1";

/// `SUPABASE_URL`.
pub fn url(value: &str) -> Verdict {
    let url = value.trim_end_matches('/');
    let origin = url.strip_suffix(PATH).unwrap_or(url);
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme));
    let is_host = |host: &str| {
        let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(is_of_host)
    };
    match host.is_some_and(is_host) {
        true => Verdict::Set(
            vec![
                ("data_api", "postgrest".to_owned()),
                ("data_api_origin", origin.to_owned()),
                ("data_api_path", PATH.to_owned()),
            ],
            Some("las tablas y el rol se crean antes: deploy/supabase/README.md"),
        ),
        false => Verdict::Refused("no tiene la forma https://proyecto.supabase.co"),
    }
}

/// A key that opens the gateway; one that opens more is refused.
pub fn key(value: &str) -> Verdict {
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !value.bytes().all(is_of_key) {
        return Verdict::Refused("no es una clave de Supabase: deploy/supabase/README.md");
    }
    let note = match kind(value) {
        Kind::Publishable => {
            "falta Authorization, con el token del rol sam_callback: deploy/supabase/README.md, paso 2"
        }
        Kind::Anon => {
            "es la clave anon, que Supabase retira a fines de 2026: ponga la publicable. Y falta \
             Authorization, con el token del rol sam_callback: deploy/supabase/README.md, paso 2"
        }
        Kind::Other => return Verdict::Refused(NEVER),
    };
    let headers = format!(r#"{{"apikey":"{value}"}}"#);
    Verdict::Set(vec![("data_api_headers", headers)], Some(note))
}

enum Kind {
    Publishable,
    Anon,
    /// One that passes over the rights of rows, or may.
    Other,
}

fn kind(key: &str) -> Kind {
    if key.starts_with("sb_publishable_") {
        return Kind::Publishable;
    }
    // The legacy keys are JWTs that name their role.
    let claims = key.split('.').nth(1).unwrap_or_default();
    let claims = Base64UrlUnpadded::decode_vec(claims).unwrap_or_default();
    let claims = String::from_utf8(claims).unwrap_or_default();
    let claims: String = claims.split_whitespace().collect();
    match claims.contains(r#""role":"anon""#) {
        true => Kind::Anon,
        false => Kind::Other,
    }
}
