//! The one-time link as a browser follows it.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use parlor_services::setup;
use serde_json::json;
use tower::ServiceExt;

use crate::caller::Caller;
use crate::rest::testing::{Call, Server};

async fn link(server: &Server) -> Option<String> {
    let ctx = server.app.context(&Caller::default());
    server
        .store
        .write("accounts", move |tx| {
            parlor_services::accounts::seed(tx, ctx.now)?;
            setup::begin(tx, &ctx)
        })
        .await
        .unwrap()
}

async fn ask(server: &Server, request: Request<Body>) -> String {
    let response = server.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("cache-control"), header("referrer-policy")),
        ("no-store".into(), "no-referrer".into())
    );
    assert!(header("content-security-policy").contains("form-action 'self'"));
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn get(server: &Server, token: &str) -> String {
    ask(server, Request::get(format!("/setup?token={token}")).body(Body::empty()).unwrap()).await
}

async fn post(server: &Server, token: &str, rest: &str) -> String {
    let request = Request::post("/setup").header("content-type", "application/x-www-form-urlencoded");
    ask(server, request.body(Body::from(format!("token={token}&{rest}"))).unwrap()).await
}

const GOOD: &str = "username=boss&name=The+Boss&email=boss%40example.org&password=a+long+sentence";

#[tokio::test]
async fn the_link_makes_one_administrator() {
    let server = Server::start();
    let token = link(&server).await.unwrap();
    assert!(get(&server, &token).await.contains("<form method=\"post\""));
    assert!(post(&server, &token, GOOD).await.contains("<strong>boss</strong> can log in now"));
    let login = json!({ "user": "boss", "password": "a long sentence" });
    let session = server.call(Call::new(http::Method::POST, "/api/v1/login").json(&login)).await.ok();
    assert_eq!(session["data"]["me"]["roles"], json!(["admin", "user"]));
    assert_eq!(session["data"]["me"]["name"], "The Boss");
    for page in [get(&server, &token).await, post(&server, &token, GOOD).await] {
        assert!(page.contains("This link was used or is too old") && !page.contains("<form"), "{page}");
    }
    assert_eq!(link(&server).await, None, "there is an administrator");
    assert_eq!(server.number("SELECT COUNT(*) FROM account"), 1);
}

#[tokio::test]
async fn a_link_ends_after_a_day_or_with_the_next_one() {
    let server = Server::start();
    let first = link(&server).await.unwrap();
    let second = link(&server).await.unwrap();
    assert!(!get(&server, &first).await.contains("<form"));
    assert!(!get(&server, "").await.contains("<form"));
    server.clock.advance(24 * 60 * 60 * 1000 - 1);
    assert!(get(&server, &second).await.contains("<form"));
    server.clock.advance(1);
    assert!(!post(&server, &second, GOOD).await.contains("can log in"));
    assert_eq!(server.number("SELECT COUNT(*) FROM account"), 0);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_what_was_typed_stays() {
    let server = Server::start();
    let token = link(&server).await.unwrap();
    for (rest, told) in [
        ("username=a+b&email=a%40b.org&password=a+long+sentence", "A username has"),
        ("username=boss&email=&password=a+long+sentence", "An e-mail address is needed"),
        ("username=boss&email=nonsense&password=a+long+sentence", "Invalid email nonsense"),
        ("username=boss&email=a%40b.org&password=short", "A password has at least 8"),
        ("username=%3Cb%3E&email=a%40b.org&password=a+long+sentence", "value=\"&lt;b&gt;\""),
    ] {
        let page = post(&server, &token, rest).await;
        assert!(page.contains(told) && page.contains("<form"), "{rest}: {page}");
        assert!(!page.contains("a long sentence"), "the password does not come back");
    }
    assert_eq!(server.number("SELECT COUNT(*) FROM account"), 0);
    assert!(post(&server, &token, GOOD).await.contains("can log in now"), "the link still works");
}
