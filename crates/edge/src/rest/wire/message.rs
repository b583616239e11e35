//! A message on the wire (section 2.3 of `visitor-api.md`), with `seq` and `rev` beside the contract's fields.

use parlor_model::markdown::{urls, write_json_string, write_md};
use parlor_model::message::Message;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::rest::json::Object;

/// The longest text that is also sent as a tree, in bytes: a tree can be thirty times its text, and clients that miss
/// it parse the text themselves (decision D8).
const LONGEST_TREE: usize = 16 * 1024;
/// The answer's size from which on no more trees are added, in bytes.
const ENOUGH: usize = 32 << 20;

/// Appends the message as JSON.
pub(crate) fn write(m: &Message, out: &mut Vec<u8>) {
    write_named(m, Names::AsWritten, out);
}

/// Which name stands in `u`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// The author's name at that time; none on system messages.
    AsWritten,
    /// A user's real name, and the username of everyone who has none and of visitors (`UI_Use_Real_Name`).
    Real,
}

/// Appends the message as JSON with the names of `names`; `alias` is as ever.
pub(crate) fn write_named(m: &Message, names: Names, out: &mut Vec<u8>) {
    let with_tree = m.msg.len() <= LONGEST_TREE && out.len() < ENOUGH;
    let mut o = Object::open(out);
    o.text("_id", &m.id);
    o.text("rid", &m.rid);
    o.text("msg", &m.msg);
    o.time("ts", m.ts);
    o.text_if("token", m.author.token.as_deref());
    let note = m.t.as_deref().filter(|t| *t != "rm");
    if let Some(t) = m.t.as_deref() {
        o.text("t", t);
    }
    if note.is_some() {
        o.raw("groupable", b"false");
    } else if m.author.token.is_some() {
        o.text_if("alias", m.author.name.as_deref());
    }
    write_author(m, names, note.is_some(), o.key("u"));
    if let Some(edited) = &m.edited {
        o.time("editedAt", edited.at);
        let mut by = Object::open(o.key("editedBy"));
        by.text("_id", &edited.by_id);
        by.text("username", &edited.by_username);
        by.close();
    }
    if note.is_none() {
        if !m.msg.is_empty() && with_tree {
            write_md(&m.msg, o.key("md"));
        }
        write_urls(&m.msg, o.key("urls"));
        // A visitor mentions nobody (decision D7).
        o.raw("mentions", b"[]");
        o.raw("channels", b"[]");
    }
    if m.t.as_deref() == Some("rm") {
        o.raw("attachments", b"[]");
        o.raw("reactions", b"{}");
    }
    o.time("_updatedAt", m.updated_at);
    o.int("seq", m.seq);
    o.int("rev", m.rev);
    // The stored extra is an object of ours without any of the keys above.
    if let Some(fields) =
        m.extra.as_deref().and_then(|e| e.strip_prefix('{')).and_then(|e| e.strip_suffix('}'))
        && !fields.is_empty()
    {
        o.fields(fields.as_bytes());
    }
    o.close();
}

/// System messages name their author without the shown name, as the reference does.
fn write_author(m: &Message, names: Names, is_note: bool, out: &mut Vec<u8>) {
    let mut u = Object::open(out);
    u.text("_id", &m.author.id);
    u.text("username", &m.author.username);
    if names == Names::Real {
        let real = m.author.name.as_deref().filter(|_| m.author.token.is_none());
        u.text("name", real.unwrap_or(&m.author.username));
    } else if !is_note {
        u.text_if("name", m.author.name.as_deref());
    }
    u.close();
}

fn write_urls(msg: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, url) in urls(msg).iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"url\":");
        write_json_string(url, out);
        out.extend_from_slice(b",\"meta\":{}}");
    }
    out.push(b']');
}

/// A message as answers carry it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Message)]
#[allow(dead_code)] // describes what `write` writes; tests read answers into it
pub(crate) struct MessageBody {
    /// 17 characters, or what the client chose.
    #[serde(rename = "_id")]
    id: String,
    /// Room.
    rid: String,
    /// Text; empty on a removed message.
    msg: String,
    /// Server time of sending.
    #[schema(format = DateTime)]
    ts: String,
    /// Visitor's token; only on visitor messages.
    #[schema(nullable = false)]
    token: Option<String>,
    /// Visitor's name; absent while there is none.
    #[schema(nullable = false)]
    alias: Option<String>,
    /// Kind of system message; absent on a normal one.
    #[schema(nullable = false)]
    t: Option<String>,
    /// `false` on system messages.
    #[schema(nullable = false)]
    groupable: Option<bool>,
    /// Author.
    u: AuthorBody,
    /// Only after an edit, or on the trace of a removed message.
    #[serde(rename = "editedAt")]
    #[schema(format = DateTime, nullable = false)]
    edited_at: Option<String>,
    /// Who edited it.
    #[serde(rename = "editedBy")]
    #[schema(nullable = false)]
    edited_by: Option<AuthorBody>,
    /// The text as a tree; absent when the text is empty.
    #[schema(value_type = Vec<Object>, required = false)]
    md: Option<serde_json::Value>,
    /// Links in the text.
    #[schema(nullable = false)]
    urls: Option<Vec<UrlBody>>,
    /// Always empty on visitor messages.
    #[schema(value_type = Vec<Object>, required = false)]
    mentions: Option<serde_json::Value>,
    /// Always empty on visitor messages.
    #[schema(value_type = Vec<Object>, required = false)]
    channels: Option<serde_json::Value>,
    /// Messages that the text quotes by their links; empty on the trace of a removed message, else absent.
    #[schema(nullable = false)]
    attachments: Option<Vec<QuoteBody>>,
    /// Empty; only on the trace of a removed message.
    #[schema(value_type = Object, required = false)]
    reactions: Option<serde_json::Value>,
    /// On `livechat-close`: whether a transcript was asked for.
    #[serde(rename = "transcriptRequested")]
    #[schema(nullable = false)]
    transcript_requested: Option<bool>,
    /// When the record last changed.
    #[serde(rename = "_updatedAt")]
    #[schema(format = DateTime)]
    updated_at: String,
    /// Place in the room, from 1, given once.
    seq: i64,
    /// The room's change number of the last change to this message.
    rev: i64,
}

/// Who wrote or edited a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Author)]
#[allow(dead_code)] // as above
pub(crate) struct AuthorBody {
    /// Public id.
    #[serde(rename = "_id")]
    id: String,
    /// `guest-N` for visitors.
    username: String,
    /// Shown name; absent while there is none, and on system messages.
    #[schema(nullable = false)]
    name: Option<String>,
}

/// A message of the same room, as it was when it was quoted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Quote)]
#[allow(dead_code)] // as above
pub(crate) struct QuoteBody {
    /// Its text.
    text: String,
    /// Its author's shown name, else the username.
    author_name: String,
    /// The link that stands in the quoting text.
    message_link: String,
    /// When it was sent.
    #[schema(format = DateTime)]
    ts: String,
}

/// A link in a text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Url)]
#[allow(dead_code)] // as above
pub(crate) struct UrlBody {
    /// The link.
    url: String,
    /// What is known of the page; empty.
    #[schema(value_type = Object)]
    meta: serde_json::Value,
}
