//! The doors: which credentials open what.

use std::time::Duration;

use super::parse::{self, Fault};
use super::reader::Reader;
use super::{Secret, secrets};
use crate::credentials::{Keys, SignatureKeys};

/// The door of an endpoint: the credentials that are looked at, and what they must show.
#[derive(Debug)]
pub struct Door {
    /// How many of them must be right.
    pub rule: Rule,
    /// The static token, where it counts.
    pub static_token: Option<StaticTokens>,
    /// The JWT, where it counts.
    pub jwt: Option<JwtSettings>,
    /// The body's signature, where it counts.
    pub body_signature: Option<BodySignatureSettings>,
    /// The call token, where it counts.
    pub call_token: Option<CallTokenSettings>,
}

impl Door {
    /// A door that each of its credentials opens, and that has none yet.
    pub const EMPTY: Self = Self {
        rule: Rule::Any,
        static_token: None,
        jwt: None,
        body_signature: None,
        call_token: None,
    };
}

/// How many of a door's credentials must be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// One of them, whatever the others.
    Any,
    /// Each of them.
    All,
    /// None: open to everybody.
    Open,
}

/// The static tokens of a door.
#[derive(Debug)]
pub struct StaticTokens {
    /// Accepted tokens.
    pub tokens: Vec<Secret>,
    /// Headers that one may come in, lower case.
    pub headers: Vec<String>,
    /// Whether the word `Bearer` stands before it there.
    pub bearer: bool,
}

/// What a door takes for a valid JWT.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// `jwt_public_key`: who may have signed it.
    pub keys: Keys,
    /// `jwt_issuer`: what `iss` must be, where set.
    pub issuer: Option<String>,
    /// `jwt_audience`: what `aud` must name, where set.
    pub audience: Option<String>,
    /// `jwt_leeway_seconds`: how far clocks may differ.
    pub leeway: Duration,
}

