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
    use std::fs;
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
    /// How long a queue may take to deliver what it has.
    const PATIENCE: Duration = Duration::from_secs(120);
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

    #[test]
    fn killed_queues_lose_nothing_that_they_acknowledged() {
        let rounds = std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |rounds| rounds.parse().unwrap());
        let mut ledger = Ledger::default();
        let mut server = Server::start("[log]\nlevel = \"error\"\n[queue]\nfirst_retry = \"1 s\"\n");
        for _ in 0..rounds {
            let todo = Todo::endless(ledger.open());
            until_killed(&mut server, &mut ledger, &todo);
            server.start_again();
        }
        send_the_rest(&server, &mut ledger);
        let mailbox = server.mailbox("example.org/postmaster");
        let deadline = Instant::now() + PATIENCE;
        while !ledger.is_complete(&mailbox) {
            assert!(Instant::now() < deadline, "what got its 250 is lost: {ledger}");
            thread::sleep(Duration::from_millis(50));
        }
        assert!(server.stop());
        println!("{rounds} kills: {ledger}; {} more than were sent", ledger.surplus());
        assert!(ledger.acknowledged() > rounds, "hardly anything was sent: {ledger}");
        // As many as are under way at once may be delivered once more.
        assert!(ledger.surplus() <= 20 * rounds, "{ledger}");
        assert_eq!(fs::read_dir(server.data().join("queue/content")).unwrap().count(), 0);
    }

    /// Sends until the server is killed, and looks what it left.
    fn round(server: &mut Server, ledger: &mut Ledger, todo: &Todo) {
        until_killed(server, ledger, todo);
        ledger.inspect(&server.mailbox("example.org/postmaster"));
    }

    /// Sends until the server is killed.
    fn until_killed(server: &mut Server, ledger: &mut Ledger, todo: &Todo) {
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
    }

    fn finish(server: &Server, ledger: &mut Ledger) {
        send_the_rest(server, ledger);
        ledger.inspect(&server.mailbox("example.org/postmaster"));
    }

    fn send_the_rest(server: &Server, ledger: &mut Ledger) {
        let (sender, receiver) = channel();
        send(server.port("mx"), &Todo::only(ledger.open()), &sender);
        drop(sender);
        receiver.into_iter().for_each(|event| ledger.note(event));
        assert!(ledger.open().is_empty(), "{ledger}");
    }
}
