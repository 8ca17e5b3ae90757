//! Each state of the service as the page shows it, produced for real.

use support::server::Server;

use super::{DataApi, OPERATOR, assert_quiet, callback, count, open, text, wait_for_text};

#[test]
fn with_nothing_wrong_it_says_so_and_offers_nothing_to_mend() {
    let data_api = DataApi::start();
    let server = data_api.serve();
    let browser = open(&server);
    wait_for_text(&browser, "#status", "Último callback: ninguno todavía");
    for sentence in [
        "Todo en orden",
        "Servicio en marcha · versión 0.1.0",
        "SAM responde (comprobado hace ",
        "Pendientes de entrega: 0",
        "Requieren atención: 0",
        "Últimas 24 h: 0 rechazados · ejecuciones sin callback: no se sabe",
    ] {
        assert!(text(&browser, "#status").contains(sentence), "{sentence}");
    }
    assert_eq!(count(&browser, "#status button"), 0);
    assert_eq!(count(&browser, "#status .banner"), 0);
    assert_eq!(text(&browser, "#away"), "");
    assert_eq!(
        browser.execute("return document.title"),
        "Panel · sam-callback"
    );
    assert_quiet(&browser);
}

#[test]
fn with_the_embedded_store_it_says_that_sam_gets_nothing() {
    let server = Server::start(&[("admin_token", OPERATOR)]);
    let browser = open(&server);
    wait_for_text(&browser, "#status .banner", "SAM no recibe nada.");
    assert!(!text(&browser, "#status").contains("Todo en orden"));
    assert!(!text(&browser, "#status").contains("SAM responde"));
    assert_quiet(&browser);
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let server = Server::start(&[("admin_token", OPERATOR), ("data_api", "cinco")]);
    let browser = open(&server);
    wait_for_text(&browser, "#status .summary", "hay ajustes no válidos");
    let status = text(&browser, "#status");
    assert!(status.contains("1 ajuste no es válido"), "{status}");
    assert!(status.contains("data_api: "), "{status}");
    assert!(!status.contains("cinco"), "{status}");
    assert!(status.contains("No se sabe si SAM responde"), "{status}");
    assert_quiet(&browser);
}

#[test]
fn a_data_api_that_is_away_is_red_and_what_waits_is_delivered_by_a_button() {
    let data_api = DataApi::start();
    let server = data_api.serve();
    data_api.set_away(true);
    for id in ["d-1", "d-2"] {
        data_api.dab.insert(id, "RUNNING");
        assert_eq!(callback(&server, id).status, 202);
    }
    let browser = open(&server);
    wait_for_text(&browser, "#status .summary", "SAM no responde");
    let status = text(&browser, "#status");
    assert!(status.contains("SAM no responde desde la"), "{status}");
    assert!(
        status.contains("Pendientes de entrega: 2 · el más antiguo, "),
        "{status}"
    );
    assert!(status.contains(" · se reintentan solos"), "{status}");
    assert!(status.contains("SAM no respondía"), "{status}");
    assert!(status.contains("Último callback: hoy "), "{status}");
    assert_eq!(
        browser.execute("return document.title"),
        "(1) Panel · sam-callback"
    );

    // What waits is in the drawing before there is a sample of it.
    wait_for_text(&browser, "#chart", "pendientes de entrega: máximo 2");
    browser.click("[data-do=waiting]");
    browser.wait_for("return document.querySelectorAll('#items .entry').length === 2");
    assert!(text(&browser, "#items").contains("Pendiente de entrega · llegó hoy "));

    data_api.set_away(false);
    browser.click("[data-do=drain]");
    wait_for_text(&browser, "#done", "2 entregados.");
    wait_for_text(&browser, "#status", "Pendientes de entrega: 0");
    wait_for_text(&browser, "#status", "SAM responde");
    wait_for_text(&browser, "#items", "No hay ninguna.");
    assert_eq!(data_api.state_of("d-1"), "COMPLETED");
    assert_eq!(data_api.state_of("d-2"), "COMPLETED");
    wait_for_text(&browser, "#status .summary", "Todo en orden");
    assert_eq!(count(&browser, "#chart svg path"), 2);
    assert_quiet(&browser);
}

#[test]
fn what_was_refused_is_counted_by_reason_and_listed_without_being_believed() {
    let data_api = DataApi::start();
    let server = data_api.serve();
    let hostile = r#"{"deploymentId":"<img src=x onerror=alert(1)>","status":"COMPLETED"}"#;
    for token in ["otro-token-que-no-es", "un-token-de-nadie"] {
        let stranger = [("X-Authorization", token)];
        let reply = server.send("POST", "/api/callback", &stranger, hostile.as_bytes());
        assert_eq!(reply.status, 401);
    }
    assert_eq!(server.callback(r#"{"deploymentId":"d-9"}"#).status, 422);
    let browser = open(&server);
    wait_for_text(
        &browser,
        "#status",
        "3 rechazados (2 por token, 1 por contenido)",
    );
    wait_for_text(&browser, "#status .summary", "3 rechazados en 15 minutos");

    browser.click("[data-do=refusals]");
    browser.wait_for("return document.querySelector('#items table')");
    let listed = text(&browser, "#items");
    for word in [
        "<img src=x onerror=alert(1)>",
        "sin verificar",
        "401 · ninguna credencial válida",
        "static_token: wrong value",
        "422 · no es un callback",
        "d-9",
    ] {
        assert!(listed.contains(word), "{word} in {listed}");
    }
    assert_eq!(count(&browser, "img"), 0);
    assert_quiet(&browser);
}

#[test]
fn a_component_that_is_not_there_is_said_to_be_away_until_it_is_back() {
    let server = Server::start(&[("admin_token", OPERATOR)]);
    let browser = open(&server);
    let _again = server.restart_after(|_| {
        wait_for_text(
            &browser,
            "#away",
            "No se puede contactar con el servicio: no hubo respuesta.",
        );
        wait_for_text(&browser, "#away", "Lo de abajo es de la");
        assert_eq!(count(&browser, "#panel.old"), 1);
        // What was seen last is still there.
        assert!(text(&browser, "#status").contains("Servicio en marcha"));
    });
    browser.wait_for("return document.getElementById('away').textContent === ''");
    browser.wait_for("return document.getElementById('updated').textContent !== ''");
    assert_eq!(count(&browser, "#panel.old"), 0);
}
