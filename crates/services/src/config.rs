//! What the widget needs to know before a chat (section 4.1 of `visitor-api.md`).

use parlor_model::Settings;
use parlor_model::room::Room;
use parlor_model::visitor::Visitor;
use parlor_store::{ReadTx, StoreError, rooms, visitors};

/// The part of the answer that depends on who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guest {
    /// The visitor, if the token is known.
    pub visitor: Option<Visitor>,
    /// The visitor's open room.
    pub room: Option<Room>,
}

/// Finds the visitor and their open room; an unknown token is nobody.
pub fn guest(tx: &mut ReadTx<'_>, token: &str) -> Result<Guest, StoreError> {
    let Some(visitor) = visitors::by_token(tx, token)? else { return Ok(Guest::default()) };
    let room = rooms::open_of_visitor(tx, visitor.pk)?;
    Ok(Guest { visitor: Some(visitor), room })
}

/// Whether a visitor who writes now is taken in (section 5.6): there are no agents yet, so only the setting decides.
pub fn online(settings: &Settings) -> bool {
    settings.accept_chats_with_no_agents
}
