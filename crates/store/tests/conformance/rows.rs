//! What is written is what is read: every column of every record, at its limits.

use std::net::{IpAddr, Ipv6Addr};

use parlor_model::leads::Leads;
use parlor_model::message::Author;
use parlor_model::offline::OfflineMessage;
use parlor_model::room::{Closed, Room, Source};
use parlor_model::visitor::{Connection, Visitor};
use parlor_model::{Millis, Origin};
use parlor_store::messages::NewMessage;
use parlor_store::{audit, messages, offline, rooms, settings, visitors};

use crate::common::fixtures::{bare_room, bare_visitor, insert_room, insert_visitor, visitor, whole};
use crate::common::{NOW, Place, read, write};

const FAR: Millis = Millis(i64::MAX);
const PAST: Millis = Millis(i64::MIN);
/// Two, three and four bytes a letter, a combining mark, right to left, and signs that SQL knows.
const ODD: &str = "Žofie 陳 🦜 e\u{301} שלום 'a' \"b\" \\ % _ $1 ;--\n\t";

on_both_engines! {
    async fn a_visitor_with_nothing_optional_round_trips(place: &Place) {
        let store = place.open().await;
        let stored = visitor(&store, "a").await;
        assert_eq!(read(&store, |tx| visitors::by_token(tx, "t-a")).await, Some(stored));
    }

    async fn a_visitor_with_everything_round_trips(place: &Place) {
        let store = place.open().await;
        let full = Visitor {
            username: ODD.into(),
            name: Some(ODD.into()),
            leads: Leads { emails: vec![ODD.into(), "b".into()], phones: vec![String::new(), ODD.into()] },
            ts: PAST,
            connection: Connection {
                user_agent: Some(ODD.into()),
                ip: Some("::1".into()),
                host: Some("h".into()),
            },
            updated_at: FAR,
            ..bare_visitor("v", ODD)
        };
        let stored = write(&store, move |tx| {
            let v = insert_visitor(tx, &full)?;
            visitors::set_last_chat(tx, v.pk, ODD, PAST)?;
            Ok(Visitor { last_chat: Some((ODD.into(), PAST)), updated_at: PAST, ..v })
        })
        .await;
        assert_eq!(read(&store, |tx| visitors::by_token(tx, ODD)).await.as_ref(), Some(&stored));
        assert_eq!(read(&store, |tx| visitors::by_id(tx, "v")).await, Some(stored));
    }

    async fn a_room_with_everything_round_trips(place: &Place) {
        let store = place.open().await;
        let v = visitor(&store, "a").await;
        let full = Room {
            v_username: ODD.into(),
            fname: ODD.into(),
            ts: PAST,
            queued_at: Some(PAST),
            updated_at: PAST,
            source: Source { kind: "api".into(), destination: Some(ODD.into()) },
            ..bare_room("r", &v)
        };
        let stored = write(&store, move |tx| insert_room(tx, &full)).await;
        assert_eq!(read(&store, |tx| rooms::by_id(tx, "r")).await, Some(stored.clone()));
        let closed = Closed { at: FAR, closer: "visitor".into(), by_id: ODD.into(), by_username: ODD.into() };
        let end = closed.clone();
        assert!(write(&store, move |tx| rooms::close(tx, stored.pk, &end)).await);
        let found = read(&store, |tx| rooms::by_id(tx, "r")).await.unwrap();
        assert_eq!((found.open, found.waiting_response, found.v_status.as_str()), (false, false, "offline"));
        assert_eq!((found.closed, found.updated_at), (Some(closed), FAR));
    }

    async fn a_message_with_everything_round_trips(place: &Place) {
        let store = place.open().await;
        let v = visitor(&store, "a").await;
        let found = write(&store, move |tx| {
            let room = insert_room(tx, &bare_room("r", &v))?;
            let author = visitors::insert_author(tx, &v.id, ODD, Some(ODD), Some(ODD))?;
            let numbers = rooms::number_system_message(tx, room.pk, FAR, true)?;
            let extra = Some("{\"transcriptRequested\":true}");
            let t = Some("livechat-close");
            messages::insert(tx, NewMessage { id: "m", room: room.pk, numbers, author, t, msg: ODD, extra })?;
            messages::by_id(tx, "m")
        })
        .await
        .unwrap();
        let m = found.message;
        assert_eq!((m.id.as_str(), m.rid.as_str(), m.seq, m.rev), ("m", "r", 1, 1));
        assert_eq!((m.ts, m.updated_at, m.msg.as_str()), (FAR, FAR, ODD));
        let author = Author {
            id: "v-a".into(),
            username: ODD.into(),
            name: Some(ODD.into()),
            token: Some(ODD.into()),
        };
        assert_eq!(m.author, author);
        assert_eq!(m.t.as_deref(), Some("livechat-close"));
        assert_eq!(m.extra.as_deref(), Some("{\"transcriptRequested\":true}"));
        assert_eq!((m.edited, m.hidden, m.removed_at), (None, false, None));
        assert!(found.room_open && found.by_visitor);
    }

    async fn an_offline_message_round_trips(place: &Place) {
        let store = place.open().await;
        let message = |id: &str, optional: Option<&str>| OfflineMessage {
            id: id.into(),
            name: ODD.into(),
            email: ODD.into(),
            message: ODD.into(),
            department: optional.map(String::from),
            host: optional.map(String::from),
            ts: PAST,
        };
        let (first, second) = (message("1", None), message("2", Some(ODD)));
        let rows = [first.clone(), second.clone()];
        write(&store, move |tx| rows.iter().try_for_each(|m| offline::insert(tx, m))).await;
        assert_eq!(read(&store, |tx| offline::newest(tx, 9)).await, [second.clone(), first]);
        assert_eq!(read(&store, |tx| offline::newest(tx, 1)).await, [second]);
    }

    async fn an_audit_row_round_trips(place: &Place) {
        let store = place.open().await;
        write(&store, |tx| {
            let full = audit::Entry {
                actor_kind: "visitor",
                actor: Some(ODD),
                action: "message.removed",
                target: ODD,
                detail: Some(ODD),
            };
            let origin = Origin { door: "rest", address: Some(IpAddr::V6(Ipv6Addr::LOCALHOST)) };
            audit::append(tx, FAR, &origin, full)?;
            let bare = audit::Entry { actor_kind: "anyone", actor: None, detail: None, ..full };
            audit::append(tx, PAST, &Origin::internal("worker"), bare)
        })
        .await;
        let text = |t: &str| Some(t.to_owned());
        let action = || "message.removed".to_owned();
        assert_eq!(
            read(&store, |tx| audit::of_target(tx, ODD)).await,
            [
                (action(), "visitor".into(), text(ODD), "rest".into(), text("::1"), text(ODD)),
                (action(), "anyone".into(), None, "worker".into(), None, None),
            ]
        );
    }

    async fn a_new_database_has_no_stored_settings(place: &Place) {
        let store = place.open().await;
        assert_eq!(read(&store, settings::all).await, []);
    }

    async fn text_is_compared_byte_by_byte(place: &Place) {
        let store = place.open().await;
        let room = write(&store, |tx| {
            let v = insert_visitor(tx, &bare_visitor("v", "Token"))?;
            insert_room(tx, &bare_room("Room", &v))
        })
        .await;
        let wrong = read(&store, |tx| Ok((visitors::by_token(tx, "token")?, rooms::by_id(tx, "room")?))).await;
        assert_eq!(wrong, (None, None));
        let page = read(&store, move |tx| messages::page(tx, room.pk, "Room", &whole())).await;
        assert_eq!(page, []);
        // The composed letter and the one with a combining mark look alike and are two tokens.
        write(&store, |tx| {
            insert_visitor(tx, &bare_visitor("1", "\u{e9}"))?;
            insert_visitor(tx, &bare_visitor("2", "e\u{301}"))
        })
        .await;
        let found = read(&store, |tx| visitors::by_token(tx, "e\u{301}")).await.unwrap();
        assert_eq!((found.id.as_str(), found.ts), ("2", NOW));
    }
}
