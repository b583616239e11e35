//! The binary as a child process.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::PATIENCE;
use crate::output::Output;
use crate::rest::Api;

/// What is tested.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_parlor");

/// A server that is about to be started: `parlor serve` on a free port, with its data in one folder and nothing from
/// this process's environment that it could mistake for configuration.
pub(crate) struct Setup(Command);

impl Setup {
    pub(crate) fn new(folder: &Path) -> Self {
        Self::run_by(Command::new(BINARY), folder)
    }

    /// As [`Setup::new`], where another program becomes the binary.
    pub(crate) fn run_by(mut command: Command, folder: &Path) -> Self {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PARLOR_") || text.starts_with("OVERWRITE_SETTING_") {
                command.env_remove(&name);
            }
        }
        command
            .arg("serve")
            // No `parlor.toml` of whoever runs the tests.
            .current_dir(folder)
            .env("PARLOR_LISTEN", "127.0.0.1:0")
            .env("PARLOR_DATA_DIR", folder)
            .env("PARLOR_THREADS", "2")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self(command)
    }

    /// With sample data.
    pub(crate) fn demo(mut self) -> Self {
        self.0.arg("--demo");
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn setting(self, id: &str, value: &str) -> Self {
        self.env(&format!("OVERWRITE_SETTING_{id}"), value)
    }

    /// Anyone may chat, as often as they like.
    pub(crate) fn open(self) -> Self {
        self.setting("Livechat_accept_chats_with_no_agents", "true")
            .setting("API_Enable_Rate_Limiter", "false")
    }

    /// Starts the process and does not wait for anything.
    pub(crate) fn launch(mut self) -> Server {
        let mut child = self.0.spawn().expect("the binary starts");
        let out = Output::of(child.stdout.take().expect("its output is piped"));
        let err = Output::of(child.stderr.take().expect("its complaints are piped"));
        Server { child, out, err, url: String::new() }
    }

    /// Starts the process and waits until it listens.
    pub(crate) async fn start(self) -> Server {
        let mut server = self.launch();
        match server.out.find(" listens on ").await {
            Ok(line) => line.rsplit(' ').next().unwrap_or_default().clone_into(&mut server.url),
            Err(why) => panic!("the server did not start: {why}\n{}", server.err.so_far()),
        }
        server
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) out: Output,
    pub(crate) err: Output,
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
}

impl Server {
    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or(&self.url)
    }

    /// A client with connections of its own.
    pub(crate) fn api(&self) -> Api {
        Api::new(&self.url)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) async fn kill9(&mut self) {
        timeout(PATIENCE, self.child.kill()).await.expect("a killed process ends").expect("it can be killed");
    }

    /// SIGTERM.
    pub(crate) fn term(&self) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, Signal::TERM).expect("it can be told");
    }

    /// Waits for the end of the process.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|late| panic!("no end, {late}:\n{}", self.err.so_far())).expect("its status")
    }

    /// SIGTERM; fails unless the process ends well.
    pub(crate) async fn stop(&mut self) {
        self.term();
        let status = self.wait().await;
        assert!(status.success(), "{status}:\n{}", self.err.whole().await);
    }
}
