//! `cargo xtask up`: builds, makes sure there is a token, chooses a server, and becomes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use app_manifest::dotenv;

use crate::announcement::announcement;
use crate::component;
use crate::curl::{self, Curl};
use crate::endpoint::{self, CallbackEndpoint, TokenSource};
use crate::env_file::{self, EnvFile, TOKEN};
use crate::flags::UpOptions;
use crate::print_when_ready;
use crate::private_file;
use crate::project::Project;
use crate::run::run;
use crate::say;
use crate::shell::Shell;
use crate::spin;

pub fn up(project: &Project, options: UpOptions) -> Result<()> {
    // Before anything changes the folder: relative paths are the caller's.
    let state_dir = options.state_dir.as_deref().map(absolute).transpose()?;
    let runtime_config = match options.runtime_config.as_deref() {
        Some(path) => absolute(path)?,
        None => project.root.join("runtime-config.toml"),
    };
    if !runtime_config.is_file() {
        bail!(
            "{} is not there; give an existing file with --runtime-config-file",
            runtime_config.display()
        );
    }
    component::build(project)?;
    write_env_file(project)?;

    let mut server = server(project, options.stand_in)?;
    server.arg("--from").arg(project.spin_toml());
    server.args(["--listen", &options.listen.to_string()]);
    if let Some(folder) = state_dir {
        server.arg("--state-dir").arg(folder);
    }
    server.arg("--runtime-config-file").arg(&runtime_config);

    announce(project, &options, &runtime_config)?;
    become_server(server)
}

/// Spin where it is installed and can serve the component, else the stand-in.
fn server(project: &Project, stand_in: bool) -> Result<Command> {
    if !stand_in {
        match spin::usable(project) {
            Ok(()) => {
                let mut spin = project.command("spin");
                spin.arg("up");
                return Ok(spin);
            }
            Err(why) => say::plain(&format!("{why}: serving with the stand-in")),
        }
    }
    build_stand_in(project)?;
    Ok(project.command(project.stand_in()))
}

/// The stand-in, optimised: unoptimised it takes seconds to compile the component.
pub fn build_stand_in(project: &Project) -> Result<()> {
    say::step("building the stand-in (the first time its WebAssembly engine too: some minutes)");
    build_program(project, "host")
}

/// Builds a program of the workspace into `target/host/`.
pub fn build_program(project: &Project, name: &str) -> Result<()> {
    run(
        project
            .cargo()
            // Either would put the program into another folder.
            .env_remove("CARGO_BUILD_TARGET")
            // With the features that the whole workspace gives its dependencies, as the tests have
            // them: with fewer the engine would be compiled a second time for those.
            .args(["build", "--workspace", "--bin", name])
            .args(["--profile", "host", "--locked", "--target-dir"])
            .arg(project.target_dir()),
        "see the compiler's message above",
    )
}

/// A path as the user typed it, made independent of the folder.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} has no folder", path.display()))
}

fn write_env_file(project: &Project) -> Result<()> {
    let path = project.env_file();
    if env_file::ensure(&path)? == EnvFile::Created {
        say::plain(&format!(
            "{} written, with a new callback token",
            path.display()
        ));
    }
    // Not readable: the server will say so.
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    for name in dotenv::expanded_in(&text) {
        say::warning(&format!(
            "in {}, the `$` in {name} and the word behind it are replaced when the file is read, so \
             the value in force is another; put it in single quotes",
            path.display()
        ));
    }
    Ok(())
}

fn announce(project: &Project, options: &UpOptions, runtime_config: &Path) -> Result<()> {
    // The server finds `.env` in its folder, and so must the reader of the variables.
    std::env::set_current_dir(&project.root)
        .with_context(|| format!("cannot go to {}", project.root.display()))?;
    let endpoint = match endpoint::read(project, runtime_config) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            // Spin knows more than the reader, so this is not the end.
            say::warning(&format!(
                "no curl line, for the variables cannot be read: {error:#}"
            ));
            return Ok(());
        }
    };
    let address = options.listen.callable();
    let text = text_for(project, &endpoint, &address)?;
    if options.listen.port == 0 {
        say::result(&text);
    } else if !print_when_ready::accepts(&address) {
        print_when_ready::in_background(&address, &text)?;
    }
    // Else another program has the address: the server will say so, and must not seem to serve.
    Ok(())
}

fn text_for(project: &Project, endpoint: &CallbackEndpoint, address: &str) -> Result<String> {
    if endpoint.token == TokenSource::Missing && endpoint.auth_mode != "none" {
        say::warning(&format!(
            "there is no callback token; add a line {TOKEN}=<a long random text> to {}",
            project.env_file().display()
        ));
    }
    let curl = Curl {
        shell: shell(project)?,
        url: &format!("http://{address}{}", endpoint.path),
        endpoint,
        header_file: write_header_file(project, endpoint)?,
    };
    Ok(announcement(address, endpoint, &curl))
}

/// For curl, so that the token stands in no line that is printed. Where the token in force is not
/// that of `.env`, the file would have an old one, and goes.
fn write_header_file(project: &Project, endpoint: &CallbackEndpoint) -> Result<PathBuf> {
    let file = project.header_file();
    let token = match endpoint.token {
        TokenSource::EnvFile => env_file::token(&project.env_file())?,
        _ => None,
    };
    let done = match token {
        Some(token) => {
            let header = format!("{}: {token}\n", endpoint.token_header);
            private_file::replace(&file, &header)
        }
        None => private_file::remove(&file),
    };
    done.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Whoever runs this on Windows has one of its shells.
fn shell(project: &Project) -> Result<Shell> {
    if !cfg!(windows) {
        return Ok(Shell::Posix);
    }
    let body_file = project.body_file();
    std::fs::write(&body_file, curl::BODY)
        .with_context(|| format!("cannot write {}", body_file.display()))?;
    Ok(Shell::Windows { body_file })
}

/// The server gets this process, so that its id and the signals sent to it are the server's.
#[cfg(unix)]
fn become_server(mut server: Command) -> Result<()> {
    let error = std::os::unix::process::CommandExt::exec(&mut server);
    Err(error).with_context(|| format!("{} cannot be started", server.get_program().display()))
}

#[cfg(not(unix))]
fn become_server(mut server: Command) -> Result<()> {
    let status = server
        .status()
        .with_context(|| format!("{} cannot be started", server.get_program().display()))?;
    if !status.success() {
        bail!("the server ended with {status}; see its message above");
    }
    Ok(())
}
