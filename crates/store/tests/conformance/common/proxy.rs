//! A line to the database that can be cut: a TCP proxy between the store and the server.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::soon;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Everything passes.
    Sound,
    /// The next COMMIT reaches the server and takes effect; its answer is lost, and the connection with it.
    LosesNextAnswer,
    /// As `LosesNextAnswer`, but one COMMIT later.
    LosesSecondAnswer,
    /// The next COMMIT and its connection are lost before they reach the server.
    LosesNextCommit,
    /// As `LosesNextAnswer`, and dead from then on.
    LosesNextAnswerAndDies,
    /// Every connection is cut, new ones at once.
    Dead,
    /// New connections are taken and never answered.
    Silent,
}

/// A running proxy; it ends when dropped.
pub(crate) struct Proxy {
    url: String,
    line: Arc<Mutex<Line>>,
    cut: watch::Sender<()>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy to the server of `url`, sound at first.
    pub(crate) async fn start(url: &str) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let [tokio_postgres::config::Host::Tcp(host)] = config.get_hosts() else { panic!("one host") };
        let server = format!("{host}:{}", config.get_ports()[0]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!(
            "postgres://{}@127.0.0.1:{port}/{}",
            config.get_user().unwrap(),
            config.get_dbname().unwrap()
        );
        let line = Arc::new(Mutex::new(Line::Sound));
        let (cut, _) = watch::channel(());
        let (state, cutter) = (line.clone(), cut.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(client, server.clone(), state.clone(), cutter.subscribe()));
            }
        });
        Self { url, line, cut, accepting }
    }

    /// The database's URL through this proxy.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Changes what happens from now on.
    pub(crate) fn set(&self, line: Line) {
        *self.line.lock().unwrap() = line;
    }

    /// Cuts every connection that there is; new ones are welcome. Returns when all have been closed.
    pub(crate) async fn cut_all(&self) {
        self.cut.send_replace(());
        soon(self.cut.closed()).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut client: TcpStream, server: String, line: Arc<Mutex<Line>>, mut cut: watch::Receiver<()>) {
    let state = *line.lock().unwrap();
    match state {
        Line::Dead => return,
        Line::Silent => {
            let _ = cut.changed().await;
            return;
        }
        _ => {}
    }
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut up, mut down) = ([0; 16384], [0; 16384]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(n @ 1..) = read else { break };
                let commits = up[..n].windows(6).any(|w| w == b"COMMIT");
                let state = *line.lock().unwrap();
                if state == Line::Dead {
                    break;
                }
                if commits && state == Line::LosesNextCommit {
                    *line.lock().unwrap() = Line::Sound;
                    break;
                }
                if commits && state == Line::LosesSecondAnswer {
                    *line.lock().unwrap() = Line::LosesNextAnswer;
                }
                if server.write_all(&up[..n]).await.is_err() {
                    break;
                }
                if commits && matches!(state, Line::LosesNextAnswer | Line::LosesNextAnswerAndDies) {
                    // The server answers when the commit is done.
                    let answered = server.read(&mut down).await.unwrap();
                    assert!(answered > 0);
                    *line.lock().unwrap() =
                        if state == Line::LosesNextAnswer { Line::Sound } else { Line::Dead };
                    break;
                }
            }
            read = server.read(&mut down) => {
                let Ok(n @ 1..) = read else { break };
                if client.write_all(&down[..n]).await.is_err() {
                    break;
                }
            }
            _ = cut.changed() => break,
        }
    }
    drop((client, server));
    // Only now does `cut_all` go on.
    drop(cut);
}
