use crate::mechanism::Mechanism;
use crate::sasl::{Exchange, Proof, Step, Surroundings};

fn trace(message: &str) -> Option<String> {
    let mut exchange = Exchange::start(Mechanism::ANONYMOUS.definition(), Surroundings::default()).unwrap();
    match exchange.step(Some(message.as_bytes())) {
        Step::Done { last: None, claim: Some(claim) } => {
            assert_eq!((claim.name, claim.acts_for), (None, None));
            match claim.proof {
                Proof::Nothing { trace } => Some(trace),
                proof => panic!("{proof:?}"),
            }
        }
        Step::Broken => None,
        step => panic!("{step:?}"),
    }
}

#[test]
fn a_word_of_who_it_is_may_be_left() {
    let longest = "\u{e9}".repeat(255);
    for message in ["", "sirhc", "sirhc@example.org", &longest] {
        assert_eq!(trace(message).as_deref(), Some(message));
    }
    for message in ["a\nb", "\0", &format!("{longest}x")] {
        assert_eq!(trace(message), None, "{message:?}");
    }
}
