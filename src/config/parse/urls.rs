//! Addresses of servers.

use std::net::IpAddr;

use crate::config::error::SettingError;
use crate::config::pasted;
use crate::http::message::{Authority, Uri};

/// Where a server is: `http` or `https`, host, perhaps a port, and nothing more.
pub fn origin(value: &str) -> Result<String, SettingError> {
    let origin = value.strip_suffix('/').unwrap_or(value);
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme));
    if rest.is_some_and(is_host_and_port) {
        Ok(origin.to_owned())
    } else {
        Err(SettingError(format!(
            "debe tener la forma https://servidor[:puerto], sin ruta ni usuario{}",
            misplaced(origin)
        )))
    }
}

/// The same; there may be none.
pub fn optional_origin(value: &str) -> Result<Option<String>, SettingError> {
    match value {
        "" => Ok(None),
        _ => origin(value).map(Some),
    }
}

/// Whether nobody on the way can read or change what is exchanged with this origin: by TLS, or since
/// there is no way.
pub fn is_confidential(origin: &str) -> bool {
    let Some(rest) = origin.strip_prefix("http://") else {
        return true;
    };
    let host = rest.parse::<Authority>().ok();
    let host = host.as_ref().map_or("", |authority| authority.host());
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// Path and query of an address at an origin; there may be none.
pub fn target(value: &str) -> Result<Option<String>, SettingError> {
    if value.is_empty() {
        return Ok(None);
    }
    if pasted::unfilled(value).is_some() || value.contains(['<', '>', '{', '}']) {
        return Err(SettingError::new(
            "tiene una parte de ejemplo sin reemplazar: ponga la ruta real",
        ));
    }
    let is_right = value.starts_with('/')
        && !value.starts_with("//")
        && !value.contains('#')
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && value.parse::<Uri>().is_ok_and(|uri| uri.host().is_none());
    match is_right {
        true => Ok(Some(value.to_owned())),
        false => Err(SettingError::new(
            "debe ser la ruta en ese servidor, como /.well-known/jwks.json",
        )),
    }
}

/// What stands in an origin that belongs elsewhere, where that is plain.
fn misplaced(origin: &str) -> &'static str {
    let Some((scheme, rest)) = origin.split_once("://") else {
        return "; le falta «https://»";
    };
    match rest {
        _ if pasted::unfilled(origin).is_some() || rest.contains(['<', '{']) => {
            "; tiene una parte de ejemplo sin reemplazar"
        }
        _ if rest.contains([' ', ',', ';']) => "; se admite una sola",
        _ if rest.contains('@') => "; lleva un usuario",
        _ if rest.contains(['/', '?', '#']) => "; la ruta va en el ajuste que termina en _path",
        _ if scheme.chars().any(char::is_uppercase) => "; el esquema va en minúsculas",
        _ => "",
    }
}

fn is_host_and_port(text: &str) -> bool {
    // A parser for whole URLs would leave out what stands behind it.
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let Some(port) = text.strip_prefix(host) else {
        return false;
    };
    let port_is_right = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse().is_ok_and(|port: u16| port > 0)
        });
    let host_is_right = host.starts_with('[')
        || host
            .split('.')
            .all(|label| !label.is_empty() && !label.contains('*'));
    port_is_right && host_is_right
}

/// An address as a caller has it: `http` or `https`, host, path. There may be none.
pub fn url(value: &str) -> Result<Option<String>, SettingError> {
    if value.is_empty() {
        return Ok(None);
    }
    if pasted::unfilled(value).is_some() || value.contains(['<', '>', '{', '}']) {
        return Err(SettingError::new(
            "tiene una parte de ejemplo sin reemplazar: ponga la dirección real",
        ));
    }
    let url = value.parse::<Uri>().ok();
    let is_right = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some()
    });
    match is_right {
        true => Ok(Some(value.to_owned())),
        false => Err(SettingError::new(
            "debe ser la URL completa, como https://…/blizwork",
        )),
    }
}
