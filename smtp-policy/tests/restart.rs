//! What is remembered outlives the end of the process, however it ends.
#![cfg(feature = "sqlite")]

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use smtp_policy::state::{SqliteState, State, StateEntry, StateKey};

    const FILE: &str = "SMTP_POLICY_TEST_STATE";

    fn key(number: u64) -> StateKey {
        StateKey::new("tests", number.to_string())
    }

    fn open(path: &Path) -> State {
        State::new(SqliteState::open(path).unwrap())
    }

    /// The process that is killed: it says what it has written, and never stops to write.
    #[tokio::test]
    #[ignore = "ends when it is killed; the test below starts it"]
    async fn writer() {
        let Some(path) = std::env::var_os(FILE) else { return };
        let state = open(path.as_ref());
        for number in 0.. {
            let lasts = Duration::from_secs(3600);
            let put = move |entry: &mut Option<StateEntry>, now| {
                *entry = Some(StateEntry { value: number, until: now + lasts });
            };
            state.update(key(number), put).await.unwrap();
            writeln!(std::io::stdout(), "wrote {number}").unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_answered_is_there_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::writer", "--ignored", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut written =
            lines.filter_map(|line| line.strip_prefix("wrote ").map(|number| number.parse().unwrap()));
        let before: u64 = written.find(|number| *number >= 500).unwrap();
        // SIGKILL, amid a write as likely as not.
        writer.kill().unwrap();
        writer.wait().unwrap();
        let last: u64 = written.last().unwrap_or(before);
        let state = open(&path);
        for number in 0..=last {
            let (entry, _) = state.get(key(number)).await.unwrap();
            assert_eq!(entry.map(|entry| entry.value), Some(number));
        }
    }
}
