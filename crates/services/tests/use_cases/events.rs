//! What the world is told, after the commit.

use parlor_model::Event;
use parlor_model::message::ChangeKind;
use parlor_services::messages::{self, Edit, Remove, Send};
use parlor_services::rooms::{self, Close};
use parlor_services::visitors;

use crate::common::Desk;

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

#[tokio::test]
async fn every_change_is_told_with_its_number_in_the_rooms_log() {
    let desk = Desk::new();
    let visitor = desk.register("token", "Ana").await;
    assert_eq!(desk.heard(), [Event::VisitorSaved { visitor: visitor.clone() }]);
    let rid = desk.open_room("token").await;
    assert_eq!(names(&desk.heard()), ["message_sent", "room_opened"]);
    let id = desk.send("token", &rid, "hello").await;
    let told = |rev, kind| [Event::MessageChanged { rid: rid.clone(), message: id.clone(), rev, kind }];
    assert_eq!(desk.heard(), told(2, ChangeKind::Sent));
    let edit = Edit { token: "token".into(), rid: rid.clone(), id: id.clone(), msg: "edited".into() };
    desk.run(move |tx, ctx| messages::edit(tx, ctx, &edit)).await.unwrap();
    assert_eq!(desk.heard(), told(3, ChangeKind::Edited));
    let remove = Remove { id: id.clone(), credentials: None };
    desk.run(move |tx, ctx| messages::remove(tx, ctx, &remove)).await.unwrap();
    assert_eq!(desk.heard(), told(4, ChangeKind::Removed));
    let close = Close { token: "token".into(), rid: rid.clone() };
    desk.run(move |tx, ctx| rooms::close(tx, ctx, &close)).await.unwrap();
    assert_eq!(names(&desk.heard()), ["message_sent", "room_closed"]);
    desk.run(|tx, ctx| visitors::remove(tx, ctx, "token")).await.unwrap();
    assert_eq!(desk.heard(), [Event::VisitorRemoved { visitor }]);
}

#[tokio::test]
async fn what_was_refused_or_was_there_already_is_not_told() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    let id = desk.send("token", &rid, "hello").await;
    desk.heard();
    let again = Send { token: "token".into(), rid: rid.clone(), msg: "hello".into(), id };
    desk.run(move |tx, ctx| messages::send(tx, ctx, &again)).await.unwrap();
    assert_eq!(desk.open_room("token").await, rid);
    let refused = Send { token: "token".into(), rid: "nowhere".into(), msg: "hello".into(), id: "x".into() };
    desk.run(move |tx, ctx| messages::send(tx, ctx, &refused)).await.unwrap_err();
    assert_eq!(desk.heard(), []);
}
