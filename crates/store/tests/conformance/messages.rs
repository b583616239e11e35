//! Messages: pages of history, what is unread before them, edits, removals, earlier texts.

use parlor_model::Millis;
use parlor_model::message::{Edited, Message};
use parlor_model::room::Room;
use parlor_store::messages::Page;
use parlor_store::{Store, StoreError, messages, rooms, visitors};

use crate::common::fixtures::{edit, ids, page, plain, remove, room, send, signal, whole};
use crate::common::{NOW, Place, read, try_write, write};

fn later(ms: i64) -> Millis {
    Millis(NOW.0 + ms)
}

async fn by_id(store: &Store, id: &'static str) -> Message {
    read(store, move |tx| messages::by_id(tx, id)).await.unwrap().message
}

/// A room with messages `0` to `n-1`, one each millisecond.
async fn room_of(store: &Store, n: i64) -> Room {
    let (v, r) = room(store, "a").await;
    write(store, move |tx| {
        for i in 0..n {
            send(tx, &r, v.author, &i.to_string(), later(i))?;
        }
        Ok(r.clone())
    })
    .await
}

async fn shown(store: &Store, room: &Room, shape: Page) -> String {
    let room = room.clone();
    read(store, move |tx| page(tx, &room, &shape)).await.join(" ")
}

