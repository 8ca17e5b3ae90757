//! The curl lines for operators: each block of the two READMEs, docs/operacion.md, docs/outbox.md and
//! docs/migracion.md is run as it is written, and each line reaches what it says. So does each line in deploy/ that calls the service; of those
//! that call somebody else's, what they would send is looked at.

use support::pages::blocks_of;
use support::process::program;
use support::project::root;
use support::server::{Server, TOKEN};
use tempfile::TempDir;

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
fn each_curl_line_of_the_readmes_reaches_what_it_says() {
    for page in ["README.md", "README.es.md"] {
        let answered = run(page);
        assert_eq!(answered.len(), 2);
        assert!(answered[0].body.contains(r#""result":"updated""#));
        assert!(answered[1].body.contains(r#""DeploymentId":"prueba-1""#));
    }
}

#[test]
fn each_curl_line_of_the_outboxs_page_reaches_what_it_says() {
    let answered = run("docs/outbox.md");
    assert_eq!(answered.len(), 10);
}

#[test]
fn each_curl_line_of_the_night_guide_reaches_what_it_says() {
    let answered = run("docs/operacion.md");
    assert!(answered.len() >= 14, "{answered:#?}");
    assert!(answered[0].body.contains(r#""status":"ready""#));
    assert!(answered[1].body.contains(r#""settings":"ok""#));
    assert!(
        answered
            .iter()
            .any(|line| line.body.contains(r#""verdict":""#))
    );
}

#[test]
fn each_curl_line_of_the_page_about_migrating_reaches_what_it_says() {
    let answered = run("docs/migracion.md");
    assert_eq!(answered.len(), 8);
    assert!(
        answered[0]
            .body
            .contains("Servicio de Callback activo y saludable.")
    );
    assert!(answered[1].body.contains(r#""status":"ready""#));
}

/// The page about the mailbox has both ends on one desk: two servers, and lines to each.
#[test]
fn each_curl_line_of_the_mailboxs_desk_reaches_what_it_says() {
    let page = "deploy/mailbox/README.md";
    let (edge_file, inner_file) = (desk("edge"), desk("inner"));
    let edge = Server::start_bare(&as_settings(&edge_file));
    let edge_origin = format!("http://{}", edge.address);
    let settings = inner_file.iter().map(|(name, value)| {
        let is_origin = name == "collect_origin";
        let value = if is_origin { &edge_origin } else { value };
        (name.as_str(), value.as_str())
    });
    let inner = Server::start_bare(&settings.collect::<Vec<_>>());
    let blocks = blocks_of(page, "sh");
    let [block] = &blocks[..] else {
        panic!("one block: {blocks:?}")
    };
    let block = block.replace(ORIGIN, &edge_origin);
    let block = block.replace(
        "http://127.0.0.1:3001",
        &format!("http://{}", inner.address),
    );
    let folder = TempDir::new().expect("a folder");
    let answered = read(&bash(&folder, &format!("{TOLD}\n{block}")));
    let statuses: Vec<_> = answered.iter().map(|line| line.status).collect();
    assert_eq!(statuses, [202, 200, 200], "{answered:#?}");
    let shown = blocks_of(page, "json").concat();
    for line in &answered[..2] {
        assert!(shown.contains(line.body.trim()), "{line:?}");
    }
    assert!(answered[2].body.contains(r#""Estado":"RUN_COMPLETED""#));
}

/// The settings of one end of the desk.
fn desk(end: &str) -> Vec<(String, String)> {
    let file = root().join(format!("deploy/mailbox/desk-{end}.toml"));
    let text = std::fs::read_to_string(file).expect("the file");
    let table: toml::Table = text.parse().expect("TOML");
    let values = table["variables_provider"][0]["values"].as_table();
    let values = values.expect("values").iter();
    let text = |value: &toml::Value| value.as_str().expect("a text").to_owned();
    values
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn as_settings(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    let settings = settings.iter();
    settings
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Programs that are on the machines which those pages are about: `kubectl` has the secret.
const ELSEWHERE: &str = r#"
kubectl() { printf %s "$ADMIN_TOKEN" | base64; }
spin() { :; }
gcloud() { :; }
rm() { :; }
jq() { :; }
"#;

/// A line that calls the service is run, and of others the arguments are written down.
const LOOKED_AT: &str = r#"
curl() {
  case "$*" in
    *"$ORIGIN"*) command curl "$@" -w '\n@@ %{http_code} %{url_effective}\n@@@' ;;
    *) printf '%s\n' "$@" '@@@@' >> sent ;;
  esac
}
"#;

const PLACES: [&str; 5] = ["akamai", "azure-sql", "container", "spinkube", "supabase"];

#[test]
fn no_other_page_has_a_curl_line() {
    let places = PLACES.map(|place| format!("deploy/{place}/README.md"));
    let run = [
        "README.md",
        "README.es.md",
        "docs/migracion.md",
        "docs/operacion.md",
        "docs/outbox.md",
        "docs/mensajes.md",
        "deploy/mailbox/README.md",
    ];
    let listed = program("git")
        .args(["-c", "safe.directory=*", "ls-files", "--", "*.md"])
        .current_dir(root())
        .output()
        .expect("git");
    let listed = String::from_utf8(listed.stdout).expect("names");
    // Run by its own steps in tests/archive.
    let listed = listed
        .lines()
        .filter(|&page| page != "deploy/archive/LEAME.md");
    let mut with_curl = 0;
    for page in listed.filter(|page| root().join(page).exists()) {
        let text = std::fs::read_to_string(root().join(page)).expect("a page");
        let is_line = |line: &str| line.contains("curl -") && !line.contains('`');
        if text.lines().any(is_line) {
            with_curl += 1;
            let is_run = run.contains(&page) || places.iter().any(|own| own == page);
            assert!(is_run, "{page}");
        }
    }
    assert_eq!(with_curl, run.len() + places.len());
}

#[test]
fn each_curl_line_of_deploy_reaches_what_it_says_or_would_send_it() {
    let server = Server::start(&[("admin_token", ADMIN_TOKEN)]);
    let origin = format!("http://{}", server.address);
    let mut statuses = Vec::new();
    let mut sent = Vec::new();
    for place in PLACES {
        for block in blocks_of(&format!("deploy/{place}/README.md"), "sh") {
            if !block.contains("curl ") {
                continue;
            }
            let folder = TempDir::new().expect("a folder");
            let block = block.replace("https://<what it prints>", &origin);
            let block = block.replace(ORIGIN, &origin);
            let script = format!("ORIGIN={origin}\n{ELSEWHERE}{LOOKED_AT}\n{block}");
            let answered = read(&bash(&folder, &script));
            let told = std::fs::read_to_string(folder.path().join("sent")).unwrap_or_default();
            let told = told.split_terminator("@@@@\n").map(str::to_owned);
            let before = statuses.len() + sent.len();
            statuses.extend(answered.iter().map(|line| line.status));
            sent.extend(told);
            let ran = statuses.len() + sent.len() - before;
            assert_eq!(ran, block.matches("curl ").count(), "{place}: {block}");
        }
    }
    assert_eq!(statuses, [200; 5]);
    assert_eq!(sent.len(), 3, "{sent:#?}");
    for arguments in sent {
        let words: Vec<_> = arguments.lines().collect();
        let url = words.iter().find(|word| word.starts_with("http"));
        let url = url.unwrap_or_else(|| panic!("no URL: {arguments}"));
        let data = words.iter().position(|word| *word == "-d");
        let data = words[data.expect("something to send") + 1];
        if url.ends_with("/oauth2/v2.0/token") {
            assert!(words.contains(&"grant_type=client_credentials"));
        } else {
            assert!(url.ends_with("/ActualizarEjecucionDesdeCallback"), "{url}");
            let body: serde_json::Value = serde_json::from_str(data).expect("JSON");
            let names: Vec<_> = body.as_object().expect("an object").keys().collect();
            assert_eq!(names, ["CallbackInfo", "DeploymentId", "Estado"]);
        }
    }
}

fn run(page: &str) -> Vec<Answered> {
    let server = Server::start(&[("admin_token", ADMIN_TOKEN)]);
    let folder = TempDir::new().expect("a folder");
    let settings =
        format!("SPIN_VARIABLE_CALLBACK_TOKEN={TOKEN}\nSPIN_VARIABLE_ADMIN_TOKEN={ADMIN_TOKEN}\n");
    std::fs::write(folder.path().join(".env"), settings).expect("written");
    // `up` writes it for the lines of the READMEs.
    let header = format!("X-Authorization: {TOKEN}\n");
    std::fs::write(folder.path().join(".callback-header"), header).expect("written");
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
            // Of what is shown to be refused, a request without a token and a body without fields.
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
