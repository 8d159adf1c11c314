//! What operators are called in a drawing: short, and the term an engineer would look for.

/// Name of an operator, what is written in its box, and what it is for.
const LABELS: &[(&str, &str, &str)] = &[
    ("q_proj", "Queries", "Makes the queries of all heads."),
    ("k_proj", "Keys", "Makes a key for each KV head."),
    ("v_proj", "Values", "Makes a value for each KV head."),
    ("qkv_proj", "Queries, keys, values", "One matrix that makes all three."),
    (
        "o_proj",
        "Output",
        "Brings the heads' results back to the width of the stream.",
    ),
    (
        "q_a_proj",
        "Q down",
        "Squeezes the stream into a small vector from which queries are made.",
    ),
    ("q_a_layernorm", "Norm", "Rescales the queries' small vector."),
    ("q_a_norm", "Norm", "Rescales the queries' small vector."),
    (
        "q_b_proj",
        "Q up",
        "Makes the queries of all heads from their small vector.",
    ),
    ("q_b_norm", "Norm", "Rescales the queries."),
    (
        "kv_a_proj_with_mqa",
        "KV down",
        "Squeezes the stream into the latent that is cached, and one rotary key for all heads.",
    ),
    ("kv_a_layernorm", "Norm", "Rescales the latent before it is cached."),
    (
        "kv_b_proj",
        "KV up",
        "Makes keys and values of all heads from the latent. In decode, engines fold it into queries and outputs.",
    ),
    (
        "kv_proj",
        "Key and value",
        "Makes the one vector that is key and value of all heads.",
    ),
    ("kv_norm", "Norm", "Rescales the shared key and value."),
    (
        "q_norm",
        "Q norm",
        "Rescales the queries, so that scores stay in bounds.",
    ),
    ("k_norm", "K norm", "Rescales the keys, so that scores stay in bounds."),
    ("o_a_proj", "Output down", "Squeezes each group of heads."),
    (
        "o_b_proj",
        "Output up",
        "Brings the groups back to the width of the stream.",
    ),
    ("g_proj", "Gate", "Makes a gate for the output."),
    (
        "scores and values",
        "Scores and values",
        "Compares queries with keys, takes the softmax, and mixes the values. Grows with the context.",
    ),
    (
        "scores and values of compressed entries",
        "Scores, far tokens",
        "The same for tokens far back, which are kept as one entry for several.",
    ),
    (
        "compressor kv_proj",
        "Far tokens",
        "Makes what is kept of tokens far back, one entry for several.",
    ),
    (
        "compressor gate_proj",
        "Far weights",
        "How much each of the tokens counts in their common entry.",
    ),
    ("index queries", "Index queries", "Small queries of the indexer."),
    ("index key", "Index key", "One small key a token, for the indexer."),
    ("index norm", "Norm", "Rescales the indexer's key."),
    (
        "index weights",
        "Index weights",
        "How much each head of the indexer counts.",
    ),
    (
        "index scores",
        "Index scores",
        "Scores all earlier tokens cheaply; attention looks at the best only.",
    ),
    (
        "gate_proj",
        "Gate",
        "One of the two matrices that widen the vector; its result passes the nonlinearity.",
    ),
    ("up_proj", "Up", "Widens the vector."),
    ("gate_up_proj", "Gate and up", "One matrix that makes both."),
    (
        "down_proj",
        "Down",
        "Brings the vector back to the width of the stream.",
    ),
    ("activation", "Activation", "The nonlinearity, element by element."),
    (
        "router",
        "Router",
        "Scores the experts for each token and picks the best.",
    ),
    ("shared expert gate", "Gate", "Scales what the shared experts add."),
    ("in_proj", "In", "Makes values, gate and all that steers the state."),
    (
        "in_proj_qkvz",
        "Q, K, V, gate",
        "One matrix that makes queries, keys, values and the output's gate.",
    ),
    ("in_proj_ba", "Decay, rate", "How fast each head forgets and learns."),
    ("in_proj_qkv", "Q, K, V", "Makes queries, keys and values."),
    ("in_proj_z", "Gate", "Makes the output's gate."),
    ("in_proj_b", "Rate", "How strongly each head writes into its state."),
    ("in_proj_a", "Decay", "How fast each head forgets."),
    ("a_proj", "Decay", "How fast each head forgets."),
    ("b_proj", "Rate", "How strongly each head writes into its state."),
    ("f_proj", "Decay", "How fast each channel forgets."),
    ("f_a_proj", "Decay down", "First half of how fast each channel forgets."),
    ("f_b_proj", "Decay up", "Second half of how fast each channel forgets."),
    ("g_a_proj", "Gate down", "First half of the output's gate."),
    ("g_b_proj", "Gate up", "Second half of the output's gate."),
    (
        "x_proj",
        "Step, B, C",
        "What each token writes into the state and reads from it.",
    ),
    ("dt_proj", "Time step", "How far each channel moves with this token."),
    (
        "decay and skip",
        "Decay, skip",
        "How fast each channel forgets, and what passes by the state.",
    ),
    (
        "causal convolution",
        "Convolution",
        "Mixes each channel with its last few tokens.",
    ),
    ("time steps", "Time steps", "How far each head moves with this token."),
    ("decay", "Decay", "Turns what was made into how fast the state forgets."),
    (
        "scan",
        "State update",
        "Writes the token into a state of fixed size and reads from it.",
    ),
    ("gate", "× gate", "Scales the result, element by element."),
    ("gated norm", "Norm", "Rescales the gated result."),
    ("norm", "Norm", "Rescales the result."),
    (
        "out_proj",
        "Output",
        "Brings the result back to the width of the stream.",
    ),
    ("lm_head", "LM head", "A score for each word of the vocabulary."),
    ("token embedding", "Token embedding", "Looks up one row for each token."),
    (
        "position embedding",
        "Position embedding",
        "Looks up one row for each position.",
    ),
    (
        "type embedding",
        "Type embedding",
        "Looks up one row for the kind of each token: of the first text or the second.",
    ),
    (
        "per-layer embedding",
        "Per-layer embedding",
        "Looks up a row that holds a small vector for every layer.",
    ),
    (
        "per_layer_model_projection",
        "Projection",
        "Makes the same small vectors from the token's own.",
    ),
    ("per_layer_projection_norm", "Norm", "Rescales them."),
    (
        "per_layer_input_gate",
        "Gate",
        "Narrows the stream to the width of the layer's own embedding.",
    ),
    (
        "per_layer_projection",
        "Projection",
        "Brings the layer's own embedding to the width of the stream.",
    ),
    ("post_per_layer_input_norm", "Norm", "Rescales what is added."),
    ("token shift", "Token shift", "Mixes each token with the one before it."),
    ("key", "Key", "What is remembered of a token."),
    ("value", "Value", "What a token brings."),
    (
        "receptance",
        "Receptance",
        "How much a token takes from what is remembered.",
    ),
    ("output", "Output", "Brings the result back to the width of the stream."),
    ("squared ReLU", "Squared ReLU", "The nonlinearity."),
    ("query", "Queries", "Makes the queries of all heads."),
    ("convolution", "Convolution", "A product with each patch of the input."),
    ("projection", "Matrix", "A matrix of the tower."),
    ("table", "Table", "Learned positions, a class token or scales."),
    (
        "queries",
        "Queries",
        "Makes the queries, of a matrix that makes keys and values too.",
    ),
    ("scale", "Scale", "Scales what is added, element by element."),
    (
        "relative scores",
        "Distances",
        "Compares queries with how far away each row is.",
    ),
    (
        "stream weights",
        "Stream weights",
        "How the residual streams are mixed for this token.",
    ),
    ("stream norm", "Norm", "Rescales all streams."),
    ("streams joined", "Join", "One vector from all streams."),
    ("streams mixed", "Mix", "The streams mixed with one another."),
];

/// What is written in an operator's box.
pub fn label(name: &str) -> String {
    match LABELS.iter().find(|row| row.0 == name) {
        Some(row) => row.1.to_owned(),
        None => {
            // A module's path: its last word says most.
            let last = name.rsplit('.').next().unwrap_or(name);
            let words = last.trim_start_matches("expert ").replace('_', " ");
            let mut letters = words.chars();
            letters
                .next()
                .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
        }
    }
}

/// What an operator is for, where that is known.
pub fn purpose(name: &str) -> Option<&'static str> {
    LABELS.iter().find(|row| row.0 == name).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_once_and_fits_its_box() {
        for (at, row) in LABELS.iter().enumerate() {
            assert!(LABELS.iter().skip(at + 1).all(|other| other.0 != row.0), "{}", row.0);
            assert!(row.1.chars().count() <= 22, "{}", row.1);
            assert!(row.2.ends_with('.'), "{}", row.2);
        }
    }

    #[test]
    fn others_are_written_as_words() {
        assert_eq!(label("temporal_block.linear_y"), "Linear y");
        assert_eq!(label("dt norm"), "Dt norm");
    }
}
