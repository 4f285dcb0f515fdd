use smtp_server::BoxError;

use crate::config::Config;
use crate::{descriptors, log, server};

pub(super) fn run(config: Config) -> Result<(), BoxError> {
    log::start(config.log);
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    descriptors::raise(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(server::run(config))
}
