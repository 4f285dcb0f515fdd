//! The form in which databases keep what a queue has.
//!
//! Addresses and parameters are kept as they stand in SMTP, inside of JSON: whoever looks into the database
//! can read it, and a later version can add to it. What cannot be read is an error that names it, never a
//! message that silently changes.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use smtp_core::{
    Acceptance, BoxError, ForwardPath, Host, Mail, Parameter, Parameters, Recipient, Remote, Reply,
    ReversePath, Route,
};

use super::StoreError;
use crate::bounce::{Fate, Written};
use crate::queue::{Ended, Entry, Origin, Pending};

#[derive(Serialize, Deserialize)]
struct EntryRecord {
    from: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written: Option<WrittenRecord>,
    by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hello: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<std::net::IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenRecord {
    AsNotification,
    AsDoubleBounce,
}

#[derive(Serialize, Deserialize)]
struct PendingRecord {
    to: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<RouteRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<ReplyRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<EndedRecord>,
}

#[derive(Serialize, Deserialize)]
struct EndedRecord {
    fate: FateRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sender: Option<SenderRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FateRecord {
    Delivered,
    Relayed,
    PassedOn,
    Expanded,
    Failed,
    Expired,
    OutOfTime,
}

#[derive(Serialize, Deserialize)]
struct SenderRecord {
    from: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RouteRecord {
    Local,
    Relay,
}

#[derive(Serialize, Deserialize)]
struct ReplyRecord {
    code: u16,
    /// With the enhanced status code in front.
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remote: Option<RemoteRecord>,
}

#[derive(Serialize, Deserialize)]
struct RemoteRecord {
    host: String,
    acceptance: AcceptanceRecord,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keeps_time: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AcceptanceRecord {
    Delivered,
    Relayed,
    PassedOn,
}

/// An entry as JSON, without what has columns of its own: name, times and priority.
pub(super) fn write_entry(entry: &Entry) -> Result<String, StoreError> {
    let Origin { server_name, hello, client, account } = &entry.origin;
    let record = EntryRecord {
        from: entry.sender.path.to_string(),
        with: write_parameters(&entry.sender.parameters),
        written: match entry.written {
            Written::ByOthers => None,
            Written::AsNotification => Some(WrittenRecord::AsNotification),
            Written::AsDoubleBounce => Some(WrittenRecord::AsDoubleBounce),
        },
        by: server_name.to_string(),
        hello: hello.as_ref().map(Host::to_string),
        client: *client,
        account: account.clone(),
    };
    serde_json::to_string(&record).map_err(StoreError::other)
}

/// What [`write_entry`] wrote: the sender, who wrote it, and the origin.
pub(super) fn read_entry(text: &str) -> Result<(Mail, Written, Origin), StoreError> {
    let record: EntryRecord = serde_json::from_str(text).map_err(StoreError::other)?;
    let sender = read_sender(&record.from, &record.with)?;
    let written = match record.written {
        None => Written::ByOthers,
        Some(WrittenRecord::AsNotification) => Written::AsNotification,
        Some(WrittenRecord::AsDoubleBounce) => Written::AsDoubleBounce,
    };
    let origin = Origin {
        server_name: read_host(&record.by)?,
        hello: record.hello.as_deref().map(read_host).transpose()?,
        client: record.client,
        account: record.account,
    };
    Ok((sender, written, origin))
}

/// Recipients as JSON.
pub(super) fn write_recipients(recipients: &[Pending]) -> Result<String, StoreError> {
    let records: Vec<PendingRecord> = recipients.iter().map(write_recipient).collect();
    serde_json::to_string(&records).map_err(StoreError::other)
}

/// What [`write_recipients`] wrote.
pub(super) fn read_recipients(text: &str) -> Result<Vec<Pending>, StoreError> {
    let records: Vec<PendingRecord> = serde_json::from_str(text).map_err(StoreError::other)?;
    records.into_iter().map(read_recipient).collect()
}

fn write_recipient(pending: &Pending) -> PendingRecord {
    let Pending { recipient, last, ended } = pending;
    PendingRecord {
        to: recipient.path.to_string(),
        with: write_parameters(&recipient.parameters),
        route: match recipient.route {
            Some(Route::Local) => Some(RouteRecord::Local),
            Some(Route::Relay) => Some(RouteRecord::Relay),
            _ => None,
        },
        last: last.as_deref().map(write_reply),
        ended: ended.as_ref().and_then(write_ended),
    }
}

/// `None` for what has not ended.
fn write_ended(ended: &Ended) -> Option<EndedRecord> {
    let fate = match ended.fate {
        Fate::Delivered => FateRecord::Delivered,
        Fate::Relayed => FateRecord::Relayed,
        Fate::PassedOn => FateRecord::PassedOn,
        Fate::Expanded => FateRecord::Expanded,
        Fate::Failed => FateRecord::Failed,
        Fate::Expired => FateRecord::Expired,
        Fate::OutOfTime => FateRecord::OutOfTime,
        Fate::Delayed => return None,
    };
    let sender = ended.sender.as_ref().map(|sender| SenderRecord {
        from: sender.path.to_string(),
        with: write_parameters(&sender.parameters),
    });
    Some(EndedRecord { fate, sender })
}

fn read_ended(record: EndedRecord) -> Result<Ended, StoreError> {
    let fate = match record.fate {
        FateRecord::Delivered => Fate::Delivered,
        FateRecord::Relayed => Fate::Relayed,
        FateRecord::PassedOn => Fate::PassedOn,
        FateRecord::Expanded => Fate::Expanded,
        FateRecord::Failed => Fate::Failed,
        FateRecord::Expired => Fate::Expired,
        FateRecord::OutOfTime => Fate::OutOfTime,
    };
    let sender = record.sender.map(|sender| read_sender(&sender.from, &sender.with)).transpose()?;
    Ok(Ended { fate, sender: sender.map(Arc::new) })
}

fn read_sender(from: &str, with: &[String]) -> Result<Mail, StoreError> {
    let path = ReversePath::from_utf8(from).map_err(|error| unreadable(from, error))?;
    Ok(Mail { path, parameters: read_parameters(with)? })
}

fn read_recipient(record: PendingRecord) -> Result<Pending, StoreError> {
    let path = ForwardPath::from_utf8(&record.to).map_err(|error| unreadable(&record.to, error))?;
    let mut recipient = Recipient::new(path);
    recipient.parameters = read_parameters(&record.with)?;
    recipient.route = record.route.map(|route| match route {
        RouteRecord::Local => Route::Local,
        RouteRecord::Relay => Route::Relay,
    });
    let last = record.last.map(read_reply).transpose()?.map(Arc::new);
    let ended = record.ended.map(read_ended).transpose()?;
    Ok(Pending { recipient, last, ended })
}

fn write_reply(reply: &Reply) -> ReplyRecord {
    let text = match reply.status() {
        Some(status) => format!("{status} {}", reply.text()),
        None => reply.text().to_owned(),
    };
    let remote = reply.remote().map(|remote| RemoteRecord {
        host: (*remote.host).to_owned(),
        acceptance: match remote.acceptance {
            Acceptance::Delivered => AcceptanceRecord::Delivered,
            Acceptance::Relayed => AcceptanceRecord::Relayed,
            Acceptance::PassedOn => AcceptanceRecord::PassedOn,
        },
        keeps_time: remote.keeps_time,
    });
    ReplyRecord { code: reply.code().get(), text, remote }
}

fn read_reply(record: ReplyRecord) -> Result<Reply, StoreError> {
    if !(200..600).contains(&record.code) {
        return Err(unreadable(&record.code.to_string(), "no reply code"));
    }
    let reply = Reply::new(record.code, record.text);
    let Some(RemoteRecord { host, acceptance, keeps_time }) = record.remote else { return Ok(reply) };
    let acceptance = match acceptance {
        AcceptanceRecord::Delivered => Acceptance::Delivered,
        AcceptanceRecord::Relayed => Acceptance::Relayed,
        AcceptanceRecord::PassedOn => Acceptance::PassedOn,
    };
    Ok(reply.from_remote(Remote::new(host, acceptance).keeping_time(keeps_time)))
}

fn write_parameters(parameters: &Parameters) -> Vec<String> {
    parameters.iter().map(Parameter::to_string).collect()
}

fn read_parameters(texts: &[String]) -> Result<Parameters, StoreError> {
    let mut parameters = Parameters::default();
    for text in texts {
        let parameter = Parameter::from_utf8(text).ok_or_else(|| unreadable(text, "no parameter"))?;
        parameters.insert(parameter);
    }
    Ok(parameters)
}

fn read_host(text: &str) -> Result<Host, StoreError> {
    Host::from_utf8(text).map_err(|error| unreadable(text, error))
}

fn unreadable(what: &str, error: impl Into<BoxError>) -> StoreError {
    StoreError::other(format!("{what:?} in the queue cannot be read: {}", error.into()))
}

/// Microseconds since 1970, which is how databases keep times.
pub(super) fn write_time(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// What [`write_time`] wrote.
pub(super) fn read_time(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::{facts, recipient, sender};

    use super::*;
    use crate::TraceId;

    fn entry() -> Entry {
        let mut sender = sender("joe@example.org");
        sender.parameters.insert(Parameter::parse("RET=HDRS").unwrap());
        Entry {
            id: TraceId::new(jiff::Timestamp::now()),
            sender,
            origin: Origin::of(facts().session()),
            arrival: SystemTime::now(),
            expires: SystemTime::now(),
            priority: 0,
            written: Written::AsNotification,
            release: SystemTime::now(),
        }
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let mut entry = entry();
        for (path, account) in
            [("<>", None), ("<\"a b\"@[192.0.2.1]>", Some("j\u{f6}e")), ("<j\u{f6}@b\u{fc}.example>", None)]
        {
            entry.sender.path = ReversePath::from_utf8(path).unwrap();
            entry.origin.account = account.map(str::to_owned);
            let read = read_entry(&write_entry(&entry).unwrap()).unwrap();
            assert_eq!(read, (entry.sender.clone(), entry.written, entry.origin.clone()));
        }
    }

    #[test]
    fn recipients_are_read_as_they_were_written() {
        let remote = Remote::new("mx", Acceptance::PassedOn).keeping_time(true);
        let reply = Reply::new(451, "4.4.1 two\nlines \u{fc}").from_remote(remote);
        let mut jane = recipient("jane@example.net").routed(Route::Relay);
        jane.parameters.insert(Parameter::parse("ORCPT=rfc822;j+2Bx@example.net").unwrap());
        let all = [
            Pending { last: Some(Arc::new(reply)), ..jane.into() },
            Pending::from(Recipient::new(ForwardPath::Postmaster).routed(Route::Local)),
            Pending {
                last: Some(Arc::new(Reply::new(450, "no status"))),
                ..recipient("x@example.net").into()
            },
        ];
        let all: Vec<Pending> = all.into_iter().chain(ended()).collect();
        let read = read_recipients(&write_recipients(&all).unwrap()).unwrap();
        assert_eq!(read, all);
        assert_eq!(read[0].last.as_ref().unwrap().remote(), all[0].last.as_ref().unwrap().remote());
    }

    /// Recipients who met with each fate, for several senders.
    fn ended() -> impl Iterator<Item = Pending> {
        use Fate::{Delivered, Expanded, Expired, Failed, OutOfTime, PassedOn, Relayed};
        let fates = [Delivered, Relayed, PassedOn, Expanded, Failed, Expired, OutOfTime];
        let senders = [None, Some(Arc::new(entry().sender))];
        let ended = senders
            .into_iter()
            .flat_map(move |sender| fates.map(|fate| Some(Ended { fate, sender: sender.clone() })));
        ended.map(|ended| Pending { ended, ..recipient("x@example.net").into() })
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for text in [
            r#"[{"to":"nobody"}]"#,
            r#"[{"to":"<joe@example.org>","with":["A=="]}]"#,
            r#"[{"to":"<joe@example.org>","last":{"code":7,"text":""}}]"#,
            r#"[{"to":"<joe@example.org>","route":"elsewhere"}]"#,
            r#"[{"to":"<joe@example.org>","ended":{"fate":"forgotten"}}]"#,
            "{",
        ] {
            assert!(read_recipients(text).is_err(), "{text}");
        }
        let error = read_entry(r#"{"from":"joe","by":"x.example"}"#).unwrap_err();
        assert!(error.to_string().contains(r#""joe" in the queue cannot be read"#), "{error}");
    }

    #[test]
    fn times_are_read_as_they_were_written() {
        let time = UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
        assert_eq!(read_time(write_time(time)), time);
        assert_eq!(read_time(-1), UNIX_EPOCH);
    }
}
