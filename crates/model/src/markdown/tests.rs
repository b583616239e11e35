use std::cell::Cell;

use serde_json::{Value, json};

use super::{urls, write_json_string, write_md};

thread_local! {
    /// Units of work since the test's thread began.
    pub(super) static STEPS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn tree(text: &str) -> Value {
    let mut out = Vec::new();
    write_md(text, &mut out);
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

pub(super) fn t(value: &str) -> Value {
    json!({"type":"PLAIN_TEXT","value":value})
}

fn node(kind: &str, value: impl Into<Value>) -> Value {
    json!({"type":kind,"value":value.into()})
}

pub(super) fn p<const N: usize>(value: [Value; N]) -> Value {
    node("PARAGRAPH", value.to_vec())
}

fn bold<const N: usize>(value: [Value; N]) -> Value {
    node("BOLD", value.to_vec())
}

fn italic<const N: usize>(value: [Value; N]) -> Value {
    node("ITALIC", value.to_vec())
}

fn strike<const N: usize>(value: [Value; N]) -> Value {
    node("STRIKE", value.to_vec())
}

fn inline_code(value: &str) -> Value {
    node("INLINE_CODE", t(value))
}

fn code<const N: usize>(language: &str, lines: [&str; N]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|line| node("CODE_LINE", t(line))).collect();
    json!({"type":"CODE","language":language,"value":lines})
}

fn link<const N: usize>(src: &str, label: [Value; N]) -> Value {
    json!({"type":"LINK","value":{"src":t(src),"label":label.to_vec()}})
}

fn bare(url: &str) -> Value {
    link(url, [t(url)])
}

fn short(name: &str) -> Value {
    json!({"type":"EMOJI","value":t(name),"shortCode":name})
}

fn emoji(unicode: &str) -> Value {
    json!({"type":"EMOJI","unicode":unicode})
}

fn big<const N: usize>(value: [Value; N]) -> Value {
    json!([node("BIG_EMOJI", value.to_vec())])
}

fn gap() -> Value {
    json!({"type":"LINE_BREAK"})
}

#[track_caller]
fn check_all<const N: usize>(table: [(&str, Value); N]) {
    for (text, expected) in table {
        assert_eq!(tree(text), expected, "{text:?}");
    }
}

/// Each of these gives one paragraph of these inline nodes.
#[track_caller]
fn check_inline<const N: usize>(table: [(&str, Value); N]) {
    for (text, expected) in table {
        assert_eq!(tree(text), json!([{"type":"PARAGRAPH","value":expected}]), "{text:?}");
    }
}

#[track_caller]
fn check_plain<const N: usize>(texts: [&str; N]) {
    for text in texts {
        assert_eq!(tree(text), json!([p([t(text)])]), "{text:?}");
    }
}

#[test]
fn the_json_is_byte_for_byte_what_clients_know() {
    let mut out = b"before:".to_vec();
    write_md("hi *x* `y` :a: \u{1F600} [l](tel:1)", &mut out);
    let expected = concat!(
        r#"before:[{"type":"PARAGRAPH","value":[{"type":"PLAIN_TEXT","value":"hi "},"#,
        r#"{"type":"BOLD","value":[{"type":"PLAIN_TEXT","value":"x"}]},{"type":"PLAIN_TEXT","value":" "},"#,
        r#"{"type":"INLINE_CODE","value":{"type":"PLAIN_TEXT","value":"y"}},{"type":"PLAIN_TEXT","value":" "},"#,
        r#"{"type":"EMOJI","value":{"type":"PLAIN_TEXT","value":"a"},"shortCode":"a"},"#,
        r#"{"type":"PLAIN_TEXT","value":" "},{"type":"EMOJI","unicode":"😀"},{"type":"PLAIN_TEXT","value":" "},"#,
        r#"{"type":"LINK","value":{"src":{"type":"PLAIN_TEXT","value":"tel:1"},"#,
        r#""label":[{"type":"PLAIN_TEXT","value":"l"}]}}]}]"#,
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn each_line_is_a_paragraph_and_each_empty_line_a_break() {
    check_all([
        ("", json!([])),
        ("hello", json!([p([t("hello")])])),
        ("  hello ", json!([p([t("  hello ")])])),
        ("top\nbottom", json!([p([t("top")]), p([t("bottom")])])),
        ("top\n\n \nbottom", json!([p([t("top")]), gap(), gap(), p([t("bottom")])])),
        ("\nfirst", json!([gap(), p([t("first")])])),
        ("last\n", json!([p([t("last")])])),
        ("\n\n", json!([gap(), gap()])),
        ("one\r\n\r\ntwo\rthree", json!([p([t("one")]), gap(), p([t("two")]), p([t("three")])])),
    ]);
}

#[test]
fn single_and_double_marks_emphasise() {
    check_inline([
        ("thanks *a lot*, Maria", json!([t("thanks "), bold([t("a lot")]), t(", Maria")])),
        ("**very** urgent", json!([bold([t("very")]), t(" urgent")])),
        ("_maybe_ later", json!([italic([t("maybe")]), t(" later")])),
        ("__quite__ sure", json!([italic([t("quite")]), t(" sure")])),
        ("~old price~ new", json!([strike([t("old price")]), t(" new")])),
        ("~~gone~~", json!([strike([t("gone")])])),
        ("un*believ*able", json!([t("un"), bold([t("believ")]), t("able")])),
        ("* padded *", json!([bold([t(" padded ")])])),
        ("(_so_)", json!([t("("), italic([t("so")]), t(")")])),
        ("*a*_b_~c~", json!([bold([t("a")]), italic([t("b")]), strike([t("c")])])),
        ("**a*", json!([t("*"), bold([t("a")])])),
        ("*a**", json!([bold([t("a")]), t("*")])),
        ("***a***", json!([t("*"), bold([t("a")]), t("*")])),
    ]);
}

#[test]
fn different_marks_nest() {
    check_inline([
        ("*bold and _both_* end", json!([bold([t("bold and "), italic([t("both")])]), t(" end")])),
        ("~*_all three_*~", json!([strike([bold([italic([t("all three")])])])])),
        ("_a*b*c_", json!([italic([t("a"), bold([t("b")]), t("c")])])),
        ("*a *b* c*", json!([bold([t("a ")]), t("b"), bold([t(" c")])])),
    ]);
}

#[test]
fn marks_without_a_partner_and_names_with_underscores_stay_text() {
    check_plain([
        "*unclosed",
        "price * 2",
        "five ~ six",
        "* *",
        "****",
        "_____",
        "file_name_here",
        "_file_name",
        "a__b__c",
        "__a__b",
        "_snake_case_",
    ]);
    check_all([("*a\nb*", json!([p([t("*a")]), p([t("b*")])]))]);
}

#[test]
fn a_backslash_takes_the_meaning_from_a_mark() {
    check_inline([
        (r"\*not bold\*", json!([t("*not bold*")])),
        (r"\`no code\`", json!([t("`no code`")])),
        (r"\~x~", json!([t("~x~")])),
        (r"\o/ C:\dir", json!([t(r"\o/ C:\dir")])),
    ]);
}

#[test]
fn inline_code_hides_what_it_holds() {
    check_inline([
        ("run `cargo` now", json!([t("run "), inline_code("cargo"), t(" now")])),
        ("`a *b* :c: http://a.example`", json!([inline_code("a *b* :c: http://a.example")])),
        ("``x``", json!([t("`"), inline_code("x"), t("`")])),
        ("*see `a*b`*", json!([bold([t("see "), inline_code("a*b")])])),
    ]);
    check_plain(["`unclosed", "empty `` code"]);
}

#[test]
fn fences_at_the_start_of_a_line_hold_code() {
    check_all([
        ("```\nlet x = 1;\n```", json!([code("none", ["let x = 1;"])])),
        ("```rust\nfn a() {}\n\n*b*\n```", json!([code("rust", ["fn a() {}", "", "*b*"])])),
        ("```\r\na\r\nb\r\n```", json!([code("none", ["a", "b"])])),
        ("```\n\na\n```", json!([code("none", ["a"])])),
        (
            "before\n```sh\nls\n```\nafter",
            json!([p([t("before")]), code("sh", ["ls"]), gap(), p([t("after")])]),
        ),
        ("```\na\n``` tail", json!([code("none", ["a"]), p([t(" tail")])])),
    ]);
}

#[test]
fn fences_that_do_not_close_a_line_of_code_stay_text() {
    check_all([
        ("```\nnever closed", json!([p([t("```")]), p([t("never closed")])])),
        ("```\n```", json!([p([t("```")]), p([t("```")])])),
        ("```\na```", json!([p([t("```")]), p([t("a```")])])),
        ("```c++\nx\n```", json!([p([t("```c++")]), p([t("x")]), p([t("```")])])),
        ("  ```\na\n```", json!([p([t("  ```")]), p([t("a")]), p([t("```")])])),
    ]);
}

#[test]
fn bare_web_addresses_are_links() {
    let query = "https://example.com/a?b=c&d=1";
    check_inline([
        ("go to https://example.com/a?b=c&d=1 now", json!([t("go to "), bare(query), t(" now")])),
        ("see https://example.com.", json!([t("see "), bare("https://example.com"), t(".")])),
        ("https://example.com/a_b_c", json!([bare("https://example.com/a_b_c")])),
        ("HTTP://Example.com", json!([bare("HTTP://Example.com")])),
        ("http://localhost:3000/x", json!([bare("http://localhost:3000/x")])),
        ("http://192.0.2.1:8080/", json!([bare("http://192.0.2.1:8080/")])),
        ("https://example.com/docs#part", json!([bare("https://example.com/docs#part")])),
        ("https://example.com#part.", json!([bare("https://example.com#part"), t(".")])),
        ("*x*https://example.com", json!([bold([t("x")]), bare("https://example.com")])),
    ]);
    check_plain([
        "http://intranet",
        "http://",
        "xhttp://example.com",
        "ftp://example.com",
        "example.com a@b.example",
    ]);
}

#[test]
fn an_address_is_a_link_inside_brackets_and_emphasis_too() {
    let url = "https://example.com/x";
    check_inline([
        ("(https://example.com/x)", json!([t("("), bare(url), t(")")])),
        ("\"https://example.com/x\"", json!([t("\""), bare(url), t("\"")])),
        ("*https://example.com/x*", json!([bold([bare(url)])])),
        ("_see https://example.com/x_", json!([italic([t("see "), bare(url)])])),
        ("[open](https://example.com/x", json!([t("[open]("), bare(url)])),
    ]);
}

#[test]
fn a_label_with_a_target_is_a_link() {
    let url = "https://example.com/x_(y)";
    check_inline([
        ("[a [b] c](https://example.com/x_(y))", json!([link(url, [t("a [b] c")])])),
        ("[*big* sale](tel:1)!", json!([link("tel:1", [bold([t("big")]), t(" sale")]), t("!")])),
        ("[`a` :b:](tel:1)", json!([link("tel:1", [t("`a` :b:")])])),
        ("[](https://example.com)", json!([bare("https://example.com")])),
        ("*see [this](tel:1)*", json!([bold([t("see "), link("tel:1", [t("this")])])])),
        (
            "[m](mailto:a@b.example)[c](TEL:+1)",
            json!([link("mailto:a@b.example", [t("m")]), link("TEL:+1", [t("c")]),]),
        ),
        ("[1] and [two](tel:2)", json!([t("[1] and "), link("tel:2", [t("two")])])),
        ("[a [b](tel:1)](tel:2)", json!([t("[a "), link("tel:1", [t("b")]), t("](tel:2)")])),
    ]);
    check_plain(["[x]", "[x]()", "[x](tel:)", "[x](tel:1", "[x] (tel:1)", "[x](tel:1 2)", "x](tel:1)"]);
}

#[test]
fn a_target_that_could_run_or_leave_the_web_stays_text() {
    check_plain([
        "[l](javascript:alert(1))",
        "[l](JaVaScRiPt:alert(1))",
        "[l](\tjavascript:alert(1))",
        "[l](data:text/html;base64,AA)",
        "[l](vbscript:x)",
        "[l](file:///x)",
        "[l](ftp://a.example)",
        "[l](//a.example)",
        "[l](/x)",
        "[l](a.example)",
    ]);
}

#[test]
fn emoji_stand_at_the_edge_of_a_word() {
    check_inline([
        ("ok :wave: there", json!([t("ok "), short("wave"), t(" there")])),
        ("*:wave:*", json!([bold([short("wave")])])),
        ("hi 😀 you", json!([t("hi "), emoji("😀"), t(" you")])),
        ("😀!", json!([emoji("😀"), t("!")])),
        ("*a*😀", json!([bold([t("a")]), emoji("😀")])),
        ("no 🧑‍🤝‍🧑👩🏽‍💻 gap", json!([t("no "), emoji("🧑‍🤝‍🧑"), emoji("👩🏽‍💻"), t(" gap")])),
    ]);
    check_plain([
        "hi😀",
        "x:wave:y",
        ":wave:.",
        "10:30:45",
        "::",
        ":no space:",
        "© 2026 — “fine”…",
        "1️⃣",
        "🇧",
    ]);
}

#[test]
fn one_to_three_emoji_alone_are_big() {
    check_all([
        (":wave:", big([short("wave")])),
        (" :wave: :+1:\n:tada:", big([short("wave"), short("+1"), short("tada")])),
        ("😀:wave:", big([emoji("😀"), short("wave")])),
        ("😀 👍🏽 🇧🇷\n", big([emoji("😀"), emoji("👍🏽"), emoji("🇧🇷")])),
        ("❤️👨‍👩‍👧‍👦🏳️‍🌈", big([emoji("❤️"), emoji("👨‍👩‍👧‍👦"), emoji("🏳️‍🌈")])),
        ("😀😀😀😀", json!([p([emoji("😀"), emoji("😀"), emoji("😀"), emoji("😀")])])),
        ("x\n😀", json!([p([t("x")]), p([emoji("😀")])])),
    ]);
}

#[test]
fn constructs_outside_the_grammar_stay_text() {
    check_plain([
        "# heading",
        "- item",
        "* item",
        "1. item",
        "- [ ] task",
        "> quote",
        "||spoiler||",
        "@all",
        "@here @name",
        "#channel",
        "<t:1630360800:f>",
        "$$x$$",
        r"\(x\)",
        "+15550100",
    ]);
    check_inline([
        ("* an *urgent* item", json!([t("* an "), bold([t("urgent")]), t(" item")])),
        (
            "![cat](https://example.com/cat.png)",
            json!([t("!"), link("https://example.com/cat.png", [t("cat")])]),
        ),
    ]);
}

#[test]
fn urls_are_the_web_links_outside_code_once_and_in_order() {
    let text = "b https://b.example/x_y *https://a.example* `https://c.example`\n\
        [l](http://d.example) [m](mailto:a@e.example) (https://b.example/x_y)\n\
        ```\nhttps://f.example\n```\nftp://g.example [n](javascript://h.example) https://i.example#j";
    let expected = ["https://b.example/x_y", "https://a.example", "http://d.example", "https://i.example#j"];
    assert_eq!(urls(text), expected);
    assert_eq!(urls("no link: https here"), Vec::<&str>::new());
}

#[test]
fn json_strings_escape_what_json_requires_and_nothing_else() {
    let mut out = Vec::new();
    write_json_string("a\"\\/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é😀\u{2028}", &mut out);
    let expected = "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é😀\u{2028}\"";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn hostile_texts_take_linear_work() {
    const STEPS_PER_BYTE: usize = 24;
    const LENGTH: usize = 20_000;
    let parts = [
        "*_*_[[[",
        "*",
        "_",
        "`",
        "[",
        "](",
        "[](http://",
        "[](http://(",
        "[](http://(a) ",
        "http://",
        "http://a.bc/(",
        "http://a.bc#",
        "```\n",
        "```\na\n```\n",
        "```\n\n",
        ":a: ",
        ":a",
        "😀",
        "👨\u{200D}",
        "\\*",
        "*a *",
        "_a_b",
        "__a_b",
        "~*_a_*~ ",
        "\n",
        "*_~",
        "[*a_](tel:1)",
        "https://a@",
        "`a`[",
        "(((",
        "[[a](http://b.cd/((",
        "*`*",
        "a://",
        "_a_b*c~d `",
        "** ",
        "~ * ",
        "[a](tel:(",
    ];
    for part in parts {
        let text = part.repeat(LENGTH / part.len());
        for text in [text.clone(), format!("*_~{text}"), format!("{text}~_*"), format!("[{text}](tel:1)")] {
            let before = STEPS.get();
            write_md(&text, &mut Vec::new());
            urls(&text);
            let steps = STEPS.get() - before;
            assert!(steps <= STEPS_PER_BYTE * text.len(), "{part:?}: {steps} steps for {} bytes", text.len());
        }
    }
}
