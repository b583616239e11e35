//! What all legs share: where files go, how one load is measured, and when a repetition counts.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::{Doing, Error, Result, Stop};
use crate::probe::sync_cost;
use crate::servers::{ParlorSetup, Seat, write_seats};
use crate::stats::Samples;
use crate::wrk::{Outcome, Target, Wrk};

/// A repetition counts only if the disk's sync time moved no more than this meanwhile.
const STEADY: f64 = 0.25;
/// How often a repetition is tried before it is kept as it is, with a note.
const ATTEMPTS: u32 = 3;
/// How the names of run folders begin.
pub(crate) const RUN: &str = "run-";
const WARM_UP: Duration = Duration::from_secs(1);

/// Ratios that follow from a repetition's own figures: name, numerator, denominator.
const RATIOS: [(&str, &str, &str); 6] = [
    ("post_share", "sqlite.post.32.rps", "baseline.post.32.rps"),
    ("cpu_multiple", "sqlite.post.32.cpu_us", "baseline.post.32.cpu_us"),
    ("history_share", "sqlite.history.32.rps", "baseline.post.32.rps"),
    ("growth_kept", "grown.post.32.rps", "small.post.32.rps"),
    ("growth_p99", "grown.post.32.p99_us", "small.post.32.p99_us"),
    ("postgres_share", "postgres.post.32.rps", "sqlite.post.32.rps"),
];

/// How much to measure.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Repetitions.
    pub(crate) reps: u32,
    /// Length of each load.
    pub(crate) time: Duration,
    /// Messages stored in the large database of the growth leg.
    pub(crate) rows: u64,
    /// Parlor's program.
    pub(crate) parlor: PathBuf,
    /// The baseline's program.
    pub(crate) baseline: PathBuf,
}

/// A run of the bench.
#[derive(Debug)]
pub(crate) struct Bench {
    /// How much to measure.
    pub(crate) plan: Plan,
    /// Asked by every loop.
    pub(crate) stop: Stop,
    /// Remarks for the report.
    pub(crate) notes: RefCell<Vec<String>>,
    folder: TempDir,
    wrk: Wrk,
    start: Instant,
}

/// One load of one server.
pub(crate) struct Load<'a> {
    /// Whom to load with what.
    pub(crate) target: Target<'a>,
    /// CPU time used by the server so far.
    pub(crate) cpu: &'a dyn Fn() -> Result<Duration>,
    /// Called a few times a second during the measured part.
    pub(crate) meanwhile: Option<&'a mut dyn FnMut() -> Result<()>>,
}

