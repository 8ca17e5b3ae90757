//! deploy/container: the Containerfile, what a build is given, and the page's commands speak of the same
//! things. No image is built; the entry point's command runs in the tests over HTTP.

use crate::{declared, deployed, read, table, text};

fn file(name: &str) -> String {
    read(&format!("deploy/container/{name}"))
}

/// The instructions, each in one line.
fn instructions() -> Vec<(String, String)> {
    let file = file("Containerfile").replace("\\\n", " ");
    let lines = file.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, rest) = line.split_once(' ').expect("an instruction");
            (name.to_owned(), rest.trim().to_owned())
        })
        .collect()
}

/// What stands behind this instruction, each time that it is there.
fn all(instruction: &str) -> Vec<String> {
    let found = instructions()
        .into_iter()
        .filter(|(name, _)| name == instruction);
    found.map(|(_, rest)| rest).collect()
}

fn the(instruction: &str) -> String {
    let mut found = all(instruction);
    assert_eq!(found.len(), 1, "{instruction}");
    found.remove(0)
}

fn entry_point() -> Vec<String> {
    serde_json::from_str(&the("ENTRYPOINT")).expect("its exec form: the image has no shell")
}

/// The value of the entry point's flag.
fn flag(name: &str) -> String {
    let words = entry_point();
    let place = words.iter().position(|word| word == name).expect(name);
    words[place + 1].clone()
}

#[test]
fn the_image_is_spins_own_and_new_enough() {
    assert_eq!(the("FROM"), "${SPIN}");
    let image = the("ARG");
    let image = image
        .strip_prefix("SPIN=registry.example.com/spin:v")
        .expect("Spin");
    let (version, _) = image.split_once('-').expect("the distroless one");
    let version: Vec<u32> = version
        .split('.')
        .map(|it| it.parse().expect("a number"))
        .collect();
    assert!(version >= vec![4, 1], "{version:?}");
    assert!(file("README.md").contains(&format!("\"$REGISTRY/spin:v{image}\"")));
}

#[test]
fn what_spin_reads_is_copied_and_let_into_the_build() {
    let source = text(&table("spin.toml")["component"]["sam-callback"]["source"]);
    let given = file("Containerfile.dockerignore");
    assert!(given.lines().any(|line| line == "*"));
    let copied = all("COPY");
    for path in ["spin.toml", &source] {
        assert!(copied.contains(&format!("{path} /app/{path}")), "{path}");
        assert!(
            given.lines().any(|line| line == format!("!{path}")),
            "{path}"
        );
    }
    assert_eq!(copied.len(), 2);
    assert_eq!(
        given.lines().filter(|line| line.starts_with('!')).count(),
        2
    );
    assert_eq!(flag("--from"), "/app/spin.toml");
}

#[test]
fn it_is_not_root_and_writes_below_tmp_alone() {
    let user = the("USER");
    let (user, group) = user
        .split_once(':')
        .expect("numbers: there may be no names");
    for id in [user, group] {
        assert!(id.parse::<u32>().expect("a number") > 0);
    }
    assert!(all("RUN").is_empty() && all("ADD").is_empty());
    assert!(flag("--state-dir").starts_with("/tmp/"));
    let environment = the("ENV");
    // Spin's log on disk would fill the memory of a host without disks.
    assert!(environment.contains("HOME=/tmp") && environment.contains("SPIN_LOG_DIR=\"\""));
    let page = file("README.md");
    assert!(page.contains("--read-only --tmpfs /tmp:mode=1777"));
    assert!(page.contains(&format!("`{}`", flag("--state-dir"))));
    assert!(page.contains(&format!("user {user}")));
}

#[test]
fn what_waits_is_in_redis_whose_password_the_page_puts_in() {
    let store = &deployed("container")["key_value_store"]["default"];
    assert_eq!(text(&store["type"]), "redis");
    let url = "redis://:REDIS_PASSWORD@REDIS_HOST:6379/0";
    assert_eq!(text(&store["url"]), url);
    let page = file("README.md");
    for part in [
        "${config/REDIS_HOST/$host}",
        "${config/REDIS_PASSWORD/$password}",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_pages_commands_name_the_images_port_its_file_and_every_secret() {
    let page = file("README.md");
    let address = flag("--listen");
    let port = address
        .strip_prefix("0.0.0.0:")
        .expect("reached from outside");
    assert_eq!(the("EXPOSE"), port);
    for part in [format!("--port {port} "), format!(":{port}:{port} ")] {
        assert!(page.contains(&part), "{part}");
    }
    let config = flag("--runtime-config-file");
    assert!(page.contains(&format!("secrets={config}=sam-runtime-config:1\n")));
    assert!(page.contains(&format!("runtime-config.toml:{config}:ro\"")));
    let version = text(&table("spin.toml")["application"]["version"]);
    assert!(page.contains(&format!("\"$REGISTRY/sam-callback:{version}\"")));
    for made in [
        "for name in callback-token admin-token;",
        "create sam-oauth-client-secret ",
    ] {
        assert!(page.contains(made), "{made}");
    }
    for name in ["callback_token", "admin_token", "oauth_client_secret"] {
        assert!(declared().contains_key(name));
        let variable = format!("SPIN_VARIABLE_{}", name.to_uppercase());
        let secret = format!("sam-{}", name.replace('_', "-"));
        for part in [format!("-e {variable} "), format!("{variable}={secret}:1")] {
            assert!(page.contains(&part), "{part}");
        }
    }
}

#[test]
fn probes_carry_the_outbox_and_stay_green_while_the_data_api_is_away() {
    let page = file("README.md");
    for probe in ["--startup-probe", "--liveness-probe"] {
        let line = page
            .lines()
            .find(|line| line.trim().starts_with(probe))
            .expect(probe);
        let settings = line.trim().trim_start_matches(probe).trim_end_matches('\\');
        let settings: Vec<_> = settings.trim().split(',').collect();
        assert!(settings.contains(&"httpGet.path=/health"), "{line}");
        let number = |name: &str| -> u32 {
            let setting = settings
                .iter()
                .find_map(|it| it.strip_prefix(&format!("{name}=")));
            setting.expect(name).parse().expect("a number")
        };
        assert!(
            number("timeoutSeconds") <= number("periodSeconds"),
            "{line}"
        );
        assert!(number("failureThreshold") > 1, "{line}");
    }
    for flag in ["--min-instances 1 ", "--no-cpu-throttling "] {
        assert!(page.contains(flag), "{flag}");
    }
    assert!(!page.contains("httpGet.path=/health/ready"));
}
