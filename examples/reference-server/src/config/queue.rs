//! `[queue]`: what waits until it is delivered.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use smtp_server::delivery::queue::RetrySchedule;
use toml::Spanned;

use super::check::Check;
use super::{duration, size};

/// A queue in a folder, with what is tried when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Queue {
    pub(crate) place: Place,
    pub(crate) schedule: RetrySchedule,
    /// The most messages.
    pub(crate) messages: u64,
    /// The most octets of all messages.
    pub(crate) octets: u64,
    /// Deliveries at once in all, and to one destination.
    pub(crate) deliveries: usize,
    pub(crate) deliveries_per_destination: usize,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Folder(PathBuf),
    /// In a database that several servers share; its address is in the file.
    #[cfg(feature = "postgres")]
    Postgres {
        address_file: PathBuf,
        /// In the place of the authorities that the system trusts.
        ca: Option<PathBuf>,
    },
}

/// The queue as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueTable {
    enabled: Option<bool>,
    folder: Option<PathBuf>,
    postgres_file: Option<Spanned<PathBuf>>,
    postgres_ca: Option<Spanned<PathBuf>>,
    lifetime: Option<Spanned<String>>,
    first_retry: Option<Spanned<String>>,
    longest_retry: Option<Spanned<String>>,
    delay_notice: Option<Spanned<String>>,
    messages: Option<Spanned<u32>>,
    size: Option<Spanned<String>>,
    deliveries: Option<Spanned<u32>>,
    deliveries_per_destination: Option<Spanned<u32>>,
}

const MESSAGES: usize = 1_000_000;
const OCTETS: u64 = 10 << 30;
const DELIVERIES: usize = 200;
const DELIVERIES_PER_DESTINATION: usize = 20;

impl Check<'_> {
    /// `folder` is where it is unless another one is named. `None` if there is to be none.
    pub(super) fn queue(&mut self, table: QueueTable, folder: PathBuf) -> Option<Queue> {
        let mut schedule = RetrySchedule::default();
        schedule.lifetime = self.duration(table.lifetime.as_ref(), schedule.lifetime);
        schedule.notification_lifetime = schedule.notification_lifetime.min(schedule.lifetime);
        schedule.first = self.duration(table.first_retry.as_ref(), schedule.first);
        let longest = schedule.longest.max(schedule.first);
        schedule.longest = self.duration(table.longest_retry.as_ref(), longest);
        if let Some(text) = table.longest_retry.as_ref().filter(|_| schedule.longest < schedule.first) {
            self.refuse(
                text,
                "the longest time between two attempts is shorter than the first",
                "write more",
            );
        }
        if let Some(text) = &table.delay_notice {
            let help = "write a whole number and a unit, such as \"4 h\", or \"never\"";
            schedule.delay_notice = self.read(text, delay, "time", help).flatten();
        }
        let help = "write a whole number and a unit, such as \"10 GiB\"";
        let octets = table.size.as_ref().and_then(|text| {
            self.read(text, |text| size::parse(text).filter(|&size| size > 0), "size", help)
        });
        let per_destination = table.deliveries_per_destination.as_ref();
        let queue = Queue {
            place: self.place(
                table.folder,
                (table.postgres_file.as_ref(), table.postgres_ca.as_ref()),
                folder,
            ),
            schedule,
            messages: self.count(table.messages.as_ref(), MESSAGES) as u64,
            octets: octets.unwrap_or(OCTETS),
            deliveries: self.count(table.deliveries.as_ref(), DELIVERIES),
            deliveries_per_destination: self.count(per_destination, DELIVERIES_PER_DESTINATION),
        };
        table.enabled.unwrap_or(true).then_some(queue)
    }
}

impl Check<'_> {
    fn place(
        &mut self,
        named: Option<PathBuf>,
        (postgres, ca): (Option<&Spanned<PathBuf>>, Option<&Spanned<PathBuf>>),
        default: PathBuf,
    ) -> Place {
        if let Some(file) = postgres {
            if named.is_some() {
                self.refuse(file, "a queue is in a folder or in a database", "leave one of them out");
            }
            self.is_file_name(file);
            if let Some(place) = self.postgres_queue(file, ca) {
                return place;
            }
        } else if let Some(ca) = ca {
            self.refuse(ca, "there is no database to be trusted", "add postgres_file, or leave the line out");
        }
        Place::Folder(self.path(named).unwrap_or(default))
    }

    /// Errors show names of files, and an address in the place of one may have a password in it.
    pub(super) fn is_file_name(&mut self, file: &Spanned<PathBuf>) {
        let name = file.get_ref().to_string_lossy();
        if name.contains("://") || name.contains('=') {
            let help = "write the address into a file that only the server can read, and name the file here";
            self.refuse(file, "this looks like the address of a database, not like the name of a file", help);
        }
    }

    #[cfg(feature = "postgres")]
    fn postgres_queue(&mut self, file: &Spanned<PathBuf>, ca: Option<&Spanned<PathBuf>>) -> Option<Place> {
        let ca = ca.map(|ca| self.folder.join(ca.get_ref()));
        Some(Place::Postgres { address_file: self.folder.join(file.get_ref()), ca })
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres_queue(&mut self, file: &Spanned<PathBuf>, _: Option<&Spanned<PathBuf>>) -> Option<Place> {
        self.lacks(file, "postgres")
    }
}

/// A time, or none.
fn delay(text: &str) -> Option<Option<Duration>> {
    if text.trim() == "never" {
        return Some(None);
    }
    duration::parse(text).filter(|time| !time.is_zero()).map(Some)
}
