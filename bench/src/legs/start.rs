//! Time from the start of the process to its first accepted message, and the size of the program.

use std::fs;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::error::{Doing, Result, failed};
use crate::http::Client;
use crate::servers::{MESSAGE, ParlorSetup, Seat, wait_until};
use crate::stats::{Samples, Spread};

/// Starts of each repetition, of which the median counts.
const STARTS: usize = 5;

/// Runs the leg.
pub(crate) fn run(bench: &Bench) -> Result<Samples> {
    let mut samples = Samples::default();
    let size = fs::metadata(&bench.plan.parlor).doing(bench.plan.parlor.display())?.len();
    // Far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    samples.add("binary_mb", size as f64 / 1e6);
    let setup = bench.parlor("start")?;
    let parlor = setup.start(&bench.stop)?;
    let seats = parlor.seats(1, &bench.stop)?;
    parlor.stop()?;
    let Some(seat) = seats.first() else { return failed("no room to write in") };
    for rep in 1..=bench.plan.reps {
        let name = format!("start {rep}/{}", bench.plan.reps);
        samples.append(bench.repetition(&name, |samples| {
            let times: Vec<f64> = (0..STARTS).map(|_| once(bench, &setup, seat)).collect::<Result<_>>()?;
            if let Some(spread) = Spread::of(&times) {
                bench.say(format!(
                    "  start to first accepted message: {:.1} ms ({:.1}–{:.1})",
                    spread.median, spread.min, spread.max
                ));
                samples.add("start_ms", spread.median);
            }
            Ok(())
        })?);
    }
    Ok(samples)
}

/// Milliseconds from spawning the process to the answer 200 to a message, tried every millisecond.
fn once(bench: &Bench, setup: &ParlorSetup, seat: &Seat) -> Result<f64> {
    let body = seat.message("start to first accepted message");
    let start = Instant::now();
    let mut parlor = setup.spawn()?;
    let port = parlor.port;
    wait_until(&mut parlor.child, &bench.stop, Duration::from_millis(1), || {
        let answer = Client::connect(port).map(|mut client| client.request("POST", MESSAGE, Some(&body)));
        matches!(answer, Ok(Ok(response)) if response.status == 200)
    })?;
    let time = start.elapsed();
    parlor.stop()?;
    Ok(time.as_secs_f64() * 1e3)
}
