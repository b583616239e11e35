//! Passwords: what clients send of them, and the question whether it fits what is stored.
//!
//! Clients send the clear password or its SHA-256 digest in hex, and both must log in (section 2.1 of
//! `agent-api.md`). So the clear form is turned into the digest at the door, and only digests travel further.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use sha2::{Digest, Sha256};

/// Signs of a SHA-256 digest in hex.
const LENGTH: usize = 64;

/// The SHA-256 digest of a clear password in UTF-8, as 64 lower-case hex characters.
///
/// As good as the password itself for logging in, so it is never printed, and it cannot be compared: that is what
/// [`Passwords::verify`] is for.
#[derive(Clone)]
pub struct PasswordDigest(String);

impl PasswordDigest {
    /// The digest of a password as a person typed it, byte for byte (nothing is trimmed or normalised).
    pub fn from_clear(password: &str) -> Self {
        let nibbles = Sha256::digest(password).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Self(nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect())
    }

    /// A digest that a client made: exactly 64 hex characters of either case. `None` for anything else, which
    /// callers answer like a wrong password (section 5.1 of `realtime-and-clients.md`: a client may put the clear
    /// password here).
    pub fn from_digest(hex: &str) -> Option<Self> {
        let fits = hex.len() == LENGTH && hex.bytes().all(|sign| sign.is_ascii_hexdigit());
        fits.then(|| Self(hex.to_ascii_lowercase()))
    }

    /// The 64 characters, for hashing. Never for a log, an answer or the database.
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(..)")
    }
}

/// What a password is, held against what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the account's.
    Right,
    /// It is the account's, and the stored form is imported or weaker or stronger than today's: hash it again and
    /// store that, now that the password is at hand.
    RightButOld,
    /// It is not, or there is no such account, or nothing readable is stored for it.
    Wrong,
}

/// Nothing was found out: too many are waiting already, or the machine had no memory for the work. Worth a later
/// try; says nothing about the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordsBusy;

impl fmt::Display for PasswordsBusy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many passwords are being checked at this moment")
    }
}

impl std::error::Error for PasswordsBusy {}

/// An answer that takes some tens of milliseconds of a processor, and the wait for one.
pub type PasswordAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PasswordsBusy>> + Send + 'a>>;

/// Hashes and verifies passwords, slowly by intent. The real one lives in the adapters.
///
/// What is stored is a scheme, a colon and what the scheme needs: `argon2id:$argon2id$v=19$…` or, imported,
/// `bcrypt:$2b$…`, both over the 64 characters of the digest. A bare `$2a$`, `$2b$` or `$2y$` is bcrypt too.
pub trait Passwords: Send + Sync {
    /// What to store for this password: text in ASCII, another one at every call.
    fn hash(&self, password: PasswordDigest) -> PasswordAnswer<'_, String>;

    /// Holds a password against what is stored. `None`, for an unknown account or one without a password, costs as
    /// much as a comparison with a hash of today's parameters and is [`Verdict::Wrong`], so that neither answer nor
    /// time tell whether the account exists; so does a stored text that cannot be read.
    fn verify(&self, password: PasswordDigest, stored: Option<String>) -> PasswordAnswer<'_, Verdict>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_published_digest_of_abc_is_made() {
        assert_eq!(PasswordDigest::from_clear("abc").as_hex(), ABC);
    }

    #[test]
    fn digests_of_either_case_are_the_same_digest() {
        assert_eq!(PasswordDigest::from_digest(ABC).unwrap().as_hex(), ABC);
        assert_eq!(PasswordDigest::from_digest(&ABC.to_uppercase()).unwrap().as_hex(), ABC);
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let beside_hex = ABC.replace('b', "g");
        let (short, long, padded) = (&ABC[1..], format!("{ABC}0"), format!(" {}", &ABC[1..]));
        let wide = "é".repeat(LENGTH / 2);
        for text in ["", "secret", short, &long, &padded, &beside_hex, &wide] {
            assert!(PasswordDigest::from_digest(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_output_hides_the_digest() {
        assert_eq!(format!("{:?}", PasswordDigest::from_clear("abc")), "PasswordDigest(..)");
    }

    proptest! {
        #[test]
        fn a_clear_passwords_digest_is_a_digest(password in ".*") {
            let digest = PasswordDigest::from_clear(&password);
            let again = PasswordDigest::from_digest(digest.as_hex()).unwrap();
            prop_assert_eq!(digest.as_hex(), again.as_hex());
        }
    }
}
