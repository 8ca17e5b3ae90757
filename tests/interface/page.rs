//! The page at /docs, as somebody with a browser uses it.

use serde_json::{Value, json};
use support::browser::Browser;
use support::server::{Server, TOKEN};

const CALLBACK: &str = "callback";

fn open(server: &Server, root_path: &str) -> Browser {
    let browser = Browser::start();
    browser.open(&format!("http://{}{root_path}/docs", server.address));
    browser.wait_for("return document.querySelector('article') !== null");
    browser
}

/// Fills in the secret of this scheme, sends the example as it stands, and returns that.
fn send(browser: &Browser, operation: &str, scheme: &str, secret: &str) -> Value {
    browser.click(&format!("#{operation} .try > summary"));
    browser.fill(&format!("#{operation} form input[name={scheme}]"), secret);
    let body = format!("return document.querySelector('#{operation} form textarea').value");
    let body = browser.execute(&body);
    browser.click(&format!("#{operation} form button[type=submit]"));
    // The outcome begins with the status code.
    browser.wait_for(&format!("return /^\\d/.test({})", outcome(operation)));
    serde_json::from_str(body.as_str().expect("a text")).expect("JSON")
}

fn outcome(operation: &str) -> String {
    format!("document.querySelector('#{operation} form [role=status]').textContent")
}

/// The same for a callback; returns its `deploymentId`.
fn send_callback(browser: &Browser, token: &str) -> String {
    let body = send(browser, CALLBACK, "callbackToken", token);
    body["deploymentId"].as_str().expect("an id").to_owned()
}

/// The status that the page says, and the reply that it shows.
fn answer(browser: &Browser, operation: &str) -> (String, Value) {
    let said = browser.execute(&format!("return {}", outcome(operation)));
    let shown = format!("return document.querySelector('#{operation} form div > pre').textContent");
    let shown = browser.execute(&shown);
    let shown = serde_json::from_str(shown.as_str().expect("a text")).expect("JSON");
    (said.as_str().expect("a text").to_owned(), shown)
}

/// Nothing has come to the browser's console.
#[track_caller]
pub fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.console(), [] as [Value; 0]);
}

/// Everything that the page has asked for, and its own address.
pub fn addresses(browser: &Browser) -> Vec<String> {
    let names = browser.execute(
        "return [location.href, ...performance.getEntriesByType('resource').map((it) => it.name)]",
    );
    serde_json::from_value(names).expect("addresses")
}

#[test]
fn it_shows_every_operation_and_asks_nobody_else_for_anything() {
    let server = Server::start(&[]);
    let browser = open(&server, "");

    let document = server.send("GET", "/openapi.json", &[], b"").json();
    let shown =
        browser.execute("return [...document.querySelectorAll('article')].map((it) => it.id)");
    assert_eq!(
        sorted(&shown),
        sorted(&Value::from(operation_ids(&document)))
    );
    let heading = browser.execute("return document.querySelector('#callback h3').textContent");
    assert_eq!(heading, "POST /api/callback");
    assert_eq!(
        browser.execute("return document.title"),
        document["info"]["title"]
    );

    let origin = format!("http://{}/", server.address);
    let addresses = addresses(&browser);
    assert!(addresses.contains(&format!("{origin}openapi.json")));
    for address in addresses {
        assert!(address.starts_with(&origin), "{address}");
    }
    assert_eq!(browser.cookies(), json!([]));
    assert_quiet(&browser);
}

fn operation_ids(document: &Value) -> Vec<Value> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths
        .values()
        .flat_map(|path| path.as_object().expect("a path").values());
    let ids = operations.filter_map(|it| it.get("operationId").cloned());
    ids.collect()
}

