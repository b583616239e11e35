-- The words in braces are expanded for each engine; see `crates/store/src/migrate.rs`.

-- Who wrote something, as they were called then. A new name is a new row, so old messages keep the old one and a
-- message carries a number instead of five columns.
CREATE TABLE author (
    pk {identity},
    kind {text} NOT NULL,
    id {text} NOT NULL,
    username {text} NOT NULL,
    name {text},
    token {text}
) {strict};
CREATE INDEX author_id ON author (id);

CREATE TABLE visitor (
    pk {identity},
    id {text} NOT NULL UNIQUE,
    token {text} UNIQUE,
    username {text} NOT NULL,
    name {text},
    -- JSON arrays of texts.
    emails {text} NOT NULL DEFAULT '[]',
    phones {text} NOT NULL DEFAULT '[]',
    status {text} NOT NULL,
    ts {int} NOT NULL,
    last_chat_rid {text},
    last_chat_ts {int},
    user_agent {text},
    ip {text},
    host {text},
    author {int} NOT NULL REFERENCES author (pk),
    updated_at {int} NOT NULL
) {strict};

CREATE TABLE room (
    pk {identity},
    id {text} NOT NULL UNIQUE,
    visitor {int} NOT NULL REFERENCES visitor (pk),
    v_id {text} NOT NULL,
    v_username {text} NOT NULL,
    v_token {text} NOT NULL,
    -- How the visitor is called now, while the room is open: sending then needs to look at the room alone.
    v_author {int} NOT NULL,
    v_name {text},
    v_status {text} NOT NULL,
    v_last_message_ts {int},
    fname {text} NOT NULL,
    open {bool} NOT NULL,
    seq {int} NOT NULL,
    rev {int} NOT NULL,
    last_ts {int} NOT NULL,
    -- The part that the newest message went to, and the room's first place in it.
    part {int} NOT NULL,
    part_seq {int} NOT NULL,
    msgs {int} NOT NULL,
    ts {int} NOT NULL,
    lm {int},
    queued_at {int},
    waiting_response {bool} NOT NULL,
    last_question {int},
    source_type {text} NOT NULL,
    source_destination {text},
    closed_at {int},
    closer {text},
    closed_by_id {text},
    closed_by_username {text},
    updated_at {int} NOT NULL
) {strict};
-- One visitor has at most one open room.
CREATE UNIQUE INDEX room_open ON room (visitor) WHERE open = TRUE;
CREATE INDEX room_visitor ON room (visitor, ts);

-- Messages are filed in parts: whatever arrives in a stretch of some ten thousand messages, of all rooms. A room finds
-- its messages through the parts it has messages in, in order; see docs/adr/0007-parts.md.
CREATE TABLE room_part (
    room {int} NOT NULL REFERENCES room (pk),
    part {int} NOT NULL,
    first_seq {int} NOT NULL,
    first_ts {int} NOT NULL,
    PRIMARY KEY (room, part)
) {clustered};

CREATE TABLE message (
    id {text} PRIMARY KEY,
    -- No foreign keys on the hottest table: rows of `room` leave only together with their messages, and rows of `author`
    -- never; the numbering statement has just found the room.
    room {int} NOT NULL,
    part {int} NOT NULL,
    seq {int} NOT NULL,
    -- The room's change number when the message was sent (never changes) and when it last changed.
    n {int} NOT NULL,
    rev {int} NOT NULL,
    ts {int} NOT NULL,
    author {int} NOT NULL,
    t {text},
    msg {text} NOT NULL,
    extra {text},
    hidden {bool} NOT NULL,
    edited_at {int},
    edited_by {int},
    removed_at {int},
    updated_at {int}
) {strict};
-- The part comes first, so that the messages of a thousand busy rooms land on the few pages of the present part and not
-- on a page for each room. `ts` rides along so that bounds in time are decided without reading the rows.
CREATE UNIQUE INDEX message_room ON message (part, room, seq, ts);

-- What was done to messages after they were sent. A send is its message's own (room, n), so that sending writes one
-- row; the two together are the room's gapless change log. `k` counts this table's rows of the room: the messages sent
-- after change number c are those with seq > c - (the largest k up to c).
CREATE TABLE change (
    room {int} NOT NULL REFERENCES room (pk),
    n {int} NOT NULL,
    k {int} NOT NULL,
    message {text} NOT NULL,
    kind {text} NOT NULL,
    ts {int} NOT NULL,
    PRIMARY KEY (room, n)
) {strict};

-- Earlier texts of edited and removed messages; filled only while a setting asks for it.
CREATE TABLE message_version (
    message {text} NOT NULL,
    rev {int} NOT NULL,
    room {int} NOT NULL REFERENCES room (pk),
    msg {text} NOT NULL,
    replaced_at {int} NOT NULL,
    PRIMARY KEY (message, rev)
) {strict};
CREATE INDEX message_version_room ON message_version (room);

-- The queue: one row for each open room.
CREATE TABLE inquiry (
    pk {identity},
    id {text} NOT NULL UNIQUE,
    room {int} NOT NULL UNIQUE REFERENCES room (pk),
    status {text} NOT NULL,
    ts {int} NOT NULL,
    queued_at {int},
    taken_at {int},
    updated_at {int} NOT NULL
) {strict};
CREATE INDEX inquiry_status ON inquiry (status, ts);

CREATE TABLE offline_message (
    pk {identity},
    id {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    email {text} NOT NULL,
    message {text} NOT NULL,
    department {text},
    host {text},
    ts {int} NOT NULL
) {strict};

-- Durable work. A row leaves when it is done; one that failed for good stays, visible.
CREATE TABLE job (
    pk {identity},
    kind {text} NOT NULL,
    payload {text} NOT NULL,
    state {text} NOT NULL,
    due {int} NOT NULL,
    attempts {int} NOT NULL,
    last_error {text},
    created_at {int} NOT NULL
) {strict};
CREATE INDEX job_due ON job (state, due);

-- Who did what to which record, from where, when. Rows are only ever added.
CREATE TABLE audit (
    pk {identity},
    ts {int} NOT NULL,
    actor_kind {text} NOT NULL,
    actor {text},
    action {text} NOT NULL,
    target {text} NOT NULL,
    door {text} NOT NULL,
    address {text},
    detail {text}
) {strict};
CREATE INDEX audit_target ON audit (target);

CREATE TABLE setting (
    id {text} PRIMARY KEY,
    value {text} NOT NULL,
    updated_at {int} NOT NULL
) {strict};

CREATE TABLE counter (
    name {text} PRIMARY KEY,
    value {int} NOT NULL
) {strict};
INSERT INTO counter (name, value) VALUES ('guest', 1);
