//! deploy/windows: the scripts, the proxy and the page speak of the same things. Nothing here runs
//! PowerShell.

use crate::{deployed, read, table, text};

fn file(name: &str) -> String {
    read(&format!("deploy/windows/{name}"))
}

/// The default of a parameter of install.ps1.
fn default(script: &str, parameter: &str) -> String {
    let line = script
        .lines()
        .find(|line| line.contains(&format!("${parameter} = '")));
    let line = line.unwrap_or_else(|| panic!("no {parameter}"));
    line.split('\'').rev().nth(1).expect("quoted").to_owned()
}

#[test]
fn iis_leads_to_where_spin_listens() {
    let listen = default(&file("install.ps1"), "Listen");
    assert_eq!(listen, "127.0.0.1:3000");
    assert!(file("web.config").contains(&format!("url=\"http://{listen}/{{R:1}}\"")));
    for script in ["every-minute.ps1", "collect.ps1"] {
        assert!(file(script).contains(&format!("$Origin = 'http://{listen}'")));
    }
    assert!(file("README.md").contains(&format!("http://{listen}/health/ready")));
}

#[test]
fn what_is_installed_is_what_spin_reads() {
    let script = file("install.ps1");
    let source = text(&table("spin.toml")["component"]["sam-callback"]["source"]);
    let source = source.replace('/', "\\");
    assert!(
        script.contains(&format!("$Component = '{source}'")),
        "{source}"
    );
    for copied in ["every-minute.ps1", "collect.ps1", "runtime-config.toml"] {
        assert!(
            script.contains(&format!("Join-Path $PSScriptRoot '{copied}'")),
            "{copied}"
        );
    }
    // The provider looks into the folder that the task starts in, which is where .env is.
    assert_eq!(
        text(&deployed("windows")["variables_provider"][0]["dotenv_path"]),
        ".env"
    );
    assert!(script.contains("$secrets = Join-Path $Folder '.env'"));
    assert!(script.contains("-Argument $arguments -WorkingDirectory $Folder"));
}

#[test]
fn the_page_names_the_folder_and_the_tasks_as_they_are() {
    let (script, page) = (file("install.ps1"), file("README.md"));
    let folder = default(&script, "Folder");
    for inside in [".env", "runtime-config.toml", "state\\sqlite_key_value.db"] {
        assert!(page.contains(&format!("{folder}\\{inside}")), "{inside}");
    }
    for task in ["Task", "MinuteTask"] {
        let name = default(&script, task);
        assert!(
            page.contains(&format!("`{name}`")) || page.contains(&format!("'{name}'")),
            "{name}"
        );
    }
}

#[test]
fn no_token_stands_on_a_command_line() {
    // The tasks' arguments, which every user of the server can read.
    let script = file("install.ps1");
    let arguments = script.lines().filter(|line| {
        line.contains("$arguments ") || line.contains("$script = ") || line.contains("    \"-")
    });
    let arguments: Vec<_> = arguments.collect();
    assert!(arguments.len() >= 4, "{arguments:?}");
    for line in arguments {
        assert!(!line.to_lowercase().contains("token"), "{line}");
    }
    let pattern = "SPIN_VARIABLE_ADMIN_TOKEN\\s*=";
    for script in ["every-minute.ps1", "collect.ps1"] {
        assert!(file(script).contains(pattern), "{script}");
    }
}

#[test]
fn the_event_log_is_written_to_under_the_name_that_is_registered() {
    let (install, minute) = (file("install.ps1"), file("every-minute.ps1"));
    assert!(install.contains("New-EventLog -LogName Application -Source 'sam-callback'"));
    assert!(minute.contains("LogName = 'Application'; Source = 'sam-callback'"));
    let page = file("README.md");
    for (name, begins) in [("away", 100), ("dead", 110), ("waiting", 120)] {
        let is_written = format!("Write-Change '{name}' ");
        let numbers = minute.lines().filter(|line| line.starts_with(&is_written));
        for line in numbers {
            assert!(line.contains(&format!(" {begins} ")), "{line}");
        }
        assert!(
            page.contains(&format!("| {begins} | {} |", begins + 1)),
            "{name}"
        );
    }
    // Windows PowerShell reads a file without a byte order mark in the machine's own code page.
    assert!(minute.is_ascii() && install.is_ascii());
}

#[test]
fn the_minute_asks_for_what_the_component_has() {
    let minute = file("every-minute.ps1");
    for field in ["dead", "waiting", "oldestSeconds"] {
        assert!(minute.contains(&format!("$stats.{field}")), "{field}");
    }
    let interface = read("src/interface/openapi.json");
    assert!(minute.contains("/admin/outbox/stats"));
    assert!(interface.contains("\"/admin/outbox/stats\""));
    for field in ["dead", "waiting", "oldestSeconds"] {
        assert!(interface.contains(&format!("\"{field}\"")), "{field}");
    }
}
