//! Logins as clients see them.

use http::Method;
use parlor_model::PasswordDigest;
use serde_json::{Value, json};

use crate::rest::testing::{Call, Reply, Server};

const PASSWORD: &str = "a long sentence";

async fn server() -> Server {
    let server = Server::start();
    server.account("maria", "maria@example.org", PASSWORD, &["admin", "user"]).await;
    server.account("ana", "ana@example.org", PASSWORD, &["livechat-agent"]).await;
    server
}

fn login(body: &Value) -> Call {
    Call::new(Method::POST, "/api/v1/login").json(body)
}

fn me(session: &Value) -> Call {
    Call::new(Method::GET, "/api/v1/me").signed(session)
}

fn refused(reply: &Reply) {
    let body =
        json!({ "success": false, "status": "error", "error": "Unauthorized", "message": "Unauthorized" });
    reply.is(401, &body);
}

#[tokio::test]
async fn every_form_of_login_opens_a_session() {
    let server = server().await;
    let digest = PasswordDigest::from_clear(PASSWORD).as_hex().to_owned();
    for body in [
        json!({ "user": "maria", "password": PASSWORD }),
        json!({ "user": "MARIA@Example.org", "password": PASSWORD }),
        json!({ "username": "Maria", "password": PASSWORD }),
        json!({ "email": "maria@example.org", "password": PASSWORD }),
        json!({ "user": "maria", "password": { "digest": digest, "algorithm": "sha-256" } }),
        json!({ "user": "maria", "password": { "digest": digest.to_uppercase() } }),
        json!({ "user": "maria", "password": PASSWORD, "code": "123456" }),
    ] {
        let answer = server.call(login(&body)).await.ok();
        assert_eq!(answer["status"], "success", "{body}");
        let data = &answer["data"];
        assert_eq!(data["me"]["_id"], data["userId"]);
        assert_eq!(data["authToken"].as_str().unwrap().len(), 43);
        let mine = server.call(me(data)).await.ok();
        assert_eq!(mine["username"], "maria");
        assert_eq!(mine["roles"], json!(["admin", "user"]));
        assert_eq!(mine["emails"], json!([{ "address": "maria@example.org", "verified": true }]));
        let again = server.call(login(&json!({ "resume": data["authToken"] }))).await.ok();
        assert_eq!(again["data"]["authToken"], data["authToken"], "resuming keeps the token");
    }
}

#[tokio::test]
async fn every_failed_login_looks_the_same() {
    let server = server().await;
    for (n, body) in [
        json!({ "user": "maria", "password": "wrong" }),
        json!({ "user": "nobody", "password": PASSWORD }),
        json!({ "user": "nobody@example.org", "password": PASSWORD }),
        json!({ "user": "maria" }),
        json!({ "password": PASSWORD }),
        json!({}),
        json!({ "user": "maria", "password": { "digest": "short" } }),
        json!({ "user": "maria", "password": { "digest": "0".repeat(64), "algorithm": "md5" } }),
        json!({ "user": "maria", "password": [PASSWORD] }),
        json!({ "resume": "unknown" }),
        json!({ "user": "ana", "password": "wrong" }),
    ]
    .iter()
    .enumerate()
    {
        refused(&server.call(login(body).from([198, 51, 100, u8::try_from(n).unwrap()])).await);
    }
}

