//! Next hops that say anything at any time.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use smtp_core::Transport;
use smtp_core::client::TlsDecision;
use smtp_delivery::Relay;
use smtp_delivery::relay::Pool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::{BODY, as_text, message_with};

/// What it says each time that it has heard something.
fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let reply = prop::sample::select(vec![
        &b"220 mx\r\n"[..],
        b"250 OK\r\n",
        b"250-mx\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 DSN\r\n",
        b"250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
        b"250-mx\r\n250-LIMITS RCPTMAX=1\r\n250-BINARYMIME\r\n250 CHUNKING\r\n",
        b"250-SIZE=\r\n250-LIMITS RCPTMAX=99999999999\r\n250 =\r\n",
        b"250 2.0.0 OK\r\n250 2.1.5 OK\r\n250 2.1.5 OK\r\n354 go\r\n",
        b"354 go\r\n",
        b"421 bye\r\n",
        b"550 5.1.1 no\r\n",
        b"250-",
        b"\r\n",
        b"",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    let word = prop_oneof![8 => reply.prop_map(<[u8]>::to_vec), 1 => noise];
    let any_words = prop::collection::vec(word, 0..12);
    // Some get as far as the content.
    let kind = (any_words.clone(), 0..6_usize).prop_map(|(more, at)| {
        let begin: [&[u8]; 6] =
            [b"220 mx\r\n", b"250 mx\r\n", b"250 OK\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go\r\n"];
        begin[..=at].iter().map(|word| word.to_vec()).chain(more).collect()
    });
    prop_oneof![1 => any_words, 1 => kind]
}

/// All that the relay says while it is told these words, one for each time that it speaks.
async fn listen(mut far: tokio::io::DuplexStream, words: Vec<Vec<u8>>) -> Vec<u8> {
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    let mut words = words.into_iter();
    if let Some(first) = words.next() {
        let _ = far.write_all(&first).await;
    }
    for word in words {
        match far.read(&mut buffer).await {
            Ok(count) if count > 0 => heard.extend_from_slice(&buffer[..count]),
            _ => return heard,
        }
        let _ = far.write_all(&word).await;
    }
    heard
}

fn relay(words: Vec<Vec<u8>>) -> (Relay, Arc<Mutex<Vec<u8>>>) {
    let heard = Arc::<Mutex<Vec<u8>>>::default();
    let all = heard.clone();
    let relay = Relay::over(move || {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (words, all) = (words.clone(), all.clone());
        tokio::spawn(async move {
            let heard = listen(far, words).await;
            all.lock().expect("no panic").extend(heard);
        });
        async { Ok(Transport::new(near)) }
    });
    (relay, heard)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn there_is_always_an_outcome_and_success_only_for_a_whole_message(
        words in words(),
        binary in any::<bool>(),
        tls in any::<bool>(),
        pooled in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let (relay, heard) = relay(words);
            let upgrade = |_: Transport| async { Err("no TLS here".into()) };
            let relay = if tls { relay.tls(TlsDecision::IfOffered(Arc::new(upgrade))) } else { relay };
            let pool = Pool::default();
            let relay = if pooled { relay.pool(pool.clone()) } else { relay };
            if pooled {
                // The message meets a connection that may still have something to say.
                relay.clone().oneshot(message_with(&[], "first\r\n")).await.expect("the body is whole");
            }
            let parameters: &[&str] = if binary { &["BODY=BINARYMIME"] } else { &["SIZE=33", "RET=HDRS"] };
            let outcomes = relay.oneshot(message_with(parameters, BODY)).await.expect("the body is whole");
            let texts = as_text(&outcomes);
            prop_assert!(texts.iter().all(|text| matches!(&text[..1], "2" | "4" | "5")), "{texts:?}");
            if texts.iter().any(|text| text.starts_with('2')) {
                pool.clear().await;
                // The next hop has yet to see that the connection is closed.
                tokio::time::sleep(std::time::Duration::from_secs(60)).await;
                let heard = heard.lock().expect("no panic");
                let end = if binary { BODY.as_bytes() } else { b"\r\nworld\r\n.\r\n" };
                prop_assert!(heard.windows(end.len()).any(|window| window == end), "{}", heard.escape_ascii());
            }
            Ok(())
        })?;
    }
}
