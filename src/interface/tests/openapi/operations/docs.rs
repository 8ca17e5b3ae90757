//! The description itself, and the page that shows it.

use serde_json::json;

use super::payloads::{DocsFile, OpenApi};
use super::service::{ExampleRequest, ExampleService};
use super::{Operation, Schemas};
use crate::http::ErrorBody;

pub fn all(schemas: &mut Schemas) -> [Operation; 3] {
    [document(schemas), page(schemas), file(schemas)]
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
        .reply("no_such_file", get("/docs/otro"))
        .refuses_other_methods(&ExampleRequest::get("/docs/docs.js"))
}
