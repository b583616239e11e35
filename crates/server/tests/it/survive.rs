//! Killed at random moments, over and over: whatever was acknowledged is there once, in order, and every room's changes
//! are gapless.
//!
//! Five rounds, twenty with `PROVE=full`. The seed decides what is written and when the server is killed; how far the
//! writers get by then is up to the machine.

mod check;
mod ledger;
mod seeds;
mod write;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::place::Place;
use crate::server::Server;
use ledger::{Ledger, Room};
use seeds::Seeds;

const WRITERS: usize = 16;
const ROOMS: usize = 4;

fn rounds() -> usize {
    if std::env::var("PROVE").is_ok_and(|how| how == "full") { 20 } else { 5 }
}

async fn rooms(server: &Server) -> Arc<Vec<Room>> {
    let api = server.api();
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        let token = format!("visitorOfRoom{n}");
        let rid = api.visitor_with_room(&token).await;
        rooms.push(Room { token, rid });
    }
    Arc::new(rooms)
}

/// Lets every writer write until the server is killed, at a moment that the seeds choose; gives what was acknowledged.
async fn write_and_kill(server: &mut Server, ledger: &mut Ledger, seeds: &mut Seeds) -> u64 {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for (number, pages) in ledger.take().into_iter().enumerate() {
        let (api, rooms, seeds) = (server.api(), ledger.rooms(), seeds.branch());
        writers.spawn(write::until_broken(api, rooms, seeds, number, pages, tell.clone()));
    }
    drop(tell);
    let (moment, turns) = (seeds.between(20, 1000), seeds.between(0, 2000));
    for _ in 0..moment {
        let heard = timeout(PATIENCE, told.recv()).await.expect("acknowledgements in time");
        heard.expect("writers that write until the server is killed");
    }
    // Not always just after an answer.
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    server.kill9().await;
    let ended = timeout(PATIENCE, writers.join_all()).await.expect("writers end with the server");
    ledger.give_back(ended);
    let mut more = 0;
    while told.recv().await.is_some() {
        more += 1;
    }
    moment + more
}

#[allow(
    clippy::print_stdout,
    reason = "whoever reads of a failure needs the seed, and of a proof what was proved"
)]
async fn survives(place: Place, engine: &str) {
    let rounds = rounds();
    let (mut seeds, seed) = Seeds::of_this_run();
    println!("{engine}: seed {seed} (replay: PARLOR_PROVE_SEED={seed} make prove)");
    let mut server = place.setup().open().start().await;
    let mut ledger = Ledger::new(rooms(&server).await, WRITERS);
    let mut acknowledged = 0;
    for round in 1..=rounds {
        let now = write_and_kill(&mut server, &mut ledger, &mut seeds).await;
        acknowledged += now;
        let lost = ledger.doubts();
        // Sometimes it is killed again before or while it mends what the first kill left.
        let relapses = seeds.between(0, 2);
        for _ in 0..relapses {
            let mut patient = place.setup().open().launch();
            for _ in 0..seeds.between(0, 20_000) {
                tokio::task::yield_now().await;
            }
            patient.kill9().await;
        }
        let before = place.others().await;
        server = place.setup().open().start().await;
        place.wait_until_gone(&before).await;
        check::settle(&server, &mut ledger).await;
        check::all_is_there(&server, &place, &ledger).await;
        println!(
            "{engine}: round {round} of {rounds}: {now} acknowledged, {lost} answers lost, {relapses} more kills: fine"
        );
    }
    server.stop().await;
    place.rooms_are_gapless().await;
    println!("{engine}: {acknowledged} acknowledged writes survived {rounds} rounds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_on_sqlite() {
    survives(Place::sqlite(), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_on_postgresql() {
    survives(Place::postgres(), "PostgreSQL").await;
}
