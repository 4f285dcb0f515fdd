use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use peers::{program, until};
use smtp_server::Transport;
use smtp_server::client::Destination;
use smtp_server::delivery::Relay;

use crate::PASSWORD;

/// An Exim that is started for each connection, as inetd would, and delivers before it ends.
pub(crate) struct Exim(peers::Exim);

impl Exim {
    pub(crate) fn new(more: &str) -> Self {
        Self(peers::Exim::new(&format!(
            "primary_hostname = mx.example.net\n\
             acl_smtp_mail = accept\n\
             acl_smtp_rcpt = rcpt\n\
             acl_smtp_data = accept\n\
             dsn_advertise_hosts = *\n\
             {more}\
             begin acl\n\
             rcpt:\n  accept authenticated = *\n  deny message = log in first\n\
             begin routers\n\
             box:\n  driver = accept\n  transport = box\n\
             begin transports\n\
             box:\n  driver = appendfile\n  directory = $spool_directory/box\n  create_directory\n\
               \x20 user = Debian-exim\n  return_path_add\n\
             begin authenticators\n\
             cram:\n  driver = cram_md5\n  public_name = CRAM-MD5\n\
               \x20 server_secret = ${{if eq{{$auth1}}{{joe}}{{{PASSWORD}}}fail}}\n\
               \x20 server_set_id = $auth1\n\
             plain:\n  driver = plaintext\n  public_name = PLAIN\n\
               \x20 server_condition = ${{if and {{{{eq{{$auth2}}{{joe}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}\n\
               \x20 server_set_id = $auth2\n\
             login:\n  driver = plaintext\n  public_name = LOGIN\n\
               \x20 server_prompts = <| Username: | Password:\n\
               \x20 server_condition = ${{if and {{{{eq{{$auth1}}{{joe}}}}{{eq{{$auth2}}{{{PASSWORD}}}}}}}}}\n\
               \x20 server_set_id = $auth1\n"
        )))
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.config()
    }

    /// A relay to it.
    pub(crate) fn relay(&self) -> Relay {
        let config = self.config();
        let relay = Relay::over(move || {
            let config = config.clone();
            async move { connect(&config).map(Transport::new) }
        });
        relay.destination(Destination::new("mx.example.net", 25))
    }

    /// What it has delivered since the last time. It answers before it delivers, and ends behind that.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let delivered = until("Exim delivers", || {
            let files: Vec<PathBuf> = fs::read_dir(self.0.spool().join("box"))
                .ok()?
                .map(|file| file.expect("a file").path())
                .filter(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("q")))
                .collect();
            Some(files).filter(|files| !files.is_empty())
        });
        let take = |file: &PathBuf| {
            let mail = fs::read(file).expect("a mail");
            fs::remove_file(file).expect("it can go");
            mail
        };
        delivered.iter().map(take).collect()
    }

    pub(crate) fn log(&self) -> String {
        self.0.log()
    }
}

pub(crate) fn connect(config: &Path) -> io::Result<tokio::net::UnixStream> {
    let (near, far) = UnixStream::pair()?;
    let far: OwnedFd = far.into();
    program("exim4")
        .arg("-C")
        .arg(config)
        // As if it came from elsewhere: of a user of this computer it believes everything.
        .args(["-odf", "-oMa", "192.0.2.1.2525", "-bs"])
        .stdin(far.try_clone()?)
        .stdout(far)
        .spawn()?;
    near.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(near)
}
