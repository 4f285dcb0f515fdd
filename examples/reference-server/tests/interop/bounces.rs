//! Swaks with mail that has no sender, as bounces have none.

use crate::server::Server;
use crate::swaks::swaks;

#[test]
fn bounces_come_to_one_and_to_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let aliases = folder.path().join("aliases");
    std::fs::write(&aliases, "staff: postmaster\nowner-staff: postmaster\nsales: postmaster\n").unwrap();
    let aliases = format!("aliases = {aliases:?}\n");
    let send = |server: &Server, listener: &str, to: &str| {
        let protocol = if listener == "lmtp" { "LMTP" } else { "ESMTP" };
        swaks(server.port(listener), &["--from", "<>", "--protocol", protocol, "--to", to], b"")
    };
    let two = "postmaster@example.org,sales@example.org";
    let list = "staff@example.org";

    let server = Server::start(&aliases);
    for one in ["postmaster@example.org", "sales@example.org"] {
        send(&server, "mx", one).succeeds();
    }
    send(&server, "mx", two).says("452 4.5.3 one recipient at a time");
    send(&server, "mx", list).says("550 5.7.1 this list takes no bounces");
    // What another server of the site has accepted.
    let talk = send(&server, "lmtp", two);
    talk.succeeds();
    assert!(!talk.printed.contains("452 "), "{}", talk.printed);

    let server = Server::start(&format!("{aliases}[abuse]\nbulk_bounces = \"accept\"\n"));
    let talk = send(&server, "mx", &format!("{two},{list}"));
    talk.succeeds();
    assert!(!talk.printed.contains("<** "), "{}", talk.printed);
}
