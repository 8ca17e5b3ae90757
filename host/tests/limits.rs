//! What callers see when the host has no room for another instance.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A machine that is busy elsewhere is no fault.
const PATIENCE: Duration = Duration::from_secs(60);

struct Host {
    process: Child,
    address: String,
    _state: tempfile::TempDir,
}

impl Host {
    /// Serves the built component with at most this many instances, of one request at a time.
    fn with_instances(instances: u32) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let state = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_host"))
            .arg("--from")
            .arg(root.join("spin.toml"))
            .args(["--listen", "127.0.0.1:0", "--state-dir"])
            .arg(state.path())
            .args(["--max-instance-concurrent-reuse-count", "1"])
            .env("SPIN_MAX_INSTANCE_COUNT", instances.to_string())
            .env("SPIN_VARIABLE_CALLBACK_TOKEN", "un-token-de-prueba")
            .current_dir(state.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, address) = line.split_once("Serving http://")?;
            Some(address.to_owned())
        });
        // Nobody reads what the component prints, and it must not have to wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address: address.expect("`cargo xtask build` has built the component"),
            _state: state,
        }
    }

    /// Sends this much of a request on a connection of its own.
    fn send(&self, request: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn status_line(reply: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reply.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// The rest of it is asked for by the instance that has it.
const BEGUN: &str = "POST /api/callback HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
    x-authorization: un-token-de-prueba\r\ncontent-type: application/json\r\n\
    content-length: 2\r\nconnection: close\r\n\r\n";

#[test]
fn a_request_that_needs_one_instance_too_many_gets_500_and_nothing_else() {
    let host = Host::with_instances(2);
    let mut busy = [host.send(BEGUN), host.send(BEGUN)];
    for request in &mut busy {
        assert_eq!(status_line(request), "HTTP/1.1 100 Continue");
    }

    let mut refused = host.send(HEALTH);
    assert_eq!(
        status_line(&mut refused),
        "HTTP/1.1 500 Internal Server Error"
    );
    let mut rest = String::new();
    refused.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("\r\n\r\n"), "a body: {rest:?}");

    // Once there is room again the host serves as before.
    drop(busy);
    let until = Instant::now() + PATIENCE;
    while status_line(&mut host.send(HEALTH)) != "HTTP/1.1 200 OK" {
        assert!(Instant::now() < until, "the host does not recover");
        std::thread::sleep(Duration::from_millis(50));
    }
}
