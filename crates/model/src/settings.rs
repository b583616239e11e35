//! Settings of the contract (section 6 of `visitor-api.md`) that this server honours, and a few of our own.
//!
//! A setting has an id that clients and operators know, a type, a default and a sentence that explains it. Operators
//! overrule any of them by `OVERWRITE_SETTING_<id>=value` in the environment.

use std::ops::RangeInclusive;

use crate::leads::{self, Pattern};

/// A setting's value type, as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within a range.
    Int,
    /// Text.
    Text,
    /// A JSON array of strings, or the same separated by commas.
    List,
}

impl Kind {
    /// The type's name in error texts and generated documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Text => "text",
            Self::List => "a JSON array of strings",
        }
    }
}

/// What is known about a setting apart from its value.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The id of the contract, or ours.
    pub id: &'static str,
    /// Value type.
    pub kind: Kind,
    /// What the setting does, for people.
    pub text: &'static str,
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// No setting has this id.
    Unknown,
    /// The value is not of the setting's type, or outside its range; says what was expected.
    Invalid(String),
}

/// A type that a setting can have.
trait SettingValue: Sized {
    const KIND: Kind;
    fn parse(text: &str, range: Option<&RangeInclusive<i64>>) -> Result<Self, String>;
    fn show(&self) -> String;
}

