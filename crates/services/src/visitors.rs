//! Visitors: register or change, look at, remove (sections 4.2 and 4.3 of `visitor-api.md`).

use parlor_model::leads::Leads;
use parlor_model::visitor::{Connection, Visitor};
use parlor_model::{Event, text};
use parlor_store::{ReadTx, StoreError, WriteTx, audit, rooms, visitors};

use crate::Context;
use crate::error::errors;

errors! {
    /// Why a visitor cannot be registered, found or removed.
    VisitorError {
        /// The token is blank.
        BlankToken => ErrorCode::Coded {
            code: "error-invalid-token",
            reason: "Token cannot be empty".into(),
            method: Some("livechat/visitor"),
        };
        /// No visitor holds this token.
        UnknownToken => ErrorCode::coded("invalid-token", "");
        /// The e-mail address has not the form `x@y` (decision D11).
        InvalidEmail(String) => |address: String| ErrorCode::Coded {
            code: "error-invalid-email",
            reason: format!("Invalid email {}", text::single_line(&address)),
            method: Some("livechat/visitor"),
        };
        /// The department does not exist.
        InvalidDepartment => ErrorCode::Plain("error-invalid-department");
        /// A visitor with an open chat stays.
        HasOpenRooms => ErrorCode::coded("visitor-has-open-rooms", "Cannot remove visitors with opened rooms");
    }
}

/// Register a visitor, or change what is known of one.
#[derive(Debug, Clone, Default)]
pub struct Register {
    /// The secret the client made up.
    pub token: String,
    /// Shown name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Username of a new visitor; the next `guest-N` where absent.
    pub username: Option<String>,
    /// Department, id or name.
    pub department: Option<String>,
    /// What the request said about its sender; kept only if a setting allows it.
    pub connection: Connection,
}

/// Updates the visitor who holds the token, or makes a new one. Only what is given is written; e-mail and phone never
/// match another visitor's record (decision D10).
pub fn register(tx: &mut WriteTx<'_>, ctx: &Context, command: &Register) -> Result<Visitor, VisitorError> {
    if command.token.trim().is_empty() {
        return Err(VisitorError::BlankToken);
    }
    // No department exists before agents do.
    if command.department.as_deref().is_some_and(|d| !d.is_empty()) {
        return Err(VisitorError::InvalidDepartment);
    }
    let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
    let email = given(&command.email).map(|e| e.trim().to_lowercase());
    if let Some(address) = email.as_deref().filter(|e| !text::is_address(e)) {
        return Err(VisitorError::InvalidEmail(address.to_owned()));
    }
    let name = given(&command.name);
    let leads =
        Leads { emails: email.into_iter().collect(), phones: given(&command.phone).into_iter().collect() };
    let visitor = match visitors::by_token(tx, &command.token)? {
        Some(known) => update(tx, ctx, known, name, leads)?,
        None => create(tx, ctx, command, name, leads)?,
    };
    tx.emit(Event::VisitorSaved { visitor: visitor.id.clone() });
    Ok(visitor)
}

fn update(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    known: Visitor,
    name: Option<String>,
    leads: Leads,
) -> Result<Visitor, VisitorError> {
    let renamed = name.is_some() && name != known.name;
    let mut visitor = Visitor {
        name: name.or(known.name),
        leads: Leads {
            emails: replaced(leads.emails, known.leads.emails),
            phones: replaced(leads.phones, known.leads.phones),
        },
        status: "online".into(),
        updated_at: ctx.now,
        ..known
    };
    if renamed {
        visitor.author = visitors::insert_author(
            tx,
            &visitor.id,
            &visitor.username,
            visitor.name.as_deref(),
            visitor.token.as_deref(),
        )?;
    }
    visitors::update(tx, &visitor)?;
    if renamed {
        visitors::rename_rooms(tx, visitor.pk, shown_name(&visitor), ctx.now)?;
    }
    Ok(visitor)
}

/// What is given stands for all that was known.
fn replaced(given: Vec<String>, known: Vec<String>) -> Vec<String> {
    if given.is_empty() { known } else { given }
}

fn create(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    command: &Register,
    name: Option<String>,
    leads: Leads,
) -> Result<Visitor, VisitorError> {
    let id = ctx.id();
    let username = match command.username.as_deref().map(str::trim).filter(|u| !u.is_empty()) {
        Some(username) => username.to_owned(),
        None => format!("guest-{}", visitors::next_guest(tx)?),
    };
    let author = visitors::insert_author(tx, &id, &username, name.as_deref(), Some(&command.token))?;
    let mut visitor = Visitor {
        pk: 0,
        id,
        token: Some(command.token.clone()),
        username,
        name,
        leads,
        status: "online".into(),
        ts: ctx.now,
        last_chat: None,
        connection: if ctx.settings.store_headers {
            command.connection.clone()
        } else {
            Connection::default()
        },
        author,
        updated_at: ctx.now,
    };
    visitor.pk = visitors::insert(tx, &visitor)?;
    note(tx, ctx, "visitor.registered", &visitor)?;
    Ok(visitor)
}

/// What rooms and agents call a visitor: the name, else the username.
pub(crate) fn shown_name(visitor: &Visitor) -> &str {
    visitor.name.as_deref().unwrap_or(&visitor.username)
}

/// The visitor who holds the token.
pub fn by_token(tx: &mut ReadTx<'_>, token: &str) -> Result<Visitor, VisitorError> {
    visitors::by_token(tx, token)?.ok_or(VisitorError::UnknownToken)
}

/// Removes the visitor with all rooms and messages; a stub with the public id stays. Gives that id.
pub fn remove(tx: &mut WriteTx<'_>, ctx: &Context, token: &str) -> Result<String, VisitorError> {
    let visitor = by_token(tx, token)?;
    if rooms::count_open_of_visitor(tx, visitor.pk)? > 0 && !ctx.settings.store_headers {
        return Err(VisitorError::HasOpenRooms);
    }
    erase(tx, ctx, &visitor)?;
    Ok(visitor.id)
}

/// The removal itself, whatever is open.
pub(crate) fn erase(tx: &mut WriteTx<'_>, ctx: &Context, visitor: &Visitor) -> Result<(), StoreError> {
    visitors::remove(tx, visitor, ctx.now)?;
    note(tx, ctx, "visitor.removed", visitor)?;
    tx.emit(Event::VisitorRemoved { visitor: visitor.id.clone() });
    Ok(())
}

fn note(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    action: &'static str,
    visitor: &Visitor,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        actor_kind: "visitor",
        actor: Some(&visitor.id),
        action,
        target: &visitor.id,
        detail: None,
    };
    audit::append(tx, ctx.now, &ctx.origin, entry)
}
