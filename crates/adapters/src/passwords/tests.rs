use std::task::{Context, Poll, Waker};

use super::*;

const OF_SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

fn secret() -> PasswordDigest {
    PasswordDigest::from_clear("secret")
}

fn other() -> PasswordDigest {
    PasswordDigest::from_clear("Secret")
}

fn quick() -> ArgonPasswords {
    ArgonPasswords::new(PasswordOptions::weakest()).unwrap()
}

async fn verdict(passwords: &ArgonPasswords, password: PasswordDigest, stored: &str) -> Verdict {
    passwords.verify(password, Some(stored.into())).await.unwrap()
}

/// Polls once with nobody to wake.
fn poll<T>(answer: &mut PasswordAnswer<'_, T>) -> Poll<Result<T, PasswordsBusy>> {
    answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn bcrypt_of_secret() -> bcrypt::HashParts {
    bcrypt::hash_with_salt(OF_SECRET, 4, *b"sixteen letters!").unwrap()
}

#[tokio::test]
async fn the_clear_password_and_its_digest_fit_the_same_hash() {
    let passwords = quick();
    let stored = passwords.hash(secret()).await.unwrap();
    assert!(stored.starts_with("argon2id:$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
    let digest = PasswordDigest::from_digest(&OF_SECRET.to_uppercase()).unwrap();
    assert_eq!(verdict(&passwords, secret(), &stored).await, Verdict::Right);
    assert_eq!(verdict(&passwords, digest, &stored).await, Verdict::Right);
    assert_eq!(verdict(&passwords, other(), &stored).await, Verdict::Wrong);
}

#[tokio::test]
async fn a_password_is_never_hashed_to_the_same_text_twice() {
    let passwords = quick();
    assert_ne!(passwords.hash(secret()).await, passwords.hash(secret()).await);
}

#[tokio::test]
async fn the_default_work_is_what_owasp_asks_for() {
    let passwords = ArgonPasswords::new(PasswordOptions::default()).unwrap();
    let stored = passwords.hash(secret()).await.unwrap();
    assert!(stored.starts_with("argon2id:$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    assert_eq!(verdict(&passwords, secret(), &stored).await, Verdict::Right);
}

#[tokio::test]
async fn imported_bcrypt_fits_and_is_old() {
    let passwords = quick();
    for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
        let bare = bcrypt_of_secret().format_for_version(version);
        for stored in [format!("bcrypt:{bare}"), bare] {
            assert_eq!(verdict(&passwords, secret(), &stored).await, Verdict::RightButOld, "{stored}");
            assert_eq!(verdict(&passwords, other(), &stored).await, Verdict::Wrong, "{stored}");
        }
    }
}

#[tokio::test]
async fn argon2_with_other_parameters_fits_and_is_old() {
    let today = quick();
    let weakest = PasswordOptions::weakest();
    let others = [
        PasswordOptions { memory: 16, ..weakest },
        PasswordOptions { passes: 2, ..weakest },
        PasswordOptions { memory: 16, lanes: 2, ..weakest },
    ];
    for options in others {
        let stored = ArgonPasswords::new(options).unwrap().hash(secret()).await.unwrap();
        assert_eq!(verdict(&today, secret(), &stored).await, Verdict::RightButOld, "{stored}");
        assert_eq!(verdict(&today, other(), &stored).await, Verdict::Wrong, "{stored}");
    }
}

#[tokio::test]
async fn an_unknown_account_costs_what_a_known_one_costs() {
    let passwords = quick();
    let stored = passwords.hash(secret()).await.unwrap();
    let before = passwords.computations();
    assert_eq!(verdict(&passwords, other(), &stored).await, Verdict::Wrong);
    assert_eq!(passwords.computations(), before + 1);
    assert_eq!(passwords.verify(other(), None).await, Ok(Verdict::Wrong));
    assert_eq!(passwords.computations(), before + 2);
}

#[tokio::test]
async fn a_stored_text_that_cannot_be_read_costs_the_same_and_fits_nothing() {
    let passwords = quick();
    let argon = passwords.hash(secret()).await.unwrap();
    let bcrypt = bcrypt_of_secret().format_for_version(bcrypt::Version::TwoB);
    let garbage = [
        String::new(),
        OF_SECRET.into(),
        "argon2id:".into(),
        argon.trim_start_matches("argon2id:").into(),
        argon.rsplit_once('$').unwrap().0.into(),
        argon.replace("v=19", "v=18"),
        argon.replace("v=19$", ""),
        argon.replace("$argon2id$", "$argon2d$"),
        argon.replace("m=8", "m=7"),
        argon.replace("m=8", "m=4294967295"),
        argon.replace("t=1", "t=4294967295"),
        bcrypt.replace("$2b$", "$2x$"),
        bcrypt.replace("$04$", "$31$"),
        bcrypt.replace("$04$", "$03$"),
        format!("bcrypt:{argon}"),
        format!("md5:{bcrypt}"),
        bcrypt[..59].into(),
        "$2b$04$é".into(),
    ];
    for text in garbage {
        let before = passwords.computations();
        assert_eq!(verdict(&passwords, secret(), &text).await, Verdict::Wrong, "{text}");
        assert_eq!(passwords.computations(), before + 1, "{text}");
    }
}

#[tokio::test]
async fn whoever_finds_the_queue_full_is_sent_away_at_once_and_the_others_are_served() {
    let options = PasswordOptions { working: 1, waiting: 2, ..PasswordOptions::weakest() };
    let passwords = ArgonPasswords::new(options).unwrap();
    let turn = passwords.working.clone().try_acquire_owned().unwrap();
    let mut inside: Vec<_> = (0..3).map(|_| passwords.hash(secret())).collect();
    for answer in &mut inside {
        assert!(poll(answer).is_pending());
    }
    assert_eq!(poll(&mut passwords.hash(secret())), Poll::Ready(Err(PasswordsBusy)));
    assert_eq!(poll(&mut passwords.verify(secret(), None)), Poll::Ready(Err(PasswordsBusy)));
    drop(turn);
    for answer in inside {
        assert!(answer.await.is_ok());
    }
    assert!(passwords.hash(secret()).await.is_ok());
}

#[tokio::test]
async fn whoever_stops_waiting_makes_room() {
    let options = PasswordOptions { working: 1, waiting: 0, ..PasswordOptions::weakest() };
    let passwords = ArgonPasswords::new(options).unwrap();
    let _turn = passwords.working.clone().try_acquire_owned().unwrap();
    let mut waiting = passwords.hash(secret());
    assert!(poll(&mut waiting).is_pending());
    assert_eq!(poll(&mut passwords.hash(secret())), Poll::Ready(Err(PasswordsBusy)));
    drop(waiting);
    assert!(poll(&mut passwords.hash(secret())).is_pending());
}

#[tokio::test]
async fn work_that_goes_wrong_gives_its_turn_back() {
    let options = PasswordOptions { working: 1, waiting: 0, ..PasswordOptions::weakest() };
    let passwords = ArgonPasswords::new(options).unwrap();
    let failed: Result<(), _> = passwords.run(|_| Err(Failure::TooMuch)).await;
    assert_eq!(failed, Err(PasswordsBusy));
    let panicked: Result<(), _> = passwords.run(|_| panic!("on purpose")).await;
    assert_eq!(panicked, Err(PasswordsBusy));
    assert!(passwords.hash(secret()).await.is_ok());
}

#[test]
fn options_that_cannot_work_are_refused() {
    let weakest = PasswordOptions::weakest();
    let refused = [
        PasswordOptions { memory: 7, ..weakest },
        PasswordOptions { memory: 300_000, ..weakest },
        PasswordOptions { passes: 0, ..weakest },
        PasswordOptions { passes: 17, ..weakest },
        PasswordOptions { lanes: 0, ..weakest },
        PasswordOptions { lanes: 17, ..weakest },
        PasswordOptions { memory: 8, lanes: 2, ..weakest },
    ];
    for options in refused {
        assert!(ArgonPasswords::new(options).is_err(), "{options:?}");
    }
}
