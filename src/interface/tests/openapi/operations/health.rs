//! What probes ask for.

use super::service::{ExampleRequest, ExampleService};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::health::{Health, Readiness};

pub fn all(schemas: &mut Schemas) -> [Operation; 2] {
    [alive(schemas), ready(schemas)]
}

fn alive(schemas: &mut Schemas) -> Operation {
    let request = ExampleRequest::get("/health");
    Operation::new::<Health, ErrorBody>(schemas, "health", ("get", "/health"))
        .reply("running", ExampleService::new(&[]).send(&request))
        .refuses_other_methods(&request)
}

fn ready(schemas: &mut Schemas) -> Operation {
    let request = ExampleRequest::get("/health/ready");
    let misconfigured = ExampleService::new(&[("callback_auth_mode", "siempre")]);
    let without_data_api = ExampleService::without_store(&[], &[]);
    Operation::new::<Readiness, ErrorBody>(schemas, "ready", ("get", "/health/ready"))
        .schema_for::<Readiness>(503, schemas)
        .reply("ready", ExampleService::new(&[]).send(&request))
        .reply("misconfigured", misconfigured.send(&request))
        .reply("data_api_failing", without_data_api.send(&request))
        .refuses_other_methods(&request)
}
