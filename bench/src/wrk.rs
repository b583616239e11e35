//! Runs `wrk` with one of the scripts in `bench/lua` and reads its result.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use crate::child::Child;
use crate::error::{Doing, Error, Result, Stop, failed};

const POST: &str = include_str!("../lua/post.lua");
const HISTORY: &str = include_str!("../lua/history.lua");
const REPORT: &str = include_str!("../lua/report.lua");

/// Which requests to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// `POST livechat/message`, each with a text of its own of 62 bytes.
    Post,
    /// `GET livechat/messages.history`, 50 messages.
    History,
}

/// Whom to load with what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// Which requests.
    pub(crate) job: Job,
    /// The server's port on 127.0.0.1.
    pub(crate) port: u16,
    /// Connections, each with one request in flight.
    pub(crate) connections: u32,
    /// A file of `token rid` lines that take turns.
    pub(crate) seats: &'a Path,
}

/// How a run went. Times are of the client, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// Answered requests.
    pub(crate) requests: f64,
    /// Length of the run in seconds.
    pub(crate) seconds: f64,
    /// Half of the requests took no longer.
    pub(crate) p50: f64,
    /// 99 of 100 took no longer.
    pub(crate) p99: f64,
}

impl Outcome {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests / self.seconds
    }
}

/// Where scripts and room lists lie, and how to stop.
#[derive(Debug)]
pub(crate) struct Wrk {
    folder: PathBuf,
    stop: Stop,
}

impl Wrk {
    /// Writes the scripts into `folder`; fails if `wrk` is not installed.
    pub(crate) fn prepare(folder: &Path, stop: &Stop) -> Result<Self> {
        if Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            return failed("wrk is not installed; scripts/install-bench-deps.sh installs it");
        }
        for (name, script) in [("post.lua", POST), ("history.lua", HISTORY)] {
            fs::write(folder.join(name), format!("{script}\n{REPORT}")).doing(name)?;
        }
        Ok(Self { folder: folder.to_owned(), stop: stop.clone() })
    }

    /// Loads the target for `time` (whole seconds) and calls `meanwhile` a few times a second. Fails if any
    /// request was not answered with success. `tag` is a word of four letters.
    pub(crate) fn run(
        &self,
        target: Target<'_>,
        time: Duration,
        tag: &str,
        mut meanwhile: impl FnMut() -> Result<()>,
    ) -> Result<Outcome> {
        let script = self.folder.join(if target.job == Job::Post { "post.lua" } else { "history.lua" });
        let output = self.folder.join("wrk.out");
        let file = File::create(&output).doing(output.display())?;
        let errors = file.try_clone().doing(output.display())?;
        let mut command = Command::new("wrk");
        command
            .arg("-t1")
            .arg(format!("-c{}", target.connections))
            .arg(format!("-d{}s", time.as_secs().max(1)));
        command.args(["--latency", "--timeout", "10s", "-s"]).arg(script);
        command.arg(format!("http://127.0.0.1:{}/", target.port)).arg("--").arg(target.seats).arg(tag);
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let mut child = Child::spawn("wrk", command)?;
        let status = child.wait(time + Duration::from_secs(30), || {
            self.stop.check()?;
            meanwhile()
        })?;
        self.stop.check()?;
        let text = fs::read_to_string(&output).doing(output.display())?;
        if !status.success() {
            return failed(format!("wrk ended with {status}: {text}"));
        }
        parse(&text)
    }
}

/// Reads the `result` line that the scripts print, and refuses runs with failed requests.
fn parse(text: &str) -> Result<Outcome> {
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("result ")) else {
        return failed(format!("wrk printed no result line: {text}"));
    };
    let value = |name: &str| -> Result<f64> {
        let pair = line.split_ascii_whitespace().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.and_then(|v| v.parse().ok())
            .ok_or_else(|| Error::Failed(format!("wrk's result has no {name}: {line}")))
    };
    for kind in ["connect", "read", "write", "status", "timeout"] {
        let count = value(kind)?;
        if count > 0.0 {
            return failed(format!("{count} requests failed ({kind}): {line}"));
        }
    }
    let outcome = Outcome {
        requests: value("requests")?,
        seconds: value("duration_us")? / 1e6,
        p50: value("p50_us")?,
        p99: value("p99_us")?,
    };
    if outcome.requests <= 0.0 || outcome.seconds <= 0.0 {
        return failed(format!("no request was answered: {line}"));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Running 5s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n\
        Requests/sec:  20000.00\n\
        result requests=100000 duration_us=5000000 bytes=5 p50_us=512 p90_us=700 p99_us=4200 max_us=9000 \
        connect=0 read=0 write=0 status=0 timeout=0\n";

    #[test]
    fn the_result_line_is_read() {
        let outcome = parse(GOOD).unwrap();
        assert!((outcome.rate() - 20_000.0).abs() < 1e-6);
        assert_eq!((outcome.p50, outcome.p99), (512.0, 4_200.0));
    }

    #[test]
    fn a_run_with_failed_requests_is_no_result() {
        for kind in ["connect", "read", "write", "status", "timeout"] {
            let bad = GOOD.replace(&format!("{kind}=0"), &format!("{kind}=3"));
            assert!(matches!(parse(&bad), Err(Error::Failed(why)) if why.contains(kind)), "{kind}");
        }
    }

    #[test]
    fn output_without_a_result_or_without_answers_is_no_result() {
        assert!(parse("unable to connect to 127.0.0.1:1 Connection refused\n").is_err());
        assert!(parse(&GOOD.replace("requests=100000", "requests=0")).is_err());
        assert!(parse(&GOOD.replace("p99_us=4200 ", "")).is_err());
    }
}
