//! The wire codec and the protocol's state: lines, commands, content in its forms.

use std::hint::black_box;

use benches::load::{Shape, message, stuffed};
use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use smtp_core::codec::{BareLineEndings, DotStuffing, Frame, ServerCodec};
use smtp_core::protocol::{Protocol, Step};
use smtp_core::{Command, ConnectionInfo, Reply};

const MIB: usize = 1024 * 1024;
/// How much a connection reads at a time.
const READ: usize = 16 * 1024;

fn lines(criterion: &mut Criterion) {
    let input = "RCPT TO:<recipient@example.org>\r\n".repeat(100);
    let mut group = criterion.benchmark_group("line");
    group.throughput(Throughput::Elements(100));
    group.bench_function("decode", |bencher| {
        let mut codec = ServerCodec::default();
        let mut buffer = BytesMut::new();
        bencher.iter(|| {
            buffer.extend_from_slice(input.as_bytes());
            while let Some(frame) = codec.next_frame(&mut buffer) {
                black_box(frame);
            }
        });
    });
    group.finish();
}

/// A session behind EHLO and MAIL.
fn in_transaction() -> Protocol {
    let mut protocol = Protocol::new(ConnectionInfo::default());
    protocol.settle(Reply::new(220, "ready"));
    protocol.line(b"EHLO client.example");
    protocol.settle(Reply::new(250, "hello"));
    protocol.line(b"MAIL FROM:<sender@example.com>");
    protocol.settle(Reply::new(250, "2.1.0 ok"));
    protocol
}

fn commands(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("command");
    group.throughput(Throughput::Elements(1));
    let mut protocol = in_transaction();
    for (name, line) in [
        ("rcpt", "RCPT TO:<recipient@example.org>"),
        ("rcpt-quoted", r#"RCPT TO:<"the recipient"@mail.example.org>"#),
        ("noop", "NOOP"),
        ("invalid", "RCPT TO:recipient@example.org"),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| match protocol.line(black_box(line.as_bytes())) {
                Step::Call(Command::Invalid(error)) => drop(black_box(error)),
                step => drop(black_box(step)),
            });
        });
    }
    group.finish();
}

/// Feeds the wire form of a message in reads and takes all frames.
fn read_content(codec: &mut ServerCodec, wire: &[u8], buffer: &mut BytesMut) -> usize {
    let mut size = 0;
    for read in wire.chunks(READ) {
        buffer.extend_from_slice(read);
        while let Some(frame) = codec.next_frame(buffer) {
            match frame {
                Frame::Data(octets) => size += octets.len(),
                Frame::EndOfData | Frame::EndOfChunk => return size,
                other => panic!("{other:?}"),
            }
        }
    }
    size
}

fn content(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("content");
    group.throughput(Throughput::Bytes(MIB as u64));
    for (name, shape) in [("data-plain", Shape::Plain), ("data-dotty", Shape::Dotty)] {
        let wire = stuffed(&message(shape, MIB));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || (ServerCodec::default(), BytesMut::with_capacity(2 * READ)),
                |(codec, buffer)| {
                    codec.start_data(BareLineEndings::Reject);
                    assert_eq!(read_content(codec, &wire, buffer), MIB);
                },
                BatchSize::SmallInput,
            );
        });
    }
    let wire = message(Shape::Plain, MIB);
    group.bench_function("chunk", |bencher| {
        bencher.iter_batched_ref(
            || (ServerCodec::default(), BytesMut::with_capacity(2 * READ)),
            |(codec, buffer)| {
                codec.start_chunks(MIB as u64, true, Some(BareLineEndings::Reject));
                assert_eq!(read_content(codec, &wire, buffer), MIB);
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn dot_stuffing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dot-stuffing");
    group.throughput(Throughput::Bytes(MIB as u64));
    for (name, shape) in [("plain", Shape::Plain), ("dotty", Shape::Dotty)] {
        let content = message(shape, MIB);
        let mut wire = BytesMut::with_capacity(2 * READ);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut stuffing = DotStuffing::default();
                for piece in content.chunks(READ) {
                    wire.clear();
                    stuffing.write(piece, &mut wire);
                }
                stuffing.finish(&mut wire);
                black_box(&wire);
            });
        });
    }
    group.finish();
}

criterion_group!(codec, lines, commands, content, dot_stuffing);
criterion_main!(codec);
