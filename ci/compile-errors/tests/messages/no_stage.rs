use smtp_core::{Reply, Session};
use smtp_policy::policy_fn;

async fn policy(_: String, _: Session) -> Result<(), Reply> {
    Ok(())
}

fn main() {
    policy_fn(policy);
}
