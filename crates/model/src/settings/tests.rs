//! What holds for every setting of the table, and for every type.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Any setting that can be changed, with a value it takes.
fn a_setting_and_a_value() -> impl Strategy<Value = (&'static Definition, Value)> {
    let changeable: Vec<_> = Settings::definitions().iter().filter(|d| !d.read_only).collect();
    prop::sample::select(changeable).prop_flat_map(|definition| (Just(definition), a_value(definition)))
}

fn a_value(definition: &'static Definition) -> BoxedStrategy<Value> {
    let text = "[^\0]{0,20}";
    match definition.kind {
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Int => {
            let range = definition.range.clone().unwrap_or(i64::MIN..=i64::MAX);
            range.prop_map(Value::from).boxed()
        }
        Kind::Text | Kind::Secret => text.prop_map(Value::from).boxed(),
        Kind::Pattern => text.prop_map(|source| regex::escape(&source).into()).boxed(),
        Kind::Color => "#[0-9a-fA-F]{6}|[a-z]{1,12}".prop_map(Value::from).boxed(),
        Kind::Select => prop::sample::select(definition.choices).prop_map(Value::from).boxed(),
        Kind::List => prop::collection::vec(text, 0..4).prop_map(Value::from).boxed(),
        Kind::MultiSelect => {
            let some = 0..=definition.choices.len();
            prop::sample::subsequence(definition.choices, some).prop_map(Value::from).boxed()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_value_reads_back_from_its_text_and_from_its_json((definition, value) in a_setting_and_a_value()) {
        let id = definition.id;
        let mut settings = Settings::default();
        settings.set_json(id, &value).unwrap();
        prop_assert_eq!(settings.value(id), Some(value));
        let mut again = Settings::default();
        again.set(id, &settings.show(id).unwrap()).unwrap();
        prop_assert_eq!(&again, &settings);
        // As the wire sometimes has it, in quotes.
        if matches!(definition.kind, Kind::Bool | Kind::Int) {
            again.set_json(id, &settings.show(id).unwrap().into()).unwrap();
            prop_assert_eq!(&again, &settings);
        }
    }

    #[test]
    fn no_text_makes_a_setting_fail_or_half_change(at in any::<prop::sample::Index>(), text in any::<String>()) {
        let definition = at.get(Settings::definitions());
        let mut settings = Settings::default();
        if settings.set(definition.id, &text).is_err() {
            prop_assert_eq!(&settings, &Settings::default());
        } else {
            let shown = settings.show(definition.id).unwrap();
            prop_assert_eq!(settings.set(definition.id, &shown), Ok(()));
            prop_assert_eq!(settings.show(definition.id), Some(shown));
        }
    }
}

#[test]
fn every_id_is_unique_and_its_default_is_within_its_bounds() {
    let defaults = Settings::default();
    let mut ids = HashSet::new();
    for definition in Settings::definitions() {
        let id = definition.id;
        assert!(ids.insert(id), "{id} stands twice");
        assert!(!definition.text.trim().is_empty() && !definition.group.is_empty());
        assert_eq!(definition.kind == Kind::Int, definition.range.is_some(), "{id}: the range");
        let of_choices = matches!(definition.kind, Kind::Select | Kind::MultiSelect);
        assert_eq!(of_choices, !definition.choices.is_empty(), "{id}: the choices");
        assert!(!(definition.secret() && definition.public), "{id} is secret and public");
        assert_eq!(Some(&definition.default), defaults.value(id).as_ref());
        let mut copy = Settings::default();
        let expected = if definition.read_only { Err(SettingError::ReadOnly) } else { Ok(()) };
        assert_eq!(copy.set(id, &defaults.show(id).unwrap()), expected, "{id}");
        assert_eq!(copy.set_json(id, &definition.default), expected, "{id}");
        assert_eq!(copy, defaults, "{id}");
    }
    assert!(ids.len() > 100);
    assert!(Settings::definition("No_such_setting").is_none());
}

#[test]
fn values_outside_type_or_bounds_are_refused() {
    let mut settings = Settings::default();
    let invalid = |reason: &str| Err(SettingError::Invalid(reason.to_owned()));
    assert_eq!(settings.set("Livechat_enabled", "maybe"), invalid("expected true or false"));
    let range = invalid("expected a whole number from 1000 to 100000");
    assert_eq!(settings.set("Livechat_history_limit_max", "5"), range);
    for broken in ["(", "a(?=b)"] {
        let refused = settings.set("Livechat_lead_phone_regex", broken);
        assert!(matches!(&refused, Err(SettingError::Invalid(m)) if !m.contains('\n')), "{refused:?}");
    }
    assert_eq!(settings.set("Livechat_widget_position", "top"), invalid("expected one of left, right"));
    for color in ["", "#12", "#12345g", "red;} body{", "\"", "url(x:y)"] {
        let refused = settings.set("Livechat_title_color", color);
        assert_eq!(refused, invalid("expected a CSS colour, such as #C1272D"), "{color}");
    }
    assert!(settings.set("Livechat_title", "a\0b").is_err());
    assert!(settings.set("Livechat_hide_system_messages", "uj,rm").is_err());
    assert_eq!(settings.set("No_such_setting", "1"), Err(SettingError::Unknown));
    assert_eq!(settings.set("uniqueID", "x"), Err(SettingError::ReadOnly));
    assert_eq!(settings, Settings::default());
}

#[test]
fn json_of_another_type_is_taken_where_it_can_mean_only_one_thing() {
    let mut settings = Settings::default();
    let number = "Livechat_maximum_chats_per_agent";
    for (value, expected) in [(json!(5), 5), (json!("7"), 7), (json!(9.0), 9), (json!(" 11 "), 11)] {
        settings.set_json(number, &value).unwrap();
        assert_eq!(settings.max_chats_per_agent, expected);
    }
    for value in [json!(null), json!(true), json!(1.5), json!(1e300), json!("x"), json!(-1), json!([1])] {
        assert!(settings.set_json(number, &value).is_err(), "{value}");
    }
    settings.set_json("Livechat_enabled", &json!("false")).unwrap();
    assert!(!settings.livechat_enabled);
    for (id, value) in [
        ("Livechat_enabled", json!(0)),
        ("Livechat_title", json!(5)),
        ("Livechat_title", json!(null)),
        ("Livechat_Routing_Method", json!("auto_selection")),
        ("Livechat_Routing_Method", json!(["Auto_Selection"])),
        ("Hide_System_Messages", json!([1])),
        ("Hide_System_Messages", json!({})),
    ] {
        assert!(matches!(settings.set_json(id, &value), Err(SettingError::Invalid(_))), "{id} {value}");
    }
}

#[test]
fn lists_are_taken_as_json_or_separated_by_commas() {
    let mut settings = Settings::default();
    settings.set("Hide_System_Messages", r#"["uj","ul"]"#).unwrap();
    assert_eq!(settings.hide_system_messages, ["uj", "ul"]);
    settings.set("Hide_System_Messages", "au, ru").unwrap();
    assert_eq!(settings.hide_system_messages, ["au", "ru"]);
    settings.set_json("Livechat_hide_system_messages", &json!("uj")).unwrap();
    assert_eq!(settings.widget_hidden_messages, ["uj"]);
}

#[test]
fn an_appearance_value_is_read_with_more_patience() {
    for id in APPEARANCE {
        let default = Settings::definition(id).unwrap_or_else(|| panic!("{id} is none")).default.clone();
        assert_eq!(
            appearance_value(id, &default).map(|(known, value)| (known.id, value)),
            Some((*id, default))
        );
    }
    let read = |id, value| appearance_value(id, &value).map(|(_, value)| value);
    assert_eq!(read("Livechat_message_character_limit", json!("many")), Some(json!(0)));
    assert_eq!(read("Livechat_message_character_limit", json!("12")), Some(json!(12)));
    assert_eq!(read("Livechat_hide_system_messages", json!(["uj", "zz"])), Some(json!(["uj"])));
    assert_eq!(read("Livechat_enabled", json!(true)), None);
}

#[test]
fn secrets_do_not_show_when_settings_are_printed() {
    let mut settings = Settings::default();
    settings.set("Livechat_External_Queue_Token", "hunter2").unwrap();
    assert_eq!(settings.external_queue_token.expose(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn what_the_contract_marks_is_public_and_nothing_that_it_does_not() {
    let public = |id| Settings::definition(id).unwrap_or_else(|| panic!("{id} is none")).public;
    for id in [
        "Livechat_enabled",
        "Livechat_Routing_Method",
        "uniqueID",
        "Site_Url",
        "Omnichannel_sorting_mechanism",
    ] {
        assert!(public(id), "{id}");
    }
    for id in
        ["Livechat_offline_email", "Livechat_External_Queue_URL", "Livechat_waiting_queue", "From_Email"]
    {
        assert!(!public(id), "{id}");
    }
}