/// What a door takes for a valid signature of the body.
#[derive(Debug, Clone)]
pub struct BodySignatureSettings {
    /// `webhook_secret`: what it may be signed with.
    pub keys: SignatureKeys,
    /// `webhook_tolerance_seconds`: how far a message's moment may be from now.
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
enum Mode {
    /// One valid credential opens.
    Optional,
    /// The static token and the JWT.
    Required,
    /// The static token opens, and nothing else.
    Strict,
    /// Open to all; development only.
    None,
}

const MODES: &[(&str, Mode)] = &[
    ("optional", Mode::Optional),
    ("required", Mode::Required),
    ("strict", Mode::Strict),
    ("none", Mode::None),
];

/// An hour, in seconds: clocks that differ by more are broken, and a token lives hardly longer.
const LONGEST_LEEWAY: usize = 3600;

/// A day, in seconds: for as long a message that was overheard can be sent again.
const LONGEST_TOLERANCE: usize = 86_400;

/// The callback's door; `None` after noting what is wrong.
pub fn read_callback(reader: &mut Reader, development: Option<bool>) -> Option<Door> {
    let mode = reader.read("callback_auth_mode", |value| parse::one_of(value, MODES));
    let static_token = read_static_tokens(reader);
    let jwt = read_jwt(reader);

    if mode == Some(Mode::None) && development == Some(false) {
        let fault = Fault::new("«none» solo se admite con environment=development");
        reader.problem("callback_auth_mode", fault);
        return None;
    }
    let (mode, static_token, jwt) = (mode?, static_token?, jwt?);
    let (no_token, no_key) = (static_token.is_none(), jwt.is_none());
    let mut lacking = Vec::new();
    match mode {
        Mode::Optional if no_token && no_key => lacking.push((
            "callback_token",
            "falta, o falta jwt_public_key: la puerta no tiene ninguna credencial que comprobar",
        )),
        Mode::Required | Mode::Strict if no_token => {
            lacking.push(("callback_token", "falta, y callback_auth_mode la exige"));
        }
        _ => {}
    }
    if mode == Mode::Required && no_key {
        lacking.push(("jwt_public_key", "falta, y callback_auth_mode la exige"));
    }
    if !lacking.is_empty() {
        for (setting, what) in lacking {
            reader.problem(setting, Fault::new(what));
        }
        return None;
    }
    Some(Door {
        rule: match mode {
            Mode::Optional | Mode::Strict => Rule::Any,
            Mode::Required => Rule::All,
            Mode::None => Rule::Open,
        },
        static_token,
        jwt: jwt.filter(|_| mode != Mode::Strict),
        ..Door::EMPTY
    })
}

/// The messages' door; `None` where it has no key, or after noting what is wrong.
pub fn read_messages(reader: &mut Reader) -> Option<Door> {
    let keys = secrets::signature_keys(reader, "webhook_secret");
    let tolerance = reader.read("webhook_tolerance_seconds", |value| {
        parse::number(value, 1, LONGEST_TOLERANCE)
    });
    let (keys, tolerance) = (keys??, tolerance?);
    Some(Door {
        body_signature: Some(BodySignatureSettings {
            keys,
            tolerance: Duration::from_secs(tolerance as u64),
        }),
        ..Door::EMPTY
    })
}

/// The operators' door. `None`: it has no token; `Some(None)` after noting what is wrong.
pub fn read_admin(reader: &mut Reader) -> Option<Option<Door>> {
    let Some(tokens) = secrets::tokens(reader, "admin_token") else {
        return Some(None);
    };
    let static_token = (!tokens.is_empty()).then_some(StaticTokens {
        tokens,
        headers: vec!["authorization".to_owned()],
        bearer: true,
    });
    Some(Some(Door {
        static_token: Some(static_token?),
        ..Door::EMPTY
    }))
}

/// BlizWork's door. `None`: it is not set up; `Some(None)` after noting what is wrong.
pub fn read_blizwork(reader: &mut Reader) -> Option<Option<Door>> {
    let origin = reader.read("blizwork_api_origin", parse::origin);
    let api_token = secrets::shown(reader, "blizwork_api_token");
    let endpoint_url = reader.read("blizwork_endpoint_url", parse::url);
    let fields = reader.read("blizwork_token_field", parse::fields);
    if let (Some(None), Some(None)) = (&api_token, &endpoint_url) {
        return None;
    }
    for (setting, lacks) in [
        ("blizwork_api_token", matches!(api_token, Some(None))),
        ("blizwork_endpoint_url", matches!(endpoint_url, Some(None))),
    ] {
        if lacks {
            let fault = "falta, y sin ella no se puede comprobar ninguna llamada";
            reader.problem(setting, Fault::new(fault));
        }
    }
    let settings = || {
        Some(CallTokenSettings {
            origin: origin?,
            api_token: api_token??,
            endpoint_url: endpoint_url??,
            fields: fields?,
        })
    };
    Some(settings().map(|settings| Door {
        call_token: Some(settings),
        ..Door::EMPTY
    }))
}

/// `Some(None)`: no token is set.
fn read_static_tokens(reader: &mut Reader) -> Option<Option<StaticTokens>> {
    let tokens = secrets::tokens(reader, "callback_token");
    let headers = reader.read("callback_token_headers", parse::headers);
    let (tokens, headers) = (tokens?, headers?);
    Some((!tokens.is_empty()).then_some(StaticTokens {
        tokens,
        headers,
        bearer: false,
    }))
}

/// `Some(None)`: no key is set.
fn read_jwt(reader: &mut Reader) -> Option<Option<JwtSettings>> {
    let keys = reader.read("jwt_public_key", parse::keys);
    let issuer = reader.read("jwt_issuer", parse::claim);
    let audience = reader.read("jwt_audience", parse::claim);
    let leeway = reader.read("jwt_leeway_seconds", |value| {
        parse::number(value, 0, LONGEST_LEEWAY)
    });
    let (keys, issuer, audience, leeway) = (keys?, issuer?, audience?, leeway?);
    for left_out in keys.iter().flat_map(Keys::left_out) {
        reader.warning("jwt_public_key", format!("no se usa la {left_out}"));
    }
    Some(keys.map(|keys| JwtSettings {
        keys,
        issuer,
        audience,
        leeway: Duration::from_secs(leeway as u64),
    }))
}
