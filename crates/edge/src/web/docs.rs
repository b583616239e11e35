//! Renders the two pages that describe the server: the API reference and the home page.
//!
//! Owns their HTML: one static document each, no script, no inline style, nothing loaded but this server's own style
//! sheet (`docs.css`). Every text of the document is escaped, as if a stranger had written it. Must not know any
//! endpoint: whatever the reference says comes from the `OpenAPI` document.

use std::fmt::Write as _;

use parlor_model::text::escape_html;
use serde_json::Value;

mod example;
mod schema;

use schema::{Document, content, list, text};

/// Where a reader's own server most likely is; only ever text, never a link.
const HOST: &str = "http://localhost:3000";
/// The verbs of a path item, in the order they are shown.
const VERBS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
/// The section of operations without a tag.
const UNTAGGED: &str = "other";
/// A speech bubble (an SVG of 32 by 32), so that browsers need not ask for an icon.
const ICON: &str = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAzMiAzMiI+PHBhdGggZmlsbD0iIzBmNzY2ZSIgZD0iTTYgM2gyMGE0IDQgMCAwIDEgNCA0djEzYTQgNCAwIDAgMS00IDRIMTVsLTcgNnYtNkg2YTQgNCAwIDAgMS00LTRWN2E0IDQgMCAwIDEgNC00eiIvPjwvc3ZnPg==";

/// One operation of the document, with what its path item adds to it.
struct Operation<'a> {
    verb: &'static str,
    path: &'a str,
    parameters: Vec<&'a Value>,
    body: &'a Value,
}

impl Operation<'_> {
    /// The anchor: verb and path, in characters that need no escaping.
    fn anchor(&self) -> String {
        let words: Vec<&str> = self
            .path
            .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_'))
            .filter(|word| !word.is_empty())
            .collect();
        format!("{}-{}", self.verb, words.join("-"))
    }

    /// What the operation does in a few words; the path where the document has none.
    fn title(&self) -> &str {
        text(&self.body["summary"]).unwrap_or(self.path)
    }
}

/// A tag and its operations.
struct Section<'a> {
    name: &'a str,
    description: &'a str,
    operations: Vec<Operation<'a>>,
}

/// The reference as one HTML page: navigation by tag, then every operation with its parameters, request body,
/// responses and an example call. A text that is not JSON gives a page without operations.
pub(crate) fn page(openapi_json: &str) -> String {
    let root = serde_json::from_str(openapi_json).unwrap_or(Value::Null);
    let document = Document::new(&root);
    let sections = sections(&document);
    let name = text(&root["info"]["title"]).unwrap_or("Server");
    let version = text(&root["info"]["version"])
        .map_or_else(String::new, |v| format!("<span class=\"chip\">Version {}</span>", escape_html(v)));
    let navigation = navigation(&sections);
    let brand = format!("<a class=\"brand\" href=\"/\">{}</a>", escape_html(name));
    let mut main = String::new();
    for section in &sections {
        write_section(&document, section, &mut main);
    }
    let title = format!("{} API", escape_html(name));
    let intro = markdown(text(&root["info"]["description"]).unwrap_or_default());
    let body = format!(
        "<a class=\"skip\" href=\"#main\">Skip to content</a>\n\
         <header class=\"bar\" id=\"top\">{brand}<details class=\"menu\"><summary>Contents</summary>\
         <nav aria-label=\"Contents\">{navigation}</nav></details></header>\n\
         <div class=\"frame\">\n<nav class=\"side\" aria-label=\"Contents\">{brand}{navigation}</nav>\n\
         <main id=\"main\">\n<header class=\"intro\"><h1>{title}</h1>\n{intro}\n\
         <p class=\"chips\">{version}<a class=\"chip\" href=\"/api/openapi.json\">OpenAPI document</a></p></header>\n\
         {main}</main>\n</div>"
    );
    layout(&title, "reference", &body)
}

