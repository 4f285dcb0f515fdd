use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use futures::future::{Either, select};
use rustix::process::{Pid, Signal, kill_process_group};
use smtp_core::{Body, BodyError};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::output::Output;
use crate::content::Content;

/// How long the outputs of a program that has ended are read: what it left running may hold them open.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// How a program ended.
pub(super) struct Ended {
    /// `None` if it took too long, and was ended.
    pub(super) status: Option<ExitStatus>,
    pub(super) output: Output,
}

/// Why a program did not end by itself.
pub(super) enum Failure {
    /// It could not be started, or not be waited for.
    System(io::Error),
    /// The message was not received whole.
    Body(BodyError),
}

/// A program that runs. Dropping it ends it, and all that it started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Without an id it has ended, and been waited for: the number may be somebody else's by now.
        let group = self.0.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = group {
            // It may just have ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a program with a message at its standard input.
///
/// It has `limit` to take each piece of the message, and again to end when it has all of it.
pub(super) async fn run(
    mut command: Command,
    body: Body,
    limit: Duration,
    keep_crlf: bool,
) -> Result<Ended, Failure> {
    // It goes after the program, should this future be dropped: no program is to take what it has by then
    // for a whole message.
    let mut stdin: Option<ChildStdin>;
    let mut running = Running(command.spawn().map_err(Failure::System)?);
    let child = &mut running.0;
    let (stdout, stderr) = match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(input), Some(stdout), Some(stderr)) => {
            stdin = Some(input);
            (stdout, stderr)
        }
        _ => return Err(Failure::System(io::ErrorKind::BrokenPipe.into())),
    };
    let mut output = Output::default();
    let status = {
        let mut reading = pin!(output.read(stdout, stderr));
        let ending = pin!(feed_and_wait(child, &mut stdin, body, limit, keep_crlf));
        match select(ending, reading.as_mut()).await {
            Either::Left((status, _)) => {
                let status = status?;
                if status.is_some() {
                    // What it said last may still be on its way.
                    let _ = timeout(AFTERWARDS, reading).await;
                }
                status
            }
            Either::Right(((), ending)) => ending.await?,
        }
    };
    Ok(Ended { status, output })
}

async fn feed_and_wait(
    child: &mut Child,
    stdin: &mut Option<ChildStdin>,
    body: Body,
    limit: Duration,
    keep_crlf: bool,
) -> Result<Option<ExitStatus>, Failure> {
    if let Some(stdin) = stdin
        && !feed(child, stdin, body, limit, keep_crlf).await.map_err(Failure::Body)?
    {
        return Ok(None);
    }
    // The end of the message.
    *stdin = None;
    match timeout(limit, child.wait()).await {
        Ok(status) => status.map(Some).map_err(Failure::System),
        Err(_) => Ok(None),
    }
}

/// Whether the program took the message in time, or as much of it as it wants.
async fn feed(
    child: &mut Child,
    stdin: &mut ChildStdin,
    mut body: Body,
    limit: Duration,
    keep_crlf: bool,
) -> Result<bool, BodyError> {
    let mut content = Content::new(keep_crlf);
    let mut listens = true;
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        // The message is to be whole, whatever the program needs of it.
        if !listens {
            continue;
        }
        content.push(&chunk);
        let piece = content.take();
        match timeout(limit, write(child, stdin, &piece)).await {
            Ok(taken) => listens = taken,
            Err(_) => return Ok(false),
        }
        content.reuse(piece);
    }
    if !listens {
        return Ok(true);
    }
    let rest = content.finish();
    Ok(timeout(limit, write(child, stdin, &rest)).await.is_ok())
}

/// Whether the program took the piece. One that has ended takes no more, even if what it left running
/// holds its input open.
async fn write(child: &mut Child, stdin: &mut ChildStdin, piece: &[u8]) -> bool {
    match select(pin!(stdin.write_all(piece)), pin!(child.wait())).await {
        Either::Left((written, _)) => written.is_ok(),
        Either::Right(_) => false,
    }
}
