//! deploy/windows: the scripts, the proxies and the pages speak of the same things, and a grammar of
//! PowerShell takes the scripts. Nothing here runs PowerShell.

mod powershell;

use std::collections::BTreeSet;

use crate::{declared, deployed, read, table, text};
use powershell::commands;

const SCRIPTS: [&str; 7] = [
    "collect.ps1",
    "common.ps1",
    "every-minute.ps1",
    "install-dab.ps1",
    "install.ps1",
    "uninstall.ps1",
    "update.ps1",
];

/// The pages that speak of the scripts.
const PAGES: [&str; 5] = [
    "deploy/windows/README.md",
    "docs/actualizar.md",
    "docs/instalacion.md",
    "docs/powershell.md",
    "docs/red.md",
];

fn file(name: &str) -> String {
    read(&format!("deploy/windows/{name}"))
}

/// The default of a parameter or a variable of a script.
fn default(script: &str, name: &str) -> String {
    let line = script
        .lines()
        .find(|line| line.contains(&format!("${name} = '")));
    let line = line.unwrap_or_else(|| panic!("no {name}"));
    line.split('\'').rev().nth(1).expect("quoted").to_owned()
}

#[test]
fn every_script_is_taken_by_powershells_grammar() {
    for name in SCRIPTS {
        assert_eq!(
            powershell::faults(&file(name)),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn every_block_of_the_pages_is_taken_by_powershells_grammar() {
    let mut seen = 0;
    for page in PAGES {
        for block in powershell::blocks(&read(page)) {
            let faults = powershell::faults(&block);
            assert_eq!(faults, Vec::<String>::new(), "{page}: {block}");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn scripts_are_ascii_since_powershell_5_reads_them_in_the_servers_code_page() {
    for name in SCRIPTS.into_iter().chain(["service.cs"]) {
        assert!(file(name).is_ascii(), "{name}");
    }
}

#[test]
fn every_script_that_changes_something_says_first_what() {
    for name in [
        "install-dab.ps1",
        "install.ps1",
        "uninstall.ps1",
        "update.ps1",
    ] {
        let script = file(name);
        assert!(script.contains("SupportsShouldProcess = $true"), "{name}");
        // What changes the server stands in a step, which -WhatIf leaves out.
        let outside = powershell::outside_of_steps(&script);
        let changing = [
            "Copy-Item",
            "Grant-Folder",
            "New-EventLog",
            "New-PrivateFolder",
            "Register-Program",
            "Remove-Item",
            "Start-Service",
            "Stop-Program",
            "Write-Text",
        ];
        for command in changing {
            assert!(!outside.contains(command), "{name}: {command}");
        }
        assert!(commands(&script).contains("Invoke-Step"), "{name}");
    }
}

#[test]
fn what_a_script_calls_is_powershells_windows_or_its_own() {
    let common = powershell::functions(&file("common.ps1"));
    let known: BTreeSet<_> = include_str!("windows/cmdlets.txt").lines().collect();
    for name in SCRIPTS {
        let script = file(name);
        let own = powershell::functions(&script);
        for command in commands(&script) {
            let is_known = known.contains(command.as_str())
                || own.contains(&command)
                || common.contains(&command);
            assert!(is_known, "{name}: {command}");
        }
    }
}

#[test]
fn the_proxies_lead_to_where_spin_listens() {
    let listen = default(&file("install.ps1"), "Listen");
    assert_eq!(listen, "127.0.0.1:3000");
    assert!(file("web.config").contains(&format!("url=\"http://{listen}/{{R:1}}\"")));
    assert!(file("Caddyfile").contains(&format!("reverse_proxy {listen} {{")));
    for script in [
        "collect.ps1",
        "every-minute.ps1",
        "uninstall.ps1",
        "update.ps1",
    ] {
        let origin = format!("$Origin = 'http://{listen}'");
        assert!(file(script).contains(&origin), "{script}");
    }
    assert!(file("README.md").contains(&format!("http://{listen}/health/ready")));
    let dab = default(&file("install-dab.ps1"), "Listen");
    let origin = text(&deployed("windows")["variables_provider"][1]["values"]["data_api_origin"]);
    assert_eq!(origin, format!("http://{dab}"));
}

#[test]
fn the_proxies_publish_what_others_call_and_nothing_else() {
    let config = file("web.config");
    let (_, rule) = config.split_once("<match url=\"^(").expect("a rule");
    let (pattern, _) = rule.split_once(")$\"").expect("its end");
    let pattern = pattern.replace(
        "webhook/(receive|health|cal)",
        "webhook/receive|webhook/health|webhook/cal",
    );
    let by_iis: BTreeSet<_> = pattern.split('|').map(|path| format!("/{path}")).collect();
    let callback = text(&declared()["callback_endpoint_path"]["default"]);
    let expected = [
        callback.as_str(),
        "/blizwork",
        "/health",
        "/webhook/cal",
        "/webhook/health",
        "/webhook/receive",
    ];
    assert_eq!(by_iis, expected.map(str::to_owned).into());
    let public = format!("@public path {callback} /webhook/* /blizwork /health\n");
    assert!(file("Caddyfile").contains(&public));
    let described: serde_json::Value =
        serde_json::from_str(&read("src/interface/openapi.json")).expect("JSON");
    let paths = described["paths"].as_object().expect("paths");
    for path in by_iis {
        assert!(paths.contains_key(&path), "{path}");
    }
}

#[test]
fn what_is_installed_is_what_spin_reads() {
    let script = file("install.ps1");
    for copied in [
        "'every-minute.ps1', 'collect.ps1', 'service.cs'",
        "'runtime-config.toml'",
    ] {
        assert!(script.contains(copied), "{copied}");
    }
    // As common.ps1 reads them.
    let manifest = read("spin.toml");
    for line in ["version = \"", "source = \""] {
        assert_eq!(
            manifest.lines().filter(|it| it.starts_with(line)).count(),
            1
        );
    }
    // The provider looks into the folder that the service starts in, which is where .env is.
    assert_eq!(
        text(&deployed("windows")["variables_provider"][0]["dotenv_path"]),
        ".env"
    );
    assert!(script.contains("$secrets = Join-Path $Folder '.env'"));
    assert!(script.contains("$serviceHost = Join-Path $Folder 'service.exe'"));
    assert!(
        file("service.cs")
            .contains("Environment.CurrentDirectory = AppDomain.CurrentDomain.BaseDirectory;")
    );
}

#[test]
fn data_api_builder_gets_the_entities_and_the_values_that_its_file_has() {
    let script = file("install-dab.ps1");
    let config = read("deploy/azure-sql/dab-config.json");
    let procedure = text(&declared()["sam_procedure"]["default"]);
    assert!(script.contains(&format!("$Entities = @('{procedure}'")));
    for rest in config.split("@env('").skip(1) {
        let (name, _) = rest.split_once('\'').expect("its end");
        assert!(script.contains(&format!("{name}='")), "{name}");
    }
    for name in ["host", "health", "authentication", "permissions", "role"] {
        assert!(config.contains(&format!("\"{name}")), "{name}");
    }
}

#[test]
fn the_pages_name_folders_services_and_parameters_as_they_are() {
    let script = file("install.ps1");
    let folder = default(&script, "Folder");
    let page = read("docs/instalacion.md");
    for inside in [".env", "runtime-config.toml", "state\\sqlite_key_value.db"] {
        assert!(page.contains(&format!("{folder}\\{inside}")), "{inside}");
    }
    assert!(script.contains("$MinuteTask = \"$Name every minute\""));
    let task = format!("{} every minute", default(&script, "Name"));
    for page in PAGES.into_iter().filter(|&page| page.starts_with("docs/")) {
        for command in powershell::blocks(&read(page)) {
            for (script, parameter) in powershell::calls(&command) {
                let text = file(&script);
                let is_there = text.contains(&format!("${parameter} "))
                    || text.contains(&format!("${parameter},"))
                    || text.contains(&format!("${parameter}\n"))
                    || parameter == "WhatIf";
                assert!(is_there, "{page}: {script} -{parameter}");
            }
        }
    }
    assert!(page.contains(&format!("`{task}`")));
}

#[test]
fn no_token_stands_on_a_command_line() {
    // What every user of the server can read.
    for name in ["install.ps1", "install-dab.ps1"] {
        let script = file(name);
        let lines = script.lines().filter(|line| {
            line.contains("$arguments ")
                || line.contains("$command = ")
                || line.contains("$script = ")
                || line.contains("    \"-")
        });
        let lines: Vec<_> = lines.collect();
        assert!(!lines.is_empty(), "{name}");
        for line in lines {
            assert!(!line.to_lowercase().contains("token"), "{line}");
            assert!(!line.contains("$connection"), "{line}");
        }
    }
    let pattern = "SPIN_VARIABLE_ADMIN_TOKEN\\s*=";
    for name in ["collect.ps1", "every-minute.ps1", "uninstall.ps1"] {
        assert!(file(name).contains(pattern), "{name}");
    }
    assert!(table("spin.toml").contains_key("variables"));
}
