//! Tokens of a key of our own, shown by programs that this project did not write.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use smtp_server::delivery::Discard;
use tempfile::TempDir;

use super::*;

const ISSUER: &str = "https://login.example";

struct Site {
    folder: TempDir,
    key: EncodingKey,
    address: SocketAddr,
}

impl Site {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        let keys = folder.path().join("keys.json");
        fs::write(&keys, json!({ "keys": [public] }).to_string()).unwrap();

        let made = SelfSigned::generate(&["smtp.example"]).unwrap();
        fs::write(folder.path().join("certificate.pem"), &made.certificate_pem).unwrap();
        let tls = ServerTls::from_pem(made.certificate_pem.as_bytes(), made.key_pem.expose()).unwrap();
        let tokens = tokens(ISSUER, keys.to_str().unwrap(), "smtp.example").unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let domain: Domain = "smtp.example".parse().unwrap();
        let connections = Connections::new(socket, ServerInfo::new(domain));
        tokio::spawn(
            async move { serve(connections, Shared::new(stack(tls, tokens, ISSUER, Discard))).await },
        );
        Self { folder, key, address }
    }

    fn token(&self, email: &str, scope: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({
            "iss": ISSUER, "aud": "smtp.example", "scope": scope, "email": email, "exp": now + 600,
        });
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key).unwrap()
    }

    fn certificate(&self) -> String {
        self.folder.path().join("certificate.pem").to_str().unwrap().to_owned()
    }

    /// Sends by curl: whether it went well, and all that was said.
    async fn curl(&self, user: &str, token: &str, from: &str) -> (bool, String) {
        let message = self.folder.path().join("message");
        fs::write(&message, "Subject: x\r\n\r\nx\r\n").unwrap();
        let port = self.address.port();
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-v", "--max-time", "30", "--ssl-reqd", "--cacert", &self.certificate()])
            .args(["--connect-to", &format!("::127.0.0.1:{port}"), "--oauth2-bearer", token])
            .args(["--user", user, "--mail-from", from, "--mail-rcpt", "joe@example.net"])
            .arg("--upload-file")
            .arg(&message)
            .arg(format!("smtp://smtp.example:{port}/client.example"));
        run(curl).await
    }

    /// Sends by msmtp, which reads the token where it reads passwords.
    async fn msmtp(&self, mechanism: &str, user: &str, token: &str) -> (bool, String) {
        let config = self.folder.path().join("msmtprc");
        let text = format!(
            "account default\nhost 127.0.0.1\nport {}\ntimeout 30\nfrom {user}\nauth {mechanism}\nuser {user}\n\
             passwordeval printf %s {token}\ntls on\ntls_trust_file {}\ntls_host_override smtp.example\n",
            self.address.port(),
            self.certificate()
        );
        fs::write(&config, text).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let mut msmtp = Command::new("msmtp");
        msmtp.arg("-C").arg(&config).args(["--debug", "joe@example.net"]);
        run(msmtp).await
    }
}

async fn run(mut command: Command) -> (bool, String) {
    command.stdin(std::process::Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output =
        output.unwrap_or_else(|error| panic!("a program is missing ({error}); ci/test.sh installs it"));
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_all_that_it_takes() {
    let site = Site::start().await;
    let token = site.token("alice@example.org", SCOPE);
    let (sent, talk) = site.curl("alice@example.org", &token, "alice@example.org").await;
    assert!(sent && talk.contains("> AUTH OAUTHBEARER"), "{talk}");
    assert!(talk.contains("< 250 AUTH OAUTHBEARER XOAUTH2"), "{talk}");
    for mechanism in ["OAUTHBEARER", "XOAUTH2"] {
        let (sent, talk) = site.msmtp(&mechanism.to_lowercase(), "alice@example.org", &token).await;
        assert!(sent && talk.contains(&format!("--> AUTH {mechanism}")), "{talk}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_token_does() {
    let site = Site::start().await;
    let (good, bob) = (site.token("alice@example.org", SCOPE), site.token("bob@example.org", SCOPE));
    let unscoped = site.token("alice@example.org", "mail.read");
    // One bit of the signature.
    let (payload, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{payload}.{flipped}{}", &signature[1..]);
    for token in [&bob, &unscoped, &forged] {
        let (sent, talk) = site.curl("alice@example.org", token, "alice@example.org").await;
        assert!(!sent && talk.contains("< 535 5.7.8 "), "{talk}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sends_in_another_name() {
    let site = Site::start().await;
    let token = site.token("alice@example.org", SCOPE);
    let (sent, talk) = site.curl("alice@example.org", &token, "bob@example.org").await;
    assert!(!sent && talk.contains("< 550 5.7.1 this is not your address"), "{talk}");
}
