//! Durable work: claimed under a lease, done, put off, given up, and never held by two.

use std::collections::HashSet;

use parlor_model::Millis;
use parlor_model::job::{Job, Mail};
use parlor_store::jobs::Claimed;
use parlor_store::{Store, jobs};

use crate::common::fixtures::insert_visitor;
use crate::common::{NOW, Place, read, soon, submit, try_write, write};

fn mail(id: &str) -> Job {
    Job::Mail(Mail {
        id: id.into(),
        to: "ann@example.org".into(),
        from_name: "Žofie".into(),
        reply_to: None,
        subject: "s".into(),
        text: "t".into(),
        html: "<p>".into(),
    })
}

fn later(ms: i64) -> Millis {
    Millis(NOW.0 + ms)
}

async fn enqueue(store: &Store, id: &'static str, due: Millis) {
    write(store, move |tx| tx.enqueue(NOW, due, &mail(id))).await;
}

async fn claim(store: &Store, now: Millis, lease_end: Millis, limit: i64) -> Vec<Claimed> {
    write(store, move |tx| jobs::claim(tx, now, lease_end, limit)).await
}

fn ids(claimed: &[Claimed]) -> Vec<String> {
    let mut ids: Vec<_> = claimed
        .iter()
        .map(|c| match c.job.as_ref().unwrap() {
            Job::Mail(mail) => mail.id.clone(),
        })
        .collect();
    // A claim promises which jobs, not their order.
    ids.sort();
    ids
}

on_both_engines! {
    async fn a_job_is_claimed_once_it_is_due(place: &Place) {
        let store = place.open().await;
        enqueue(&store, "now", NOW).await;
        enqueue(&store, "later", later(5)).await;
        assert_eq!(read(&store, jobs::next_due).await, Some(NOW));
        let claimed = claim(&store, NOW, later(100), 10).await;
        assert_eq!(ids(&claimed), ["now"]);
        assert_eq!(claimed[0].attempts, 1);
        assert_eq!(claimed[0].job.as_ref().unwrap(), &mail("now"));
        assert_eq!(ids(&claim(&store, later(5), later(100), 10).await), ["later"]);
        assert_eq!(ids(&claim(&store, later(99), later(200), 10).await), [""; 0]);
    }

    async fn the_oldest_due_are_claimed_first(place: &Place) {
        let store = place.open().await;
        for (id, ms) in [("c", 3), ("a", 1), ("b", 2)] {
            enqueue(&store, id, later(ms)).await;
        }
        assert_eq!(ids(&claim(&store, later(9), later(100), 2).await), ["a", "b"]);
        assert_eq!(ids(&claim(&store, later(9), later(100), 2).await), ["c"]);
    }

    async fn a_lease_that_ends_gives_the_job_back(place: &Place) {
        let store = place.open().await;
        enqueue(&store, "a", NOW).await;
        claim(&store, NOW, later(10), 1).await;
        assert_eq!(ids(&claim(&store, later(9), later(20), 1).await), [""; 0]);
        let again = claim(&store, later(10), later(20), 1).await;
        assert_eq!((ids(&again), again[0].attempts), (vec!["a".into()], 2));
    }

    async fn a_job_that_is_done_is_gone(place: &Place) {
        let store = place.open().await;
        enqueue(&store, "a", NOW).await;
        let pk = claim(&store, NOW, later(10), 1).await[0].pk;
        assert_eq!(read(&store, |tx| jobs::count(tx, "waiting")).await, 1);
        write(&store, move |tx| jobs::done(tx, pk)).await;
        assert_eq!(read(&store, |tx| jobs::count(tx, "waiting")).await, 0);
        assert_eq!(read(&store, jobs::next_due).await, None);
    }

    async fn a_job_put_off_waits_until_then(place: &Place) {
        let store = place.open().await;
        enqueue(&store, "a", NOW).await;
        let pk = claim(&store, NOW, later(10), 1).await[0].pk;
        write(&store, move |tx| jobs::put_off(tx, pk, later(50), "no route")).await;
        assert_eq!(read(&store, jobs::next_due).await, Some(later(50)));
        assert_eq!(ids(&claim(&store, later(49), later(99), 1).await), [""; 0]);
        assert_eq!(claim(&store, later(50), later(99), 1).await[0].attempts, 2);
    }

    async fn a_job_given_up_stays_and_is_never_claimed(place: &Place) {
        let store = place.open().await;
        enqueue(&store, "a", NOW).await;
        let pk = claim(&store, NOW, later(10), 1).await[0].pk;
        write(&store, move |tx| jobs::give_up(tx, pk, "refused")).await;
        assert_eq!(ids(&claim(&store, later(1000), later(2000), 10).await), [""; 0]);
        assert_eq!(read(&store, jobs::failed).await, [(pk, "mail".into(), Some("refused".into()))]);
        let counts = read(&store, |tx| Ok((jobs::count(tx, "waiting")?, jobs::count(tx, "failed")?))).await;
        assert_eq!(counts, (0, 1));
        assert_eq!(read(&store, jobs::next_due).await, None);
    }

    async fn two_claimers_never_get_the_same_job(place: &Place) {
        let store = place.open_with(|o| o.writers = 4).await;
        write(&store, |tx| (0..40).try_for_each(|i| tx.enqueue(NOW, NOW, &mail(&i.to_string())))).await;
        let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut seen = HashSet::new();
        for _ in 0..2 {
            let mut claimers = Vec::new();
            for key in keys {
                claimers.push(submit(&store, key, |tx| jobs::claim(tx, NOW, later(10), 3)).await);
            }
            for claimer in claimers {
                for claimed in claimer.answer().await.unwrap() {
                    assert_eq!(claimed.attempts, 1);
                    assert!(seen.insert(claimed.pk), "claimed twice");
                }
            }
        }
        assert_eq!(seen.len(), 40);
    }

    async fn a_refused_command_leaves_no_job(place: &Place) {
        let store = place.open().await;
        let refused = try_write(&store, |tx| {
            tx.enqueue(NOW, NOW, &mail("a"))?;
            insert_visitor(tx, &crate::common::fixtures::bare_visitor("v", "t"))?;
            insert_visitor(tx, &crate::common::fixtures::bare_visitor("v", "t"))
        })
        .await;
        assert!(refused.is_err());
        assert_eq!(read(&store, |tx| jobs::count(tx, "waiting")).await, 0);
    }

    async fn whoever_listens_learns_that_a_commit_added_jobs(place: &Place) {
        let store = place.open().await;
        crate::common::fixtures::visitor(&store, "a").await;
        enqueue(&store, "a", NOW).await;
        // A use case that enqueued and then failed has added none.
        let gate = crate::common::gate::Gate::close(&store, "key").await;
        let refused = submit(&store, "key", |tx| {
            tx.enqueue(NOW, NOW, &mail("b"))?;
            Err::<(), _>(parlor_store::StoreError::Full)
        })
        .await;
        let kept = submit(&store, "key", |_| Ok(())).await;
        gate.open().await;
        assert!(soon(refused.answer()).await.is_err());
        kept.answer().await.unwrap();
        assert_eq!(place.heard_of_jobs(), [false, true, false, false]);
    }
}
