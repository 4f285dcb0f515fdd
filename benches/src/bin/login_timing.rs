//! How long a failed login takes, with a user's name and with nobody's: whether the time tells which
//! names there are. Prints both distributions and how far they are apart.
//!
//! ```sh
//! cargo run -p benches --bin login_timing -- --attempts 2000
//! ```

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use smtp_server::auth::{AuthLayer, Throttle, UserFile};
use smtp_server::{
    Auth, BoxError, Command, ConnectionInfo, Dialogue, Domain, Peer, Reply, Request, Secret, SessionFacts,
    TlsInfo,
};
use tower::{Layer as _, ServiceExt as _, service_fn};

#[derive(Parser)]
struct Arguments {
    /// Of each kind of name.
    #[arg(long, default_value_t = 1000)]
    attempts: usize,
    /// In the file.
    #[arg(long, default_value_t = 100)]
    users: usize,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse();
    let folder = std::env::temp_dir().join(format!("login-timing-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let measured = measure(&arguments, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    for (what, known, unknown) in measured? {
        println!("{what}, {} attempts of each kind, microseconds", arguments.attempts);
        println!("{:>16} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "5 %", "25 %", "50 %", "75 %", "95 %");
        for (name, times) in [("a user's name", &known), ("nobody's name", &unknown)] {
            let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_micros();
            println!("{name:>16} {:>8} {:>8} {:>8} {:>8} {:>8}", at(5), at(25), at(50), at(75), at(95));
        }
        let (distance, chance) =
            (distance(&known, &unknown), 1.36 * (2.0 / arguments.attempts as f64).sqrt());
        println!(
            "  largest distance of the distributions {distance:.3}; by chance up to {chance:.3} (95 %)\n"
        );
    }
    Ok(())
}

type Measured = (&'static str, Vec<Duration>, Vec<Duration>);

async fn measure(arguments: &Arguments, folder: &std::path::Path) -> Result<[Measured; 2], BoxError> {
    let users = UserFile::open_or_create(folder.join("users"))?;
    for number in 0..arguments.users {
        users.set(&format!("user{number}"), &format!("password {number}").as_str().into())?;
    }
    // The delay would hide it, and is the same for both.
    let layer = AuthLayer::new(users)
        .failure_delay(Duration::ZERO)
        .max_failures(u32::MAX)
        .throttle(Throttle::default().exempt(|_| true));
    let (mut plain, mut scram) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for attempt in 0..arguments.attempts {
        let number = attempt % arguments.users.max(1);
        // In turns, so that what else the computer does hits both.
        for (kind, prefix) in ["user", "nobo"].into_iter().enumerate() {
            let name = format!("{prefix}{number}");
            let message = format!("\0{name}\0wrong {number}");
            plain[kind].push(time(&layer, "PLAIN", &message).await?);
            scram[kind].push(time(&layer, "SCRAM-SHA-256", &format!("n,,n={name},r=nonce")).await?);
        }
    }
    let measured = |what, times: [Vec<Duration>; 2]| {
        let [known, unknown] = times.map(|mut times| {
            times.sort_unstable();
            times
        });
        (what, known, unknown)
    };
    Ok([measured("PLAIN to its reply", plain), measured("SCRAM-SHA-256 to its challenge", scram)])
}

/// From the first message to what comes next.
async fn time(
    layer: &AuthLayer<UserFile>,
    mechanism: &'static str,
    message: &str,
) -> Result<Duration, BoxError> {
    let domain: Domain = "server.example".parse()?;
    let peer = Peer::Ip((IpAddr::V4(Ipv4Addr::LOCALHOST), 40000).into());
    let mut facts = SessionFacts::new(ConnectionInfo::new(peer, domain));
    facts.set_tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)));
    let (mut server, dialogue) = Dialogue::channel();
    let auth = Auth::new(mechanism, Some(Secret::from(message)), dialogue);
    let request = Request::new(Command::Auth(auth), facts.session().clone());
    let inner = service_fn(|_: Request| async { Ok::<_, Infallible>(Reply::new(500, "not for us")) });
    let mut reply = std::pin::pin!(layer.layer(inner).oneshot(request));
    let start = Instant::now();
    tokio::select! {
        biased;
        _ = poll_fn(|cx| server.poll_challenge(cx)) => {}
        Ok(reply) = &mut reply => assert_eq!(reply.code(), 535, "{reply}"),
    }
    Ok(start.elapsed())
}

/// The statistic of Kolmogorov and Smirnov.
fn distance(one: &[Duration], other: &[Duration]) -> f64 {
    let share = |times: &[Duration], time| {
        times.partition_point(|earlier| *earlier <= time) as f64 / times.len() as f64
    };
    let gap = |time: &Duration| (share(one, *time) - share(other, *time)).abs();
    one.iter().chain(other).map(gap).fold(0.0, f64::max)
}
