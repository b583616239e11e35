//! The widget's configuration on the wire (section 4.1 of `visitor-api.md`).

use parlor_model::Settings;
use parlor_services::config::Guest;
use serde::Serialize;
use utoipa::ToSchema;

use super::visitor::EmailBody;

/// What the widget needs to know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Config)]
pub(crate) enum ConfigBody {
    /// Livechat is switched off, and nothing else is said.
    Off {
        /// `false`.
        enabled: bool,
    },
    On(Box<WholeConfigBody>),
}

/// The configuration while livechat is on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeConfig)]
pub(crate) struct WholeConfigBody {
    /// `true`.
    enabled: bool,
    /// Whether a visitor who writes now is taken in.
    online: bool,
    settings: WidgetSettings,
    theme: Theme,
    messages: Texts,
    survey: Survey,
    /// None are defined yet.
    #[schema(value_type = Vec<Object>)]
    triggers: [(); 0],
    /// None are defined yet.
    #[schema(value_type = Vec<Object>)]
    departments: [(); 0],
    resources: Resources,
    /// Only where the token is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    guest: Option<GuestBody>,
    /// Only where the guest has an open room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    room: Option<GuestRoom>,
}

/// What the widget does and shows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // the wire's own
pub(crate) struct WidgetSettings {
    registration_form: bool,
    allow_switching_departments: bool,
    name_field_registration_form: bool,
    email_field_registration_form: bool,
    display_offline_form: bool,
    video_call: bool,
    file_upload: bool,
    language: String,
    transcript: bool,
    /// `url` or `title`.
    history_monitor_type: String,
    force_accept_data_processing_consent: bool,
    show_connecting: bool,
    agent_hidden_info: bool,
    clear_local_storage_when_chat_ended: bool,
    limit_text_length: TextLimit,
    /// Kinds of system messages that the widget does not show.
    hidden_system_messages: Vec<String>,
    livechat_logo: Logo,
    hide_watermark: bool,
    visitors_can_close_chat: bool,
}

/// The longest text the widget lets a visitor write, or `false` for no limit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum TextLimit {
    None(bool),
    Most(i64),
}

/// The widget's logo.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Logo {
    /// Empty where there is none.
    url: String,
}

/// Titles and colours.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Theme {
    title: String,
    color: String,
    offline_title: String,
    offline_color: String,
    /// `right` or `left`.
    position: String,
    background: String,
    hide_expand_chat: bool,
    action_links: ActionLinks,
}

/// Buttons that a message may carry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionLinks {
    #[schema(value_type = Vec<ActionLink>)]
    jitsi: [ActionLink; 2],
}

/// A button.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionLink {
    icon: &'static str,
    #[serde(rename = "i18nLabel")]
    label: &'static str,
}

/// Texts of the operator's; empty where the widget has its own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Texts {
    offline_message: String,
    offline_success_message: String,
    offline_unavailable_message: String,
    conversation_finished_message: String,
    conversation_finished_text: String,
    transcript_message: String,
    registration_form_message: String,
    data_processing_consent_text: String,
}

/// What a visitor may be asked after a chat.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Survey {
    #[schema(value_type = Vec<String>)]
    items: [&'static str; 4],
    #[schema(value_type = Vec<String>)]
    values: [&'static str; 5],
}

/// Files that the widget loads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resources {
    sound: String,
    /// None are defined yet.
    #[schema(value_type = Vec<Object>)]
    emojis: [(); 0],
}

/// The visitor who holds the token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Guest)]
pub(crate) struct GuestBody {
    #[serde(rename = "_id")]
    id: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    visitor_emails: Vec<EmailBody>,
}

/// The guest's open room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GuestRoom {
    #[serde(rename = "_id")]
    id: String,
    /// `true`.
    open: bool,
}

impl ConfigBody {
    /// The configuration for `guest`, of a server that visitors reach at `public_url`.
    pub(crate) fn of(s: &Settings, online: bool, public_url: &str, guest: Guest) -> Self {
        let email = |address| EmailBody { address };
        let shown = |v: parlor_model::visitor::Visitor| GuestBody {
            id: v.id,
            username: v.username,
            token: v.token,
            name: v.name,
            visitor_emails: v.leads.emails.into_iter().map(email).collect(),
        };
        Self::On(Box::new(WholeConfigBody {
            enabled: true,
            online,
            settings: WidgetSettings::of(s),
            theme: Theme::of(s),
            messages: Texts::of(s),
            // The third item is misspelt on the wire, and clients know it that way.
            survey: Survey {
                items: ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"],
                values: ["1", "2", "3", "4", "5"],
            },
            triggers: [],
            departments: [],
            resources: Resources { sound: format!("{public_url}/sounds/chime.mp3"), emojis: [] },
            guest: guest.visitor.map(shown),
            room: guest.room.map(|room| GuestRoom { id: room.id, open: room.open }),
        }))
    }
}

impl WidgetSettings {
    fn of(s: &Settings) -> Self {
        let limit_text_length = match (s.limit_message_length, s.message_character_limit) {
            (false, _) => TextLimit::None(false),
            (true, limit) if limit > 0 => TextLimit::Most(limit),
            (true, _) => TextLimit::Most(s.message_max_allowed_size),
        };
        Self {
            registration_form: s.registration_form,
            allow_switching_departments: s.allow_switching_departments,
            name_field_registration_form: s.name_field,
            email_field_registration_form: s.email_field,
            display_offline_form: s.display_offline_form,
            video_call: false,
            file_upload: s.livechat_file_upload && s.file_upload,
            language: s.language.clone(),
            transcript: s.enable_transcript,
            history_monitor_type: s.history_monitor_type.clone(),
            force_accept_data_processing_consent: s.force_consent,
            show_connecting: s.routing_method == "Manual_Selection",
            agent_hidden_info: !s.show_agent_info,
            clear_local_storage_when_chat_ended: s.clear_storage_when_ended,
            limit_text_length,
            hidden_system_messages: s.widget_hidden_messages.clone(),
            livechat_logo: Logo { url: s.widget_logo.clone() },
            hide_watermark: s.hide_watermark,
            visitors_can_close_chat: s.visitors_can_close,
        }
    }
}

impl Theme {
    fn of(s: &Settings) -> Self {
        Self {
            title: s.title.clone(),
            color: s.title_color.clone(),
            offline_title: s.offline_title.clone(),
            offline_color: s.offline_title_color.clone(),
            position: s.widget_position.clone(),
            background: s.background.clone(),
            hide_expand_chat: s.hide_expand_chat,
            action_links: ActionLinks {
                jitsi: [
                    ActionLink { icon: "icon-videocam", label: "Accept" },
                    ActionLink { icon: "icon-cancel", label: "Decline" },
                ],
            },
        }
    }
}

impl Texts {
    fn of(s: &Settings) -> Self {
        Self {
            offline_message: s.offline_message.clone(),
            offline_success_message: s.offline_success_message.clone(),
            offline_unavailable_message: s.offline_form_unavailable.clone(),
            conversation_finished_message: s.conversation_finished_message.clone(),
            conversation_finished_text: s.conversation_finished_text.clone(),
            transcript_message: s.transcript_message.clone(),
            registration_form_message: s.registration_form_message.clone(),
            data_processing_consent_text: s.consent_text.clone(),
        }
    }
}
