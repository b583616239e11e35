//! The queue: whether a new chat enters it, in which order chats wait, and how long that will take.

use super::Method;
use crate::Millis;
use crate::inquiry::InquiryStatus;

/// Who a new chat should go to before anybody else is looked for (8.2, steps 2 and 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preferred {
    /// No one in particular.
    Nobody,
    /// A person: asked for by the caller, the contact's manager, or the agent of the last chat.
    Person,
    /// A bot.
    Bot,
}

/// The status that a new chat's inquiry begins with: the table of 8.2 step 7, without contact verification and metering.
/// `waiting_queue` is `Livechat_waiting_queue`.
///
/// The table's last three rows speak of methods that do not hand out chats by themselves. Manual selection is the only
/// one, and there the chat is queued with a preferred agent as well as without.
pub const fn inquiry_status_for_new_chat(
    method: Method,
    waiting_queue: bool,
    preferred: Preferred,
) -> InquiryStatus {
    match preferred {
        Preferred::Bot => InquiryStatus::Ready,
        Preferred::Nobody | Preferred::Person if !waiting_queue && method.auto_assigns() => {
            InquiryStatus::Ready
        }
        Preferred::Nobody | Preferred::Person => InquiryStatus::Queued,
    }
}

/// What waiting chats are sorted by: `Omnichannel_sorting_mechanism` (8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// By when they came.
    Timestamp,
    /// By priority, then by when they came.
    Priority,
    /// By the waiting time that their SLA grants, then by when they came.
    Slas,
}

impl Sorting {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Timestamp, Self::Priority, Self::Slas];

    /// The setting's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timestamp => "Timestamp",
            Self::Priority => "Priority",
            Self::Slas => "SLAs",
        }
    }

    /// The mechanism of this name, exactly as written.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sorting| sorting.as_str() == text)
    }
}

/// What decides the place of a waiting chat, from its inquiry (2.4 of `visitor-api.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Public id of the inquiry.
    pub id: &'a str,
    /// When the chat came.
    pub ts: Millis,
    /// `priorityWeight`; 99 without a priority.
    pub priority_weight: i64,
    /// `estimatedWaitingTimeQueue`, the SLA's due time in minutes; 9999999 without an SLA.
    pub estimated_waiting_time: i64,
}

/// What to sort waiting chats by, ascending: weight or due time where they count, else 0; then `ts`; then the id, so that
/// two chats of one millisecond have a fixed order (8.4).
pub const fn queue_order<'a>(sorting: Sorting, chat: &Waiting<'a>) -> (i64, Millis, &'a str) {
    let first = match sorting {
        Sorting::Timestamp => 0,
        Sorting::Priority => chat.priority_weight,
        Sorting::Slas => chat.estimated_waiting_time,
    };
    (first, chat.ts, chat.id)
}

