//! HTTP/1.1 written and read by hand, for what no client would send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Reads one reply from a connection that may stay open: its status, and its body.
pub fn read_reply(stream: &mut TcpStream) -> (u16, String) {
    let head = read_head(stream);
    let status: u16 = head[9..12].parse().expect("a status");
    if status == 100 {
        return read_reply(stream);
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .unwrap_or_else(|| panic!("no content-length: {head}"));
    let mut body = vec![0; length.trim().parse().expect("a number")];
    stream.read_exact(&mut body).expect("the whole reply");
    (status, String::from_utf8(body).expect("UTF-8"))
}

/// Reads the head of one reply, in small letters.
pub fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a reply");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("ASCII").to_lowercase()
}

/// Writes a request by hand.
pub fn write_request(stream: &mut TcpStream, method: &str, path: &str, headers: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    let request = [head.as_bytes(), body].concat();
    stream.write_all(&request).expect("the server reads");
}
