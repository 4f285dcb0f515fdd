use smtp_core::testing::{facts, request};
use smtp_core::{BoxError, Command, Identity, Reply, Request, Session};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use crate::policy_fn::*;

/// AUTH, which takes everybody in by PLAIN.
async fn auth(request: Request) -> Result<Reply, BoxError> {
    Ok(match request.command {
        Command::Auth(auth) if auth.mechanism == "PLAIN" => {
            Reply::new(235, "2.7.0 welcome").and_authenticate(Identity::new("alice", "PLAIN"))
        }
        _ => Reply::new(535, "5.7.8 no"),
    })
}

#[tokio::test]
async fn a_policy_may_refuse_who_has_proved_to_be_somebody() {
    let locked = policy_fn(|authenticated: Authenticated, session: Session| async move {
        assert!(session.identity().is_none());
        match authenticated.identity.name() {
            "alice" => Err(Reply::new(535, "5.7.8 this account is locked")),
            _ => Ok(()),
        }
    });
    let stack = locked.layer(service_fn(auth));
    let reply = stack.clone().oneshot(request("AUTH PLAIN", facts().session())).await.unwrap();
    assert_eq!(reply.to_string(), "535 5.7.8 this account is locked");
    assert!(reply.effects().is_none());
    // It is not asked about who is nobody.
    let reply = stack.oneshot(request("AUTH LOGIN", facts().session())).await.unwrap();
    assert_eq!(reply.to_string(), "535 5.7.8 no");
}

#[tokio::test]
async fn who_is_taken_in_may_be_marked() {
    #[derive(Clone, Debug, PartialEq)]
    struct Group(&'static str);
    let staff = policy_fn(|_: Authenticated, _: Session| async { Decision::accept().tag(Group("staff")) });
    let facts = facts();
    let reply = staff.layer(service_fn(auth)).oneshot(request("AUTH PLAIN", facts.session())).await.unwrap();
    assert_eq!(reply.effects().unwrap().identity.as_ref().unwrap().name(), "alice");
    assert_eq!(facts.session().connection().get::<Group>(), Some(Group("staff")));
}

#[tokio::test]
async fn before_the_mechanism_runs_its_name_is_known() {
    let no_login = policy_fn(|auth: StartOfAuth, _: Session| async move {
        if auth.mechanism == "LOGIN" { Err(Reply::new(504, "5.5.4 not this one")) } else { Ok(()) }
    });
    let stack = no_login.layer(service_fn(auth));
    for (line, code) in [("AUTH LOGIN", 504), ("AUTH PLAIN", 235)] {
        let reply = stack.clone().oneshot(request(line, facts().session())).await.unwrap();
        assert_eq!(reply.code(), code, "{line}");
    }
}
