//! A message that got its 250 is not lost, whenever the server is killed.
//!
//! What the system has in its memory outlives a process: that it is on the disk as well is for the tests
//! of the Maildir to show.

// Their unwraps are those of tests.
#[cfg(test)]
#[path = "../client/mod.rs"]
mod client;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod load;
#[cfg(test)]
mod message;
#[cfg(test)]
#[path = "../server/mod.rs"]
mod server;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::{Duration, Instant};

    use rand::Rng as _;

    use crate::ledger::Ledger;
    use crate::load::{Todo, send};
    use crate::server::Server;

    /// How often the server is killed, if nobody says otherwise.
    const ROUNDS: usize = 25;
    const ROUNDS_VARIABLE: &str = "SMTPD_KILLS";
    const CLIENTS: usize = 4;
    /// How long it lives, in milliseconds: some rounds end before the first 250.
    const LIFE: std::ops::Range<u64> = 5..300;

    #[test]
    fn killed_servers_lose_nothing_that_they_acknowledged() {
        let rounds = std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |rounds| rounds.parse().unwrap());
        let mut ledger = Ledger::default();
        let mut server = Server::start("[log]\nlevel = \"error\"\n");
        for _ in 0..rounds {
            let todo = Todo::endless(ledger.open());
            round(&mut server, &mut ledger, &todo);
            server.start_again();
        }
        // What was never acknowledged is sent once more, as every client would do it.
        finish(&server, &mut ledger);
        println!("{rounds} kills: {ledger}");
        assert!(ledger.acknowledged() > rounds, "hardly anything was sent: {ledger}");
        assert!(server.stop());
    }

    /// Sends until the server is killed, and looks what it left.
    fn round(server: &mut Server, ledger: &mut Ledger, todo: &Todo) {
        let port = server.port("mx");
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let sender = sender.clone();
                scope.spawn(move || send(port, todo, &sender));
            }
            drop(sender);
            let end = Instant::now() + Duration::from_millis(rand::rng().random_range(LIFE));
            while let Ok(event) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                ledger.note(event);
            }
            server.kill();
        });
        receiver.into_iter().for_each(|event| ledger.note(event));
        ledger.inspect(&server.mailbox("example.org/postmaster"));
    }

    fn finish(server: &Server, ledger: &mut Ledger) {
        let (sender, receiver) = channel();
        send(server.port("mx"), &Todo::only(ledger.open()), &sender);
        drop(sender);
        receiver.into_iter().for_each(|event| ledger.note(event));
        assert!(ledger.open().is_empty(), "{ledger}");
        ledger.inspect(&server.mailbox("example.org/postmaster"));
    }
}
