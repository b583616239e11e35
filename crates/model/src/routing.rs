//! Which agent gets a chat, and in which order chats wait (section 8 of `agent-api.md`).
//!
//! Owns the methods and what clients are told about each. Must decide from its arguments alone: who the candidates are
//! and what they carry is read by the caller, in the transaction that then assigns.

mod queue;
mod selection;

pub use queue::{
    Preferred, Sorting, Waiting, estimated_wait_seconds, inquiry_status_for_new_chat, queue_order,
};
pub use selection::{Candidate, Rules, choose, has_room, is_available};

/// How waiting chats find an agent: `Livechat_Routing_Method` (8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The agent who was given the fewest chats so far, by a counter that only grows.
    AutoSelection,
    /// Nobody is chosen; agents take chats from the queue.
    ManualSelection,
    /// The agent with the fewest open chats.
    LoadBalancing,
    /// The agent who has waited longest for a chat, whatever is open.
    LoadRotation,
    /// A service outside is asked. Nobody is chosen here; [`is_available`] and [`has_room`] judge its answer.
    External,
}

/// What clients are told about a method (`livechat/config/routing`); the wire has these names in camel case (8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the wire's own")]
pub struct RoutingFlags {
    /// Agents may look into a waiting chat before they take it.
    pub preview_room: bool,
    /// Visitors are told that they are being connected.
    pub show_connecting: bool,
    /// Agents see the queue.
    pub show_queue: bool,
    /// Agents are shown a link to the queue.
    pub show_queue_link: bool,
    /// Agents may return a chat to the queue.
    pub return_queue: bool,
    /// Triggers may act before the chat has an agent.
    pub enable_trigger_action: bool,
    /// Chats are handed out without an agent's doing.
    pub auto_assign_agent: bool,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AutoSelection, Self::ManualSelection, Self::LoadBalancing, Self::LoadRotation, Self::External];

    /// The setting's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoSelection => "Auto_Selection",
            Self::ManualSelection => "Manual_Selection",
            Self::LoadBalancing => "Load_Balancing",
            Self::LoadRotation => "Load_Rotation",
            Self::External => "External",
        }
    }

    /// The method of this name, exactly as written. `None` is `error-routing-method-not-available` (8.3).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    /// True when chats are handed out without an agent's doing: all but manual selection.
    pub const fn auto_assigns(self) -> bool {
        self.flags().auto_assign_agent
    }

    /// What clients are told about it: the table of 8.3. Where that is unsure (the link under manual selection), what was
    /// read of the reference decides (`realtime-and-clients.md` 14.5).
    pub const fn flags(self) -> RoutingFlags {
        let by_hand = matches!(self, Self::ManualSelection);
        RoutingFlags {
            preview_room: by_hand,
            show_connecting: by_hand,
            show_queue: by_hand,
            show_queue_link: matches!(self, Self::AutoSelection),
            return_queue: by_hand,
            enable_trigger_action: !by_hand,
            auto_assign_agent: !by_hand,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_the_settings_words() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
        }
        assert_eq!(Method::parse("Load_Balancing"), Some(Method::LoadBalancing));
        for unknown in ["", "auto_selection", "Auto_Selection ", "Round_Robin"] {
            assert_eq!(Method::parse(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn the_flags_are_the_contracts_table() {
        for (method, row) in [
            (Method::AutoSelection, [false, false, false, true, false, true, true]),
            (Method::ManualSelection, [true, true, true, false, true, false, false]),
            (Method::External, [false, false, false, false, false, true, true]),
            (Method::LoadBalancing, [false, false, false, false, false, true, true]),
            (Method::LoadRotation, [false, false, false, false, false, true, true]),
        ] {
            let f = method.flags();
            let shown = [
                f.preview_room,
                f.show_connecting,
                f.show_queue,
                f.show_queue_link,
                f.return_queue,
                f.enable_trigger_action,
                f.auto_assign_agent,
            ];
            assert_eq!(shown, row, "{method:?}");
            assert_eq!(method.auto_assigns(), f.auto_assign_agent);
        }
    }
}
