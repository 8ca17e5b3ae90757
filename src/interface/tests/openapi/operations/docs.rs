//! The description itself, and the pages.

use serde_json::json;

use super::payloads::{DocsFile, OpenApi, PanelFile};
use super::service::{ExampleRequest, ExampleService};
use super::{Operation, Schemas};
use crate::http::ErrorBody;

pub fn all(schemas: &mut Schemas) -> [Operation; 5] {
    [
        document(schemas),
        page(schemas),
        file(schemas),
        panel(schemas),
        panel_file(schemas),
    ]
}

fn document(schemas: &mut Schemas) -> Operation {
    let request = ExampleRequest::get("/openapi.json");
    let unknown = request.clone().with("authorization", "Bearer otro");
    let usual = || ExampleService::new(&[]);
    Operation::new::<OpenApi, ErrorBody>(schemas, "openapi", ("get", "/openapi.json"))
        .security(json!([{}, { "adminToken": [] }]))
        .reply("document", usual().send(&request))
        .reply("token_refused", usual().send(&unknown))
        .reply("too_many_tokens", usual().send_until(429, &unknown))
        .refuses_other_methods(&request)
}

fn page(schemas: &mut Schemas) -> Operation {
    let request = ExampleRequest::get("/docs");
    Operation::new::<String, ErrorBody>(schemas, "docs", ("get", "/docs"))
        .reply("page", ExampleService::new(&[]).send(&request))
        .refuses_other_methods(&request)
}

fn file(schemas: &mut Schemas) -> Operation {
    let get = |path| ExampleService::new(&[]).send(&ExampleRequest::get(path));
    Operation::new::<String, ErrorBody>(schemas, "docsFile", ("get", "/docs/{file}"))
        .parameter::<DocsFile>(schemas, "path", "file", Some("docs.js"))
        .reply("file", get("/docs/docs.js"))
        .reply("file", get("/docs/docs.css"))
        .reply("file", get("/docs/common.css"))
        .reply("no_such_file", get("/docs/otro"))
        .refuses_other_methods(&ExampleRequest::get("/docs/docs.js"))
}

fn panel(schemas: &mut Schemas) -> Operation {
    let request = ExampleRequest::get("/panel");
    Operation::new::<String, ErrorBody>(schemas, "panel", ("get", "/panel"))
        .reply("page", ExampleService::new(&[]).send(&request))
        .refuses_other_methods(&request)
}

fn panel_file(schemas: &mut Schemas) -> Operation {
    let get = |path| ExampleService::new(&[]).send(&ExampleRequest::get(path));
    Operation::new::<String, ErrorBody>(schemas, "panelFile", ("get", "/panel/{file}"))
        .parameter::<PanelFile>(schemas, "path", "file", Some("panel.js"))
        .reply("file", get("/panel/panel.js"))
        .reply("file", get("/panel/panel.css"))
        .reply("no_such_file", get("/panel/otro"))
        .refuses_other_methods(&ExampleRequest::get("/panel/panel.js"))
}
