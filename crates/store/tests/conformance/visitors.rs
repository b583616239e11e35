//! Visitors: found by token, changed, counted as guests, and removed without a trace but a stub.

use parlor_model::Millis;
use parlor_model::inquiry::InquiryStatus;
use parlor_model::leads::Leads;
use parlor_model::visitor::{Connection, Visitor};
use parlor_store::{Store, StoreError, WriteTx, messages, rooms, visitors};

use crate::common::fixtures::{
    bare_room, bare_visitor, edit, insert_room, insert_visitor, room, send, visitor, whole,
};
use crate::common::{NOW, Place, read, try_write, write};

async fn by_token(store: &Store, token: &'static str) -> Option<Visitor> {
    read(store, move |tx| visitors::by_token(tx, token)).await
}

fn leads(emails: &[&str], phones: &[&str]) -> Leads {
    let texts = |list: &[&str]| list.iter().copied().map(str::to_owned).collect();
    Leads { emails: texts(emails), phones: texts(phones) }
}

on_both_engines! {
    async fn addresses_and_numbers_are_added_once(place: &Place) {
        let store = place.open().await;
        let old = visitor(&store, "a").await;
        let other = visitor(&store, "b").await;
        let at = |ms| Millis(NOW.0 + ms);
        let add = async |id: &'static str, more: Leads, now| {
            write(&store, move |tx| visitors::add_leads(tx, id, &more, now)).await
        };
        assert!(add("v-a", leads(&["a@b.org"], &[]), at(1)).await);
        assert!(add("v-a", leads(&["a@b.org"], &["1234567"]), at(2)).await);
        assert!(!add("v-a", leads(&["a@b.org"], &["1234567"]), at(3)).await, "nothing new");
        assert!(!add("nobody", leads(&["a@b.org"], &[]), at(3)).await);
        let known = Visitor { leads: leads(&["a@b.org"], &["1234567"]), updated_at: at(2), ..old };
        assert_eq!(by_token(&store, "t-a").await, Some(known));
        assert_eq!(by_token(&store, "t-b").await, Some(other));
    }

    async fn additions_in_parallel_are_all_kept(place: &Place) {
        let store = place.open().await;
        visitor(&store, "a").await;
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let (store, more) = (store.clone(), leads(&[&format!("v{n}@b.org")], &[]));
                tokio::spawn(async move {
                    let add = move |tx: &mut WriteTx<'_>| visitors::add_leads(tx, "v-a", &more, NOW);
                    store.write_row_locked(&n.to_string(), add).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(true));
        }
        let mut emails = by_token(&store, "t-a").await.unwrap().leads.emails;
        emails.sort();
        assert_eq!(emails, (0..8).map(|n| format!("v{n}@b.org")).collect::<Vec<_>>());
    }

    async fn a_token_finds_its_visitor_and_no_other(place: &Place) {
        let store = place.open().await;
        let a = visitor(&store, "a").await;
        let b = visitor(&store, "b").await;
        assert_ne!((a.pk, a.author), (b.pk, b.author));
        assert_eq!(by_token(&store, "t-a").await, Some(a));
        assert_eq!(by_token(&store, "t-b").await, Some(b));
        assert_eq!(by_token(&store, "t-c").await, None);
        assert_eq!(by_token(&store, "").await, None);
    }

    async fn an_update_replaces_what_a_registration_may_change(place: &Place) {
        let store = place.open().await;
        let old = visitor(&store, "a").await;
        let other = visitor(&store, "b").await;
        let mut new = old.clone();
        new.token = Some("t-new".into());
        new.username = "ann".into();
        new.name = Some("Ann".into());
        new.leads = leads(&["ann@example.org"], &["+1"]);
        new.status = "away".into();
        new.updated_at = Millis(NOW.0 + 5);
        let mut given = new.clone();
        new.author = write(&store, move |tx| {
            given.author = visitors::insert_author(tx, &given.id, "ann", Some("Ann"), given.token.as_deref())?;
            visitors::update(tx, &given)?;
            Ok(given.author)
        })
        .await;
        assert_ne!(new.author, old.author);
        assert_eq!(by_token(&store, "t-a").await, None);
        assert_eq!(by_token(&store, "t-new").await, Some(new));
        assert_eq!(by_token(&store, "t-b").await, Some(other));
    }

    async fn two_visitors_cannot_hold_one_token(place: &Place) {
        let store = place.open().await;
        let a = visitor(&store, "a").await;
        visitor(&store, "b").await;
        let second = try_write(&store, |tx| insert_visitor(tx, &bare_visitor("v-c", "t-a"))).await;
        assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
        let taken = Visitor { token: Some("t-b".into()), ..a.clone() };
        let changed = try_write(&store, move |tx| visitors::update(tx, &taken)).await;
        assert!(matches!(changed, Err(StoreError::Conflict(_))), "{changed:?}");
        assert_eq!(by_token(&store, "t-a").await, Some(a));
    }

    async fn guests_are_counted_from_two(place: &Place) {
        let store = place.open().await;
        let first = write(&store, |tx| Ok([visitors::next_guest(tx)?, visitors::next_guest(tx)?])).await;
        assert_eq!(first, [2, 3]);
        let after = |last| move |tx: &mut parlor_store::WriteTx<'_>| {
            visitors::skip_guests(tx, last)?;
            visitors::next_guest(tx)
        };
        assert_eq!(write(&store, after(40)).await, 41);
        assert_eq!(write(&store, after(7)).await, 42);
    }

    async fn a_new_name_reaches_the_open_room_alone(place: &Place) {
        let store = place.open().await;
        let (v, first) = room(&store, "a").await;
        let (_, foreign) = room(&store, "b").await;
        let owner = v.clone();
        let names = write(&store, move |tx| {
            let end = parlor_model::room::Closed {
                at: NOW,
                closer: "visitor".into(),
                by_id: owner.id.clone(),
                by_username: owner.username.clone(),
            };
            rooms::close(tx, first.pk, &end)?;
            insert_room(tx, &bare_room("r-second", &owner))?;
            visitors::rename_rooms(tx, owner.pk, "Ann", Millis(NOW.0 + 1))?;
            let mut names = Vec::new();
            for id in ["r-a", "r-second", &foreign.id] {
                names.push(rooms::by_id(tx, id)?.map(|r| (r.fname, r.updated_at)));
            }
            Ok(names)
        })
        .await;
        let old = Some((v.username, NOW));
        assert_eq!(names, [old.clone(), Some(("Ann".into(), Millis(NOW.0 + 1))), old]);
    }

    async fn removal_leaves_only_the_stub(place: &Place) {
        let store = place.open().await;
        let (other, others_room) = room(&store, "other").await;
        let o = (other.clone(), others_room.clone());
        write(&store, move |tx| send(tx, &o.1, o.0.author, "kept", NOW)).await;
        let stored = write(&store, |tx| {
            let mut v = bare_visitor("v", "t");
            v.name = Some("Ann".into());
            v.leads = leads(&["ann@example.org"], &["+1"]);
            v.connection =
                Connection { user_agent: Some("u".into()), ip: Some("::1".into()), host: Some("h".into()) };
            let mut v = insert_visitor(tx, &v)?;
            let room = insert_room(tx, &bare_room("r", &v))?;
            rooms::enqueue(tx, "q", room.pk, InquiryStatus::Ready, NOW)?;
            visitors::set_last_chat(tx, v.pk, "r", NOW)?;
            send(tx, &room, v.author, "m1", NOW)?;
            // A second snapshot, so that both have messages.
            v.author = visitors::insert_author(tx, &v.id, "ann", Some("Ann"), Some("t"))?;
            visitors::update(tx, &v)?;
            send(tx, &room, v.author, "m2", NOW)?;
            messages::keep_version(tx, "m1", NOW)?;
            edit(tx, &room, v.author, "m1", "better", NOW)?;
            Ok((v, room))
        })
        .await;
        let (v, r) = stored.clone();
        write(&store, move |tx| visitors::remove(tx, &v, Millis(NOW.0 + 9))).await;
        let (v, r_pk) = (stored.0, r.pk);
        let stub = read(&store, |tx| visitors::by_id(tx, "v")).await.unwrap();
        let empty = Visitor {
            pk: v.pk,
            token: None,
            username: String::new(),
            status: "offline".into(),
            ts: v.ts,
            author: v.author,
            updated_at: Millis(NOW.0 + 9),
            ..bare_visitor("v", "")
        };
        assert_eq!(stub, empty);
        assert_eq!(by_token(&store, "t").await, None);
        let names = "SELECT CAST(COUNT(*) AS TEXT) FROM author \
                     WHERE id = 'v' AND (username <> '' OR name IS NOT NULL OR token IS NOT NULL)";
        assert_eq!(place.raw(names).await.as_deref(), Some("0"));
        let left = read(&store, move |tx| {
            Ok((
                rooms::by_id(tx, "r")?.is_none(),
                messages::by_id(tx, "m1")?.is_none() && messages::by_id(tx, "m2")?.is_none(),
                messages::changes(tx, r_pk, 0, 10)?.len(),
                messages::versions(tx, "m1")?.len(),
                rooms::count_inquiries(tx, r_pk)?,
            ))
        })
        .await;
        assert_eq!(left, (true, true, 0, 0, 0));
        assert_eq!(by_token(&store, "t-other").await, Some(other));
        let kept = read(&store, move |tx| messages::page(tx, others_room.pk, "r-other", &whole())).await;
        assert_eq!(kept.len(), 1);
    }

    async fn the_token_of_a_removed_visitor_is_free_again(place: &Place) {
        let store = place.open().await;
        let v = visitor(&store, "a").await;
        let again = write(&store, move |tx| {
            visitors::remove(tx, &v, NOW)?;
            insert_visitor(tx, &bare_visitor("v-new", "t-a"))
        })
        .await;
        assert_eq!(by_token(&store, "t-a").await, Some(again));
    }
}
