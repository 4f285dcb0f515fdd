use smtp_core::{Mail, Recipient, Reply, Session};
use smtp_policy::policy_fn;

async fn of_sender(_: Mail, _: Session) -> Result<(), Reply> {
    Ok(())
}

async fn of_recipient(_: Recipient, _: Session) -> Result<(), Reply> {
    Ok(())
}

fn main() {
    let _ = policy_fn(of_sender).and(policy_fn(of_recipient));
}
