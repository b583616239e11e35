//! Child processes that never outlive us: killed when dropped, stopped politely when asked, every wait bounded.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Doing, Result, failed};

const POLL: Duration = Duration::from_millis(20);

/// A running process.
#[derive(Debug)]
pub(crate) struct Child {
    name: String,
    inner: std::process::Child,
    log: Option<PathBuf>,
    /// Sent before killing, for a process with children of its own to end.
    farewell: Option<Signal>,
}

impl Child {
    /// Starts a process as the command says.
    pub(crate) fn spawn(name: &str, mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let inner = command.spawn().doing(format!("starting {program}"))?;
        Ok(Self { name: name.to_owned(), inner, log: None, farewell: None })
    }

    /// Starts a process whose output goes to `NAME.log` in `folder`, to be shown if it fails.
    pub(crate) fn spawn_logged(name: &str, mut command: Command, folder: &Path) -> Result<Self> {
        let path = folder.join(format!("{name}.log"));
        let out = File::create(&path).doing(path.display())?;
        let err = out.try_clone().doing(path.display())?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let mut child = Self::spawn(name, command)?;
        child.log = Some(path);
        Ok(child)
    }

    /// Makes dropping it send `signal` first and wait up to five seconds before killing it.
    pub(crate) fn with_farewell(mut self, signal: Signal) -> Self {
        self.farewell = Some(signal);
        self
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.inner.id()
    }

    /// Fails, with the end of its log, if the process has ended.
    pub(crate) fn must_run(&mut self) -> Result<()> {
        match self.inner.try_wait().doing(&self.name)? {
            None => Ok(()),
            Some(status) => failed(format!("{} ended with {status}; {}", self.name, self.log_tail())),
        }
    }

    /// The last lines of the log, for an error text.
    pub(crate) fn log_tail(&self) -> String {
        let Some(path) = &self.log else { return "it has no log".to_owned() };
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("the end of its output:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"))
    }

    /// Waits for the end, at most `limit`; calls `meanwhile` at each look and gives up when that fails.
    pub(crate) fn wait(
        &mut self,
        limit: Duration,
        mut meanwhile: impl FnMut() -> Result<()>,
    ) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.inner.try_wait().doing(&self.name)? {
                return Ok(status);
            }
            meanwhile()?;
            if start.elapsed() > limit {
                return failed(format!("{} did not end within {limit:?}; {}", self.name, self.log_tail()));
            }
            sleep(POLL);
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        match i32::try_from(self.inner.id()).ok().and_then(Pid::from_raw) {
            Some(pid) => kill_process(pid, signal).doing(format!("stopping {}", self.name)),
            None => Ok(()),
        }
    }

    /// Asks the process to end with `signal` and waits for it, at most 30 seconds.
    pub(crate) fn stop(mut self, signal: Signal) -> Result<()> {
        self.must_run()?;
        self.signal(signal)?;
        let status = self.wait(Duration::from_secs(30), || Ok(()))?;
        if status.success() {
            return Ok(());
        }
        failed(format!("{} ended with {status} when asked to stop; {}", self.name, self.log_tail()))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; there is nobody left to tell about anything else.
        if let Some(signal) = self.farewell
            && self.must_run().is_ok()
        {
            drop(self.signal(signal).and_then(|()| self.wait(Duration::from_secs(5), || Ok(()))));
        }
        drop(self.inner.kill());
        drop(self.inner.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_process_that_ended_early_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut child =
            Child::spawn_logged("crash", shell("echo no such table; exit 3"), folder.path()).unwrap();
        child.inner.wait().unwrap();
        let why = child.must_run().unwrap_err().to_string();
        assert!(why.contains("no such table") && why.contains('3'), "{why}");
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let child = Child::spawn("sleeper", shell("exec sleep 60")).unwrap();
        let pid = child.pid();
        drop(child);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn waiting_ends_at_its_limit() {
        let mut child = Child::spawn("sleeper", shell("exec sleep 60")).unwrap();
        assert!(child.wait(Duration::ZERO, || Ok(())).is_err());
    }

    #[test]
    fn a_stop_request_reaches_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let script = format!("trap 'exit 0' TERM; : > {}; while :; do sleep 0.01; done", ready.display());
        let child = Child::spawn("polite", shell(&script)).unwrap();
        let start = Instant::now();
        while !ready.exists() {
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        child.stop(Signal::TERM).unwrap();
    }
}
