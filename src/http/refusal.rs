//! Every answer that is not what the caller wanted, with its status code, in one table.

use std::time::Duration;

use serde::Serialize;

use super::{FieldErrors, No, Reply};
use crate::http::json::JsonError;
use crate::http::message::StatusCode;

/// A refusal as its caller gets it, whatever the format of the reply.
#[derive(Debug)]
pub struct ErrorSummary {
    /// The status code.
    pub status: StatusCode,
    /// The machine-readable code.
    pub code: &'static str,
    /// The message for people, in Spanish.
    pub message: String,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such path.
    NotFound,
    /// The path is right, but there is no such row.
    NoSuchRow,
    /// The path is right, but there is no such entry in the outbox.
    NoSuchEntry,
    /// The path is right, but not what stands behind its `?`.
    WrongQuery(FieldErrors),
    /// The database has no procedure that lists overdue rows.
    NoOverdueProcedure,
    /// No such method on this path; it has the one named.
    MethodNotAllowed(&'static str),
    /// The body is larger than the limit, in bytes.
    TooLarge {
        /// `max_body_bytes`.
        limit: usize,
    },
    /// The body broke off.
    Interrupted,
    /// The content type is not JSON.
    UnsupportedMediaType,
    /// The body is in a content coding.
    UnsupportedEncoding,
    /// A setting that the endpoint depends on is wrong.
    Misconfigured,
    /// No valid credential.
    Unauthorized {
        /// `WWW-Authenticate`: the credentials that would be accepted.
        challenge: String,
    },
    /// A valid credential, but the policy wants more than one.
    Forbidden,
    /// No valid credential, and too many attempts of that client before.
    TooManyAttempts {
        /// How long until there may be another.
        retry_after: Duration,
    },
    /// The client has sent as much as it may in a minute.
    TooMuch {
        /// How long until there may be more.
        retry_after: Duration,
    },
    /// A notification that is good once, and has come before.
    Replayed,
    /// The body is not JSON; says where, in Spanish.
    NotJson(String),
    /// JSON, but not what the source sends: each field and what is wrong with it, in Spanish.
    InvalidPayload {
        /// By the field's name.
        errors: FieldErrors,
        /// The deployment, where at least that could be read: for the log.
        deployment_id: Option<String>,
    },
    /// The change could not be made now; trying again may help.
    Unavailable,
    /// The row that the change is for is not there, perhaps not yet.
    NoRowYet,
    /// Something that cannot happen did.
    Internal,
}

impl Refusal {
    /// One field is wrong, in this way.
    pub fn field(name: &'static str, what: String) -> Self {
        Self::InvalidPayload {
            errors: (name, what).into(),
            deployment_id: None,
        }
    }

    /// A notification for a row whose key, which came in `field`, the data API has no way to name.
    pub fn unaddressable(field: &'static str) -> Self {
        let what = "la API de datos no admite este valor como clave";
        Self::field(field, what.to_owned())
    }

    /// Status, code and message.
    pub fn summary(&self) -> ErrorSummary {
        let (status, code, message) = self.table();
        ErrorSummary {
            status,
            code,
            message,
        }
    }

