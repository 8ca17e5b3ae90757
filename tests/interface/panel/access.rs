//! Who gets in, what is kept of the token, and how it is used with the keyboard and on a phone.

use serde_json::json;
use support::browser::{Browser, ENTER, ESCAPE, TAB};
use support::server::Server;

use super::{
    DataApi, OPERATOR, assert_quiet, callback, count, enter, open, text, wait_for_text,
    wait_until_entered,
};

#[test]
fn without_a_token_for_operators_there_is_no_panel() {
    let server = Server::start(&[]);
    for path in ["/panel", "/panel/panel.js"] {
        let reply = server.send("GET", path, &[], b"");
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
    }
}

#[test]
fn a_wrong_token_shows_nothing_and_the_right_one_is_kept_nowhere() {
    let server = Server::start(&[("admin_token", OPERATOR)]);
    let browser = Browser::start();
    browser.open(&format!("http://{}/panel", server.address));
    assert_eq!(count(&browser, "#panel[hidden]"), 1);
    browser.fill("#token", "-que-no-es");
    browser.click("#enter button");
    wait_for_text(&browser, "#refused", "Ese token no es válido.");
    assert_eq!(count(&browser, "#panel[hidden]"), 1);
    // What no header can carry is not even sent.
    browser.fill("#token", "ñandú");
    browser.click("#enter button");
    wait_for_text(&browser, "#refused", "Ese token no es válido.");
    // Browsers log a request that is refused themselves.
    browser.console();

    browser.fill("#token", OPERATOR);
    browser.click("#enter button");
    wait_until_entered(&browser);
    assert_eq!(text(&browser, "#refused"), "");
    let kept = "return [localStorage.length, sessionStorage.length,
        document.getElementById('token').value]";
    assert_eq!(browser.execute(kept), json!([0, 0, ""]));
    assert_eq!(browser.cookies(), json!([]));
    let origin = format!("http://{}/", server.address);
    for address in crate::page::addresses(&browser) {
        assert!(address.starts_with(&origin), "{address}");
        assert!(!address.contains(OPERATOR), "{address}");
    }
    assert_quiet(&browser);

    browser.click("#leave");
    assert_eq!(count(&browser, "#panel[hidden]"), 1);
    assert_eq!(
        browser.execute("return document.getElementById('status').textContent"),
        ""
    );
    assert!(!text(&browser, "body").contains("versión"));
    browser.open(&format!("http://{}/panel", server.address));
    assert_eq!(count(&browser, "#panel[hidden]"), 1);
}

#[test]
fn below_a_root_path_it_asks_there() {
    let server = Server::start(&[("admin_token", OPERATOR), ("root_path", "/sam")]);
    let browser = Browser::start();
    browser.open(&format!("http://{}/sam/panel", server.address));
    browser.fill("#token", OPERATOR);
    browser.click("#enter button");
    wait_until_entered(&browser);
    wait_for_text(&browser, "#status", "Servicio en marcha · versión");
    assert_quiet(&browser);
}

#[test]
fn all_of_it_can_be_done_with_the_keyboard() {
    let (_data_api, server) = DataApi::start_with_dead_letter();
    let browser = Browser::start();
    browser.open(&format!("http://{}/panel", server.address));
    browser.press(&format!("{TAB}{OPERATOR}{ENTER}"));
    wait_until_entered(&browser);
    wait_for_text(&browser, "#status", "Requieren atención: 1");

    tab_to(&browser, "[data-do=dead]");
    browser.press(ENTER);
    browser.wait_for("return document.querySelector('#items .entry')");
    tab_to(&browser, "#items [data-do=remove]");
    browser.press(ENTER);
    wait_for_text(&browser, "#question", "¿Borrar");
    // The first button is no, and so is Escape; the focus comes back.
    browser.press(ENTER);
    assert_eq!(count(&browser, "#question[open]"), 0);
    assert_eq!(count(&browser, "#items [data-do=remove]:focus"), 1);
    browser.press(ENTER);
    browser.press(ESCAPE);
    assert_eq!(count(&browser, "#question[open]"), 0);
    assert_eq!(count(&browser, "#items .entry"), 1);
    browser.press(ENTER);
    browser.press(&format!("{TAB}{ENTER}"));
    wait_for_text(&browser, "#done", "Borrada la entrada de invalida-1.");
    wait_for_text(&browser, "#status", "Requieren atención: 0");
    // Its button is gone: the focus is where the list is.
    browser.wait_for("return document.activeElement.id === 'list'");
    assert_quiet(&browser);
}

/// Presses Tab until this has the focus, which is seen at each step.
fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..40 {
        browser.press(TAB);
        let seen = browser.execute(
            "const it = document.activeElement;
             return it === document.body || getComputedStyle(it).outlineStyle === 'solid'",
        );
        assert_eq!(seen, true, "the focus is not to be seen");
        if count(browser, &format!("{css}:focus")) == 1 {
            return;
        }
    }
    panic!("Tab does not lead to {css}");
}

#[test]
fn it_fits_a_phone_whatever_is_open() {
    let data_api = DataApi::start();
    let server = data_api.serve();
    let id = format!("invalida-{}", "x".repeat(41));
    data_api.dab.insert(&id, "RUNNING");
    assert_eq!(callback(&server, &id).status, 202);
    let stranger = [("X-Authorization", "otro-token-que-no-es")];
    assert_eq!(
        server
            .send("POST", "/api/callback", &stranger, b"{}")
            .status,
        401
    );
    let browser = Browser::start();
    browser.phone();
    enter(&browser, &server);
    let fits = |what: &str| {
        let widths = "return [document.documentElement.scrollWidth, innerWidth]";
        assert_eq!(browser.execute(widths), json!([360, 360]), "{what}");
    };
    wait_for_text(&browser, "#status", "Requieren atención: 1");
    wait_for_text(&browser, "#status", "1 rechazado");
    fits("the status");
    browser.click("[data-do=dead]");
    browser.wait_for("return document.querySelector('#items .entry')");
    fits("the dead letters");
    browser.click("#items [data-do=show]");
    wait_for_text(&browser, "#question", "CallbackInfo");
    fits("an entry");
    browser.click("#question button");
    browser.click("#items [data-do=trace]");
    wait_for_text(&browser, "#story", "En la bandeja");
    fits("a trace");
    browser.click("[data-do=refusals]");
    browser.wait_for("return document.querySelector('#items table')");
    fits("the refusals");
    assert_quiet(&browser);
}

#[test]
fn what_the_eye_follows_stays_where_it_is_while_the_page_refreshes() {
    let (data_api, server) = DataApi::start_with_dead_letter();
    let browser = open(&server);
    wait_for_text(&browser, "#status", "Requieren atención: 1");
    browser.execute(
        "window.shift = 0;
         new PerformanceObserver((list) => {
           for (const it of list.getEntries()) window.shift += it.value;
         }).observe({ type: 'layout-shift' });
         window.button = document.querySelector('[data-do=requeueAll]');
         window.button.focus();",
    );
    // Another one of the same cause: a figure changes, and nothing else.
    data_api.dab.insert("invalida-2", "RUNNING");
    assert_eq!(callback(&server, "invalida-2").status, 202);
    wait_for_text(&browser, "#status", "Requieren atención: 2");
    let same = "return [window.shift, document.activeElement === window.button]";
    assert_eq!(browser.execute(same), json!([0, true]));
    assert!(text(&browser, "#updated").starts_with("Actualizado hace "));
}
