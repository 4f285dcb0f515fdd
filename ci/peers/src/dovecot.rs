use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::program::{program, succeed};

const READY: &str = "starting up without any protocols";

const USERS: &str = "\
alice:{PLAIN}correct horse::::::
joe@example.org:{PLAIN}secret::::::
shut:{PLAIN}secret::::::nologin=y
near:{PLAIN}secret::::::allow_nets=192.0.2.0/24
";

/// A folder with all that Dovecot needs to know users: `alice`, `joe@example.org`, `shut`, who may not log
/// in, and `near`, who may from 192.0.2.0/24. It runs as whoever runs the test.
#[derive(Debug)]
pub struct Dovecot(TempDir);

impl Dovecot {
    /// With more lines for its configuration.
    pub fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Dovecot's own processes look at it with fewer rights.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let (user, group) = (name("-un"), name("-gn"));
        let path = folder.path().display();
        let configuration = format!(
            "base_dir = {path}/run\n\
             state_dir = {path}/state\n\
             log_path = /dev/stderr\n\
             protocols =\n\
             ssl = no\n\
             default_internal_user = {user}\n\
             default_internal_group = {group}\n\
             default_login_user = {user}\n\
             auth_mechanisms = plain\n\
             auth_failure_delay = 0\n\
             service anvil {{\n\
               chroot =\n\
               unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n\
             }}\n\
             service stats {{\n chroot =\n }}\n\
             service auth {{\n\
               unix_listener {path}/client {{\n mode = 0600\n }}\n\
             }}\n\
             passdb {{\n driver = passwd-file\n args = username_format=%u {path}/users\n }}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={path}\n }}\n\
             {more}\n"
        );
        fs::write(folder.path().join("dovecot.conf"), configuration).expect("a file");
        fs::write(folder.path().join("users"), USERS).expect("a file");
        Self(folder)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.0.path().join("client")
    }

    /// Starts it.
    #[track_caller]
    pub fn start(&self) -> Daemon {
        Daemon::start(program("dovecot").arg("-F").arg("-c").arg(self.0.path().join("dovecot.conf")), READY)
    }
}

fn name(option: &str) -> String {
    succeed(program("id").arg(option)).trim().to_owned()
}
