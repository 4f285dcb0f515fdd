//! Strangers, impostors, listed clients and those who do too much of it, also after the server was killed.

use crate::server::Server;
use crate::swaks::swaks;
use peers::Ended;
use peers::{NameServer, Zone};

fn mx(server: &Server, arguments: &[&str]) -> Ended {
    swaks(server.port("mx"), &[&["--body", "x"], arguments].concat(), b"")
}

const TO: [&str; 2] = ["--to", "postmaster@example.org"];

fn restart(server: &mut Server) {
    server.kill();
    server.start_again();
}

#[test]
fn a_stranger_is_known_after_a_kill() {
    let mut server = Server::start("[abuse]\ngreylist = true\ngreylist_delay = \"0 s\"\n");
    mx(&server, &TO).says("<** 451 4.7.1 greylisted, try again in 1 minute");
    mx(&server, &["--to", "nobody@example.org"]).says("<** 550 5.1.1 ");
    restart(&mut server);
    mx(&server, &TO).succeeds();
    // Another mail server that delivers here is no stranger.
    let from = ["--protocol", "LMTP", "--from", "new@example.com"];
    swaks(server.port("lmtp"), &[&TO[..], &from].concat(), b"").succeeds();
}

#[test]
fn a_user_sends_to_so_many_and_a_kill_does_not_help() {
    let mut server = Server::start("[abuse]\nuser_recipients_per_hour = 2\n");
    let password = server.password.clone();
    let user = ["--auth-user", "postmaster", "--auth-password", &password, "--auth", "PLAIN", "--tls"];
    let send = |server: &Server| swaks(server.port("submission"), &[&TO[..], &user].concat(), b"");
    send(&server).succeeds();
    send(&server).succeeds();
    restart(&mut server);
    let refused = "<~* 451 4.7.0 too many recipients from postmaster: 2 in 1 hour at most";
    send(&server).says(refused);
    // Who has logged in from here is known to the throttle, too, by a hash of the name.
    let state =
        ["state.sqlite", "state.sqlite-wal"].map(|file| std::fs::read(server.data().join(file)).unwrap());
    let state = state.concat();
    let has = |text: &str| state.windows(text.len()).any(|octets| octets == text.as_bytes());
    assert!(has("auth-known") && has("127.0.0.1/32 "));
}

#[test]
fn lists_are_asked_about_strangers_alone() {
    let zone = "1.0.0.127.bl A 127.0.0.2\n1.0.0.127.bl TXT \"see bl.list/why\"\nnames A 127.0.0.1\n\
                liar.example.names A 127.0.1.2\n";
    let names = NameServer::start(&[Zone::signed("list", zone)]);
    let lists = format!(
        "[dns]\nservers = [\"{}\"]\n[abuse]\ndns_threshold = 3\n\
         [[abuse.dns_lists]]\nzone = \"bl.list\"\nscore = 2\n\
         [[abuse.dns_lists]]\nzone = \"names.list\"\nof = \"domains\"\nscore = 1\n",
        names.address()
    );
    let server = Server::start(&lists);
    server.add_user("joe", "secret");
    let to = ["--to", "joe@example.org"];
    mx(&server, &to).succeeds();
    let liar = [&to[..], &["--from", "x@liar.example"]].concat();
    mx(&server, &liar).says("<** 550 5.7.1 127.0.0.1 is listed by bl.list: see bl.list/why");
    mx(&server, &[&TO[..], &["--from", "x@liar.example"]].concat()).succeeds();
    let user = ["--auth-user", "joe", "--auth-password", "secret", "--tls"];
    mx(&server, &[&liar[..], &user].concat()).succeeds();
    drop(server);
    // Whom the access map lets in is no stranger.
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("access");
    std::fs::write(&map, "Connect:127.0.0.1 OK\n").unwrap();
    let server = Server::start(&format!("[access]\nmap = {map:?}\n{lists}"));
    server.add_user("joe", "secret");
    mx(&server, &liar).succeeds();
}

#[test]
fn impostors_and_guessers_are_refused_and_the_access_map_bounds_connections() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("access");
    std::fs::write(&map, "ClientRate:127.0.0.1 5\n").unwrap();
    let more = format!("[access]\nmap = {map:?}\n[abuse]\nunknown_recipients_per_hour = 1\n");
    let server = Server::start(&more);
    server.add_user("joe", "secret");
    let joe = ["--to", "joe@example.org"];
    let impostor = [&joe[..], &["--helo", "[192.0.2.7]"]].concat();
    mx(&server, &impostor).says("<** 550 5.7.1 you are not [192.0.2.7]; your address is 127.0.0.1");
    mx(&server, &joe).succeeds();
    mx(&server, &["--to", "guess@example.org"]).says("<** 550 5.1.1 ");
    let refused = "<** 450 4.7.0 too many unknown recipients from 127.0.0.1, try again later";
    mx(&server, &["--to", "guess@example.org"]).says(refused);
    mx(&server, &joe).says(refused);
    mx(&server, &joe).says("421 4.3.2 connection rate limit exceeded");
}

#[test]
fn who_calls_itself_oddly_is_refused_where_it_is_said() {
    let names = NameServer::start(&[Zone::signed("example", "mx.client A 127.0.0.1\n")]);
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address());
    let calls = |server: &Server, hello: &str| {
        mx(server, &["--to", "joe@example.org", "--from", "a@client.example", "--helo", hello])
    };
    let odd = [
        ("a_b..c", "is no domain and no address"),
        ("laptop", "is no full domain name"),
        ("nowhere.client.example", "does not exist"),
    ];
    let server = Server::start(&dns);
    server.add_user("joe", "secret");
    for (hello, _) in odd {
        calls(&server, hello).succeeds();
    }
    drop(server);
    let more =
        "malformed_hello = \"refuse\"\nunqualified_hello = \"refuse\"\nunresolvable_hello = \"refuse\"\n";
    let server = Server::start(&format!("{dns}[abuse]\n{more}"));
    server.add_user("joe", "secret");
    for (hello, why) in odd {
        calls(&server, hello).says(&format!("<** 550 5.7.1 {hello}, as you call yourself, {why}"));
    }
    calls(&server, "mx.client.example").succeeds();
    calls(&server, "[127.0.0.1]").succeeds();
}
