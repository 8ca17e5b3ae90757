//! A release's archive, as who downloads it uses it: unpacked, and served by the steps of its LEAME.md,
//! with nothing of the project around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use support::pages::blocks_of;
use support::ports::free_address;
use support::process::program;
use support::project::root;
use support::server::{Server, named};
use tempfile::TempDir;

const LEAME: &str = "deploy/archive/LEAME.md";

/// Where LEAME.md says that it is served.
const SERVED_AT: &str = "127.0.0.1:3000";

#[test]
fn an_unpacked_archive_is_served_as_it_stands() {
    let folder = TempDir::new().expect("a folder");
    let mut tar = program("tar");
    tar.args(["--extract", "--strip-components=1", "--file"]);
    succeeds(tar.arg(&PACKED.tar).arg("--directory").arg(folder.path()));
    succeeds(
        program("sha256sum")
            .args(["--check", "--quiet", "SHA256SUMS"])
            .current_dir(folder.path()),
    );

    let [settings, up, curls] = blocks_of(LEAME, "sh").try_into().expect("three blocks");
    fs::write(folder.path().join(".env"), settings).expect("written");
    let address = free_address();
    let mut command = named();
    let flags = up.trim().strip_prefix("spin up ").expect("the command");
    command.args(flags.split(' '));
    command.args(["--listen", &address.to_string()]);
    let server = Server::start_by(command, &[], address, folder);

    let script = curls.replace(SERVED_AT, &address.to_string());
    let output = program("sh").args(["-euc", &script]).output().expect("sh");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    let said = serde_json::Deserializer::from_str(&said).into_iter::<Value>();
    let said: Vec<_> = said.map(|reply| reply.expect("JSON")).collect();
    assert_eq!(said[0]["result"], "updated", "{said:?}");
    assert_eq!(said[1]["Estado"], "RUN_COMPLETED", "{said:?}");
    let page = server.send_for("GET", "/docs", &[], b"");
    assert_eq!(page.status, 200, "{}", page.text);
}

#[test]
fn both_archives_have_the_same_files_and_what_their_pages_link_to() {
    succeeds(
        program("sha256sum")
            .args(["--check", "--quiet", "SHA256SUMS"])
            .current_dir(&PACKED.folder),
    );
    let (tar, zip) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let mut unpack = program("tar");
    unpack
        .args(["--extract", "--file"])
        .arg(&PACKED.tar)
        .arg("--directory");
    succeeds(unpack.arg(tar.path()));
    succeeds(
        program("python3")
            .args(["-m", "zipfile", "--extract"])
            .arg(&PACKED.zip)
            .arg(zip.path()),
    );
    succeeds(
        program("diff")
            .arg("--recursive")
            .arg(tar.path())
            .arg(zip.path()),
    );
    let mut broken = Vec::new();
    each_page(zip.path(), &mut |page, text| {
        let folder = page.parent().expect("a folder");
        let mut links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        broken.extend(
            links
                .by_ref()
                .map(|(link, _)| link.split('#').next().unwrap_or_default())
                .filter(|link| !link.is_empty() && !link.contains("://"))
                .filter(|link| !folder.join(link).exists())
                .map(|link| format!("{}: {link}", page.display())),
        );
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Calls `look` with each page below a folder, and its text.
fn each_page(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            each_page(&path, look);
        } else if path.extension().is_some_and(|it| it == "md") {
            look(&path, &fs::read_to_string(&path).expect("text"));
        }
    }
}

static PACKED: LazyLock<Packed> = LazyLock::new(dist);

/// What `cargo xtask dist` has made.
struct Packed {
    folder: PathBuf,
    tar: PathBuf,
    zip: PathBuf,
}

fn dist() -> Packed {
    let mut cargo = program("cargo");
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&variable);
        }
    }
    // Whoever runs the tests may not be who has cloned.
    cargo.env("GIT_CONFIG_COUNT", "1");
    cargo.env("GIT_CONFIG_KEY_0", "safe.directory");
    cargo.env("GIT_CONFIG_VALUE_0", "*");
    succeeds(cargo.args(["xtask", "dist"]).current_dir(root()));
    let folder = root().join("target/dist");
    let of_kind = |end: &str| {
        let files = fs::read_dir(&folder).expect("a folder");
        let mut found = files.map(|file| file.expect("an entry").path());
        let found = found.find(|path| path.to_string_lossy().ends_with(end));
        found.unwrap_or_else(|| panic!("no {end} in target/dist"))
    };
    Packed {
        tar: of_kind(".tar.gz"),
        zip: of_kind(".zip"),
        folder,
    }
}

fn succeeds(command: &mut Command) {
    let output = command.output().expect("a program");
    assert!(output.status.success(), "{command:?}: {output:?}");
}
