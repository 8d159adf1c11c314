//! The table of machines: `data/hosts.csv`, cloud instances and typical builds, each with its source.

use std::sync::LazyLock;

use serde::Serialize;

use super::device::{Device, find};
use crate::tables::{self, Row};

const TABLE: &str = include_str!("../../data/hosts.csv");

/// A machine: so many devices of one kind, their links, its RAM and its price.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Host {
    /// Stable id: `aws-p5-48xlarge`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Who offers it.
    pub provider: String,
    /// Id of its devices.
    pub device_id: String,
    /// How many of them.
    pub device_count: u64,
    /// Virtual processors.
    pub vcpus: Option<u64>,
    /// RAM in bytes.
    pub host_memory_bytes: Option<u64>,
    /// What links its devices.
    pub link_name: String,
    /// That link, bytes a second in one direction and for each device.
    pub link_bytes_per_s: Option<f64>,
    /// Network of the machine, bytes a second.
    pub network_bytes_per_s: Option<f64>,
    /// US dollars an hour for the whole machine.
    pub price_usd_h: Option<f64>,
    /// When that price held; empty where nobody wrote it down.
    pub price_date: String,
    /// Who says so.
    pub price_source: String,
    /// Anything to know.
    pub note: String,
    /// Where the row is from.
    pub source: String,
}

impl Host {
    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(Self {
            id: row.text("id"),
            name: row.text("name"),
            provider: row.text("provider"),
            device_id: row.text("device_id"),
            device_count: row.of("device_count")?,
            vcpus: row.maybe("vcpus")?,
            host_memory_bytes: row.maybe("host_memory_bytes")?,
            link_name: row.text("link_name"),
            link_bytes_per_s: row.maybe("link_bytes_per_s")?,
            network_bytes_per_s: row.maybe("network_bytes_per_s")?,
            price_usd_h: row.maybe("price_usd_h")?,
            price_date: row.text("price_date"),
            price_source: row.text("price_source"),
            note: row.text("note"),
            source: row.text("source"),
        })
    }
    /// Its name with whose it is: several offer machines of one name. `AWS p5.48xlarge`.
    pub fn full_name(&self) -> String {
        match self.provider.as_str() {
            "" | "own hardware" => self.name.clone(),
            provider if self.name.contains(provider) => self.name.clone(),
            provider => format!("{provider} {}", self.name),
        }
    }
    /// Its devices' row.
    pub fn device(&self) -> Option<&'static Device> {
        find(&self.device_id)
    }
    /// US dollars an hour for one of its devices.
    pub fn price_per_device(&self) -> Option<f64> {
        Some(self.price_usd_h? / self.device_count.max(1) as f64)
    }
    /// Who asks the price, and when, in words.
    pub fn price_basis(&self) -> String {
        match self.price_date.as_str() {
            "" => format!("{}, date unknown", self.price_source),
            date => format!("{}, {date}", self.price_source),
        }
    }
}

/// Every machine of the table.
pub fn hosts() -> &'static [Host] {
    static HOSTS: LazyLock<Vec<Host>> = LazyLock::new(|| {
        // A row that does not parse is left out; a test counts them.
        tables::read(TABLE, Host::from_row)
    });
    &HOSTS
}

/// The machine with this id.
pub fn find_host(id: &str) -> Option<&'static Host> {
    hosts().iter().find(|host| host.id.eq_ignore_ascii_case(id))
}

/// Machines with devices of this kind.
pub fn hosts_of(device: &str) -> impl Iterator<Item = &'static Host> {
    hosts().iter().filter(move |host| host.device_id == device)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_machines_are_called_the_same() {
        let names: BTreeSet<String> = hosts().iter().map(Host::full_name).collect();
        assert_eq!(names.len(), hosts().len());
        assert_eq!(find_host("aws-p5-48xlarge").unwrap().full_name(), "AWS p5.48xlarge");
        assert_eq!(
            find_host("lambda-1x-h100-sxm").unwrap().full_name(),
            "Lambda 1x H100 SXM"
        );
    }
}