fn sorted(ids: &Value) -> Vec<&str> {
    let ids = ids.as_array().expect("ids").iter();
    let mut ids: Vec<_> = ids.map(|id| id.as_str().expect("an id")).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn it_sends_a_callback_and_keeps_the_credential_to_itself() {
    let server = Server::start(&[]);
    let browser = open(&server, "");
    let id = send_callback(&browser, TOKEN);

    let (said, shown) = answer(&browser, CALLBACK);
    assert!(said.starts_with("200"), "{said}");
    assert_eq!(shown["result"], "updated");
    let row = server.row(&id).expect("the row");
    assert_eq!(row["DeploymentId"], id.as_str());

    for address in addresses(&browser) {
        assert!(!address.contains(TOKEN), "{address}");
    }
    let kept = browser.execute("return [localStorage.length, sessionStorage.length]");
    assert_eq!(kept, json!([0, 0]));
    assert_eq!(browser.cookies(), json!([]));
    assert_quiet(&browser);
}

#[test]
fn it_shows_how_a_callback_was_refused() {
    let server = Server::start(&[]);
    let browser = open(&server, "");
    // Before the request: browsers log one that is refused themselves.
    assert_quiet(&browser);
    let id = send_callback(&browser, "otro-token");

    let (said, shown) = answer(&browser, CALLBACK);
    assert!(said.starts_with("401"), "{said}");
    assert_eq!(shown["code"], "invalid_credentials");
    assert_eq!(server.row(&id), None);
}

#[test]
fn it_fits_a_phone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    browser.phone();
    browser.open(&format!("http://{}/docs", server.address));
    browser.wait_for("return document.querySelector('article') !== null");
    let widths = "return [document.documentElement.scrollWidth, innerWidth]";
    assert_eq!(browser.execute(widths), json!([360, 360]));

    let open = "const all = [...document.querySelectorAll('details')];
                for (const it of all) it.open = true;
                return all.length";
    assert_ne!(browser.execute(open), 0);
    assert_eq!(browser.execute(widths), json!([360, 360]));
    assert_quiet(&browser);
}

#[test]
fn below_a_root_path_it_sends_there() {
    let server = Server::start(&[("root_path", "/sam")]);
    let browser = open(&server, "/sam");
    send_callback(&browser, TOKEN);

    let (said, shown) = answer(&browser, CALLBACK);
    assert!(said.starts_with("200"), "{said}");
    assert_eq!(shown["result"], "updated");
    let below = format!("http://{}/sam/", server.address);
    let addresses = addresses(&browser);
    assert!(addresses.contains(&format!("{below}api/callback")));
    for address in addresses {
        assert!(address.starts_with(&below), "{address}");
    }
    assert_quiet(&browser);
}

#[test]
fn it_signs_a_message_with_either_kind_of_secret() {
    let standard = "whsec_ZG9jZSBwdWVydGFzIHkgdW5hIHNvbGEgbGxhdmU=";
    for (secret, scheme) in [
        ("un-secreto-de-prueba", "webhookHmac"),
        (standard, "webhookId"),
    ] {
        let server = Server::start(&[("webhook_secret", secret)]);
        let browser = open(&server, "");
        send(&browser, "message", scheme, secret);

        let (said, shown) = answer(&browser, "message");
        assert!(said.starts_with("200"), "{said}");
        assert_eq!(shown["success"], true);
        assert_quiet(&browser);
    }
}

#[test]
fn it_shows_to_an_operator_what_it_shows_to_nobody_else() {
    let server = Server::start(&[
        ("admin_token", "un-token-de-operador"),
        ("blizwork_api_token", "t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ]);
    let browser = open(&server, "");
    let hidden = "return document.querySelector('#blizwork')";
    assert_eq!(browser.execute(hidden), Value::Null);
    assert_quiet(&browser);

    browser.click("#about summary");
    browser.fill("#about input", "un-token-de-operador");
    browser.click("#about button");
    browser.wait_for("return document.querySelector('#blizwork') !== null");
    assert_quiet(&browser);

    browser.click("#about summary");
    browser.fill("#about input", "-que-no-es");
    browser.click("#about button");
    browser.wait_for(
        "return document.querySelector('#state').textContent === 'Ese token no es válido.'",
    );
}
