//! What every use case is given besides its command.

use std::sync::Arc;

use parlor_model::{IdSource, Millis, Origin, Settings};

/// The time, the settings in force, a source of ids, the server's address, and where the command came from.
#[derive(Clone)]
pub struct Context {
    /// The time that counts for the whole command.
    pub now: Millis,
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// Where ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Where visitors reach this server, without a slash at the end.
    pub public_url: Arc<str>,
    /// Who asked, as far as the network knows.
    pub origin: Origin,
}

impl Context {
    /// A new public id.
    pub fn id(&self) -> String {
        self.ids.id(self.now)
    }
}
