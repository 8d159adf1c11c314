//! What a config says about packing, for those formats that the tensors alone do not tell.

use serde_json::{Map, Value};

use crate::model::quantisation::{Form, Modules, Work};

/// `quantization_config` as far as packing goes.
#[derive(Debug, Default)]
pub(super) struct Packing {
    settings: Map<String, Value>,
    /// `quantization` of mlx: overrides by module.
    mlx: Map<String, Value>,
    /// Bits of each group of compressed-tensors and whom it means.
    groups: Vec<(u64, Modules)>,
    /// Format of DeepSeek's experts.
    pub expert_bits: Option<u64>,
}

impl Packing {
    /// Reads a config; anything that makes no sense counts as absent.
    pub fn of(config: &Value) -> Self {
        let nested = |key: &str| {
            let inside = ["text_config", "llm_config", "language_config"]
                .iter()
                .find_map(|part| config.get(part)?.get(key)?.as_object());
            config.get(key).and_then(Value::as_object).or(inside).cloned()
        };
        let settings = nested("quantization_config").unwrap_or_default();
        let groups = settings.get("config_groups").and_then(Value::as_object);
        let groups = groups.into_iter().flat_map(Map::values).take(1000).filter_map(|group| {
            let bits = group.get("weights")?.get("num_bits")?.as_u64().filter(in_range)?;
            let targets = group.get("targets").and_then(Value::as_array).into_iter().flatten();
            let named = targets.filter_map(Value::as_str).filter(|name| *name != "Linear");
            Some((bits, modules(named)))
        });
        let expert_bits = match config.get("expert_dtype").and_then(Value::as_str) {
            Some("fp4") => Some(4),
            Some("fp8") => Some(8),
            _ => None,
        };
        Self {
            groups: groups.collect(),
            mlx: nested("quantization").unwrap_or_default(),
            settings,
            expert_bits,
        }
    }
    /// `quant_method`, in lower case.
    pub fn method(&self) -> String {
        let method = self.settings.get("quant_method").and_then(Value::as_str);
        method.unwrap_or_default().to_ascii_lowercase()
    }
    /// `bits`, wherever the method keeps it.
    pub fn bits(&self) -> Option<u64> {
        let inner = self
            .settings
            .get("quant_config")
            .and_then(|inner| inner.get("weight_quant_params"));
        self.settings
            .get("bits")
            .or_else(|| inner?.get("nbits"))
            .and_then(Value::as_u64)
            .filter(in_range)
    }
    /// `num_bits` of compressed-tensors for a module.
    pub fn compressed_bits(&self, module: &str) -> Option<u64> {
        let work = Work::default();
        let named = self.groups.iter().find(|(_, targets)| targets.speaks_of(module, &work));
        let general = || {
            self.groups
                .iter()
                .find(|(_, targets)| targets.is_empty())
                .or(self.groups.first())
        };
        named.or_else(general).map(|(bits, _)| *bits)
    }
    /// Group size of mlx for a module.
    pub fn mlx_group(&self, module: &str) -> Option<u64> {
        let own = self.mlx.get(module).and_then(|own| own.get("group_size"));
        own.or_else(|| self.mlx.get("group_size"))
            .and_then(Value::as_u64)
            .filter(|size| (1..=65_536).contains(size))
    }
    /// Whether the config describes mlx's packing.
    pub fn is_mlx(&self) -> bool {
        !self.mlx.is_empty()
    }
}

/// Names and `re:` expressions, as targets mix them.
fn modules<'a>(targets: impl Iterator<Item = &'a str>) -> Modules {
    let mut all = Modules::default();
    for target in targets {
        match target.strip_prefix("re:") {
            Some(pattern) => all.regex(pattern, false),
            None => all.add(Form::Words, target),
        }
    }
    all
}

fn in_range(bits: &u64) -> bool {
    (1..=32).contains(bits)
}
