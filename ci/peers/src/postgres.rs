use std::fs::{self, File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::port::free_port;
use crate::program::succeed;

/// A PostgreSQL of its own.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    address: String,
    more: String,
    schema: &'static str,
}

impl Postgres {
    /// What its user has to say over TCP.
    pub const PASSWORD: &str = "of the database";

    /// One that is reached by a socket in its folder.
    #[track_caller]
    pub fn start() -> Self {
        let folder = make_folder("local all all trust\n", "listen_addresses = ''\nmax_connections = 100\n");
        let address = format!("host={} user=smtpd dbname=postgres", folder.path().display());
        let postgres = Self { folder, address, more: String::new(), schema: "public" };
        postgres.run();
        postgres
    }

    /// One that is reached by TCP, with TLS for who wants it, and wants a password by SCRAM. The
    /// certificate, which is for `localhost`, and its key are PEM.
    #[track_caller]
    pub fn start_with_tls(certificate: &str, key: &str) -> Self {
        let settings = "listen_addresses = '127.0.0.1'\nmax_connections = 20\nssl = on\n\
                        ssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\n";
        let folder = make_folder("host all all 127.0.0.1/32 scram-sha-256\n", settings);
        let file = |name: &str| folder.path().join(name);
        fs::write(file("server.pem"), certificate).expect("a file");
        fs::write(file("server.key"), key).expect("a file");
        fs::set_permissions(file("server.key"), Permissions::from_mode(0o600)).expect("it is ours");
        give_to_account(&[&file("server.key")]);
        let mut postgres = Self { folder, address: String::new(), more: String::new(), schema: "public" };
        // It takes no port that the system chooses, so one that was free a moment ago is tried.
        for _ in 0..10 {
            postgres.listen_at(free_port());
            if postgres.try_run() {
                return postgres;
            }
        }
        panic!("{}", postgres.log());
    }

    fn listen_at(&mut self, address: SocketAddr) {
        let port = address.port();
        self.more = format!("-p {port}");
        self.address = format!(
            "host=localhost hostaddr=127.0.0.1 port={port} user=smtpd password='{}' dbname=postgres",
            Self::PASSWORD
        );
    }

    /// Starts it again after a [`stop`](Self::stop).
    #[track_caller]
    pub fn run(&self) {
        assert!(self.try_run(), "{}", self.log());
    }

    fn try_run(&self) -> bool {
        let log = self.folder.path().join("log");
        let log = log.to_str().expect("UTF-8");
        self.control(&["start", "--wait", "-o", &self.more, "-l", log])
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it as if it crashed.
    #[track_caller]
    pub fn stop(&self) {
        assert!(self.control(&["stop", "--wait", "--mode=immediate"]));
    }

    fn control(&self, arguments: &[&str]) -> bool {
        let mut command = program("pg_ctl", self.folder.path());
        command.arg("-D").arg(self.folder.path().join("data")).args(arguments);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.expect("PostgreSQL's pg_ctl is missing; ci/test.sh installs it").success()
    }

    /// In which schema statements of [`execute`](Self::execute) find their tables.
    #[must_use]
    pub fn schema(mut self, schema: &'static str) -> Self {
        self.schema = schema;
        self
    }

    /// What statements of its owner give: a line for each row.
    #[track_caller]
    pub fn execute(&self, statements: &str) -> String {
        let mut command = program("psql", self.folder.path());
        command.env("PGOPTIONS", format!("-c search_path={}", self.schema));
        command.args(["-v", "ON_ERROR_STOP=1", "-X", "-q", "-A", "-t", "-c", statements, &self.address]);
        succeed(&mut command).trim_end().to_owned()
    }

    /// How many rows each of these tables has.
    #[track_caller]
    pub fn rows(&self, tables: &[&str]) -> String {
        let count = |table: &&str| self.execute(&format!("SELECT count(*) FROM {table}"));
        tables.iter().map(count).collect::<Vec<_>>().join(" ")
    }

    /// Where it is, as libpq has it: with a user who may do everything.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The file of its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.control(&["stop", "--mode=immediate"]);
    }
}

fn make_folder(who: &str, settings: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, data) = (folder.path(), folder.path().join("data"));
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
    succeed(Command::new("cp").arg("-r").args([&template(), &data]));
    let settings = format!("fsync = off\nunix_socket_directories = '{}'\n{settings}", path.display());
    let file = data.join("postgresql.conf");
    fs::write(&file, fs::read_to_string(&file).expect("a file") + &settings).expect("a file");
    fs::write(data.join("pg_hba.conf"), who).expect("a file");
    give_to_account(&[path]);
    folder
}

/// An empty database, of which each test has a copy: to make one takes longer than many a test.
fn template() -> PathBuf {
    let place = std::env::current_exe().expect("a test");
    // Behind `debug/deps`, in the folder of Cargo that is for files of tests.
    let place = place.ancestors().nth(3).expect("Cargo's folder").join("tmp");
    fs::create_dir_all(&place).expect("a folder");
    let version = succeed(Command::new(find("initdb")).arg("--version"));
    let name = format!("postgresql {}", version.rsplit(' ').next().expect("a word").trim_end());
    let template = place.join(&name);
    // Tests are processes of their own, and one of them makes it.
    let lock = File::create(place.join(name + ".lock")).expect("a file");
    lock.lock().expect("it can be locked");
    if !template.exists() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, data) = (folder.path(), folder.path().join("data"));
        fs::write(path.join("password"), Postgres::PASSWORD).expect("a file");
        give_to_account(&[path]);
        let mut initdb = program("initdb", path);
        initdb.args(["--username=smtpd", "--encoding=UTF8", "--locale=C", "--no-sync", "--pwfile=password"]);
        succeed(initdb.args(["--auth=scram-sha-256", "-D", "data"]));
        // It may lie in another file system, and is there as a whole or not at all.
        let near = tempfile::tempdir_in(&place).expect("a folder");
        succeed(Command::new("cp").arg("-r").args([&data, &near.path().join("data")]));
        fs::rename(near.path().join("data"), &template).expect("nothing is there");
    }
    template
}

/// The server refuses to run as root.
fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(find(name));
    command.current_dir(folder).stdin(Stdio::null());
    if let Some((user, group)) = account() {
        command.uid(user).gid(group);
    }
    command
}

fn give_to_account(paths: &[&Path]) {
    if let Some((user, group)) = account() {
        succeed(Command::new("chown").arg("-R").arg(format!("{user}:{group}")).args(paths));
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
    succeed(Command::new("id").args(arguments)).trim().parse().expect("an account of PostgreSQL's")
}
