//! The computations themselves and the stored form of their results. No threads, no queue.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::Error as HashError;
use argon2::password_hash::phc::ParamsString;
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, Version};
use bcrypt::{BcryptError, HashParts};
use parlor_model::IdSource;
use parlor_model::password::{PasswordDigest, Verdict};

use crate::SystemIds;

const ARGON: &str = "argon2id:";
const BCRYPT: &str = "bcrypt:";
/// Bytes of salt in new hashes.
const SALT: usize = 16;
/// Stored work beyond this is not done, because one login would hold a thread or the memory for too long: KiB,
/// passes and lanes for argon2id, the binary logarithm of the rounds for bcrypt (16 is several seconds).
const MOST_MEMORY: u32 = 256 * 1_024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;
const MOST_BCRYPT_COST: u32 = 16;

/// Why a computation came to nothing, whatever the password is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Parameters out of range, or no memory.
    #[error("argon2id: {0}")]
    Argon(#[from] HashError),
    /// Parameters out of range.
    #[error("bcrypt: {0}")]
    Bcrypt(BcryptError),
    /// A hash made with these parameters would not be verified.
    #[error("at most {MOST_MEMORY} KiB, {MOST_PASSES} passes and {MOST_LANES} lanes are supported")]
    TooMuch,
}

/// Hashes with today's parameters, verifies with those of the stored hash.
pub(super) struct Scheme {
    today: Params,
    /// Compared with where there is nothing to compare with. Nobody knows its password.
    dummy: PasswordHash,
    computations: AtomicU64,
}

impl Scheme {
    /// Memory in KiB.
    pub(super) fn new(memory: u32, passes: u32, lanes: u32) -> Result<Self, Failure> {
        let too_much = memory > MOST_MEMORY || passes > MOST_PASSES || lanes > MOST_LANES;
        if too_much {
            return Err(Failure::TooMuch);
        }
        let today =
            Params::new(memory, passes, lanes, Some(Params::DEFAULT_OUTPUT_LEN)).map_err(HashError::from)?;
        // Made with the least work and then said to be today's: it fits no password either way, and a server that
        // nobody has logged in to yet has not taken the memory of a real one.
        let least = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, 1, today.output_len());
        let least = argon(least.map_err(HashError::from)?, Version::V0x13);
        let mut dummy = least.hash_password_with_salt(&SystemIds.secret(), &salt())?;
        dummy.params = ParamsString::try_from(&today)?;
        Ok(Self { today, dummy, computations: AtomicU64::new(0) })
    }

    pub(super) fn computations(&self) -> u64 {
        self.computations.load(Ordering::Relaxed)
    }

    /// The stored form of a password.
    pub(super) fn hash(&self, password: &PasswordDigest) -> Result<String, Failure> {
        let hash = self.argon(self.today.clone(), Version::V0x13, password, &salt())?;
        Ok(format!("{ARGON}{hash}"))
    }

    /// See [`parlor_model::Passwords::verify`].
    pub(super) fn verify(&self, password: &PasswordDigest, stored: Option<&str>) -> Result<Verdict, Failure> {
        let is_right = match stored.and_then(Stored::read) {
            Some(Stored::Argon(hash)) => self.argon_fits(password, &hash)?.then(|| self.is_todays(&hash)),
            Some(Stored::Bcrypt(hash)) => self.bcrypt_fits(password, hash)?.then_some(false),
            None => {
                if stored.is_some_and(|text| !text.is_empty()) {
                    tracing::warn!(
                        "a stored password hash cannot be read; its account cannot log in by password"
                    );
                }
                self.argon_fits(password, &self.dummy)?;
                None
            }
        };
        Ok(match is_right {
            Some(true) => Verdict::Right,
            Some(false) => Verdict::RightButOld,
            None => Verdict::Wrong,
        })
    }

    fn argon_fits(&self, password: &PasswordDigest, stored: &PasswordHash) -> Result<bool, Failure> {
        let salt = stored.salt.as_deref().unwrap_or_default();
        let again = self.argon(Params::try_from(stored)?, version(stored)?, password, salt)?;
        // The comparison of outputs takes the same time wherever they differ.
        Ok(stored.hash.is_some() && again.hash == stored.hash)
    }

    fn argon(
        &self,
        params: Params,
        version: Version,
        password: &PasswordDigest,
        salt: &[u8],
    ) -> Result<PasswordHash, HashError> {
        self.computations.fetch_add(1, Ordering::Relaxed);
        argon(params, version).hash_password_with_salt(password.as_hex().as_bytes(), salt)
    }

    fn bcrypt_fits(&self, password: &PasswordDigest, stored: &str) -> Result<bool, Failure> {
        self.computations.fetch_add(1, Ordering::Relaxed);
        bcrypt::verify(password.as_hex(), stored).map_err(Failure::Bcrypt)
    }

    fn is_todays(&self, hash: &PasswordHash) -> bool {
        Params::try_from(hash).is_ok_and(|params| params == self.today)
            && version(hash).is_ok_and(|version| version == Version::V0x13)
    }
}

