use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use smtp_core::{Capability, Reply};

pin_project! {
    /// The answer of a [`StartTlsService`](super::StartTlsService).
    pub struct StartTlsFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Passed {
            #[pin]
            answer: F,
        },
        Greeted {
            #[pin]
            answer: F,
            required: bool,
        },
        Answered {
            reply: Option<Reply>,
        },
    }
}

impl<F> StartTlsFuture<F> {
    pub(super) fn passed(answer: F) -> Self {
        Self { state: State::Passed { answer } }
    }

    /// EHLO of a session without TLS.
    pub(super) fn greeted(answer: F, required: bool) -> Self {
        Self { state: State::Greeted { answer, required } }
    }

    pub(super) fn answered(reply: Reply) -> Self {
        Self { state: State::Answered { reply: Some(reply) } }
    }
}

impl<F, E> Future for StartTlsFuture<F>
where
    F: Future<Output = Result<Reply, E>>,
{
    type Output = Result<Reply, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { answer } => answer.poll(cx),
            StateProjection::Greeted { answer, required } => {
                answer.poll(cx).map_ok(|reply| offer_start_tls(reply, *required))
            }
            StateProjection::Answered { reply } => {
                Poll::Ready(Ok(reply.take().expect("a future is not polled once it is done")))
            }
        }
    }
}

fn offer_start_tls(mut reply: Reply, required: bool) -> Reply {
    if reply.is_positive() {
        let capabilities = reply.capabilities_mut();
        // Clients are about that look for `250-STARTTLS` and overlook it in the last line.
        capabilities.insert_first(Capability::new("STARTTLS"));
        if required {
            // What would be answered by 530 is not offered.
            capabilities.remove("AUTH");
        }
    }
    reply
}
