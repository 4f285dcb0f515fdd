use smtp_core::testing::{facts, request};
use smtp_core::{BoxError, BoxSmtpService, Command, Reply, Request, Route};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;

/// Answers with the verb, and fails at QUIT.
fn echo() -> BoxSmtpService {
    BoxSmtpService::new(service_fn(|request: Request| async move {
        match request.command {
            Command::Quit => Err(BoxError::from("gone")),
            command => Ok(Reply::new(250, command.verb().to_owned())),
        }
    }))
}

#[tokio::test]
async fn a_closure_sees_the_command_and_the_reply() {
    let layer = from_fn(|request: Request, next: Next| async move {
        let verb = request.command.verb().to_owned();
        let reply = next.run(request).await?;
        let text = format!("{verb} became {}", reply.text());
        Ok(reply.with_text(text))
    });
    let reply = layer.layer(echo()).oneshot(request("NOOP", facts().session())).await.unwrap();
    assert_eq!(reply.text(), "NOOP became NOOP");
}

#[tokio::test]
async fn a_plain_reply_is_an_answer() {
    let layer = from_fn(|_: Request, _: Next| async { Reply::new(550, "5.7.1 no") });
    let reply = layer.layer(echo()).oneshot(request("NOOP", facts().session())).await.unwrap();
    assert_eq!(reply.code(), 550);
}

#[tokio::test]
async fn errors_go_through_and_a_reply_is_one_of_them() {
    let facts = facts();
    let pass = from_fn(|request: Request, next: Next| next.run(request)).layer(echo());
    let error = pass.oneshot(request("QUIT", facts.session())).await.unwrap_err();
    assert_eq!(error.to_string(), "gone");

    let refuse = from_fn(|_: Request, _: Next| async {
        Err::<(), _>(Reply::new(450, "4.7.1 later"))?;
        Ok(Reply::new(250, "ok"))
    });
    let error = refuse.layer(echo()).oneshot(request("NOOP", facts.session())).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Reply>().unwrap().code(), 450);
}

#[tokio::test]
async fn the_command_may_be_changed_on_its_way() {
    let layer = from_fn(|mut request: Request, next: Next| async move {
        if let Command::Rcpt(recipient) = &mut request.command {
            recipient.route = Some(Route::Local);
        }
        next.run(request).await
    });
    let inner = service_fn(|request: Request| async move {
        let Command::Rcpt(recipient) = request.command else { panic!("RCPT went in") };
        assert_eq!(recipient.route, Some(Route::Local));
        Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok"))
    });
    let stack = layer.layer(inner);
    let reply = stack.oneshot(request("RCPT TO:<joe@example.org>", facts().session())).await.unwrap();
    assert_eq!(reply.code(), 250);
}
