//! What an operator may rely on: precedence, refusals, hidden secrets and a current example file.

use std::path::Path;

use super::value::{DatabaseUrl, LogFormat};
use super::*;

/// A working directory with layers that a test fills.
struct Bench {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    flags: GlobalFlags,
    demo: bool,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    Bench { folder, variables: Vec::new(), flags: GlobalFlags::default(), demo: false }
}

impl Bench {
    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn var(mut self, name: &str, text: &str) -> Self {
        self.variables.push((name.to_owned(), text.to_owned()));
        self
    }

    fn flag(mut self, key: &str, text: &str) -> Self {
        self.flags.keys.push((Key::find(key).unwrap(), text.to_owned()));
        self
    }

    fn load(&self) -> Result<Loaded, ConfigErrors> {
        let machine = Machine { folder: self.folder.path().to_owned(), cores: 6 };
        Config::load_on(&machine, &self.flags, self.variables.clone(), self.demo)
    }

    fn config(&self) -> Config {
        self.load().unwrap().config
    }

    fn problems(&self) -> Vec<String> {
        self.load().unwrap_err().problems().iter().map(ToString::to_string).collect()
    }
}

#[test]
fn without_any_layer_the_defaults_are_in_force() {
    let config = bench().config();
    assert_eq!(config.listen.to_string(), "0.0.0.0:3000");
    assert_eq!(config.data_dir, Path::new("./data"));
    assert_eq!(config.database_url, DatabaseUrl::Sqlite("./data/parlor.db".into()));
    assert_eq!(config.public_url.as_str(), "http://localhost:3000");
    assert_eq!((config.threads, config.db_readers, config.db_writers), (6, 6, 2));
    assert_eq!((config.smtp_url, config.smtp_from, config.metrics_listen), (None, None, None));
    assert!(config.trusted_proxies.is_empty() && config.settings.is_empty());
    assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Text));
}

#[test]
fn flags_go_over_the_environment_over_the_file_over_defaults() {
    let mut at = bench().file("parlor.toml", "listen = '127.0.0.1:1'\n");
    let listen = |at: &Bench| {
        let loaded = at.load().unwrap();
        (loaded.config.listen.port(), loaded.source("listen").to_string())
    };
    assert_eq!(listen(&at), (1, "parlor.toml:1".to_owned()));
    at = at.var("PARLOR_LISTEN", "127.0.0.1:2");
    assert_eq!(listen(&at), (2, "PARLOR_LISTEN".to_owned()));
    at = at.flag("listen", "127.0.0.1:3");
    assert_eq!(listen(&at), (3, "--listen".to_owned()));
}

#[test]
fn the_file_is_that_of_the_flag_then_that_of_the_variable_then_the_usual_one() {
    let mut at = bench()
        .file("parlor.toml", "queue_limit = 1")
        .file("variable.toml", "queue_limit = 2")
        .file("flag.toml", "queue_limit = 3");
    assert_eq!(at.config().queue_limit, 1);
    at = at.var("PARLOR_CONFIG", "variable.toml");
    assert_eq!(at.config().queue_limit, 2);
    at.flags.config = Some("flag.toml".into());
    assert_eq!(at.config().queue_limit, 3);
}

#[test]
fn a_named_file_that_does_not_exist_is_a_problem() {
    let problems = bench().var("PARLOR_CONFIG", "none.toml").problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("none.toml: the configuration file cannot be read"), "{problems:?}");
}

#[test]
fn derived_defaults_follow_the_values_in_force() {
    let config = bench().var("PARLOR_DATA_DIR", "/srv/chat").flag("listen", "[::1]:8080").config();
    assert_eq!(config.database_url, DatabaseUrl::Sqlite("/srv/chat/parlor.db".into()));
    assert_eq!(config.public_url.as_str(), "http://localhost:8080");
}

