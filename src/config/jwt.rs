//! What makes a JWT valid: the keys, or where the signer publishes them, and what the token must say.

use std::time::Duration;

use super::error::SettingError;
use super::parse;
use super::reader::Reader;
use super::{Noted, settings};
use crate::credentials::Keys;

/// What makes a JWT valid.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// `jwt_public_key`: who may have signed it.
    pub keys: Option<Keys>,
    /// Where the signer publishes others.
    pub published: Option<PublishedKeysSettings>,
    /// `jwt_issuer`: what `iss` must be, where set.
    pub issuer: Option<String>,
    /// `jwt_audience`: what `aud` must name, where set.
    pub audience: Option<String>,
    /// `jwt_leeway_seconds`: how far clocks may differ.
    pub leeway: Duration,
}

/// Where a signer publishes its keys.
#[derive(Debug, Clone)]
pub struct PublishedKeysSettings {
    /// `jwt_jwks_origin` and `jwt_jwks_path`.
    pub url: String,
    /// `jwt_jwks_refresh_minutes`: how old they may be.
    pub refresh: Duration,
}

/// An hour, in seconds: clocks that differ by more are broken, and a token lives hardly longer.
const LONGEST_LEEWAY: usize = 3600;

/// A week, in minutes: a key that is withdrawn must not be good for longer.
const LONGEST_REFRESH: usize = 7 * 24 * 60;

/// `None`: no key is set, nor where keys are.
pub fn read(reader: &mut Reader) -> Result<Option<JwtSettings>, Noted> {
    let keys = reader.read(settings::JWT_PUBLIC_KEY, parse::keys);
    let published = read_published_keys(reader);
    let issuer = reader.read(settings::JWT_ISSUER, parse::claim);
    let audience = reader.read(settings::JWT_AUDIENCE, parse::claim);
    let leeway = reader.read(settings::JWT_LEEWAY_SECONDS, |value| {
        parse::number(value, 0, LONGEST_LEEWAY)
    });
    let (keys, published, issuer) = (keys?, published?, issuer?);
    let (audience, leeway) = (audience?, leeway?);
    for left_out in keys.iter().flat_map(Keys::left_out) {
        reader.warning(settings::JWT_PUBLIC_KEY, format!("se omite la {left_out}"));
    }
    Ok(
        (keys.is_some() || published.is_some()).then(|| JwtSettings {
            keys,
            published,
            issuer,
            audience,
            leeway: Duration::from_secs(leeway as u64),
        }),
    )
}

/// `None`: the signer's keys are not fetched.
fn read_published_keys(reader: &mut Reader) -> Result<Option<PublishedKeysSettings>, Noted> {
    let origin = reader.read(settings::JWT_JWKS_ORIGIN, parse::optional_origin);
    let path = reader.read(settings::JWT_JWKS_PATH, parse::target);
    let refresh = reader.read(settings::JWT_JWKS_REFRESH_MINUTES, |value| {
        parse::number(value, 1, LONGEST_REFRESH)
    });
    let (origin, path, refresh) = (origin?, path?, refresh?);
    let lacking = match (&origin, &path) {
        (Some(_), None) => Some((settings::JWT_JWKS_PATH, settings::JWT_JWKS_ORIGIN)),
        (None, Some(_)) => Some((settings::JWT_JWKS_ORIGIN, settings::JWT_JWKS_PATH)),
        _ => None,
    };
    if let Some((setting, other)) = lacking {
        let what = format!("falta, y {other} está configurada");
        return Err(reader.problem(setting, SettingError(what)));
    }
    let Some((origin, path)) = origin.zip(path) else {
        return Ok(None);
    };
    // Whoever can change the reply on its way can sign tokens.
    if !reader.is_development && !parse::is_confidential(&origin) {
        let what = "debe empezar por https://: con http, cualquiera en el camino puede cambiar las \
                    claves; solo se admite con environment=development o en este mismo equipo";
        return Err(reader.problem(settings::JWT_JWKS_ORIGIN, SettingError::new(what)));
    }
    Ok(Some(PublishedKeysSettings {
        url: format!("{origin}{path}"),
        refresh: Duration::from_secs(refresh as u64 * 60),
    }))
}
