//! A360's callback: a robot's deployment has ended.
//!
//! Only the deployment's id and status matter here. Everything else A360 sends, now or after its
//! next release, is kept as it came in `CallbackInfo` and needs to be valid JSON, no more.

use std::borrow::Cow;

use super::{Acknowledged, Decoded, Notification, NotificationId, Receipt, Source};
use crate::credentials::Verified;
use crate::delivery::{self, ColumnError, DeploymentId, Name, Status};
use crate::http::json::{self, Field, Fields};
use crate::http::{Disposition, FieldErrors, Refusal, Reply};

/// The source's name.
pub const CALLBACKS: &str = "a360";

const DEPLOYMENT_ID: &str = "deploymentId";
const STATUS: &str = "status";

/// The source.
pub struct A360 {
    final_states: Cow<'static, [Name]>,
}

impl A360 {
    /// With the states in which a row is never changed again.
    pub fn new(final_states: Cow<'static, [Name]>) -> Self {
        Self { final_states }
    }
}

impl Source for A360 {
    fn name(&self) -> &'static str {
        CALLBACKS
    }

    fn decode(&self, verified: &Verified) -> Result<Decoded, Refusal> {
        let mut notification = decode(&verified.received().body)?;
        let final_states = self.final_states.clone();
        notification.change = notification.change.with_final_states(final_states);
        Ok(Decoded::Notification(notification))
    }

    /// The headers are those that SAM gave to the deployment, and A360 does not call again.
    fn requires_json_type(&self) -> bool {
        false
    }

    fn reply(&self, receipt: &Receipt, _: Option<&NotificationId>) -> Reply {
        let message = match receipt.disposition {
            Disposition::Updated => "Callback procesado y estado actualizado.",
            Disposition::AlreadyFinal => "La ejecución ya estaba en estado final.",
            Disposition::Queued | Disposition::DeadLetter | Disposition::Accepted => {
                "Callback recibido; el estado se actualizará en cuanto sea posible."
            }
        };
        Acknowledged::new(receipt.disposition, message).reply()
    }
}

fn decode(body: &[u8]) -> Result<Notification, Refusal> {
    let text = json::text(body)?;
    let fields = Fields::read(text, &[DEPLOYMENT_ID, STATUS])?;
    let deployment_id = fit(fields.get(DEPLOYMENT_ID), DeploymentId::new);
    let status = fit(fields.get(STATUS), Status::new);
    match (deployment_id, status) {
        (Ok(deployment_id), Ok(status)) => Ok(Notification {
            change: delivery::ended(deployment_id, status, text.to_owned()),
            key_field: DEPLOYMENT_ID,
            id: None,
        }),
        (deployment_id, status) => {
            let mut errors = FieldErrors::default();
            let deployment_id = deployment_id
                .map_err(|what| errors.add(DEPLOYMENT_ID, what))
                .ok();
            if let Err(what) = status {
                errors.add(STATUS, what);
            }
            Err(Refusal::InvalidPayload {
                errors,
                deployment_id: deployment_id.map(|id| id.to_string()),
            })
        }
    }
}

/// The field's text as its column holds it, or what is wrong with it.
fn fit<T>(
    field: Field<'_>,
    fit: impl FnOnce(String) -> Result<T, ColumnError>,
) -> Result<T, String> {
    fit(field.text()?).map_err(super::column_error)
}

#[cfg(test)]
mod tests;
