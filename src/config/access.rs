//! Which credentials let callers in, for each endpoint.

use std::time::Duration;

use super::error::SettingError;
use super::parse;
use super::reader::Reader;
use super::{JwtSettings, Noted, Secret, Setup, SignatureKeys, jwt, secrets, settings};

/// The credentials that an endpoint accepts, each with its settings.
#[derive(Debug)]
pub struct AccessSettings {
    /// How many of them must be valid.
    pub requirement: Requirement,
    /// The static token, where it is accepted.
    pub static_token: Option<StaticTokens>,
    /// The JWT, where it is accepted.
    pub jwt: Option<JwtSettings>,
    /// The body's signature, where it is accepted.
    pub body_signature: Option<BodySignatureSettings>,
    /// The call token, where it is accepted.
    pub call_token: Option<CallTokenSettings>,
}

impl AccessSettings {
    /// None so far; any one of those that are added is enough.
    pub const NONE: Self = Self {
        requirement: Requirement::Any,
        static_token: None,
        jwt: None,
        body_signature: None,
        call_token: None,
    };
}

/// How many of the credentials must be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// One of them, whatever the others.
    Any,
    /// Each of them.
    All,
    /// None of them: everybody is let in.
    Open,
}

/// Accepted static tokens.
#[derive(Debug)]
pub struct StaticTokens {
    /// Accepted tokens.
    pub tokens: Vec<Secret>,
    /// Headers that one may come in, lower case.
    pub headers: Vec<String>,
    /// Whether the word `Bearer` stands before it there.
    pub bearer: bool,
}

/// What makes a signature of the body valid.
#[derive(Debug, Clone)]
pub struct BodySignatureSettings {
    /// The header that the hex HMAC comes in, lower case.
    pub header: &'static str,
    /// What it may be signed with.
    pub keys: SignatureKeys,
    /// `webhook_tolerance_seconds`: how far the signed time may be from now, where one is signed.
    pub tolerance: Duration,
}

/// How a call token is checked with who has made it.
#[derive(Debug, Clone)]
pub struct CallTokenSettings {
    /// `blizwork_api_origin`.
    pub origin: String,
    /// `blizwork_api_token`.
    pub api_token: Secret,
    /// `blizwork_endpoint_url`: the address that was called.
    pub endpoint_url: String,
    /// `blizwork_token_field`: where the body may have the token; the first that is there counts.
    pub fields: Vec<String>,
}

/// `callback_auth_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AuthMode {
    /// One valid credential is enough.
    Optional,
    /// The static token and the JWT.
    Required,
    /// The static token, whatever the JWT.
    Strict,
    /// No credential; development only.
    None,
}

const MODES: &[(&str, AuthMode)] = &[
    ("optional", AuthMode::Optional),
    ("required", AuthMode::Required),
    ("strict", AuthMode::Strict),
    ("none", AuthMode::None),
];

/// A day, in seconds: for as long a message that was overheard can be sent again.
const LONGEST_TOLERANCE: usize = 86_400;

/// Who may send callbacks.
pub fn read_callback(
    reader: &mut Reader,
    is_development: Result<bool, Noted>,
) -> Result<AccessSettings, Noted> {
    let mode = reader.read(settings::CALLBACK_AUTH_MODE, |value| {
        parse::one_of(value, MODES)
    });
    let static_token = read_static_tokens(reader);
    let jwt = jwt::read(reader);

    if mode == Ok(AuthMode::None) && is_development == Ok(false) {
        let error = SettingError::new("«none» solo se admite con environment=development");
        return Err(reader.problem(settings::CALLBACK_AUTH_MODE, error));
    }
    let (mode, static_token, jwt) = (mode?, static_token?, jwt?);
    require_credentials(reader, mode, static_token.is_some(), jwt.is_some())?;
    Ok(AccessSettings {
        requirement: match mode {
            AuthMode::Optional | AuthMode::Strict => Requirement::Any,
            AuthMode::Required => Requirement::All,
            AuthMode::None => Requirement::Open,
        },
        static_token,
        jwt: jwt.filter(|_| mode != AuthMode::Strict),
        ..AccessSettings::NONE
    })
}

