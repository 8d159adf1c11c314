//! The description of a family: how its layers and what is around them differ from a Llama, as data.

use serde_json::Value;

use super::super::blocks::{Norm, QkNorm};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::assemble::tied;
use super::assembly::Assembly;
use super::channel::plain_channel;
pub use super::experts::{Correction, Experts, MoeLayers, Shared};
pub use super::hybrid::{Hybrid, MixerKind};
use super::keys::{HEAD_DIM, HEADS, HIDDEN, INTERMEDIATE, KV_HEADS, LAYERS};
use super::layers::sparse_layers;
pub use super::layers::{Pattern, Windows};
pub use super::names::{Names, Table};
use crate::units::Quantity;

/// A yes or no that may depend on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Never.
    No,
    /// Always.
    Yes,
    /// As the key says; absent, the class default, else the value given.
    Key(&'static str, bool),
}

/// Norms of queries and keys, and what switches them on.
#[derive(Clone, Copy, Debug)]
pub struct HeadNorm {
    /// Their form.
    pub form: QkNorm,
    /// When they are there.
    pub when: Flag,
}

/// How attention stores keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionForm {
    /// Keys and values per head.
    Grouped,
    /// From a latent (MLA).
    Latent,
}

/// Where an MLP has its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Three matrices.
    Gated,
    /// Two matrices.
    Plain,
}

/// What a layer has in place of the config's own values: a key and its value there.
pub type Changes = Vec<(&'static str, Value)>;

/// What a layer is, as far as its kind decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What mixes its tokens.
    pub mixer: MixerKind,
    /// Whether it has experts.
    pub sparse: bool,
}

impl Place {
    /// Attention and an MLP.
    pub const ATTENTION: Self = Self {
        mixer: MixerKind::Full,
        sparse: false,
    };
    /// Whether it sees a window only.
    pub fn windowed(self) -> bool {
        self.mixer == MixerKind::Window
    }
    /// Whether it has attention.
    pub fn attends(self) -> bool {
        self.mixer != MixerKind::Recurrent
    }
}

/// A channel mixer and its experts in words.
pub type ChannelMixer = (Block, Option<String>);

/// The last change to the blocks of a layer; the config has the layer's own values.
pub type AdjustLayer = fn(&Config, &Quantity, Place, Vec<Block>) -> Result<Vec<Block>, ModelError>;

/// How the layers of a family and what is around them are built. Start from [`Decoder::LLAMA`], or, for what reads,
/// [`Decoder::BERT`] or [`Decoder::READER`], and change what differs.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    /// Whether the head is tied where the config does not say.
    pub tied: bool,
    /// Whether the class names each of its sizes: one that is missing is refused, and nothing is read that has no key here.
    pub exact: bool,
    /// Keys of the width of the residual stream.
    pub hidden: &'static [&'static str],
    /// Keys of the number of layers.
    pub layers: &'static [&'static str],
    /// Keys of the query heads.
    pub heads: &'static [&'static str],
    /// Keys of the heads of keys and values; none where they are as many as the queries'.
    pub kv_heads: &'static [&'static str],
    /// Keys of the width of a head; none where the heads divide the stream.
    pub head_dim: &'static [&'static str],
    /// The other mixer and where it stands; without one every layer has attention.
    pub hybrid: Option<Hybrid>,
    /// Form of attention.
    pub attention: AttentionForm,
    /// Biases of q, k and v.
    pub qkv_bias: Flag,
    /// Bias of k, where it is not that of q and v.
    pub key_bias: Option<Flag>,
    /// Bias of o.
    pub output_bias: Flag,
    /// Norms of q and k.
    pub head_norm: HeadNorm,
    /// Learned sinks of each head, in layers with full attention and in windowed ones.
    pub sinks: [Flag; 2],
    /// Whether queries and keys are rotated by their position.
    pub rotary: bool,
    /// Tables beside that of the tokens.
    pub tables: &'static [Table],
    /// Keys of the width of a value, where it differs from that of a key.
    pub value_dim: &'static [&'static str],
    /// Keys of the width of a dense MLP.
    pub dense_width: &'static [&'static str],
    /// Kind of norm.
    pub norm: Norm,
    /// Attention and MLP side by side: the norm before the MLP falls away.
    pub parallel: Flag,
    /// MLP with or without a gate.
    pub gate: Gate,
    /// Biases of the MLP.
    pub mlp_bias: Flag,
    /// Bias of down, where it is not that of gate and up.
    pub down_bias: Option<Flag>,
    /// Parameters of the activation itself, a layer (xIELU has two).
    pub activation_parameters: &'static [&'static str],
    /// Bias of the output head.
    pub head_bias: Flag,
    /// Windows.
    pub windows: Windows,
    /// Keys of the window's size.
    pub window_keys: &'static [&'static str],
    /// Whether windows are chunks: a token sees its own chunk only.
    pub chunked: bool,
    /// Experts.
    pub experts: Option<Experts>,
    /// For each layer, whether it has experts.
    pub sparse: fn(&Config, &Self, u64) -> Result<Vec<bool>, ModelError>,
    /// The channel mixer of a dense layer, or of one with experts.
    pub channel: fn(&Config, &Self, &Quantity, bool) -> Result<ChannelMixer, ModelError>,
    /// Whether the head is the token table, given what it is where the config does not say.
    pub tie: fn(&Config, bool) -> Result<bool, ModelError>,
    /// Names.
    pub names: Names,
    /// Keys as the builder reads them, from those that the class reads; nothing where they are the same.
    pub translate: fn(&Config) -> Result<Changes, ModelError>,
    /// Values that differ by layer, one entry a layer, from the config and whether each layer is windowed; empty where
    /// there are none.
    pub changes: fn(&Config, &[bool]) -> Result<Vec<Changes>, ModelError>,
    /// What a kind of layer is called, given what it would be called.
    pub title: fn(&Config, Place, String) -> String,
    /// The last change to a layer.
    pub adjust_layer: AdjustLayer,
    /// The last change to what is before and after the layers.
    pub adjust_ends: fn(&Config, &mut Assembly<'_>) -> Result<(), ModelError>,
}

