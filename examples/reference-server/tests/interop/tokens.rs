//! Users whom an authorization server and a web service know: oidc-provider, and one in Python.

use std::fs;

use crate::server::Server;
use crate::swaks::swaks;
use peers::Script;
use peers::{Ended, run};

const TRACE: &str = "[log]\nlevel = \"trace\"\n";

/// curl with a token. It needs no message to log in.
fn show(server: &Server, mechanism: &str, user: &str, token: &str) -> Ended {
    let certificate = server.certificate();
    let certificate = certificate.to_str().expect("a path in UTF-8");
    let port = server.port("submissions");
    let connect = format!("::127.0.0.1:{port}");
    let url = format!("smtps://mail.example.org:{port}/client.example");
    let option = format!("AUTH={mechanism}");
    let arguments = [
        "-sS",
        "-v",
        "--max-time",
        "30",
        "--cacert",
        certificate,
        "--connect-to",
        &connect,
        "--user",
        user,
        "--oauth2-bearer",
        token,
        "--login-options",
        &option,
        "--request",
        "NOOP",
        &url,
    ];
    run("curl", &arguments, b"")
}

#[test]
fn who_has_a_token_is_in() {
    let mut provider = Script::start("node", "smtp-auth/tests/web/provider/server.mjs", &["0"]);
    let issuer = provider.line();
    let mut token =
        |format: &str, scope: &str| provider.ask(&format!("token https://smtp.example/{format} {scope}"));
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(&secret, "a secret: of & more\n").unwrap();
    let ways = [
        ("RS256", format!("keys = \"{issuer}/jwks\"\n")),
        (
            "opaque",
            format!(
                "introspection = \"{issuer}/token/introspection\"\nclient = \"smtp server\"\nclient_secret_file = {:?}\n",
                secret.path()
            ),
        ),
    ];
    for (format, way) in ways {
        let server = Server::start(&format!(
            "[auth]\nstores = [\"users\", \"oauth\"]\n[auth.oauth]\n{way}name_claim = \"email\"\n\
             issuers = [{issuer:?}]\naudiences = [\"smtp.example\"]\nscopes = [\"mail.send\"]\n{TRACE}"
        ));
        let (good, reading) = (token(format, "mail.send"), token(format, "mail.read"));
        for mechanism in ["OAUTHBEARER", "XOAUTH2"] {
            show(&server, mechanism, "alice@example.org", &good).says("235 2.7.0 ");
            server.logs("alice@example.org");
        }
        show(&server, "OAUTHBEARER", "alice@example.org", &reading).says("535 5.7.8 ");
        show(&server, "XOAUTH2", "bob@example.org", &good).says("535 5.7.8 ");
        let log = server.log();
        assert!(!log.contains(&good) && !log.contains(&reading), "a token is in the log:\n{log}");
    }
}

#[test]
fn who_is_known_to_a_web_service_is_in() {
    let mut service = Script::start("python3", "smtp-auth/tests/web/service.py", &["0"]);
    let port = service.line();
    let folder = tempfile::tempdir().unwrap();
    let (bearer, key) = (folder.path().join("bearer"), folder.path().join("key"));
    fs::write(&bearer, "of the service\n").unwrap();
    fs::write(&key, "signing key\n").unwrap();
    let server = Server::start(&format!(
        "[auth]\nstores = [\"users\", \"http\"]\n[auth.http]\nurl = \"http://127.0.0.1:{port}/\"\n\
         bearer_file = {bearer:?}\nsigning_key_file = {key:?}\nremember = \"1 min\"\n{TRACE}"
    ));
    let log_in = |name: &str, password: &str| {
        let user = ["--auth-user", name, "--auth-password", password];
        let always = ["--tls", "--to", "postmaster@example.org", "--auth", "PLAIN"];
        swaks(server.port("submission"), &[&always[..], &user].concat(), b"")
    };
    log_in("alice", "pencil").says("235 2.7.0 ");
    log_in("alice", "pencils").says("535 5.7.8 ");
    log_in("old", "pencil").says("525 5.7.13 ");
    log_in("broken", "pencil").says("454 4.7.0 ");
    log_in("postmaster", &server.password).says("235 2.7.0 ");
    drop(service);
    // That one is remembered.
    log_in("alice", "pencil").says("235 2.7.0 ");
    log_in("bob", "pencil").says("454 4.7.0 ");
}