#[test]
fn demo_data_has_a_folder_of_its_own_unless_one_is_named() {
    let mut at = bench();
    at.demo = true;
    let config = at.config();
    assert_eq!(config.data_dir, Path::new("./data/demo"));
    assert_eq!(config.database_url, DatabaseUrl::Sqlite("./data/demo/parlor.db".into()));
    assert_eq!(at.var("PARLOR_DATA_DIR", "mine").config().data_dir, Path::new("mine"));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    let problems = bench()
        .file(
            "parlor.toml",
            "\nlistn = '127.0.0.1:1'\nLivechat_enabled = true\n[settings]\nLivechat_enabld = true\n",
        )
        .var("PARLOR_DB_READER", "2")
        .var("OVERWRITE_SETTING_Livechat_titel", "Hi")
        .problems();
    assert_eq!(
        problems,
        [
            "parlor.toml:2: unknown key listn; did you mean listen?",
            "parlor.toml:3: unknown key Livechat_enabled; settings stand below [settings]",
            "parlor.toml:5: unknown setting Livechat_enabld; did you mean Livechat_enabled?",
            "OVERWRITE_SETTING_Livechat_titel: unknown setting; did you mean OVERWRITE_SETTING_Livechat_title?",
            "PARLOR_DB_READER: unknown variable; did you mean PARLOR_DB_READERS?",
        ]
    );
}

#[test]
fn variables_of_others_and_empty_ones_are_passed_over() {
    let at = bench().var("PATH", "/bin").var("PARLOURS", "x").var("PARLOR_PORT", "tcp://10.0.0.1:80");
    assert_eq!(at.var("PARLOR_LISTEN", " ").var("PARLOR_CONFIG", "").config(), bench().config());
}

#[test]
fn a_bad_value_is_told_with_its_key_source_and_what_was_expected() {
    let address = "an IP address and a port, such as 127.0.0.1:3000 or [::]:3000";
    let problems = bench()
        .file(
            "parlor.toml",
            "listen = 'localhost'\nqueue_limit = 0\nthreads = '4'\n[settings]\nMessage_AllowEditing = 5",
        )
        .var("PARLOR_METRICS_LISTEN", "9100")
        .var("PARLOR_LOG_FORMAT", "xml")
        .flag("listen", "foo")
        .problems();
    assert_eq!(problems, [
        format!("parlor.toml:1: listen = \"localhost\" is refused; expected {address}"),
        "parlor.toml:2: queue_limit = 0 is refused; expected a whole number from 1 to 65536".to_owned(),
        "parlor.toml:3: threads = \"4\" is refused; expected a whole number from 1 to 512, as a number without quotes"
            .to_owned(),
        "parlor.toml:5: Message_AllowEditing = 5 is refused; expected true or false".to_owned(),
        "PARLOR_LOG_FORMAT: \"xml\" is refused; expected text or json".to_owned(),
        format!("PARLOR_METRICS_LISTEN: 9100 is refused; expected {address}"),
        format!("--listen: \"foo\" is refused; expected {address}"),
    ]);
}

#[test]
fn a_mistake_does_not_hide_below_a_higher_layer() {
    let problems = bench().file("parlor.toml", "drain_secs = -1").var("PARLOR_DRAIN_SECS", "5").problems();
    assert_eq!(
        problems,
        ["parlor.toml:1: drain_secs = -1 is refused; expected a whole number from 0 to 3600"]
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let problems = bench().file("parlor.toml", "queue_limit = 5\nlog = info\nx y\n").problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(problems[0], "parlor.toml:2: a text must stand in quotes");
    assert!(problems[1].starts_with("parlor.toml:3: not TOML: "), "{problems:?}");
    let problems = bench().file("parlor.toml", "settings = 5").problems();
    assert_eq!(problems, ["parlor.toml:1: settings is a whole number; expected a table, [settings]"]);
}

#[test]
fn variables_that_are_not_utf8_are_refused() {
    assert_eq!(
        bench().var("PARLOR_DATA_DIR", "d\u{fffd}").problems(),
        ["PARLOR_DATA_DIR: not readable as UTF-8"]
    );
}

#[test]
fn every_number_keeps_to_its_range() {
    for key in KEYS {
        let Some(range) = &key.range else { continue };
        for (number, good) in [
            (*range.start(), true),
            (*range.end(), true),
            (range.start() - 1, false),
            (range.end() + 1, false),
        ] {
            let result = bench().var(&key.variable(), &number.to_string()).load();
            assert_eq!(result.is_ok(), good, "{} = {number}", key.name);
        }
    }
}

#[test]
fn a_mail_server_needs_a_sender() {
    let at = bench().var("PARLOR_SMTP_URL", "smtp://mail.example.com");
    let problems = at.problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("PARLOR_SMTP_URL: smtp_url is given but smtp_from is not"),
        "{problems:?}"
    );
    let config = at.var("PARLOR_SMTP_FROM", "chat@example.com").config();
    assert_eq!(config.smtp_from.unwrap().as_str(), "chat@example.com");
}

