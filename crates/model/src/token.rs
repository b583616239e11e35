//! Login tokens: what a client keeps, and the one-way form of it that is stored.
//!
//! A token is 256 random bits, so a plain fast hash of it cannot be searched through; only passwords need slow ones.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::IdSource;

/// Characters of a token made here. Imported ones may have other lengths.
pub const LENGTH: usize = 43;

/// A new login token: 32 secret bytes as 43 characters of URL-safe base64 (`A-Z a-z 0-9 - _`), without padding.
pub fn new_token(ids: &dyn IdSource) -> String {
    URL_SAFE_NO_PAD.encode(ids.secret())
}

/// What is stored of a token and looked up by: the SHA-256 digest of its text in standard base64 with padding, 44
/// characters. The same form as the reference's (section 1.2 of `agent-api.md`), so imported tokens keep working.
pub fn hash_token(token: &str) -> String {
    STANDARD.encode(Sha256::digest(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Counts, because what a token looks like must not hang on luck.
    struct Counting(AtomicU64);

    impl IdSource for Counting {
        fn random(&self) -> u64 {
            self.0.fetch_add(0x0123_4567_89AB_CDEF, Ordering::Relaxed)
        }
    }

    #[test]
    fn a_token_has_43_characters_that_need_no_escape() {
        let ids = Counting(AtomicU64::new(0));
        for _ in 0..200 {
            let token = new_token(&ids);
            assert_eq!(token.len(), LENGTH);
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
        }
    }

    #[test]
    fn every_bit_of_the_secret_is_in_the_token() {
        let ids = || Counting(AtomicU64::new(u64::MAX));
        assert_eq!(URL_SAFE_NO_PAD.decode(new_token(&ids())).unwrap(), ids().secret());
    }

    #[test]
    fn the_published_digests_are_made() {
        assert_eq!(hash_token(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash_token("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
}
