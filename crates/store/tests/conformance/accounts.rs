//! Accounts: found by any spelling of their names, their sessions, what their roles permit, failed logins.

use parlor_model::Millis;
use parlor_model::account::Account;
use parlor_model::lockout::Failures;
use parlor_store::accounts::{self, NewAccount};
use parlor_store::{Store, StoreError};

use crate::common::{NOW, Place, read, try_write, write};

const MARIA: NewAccount<'static> = NewAccount {
    id: "id-maria",
    username: "Maria",
    name: Some("Maria Silva"),
    email: Some("maria@example.org"),
    email_verified: true,
    password: Some("argon2id:x"),
};

fn later(ms: i64) -> Millis {
    Millis(NOW.0 + ms)
}

async fn maria(store: &Store) -> i64 {
    write(store, |tx| accounts::insert(tx, MARIA, NOW)).await
}

async fn holder(store: &Store, hash: &'static str, now: Millis) -> Option<Account> {
    read(store, move |tx| accounts::by_token(tx, hash, "id-maria", now)).await
}

on_both_engines! {
    async fn an_account_is_found_by_any_case_of_its_names(place: &Place) {
        let store = place.open().await;
        let pk = maria(&store).await;
        let found = read(&store, |tx| accounts::by_username(tx, "mARIA")).await.unwrap();
        assert_eq!((found.pk, found.username.as_str(), found.active), (pk, "Maria", true));
        assert_eq!((found.available, found.created_at, found.last_login_at), (None, NOW, None));
        assert_eq!(read(&store, |tx| accounts::by_email(tx, "MARIA@Example.org")).await, Some(found));
        assert_eq!(read(&store, |tx| accounts::by_username(tx, "mari")).await, None);
        assert_eq!(read(&store, move |tx| accounts::password(tx, pk)).await.unwrap(), "argon2id:x");
    }

    async fn names_and_addresses_belong_to_one_account(place: &Place) {
        let store = place.open().await;
        maria(&store).await;
        for other in [
            NewAccount { id: "2", email: None, username: "MARIA", ..MARIA },
            NewAccount { id: "3", username: "other", ..MARIA },
            NewAccount { username: "other", email: None, ..MARIA },
        ] {
            let refused = try_write(&store, move |tx| accounts::insert(tx, other, NOW)).await;
            assert!(matches!(refused, Err(StoreError::Conflict(_))), "{other:?}: {refused:?}");
        }
        // Several may have no address at all.
        for id in ["4", "5"] {
            write(&store, move |tx| {
                accounts::insert(tx, NewAccount { id, username: id, email: None, ..MARIA }, NOW)
            })
            .await;
        }
    }

    async fn a_token_lasts_until_it_ends_or_is_removed(place: &Place) {
        let store = place.open().await;
        let pk = maria(&store).await;
        write(&store, move |tx| accounts::add_token(tx, pk, "h1", NOW, later(10))).await;
        assert!(holder(&store, "h1", later(9)).await.is_some());
        assert!(holder(&store, "h1", later(10)).await.is_none());
        assert!(holder(&store, "h2", later(9)).await.is_none());
        let of_another = read(&store, |tx| accounts::by_token(tx, "h1", "id-other", NOW)).await;
        assert_eq!(of_another, None);
        // A new login sweeps out what has ended.
        write(&store, move |tx| accounts::add_token(tx, pk, "h2", later(10), later(99))).await;
        write(&store, move |tx| accounts::add_token(tx, pk, "h3", later(10), later(99))).await;
        assert!(holder(&store, "h1", NOW).await.is_none());
        write(&store, move |tx| accounts::remove_token(tx, pk, "h2")).await;
        assert!(holder(&store, "h2", later(20)).await.is_none());
        assert!(read(&store, |tx| accounts::of_resumed(tx, "h3", later(20))).await.is_some());
    }

    async fn roles_permit_what_people_left_them(place: &Place) {
        let store = place.open().await;
        let pk = maria(&store).await;
        write(&store, move |tx| {
            accounts::seed_role(tx, "admin", "Everything")?;
            accounts::seed_role(tx, "user", "Anyone")?;
            accounts::seed_permission(tx, "read", &["admin", "user"], NOW)?;
            accounts::seed_permission(tx, "write", &["admin"], NOW)?;
            accounts::add_role(tx, pk, "user")?;
            accounts::add_role(tx, pk, "user")
        })
        .await;
        let granted = async || {
            let mut all = read(&store, move |tx| accounts::granted(tx, pk)).await;
            all.sort();
            all
        };
        assert_eq!(granted().await, ["read"]);
        // Known already: the default roles of a later start change nothing.
        write(&store, |tx| accounts::seed_permission(tx, "write", &["user"], NOW)).await;
        assert_eq!(granted().await, ["read"]);
        write(&store, move |tx| accounts::add_role(tx, pk, "admin")).await;
        assert_eq!(granted().await, ["read", "write"]);
        assert_eq!(read(&store, move |tx| accounts::roles_of(tx, pk)).await, ["admin", "user"]);
        let unknown = try_write(&store, move |tx| accounts::add_role(tx, pk, "nonsense")).await;
        assert!(matches!(unknown, Err(StoreError::Engine(_))), "{unknown:?}");
    }

    async fn failures_are_kept_by_key(place: &Place) {
        let store = place.open().await;
        let of = async |key: &'static str| read(&store, move |tx| accounts::failures(tx, key)).await;
        assert_eq!(of("name:a").await, None);
        for count in 1..=2 {
            let failures = Failures { count, last: later(count) };
            write(&store, move |tx| accounts::set_failures(tx, "name:a", failures)).await;
            assert_eq!(of("name:a").await, Some(failures));
        }
        write(&store, |tx| accounts::forget_failures(tx, "name:a")).await;
        assert_eq!(of("name:a").await, None);
    }
}
