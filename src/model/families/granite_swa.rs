//! Granite with windows and sinks.

use super::{Build, Decoder, Experts, Family, Flag, Pattern, Shared, Windows};

/// Granite with windows: a sink on each head of every layer.
const GRANITE_SWA: Decoder = Decoder {
    sinks: [Flag::Yes, Flag::Yes],
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, _| layer % 4 == 0),
        switch: None,
    },
    ..Decoder::LLAMA
};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["granite_swa"],
        title: "Granite with windows",
        build: Build::Decoder(Decoder {
            tied: true,
            ..GRANITE_SWA
        }),
    },
    Family {
        types: &["granitemoe_swa"],
        title: "Granite MoE with windows",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            experts: Some(Experts {
                width: &["intermediate_size"],
                shared: Shared::Width(&["shared_intermediate_size"]),
                router: "block_sparse_moe.router",
                shared_module: [
                    "shared_mlp.input_linear",
                    "shared_mlp.input_linear",
                    "shared_mlp.output_linear",
                ],
                ..Experts::PLAIN
            }),
            ..GRANITE_SWA
        }),
    },
];
