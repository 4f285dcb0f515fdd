//! An authorization server, and what its tokens are good for.

use smtp_auth::{
    CredentialStore, HttpOptions, IntrospectionStore, JwtStore, StoreError, TokenLogin, TokenRules, Verdict,
};
use smtp_core::testing::facts;
use std::time::Duration;

use peers::Script;

pub(crate) struct Provider {
    process: Script,
    pub(crate) issuer: String,
}

impl Provider {
    fn start(port: &str) -> Self {
        let mut process = Script::start("node", "smtp-auth/tests/web/provider/server.mjs", &[port]);
        let issuer = process.line();
        Self { process, issuer }
    }

    /// A token in this format, for `smtp.example` or whoever else.
    fn token(&mut self, audience: &str, format: &str, scope: &str) -> String {
        self.process.ask(&format!("token https://{audience}/{format} {scope}"))
    }

    fn rules(&self) -> TokenRules {
        TokenRules::new("email").issuer(&*self.issuer).audience("smtp.example").scope("mail.send")
    }

    fn introspection(&self) -> IntrospectionStore {
        let endpoint = format!("{}/token/introspection", self.issuer);
        let builder = IntrospectionStore::builder(endpoint, self.rules());
        builder.client("smtp server", "a secret: of & more").build().unwrap()
    }

    fn jwt(&self) -> JwtStore {
        JwtStore::url(format!("{}/jwks", self.issuer), self.rules()).build().unwrap()
    }
}

pub(crate) async fn show(store: &impl CredentialStore, token: &str) -> Result<Verdict, StoreError> {
    store.verify_token(TokenLogin::new(None, token.into()), facts().session()).await
}

pub(crate) fn alice() -> Verdict {
    Verdict::AcceptedAs("alice@example.org".to_owned())
}

#[tokio::test]
async fn tokens_are_introspected() {
    let mut provider = Provider::start("0");
    let store = provider.introspection();
    for format in ["opaque", "opaque"] {
        let good = provider.token("smtp.example", format, "mail.send");
        assert_eq!(show(&store, &good).await.unwrap(), alice());
        let mut wrong = good.clone();
        wrong.pop();
        assert_eq!(show(&store, &wrong).await.unwrap(), Verdict::Refused);
        let elsewhere = provider.token("imap.example", format, "mail.send");
        assert_eq!(show(&store, &elsewhere).await.unwrap(), Verdict::Refused);
        let reading = provider.token("smtp.example", format, "mail.read");
        assert_eq!(show(&store, &reading).await.unwrap(), Verdict::Refused);
    }
    for nonsense in ["x", "a&token=b", &"x".repeat(20_000), ""] {
        assert_eq!(show(&store, nonsense).await.unwrap(), Verdict::Refused);
    }
    assert!(store.takes_tokens() && !store.verifies_passwords());

    let endpoint = format!("{}/token/introspection", provider.issuer);
    let stranger = IntrospectionStore::builder(endpoint, provider.rules()).client("smtp server", "wrong");
    let good = provider.token("smtp.example", "opaque", "mail.send");
    let error = show(&stranger.build().unwrap(), &good).await.unwrap_err().to_string();
    assert!(error.contains("401") && !error.contains(&good), "{error}");
}

#[tokio::test]
async fn a_revoked_token_is_refused_when_it_is_asked_about_again() {
    let mut provider = Provider::start("0");
    let remembering = provider.introspection();
    let endpoint = format!("{}/token/introspection", provider.issuer);
    let asking = IntrospectionStore::builder(endpoint, provider.rules())
        .client("smtp server", "a secret: of & more")
        .remember_for(Duration::ZERO)
        .build()
        .unwrap();
    let token = provider.token("smtp.example", "opaque", "mail.send");
    assert_eq!(show(&remembering, &token).await.unwrap(), alice());
    assert_eq!(show(&asking, &token).await.unwrap(), alice());
    provider.process.ask(&format!("revoke {token}"));
    assert_eq!(show(&asking, &token).await.unwrap(), Verdict::Refused);
    assert_eq!(show(&remembering, &token).await.unwrap(), alice());
    remembering.forget("alice@example.org");
    assert_eq!(show(&remembering, &token).await.unwrap(), Verdict::Refused);
}

#[tokio::test]
async fn signed_tokens_are_verified() {
    let mut provider = Provider::start("0");
    let store = provider.jwt();
    store.check().await.unwrap();
    for format in ["RS256", "ES256", "EdDSA"] {
        let good = provider.token("smtp.example", format, "mail.send");
        assert_eq!(show(&store, &good).await.unwrap(), alice(), "{format}");
        // Each bit counts, but for those that base64 has left over at the end.
        let (head, signature) = good.rsplit_once('.').unwrap();
        let wrong =
            format!("{head}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
        assert_eq!(show(&store, &wrong).await.unwrap(), Verdict::Refused, "{format}");
        for (audience, scope) in [("imap.example", "mail.send"), ("smtp.example", "mail.read")] {
            let other = provider.token(audience, format, scope);
            assert_eq!(show(&store, &other).await.unwrap(), Verdict::Refused, "{format}");
        }
    }
    let of_another = Provider::start("0").token("smtp.example", "RS256", "mail.send");
    assert_eq!(show(&store, &of_another).await.unwrap(), Verdict::Refused);
}

#[tokio::test]
async fn new_keys_are_found_and_a_server_that_is_away_does_no_harm_meanwhile() {
    let mut provider = Provider::start("0");
    let store = provider.jwt();
    let before = provider.token("smtp.example", "ES256", "mail.send");
    assert_eq!(show(&store, &before).await.unwrap(), alice());
    provider.process.ask("rotate");
    let after = provider.token("smtp.example", "ES256", "mail.send");
    assert_eq!(show(&store, &after).await.unwrap(), alice());
    // Those of before went with their key.
    assert_eq!(show(&store, &before).await.unwrap(), Verdict::Refused);

    let port = provider.issuer.rsplit_once(':').unwrap().1.to_owned();
    let (patient, fresh, asking) = (store, provider.jwt(), provider.introspection());
    drop(provider);
    assert_eq!(show(&patient, &after).await.unwrap(), alice());
    assert!(show(&fresh, &after).await.is_err());
    assert!(fresh.check().await.is_err());
    assert!(show(&asking, "token").await.is_err());

    let mut provider = Provider::start(&port);
    let token = provider.token("smtp.example", "opaque", "mail.send");
    assert_eq!(show(&asking, &token).await.unwrap(), alice());
    let fresh = provider.jwt();
    let token = provider.token("smtp.example", "EdDSA", "mail.send");
    assert_eq!(show(&fresh, &token).await.unwrap(), alice());
}

#[tokio::test]
async fn options_reach_the_server() {
    let mut provider = Provider::start("0");
    let options = HttpOptions::default().timeout(Duration::from_secs(60)).max_concurrent(0);
    let store = JwtStore::url(format!("{}/jwks", provider.issuer), provider.rules())
        .options(options)
        .name("accounts")
        .refresh_every(Duration::ZERO)
        .build()
        .unwrap();
    let token = provider.token("smtp.example", "RS256", "mail.send");
    assert_eq!(store.name(), "accounts");
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, token) = (store.clone(), token.clone());
        flood.spawn(async move { show(&store, &token).await });
    }
    while let Some(verdict) = flood.join_next().await {
        assert_eq!(verdict.unwrap().unwrap(), alice());
    }
}
