//! Fills a stopped Parlor's SQLite file with messages, straight and fast, so that it looks as if they had been sent.
//!
//! Rooms and visitors are those that Parlor made; they share the messages evenly and interleaved in time, as real
//! traffic would leave them on the pages. Indexes are kept while filling for the same reason: built afterwards they
//! would be packed tighter than any server leaves them.

use std::fs::File;
use std::path::Path;

use parlor_model::Millis;
use parlor_model::id::time_ordered;
use rusqlite::{Connection, params};

use crate::error::{Doing, Result, Stop, failed};

const BATCH: u64 = 500_000;
/// Messages to a part, as the store files them, and how the rooms' changes from part to part are spread.
const PART: i64 = 32_768;
const STEPS: i64 = 16_384;
const SPREAD: i64 = 7_919;

struct Room {
    pk: i64,
    author: i64,
    seq: i64,
    rev: i64,
    last: i64,
    part: i64,
    part_seq: i64,
    added: i64,
}

/// Adds `rows` messages, one for each millisecond before the rooms' newest one; calls `progress` now and then with the
/// number added so far.
pub(crate) fn prefill(file: &Path, rows: u64, stop: &Stop, mut progress: impl FnMut(u64)) -> Result<()> {
    let mut connection = Connection::open(file).doing(file.display())?;
    let filling = "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; \
                   PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576; PRAGMA foreign_keys = OFF;";
    connection.execute_batch(filling).doing("preparing to fill")?;
    let (mut rooms, start) = make_way(&connection, rows).doing("reading the rooms")?;
    if rooms.is_empty() {
        return failed("there are no rooms to fill");
    }
    let newest = rooms.iter().map(|room| room.part).max().unwrap_or(0);
    let mut random = Random(0x5eed);
    let mut done = 0;
    while done < rows {
        stop.check()?;
        let until = rows.min(done + BATCH);
        let tx = connection.transaction().doing("filling")?;
        insert(&tx, &mut rooms, (start, newest), done..until, &mut random).doing("filling")?;
        tx.commit().doing("filling")?;
        done = until;
        progress(done);
    }
    finish(&mut connection, &rooms).doing("finishing the filled file")?;
    connection.close().map_err(|(_, error)| error).doing("closing the filled file")?;
    File::open(file).and_then(|f| f.sync_all()).doing(file.display())
}

/// Moves what the rooms hold so far into the past, so that time goes on rising with the place in the room. Gives the
/// rooms and the time of the first message to add.
fn make_way(connection: &Connection, rows: u64) -> rusqlite::Result<(Vec<Room>, i64)> {
    let shift = i64::try_from(rows).unwrap_or(i64::MAX / 2) + 60_000;
    connection.execute("UPDATE message SET ts = ts - ?1", [shift])?;
    connection.execute("UPDATE room_part SET first_ts = first_ts - ?1", [shift])?;
    connection.execute("UPDATE room SET ts = ts - ?1, last_ts = last_ts - ?1, lm = lm - ?1", [shift])?;
    let select = "SELECT r.pk, v.author, r.seq, r.rev, r.last_ts, r.part FROM room r JOIN visitor v ON v.pk = r.visitor ORDER BY r.pk";
    let mut statement = connection.prepare(select)?;
    let rooms = statement.query_map([], |row| {
        Ok(Room {
            pk: row.get(0)?,
            author: row.get(1)?,
            seq: row.get(2)?,
            rev: row.get(3)?,
            last: row.get(4)?,
            part: row.get(5)?,
            part_seq: 0,
            added: 0,
        })
    })?;
    let rooms: Vec<Room> = rooms.collect::<rusqlite::Result<_>>()?;
    let start = rooms.iter().map(|room| room.last).max().unwrap_or(0) + 1;
    Ok((rooms, start))
}

fn insert(
    tx: &Connection,
    rooms: &mut [Room],
    (start, newest): (i64, i64),
    numbers: std::ops::Range<u64>,
    random: &mut Random,
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO message (id, room, part, seq, n, rev, ts, author, t, msg, extra, hidden) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, NULL, ?8, NULL, 0)",
    )?;
    let mut open_part =
        tx.prepare_cached("INSERT INTO room_part (room, part, first_seq, first_ts) VALUES (?1, ?2, ?3, ?4)")?;
    let count = u64::try_from(rooms.len()).unwrap_or(u64::MAX);
    for number in numbers {
        let Some(room) = usize::try_from(number % count).ok().and_then(|place| rooms.get_mut(place)) else {
            break;
        };
        let place = i64::try_from(number).unwrap_or(i64::MAX / 2);
        room.seq += 1;
        room.rev += 1;
        room.added += 1;
        room.last = start + place;
        let part = newest + 1 + (place * STEPS / PART + room.pk * SPREAD % STEPS) / STEPS;
        if part > room.part {
            (room.part, room.part_seq) = (part, room.seq);
            open_part.execute(params![room.pk, part, room.seq, room.last])?;
        }
        let text = format!("fill {number:09} my parcel has not come, could you have a look?!");
        let id = time_ordered(Millis(room.last), random.next());
        statement.execute(params![id, room.pk, part, room.seq, room.rev, room.last, room.author, text])?;
    }
    Ok(())
}

