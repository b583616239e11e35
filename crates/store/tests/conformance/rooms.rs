//! Rooms: whose they are, the numbers they hand out, one open room for a visitor, the queue.

use parlor_model::Millis;
use parlor_model::inquiry::InquiryStatus;
use parlor_model::room::{Closed, Room};
use parlor_store::rooms::Numbers;
use parlor_store::{Store, StoreError, rooms};

use crate::common::fixtures::{bare_room, insert_room, plain, room, send, visitor};
use crate::common::{NOW, Place, read, try_write, write};

fn later(ms: i64) -> Millis {
    Millis(NOW.0 + ms)
}

fn end() -> Closed {
    Closed { at: later(9), closer: "visitor".into(), by_id: "v-a".into(), by_username: "guest-2".into() }
}

async fn by_id(store: &Store, rid: &'static str) -> Room {
    read(store, move |tx| rooms::by_id(tx, rid)).await.unwrap()
}

on_both_engines! {
    async fn a_room_is_found_by_its_id_and_by_its_visitor(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        assert_eq!(by_id(&store, "r-a").await, r);
        assert_eq!(read(&store, move |tx| rooms::open_of_visitor(tx, v.pk)).await, Some(r));
        assert_eq!(read(&store, |tx| rooms::by_id(tx, "r-b")).await, None);
        let other = visitor(&store, "b").await;
        assert_eq!(read(&store, move |tx| rooms::open_of_visitor(tx, other.pk)).await, None);
    }

    async fn a_sender_finds_the_own_room_alone(place: &Place) {
        let store = place.open().await;
        let (a, own) = room(&store, "a").await;
        room(&store, "b").await;
        let ask = |token, rid| read(&store, move |tx| rooms::sender(tx, token, rid, "new"));
        let found = ask("t-a", "r-a").await.unwrap();
        assert_eq!((found.id.as_str(), found.username.as_str()), ("v-a", "guest-2"));
        assert_eq!((found.name, found.author, found.id_taken), (None, a.author, false));
        assert_eq!(found.room, Some((own.pk, true)));
        assert_eq!(ask("t-a", "r-b").await.unwrap().room, None);
        assert_eq!(ask("t-a", "none").await.unwrap().room, None);
        assert!(ask("none", "r-a").await.is_none());
        write(&store, move |tx| rooms::close(tx, own.pk, &end())).await;
        assert_eq!(ask("t-a", "r-a").await.unwrap().room, Some((own.pk, false)));
    }

    async fn a_sender_learns_that_an_id_is_taken_anywhere(place: &Place) {
        let store = place.open().await;
        let (a, own) = room(&store, "a").await;
        room(&store, "b").await;
        write(&store, move |tx| send(tx, &own, a.author, "m", NOW)).await;
        for (token, rid) in [("t-a", "r-a"), ("t-b", "r-b"), ("t-b", "none")] {
            let taken = |id| read(&store, move |tx| Ok(rooms::sender(tx, token, rid, id)?.unwrap().id_taken));
            assert!(taken("m").await, "{token} {rid}");
            assert!(!taken("M").await, "{token} {rid}");
        }
    }

    async fn numbers_have_no_gaps(place: &Place) {
        let store = place.open().await;
        let (_, r) = room(&store, "a").await;
        let pk = r.pk;
        let numbers = write(&store, move |tx| {
            Ok([
                rooms::number_visitor_message(tx, pk, later(1))?.unwrap(),
                rooms::number_system_message(tx, pk, later(2), true)?,
                rooms::number_change(tx, pk, later(3), 0)?,
                rooms::number_change(tx, pk, later(4), -1)?,
                rooms::number_visitor_message(tx, pk, later(5))?.unwrap(),
            ])
        })
        .await;
        let plain = numbers.map(|n| (n.seq, n.rev, n.ts));
        let n = |seq, rev, ms| (seq, rev, later(ms));
        assert_eq!(plain, [n(1, 1, 1), n(2, 2, 2), n(2, 3, 3), n(2, 4, 4), n(3, 5, 5)]);
        let after = by_id(&store, "r-a").await;
        assert_eq!((after.seq, after.rev, after.msgs), (3, 5, 2));
        assert_eq!((after.lm, after.v_last_message_ts), (Some(later(5)), Some(later(5))));
        assert_eq!((after.last_question, after.updated_at), (Some(later(1)), later(5)));
    }

    async fn time_never_runs_backwards_when_the_clock_does(place: &Place) {
        let store = place.open().await;
        let (_, r) = room(&store, "a").await;
        let pk = r.pk;
        let times = write(&store, move |tx| {
            Ok([
                rooms::number_visitor_message(tx, pk, later(-5))?.unwrap().ts,
                rooms::number_visitor_message(tx, pk, later(7))?.unwrap().ts,
                rooms::number_visitor_message(tx, pk, later(3))?.unwrap().ts,
                rooms::number_system_message(tx, pk, later(-9), true)?.ts,
                rooms::number_change(tx, pk, later(1), 0)?.ts,
                rooms::number_change(tx, pk, later(8), 0)?.ts,
            ])
        })
        .await;
        assert_eq!(times, [0, 7, 7, 7, 7, 8].map(later));
        let after = by_id(&store, "r-a").await;
        assert_eq!((after.lm, after.v_last_message_ts), (Some(later(7)), Some(later(7))));
        assert_eq!((after.last_question, after.updated_at), (Some(NOW), later(8)));
    }

    async fn a_mere_signal_counts_but_does_not_move_the_last_message(place: &Place) {
        let store = place.open().await;
        let (_, r) = room(&store, "a").await;
        let numbers = write(&store, move |tx| {
            rooms::number_system_message(tx, r.pk, later(1), true)?;
            rooms::number_system_message(tx, r.pk, later(2), false)
        })
        .await;
        assert_eq!((numbers.seq, numbers.rev, numbers.ts), (2, 2, later(2)));
        let after = by_id(&store, "r-a").await;
        assert_eq!((after.lm, after.msgs, after.updated_at), (Some(later(1)), 2, later(2)));
        assert_eq!((after.v_last_message_ts, after.last_question), (None, None));
    }

    async fn a_closed_room_numbers_no_visitors_message(place: &Place) {
        let store = place.open().await;
        let (_, r) = room(&store, "a").await;
        let pk = r.pk;
        let answers = write(&store, move |tx| {
            let first = rooms::close(tx, pk, &end())?;
            let second = rooms::close(tx, pk, &end())?;
            Ok((first, second, rooms::number_visitor_message(tx, pk, NOW)?))
        })
        .await;
        assert_eq!(answers, (true, false, None));
        // The note that it was closed comes after the closing.
        let note = write(&store, move |tx| rooms::number_system_message(tx, pk, NOW, true)).await;
        assert_eq!((note.seq, note.rev), (1, 1));
    }

    async fn a_room_can_be_opened_again(place: &Place) {
        let store = place.open().await;
        let (_, r) = room(&store, "a").await;
        let pk = r.pk;
        let answers = write(&store, move |tx| {
            let open = rooms::reopen(tx, pk, later(1))?;
            rooms::close(tx, pk, &end())?;
            Ok((open, rooms::reopen(tx, pk, later(20))?))
        })
        .await;
        assert_eq!(answers, (false, true));
        assert_eq!(by_id(&store, "r-a").await, Room { updated_at: later(20), ..r });
    }

    async fn a_visitor_has_at_most_one_open_room(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let of = v.clone();
        let second = try_write(&store, move |tx| insert_room(tx, &bare_room("second", &of))).await;
        assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
        let count = |pk| read(&store, move |tx| rooms::count_open_of_visitor(tx, pk));
        assert_eq!(count(v.pk).await, 1);
        let (pk, of) = (r.pk, v.clone());
        write(&store, move |tx| {
            rooms::close(tx, pk, &end())?;
            insert_room(tx, &bare_room("second", &of))
        })
        .await;
        assert_eq!(count(v.pk).await, 1);
        let reopened = try_write(&store, move |tx| rooms::reopen(tx, pk, NOW)).await;
        assert!(matches!(reopened, Err(StoreError::Conflict(_))), "{reopened:?}");
    }

    async fn a_room_id_is_used_once(place: &Place) {
        let store = place.open().await;
        room(&store, "a").await;
        let other = visitor(&store, "b").await;
        let twice = try_write(&store, move |tx| insert_room(tx, &bare_room("r-a", &other))).await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    }

    async fn a_room_stands_in_the_queue_once(place: &Place) {
        let store = place.open().await;
        let (_, r) = room(&store, "a").await;
        let pk = r.pk;
        let count = || read(&store, move |tx| rooms::count_inquiries(tx, pk));
        assert_eq!(count().await, 0);
        write(&store, move |tx| rooms::enqueue(tx, "q", pk, InquiryStatus::Queued, NOW)).await;
        let again = try_write(&store, move |tx| rooms::enqueue(tx, "p", pk, InquiryStatus::Ready, NOW)).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        assert_eq!(count().await, 1);
        write(&store, move |tx| rooms::dequeue(tx, pk)).await;
        assert_eq!(count().await, 0);
    }

    async fn a_row_of_a_missing_room_is_refused(place: &Place) {
        let store = place.open().await;
        let (v, r) = room(&store, "a").await;
        let numbers = Numbers { seq: 1, rev: 1, ts: NOW, part: 1, part_seq: 1 };
        let lost = Room { pk: r.pk + 1, ..r };
        let refused = try_write(&store, move |tx| {
            parlor_store::messages::insert(tx, plain(&lost, v.author, "m", numbers))
        })
        .await;
        assert!(matches!(refused, Err(StoreError::Engine(_))), "{refused:?}");
    }
}
