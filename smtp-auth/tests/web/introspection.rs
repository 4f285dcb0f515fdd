use std::time::Duration;

use smtp_auth::{HttpOptions, IntrospectionStore, TokenRules, Verdict};

use crate::hostile::{self, Hostile};
use crate::provider::show;

fn store(address: String) -> IntrospectionStore {
    let options = HttpOptions::default().timeout(Duration::from_secs(2));
    IntrospectionStore::builder(address, TokenRules::new("sub"))
        .client("smtp", "hunter2")
        .options(options)
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
    hostile::each(|problem, address| async move {
        let error = show(&store(address), "a-token").await.expect_err(problem).to_string();
        assert!(!error.contains("a-token") && !error.contains("hunter2"), "{error}");
    })
    .await;
    let deep = format!(
        "{{\"active\":true,\"sub\":\"alice\",\"more\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    for answer in
        ["[]", "{}", "null", "{\"active\":1}", "{\"active\":true,\"sub\":\"alice\",\"exp\":\"x\"}", &deep]
    {
        let server = Hostile::start(&hostile::json(answer));
        assert!(show(&store(server.address()), "a-token").await.is_err(), "{answer:.100}");
    }
}

#[tokio::test]
async fn what_the_server_says_counts() {
    let accepted = Verdict::AcceptedAs("alice".to_owned());
    for (answer, verdict) in [
        ("{\"active\":true,\"sub\":\"alice\"}", accepted.clone()),
        ("{\"active\":true,\"sub\":\"alice\",\"exp\":99999999999}", accepted),
        ("{\"active\":true,\"sub\":\"alice\",\"exp\":1}", Verdict::Refused),
        ("{\"active\":true,\"username\":\"alice\"}", Verdict::Refused),
        ("{\"active\":false,\"sub\":\"alice\"}", Verdict::Refused),
    ] {
        let server = Hostile::start(&hostile::json(answer));
        assert_eq!(show(&store(server.address()), "a-token").await.unwrap(), verdict, "{answer}");
    }
}
