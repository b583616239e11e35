-- People who work here, how they log in, and what they may do.

CREATE TABLE account (
    pk {identity},
    id {text} NOT NULL UNIQUE,
    username {text} NOT NULL,
    -- Lower case: names that differ in case alone are one name.
    username_key {text} NOT NULL UNIQUE,
    name {text},
    email {text},
    email_key {text} UNIQUE,
    email_verified {bool} NOT NULL,
    -- Scheme and hash; none for an account that cannot log in with a password.
    password {text},
    active {bool} NOT NULL,
    -- How the person set it, and what connections say; the two together are what others see.
    status_default {text} NOT NULL,
    status_text {text} NOT NULL,
    presence {text} NOT NULL,
    -- Service status; set for agents alone.
    available {bool},
    language {text} NOT NULL,
    utc_offset {int} NOT NULL,
    preferences {text} NOT NULL,
    author {int} NOT NULL REFERENCES author (pk),
    created_at {int} NOT NULL,
    last_login_at {int},
    updated_at {int} NOT NULL
) {strict};

CREATE TABLE role (
    id {text} PRIMARY KEY,
    name {text} NOT NULL,
    description {text} NOT NULL,
    -- One of the roles that the program itself relies on.
    protected {bool} NOT NULL
) {strict};

CREATE TABLE account_role (
    account {int} NOT NULL REFERENCES account (pk),
    role {text} NOT NULL REFERENCES role (id),
    PRIMARY KEY (account, role)
) {clustered};
CREATE INDEX account_role_role ON account_role (role);

-- Known permissions: one that a later release adds gets its default roles once, and never again.
CREATE TABLE permission (
    id {text} PRIMARY KEY,
    updated_at {int} NOT NULL
) {strict};

CREATE TABLE role_permission (
    role {text} NOT NULL REFERENCES role (id),
    permission {text} NOT NULL REFERENCES permission (id),
    PRIMARY KEY (role, permission)
) {clustered};
CREATE INDEX role_permission_permission ON role_permission (permission);

-- Login tokens and personal access tokens, by their hash alone.
CREATE TABLE login_token (
    hash {text} PRIMARY KEY,
    account {int} NOT NULL REFERENCES account (pk),
    -- The name of a personal token; none for a login.
    name {text},
    last_part {text},
    bypass_two_factor {bool} NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int}
) {strict};
CREATE UNIQUE INDEX login_token_account ON login_token (account, name);

-- Failed logins, by account and by address.
CREATE TABLE login_failure (
    key {text} PRIMARY KEY,
    count {int} NOT NULL,
    last {int} NOT NULL
) {strict};

-- Secrets of this installation that end, by name: the hash of the one-time set-up link.
CREATE TABLE secret (
    name {text} PRIMARY KEY,
    value {text} NOT NULL,
    expires_at {int} NOT NULL
) {strict};
