//! A PostgreSQL server of the test's own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "of the database";

/// Stopped and removed when it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    port: u16,
}

impl Cluster {
    /// Makes one with TLS, and starts it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut cluster = Self { folder, port: 0 };
        let path = |name: &str| cluster.folder.path().join(name);
        fs::write(path("password"), PASSWORD).unwrap();
        fs::set_permissions(cluster.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(path("server.pem"), key.cert.pem()).unwrap();
        fs::write(path("server.key"), key.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(path("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
        cluster.give_to_account();
        let pwfile = format!("--pwfile={}", path("password").display());
        let arguments =
            ["--username=smtpd", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"];
        let initdb =
            cluster.program("initdb").arg("-D").arg(cluster.data()).args(arguments).arg(pwfile).output();
        let initdb = initdb.expect("PostgreSQL's initdb is installed");
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let settings = format!(
            "fsync = off\nmax_connections = 20\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
             ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
            cluster.folder.path().display(),
            path("server.pem").display(),
            path("server.key").display(),
        );
        let file = cluster.data().join("postgresql.conf");
        fs::write(&file, fs::read_to_string(&file).unwrap() + &settings).unwrap();
        cluster.find_port();
        cluster
    }

    /// It takes no port that the system chooses, so one that was free a moment ago is tried.
    fn find_port(&mut self) {
        for _ in 0..10 {
            self.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if self.try_run() {
                return;
            }
        }
        panic!("{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
    }

    pub(crate) fn run(&self) {
        assert!(self.try_run());
    }

    fn try_run(&self) -> bool {
        let log = self.folder.path().join("log");
        self.control(&["start", "--wait", "-o", &format!("-p {}", self.port), "-l", log.to_str().unwrap()])
    }

    pub(crate) fn stop(&self) {
        assert!(self.control(&["stop", "--wait", "--mode=immediate"]));
    }

    fn control(&self, arguments: &[&str]) -> bool {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("PostgreSQL's pg_ctl is installed").success()
    }

    /// Runs statements as the owner of the database.
    pub(crate) fn execute(&self, statements: &str) {
        let output = self
            .program("psql")
            .args(["-v", "ON_ERROR_STOP=1", "-q", "-c", statements, &self.address()])
            .output()
            .expect("PostgreSQL's psql is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn address(&self) -> String {
        format!(
            "host=localhost hostaddr=127.0.0.1 port={} user=smtpd password='{PASSWORD}' dbname=postgres",
            self.port
        )
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The server refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(find(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((user, group)) = account() {
            command.uid(user).gid(group);
        }
        command
    }

    fn give_to_account(&self) {
        let Some((user, group)) = account() else { return };
        let entries = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        for path in entries.chain([self.folder.path().to_owned()]) {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.control(&["stop", "--mode=immediate"]);
    }
}

/// Debian keeps the programs of each version in a folder of its own.
fn find(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found = versions.map(|version| version.path().join("bin").join(name));
    found.find(|path| path.exists()).unwrap_or_else(|| Path::new(name).to_owned())
}

/// Whom to be instead of root, if that is who runs the tests.
fn account() -> Option<(u32, u32)> {
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

fn id(arguments: &[&str]) -> u32 {
    let output = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().expect("an account of PostgreSQL's")
}
