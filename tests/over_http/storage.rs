//! What is acknowledged is kept.

use support::server::Server;

#[test]
fn rows_outlive_a_server_that_is_killed() {
    let server = Server::start(&[]);
    for number in 0..20 {
        let body = format!(r#"{{"deploymentId":"d{number}","status":"COMPLETED"}}"#);
        assert_eq!(server.callback(body).status, 200);
    }
    let server = server.kill_and_restart();
    for number in 0..20 {
        let row = server.row(&format!("d{number}")).expect("the row");
        assert_eq!(row["Estado"], "COMPLETED");
    }
    let again = server.callback(r#"{"deploymentId":"d0","status":"RUN_FAILED"}"#);
    assert_eq!(again.json()["result"], "already_final");
}

#[test]
fn callbacks_for_one_deployment_at_once_leave_one_of_them_whole() {
    let server = Server::start(&[]);
    std::thread::scope(|scope| {
        for number in 0..32 {
            let server = &server;
            scope.spawn(move || {
                let body =
                    format!(r#"{{"deploymentId":"same","status":"COMPLETED","n":{number}}}"#);
                assert_eq!(server.callback(body).status, 200);
            });
        }
    });
    let row = server.row("same").expect("the row");
    assert_eq!(row["Estado"], "COMPLETED");
    let kept: serde_json::Value =
        serde_json::from_str(row["CallbackInfo"].as_str().expect("text")).expect("JSON");
    assert_eq!(kept["deploymentId"], "same");
    let reply = server.callback(r#"{"deploymentId":"same","status":"RUN_FAILED"}"#);
    assert_eq!(reply.json()["result"], "already_final");
}
