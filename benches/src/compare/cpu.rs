use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// Reads the CPU time, user and system, of a process with all its descendants.
#[derive(Debug)]
pub struct CpuTime {
    ticks_in_a_second: u64,
}

/// What `/proc/PID/stat` says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    parent: u32,
    /// Its own ticks, and those of children that ended.
    ticks: u64,
}

impl CpuTime {
    /// Asks the system how long a tick is.
    pub fn new() -> Self {
        let answer = Command::new("getconf").arg("CLK_TCK").output();
        let ticks =
            answer.ok().and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().ok());
        Self { ticks_in_a_second: ticks.unwrap_or(100) }
    }

    /// The CPU time that was spent so far.
    pub fn of_tree(&self, root: u32) -> Duration {
        self.time(ticks_of_tree(root, &all_processes(), &|_| true))
    }

    /// What of it was spent by processes of this name.
    pub fn of_named(&self, root: u32, name: &str) -> Duration {
        self.time(ticks_of_tree(root, &all_processes(), &|stat| stat.name == name))
    }

    fn time(&self, ticks: u64) -> Duration {
        Duration::from_nanos(ticks * 1_000_000_000 / self.ticks_in_a_second)
    }
}

impl Default for CpuTime {
    fn default() -> Self {
        Self::new()
    }
}

fn all_processes() -> HashMap<u32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            // A process may end between the two looks.
            let text = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((id, parse(&text)?))
        })
        .collect()
}

fn ticks_of_tree(root: u32, processes: &HashMap<u32, Stat>, counts: &dyn Fn(&Stat) -> bool) -> u64 {
    let own = processes.get(&root).filter(|stat| counts(stat)).map_or(0, |stat| stat.ticks);
    let children = processes.iter().filter(|(_, stat)| stat.parent == root);
    own + children.map(|(&child, _)| ticks_of_tree(child, processes, counts)).sum::<u64>()
}

fn parse(text: &str) -> Option<Stat> {
    // The name stands in brackets and may hold anything, brackets too.
    let (before, behind_name) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    // proc(5): utime, stime, cutime and cstime are fields 14 to 17, the state is field 3.
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Stat { name: name.to_owned(), parent: fields.get(1)?.parse().ok()?, ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields_behind_a_hostile_name() {
        let text = "7 (a) b (c)) S 3 7 7 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 9";
        assert_eq!(parse(text), Some(Stat { name: "a) b (c)".to_owned(), parent: 3, ticks: 127 }));
        assert_eq!(parse("7 (a) S"), None);
    }

    #[test]
    fn adds_up_the_descendants_and_nobody_else() {
        let stat = |name: &str, parent, ticks| Stat { name: name.to_owned(), parent, ticks };
        let processes = HashMap::from([
            (1, stat("a", 0, 1)),
            (2, stat("a", 1, 10)),
            (3, stat("b", 2, 100)),
            (4, stat("b", 1, 1000)),
        ]);
        assert_eq!(ticks_of_tree(2, &processes, &|_| true), 110);
        assert_eq!(ticks_of_tree(2, &processes, &|stat| stat.name == "b"), 100);
    }
}
