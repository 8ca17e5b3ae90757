//! The description itself, and the page that shows it.

use serde_json::json;

use super::bodies::{DocsFile, OpenApi};
use super::caller::{Call, Caller};
use super::operation::{Operation, Schemas};
use crate::http::ErrorBody;

pub fn operations(schemas: &mut Schemas) -> [Operation; 3] {
    [document(schemas), page(schemas), file(schemas)]
}

fn document(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/openapi.json");
    let unknown = call.clone().with("authorization", "Bearer otro");
    let usual = || Caller::with(&[]);
    Operation::new::<OpenApi, ErrorBody>(
        schemas,
        ("openapi", "get", "/openapi.json"),
        ("Interfaz", "Esta descripción"),
        "OpenAPI 3.1, según los ajustes que hay. No pide credenciales; con el token de quien \
         administra lo muestra todo.",
    )
    .opened_by(json!([{}, { "adminToken": [] }]))
    .shows("La descripción", usual().send(&call))
    .shows("El token no vale", usual().send(&unknown))
    .shows(
        "Demasiados intentos con un token que no vale",
        usual().send_until(429, &unknown),
    )
    .has_no_other_method(&call)
}

fn page(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/docs");
    Operation::new::<String, ErrorBody>(
        schemas,
        ("docs", "get", "/docs"),
        ("Interfaz", "La página que la muestra"),
        "Desde ella se puede enviar una petición. No carga nada de otro sitio.",
    )
    .shows("La página", Caller::with(&[]).send(&call))
    .has_no_other_method(&call)
}

fn file(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/docs/docs.js");
    Operation::new::<String, ErrorBody>(
        schemas,
        ("docsFile", "get", "/docs/{file}"),
        ("Interfaz", "Lo que esa página carga"),
        "Su programa y su aspecto.",
    )
    .parameter::<DocsFile>(
        schemas,
        "path",
        ("file", "el nombre del archivo"),
        "docs.js",
    )
    .shows("El archivo", Caller::with(&[]).send(&call))
    .shows(
        "El archivo",
        Caller::with(&[]).send(&Call::get("/docs/docs.css")),
    )
    .shows(
        "No hay ningún otro",
        Caller::with(&[]).send(&Call::get("/docs/otro")),
    )
    .has_no_other_method(&call)
}
