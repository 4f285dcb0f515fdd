use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use smtp_server::Transport;
use smtp_server::client::Destination;
use smtp_server::delivery::Relay;
use tempfile::TempDir;

use crate::PASSWORD;
use crate::program::{program, run};

/// How long a line of the log may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The services of an instance that receives and delivers. Its server listens on a Unix socket: no
/// port has to be free.
const MASTER: &str = "\
    smtpd.socket unix n - n - - smtpd\n\
    cleanup unix n - n - 0 cleanup\n\
    qmgr unix n - n 300 1 qmgr\n\
    tlsmgr unix - - n 1000? 1 tlsmgr\n\
    rewrite unix - - n - - trivial-rewrite\n\
    bounce unix - - n - 0 bounce\n\
    defer unix - - n - 0 bounce\n\
    trace unix - - n - 0 bounce\n\
    proxymap unix - - n - - proxymap\n\
    anvil unix - - n - 1 anvil\n\
    virtual unix - n n - - virtual\n\
    error unix - - n - - error\n\
    retry unix - - n - - error\n\
    discard unix - - n - - discard\n\
    scache unix - - n - 1 scache\n\
    postlog unix-dgram n - n - 1 postlogd\n";

/// A Postfix of its own, with one user of Cyrus SASL and one mailbox for everybody.
pub(crate) struct Postfix {
    folder: TempDir,
    child: Child,
    log: Receiver<String>,
}

impl Postfix {
    pub(crate) fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let path = folder.path().display();
        let main = format!(
            "compatibility_level = 3.6\n\
             config_directory = {path}/etc\n\
             queue_directory = {path}/queue\n\
             data_directory = {path}/data\n\
             command_directory = /usr/sbin\n\
             daemon_directory = /usr/lib/postfix/sbin\n\
             myhostname = mx.example.net\n\
             mydestination =\n\
             alias_maps =\n\
             alias_database =\n\
             inet_interfaces = loopback-only\n\
             inet_protocols = ipv4\n\
             disable_dns_lookups = yes\n\
             virtual_mailbox_domains = example.net, example.com\n\
             virtual_mailbox_base = {path}/mail\n\
             virtual_mailbox_maps = static:box/\n\
             virtual_minimum_uid = 1\n\
             virtual_uid_maps = static:65534\n\
             virtual_gid_maps = static:65534\n\
             smtpd_sasl_auth_enable = yes\n\
             smtpd_sasl_local_domain = example.net\n\
             smtpd_recipient_restrictions = permit_sasl_authenticated, reject\n\
             smtpd_relay_restrictions =\n\
             maillog_file = /dev/stdout\n\
             {more}"
        );
        // It looks for this beside its own configuration.
        let sasl = format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {path}/etc/sasl/db\n\
             mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512\n"
        );
        for name in ["etc", "etc/sasl", "queue", "data", "mail"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        write("etc/main.cf", &main);
        write("etc/master.cf", MASTER);
        write("etc/sasl/smtpd.conf", &sasl);
        write("password", PASSWORD);
        let database = folder.path().join("etc/sasl/db");
        let password = fs::File::open(folder.path().join("password")).expect("a file");
        let mut add_user = program("saslpasswd2");
        run(add_user.arg("-f").arg(&database).args(["-p", "-c", "-u", "example.net", "joe"]).stdin(password));
        run(program("chown").arg("postfix").arg(&database).arg(folder.path().join("data")));
        run(program("chown").arg("nobody").arg(folder.path().join("mail")));
        let (child, log) = launch(folder.path());
        let mut postfix = Self { folder, child, log };
        postfix.logs("daemon started");
        postfix
    }

    /// Ends all its processes; what it has queued stays.
    pub(crate) fn stop(&mut self) {
        run(program("postfix").arg("-c").arg(self.folder.path().join("etc")).arg("stop"));
        self.child.wait().expect("it is ours");
    }

    pub(crate) fn start_again(&mut self) {
        (self.child, self.log) = launch(self.folder.path());
        self.logs("daemon started");
    }

    /// Where its server listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("queue/public/smtpd.socket")
    }

    /// A relay to it.
    pub(crate) fn relay(&self) -> Relay {
        let socket = self.socket();
        let relay = Relay::over(move || {
            let socket = socket.clone();
            async move { Ok(Transport::new(tokio::net::UnixStream::connect(socket).await?)) }
        });
        relay.destination(Destination::new("mx.example.net", 25))
    }

    /// Waits for a line of its log with this in it, and gives it.
    pub(crate) fn logs(&mut self, expected: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.log.recv_timeout(left) else {
                panic!("{expected:?} is missing in Postfix's log:\n{seen}");
            };
            if line.contains(expected) {
                return line;
            }
            seen = seen + &line + "\n";
        }
    }

    /// What it has delivered.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.folder.path().join("mail/box/new")).expect("something was delivered");
        files.map(|file| fs::read(file.expect("a file").path()).expect("a mail")).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let config = self.folder.path().join("etc");
        let _ = program("postfix").arg("-c").arg(config).arg("stop").output();
        let _ = self.child.wait();
    }
}

/// Starts the instance; its log comes line by line.
fn launch(folder: &Path) -> (Child, Receiver<String>) {
    let mut child = program("postfix")
        .arg("-c")
        .arg(folder.join("etc"))
        .arg("start-fg")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("postfix is missing ({error}); ci/test.sh installs it"));
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let (sender, receiver) = channel();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    (child, receiver)
}
