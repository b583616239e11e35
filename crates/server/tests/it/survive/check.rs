//! After a restart: doubts are settled by looking, then everything that was acknowledged has to be there.

use std::collections::HashMap;

use serde_json::Value;

use super::ledger::{Doubt, Entry, Ledger};
use super::write;
use crate::place::Place;
use crate::rest::Api;
use crate::server::Server;

/// The visitors' messages of every room, oldest first.
async fn histories(api: &Api, ledger: &Ledger) -> Vec<Vec<Value>> {
    let mut all = Vec::new();
    for room in ledger.rooms().iter() {
        let mut history = api.history(&room.token, &room.rid).await;
        history.retain(|message| message["t"].is_null());
        all.push(history);
    }
    all
}

/// Finds out what became of each lost answer, and sends again what may not have arrived: under the same id, so that it
/// is there once.
pub(super) async fn settle(server: &Server, ledger: &mut Ledger) {
    let api = server.api();
    let histories = histories(&api, ledger).await;
    let there: HashMap<&str, &Value> =
        histories.iter().flatten().filter_map(|m| Some((m["_id"].as_str()?, m))).collect();
    let rooms = ledger.rooms();
    for entry in ledger.entries_mut() {
        let Some(doubt) = entry.doubt.clone() else { continue };
        let found = there.get(entry.id.as_str());
        match doubt {
            Doubt::Sent => {
                let room = &rooms[entry.room];
                let answer = api.message(&room.token, &room.rid, &entry.id, &entry.text).await.ok();
                if let Some(found) = found {
                    assert_eq!(answer["message"], **found, "sent again, it is the one that was stored");
                }
                write::settle(entry);
            }
            Doubt::Edited(text) => {
                let found = found.unwrap_or_else(|| panic!("{} is gone", entry.id));
                if found["msg"] == text.as_str() {
                    write::settle(entry);
                }
            }
            Doubt::Removed => {
                if found.is_none() {
                    write::settle(entry);
                }
            }
        }
        entry.doubt = None;
    }
}

/// Fails unless the rooms hold exactly what the ledger says, in its order, and their changes are gapless.
pub(super) async fn all_is_there(server: &Server, place: &Place, ledger: &Ledger) {
    let histories = histories(&server.api(), ledger).await;
    for (number, history) in histories.iter().enumerate() {
        let wanted = ledger.entries().filter(|entry| entry.room == number && !entry.removed);
        let mut wanted: HashMap<&str, &Entry> = wanted.map(|entry| (entry.id.as_str(), entry)).collect();
        for message in history {
            let id = message["_id"].as_str().expect("an id");
            let entry = wanted.remove(id).unwrap_or_else(|| panic!("{id} is there twice, or should not be"));
            assert_eq!(message["msg"], entry.text.as_str(), "{id}");
            assert_eq!(message.get("editedAt").is_some(), entry.edits > 0, "{message}");
        }
        assert!(wanted.is_empty(), "acknowledged and lost: {:?}", wanted.keys());
        in_order(history, ledger, number);
    }
    place.rooms_are_gapless().await;
    agrees_with_storage(place, ledger, &histories).await;
}

/// Each writer finds its messages in the order of their acknowledgements, and time never runs backwards.
fn in_order(history: &[Value], ledger: &Ledger, room: usize) {
    for pages in ledger.writers() {
        let mine: Vec<&str> =
            pages.iter().filter(|e| e.room == room && !e.removed).map(|e| e.id.as_str()).collect();
        let Some(mark) = mine.first().map(|id| &id[..8]) else { continue };
        let found = history.iter().filter_map(|m| m["_id"].as_str()).filter(|id| id.starts_with(mark));
        assert!(found.eq(mine.iter().copied()), "{mark} wrote in this order: {mine:?}");
    }
    let times: Vec<&str> = history.iter().filter_map(|m| m["ts"].as_str()).collect();
    assert!(times.is_sorted(), "times of room {room} run forwards");
}

/// What lies in the database, by number, is what the history shows; and every edit and removal was logged once.
async fn agrees_with_storage(place: &Place, ledger: &Ledger, histories: &[Vec<Value>]) {
    for (room, history) in ledger.rooms().iter().zip(histories) {
        let by_number = format!(
            "SELECT m.id FROM message m JOIN room r ON r.pk = m.room \
             WHERE r.id = '{}' AND m.t IS NULL AND m.removed_at IS NULL ORDER BY m.seq",
            room.rid
        );
        let stored = place.rows(&by_number).await;
        let shown = history.iter().filter_map(|m| m["_id"].as_str());
        assert!(stored.iter().map(|row| row[0].as_str()).eq(shown), "the history shows what is stored");
    }
    let logged = place.rows("SELECT message, kind, COUNT(*) FROM change GROUP BY message, kind").await;
    let mut logged: HashMap<(&str, &str), &str> =
        logged.iter().map(|row| ((row[0].as_str(), row[1].as_str()), row[2].as_str())).collect();
    for entry in ledger.entries() {
        let edits = logged.remove(&(entry.id.as_str(), "edited")).unwrap_or("0");
        assert_eq!(edits, entry.edits.to_string(), "edits of {}", entry.id);
        let removals = logged.remove(&(entry.id.as_str(), "removed")).unwrap_or("0");
        assert_eq!(removals, u8::from(entry.removed).to_string(), "removals of {}", entry.id);
    }
    assert!(logged.is_empty(), "changes that nobody made: {logged:?}");
    let audited = "SELECT target FROM audit WHERE action = 'message.removed' ORDER BY target";
    let mut removed: Vec<&str> = ledger.entries().filter(|e| e.removed).map(|e| e.id.as_str()).collect();
    removed.sort_unstable();
    let audited = place.rows(audited).await;
    assert!(audited.iter().map(|row| row[0].as_str()).eq(removed), "every removal was audited once");
}
