//! No sequence of commands makes the server pass on what a stranger sends to others: thousands of random
//! sessions against a whole stack, next to a model that knows who has proved what.

mod address;
mod client;
mod model;
mod moves;
mod stack;

use proptest::prelude::*;

use client::Client;
use model::Model;
use moves::{Move, session};

/// Plays a session, and holds each reply against the model. Tells how many recipients elsewhere were accepted
/// of who may send there.
fn play(plaintext_auth: bool, groups: &[Vec<Move>]) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (stack, delivery) = stack::stack(plaintext_auth).expect("a stack");
        let mut client = Client::connect(stack).await;
        let mut model = Model::new(delivery);
        for group in groups {
            // What goes out in one write; some moves wait for what the server says in between.
            client.send(&group.iter().flat_map(Move::octets).collect::<Vec<u8>>()).await;
            for step in group {
                let Some(reply) = client.reply().await else { return model.finish() };
                let content = model.settle(step, &reply);
                if model.is_out_of_step() {
                    return 0;
                }
                if let Some(content) = content {
                    client.send(content).await;
                    let Some(reply) = client.reply().await else { return model.finish() };
                    model.received(&reply);
                }
            }
        }
        model.finish()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_opens_the_relay(groups in session()) {
        play(false, &groups);
    }

    #[test]
    fn none_does_where_passwords_are_taken_without_tls(groups in session()) {
        play(true, &groups);
    }
}

#[test]
fn those_who_may_send_to_others() {
    // A test in which there are none would say nothing.
    for way in [vec![Move::StartTls, Move::Ehlo, Move::AuthGood], vec![Move::BecomePartner, Move::Ehlo]] {
        let message = [Move::Mail, Move::Rcpt(address::foreign()), Move::Data];
        let groups: Vec<Vec<Move>> =
            [Move::Ehlo].into_iter().chain(way).chain(message).map(|step| vec![step]).collect();
        assert_eq!(play(false, &groups), 1);
    }
}
