use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::{BoxFuture, Reply};

pin_project! {
    /// The future of a session layer's service: the inner service's answer, as it is or edited, or
    /// one in its place.
    ///
    /// Most commands pass a layer by; those cost no allocation.
    ///
    /// ```
    /// use smtp_core::{LayerFuture, Reply};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let inner = || std::future::ready(Ok::<_, std::io::Error>(Reply::new(250, "2.0.0 OK")));
    /// assert_eq!(LayerFuture::pass(inner()).await?.text(), "OK");
    /// let edited = LayerFuture::edit(inner(), |reply| *reply = Reply::new(250, "2.0.0 fine"));
    /// assert_eq!(edited.await?.text(), "fine");
    /// let answer = LayerFuture::answer(Reply::new(550, "5.7.1 no"));
    /// assert_eq!(if true { answer } else { LayerFuture::pass(inner()) }.await?.code(), 550);
    /// # Ok::<(), std::io::Error>(()) }).unwrap();
    /// ```
    #[must_use = "futures do nothing unless they are polled"]
    pub struct LayerFuture<F, E> {
        #[pin]
        state: State<F, E>,
    }
}

type Edit = Box<dyn FnOnce(&mut Reply) + Send>;

pin_project! {
    #[project = StateProjection]
    enum State<F, E> {
        Passed { #[pin] inner: F },
        Edited { #[pin] inner: F, edit: Option<Edit> },
        Answered { reply: Option<Reply> },
        Running { answer: BoxFuture<Result<Reply, E>> },
    }
}

impl<F, E> LayerFuture<F, E> {
    /// The inner service's answer.
    pub fn pass(inner: F) -> Self {
        Self { state: State::Passed { inner } }
    }

    /// The inner service's answer after `edit`, if it is a reply.
    pub fn edit(inner: F, edit: impl FnOnce(&mut Reply) + Send + 'static) -> Self {
        Self { state: State::Edited { inner, edit: Some(Box::new(edit)) } }
    }

    /// An answer in the place of the inner service's.
    ///
    /// The layer should [`release`](crate::release) the inner service, which was made ready for
    /// nothing.
    pub fn answer(reply: Reply) -> Self {
        Self { state: State::Answered { reply: Some(reply) } }
    }

    /// An answer in the place of the inner service's, which takes time.
    pub fn run(answer: impl Future<Output = Result<Reply, E>> + Send + 'static) -> Self {
        Self { state: State::Running { answer: Box::pin(answer) } }
    }
}

impl<F, E> Future for LayerFuture<F, E>
where
    F: Future<Output = Result<Reply, E>>,
{
    type Output = Result<Reply, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner } => inner.poll(cx),
            StateProjection::Edited { inner, edit } => {
                let mut reply = ready!(inner.poll(cx))?;
                if let Some(edit) = edit.take() {
                    edit(&mut reply);
                }
                Poll::Ready(Ok(reply))
            }
            StateProjection::Answered { reply } => {
                Poll::Ready(Ok(reply.take().expect("a future is not polled once it is done")))
            }
            StateProjection::Running { answer } => answer.as_mut().poll(cx),
        }
    }
}

impl<F, E> fmt::Debug for LayerFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerFuture")
    }
}
