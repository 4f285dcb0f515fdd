//! No server makes a client's login panic, and none passes for one that knows the password without
//! knowing it.

use std::sync::Arc;

use smtp_server::TlsInfo;
use smtp_server::auth::Mechanism;
use smtp_server::auth::client::{AuthClient, Credentials};
use smtp_server::client::{AuthExchange, AuthOffer, ClientAuth, Destination};

/// Stands for the client's nonce, which no input can know.
const NONCE: u8 = b'*';

/// Takes the first octet for the mechanism, and each line behind it for a challenge.
pub fn check(data: &[u8]) {
    let Some((choice, challenges)) = data.split_first() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(talk(Mechanism::ALL[usize::from(*choice) % Mechanism::ALL.len()], challenges));
}

async fn talk(mechanism: Mechanism, challenges: &[u8]) {
    let offer = AuthOffer::new(Destination::new("mx.example", 587), vec![mechanism.name().to_owned()]);
    let offer = offer.tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)));
    let password = AuthClient::new(Credentials::password("user", "pencil"));
    let token = AuthClient::new(Credentials::token("user", "token"));
    for client in [password, token] {
        if let Ok(Some(mut exchange)) = client.begin(offer.clone()).await {
            play(&mut *exchange, challenges).await;
        }
    }
}

async fn play(exchange: &mut dyn AuthExchange, challenges: &[u8]) {
    let first = exchange.initial_response().expect("it can begin");
    let first = first.and_then(|first| first.expose_str().map(str::to_owned)).unwrap_or_default();
    let nonce = first.rsplit_once(",r=").map_or("", |(_, nonce)| nonce);
    for challenge in challenges.split(|octet| *octet == b'\n') {
        let mut whole = Vec::new();
        for octet in challenge {
            if *octet == NONCE { whole.extend_from_slice(nonce.as_bytes()) } else { whole.push(*octet) }
        }
        if is_slow(&whole) {
            return;
        }
        if exchange.respond(&whole).await.is_err() {
            break;
        }
    }
    let is_mutual = exchange.mechanism().starts_with("SCRAM-");
    assert!(exchange.finish().is_err() || !is_mutual, "the server has proven what it does not know");
}

/// What takes long says nothing more than what does not.
fn is_slow(challenge: &[u8]) -> bool {
    challenge.windows(7).any(|window| window.starts_with(b"i=") && window[2..].iter().all(u8::is_ascii_digit))
}
