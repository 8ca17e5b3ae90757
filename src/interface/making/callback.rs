//! A360's callback, and the row that it made.

use serde_json::{Value as Json, json};

use super::bodies::{Callback, Execution};
use super::caller::{Call, Caller, Seen, Settings};
use super::operation::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::sources::Acknowledged;

const PATH: &str = "/api/callback";
const DEPLOYMENT_ID: &str = "5f1b2a6e-6c1d-4d0e-9b57-0d6f7d5a2c11";
const AWAY: Settings<'static> = &[("data_api", "postgrest")];
const BOTH: Settings<'static> = &[
    ("callback_auth_mode", "required"),
    (
        "jwt_public_key",
        include_str!("../../../tests/keys/rsa.pem"),
    ),
];

fn completed() -> Callback {
    Callback {
        deployment_id: DEPLOYMENT_ID.to_owned(),
        status: "RUN_COMPLETED".to_owned(),
        device_id: "12".into(),
        user_id: "34".into(),
        bot_output: json!({ "facturas": { "type": "NUMBER", "number": "42" } }),
    }
}

fn failed() -> Callback {
    Callback {
        deployment_id: DEPLOYMENT_ID.to_owned(),
        status: "RUN_FAILED".to_owned(),
        ..Callback::default()
    }
}

fn call(body: &str) -> Call {
    Call::post(PATH, body).known()
}

/// Alternatives, as they are unless settings say otherwise.
fn doors() -> Json {
    json!([{ "callbackToken": [] }, { "callbackToken2": [] }, { "jwt": [] }])
}

pub fn notify(schemas: &mut Schemas) -> Operation {
    let body = serde_json::to_string(&completed()).expect("JSON");
    let good = call(&body);
    let usual = || Caller::with(&[]);
    let again = || {
        let caller = usual();
        caller.send(&good);
        caller
    };
    let unknown = good.clone().with("x-authorization", "otro");
    Operation::new::<Acknowledged, ErrorBody>(
        schemas,
        ("callback", "post", PATH),
        ("A360", "Un robot ha terminado"),
        "Lo llama A360. La respuesta llega cuando el cambio está en la base de datos (200) o a salvo \
         en la bandeja de salida (202). Repetirlo no hace daño.",
    )
    .opened_by(doors())
    .taking(
        schemas,
        &[
            ("Un robot que acabó bien", &completed()),
            ("Un robot que falló", &failed()),
        ],
    )
    .shows("La fila ha cambiado", usual().send(&good))
    .shows("La fila ya estaba en estado final", again().send(&good))
    .shows(
        "El cambio está en la bandeja de salida y se entregará en cuanto se pueda",
        Caller::answered(AWAY, &[(500, "")]).send(&good),
    )
    .shows("El cuerpo no es JSON", usual().send(&call("{\"deploymentId\":")))
    .shows("El cuerpo llegó incompleto", usual().send(&good.clone().cut()))
    .shows("Las credenciales faltan o no valen", usual().send(&unknown))
    .shows(
        "Una credencial vale, pero hacen falta las dos",
        Caller::with(BOTH).send(&good),
    )
    .shows("El cuerpo es demasiado grande", usual().send(&call(&" ".repeat((1 << 20) + 1))))
    .shows(
        "El cuerpo no es JSON, y su tipo de contenido lo dice",
        usual().send(&call("estado=RUN_COMPLETED").with("content-type", "text/plain")),
    )
    .shows(
        "El cuerpo llegó comprimido",
        usual().send(&good.clone().with("content-encoding", "gzip")),
    )
    .shows(
        "Es JSON, pero no un callback: «errors» dice qué le pasa a cada campo",
        usual().send(&call("{\"deploymentId\":\"\",\"estado\":\"RUN_COMPLETED\"}")),
    )
    .shows("Demasiados intentos sin credenciales válidas", usual().send_until(429, &unknown))
    .shows("Algo que no puede pasar ha pasado", spoilt(&good, &good))
    .shows(
        "Hay un ajuste mal",
        Caller::with(&[("callback_auth_mode", "siempre")]).send(&good),
    )
    .shows(
        "Ni la base de datos ni la bandeja de salida han tomado el cambio",
        Caller::without_store(&[]).send(&good),
    )
    .shows(
        "Todavía no hay ninguna fila de esa ejecución, y la bandeja de salida no ha tomado el cambio",
        Caller::answered_without_store(AWAY, &[(200, r#"{"Resultado":"NOT_FOUND"}"#)]).send(&good),
    )
    .has_no_other_method(&good)
}

/// What is answered to `call` where the row cannot be read.
fn spoilt(first: &Call, call: &Call) -> Seen {
    let caller = Caller::with(&[]);
    caller.send(first);
    caller.spoil_rows();
    caller.send(call)
}

pub fn read(schemas: &mut Schemas) -> Operation {
    let body = serde_json::to_string(&completed()).expect("JSON");
    let stored = || {
        let caller = Caller::with(&[]);
        caller.send(&call(&body));
        caller
    };
    let path = format!("{PATH}/{DEPLOYMENT_ID}");
    let good = Call::get(&path).known();
    let unknown = Call::get(&path);
    Operation::new::<Execution, ErrorBody>(
        schemas,
        ("row", "get", "/api/callback/{deploymentId}"),
        ("A360", "La fila de una ejecución"),
        "Solo con `data_api=embedded`: los callbacks quedan en el almacén del propio servicio y SAM \
         no se toca. Para ver en un escritorio qué ha hecho un callback.",
    )
    .opened_by(doors())
    .parameter::<String>(schemas, "path", ("deploymentId", "la ejecución"), DEPLOYMENT_ID)
    .shows("La fila", stored().send(&good))
    .shows("Las credenciales faltan o no valen", stored().send(&unknown))
    .shows(
        "Una credencial vale, pero hacen falta las dos",
        Caller::with(BOTH).send(&good),
    )
    .shows("No hay ninguna fila de esa ejecución", Caller::with(&[]).send(&good))
    .shows("Demasiados intentos sin credenciales válidas", stored().send_until(429, &unknown))
    .shows("Algo que no puede pasar ha pasado", spoilt(&call(&body), &good))
    .shows(
        "Hay un ajuste mal",
        Caller::with(&[("callback_auth_mode", "siempre")]).send(&good),
    )
    .shows(
        "No se puede leer dónde están las filas",
        Caller::without_store(&[]).send(&good),
    )
    .has_no_other_method(&good)
}
