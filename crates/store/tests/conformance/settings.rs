//! Stored settings: a value takes the place of the one before, and other ids keep theirs.

use parlor_model::Millis;
use parlor_store::{Store, StoreError, settings};

use crate::common::{NOW, Place, read, try_write, write};

async fn save(store: &Store, id: &'static str, value: &'static str, now: Millis) {
    write(store, move |tx| settings::save(tx, id, value, now)).await;
}

on_both_engines! {
    async fn a_saved_value_takes_the_place_of_the_one_before(place: &Place) {
        let store = place.open().await;
        assert_eq!(read(&store, settings::all).await, []);
        let later = Millis(NOW.0 + 1_000);
        save(&store, "b", "1", NOW).await;
        save(&store, "a", "", NOW).await;
        save(&store, "b", "[\"two\", \"'\"]", later).await;
        let expected = [("a", ""), ("b", "[\"two\", \"'\"]")].map(|(id, value)| (id.to_owned(), value.to_owned()));
        assert_eq!(read(&store, settings::all).await, expected);
        assert_eq!(read(&store, |tx| settings::find(tx, "a")).await.as_deref(), Some(""));
        assert_eq!(read(&store, |tx| settings::find(tx, "c")).await, None);
        let at = place.raw("SELECT CAST(updated_at AS TEXT) FROM setting WHERE id = 'b'").await;
        assert_eq!(at, Some(later.0.to_string()));
    }

    async fn a_value_that_never_changes_is_that_of_the_first(place: &Place) {
        let store = place.open().await;
        for value in ["first", "second"] {
            let stored = write(&store, move |tx| settings::save_first(tx, "uniqueID", value, NOW)).await;
            assert_eq!(stored, "first");
        }
    }

    async fn nothing_of_a_refused_change_stays(place: &Place) {
        let store = place.open().await;
        save(&store, "a", "1", NOW).await;
        let refused = try_write(&store, |tx| {
            settings::save(tx, "a", "2", NOW)?;
            settings::save(tx, "b", "2", NOW)?;
            Err::<(), _>(StoreError::Busy)
        });
        assert_eq!(refused.await, Err(StoreError::Busy));
        assert_eq!(read(&store, settings::all).await, [("a".to_owned(), "1".to_owned())]);
    }
}
