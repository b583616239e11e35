use super::*;

/// Accounts by id and username; the two run in opposite directions so that a choice by id would show.
pub(super) const ACCOUNTS: [(&str, &str); 8] = [
    ("id-8", "ada"),
    ("id-7", "bea"),
    ("id-6", "caio"),
    ("id-5", "dana"),
    ("id-4", "eva"),
    ("id-3", "fred"),
    ("id-2", "gil"),
    ("id-1", "hugo"),
];
pub(super) const PRESENCES: [Presence; 4] =
    [Presence::Online, Presence::Away, Presence::Busy, Presence::Offline];
pub(super) const CHOOSING: [Method; 3] = [Method::AutoSelection, Method::LoadBalancing, Method::LoadRotation];
pub(super) const PLAIN: Rules = Rules {
    accept_with_no_agents: false,
    enabled_when_idle: true,
    limits_apply: false,
    department_limit: 0,
    server_limit: 0,
};

pub(super) fn agent(account: usize) -> Candidate<'static> {
    let (id, username) = ACCOUNTS[account];
    Candidate {
        id,
        username,
        is_bot: false,
        active: true,
        available: true,
        presence: Presence::Online,
        open_chats: 0,
        open_chats_in_department: None,
        counter: 0,
        order: 0,
        last_routing_time: None,
        own_limit: 0,
    }
}

fn chosen(method: Method, candidates: &[Candidate<'static>]) -> Option<&'static str> {
    choose(method, candidates, &PLAIN, None).map(|c| c.username)
}

#[test]
fn who_is_available() {
    let with = |presence, is_bot| Candidate { is_bot, presence, ..agent(0) };
    let lenient = Rules { accept_with_no_agents: true, ..PLAIN };
    let strict = Rules { enabled_when_idle: false, ..PLAIN };
    for (presence, plain, accepting, not_idle) in [
        (Presence::Online, true, true, true),
        (Presence::Busy, true, true, true),
        (Presence::Away, true, true, false),
        (Presence::Offline, false, true, false),
    ] {
        let person = with(presence, false);
        assert_eq!(is_available(&person, &PLAIN), plain, "{presence:?}");
        assert_eq!(is_available(&person, &lenient), accepting, "{presence:?}");
        assert_eq!(is_available(&person, &strict), not_idle, "{presence:?}");
        assert!(is_available(&with(presence, true), &strict), "a bot, {presence:?}");
    }
    for is_bot in [false, true] {
        let account = with(Presence::Online, is_bot);
        assert!(!is_available(&Candidate { active: false, ..account }, &lenient));
        assert!(!is_available(&Candidate { available: false, ..account }, &lenient));
    }
}

#[test]
fn every_limit_counts_by_itself_and_zero_is_none() {
    let busy = Candidate { open_chats: 5, open_chats_in_department: Some(2), ..agent(0) };
    let queue = Rules { limits_apply: true, ..PLAIN };
    for (department_limit, own_limit, server_limit, room) in [
        (0, 0, 0, true),
        (3, 6, 6, true),
        (2, 0, 0, false),
        (0, 5, 0, false),
        (0, 0, 5, false),
        (9, 9, 5, false),
        (1, 9, 9, false),
        (-1, -1, -1, true),
    ] {
        let rules = Rules { department_limit, server_limit, ..queue };
        let candidate = Candidate { own_limit, ..busy };
        assert_eq!(has_room(&candidate, &rules), room, "{department_limit} {own_limit} {server_limit}");
        assert!(has_room(&candidate, &Rules { limits_apply: false, ..rules }));
        assert!(has_room(&Candidate { is_bot: true, ..candidate }, &rules));
    }
}

#[test]
fn automatic_selection_goes_by_counter_then_order_then_username() {
    let with = |account, counter, order| Candidate { counter, order, ..agent(account) };
    assert_eq!(chosen(Method::AutoSelection, &[with(0, 2, 0), with(1, 1, 9), with(2, 2, 0)]), Some("bea"));
    assert_eq!(chosen(Method::AutoSelection, &[with(0, 1, 2), with(1, 1, 1), with(2, 2, 0)]), Some("bea"));
    assert_eq!(chosen(Method::AutoSelection, &[with(2, 1, 1), with(1, 1, 1)]), Some("bea"));
}

#[test]
fn load_balancing_goes_by_open_chats_then_by_who_waited_longest() {
    let with = |account, open_chats, department, routed: Option<i64>| Candidate {
        open_chats,
        open_chats_in_department: department,
        last_routing_time: routed.map(Millis),
        ..agent(account)
    };
    let method = Method::LoadBalancing;
    assert_eq!(chosen(method, &[with(0, 2, None, None), with(1, 1, None, Some(9))]), Some("bea"));
    assert_eq!(chosen(method, &[with(0, 1, Some(1), None), with(1, 9, Some(0), Some(9))]), Some("bea"));
    assert_eq!(chosen(method, &[with(0, 1, None, Some(5)), with(1, 1, None, Some(4))]), Some("bea"));
    assert_eq!(chosen(method, &[with(0, 1, None, Some(5)), with(1, 1, None, None)]), Some("bea"));
    assert_eq!(chosen(method, &[with(2, 1, None, Some(5)), with(1, 1, None, Some(5))]), Some("bea"));
}

#[test]
fn rotation_goes_by_who_waited_longest_whatever_is_open() {
    let with = |account, open_chats, routed: Option<i64>| Candidate {
        open_chats,
        last_routing_time: routed.map(Millis),
        ..agent(account)
    };
    let method = Method::LoadRotation;
    assert_eq!(chosen(method, &[with(0, 0, Some(5)), with(1, 9, Some(4))]), Some("bea"));
    assert_eq!(chosen(method, &[with(0, 0, Some(5)), with(1, 9, None)]), Some("bea"));
    assert_eq!(chosen(method, &[with(2, 0, None), with(1, 9, None)]), Some("bea"));
}

#[test]
fn nobody_is_chosen_from_nobody_by_hand_or_from_outside() {
    for method in CHOOSING {
        assert_eq!(chosen(method, &[]), None);
        assert_eq!(choose(method, &[agent(0)], &PLAIN, Some("id-8")), None);
        assert_eq!(choose(method, &[agent(0)], &PLAIN, Some("id-7")), Some(&agent(0)));
    }
    assert_eq!(chosen(Method::ManualSelection, &[agent(0)]), None);
    assert_eq!(chosen(Method::External, &[agent(0)]), None);
}
