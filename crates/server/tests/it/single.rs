//! One server for one SQLite file.

use crate::place::Place;

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_with_code_1() {
    let place = Place::sqlite();
    let first = place.setup().open().start().await;
    let mut second = place.setup().open().launch();
    let status = second.wait().await;
    assert_eq!(status.code(), Some(1));
    let said = second.err.whole().await;
    let clear = format!("parlor: another server has {} open", place.folder().join("parlor.db").display());
    assert!(said.contains(&clear), "{said}");
    assert_eq!(second.out.whole().await, "", "it never said that it listens");
    let rid = first.api().visitor_with_room("first").await;
    first.api().message("first", &rid, "", "still served").await.ok();
}

#[tokio::test]
async fn a_killed_server_leaves_no_lock_behind() {
    let place = Place::sqlite();
    place.setup().open().start().await.kill9().await;
    let again = place.setup().open().start().await;
    again.api().get("/health/ready").await.ok();
}
