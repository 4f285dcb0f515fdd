use std::fmt::Write as _;

/// What one server needed for one load: microseconds of CPU time for each message, a figure for
/// each round. Without figures where the server could not take the load.
pub type Cell = Vec<f64>;

/// One load, with a cell for each server; the floor's is the first.
#[derive(Debug)]
pub struct Row {
    /// The load.
    pub load: &'static str,
    /// Octets in a message.
    pub size: u64,
    /// The figures, in the order of the servers.
    pub cells: Vec<Cell>,
}

/// Lays out the table: medians, their spread, and the ratio to the floor.
///
/// The ratio is the median of the ratios within each round, so that what slows the machine down
/// for a while slows down both sides of it.
pub fn print(servers: &[String], rows: &[Row]) -> String {
    let mut table = format!(
        "{:<18} {:<14} {:>12} {:>23} {:>9} {:>10}\n",
        "load", "server", "us/message", "lowest..highest", "x floor", "s/GiB"
    );
    for row in rows {
        for (server, cell) in servers.iter().zip(&row.cells) {
            let _ = writeln!(table, "{:<18} {server:<14} {}", row.load, figures(row, cell));
        }
    }
    table
}

fn figures(row: &Row, cell: &Cell) -> String {
    let Some(median_cost) = median(cell) else {
        return format!("{:>12}", "-");
    };
    let lowest = cell.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = cell.iter().copied().fold(0.0, f64::max);
    let spread = format!("{lowest:.2}..{highest:.2}");
    let floor = row.cells.first().map_or(&[][..], Vec::as_slice);
    let ratios: Vec<f64> = cell.iter().zip(floor).map(|(cost, floor)| cost / floor).collect();
    let ratio = median(&ratios).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    let gib = median_cost / 1e6 * (1u64 << 30) as f64 / row.size as f64;
    let gib = if row.size < 1 << 20 { String::new() } else { format!("{gib:.3}") };
    format!("{median_cost:>12.2} {spread:>23} {ratio:>9} {gib:>10}").trim_end().to_owned()
}

/// The middle one; `None` if there are none.
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 { *upper } else { (sorted[middle - 1] + upper) / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_taken_within_each_round() {
        // The machine was ten times slower in the second round.
        let cells = vec![vec![10.0, 100.0, 10.0], vec![15.0, 150.0, 15.0], vec![]];
        let servers = ["floor", "ours", "old"].map(str::to_owned);
        let table = print(&servers, &[Row { load: "many", size: 1 << 20, cells }]);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["many", "floor", "10.00", "10.00..100.00", "1.00", "0.010"]);
        assert_eq!(lines[2], ["many", "ours", "15.00", "15.00..150.00", "1.50", "0.015"]);
        assert_eq!(lines[3], ["many", "old", "-"]);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
