//! One writer: sends, edits and removes, one call after the other, until the connection breaks.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::ledger::{Doubt, Entry, Pages, Room};
use super::seeds::Seeds;
use crate::rest::{Answer, Api, Broken};

/// Writes, notes each call before it is made and each answer when it has come; tells of every acknowledgement.
pub(super) async fn until_broken(
    api: Api,
    rooms: Arc<Vec<Room>>,
    mut seeds: Seeds,
    number: usize,
    mut pages: Pages,
    tell: UnboundedSender<()>,
) -> (usize, Pages) {
    loop {
        let place = choose(&mut seeds, number, &mut pages, rooms.len());
        let entry = &mut pages[place];
        let answer = call(&api, &rooms[entry.room], entry).await;
        let Ok(answer) = answer else { return (number, pages) };
        // Nothing here may be refused, so whatever is not acknowledged is a fault.
        let body = answer.ok();
        assert_eq!(body["message"]["_id"], entry.id.as_str());
        settle(entry);
        // Nobody listens any more once the server is killed.
        let _ = tell.send(());
    }
}

/// Notes what shall be done next; gives the place of the message that it is about.
fn choose(seeds: &mut Seeds, number: usize, pages: &mut Pages, rooms: usize) -> usize {
    let dice = seeds.between(1, 10);
    let older = if pages.is_empty() { None } else { Some(seeds.index(pages.len())) };
    let older = older.filter(|place| !pages[*place].removed);
    match older {
        Some(place) if dice <= 2 => {
            let entry = &mut pages[place];
            entry.doubt = Some(Doubt::Edited(format!("{} as edited for time {}", entry.id, entry.edits + 1)));
            place
        }
        Some(place) if dice == 3 => {
            pages[place].doubt = Some(Doubt::Removed);
            place
        }
        _ => {
            let id = format!("writer{number:02}message{:05}", pages.len());
            let text = format!("{id} as sent");
            let room = seeds.index(rooms);
            pages.push(Entry { id, room, text, edits: 0, removed: false, doubt: Some(Doubt::Sent) });
            pages.len() - 1
        }
    }
}

/// Asks for what the entry is in doubt of.
async fn call(api: &Api, room: &Room, entry: &Entry) -> Result<Answer, Broken> {
    let Room { token, rid } = room;
    match &entry.doubt {
        Some(Doubt::Edited(text)) => api.try_edit(token, rid, &entry.id, text).await,
        Some(Doubt::Removed) => api.try_remove(token, rid, &entry.id).await,
        Some(Doubt::Sent) | None => api.try_message(token, rid, &entry.id, &entry.text).await,
    }
}

/// What was in doubt has happened.
pub(super) fn settle(entry: &mut Entry) {
    match entry.doubt.take() {
        Some(Doubt::Edited(text)) => {
            entry.text = text;
            entry.edits += 1;
        }
        Some(Doubt::Removed) => entry.removed = true,
        Some(Doubt::Sent) | None => {}
    }
}
