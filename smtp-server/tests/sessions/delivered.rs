use smtp_server::testing::RecordingDelivery;

/// What was delivered, in the form of the transcripts.
pub(crate) fn delivered(delivery: &RecordingDelivery) -> Vec<String> {
    let mut lines = Vec::new();
    for message in delivery.messages() {
        let mut envelope = format!("M> {}", message.envelope.sender);
        for recipient in &message.envelope.recipients {
            envelope.push_str(&format!(" {recipient}"));
        }
        lines.push(envelope);
        let content = String::from_utf8(message.content).expect("transcripts are UTF-8");
        lines.extend(content.split_terminator("\r\n").map(|line| {
            let line = line.replace('\0', "\\0").replace('\r', "\\r").replace('\n', "\\n");
            if line.is_empty() { "M:".to_owned() } else { format!("M: {line}") }
        }));
    }
    lines
}
