//! What `up` prints once the component serves: its URL, and curl lines for a POSIX shell that
//! work as they stand in any folder. The token stays where it is: the line has the shell fetch it.
//! A JWT only its signer can make, so that is a blank to fill in.

use std::path::Path;

use crate::door::{Door, Token};
use crate::env_file::TOKEN;

const MODES: &[&str] = &["optional", "required", "strict", "none"];

/// The data API whose rows can be read back.
const EMBEDDED: &str = "embedded";
const SERVERS: &[&str] = &["dab", "postgrest"];

const DEPLOYMENT: &str = "prueba-1";
const BODY: &str = r#"{"deploymentId":"prueba-1","status":"RUN_COMPLETED"}"#;

/// `address` is `host:port` as a caller on this machine writes it.
pub fn announcement(address: &str, door: &Door) -> String {
    let url = format!("http://{address}{}", door.path);
    let post = format!(
        "curl -sS -X POST {}{} -H 'Content-Type: application/json' -d {}",
        quoted(&url),
        credentials(door),
        quoted(BODY)
    );
    let head = format!(
        "\n\
         callbacks  {url}\n\
         the page   http://{address}{}\n\
         the door   callback_auth_mode is {}\n",
        door.docs,
        known(&door.mode, MODES)
    );
    if door.data_api != EMBEDDED {
        return format!(
            "{head}\
             the rows   data_api is {}; GET /health/ready says whether it is there\n\
             \n\
             a callback (202 queued where SAM has no such deployment yet):\n\
             \n\
             {post}\n",
            known(&door.data_api, SERVERS)
        );
    }
    let untouched =
        "the rows   data_api is embedded: kept in the component's own store, SAM is not touched";
    // Nothing is below a path that ends there: see `door::path`.
    if door.path.ends_with('/') {
        return format!("{head}{untouched}\n\na callback:\n\n{post}\n");
    }
    let get = format!(
        "curl -sS {}{}",
        quoted(&format!("{url}/{DEPLOYMENT}")),
        credentials(door)
    );
    format!(
        "{head}\
         {untouched}\n\
         the row    GET {url}/<deploymentId>\n\
         \n\
         a callback, and its row read back:\n\
         \n\
         {post}\n\
         \n\
         {get}\n"
    )
}

/// Anything else is no value of the setting, and may be a secret in the wrong place.
fn known<'a>(value: &'a str, values: &[&str]) -> &'a str {
    if values.contains(&value) {
        value
    } else {
        "not valid: GET /health/ready says what is"
    }
}

fn credentials(door: &Door) -> String {
    if door.mode == "none" {
        return String::new();
    }
    let only_jwt = door.mode == "optional" && door.token == Token::Missing && door.jwt;
    let mut headers = String::new();
    if !only_jwt {
        let token = match &door.token {
            Token::EnvFile(path) => from_file(path),
            Token::Environment => format!("${{{TOKEN}%% *}}"),
            Token::Elsewhere | Token::Missing => "<your token>".to_owned(),
        };
        headers += &format!(" -H \"{}: {token}\"", in_double_quotes(&door.header));
    }
    if only_jwt || door.mode == "required" {
        headers += " -H 'Authorization: Bearer <your JWT>'";
    }
    headers
}

