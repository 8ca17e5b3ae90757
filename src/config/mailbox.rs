//! The mailbox's two ends: who may collect from this instance, and what it collects from itself.

use super::error::SettingError;
use super::reader::Reader;
use super::{AccessSettings, Noted, Secret, Setup, StaticTokens, parse, secrets, settings};

/// The mailbox that this instance collects from.
#[derive(Debug, Clone)]
pub struct CollectSettings {
    /// `collect_origin` and `collect_path`, without a slash at its end.
    pub url: String,
    /// `collect_token`.
    pub token: Secret,
}

/// Who may collect from this instance. `is_mailbox`: it keeps changes for others.
///
/// Without a token changes are kept all the same, and readiness says what is missing: a sender that does
/// not try again must not pay for it.
pub fn read_access(reader: &mut Reader, is_mailbox: bool) -> Setup<AccessSettings> {
    let tokens = secrets::tokens(reader, settings::MAILBOX_TOKEN);
    let tokens = match tokens {
        Ok(tokens) => tokens,
        Err(Noted) if is_mailbox => return Setup::Invalid,
        Err(Noted) => return Setup::NotSet,
    };
    match (is_mailbox, tokens.is_empty()) {
        (true, true) => {
            let what = "falta, y sin él nadie puede recoger lo que se guarda (data_api=mailbox)";
            reader.problem(settings::MAILBOX_TOKEN, SettingError::new(what));
            Setup::Invalid
        }
        (true, false) => Setup::Ready(AccessSettings {
            static_token: Some(StaticTokens {
                tokens,
                headers: vec!["authorization".to_owned()],
                bearer: true,
            }),
            ..AccessSettings::NONE
        }),
        (false, false) => {
            let what = "no se usa: solo tiene sentido con data_api=mailbox".to_owned();
            reader.warning(settings::MAILBOX_TOKEN, what);
            Setup::NotSet
        }
        (false, true) => Setup::NotSet,
    }
}

/// What this instance collects from.
pub fn read_collect(reader: &mut Reader) -> Setup<CollectSettings> {
    let origin = reader.read(settings::COLLECT_ORIGIN, |value| match value {
        "" => Ok(None),
        value => parse::origin(value).map(Some),
    });
    let path = reader.read(settings::COLLECT_PATH, parse::root_path);
    let tokens = secrets::tokens(reader, settings::COLLECT_TOKEN);
    let read = || {
        let (origin, path, tokens) = (origin?, path?, tokens?);
        let Some(origin) = origin else {
            if tokens.is_empty() {
                return Ok(None);
            }
            let what = "falta, y collect_token está configurado";
            return Err(reader.problem(settings::COLLECT_ORIGIN, SettingError::new(what)));
        };
        if is_open(&origin) {
            let what = "con http el token viaja sin cifrar: use https fuera de esta máquina";
            reader.warning(settings::COLLECT_ORIGIN, what.to_owned());
        }
        let mut tokens = tokens.into_iter();
        match (tokens.next(), tokens.next()) {
            (Some(token), None) => Ok(Some(CollectSettings {
                url: format!("{origin}{path}"),
                token,
            })),
            (None, _) => {
                let what = "falta: es el mailbox_token de la instancia de la que se recoge";
                Err(reader.problem(settings::COLLECT_TOKEN, SettingError::new(what)))
            }
            (Some(_), Some(_)) => {
                let what = "se admite uno solo: el que ya acepta la otra instancia";
                Err(reader.problem(settings::COLLECT_TOKEN, SettingError::new(what)))
            }
        }
    };
    read().into()
}

/// Whether what is sent there can be read on its way.
fn is_open(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("http://") else {
        return false;
    };
    let is_here = |name: &str| {
        host.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    !["localhost", "127.0.0.1", "[::1]"].into_iter().any(is_here)
}
