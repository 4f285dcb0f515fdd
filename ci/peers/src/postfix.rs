use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::daemon::{Daemon, send};
use crate::program::{program, run, succeed};

/// The services of an instance that receives, delivers and sends. Its server listens on a Unix socket: no
/// port has to be free.
const MASTER: &str = "\
    smtpd.socket unix n - n - - smtpd\n\
    pickup unix n - n 1 1 pickup\n\
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
    smtp unix - - n - - smtp\n\
    lmtp unix - - n - - lmtp\n\
    error unix - - n - - error\n\
    retry unix - - n - - error\n\
    discard unix - - n - - discard\n\
    scache unix - - n - 1 scache\n\
    postlog unix-dgram n - n - 1 postlogd\n";

/// The line of its log by which it says that it runs.
const READY: &str = "daemon started";

/// A Postfix of its own.
#[derive(Debug)]
pub struct Postfix {
    folder: TempDir,
    daemon: Daemon,
}

impl Postfix {
    /// One that sends all that it is given by [`send`](Self::send), as `client.example`, to one server of
    /// this computer. `transport` is `smtp` or `lmtp`; `more` are lines for its `main.cf`.
    #[track_caller]
    pub fn sending(transport: &str, port: u16, more: &str) -> Self {
        let next_hop = match transport {
            "lmtp" => format!("lmtp:inet:127.0.0.1:{port}"),
            _ => format!("smtp:[127.0.0.1]:{port}"),
        };
        let without_dns = "disable_dns_lookups = yes\nsmtp_host_lookup = native\nlmtp_host_lookup = native\n";
        Self::sending_towards(&next_hop, &format!("{without_dns}{more}"))
    }

    /// The same towards what may have to be looked up, as `default_transport` names it.
    #[track_caller]
    pub fn sending_towards(next_hop: &str, more: &str) -> Self {
        let main = format!(
            "myhostname = client.example\nlocal_recipient_maps =\ndefault_transport = {next_hop}\n{more}"
        );
        Self::start(make_folder(&main))
    }

    /// One that is `mx.example.net`, and takes at its [`socket`](Self::socket) what is for `example.net`
    /// and `example.com` into one mailbox, from those who log in: as `joe@example.net` by Cyrus SASL.
    #[track_caller]
    pub fn receiving(password: &str, more: &str) -> Self {
        let folder = make_folder("");
        let path = folder.path();
        let main = format!(
            "myhostname = mx.example.net\n\
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
             {more}",
            path = path.display()
        );
        write_main(path, &main);
        add_user(path, password);
        fs::create_dir(path.join("mail")).expect("a folder");
        succeed(program("chown").arg("nobody").arg(path.join("mail")));
        Self::start(folder)
    }

    fn start(folder: TempDir) -> Self {
        let daemon = launch(folder.path());
        Self { folder, daemon }
    }

    /// Ends all its processes; what it has queued stays.
    #[track_caller]
    pub fn stop(&mut self) {
        send("-TERM", master(self.folder.path()).expect("it runs"));
        // The script behind which it runs does not see that it was told to end.
        self.daemon.wait();
    }

    /// Starts it on what it had.
    #[track_caller]
    pub fn start_again(&mut self) {
        // What was being received when it was told to end has a name of which it warns when it starts, as a user
        // who must not write to our standard output, and gives up.
        let incoming = fs::read_dir(self.folder.path().join("queue/incoming")).expect("a folder");
        for file in incoming.map(|file| file.expect("a file")) {
            if file.file_name().to_string_lossy().contains('.') {
                fs::remove_file(file.path()).expect("a file");
            }
        }
        self.daemon = launch(self.folder.path());
    }

    /// Where its server listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("queue/public/smtpd.socket")
    }

    /// Hands it a message, whose lines end as this system's do; it is sent in the background.
    #[track_caller]
    pub fn send(&self, content: &[u8], more: &[&str], recipients: &[&str]) {
        let config = self.folder.path().join("etc");
        let always = ["-C", config.to_str().expect("UTF-8"), "-i", "-f", "sender@example.com"];
        run("sendmail", &[&always[..], more, recipients].concat(), content).succeeds();
    }

    /// Waits for a line of its log with this in it, and gives it.
    #[track_caller]
    pub fn logs(&self, expected: &str) -> String {
        self.daemon.logs(expected)
    }

    /// What it has delivered.
    #[track_caller]
    pub fn mails(&self) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.folder.path().join("mail/box/new")).expect("something was delivered");
        files.map(|file| fs::read(file.expect("a file").path()).expect("a mail")).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if let Some(master) = master(self.folder.path()) {
            let _ = program("kill").args(["-TERM", &master.to_string()]).output();
        }
        self.daemon.wait();
    }
}

/// Its first process, which ends the others.
fn master(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("queue/pid/master.pid")).ok()?.trim().parse().ok()
}

fn launch(folder: &Path) -> Daemon {
    Daemon::start(program("postfix").arg("-c").arg(folder.join("etc")).arg("start-fg"), READY)
}

fn make_folder(main: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, mode) in [("", 0o755), ("etc", 0o755), ("queue", 0o755), ("data", 0o700)] {
        let folder = folder.path().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("it is ours");
    }
    succeed(program("chown").arg("postfix").arg(folder.path().join("data")));
    fs::write(folder.path().join("etc/master.cf"), MASTER).expect("a file");
    write_main(folder.path(), main);
    folder
}

fn write_main(folder: &Path, more: &str) {
    let path = folder.display();
    let main = format!(
        "compatibility_level = 3.6\n\
         config_directory = {path}/etc\n\
         queue_directory = {path}/queue\n\
         data_directory = {path}/data\n\
         command_directory = /usr/sbin\n\
         daemon_directory = /usr/lib/postfix/sbin\n\
         mydestination =\n\
         alias_maps =\n\
         alias_database =\n\
         inet_interfaces = loopback-only\n\
         inet_protocols = ipv4\n\
         maillog_file = /dev/stdout\n\
         {more}"
    );
    fs::write(folder.join("etc/main.cf"), main).expect("a file");
}

/// It looks for Cyrus SASL's files beside its own.
fn add_user(folder: &Path, password: &str) {
    let sasl = folder.join("etc/sasl");
    fs::create_dir(&sasl).expect("a folder");
    let database = sasl.join("db");
    let settings = format!(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\n\
         mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512\n",
        database.display()
    );
    fs::write(sasl.join("smtpd.conf"), settings).expect("a file");
    let file = database.to_str().expect("UTF-8");
    run("saslpasswd2", &["-f", file, "-p", "-c", "-u", "example.net", "joe"], password.as_bytes()).succeeds();
    succeed(program("chown").arg("postfix").arg(&database));
}