#[tokio::test]
async fn guesses_have_to_wait_and_a_right_password_then_too() {
    let server = server().await;
    let wrong = json!({ "user": "maria", "password": "wrong" });
    let right = json!({ "user": "maria", "password": PASSWORD });
    // Each from another address: it is the name that is guarded.
    for n in 0..6 {
        refused(&server.call(login(&wrong).from([198, 51, 100, n])).await);
    }
    let locked = server.call(login(&right).from([198, 51, 100, 9])).await;
    assert_eq!(locked.status.as_u16(), 401);
    assert_eq!(locked.json["error"], "error-too-many-login-attempts");
    assert!(locked.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    let other = json!({ "user": "ana", "password": PASSWORD });
    server.call(login(&other).from([198, 51, 100, 10])).await.ok();
    server.clock.advance(60 * 60 * 1000 + 1);
    server.call(login(&right).from([198, 51, 100, 9])).await.ok();
}

#[tokio::test]
async fn an_address_that_guesses_many_names_has_to_wait() {
    let server = server().await;
    for n in 0..6 {
        refused(&server.call(login(&json!({ "user": format!("name{n}"), "password": "x" }))).await);
    }
    let right = json!({ "user": "maria", "password": PASSWORD });
    assert_eq!(server.call(login(&right)).await.json["error"], "error-too-many-login-attempts");
    server.call(login(&right).from([198, 51, 100, 1])).await.ok();
}

#[tokio::test]
async fn a_logout_ends_this_session_and_no_other() {
    let server = server().await;
    let right = json!({ "user": "maria", "password": PASSWORD });
    let first = server.call(login(&right)).await.ok()["data"].clone();
    let second = server.call(login(&right)).await.ok()["data"].clone();
    for (session, verb) in [(&first, Method::POST), (&second, Method::GET)] {
        server.call(me(session)).await.ok();
        let bye = server.call(Call::new(verb, "/api/v1/logout").signed(session)).await.ok();
        let words = json!({ "message": "You've been logged out!" });
        assert_eq!((&bye["status"], &bye["data"]), (&json!("success"), &words));
        assert_eq!(server.call(me(session)).await.status.as_u16(), 401);
    }
}

#[tokio::test]
async fn a_token_serves_its_owner_alone_and_only_while_it_lasts() {
    let server = server().await;
    let maria = server.call(login(&json!({ "user": "maria", "password": PASSWORD }))).await.ok();
    let ana = server.call(login(&json!({ "user": "ana", "password": PASSWORD }))).await.ok();
    let mixed = json!({ "userId": ana["data"]["userId"], "authToken": maria["data"]["authToken"] });
    let told = "You must be logged in to do this.";
    let body = json!({ "success": false, "error": told, "status": "error", "message": told });
    server.call(me(&mixed)).await.is(401, &body);
    server.call(Call::new(Method::GET, "/api/v1/me")).await.is(401, &body);
    server.clock.advance(91 * 24 * 60 * 60 * 1000);
    server.call(me(&maria["data"])).await.is(401, &body);
}

#[tokio::test]
async fn the_store_holds_no_token_and_no_password() {
    let server = server().await;
    let session = server.call(login(&json!({ "user": "maria", "password": PASSWORD }))).await.ok();
    let token = session["data"]["authToken"].as_str().unwrap();
    assert_eq!(server.number(&format!("SELECT COUNT(*) FROM login_token WHERE hash = '{token}'")), 0);
    let stored = server.text("SELECT password FROM account WHERE username = 'maria'");
    assert!(stored.starts_with("argon2id:"), "{stored}");
}

#[tokio::test]
async fn people_who_work_here_are_not_limited_like_strangers() {
    let mut server = server().await;
    server.set(|settings| settings.rate_limiter = true);
    for (name, limited) in [("maria", false), ("ana", true)] {
        let session = server.call(login(&json!({ "user": name, "password": PASSWORD }))).await.ok();
        for _ in 0..600 {
            server.call(me(&session["data"])).await.ok();
        }
        let next = server.call(me(&session["data"])).await;
        assert_eq!(next.status.as_u16(), if limited { 429 } else { 200 }, "{name}");
    }
}

#[tokio::test]
async fn guesses_at_tokens_are_cut_off() {
    let mut server = server().await;
    server.set(|settings| settings.rate_limiter = true);
    let session = server.call(login(&json!({ "user": "ana", "password": PASSWORD }))).await.ok();
    let guess = json!({ "userId": session["data"]["userId"], "authToken": "x" });
    for _ in 0..60 {
        assert_eq!(server.call(me(&guess)).await.status.as_u16(), 401);
    }
    assert_eq!(server.call(me(&guess)).await.status.as_u16(), 429);
    server.call(me(&session["data"]).from([198, 51, 100, 3])).await.ok();
}
