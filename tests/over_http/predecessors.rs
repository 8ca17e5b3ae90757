//! What callers of the four services before send, to the same paths and with the same headers, and what
//! they rely on in the reply, byte for byte. The settings are those that `cargo xtask import-env` makes
//! of each service's `.env`.

use std::time::SystemTime;

use serde_json::json;
use support::server::{Reply, Server, TOKEN};
use support::signatures::{SECRET, hex};
use support::tokens::{self, public_key};

/// A callback as A360 sends it, with the spaces and escapes of its serializer.
const CALLBACK: &str = r#"{"deviceId": "44", "userId": "4934", "deploymentId": "dd694f01-f8a0-4470-9240-7d866465d981", "status": "RUN_COMPLETED", "botOutput": {"resultado": {"type": "STRING", "string": "\u00e9xito", "number": "", "boolean": ""}}}"#;

const DEPLOYMENT: &str = "dd694f01-f8a0-4470-9240-7d866465d981";

const UPDATED: &str =
    r#"{"status":"OK","result":"updated","message":"Callback procesado y estado actualizado."}"#;
const FINAL: &str = r#"{"status":"OK","result":"already_final","message":"La ejecución ya estaba en estado final."}"#;

fn jwt() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let expires = now.expect("after 1970").as_secs() + 300;
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let claims = json!({
        "iss": "sam-auth-server", "aud": "sam-callback-service", "sub": "gateway", "exp": expires,
    });
    format!("Bearer {}", tokens::token("RS256", "rsa", &header, &claims))
}

fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    server.send("POST", path, headers, body.as_bytes())
}

fn assert_is(reply: &Reply, text: &str) {
    assert_eq!((reply.status, reply.text.as_str()), (200, text));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

/// The callback once and again, as a robot that ends and one whose callback is repeated.
fn ends_and_is_repeated(server: &Server, path: &str, headers: &[(&str, &str)]) {
    assert_is(&post(server, path, headers, CALLBACK), UPDATED);
    assert_is(&post(server, path, headers, CALLBACK), FINAL);
    let health = server.send("GET", "/health", &[], b"");
    assert_is(
        &health,
        r#"{"status":"ok","message":"Servicio de Callback activo y saludable."}"#,
    );
}

fn row_is_as_sent(server: &Server) {
    let row = server.row(DEPLOYMENT).expect("the row");
    assert_eq!(row["Estado"], "RUN_COMPLETED");
    assert_eq!(row["CallbackInfo"], CALLBACK);
}

#[test]
fn fastapis_callers_with_a_token_and_a_jwt_notice_no_change() {
    let server = Server::start(&[
        ("callback_auth_mode", "optional"),
        ("jwt_public_key", &public_key("rsa.pem")),
        ("jwt_issuer", "sam-auth-server"),
        ("jwt_audience", "sam-callback-service"),
    ]);
    let jwt = jwt();
    let headers = [
        ("X-Authorization", TOKEN),
        ("Authorization", jwt.as_str()),
        ("x-ibm-client-id", "9f2c"),
        ("Content-Type", "application/json"),
    ];
    ends_and_is_repeated(&server, "/api/callback", &headers);
    row_is_as_sent(&server);

    // SAM's web unlocks a robot with the gateway's JWT alone, and without values of some fields.
    let unlock = r#"{"deploymentId": "d-2", "status": "RUN_ABORTED", "deviceId": null, "userId": null, "botOutput": {"message": "Desbloqueo manual"}}"#;
    let reply = post(&server, "/api/callback", &headers[1..], unlock);
    assert_is(&reply, UPDATED);
    assert_eq!(server.row("d-2").expect("the row")["CallbackInfo"], unlock);
}

#[test]
fn fastapis_callers_with_an_api_key_notice_no_change() {
    let server = Server::start(&[("callback_auth_mode", "strict")]);
    let headers = [("X-API-KEY", TOKEN), ("Content-Type", "application/json")];
    ends_and_is_repeated(&server, "/api/callback", &headers);
    row_is_as_sent(&server);
    for headers in [&[("X-API-KEY", "otra-clave-de-alguien")][..], &[]] {
        let refused = post(&server, "/api/callback", headers, CALLBACK);
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json()["status"], "ERROR");
    }
}

#[test]
fn waitress_callers_at_the_root_notice_no_change() {
    let server = Server::start(&[
        ("callback_auth_mode", "strict"),
        ("callback_endpoint_path", "/api/callback /"),
    ]);
    // What A360 sends of headers is what SAM asked it for, and that was this one.
    ends_and_is_repeated(&server, "/", &[("X-Authorization", TOKEN)]);
    row_is_as_sent(&server);
    assert_eq!(server.send("GET", "/", &[], b"").status, 405);
    assert_eq!(post(&server, "/", &[], CALLBACK).status, 401);
}

#[test]
fn senders_of_the_tourism_webhook_notice_no_change() {
    let server = Server::start_bare(&[("webhook_secret", SECRET), ("root_path", "/api/webhook")]);
    // As Python's json.dumps writes it.
    let body = r#"{"type": "user_info", "content": "Prefiere planta baja", "user_id": "123456", "timestamp": "2023-11-12T15:30:45.123Z", "metadata": {"idioma": "espa\u00f1ol"}}"#;
    let signature = hex(body.as_bytes());
    let headers = [
        ("Content-Type", "application/json"),
        ("x-webhook-signature", signature.as_str()),
    ];
    let path = "/api/webhook/webhook/receive";
    let reply = post(&server, path, &headers, body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let start = r#"{"success":true,"message":"Mensaje procesado.","data":{"#;
    assert!(reply.text.starts_with(start), "{reply:?}");

    let forged = [headers[0], ("x-webhook-signature", "00")];
    let refused = post(&server, path, &forged, body);
    assert_eq!(refused.status, 401);
    let start = r#"{"success":false,"message":""#;
    assert!(refused.text.starts_with(start), "{refused:?}");
    assert!(refused.text.ends_with(r#","data":null}"#), "{refused:?}");
    let health = server.send("GET", "/api/webhook/webhook/health", &[], b"");
    assert_eq!(health.status, 200);
}