/// The page at `/`: what this is, where to read on, and three calls to try.
pub(crate) fn home() -> String {
    let calls = example::first_calls();
    let steps: Vec<String> = [
        ("Register a visitor", "The token is yours to choose; whoever has it is the visitor."),
        ("Open a room", "A visitor has one open room; asking again gets the same one."),
        ("Send a message", "Stored on disk before the answer comes."),
    ]
    .iter()
    .zip(&calls)
    .map(|((title, note), call)| {
        format!("<li><h3>{title}</h3><p>{note}</p>{}</li>\n", code_block(title, call))
    })
    .collect();
    let links: Vec<String> = [
        ("/api/docs", "API reference", "Every call, with its fields, answers and an example."),
        ("/api/openapi.json", "OpenAPI document", "The same as JSON, for tools and generators."),
        ("/health/ready", "Health", "Whether this server can serve right now."),
    ]
    .iter()
    .map(|(to, title, note)| {
        format!("<li><a href=\"{to}\"><strong>{title}</strong><span>{note}</span></a></li>\n")
    })
    .collect();
    let (links, steps) = (links.concat(), steps.concat());
    let body = format!(
        "<main class=\"home\">\n<header class=\"intro\"><h1>Parlor</h1>\n\
         <p class=\"lead\">Self-hosted live chat in one binary. It speaks the Rocket.Chat Livechat wire, so \
         what was written for that REST API can talk to it.</p></header>\n\
         <ul class=\"cards\">\n{links}</ul>\n\
         <section class=\"try\"><h2>Try it</h2>\n<p>Three calls in a shell, one after the other. A room \
         opens while somebody can answer; on a server started with <code>--demo</code> it always does.</p>\n\
         <ol class=\"steps\">\n{steps}</ol></section>\n</main>"
    );
    layout("Parlor", "front", &body)
}

/// A small page of this server's: a title and what stands under it.
pub(super) fn framed(title: &str, body: &str) -> String {
    let body = format!(
        "<main class=\"home\">\n<header class=\"intro\"><h1>{title}</h1></header>\n\
         <section class=\"try setup\">\n{body}\n</section>\n</main>"
    );
    layout(title, "front", &body)
}

fn layout(title: &str, class: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/api/docs.css\">\n<link rel=\"icon\" href=\"{ICON}\">\n</head>\n\
         <body class=\"{class}\">\n{body}\n</body>\n</html>\n"
    )
}

/// The operations under their first tag: the document's tags in its order, then tags that only operations name.
fn sections<'a>(document: &Document<'a>) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'a>> = list(&document.root["tags"])
        .iter()
        .filter_map(|tag| {
            let description = text(&tag["description"]).unwrap_or_default();
            text(&tag["name"]).map(|name| Section { name, description, operations: Vec::new() })
        })
        .collect();
    for (path, item) in document.root["paths"].as_object().into_iter().flatten() {
        for verb in VERBS {
            let Some(body) = item.get(verb) else { continue };
            let parameters = list(&item["parameters"]).iter().chain(list(&body["parameters"]));
            let parameters = parameters.map(|p| document.resolve(p)).collect();
            let operation = Operation { verb, path, parameters, body };
            let name = text(&body["tags"][0]).unwrap_or(UNTAGGED);
            match sections.iter_mut().find(|section| section.name == name) {
                Some(section) => section.operations.push(operation),
                None => sections.push(Section { name, description: "", operations: vec![operation] }),
            }
        }
    }
    sections.retain(|section| !section.operations.is_empty());
    sections
}

fn section_anchor(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    format!("tag-{plain}")
}

