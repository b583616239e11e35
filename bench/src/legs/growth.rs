//! Does writing slow down as messages pile up? The same rooms with 10 thousand and with 10 million stored messages.

use std::fs;
use std::path::Path;

use crate::bench::{Bench, Load, remove_folder};
use crate::error::{Doing, Result, failed};
use crate::legs::core::CONNECTIONS;
use crate::prefill::prefill;
use crate::process::cpu;
use crate::servers::ParlorSetup;
use crate::stats::Samples;
use crate::wrk::{Job, Target};

const ROOMS: usize = 1_000;
const SMALL: u64 = 10_000;
/// More than a stored message takes, with the room that the fill itself needs.
const BYTES_PER_ROW: u64 = 500;

/// Runs the leg.
pub(crate) fn run(bench: &Bench) -> Result<Samples> {
    let mut samples = Samples::default();
    let grown = bench.parlor("grown")?;
    enough_disk(&grown.data, bench.plan.rows)?;
    let parlor = grown.start(&bench.stop)?;
    let seats = parlor.seats(ROOMS, &bench.stop)?;
    parlor.stop()?;
    bench.say(format!("growth: {ROOMS} rooms made"));
    let template = bench.parlor("template")?;
    copy_folder(&grown.data, &template.data)?;
    prefill(&template.database_file()?, SMALL, &bench.stop, |_| ())?;
    let rows = bench.plan.rows;
    prefill(&grown.database_file()?, rows, &bench.stop, |done| {
        if done == rows || done % 1_000_000 == 0 {
            bench.say(format!("growth: {done} of {rows} messages filled in"));
        }
    })?;

    let list = bench.seat_file(&seats)?;
    for rep in 1..=bench.plan.reps {
        let name = format!("growth {rep}/{}", bench.plan.reps);
        bench.say(&name);
        samples.append(bench.repetition(&name, |samples| {
            // A run adds far more than 10 thousand messages, so each begins with a fresh copy.
            let small = bench.parlor("small")?;
            copy_folder(&template.data, &small.data)?;
            rustix::fs::sync();
            let both = [("small.post.32", &small), ("grown.post.32", &grown)];
            // Taking turns at going first, so that neither always gets the calmer disk.
            let order = if rep % 2 == 1 { [0, 1] } else { [1, 0] };
            for (name, setup) in order.map(|place| both[place]) {
                measure(bench, name, setup, &list, samples)?;
            }
            remove_folder(&small.data)
        })?);
    }
    remove_folder(&grown.data)?;
    remove_folder(&template.data)?;
    Ok(samples)
}

fn measure(bench: &Bench, name: &str, setup: &ParlorSetup, list: &Path, samples: &mut Samples) -> Result<()> {
    let parlor = setup.start(&bench.stop)?;
    let load = Load {
        target: Target { job: Job::Post, port: parlor.port, connections: CONNECTIONS, seats: list },
        cpu: &|| cpu(parlor.child.pid()),
        meanwhile: None,
    };
    bench.load(name, load, samples)?;
    parlor.stop()
}

fn enough_disk(folder: &Path, rows: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(folder).doing(folder.display())?;
    let (free, needed) = (disk.f_bavail.saturating_mul(disk.f_frsize), rows.saturating_mul(BYTES_PER_ROW));
    if free < needed {
        return failed(format!(
            "{rows} messages need about {} MB of disk, {} MB are free",
            needed >> 20,
            free >> 20
        ));
    }
    Ok(())
}

/// Copies the files of a stopped server.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).doing(from.display())?.flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).doing(target.display())?;
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).doing(target.display())?;
        }
    }
    Ok(())
}
