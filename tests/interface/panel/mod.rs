//! The page at /panel, as an operator with a browser uses it, against the built component.

mod access;
mod mailbox;
mod many;
mod mending;
mod states;
mod tracing;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use support::browser::Browser;
use support::data_api::dab::DabServer;
use support::server::{Reply, Server};
use support::upstream::{self, Act, Upstream};

use crate::page::assert_quiet;

const OPERATOR: &str = "un-token-de-operador";
const ADMIN: (&str, &str) = ("Authorization", "Bearer un-token-de-operador");

/// Opens the page, and types the token.
fn open(server: &Server) -> Browser {
    let browser = Browser::start();
    enter(&browser, server);
    browser
}

fn enter(browser: &Browser, server: &Server) {
    browser.open(&format!("http://{}/panel", server.address));
    browser.fill("#token", OPERATOR);
    browser.click("#enter button");
    wait_until_entered(browser);
}

fn wait_until_entered(browser: &Browser) {
    browser.wait_for("return !document.getElementById('panel').hidden");
}

/// What stands there, as somebody reads it.
fn text(browser: &Browser, css: &str) -> String {
    let text = browser.execute(&format!("return document.querySelector('{css}').innerText"));
    text.as_str().expect("a text").to_owned()
}

/// Until this stands there; the page refreshes by itself.
fn wait_for_text(browser: &Browser, css: &str, wanted: &str) {
    let found = format!("document.querySelector('{css}')?.innerText");
    browser.wait_for(&format!("return {found}?.includes('{wanted}')"));
}

fn count(browser: &Browser, css: &str) -> u64 {
    let number = browser.execute(&format!("return document.querySelectorAll('{css}').length"));
    number.as_u64().expect("a number")
}

/// Types a deployment into the box on top, and waits until its story is there.
fn trace(browser: &Browser, deployment_id: &str) {
    browser.execute("document.getElementById('wanted').value = ''");
    browser.fill("#wanted", deployment_id);
    browser.click("#search button");
    wait_for_text(browser, "#story", deployment_id);
    wait_for_text(browser, "#story", "La fila en SAM");
}

fn callback(server: &Server, deployment_id: &str) -> Reply {
    let body = json!({"deploymentId": deployment_id, "status": "COMPLETED"});
    server.callback(body.to_string())
}

fn admin(server: &Server, method: &str, path: &str) -> Value {
    let reply = server.send(method, &format!("/admin/{path}"), &[ADMIN], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// Data API builder that can be away, and that refuses callbacks by their deployment's id until it is
/// mended.
struct DataApi {
    dab: DabServer,
    front: Upstream,
    is_away: Arc<AtomicBool>,
    is_mended: Arc<AtomicBool>,
}

impl DataApi {
    fn start() -> Self {
        let dab = DabServer::start_open();
        let behind = dab.upstream.address;
        let [is_away, is_mended] = [(); 2].map(|()| Arc::<AtomicBool>::default());
        let (away, mended) = (Arc::clone(&is_away), Arc::clone(&is_mended));
        let front = Upstream::start(move |asked| {
            let has = |word: &str| String::from_utf8_lossy(&asked.body).contains(word);
            let refuses = |word| has(word) && !mended.load(Ordering::SeqCst);
            if away.load(Ordering::SeqCst) {
                Act::Reply(503, "text/html", b"<html>".to_vec())
            } else if refuses("invalida") {
                upstream::json(400, &json!({"error": {"code": "BadRequest"}}))
            } else if refuses("prohibida") {
                upstream::json(403, &json!({"error": {"code": "AuthorizationCheckFailed"}}))
            } else {
                upstream::forward(asked, behind)
            }
        });
        Self {
            dab,
            front,
            is_away,
            is_mended,
        }
    }

    /// One that has refused a callback, and the server whose outbox has its dead letter, "invalida-1".
    fn start_with_dead_letter() -> (Self, Server) {
        let data_api = Self::start();
        let server = data_api.serve();
        data_api.dab.insert("invalida-1", "RUNNING");
        assert_eq!(callback(&server, "invalida-1").status, 202);
        (data_api, server)
    }

    /// A server that writes through it. SAM's rows are not read here.
    fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// The same, with these settings too.
    fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        let origin = self.front.origin();
        let own = [
            ("admin_token", OPERATOR),
            ("data_api", "dab"),
            ("data_api_origin", &origin),
            ("sam_lookup_procedure", "-"),
            ("sam_overdue_procedure", "-"),
        ];
        Server::start(&[&own, settings].concat())
    }

    fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.is_mended.store(true, Ordering::SeqCst);
    }

    fn state_of(&self, deployment_id: &str) -> Value {
        self.dab.row(deployment_id)["Estado"].clone()
    }
}
