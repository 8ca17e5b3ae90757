//! How callers send, and how they read the reply.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;

use crate::journal::{Answer, Event, Journal};
use crate::submissions::{self, Reply, Submission};

/// Longer than any server takes, even one whose store is locked.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client that opens a connection for each request, and takes no status for an error.
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// Sends JSON; gives the answer, and its body where that came to its end.
pub fn post(
    agent: &Agent,
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (Answer, Option<String>) {
    let request = agent
        .post(format!("http://{address}{path}"))
        .header("content-type", "application/json");
    let headers = headers.iter();
    let request = headers.fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let Ok(mut response) = request.send(body) else {
        return (Answer::Nothing, None);
    };
    // The status alone counts: who has read it may rely on it, whatever becomes of the body.
    let answer = match response.status().as_u16() {
        200 => Answer::Done,
        202 => Answer::Queued,
        other => Answer::Refused(other),
    };
    (answer, response.body_mut().read_to_string().ok())
}

/// Sends a submission, and notes the reply.
pub fn submit(
    agent: &Agent,
    address: SocketAddr,
    journal: &Journal,
    (path, headers): (&str, &[(&str, &str)]),
    submission: &Arc<Submission>,
) -> Answer {
    let sent = journal.note(Event::Submitted(Arc::clone(submission), submissions::now()));
    let (answer, body) = post(agent, address, path, headers, &submission.body);
    let reply = Reply {
        sent,
        answer,
        body,
        at: submissions::now(),
    };
    journal.note(Event::Replied(Arc::clone(submission), reply));
    answer
}

/// How long a caller pauses at most. Where nobody answers, the server is being started again.
pub fn longest_pause(answer: Answer) -> u64 {
    if answer == Answer::Nothing { 60 } else { 20 }
}