fn navigation(sections: &[Section<'_>]) -> String {
    let mut out = String::new();
    for section in sections {
        let (to, name) = (section_anchor(section.name), escape_html(section.name));
        let _ = write!(out, "<section><h2><a href=\"#{to}\">{name}</a></h2><ul>");
        for operation in &section.operations {
            let (verb, to, title) = (operation.verb, operation.anchor(), escape_html(operation.title()));
            let _ = write!(
                out,
                "<li><a href=\"#{to}\"><span>{title}</span><span class=\"verb {verb}\">{}</span></a></li>",
                verb.to_uppercase()
            );
        }
        out.push_str("</ul></section>");
    }
    out
}

fn write_section(document: &Document<'_>, section: &Section<'_>, out: &mut String) {
    let (id, name) = (section_anchor(section.name), escape_html(section.name));
    let about = markdown(section.description);
    let _ =
        writeln!(out, "<section class=\"tag\" aria-labelledby=\"{id}\"><h2 id=\"{id}\">{name}</h2>{about}");
    for operation in &section.operations {
        write_operation(document, operation, out);
    }
    out.push_str("<p class=\"up\"><a href=\"#top\">Back to contents</a></p></section>\n");
}

fn write_operation(document: &Document<'_>, operation: &Operation<'_>, out: &mut String) {
    let (id, verb, title) = (operation.anchor(), operation.verb, escape_html(operation.title()));
    let deprecated = match operation.body["deprecated"].as_bool() {
        Some(true) => " <span class=\"chip\">deprecated</span>",
        _ => "",
    };
    let _ = write!(
        out,
        "<article id=\"{id}\">\n<h3><a href=\"#{id}\">{title}</a>{deprecated}</h3>\n\
         <p class=\"endpoint\"><span class=\"verb {verb}\">{}</span><code>{}</code></p>\n{}",
        verb.to_uppercase(),
        breakable(operation.path),
        markdown(text(&operation.body["description"]).unwrap_or_default()),
    );
    write_parameters(document, &operation.parameters, out);
    let request = document.resolve(&operation.body["requestBody"]);
    if let Some((kind, schema)) = content(request) {
        let optional = if request["required"] == Value::Bool(true) { "" } else { ", optional" };
        let table = field_table(document, schema, "Request body");
        let _ = writeln!(out, "<h4>Request body <small>{}{optional}</small></h4>", escape_html(kind));
        out.push_str(&markdown(text(&request["description"]).unwrap_or_default()));
        out.push_str(table.as_deref().unwrap_or("<p>Any value.</p>\n"));
    }
    write_responses(document, &operation.body["responses"], out);
    let call = example::call(document, operation);
    let _ = write!(out, "<h4>Example</h4>\n{}</article>\n", code_block(operation.title(), &call));
}

fn write_parameters(document: &Document<'_>, parameters: &[&Value], out: &mut String) {
    if parameters.is_empty() {
        return;
    }
    let mut rows = String::new();
    for parameter in parameters {
        let schema = &parameter["schema"];
        let note = text(&parameter["description"]).or_else(|| document.note(schema)).unwrap_or_default();
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td><td>{}{}</td></tr>",
            breakable(text(&parameter["name"]).unwrap_or_default()),
            escape_html(text(&parameter["in"]).unwrap_or_default()),
            escape_html(&document.kind(schema)),
            need(parameter["required"] == Value::Bool(true)),
            inline(note),
            inline(&document.limits(schema)),
        );
    }
    let table = table("Parameters", &["Name", "In", "Type", "Required", "Description"], &rows);
    let _ = write!(out, "<h4>Parameters</h4>\n{table}");
}

fn write_responses(document: &Document<'_>, responses: &Value, out: &mut String) {
    out.push_str("<h4>Responses</h4>\n<div class=\"answers\">\n");
    for (status, response) in responses.as_object().into_iter().flatten() {
        let response = document.resolve(response);
        let class = match status.as_bytes().first() {
            Some(b'2') => "good",
            Some(b'4' | b'5') => "bad",
            _ => "other",
        };
        let line = format!(
            "<span class=\"status {class}\">{}</span><span class=\"what\">{}</span>",
            escape_html(status),
            inline(text(&response["description"]).unwrap_or_default())
        );
        let fields = content(response).and_then(|(_, schema)| field_table(document, schema, "Answer"));
        let _ = match fields {
            Some(table) => writeln!(
                out,
                "<details><summary>{line}<span class=\"more\">Fields</span></summary>\n{table}</details>"
            ),
            None => writeln!(out, "<div class=\"answer\">{line}</div>"),
        };
    }
    out.push_str("</div>\n");
}

