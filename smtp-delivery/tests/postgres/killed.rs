//! Nodes that are processes of their own, and are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_core::{BoxError, Message, Reply};
use smtp_delivery::TraceId;
use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tower::service_fn;

use crate::{AT_ONCE, database, put, queue};
use peers::Postgres;

const KILLS: usize = 20;
const DATABASE: &str = "SMTP_QUEUE_TEST_DATABASE";
const NEXT_HOP: &str = "SMTP_QUEUE_TEST_NEXT_HOP";
const DESTINATIONS: usize = 5;
/// The octets of a message: more than comes with the job, and more than one piece of it.
const SIZES: [usize; 3] = [500, 100_000, 300_000];

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|n| b"abcdefghijklmnopqrstuvwxyz\r\n"[n % 28]).collect()
}

/// What each of the processes does: for each line that it reads it takes a message, and says so; and it
/// delivers. When there are no more lines, it goes on until the queue is empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that `whoever_is_killed_nothing_is_lost` starts"]
async fn a_node() {
    let (Ok(database), Ok(next_hop)) = (std::env::var(DATABASE), std::env::var(NEXT_HOP)) else { return };
    let options = PostgresOptions::default().lease(Duration::from_secs(5));
    let store = PostgresStore::connect(&*database, options).await.unwrap();
    let delivery = service_fn(move |message: Message| deliver(message, next_hop.clone()));
    let (queue, worker) = queue(&store).build(delivery);
    let handle = queue.handle();
    let taking = async move {
        let (read, mut lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lines() {
                read.send(line.unwrap().parse::<usize>().unwrap()).unwrap();
            }
        });
        println!();
        while let Some(number) = lines.recv().await {
            let queue = queue.clone();
            tokio::spawn(async move {
                let content = content(SIZES[number % SIZES.len()]);
                let said = match put(&queue, &format!("{}.example", number % DESTINATIONS), content).await {
                    Ok(id) => format!("stored {id}\n"),
                    Err(reply) => format!("refused {reply}\n"),
                };
                let mut out = std::io::stdout();
                out.write_all(said.as_bytes()).and_then(|()| out.flush()).unwrap();
            });
        }
        handle.drained().await;
    };
    worker.run_until(taking).await.unwrap();
    store.close().await;
}

async fn deliver(mut message: Message, next_hop: String) -> Result<smtp_core::Outcomes, BoxError> {
    let id = message.session.transaction().get::<TraceId>().ok_or("no name")?;
    let to = message.envelope.recipients[0].path.mailbox().ok_or("nobody")?.host().to_string();
    let mut stream = TcpStream::connect(next_hop).await?;
    stream.write_all(format!("{to} {id}\n").as_bytes()).await?;
    while let Some(chunk) = message.body.next().await {
        stream.write_all(&chunk?).await?;
    }
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if answer.is_empty() {
        return Err("no answer".into());
    }
    Ok(Reply::new(250, "2.0.0 ok").into())
}

/// What the next hop of all of them got.
#[derive(Default)]
struct Got {
    times: BTreeMap<TraceId, usize>,
    under_way: BTreeMap<String, usize>,
    most: usize,
    /// Messages that were not whole, though they ended as if they were.
    broken: usize,
}

async fn next_hop(listener: TcpListener, got: Arc<Mutex<Got>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(take(stream, got.clone()));
    }
}

async fn take(stream: TcpStream, got: Arc<Mutex<Got>>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    if stream.read_line(&mut line).await.is_err() || !line.ends_with('\n') {
        return;
    }
    let (to, id) = line.trim_end().split_once(' ').unwrap();
    let id: TraceId = id.parse().unwrap();
    {
        let mut got = got.lock().unwrap();
        let under_way = got.under_way.entry(to.to_owned()).or_default();
        *under_way += 1;
        got.most = (*under_way).max(got.most);
    }
    let mut octets = Vec::new();
    let read = stream.read_to_end(&mut octets).await;
    let is_whole = SIZES.iter().any(|size| content(*size) == octets);
    {
        let mut got = got.lock().unwrap();
        *got.under_way.entry(to.to_owned()).or_default() -= 1;
        if read.is_ok() && is_whole {
            *got.times.entry(id).or_default() += 1;
        } else {
            got.broken += 1;
        }
    }
    if is_whole {
        // Who was killed meanwhile delivers it once more, or rather another does.
        let _ = stream.write_all(b"ok\n").await;
    }
}

struct Process {
    child: Child,
    lines: ChildStdin,
}

impl Process {
    /// Starts one, which tells the names of what it stored.
    fn start(
        cluster: &Postgres,
        next_hop: &str,
        name: usize,
        stored: mpsc::UnboundedSender<(usize, TraceId)>,
    ) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::a_node", "--ignored", "--nocapture"])
            .env(DATABASE, cluster.address())
            .env(NEXT_HOP, next_hop)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = child.stdin.take().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = said.next_line().await {
                assert!(!line.starts_with("refused"), "{line}");
                if let Some(id) = line.strip_prefix("stored ").and_then(|id| id.parse().ok()) {
                    let _ = stored.send((name, id));
                }
            }
        });
        Self { child, lines }
    }

    async fn take(&mut self, messages: std::ops::Range<usize>) {
        let lines: String = messages.map(|number| format!("{number}\n")).collect();
        self.lines.write_all(lines.as_bytes()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_nothing_is_lost() {
    let cluster = database();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let got = Arc::new(Mutex::new(Got::default()));
    tokio::spawn(next_hop(listener, got.clone()));
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut stored = BTreeSet::new();
    let mut processes = Vec::new();
    for name in 0..3 {
        processes.push(Process::start(&cluster, &address, name, tell.clone()));
    }
    for kill in 0..KILLS {
        // Each at another moment of its life.
        let victim = kill % 3;
        processes[victim].take(0..40).await;
        let mut left = rand::random_range(1..30);
        while left > 0 {
            let (name, id) = told.recv().await.unwrap();
            stored.insert(id);
            left -= usize::from(name == victim);
        }
        processes[victim].child.kill().await.unwrap();
        processes[victim] = Process::start(&cluster, &address, victim, tell.clone());
    }
    let mut ends = Vec::new();
    for Process { child, lines } in processes {
        drop(lines);
        ends.push(child.wait_with_output());
    }
    for end in ends {
        assert!(end.await.unwrap().status.success());
    }
    drop(tell);
    while let Some((_, id)) = told.recv().await {
        stored.insert(id);
    }
    let got = got.lock().unwrap();
    assert!(stored.len() > KILLS && stored.iter().all(|id| got.times.contains_key(id)));
    assert!(got.most <= AT_ONCE, "{} at once", got.most);
    let twice = got.times.values().filter(|times| **times > 1).count();
    assert!(twice <= KILLS * AT_ONCE * DESTINATIONS, "{twice} of {}", got.times.len());
    // Of a node that was killed last and had nothing, nobody may have noticed yet that it is dead.
    assert_eq!(cluster.rows(&["message", "job", "content"]), "0 0 0");
    println!("{} stored, {} twice, {} cut off", stored.len(), twice, got.broken);
}
