use rusqlite::Connection;

use super::StoreError;

/// What tells a queue from the databases of others: `smtq`.
const APPLICATION: i32 = 0x736d_7471;

/// What leads from each version to the next; the first makes an empty database version 1. What is here
/// stays as it is: changes go behind it.
const STEPS: [&str; 2] = [
    "
CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    arrival INTEGER NOT NULL,
    release INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    entry TEXT NOT NULL
) STRICT;

CREATE TABLE content (
    message INTEGER PRIMARY KEY,
    octets BLOB NOT NULL
) STRICT;

CREATE TABLE job (
    message INTEGER NOT NULL,
    number INTEGER NOT NULL,
    destination TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'held')),
    priority INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    due INTEGER NOT NULL,
    notice INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    told INTEGER,
    recipients TEXT NOT NULL,
    PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_waiting ON job (destination, due) WHERE state = 'waiting';
CREATE INDEX job_ready ON job (destination, priority DESC, turn, due) WHERE state = 'ready';
CREATE INDEX job_held ON job (destination) WHERE state = 'held';
CREATE INDEX job_notice ON job (notice) WHERE state <> 'held';
",
    "
ALTER TABLE job RENAME TO job_1;
DROP INDEX job_waiting;
DROP INDEX job_ready;
DROP INDEX job_held;
DROP INDEX job_notice;

CREATE TABLE job (
    message INTEGER NOT NULL,
    number INTEGER NOT NULL,
    destination TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'waiting', 'ready', 'held')),
    priority INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    due INTEGER NOT NULL,
    notice INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    told INTEGER,
    recipients TEXT NOT NULL,
    PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;
INSERT INTO job SELECT * FROM job_1;
DROP TABLE job_1;

CREATE INDEX job_waiting ON job (destination, due) WHERE state = 'waiting';
CREATE INDEX job_ready ON job (destination, priority DESC, turn, due) WHERE state = 'ready';
CREATE INDEX job_held ON job (destination) WHERE state = 'held';
CREATE INDEX job_notice ON job (notice) WHERE state IN ('waiting', 'ready');
",
];

/// Makes the tables, or brings those of an earlier version up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (application != 0 || version != 0 || tables != 0) {
        return Err(StoreError::Final("this is another program's database".into()));
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > STEPS.len() {
        let known = STEPS.len();
        let error = format!("made by a later version of this program: schema {version}, known up to {known}");
        return Err(StoreError::Final(error.into()));
    }
    for (step, version) in STEPS.iter().zip(1..).skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_version_is_brought_up_to_date() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let job = "INSERT INTO job VALUES (7, 1, 'x.example', 'ready', 2, 3, 4, 5, 6, NULL, '[]')";
        connection.execute_batch(job).unwrap();
        let read = |connection: &Connection| {
            let sql = "SELECT json_array(message, number, destination, state, priority, turn, due, notice, attempts,
                told, recipients) FROM job";
            connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
        };
        let before = read(&connection);
        prepare(&mut connection).unwrap();
        assert_eq!(read(&connection), before);
        connection.execute_batch("UPDATE job SET state = 'new'").unwrap();
        let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
        assert_eq!(version.unwrap() as usize, STEPS.len());
    }
}