#[test]
fn trusted_proxies_are_an_array_in_the_file_and_separated_by_commas_elsewhere() {
    let at = bench().file("parlor.toml", "trusted_proxies = [\n  '10.0.0.0/8',\n  '::1',\n]\n");
    assert_eq!(at.config().trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let config = at.var("PARLOR_TRUSTED_PROXIES", "192.168.0.1, fd00::/8").config();
    assert_eq!(config.trusted_proxies, ["192.168.0.1/32".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    let problems = bench().file("parlor.toml", "trusted_proxies = '10.0.0.0/8'").problems();
    assert!(problems[0].ends_with("as an array of strings"), "{problems:?}");
}

#[test]
fn settings_are_overruled_by_the_file_and_over_it_by_the_environment() {
    let loaded = bench()
        .file(
            "parlor.toml",
            "[settings]\nLivechat_title = 'Hi'\nLivechat_enabled = false\nLivechat_history_limit_max = 2000\n\
             Hide_System_Messages = ['uj', 'a,b']\n",
        )
        .var("OVERWRITE_SETTING_Livechat_title", "")
        .var("OVERWRITE_SETTING_Language", "de")
        .load()
        .unwrap();
    let overrides: Vec<_> = loaded.config.settings.iter().map(|(id, text)| (*id, text.expose())).collect();
    assert_eq!(
        overrides,
        [
            ("Livechat_enabled", "false"),
            ("Livechat_history_limit_max", "2000"),
            ("Livechat_title", ""),
            ("Hide_System_Messages", r#"["uj","a,b"]"#),
            ("Language", "de"),
        ]
    );
    assert_eq!(loaded.source("Language").to_string(), "OVERWRITE_SETTING_Language");
}

#[test]
fn no_secret_is_shown_in_debug_print_or_sources() {
    let loaded = bench()
        .file("parlor.toml", "smtp_url = 'smtps://me:hunter2@mail'\nsmtp_from = 'a@b'")
        .var("PARLOR_DATABASE_URL", "postgres://me:hunter2@db/parlor?password=hunter2")
        .var("OVERWRITE_SETTING_Livechat_External_Queue_Token", "hunter2")
        .load()
        .unwrap();
    let shown = format!("{loaded:?} {:#?} {} {}", loaded.config, effective(&loaded), sources(&loaded));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        shown.contains("smtps://me:***@mail") && shown.contains("postgres://me:***@db/parlor?***"),
        "{shown}"
    );
    let DatabaseUrl::Postgres(url) = loaded.config.database_url else { panic!("not PostgreSQL") };
    assert!(url.expose().contains("hunter2"));
}

#[test]
fn no_secret_is_shown_in_problems() {
    let bad_urls = [
        "hunter2",
        "postgres//me:hunter2@db",
        "postgres://me:hunter2",
        "mysql://me:hunter2@db",
        "postgres://me:hunter2/x@db",
    ];
    for url in bad_urls {
        let errors = bench()
            .file(
                "parlor.toml",
                &format!("smtp_url = '{url}'\ndatabase_url = ['{url}']\npublic_url = 'https://u:hunter2@x'"),
            )
            .var("PARLOR_DATABASE_URL", url)
            .var("PARLOR_SMTP_URL", url)
            .flag("database_url", url)
            .load()
            .unwrap_err();
        assert!(errors.problems().len() >= 6, "{errors}");
        assert!(!format!("{errors} {errors:?}").contains("hunter2"), "{errors}");
    }
    for text in [
        "smtp_url = \"smtp://me:hunter2@mail",
        "smtp_url = smtp://me:hunter2@mail",
        "'hunter2",
        "a = 'hunter2' b",
    ] {
        let errors = bench().file("parlor.toml", text).load().unwrap_err();
        assert!(!format!("{errors} {errors:?}").contains("hunter2"), "{errors}");
    }
}

#[test]
fn a_setting_that_is_secret_or_a_fact_is_refused_without_its_text() {
    let problems = bench()
        .var("OVERWRITE_SETTING_Livechat_External_Queue_Token", "hunter2\0")
        .var("OVERWRITE_SETTING_uniqueID", "x")
        .problems();
    assert_eq!(
        problems,
        [
            "OVERWRITE_SETTING_Livechat_External_Queue_Token: the value (not shown) is refused; expected text \
             without a NUL character",
            "OVERWRITE_SETTING_uniqueID: \"x\" is refused; it tells a fact that cannot be overruled",
        ]
    );
}

#[test]
fn a_printed_configuration_without_secrets_reads_back_as_the_same() {
    let printed = bench()
        .file("parlor.toml", "trusted_proxies = ['10.0.0.0/8']\nsmtp_from = 'Chat \"x\" <a@b>'\n")
        .var("PARLOR_METRICS_LISTEN", "127.0.0.1:9100")
        .var("OVERWRITE_SETTING_Livechat_enabled", "0")
        .var("OVERWRITE_SETTING_Livechat_title", "two\nlines 'and' \"quotes\" # \\")
        .var("OVERWRITE_SETTING_Hide_System_Messages", "uj, ul")
        .load()
        .unwrap();
    let text = effective(&printed);
    let read = bench().file("parlor.toml", &text).load().unwrap();
    assert_eq!(effective(&read).lines().count(), text.lines().count());
    let keys = |loaded: &Loaded| KEYS.iter().map(|key| loaded.config.show(key.name)).collect::<Vec<_>>();
    assert_eq!(keys(&read), keys(&printed));
    let settings = |loaded: &Loaded| {
        let mut settings = parlor_model::Settings::default();
        for (id, text) in &loaded.config.settings {
            settings.set(id, text.expose()).unwrap();
        }
        settings
    };
    assert_eq!(settings(&read), settings(&printed));
}

#[test]
fn the_example_file_is_all_comments_and_fine_when_uncommented() {
    let example = example();
    assert_eq!(bench().file("parlor.toml", &example).config(), bench().config());
    let uncommented: String = example
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n"
        })
        .collect();
    let loaded = bench().file("parlor.toml", &uncommented).load().unwrap();
    let changeable = parlor_model::Settings::definitions().iter().filter(|known| !known.read_only);
    assert_eq!(loaded.config.settings.len(), changeable.count());
    for key in KEYS {
        assert!(matches!(loaded.source(key.name), Source::File { .. }), "{} is missing", key.name);
    }
}

#[test]
fn the_committed_example_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parlor.example.toml");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == example(),
        "docs/parlor.example.toml is out of date; renew it from the root of the repository with\n\
         cargo run -p parlor -- config print --defaults > docs/parlor.example.toml"
    );
}

#[test]
fn names_of_flags_follow_from_names_of_keys() {
    for key in KEYS {
        if let Some(flag) = key.flag {
            assert_eq!(flag, key.name.replace('_', "-"));
        }
    }
}
