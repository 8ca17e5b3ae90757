//! What probes ask.

use serde_json::json;

use crate::server::Server;

#[test]
fn health_answers_as_the_service_before_this_one() {
    let server = Server::start(&[]);
    let reply = server.send("GET", "/health", &[], b"");
    assert_eq!(reply.status, 200);
    let body = json!({"status": "ok", "message": "Servicio de Callback activo y saludable."});
    assert_eq!(reply.json(), body);
}

#[test]
fn ready_is_one_word_a_check() {
    let server = Server::start(&[]);
    let reply = server.send("GET", "/health/ready", &[], b"");
    assert_eq!(reply.status, 200);
    let checks = json!({"settings": "ok", "data_api": "ok"});
    assert_eq!(reply.json(), json!({"status": "ready", "checks": checks}));
}
