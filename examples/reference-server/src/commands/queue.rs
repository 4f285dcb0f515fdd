use smtp_server::BoxError;

use crate::cli::{Chosen, QueueCommand};
use crate::config::Config;
use crate::operator::{Request, Which, ask};

pub(super) fn run(config: &Config, command: &QueueCommand) -> Result<(), BoxError> {
    if config.queue.is_none() {
        return Err("this server has no queue: [queue] enabled is false".into());
    }
    let request = match command {
        QueueCommand::List => Request::List,
        QueueCommand::Flush(chosen) => Request::Flush(which(chosen)?),
        QueueCommand::Hold(chosen) => Request::Hold(which(chosen)?),
        QueueCommand::Release(chosen) => Request::Release(which(chosen)?),
        QueueCommand::Remove { id } => Request::Remove(id.parse().map_err(|_| no_id(id))?),
    };
    ask(&config.data_dir, &request)
}

fn which(chosen: &Chosen) -> Result<Which, BoxError> {
    match (&chosen.id, &chosen.destination) {
        (Some(id), _) => Ok(Which::Message(id.parse().map_err(|_| no_id(id))?)),
        (None, Some(name)) if name.is_empty() || name.contains(char::is_control) => {
            Err(format!("{name:?} is no destination; see them with list").into())
        }
        (None, Some(name)) => Ok(Which::Destination(name.clone())),
        (None, None) => Ok(Which::All),
    }
}

fn no_id(text: &str) -> BoxError {
    format!("{text:?} is no message of a queue; see their names with list").into()
}
