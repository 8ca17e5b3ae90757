//! The server itself: found, initialised, started, and ended.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ::postgres::{Config, NoTls};
use tempfile::TempDir;

use crate::ports::wait_until;
use crate::process::Supervisor;

/// How long the server may take until it serves. A machine that is busy elsewhere is no fault.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes the database and serves it, until the standard input ends. Where the server ends without
/// having been asked, the folder stays for its log to be read.
const SUPERVISOR: &str = r#"
programs=$1 folder=$2 superuser=$3 time_zone=$4
"$programs/initdb" --pgdata="$folder/data" --username="$superuser" --auth=trust \
    --encoding=UTF8 --locale=C --no-sync || exit
"$programs/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" \
    -c timezone="$time_zone" -c log_timezone=UTC -c max_connections=200 -c autovacuum=off \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off </dev/null &
server=$!
# A program in the background has no standard input but by another name.
exec 3<&0
(cat <&3 >/dev/null; : >"$folder/ended"; kill -QUIT "$server" 2>/dev/null) &
wait "$server"
status=$?
test -e "$folder/ended" || exit "$status"
cd / && rm -rf "$folder"
"#;

/// A server that runs until this is dropped or the process ends.
pub struct Server {
    supervisor: Supervisor,
    folder: TempDir,
}

impl Server {
    /// Starts one with this superuser, whom it knows by name alone, and waits until it serves.
    pub fn start(superuser: &str, time_zone: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sam-callback-postgres-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .expect("a folder for the database");
        let mut supervisor = supervisor(folder.path());
        supervisor.args([superuser, time_zone]);
        let mut server = Self {
            supervisor: Supervisor::start(&mut supervisor),
            folder,
        };
        server.wait_until_it_serves(superuser);
        server
    }

    /// The folder that its socket is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn wait_until_it_serves(&mut self, superuser: &str) {
        let mut config = Config::new();
        config
            .host_path(self.folder.path())
            .user(superuser)
            .dbname("postgres");
        let log = self.folder.path().join("log");
        wait_until(
            self.supervisor.child(),
            PATIENCE,
            || std::fs::read_to_string(&log).unwrap_or_default(),
            || config.connect(NoTls).map_err(|error| error.to_string()),
        );
    }
}

fn supervisor(folder: &Path) -> Command {
    let programs = std::env::var_os("SAM_CALLBACK_POSTGRES")
        .expect("SAM_CALLBACK_POSTGRES is set; `cargo xtask test` does that");
    // It works in another folder.
    let programs = std::path::absolute(programs).expect("a folder");
    let log = File::create(folder.join("log")).expect("a log");
    let mut command = Supervisor::command(SUPERVISOR, log);
    command
        .args([&programs, folder])
        .current_dir(folder)
        // Neither the user's locale nor the user's PGOPTIONS or PGDATA.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C");
    run_as_another_than_root(&mut command, folder);
    command
}

/// PostgreSQL refuses to run as root, so then it runs as the user that Debian's package makes.
fn run_as_another_than_root(command: &mut Command, folder: &Path) {
    let owner = std::fs::metadata(folder).expect("the folder").uid();
    if owner != 0 {
        return;
    }
    let (uid, gid) = (id("-u"), id("-g"));
    for path in [folder, &folder.join("log")] {
        chown(path, Some(uid), Some(gid)).expect("root may give it away");
    }
    command.uid(uid).gid(gid);
}

fn id(which: &str) -> u32 {
    let output = Command::new("id")
        .args([which, "postgres"])
        .output()
        .expect("a number");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().expect("there is a user postgres")
}
