//! `livechat/messages.history/:rid` (section 3.4 of `visitor-api.md`).

use http::StatusCode;
use parlor_model::{ErrorCode, Millis};
use parlor_services::Refusal;
use parlor_services::messages::{self, History, HistoryPage};
use utoipa::{IntoParams, ToSchema};

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure};
use crate::rest::call::{Incoming, Segment};
use crate::rest::dates;
use crate::rest::fields::{Reader, Shape};
use crate::rest::json::Object;
use crate::rest::wire::message::{MessageBody, Names, write_named};

/// Which part of the history.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(clippy::struct_field_names)]
pub(crate) struct HistoryQuery {
    /// Visitor's token.
    token: String,
    /// Only messages from this time on (inclusive), ISO 8601.
    #[param(value_type = Option<String>, format = DateTime)]
    ts: Option<Millis>,
    /// Only messages before this time (exclusive), ISO 8601.
    #[param(value_type = Option<String>, format = DateTime)]
    end: Option<Millis>,
    /// When the visitor last looked: counts what lies unread before the page.
    #[param(value_type = Option<String>, format = DateTime)]
    ls: Option<Millis>,
    /// Page size; 20 unless given.
    limit: Option<i64>,
    /// Messages to skip from the newest end.
    offset: Option<i64>,
    /// Accepted and ignored.
    #[allow(dead_code)]
    count: Option<i64>,
    /// Accepted and ignored.
    #[allow(dead_code)]
    sort: Option<String>,
    /// Accepted and ignored.
    #[param(rename = "searchText")]
    #[allow(dead_code)]
    search_text: Option<String>,
}

impl Shape for HistoryQuery {
    const PROPERTIES: &'static [(&'static str, bool)] = &[
        ("token", true),
        ("ts", false),
        ("ls", false),
        ("end", false),
        ("limit", false),
        ("offset", false),
        ("count", false),
        ("sort", false),
        ("searchText", false),
    ];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            ts: date(fields, "ts")?,
            ls: date(fields, "ls")?,
            end: date(fields, "end")?,
            limit: fields.number("limit")?,
            offset: fields.number("offset")?,
            count: fields.number("count")?,
            sort: fields.nullable("sort")?,
            search_text: fields.nullable("searchText")?,
        })
    }
}

/// A date; absent and empty are none.
fn date(fields: &mut Reader<'_>, name: &str) -> Result<Option<Millis>, ErrorCode> {
    let Some(text) = fields.nullable(name)?.filter(|t| !t.is_empty()) else { return Ok(None) };
    let date = dates::parse(&text);
    date.map(Some).ok_or_else(|| ErrorCode::invalid_params("must match format \"date-time\""))
}

/// A page of history.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code)] // describes what `page` writes
pub(crate) struct HistoryResponse {
    /// Newest first.
    messages: Vec<MessageBody>,
    /// Visible messages after `ls` and before this page.
    unread_not_loaded: i64,
    /// The oldest of them.
    #[schema(nullable = false)]
    first_unread: Option<MessageBody>,
    /// Always `true`.
    success: bool,
}

fn page(page: &HistoryPage, names: Names) -> Answer {
    let mut body = Vec::with_capacity(128 + 640 * page.messages.len());
    let mut o = Object::open(&mut body);
    let out = o.key("messages");
    out.push(b'[');
    for (i, message) in page.messages.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_named(message, names, out);
    }
    out.push(b']');
    o.int("unreadNotLoaded", page.unread_not_loaded);
    if let Some(first) = &page.first_unread {
        write_named(first, names, o.key("firstUnread"));
    }
    o.raw("success", b"true");
    o.close();
    Answer::raw(StatusCode::OK, body)
}

/// Load a room's history
///
/// The visitor's own room, open or closed; newest first, ties in time broken by `seq`.
#[utoipa::path(
    get, path = "/api/v1/livechat/messages.history/{rid}", tag = "messages", operation_id = "messageHistory",
    params(("rid" = String, Path, description = "Room"), HistoryQuery),
    responses((status = 200, description = "A page of messages", body = HistoryResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `error-token-param-not-provided`, or a \
               schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn load(Segment(rid): Segment, incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, input) = incoming.query::<HistoryQuery>(Route::History)?;
    if input.token.is_empty() {
        return Err(desk.refuse(Refusal::Code(ErrorCode::Plain("error-token-param-not-provided"))));
    }
    let command = History {
        token: input.token,
        rid,
        from: input.ts,
        until: input.end,
        last_seen: input.ls,
        limit: input.limit,
        offset: input.offset.unwrap_or(0),
    };
    let settings = desk.ctx.settings.clone();
    let names = if settings.use_real_name { Names::Real } else { Names::AsWritten };
    let loaded = desk.app.store().read(move |tx| messages::history(tx, &settings, &command)).await;
    Ok(desk.answer(loaded, |loaded| page(&loaded, names)))
}

#[cfg(test)]
mod tests;
