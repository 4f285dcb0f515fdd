use tokio::io::{AsyncRead, AsyncReadExt};

/// How much of each output is kept.
const KEPT: usize = 4096;
/// The longest line that is shown, in characters.
const LINE: usize = 400;

/// What a program prints.
#[derive(Debug, Default)]
pub(super) struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Output {
    /// Reads both outputs to their ends, and keeps their beginnings.
    pub(super) async fn read(&mut self, stdout: impl AsyncRead + Unpin, stderr: impl AsyncRead + Unpin) {
        futures::join!(keep(stdout, &mut self.stdout), keep(stderr, &mut self.stderr));
    }

    /// The first line with something in it, of errors rather than of results.
    pub(super) fn first_line(&self) -> Option<String> {
        first_line(&self.stderr).or_else(|| first_line(&self.stdout))
    }
}

async fn keep(mut from: impl AsyncRead + Unpin, kept: &mut Vec<u8>) {
    let mut buffer = [0; 1024];
    // An output that cannot be read is one that says nothing.
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..length.min(KEPT - kept.len())]);
    }
}

fn first_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let printable = |character: char| if character.is_control() { '?' } else { character };
    Some(line.chars().take(LINE).map(printable).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_line_is_short_and_printable() {
        let long = "x".repeat(10_000);
        for (stdout, stderr, expected) in [
            ("", "", None),
            ("out\n", "\n \r\n  err \u{1b}[1m\nmore\n", Some("err ?[1m".to_owned())),
            ("out\nmore", "\n\n", Some("out".to_owned())),
            (&long, "", Some("x".repeat(LINE))),
        ] {
            let mut output = Output::default();
            output.read(stdout.as_bytes(), stderr.as_bytes()).await;
            assert_eq!(output.first_line(), expected);
            assert!(output.stdout.len() <= KEPT);
        }
    }
}
