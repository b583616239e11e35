//! A visitor on the wire (section 2.1 of `visitor-api.md`): what is not known is absent, never `null`.

use parlor_model::Millis;
use parlor_model::visitor::Visitor;
use serde::Serialize;
use utoipa::ToSchema;

/// A visitor as answers carry it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Visitor)]
pub(crate) struct VisitorBody {
    #[serde(rename = "_id")]
    id: String,
    /// `guest-N`, or what was chosen at registration.
    username: String,
    /// `online` after every registration.
    status: String,
    /// When the visitor first registered.
    #[schema(value_type = String, format = DateTime)]
    ts: Millis,
    /// The visitor's secret.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    visitor_emails: Vec<EmailBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phone: Vec<PhoneBody>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_chat: Option<LastChatBody>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(rename = "_updatedAt")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
}

/// An e-mail address of a visitor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VisitorEmail)]
pub(crate) struct EmailBody {
    /// Trimmed, lower case.
    pub(crate) address: String,
}

/// A phone number of a visitor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VisitorPhone)]
pub(crate) struct PhoneBody {
    phone_number: String,
}

/// The visitor's newest chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastChat)]
pub(crate) struct LastChatBody {
    #[serde(rename = "_id")]
    id: String,
    #[schema(value_type = String, format = DateTime)]
    ts: Millis,
}

impl From<Visitor> for VisitorBody {
    fn from(v: Visitor) -> Self {
        Self {
            id: v.id,
            username: v.username,
            status: v.status,
            ts: v.ts,
            token: v.token,
            name: v.name,
            visitor_emails: v.leads.emails.into_iter().map(|address| EmailBody { address }).collect(),
            phone: v.leads.phones.into_iter().map(|phone_number| PhoneBody { phone_number }).collect(),
            last_chat: v.last_chat.map(|(id, ts)| LastChatBody { id, ts }),
            user_agent: v.connection.user_agent,
            ip: v.connection.ip,
            host: v.connection.host,
            updated_at: v.updated_at,
        }
    }
}