    fn table(&self) -> (StatusCode, &'static str, String) {
        use StatusCode as Code;
        let (status, code, message) = match self {
            Self::NotFound => (Code::NOT_FOUND, "not_found", "No existe esa ruta."),
            Self::NoSuchRow => (
                Code::NOT_FOUND,
                "not_found",
                "No hay ninguna ejecución con ese deploymentId.",
            ),
            Self::NoSuchEntry => (
                Code::NOT_FOUND,
                "not_found",
                "No hay ninguna entrada con ese id en la bandeja de salida.",
            ),
            Self::WrongQuery(_) => (
                Code::UNPROCESSABLE_ENTITY,
                "invalid_query",
                "Los parámetros de la consulta no son válidos.",
            ),
            Self::NoOverdueProcedure => (
                Code::NOT_IMPLEMENTED,
                "no_overdue_procedure",
                "La base de datos no tiene el procedimiento que dice qué ejecuciones están demoradas.",
            ),
            Self::MethodNotAllowed(_) => (
                Code::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Esta ruta no admite ese método.",
            ),
            Self::TooLarge { limit } => {
                let message = format!("El cuerpo supera el máximo de {limit} bytes.");
                return (Code::PAYLOAD_TOO_LARGE, "too_large", message);
            }
            Self::Interrupted => (
                Code::BAD_REQUEST,
                "interrupted",
                "El cuerpo llegó incompleto.",
            ),
            Self::UnsupportedMediaType => (
                Code::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "El tipo de contenido debe ser application/json.",
            ),
            Self::UnsupportedEncoding => (
                Code::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_encoding",
                "El cuerpo no se admite comprimido ni codificado: envíelo sin Content-Encoding.",
            ),
            Self::Misconfigured => (
                Code::SERVICE_UNAVAILABLE,
                "misconfigured",
                "El servicio no está disponible por un problema de configuración.",
            ),
            Self::Unauthorized { .. } => (
                Code::UNAUTHORIZED,
                "invalid_credentials",
                "Las credenciales faltan o no son válidas.",
            ),
            Self::Forbidden => (
                Code::FORBIDDEN,
                "insufficient_credentials",
                "Una credencial es válida, pero hacen falta las dos.",
            ),
            Self::TooManyAttempts { .. } => (
                Code::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "Demasiados intentos sin credenciales válidas. Vuelva a intentarlo más tarde.",
            ),
            Self::TooMuch { .. } => (
                Code::TOO_MANY_REQUESTS,
                "too_much",
                "Demasiados mensajes en un minuto. Vuelva a intentarlo más tarde.",
            ),
            Self::Replayed => (
                Code::UNAUTHORIZED,
                "replayed",
                "Esa notificación ya se recibió: cada una se acepta una sola vez.",
            ),
            Self::NotJson(place) => {
                let message = format!("El cuerpo no es JSON válido ({place}).");
                return (Code::BAD_REQUEST, "invalid_json", message);
            }
            Self::InvalidPayload { .. } => (
                Code::UNPROCESSABLE_ENTITY,
                "invalid_callback",
                "El JSON no es un callback válido.",
            ),
            Self::Unavailable => (
                Code::SERVICE_UNAVAILABLE,
                "unavailable",
                "No se pudo acceder a los datos de SAM. Vuelva a intentarlo más tarde.",
            ),
            Self::NoRowYet => (
                Code::SERVICE_UNAVAILABLE,
                "no_row_yet",
                "Todavía no hay ninguna ejecución con ese deploymentId. Vuelva a intentarlo más tarde.",
            ),
            Self::Internal => (Code::INTERNAL_SERVER_ERROR, "internal", ""),
        };
        (status, code, message.to_owned())
    }

    /// The machine-readable code: also the outcome in the audit line.
    pub fn code(&self) -> &'static str {
        self.table().1
    }

    /// Whether a caller learns by it that there is such an endpoint. Not by what befalls the service as a
    /// whole, nor by what only callers with a valid credential get.
    pub fn tells_of_endpoint(&self) -> bool {
        !matches!(
            self,
            Self::Misconfigured | Self::Unavailable | Self::Internal | Self::UnsupportedMediaType
        )
    }

    /// Whether the audit line shows the body: its credentials were good, but it was not.
    pub fn shows_body(&self) -> bool {
        matches!(self, Self::NotJson(_) | Self::InvalidPayload { .. })
    }

    /// The reply to a caller.
    pub fn reply(&self, request_id: &str) -> Reply {
        let ErrorSummary {
            status,
            code,
            message,
        } = self.summary();
        if matches!(self, Self::Internal) {
            return Reply::json(status, &InternalBody { request_id });
        }
        self.complete(Reply::json(
            status,
            &ErrorBody {
                status: No::Error,
                code,
                message: &message,
                request_id,
                errors: match self {
                    Self::InvalidPayload { errors, .. } | Self::WrongQuery(errors) => Some(errors),
                    _ => None,
                },
            },
        ))
    }

    /// The reply with the headers that belong to it, whatever its body is.
    pub fn complete(&self, reply: Reply) -> Reply {
        match self {
            Self::MethodNotAllowed(allowed) => reply.with("allow", *allowed),
            // What would be accepted (RFC 9110, 15.5.16).
            Self::UnsupportedEncoding => reply.with("accept-encoding", "identity"),
            // Header names are tokens (RFC 9110, 5.6.2), so a challenge is always a value.
            Self::Unauthorized { challenge } => reply.with("www-authenticate", challenge.as_str()),
            Self::TooManyAttempts { retry_after } | Self::TooMuch { retry_after } => {
                reply.retry_after(*retry_after)
            }
            Self::Misconfigured | Self::Unavailable | Self::NoRowYet => reply.retry_later(),
            _ => reply,
        }
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::NotJson(place) => Self::NotJson(place),
            JsonError::NotAnObject => Self::field("body", "debe ser un objeto JSON".to_owned()),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody<'a> {
    status: No,
    code: &'static str,
    message: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a FieldErrors>,
}

/// All that a caller gets of an internal error.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InternalBody<'a> {
    request_id: &'a str,
}
