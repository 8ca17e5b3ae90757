//! The curl lines for operators, in README.md and docs/operacion.md: each block of them is run as it
//! is written, and each line reaches what it says.

use tempfile::TempDir;

use crate::blocks::blocks_of;
use crate::program;
use crate::server::{Server, TOKEN};

/// Where the pages have the service.
const ORIGIN: &str = "http://127.0.0.1:3000";

const ADMIN_TOKEN: &str = "otra-palabra-de-prueba";

/// An id as the outbox makes them; there is no such entry.
const ID: &str = "0018f3a5b2c-0000002a-f000102030405060708090a0b0c0d0e0f";

/// After what a line prints, what came of it: curl minds the last format only.
const TOLD: &str = r#"curl() { command curl "$@" -w '\n@@ %{http_code} %{url_effective}\n@@@'; }"#;

/// What came of one line.
#[derive(Debug)]
struct Answered {
    status: u16,
    url: String,
    body: String,
}

#[test]
fn each_curl_line_of_the_readme_reaches_what_it_says() {
    let answered = run("README.md");
    assert_eq!(answered.len(), 10);
    assert!(answered[0].body.contains(r#""result":"updated""#));
    assert!(answered[1].body.contains(r#""DeploymentId":"prueba-1""#));
}

#[test]
fn each_curl_line_of_the_night_guide_reaches_what_it_says() {
    let answered = run("docs/operacion.md");
    assert!(answered.len() >= 11, "{answered:#?}");
    assert!(answered[0].body.contains(r#""status":"ready""#));
}

fn run(page: &str) -> Vec<Answered> {
    let server = Server::start(&[("admin_token", ADMIN_TOKEN)]);
    let folder = TempDir::new().expect("a folder");
    let settings =
        format!("SPIN_VARIABLE_CALLBACK_TOKEN={TOKEN}\nSPIN_VARIABLE_ADMIN_TOKEN={ADMIN_TOKEN}\n");
    std::fs::write(folder.path().join(".env"), settings).expect("written");
    let blocks = blocks_of(page, "sh");
    let blocks = blocks.iter().filter(|block| block.contains("curl "));
    let origin = format!("http://{}", server.address);
    let answered: Vec<_> = blocks
        .flat_map(|block| {
            let block = block.replace(ORIGIN, &origin).replace("<id>", ID);
            let said = bash(&folder, &format!("{TOLD}\n{block}"));
            let lines = block.matches("curl ").count();
            let answered = read(&said);
            assert_eq!(answered.len(), lines, "{page}: {block}\n{said}");
            answered
        })
        .collect();
    for line in &answered {
        let is_as_it_says = match line.status {
            // Of what is shown to be refused, a door without a token and a body without fields.
            200 | 202 | 401 | 422 => true,
            404 => line.url.contains(ID) && line.body.contains("ninguna entrada"),
            _ => false,
        };
        assert!(is_as_it_says, "{page}: {line:#?}");
    }
    answered
}

fn bash(folder: &TempDir, script: &str) -> String {
    let output = program("bash")
        .args(["-c", script])
        .current_dir(folder.path())
        .env("ADMIN_TOKEN", ADMIN_TOKEN)
        .output();
    String::from_utf8(output.expect("bash").stdout).expect("UTF-8")
}

fn read(said: &str) -> Vec<Answered> {
    let lines = said.split("@@@").filter_map(|line| {
        let (body, told) = line.rsplit_once("@@ ")?;
        let (status, url) = told.trim().split_once(' ')?;
        Some(Answered {
            status: status.parse().expect("a status"),
            url: url.to_owned(),
            body: body.to_owned(),
        })
    });
    lines.collect()
}
