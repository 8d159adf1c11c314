//! Near relatives of Llama that differ in a flag or two.

use super::super::blocks::{Norm, QkNorm};
use super::deepseek::shared_biases;
use super::{
    Build, Decoder, Experts, Family, Flag, Gate, HeadNorm, MoeLayers, Names, Pattern, Shared, Windows, adjust,
};

const APERTUS: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    gate: Gate::Plain,
    activation_parameters: &["mlp.act_fn.alpha_n", "mlp.act_fn.alpha_p"],
    ..Decoder::LLAMA
};

/// One entry a family; each says only what differs.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["smollm3"],
        title: "SmolLM3",
        build: Build::Decoder(Decoder {
            tied: true,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["seed_oss"],
        title: "Seed-OSS",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("attention_bias", true),
            output_bias: Flag::Key("attention_out_bias", false),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["helium"],
        title: "Helium",
        build: Build::Decoder(Decoder {
            output_bias: Flag::No,
            adjust_layer: adjust::filled,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["cwm"],
        title: "CWM",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::No,
            output_bias: Flag::No,
            windows: Windows {
                pattern: Pattern::FullEvery(&[], 4),
                switch: None,
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["exaone4"],
        title: "EXAONE 4",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,

            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern"], 4),
                switch: None,
            },
            names: Names::POST,
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["hunyuan_v1_dense", "hunyuan_vl_text"],
        title: "Hunyuan",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm {
                form: QkNorm::PerHead(Norm::Rms),
                when: Flag::Yes,
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["arcee"],
        title: "Arcee",
        build: Build::Decoder(Decoder {
            gate: Gate::Plain,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["apertus"],
        title: "Apertus",
        build: Build::Decoder(APERTUS),
    },
    Family {
        types: &["apertus1p5_text"],
        title: "Apertus 1.5",
        build: Build::Decoder(Decoder {
            adjust_ends: |config, all| adjust::head_rows(config, all, "output_vocab_size"),
            ..APERTUS
        }),
    },
    Family {
        types: &["cosmos3_edge_text"],
        title: "Cosmos 3 Edge",
        build: Build::Decoder(Decoder {
            gate: Gate::Plain,
            names: Names {
                mlp: ["", "mlp.fc1", "mlp.fc2"],
                ..Names::LLAMA
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["nemotron"],
        title: "Nemotron-4",
        build: Build::Decoder(Decoder {
            norm: Norm::Layer,
            gate: Gate::Plain,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["starcoder2"],
        title: "StarCoder2",
        build: Build::Decoder(Decoder {
            tied: true,
            qkv_bias: Flag::Key("use_bias", true),
            output_bias: Flag::Key("use_bias", true),
            norm: Norm::Layer,
            gate: Gate::Plain,
            mlp_bias: Flag::Key("use_bias", true),
            windows: Windows {
                pattern: Pattern::Always,
                switch: None,
            },
            names: Names {
                mlp: ["", "mlp.c_fc", "mlp.c_proj"],
                ..Names::LLAMA
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["stablelm"],
        title: "StableLM",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("use_qkv_bias", false),
            output_bias: Flag::No,
            head_norm: HeadNorm {
                form: QkNorm::EachHead,
                when: Flag::Key("qk_layernorm", false),
            },
            norm: Norm::Layer,
            parallel: Flag::Key("use_parallel_residual", false),
            mlp_bias: Flag::No,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["ernie4_5", "paddleocr_vl_text"],
        title: "ERNIE 4.5",
        build: Build::Decoder(Decoder {
            tied: true,
            qkv_bias: Flag::Key("use_bias", false),
            output_bias: Flag::Key("use_bias", false),
            mlp_bias: Flag::Key("use_bias", false),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["dots1"],
        title: "dots.llm1",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::From("max_window_layers"),
                switch: Some("use_sliding_window"),
            },
            experts: Some(Experts::DEEPSEEK),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["mellum"],
        title: "Mellum",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            experts: Some(Experts {
                layers: MoeLayers::All,
                shared: Shared::None,
                ..Experts::PLAIN
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["aria_text"],
        title: "Aria",
        build: Build::Decoder(Decoder {
            // The file's intermediate_size is the width of one expert.
            experts: Some(Experts {
                width: &["intermediate_size"],
                shared: Shared::Count(&["moe_num_shared_experts"]),
                router: "mlp.router",
                ..Experts::PLAIN
            }),
            adjust_layer: shared_biases,
            ..Decoder::LLAMA
        }),
    },
];
