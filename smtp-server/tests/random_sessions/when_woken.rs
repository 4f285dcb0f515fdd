//! A combinator with a waker of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Polls a future only when that was woken, as combinators over many futures do.
pub(crate) struct WhenWoken<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

struct Bell {
    rung: AtomicBool,
    outer: Mutex<Waker>,
}

impl<F> WhenWoken<F> {
    pub(crate) fn new(future: F) -> Self {
        let bell = Bell { rung: AtomicBool::new(true), outer: Mutex::new(Waker::noop().clone()) };
        Self { future: Box::pin(future), bell: Arc::new(bell) }
    }
}

impl<F: Future> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.bell.outer.lock().expect("no panic").clone_from(cx.waker());
        if !self.bell.rung.swap(false, Ordering::Relaxed) {
            return Poll::Pending;
        }
        let waker = Waker::from(self.bell.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
        self.outer.lock().expect("no panic").wake_by_ref();
    }
}
