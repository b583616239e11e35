//! Durable work from its birth to its end.

use parlor_model::mail_domain::DomainVerdict;
use parlor_model::{Clock, Job, Millis};
use parlor_services::jobs::{self, ATTEMPTS, Claimed, LEASE, Outcome};
use parlor_services::offline::{self, Leave};
use parlor_store::StoreError;

use crate::common::Desk;

/// A desk with one mail to send.
async fn with_a_mail() -> Desk {
    let mut desk = Desk::new();
    desk.settings.offline_email = "desk@example.org".into();
    let leave = Leave {
        name: "Ana".into(),
        email: "ana@example.org".into(),
        message: "help".into(),
        department: None,
        host: None,
        domain: DomainVerdict::Unknown,
    };
    desk.run(move |tx, ctx| offline::leave(tx, ctx, &leave)).await.unwrap();
    desk
}

async fn claim(desk: &Desk) -> Vec<Claimed> {
    let now = desk.clock.now();
    desk.store.write("jobs", move |tx| jobs::claim(tx, now)).await.unwrap()
}

async fn settle(desk: &Desk, job: &Claimed, outcome: Outcome) {
    let (now, pk, attempts) = (desk.clock.now(), job.pk, job.attempts);
    let settled: Result<(), StoreError> =
        desk.store.write("jobs", move |tx| jobs::settle(tx, now, pk, attempts, &outcome)).await;
    settled.unwrap();
}

async fn next_due(desk: &Desk) -> Option<Millis> {
    desk.read(parlor_store::jobs::next_due).await
}

#[tokio::test]
async fn a_mail_is_claimed_once_and_gone_when_done() {
    let desk = with_a_mail().await;
    let mut claimed = claim(&desk).await;
    let job = claimed.pop().unwrap();
    let Ok(Job::Mail(mail)) = &job.job else { panic!("{job:?}") };
    assert_eq!((mail.to.as_str(), job.attempts), ("desk@example.org", 1));
    assert!(claimed.is_empty() && claim(&desk).await.is_empty(), "it is held");
    settle(&desk, &job, Outcome::Done).await;
    assert_eq!(desk.rows("SELECT COUNT(*) FROM job"), ["0"]);
}

#[tokio::test]
async fn a_worker_that_dies_gives_its_job_back_when_the_lease_ends() {
    let desk = with_a_mail().await;
    claim(&desk).await;
    desk.clock.advance(LEASE - 1);
    assert!(claim(&desk).await.is_empty());
    desk.clock.advance(1);
    assert_eq!(claim(&desk).await[0].attempts, 2);
}

#[tokio::test]
async fn a_job_is_put_off_ever_longer_and_stays_visible_when_given_up() {
    let desk = with_a_mail().await;
    let mut waits = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let job = claim(&desk).await.pop().unwrap();
        assert_eq!(job.attempts, attempt);
        settle(&desk, &job, Outcome::Later(format!("refused {attempt}"))).await;
        let Some(due) = next_due(&desk).await else { break };
        waits.push(due.0 - desk.clock.now().0);
        desk.clock.set(Millis(due.0 - 1));
        assert!(claim(&desk).await.is_empty(), "not before it is due");
        desk.clock.set(due);
    }
    assert_eq!(waits.len(), usize::try_from(ATTEMPTS).unwrap() - 1);
    assert!(waits.is_sorted() && waits[0] == 5_000, "{waits:?}");
    let failed = desk.read(parlor_store::jobs::failed).await;
    assert_eq!(failed[0].1, "mail");
    assert_eq!(failed[0].2.as_deref(), Some("refused 16"));
    desk.clock.advance(365 * 86_400_000);
    assert!(claim(&desk).await.is_empty(), "given up for good");
}

#[tokio::test]
async fn a_job_that_can_never_work_is_given_up_at_once() {
    let desk = with_a_mail().await;
    let job = claim(&desk).await.pop().unwrap();
    settle(&desk, &job, Outcome::Never("no such mailbox".into())).await;
    assert_eq!(desk.rows("SELECT state, attempts, last_error FROM job"), ["failed 1 no such mailbox"]);
}
