//! Dovecot in a folder of its own, with its mailboxes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use peers::{Daemon, free_port, program, succeed};

const READY: &str = "starting up for lmtp";

/// A server that runs: `jane` and `jim` have room, `full` has none.
pub(crate) struct Dovecot {
    _daemon: Daemon,
    folder: TempDir,
    pub(crate) port: u16,
}

impl Dovecot {
    pub(crate) fn start() -> Self {
        // Somebody else may have taken the port in the meantime.
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port().port();
            configure(folder.path(), port);
            let mut command = program("dovecot");
            command.arg("-F").arg("-c").arg(folder.path().join("dovecot.conf"));
            match Daemon::try_start(&mut command, READY) {
                Ok(daemon) => return Self { _daemon: daemon, folder, port },
                Err(printed) if printed.contains("Address already in use") => {}
                Err(printed) => panic!("Dovecot does not start:\n{printed}"),
            }
        }
        panic!("no port is free");
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("lmtp")
    }

    pub(crate) fn mailbox(&self, user: &str) -> PathBuf {
        self.folder.path().join("home").join(user).join("Maildir")
    }

    /// Gives a mailbox into which somebody else delivered to the user that Dovecot delivers as.
    pub(crate) fn hand_over(&self, user: &str) {
        if id("-u") == "0" {
            succeed(program("chown").args(["-R", "nobody:nogroup"]).arg(self.mailbox(user)));
        }
    }

    /// How many messages and kibibytes Dovecot says there are in a mailbox.
    pub(crate) fn usage(&self, user: &str) -> (u64, u64) {
        let mut command = program("doveadm");
        command.arg("-c").arg(self.configuration()).args(["-f", "tab", "quota", "get", "-u"]);
        let text = succeed(command.arg(format!("{user}@example.org")));
        let value = |kind: &str| {
            let line = text.lines().find(|line| line.contains(kind));
            let column = line.and_then(|line| line.split('\t').nth(2));
            column.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{text}"))
        };
        (value("MESSAGE"), value("STORAGE"))
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("dovecot.conf")
    }

    /// The messages that wait for a user, sorted, without what Dovecot put in front.
    pub(crate) fn messages(&self, user: &str) -> Vec<Vec<u8>> {
        let new = self.folder.path().join("home").join(user).join("Maildir/new");
        let files = match fs::read_dir(new) {
            Ok(entries) => entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect(),
            Err(_) => Vec::new(),
        };
        let mut messages: Vec<_> = files.into_iter().map(|file: Vec<u8>| without_trace(&file)).collect();
        messages.sort();
        messages
    }
}

/// What LMTP puts in front: `Return-Path:`, and `Received:`, which ends with a date.
fn without_trace(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    if !text.starts_with("Return-Path: <joe@example.com>\n") {
        return file.to_vec();
    }
    let received = text.find("\nReceived: ").expect("a Received field");
    let end = received + text[received..].find(" +0000\n").expect("a date in UTC") + " +0000\n".len();
    file[end..].to_vec()
}

fn configure(folder: &Path, port: u16) {
    // Dovecot's own processes look at it with fewer rights.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let home = folder.join("home");
    fs::create_dir(&home).unwrap();
    // It delivers for nobody who is root.
    let root = id("-u") == "0";
    let (user, group) =
        if root { ("nobody".to_owned(), "nogroup".to_owned()) } else { (id("-un"), id("-gn")) };
    if root {
        succeed(program("chown").arg("nobody:nogroup").arg(&home));
    }
    let (internal_user, internal_group) = (id("-un"), id("-gn"));
    let path = folder.display();
    let configuration = format!(
        "base_dir = {path}/run\n\
         state_dir = {path}/state\n\
         log_path = /dev/stderr\n\
         protocols = lmtp\n\
         listen = 127.0.0.1\n\
         ssl = no\n\
         default_internal_user = {internal_user}\n\
         default_internal_group = {internal_group}\n\
         default_login_user = {internal_user}\n\
         recipient_delimiter = +\n\
         mail_location = maildir:~/Maildir\n\
         mail_plugins = quota\n\
         plugin {{\n quota = maildir\n quota_rule = *:storage=100M\n quota_grace = 0\n }}\n\
         service anvil {{\n\
           chroot =\n\
           unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n\
         }}\n\
         service stats {{\n chroot =\n }}\n\
         service lmtp {{\n\
           unix_listener {path}/lmtp {{\n mode = 0600\n }}\n\
           inet_listener lmtp {{\n port = {port}\n }}\n\
         }}\n\
         passdb {{\n driver = passwd-file\n args = {path}/users\n }}\n\
         userdb {{\n driver = passwd-file\n args = {path}/users\n \
           override_fields = uid={user} gid={group} home={path}/home/%n\n }}\n"
    );
    fs::write(folder.join("dovecot.conf"), configuration).unwrap();
    let users = "jane@example.org:{PLAIN}x::::::\n\
                 jim@example.org:{PLAIN}x::::::\n\
                 small@example.org:{PLAIN}x::::::userdb_quota_rule=*:bytes=10000\n\
                 full@example.org:{PLAIN}x::::::userdb_quota_rule=*:bytes=20\n";
    fs::write(folder.join("users"), users).unwrap();
}

fn id(option: &str) -> String {
    succeed(program("id").arg(option)).trim().to_owned()
}
