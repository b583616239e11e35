use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{STEPS, p, t, tree};
use super::{urls, write_json_string, write_md};

/// The text a reader sees, without the targets of links, and the deepest nesting.
fn visible(value: &Value, depth: usize, text: &mut String) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| visible(item, depth + 1, text)).max().unwrap_or(depth),
        Value::Object(fields) if fields["type"] == "PLAIN_TEXT" => {
            text.push_str(fields["value"].as_str().unwrap());
            depth
        }
        Value::Object(fields) if fields["type"] == "LINK" => visible(&fields["value"]["label"], depth, text),
        Value::Object(fields) => fields.get("value").map_or(depth, |value| visible(value, depth, text)),
        _ => depth,
    }
}

/// Texts dense in everything the grammar gives a meaning.
fn markup() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[*_~`:\\\\\\[\\]()#. \n\r]{1,4}",
        3 => "[a-c1é]{1,3}",
        1 => prop::sample::select(vec![
            "```\n", "http://", "https://a.example/x", "](tel:1)", "](http://b.cd)", ":a:", "😀", "👍🏽", "🇧🇷", "❤️",
            "\u{200D}", "\u{FE0F}", "\"", "\u{0}", "—", "javascript:",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_gives_a_valid_shallow_tree_whose_text_is_in_the_source(text in prop_oneof![markup(), ".{0,60}"]) {
        const DEEPEST: usize = 9;
        let mut seen = String::new();
        let depth = visible(&tree(&text), 0, &mut seen);
        prop_assert!(depth <= DEEPEST, "depth {depth}");
        let mut source = text.chars();
        for c in seen.chars() {
            prop_assert!(source.any(|other| other == c), "{seen:?} is not in {text:?} in order");
        }
    }

    #[test]
    fn no_plain_text_node_is_empty_or_stands_beside_another(text in markup()) {
        fn check(value: &Value) -> bool {
            let is_text = |item: &Value| item["type"] == "PLAIN_TEXT";
            match value {
                Value::Array(items) => {
                    items.iter().all(|item| check(item) && !(is_text(item) && item["value"] == ""))
                        && !items.windows(2).any(|pair| is_text(&pair[0]) && is_text(&pair[1]))
                }
                Value::Object(fields) => fields.get("value").is_none_or(check),
                _ => true,
            }
        }
        prop_assert!(check(&tree(&text)));
    }

    #[test]
    fn text_without_special_characters_is_one_paragraph(text in "[a-zA-Z0-9 .,;!?()é中\"'@#$%&/+=|<>{}^-]{1,80}") {
        prop_assert_eq!(tree(&text), json!([p([t(&text)])]));
    }

    #[test]
    fn urls_are_distinct_web_addresses_of_the_text_and_links_of_the_tree(text in markup()) {
        let found = urls(&text);
        let tree = tree(&text).to_string();
        for (nth, url) in found.iter().enumerate() {
            prop_assert!(text.contains(url) && !found[..nth].contains(url));
            prop_assert!(url.to_ascii_lowercase().starts_with("http"));
            let src = format!("\"src\":{}", t(url));
            prop_assert!(tree.contains(&src), "{src} not in {tree}");
        }
    }

    #[test]
    fn json_strings_read_back_as_the_same_text(text in any::<String>()) {
        let mut out = Vec::new();
        write_json_string(&text, &mut out);
        prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn work_is_linear_in_any_text(text in markup(), times in 1_usize..60) {
        let text = text.repeat(times);
        let before = STEPS.get();
        write_md(&text, &mut Vec::new());
        prop_assert!(STEPS.get() - before <= 24 * text.len() + 24);
    }
}
