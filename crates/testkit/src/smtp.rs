//! A real SMTP server (Python's aiosmtpd) as a child process, for tests that send mail.
//!
//! The server chooses its own free port and tells it, so that tests running side by side never meet.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

/// Debian's interpreter, because the distribution's package of aiosmtpd belongs to it.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = include_str!("smtp.py");
/// Where the server's standard error goes; a file never fills up and stops the server as a pipe would.
const COMPLAINTS: &str = "stderr.txt";
const READY: Duration = Duration::from_secs(10);

/// A running server that stores every mail it gets; it ends when this is dropped.
#[derive(Debug)]
pub struct SmtpServer {
    _child: Child,
    folder: TempDir,
    port: u16,
    stored: Mutex<Lines<BufReader<ChildStdout>>>,
}

impl SmtpServer {
    /// Starts a server and waits until it listens, at most 10 s.
    ///
    /// # Panics
    ///
    /// When the server does not come up, mostly because a package is missing; the message says which script
    /// installs it.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder for mails");
        let mut child = spawn(folder.path());
        let stdout = child.stdout.take().expect("the server's output is piped");
        let mut stored = BufReader::new(stdout).lines();
        let told = timeout(READY, stored.next_line()).await;
        let port = told.ok().and_then(Result::ok).flatten().and_then(|line| line.parse().ok());
        let Some(port) = port else {
            let said = std::fs::read_to_string(folder.path().join(COMPLAINTS)).unwrap_or_default();
            panic!("no SMTP server: is python3-aiosmtpd missing? run scripts/install-test-deps.sh\n{said}");
        };
        Self { _child: child, folder, port, stored: Mutex::new(stored) }
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's URL: plain text, no login.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The mails that have arrived, as sent (headers, an empty line, body; CRLF), oldest first.
    ///
    /// # Panics
    ///
    /// When the folder of mails cannot be read.
    pub fn mails(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder of mails is there");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("a mail's file name").path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        files.sort();
        let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).expect("a mail")).into_owned();
        files.iter().map(|path| text(path)).collect()
    }

    /// Waits until at least `count` mails have arrived and returns all of them.
    ///
    /// # Panics
    ///
    /// When fewer have arrived after `limit`, or the server has ended.
    pub async fn wait_for(&self, count: usize, limit: Duration) -> Vec<String> {
        let deadline = Instant::now() + limit;
        let mut stored =
            timeout_at(deadline, self.stored.lock()).await.expect("another test part is waiting");
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            let next = timeout_at(deadline, stored.next_line()).await;
            let next = next.unwrap_or_else(|_| panic!("{} of {count} mails came in {limit:?}", mails.len()));
            let ended = !matches!(next, Ok(Some(_)));
            assert!(!ended, "the SMTP server ended with {} of {count} mails", mails.len());
        }
    }
}

fn spawn(folder: &Path) -> Child {
    let complaints = File::create(folder.join(COMPLAINTS)).expect("a file for the server's complaints");
    Command::new(PYTHON)
        .args(["-c", SCRIPT])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{PYTHON}: {error}; run scripts/install-test-deps.sh"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn say(server: &SmtpServer, lines: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        stream.write_all(lines.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(READY, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    #[tokio::test]
    async fn a_mail_is_kept_as_it_was_sent() {
        let server = SmtpServer::start().await;
        assert_eq!(server.mails(), Vec::<String>::new());
        let lines = "HELO a\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n\
                     Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n";
        let answer = say(&server, lines).await;
        assert!(answer.contains("250 stored"), "{answer}");
        assert_eq!(server.wait_for(1, READY).await, ["Subject: x\r\n\r\nhello\r\n"]);
    }

    #[tokio::test]
    async fn servers_side_by_side_do_not_share_mails() {
        let (one, other) = tokio::join!(SmtpServer::start(), SmtpServer::start());
        assert_ne!(one.port(), other.port());
        assert_ne!(one.url(), other.url());
    }
}
