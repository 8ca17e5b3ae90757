//! The story of one deployment, and robots that should have called, from a real PostgreSQL.

use support::data_api::postgrest::PostgrestServer;
use support::postgres::Database;
use support::server::Server;

use super::{OPERATOR, admin, assert_quiet, callback, count, open, text, trace, wait_for_text};

fn start() -> (PostgrestServer, Server) {
    let postgrest = PostgrestServer::start(Database::supabase().with_lookup());
    let settings = postgrest.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let settings: Vec<_> = settings.chain([("admin_token", OPERATOR)]).collect();
    let server = Server::start(&settings);
    (postgrest, server)
}

fn insert(postgrest: &PostgrestServer, deployment_id: &str, hours: i32) {
    let statement = r#"insert into "Ejecuciones" ("DeploymentId", "FechaInicio", "Estado")
                       values ($1, localtimestamp - make_interval(hours => $2), 'RUNNING')"#;
    let mut client = postgrest.database.connect();
    client
        .execute(statement, &[&deployment_id, &hours])
        .expect("inserted");
}

/// The sentence that the service has for it.
fn verdict(server: &Server, deployment_id: &str) -> String {
    let story = admin(server, "GET", &format!("trace/{deployment_id}"));
    story["verdict"].as_str().expect("a sentence").to_owned()
}

#[test]
fn robots_that_should_have_called_lead_to_their_stories() {
    let (postgrest, server) = start();
    insert(&postgrest, "reciente", 0);
    for id in ["tarde-1", "tarde-2"] {
        insert(&postgrest, id, 3);
    }
    let browser = open(&server);
    wait_for_text(&browser, "#status .summary", "2 ejecuciones sin callback");
    wait_for_text(
        &browser,
        "#status",
        "Últimas 24 h: 0 rechazados · 2 ejecuciones sin callback",
    );
    browser.click("[data-do=overdue]");
    browser.wait_for("return document.querySelectorAll('#items tbody tr').length === 2");
    let listed = text(&browser, "#items");
    assert!(listed.contains("desde hace más de 60 minutos"), "{listed}");
    assert!(!listed.contains("reciente"), "{listed}");

    browser.fill("#filter input", "240");
    browser.click("#filter button");
    wait_for_text(
        &browser,
        "#items",
        "0 ejecuciones activas desde hace más de 240 minutos",
    );
    browser.click("[data-do=closeList]");
    browser.click("[data-do=overdue]");
    browser.wait_for("return document.querySelectorAll('#items tbody tr').length === 2");
    browser.click("#items [data-do=trace]");
    wait_for_text(&browser, "#story", "tarde-1");
    wait_for_text(&browser, "#story", "RUNNING");
    assert_eq!(text(&browser, "#verdict"), verdict(&server, "tarde-1"));

    // It calls at last, and the page sees that by itself.
    assert_eq!(callback(&server, "tarde-1").status, 200);
    wait_for_text(&browser, "#story", "COMPLETED");
    assert_eq!(text(&browser, "#verdict"), verdict(&server, "tarde-1"));
    assert_quiet(&browser);
}

#[test]
fn the_story_says_what_was_refused_and_what_waits() {
    let (postgrest, server) = start();
    insert(&postgrest, "d-1", 0);
    let stranger = [("X-Authorization", "otro-token-que-no-es")];
    let body = br#"{"deploymentId":"d-1","status":"COMPLETED"}"#;
    let reply = server.send("POST", "/api/callback", &stranger, body);
    assert_eq!(reply.status, 401);
    assert_eq!(callback(&server, "sin-fila").status, 202);
    let browser = open(&server);
    wait_for_text(&browser, "#status", "1 rechazado (1 por token)");
    trace(&browser, "d-1");
    wait_for_text(&browser, "#story", "Rechazados");
    assert!(text(&browser, "#story").contains("static_token: wrong value"));
    assert_eq!(text(&browser, "#verdict"), verdict(&server, "d-1"));

    trace(&browser, "sin-fila");
    wait_for_text(&browser, "#story", "No está en la base de datos.");
    assert_eq!(count(&browser, "#story .entry"), 1);
    assert!(text(&browser, "#story").contains("Pendiente de entrega"));
    assert_eq!(text(&browser, "#verdict"), verdict(&server, "sin-fila"));

    // The row comes, and what waited is written by the button beside it.
    insert(&postgrest, "sin-fila", 0);
    browser.click("#story [data-do=retry]");
    browser.wait_for("return document.querySelectorAll('#story .entry').length === 0");
    wait_for_text(&browser, "#story", "COMPLETED");
    browser.click("[data-do=closeTrace]");
    assert_eq!(count(&browser, "#trace[hidden]"), 1);
    assert_quiet(&browser);
}
