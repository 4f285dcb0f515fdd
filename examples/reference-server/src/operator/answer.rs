use std::io;

use smtp_server::delivery::queue::store::Listed;
use smtp_server::delivery::queue::{QueueHandle, StoreError};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::{FAILED, OK, Request, SHOWN, Which, listing};

/// How many messages are taken from the store at once.
const PAGE: usize = 100;

pub(super) async fn answer(
    request: &Request,
    queue: &QueueHandle,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    if *request != Request::List {
        tracing::info!(%request, "operator");
    }
    let done = match request {
        Request::List => list(queue, to).await?,
        Request::Flush(which) => change(queue, which, queue.flush(which.selection())).await,
        Request::Hold(which) => change(queue, which, queue.hold(which.selection())).await,
        Request::Release(which) => change(queue, which, queue.release(which.selection())).await,
        Request::Remove(id) => match queue.remove(*id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{id} is not in the queue, or being delivered just now")),
            Err(error) => Err(error.to_string()),
        },
    };
    match done {
        Ok(()) => line(to, OK).await,
        Err(why) => line(to, &format!("{FAILED}{}", why.replace(['\r', '\n'], " "))).await,
    }
}

async fn change(
    queue: &QueueHandle,
    which: &Which,
    change: impl Future<Output = Result<(), StoreError>>,
) -> Result<(), String> {
    // Whoever mistypes a name should hear of it.
    if let Which::Message(id) = which
        && queue.find(*id).await.map_err(|error| error.to_string())?.is_none()
    {
        return Err(format!("{id} is not in the queue"));
    }
    change.await.map_err(|error| error.to_string())
}

/// Messages, and how many there are.
async fn list(queue: &QueueHandle, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<Result<(), String>> {
    let (mut after, mut messages, mut octets) = (None, 0, 0);
    loop {
        let page: Vec<Listed> = match queue.list(after, PAGE).await {
            Ok(page) => page,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let Some(last) = page.last() else { break };
        after = Some(last.entry.id);
        for listed in &page {
            messages += 1;
            octets += listed.octets;
            for text in listing::lines(listed) {
                line(to, &format!("{SHOWN}{text}")).await?;
            }
        }
    }
    line(to, &format!("{SHOWN}{messages} messages, {octets} octets")).await?;
    Ok(Ok(()))
}

pub(super) async fn line(to: &mut (impl AsyncWrite + Unpin), text: &str) -> io::Result<()> {
    to.write_all(format!("{text}\n").as_bytes()).await
}
