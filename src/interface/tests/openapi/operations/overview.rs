//! What operators and Prometheus ask of the whole service.

use super::outbox::{get, guarded, usual, with_entry};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::overview::Overview;

pub fn all(schemas: &mut Schemas) -> [Operation; 2] {
    [overview(schemas), metrics(schemas)]
}

fn overview(schemas: &mut Schemas) -> Operation {
    let path = "/admin/overview";
    let request = get(path);
    // A change fails, and then the probe.
    let (in_trouble, _) = with_entry(&[(500, ""), (503, "")]);
    let operation =
        Operation::new::<Overview<'static>, ErrorBody>(schemas, "overview", ("get", path))
            .reply("in_trouble", in_trouble.send(&request))
            .reply("well", usual().send(&request));
    guarded(operation, &request)
}

fn metrics(schemas: &mut Schemas) -> Operation {
    let path = "/metrics";
    let request = get(path);
    let operation = Operation::new::<String, ErrorBody>(schemas, "metrics", ("get", path))
        .reply("figures", usual().send(&request));
    guarded(operation, &request)
}
