//! The schema: made on an empty database, left alone on a current one, refused when it is newer.

use std::sync::Arc;

use parlor_store::{Migrated, Store, StoreError, StoreOptions, migrate_only};

use crate::common::fixtures::visitor;
use crate::common::{NOW, Place, soon};

async fn migrate(url: String) -> Result<Migrated, StoreError> {
    let migrating = tokio::task::spawn_blocking(move || migrate_only(&StoreOptions::new(url), NOW));
    soon(migrating).await.unwrap()
}

on_both_engines! {
    async fn a_new_database_gets_every_migration_and_keeps_it(place: &Place) {
        let first = migrate(place.url()).await.unwrap();
        assert_eq!((first.from, first.snapshot), (0, None));
        assert!(first.to > 0);
        let versions = place.raw("SELECT CAST(COUNT(*) AS TEXT) FROM schema_migration").await;
        assert_eq!(versions, Some(first.to.to_string()));
        let second = migrate(place.url()).await.unwrap();
        assert_eq!(second, Migrated { from: first.to, to: first.to, snapshot: None });
    }

    async fn opening_a_store_migrates_it(place: &Place) {
        let options = StoreOptions::new(place.url());
        let open = || {
            let options = options.clone();
            async {
                let opening = tokio::task::spawn_blocking(move || Store::open(&options, Arc::new(()), NOW));
                soon(opening).await.unwrap().unwrap()
            }
        };
        let (store, first) = open().await;
        visitor(&store, "a").await;
        soon(store.stop()).await;
        let (store, second) = open().await;
        soon(store.stop()).await;
        assert_eq!((first.from, second.from), (0, first.to));
        assert_eq!(second.snapshot, None);
    }

    async fn a_newer_schema_is_refused_and_left_alone(place: &Place) {
        let newest = migrate(place.url()).await.unwrap().to;
        place.raw("INSERT INTO schema_migration (version, name, applied_at) VALUES (999, 'future', 0)").await;
        let before = place.is_file().then(|| std::fs::read(place.file()).unwrap());
        let refused = migrate(place.url()).await.unwrap_err().to_string();
        for part in ["999", &newest.to_string(), "newer"] {
            assert!(refused.contains(part), "{refused:?} does not tell {part}");
        }
        let options = StoreOptions::new(place.url());
        let opening = tokio::task::spawn_blocking(move || Store::open(&options, Arc::new(()), NOW).map(drop));
        assert_eq!(soon(opening).await.unwrap().unwrap_err().to_string(), refused);
        if let Some(before) = before {
            assert!(std::fs::read(place.file()).unwrap() == before, "the file was changed");
        }
        let versions = place.raw("SELECT CAST(COUNT(*) AS TEXT) FROM schema_migration").await;
        assert_eq!(versions, Some((newest + 1).to_string()));
    }

    async fn an_address_that_means_nothing_is_refused(place: &Place) {
        for url in ["", "mysql://localhost/parlor", "parlor.db"] {
            assert!(matches!(migrate(url.into()).await, Err(StoreError::Engine(_))), "{url}");
        }
        // The one that means something works, so the others were refused for what they are.
        migrate(place.url()).await.unwrap();
    }
}

mod nodes {
    use super::*;

    #[test]
    fn two_nodes_that_start_at_once_migrate_once() {
        crate::common::on_postgres(async |place: &Place| {
            let nodes = tokio::join!(migrate(place.url()), migrate(place.url()), migrate(place.url()));
            let found = [nodes.0, nodes.1, nodes.2].map(|m| m.unwrap().from);
            assert_eq!(found.iter().filter(|&&from| from == 0).count(), 1, "{found:?}");
        });
    }
}
