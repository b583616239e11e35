//! Memory of a fresh Parlor at rest, and its highest point under load.

use std::thread::sleep;
use std::time::Duration;

use crate::bench::{Bench, Load};
use crate::error::Result;
use crate::legs::core::CONNECTIONS;
use crate::process::{cpu, pss};
use crate::stats::Samples;
use crate::wrk::{Job, Target};

/// A load looks here about every 20 ms; memory is read at every tenth look, so that reading it costs nothing.
const EVERY: u32 = 10;

/// Runs the leg.
pub(crate) fn run(bench: &Bench) -> Result<Samples> {
    let mut samples = Samples::default();
    for rep in 1..=bench.plan.reps {
        let name = format!("memory {rep}/{}", bench.plan.reps);
        bench.say(&name);
        samples.append(bench.repetition(&name, |samples| once(bench, samples))?);
    }
    Ok(samples)
}

// A server's memory is far below 2^52 bytes.
#[allow(clippy::cast_precision_loss)]
fn once(bench: &Bench, samples: &mut Samples) -> Result<()> {
    let parlor = bench.parlor("memory")?.start(&bench.stop)?;
    // Whatever it does after its start is done by then.
    sleep(Duration::from_secs(1));
    let idle = pss(parlor.child.pid())?;
    let list = bench.seat_file(&parlor.seats(CONNECTIONS as usize, &bench.stop)?)?;
    let (mut highest, mut looks) = (0, 0);
    let mut look = || {
        if looks % EVERY == 0 {
            highest = pss(parlor.child.pid())?.max(highest);
        }
        looks += 1;
        Ok(())
    };
    let load = Load {
        target: Target { job: Job::Post, port: parlor.port, connections: CONNECTIONS, seats: &list },
        cpu: &|| cpu(parlor.child.pid()),
        meanwhile: Some(&mut look),
    };
    // Reading memory disturbs a little, so these speeds have a name of their own.
    bench.load("watched.post.32", load, samples)?;
    highest = highest.max(pss(parlor.child.pid())?);
    bench.say(format!(
        "  memory: {:.1} MB idle, {:.1} MB under load",
        idle as f64 / 1e6,
        highest as f64 / 1e6
    ));
    samples.add("memory_idle_mb", idle as f64 / 1e6);
    samples.add("memory_load_mb", highest as f64 / 1e6);
    parlor.stop()
}
