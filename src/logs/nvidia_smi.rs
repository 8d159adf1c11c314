//! nvidia-smi: its table, and `--query-gpu=… --format=csv` with its header.

use super::line::{name, whole};
use super::{Card, Log};
use crate::limits;

const MIB: u64 = 1 << 20;

/// Reads line by line: a card's name stands a line above its memory, a column's name at the top.
#[derive(Debug, Default)]
pub(super) struct Reader {
    named: Option<String>,
    columns: Option<Columns>,
}

#[derive(Debug)]
struct Columns {
    name: Option<usize>,
    used: Option<usize>,
    total: Option<usize>,
}

impl Reader {
    /// Takes what a line says.
    pub(super) fn take(&mut self, log: &mut Log, text: &str) {
        let text = text.trim();
        if text.contains("memory.used") || text.contains("memory.total") {
            let at = |key: &str| text.split(',').position(|cell| cell.trim().starts_with(key));
            self.columns = Some(Columns {
                name: at("name").or_else(|| at("gpu_name")),
                used: at("memory.used"),
                total: at("memory.total"),
            });
        } else if text.starts_with('|') {
            self.row(log, text);
        } else if let Some(columns) = &self.columns {
            let cell = |at: Option<usize>| at.and_then(|at| text.split(',').nth(at));
            let mib = |at: Option<usize>| cell(at).and_then(whole).map(|count| count.saturating_mul(MIB));
            let (used, total) = (mib(columns.used), mib(columns.total));
            if used.is_none() && total.is_none() {
                self.columns = None;
                return;
            }
            add(log, cell(columns.name).map(name).unwrap_or_default(), used, total);
        }
    }
    fn row(&mut self, log: &mut Log, text: &str) -> Option<()> {
        let mut cells = text.split('|').skip(1);
        let first = cells.next()?.trim();
        if let Some(cell) = text.split('|').find(|cell| cell.contains("MiB /")) {
            let (used, total) = cell.split_once('/')?;
            let mib = |text: &str| whole(text).map(|count| count.saturating_mul(MIB));
            // A part of a card (MIG) has a row of its own, without a name.
            let named = self.named.take()?;
            add(log, named, mib(used), mib(total));
            return Some(());
        }
        let (index, rest) = first.split_once(char::is_whitespace)?;
        index.parse::<u16>().ok()?;
        // Persistence mode stands behind the name.
        let rest = rest.trim();
        let card = rest
            .strip_suffix("Off")
            .or_else(|| rest.strip_suffix("On"))
            .unwrap_or(rest);
        // Rows of processes begin with a number too.
        if cells.next().is_some_and(|bus| bus.contains(':')) {
            self.named = Some(name(card.trim().trim_end_matches("...")));
        }
        Some(())
    }
}

fn add(log: &mut Log, card: String, used: Option<u64>, total: Option<u64>) {
    // An engine may have named the card before.
    let known = log
        .cards
        .iter_mut()
        .find(|known| known.used.is_none() && known.name.starts_with(&card));
    if let Some(known) = known {
        (known.used, known.total) = (used, total.or(known.total));
        return;
    }
    if log.cards.len() < limits::LOG_PLACES {
        log.cards.push(Card {
            name: card,
            total,
            used,
        });
    }
}
