//! The values in force, for everyone in the process.

use std::sync::{Arc, PoisonError, RwLock};

use parlor_model::Settings;
use parlor_model::settings::SettingError;

/// A value that could not be taken, by its setting's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The id as it was given.
    pub id: String,
    /// What is wrong.
    pub error: SettingError,
}

/// Holds one set of values that is replaced as a whole. Whoever needs settings asks for the current set for each
/// command, and never keeps it for the next.
///
/// It has no `Debug`: what the operator gives may be secret.
pub struct SettingsHolder {
    /// What holds where nothing is stored, and the facts that the server tells.
    base: Settings,
    /// The operator's word: id and text form.
    overrides: Vec<(&'static str, String)>,
    current: RwLock<Arc<Settings>>,
}

impl SettingsHolder {
    /// Starts with `base` (the defaults, and what the server knows to be a fact) and the operator's overrides (id and
    /// text form) over it; nothing stored is known yet. Fails with the first override that is wrong.
    pub fn new(base: Settings, overrides: Vec<(&'static str, String)>) -> Result<Self, Refused> {
        let mut first = base.clone();
        overrule(&mut first, &overrides)?;
        Ok(Self { base, overrides, current: RwLock::new(Arc::new(first)) })
    }

    /// The values in force now.
    pub fn current(&self) -> Arc<Settings> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Brings stored values (id and text form) into force, over the base and under the overrides; values of before
    /// that are not among them are gone. Gives those that are passed over because no setting can have them.
    ///
    /// Of two calls the one with the older values must not come last: read and reload under one lock.
    pub fn reload(&self, stored: &[(String, String)]) -> Vec<Refused> {
        let mut settings = self.base.clone();
        let mut refused = Vec::new();
        for (id, text) in stored {
            match settings.set(id, text) {
                // Facts are kept in the same table, and stand in the base already.
                Ok(()) | Err(SettingError::ReadOnly) => {}
                Err(error) => refused.push(Refused { id: id.clone(), error }),
            }
        }
        refused.extend(overrule(&mut settings, &self.overrides).err());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        refused
    }
}

/// Values that nobody overrules.
impl From<Settings> for SettingsHolder {
    fn from(base: Settings) -> Self {
        let current = RwLock::new(Arc::new(base.clone()));
        Self { base, overrides: Vec::new(), current }
    }
}

fn overrule(settings: &mut Settings, overrides: &[(&'static str, String)]) -> Result<(), Refused> {
    for (id, text) in overrides {
        settings.set(id, text).map_err(|error| Refused { id: (*id).to_owned(), error })?;
        settings.pinned.insert(*id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(values: &[(&str, &str)]) -> Vec<(String, String)> {
        values.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn the_operator_is_over_the_store_and_the_store_over_the_base() {
        let base = Settings { title: "base".into(), site_name: "base".into(), ..Settings::default() };
        let overrides = vec![("Livechat_title", "operator".to_owned())];
        let holder = SettingsHolder::new(base, overrides).unwrap();
        let before = holder.current();
        assert_eq!((before.title.as_str(), before.site_name.as_str()), ("operator", "base"));
        let values = [("Livechat_title", "stored"), ("Site_Name", "stored"), ("Language", "de")];
        assert_eq!(holder.reload(&stored(&values)), []);
        let after = holder.current();
        assert_eq!(
            (after.title.as_str(), after.site_name.as_str(), after.language.as_str()),
            ("operator", "stored", "de")
        );
        assert!(after.pinned.iter().eq(&["Livechat_title"]));
        assert_eq!(before.site_name, "base", "who holds a set keeps it");
        holder.reload(&[]);
        assert_eq!(holder.current(), before);
    }

    #[test]
    fn a_stored_value_that_no_setting_can_have_is_passed_over_and_told() {
        let base = Settings { unique_id: "fact".into(), ..Settings::default() };
        let holder = SettingsHolder::from(base);
        let values = [("uniqueID", "x"), ("Gone", "1"), ("Livechat_enabled", "maybe"), ("Language", "de")];
        let refused: Vec<_> = holder.reload(&stored(&values)).into_iter().map(|refused| refused.id).collect();
        assert_eq!(refused, ["Gone", "Livechat_enabled"]);
        let after = holder.current();
        assert_eq!((after.unique_id.as_str(), after.language.as_str()), ("fact", "de"));
        assert!(after.livechat_enabled && after.pinned.is_empty());
    }

    #[test]
    fn a_wrong_override_is_refused_at_once() {
        for (id, text) in [("Livechat_enabled", "maybe"), ("uniqueID", "x"), ("Gone", "1")] {
            let refused = SettingsHolder::new(Settings::default(), vec![(id, text.to_owned())]).err();
            assert_eq!(refused.map(|refused| refused.id).as_deref(), Some(id));
        }
    }
}
