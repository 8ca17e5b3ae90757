//! What `up` prints once the component serves: where it is, what it lets in, where the rows are,
//! and the lines to try it with.

use crate::curl::Curl;
use crate::endpoint::CallbackEndpoint;

const AUTH_MODES: &[&str] = &["optional", "required", "strict", "none"];

/// The data API whose rows can be read back.
const EMBEDDED: &str = "embedded";
const SERVERS: &[&str] = &["dab", "postgrest", "mailbox"];

/// `address` is `host:port` as a caller on this machine writes it.
pub fn announcement(address: &str, endpoint: &CallbackEndpoint, curl: &Curl) -> String {
    let url = curl.url;
    let post = curl.post();
    let head = format!(
        "\n\
         callbacks  {url}\n\
         page       http://{address}{}\n\
         mode       callback_auth_mode is {}\n",
        endpoint.docs_path,
        known(&endpoint.auth_mode, AUTH_MODES)
    );
    if endpoint.data_api != EMBEDDED {
        return format!(
            "{head}\
             rows       data_api is {}; GET /health/ready says whether it answers\n\
             \n\
             a callback (202 queued where SAM has no such deployment yet):\n\
             \n\
             {post}\n",
            known(&endpoint.data_api, SERVERS)
        );
    }
    let untouched =
        "rows       data_api is embedded: kept in the component's own store, SAM is not touched";
    // Nothing is below a path that ends there: see `endpoint::path`.
    if endpoint.path.ends_with('/') {
        return format!("{head}{untouched}\n\na callback:\n\n{post}\n");
    }
    let get = curl.get();
    format!(
        "{head}\
         {untouched}\n\
         row        GET {url}/<deploymentId>\n\
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::TokenSource;
    use crate::shell::Shell;

    fn endpoint(path: &str, data_api: &str) -> CallbackEndpoint {
        CallbackEndpoint {
            path: path.to_owned(),
            docs_path: "/docs".to_owned(),
            auth_mode: "optional".to_owned(),
            token_header: "X-Authorization".to_owned(),
            token: TokenSource::EnvFile,
            verifies_jwt: false,
            data_api: data_api.to_owned(),
        }
    }

    fn announced(endpoint: &CallbackEndpoint) -> String {
        let address = "127.0.0.1:3000";
        let curl = Curl {
            shell: Shell::Posix,
            url: &format!("http://{address}{}", endpoint.path),
            endpoint,
            header_file: "/p/.callback-header".into(),
        };
        announcement(address, endpoint, &curl)
    }

    fn curl_lines(text: &str) -> Vec<&str> {
        let lines = text.lines();
        lines.filter(|line| line.starts_with("curl ")).collect()
    }

    #[test]
    fn the_announcement_names_the_url_the_mode_and_the_row() {
        let text = announced(&endpoint("/api/callback", EMBEDDED));
        for line in [
            "callbacks  http://127.0.0.1:3000/api/callback\n",
            "callback_auth_mode is optional\n",
            "page       http://127.0.0.1:3000/docs\n",
            "GET http://127.0.0.1:3000/api/callback/<deploymentId>\n",
            "SAM is not touched\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert_eq!(curl_lines(&text).len(), 2, "{text}");
    }

    #[test]
    fn a_callback_at_the_root_has_no_row_below_it() {
        let text = announced(&endpoint("/sam/", EMBEDDED));
        let [line] = curl_lines(&text)[..] else {
            panic!("one line: {text}")
        };
        assert!(line.contains(" http://127.0.0.1:3000/sam/ "), "{line}");
        assert!(text.contains("SAM is not touched\n"), "{text}");
    }

    #[test]
    fn rows_of_a_database_are_not_offered_to_be_read() {
        for (data_api, shown) in [
            ("dab", "data_api is dab;"),
            ("postgrest", "data_api is postgrest;"),
            ("mailbox", "data_api is mailbox;"),
            ("s3cr3t", "data_api is not valid:"),
        ] {
            let text = announced(&endpoint("/api/callback", data_api));
            assert!(text.contains(shown) && !text.contains("s3cr3t"), "{text}");
            assert!(!text.contains("not touched"), "{text}");
            assert_eq!(curl_lines(&text).len(), 1, "{text}");
        }
    }
}
