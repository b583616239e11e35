//! Measures Parlor against a bare server, on one machine in one run, and says which goals are reached.
//!
//! Owns the children it starts, the load, the figures and the report. It must not use anything of Parlor's inside
//! except the form of ids and the schema (to fill a large database): what it measures is the program as people run it.

// A command line tool that measures time: it prints, and it reads the clock.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]
// SQLite and PostgreSQL are names here, not code.
#![allow(clippy::doc_markdown)]
// Tests compare figures that are exact by construction.
#![cfg_attr(test, allow(clippy::float_cmp))]

mod bench;
mod child;
mod error;
mod http;
mod legs;
mod machine;
mod metrics;
mod postgres;
mod prefill;
mod probe;
mod process;
mod report;
mod servers;
mod stats;
mod wrk;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, ValueEnum};

use crate::bench::{Bench, Plan};
use crate::error::{Doing, Error, Result, Stop, failed};
use crate::machine::{Machine, in_memory};
use crate::report::Report;
use crate::stats::Samples;

/// Measures Parlor against a bare server on this machine and says which goals are reached.
#[derive(Debug, Parser)]
struct Args {
    /// One repetition of 2 s and 200,000 rows: does the bench work? Its figures mean little.
    #[arg(long)]
    quick: bool,
    /// Run one part only.
    #[arg(long, value_enum)]
    only: Option<Leg>,
    /// Repetitions, of which the median counts [default: 3]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20))]
    reps: Option<u32>,
    /// Seconds of each load [default: 5]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: Option<u64>,
    /// Messages stored in the large database [default: 10,000,000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    rows: Option<u64>,
    /// Parlor's program [default: `parlor` beside this one]
    #[arg(long)]
    parlor: Option<PathBuf>,
    /// The bare server [default: `baseline` beside this one]
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// End with status 1 if a goal that was measured is below "at least".
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Leg {
    /// Requests/s, latency, CPU, commits and bytes; baseline, SQLite, PostgreSQL.
    Core,
    /// Memory idle and under load.
    Memory,
    /// Start to first accepted message; size of the program.
    Start,
    /// 10 thousand against 10 million stored messages.
    Growth,
}

/// Turns Ctrl-C and SIGTERM into a request to stop; the second one ends the process at once.
fn listen_for_signals(stop: Stop) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("signals")?;
    let listen = async move {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        for again in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
            }
            if again {
                std::process::exit(130);
            }
            eprintln!("stopping");
            stop.request();
        }
    };
    std::thread::spawn(move || runtime.block_on(listen));
    Ok(())
}

/// A program beside this one, unless told otherwise.
fn program(told: Option<PathBuf>, name: &str) -> Result<PathBuf> {
    let path = match told {
        Some(path) => path,
        None => std::env::current_exe().doing("finding this program")?.with_file_name(name),
    };
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(_) => failed(format!(
            "there is no {}; build it first: cargo build --release --workspace",
            path.display()
        )),
    }
}

fn measure(bench: &Bench, only: Option<Leg>) -> Result<Samples> {
    let mut samples = Samples::default();
    for leg in [Leg::Core, Leg::Memory, Leg::Start, Leg::Growth] {
        if only.is_some_and(|only| only != leg) {
            continue;
        }
        samples.append(match leg {
            Leg::Core => legs::core::run(bench)?,
            Leg::Memory => legs::memory::run(bench)?,
            Leg::Start => legs::start::run(bench)?,
            Leg::Growth => legs::growth::run(bench)?,
        });
    }
    Ok(samples)
}

fn run(args: Args, stop: Stop) -> Result<bool> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = target.join("bench");
    fs::create_dir_all(&folder).doing(folder.display())?;
    let folder = folder.canonicalize().doing(folder.display())?;
    let _alone = take_turn(&folder)?;
    let (reps, seconds, rows) = if args.quick { (1, 2, 200_000) } else { (3, 5, 10_000_000) };
    let plan = Plan {
        reps: args.reps.unwrap_or(reps),
        time: Duration::from_secs(args.seconds.unwrap_or(seconds)),
        rows: args.rows.unwrap_or(rows),
        parlor: program(args.parlor, "parlor")?,
        baseline: program(args.baseline, "baseline")?,
    };
    let machine = Machine::look();
    let bench = Bench::new(plan, &folder, stop)?;
    if in_memory(&folder) {
        bench.note(format!(
            "{} lies in memory: nothing here says anything about durable writes",
            folder.display()
        ));
    }
    if machine.load > 0.5 {
        bench.note(format!("the machine was busy at the start (load {:.2})", machine.load));
    }
    let samples = measure(&bench, args.only)?;
    let report = Report {
        ended: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()),
        reps: bench.plan.reps,
        seconds: bench.plan.time.as_secs(),
        rows: bench.plan.rows,
        notes: bench.notes.take(),
        ..Report::new(machine, &samples)
    };
    println!("{}", report.text());
    write(&report, &folder.join("latest.json"))?;
    Ok(report.holds() || !args.check)
}

/// Refuses a second bench beside a running one, and clears away what one that was killed left behind.
fn take_turn(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let lock = File::create(&path).doing(path.display())?;
    if lock.try_lock().is_err() {
        return failed("another bench is running; two would measure each other");
    }
    for entry in fs::read_dir(folder).doing(folder.display())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(bench::RUN) {
            bench::remove_folder(&entry.path())?;
        }
    }
    Ok(lock)
}

fn write(report: &Report, path: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(report).doing("the report")?;
    fs::write(path, json + "\n").doing(path.display())?;
    println!("written to {}", path.display());
    Ok(())
}

fn main() -> ExitCode {
    let args = Args::parse();
    let stop = Stop::default();
    match listen_for_signals(stop.clone()).and_then(|()| run(args, stop)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Error::Interrupted) => ExitCode::from(130),
        Err(error) => {
            eprintln!("parlor-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