/// Brings the rooms' own numbers up to date and the file back to how Parlor leaves it.
fn finish(connection: &mut Connection, rooms: &[Room]) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    {
        let mut statement = tx.prepare(
            "UPDATE room SET seq = ?2, rev = ?3, last_ts = ?4, lm = ?4, v_last_message_ts = ?4, msgs = msgs + ?5, \
             part = ?6, part_seq = ?7 WHERE pk = ?1",
        )?;
        for room in rooms.iter().filter(|room| room.added > 0) {
            statement.execute(params![
                room.pk,
                room.seq,
                room.rev,
                room.last,
                room.added,
                room.part,
                room.part_seq
            ])?;
        }
    }
    tx.commit()?;
    connection.execute_batch("PRAGMA journal_mode = WAL;")
}

/// How many messages the file holds.
pub(crate) fn count(file: &Path) -> Result<f64> {
    let connection = Connection::open(file).doing(file.display())?;
    // Far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let count = connection
        .query_row("SELECT COUNT(*) FROM message", [], |row| row.get::<_, i64>(0))
        .map(|n| n as f64);
    count.doing("counting messages")
}

/// Random tails of ids; they need not be secret here.
struct Random(u64);

impl Random {
    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns that filling touches; the real schema is tested by every run of the bench.
    const SCHEMA: &str = "CREATE TABLE visitor (pk INTEGER PRIMARY KEY, author INTEGER);
        CREATE TABLE room (pk INTEGER PRIMARY KEY, visitor INTEGER, seq INTEGER, rev INTEGER, ts INTEGER,
            last_ts INTEGER, lm INTEGER, msgs INTEGER, v_last_message_ts INTEGER, part INTEGER, part_seq INTEGER);
        CREATE TABLE room_part (room INTEGER, part INTEGER, first_seq INTEGER, first_ts INTEGER);
        CREATE TABLE message (id TEXT PRIMARY KEY, room INTEGER, part INTEGER, seq INTEGER, n INTEGER, rev INTEGER, ts INTEGER,
            author INTEGER, t TEXT, msg TEXT, extra TEXT, hidden INTEGER);
        INSERT INTO visitor VALUES (1, 10), (2, 20);
        INSERT INTO room VALUES (1, 1, 1, 1, 9000000, 9000000, 9000000, 1, NULL, 1, 1),
                                (2, 2, 1, 3, 9000005, 9000005, 9000005, 1, NULL, 1, 1);
        INSERT INTO room_part VALUES (1, 1, 1, 9000000), (2, 1, 1, 9000005);
        INSERT INTO message VALUES ('a', 1, 1, 1, 1, 1, 9000000, 10, 'x', '', NULL, 0),
                                   ('b', 2, 1, 1, 1, 3, 9000005, 20, 'x', '', NULL, 0);";

    #[test]
    fn rooms_share_the_messages_and_their_numbers_stay_gapless() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        Connection::open(&file).unwrap().execute_batch(SCHEMA).unwrap();
        prefill(&file, 101, &Stop::default(), |_| ()).unwrap();
        assert!(!folder.path().join("x.db-wal").exists());
        assert_eq!(count(&file).unwrap(), 103.0);
        let connection = Connection::open(&file).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(ask("SELECT COUNT(*) FROM message WHERE room = 1"), 52);
        assert_eq!(ask("SELECT seq FROM room WHERE pk = 1"), 52);
        assert_eq!(ask("SELECT COUNT(*) FROM room WHERE part = 2 AND part_seq = 2"), 2);
        assert_eq!(ask("SELECT COUNT(*) FROM room_part WHERE part = 2 AND first_seq = 2"), 2);
        assert_eq!(ask("SELECT rev FROM room WHERE pk = 2"), 53);
        assert_eq!(ask("SELECT msgs FROM room WHERE pk = 2"), 51);
        assert_eq!(
            ask("SELECT COUNT(DISTINCT seq) FROM message WHERE room = 2 AND seq BETWEEN 1 AND 51"),
            51
        );
        let backwards = "SELECT COUNT(*) FROM message a JOIN message b ON a.room = b.room AND a.seq < b.seq AND a.ts >= b.ts";
        assert_eq!(ask(backwards), 0);
        assert_eq!(ask("SELECT MAX(last_ts) < 9000000 FROM room"), 1);
        assert_eq!(ask("SELECT MIN(LENGTH(msg)) FROM message WHERE t IS NULL"), 62);
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn a_file_without_rooms_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        Connection::open(&file).unwrap().execute_batch(SCHEMA).unwrap();
        Connection::open(&file).unwrap().execute_batch("DELETE FROM room").unwrap();
        assert!(prefill(&file, 5, &Stop::default(), |_| ()).is_err());
    }

    #[test]
    fn filling_stops_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        Connection::open(&file).unwrap().execute_batch(SCHEMA).unwrap();
        let stop = Stop::default();
        stop.request();
        assert_eq!(prefill(&file, 5, &stop, |_| ()), Err(crate::error::Error::Interrupted));
    }
}
