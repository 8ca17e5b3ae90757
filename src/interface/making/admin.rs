//! What operators ask of the outbox.

use serde_json::{Value as Json, json};

use super::bodies::{EntryId, Limit, StateAsked};
use super::caller::{Call, Caller, Settings};
use super::operation::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::operations::outbox::{Counted, Listed, One, Removed, Requeued, Retried, Round};

const OUTBOX: &str = "/admin/outbox";
const REMOTE: Settings<'static> = &[("data_api", "postgrest")];

/// An id as one looks that nobody has.
const NOBODY: &str = "0018f3a5b2c-0000002a-f000102030405060708090a0b0c0d0e0f";

const UPDATED: (u16, &str) = (200, r#"{"Resultado":"UPDATED"}"#);
/// A failure that may pass, and one that will not.
const PASSING: (u16, &str) = (500, "");
const LASTING: (u16, &str) = (400, r#"{"code":"22001"}"#);

/// A caller whose outbox has one entry, and the entry's id. The first of `answers` puts it there.
fn kept(answers: &[(u16, &str)]) -> (Caller, String) {
    let caller = Caller::answered(REMOTE, answers);
    let callback = json!({ "deploymentId": "5f1b2a6e", "status": "RUN_COMPLETED" });
    caller.send(&Call::post("/api/callback", callback.to_string()).known());
    let state = match answers[0] == LASTING {
        true => "dead",
        false => "waiting",
    };
    let list = caller.send(&Call::get(&format!("{OUTBOX}?state={state}")).operators());
    let list: Json = serde_json::from_slice(&list.body).expect("JSON");
    let id = list["entries"][0]["id"].as_str().expect("an entry");
    (caller, id.to_owned())
}

fn post(path: &str) -> Call {
    Call::get(path).by("POST").operators()
}

/// What is the same for all: the door, the wrong method, and the store that fails.
fn guarded(operation: Operation, call: &Call) -> Operation {
    let unknown = call.clone().with("authorization", "Bearer otro");
    operation
        .opened_by(json!([{ "adminToken": [] }]))
        .shows("El token falta o no vale", Caller::with(&[]).send(&unknown))
        .shows(
            "Demasiados intentos sin credenciales válidas",
            Caller::with(&[]).send_until(429, &unknown),
        )
        .shows(
            "No se puede leer o escribir la bandeja de salida",
            Caller::without_store(&[]).send(call),
        )
        .has_no_other_method(call)
}

/// The same for one entry.
fn of_one(operation: Operation, schemas: &mut Schemas, call: &Call) -> Operation {
    guarded(operation, call)
        .parameter::<EntryId>(
            schemas,
            "path",
            ("id", "el identificador de la entrada"),
            NOBODY,
        )
        .shows(
            "No hay ninguna entrada con ese id",
            Caller::with(&[]).send(call),
        )
}

pub fn operations(schemas: &mut Schemas) -> [Operation; 8] {
    [
        list(schemas),
        stats(schemas),
        show(schemas),
        remove(schemas),
        retry(schemas),
        requeue(schemas),
        requeue_all(schemas),
        drain(schemas),
    ]
}

fn list(schemas: &mut Schemas) -> Operation {
    let call = Call::get(OUTBOX).operators();
    let wrong = Call::get("/admin/outbox?state=todas").operators();
    let operation = Operation::new::<Listed<'static>, ErrorBody>(
        schemas,
        ("outbox", "get", OUTBOX),
        ("Administración", "Qué hay en la bandeja de salida"),
        "De cada fila, la entrada que va antes.",
    )
    .parameter::<StateAsked>(
        schemas,
        "query",
        (
            "state",
            "`waiting`, las que esperan, si no se dice otra cosa; `dead`, las apartadas",
        ),
        "",
    )
    .parameter::<Limit>(schemas, "query", ("limit", "cuántas"), "")
    .parameter::<EntryId>(
        schemas,
        "query",
        ("before", "las anteriores a esta: `next`"),
        "",
    )
    .shows("Las entradas", kept(&[PASSING]).0.send(&call))
    .shows("Algún parámetro no vale", Caller::with(&[]).send(&wrong));
    guarded(operation, &call)
}

fn stats(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/admin/outbox/stats").operators();
    let operation = Operation::new::<Counted, ErrorBody>(
        schemas,
        ("outboxStats", "get", "/admin/outbox/stats"),
        ("Administración", "Cuánto espera"),
        "Para una alarma: lo que espera mucho y lo apartado.",
    )
    .shows("Los números", kept(&[PASSING]).0.send(&call));
    guarded(operation, &call)
}

fn show(schemas: &mut Schemas) -> Operation {
    let (caller, id) = kept(&[PASSING]);
    let operation = Operation::new::<One<'static>, ErrorBody>(
        schemas,
        ("outboxEntry", "get", "/admin/outbox/{id}"),
        ("Administración", "Una entrada"),
        "Con lo que trae y lo que se ha intentado.",
    )
    .shows(
        "La entrada",
        caller.send(&Call::get(&format!("{OUTBOX}/{id}")).operators()),
    );
    of_one(
        operation,
        schemas,
        &Call::get(&format!("{OUTBOX}/{NOBODY}")).operators(),
    )
}

