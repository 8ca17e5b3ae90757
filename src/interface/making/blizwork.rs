//! BlizWork's call, which only operators are told of.

use super::bodies::{BlizWorkCall, Kept};
use super::caller::{Call, Caller, Settings};
use super::operation::{Operation, Schemas};
use crate::http::ErrorBody;

const PATH: &str = "/blizwork";
const SETTINGS: Settings<'static> = &[
    ("blizwork_api_origin", "https://api.example"),
    ("blizwork_api_token", "un-token-de-blizwork"),
    ("blizwork_endpoint_url", "https://sam.example/blizwork"),
];
const VALID: (u16, &str) = (200, r#"{"resultCode":0,"resultMessage":""}"#);
const INVALID: (u16, &str) = (200, r#"{"resultCode":1,"resultMessage":""}"#);

pub fn call(schemas: &mut Schemas) -> Operation {
    let body = BlizWorkCall {
        token: "q1w2e3r4t5y6u7i8o9p0a1s2".to_owned(),
        environment: "production".into(),
        process_id: "ventas".into(),
        process_version: 3.into(),
        case_number: 39.into(),
    };
    let good = Call::post(PATH, serde_json::to_vec(&body).expect("JSON"));
    let answered = |answer| Caller::answered(SETTINGS, &[answer]);
    let mut get = answered(INVALID).send(&good.clone().by("GET"));
    assert_eq!(get.status, 404);
    get.headers.clear();
    Operation::new::<Kept, ErrorBody>(
        schemas,
        ("blizwork", "post", PATH),
        ("BlizWork", "Una llamada de BlizWork"),
        "La credencial es el token de la llamada, que va en el cuerpo y vale una sola vez. Quien no \
         trae uno válido recibe lo mismo que en una ruta que no existe, y esta operación solo se \
         muestra a quien administra.",
    )
    .taking(schemas, &[("Un caso que llega a un paso", &body)])
    .shows("La llamada está a salvo y se entrega enseguida", answered(VALID).send(&good))
    .shows("La llamada no es válida", answered(INVALID).send(&good))
    .shows(
        "El tipo de contenido no es JSON",
        answered(VALID).send(&good.clone().with("content-type", "text/plain")),
    )
    .shows(
        "Hay un ajuste mal",
        Caller::with(&[SETTINGS[0], SETTINGS[1]]).send(&good),
    )
    .shows("No se sabe si la llamada es válida", answered((500, "")).send(&good))
    .shows(
        "La bandeja de salida no ha tomado la llamada",
        Caller::answered_without_store(SETTINGS, &[VALID]).send(&good),
    )
}
