//! How the database is reached.

use std::net::IpAddr;

use smtp_core::{BoxError, Secret};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};

use super::PostgresOptions;

/// What makes TLS with a database: any connector of the driver `tokio_postgres`.
pub trait PostgresTls:
    MakeTlsConnect<Socket, Stream: Send + Sync, TlsConnect: Send + Sync + TlsConnect<Socket, Future: Send>>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<T> PostgresTls for T where
    T: MakeTlsConnect<
            Socket,
            Stream: Send + Sync,
            TlsConnect: Send + Sync + TlsConnect<Socket, Future: Send>,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// The address, understood, and with TLS unless it is on this host.
pub(super) fn config(address: &Secret, has_tls: bool, options: &PostgresOptions) -> Result<Config, BoxError> {
    let address = address.expose_str().ok_or("the address of the database is not UTF-8")?;
    // The error names a key, but never a value.
    let mut config: Config =
        address.parse().map_err(|error| format!("the address of the database is malformed: {error}"))?;
    config.connect_timeout(options.timeout).tcp_user_timeout(options.timeout);
    config.application_name(config.get_application_name().unwrap_or("smtp directory").to_owned());
    let local = is_local(&config);
    match config.get_ssl_mode() {
        SslMode::Prefer if local => config.ssl_mode(SslMode::Disable),
        _ if local || options.without_tls => &mut config,
        _ if !has_tls => return Err("a database on another host needs TLS".into()),
        _ => config.ssl_mode(SslMode::Require),
    };
    Ok(config)
}

/// Whether all servers are on this host.
fn is_local(config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_here),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_host_only() {
        let table = [
            ("host=db.example", true, false, Some(SslMode::Require)),
            ("host=db.example", false, false, None),
            ("host=db.example sslmode=disable", true, false, Some(SslMode::Require)),
            ("host=db.example sslmode=disable", false, true, Some(SslMode::Disable)),
            ("host=localhost,db.example", false, false, None),
            ("host=localhost hostaddr=192.0.2.1", false, false, None),
            ("host=localhost", false, false, Some(SslMode::Disable)),
            ("host=localhost sslmode=require", true, false, Some(SslMode::Require)),
            ("host=/run/postgresql", false, false, Some(SslMode::Disable)),
            ("postgres://smtpd@[::1]/mail", false, false, Some(SslMode::Disable)),
            ("postgres://smtpd@192.0.2.1/mail", true, false, Some(SslMode::Require)),
        ];
        for (address, has_tls, without, expected) in table {
            let options = PostgresOptions { without_tls: without, ..PostgresOptions::default() };
            let config = config(&address.into(), has_tls, &options);
            assert_eq!(config.ok().map(|config| config.get_ssl_mode()), expected, "{address}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let options = PostgresOptions::default();
        for address in [
            "postgres://smtpd:hunter2@localhost/mail?color=hunter2",
            "postgres://smtpd:hunter2@localhost:port/mail",
            "host=localhost password=hunter2 port=hunter2",
        ] {
            let error = config(&address.into(), false, &options).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let config = config(&"host=/run user=x password=hunter2".into(), false, &options).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }
}
