//! The settings of the widget's looks, which have a call of their own (section 5.8 of `agent-api.md`).

use serde_json::Value;

use super::{Definition, Kind, Settings};

/// The ids that `livechat/appearance` shows and takes.
pub const APPEARANCE: &[&str] = &[
    "Livechat_title",
    "Livechat_title_color",
    "Livechat_enable_message_character_limit",
    "Livechat_message_character_limit",
    "Livechat_show_agent_info",
    "Livechat_show_agent_email",
    "Livechat_display_offline_form",
    "Livechat_offline_form_unavailable",
    "Livechat_offline_message",
    "Livechat_offline_success_message",
    "Livechat_offline_title",
    "Livechat_offline_title_color",
    "Livechat_offline_email",
    "Livechat_conversation_finished_message",
    "Livechat_conversation_finished_text",
    "Livechat_registration_form",
    "Livechat_name_field_registration_form",
    "Livechat_email_field_registration_form",
    "Livechat_registration_form_message",
    "Livechat_hide_watermark",
    "Livechat_background",
    "Livechat_widget_position",
    "Livechat_hide_system_messages",
    "Omnichannel_allow_visitors_to_close_conversation",
    "Livechat_hide_expand_chat",
];

/// The definition of an appearance setting and what `livechat/appearance` takes `value` for: a text that is no number
/// is 0, and unknown choices of a multi-select are left out. `None` if the id is not one of [`APPEARANCE`]. Whatever
/// else is wrong with the value is found when it is set.
pub fn appearance_value(id: &str, value: &Value) -> Option<(&'static Definition, Value)> {
    let definition = APPEARANCE.contains(&id).then(|| Settings::definition(id)).flatten()?;
    let value = match (definition.kind, value) {
        (Kind::Int, Value::String(text)) => text.trim().parse::<i64>().unwrap_or(0).into(),
        (Kind::MultiSelect, Value::Array(items)) => {
            let known = |item: &&Value| item.as_str().is_none_or(|text| definition.choices.contains(&text));
            items.iter().filter(known).cloned().collect()
        }
        _ => value.clone(),
    };
    Some((definition, value))
}
