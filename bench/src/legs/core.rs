//! Baseline, Parlor on SQLite and Parlor on PostgreSQL side by side: requests/s, latency, CPU, commits, bytes on disk.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::bench::{Bench, Load};
use crate::error::{Doing, Result, failed};
use crate::http::Client;
use crate::postgres::Cluster;
use crate::prefill::count;
use crate::process::{cpu, cpu_of_family};
use crate::servers::{Baseline, MESSAGE, Parlor, ParlorSetup, Seat};
use crate::stats::Samples;
use crate::wrk::{Job, Target};

/// Connections of the main rows, and rooms that take turns.
pub(crate) const CONNECTIONS: u32 = 32;

/// Runs the leg.
pub(crate) fn run(bench: &Bench) -> Result<Samples> {
    let mut samples = Samples::default();
    let cluster = Cluster::create(bench.folder(), bench.folder(), &bench.stop)?;
    for rep in 1..=bench.plan.reps {
        let name = format!("core {rep}/{}", bench.plan.reps);
        bench.say(&name);
        samples.append(bench.repetition(&name, |samples| {
            on_sqlite(bench, rep == 1, samples)?;
            on_postgres(bench, &cluster, samples)
        })?);
    }
    Ok(samples)
}

fn on_sqlite(bench: &Bench, first: bool, samples: &mut Samples) -> Result<()> {
    let baseline = Baseline::start(&bench.plan.baseline, bench.folder(), &bench.stop)?;
    let setup = bench.parlor("core")?;
    let parlor = setup.start(&bench.stop)?;
    let seats = parlor.seats(CONNECTIONS as usize, &bench.stop)?;
    if first {
        compare_answers(bench, &baseline, &parlor, &seats)?;
    }
    parlor.stop()?;
    let before = stored(&setup)?;
    let parlor = setup.start(&bench.stop)?;
    let list = bench.seat_file(&seats)?;

    let (bare, real) = (|| cpu(baseline.child.pid()), || cpu(parlor.child.pid()));
    let target = |job, port, connections| Target { job, port, connections, seats: &list };
    let mut sent = 0.0;
    for connections in [1, CONNECTIONS] {
        let name = format!("baseline.post.{connections}");
        bench.load(&name, load(target(Job::Post, baseline.port, connections), &bare), samples)?;
        let counted = parlor.store_counters();
        let name = format!("sqlite.post.{connections}");
        sent += bench.load(&name, load(target(Job::Post, parlor.port, connections), &real), samples)?;
        note_commits(bench, &format!("{name}.per_commit"), counted, parlor.store_counters(), samples);
    }
    check_history(&parlor, &seats)?;
    bench.load("sqlite.history.32", load(target(Job::History, parlor.port, CONNECTIONS), &real), samples)?;
    parlor.stop()?;

    let after = stored(&setup)?;
    let added = after.messages - before.messages;
    if added < sent {
        return failed(format!("{sent} messages were acknowledged, {added} are stored"));
    }
    let bytes = (after.bytes - before.bytes) / added;
    bench.say(format!("  {added:.0} messages stored, {bytes:.0} bytes each"));
    samples.add("bytes_per_message", bytes);
    fs::remove_dir_all(&setup.data).doing(setup.data.display())
}

fn on_postgres(bench: &Bench, cluster: &Cluster, samples: &mut Samples) -> Result<()> {
    let server = cluster.start(&bench.stop)?;
    let mut setup = bench.parlor("core-postgres")?;
    // A repetition may be tried again; each try has its own database.
    let name = format!("parlor_{}", server.child.pid());
    setup.database = Some(server.database(&name, &bench.stop)?);
    let parlor = setup.start(&bench.stop)?;
    let seats = parlor.seats(CONNECTIONS as usize, &bench.stop)?;
    let list = bench.seat_file(&seats)?;
    let both = || Ok(cpu(parlor.child.pid())? + cpu_of_family(server.child.pid())?);
    let counted = parlor.store_counters();
    let target = Target { job: Job::Post, port: parlor.port, connections: CONNECTIONS, seats: &list };
    bench.load("postgres.post.32", load(target, &both), samples)?;
    note_commits(bench, "postgres.post.32.per_commit", counted, parlor.store_counters(), samples);
    parlor.stop()?;
    server.stop()
}

