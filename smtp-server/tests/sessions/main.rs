//! Whole sessions over plain connections, after STARTTLS, on implicit TLS, and as LMTP.
//!
//! Each file in `tests/transcripts` is played over each of them, in whole writes and octet by
//! octet, and without TLS also cut in two at each octet. It begins behind the greeting (and the
//! handshake). A comment `# transports: ...` names those that it is for; `M> <sender> <recipient>...` and `M: line` behind the session say what
//! was delivered.

mod delivered;
mod transport;

use std::path::{Path, PathBuf};
use std::time::Duration;

use smtp_server::auth::{AuthLayer, UserFile};
use smtp_server::extension::{
    BinaryMime, DeliverBy, Dsn, ExtensionLayer, FutureRelease, MtPriority, RequireTls, SmtpUtf8,
};
use smtp_server::policy::{Entry, ExpandLayer, RelayLayer, StaticDirectory};
use smtp_server::testing::{RecordingDelivery, Transcript};
use smtp_server::tls::{ServerTls, StartTlsLayer};
use smtp_server::{BoxError, Deliver, Mailbox, Secret, SmtpService};
use tower::ServiceBuilder;

use delivered::delivered;
use transport::{Certificate, Transport};

/// The stack of a small site: users, a local domain, a directory.
fn stack(
    tls: ServerTls,
    users: UserFile,
    delivery: RecordingDelivery,
) -> Result<impl SmtpService + Clone, BoxError> {
    let joe = Entry::new("joe@example.org".parse()?).named("Joe Doe");
    let jane = Entry::new("jane@example.org".parse()?);
    let utf8 = Entry::new(Mailbox::from_utf8("j\u{f6}rg@example.org")?).named("J\u{f6}rg");
    let directory = StaticDirectory::new()
        .user(joe)
        .user(jane)
        .user(utf8)
        .list("staff@example.org".parse()?, ["joe@example.org".parse()?, "jane@example.org".parse()?]);
    Ok(ServiceBuilder::new()
        .layer(StartTlsLayer::new(tls))
        .layer(AuthLayer::new(users))
        .layer(ExtensionLayer::new(SmtpUtf8))
        .layer(ExtensionLayer::new(BinaryMime))
        .layer(ExtensionLayer::new(Dsn))
        .layer(ExtensionLayer::new(RequireTls))
        .layer(ExtensionLayer::new(DeliverBy::new().at_least(Duration::from_secs(60))))
        .layer(ExtensionLayer::new(FutureRelease::at_most(Duration::from_secs(86_400))))
        .layer(ExtensionLayer::new(MtPriority::new()))
        .layer(RelayLayer::new().local_domains(["example.org".parse()?, "server.example".parse()?]))
        .layer(ExpandLayer::new(directory))
        .service(Deliver::new(delivery).max_message_size(1000)))
}

fn users(folder: &Path) -> UserFile {
    let users = UserFile::open_or_create(folder.join("users")).expect("a file of our own");
    users.set("alice", &Secret::from("secret")).expect("a new user");
    users
}

async fn play(
    file: &Path,
    certificate: &Certificate,
    users: &UserFile,
    transport: Transport,
    writes: Writes,
) -> usize {
    let script = std::fs::read_to_string(file).expect("a transcript");
    let allowed = script.lines().find_map(|line| line.strip_prefix("# transports: "));
    if !allowed.is_none_or(|allowed| allowed.split(' ').any(|name| name == transport.name())) {
        return 0;
    }
    println!("{} over {transport:?}, {writes:?}", file.display());
    let delivery = RecordingDelivery::new();
    let tls = certificate.server();
    let stack = stack(tls.clone(), users.clone(), delivery.clone()).expect("a stack");
    let client = transport.connect(certificate, tls, stack).await;
    let (session, messages): (Vec<&str>, Vec<&str>) = script.lines().partition(|line| !line.starts_with('M'));
    let client = Transcript::new(client);
    let mut client = match writes {
        Writes::Whole => client,
        Writes::Octets => client.write_size(1),
        Writes::Cut(at) => client.cut(at),
    };
    if transport == Transport::Lmtp {
        client = client.lmtp();
    }
    client.play(&session.join("\n")).await;
    assert_eq!(delivered(&delivery), messages, "{}", file.display());
    client.written()
}

/// How the client writes what it has to say at once.
#[derive(Debug, Clone, Copy)]
enum Writes {
    Whole,
    Octets,
    /// In two, behind this many octets of the session.
    Cut(usize),
}

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of transcripts")
        .map(|entry| entry.expect("an entry of the folder").path())
        .collect();
    files.sort();
    assert!(files.len() >= 15, "transcripts are missing");
    files
}

async fn play_all(transport: Transport) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (certificate, users) = (Certificate::generate(), users(folder.path()));
    for file in transcripts() {
        let octets = play(&file, &certificate, &users, transport, Writes::Whole).await;
        play(&file, &certificate, &users, transport, Writes::Octets).await;
        // Whatever comes out of TLS is cut by its records, and each session has a handshake.
        if matches!(transport, Transport::Plain | Transport::Lmtp) {
            // The few that are long are so for lines that are, where one place is as good as the next.
            for at in (1..octets).step_by(octets.div_ceil(2000).max(1)) {
                play(&file, &certificate, &users, transport, Writes::Cut(at)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn plain() {
    play_all(Transport::Plain).await;
}

#[tokio::test(start_paused = true)]
async fn after_starttls() {
    play_all(Transport::StartTls).await;
}

#[tokio::test(start_paused = true)]
async fn on_implicit_tls() {
    play_all(Transport::Implicit).await;
}

#[tokio::test(start_paused = true)]
async fn as_lmtp() {
    play_all(Transport::Lmtp).await;
}
