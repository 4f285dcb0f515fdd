//! Why a question has no answer.

use std::error::Error as _;
use std::fmt;

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What the server said, or that it said nothing.
#[derive(Debug)]
pub(super) enum Failure {
    Said(Error),
    /// What this side has to say, of the query and of what came.
    Wrong(String),
    /// There is no connection, or no answer in time.
    Away(String),
}

/// Classes of errors that stay until somebody corrects the query, or what it asks: data, transactions that
/// must not write, names and rights (PostgreSQL, appendix A).
const LASTING: [&str; 4] = ["22", "25", "3F", "42"];

impl Failure {
    pub(super) fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong(what.into())
    }

    /// Whether it is the query that does not fit the database.
    pub(super) fn is_misfit(&self) -> bool {
        match self {
            Self::Said(error) => {
                let class = error.code().and_then(|code| code.code().get(..2));
                class.is_some_and(|class| LASTING.contains(&class))
            }
            Self::Wrong(_) => true,
            Self::Away(_) => false,
        }
    }

    /// Whether the connection, or what was prepared on it, is of the past.
    pub(super) fn is_stale(&self) -> bool {
        let Self::Said(error) = self else { return false };
        let stale =
            [SqlState::ADMIN_SHUTDOWN, SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME];
        error.is_closed() || error.code().is_some_and(|code| stale.contains(code))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Said(error),
            error => Self::Away(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(error) => match (error.as_db_error(), error.source()) {
                // Details have values in them.
                (Some(said), _) => {
                    write!(f, "{}: {} ({})", said.severity(), said.message(), said.code().code())
                }
                (None, Some(cause)) => write!(f, "{error}: {cause}"),
                (None, None) => error.fmt(f),
            },
            Self::Wrong(what) | Self::Away(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}