/// A load with nothing to do meanwhile.
fn load<'a>(target: Target<'a>, cpu: &'a dyn Fn() -> Result<Duration>) -> Load<'a> {
    Load { target, cpu, meanwhile: None }
}

fn note_commits(
    bench: &Bench,
    name: &str,
    before: Option<(f64, f64)>,
    after: Option<(f64, f64)>,
    samples: &mut Samples,
) {
    match (before, after) {
        (Some((commits, commands)), Some((commits_after, commands_after))) if commits_after > commits => {
            let each = (commands_after - commands) / (commits_after - commits);
            bench.say(format!("  {name}: {each:.1}"));
            samples.add(name, each);
        }
        _ => bench.note(format!("{name}: Parlor's metrics do not show the counters of commits and commands")),
    }
}

/// Messages and bytes in a stopped Parlor's SQLite file.
struct Stored {
    messages: f64,
    bytes: f64,
}

fn stored(setup: &ParlorSetup) -> Result<Stored> {
    let file = setup.database_file()?;
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let mut bytes = fs::metadata(&file).doing(file.display())?.len();
    bytes += fs::metadata(log).map_or(0, |m| m.len());
    // Far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let bytes = bytes as f64;
    Ok(Stored { messages: count(&file)?, bytes })
}

/// Both servers are asked the same; if the answers have different fields, the comparison is less fair.
fn compare_answers(bench: &Bench, baseline: &Baseline, parlor: &Parlor, seats: &[Seat]) -> Result<()> {
    let Some(seat) = seats.first() else { return Ok(()) };
    let body = seat.message("look 000000000 my parcel has not come, could you have a look?!");
    let bare = Client::connect(baseline.port).doing("connecting to the baseline")?.ok(
        "POST",
        MESSAGE,
        Some(&body),
    )?;
    let real = parlor.client()?.ok("POST", MESSAGE, Some(&body))?;
    bench.say(format!("  an answer has {} bytes from the baseline, {} from Parlor", bare.len(), real.len()));
    let (bare, real) = (fields(&bare)?, fields(&real)?);
    if bare != real {
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
            a.difference(b).cloned().collect::<Vec<_>>().join(" ")
        };
        let (lacks, more) = (only(&real, &bare), only(&bare, &real));
        bench
            .note(format!("the answers differ: only from Parlor [{lacks}], only from the baseline [{more}]"));
    }
    Ok(())
}

/// The paths of all fields of a JSON text.
fn fields(text: &str) -> Result<BTreeSet<String>> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (name, inner) in map {
                    walk(inner, &format!("{path}.{name}"), found);
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, &format!("{path}[]"), found)),
            _ => {
                found.insert(path.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&serde_json::from_str(text).doing("an answer")?, "", &mut found);
    Ok(found)
}

fn check_history(parlor: &Parlor, seats: &[Seat]) -> Result<()> {
    let mut client = parlor.client()?;
    for seat in seats {
        let body = client.ok("GET", &seat.history(), None)?;
        let body: Value = serde_json::from_str(&body).doing("the answer of messages.history")?;
        let count = body["messages"].as_array().map_or(0, Vec::len);
        if count != 50 {
            return failed(format!("room {} should show 50 messages and shows {count}", seat.rid));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_compared_by_their_paths_only() {
        let a = fields(r#"{"message":{"u":{"_id":"x"},"md":[{"type":"A"},{"type":"B"}]},"success":true}"#)
            .unwrap();
        let b = fields(r#"{"success":false,"message":{"md":[{"type":"C"}],"u":{"_id":7}}}"#).unwrap();
        assert_eq!(a, b);
        assert_ne!(a, fields(r#"{"success":true}"#).unwrap());
    }
}
