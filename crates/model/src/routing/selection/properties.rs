use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::tests::{ACCOUNTS, CHOOSING, PLAIN, PRESENCES, agent};
use super::*;

/// Small numbers, so that ties and full agents are common.
fn any_agent() -> impl Strategy<Value = Candidate<'static>> {
    let person = (prop::bool::weighted(0.2), prop::bool::weighted(0.8), prop::bool::weighted(0.8));
    let load = (
        0..5_i64,
        option::of(0..3_i64),
        0..3_i64,
        0..3_i64,
        option::of((0..4_i64).prop_map(Millis)),
        0..5_i64,
    );
    (person, select(&PRESENCES[..]), load).prop_map(|((is_bot, active, available), presence, load)| {
        let (open_chats, open_chats_in_department, counter, order, last_routing_time, own_limit) = load;
        Candidate {
            is_bot,
            active,
            available,
            presence,
            open_chats,
            open_chats_in_department: open_chats_in_department.map(|in_it| in_it.min(open_chats)),
            counter,
            order,
            last_routing_time,
            own_limit,
            ..agent(0)
        }
    })
}

fn any_agents() -> impl Strategy<Value = Vec<Candidate<'static>>> {
    vec(any_agent(), 0..=ACCOUNTS.len()).prop_map(|agents| named(&agents))
}

fn named(agents: &[Candidate<'static>]) -> Vec<Candidate<'static>> {
    ACCOUNTS.iter().zip(agents).map(|((id, username), agent)| Candidate { id, username, ..*agent }).collect()
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any::<[bool; 3]>(), 0..4_i64, 0..5_i64).prop_map(|(switches, department_limit, server_limit)| Rules {
        accept_with_no_agents: switches[0],
        enabled_when_idle: switches[1],
        limits_apply: switches[2],
        department_limit,
        server_limit,
    })
}

fn anyone() -> impl Strategy<Value = Option<&'static str>> {
    option::of(select(&ACCOUNTS[..]).prop_map(|(id, _)| id))
}

/// Agents alike in what counts, apart in what does not, and some who are not there. Those who are there come first.
fn a_team() -> impl Strategy<Value = (Vec<Candidate<'static>>, usize)> {
    let there = vec((any_agent(), any::<bool>()), 1..=5);
    let gone = vec(any_agent(), 0..=3);
    (there, gone, any::<bool>()).prop_map(|(there, gone, department)| {
        let count = there.len();
        let there = there.into_iter().map(|(agent, busy)| Candidate {
            active: true,
            available: true,
            presence: if busy { Presence::Busy } else { Presence::Online },
            ..agent
        });
        let gone = gone.into_iter().map(|agent| Candidate { available: false, ..agent });
        let alike = |agent: Candidate<'static>| Candidate {
            counter: 7,
            open_chats: if department { agent.open_chats + 2 } else { 2 },
            open_chats_in_department: department.then_some(2),
            ..agent
        };
        (named(&there.chain(gone).map(alike).collect::<Vec<_>>()), count)
    })
}

/// Gives out one chat at time `now` and writes down what the caller would; returns the place of who got it.
fn assign(method: Method, team: &mut [Candidate<'static>], rules: &Rules, now: i64) -> Option<usize> {
    let id = choose(method, team, rules, None)?.id;
    let place = team.iter().position(|c| c.id == id)?;
    let agent = &mut team[place];
    agent.open_chats += 1;
    agent.open_chats_in_department = agent.open_chats_in_department.map(|open| open + 1);
    agent.counter += 1;
    agent.last_routing_time = Some(Millis(now));
    Some(place)
}

proptest! {
    #[test]
    fn whoever_is_chosen_may_be(
        method in select(&Method::ALL[..]), agents in any_agents(), rules in any_rules(), ignore in anyone(),
    ) {
        if let Some(c) = choose(method, &agents, &rules, ignore) {
            prop_assert!(c.active && c.available && Some(c.id) != ignore);
            prop_assert!(c.presence != Presence::Offline || c.is_bot || rules.accept_with_no_agents);
            prop_assert!(c.presence != Presence::Away || c.is_bot || rules.enabled_when_idle);
            if rules.limits_apply && !c.is_bot {
                prop_assert!(c.own_limit == 0 || c.open_chats < c.own_limit);
                prop_assert!(rules.server_limit == 0 || c.open_chats < rules.server_limit);
                let in_department = c.open_chats_in_department.unwrap_or(c.open_chats);
                prop_assert!(rules.department_limit == 0 || in_department < rules.department_limit);
            }
        }
    }

    #[test]
    fn somebody_is_chosen_whenever_somebody_qualifies(
        method in select(&CHOOSING[..]), agents in any_agents(), rules in any_rules(), ignore in anyone(),
    ) {
        let qualifies = |c: &&Candidate<'_>| is_available(c, &rules) && has_room(c, &rules) && Some(c.id) != ignore;
        let chosen = choose(method, &agents, &rules, ignore);
        prop_assert_eq!(chosen.is_some(), agents.iter().any(|c| qualifies(&c)));
        for other in agents.iter().filter(qualifies) {
            let chosen = chosen.unwrap();
            let goes_first = match method {
                Method::AutoSelection => chosen.counter <= other.counter,
                Method::LoadBalancing => chosen.load() <= other.load(),
                _ => chosen.last_routing_time <= other.last_routing_time,
            };
            prop_assert!(goes_first, "{:?} before {:?}", chosen, other);
        }
    }

    #[test]
    fn nobody_is_ever_chosen_by_hand_or_from_outside(agents in any_agents(), rules in any_rules()) {
        for method in [Method::ManualSelection, Method::External] {
            prop_assert_eq!(choose(method, &agents, &rules, None), None);
        }
    }

    #[test]
    fn the_order_of_the_list_changes_nothing(
        method in select(&CHOOSING[..]),
        (agents, shuffled) in any_agents().prop_flat_map(|a| (Just(a.clone()), Just(a).prop_shuffle())),
        rules in any_rules(),
    ) {
        prop_assert_eq!(choose(method, &agents, &rules, None), choose(method, &shuffled, &rules, None));
    }

    #[test]
    fn chats_are_spread_within_one(
        method in select(&CHOOSING[..]), (mut team, there) in a_team(), chats in 1..40_i64,
    ) {
        let mut given = vec![0; team.len()];
        for now in 0..chats {
            // Past every time of the start: those are below 4.
            let place = assign(method, &mut team, &PLAIN, 10 + now).unwrap();
            given[place] += 1;
            let (most, least) = (given[..there].iter().max(), given[..there].iter().min());
            prop_assert!(most.unwrap() - least.unwrap() <= 1, "{:?}", given);
            prop_assert!(given[there..].iter().all(|chats| *chats == 0), "{:?}", given);
        }
    }

    #[test]
    fn with_limits_a_team_is_filled_up_and_then_nobody_is_chosen(
        method in select(&CHOOSING[..]), (team, _) in a_team(), rules in any_rules(),
    ) {
        let limit = 6;
        let rules = Rules { limits_apply: true, server_limit: limit, ..rules };
        let mut team: Vec<_> = team.into_iter().map(|c| Candidate { is_bot: false, ..c }).collect();
        let mut chats = 0;
        while assign(method, &mut team, &rules, 10 + chats).is_some() {
            chats += 1;
            prop_assert!(chats <= limit * 8);
        }
        prop_assert!(team.iter().all(|c| !is_available(c, &rules) || !has_room(c, &rules)));
    }
}
