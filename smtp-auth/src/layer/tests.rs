//! What no mechanism of today shows.

use smtp_core::testing::facts;
use smtp_core::{Auth, Dialogue, Secret};

use super::exchange::authenticate;
use super::settings::Settings;
use crate::mechanism::{Definition, Mechanism, Needs};
use crate::store::{Verdict, verify_fn};

#[tokio::test]
async fn a_mechanism_in_which_the_server_speaks_first_takes_no_initial_response() {
    static CHALLENGE_FIRST: Definition = Definition {
        name: "CHALLENGE-FIRST",
        plaintext: false,
        server_first: true,
        takes_initial_response: false,
        needs: Needs::Password,
        sasl: &[],
    };
    let settings =
        Settings { mechanisms: vec![Mechanism::defined_by(&CHALLENGE_FIRST)], ..Settings::default() };
    let (_server, dialogue) = Dialogue::channel();
    let auth = Auth::new("CHALLENGE-FIRST", Some(Secret::default()), dialogue);
    let store = verify_fn(|_, _| async { Ok(Verdict::Accepted) });
    let reply = authenticate(&store, &settings, auth, facts().session()).await;
    assert_eq!(reply.to_string(), "501 5.7.0 mechanism takes no initial response");
}
