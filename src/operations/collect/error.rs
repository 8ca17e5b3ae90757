//! Why nothing came of asking a mailbox: each cause has a name, and somebody who can mend it.

use crate::delivery::outbox::PageError;
use crate::http::message::StatusCode;
use crate::outbound::{ErrorFormat, OutboundError};
use crate::ports::SendError;

/// Why nothing came of asking a mailbox. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// Nobody answers there, or not in time.
    #[error("mailbox: {0}")]
    Unreachable(#[source] OutboundError),
    /// The host lets no request go there.
    #[error("mailbox: {0}")]
    Denied(#[source] OutboundError),
    /// No trusted connection comes about.
    #[error("mailbox: {0}")]
    Tls(#[source] OutboundError),
    /// The mailbox does not accept the token.
    #[error("mailbox: {0}")]
    Unauthorized(#[source] OutboundError),
    /// Too many attempts with a wrong token came from this address.
    #[error("mailbox: {0}")]
    Limited(#[source] OutboundError),
    /// What answers there is no mailbox: another service, or an instance with a data API of its own.
    #[error("mailbox: {0}")]
    NotAMailbox(#[source] OutboundError),
    /// What answers there is something else, although it says yes.
    #[error("mailbox: {0}")]
    NotAPage(#[source] PageError),
    /// One end is older than the other.
    #[error("mailbox: {0}")]
    Version(#[source] PageError),
    /// It does not understand this instance's request.
    #[error("mailbox: {0}")]
    Incompatible(#[source] OutboundError),
    /// A setting is wrong there.
    #[error("mailbox: {0}")]
    Misconfigured(#[source] OutboundError),
    /// It cannot read its store.
    #[error("mailbox: {0}")]
    Unavailable(#[source] OutboundError),
    /// It has an entry that is longer than this instance accepts.
    #[error("mailbox: {0}")]
    TooLong(#[source] OutboundError),
}

impl CollectError {
    /// Its name in readiness.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Denied(_) => "denied",
            Self::Tls(_) => "tls",
            Self::Unauthorized(_) => "unauthorized",
            Self::Limited(_) => "limited",
            Self::NotAMailbox(_) | Self::NotAPage(_) => "not_a_mailbox",
            Self::Version(_) | Self::Incompatible(_) => "version",
            Self::Misconfigured(_) => "misconfigured",
            Self::Unavailable(_) => "unavailable",
            Self::TooLong(_) => "too_long",
        }
    }

    /// Its code in replies, and the outcome in the audit line.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "mailbox_unreachable",
            Self::Denied(_) => "mailbox_denied",
            Self::Tls(_) => "mailbox_tls",
            Self::Unauthorized(_) => "mailbox_unauthorized",
            Self::Limited(_) => "mailbox_limited",
            Self::NotAMailbox(_) | Self::NotAPage(_) => "not_a_mailbox",
            Self::Version(_) | Self::Incompatible(_) => "mailbox_version",
            Self::Misconfigured(_) => "mailbox_misconfigured",
            Self::Unavailable(_) => "mailbox_unavailable",
            Self::TooLong(_) => "mailbox_too_long",
        }
    }

    /// What it is and what to do, in Spanish.
    pub fn message(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "El buzón no responde: compruebe que la instancia de collect_origin esté en marcha y que esta máquina pueda conectarse a ella."
            }
            Self::Denied(_) => {
                "El servicio no puede conectarse a esa dirección: collect_origin no está entre las que permite spin.toml."
            }
            Self::Tls(_) => {
                "No se pudo establecer una conexión segura con el buzón: compruebe su certificado, o si un proxy de la red intercepta TLS."
            }
            Self::Unauthorized(_) => {
                "El buzón no acepta el token: collect_token debe ser el mailbox_token de la otra instancia."
            }
            Self::Limited(_) => {
                "El buzón rechazó demasiados intentos desde esta dirección: corrija collect_token y espere un minuto."
            }
            Self::NotAMailbox(_) | Self::NotAPage(_) => {
                "Lo que responde en esa dirección no es un buzón: revise collect_origin y collect_path, y que la otra instancia tenga data_api=mailbox."
            }
            Self::Version(_) | Self::Incompatible(_) => {
                "El buzón es de otra versión: actualice las dos instancias. No se perdió nada."
            }
            Self::Misconfigured(_) => {
                "La otra instancia tiene un ajuste que no es válido: su /health/ready dice cuál."
            }
            Self::Unavailable(_) => "La otra instancia no pudo leer su almacén.",
            Self::TooLong(_) => {
                "El buzón tiene un cambio más grande de lo que admite esta instancia: ponga max_body_bytes igual en las dos."
            }
        }
    }

    /// Whether asking again soon may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unavailable(_))
    }
}

impl From<OutboundError> for CollectError {
    fn from(error: OutboundError) -> Self {
        let kind = match &error {
            OutboundError::NoReply(SendError::Denied) => Self::Denied,
            OutboundError::NoReply(SendError::Tls) => Self::Tls,
            OutboundError::TooLong(..) => Self::TooLong,
            OutboundError::InvalidBody(..) => Self::NotAMailbox,
            OutboundError::Status { status, detail, .. } => {
                of_status(*status, detail.code(ErrorFormat::TopLevel))
            }
            OutboundError::NoReply(_)
            | OutboundError::BrokeOff(..)
            | OutboundError::TimedOut(_)
            | OutboundError::NoTimeLeft
            | OutboundError::Token(_) => Self::Unreachable,
        };
        kind(error)
    }
}

/// What a mailbox means by a status that says no; `code` is in its reply, where this service has one.
fn of_status(status: StatusCode, code: Option<&str>) -> fn(OutboundError) -> CollectError {
    match (status.as_u16(), code) {
        (401, Some("invalid_credentials")) => CollectError::Unauthorized,
        (429, _) => CollectError::Limited,
        (422, Some("invalid_query")) => CollectError::Incompatible,
        (503, Some("misconfigured")) => CollectError::Misconfigured,
        (503, Some("unavailable")) | (500, Some("internal")) => CollectError::Unavailable,
        // A proxy before it, or a host that starts it.
        (500 | 502..=504, _) => CollectError::Unreachable,
        _ => CollectError::NotAMailbox,
    }
}

impl From<PageError> for CollectError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::NoPage => Self::NotAPage(error),
            PageError::Version(_) => Self::Version(error),
        }
    }
}
