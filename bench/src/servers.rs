//! Starts the measured servers on 127.0.0.1 and sets Parlor up through its own API.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::child::Child;
use crate::error::{Doing, Error, Result, Stop, failed};
use crate::http::Client;
use crate::metrics;

/// The name every visitor of a run has, as the baseline answers it.
const VISITOR_NAME: &str = "Bench Visitor";
const LIMITS: [&str; 3] = [
    "API_Enable_Rate_Limiter_Limit_Calls_Default",
    "Livechat_rate_limit_messages_visitor",
    "Livechat_rate_limit_calls_address",
];

/// How every SQLite file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A port nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("looking for a free port")?;
    listener.local_addr().map(|address| address.port()).doing("looking for a free port")
}

/// Calls `ready` until it says yes, at most 60 seconds and only while the process runs.
pub(crate) fn wait_until(
    child: &mut Child,
    stop: &Stop,
    pause: Duration,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let start = Instant::now();
    while !ready() {
        stop.check()?;
        child.must_run()?;
        if start.elapsed() > Duration::from_secs(60) {
            return failed(format!("a server did not get ready within a minute; {}", child.log_tail()));
        }
        sleep(pause);
    }
    Ok(())
}

/// A visitor and the room they write in.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// The visitor's token.
    pub(crate) token: String,
    /// The room.
    pub(crate) rid: String,
}

impl Seat {
    /// The body of a `POST livechat/message`.
    pub(crate) fn message(&self, text: &str) -> String {
        serde_json::json!({"token": self.token, "rid": self.rid, "msg": text}).to_string()
    }

    /// The path of the newest 50 messages.
    pub(crate) fn history(&self) -> String {
        format!("/api/v1/livechat/messages.history/{}?token={}&limit=50", self.rid, self.token)
    }
}

/// Path of the message call.
pub(crate) const MESSAGE: &str = "/api/v1/livechat/message";

/// Writes the list of seats that the load scripts read.
pub(crate) fn write_seats(path: &Path, seats: &[Seat]) -> Result<()> {
    let mut lines = String::new();
    for seat in seats {
        // Writing to a string cannot fail.
        _ = writeln!(lines, "{} {}", seat.token, seat.rid);
    }
    fs::write(path, lines).doing(path.display())
}

/// The bare server.
#[derive(Debug)]
pub(crate) struct Baseline {
    /// The process.
    pub(crate) child: Child,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Baseline {
    /// Starts it and waits until it accepts connections.
    pub(crate) fn start(binary: &Path, logs: &Path, stop: &Stop) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.arg(format!("127.0.0.1:{port}"));
        let mut child = Child::spawn_logged("baseline", command, logs)?;
        wait_until(&mut child, stop, Duration::from_millis(10), || Client::connect(port).is_ok())?;
        Ok(Self { child, port })
    }
}

/// How to start Parlor.
#[derive(Debug, Clone)]
pub(crate) struct ParlorSetup {
    /// The program.
    pub(crate) binary: PathBuf,
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// A PostgreSQL database; nothing means SQLite in the data folder.
    pub(crate) database: Option<String>,
    /// Where its output goes.
    pub(crate) logs: PathBuf,
}

/// A running Parlor.
#[derive(Debug)]
pub(crate) struct Parlor {
    /// The process.
    pub(crate) child: Child,
    /// Where it listens.
    pub(crate) port: u16,
    metrics_port: u16,
}

impl ParlorSetup {
    /// Starts the process without waiting for it.
    pub(crate) fn spawn(&self) -> Result<Parlor> {
        let (port, metrics_port) = (free_port()?, free_port()?);
        let mut command = Command::new(&self.binary);
        command.arg("serve").current_dir(&self.logs);
        // What the caller's shell has set must not change what is measured.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("PARLOR_") || name.starts_with("OVERWRITE_SETTING_") {
                command.env_remove(&*name);
            }
        }
        command.env("PARLOR_LISTEN", format!("127.0.0.1:{port}"));
        command.env("PARLOR_METRICS_LISTEN", format!("127.0.0.1:{metrics_port}"));
        command.env("PARLOR_DATA_DIR", &self.data);
        command.env("OVERWRITE_SETTING_Livechat_accept_chats_with_no_agents", "true");
        // The limiter stays on and counts, it only never refuses.
        for limit in LIMITS {
            command.env(format!("OVERWRITE_SETTING_{limit}"), "1000000000");
        }
        if let Some(database) = &self.database {
            command.env("PARLOR_DATABASE_URL", database);
        }
        let child = Child::spawn_logged("parlor", command, &self.logs)?;
        Ok(Parlor { child, port, metrics_port })
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(&self, stop: &Stop) -> Result<Parlor> {
        let mut parlor = self.spawn()?;
        let port = parlor.port;
        wait_until(&mut parlor.child, stop, Duration::from_millis(10), || {
            let answer = Client::connect(port).map(|mut c| c.request("GET", "/health/ready", None));
            matches!(answer, Ok(Ok(response)) if response.status == 200)
        })?;
        Ok(parlor)
    }

    /// The SQLite file in the data folder, whatever its name.
    pub(crate) fn database_file(&self) -> Result<PathBuf> {
        for entry in fs::read_dir(&self.data).doing(self.data.display())?.flatten() {
            let mut head = [0; MAGIC.len()];
            let read = fs::File::open(entry.path()).and_then(|mut file| file.read_exact(&mut head));
            if read.is_ok() && &head == MAGIC {
                return Ok(entry.path());
            }
        }
        failed(format!("no SQLite file in {}", self.data.display()))
    }
}

impl Parlor {
    /// Registers `count` visitors and opens a room for each.
    pub(crate) fn seats(&self, count: usize, stop: &Stop) -> Result<Vec<Seat>> {
        let mut client = self.client()?;
        let mut seats = Vec::with_capacity(count);
        for number in 0..count {
            stop.check()?;
            // 64 hexadecimal digits, as the widget makes them.
            let token = format!("{number:08x}").repeat(8);
            let visitor = serde_json::json!({"visitor": {"token": token, "name": VISITOR_NAME}}).to_string();
            client.ok("POST", "/api/v1/livechat/visitor", Some(&visitor))?;
            let room = client.ok("GET", &format!("/api/v1/livechat/room?token={token}"), None)?;
            let room: serde_json::Value = serde_json::from_str(&room).doing("the answer of livechat/room")?;
            let rid =
                room["room"]["_id"].as_str().ok_or_else(|| Error::Failed(format!("no room in {room}")))?;
            seats.push(Seat { rid: rid.to_owned(), token });
        }
        Ok(seats)
    }

    /// A connection to it.
    pub(crate) fn client(&self) -> Result<Client> {
        Client::connect(self.port).doing("connecting to Parlor")
    }

    /// Its counters of commits and of the commands in them, where it shows them.
    pub(crate) fn store_counters(&self) -> Option<(f64, f64)> {
        let text = Client::connect(self.metrics_port).ok()?.ok("GET", "/metrics", None).ok()?;
        let commits = metrics::counter(&text, "parlor_store_commits_total")?;
        Some((commits, metrics::counter(&text, "parlor_store_commands_total")?))
    }

    /// Lets it finish what it does and end.
    pub(crate) fn stop(self) -> Result<()> {
        self.child.stop(Signal::TERM)
    }
}