/// A stored text that can be held against a password in bounded time.
enum Stored<'a> {
    Argon(Box<PasswordHash>),
    Bcrypt(&'a str),
}

impl<'a> Stored<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if let Some(phc) = text.strip_prefix(ARGON) {
            return PasswordHash::new(phc)
                .ok()
                .filter(is_bounded_argon)
                .map(|hash| Self::Argon(Box::new(hash)));
        }
        let hash = text.strip_prefix(BCRYPT).unwrap_or(text);
        let is_known = ["$2a$", "$2b$", "$2y$"].iter().any(|version| hash.starts_with(version));
        let parts: HashParts = hash.parse().ok()?;
        (is_known && (4..=MOST_BCRYPT_COST).contains(&parts.get_cost())).then_some(Self::Bcrypt(hash))
    }
}

fn is_bounded_argon(hash: &PasswordHash) -> bool {
    let is_bounded = |params: Params| {
        params.m_cost() <= MOST_MEMORY && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES
    };
    hash.algorithm == Algorithm::Argon2id.ident()
        && version(hash).is_ok()
        && hash.salt.is_some()
        && hash.hash.is_some()
        && Params::try_from(hash).is_ok_and(is_bounded)
}

/// The version that a stored hash names; one that names none is not ours.
fn version(hash: &PasswordHash) -> Result<Version, HashError> {
    hash.version.ok_or(HashError::Version)?.try_into().map_err(|_| HashError::Version)
}

fn argon(params: Params, version: Version) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, version, params)
}

fn salt() -> [u8; SALT] {
    let mut salt = [0; SALT];
    salt.copy_from_slice(&SystemIds.secret()[..SALT]);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tiny() -> Scheme {
        Scheme::new(8, 1, 1).unwrap()
    }

    #[test]
    fn the_comparison_for_nobody_is_todays_work_and_can_be_read_back() {
        let scheme = Scheme::new(16, 2, 2).unwrap();
        assert!(scheme.is_todays(&scheme.dummy));
        assert!(is_bounded_argon(&scheme.dummy));
    }

    #[test]
    fn an_older_version_of_argon2_fits_and_is_old() {
        let (scheme, password) = (tiny(), PasswordDigest::from_clear("secret"));
        let hash = scheme.argon(scheme.today.clone(), Version::V0x10, &password, &salt()).unwrap();
        assert_eq!(scheme.verify(&password, Some(&format!("{ARGON}{hash}"))).unwrap(), Verdict::RightButOld);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn damage_to_a_stored_text_is_never_a_failure(at in any::<prop::sample::Index>(), sign in any::<char>()) {
            let (scheme, password) = (tiny(), PasswordDigest::from_clear("secret"));
            let bcrypt = bcrypt::hash_with_salt(password.as_hex(), 4, [7; SALT]).unwrap();
            for stored in [scheme.hash(&password).unwrap(), format!("{BCRYPT}{bcrypt}")] {
                prop_assert!(Stored::read(&stored).is_some());
                let mut signs: Vec<char> = stored.chars().collect();
                *at.get_mut(&mut signs) = sign;
                prop_assert!(scheme.verify(&password, Some(&String::from_iter(signs))).is_ok());
            }
        }

        #[test]
        fn any_text_may_be_stored(text in ".*", scheme in "(argon2id:|bcrypt:)?") {
            let verdict = tiny().verify(&PasswordDigest::from_clear("secret"), Some(&(scheme + &text)));
            prop_assert_eq!(verdict.unwrap(), Verdict::Wrong);
        }
    }
}
