//! Whether a callback arrived, and if not, who stopped it: as an operator asks, of the built component.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::data_api::dab::DabServer;
use support::data_api::postgrest::PostgrestServer;
use support::postgres::Database;
use support::server::{Reply, SIGNED, Server};
use support::upstream::{self, Act, Upstream};

const OPERATOR: &str = "una-de-operaciones";
const ADMIN: (&str, &str) = ("Authorization", "Bearer una-de-operaciones");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// How long something that is done in the background may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(settings: &[(&'static str, String)], more: &[(&str, &str)]) -> Server {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, it)| (*name, it.as_str()))
        .collect();
    Server::start(&[&settings[..], &[("admin_token", OPERATOR)], more].concat())
}

fn ask(server: &Server, path: &str) -> Reply {
    server.send("GET", &format!("/admin/{path}"), &[ADMIN], b"")
}

fn trace(server: &Server, deployment_id: &str) -> Value {
    let reply = ask(server, &format!("trace/{deployment_id}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn callback(deployment_id: &str) -> String {
    json!({"deploymentId": deployment_id, "status": "RUN_COMPLETED"}).to_string()
}

fn with_wrong_token(server: &Server, deployment_id: &str) -> u16 {
    let headers = [("X-Authorization", "otro-token"), JSON];
    let body = callback(deployment_id);
    server
        .send("POST", "/api/callback", &headers, body.as_bytes())
        .status
}

/// The trace, as soon as it lists a refusal: they are written after the reply.
fn trace_of_refused(server: &Server, deployment_id: &str) -> Value {
    let start = Instant::now();
    loop {
        let traced = trace(server, deployment_id);
        if traced["refusals"]
            .as_array()
            .is_some_and(|it| !it.is_empty())
        {
            return traced;
        }
        assert!(start.elapsed() < PATIENCE, "{traced}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn assert_begins(traced: &Value, words: &str) {
    let verdict = traced["verdict"].as_str().expect("text");
    assert!(verdict.starts_with(words), "{verdict}");
}

#[test]
fn the_story_of_a_deployment_is_told_through_data_api_builder() {
    for write in ["procedure", "table"] {
        let dab = DabServer::start(None);
        let server = start(&dab.settings(), &[("sam_write", write)]);
        assert_begins(&trace(&server, "d-1"), "No hay noticia");
        dab.insert("d-1", "RUNNING");
        assert_begins(&trace(&server, "d-1"), "No consta que A360 haya llamado");
        assert_eq!(with_wrong_token(&server, "d-1"), 401);
        let refused = trace_of_refused(&server, "d-1");
        assert_begins(&refused, "No llegó a SAM: el ");
        assert_eq!(refused["refusals"][0]["verified"], false);

        assert_eq!(server.callback(callback("d-1")).status, 200);
        let arrived = trace(&server, "d-1");
        assert_eq!(arrived["row"]["Estado"], "RUN_COMPLETED", "{write}");
        assert!(arrived["row"].get("CallbackInfo").is_none());
        assert_begins(
            &arrived,
            match write {
                "procedure" => "Sí llegó: el callback está en SAM",
                _ => "La ejecución terminó en SAM como RUN_COMPLETED",
            },
        );
        let line = server.line_with("\"outcome\":\"traced\"");
        assert_eq!(line["deployment_id"], "d-1");
    }
}

#[test]
fn the_story_of_a_deployment_is_told_through_postgrest_from_a_real_database() {
    let postgrest = PostgrestServer::start(Database::supabase().with_lookup());
    let server = start(&postgrest.settings(), &[]);
    let mut owner = postgrest.database.connect();
    let rows = r#"
        insert into "Ejecuciones" ("DeploymentId", "FechaInicio", "Estado")
        values ('d-1', localtimestamp - interval '2 hours', 'RUNNING'),
               ('d-2', localtimestamp - interval '2 minutes', 'DEPLOYED');
        create table "Ejecuciones_Historico" (like "Ejecuciones");
        insert into "Ejecuciones_Historico" ("EjecucionId", "DeploymentId", "FechaInicio", "Estado",
                                             "IntentosConciliadorFallidos")
        values (9, 'vieja', now(), 'UNKNOWN', 0)"#;
    owner.batch_execute(rows).expect("inserted");

    let overdue = ask(&server, "overdue");
    assert_eq!(overdue.status, 200, "{overdue:?}");
    assert_eq!(overdue.json()["rows"][0]["deploymentId"], "d-1");
    assert_eq!(overdue.json()["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(overdue.json()["minutes"], 60);
    let all = ask(&server, "overdue?minutes=1").json();
    assert_eq!(all["rows"].as_array().map(Vec::len), Some(2));

    assert_begins(
        &trace(&server, "vieja"),
        "SAM dio la ejecución por perdida (UNKNOWN)",
    );
    assert_eq!(server.callback(callback("d-1")).status, 200);
    let arrived = trace(&server, "d-1");
    assert_begins(&arrived, "Sí llegó: el callback está en SAM");
    assert_eq!(arrived["row"]["ConCallback"], true);
    // A callback before its row.
    assert_eq!(server.callback(callback("d%3")).status, 202);
    let early = trace(&server, "d%253");
    assert_eq!(
        (&early["rowState"], &early["deploymentId"]),
        (&json!("absent"), &json!("d%3"))
    );
    assert_eq!(early["outbox"][0]["state"], "waiting");
    assert_begins(&early, "El callback llegó el ");
    assert_eq!(ask(&server, "overdue").json()["rows"], json!([]));
}

#[test]
fn a_database_without_the_procedures_works_and_says_what_it_lacks() {
    let postgrest = PostgrestServer::start(Database::supabase());
    let server = start(&postgrest.settings(), &[]);
    let statement = r#"insert into "Ejecuciones" ("DeploymentId", "FechaInicio", "Estado")
                       values ('d-1', localtimestamp, 'RUNNING')"#;
    postgrest
        .database
        .connect()
        .batch_execute(statement)
        .expect("inserted");
    let traced = trace(&server, "d-1");
    assert_eq!(traced["rowState"], "unreadable");
    assert_begins(
        &traced,
        "No se puede leer la ejecución en SAM: la base de datos no tiene",
    );
    let overdue = ask(&server, "overdue");
    assert_eq!(overdue.refusal(), (501, "no_overdue_procedure".to_owned()));
    assert_eq!(server.callback(callback("d-1")).json()["result"], "updated");
}

#[test]
fn a_data_api_that_is_away_hides_nothing_that_is_known_here() {
    let away = Upstream::start(|_| Act::Reply(503, "text/html", b"<html>".to_vec()));
    let settings = [
        ("data_api", "dab".to_owned()),
        ("data_api_origin", away.origin()),
    ];
    let server = start(&settings, &[]);
    assert_eq!(server.callback(callback("d-1")).status, 202);
    let traced = trace(&server, "d-1");
    assert_eq!(traced["rowState"], "unreadable");
    assert_eq!(traced["outbox"][0]["key"], "d-1");
    assert_begins(
        &traced,
        "No se pudo leer la ejecución en SAM (la causa está en el registro); el callback",
    );
    let line = server.line_with("\"outcome\":\"traced\"");
    let failure = line["failure"].as_str().expect("why");
    assert!(failure.contains("status 503"), "{failure}");
    assert_eq!(ask(&server, "overdue").status, 503);
}

#[test]
fn with_the_embedded_store_a_trace_says_that_sam_does_not_change() {
    let server = start(&[], &[]);
    assert_eq!(server.callback(callback("d-1")).status, 200);
    let traced = trace(&server, "d-1");
    assert_begins(&traced, "Sí llegó a este servicio");
    assert_eq!(traced["row"]["ConCallback"], true);
    assert_eq!(ask(&server, "overdue").status, 501);
}

#[test]
fn refusals_outlive_the_host_and_a_flood_does_not_push_out_the_one_that_matters() {
    let dab = DabServer::start_open();
    let settings = [
        ("data_api", "dab".to_owned()),
        ("data_api_origin", dab.upstream.origin()),
        ("trusted_proxies", "1".to_owned()),
    ];
    let server = start(&settings, &[]);
    let from = |client: &str, headers: &[(&str, &str)], body: &str| {
        let headers = [headers, &[JSON, ("X-Forwarded-For", client)]].concat();
        server
            .send("POST", "/api/callback", &headers, body.as_bytes())
            .status
    };
    assert_eq!(
        from(
            "10.1.1.1",
            &[("X-Authorization", "otro-token")],
            &callback("d-1")
        ),
        401
    );
    assert_eq!(
        from("10.1.1.2", &[SIGNED], r#"{"deploymentId":"d-2"}"#),
        422
    );
    trace_of_refused(&server, "d-1");
    trace_of_refused(&server, "d-2");
    for number in 0..600 {
        let client = format!("10.9.{}.{}", number / 250, number % 250);
        assert_eq!(from(&client, &[], "{}"), 401);
    }
    let server = server.kill_and_restart();
    for id in ["d-1", "d-2"] {
        let traced = trace(&server, id);
        assert_eq!(traced["refusals"].as_array().map(Vec::len), Some(1), "{id}");
    }
    let listed = ask(&server, "refusals?limit=256").json();
    let listed = listed["refusals"].as_array().expect("a list").len();
    assert!((3..=256).contains(&listed), "{listed}");
}

#[test]
fn what_a_stranger_sends_is_never_shown_as_it_came() {
    let server = start(&[], &[("webhook_secret", "un-secreto-de-mensajes")]);
    let hostile = [
        "un-secreto-de-mensajes",
        "<script>alert(1)</script>",
        &"x".repeat(5000),
    ];
    for id in hostile {
        with_wrong_token(&server, id);
    }
    let traced = trace_of_refused(&server, "%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assert_eq!(traced["refusals"][0]["verified"], false);
    let listed = ask(&server, "refusals").text;
    assert!(
        !listed.contains("un-secreto-de-mensajes") && !listed.contains("xxx"),
        "{listed}"
    );
}

#[test]
fn operators_have_to_prove_that_they_are_some() {
    let upstream = Upstream::start(|_| upstream::json(500, &json!({})));
    let settings = [
        ("data_api", "dab".to_owned()),
        ("data_api_origin", upstream.origin()),
    ];
    let server = start(&settings, &[]);
    for path in ["trace/d-1", "overdue", "refusals"] {
        let path = format!("/admin/{path}");
        for headers in [&[][..], &[SIGNED], &[("Authorization", "Bearer otro")]] {
            let reply = server.send("GET", &path, headers, b"");
            assert_eq!(reply.refusal(), (401, "invalid_credentials".to_owned()));
        }
        let posted = server.send("POST", &path, &[ADMIN], b"");
        assert_eq!(posted.refusal(), (405, "method_not_allowed".to_owned()));
    }
    assert_eq!(upstream.take_requests(), []);
}
