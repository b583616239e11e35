//! Many writers at one room: nothing is lost, and the numbers stay gapless.

use std::sync::atomic::Ordering::Relaxed;

use parlor_model::message::ChangeKind;
use parlor_model::{Event, Millis};
use parlor_store::{messages, rooms};

use crate::common::fixtures::{room, send, whole};
use crate::common::{NOW, Place, read, soon};

const CALLERS: i64 = 50;
const EACH: i64 = 4;

on_both_engines! {
    async fn fifty_callers_with_different_keys_share_a_room(place: &Place) {
        let store = place.open_with(|o| o.writers = 4).await;
        let (v, r) = room(&store, "a").await;
        let mut callers = Vec::new();
        for caller in 0..CALLERS {
            let (store, r, author) = (store.clone(), r.clone(), v.author);
            callers.push(tokio::spawn(async move {
                for i in 0..EACH {
                    // On purpose not the room: the callers meet on different writers.
                    let (key, id, r) = (format!("{caller}-{i}"), format!("{caller:02}-{i}"), r.clone());
                    let writing = store.write(&key, move |tx| {
                        // Reads before it writes, as use cases do.
                        let sender = rooms::sender(tx, "t-a", "r-a", &id)?.unwrap();
                        assert!(!sender.id_taken);
                        let numbers = send(tx, &r, author, &id, Millis(NOW.0 + i))?;
                        tx.emit(Event::MessageChanged {
                            rid: "r-a".into(),
                            message: id.clone(),
                            rev: numbers.rev,
                            kind: ChangeKind::Sent,
                        });
                        Ok::<_, parlor_store::StoreError>(numbers.seq)
                    });
                    soon(writing).await.unwrap();
                }
            }));
        }
        for caller in callers {
            soon(caller).await.unwrap();
        }
        let pk = r.pk;
        let page = read(&store, move |tx| messages::page(tx, pk, "r-a", &whole())).await;
        let total = CALLERS * EACH;
        assert!(page.iter().map(|m| m.seq).eq((1..=total).rev()));
        assert!(page.iter().map(|m| m.rev).eq((1..=total).rev()));
        assert!(page.is_sorted_by(|newer, older| newer.ts >= older.ts));
        let after = read(&store, |tx| rooms::by_id(tx, "r-a")).await.unwrap();
        assert_eq!((after.seq, after.rev, after.msgs), (total, total, total));
        // Each was announced once, with the number it was stored under.
        let mut heard: Vec<_> = place
            .heard()
            .into_iter()
            .map(|event| match event {
                Event::MessageChanged { message, rev, .. } => (rev, message),
                other => panic!("{other:?}"),
            })
            .collect();
        heard.sort();
        let stored: Vec<_> = page.into_iter().rev().map(|m| (m.rev, m.id)).collect();
        assert_eq!(heard, stored);
        assert_eq!(store.stats().refused.load(Relaxed), 0);
    }
}
