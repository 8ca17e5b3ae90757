//! The curl lines that `up` prints. They work in any folder, and have no secret in them: curl reads
//! the token's header from a file, or the shell fills it in. A JWT is a blank to fill in.

use std::path::PathBuf;

use crate::endpoint::{CallbackEndpoint, TokenSource};
use crate::env_file::TOKEN;
use crate::shell::{Shell, in_double_quotes};

const DEPLOYMENT: &str = "prueba-1";
pub const BODY: &str = r#"{"deploymentId":"prueba-1","status":"RUN_COMPLETED"}"#;

const NO_TOKEN: &str = "<your token>";

/// Lines for one endpoint.
pub struct Curl<'a> {
    pub shell: Shell,
    /// The URL of callbacks.
    pub url: &'a str,
    pub endpoint: &'a CallbackEndpoint,
    /// Has the header with the token, where that is in `.env`.
    pub header_file: PathBuf,
}

impl Curl<'_> {
    /// Sends a callback.
    pub fn post(&self) -> String {
        let mut line = format!(
            "{} -sS -X POST {}{}",
            self.shell.curl(),
            self.shell.quoted(self.url),
            self.credentials()
        );
        let json = self.shell.quoted("Content-Type: application/json");
        let body = match &self.shell {
            Shell::Posix => BODY.to_owned(),
            Shell::Windows { body_file } => format!("@{}", body_file.display()),
        };
        line += &format!(" -H {json} -d {}", self.shell.quoted(&body));
        line
    }

    /// Reads its row back.
    pub fn get(&self) -> String {
        let row = format!("{}/{DEPLOYMENT}", self.url);
        format!(
            "{} -sS {}{}",
            self.shell.curl(),
            self.shell.quoted(&row),
            self.credentials()
        )
    }

    fn credentials(&self) -> String {
        let endpoint = self.endpoint;
        if endpoint.auth_mode == "none" {
            return String::new();
        }
        let is_optional = endpoint.auth_mode == "optional";
        let only_jwt =
            is_optional && endpoint.token == TokenSource::Missing && endpoint.verifies_jwt;
        let mut headers = String::new();
        if !only_jwt {
            headers += &format!(" -H {}", self.token_header());
        }
        if only_jwt || endpoint.auth_mode == "required" {
            let blank = self.shell.quoted("Authorization: Bearer <your JWT>");
            headers += &format!(" -H {blank}");
        }
        headers
    }

    fn token_header(&self) -> String {
        let name = &self.endpoint.token_header;
        match (&self.endpoint.token, &self.shell) {
            (TokenSource::EnvFile, shell) => {
                shell.quoted(&format!("@{}", self.header_file.display()))
            }
            (TokenSource::Environment { has_several }, Shell::Posix) => {
                let name = in_double_quotes(name);
                if *has_several {
                    format!("\"{name}: ${{{TOKEN}%% *}}\"")
                } else {
                    format!("\"{name}: ${TOKEN}\"")
                }
            }
            (_, shell) => shell.quoted(&format!("{name}: {NO_TOKEN}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(auth_mode: &str, token: TokenSource) -> CallbackEndpoint {
        CallbackEndpoint {
            path: "/api/callback".to_owned(),
            docs_path: "/docs".to_owned(),
            auth_mode: auth_mode.to_owned(),
            token_header: "X-Authorization".to_owned(),
            token,
            verifies_jwt: false,
            data_api: "embedded".to_owned(),
        }
    }

    fn curl(endpoint: &CallbackEndpoint) -> Curl<'_> {
        Curl {
            shell: Shell::Posix,
            url: "http://127.0.0.1:3000/api/callback",
            endpoint,
            header_file: "/p/.callback-header".into(),
        }
    }

    fn lines(endpoint: &CallbackEndpoint) -> [String; 2] {
        [curl(endpoint).post(), curl(endpoint).get()]
    }

    const SEVERAL: TokenSource = TokenSource::Environment { has_several: true };

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
    fn a_person_can_read_the_lines() {
        let endpoint = endpoint("optional", TokenSource::EnvFile);
        let [post, get] = lines(&endpoint);
        assert_eq!(
            post,
            "curl -sS -X POST http://127.0.0.1:3000/api/callback -H @/p/.callback-header \
             -H 'Content-Type: application/json' \
             -d '{\"deploymentId\":\"prueba-1\",\"status\":\"RUN_COMPLETED\"}'"
        );
        assert_eq!(
            get,
            "curl -sS http://127.0.0.1:3000/api/callback/prueba-1 -H @/p/.callback-header"
        );
    }

    #[test]
    fn the_shells_of_windows_get_double_quotes_and_none_inside_them() {
        let endpoint = endpoint("required", TokenSource::EnvFile);
        let curl = Curl {
            shell: Shell::Windows {
                body_file: r"C:\p\.callback.json".into(),
            },
            header_file: r"C:\p\.callback-header".into(),
            ..curl(&endpoint)
        };
        assert_eq!(
            curl.post(),
            "curl.exe -sS -X POST http://127.0.0.1:3000/api/callback \
             -H \"@C:\\p\\.callback-header\" -H \"Authorization: Bearer <your JWT>\" \
             -H \"Content-Type: application/json\" -d \"@C:\\p\\.callback.json\""
        );
    }

    #[test]
    fn an_open_endpoint_needs_no_token() {
        for line in lines(&endpoint("none", SEVERAL)) {
            assert!(!line.contains("X-Authorization"), "{line}");
        }
    }

    #[test]
    fn a_jwt_is_a_blank_to_fill_in_where_one_is_wanted() {
        let both = (true, true);
        for (mode, token, verifies_jwt, (wants_token, wants_jwt)) in [
            ("required", SEVERAL, true, both),
            ("required", TokenSource::Missing, false, both),
            ("optional", SEVERAL, true, (true, false)),
            ("optional", TokenSource::Missing, true, (false, true)),
            ("optional", TokenSource::Missing, false, (true, false)),
            ("strict", TokenSource::Missing, true, (true, false)),
        ] {
            let mut endpoint = endpoint(mode, token);
            endpoint.verifies_jwt = verifies_jwt;
            for line in lines(&endpoint) {
                assert_eq!(line.contains("X-Authorization: "), wants_token, "{line}");
                let bearer = line.contains(" -H 'Authorization: Bearer <your JWT>'");
                assert_eq!(bearer, wants_jwt, "{line}");
            }
        }
    }

    #[test]
    fn a_token_out_of_reach_is_a_blank_to_fill_in() {
        for token in [TokenSource::Provider, TokenSource::Missing] {
            for line in lines(&endpoint("strict", token)) {
                let blank = "-H 'X-Authorization: <your token>'";
                assert!(line.contains(blank), "{line}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_shell_fetches_the_token_from_the_environment() {
        for (has_several, tokens) in [(false, "new"), (true, "new old")] {
            let endpoint = endpoint("optional", TokenSource::Environment { has_several });
            for line in lines(&endpoint) {
                let header = "X-Authorization: new".to_owned();
                assert!(arguments(&line, tokens).contains(&header), "{line}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn curl_gets_the_name_of_the_header_file_wherever_that_is() {
        let endpoint = endpoint("optional", TokenSource::EnvFile);
        for file in ["/p/.callback-header", "/it's \"a\" $HOME `id`/\\z ñ"] {
            let curl = Curl {
                header_file: file.into(),
                ..curl(&endpoint)
            };
            for line in [curl.post(), curl.get()] {
                let sent = arguments(&line, "");
                assert!(sent.contains(&format!("@{file}")), "{sent:?}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_in_a_setting_reaches_the_shell() {
        let mut endpoint = endpoint("none", TokenSource::Missing);
        let url = "http://127.0.0.1:3000/it's/$(id)";
        let post = |endpoint: &CallbackEndpoint| {
            let curl = curl(endpoint);
            arguments(&Curl { url, ..curl }.post(), "")
        };
        let sent = post(&endpoint);
        assert!(sent.contains(&url.to_owned()), "{sent:?}");
        assert!(sent.contains(&BODY.to_owned()), "{sent:?}");

        endpoint.auth_mode = "strict".to_owned();
        endpoint.token_header = "X-\"`id`$HOME\\".to_owned();
        for (token, shown) in [
            (TokenSource::Missing, NO_TOKEN),
            (TokenSource::Environment { has_several: false }, ""),
        ] {
            endpoint.token = token;
            let header = format!("{}: {shown}", endpoint.token_header);
            let sent = post(&endpoint);
            assert!(sent.contains(&header), "{sent:?}");
        }
    }
}
