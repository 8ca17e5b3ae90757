//! Strangers that ask for as much work as they can, and a caller beside them.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use support::server::{SIGNED, Server};

const CALLBACK: &str = r#"{"deploymentId":"d","status":"COMPLETED"}"#;

/// All of a request but the last byte of its body.
fn unfinished(server: &Server, path: &str, headers: &str) -> std::net::TcpStream {
    let mut stream = server.connect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: 1048576\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    // A server that has given up need not take all of it.
    let _ = stream.write_all(&vec![b'x'; (1 << 20) - 1]);
    stream
}

#[test]
fn a_body_that_never_ends_is_answered_and_its_connection_is_not_kept() {
    let server = Server::start(&[("webhook_secret", "un-secreto-de-mensajes")]);
    let signature = format!("x-webhook-signature: {}\r\n", "ab".repeat(32));
    for (path, headers, status, seconds) in [
        ("/api/callback", "", "401", 4..25),
        ("/api/callback", "x-authorization: no\r\n", "401", 4..25),
        ("/webhook/receive", signature.as_str(), "400", 25..60),
    ] {
        let began = Instant::now();
        let mut stream = unfinished(&server, path, headers);
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).expect("set");
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).expect("a reply");
        let took = began.elapsed().as_secs();
        assert_eq!(&reply[9..], status.as_bytes(), "{path} {headers}");
        assert!(seconds.contains(&took), "{path} {headers}: {took} s");
        // The next caller is served.
        assert_eq!(server.callback(CALLBACK).status, 200);
    }
}

#[test]
fn what_is_refused_over_the_limit_is_counted_in_few_lines() {
    let server = Server::start(&[("failed_attempts_per_minute", "3")]);
    let wrong = ("X-Authorization", "no");
    for _ in 0..60 {
        server.send("POST", "/api/callback", &[wrong], CALLBACK.as_bytes());
    }
    let line = server.line_with("\"repeated\":");
    assert_eq!(line["outcome"], "too_many_attempts");
    std::thread::sleep(Duration::from_secs(2));
    let printed = server.printed();
    let lines = printed.lines().filter(|line| line.contains("too_many"));
    let requests = lines.clone().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        1 + line["repeated"].as_u64().unwrap_or(0)
    });
    assert_eq!(requests.sum::<u64>(), 57, "{printed}");
    assert!(lines.count() < 30, "{printed}");
    let reply = server.send("POST", "/api/callback", &[SIGNED], CALLBACK.as_bytes());
    assert_eq!(reply.status, 200);
}