impl SettingValue for bool {
    const KIND: Kind = Kind::Bool;
    fn parse(text: &str, _: Option<&RangeInclusive<i64>>) -> Result<Self, String> {
        match text.trim() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("expected true or false".into()),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for i64 {
    const KIND: Kind = Kind::Int;
    fn parse(text: &str, range: Option<&RangeInclusive<i64>>) -> Result<Self, String> {
        let number = text.trim().parse().map_err(|_| "expected a whole number".to_owned())?;
        match range {
            Some(r) if !r.contains(&number) => Err(format!("expected {} to {}", r.start(), r.end())),
            _ => Ok(number),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for String {
    const KIND: Kind = Kind::Text;
    fn parse(text: &str, _: Option<&RangeInclusive<i64>>) -> Result<Self, String> {
        Ok(text.to_owned())
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl SettingValue for Pattern {
    const KIND: Kind = Kind::Text;
    fn parse(text: &str, _: Option<&RangeInclusive<i64>>) -> Result<Self, String> {
        Self::new(text)
    }
    fn show(&self) -> String {
        self.as_str().to_owned()
    }
}

impl SettingValue for Vec<String> {
    const KIND: Kind = Kind::List;
    fn parse(text: &str, _: Option<&RangeInclusive<i64>>) -> Result<Self, String> {
        if text.trim_start().starts_with('[') {
            return serde_json::from_str(text).map_err(|_| "expected a JSON array of strings".to_owned());
        }
        Ok(text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect())
    }
    fn show(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $id:literal $field:ident : $type:ty = $default:expr $(, in $range:expr)? ; )+) => {
        /// Every setting's value in force. Cheap to share, replaced as a whole when one changes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Settings { $( $(#[doc = $doc])+ pub $field: $type, )+ }

        impl Default for Settings {
            fn default() -> Self { Self { $( $field: $default.into(), )+ } }
        }

        impl Settings {
            /// Every setting, in the order of the contract.
            pub const DEFINITIONS: &'static [Definition] = &[
                $( Definition { id: $id, kind: <$type as SettingValue>::KIND, text: concat!($($doc),+) }, )+
            ];

            /// Sets one value from its text form.
            pub fn set(&mut self, id: &str, text: &str) -> Result<(), SettingError> {
                match id {
                    $( $id => {
                        let range: Option<&RangeInclusive<i64>> = None$(.or(Some(&$range)))?;
                        self.$field = SettingValue::parse(text, range).map_err(SettingError::Invalid)?;
                    } )+
                    _ => return Err(SettingError::Unknown),
                }
                Ok(())
            }

            /// The text form of one value; `None` for an unknown id.
            pub fn show(&self, id: &str) -> Option<String> {
                match id { $( $id => Some(self.$field.show()), )+ _ => None }
            }
        }
    };
}

settings! {
    /// Livechat as a whole; off answers `enabled: false` and refuses new rooms and messages.
    "Livechat_enabled" livechat_enabled: bool = true;
    /// Whether the length of a visitor's message is limited.
    "Livechat_enable_message_character_limit" limit_message_length: bool = false;
    /// The longest visitor message, in UTF-16 units; counts only with the switch above.
    "Livechat_message_character_limit" message_character_limit: i64 = 0, in 0..=1_000_000;
    /// The largest message size that clients are told of when no limit above is set.
    "Message_MaxAllowedSize" message_max_allowed_size: i64 = 5000, in 0..=1_000_000;
    /// Whether authors may edit their messages.
    "Message_AllowEditing" allow_editing: bool = true;
    /// Whether authors may remove their messages.
    "Message_AllowDeleting" allow_deleting: bool = true;
    /// Keep the earlier texts of edited and removed messages for auditors.
    "Message_KeepHistory" keep_history: bool = false;
    /// Show a trace of a removed message in its place.
    "Message_ShowDeletedStatus" show_deleted_status: bool = false;
    /// Removing a message by its id alone is refused; token and room are required (decision D1).
    "Livechat_delete_requires_token" delete_requires_token: bool = false;
    /// Replace the words listed below in messages by asterisks.
    "Message_AllowBadWordsFilter" filter_bad_words: bool = false;
    /// Words to replace, separated by commas.
    "Message_BadWordsFilterList" bad_words: Vec<String> = Vec::<String>::new();
    /// Kinds of system messages that history leaves out.
    "Hide_System_Messages" hide_system_messages: Vec<String> = Vec::<String>::new();
    /// History names users by their real names, and visitors by their usernames.
    "UI_Use_Real_Name" use_real_name: bool = false;
    /// Rooms carry a copy of their last message.
    "Store_Last_Message" store_last_message: bool = true;
    /// The largest page of history (decision D4).
    "Livechat_history_limit_max" history_limit_max: i64 = 5000, in 1000..=100_000;
    /// Whether visitors may leave a message while nobody answers.
    "Livechat_display_offline_form" display_offline_form: bool = true;
    /// Refuse an offline message whose mail domain authoritatively does not exist.
    "Livechat_validate_offline_email" validate_offline_email: bool = true;
    /// Where offline messages are mailed to; empty keeps them in the store only.
    "Livechat_offline_email" offline_email: String = "";
    /// The sender address of mails; `PARLOR_SMTP_FROM` where empty.
    "From_Email" from_email: String = "";
    /// What is taken for an e-mail address in a visitor's text and added to the visitor's record: a regular expression
    /// without look-around, in any case; empty takes nothing.
    "Livechat_lead_email_regex" lead_email: Pattern = leads::EMAIL;
    /// The same for telephone numbers; only what has 7 to 15 digits is taken.
    "Livechat_lead_phone_regex" lead_phone: Pattern = leads::PHONE;
    /// Ask visitors to register before a chat.
    "Livechat_registration_form" registration_form: bool = true;
    /// The registration form asks for a name.
    "Livechat_name_field_registration_form" name_field: bool = true;
    /// The registration form asks for an e-mail address.
    "Livechat_email_field_registration_form" email_field: bool = true;
    /// Visitors may switch departments.
    "Livechat_allow_switching_departments" allow_switching_departments: bool = true;
    /// Visitors see who serves them.
    "Livechat_show_agent_info" show_agent_info: bool = true;
    /// Visitors may close their chat.
    "Omnichannel_allow_visitors_to_close_conversation" visitors_can_close: bool = true;
    /// Offer a transcript when a chat ends.
    "Livechat_enable_transcript" enable_transcript: bool = false;
    /// Always send a transcript when a chat ends.
    "Livechat_transcript_send_always" transcript_send_always: bool = false;
    /// What page tracking watches: `url` or `title`.
    "Livechat_history_monitor_type" history_monitor_type: String = "url";
    /// Visitors may send files in chats.
    "Livechat_fileupload_enabled" livechat_file_upload: bool = true;
    /// Files may be sent at all.
    "FileUpload_Enabled" file_upload: bool = true;
    /// How waiting chats find an agent; `Manual_Selection` tells visitors that they wait for one.
    "Livechat_Routing_Method" routing_method: String = "Auto_Selection";
    /// Rooms open although no agent is there to serve them.
    "Livechat_accept_chats_with_no_agents" accept_chats_with_no_agents: bool = false;
    /// Keep address and browser of a visitor's first request; also lets a visitor with open rooms be removed.
    "Livechat_Allow_collect_and_store_HTTP_header_informations" store_headers: bool = false;
    /// Visitors must agree to data processing before a chat.
    "Livechat_force_accept_data_processing_consent" force_consent: bool = false;
    /// The text visitors agree to.
    "Livechat_data_processing_consent_text" consent_text: String = "";
    /// The widget forgets a chat once it ended.
    "Livechat_clear_local_storage_when_chat_ended" clear_storage_when_ended: bool = false;
    /// Kinds of system messages that the widget hides by itself.
    "Livechat_hide_system_messages" widget_hidden_messages: Vec<String> =
        ["uj", "ul", "livechat-close"].map(String::from);
    /// Hide the product's name in the widget.
    "Livechat_hide_watermark" hide_watermark: bool = false;
    /// Background of the widget, a CSS value.
    "Livechat_background" background: String = "";
    /// Side of the page on which the widget stands: `right` or `left`.
    "Livechat_widget_position" widget_position: String = "right";
    /// Hide the button that opens the widget in a window of its own.
    "Livechat_hide_expand_chat" hide_expand_chat: bool = false;
    /// The widget's logo, an address.
    "Assets_livechat_widget_logo" widget_logo: String = "";
    /// The widget's title.
    "Livechat_title" title: String = "Chat with us";
    /// The widget's colour.
    "Livechat_title_color" title_color: String = "#C1272D";
    /// The widget's title while nobody can answer.
    "Livechat_offline_title" offline_title: String = "Leave a message";
    /// The widget's colour while nobody can answer.
    "Livechat_offline_title_color" offline_title_color: String = "#666666";
    /// Text above the offline form.
    "Livechat_offline_message" offline_message: String = "";
    /// Text after an offline message was left.
    "Livechat_offline_success_message" offline_success_message: String = "";
    /// Text in place of the offline form when it is switched off.
    "Livechat_offline_form_unavailable" offline_form_unavailable: String = "";
    /// Text after a chat was closed.
    "Livechat_conversation_finished_message" conversation_finished_message: String = "";
    /// Text below the former.
    "Livechat_conversation_finished_text" conversation_finished_text: String = "";
    /// Text that offers a transcript.
    "Livechat_transcript_message" transcript_message: String = "";
    /// Text above the registration form.
    "Livechat_registration_form_message" registration_form_message: String = "";
    /// Language of fixed texts, a language tag.
    "Language" language: String = "en";
    /// Count calls and refuse those past a limit.
    "API_Enable_Rate_Limiter" rate_limiter: bool = true;
    /// Calls allowed per window on routes without a limit of their own.
    "API_Enable_Rate_Limiter_Limit_Calls_Default" rate_limit_calls: i64 = 10, in 1..=1_000_000_000;
    /// Length of that window in milliseconds.
    "API_Enable_Rate_Limiter_Limit_Time_Default" rate_limit_window: i64 = 60_000, in 1000..=86_400_000;
    /// Messages a visitor may send per minute (decision D9).
    "Livechat_rate_limit_messages_visitor" rate_limit_messages_visitor: i64 = 60, in 1..=1_000_000_000;
    /// Calls one address may make per minute, over all of its visitors (decision D9).
    "Livechat_rate_limit_calls_address" rate_limit_calls_address: i64 = 600, in 1..=1_000_000_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_unique_and_its_default_reads_back() {
        let defaults = Settings::default();
        let mut ids = std::collections::HashSet::new();
        for definition in Settings::DEFINITIONS {
            assert!(ids.insert(definition.id), "{} stands twice", definition.id);
            assert!(!definition.text.trim().is_empty());
            let mut copy = Settings::default();
            let text = defaults.show(definition.id).unwrap();
            copy.set(definition.id, &text).unwrap_or_else(|e| panic!("{}: {e:?}", definition.id));
            assert_eq!(copy, defaults, "{}", definition.id);
        }
    }

    #[test]
    fn values_outside_type_or_range_are_refused() {
        let mut settings = Settings::default();
        assert_eq!(
            settings.set("Livechat_enabled", "maybe"),
            Err(SettingError::Invalid("expected true or false".into()))
        );
        assert!(matches!(settings.set("Livechat_history_limit_max", "5"), Err(SettingError::Invalid(_))));
        for broken in ["(", "a(?=b)"] {
            let refused = settings.set("Livechat_lead_phone_regex", broken);
            assert!(matches!(&refused, Err(SettingError::Invalid(m)) if !m.contains('\n')), "{refused:?}");
        }
        assert_eq!(settings.set("No_such_setting", "1"), Err(SettingError::Unknown));
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn lists_are_taken_as_json_or_separated_by_commas() {
        let mut settings = Settings::default();
        settings.set("Hide_System_Messages", r#"["uj","ul"]"#).unwrap();
        assert_eq!(settings.hide_system_messages, ["uj", "ul"]);
        settings.set("Hide_System_Messages", "au, ru").unwrap();
        assert_eq!(settings.hide_system_messages, ["au", "ru"]);
    }
}
