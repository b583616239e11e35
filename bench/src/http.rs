//! A small HTTP/1.1 client over one kept-alive connection, for setting up and probing servers on this machine.
//!
//! It understands answers with a `Content-Length`, which is all that the measured servers send.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::{Doing, Result, failed};

const PATIENCE: Duration = Duration::from_secs(20);
/// No answer of a measured server comes near it.
const LARGEST_BODY: usize = 16 << 20;

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    /// Status code.
    pub(crate) status: u16,
    /// Body, as text.
    pub(crate) body: String,
}

/// One connection to 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects; every later read and write waits 20 seconds at most.
    pub(crate) fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request, with a JSON body if there is one, and reads the whole answer.
    pub(crate) fn request(&mut self, method: &str, path: &str, json: Option<&str>) -> Result<Response> {
        let body = json.unwrap_or_default();
        let kind = if json.is_some() { "Content-Type: application/json\r\n" } else { "" };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).doing(format!("sending {method} {path}"))?;
        read_response(&mut self.stream).doing(format!("the answer to {method} {path}"))
    }

    /// As [`Client::request`], and fails unless the status is 200; gives the body.
    pub(crate) fn ok(&mut self, method: &str, path: &str, json: Option<&str>) -> Result<String> {
        let response = self.request(method, path, json)?;
        if response.status != 200 {
            return failed(format!("{method} {path} answered {}: {}", response.status, response.body));
        }
        Ok(response.body)
    }
}

fn read_response(stream: &mut impl BufRead) -> Result<Response> {
    let status = line(stream)?;
    let status: u16 = match status.split(' ').nth(1).map(str::parse) {
        Some(Ok(status)) => status,
        _ => return failed(format!("not an HTTP status line: {status:?}")),
    };
    let mut length = None;
    loop {
        let header = line(stream)?;
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse::<usize>().doing("Content-Length")?);
        }
    }
    let length = match length {
        Some(length) if length <= LARGEST_BODY => length,
        Some(length) => return failed(format!("a body of {length} bytes is too large")),
        None => return failed("no Content-Length"),
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).doing("body")?;
    Ok(Response { status, body: String::from_utf8_lossy(&body).into_owned() })
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    let mut limited = Read::take(stream, 64 << 10);
    match limited.read_line(&mut line) {
        Ok(0) => failed("the connection was closed"),
        Ok(_) => Ok(line.trim_end().to_owned()),
        Err(error) => failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_content_length_and_no_further() {
        let mut wire = &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX: y\r\n\r\n{}HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"[..];
        let first = read_response(&mut wire).unwrap();
        assert_eq!((first.status, first.body.as_str()), (200, "{}"));
        assert_eq!(read_response(&mut wire).unwrap().status, 503);
    }

    #[test]
    fn answers_without_a_length_or_cut_short_are_refused() {
        assert!(read_response(&mut &b"HTTP/1.1 200 OK\r\n\r\n{}"[..]).is_err());
        assert!(read_response(&mut &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"[..]).is_err());
        assert!(read_response(&mut &b""[..]).is_err());
        assert!(read_response(&mut &b"SSH-2.0-x\r\n"[..]).is_err());
    }
}
