use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// A program that must be there.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    // Servers' programs lie where the search path of an ordinary user does not lead.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin:/usr/local/sbin")).env("LC_ALL", "C");
    command
}

/// Runs a program to its good end.
pub(crate) fn run(command: &mut Command) {
    let name = command.get_program().to_owned();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{name:?} is missing ({error}); ci/test.sh installs it"));
    assert!(output.status.success(), "{name:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Where a program lies, behind links.
pub(crate) fn path_of(name: &str) -> PathBuf {
    let output = program("which").arg(name).output().expect("which is there");
    let path = String::from_utf8(output.stdout).expect("text");
    assert!(!path.is_empty(), "{name} is missing; ci/test.sh installs it");
    PathBuf::from(path.trim())
}

/// Lets everybody look into a folder.
pub(crate) fn open(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// Looks until there is something to see; other processes cannot wake this one.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited for too long until {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}
