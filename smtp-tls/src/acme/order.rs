use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use smtp_core::BoxError;

use super::Acme;
use super::files::Files;
use super::https::Https;
use super::responder::Responder;

/// Orders a certificate: its chain and its key.
pub(super) async fn run(acme: &Acme, files: &Files) -> Result<(String, String), BoxError> {
    let account = account(acme, files).await?;
    let names: Vec<_> = acme.names.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    // It answers until the order has come to its end.
    let responder = Responder::start(acme.listen).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge =
            authorization.challenge(ChallengeType::Http01).ok_or("the CA offers no HTTP-01 challenge")?;
        responder.expect(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    let status = order.poll_ready(&RetryPolicy::default()).await?;
    if status != OrderStatus::Ready {
        return Err(
            format!("the order is {status:?}: the CA could not verify that the names are ours").into()
        );
    }
    let key = order.finalize().await?;
    let certificate = order.poll_certificate(&RetryPolicy::default()).await?;
    Ok((certificate, key))
}

/// The account of before, or a new one.
async fn account(acme: &Acme, files: &Files) -> Result<Account, BoxError> {
    let builder = Account::builder_with_http(Box::new(Https::new(acme.authorities.as_ref())?));
    if let Some(credentials) = files.account() {
        return Ok(builder.from_credentials(serde_json::from_str(&credentials)?).await?);
    }
    let contacts: Vec<&str> = acme.contacts.iter().map(String::as_str).collect();
    let wish = NewAccount { contact: &contacts, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&wish, acme.directory.clone(), None).await?;
    files.write_account(&serde_json::to_string(&credentials)?)?;
    Ok(account)
}
