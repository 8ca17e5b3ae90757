//! What the page says at both ends of a mailbox, and of keys that the JWT's signer publishes.

use serde_json::json;
use support::server::Server;
use support::tokens;
use support::upstream::{Act, Upstream};

use super::{ADMIN, DataApi, OPERATOR, assert_quiet, callback, open, text, wait_for_text};

const COLLECTOR: &str = "un-token-de-recolector";

/// An instance that collects from there, with this token.
fn collector(edge: &Server, data_api: &DataApi, token: &str) -> Server {
    let origin = format!("http://{}", edge.address);
    data_api.serve_with(&[("collect_origin", &origin), ("collect_token", token)])
}

#[test]
fn the_edge_says_when_it_was_collected_from_and_what_waits_until_then() {
    let (data_api, edge) = (
        DataApi::start(),
        Server::start(&[
            ("admin_token", OPERATOR),
            ("data_api", "mailbox"),
            ("mailbox_token", COLLECTOR),
        ]),
    );
    data_api.dab.insert("d-1", "RUNNING");
    assert_eq!(callback(&edge, "d-1").status, 202);
    let browser = open(&edge);
    wait_for_text(
        &browser,
        "#status",
        "Recogida del buzón: todavía no vino nadie",
    );
    let status = text(&browser, "#status");
    assert!(status.contains("Pendientes de entrega: 1"), "{status}");
    assert!(!status.contains("SAM responde"), "{status}");

    let inner = collector(&edge, &data_api, COLLECTOR);
    let collected = inner.send("POST", "/admin/collect?seconds=1", &[ADMIN], b"");
    assert_eq!(
        (collected.status, &collected.json()["delivered"]),
        (200, &json!(1))
    );
    wait_for_text(
        &browser,
        "#status",
        "Recogida del buzón: por última vez hace ",
    );
    wait_for_text(&browser, "#status", "Pendientes de entrega: 0");
    assert_quiet(&browser);
}

#[test]
fn who_collects_says_whether_it_can() {
    let (data_api, edge) = (
        DataApi::start(),
        Server::start(&[("data_api", "mailbox"), ("mailbox_token", COLLECTOR)]),
    );
    let inner = collector(&edge, &data_api, COLLECTOR);
    let browser = open(&inner);
    wait_for_text(&browser, "#status", "El buzón responde");
    wait_for_text(&browser, "#status .summary", "Todo en orden");
    assert_quiet(&browser);

    let wrong = collector(&edge, &data_api, "el-token-de-otro-buzon");
    let browser = open(&wrong);
    wait_for_text(
        &browser,
        "#status",
        "No se puede recoger del buzón: no acepta el token",
    );
    wait_for_text(
        &browser,
        "#status .summary",
        "no se puede recoger del buzón",
    );
    assert_quiet(&browser);
}

#[test]
fn a_signer_without_keys_is_named_once_they_were_needed() {
    let signer = Upstream::start(|_| Act::Reply(503, "text/html", b"<html>".to_vec()));
    let data_api = DataApi::start();
    let keys = [
        ("jwt_jwks_origin", &*signer.origin()),
        ("jwt_jwks_path", "/keys"),
    ];
    let server = data_api.serve_with(&keys);
    let browser = open(&server);
    wait_for_text(
        &browser,
        "#status",
        "Claves del emisor del JWT: todavía no hicieron falta",
    );
    wait_for_text(&browser, "#status .summary", "Todo en orden");

    let claims = json!({"exp": 4_000_000_000_u64});
    let header = json!({"alg": "ES256", "kid": "una"});
    let bearer = format!(
        "Bearer {}",
        tokens::token("ES256", "p256", &header, &claims)
    );
    let body = json!({"deploymentId": "d-1", "status": "COMPLETED"}).to_string();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
    ];
    let refused = server.send("POST", "/api/callback", &headers, body.as_bytes());
    assert_eq!(refused.refusal(), (503, "keys_unavailable".to_owned()));
    wait_for_text(&browser, "#status", "No hay claves del emisor del JWT");
    wait_for_text(
        &browser,
        "#status .summary",
        "las claves del JWT no se pueden renovar",
    );
    assert_quiet(&browser);
}