on_both_engines! {
    async fn a_page_is_the_newest_part_first(place: &Place) {
        let store = place.open().await;
        let r = room_of(&store, 6).await;
        assert_eq!(shown(&store, &r, whole()).await, "5 4 3 2 1 0");
        assert_eq!(shown(&store, &r, Page { limit: 2, ..whole() }).await, "5 4");
        assert_eq!(shown(&store, &r, Page { limit: 2, offset: 3, ..whole() }).await, "2 1");
        assert_eq!(shown(&store, &r, Page { limit: 2, offset: 5, ..whole() }).await, "0");
        assert_eq!(shown(&store, &r, Page { offset: 6, ..whole() }).await, "");
        assert_eq!(shown(&store, &r, Page { limit: 0, ..whole() }).await, "");
    }

    async fn a_page_begins_at_from_and_ends_before_until(place: &Place) {
        let store = place.open().await;
        let r = room_of(&store, 6).await;
        assert_eq!(shown(&store, &r, Page { from: Some(later(4)), ..whole() }).await, "5 4");
        assert_eq!(shown(&store, &r, Page { until: Some(later(2)), ..whole() }).await, "1 0");
        let both = Page { from: Some(later(1)), until: Some(later(4)), ..whole() };
        assert_eq!(shown(&store, &r, both.clone()).await, "3 2 1");
        assert_eq!(shown(&store, &r, Page { limit: 1, offset: 1, ..both.clone() }).await, "2");
        assert_eq!(shown(&store, &r, Page { until: Some(later(1)), ..both }).await, "");
    }

    async fn messages_of_one_time_are_ordered_by_seq(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let of = r.clone();
        write(&store, move |tx| {
            // Neither the ids nor the clock help.
            for (id, ms) in [("z", 3), ("a", 3), ("m", 1), ("b", 3)] {
                send(tx, &of, v.author, id, later(ms))?;
            }
            Ok(())
        })
        .await;
        assert_eq!(shown(&store, &r, whole()).await, "b m a z");
        assert_eq!(shown(&store, &r, Page { limit: 1, offset: 2, ..whole() }).await, "a");
        assert_eq!(shown(&store, &r, Page { until: Some(later(3)), ..whole() }).await, "");
        assert_eq!(shown(&store, &r, Page { from: Some(later(3)), ..whole() }).await, "b m a z");
    }

    async fn a_page_shows_nothing_hidden(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let of = r.clone();
        write(&store, move |tx| {
            for (id, t) in [("1", "uj"), ("2", "ul"), ("3", "user_added"), ("4", "user-added"), ("5", "UJ")] {
                signal(tx, &of, v.author, id, t, NOW)?;
            }
            send(tx, &of, v.author, "6", NOW)?;
            send(tx, &of, v.author, "gone", NOW)?;
            remove(tx, &of, v.author, "gone", None, NOW)?;
            send(tx, &of, v.author, "trace", NOW)?;
            remove(tx, &of, v.author, "trace", Some("rm"), NOW).map(drop)
        })
        .await;
        let hiding = |kinds: &[&str]| Page {
            hidden_kinds: kinds.iter().map(|&k| k.to_owned()).collect(),
            ..whole()
        };
        assert_eq!(shown(&store, &r, hiding(&[])).await, "trace 6 5 4 3 2 1");
        assert_eq!(shown(&store, &r, hiding(&["uj", "rm"])).await, "6 5 4 3 2");
        assert_eq!(shown(&store, &r, hiding(&["ul", "uj", "rm"])).await, "6 5 4 3");
        // Whole words, in their own case, and an underscore stands for itself.
        assert_eq!(shown(&store, &r, hiding(&["u", "user"])).await, "trace 6 5 4 3 2 1");
        assert_eq!(shown(&store, &r, hiding(&["user-added"])).await, "trace 6 5 3 2 1");
        assert_eq!(shown(&store, &r, hiding(&["user_added"])).await, "trace 6 5 4 2 1");
    }

    async fn a_page_holds_messages_of_its_room_alone(place: &Place) {
        let store = place.open().await;
        let r = room_of(&store, 2).await;
        let (v, other) = room(&store, "b").await;
        let of = other.clone();
        write(&store, move |tx| send(tx, &of, v.author, "foreign", NOW)).await;
        assert_eq!(shown(&store, &r, whole()).await, "1 0");
        assert_eq!(shown(&store, &other, whole()).await, "foreign");
    }

    async fn a_message_of_a_page_is_the_message_found_by_id(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let of = r.clone();
        write(&store, move |tx| {
            send(tx, &of, v.author, "1", NOW)?;
            edit(tx, &of, v.author, "1", "better", later(1))?;
            signal(tx, &of, v.author, "2", "uj", later(2))
        })
        .await;
        let room = r.clone();
        let page = read(&store, move |tx| messages::page(tx, room.pk, &room.id, &whole())).await;
        assert_eq!(page, [by_id(&store, "2").await, by_id(&store, "1").await]);
    }

    async fn unread_counts_what_is_visible_between_two_times(place: &Place) {
        let store = place.open().await;
        let r = room_of(&store, 6).await;
        let of = r.clone();
        write(&store, move |tx| {
            let author = messages::by_id(tx, "0")?.unwrap().author;
            signal(tx, &of, author, "signal", "uj", later(6))?;
            send(tx, &of, author, "8", later(8))?;
            remove(tx, &of, author, "2", None, later(9)).map(drop)
        })
        .await;
        let unread = |after: i64, before: i64, hidden: &[&str]| {
            let hidden_kinds = hidden.iter().map(|&k| k.to_owned()).collect();
            let shape = Page { hidden_kinds, ..whole() };
            read(&store, move |tx| {
                let (n, first) = messages::unread_before(tx, r.pk, "r-a", later(after), later(before), &shape)?;
                Ok((n, first.map_or_else(String::new, |m| m.rid + " " + &m.id)))
            })
        };
        assert_eq!(unread(1, 5, &[]).await, (2, "r-a 3".into()));
        assert_eq!(unread(4, 8, &[]).await, (2, "r-a 5".into()));
        assert_eq!(unread(4, 8, &["uj"]).await, (1, "r-a 5".into()));
        assert_eq!(unread(5, 8, &["uj"]).await, (0, String::new()));
        assert_eq!(unread(-9, 100, &[]).await, (7, "r-a 0".into()));
        assert_eq!(unread(5, 5, &[]).await, (0, String::new()));
    }

    async fn the_last_message_is_the_newest_that_people_see(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let last = || {
            let room = r.clone();
            read(&store, move |tx| messages::last(tx, room.pk, &room.id))
        };
        assert_eq!(last().await, None);
        let (of, author) = (r.clone(), v.author);
        write(&store, move |tx| signal(tx, &of, author, "started", "livechat-started", NOW)).await;
        assert_eq!(last().await, Some(by_id(&store, "started").await));
        let of = r.clone();
        write(&store, move |tx| {
            send(tx, &of, author, "1", NOW)?;
            send(tx, &of, author, "2", NOW)?;
            signal(tx, &of, author, "3", "command", NOW)
        })
        .await;
        assert_eq!(last().await, Some(by_id(&store, "2").await));
        let of = r.clone();
        write(&store, move |tx| remove(tx, &of, author, "2", None, NOW)).await;
        assert_eq!(last().await, Some(by_id(&store, "1").await));
        let of = r.clone();
        write(&store, move |tx| remove(tx, &of, author, "1", Some("rm"), NOW)).await;
        assert_eq!(last().await, None, "the note is older than a text that was removed");
        let of = r.clone();
        write(&store, move |tx| signal(tx, &of, author, "closed", "livechat-close", NOW)).await;
        assert_eq!(last().await, Some(by_id(&store, "closed").await));
    }

    async fn removing_an_earlier_text_leaves_the_last_message(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let (of, author) = (r.clone(), v.author);
        write(&store, move |tx| {
            send(tx, &of, author, "1", NOW)?;
            send(tx, &of, author, "2", NOW)?;
            signal(tx, &of, author, "closed", "livechat-close", NOW)?;
            remove(tx, &of, author, "1", None, NOW)
        })
        .await;
        let of = r.clone();
        let last = read(&store, move |tx| messages::last(tx, of.pk, &of.id)).await;
        assert_eq!(last, Some(by_id(&store, "closed").await));
    }

    async fn an_edit_replaces_the_text_and_names_the_editor(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let numbers = write(&store, move |tx| {
            send(tx, &r, v.author, "1", NOW)?;
            send(tx, &r, v.author, "2", NOW)?;
            let editor = visitors::insert_author(tx, "v-a", "ann", Some("Ann"), Some("t-a"))?;
            edit(tx, &r, editor, "1", "better", later(5))
        })
        .await;
        assert_eq!((numbers.seq, numbers.rev, numbers.ts), (2, 3, later(5)));
        let m = by_id(&store, "1").await;
        let edited = Edited { at: later(5), by_id: "v-a".into(), by_username: "ann".into() };
        assert_eq!((m.msg.as_str(), m.edited), ("better", Some(edited)));
        assert_eq!((m.seq, m.rev, m.ts, m.updated_at), (1, 3, NOW, later(5)));
        assert_eq!((m.author.username.as_str(), m.hidden, m.removed_at), ("guest-2", false, None));
        assert_eq!(by_id(&store, "2").await.msg, "hello");
    }

    async fn a_removed_message_keeps_its_place_and_loses_its_text(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        write(&store, move |tx| {
            send(tx, &r, v.author, "silent", NOW)?;
            send(tx, &r, v.author, "traced", NOW)?;
            remove(tx, &r, v.author, "silent", None, later(3))?;
            remove(tx, &r, v.author, "traced", Some("rm"), later(4)).map(drop)
        })
        .await;
        let m = by_id(&store, "silent").await;
        assert_eq!((m.msg.as_str(), m.extra.as_deref(), m.t.as_deref()), ("", None, None));
        assert_eq!((m.hidden, m.removed_at, m.seq, m.rev), (true, Some(later(3)), 1, 3));
        let m = by_id(&store, "traced").await;
        assert_eq!((m.msg.as_str(), m.t.as_deref(), m.edited.unwrap().at), ("", Some("rm"), later(4)));
        assert_eq!((m.hidden, m.removed_at, m.seq, m.rev), (false, Some(later(4)), 2, 4));
        assert_eq!(read(&store, |tx| rooms::by_id(tx, "r-a")).await.unwrap().msgs, 0);
    }

    async fn a_restored_message_is_as_it_was_first_written(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let before = write(&store, move |tx| {
            send(tx, &r, v.author, "1", NOW)?;
            let before = messages::by_id(tx, "1")?.unwrap().message;
            edit(tx, &r, v.author, "1", "better", NOW)?;
            remove(tx, &r, v.author, "1", Some("rm"), NOW)?;
            let numbers = rooms::number_change(tx, r.pk, later(2), 1)?;
            messages::restore(tx, "1", "hello", numbers)?;
            Ok(before)
        })
        .await;
        let restored = Message { rev: 4, updated_at: later(2), ..before };
        assert_eq!(by_id(&store, "1").await, restored);
    }

    async fn earlier_texts_are_kept_on_request(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let versions = write(&store, move |tx| {
            send(tx, &r, v.author, "1", NOW)?;
            messages::keep_version(tx, "1", NOW)?;
            edit(tx, &r, v.author, "1", "better", NOW)?;
            messages::keep_version(tx, "1", NOW)?;
            remove(tx, &r, v.author, "1", None, NOW)?;
            messages::versions(tx, "1")
        })
        .await;
        assert_eq!(versions, [(1, "hello".into()), (2, "better".into())]);
        assert_eq!(read(&store, |tx| messages::versions(tx, "2")).await, []);
    }

    async fn a_message_id_is_used_once_anywhere(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let (w, other) = room(&store, "b").await;
        let own = r.clone();
        write(&store, move |tx| send(tx, &own, v.author, "1", NOW)).await;
        let own = r.clone();
        let twice = try_write(&store, move |tx| send(tx, &own, v.author, "1", NOW)).await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
        let elsewhere = try_write(&store, move |tx| send(tx, &other, w.author, "1", NOW)).await;
        assert!(matches!(elsewhere, Err(StoreError::Conflict(_))), "{elsewhere:?}");
        let after = read(&store, |tx| rooms::by_id(tx, "r-a")).await.unwrap();
        assert_eq!((after.seq, after.rev, after.msgs), (1, 1, 1));
        let room = r.clone();
        let all = read(&store, move |tx| messages::page(tx, room.pk, &room.id, &whole())).await;
        assert_eq!(ids(all), ["1"]);
    }

    async fn a_place_in_a_room_is_given_once(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let twice = try_write(&store, move |tx| {
            let numbers = send(tx, &r, v.author, "1", NOW)?;
            messages::insert(tx, plain(&r, v.author, "2", numbers))
        })
        .await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
        assert!(read(&store, |tx| messages::by_id(tx, "1")).await.is_none());
    }
}
