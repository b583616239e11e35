//! What a process writes, line by line, while it runs and afterwards.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::PATIENCE;

/// The lines of one stream of a process.
#[derive(Debug, Clone)]
pub(crate) struct Output(watch::Receiver<Vec<String>>);

impl Output {
    /// Reads a stream to its end beside the test, so that the process is never held up.
    pub(crate) fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, lines) = watch::channel(Vec::new());
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream).lines();
            while let Ok(Some(line)) = stream.next_line().await {
                sender.send_modify(|lines| lines.push(line));
            }
        });
        Self(lines)
    }

    /// The first line that contains a text; waits for it. An error tells everything that was written instead.
    pub(crate) async fn find(&mut self, text: &str) -> Result<String, String> {
        let found = |lines: &Vec<String>| lines.iter().find(|line| line.contains(text)).cloned();
        let waited = timeout(PATIENCE, self.0.wait_for(|lines| found(lines).is_some())).await;
        let why = match waited.map(|seen| seen.map(|lines| found(&lines).unwrap_or_default())) {
            Ok(Ok(line)) => return Ok(line),
            Ok(Err(_)) => "the stream ended",
            Err(_) => "time ran out",
        };
        Err(format!("{why} before {text:?}:\n{}", self.so_far()))
    }

    /// Everything up to the end of the stream; waits for the end.
    pub(crate) async fn whole(&mut self) -> String {
        let ended = async { while self.0.changed().await.is_ok() {} };
        timeout(PATIENCE, ended).await.expect("the stream ends with its process");
        self.so_far()
    }

    /// Everything up to now.
    pub(crate) fn so_far(&self) -> String {
        self.0.borrow().join("\n")
    }
}
