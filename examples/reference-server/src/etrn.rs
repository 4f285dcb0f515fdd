//! ETRN: users have the mail for a domain tried now (RFC 1985), after a failure of the line for example.

use smtp_server::delivery::queue::QueueHandle;
use smtp_server::delivery::queue::store::Selection;
use smtp_server::delivery::{Etrn, EtrnLayer};
use smtp_server::{BoxFuture, Reply, Session};

use crate::config::Config;
use crate::delivery;

pub(crate) fn layer(
    queue: QueueHandle,
    config: &Config,
) -> EtrnLayer<impl Fn(Etrn, Session) -> BoxFuture<Reply> + Send + Sync + use<>> {
    let next_hop = delivery::next_hop(config);
    EtrnLayer::new(move |node: Etrn, session: Session| -> BoxFuture<Reply> {
        Box::pin(flush(queue.clone(), next_hop.clone(), node, session))
    })
}

async fn flush(queue: QueueHandle, next_hop: Option<String>, node: Etrn, session: Session) -> Reply {
    if session.identity().is_none() {
        return Reply::new(459, "4.7.1 only authenticated clients may ask for mail");
    }
    let Etrn::Domain(domain) = node else {
        return Reply::new(458, "4.3.0 mail is asked for by its domain alone");
    };
    // Where one server takes everything, that is where the mail for this domain waits.
    let destination = next_hop.unwrap_or_else(|| domain.to_ascii().to_ascii_lowercase());
    match queue.flush(Selection::Destination(destination.into())).await {
        Ok(()) => Reply::new(250, format!("2.0.0 mail for {domain} is being tried")),
        Err(error) => {
            tracing::error!(%error, "queue not flushed");
            error.reply()
        }
    }
}