/// Notes the credentials that the mode needs and that are not set.
fn require_credentials(
    reader: &mut Reader,
    mode: AuthMode,
    has_token: bool,
    has_key: bool,
) -> Result<(), Noted> {
    let mut lacking = Vec::new();
    match mode {
        AuthMode::Optional if !has_token && !has_key => lacking.push((
            settings::CALLBACK_TOKEN,
            "falta, o falta jwt_public_key o jwt_jwks_origin: no hay ninguna credencial que comprobar",
        )),
        AuthMode::Required | AuthMode::Strict if !has_token => {
            lacking.push((
                settings::CALLBACK_TOKEN,
                "falta, y callback_auth_mode la exige",
            ));
        }
        _ => {}
    }
    if mode == AuthMode::Required && !has_key {
        lacking.push((
            settings::JWT_PUBLIC_KEY,
            "falta, o falta jwt_jwks_origin, y callback_auth_mode la exige",
        ));
    }
    if lacking.is_empty() {
        return Ok(());
    }
    for (setting, what) in lacking {
        reader.problem(setting, SettingError::new(what));
    }
    Err(Noted)
}

/// Who may send messages.
pub fn read_messages(reader: &mut Reader) -> Setup<AccessSettings> {
    let keys = secrets::signature_keys(reader, settings::WEBHOOK_SECRET);
    let tolerance = reader.read(settings::WEBHOOK_TOLERANCE_SECONDS, |value| {
        parse::number(value, 1, LONGEST_TOLERANCE)
    });
    let read = || {
        let (Some(keys), tolerance) = (keys?, tolerance?) else {
            return Ok(None);
        };
        Ok(Some(AccessSettings {
            body_signature: Some(BodySignatureSettings {
                header: "x-webhook-signature",
                keys,
                tolerance: Duration::from_secs(tolerance as u64),
            }),
            ..AccessSettings::NONE
        }))
    };
    read().into()
}

/// Who may send Cal.com's events. They sign no time, so there is none to be compared.
pub fn read_cal(reader: &mut Reader) -> Setup<AccessSettings> {
    let secrets = secrets::tokens(reader, settings::CAL_SECRET);
    let access = secrets.map(|secrets| {
        let body_signature = (!secrets.is_empty()).then(|| BodySignatureSettings {
            header: "x-cal-signature-256",
            keys: SignatureKeys {
                plain: secrets,
                ..SignatureKeys::default()
            },
            tolerance: Duration::ZERO,
        })?;
        Some(AccessSettings {
            body_signature: Some(body_signature),
            ..AccessSettings::NONE
        })
    });
    access.into()
}

/// Who is an operator.
pub fn read_admin(reader: &mut Reader) -> Setup<AccessSettings> {
    let tokens = secrets::tokens(reader, settings::ADMIN_TOKEN);
    let access = tokens.map(|tokens| {
        let static_token = (!tokens.is_empty()).then_some(StaticTokens {
            tokens,
            headers: vec!["authorization".to_owned()],
            bearer: true,
        })?;
        Some(AccessSettings {
            static_token: Some(static_token),
            ..AccessSettings::NONE
        })
    });
    access.into()
}

/// Who is BlizWork.
pub fn read_blizwork(reader: &mut Reader) -> Setup<AccessSettings> {
    let origin = reader.read(settings::BLIZWORK_API_ORIGIN, parse::origin);
    let api_token = secrets::sent(reader, settings::BLIZWORK_API_TOKEN);
    let endpoint_url = reader.read(settings::BLIZWORK_ENDPOINT_URL, parse::url);
    let fields = reader.read(settings::BLIZWORK_TOKEN_FIELD, parse::fields);
    let lacks_token = matches!(api_token, Ok(None));
    let lacks_url = matches!(endpoint_url, Ok(None));
    if lacks_token && lacks_url {
        return Setup::NotSet;
    }
    for (setting, is_lacking) in [
        (settings::BLIZWORK_API_TOKEN, lacks_token),
        (settings::BLIZWORK_ENDPOINT_URL, lacks_url),
    ] {
        if is_lacking {
            let what = "falta, y sin ella no se puede comprobar ninguna llamada";
            reader.problem(setting, SettingError::new(what));
        }
    }
    let read = || {
        Ok(CallTokenSettings {
            origin: origin?,
            api_token: api_token?.ok_or(Noted)?,
            endpoint_url: endpoint_url?.ok_or(Noted)?,
            fields: fields?,
        })
    };
    let access = read().map(|call_token| {
        Some(AccessSettings {
            call_token: Some(call_token),
            ..AccessSettings::NONE
        })
    });
    access.into()
}

/// `None`: no token is set.
fn read_static_tokens(reader: &mut Reader) -> Result<Option<StaticTokens>, Noted> {
    let tokens = secrets::tokens(reader, settings::CALLBACK_TOKEN);
    let headers = reader.read(settings::CALLBACK_TOKEN_HEADERS, parse::headers);
    let (tokens, headers) = (tokens?, headers?);
    Ok((!tokens.is_empty()).then_some(StaticTokens {
        tokens,
        headers,
        bearer: false,
    }))
}
