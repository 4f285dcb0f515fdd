//! A PostgreSQL server of the test's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Stopped and removed when it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
}

impl Cluster {
    /// Makes one that is reached by a socket in its folder, and starts it.
    pub(crate) fn start() -> Self {
        let cluster = Self { folder: tempfile::tempdir().unwrap() };
        let folder = cluster.folder.path();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        if let Some((user, group)) = account() {
            chown(folder, Some(user), Some(group)).unwrap();
        }
        let arguments = ["--username=smtpd", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
        let initdb = cluster.program("initdb").arg("-D").arg(cluster.data()).args(arguments).output();
        let initdb = initdb.expect("PostgreSQL's initdb is installed");
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let folder = folder.display();
        let settings = format!(
            "fsync = off\nmax_connections = 100\nlisten_addresses = ''\nunix_socket_directories = '{folder}'\n"
        );
        let file = cluster.data().join("postgresql.conf");
        fs::write(&file, fs::read_to_string(&file).unwrap() + &settings).unwrap();
        cluster.run();
        cluster
    }

    pub(crate) fn run(&self) {
        let log = self.folder.path().join("log");
        let started = self.control(&["start", "--wait", "-l", log.to_str().unwrap()]);
        assert!(started, "{}", fs::read_to_string(log).unwrap_or_default());
    }

    /// As if it crashed.
    pub(crate) fn stop(&self) {
        assert!(self.control(&["stop", "--wait", "--mode=immediate"]));
    }

    fn control(&self, arguments: &[&str]) -> bool {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("PostgreSQL's pg_ctl is installed").success()
    }

    /// What statements of an operator give.
    pub(crate) fn execute(&self, statements: &str) -> String {
        let output = self
            .program("psql")
            .env("PGOPTIONS", "-c search_path=smtp_queue")
            .args(["-v", "ON_ERROR_STOP=1", "-X", "-q", "-A", "-t", "-c", statements, &self.address()])
            .output()
            .expect("PostgreSQL's psql is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// How many rows these tables have.
    pub(crate) fn rows(&self, tables: &[&str]) -> String {
        let count = |table: &&str| self.execute(&format!("SELECT count(*) FROM {table}"));
        tables.iter().map(count).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn address(&self) -> String {
        format!("host={} user=smtpd dbname=postgres", self.folder.path().display())
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
