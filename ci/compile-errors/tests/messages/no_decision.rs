use smtp_core::{Mail, Session};
use smtp_policy::policy_fn;

async fn policy(_: Mail, _: Session) -> bool {
    true
}

fn main() {
    policy_fn(policy);
}