/// The first word of the value, without quotes round it.
fn from_file(path: &Path) -> String {
    format!(
        r#"$(sed -n "s/^[a-z ]*{TOKEN} *= *[\"']*\([^[:space:]\"']*\).*/\1/p" {})"#,
        quoted(&path.to_string_lossy())
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn in_double_quotes(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if "\\\"$`".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(mode: &str, token: Token) -> Door {
        Door {
            path: "/api/callback".to_owned(),
            docs: "/docs".to_owned(),
            mode: mode.to_owned(),
            header: "X-Authorization".to_owned(),
            token,
            jwt: false,
            data_api: EMBEDDED.to_owned(),
        }
    }

    fn curl_lines(door: &Door) -> Vec<String> {
        let text = announcement("127.0.0.1:3000", door);
        let lines = text.lines().filter(|line| line.starts_with("curl "));
        lines.map(str::to_owned).collect()
    }

    /// What curl would get as arguments from a POSIX shell.
    #[cfg(unix)]
    fn arguments(line: &str, environment: &str) -> Vec<String> {
        let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}; {line}");
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .env(TOKEN, environment)
            .output()
            .expect("a shell");
        assert!(output.stderr.is_empty(), "{line}: {output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_announcement_names_the_url_the_mode_and_the_row() {
        let text = announcement("127.0.0.1:3000", &door("optional", Token::Missing));
        assert!(
            text.contains("callbacks  http://127.0.0.1:3000/api/callback\n"),
            "{text}"
        );
        assert!(text.contains("callback_auth_mode is optional\n"), "{text}");
        assert!(
            text.contains("the page   http://127.0.0.1:3000/docs\n"),
            "{text}"
        );
        assert!(
            text.contains("GET http://127.0.0.1:3000/api/callback/<deploymentId>\n"),
            "{text}"
        );
        assert!(text.contains("SAM is not touched\n"), "{text}");
    }

    #[test]
    fn a_callback_at_the_root_has_no_row_below_it() {
        let mut door = door("optional", Token::Environment);
        door.path = "/sam/".to_owned();
        let [line] = &curl_lines(&door)[..] else {
            panic!("one line")
        };
        assert!(line.contains("'http://127.0.0.1:3000/sam/'"), "{line}");
        let text = announcement("127.0.0.1:3000", &door);
        assert!(text.contains("SAM is not touched\n"), "{text}");
    }

    #[test]
    fn rows_of_a_database_are_not_offered_to_be_read() {
        for (data_api, shown) in [
            ("dab", "data_api is dab;"),
            ("postgrest", "data_api is postgrest;"),
            ("s3cr3t", "data_api is not valid:"),
        ] {
            let mut door = door("optional", Token::Environment);
            door.data_api = data_api.to_owned();
            let text = announcement("127.0.0.1:3000", &door);
            assert!(text.contains(shown) && !text.contains("s3cr3t"), "{text}");
            assert!(!text.contains("not touched"), "{text}");
            assert_eq!(curl_lines(&door).len(), 1, "{text}");
        }
    }

    #[test]
    fn an_open_door_needs_no_token() {
        for line in curl_lines(&door("none", Token::Environment)) {
            assert!(!line.contains("X-Authorization"), "{line}");
        }
    }

    #[test]
    fn a_jwt_is_a_blank_to_fill_in_where_the_door_wants_one() {
        let both = (true, true);
        for (mode, token, jwt, (wants_token, wants_jwt)) in [
            ("required", Token::Environment, true, both),
            ("required", Token::Missing, false, both),
            ("optional", Token::Environment, true, (true, false)),
            ("optional", Token::Missing, true, (false, true)),
            ("optional", Token::Missing, false, (true, false)),
            ("strict", Token::Missing, true, (true, false)),
        ] {
            let mut door = door(mode, token);
            door.jwt = jwt;
            for line in curl_lines(&door) {
                assert_eq!(line.contains("X-Authorization: "), wants_token, "{line}");
                let bearer = line.contains(" -H 'Authorization: Bearer <your JWT>'");
                assert_eq!(bearer, wants_jwt, "{line}");
            }
        }
    }

    #[test]
    fn a_token_out_of_reach_is_a_blank_to_fill_in() {
        for token in [Token::Elsewhere, Token::Missing] {
            for line in curl_lines(&door("strict", token)) {
                assert!(
                    line.contains("-H \"X-Authorization: <your token>\""),
                    "{line}"
                );
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_shell_fetches_the_token_from_the_environment() {
        for line in curl_lines(&door("optional", Token::Environment)) {
            let header = "X-Authorization: new".to_owned();
            assert!(arguments(&line, "new old").contains(&header), "{line}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_shell_fetches_the_token_from_the_file_wherever_that_is() {
        let name = format!("xtask it's \"a\" $HOME `id` {}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(".env");
        let lines = curl_lines(&door("optional", Token::EnvFile(file.clone())));
        for (text, token) in [
            (
                "# Settings\nSPIN_VARIABLE_CALLBACK_TOKEN=abc\nOTHER=1\n",
                "abc",
            ),
            ("SPIN_VARIABLE_CALLBACK_TOKEN=\"new old\"\n", "new"),
            (
                "SPIN_VARIABLE_CALLBACK_TOKEN='$x`y\\z old' # both\n",
                "$x`y\\z",
            ),
            ("export SPIN_VARIABLE_CALLBACK_TOKEN = abc\r\n", "abc"),
        ] {
            std::fs::write(&file, text).expect("written");
            for line in &lines {
                let header = format!("X-Authorization: {token}");
                assert!(arguments(line, "").contains(&header), "{line}");
                assert_eq!(crate::env_file::token_in(text), Some(token));
            }
        }
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_in_a_setting_reaches_the_shell() {
        let mut door = door("none", Token::Missing);
        door.path = "/it's/$(id)".to_owned();
        let line = &curl_lines(&door)[0];
        let sent = arguments(line, "");
        assert!(
            sent.contains(&"http://127.0.0.1:3000/it's/$(id)".to_owned()),
            "{sent:?}"
        );
        assert!(sent.contains(&BODY.to_owned()), "{sent:?}");

        door.mode = "strict".to_owned();
        door.header = "X-\"`id`$HOME\\".to_owned();
        let sent = arguments(&curl_lines(&door)[0], "");
        assert!(
            sent.contains(&format!("{}: <your token>", door.header)),
            "{sent:?}"
        );
    }
}