/// How long the chat at `spot` (1 is the head of the queue) will wait, in whole seconds, rounded up so that no visitor is
/// promised too much: `((spot - 1) / N + 1) × average` (8.4).
///
/// `recent` is N, `Livechat_number_most_recent_chats_estimate_wait_time`; `average_duration_seconds` is the average over
/// the last N closed chats. `None` without data: nothing was closed yet, or N or `spot` is below 1.
pub fn estimated_wait_seconds(spot: i64, recent: i64, average_duration_seconds: Option<i64>) -> Option<i64> {
    let average = i128::from(average_duration_seconds?.max(0));
    if spot < 1 || recent < 1 {
        return None;
    }
    let recent = i128::from(recent);
    let before = i128::from(spot - 1) * average;
    let waited = (before + recent - 1) / recent;
    Some(i64::try_from(waited + average).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The table of 8.2 step 7 as it is printed, row by row.
    fn as_printed(method: Method, waiting_queue: bool, preferred: Preferred) -> InquiryStatus {
        if preferred == Preferred::Bot {
            return InquiryStatus::Ready;
        }
        if waiting_queue {
            return InquiryStatus::Queued;
        }
        if method.auto_assigns() {
            return InquiryStatus::Ready;
        }
        if method == Method::ManualSelection && preferred != Preferred::Nobody {
            return InquiryStatus::Queued;
        }
        if preferred == Preferred::Nobody { InquiryStatus::Queued } else { InquiryStatus::Ready }
    }

    #[test]
    fn a_new_chat_has_the_status_of_the_contracts_table() {
        for method in Method::ALL {
            for waiting_queue in [false, true] {
                for preferred in [Preferred::Nobody, Preferred::Person, Preferred::Bot] {
                    assert_eq!(
                        inquiry_status_for_new_chat(method, waiting_queue, preferred),
                        as_printed(method, waiting_queue, preferred),
                        "{method:?}, waiting queue {waiting_queue}, {preferred:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_bot_is_not_kept_waiting_and_a_queue_keeps_everybody_else() {
        let (auto, manual) = (Method::AutoSelection, Method::ManualSelection);
        for (method, waiting_queue, preferred, status) in [
            (auto, true, Preferred::Person, InquiryStatus::Queued),
            (auto, false, Preferred::Nobody, InquiryStatus::Ready),
            (manual, true, Preferred::Bot, InquiryStatus::Ready),
            (manual, false, Preferred::Person, InquiryStatus::Queued),
        ] {
            assert_eq!(inquiry_status_for_new_chat(method, waiting_queue, preferred), status);
        }
    }

    #[test]
    fn mechanisms_have_the_settings_words() {
        for sorting in Sorting::ALL {
            assert_eq!(Sorting::parse(sorting.as_str()), Some(sorting));
        }
        assert_eq!(Sorting::parse("SLAs"), Some(Sorting::Slas));
        assert_eq!(Sorting::parse("slas"), None);
    }

    #[test]
    fn chats_wait_in_the_order_of_the_mechanism() {
        let chat = |id, ts, priority_weight, estimated_waiting_time| Waiting {
            id,
            ts: Millis(ts),
            priority_weight,
            estimated_waiting_time,
        };
        let mut queue = [
            chat("late", 4, 1, 30),
            chat("plain", 1, 99, 9_999_999),
            chat("b", 2, 99, 5),
            chat("a", 2, 99, 5),
        ];
        for (sorting, order) in [
            (Sorting::Timestamp, ["plain", "a", "b", "late"]),
            (Sorting::Priority, ["late", "plain", "a", "b"]),
            (Sorting::Slas, ["a", "b", "late", "plain"]),
        ] {
            queue.sort_by_key(|chat| queue_order(sorting, chat));
            assert_eq!(queue.map(|chat| chat.id), order, "{sorting:?}");
        }
    }

    #[test]
    fn the_estimate_follows_the_formula() {
        for (spot, recent, average, estimate) in [
            (1, 100, Some(180), Some(180)),
            (2, 1, Some(90), Some(180)),
            (2, 100, Some(180), Some(182)), // 181.8
            (101, 100, Some(180), Some(360)),
            (3, 4, Some(0), Some(0)),
            (1, 100, None, None),
            (1, 0, Some(180), None),
            (0, 100, Some(180), None),
            (i64::MAX, 1, Some(i64::MAX), Some(i64::MAX)),
        ] {
            assert_eq!(
                estimated_wait_seconds(spot, recent, average),
                estimate,
                "{spot} {recent} {average:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_estimate_is_less_than_a_second_above_the_formula(
            spot in 1..100_000_i64, recent in 1..10_000_i64, average in 0..1_000_000_i64,
        ) {
            let estimate = estimated_wait_seconds(spot, recent, Some(average)).unwrap();
            let exact = (spot - 1 + recent) * average; // in N-ths of a second
            prop_assert!(estimate * recent >= exact && (estimate - 1) * recent < exact.max(1));
        }

        #[test]
        fn nobody_further_back_is_told_a_shorter_wait(
            spot in any::<i64>(), recent in any::<i64>(), average in proptest::option::of(any::<i64>()),
        ) {
            let here = estimated_wait_seconds(spot, recent, average);
            prop_assert!(here.is_none_or(|seconds| seconds >= 0));
            prop_assert!(here <= estimated_wait_seconds(spot.saturating_add(1), recent, average));
        }
    }
}