impl HeadNorm {
    /// None.
    pub const NONE: Self = Self {
        form: QkNorm::None,
        when: Flag::No,
    };
    /// One RMSNorm of `head_dim` for queries, one for keys.
    pub const PER_HEAD: Self = Self {
        form: QkNorm::PerHead(Norm::Rms),
        when: Flag::Yes,
    };
    /// One RMSNorm over all heads.
    pub const FULL_WIDTH: Self = Self {
        form: QkNorm::FullWidth,
        when: Flag::Yes,
    };
}

impl Decoder {
    /// Llama: grouped queries, RMSNorm before each mixer, a gated MLP, biases only where keys ask for them.
    pub const LLAMA: Self = Self {
        tied: false,
        exact: false,
        hidden: HIDDEN,
        layers: LAYERS,
        heads: HEADS,
        kv_heads: KV_HEADS,
        head_dim: HEAD_DIM,
        hybrid: None,
        attention: AttentionForm::Grouped,
        qkv_bias: Flag::Key("attention_bias", false),
        key_bias: None,
        output_bias: Flag::Key("attention_bias", false),
        head_norm: HeadNorm::NONE,
        sinks: [Flag::No, Flag::No],
        rotary: true,
        tables: &[],
        value_dim: &[],
        dense_width: INTERMEDIATE,
        norm: Norm::Rms,
        parallel: Flag::No,

        gate: Gate::Gated,
        mlp_bias: Flag::Key("mlp_bias", false),
        down_bias: None,
        activation_parameters: &[],
        head_bias: Flag::No,
        windows: Windows::NONE,
        window_keys: &["sliding_window", "sliding_window_size"],
        chunked: false,
        experts: None,
        sparse: sparse_layers,
        channel: plain_channel,
        tie: tied,
        names: Names::LLAMA,
        translate: |_| Ok(Vec::new()),
        changes: |_, _| Ok(Vec::new()),
        title: |_, _, title| title,
        adjust_layer: |_, _, _, blocks| Ok(blocks),
        adjust_ends: |_, _| Ok(()),
    };
    /// A Llama whose class reads no key for its heads but their number: the form of what reads alone.
    pub const READER: Self = Self {
        exact: true,
        kv_heads: &[],
        head_dim: &[],
        ..Self::UNBIASED
    };
    /// BERT's layers (Devlin 2018, arXiv 1810.04805).
    pub const BERT: Self = Self {
        norm: Norm::Layer,
        rotary: false,
        names: Names {
            attention: [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ],
            mlp: ["", "intermediate.dense", "output.dense"],
            norms: ["", "attention.output.LayerNorm", "", "output.LayerNorm"],
            ..Names::LLAMA
        },
        ..Self::READER.with_biases(Flag::Yes, Flag::Yes)
    };
    /// The same with the biases of every matrix as the flag says.
    pub const fn with_biases(self, attention: Flag, mlp: Flag) -> Self {
        Self {
            qkv_bias: attention,
            key_bias: None,
            output_bias: attention,
            mlp_bias: mlp,
            down_bias: None,
            ..self
        }
    }
    /// A Llama that never has biases.
    pub const UNBIASED: Self = Self {
        qkv_bias: Flag::No,
        output_bias: Flag::No,
        mlp_bias: Flag::No,
        ..Self::LLAMA
    };
}
