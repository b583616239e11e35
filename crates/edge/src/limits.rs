//! How often who may call what (section 1.6 of `visitor-api.md`, decision D9).
//!
//! Counts live in memory, in windows of fixed length, and are bounded: a full table forgets what has run out, then all.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Mutex;

use parlor_model::{Millis, Settings};

macro_rules! routes {
    ($($variant:ident $name:literal;)+) => {
        /// A route as limits and metrics know it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Route { $($variant),+ }

        impl Route {
            pub(crate) const ALL: &'static [Route] = &[$(Route::$variant),+];
            pub(crate) const COUNT: usize = Self::ALL.len();

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Route::$variant => $name),+ }
            }
        }
    };
}

routes! {
    MessageSend "POST livechat/message";
    MessageEdit "PUT livechat/message/:_id";
    MessageRemove "DELETE livechat/message/:_id";
    MessageOne "GET livechat/message/:_id";
    History "GET livechat/messages.history/:rid";
    Offline "POST livechat/offline.message";
    Config "GET livechat/config";
    VisitorSave "POST livechat/visitor";
    VisitorOne "GET livechat/visitor/:token";
    VisitorRemove "DELETE livechat/visitor/:token";
    RoomOpen "GET livechat/room";
    RoomClose "POST livechat/room.close";
    Login "POST login";
    Setup "/setup";
    Logout "POST logout";
    Me "GET me";
    SettingsPublic "GET settings.public";
    SettingOne "GET settings/:_id";
    SettingSave "POST settings/:_id";
}

const MINUTE: i64 = 60_000;
/// Guesses at message ids that one address may make per minute (decision D1).
const UNKNOWN_IDS: i64 = 3;
/// Calls with tokens that are nobody's that one address may make per minute.
const UNKNOWN_TOKENS: i64 = 60;
/// Calls of one endpoint that somebody who works here may make per minute: a console asks often, and a whole office may
/// share an address (section 1.7 of `agent-api.md`).
const STAFF_CALLS: i64 = 600;

/// A number of calls in a window of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowance {
    calls: i64,
    window: i64,
}

impl Route {
    fn allowance(self, settings: &Settings) -> Allowance {
        match self {
            Route::MessageSend => Allowance { calls: settings.rate_limit_messages_visitor, window: MINUTE },
            // The table's own numbers, unless the operator's default is more generous.
            Route::VisitorSave | Route::RoomOpen | Route::VisitorRemove => of_table(settings, 5, MINUTE),
            Route::Offline => of_table(settings, 1, 5_000),
            _ => Allowance { calls: settings.rate_limit_calls, window: settings.rate_limit_window },
        }
    }
}

fn of_table(settings: &Settings, calls: i64, window: i64) -> Allowance {
    let raised = settings.rate_limit_calls > Settings::default().rate_limit_calls;
    Allowance { calls: if raised { settings.rate_limit_calls } else { calls }, window }
}

/// What a counted call was told: the headers of section 1.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: i64,
    pub(crate) remaining: i64,
    /// When the window ends, in epoch milliseconds.
    pub(crate) reset: i64,
}

/// A call past its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) quota: Quota,
    pub(crate) wait_seconds: i64,
}

const SHARDS: usize = 16;
const SHARD_CAPACITY: usize = 16_384;

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: i64,
    calls: i64,
}

/// The counts of all callers.
#[derive(Default)]
pub(crate) struct Limiter {
    // Keyed by secret hashes: a caller cannot aim at another's counter, and no token is kept here.
    hasher: RandomState,
    shards: [Mutex<HashMap<u64, Window>>; SHARDS],
}

impl Limiter {
    /// Counts one call; `None` when counting is switched off. Every attempt counts, also a refused one.
    pub(crate) fn count(
        &self,
        settings: &Settings,
        route: Route,
        token: Option<&str>,
        address: Option<IpAddr>,
        now: Millis,
    ) -> Result<Option<Quota>, Exceeded> {
        if !settings.rate_limiter {
            return Ok(None);
        }
        let allowance = route.allowance(settings);
        let key = match token.filter(|t| !t.is_empty()) {
            Some(token) => self.hasher.hash_one((route, token)),
            None => self.hasher.hash_one((route, address)),
        };
        let quota = self.take(key, allowance, now)?;
        // One address may speak for many visitors, but not for any number of invented ones.
        let whole = Allowance { calls: settings.rate_limit_calls_address, window: MINUTE };
        self.take(self.hasher.hash_one(("address", address)), whole, now)?;
        Ok(Some(quota))
    }

    /// True while the address may still try ids it does not know.
    pub(crate) fn may_guess(
        &self,
        settings: &Settings,
        address: Option<IpAddr>,
        now: Millis,
    ) -> Result<(), Exceeded> {
        if !settings.rate_limiter {
            return Ok(());
        }
        self.look(self.guesses(address), UNKNOWN_IDS, now)
    }

    /// Counts an id that did not exist.
    pub(crate) fn guessed(&self, address: Option<IpAddr>, now: Millis) {
        // Past the limit there is nothing more to count.
        let _ = self.take(self.guesses(address), Allowance { calls: UNKNOWN_IDS, window: MINUTE }, now);
    }

    /// Counts a call by the account `id`, whatever its address.
    pub(crate) fn count_staff(
        &self,
        settings: &Settings,
        route: Route,
        id: &str,
        now: Millis,
    ) -> Result<Option<Quota>, Exceeded> {
        if !settings.rate_limiter {
            return Ok(None);
        }
        let key = self.hasher.hash_one(("staff", route, id));
        self.take(key, Allowance { calls: STAFF_CALLS, window: MINUTE }, now).map(Some)
    }