impl Bench {
    /// Prepares a run whose files lie in a new folder inside `folder`.
    pub(crate) fn new(plan: Plan, folder: &Path, stop: Stop) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(RUN).tempdir_in(folder).doing(folder.display())?;
        let wrk = Wrk::prepare(folder.path(), &stop)?;
        Ok(Self { plan, stop, notes: RefCell::default(), folder, wrk, start: Instant::now() })
    }

    /// Folder of this run; removed at its end.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Tells the person what was just measured.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        println!("[{:>4} s] {}", self.start.elapsed().as_secs(), text.as_ref());
    }

    /// Keeps a remark for the report.
    pub(crate) fn note(&self, text: impl Into<String>) {
        let text = text.into();
        self.say(&text);
        self.notes.borrow_mut().push(text);
    }

    /// A Parlor on SQLite with a data folder of its own; whatever that held is gone.
    pub(crate) fn parlor(&self, name: &str) -> Result<ParlorSetup> {
        let data = self.folder().join(name);
        remove_folder(&data)?;
        fs::create_dir_all(&data).doing(data.display())?;
        Ok(ParlorSetup {
            binary: self.plan.parlor.clone(),
            data,
            database: None,
            logs: self.folder().to_owned(),
        })
    }

    /// Writes the list of seats for the load scripts.
    pub(crate) fn seat_file(&self, seats: &[Seat]) -> Result<PathBuf> {
        let path = self.folder().join("seats");
        write_seats(&path, seats)?;
        Ok(path)
    }

    /// Measures `name` until the disk was steady around it, at most three times.
    pub(crate) fn repetition(&self, name: &str, run: impl Fn(&mut Samples) -> Result<()>) -> Result<Samples> {
        let mut attempt = 1;
        loop {
            self.stop.check()?;
            // What earlier runs left to be written would be written during this one.
            rustix::fs::sync();
            let mut samples = Samples::default();
            let before = sync_cost(self.folder())?;
            run(&mut samples)?;
            self.stop.check()?;
            let after = sync_cost(self.folder())?;
            let moved = before.moved(after);
            self.say(format!(
                "{name}: fdatasync p50 / p99 {:.0} / {:.0} µs before, {:.0} / {:.0} µs after",
                before.p50, before.p99, after.p50, after.p99
            ));
            if moved <= STEADY || attempt == ATTEMPTS {
                if moved > STEADY {
                    self.note(format!("{name}: kept although fdatasync moved by {:.0} %", moved * 100.0));
                }
                samples.add("sync.p50_us", f64::midpoint(before.p50, after.p50));
                samples.add("sync.p99_us", before.p99.max(after.p99));
                derive(&mut samples);
                return Ok(samples);
            }
            self.say(format!("{name}: fdatasync moved by {:.0} %, measuring again", moved * 100.0));
            attempt += 1;
        }
    }

    /// Warms a server up, loads it, and notes requests/s, latency and CPU under `name.…`. Gives how many requests
    /// were answered, warming up included.
    pub(crate) fn load(&self, name: &str, load: Load<'_>, samples: &mut Samples) -> Result<f64> {
        let run = |time: Duration, tag: &str, meanwhile: &mut dyn FnMut() -> Result<()>| -> Result<Outcome> {
            self.wrk.run(load.target, time, tag, meanwhile)
        };
        let warm = run(WARM_UP.min(self.plan.time), "warm", &mut || Ok(()))?;
        let before = (load.cpu)()?;
        let outcome = run(self.plan.time, "load", load.meanwhile.unwrap_or(&mut || Ok(())))?;
        let cpu = (load.cpu)()?.saturating_sub(before).as_secs_f64() * 1e6 / outcome.requests;
        self.say(format!(
            "  {name}: {:.0}/s, p50 {:.0} µs, p99 {:.0} µs, server CPU {cpu:.1} µs each",
            outcome.rate(),
            outcome.p50,
            outcome.p99
        ));
        samples.add(&format!("{name}.rps"), outcome.rate());
        samples.add(&format!("{name}.p50_us"), outcome.p50);
        samples.add(&format!("{name}.p99_us"), outcome.p99);
        samples.add(&format!("{name}.cpu_us"), cpu);
        Ok(warm.requests + outcome.requests)
    }
}

/// Adds the ratios whose parts were measured in this repetition.
fn derive(samples: &mut Samples) {
    let value = |samples: &Samples, name: &str| samples.spread(name).map(|spread| spread.median);
    for (name, above, below) in RATIOS {
        if let (Some(above), Some(below)) = (value(samples, above), value(samples, below))
            && below > 0.0
        {
            samples.add(name, above / below);
        }
    }
    let parts =
        ["sqlite.post.1.p50_us", "baseline.post.1.p50_us", "sync.p50_us"].map(|name| value(samples, name));
    if let [Some(parlor), Some(baseline), Some(sync)] = parts {
        samples.add("one_connection", parlor / (sync + baseline));
    }
}

/// Removes a folder and what is in it, if it is there.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Failed(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_follow_from_the_figures_of_the_same_repetition() {
        let mut samples = Samples::default();
        samples.add("sqlite.post.32.rps", 20.0);
        samples.add("baseline.post.32.rps", 80.0);
        samples.add("sqlite.post.1.p50_us", 300.0);
        samples.add("baseline.post.1.p50_us", 50.0);
        samples.add("sync.p50_us", 200.0);
        derive(&mut samples);
        assert_eq!(samples.spread("post_share").unwrap().median, 0.25);
        assert_eq!(samples.spread("one_connection").unwrap().median, 1.2);
        assert_eq!(samples.spread("history_share"), None);
    }
}
