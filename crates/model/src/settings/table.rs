//! The one table of settings. Fields, definitions, parsing, printing and the example file are all driven by it.
//!
//! An entry is: the id, the field, its type, in brackets who may see and change it, the default, and its bounds.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::Definition;
use super::value::{Rules, Secret, SettingValue};
use crate::leads::{self, Pattern};

/// A row of the table.
pub(super) struct Entry {
    id: &'static str,
    group: &'static str,
    text: &'static str,
    rules: Rules,
    field: fn(&Settings) -> &dyn SettingValue,
    field_mut: fn(&mut Settings) -> &mut dyn SettingValue,
}

impl Entry {
    pub(super) fn define(&'static self, defaults: &Settings) -> Definition {
        let field = (self.field)(defaults);
        Definition {
            id: self.id,
            kind: field.kind(&self.rules),
            default: field.json(),
            public: self.rules.public,
            read_only: self.rules.read_only,
            group: self.group,
            range: self.rules.range.clone(),
            choices: self.rules.choices,
            text: self.text,
            rules: &self.rules,
            field: self.field,
            field_mut: self.field_mut,
        }
    }
}

macro_rules! settings {
    ($( $group:literal { $(
        $(#[doc = $doc:literal])+ $id:literal $field:ident : $type:ty $([ $($flag:ident)+ ])? = $default:expr
            $(, in $range:expr)? $(, of $choices:expr)? ;
    )+ } )+) => {
        /// Every setting's value in force. Replaced as a whole when one changes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Settings {
            $( $( $(#[doc = $doc])+ pub $field: $type, )+ )+
            /// Ids of the settings that the operator overrules: nobody else may change them.
            pub pinned: BTreeSet<&'static str>,
        }

        impl Default for Settings {
            fn default() -> Self {
                // Made once, because compiling patterns takes long.
                static DEFAULTS: LazyLock<Settings> = LazyLock::new(|| {
                    Settings { $( $( $field: $default.into(), )+ )+ pinned: BTreeSet::new() }
                });
                DEFAULTS.clone()
            }
        }

        pub(super) static TABLE: &[Entry] = &[ $( $( Entry {
            id: $id,
            group: $group,
            text: concat!($($doc),+),
            rules: Rules::NONE $( $(.$flag())+ )? $(.within($range))? $(.among(&$choices))?,
            field: |all| &all.$field,
            field_mut: |all| &mut all.$field,
        }, )+ )+ ];
    };
}

/// The longest time that a timer of chats can be set to: a year, in seconds.
const YEAR: i64 = 31_536_000;

settings! {
    "Live chat" {
        /// Livechat as a whole; off answers `enabled: false` and refuses new rooms and messages.
        "Livechat_enabled" livechat_enabled: bool [public] = true;
        /// Whether the length of a visitor's message is limited.
        "Livechat_enable_message_character_limit" limit_message_length: bool [public] = false;
        /// The longest visitor message, in UTF-16 units; counts only with the switch above.
        "Livechat_message_character_limit" message_character_limit: i64 [public] = 0, in 0..=1_000_000;
        /// Removing a message by its id alone is refused; token and room are required (decision D1).
        "Livechat_delete_requires_token" delete_requires_token: bool = false;
        /// The largest page of history (decision D4).
        "Livechat_history_limit_max" history_limit_max: i64 = 5000, in 1000..=100_000;
        /// What is taken for an e-mail address in a visitor's text and added to the visitor's record: a regular expression
        /// without look-around, in any case; empty takes nothing.
        "Livechat_lead_email_regex" lead_email: Pattern = leads::EMAIL;
        /// The same for telephone numbers; only what has 7 to 15 digits is taken.
        "Livechat_lead_phone_regex" lead_phone: Pattern = leads::PHONE;
        /// Visitors may switch departments.
        "Livechat_allow_switching_departments" allow_switching_departments: bool [public] = true;
        /// Visitors see who serves them.
        "Livechat_show_agent_info" show_agent_info: bool [public] = true;
        /// Visitors see the e-mail address of who serves them, where they see the agent at all.
        "Livechat_show_agent_email" show_agent_email: bool [public] = true;
        /// Visitors may close their chat.
        "Omnichannel_allow_visitors_to_close_conversation" visitors_can_close: bool [public] = true;
        /// Agents are asked for a comment when they close a chat.
        "Livechat_request_comment_when_closing_conversation" close_comment_required: bool [public] = true;
        /// Staff may close a chat by force, whatever state its records are in.
        "Omnichannel_allow_force_close_conversations" force_close_allowed: bool [public] = false;
        /// Departments may be removed for good, not only archived.
        "Omnichannel_enable_department_removal" department_removal: bool [public] = false;
        /// What page tracking watches.
        "Livechat_history_monitor_type" history_monitor_type: String = "url", of ["url", "title"];
        /// Visitors may send files in chats.
        "Livechat_fileupload_enabled" livechat_file_upload: bool [public] = true;
        /// Keep address and browser of a visitor's first request; also lets a visitor with open rooms be removed.
        "Livechat_Allow_collect_and_store_HTTP_header_informations" store_headers: bool [public] = false;
        /// Visitors must agree to data processing before a chat.
        "Livechat_force_accept_data_processing_consent" force_consent: bool [public] = false;
        /// The text visitors agree to.
        "Livechat_data_processing_consent_text" consent_text: String [public] = "";
        /// The widget forgets a chat once it ended.
        "Livechat_clear_local_storage_when_chat_ended" clear_storage_when_ended: bool [public] = false;
        /// Offer a transcript when a chat ends.
        "Livechat_enable_transcript" enable_transcript: bool [public] = false;
        /// Always send a transcript when a chat ends.
        "Livechat_transcript_send_always" transcript_send_always: bool [public] = false;
        /// Text that offers a transcript.
        "Livechat_transcript_message" transcript_message: String [public] = "";
        /// Messages a visitor may send per minute (decision D9).
        "Livechat_rate_limit_messages_visitor" rate_limit_messages_visitor: i64 = 60, in 1..=1_000_000_000;
        /// Calls one address may make per minute, over all of its visitors (decision D9).
        "Livechat_rate_limit_calls_address" rate_limit_calls_address: i64 = 600, in 1..=1_000_000_000;
    }
    "Offline messages" {
        /// Whether visitors may leave a message while nobody answers.
        "Livechat_display_offline_form" display_offline_form: bool [public] = true;
        /// Refuse an offline message whose mail domain authoritatively does not exist.
        "Livechat_validate_offline_email" validate_offline_email: bool [public] = true;
        /// Where offline messages are mailed to; empty keeps them in the store only.
        "Livechat_offline_email" offline_email: String = "";
        /// The widget's title while nobody can answer.
        "Livechat_offline_title" offline_title: String [public] = "Leave a message";
        /// The widget's colour while nobody can answer.
        "Livechat_offline_title_color" offline_title_color: String [public color] = "#666666";
        /// Text above the offline form.
        "Livechat_offline_message" offline_message: String [public] = "";
        /// Text after an offline message was left.
        "Livechat_offline_success_message" offline_success_message: String [public] = "";
        /// Text in place of the offline form when it is switched off.
        "Livechat_offline_form_unavailable" offline_form_unavailable: String [public] = "";
        /// The sender address of mails; `PARLOR_SMTP_FROM` where empty.
        "From_Email" from_email: String = "";
    }
    "Widget" {
        /// The widget's title.
        "Livechat_title" title: String [public] = "Chat with us";
        /// The widget's colour.
        "Livechat_title_color" title_color: String [public color] = "#C1272D";
        /// Background of the widget, a CSS value.
        "Livechat_background" background: String [public] = "";
        /// Side of the page on which the widget stands.
        "Livechat_widget_position" widget_position: String [public] = "right", of ["left", "right"];
        /// Hide the button that opens the widget in a window of its own.
        "Livechat_hide_expand_chat" hide_expand_chat: bool [public] = false;
        /// The widget's logo, an address.
        "Assets_livechat_widget_logo" widget_logo: String = "";
        /// Hide the product's name in the widget.
        "Livechat_hide_watermark" hide_watermark: bool = false;
        /// Kinds of system messages that the widget hides by itself.
        "Livechat_hide_system_messages" widget_hidden_messages: Vec<String> [public] =
            ["uj", "ul", "livechat-close"].map(String::from),
            of ["uj", "ul", "livechat-close", "livechat-started", "livechat_transfer_history"];
        /// Ask visitors to register before a chat.
        "Livechat_registration_form" registration_form: bool [public] = true;
        /// The registration form asks for a name.
        "Livechat_name_field_registration_form" name_field: bool [public] = true;
        /// The registration form asks for an e-mail address.
        "Livechat_email_field_registration_form" email_field: bool [public] = true;
        /// Text above the registration form.
        "Livechat_registration_form_message" registration_form_message: String [public] = "";
        /// Text after a chat was closed.
        "Livechat_conversation_finished_message" conversation_finished_message: String [public] = "";
        /// Text below the former.
        "Livechat_conversation_finished_text" conversation_finished_text: String [public] = "";
    }
    "Routing" {
        /// How waiting chats find an agent; `Manual_Selection` tells visitors that they wait for one.
        "Livechat_Routing_Method" routing_method: String [public] = "Auto_Selection",
            of ["Auto_Selection", "Manual_Selection", "External", "Load_Balancing", "Load_Rotation"];
        /// Rooms open although no agent is there to serve them.
        "Livechat_accept_chats_with_no_agents" accept_chats_with_no_agents: bool = false;
        /// Agents who are away for lack of activity still get chats.
        "Livechat_enabled_when_agent_idle" enabled_when_agent_idle: bool [public] = true;
        /// New chats that nobody is preferred for go to a bot first.
        "Livechat_assign_new_conversation_to_bot" assign_to_bot: bool = false;
        /// A visitor who comes back is given the agent of the last chat, if that agent is there.
        "Livechat_last_chatted_agent_routing" last_chatted_agent_routing: bool = false;
        /// How many departments a chat may fall through when each falls back to another.
        "Omnichannel_max_fallback_forward_depth" max_fallback_depth: i64 = 3, in 0..=100;
        /// The service that `External` routing asks for an agent.
        "Livechat_External_Queue_URL" external_queue_url: String = "";
        /// What that service is shown to know us by.
        "Livechat_External_Queue_Token" external_queue_token: Secret = "";
        /// Seconds without an answer after which a chat goes to another agent; 0 is never.
        "Livechat_auto_transfer_chat_timeout" auto_transfer_timeout: i64 = 0, in 0..=YEAR;
        /// What becomes of an agent's open chats when the agent has left.
        "Livechat_agent_leave_action" agent_leave_action: String = "none", of ["none", "forward", "close"];
        /// Seconds an agent may be gone before that is done.
        "Livechat_agent_leave_action_timeout" agent_leave_timeout: i64 = 60, in 0..=YEAR;
        /// The closing comment of chats whose agent has left.
        "Livechat_agent_leave_comment" agent_leave_comment: String = "";
    }
    "Queue" {
        /// Every new chat waits in the queue and is handed out from there.
        "Livechat_waiting_queue" waiting_queue: bool = false;
        /// Text for visitors who wait, where their department has none of its own.
        "Livechat_waiting_queue_message" waiting_queue_message: String = "";
        /// Chats an agent may have at the same time, where neither agent nor department says; 0 is no limit.
        "Livechat_maximum_chats_per_agent" max_chats_per_agent: i64 = 0, in 0..=1_000_000;
        /// Seconds between two rounds of handing out waiting chats.
        "Omnichannel_queue_delay_timeout" queue_delay: i64 = 5, in 1..=3600;
        /// What waiting chats are sorted by.
        "Omnichannel_sorting_mechanism" sorting_mechanism: String [public] = "Timestamp",
            of ["Timestamp", "Priority", "SLAs"];
        /// Tell waiting visitors their place and how long it will take.
        "Omnichannel_calculate_dispatch_service_queue_statistics" queue_statistics: bool = true;
        /// How many of the last closed chats the waiting time is estimated from.
        "Livechat_number_most_recent_chats_estimate_wait_time" estimate_wait_chats: i64 = 100, in 1..=10_000;
        /// Minutes after which a waiting chat is closed; -1 is never.
        "Livechat_max_queue_wait_time" max_queue_wait: i64 = -1, in -1..=525_600;
        /// How many waiting chats agents are shown; 0 is all.
        "Livechat_guest_pool_max_number_incoming_livechats_displayed" queue_shown_max: i64 [public] = 0, in 0..=1_000_000;
        /// Agents are shown a link to the queue.
        "Livechat_show_queue_list_link" show_queue_link: bool [public] = false;
    }
    "On hold and abandoned chats" {
        /// Agents are shown the button that puts a chat on hold.
        "Livechat_allow_manual_on_hold" manual_on_hold: bool [public] = false;
        /// A chat is put on hold only while the last message is from staff.
        "Livechat_allow_manual_on_hold_upon_agent_engagement_only" on_hold_after_answer_only: bool [public] = true;
        /// Seconds after which a chat on hold is closed; 0 is never.
        "Livechat_auto_close_on_hold_chats_timeout" on_hold_timeout: i64 = 3600, in 0..=YEAR;
        /// The closing comment of such chats; empty takes one of ours.
        "Livechat_auto_close_on_hold_chats_custom_message" on_hold_close_comment: String = "";
        /// Seconds a visitor may be silent after an answer before the chat counts as abandoned.
        "Livechat_visitor_inactivity_timeout" visitor_inactivity_timeout: i64 = 3600, in 1..=YEAR;
        /// What becomes of abandoned chats.
        "Livechat_abandoned_rooms_action" abandoned_rooms_action: String [public] = "none",
            of ["none", "close", "on-hold"];
        /// The closing comment of abandoned chats; empty takes one of ours.
        "Livechat_abandoned_rooms_closed_custom_message" abandoned_close_comment: String = "";
    }
    "Messages" {
        /// The largest message size that clients are told of when no limit for visitors is set.
        "Message_MaxAllowedSize" message_max_allowed_size: i64 [public] = 5000, in 0..=1_000_000;
        /// Whether authors may edit their messages.
        "Message_AllowEditing" allow_editing: bool [public] = true;
        /// Whether authors may remove their messages.
        "Message_AllowDeleting" allow_deleting: bool [public] = true;
        /// Minutes in which staff may edit their messages; 0 is for ever.
        "Message_AllowEditing_BlockEditInMinutes" edit_minutes: i64 [public] = 0, in 0..=525_600;
        /// Minutes in which staff may remove their messages; 0 is for ever.
        "Message_AllowDeleting_BlockDeleteInMinutes" delete_minutes: i64 [public] = 0, in 0..=525_600;
        /// Keep the earlier texts of edited and removed messages for auditors.
        "Message_KeepHistory" keep_history: bool = false;
        /// Show a trace of a removed message in its place.
        "Message_ShowDeletedStatus" show_deleted_status: bool [public] = false;
        /// Replace the words listed below in messages by asterisks.
        "Message_AllowBadWordsFilter" filter_bad_words: bool = false;
        /// Words to replace, separated by commas.
        "Message_BadWordsFilterList" bad_words: Vec<String> = Vec::<String>::new();
        /// Kinds of system messages that history leaves out.
        "Hide_System_Messages" hide_system_messages: Vec<String> [public] = Vec::<String>::new();
        /// History names users by their real names, and visitors by their usernames.
        "UI_Use_Real_Name" use_real_name: bool [public] = false;
        /// Rooms carry a copy of their last message.
        "Store_Last_Message" store_last_message: bool [public] = true;
        /// What counts as unread in an agent's chats.
        "Unread_Count_Omni" unread_count: String [public] = "all_messages", of ["all_messages", "mentions_only"];
        /// Told to clients: messages carry no receipts of who read them.
        "Message_Read_Receipt_Enabled" read_receipts: bool [public read_only] = false;
    }
    "Files" {
        /// Files may be sent at all.
        "FileUpload_Enabled" file_upload: bool [public] = true;
        /// The largest file in bytes; -1 is no limit.
        "FileUpload_MaxFileSize" file_max_size: i64 [public] = 104_857_600, in -1..=1_099_511_627_776;
        /// Media types that may be sent, separated by commas; empty allows all but those below.
        "FileUpload_MediaTypeWhiteList" file_types: String [public] = "";
        /// Media types that may not be sent, separated by commas.
        "FileUpload_MediaTypeBlackList" file_types_refused: String [public] = "image/svg+xml";
        /// Files are given only to those who may read their room.
        "FileUpload_ProtectFiles" protect_files: bool [public] = true;
    }
    "Accounts" {
        /// Who may make an account for themselves.
        "Accounts_RegistrationForm" registration: String [public] = "Disabled",
            of ["Public", "Disabled", "Secret URL"];
        /// The secret that `Secret URL` asks of those who register.
        "Accounts_RegistrationForm_SecretURL" registration_secret: Secret = "";
        /// Clients show the form for name and password.
        "Accounts_ShowFormLogin" show_form_login: bool [public] = true;
        /// Users may set the text beside their presence.
        "Accounts_AllowUserStatusMessageChange" status_text_change: bool [public] = true;
        /// Where a call wants a second factor and the user has none set up, it wants the password once more.
        "Accounts_TwoFactorAuthentication_By_Password_Fallback" two_factor_by_password: bool = false;
        /// Seconds for which a second factor is not asked again of the same login.
        "Accounts_TwoFactorAuthentication_RememberFor" two_factor_remember: i64 = 1800, in 0..=YEAR;
        /// Told to clients: pictures of users are shown without a login.
        "Accounts_AvatarBlockUnauthenticatedAccess" avatars_need_login: bool [public read_only] = false;
    }
    "General" {
        /// The name of this server, in clients and mails.
        "Site_Name" site_name: String [public] = "Parlor";
        /// Language of fixed texts, a language tag.
        "Language" language: String [public] = "en";
        /// Told to clients: where the server is reached, the key `public_url` of the configuration.
        "Site_Url" site_url: String [public read_only] = "";
        /// Told to clients: a name for this installation that never changes.
        "uniqueID" unique_id: String [public read_only] = "";
        /// Told to clients: there is no encryption between users that the server cannot read.
        "E2E_Enable" end_to_end_encryption: bool [public read_only] = false;
        /// Told to clients: presence is sent out.
        "Presence_broadcast_disabled" presence_broadcast_disabled: bool [public read_only] = false;
        /// Told to clients: methods are called over the WebSocket.
        "API_Use_REST_For_DDP_Calls" methods_over_rest: bool [public read_only] = false;
    }
    "API" {
        /// How many items a page of a list has where the caller does not say.
        "API_Default_Count" default_count: i64 [public] = 50, in 1..=100_000;
        /// The most items that a page of a list has.
        "API_Upper_Count_Limit" upper_count_limit: i64 [public] = 100, in 1..=100_000;
        /// A caller who asks for a page of 0 items gets all of them.
        "API_Allow_Infinite_Count" allow_infinite_count: bool [public] = true;
        /// Pages of other origins may make calls that a browser asks permission for.
        "API_Enable_CORS" cors: bool [public] = true;
        /// The origins of those pages, separated by commas; `*` is all.
        "API_CORS_Origin" cors_origin: String [public] = "*";
        /// Count calls and refuse those past a limit.
        "API_Enable_Rate_Limiter" rate_limiter: bool [public] = true;
        /// Calls allowed per window on routes without a limit of their own.
        "API_Enable_Rate_Limiter_Limit_Calls_Default" rate_limit_calls: i64 [public] = 10, in 1..=1_000_000_000;
        /// Length of that window in milliseconds.
        "API_Enable_Rate_Limiter_Limit_Time_Default" rate_limit_window: i64 [public] = 60_000, in 1000..=86_400_000;
    }
}
