//! What a knob offers: which choices engine and device allow, why not the others, and what "automatic" stands for.

use strum::IntoEnumIterator;

use super::cache_format::wanted_cache;
use super::cost::price;
use super::kv_support;
use super::memory::bits_per_weight;
use super::resolve::automatic_engine;
use super::setup::Setup;
use super::time::MOST;
use crate::hardware::compatibility::{engines, support};
use crate::hardware::efficiency::coefficients;
use crate::hardware::{Device, Engine};
use crate::scenario::{KnobId, KnobKind, KvFormat};
use crate::units::{decimal, dollars};

/// A choice of a knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnobOption {
    /// Its key.
    pub key: &'static str,
    /// Its name; of "automatic", what that stands for now.
    pub label: String,
    /// What it means.
    pub help: String,
    /// Why it does not run here; `None` where it does, or without a device.
    pub refused: Option<&'static str>,
}

/// A share of what the data sheet says.
fn share(of_sheet: f64) -> String {
    format!("{:.0} %", 100.0 * of_sheet)
}

impl Setup {
    /// The choices of a knob, in the order of its menu; none where it is no menu.
    pub fn options(&self, id: KnobId) -> Vec<KnobOption> {
        let Some(KnobKind::Choice(rows)) = id.knob().map(|knob| knob.kind) else {
            return Vec::new();
        };
        let rows = rows().into_iter();
        rows.map(|row| KnobOption {
            label: (row.key == "auto")
                .then(|| self.automatic(id))
                .flatten()
                .unwrap_or(row.label),
            refused: self.device().and_then(|device| self.refusal(id, row.key, device)),
            key: row.key,
            help: row.help,
        })
        .collect()
    }
    /// What "automatic" of a knob stands for; `None` where its own name says it.
    pub fn automatic(&self, id: KnobId) -> Option<String> {
        Some(match id {
            KnobId::Weights => format!("{} (as published)", self.blueprint.published.method),
            KnobId::KvCache => format!("{} (as the engine keeps it)", self.usual_cache().label),
            KnobId::Engine => {
                let engine = automatic_engine(&self.blueprint, &self.requested, self.device());
                format!("{} (automatic)", engine.label())
            }
            KnobId::LatentCache => "Latent (as the engine does)".to_owned(),
            KnobId::MemoryFraction => match self.static_thousandths() {
                Some(share) => format!("{} % before the activations", decimal(share as f64 / 10.0)),
                None => format!("{} %", self.engine.memory_percent()),
            },
            KnobId::ComputeEfficiency => share(coefficients(self.engine, self.device()?)?.compute.min(MOST)),
            // No kernel is taken to reach more, whatever was fitted.
            KnobId::BandwidthEfficiency => share(coefficients(self.engine, self.device()?)?.bandwidth.min(MOST)),
            KnobId::Price => {
                let free = self.with(|scenario| scenario.hardware.price = None).ok()?;
                let all = price(&free)?.usd_per_hour;
                dollars(all / self.layout.devices.max(1) as f64)
            }
            _ => return None,
        })
    }
    /// What is to be known of a knob as it stands.
    pub fn remark(&self, id: KnobId) -> Option<String> {
        match id {
            KnobId::Weights => {
                let bits = bits_per_weight(self);
                Some(if (bits - bits.round()).abs() < 0.005 {
                    format!("{bits:.0} bits per weight")
                } else {
                    format!("{bits:.2} bits per weight")
                })
            }
            KnobId::KvCache if self.one_kv_format() => Some("K and V the same".to_owned()),
            _ => None,
        }
    }
    /// Why a choice does not run on a device: engines by the format, formats by the engine or, where none is chosen, by any.
    fn refusal(&self, id: KnobId, key: &str, device: &Device) -> Option<&'static str> {
        if key == "auto" {
            return None;
        }
        let chosen = self.requested.serving.engine;
        match id {
            KnobId::Engine => {
                let published = &*self.blueprint.published.format.id;
                let format = self.requested.precision.weights.unwrap_or(published);
                let found = support(format, device, key.parse().ok()?);
                (!found.runs()).then_some(found.words)
            }
            KnobId::Weights => match chosen {
                Some(engine) => {
                    let found = support(key, device, engine);
                    (!found.runs()).then_some(found.words)
                }
                None => engines(key, device)
                    .is_empty()
                    .then_some("no engine runs it on this device"),
            },
            KnobId::KvCache | KnobId::ValueCache => {
                let format = KvFormat::iter().find(|format| format.key() == key)?;
                let mut wanted = wanted_cache(&self.requested);
                match id {
                    KnobId::ValueCache => wanted.values = format,
                    _ => wanted.keys = format,
                }
                let usual = || kv_support::usual(&self.weights.format.id, wanted, device);
                let engine: Engine = chosen.or_else(usual)?;
                let found = kv_support::support(wanted, device, engine);
                (!found.runs()).then_some(found.words)
            }
            _ => None,
        }
    }
}
