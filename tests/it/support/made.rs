//! Headers made for tests: of safetensors, of GGUF, and those of whole models.

use serde_json::{Map, Value, json};
use weighbridge::model::Blueprint;
use weighbridge::model::headers::{Header, Limits, Need, TensorList, gguf, safetensors};

/// A tensor to be written: name, type, shape outermost first.
pub type Row = (String, &'static str, Vec<u64>);

/// The header of a safetensors file of these tensors (without the data) and the size the whole file would have.
pub fn safetensors_header(rows: &[Row]) -> (Vec<u8>, u64) {
    let mut entries = Map::new();
    let mut at = 0_u64;
    for (name, dtype, shape) in rows {
        let elements: u64 = shape.iter().product();
        let (_, bits) = safetensors::dtype(dtype).block.expect("a known type");
        let end = at + (elements * bits).div_ceil(8);
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]});
        assert!(entries.insert(name.clone(), entry).is_none(), "{name} twice");
        at = end;
    }
    let text = Value::Object(entries).to_string();
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend(text.as_bytes());
    let size = out.len() as u64 + at;
    (out, size)
}

/// Reads it back as a list.
pub fn safetensors_list(rows: &[Row]) -> TensorList {
    let (bytes, size) = safetensors_header(rows);
    let read = safetensors::read(&bytes, &Limits::local(size)).expect("a valid header");
    let Need::Done(header) = read else { panic!("not done") };
    TensorList::new(vec![header]).expect("one header")
}

/// Every tensor a checkpoint of this model would have, one an expert, without those tied.
pub fn rows_of(blueprint: &Blueprint, dtype: &'static str) -> Vec<Row> {
    let mut all = Vec::new();
    for (place, tensor) in blueprint.tensors().filter(|(_, tensor)| !tensor.tied) {
        let shape: Vec<u64> = tensor.dims.iter().map(|dim| dim.value).collect();
        let copies = tensor.copies.as_ref().map_or(1, |copies| copies.value);
        let layers: Vec<Option<u64>> = match place.kind {
            Some(kind) => (0..blueprint.layers.value)
                .filter(|layer| blueprint.layout.kind_at(*layer) == Some(kind))
                .map(Some)
                .collect(),
            None => vec![None],
        };
        // Towers carry the number of their own layers in the name.
        let repeats = if tensor.name.contains("{i}") {
            place.repeats()
        } else {
            1
        };
        for (layer, own) in layers
            .into_iter()
            .flat_map(|layer| (0..repeats).map(move |own| (layer, own)))
        {
            for expert in 0..copies {
                let name = tensor.name.replace("{e}", &expert.to_string());
                let name = name.replace("{i}", &own.to_string());
                let name = match layer {
                    Some(layer) => format!("model.layers.{layer}.{name}"),
                    None if name.starts_with("lm_head") => name,
                    None => format!("model.{name}"),
                };
                all.push((name, dtype, shape.clone()));
            }
        }
    }
    all
}

