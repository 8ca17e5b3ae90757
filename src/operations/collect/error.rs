//! Why nothing came of asking a mailbox: each cause has a name, and somebody who can mend it.

use crate::delivery::outbox::PageError;
use crate::http::message::StatusCode;
use crate::outbound::{ErrorFormat, OutboundError};
use crate::ports::SendError;

/// Why nothing came of asking a mailbox. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mailbox: {reason}")]
pub struct CollectError {
    kind: Kind,
    #[source]
    reason: Reason,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    /// No usable reply.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// A reply that is no page.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// What that amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody answers there, or not in time.
    Unreachable,
    /// The host lets no request go there.
    Denied,
    /// No trusted connection comes about.
    Tls,
    /// The mailbox does not accept the token.
    Unauthorized,
    /// Too many attempts with a wrong token came from this address.
    Limited,
    /// What answers there is no mailbox: another service, or an instance with a data API of its own.
    NotAMailbox,
    /// One end is older than the other.
    Version,
    /// A setting is wrong there.
    Misconfigured,
    /// It cannot read its store.
    Unavailable,
    /// It has an entry that is longer than this instance accepts.
    TooLong,
}

impl CollectError {
    /// Its name in readiness; its code in replies, which is the outcome in the audit line; what it is and what
    /// to do, in Spanish.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self.kind {
            Kind::Unreachable => (
                "unreachable",
                "mailbox_unreachable",
                "El buzón no responde: compruebe que la instancia de collect_origin esté en marcha y que esta máquina pueda conectarse a ella.",
            ),
            Kind::Denied => (
                "denied",
                "mailbox_denied",
                "El servicio no puede conectarse a esa dirección: collect_origin no está entre las que permite spin.toml.",
            ),
            Kind::Tls => (
                "tls",
                "mailbox_tls",
                "No hay conexión segura con el buzón: compruebe su certificado, o si un proxy de la red intercepta TLS.",
            ),
            Kind::Unauthorized => (
                "unauthorized",
                "mailbox_unauthorized",
                "El buzón no acepta el token: collect_token debe ser el mailbox_token de la otra instancia.",
            ),
            Kind::Limited => (
                "limited",
                "mailbox_limited",
                "El buzón rechazó demasiados intentos desde esta dirección: corrija collect_token y espere un minuto.",
            ),
            Kind::NotAMailbox => (
                "not_a_mailbox",
                "not_a_mailbox",
                "Lo que responde en esa dirección no es un buzón: revise collect_origin y collect_path, y que la otra instancia tenga data_api=mailbox.",
            ),
            Kind::Version => (
                "version",
                "mailbox_version",
                "El buzón es de otra versión: actualice las dos instancias. No se perdió nada.",
            ),
            Kind::Misconfigured => (
                "misconfigured",
                "mailbox_misconfigured",
                "La otra instancia tiene un ajuste que no es válido: su /health/ready dice cuál.",
            ),
            Kind::Unavailable => (
                "unavailable",
                "mailbox_unavailable",
                "La otra instancia no pudo leer su almacén.",
            ),
            Kind::TooLong => (
                "too_long",
                "mailbox_too_long",
                "El buzón tiene un cambio más grande de lo que admite esta instancia: ponga max_body_bytes igual en las dos.",
            ),
        }
    }

    /// Its name in readiness.
    pub fn name(&self) -> &'static str {
        self.words().0
    }

    /// Its code in replies, and the outcome in the audit line.
    pub fn code(&self) -> &'static str {
        self.words().1
    }

    /// What it is and what to do, in Spanish.
    pub fn message(&self) -> &'static str {
        self.words().2
    }

    /// Whether asking again soon may help.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::Unavailable)
    }
}

impl From<OutboundError> for CollectError {
    fn from(error: OutboundError) -> Self {
        let kind = match &error {
            OutboundError::NoReply(SendError::Denied) => Kind::Denied,
            OutboundError::NoReply(SendError::Tls) => Kind::Tls,
            OutboundError::TooLong(..) => Kind::TooLong,
            OutboundError::InvalidBody(..) => Kind::NotAMailbox,
            OutboundError::Status { status, detail, .. } => {
                of_status(*status, detail.code(ErrorFormat::TopLevel))
            }
            OutboundError::NoReply(_)
            | OutboundError::BrokeOff(..)
            | OutboundError::TimedOut(_)
            | OutboundError::NoTimeLeft
            | OutboundError::Token(_) => Kind::Unreachable,
        };
        let reason = Reason::Outbound(error);
        Self { kind, reason }
    }
}

/// What a mailbox means by a status that says no; `code` is in its reply, where this service has one.
fn of_status(status: StatusCode, code: Option<&str>) -> Kind {
    match (status.as_u16(), code) {
        (401, Some("invalid_credentials")) => Kind::Unauthorized,
        (429, _) => Kind::Limited,
        (422, Some("invalid_query")) => Kind::Version,
        (503, Some("misconfigured")) => Kind::Misconfigured,
        (503, Some("unavailable")) | (500, Some("internal")) => Kind::Unavailable,
        // A proxy before it, or a host that starts it.
        (500 | 502..=504, _) => Kind::Unreachable,
        _ => Kind::NotAMailbox,
    }
}

impl From<PageError> for CollectError {
    fn from(error: PageError) -> Self {
        let kind = match error {
            PageError::NoPage => Kind::NotAMailbox,
            PageError::Version(_) => Kind::Version,
        };
        let reason = Reason::Page(error);
        Self { kind, reason }
    }
}