    /// True while the address may still try tokens.
    pub(crate) fn may_present(
        &self,
        settings: &Settings,
        address: Option<IpAddr>,
        now: Millis,
    ) -> Result<(), Exceeded> {
        if !settings.rate_limiter {
            return Ok(());
        }
        self.look(self.hasher.hash_one(("presented", address)), UNKNOWN_TOKENS, now)
    }

    /// Counts a token that was nobody's.
    pub(crate) fn presented(&self, address: Option<IpAddr>, now: Millis) {
        let allowance = Allowance { calls: UNKNOWN_TOKENS, window: MINUTE };
        // Past the limit there is nothing more to count.
        let _ = self.take(self.hasher.hash_one(("presented", address)), allowance, now);
    }

    /// Refuses if `calls` have been counted, and counts nothing.
    fn look(&self, key: u64, calls: i64, now: Millis) -> Result<(), Exceeded> {
        match self.shard(key).get(&key) {
            Some(w) if w.ends > now.0 && w.calls >= calls => Err(exceeded(calls, *w, now)),
            _ => Ok(()),
        }
    }

    fn guesses(&self, address: Option<IpAddr>) -> u64 {
        self.hasher.hash_one(("guess", address))
    }

    fn shard(&self, key: u64) -> std::sync::MutexGuard<'_, HashMap<u64, Window>> {
        let shard = &self.shards[usize::try_from(key % SHARDS as u64).unwrap_or(0)];
        // Counts stay usable whatever happened to the thread that held them.
        shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self, key: u64, allowance: Allowance, now: Millis) -> Result<Quota, Exceeded> {
        let mut shard = self.shard(key);
        if shard.len() >= SHARD_CAPACITY && !shard.contains_key(&key) {
            shard.retain(|_, w| w.ends > now.0);
            if shard.len() >= SHARD_CAPACITY {
                shard.clear();
            }
        }
        let window = shard.entry(key).or_insert(Window { ends: 0, calls: 0 });
        if window.ends <= now.0 {
            *window = Window { ends: now.0 + allowance.window, calls: 0 };
        }
        if window.calls >= allowance.calls {
            return Err(exceeded(allowance.calls, *window, now));
        }
        window.calls += 1;
        Ok(Quota { limit: allowance.calls, remaining: allowance.calls - window.calls, reset: window.ends })
    }
}

fn exceeded(limit: i64, window: Window, now: Millis) -> Exceeded {
    Exceeded {
        quota: Quota { limit, remaining: 0, reset: window.ends },
        // Rounded up: whoever waits that long is served.
        wait_seconds: (window.ends - now.0 + 999).div_euclid(1000).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn address(n: u8) -> Option<IpAddr> {
        IpAddr::from([203, 0, 113, n]).into()
    }

    #[test]
    fn the_call_past_the_limit_is_refused_until_the_window_ends() {
        let (limiter, settings) = (Limiter::default(), Settings::default());
        let call = |now| limiter.count(&settings, Route::VisitorSave, Some("token"), address(1), now);
        for remaining in (0..5).rev() {
            assert_eq!(call(NOW).unwrap().unwrap().remaining, remaining);
        }
        let refused = call(NOW).unwrap_err();
        assert_eq!((refused.quota.limit, refused.quota.reset), (5, NOW.0 + 60_000));
        assert_eq!(refused.wait_seconds, 60);
        assert_eq!(call(Millis(NOW.0 + 59_001)).unwrap_err().wait_seconds, 1);
        assert_eq!(call(Millis(NOW.0 + 60_000)).unwrap().unwrap().remaining, 4);
    }

    #[test]
    fn visitors_behind_one_address_do_not_share_a_limit_but_the_address_has_one() {
        let (limiter, settings) = (Limiter::default(), Settings::default());
        for n in 0..600 {
            let token = format!("visitor-{}", n / 60);
            limiter.count(&settings, Route::MessageSend, Some(&token), address(2), NOW).unwrap();
        }
        assert!(limiter.count(&settings, Route::MessageSend, Some("new"), address(2), NOW).is_err());
        assert!(limiter.count(&settings, Route::MessageSend, Some("new"), address(3), NOW).is_ok());
    }

    #[test]
    fn guessing_ids_ends_soon() {
        let (limiter, settings) = (Limiter::default(), Settings::default());
        for _ in 0..UNKNOWN_IDS {
            limiter.may_guess(&settings, address(4), NOW).unwrap();
            limiter.guessed(address(4), NOW);
        }
        assert!(limiter.may_guess(&settings, address(4), NOW).is_err());
        assert!(limiter.may_guess(&settings, address(5), NOW).is_ok());
        assert!(limiter.may_guess(&settings, address(4), Millis(NOW.0 + 60_000)).is_ok());
    }

    #[test]
    fn memory_is_bounded_under_invented_tokens() {
        let settings = Settings { rate_limit_calls_address: i64::MAX, ..Settings::default() };
        let limiter = Limiter::default();
        for n in 0..SHARDS * SHARD_CAPACITY + 50_000 {
            let token = n.to_string();
            limiter.count(&settings, Route::Config, Some(&token), address(6), NOW).unwrap();
        }
        let kept: usize = limiter.shards.iter().map(|s| s.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * SHARD_CAPACITY);
    }
}