/// The fields of an object, those of objects inside it indented below; none where the schema has no fields.
fn field_table(document: &Document<'_>, schema: &Value, label: &str) -> Option<String> {
    let fields = document.fields(schema);
    let mut rows = String::new();
    for field in &fields {
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\" class=\"in{}\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}{}</td></tr>",
            field.depth,
            escape_html(field.name),
            escape_html(&document.kind(field.schema)),
            need(field.required),
            inline(document.note(field.schema).unwrap_or_default()),
            inline(&document.limits(field.schema)),
        );
    }
    (!fields.is_empty()).then(|| table(label, &["Field", "Type", "Required", "Description"], &rows))
}

/// A table that scrolls in its own box, which the keyboard reaches.
fn table(label: &str, columns: &[&str], rows: &str) -> String {
    let head: Vec<String> = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
    let head = head.concat();
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table><thead><tr>{head}</tr>\
         </thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn need(required: bool) -> &'static str {
    if required { "<span class=\"yes\">yes</span>" } else { "<span class=\"no\">no</span>" }
}

fn code_block(label: &str, code: &str) -> String {
    format!(
        "<pre tabindex=\"0\" role=\"region\" aria-label=\"Example: {}\"><code>{}</code></pre>\n",
        escape_html(label),
        escape_html(code)
    )
}

/// Paragraphs, divided by empty lines.
fn markdown(source: &str) -> String {
    let mut paragraphs: Vec<String> = vec![String::new()];
    for line in source.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(open) if !line.is_empty() => {
                open.push_str(line);
                open.push(' ');
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let mut out = String::new();
    for paragraph in paragraphs {
        let _ = writeln!(out, "<p>{}</p>", inline(paragraph.trim_end()));
    }
    out
}

/// One run of text: what stands between two backticks is code, all of it is escaped.
fn inline(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut rest = source;
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, tail)| Some((before, tail.split_once('`')?)))
    {
        let _ = write!(out, "{}<code>{}</code>", escape_html(before), escape_html(code));
        rest = after;
    }
    out + &escape_html(rest)
}

