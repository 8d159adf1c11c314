//! The matrix as a file.

use std::fmt::Write as _;

use weighbridge::export::VERSION;

use super::verdicts::Verdicts;
use crate::app::hardware::facts::price;

/// One verdict a line, for the rows that are shown.
pub fn csv(verdicts: &Verdicts, rows: &[usize], link: &str) -> String {
    let mut out = format!("# Weighbridge {VERSION}: {link}\n");
    out.push_str("hardware,name,format,engine,verdict,needed_bytes,capacity_bytes,tokens_per_second,tokens_per_second_low,tokens_per_second_high,price_usd_per_hour,note\n");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    for &row in rows {
        let Some(device) = verdicts.devices.get(row) else {
            continue;
        };
        for (at, column) in verdicts.columns.iter().enumerate() {
            let Some(one) = verdicts.cell(row, at) else { continue };
            let (value, low, high) = one.pace.map_or_else(Default::default, |pace| {
                (
                    format!("{:.3}", pace.expected),
                    format!("{:.3}", pace.low),
                    format!("{:.3}", pace.high),
                )
            });
            let price = price(device).map(|price| format!("{price:.3}")).unwrap_or_default();
            let _ = writeln!(
                out,
                "{},{},{},{},{},{},{},{value},{low},{high},{price},{}",
                quoted(&device.id),
                quoted(&device.name),
                column.key,
                one.engine.key(),
                one.verdict,
                one.total,
                one.capacity,
                quoted(one.why)
            );
        }
    }
    out
}
