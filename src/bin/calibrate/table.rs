//! Writes the tables.

use std::collections::BTreeMap;

use weighbridge::hardware::efficiency::{Coefficients, Terms};

use super::fit::Fit;

/// Writes efficiencies and terms, and how much was measured.
pub fn write(fit: &Fit) {
    std::fs::write("data/measured.csv", weighbridge::hardware::measurement::counts()).unwrap();
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_path("data/efficiencies.csv")
        .unwrap();
    let names = ["level", "name"].into_iter().chain(Coefficients::NAMES);
    writer.write_record(names).unwrap();
    for (level, name, coefficients) in fit.table() {
        let level: &'static str = level.into();
        let record = [level.to_owned(), name]
            .into_iter()
            .chain(coefficients.to_array().map(short));
        writer.write_record(record).unwrap();
    }
    writer.flush().unwrap();
    let mut writer = csv::Writer::from_path("data/efficiency_terms.csv").unwrap();
    writer.write_record(["name", "value", "about"]).unwrap();
    for ((name, value), about) in Terms::NAMES.iter().zip(fit.term_values()).zip(Terms::ABOUT) {
        writer.write_record([name, short(value).as_str(), about]).unwrap();
    }
    writer.flush().unwrap();
}

/// Writes the sizes of the models that were measured.
pub fn models(models: &BTreeMap<String, u64>) {
    let mut writer = csv::Writer::from_path("data/measured_models.csv").unwrap();
    writer.write_record(["model", "active"]).unwrap();
    for (id, active) in models {
        writer.write_record([id.as_str(), active.to_string().as_str()]).unwrap();
    }
    writer.flush().unwrap();
}

/// Three digits are more than the fit knows.
fn short(value: f64) -> String {
    if value < 1e-12 {
        return "0".to_owned();
    }
    if (value - 1.0).abs() < 5e-4 {
        return "1".to_owned();
    }
    if !(1e-3..1e6).contains(&value) {
        return format!("{value:.2e}");
    }
    let digits = (2 - value.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
