//! What probes ask.

use super::caller::{Call, Caller};
use super::operation::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::health::{Health, Readiness};

pub fn operations(schemas: &mut Schemas) -> [Operation; 2] {
    [alive(schemas), ready(schemas)]
}

fn alive(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/health");
    Operation::new::<Health, ErrorBody>(
        schemas,
        ("health", "get", "/health"),
        ("Estado", "Si el servicio está en marcha"),
        "No mira nada más. Para las sondas.",
    )
    .shows("Está en marcha", Caller::with(&[]).send(&call))
    .has_no_other_method(&call)
}

fn ready(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/health/ready");
    Operation::new::<Readiness, ErrorBody>(
        schemas,
        ("ready", "get", "/health/ready"),
        ("Estado", "Si todo está listo"),
        "Si los ajustes están bien y el API de datos responde. Mientras no responde, los cambios \
         esperan en la bandeja de salida: no hay que dejar de llamar.",
    )
    .telling::<Readiness>(schemas, 503)
    .shows("Todo está listo", Caller::with(&[]).send(&call))
    .shows(
        "Hay un ajuste mal",
        Caller::with(&[("callback_auth_mode", "siempre")]).send(&call),
    )
    .shows(
        "El API de datos no responde",
        Caller::without_store(&[]).send(&call),
    )
    .has_no_other_method(&call)
}
