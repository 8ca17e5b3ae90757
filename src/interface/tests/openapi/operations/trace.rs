//! What operators ask of one deployment, of overdue rows and of refusals.

use serde_json::json;

use super::outbox::{get, guarded, usual};
use super::payloads::{Deployment, Minutes, RefusalLimit};
use super::service::{Answers, ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::overdue::Overdue;
use crate::operations::refusals::Refusals;
use crate::operations::trace::Trace;

const REMOTE: Settings<'static> = &[("data_api", "postgrest")];

const RUNNING: &str = r#"[{"DeploymentId":"5f1b2a6e","RobotId":7,"Estado":"RUNNING",
    "FechaInicio":"2026-01-02T02:00:00","FechaFin":null,"ConCallback":false,"Historico":false}]"#;

const OVERDUE: &str =
    r#"[{"DeploymentId":"5f1b2a6e","Estado":"RUNNING","FechaInicio":"2026-01-02T02:00:00"}]"#;

/// The data API does not answer, now and at a second attempt.
const AWAY: Answers<'static> = &[(503, ""), (503, "")];

pub fn all(schemas: &mut Schemas) -> [Operation; 3] {
    [trace(schemas), overdue(schemas), refusals(schemas)]
}

fn remote(answers: Answers<'_>) -> ExampleService {
    ExampleService::with_data_api(REMOTE, answers)
}

/// A callback with a wrong token.
fn refused() -> ExampleRequest {
    let callback = json!({ "deploymentId": "5f1b2a6e", "status": "RUN_COMPLETED" });
    ExampleRequest::post("/api/callback", callback.to_string()).with("x-authorization", "otro")
}

fn trace(schemas: &mut Schemas) -> Operation {
    let path = "/admin/trace/{deploymentId}";
    let request = get("/admin/trace/5f1b2a6e");
    let service = remote(&[(200, RUNNING)]);
    service.send(&refused());
    let operation = Operation::new::<Trace<'static>, ErrorBody>(schemas, "trace", ("get", path))
        .parameter::<Deployment>(schemas, "path", "deploymentId", Some("5f1b2a6e"))
        .reply("refused_before", service.send(&request))
        .reply("not_known", remote(&[(200, "[]")]).send(&request))
        .reply("row_not_read", remote(AWAY).send(&request))
        .reply("no_such_path", usual().send(&get("/admin/trace/a/b")))
        .reply("wrong_parameter", usual().send(&get("/admin/trace/%20")));
    guarded(operation, &request)
}

fn overdue(schemas: &mut Schemas) -> Operation {
    let path = "/admin/overdue";
    let request = get(path);
    let operation =
        Operation::new::<Overdue<'static>, ErrorBody>(schemas, "overdue", ("get", path))
            .parameter::<Minutes>(schemas, "query", "minutes", None)
            .reply("overdue", remote(&[(200, OVERDUE)]).send(&request))
            .reply(
                "wrong_parameter",
                usual().send(&get("/admin/overdue?minutes=0")),
            )
            .reply("no_overdue_procedure", usual().send(&request))
            .reply("data_api_away", remote(AWAY).send(&request));
    guarded_without_store(operation, &request)
}

fn refusals(schemas: &mut Schemas) -> Operation {
    let path = "/admin/refusals";
    let request = get(path);
    let service = usual();
    service.send(&refused());
    let operation =
        Operation::new::<Refusals<'static>, ErrorBody>(schemas, "refusals", ("get", path))
            .parameter::<RefusalLimit>(schemas, "query", "limit", None)
            .reply("refusals", service.send(&request))
            .reply(
                "wrong_parameter",
                usual().send(&get("/admin/refusals?limit=0")),
            );
    guarded(operation, &request)
}

/// With what all operations have; this one needs no store.
fn guarded_without_store(operation: Operation, request: &ExampleRequest) -> Operation {
    let unknown = request.clone().with("authorization", "Bearer otro");
    operation
        .security(json!([{ "adminToken": [] }]))
        .reply("admin_token_refused", usual().send(&unknown))
        .reply("too_many_attempts", usual().send_until(429, &unknown))
        .refuses_other_methods(request)
}