/// A path or name that may break after its divisions.
fn breakable(name: &str) -> String {
    escape_html(name).replace('/', "/<wbr>").replace('.', ".<wbr>")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r##"{
      "openapi": "3.1.0",
      "info": {"title": "Sample", "description": "One.\nStill one, `code`.\n\nTwo.", "version": "1.2.3"},
      "tags": [{"name": "messages", "description": "Talk."}, {"name": "unused"}],
      "paths": {
        "/api/v1/livechat/message": {"post": {
          "tags": ["messages"], "summary": "Send a message",
          "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Send"}}}},
          "responses": {"200": {"description": "Stored", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}},
                        "400": {"description": "`invalid-token`"}}}},
        "/api/v1/livechat/message/{_id}": {
          "parameters": [{"name": "_id", "in": "path", "required": true, "schema": {"type": "string"}}],
          "get": {"tags": ["messages"], "summary": "Look", "parameters": [
            {"name": "token", "in": "query", "required": true, "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "schema": {"type": ["integer", "null"]}}], "responses": {}},
          "delete": {"tags": ["messages"], "responses": {}}},
        "/health/live": {"get": {"summary": "<script>alert(1)</script>",
          "description": "<img src=x onerror='a'> `<b>` & \"quotes\"", "responses": {}}}
      },
      "components": {"schemas": {
        "Send": {"type": "object", "required": ["token", "rid", "msg"], "properties": {
          "_id": {"type": ["string", "null"]}, "msg": {"type": "string", "description": "it's <text>"},
          "rid": {"type": "string"}, "token": {"type": "string"}, "agent": {"$ref": "#/components/schemas/Author"}}},
        "Author": {"type": "object", "required": ["username"], "properties": {"username": {"type": "string"}}},
        "Node": {"type": "object", "required": ["next"], "properties": {
          "next": {"oneOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
          "all": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}}
      }}
    }"##;

    fn pages() -> [String; 3] {
        [page(SAMPLE), page(&crate::openapi()), home()]
    }

    fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
        let opening = format!(" {name}=\"");
        html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_path_and_verb_appears() {
        for json in [SAMPLE.to_owned(), crate::openapi()] {
            let (html, root) = (page(&json), serde_json::from_str::<Value>(&json).unwrap());
            let mut seen = 0;
            for (path, item) in root["paths"].as_object().unwrap() {
                for verb in VERBS.iter().filter(|verb| item.get(**verb).is_some()) {
                    let (shown, path) = (verb.to_uppercase(), breakable(path));
                    let line = format!("<span class=\"verb {verb}\">{shown}</span><code>{path}</code></p>");
                    assert!(html.contains(&line), "{line}");
                    seen += 1;
                }
            }
            assert_eq!(html.matches("<article ").count(), seen);
        }
    }

    #[test]
    fn hostile_text_is_escaped() {
        let html = page(SAMPLE);
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(html.contains(
            "&lt;img src=x onerror=&#39;a&#39;&gt; <code>&lt;b&gt;</code> &amp; &quot;quotes&quot;"
        ));
        assert!(!html.contains("<img") && !html.contains("<b>"));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let html = page(SAMPLE);
        assert!(html.contains("<td>Node or null</td>") && html.contains("<td>array of Node</td>"));
        let root: Value = serde_json::from_str(
            r##"{"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "c": {"allOf": [{"$ref": "#/c"}], "items": {"$ref": "#/c"}}}"##,
        )
        .unwrap();
        let document = Document::new(&root);
        assert!(document.resolve(&root["a"]).is_null());
        for schema in ["a", "b", "c"] {
            assert!(document.fields(&root[schema]).is_empty());
            assert!(!document.kind(&root[schema]).is_empty());
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_nothing_runs() {
        for html in pages() {
            assert!(!html.contains("<script") && !html.contains("style=\"") && !html.contains("<style"));
            assert!(attributes(&html, "src").is_empty());
            for link in attributes(&html, "href") {
                assert!(link.starts_with(['#', '/']) || link == ICON, "{link}");
                assert!(!link.starts_with("//"), "{link}");
            }
        }
    }

    #[test]
    fn every_anchor_has_its_place_and_no_place_is_named_twice() {
        for html in pages() {
            let ids = attributes(&html, "id");
            for link in attributes(&html, "href").iter().filter_map(|link| link.strip_prefix('#')) {
                assert_eq!(ids.iter().filter(|id| **id == link).count(), 1, "{link}");
            }
        }
    }

    #[test]
    fn fields_are_shown_with_those_inside_them_and_required_ones_first() {
        let root: Value = serde_json::from_str(SAMPLE).unwrap();
        let document = Document::new(&root);
        let fields = document.fields(&root["components"]["schemas"]["Send"]);
        let rows: Vec<_> = fields.iter().map(|f| (f.name, f.depth, f.required)).collect();
        let first = [("token", 0, true), ("rid", 0, true), ("msg", 0, true)];
        assert_eq!(rows[..3], first);
        assert!(rows.contains(&("username", 1, true)) && rows.contains(&("_id", 0, false)));
    }

    #[test]
    fn examples_are_built_from_the_schema() {
        let html = page(SAMPLE);
        let send = "curl -X POST 'http://localhost:3000/api/v1/livechat/message' \\\n  \
                    -H 'Content-Type: application/json' \\\n  -d '{\n    \"token\": \"iNKE8a6k6cjbqWhWd\",\n    \
                    \"rid\": \"zRAeTszXor8CCPceB\",\n    \"msg\": \"hello\",\n    \"_id\": \"ZKWP8LfGnRHQ3ozWa\"\n  }'";
        assert!(html.contains(&escape_html(send)), "{html}");
        let look =
            "curl 'http://localhost:3000/api/v1/livechat/message/ZKWP8LfGnRHQ3ozWa?token=iNKE8a6k6cjbqWhWd'";
        assert!(html.contains(&escape_html(look)), "{html}");
    }

    #[test]
    fn descriptions_keep_paragraphs_and_code() {
        assert_eq!(
            markdown("One.\nStill one, `code`.\n\n\nTwo."),
            "<p>One. Still one, <code>code</code>.</p>\n<p>Two.</p>\n"
        );
        assert_eq!(inline("a ` b"), "a ` b");
        assert_eq!(markdown(""), "");
    }

    #[test]
    fn a_text_that_is_not_json_gives_a_page_without_operations() {
        let html = page("nonsense");
        assert!(html.contains("<h1>") && !html.contains("<article"));
    }
}
