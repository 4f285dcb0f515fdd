//! What an operator sees of the queue, and does to it, while the server runs.

use crate::server::{Server, smtpd};
use crate::tests::{relaying, send};

/// The names of the messages that are listed.
fn ids(printed: &str) -> Vec<String> {
    let heads = printed.lines().filter(|line| line.ends_with("<postmaster@example.org>"));
    heads.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn an_operator_has_a_hand_in_the_queue() {
    let mut next_hop = Server::start_as("example.net", "");
    next_hop.add_user("user", "secret");
    let port = next_hop.port("mx");
    let mut server = Server::start(&relaying(port).replace("\"1 s\"", "\"1 h\""));
    let config = server.config().to_owned();
    let queue = |arguments: &[&str]| smtpd(&[&["--config", &config, "queue"], arguments].concat(), "");
    let done = |arguments: &[&str]| {
        let (success, printed) = queue(arguments);
        assert!(success, "{printed}");
        printed
    };
    next_hop.kill();
    assert_eq!(done(&["list"]), "0 messages, 0 octets\n");
    for _ in 0..3 {
        send(&server, "user@example.net", Some(&server.password), "[]");
    }
    server.logs(" deferred ");
    let listed = done(&["list"]);
    let [first, second, third] = &ids(&listed)[..] else { panic!("{listed}") };
    assert!(listed.contains(&format!("    <user@example.net> by 127.0.0.1:{port}, ")), "{listed}");
    assert!(listed.contains("attempts: 451 4.4.1 "), "{listed}");

    done(&["remove", first]);
    let (removed, printed) = queue(&["remove", first]);
    assert!(!removed && printed.contains("is not in the queue"), "{printed}");
    done(&["hold", second]);
    assert!(done(&["list"]).contains(", held, "), "{}", done(&["list"]));
    next_hop.start_again_on_its_ports();
    done(&["flush", "--all"]);
    server.logs(&format!("id={third} destination=127.0.0.1:{port} recipient=<user@example.net> reply=250"));
    while ids(&done(&["list"])).contains(third) {}
    assert_eq!(ids(&done(&["list"])), std::slice::from_ref(second));
    let destination = format!("127.0.0.1:{port}");
    done(&["release", "--destination", &destination]);
    // It waits for its turn, as before.
    assert!(done(&["list"]).contains(", next "), "{}", done(&["list"]));
    done(&["flush", second]);
    server.logs(&format!("id={second} destination={destination} recipient=<user@example.net> reply=250"));
    while !ids(&done(&["list"])).is_empty() {}
    assert_eq!(next_hop.mail("example.net/user").len(), 2);

    for (arguments, expected) in [
        (&["flush"][..], "required"),
        (&["hold", "x"], "\"x\" is no message of a queue"),
        (&["hold", first], "is not in the queue"),
        (&["release", first, "--all"], "cannot be used with"),
    ] {
        let (success, printed) = queue(arguments);
        assert!(!success && printed.contains(expected), "{arguments:?}: {printed}");
    }
    assert!(server.stop());
    let (listed, printed) = queue(&["list"]);
    assert!(!listed && printed.contains("no server with a queue runs there"), "{printed}");
}

#[test]
fn nobody_else_is_an_operator_and_a_killed_server_leaves_nothing_in_the_way() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut server = Server::start(&relaying(1));
    let socket = server.data().join("operator");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    server.kill();
    let (listed, printed) = smtpd(&["--config", server.config(), "queue", "list"], "");
    assert!(!listed && printed.contains("no server with a queue runs there"), "{printed}");
    server.start_again();
    let (listed, printed) = smtpd(&["--config", server.config(), "queue", "list"], "");
    assert!(listed, "{printed}");
    assert!(server.stop());
    assert!(!socket.exists());
}