fn remove(schemas: &mut Schemas) -> Operation {
    let (caller, id) = kept(&[PASSING]);
    let call = |id: &str| post(&format!("{OUTBOX}/{id}")).by("DELETE");
    let operation = Operation::new::<Removed, ErrorBody>(
        schemas,
        ("outboxRemove", "delete", "/admin/outbox/{id}"),
        ("Administración", "Quitar una entrada"),
        "Lo que trae se pierde.",
    )
    .shows("Ya no está", caller.send(&call(&id)));
    of_one(operation, schemas, &call(NOBODY))
}

fn retry(schemas: &mut Schemas) -> Operation {
    let (caller, id) = kept(&[PASSING, UPDATED]);
    let call = |id: &str| post(&format!("{OUTBOX}/{id}/retry"));
    let operation = Operation::new::<Retried, ErrorBody>(
        schemas,
        ("outboxRetry", "post", "/admin/outbox/{id}/retry"),
        ("Administración", "Intentar una entrada ahora"),
        "También una apartada.",
    )
    .shows("Se ha intentado", caller.send(&call(&id)));
    of_one(operation, schemas, &call(NOBODY))
}

fn requeue(schemas: &mut Schemas) -> Operation {
    let (caller, id) = kept(&[LASTING, UPDATED]);
    let call = |id: &str| post(&format!("{OUTBOX}/{id}/requeue"));
    let operation = Operation::new::<Requeued, ErrorBody>(
        schemas,
        ("outboxRequeue", "post", "/admin/outbox/{id}/requeue"),
        ("Administración", "Volver a poner una apartada"),
        "Espera de nuevo, como recién llegada.",
    )
    .shows("Espera de nuevo", caller.send(&call(&id)));
    of_one(operation, schemas, &call(NOBODY))
}

fn requeue_all(schemas: &mut Schemas) -> Operation {
    let call = post("/admin/outbox/requeue");
    let operation = Operation::new::<Requeued, ErrorBody>(
        schemas,
        ("outboxRequeueAll", "post", "/admin/outbox/requeue"),
        ("Administración", "Volver a poner todas las apartadas"),
        "Si quedan, `dead` dice cuántas: se vuelve a llamar.",
    )
    .shows("Esperan de nuevo", kept(&[LASTING, UPDATED]).0.send(&call));
    guarded(operation, &call)
}

fn drain(schemas: &mut Schemas) -> Operation {
    let call = post("/admin/outbox/drain");
    let wrong = post("/admin/outbox/drain?all=si");
    let operation = Operation::new::<Round, ErrorBody>(
        schemas,
        ("outboxDrain", "post", "/admin/outbox/drain"),
        ("Administración", "Entregar lo que espera"),
        "Una ronda, de unos segundos. Para llamarla cada minuto.",
    )
    .parameter::<bool>(
        schemas,
        "query",
        ("all", "también lo que todavía no toca intentar"),
        "",
    )
    .shows(
        "La ronda",
        kept(&[PASSING, UPDATED])
            .0
            .send(&post("/admin/outbox/drain?all=true")),
    )
    .shows("Algún parámetro no vale", Caller::with(&[]).send(&wrong));
    guarded(operation, &call)
}
