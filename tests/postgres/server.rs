//! The server itself: found, initialised, started, and ended.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Config, NoTls};
use tempfile::TempDir;

/// How long the server may take until it serves. A machine that is busy elsewhere is no fault.
const PATIENCE: Duration = Duration::from_secs(120);

/// The server would outlive a test process that is killed, or ends with this in a static. So a
/// shell stands between them, which ends the server when its standard input ends; and that is a
/// pipe from the test process, which the system closes whatever happens.
///
/// Where the server ends without having been asked, the folder stays for its log to be read.
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
    supervisor: Child,
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
            supervisor: supervisor.spawn().expect("a shell"),
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
        let start = Instant::now();
        let mut config = Config::new();
        config
            .host_path(self.folder())
            .user(superuser)
            .dbname("postgres");
        while let Err(error) = config.connect(NoTls) {
            let ended = self.supervisor.try_wait().expect("a child");
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "PostgreSQL does not serve: {error}\n{}",
                std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // An error means that it has ended already.
        let _ = self.supervisor.wait();
    }
}

fn supervisor(folder: &Path) -> Command {
    let programs = std::env::var_os("SAM_CALLBACK_POSTGRES")
        .expect("SAM_CALLBACK_POSTGRES is set; `cargo xtask test` does that");
    // It works in another folder.
    let programs = std::path::absolute(programs).expect("a folder");
    let log = File::create(folder.join("log")).expect("a log");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SUPERVISOR, "supervisor"])
        .args([&programs, folder])
        .current_dir(folder)
        // Neither the user's locale nor the user's PGOPTIONS or PGDATA.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        // Away from the terminal's Ctrl-C: it is still to clean up then.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("the log"))
        .stderr(log);
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
