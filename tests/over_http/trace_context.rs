//! The trace of a request goes on to the data API.

use serde_json::json;
use support::server::{SIGNED, Server};
use support::upstream::{Upstream, json as reply};

const BODY: &[u8] = br#"{"deploymentId":"d","status":"COMPLETED"}"#;
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn the_data_api_gets_a_valid_trace_of_a_valid_caller() {
    let data_api = Upstream::start(|_| reply(200, &json!([{ "Resultado": "UPDATED" }])));
    let origin = data_api.origin();
    let server = Server::start(&[("data_api", "postgrest"), ("data_api_origin", &origin)]);
    let post = |headers: &[(&str, &str)]| {
        let status = server.send("POST", "/api/callback", headers, BODY).status;
        (status, data_api.take_requests())
    };
    let state = ("tracestate", "congo=t61rcWkgMzE");
    let (status, asked) = post(&[SIGNED, ("traceparent", PARENT), state]);
    let [asked] = &asked[..] else {
        panic!("one request: {asked:?}")
    };
    assert_eq!(status, 200);
    assert_eq!(asked.header("traceparent"), Some(PARENT));
    assert_eq!(asked.header("tracestate"), Some(state.1));

    let (status, asked) = post(&[SIGNED, ("traceparent", "00-0-0-01"), state]);
    assert_eq!((status, asked[0].header("traceparent")), (200, None));
    assert_eq!(asked[0].header("tracestate"), None);

    let (status, asked) = post(&[("x-authorization", "otro"), ("traceparent", PARENT)]);
    assert_eq!((status, asked.len()), (401, 0));
}
