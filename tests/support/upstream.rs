//! Servers for the component's own requests: what comes in is taken apart here, what goes out is
//! the test's to say, down to the byte and to the moment where it breaks off.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A request that the component has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// In the order they came; names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// A whole reply.
    Reply(u16, &'static str, Vec<u8>),
    /// A whole reply with a header more.
    ReplyWith(u16, &'static str, &'static str),
    /// These bytes, and then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, and then the connection is reset.
    Reset(Vec<u8>),
    /// These bytes, and then nothing for as long as the component waits.
    Stall(Vec<u8>),
}

/// A reply of JSON.
pub fn json(status: u16, body: &Value) -> Act {
    Act::Reply(status, "application/json", body.to_string().into_bytes())
}

/// The reply of another server to the same request.
pub fn forward(asked: &RecordedRequest, to: SocketAddr) -> Act {
    let mut stream = TcpStream::connect(to).expect("it listens");
    let mut head = format!("{} {} HTTP/1.1\r\n", asked.method, asked.target);
    for (name, value) in &asked.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let request = [head.as_bytes(), b"\r\n", &asked.body].concat();
    stream.write_all(&request).expect("it reads");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("it answers");
    Act::Bytes(reply)
}

/// A server that runs until the test process ends.
pub struct Upstream {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<RecordedRequest>>>,
}

impl RecordedRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        assert!(found.next().is_none(), "{name} twice: {self:?}");
        Some(value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Upstream {
    /// Answers each request as `answer` says.
    pub fn start(answer: impl Fn(&RecordedRequest) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (answer, asked) = (
            Arc::new(answer),
            Arc::<Mutex<Vec<RecordedRequest>>>::default(),
        );
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                thread::spawn(move || {
                    if let Some((request, stream)) = receive(stream) {
                        kept.lock().expect("no panic").push(request.clone());
                        act(stream, answer(&request));
                    }
                });
            }
        });
        Self { address, asked }
    }

    /// Answers with these, in order, and with the last of them from then on.
    pub fn playing(acts: Vec<Act>) -> Self {
        let played = Mutex::new(0);
        Self::start(move |_| {
            let mut played = played.lock().expect("no panic");
            let act = acts[(*played).min(acts.len() - 1)].clone();
            *played += 1;
            act
        })
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come in since this was last asked.
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

/// Reads a request whole; `None` where none came. A body without a length is a fault: servers in
/// front of databases wait for the end of one that comes in chunks.
pub fn receive(mut stream: TcpStream) -> Option<(RecordedRequest, TcpStream)> {
    let mut bytes = Vec::new();
    let (mut asked, length, head) = loop {
        let mut more = [0; 16 << 10];
        let count = stream.read(&mut more).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&more[..count]);
        if let Some(parsed) = parse(&bytes) {
            break parsed;
        }
    };
    asked.body = bytes.split_off(head);
    let missing = length - asked.body.len();
    let mut rest = vec![0; missing];
    stream.read_exact(&mut rest).ok()?;
    asked.body.extend(rest);
    Some((asked, stream))
}

/// The head of a request, the length of its body, and its own; `None` while it is not all there.
fn parse(bytes: &[u8]) -> Option<(RecordedRequest, usize, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes).expect("HTTP") else {
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let headers = request.headers.iter();
    let asked = RecordedRequest {
        method: request.method.expect("one").to_owned(),
        target: request.path.expect("one").to_owned(),
        headers: headers
            .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
            .collect(),
        body: Vec::new(),
    };
    let has_body = !matches!(asked.method.as_str(), "GET" | "HEAD");
    let length = match asked.header("content-length") {
        Some(length) => length.parse().expect("a number"),
        None => {
            assert!(!has_body, "no content-length: {asked:?}");
            0
        }
    };
    Some((asked, length, head))
}

/// Does it, to whoever has asked.
pub fn act(mut stream: TcpStream, act: Act) {
    let head = |status: u16, more: &str, length: usize| {
        format!(
            "HTTP/1.1 {status} X\r\n{more}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
    };
    // That the component may have gone is for the test to find out, in what it answers.
    let _ = match act {
        Act::Reply(status, content_type, body) => {
            let head = head(status, &format!("content-type: {content_type}"), body.len());
            stream.write_all(&[head.as_bytes(), &body].concat())
        }
        Act::ReplyWith(status, name, value) => {
            stream.write_all(head(status, &format!("{name}: {value}"), 0).as_bytes())
        }
        Act::Bytes(bytes) => stream.write_all(&bytes),
        Act::Reset(bytes) => stream.write_all(&bytes).and_then(|()| reset(stream)),
        Act::Stall(bytes) => {
            let written = stream.write_all(&bytes);
            // The component closes it when its patience ends.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
            let _ = stream.read(&mut [0]);
            written
        }
    };
}

/// Ends a connection as a crash would. What was written before may still be on its way, and a
/// reset would overtake it.
fn reset(stream: TcpStream) -> std::io::Result<()> {
    thread::sleep(Duration::from_millis(50));
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
    drop(stream);
    Ok(())
}
