//! Mail for other domains goes to the servers that a real name server names.

use crate::content::content;
use crate::own_network::in_a_network_of_its_own;
use crate::server::Server;
use crate::swaks::{as_input, swaks};
use peers::run;
use peers::{NameServer, Zone};

/// The first server of the domain is down, the second one takes the mail. Others take none.
const ZONE: &str = "dest MX 10 mx1.dest\ndest MX 20 mx2.dest\nmx1.dest A 192.0.2.1\nmx2.dest A 192.0.2.2\n\
                    null MX 0 .\n";

#[test]
fn mail_goes_to_the_servers_that_the_dns_names() {
    in_a_network_of_its_own("mx::mail_goes_to_the_servers_that_the_dns_names", || {
        for address in ["192.0.2.1/32", "192.0.2.2/32"] {
            run("ip", &["addr", "add", address, "dev", "lo"], b"").succeeds();
        }
        let names = NameServer::start(&[Zone::signed("example", ZONE)]);
        let public = "[[listener]]\naddress = \"192.0.2.2:25\"\nkind = \"mx\"\nname = \"public\"\n";
        let destination = Server::start_as("dest.example", public);
        destination.add_user("user", "secret");
        let server = Server::start(&format!("[dns]\nservers = [\"{}\"]\n[queue]\n", names.address()));
        let send = |to: &str| {
            let user = ["--auth-user", "postmaster", "--auth-password", &server.password, "--auth", "PLAIN"];
            let message = ["--from", "postmaster@example.org", "--tls", "--data", "-", "--to", to];
            swaks(server.port("submission"), &[&message[..], &user].concat(), &as_input(&content()))
                .succeeds();
        };
        send("user@dest.example");
        server.logs(" relayed ");
        let mail = destination.octets("dest.example/user");
        let mail = String::from_utf8_lossy(&mail[0]);
        assert!(mail.contains("by mail.dest.example with ESMTPS"), "{mail}");
        for (to, reply) in [
            ("user@null.example", "556 5.1.10"),
            ("user@none.example", "550 5.1.2"),
            ("nobody@dest.example", "550 5.1.1"),
        ] {
            send(to);
            server.logs(&format!("recipient=<{to}> reply={reply}"));
        }
    });
}
