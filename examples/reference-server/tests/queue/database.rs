//! A queue in a PostgreSQL that is reached by TLS.

use std::fs;

use peers::Postgres;

use crate::server::{Server, smtpd};
use crate::tests::send;

fn start() -> Postgres {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Postgres::start_with_tls(&key.cert.pem(), &key.signing_key.serialize_pem())
}

/// The address as a site elsewhere writes it, in a file of its own; this test has no other host.
fn address_file(cluster: &Postgres, folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("queue-database");
    fs::write(&path, format!("{} sslmode=require\n", cluster.address())).unwrap();
    path.display().to_string()
}

#[test]
fn a_queue_is_in_a_database_that_speaks_tls() {
    let (cluster, folder) = (start(), tempfile::tempdir().unwrap());
    let queue = format!(
        "[queue]\npostgres_file = {:?}\npostgres_ca = {:?}\n",
        address_file(&cluster, &folder),
        cluster.certificate()
    );
    let mut server = Server::start(&queue);
    // Whoever asks is one of them.
    cluster.execute(
        "DO $$ BEGIN
             ASSERT (SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
                     WHERE application_name = 'smtp queue');
         END $$",
    );
    assert_eq!(send(&server, "postmaster@example.org", None, "[]"), "refused {}\n");
    server.logs(" delivered ");
    assert_eq!(server.mail("example.org/postmaster").len(), 1);
    let (listed, printed) = smtpd(&["queue", "list", "--config", server.config()], "");
    assert!(listed && printed.contains("0 messages"), "{printed}");
    assert!(server.stop());
    assert!(!server.log().contains(Postgres::PASSWORD), "{}", server.log());
}

#[test]
fn a_database_that_nobody_vouches_for_is_not_asked() {
    let (cluster, folder) = (start(), tempfile::tempdir().unwrap());
    let config = folder.path().join("smtpd.toml");
    let address = address_file(&cluster, &folder);
    let nowhere = folder.path().join("nowhere.pem");
    for (queue, expected) in [
        (format!("postgres_file = {address:?}\n"), "invalid peer certificate"),
        (format!("postgres_file = {address:?}\npostgres_ca = {nowhere:?}\n"), "nowhere.pem: No such file"),
        (format!("postgres_file = {nowhere:?}\n"), "nowhere.pem: cannot be read: No such file"),
        (format!("postgres_ca = {nowhere:?}\n"), "there is no database to be trusted"),
    ] {
        let text = format!(
            "hostname = \"example.org\"\ndata_dir = \"data\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
             kind = \"mx\"\n[queue]\n{queue}"
        );
        fs::write(&config, text).unwrap();
        let (success, message) = smtpd(&["--config", config.to_str().unwrap()], "");
        assert!(!success && message.contains(expected), "{queue}\n{message}");
        assert!(!message.contains(Postgres::PASSWORD), "{message}");
    }
}
