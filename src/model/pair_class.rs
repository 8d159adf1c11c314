//! Encoder-decoders whose training was counted: where the dropout of their classes is read, and how they write norms.

use serde_json::Value;

use super::autograd::NormForm;
use super::config::Config;

/// A key of a dropout and what the class has where the config is silent.
type Dropout = (&'static str, f64);

/// What the classes of some types have in common. All of them take the softmax of written scores, and log-probabilities, in
/// the format of what they are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairClass {
    /// Their `model_type`.
    types: &'static [&'static str],
    /// How norms are written; PyTorch's layer norm keeps what it keeps everywhere.
    pub norm: NormForm,
    /// After the token tables and in the residual stream.
    stream: Dropout,
    /// Of the scores of attention.
    scores: Dropout,
    /// Between the two products of the MLP.
    inside: Dropout,
    /// Whether there is dropout after the last norm of each side.
    pub drops_end: bool,
    /// Key of the nonlinearity, and the class's.
    activation: (&'static str, &'static str),
    /// Whether relative positions are added to the scores, and a fused kernel gets them as a mask.
    pub adds_positions: bool,
    /// Whether every layer has a table of them, not only the first.
    pub positions_each: bool,
    /// Whether positions are added to rows of the token table before anything else: of the encoder, of the decoder.
    moves_rows: [bool; 2],
    /// Whether dropout reads rows of the token table themselves.
    drops_rows: bool,
    /// Whether queries are laid out anew, so that the output of a fused kernel is copied before its projection.
    pub copies_output: bool,
    /// Ends of the names of parameters that no gradient reaches: tables of computed positions.
    pub frozen: &'static [&'static str],
    /// Whether a buffer is added to the logits (`final_logits_bias`), in FP32 under autocast.
    pub widens_logits: bool,
}

const T5: PairClass = PairClass {
    types: &["t5", "mt5"],
    norm: NormForm::Scaled,
    stream: ("dropout_rate", 0.1),
    scores: ("dropout_rate", 0.1),
    inside: ("dropout_rate", 0.1),
    drops_end: true,
    activation: ("feed_forward_proj", "relu"),
    adds_positions: true,
    positions_each: false,
    moves_rows: [false; 2],
    drops_rows: true,
    copies_output: false,
    frozen: &[],
    widens_logits: false,
};

const BART: PairClass = PairClass {
    types: &["bart", "mbart", "blenderbot"],
    norm: NormForm::Upcast,
    stream: ("dropout", 0.1),
    scores: ("attention_dropout", 0.0),
    inside: ("activation_dropout", 0.0),
    drops_end: false,
    activation: ("activation_function", "gelu"),
    adds_positions: false,
    positions_each: false,
    moves_rows: [true; 2],
    drops_rows: false,
    copies_output: false,
    frozen: &[],
    widens_logits: true,
};

/// Read off transformers 5 (`modeling_*.py` and `configuration_*.py` of each type) and counted on its classes.
const COUNTED: &[PairClass] = &[
    T5,
    PairClass {
        types: &["umt5"],
        positions_each: true,
        ..T5
    },
    BART,
    PairClass {
        types: &["pegasus", "marian"],
        frozen: &["embed_positions.weight"],
        ..BART
    },
    PairClass {
        types: &["blenderbot-small"],
        // Its decoder norms the rows first.
        moves_rows: [true, false],
        ..BART
    },
    PairClass {
        types: &["plbart"],
        scores: ("attention_dropout", 0.1),
        ..BART
    },
    PairClass {
        types: &["m2m_100"],
        scores: ("attention_dropout", 0.1),
        activation: ("activation_function", "relu"),
        widens_logits: false,
        ..BART
    },
    PairClass {
        types: &["whisper"],
        stream: ("dropout", 0.0),
        moves_rows: [false; 2],
        copies_output: true,
        frozen: &["encoder.embed_positions.weight"],
        widens_logits: false,
        ..BART
    },
];

impl PairClass {
    /// Of a config's type, where its training was counted; a wrapper has a class of its own.
    pub fn of(config: &Config) -> Option<&'static Self> {
        let name = config.model_type();
        let known = COUNTED.iter().find(|class| class.types.contains(&name));
        known.filter(|_| config.root_type() == name)
    }
    /// Whether masks of dropout are kept: of the residual stream, of the scores, between the products of the MLP.
    pub fn drops(&self, config: &Config) -> [bool; 3] {
        [self.stream, self.scores, self.inside].map(|(key, usual)| {
            let said = config.get(key).and_then(Value::as_f64);
            said.unwrap_or(usual) > 0.0
        })
    }
    /// Whether the first layer reads something else than rows of the token table: of the encoder, of the decoder.
    pub fn changes_rows(&self, config: &Config) -> [bool; 2] {
        let [drops, ..] = self.drops(config);
        self.moves_rows.map(|moves| moves || self.drops_rows && drops)
    }
    /// The name of its nonlinearity: T5 says whether it is gated in the same word, and means the tanh form by its gated GELU.
    pub fn activation<'a>(&self, config: &'a Config) -> &'a str {
        let (key, usual) = self.activation;
        let said = config.get(key).or_else(|| config.class_default(key));
        match said.and_then(Value::as_str).unwrap_or(usual) {
            "gated-gelu" => "gelu_new",
            name => name.strip_prefix("gated-").unwrap_or(name),
        }
    }
}
