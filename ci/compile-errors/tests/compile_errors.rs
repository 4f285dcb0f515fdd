//! What the compiler says of a policy that is none tells what to write.

#[test]
fn messages_say_what_is_allowed() {
    trybuild::TestCases::new().compile_fail("tests/messages/*.rs");
}
