//! Permissions and the roles that hold them at first (sections 2.4 and 2.5 of `agent-api.md`).
//!
//! What is granted lives in the store and may be changed there; this table is what a new installation begins with.

macro_rules! permissions {
    ($($variant:ident $id:literal: $($role:literal)*;)+) => {
        /// A permission that some endpoint asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $(#[doc = concat!("`", $id, "`")] $variant),+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its id on the wire and in the store.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),+ }
            }

            /// The roles that hold it in a new installation.
            pub const fn default_roles(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($role),*]),+ }
            }
        }
    };
}

permissions! {
    ViewLRoom "view-l-room": "admin" "livechat-manager" "livechat-monitor" "livechat-agent";
    ViewLivechatRooms "view-livechat-rooms": "admin" "livechat-manager" "livechat-monitor";
    ViewLivechatManager "view-livechat-manager": "admin" "livechat-manager" "livechat-monitor";
    CloseLivechatRoom "close-livechat-room": "admin" "livechat-manager" "livechat-monitor" "livechat-agent";
    CloseOthersLivechatRoom "close-others-livechat-room": "admin" "livechat-manager" "livechat-monitor";
    TransferLivechatGuest "transfer-livechat-guest": "admin" "livechat-manager" "livechat-monitor" "livechat-agent";
    ManageLivechatAgents "manage-livechat-agents": "admin" "livechat-manager" "livechat-monitor";
    ManageLivechatManagers "manage-livechat-managers": "admin" "livechat-manager";
    ViewPrivilegedSetting "view-privileged-setting": "admin";
    EditPrivilegedSetting "edit-privileged-setting": "admin";
    BypassRateLimit "api-bypass-rate-limit": "admin" "bot" "app";
    AccessPermissions "access-permissions": "admin";
    CreateUser "create-user": "admin";
    EditOtherUserInfo "edit-other-user-info": "admin";
    LogoutOtherUser "logout-other-user": "admin";
}

/// The roles of a new installation: id and what it is for. The program relies on them, so none can be removed.
pub const ROLES: &[(&str, &str)] = &[
    ("admin", "Everything"),
    ("livechat-manager", "Sets up the desk and sees all chats"),
    ("livechat-monitor", "Watches over the chats of others"),
    ("livechat-agent", "Answers chats"),
    ("bot", "A program that answers"),
    ("app", "A program that uses the API"),
    ("user", "Anyone with an account"),
    ("guest", "A visitor of the team"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_every_named_role_exists() {
        let ids: HashSet<_> = Permission::ALL.iter().map(|p| p.id()).collect();
        assert_eq!(ids.len(), Permission::ALL.len());
        for permission in Permission::ALL {
            for role in permission.default_roles() {
                assert!(ROLES.iter().any(|(id, _)| id == role), "{}: {role}", permission.id());
            }
        }
    }

    #[test]
    fn the_administrator_holds_everything() {
        for permission in Permission::ALL {
            assert!(permission.default_roles().contains(&"admin"), "{}", permission.id());
        }
    }
}
