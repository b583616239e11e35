//! A room on the wire (section 2.2 of `visitor-api.md`).

use parlor_model::Millis;
use parlor_model::room::Room;
use parlor_services::rooms::RoomView;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The weight of a room without a priority; rooms with one come first.
const NO_PRIORITY: i64 = 99;
/// The wait of a room without a service level; rooms with one come first.
const NO_SERVICE_LEVEL: i64 = 9_999_999;

/// A room as answers carry it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Room)]
#[allow(clippy::struct_excessive_bools)] // the wire's own
pub(crate) struct RoomBody {
    #[serde(rename = "_id")]
    id: String,
    /// Always `l`.
    t: &'static str,
    /// Visitor's name, else the username.
    fname: String,
    /// How many messages.
    msgs: i64,
    users_count: i64,
    /// `true` while alive, absent once closed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    open: bool,
    cl: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    waiting_response: bool,
    verified: bool,
    #[schema(value_type = String, format = DateTime)]
    ts: Millis,
    /// Time of the last message.
    #[schema(value_type = String, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lm: Option<Millis>,
    #[schema(value_type = String, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    queued_at: Option<Millis>,
    v: RoomVisitorBody,
    source: SourceBody,
    priority_weight: i64,
    estimated_waiting_time_queue: i64,
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<Value>,
    #[schema(value_type = super::message::MessageBody)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<Value>,
    #[serde(rename = "_updatedAt")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
}

/// The visitor of a room, as copied when it was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoomVisitor)]
pub(crate) struct RoomVisitorBody {
    #[serde(rename = "_id")]
    id: String,
    username: String,
    token: String,
    status: String,
    #[schema(value_type = String, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_ts: Option<Millis>,
}

/// Which client opened a room.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct SourceBody {
    /// `widget` or `api`.
    #[serde(rename = "type")]
    kind: String,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
}

impl From<RoomView> for RoomBody {
    fn from(RoomView { room, last_message }: RoomView) -> Self {
        let mut rendered = Vec::new();
        let last_message = last_message.and_then(|m| {
            super::message::write(&m, &mut rendered);
            serde_json::from_slice(&rendered).ok()
        });
        let metrics = metrics(&room);
        Self {
            id: room.id,
            t: "l",
            fname: room.fname,
            msgs: room.msgs,
            users_count: 1,
            open: room.open,
            cl: false,
            waiting_response: room.waiting_response,
            verified: false,
            ts: room.ts,
            lm: room.lm,
            queued_at: room.queued_at,
            v: RoomVisitorBody {
                id: room.v_id,
                username: room.v_username,
                token: room.v_token,
                status: room.v_status,
                last_message_ts: room.v_last_message_ts,
            },
            source: SourceBody { kind: room.source.kind, destination: room.source.destination },
            priority_weight: NO_PRIORITY,
            estimated_waiting_time_queue: NO_SERVICE_LEVEL,
            metrics,
            last_message,
            updated_at: room.updated_at,
        }
    }
}

fn metrics(room: &Room) -> Option<Value> {
    let mut metrics = serde_json::Map::new();
    if let Some(asked) = room.last_question {
        metrics.insert("v".into(), serde_json::json!({ "lq": asked }));
    }
    if let Some(seconds) = room.chat_duration() {
        metrics.insert("chatDuration".into(), seconds.into());
    }
    (!metrics.is_empty()).then_some(Value::Object(metrics))
}
