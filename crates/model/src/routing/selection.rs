//! Who may be given a chat, and who is.

use super::Method;
use crate::Millis;
use crate::account::Presence;

/// An agent who may be given a chat. For a chat of a department these are the agents of its enabled rows only, for any
/// other chat all with the role `livechat-agent` (8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Public id of the account.
    pub id: &'a str,
    /// Unique; the last word where everything else is equal, compared by its bytes.
    pub username: &'a str,
    /// Has the role `bot`.
    pub is_bot: bool,
    /// The account is not deactivated.
    pub active: bool,
    /// Takes chats: `statusLivechat` is `available`.
    pub available: bool,
    /// What others see now.
    pub presence: Presence,
    /// Open chats of the agent in the whole server, those on hold left out.
    pub open_chats: i64,
    /// Those of them in the chat's department; `None` where the chat has no department.
    pub open_chats_in_department: Option<i64>,
    /// Chats given to the agent so far: `count` of the department's row, or the account's `livechatCount` where the chat
    /// has no department. Only automatic selection looks at it, and counts one up for whom it chose.
    pub counter: i64,
    /// `order` of the department's row; 0 where the chat has no department.
    pub order: i64,
    /// `lastRoutingTime`: when a chat was last given to the agent; `None` is longest ago. Rotation is fair only while each
    /// assignment writes a later time than the one before.
    pub last_routing_time: Option<Millis>,
    /// The agent's own `maxNumberSimultaneousChat`; 0 is no limit.
    pub own_limit: i64,
}

impl Candidate<'_> {
    /// Open chats that count for a chat like this one: in its department, if it has one.
    fn load(&self) -> i64 {
        self.open_chats_in_department.unwrap_or(self.open_chats)
    }
}

/// The settings and limits that a choice obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `Livechat_accept_chats_with_no_agents`: who is offline is given chats too.
    pub accept_with_no_agents: bool,
    /// `Livechat_enabled_when_agent_idle`: who is away is given chats too.
    pub enabled_when_idle: bool,
    /// `Livechat_waiting_queue`: limits are obeyed; without it nobody is ever full.
    pub limits_apply: bool,
    /// The department's `maxNumberSimultaneousChat`, for each agent's chats in it; 0 is no limit, or no department.
    pub department_limit: i64,
    /// `Livechat_maximum_chats_per_agent`, for all chats of an agent; 0 is no limit.
    pub server_limit: i64,
}

/// True when the agent is there to be given a chat (8.1): an active account that takes chats and is present. A bot
/// is present always. Whether there is room for one more chat is another question: [`has_room`].
pub const fn is_available(candidate: &Candidate<'_>, rules: &Rules) -> bool {
    let present = match candidate.presence {
        Presence::Online | Presence::Busy => true,
        Presence::Away => rules.enabled_when_idle,
        Presence::Offline => rules.accept_with_no_agents,
    };
    candidate.active && candidate.available && (present || candidate.is_bot)
}

/// True when the agent is below every limit (8.5): the department's, their own and the server's, all together as newer
/// versions of the reference do it. Bots have no limits.
pub fn has_room(candidate: &Candidate<'_>, rules: &Rules) -> bool {
    let limits = [
        (rules.department_limit, candidate.load()),
        (candidate.own_limit, candidate.open_chats),
        (rules.server_limit, candidate.open_chats),
    ];
    !rules.limits_apply || candidate.is_bot || limits.iter().all(|(limit, open)| *limit <= 0 || open < limit)
}

/// The agent who gets a chat by `method` (8.3): of those who are available and have room, never the one whose id is
/// `ignore` (who has the chat now). Where the candidates stand in the slice makes no difference.
///
/// `None` when nobody qualifies, and always by [`Method::ManualSelection`] and [`Method::External`].
pub fn choose<'c, 'a>(
    method: Method,
    candidates: &'c [Candidate<'a>],
    rules: &Rules,
    ignore: Option<&str>,
) -> Option<&'c Candidate<'a>> {
    candidates
        .iter()
        .filter(|c| ignore != Some(c.id) && is_available(c, rules) && has_room(c, rules))
        .filter_map(|c| Some((turn(method, c)?, c)))
        .min_by_key(|(turn, _)| *turn)
        .map(|(_, c)| c)
}

/// Whose turn it is: the least goes first. `None` where the method chooses nobody.
fn turn<'a>(method: Method, candidate: &Candidate<'a>) -> Option<(i64, i64, &'a str)> {
    let routed = candidate.last_routing_time.map_or(i64::MIN, |time| time.0);
    let (first, then) = match method {
        Method::AutoSelection => (candidate.counter, candidate.order),
        Method::LoadBalancing => (candidate.load(), routed),
        Method::LoadRotation => (routed, 0),
        Method::ManualSelection | Method::External => return None,
    };
    Some((first, then, candidate.username))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
