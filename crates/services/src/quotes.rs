//! Links to messages that stand in a visitor's text, as quotes (`visitor-api.md` 3.1, "Before storing").

use parlor_model::markdown::urls;
use parlor_store::{ReadTx, StoreError, messages};
use serde_json::json;

use crate::Context;
use crate::messages::is_normal;

/// How many links of a text become quotes.
const MOST: usize = 2;
/// The longest text that is quoted, in bytes: a quote is a copy, and a short message must not store a book.
const LONGEST: usize = 16 << 10;

/// The JSON object with the quotes of `msg`, the text of message `own` in the room `room` that is called `rid`; `None`
/// without any. Quoted is a visible normal message of the same room that is not the message itself; what that message
/// quotes is left out.
pub(crate) fn of(
    tx: &mut ReadTx<'_>,
    ctx: &Context,
    room: i64,
    rid: &str,
    own: &str,
    msg: &str,
) -> Result<Option<String>, StoreError> {
    if !msg.contains("?msg=") {
        return Ok(None);
    }
    let mut attachments = Vec::new();
    let linked = urls(msg).into_iter().filter_map(|url| Some((url, target(&ctx.public_url, rid, url)?)));
    for (url, id) in linked.filter(|(_, id)| *id != own).take(MOST) {
        let found = messages::by_id(tx, id)?.filter(|found| found.room == room).map(|found| found.message);
        let Some(quoted) = found.filter(|m| is_normal(m) && m.msg.len() <= LONGEST) else { continue };
        let author = quoted.author.name.unwrap_or(quoted.author.username);
        attachments
            .push(json!({ "text": quoted.msg, "author_name": author, "message_link": url, "ts": quoted.ts }));
    }
    Ok((!attachments.is_empty()).then(|| json!({ "attachments": attachments }).to_string()))
}

/// The message that `url` points to, if it is a link into the room.
fn target<'a>(site: &str, rid: &str, url: &'a str) -> Option<&'a str> {
    let id = url.strip_prefix(site)?.strip_prefix("/live/")?.strip_prefix(rid)?.strip_prefix("?msg=")?;
    id.split(['&', '#']).next().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_into_the_room_have_a_target() {
        for (url, id) in [
            ("https://x.org/live/r1?msg=m1", Some("m1")),
            ("https://x.org/live/r1?msg=m1&a=b#c", Some("m1")),
            ("https://x.org/live/r1?msg=", None),
            ("https://x.org/live/r12?msg=m1", None),
            ("https://x.org/live/r2?msg=m1", None),
            ("https://x.org.evil/live/r1?msg=m1", None),
            ("http://x.org/live/r1?msg=m1", None),
        ] {
            assert_eq!(target("https://x.org", "r1", url), id, "{url}");
        }
    }
}