/// A value of a GGUF key.
pub enum Key {
    U32(u32),
    F32(f32),
    Text(&'static str),
    Texts(Vec<String>),
    U32s(Vec<u32>),
}

/// Writes a GGUF header and pads it; data is not written. Shapes outermost first, as everywhere here.
pub struct Gguf {
    pub version: u32,
    pub big: bool,
    pub keys: Vec<(String, Key)>,
    /// Name, shape, type id, bytes.
    pub tensors: Vec<(String, Vec<u64>, u32, u64)>,
}

impl Gguf {
    pub fn new(version: u32, big: bool) -> Self {
        Self {
            version,
            big,
            keys: Vec::new(),
            tensors: Vec::new(),
        }
    }
    pub fn key(mut self, name: &str, value: Key) -> Self {
        self.keys.push((name.to_owned(), value));
        self
    }
    pub fn tensor(mut self, name: &str, shape: &[u64], kind: u32) -> Self {
        let (_, _, block, bytes) = weighbridge::model::headers::ggml_types::all()
            .find(|row| row.0 == kind)
            .expect("a known type");
        let bytes = shape.iter().product::<u64>() / block * bytes;
        self.tensors.push((name.to_owned(), shape.to_vec(), kind, bytes));
        self
    }
    fn u32(&self, out: &mut Vec<u8>, value: u32) {
        out.extend(if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
    fn u64(&self, out: &mut Vec<u8>, value: u64) {
        out.extend(if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
    fn size(&self, out: &mut Vec<u8>, value: u64) {
        if self.version == 1 {
            self.u32(out, value as u32);
        } else {
            self.u64(out, value);
        }
    }
    fn text(&self, out: &mut Vec<u8>, text: &str) {
        self.size(out, text.len() as u64);
        out.extend(text.as_bytes());
    }
    /// The header, padded, and the size of the whole file.
    pub fn write(&self) -> (Vec<u8>, u64) {
        let mut out = b"GGUF".to_vec();
        self.u32(&mut out, self.version);
        self.size(&mut out, self.tensors.len() as u64);
        self.size(&mut out, self.keys.len() as u64);
        for (name, value) in &self.keys {
            self.text(&mut out, name);
            match value {
                Key::U32(value) => {
                    self.u32(&mut out, 4);
                    self.u32(&mut out, *value);
                }
                Key::F32(value) => {
                    self.u32(&mut out, 6);
                    self.u32(&mut out, value.to_bits());
                }
                Key::Text(text) => {
                    self.u32(&mut out, 8);
                    self.text(&mut out, text);
                }
                Key::Texts(texts) => {
                    self.u32(&mut out, 9);
                    self.u32(&mut out, 8);
                    self.size(&mut out, texts.len() as u64);
                    texts.iter().for_each(|text| self.text(&mut out, text));
                }
                Key::U32s(values) => {
                    self.u32(&mut out, 9);
                    self.u32(&mut out, 4);
                    self.size(&mut out, values.len() as u64);
                    values.iter().for_each(|value| self.u32(&mut out, *value));
                }
            }
        }
        let mut at = 0_u64;
        for (name, shape, kind, bytes) in &self.tensors {
            self.text(&mut out, name);
            self.u32(&mut out, shape.len() as u32);
            for size in shape.iter().rev() {
                self.size(&mut out, *size);
            }
            self.u32(&mut out, *kind);
            self.u64(&mut out, at);
            at += bytes.div_ceil(32) * 32;
        }
        out.resize(out.len().div_ceil(32) * 32, 0);
        let size = out.len() as u64 + at;
        (out, size)
    }
    /// Written and read back.
    pub fn read(&self) -> Header {
        let (bytes, size) = self.write();
        let mut reader = gguf::Reader::new(Limits::local(size));
        match reader.read(&bytes).expect("a valid header") {
            Need::Done(header) => header,
            Need::More { upto } => panic!("wants {upto}"),
        }
    }
}

/// A small GGUF with a key of each kind, in any version and byte order.
pub fn small_gguf(version: u32, big: bool) -> Gguf {
    Gguf::new(version, big)
        .key("general.architecture", Key::Text("llama"))
        .key("llama.embedding_length", Key::U32(64))
        .key("llama.heads", Key::U32s(vec![1, 2, 3]))
        .key(
            "tokenizer.ggml.tokens",
            Key::Texts((0..50).map(|at| format!("t{at}")).collect()),
        )
        .tensor("token_embd.weight", &[50, 64], 2)
        .tensor("blk.0.attn_norm.weight", &[64], 0)
        .tensor("blk.0.attn_q.weight", &[64, 64], 30)
}

/// A dense or MoE decoder of llama.cpp's naming, types as llama.cpp picks them for Q4_K_M, roughly.
pub fn llama_gguf(experts: u64) -> Gguf {
    let (hidden, width, vocabulary, layers, kv) = (4096_u64, 11_008_u64, 32_000_u64, 32_u64, 4096_u64);
    let mut file = Gguf::new(3, false)
        .key("general.architecture", Key::Text("llama"))
        .key("llama.block_count", Key::U32(layers as u32))
        .key("llama.context_length", Key::U32(4096))
        .key("llama.embedding_length", Key::U32(hidden as u32))
        .key("llama.feed_forward_length", Key::U32(width as u32))
        .key("llama.attention.head_count", Key::U32(32))
        .key("llama.attention.head_count_kv", Key::U32(32))
        .key("llama.attention.layer_norm_rms_epsilon", Key::F32(1e-5))
        .key(
            "tokenizer.ggml.tokens",
            Key::Texts((0..vocabulary).map(|at| format!("<{at}>")).collect()),
        );
    if experts > 0 {
        file = file
            .key("llama.expert_count", Key::U32(experts as u32))
            .key("llama.expert_used_count", Key::U32(2));
    }
    file = file.tensor("token_embd.weight", &[vocabulary, hidden], 12);
    for layer in 0..layers {
        let name = |what: &str| format!("blk.{layer}.{what}.weight");
        file = file
            .tensor(&name("attn_norm"), &[hidden], 0)
            .tensor(&name("ffn_norm"), &[hidden], 0)
            .tensor(&name("attn_q"), &[hidden, hidden], 12)
            .tensor(&name("attn_k"), &[kv, hidden], 12)
            .tensor(&name("attn_v"), &[kv, hidden], 14)
            .tensor(&name("attn_output"), &[hidden, hidden], 12);
        file = if experts > 0 {
            file.tensor(&name("ffn_gate_inp"), &[experts, hidden], 0)
                .tensor(&name("ffn_gate_exps"), &[experts, width, hidden], 12)
                .tensor(&name("ffn_up_exps"), &[experts, width, hidden], 12)
                .tensor(&name("ffn_down_exps"), &[experts, hidden, width], 14)
        } else {
            file.tensor(&name("ffn_gate"), &[width, hidden], 12)
                .tensor(&name("ffn_up"), &[width, hidden], 12)
                .tensor(&name("ffn_down"), &[hidden, width], 14)
        };
    }
    file.tensor("output_norm.weight", &[hidden], 0)
        .tensor("output.weight", &[vocabulary, hidden], 14)
}
