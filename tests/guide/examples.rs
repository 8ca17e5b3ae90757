//! The guide's programs: each is run as it is written, with a secret of each kind.

use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use support::process::program;
use support::server::{Reply, Server};
use support::upstream::{Act, RecordedRequest, Upstream, forward};
use tempfile::TempDir;

use crate::{PATH, PLAIN, STANDARD, block, rows, serve};

/// A program of the guide, in the file that the guide names.
struct Example {
    folder: TempDir,
    program: &'static str,
    file: &'static str,
}

impl Example {
    fn new(language: &str, program: &'static str, file: &'static str) -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join(file), block(language)).expect("written");
        Self {
            folder,
            program,
            file,
        }
    }

    fn run(&self, origin: &str, secret: &str) -> Output {
        let output = program(self.program)
            .arg(self.file)
            .current_dir(self.folder.path())
            .env("URL", format!("{origin}{PATH}"))
            .env("SECRETO", secret)
            .output();
        output.unwrap_or_else(|error| panic!("{}: {error}", self.program))
    }
}

#[test]
fn the_example_in_python_works() {
    works(&Example::new("python", "python3", "enviar.py"));
}

#[test]
fn the_example_in_javascript_works() {
    works(&Example::new("javascript", "node", "enviar.mjs"));
}

#[test]
fn the_example_in_bash_works() {
    works(&Example::new("bash", "bash", "enviar.sh"));
}

fn works(example: &Example) {
    let server = serve();
    for secret in [PLAIN, STANDARD] {
        let output = example.run(&format!("http://{}", server.address), secret);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(said.contains(r#""success":true"#), "{said}");
        assert!(said.contains("Mensaje procesado."), "{said}");

        let (message, said) = sent_at_the_second_attempt(example, &server, secret);
        let reply = is_taken_once(&server, &message);
        assert!(said.contains(&reply.text), "{said}\n{reply:?}");
        is_refused_once_it_is_changed(&server, &message);
    }
    refused_for_good(example, &server);
}

/// What the program sends where the first attempt finds the service away, and what it says then.
fn sent_at_the_second_attempt(
    example: &Example,
    server: &Server,
    secret: &str,
) -> (RecordedRequest, String) {
    let (was_away, address) = (AtomicBool::new(false), server.address);
    let service = Upstream::start(move |asked| match was_away.swap(true, Ordering::SeqCst) {
        false => Act::ReplyWith(503, "retry-after", "1"),
        true => forward(&closing(asked), address),
    });
    let output = example.run(&service.origin(), secret);
    assert!(output.status.success(), "{output:?}");
    let [first, second] =
        <[RecordedRequest; 2]>::try_from(service.take_requests()).expect("two attempts");
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.header("webhook-id").is_some(), secret == STANDARD);
    (second, String::from_utf8(output.stdout).expect("UTF-8"))
}

/// The same request for a connection that ends with its reply.
fn closing(asked: &RecordedRequest) -> RecordedRequest {
    let mut asked = asked.clone();
    asked.headers.retain(|(name, _)| name != "connection");
    let close = ("connection".to_owned(), "close".to_owned());
    asked.headers.push(close);
    asked
}

/// The reply to a message that has been taken before.
fn is_taken_once(server: &Server, message: &RecordedRequest) -> Reply {
    let before = rows(server);
    assert_eq!(before.len(), 1);
    let first = send(server, message, &message.body);
    assert_eq!(first.status, 200, "{first:?}");
    let again = send(server, message, &message.body);
    assert_eq!(again.text, first.text);
    let id = message.json()["metadata"]["id"].clone();
    assert_eq!(first.json()["data"]["message_id"], id);
    assert_eq!(rows(server), before);
    first
}

fn is_refused_once_it_is_changed(server: &Server, message: &RecordedRequest) {
    let before = rows(server);
    let text = String::from_utf8(message.body.clone()).expect("UTF-8");
    let changed = text.replace("confirmada", "anulada");
    assert_ne!(changed, text);
    let reply = send(server, message, changed.as_bytes());
    assert_eq!(reply.status, 401, "{reply:?}");
    assert_eq!(reply.json()["success"], false);
    assert_eq!(rows(server), before);
}

/// With a secret that the server does not know: one attempt, and an error.
fn refused_for_good(example: &Example, server: &Server) {
    let address = server.address;
    let service = Upstream::start(move |asked| forward(&closing(asked), address));
    for secret in ["otro-secreto", "whsec_b3RybyBzZWNyZXRv"] {
        let output = example.run(&service.origin(), secret);
        assert!(!output.status.success(), "{output:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("401"), "{said}");
        assert_eq!(service.take_requests().len(), 1, "{said}");
    }
}

/// Sends this body with the headers of that message.
fn send(server: &Server, message: &RecordedRequest, body: &[u8]) -> Reply {
    let headers: Vec<_> = message
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("webhook-") || name == "x-webhook-signature")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([("content-type", "application/json")])
        .collect();
    server.send("POST", PATH, &headers, body)
}
