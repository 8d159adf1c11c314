//! MobileNetV5-300M, the vision tower of Gemma 3n, and FastViT-MCi3, that of FastVLM (arXiv 2412.13303). Both have one
//! fixed plan, as timm builds it.

use super::{Parts, fixed};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Blocks in a row, input, kernel before, inner width, kernel inside, output. A kernel of zero is none.
const INVERTED: [[u64; 6]; 9] = [
    [1, 128, 3, 768, 5, 256],
    [2, 256, 5, 1024, 0, 256],
    [2, 256, 3, 1024, 0, 256],
    [1, 256, 5, 1536, 5, 640],
    [7, 640, 5, 2560, 0, 640],
    [1, 640, 0, 640, 0, 640],
    [14, 640, 0, 1280, 0, 640],
    [1, 640, 5, 3840, 5, 1280],
    [19, 1280, 0, 2560, 0, 1280],
];
/// Blocks, input, inner width, output of the first, fused stage.
const FUSED: [[u64; 4]; 2] = [[1, 64, 256, 128], [2, 128, 512, 128]];
/// Blocks, width, width of queries, width of keys, and whether keys and values are sampled down first.
const ATTENTION: [([u64; 4], bool); 2] = [([14, 640, 768, 64], true), ([19, 1280, 1536, 96], false)];
/// Blocks and width of FastViT's stages, and whether they mix with attention.
const STAGES: [([u64; 2], bool); 5] = [
    ([2, 96], false),
    ([12, 192], false),
    ([24, 384], false),
    ([4, 768], true),
    ([2, 1536], true),
];

fn size(value: u64) -> Quantity {
    fixed("width", value, "the fixed plan of this tower")
}

/// Refuses any other plan.
fn expect(config: &Config, plan: &str) -> Result<(), ModelError> {
    let given = config
        .text("architecture")
        .or_else(|| config.class_default("architecture").and_then(serde_json::Value::as_str));
    match given {
        Some(name) if name != plan => Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: format!("The vision tower \"{}\"", name.chars().take(40).collect::<String>()),
        }),
        _ => Ok(()),
    }
}

/// A square kernel.
fn square(stack: Stack, module: &str, out: &Quantity, input: &Quantity, side: u64, bias: bool) -> Stack {
    let side = fixed("kernel", side, "the fixed plan of this tower");
    stack.kernel(module, &[out, input, &side, &side], bias)
}

/// Over a plane of so many rows and columns.
fn plane(side: u64) -> Stage {
    Stage::Each(fixed(
        "places",
        side * side,
        "the plane at this depth, of an image of one size",
    ))
}

/// MobileNetV5-300M over 768 × 768 pixels: fused blocks, inverted residuals, attention with one head of keys, fusion of two
/// scales. Sides of the plane: timm 1.0 `mobilenetv5.py` (`_gen_mobilenet_v5`), each stage halves them in its first block.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    expect(config, "mobilenetv5_300m_enc")?;
    let one = size(1);
    let mut parts = Vec::new();
    let mut side = 768 / 2;
    let stem = Stack::once(Vision, "Convolution stem", format!("{prefix}conv_stem.")).over(plane(side));
    parts.push(
        square(stem, "conv", &size(64), &size(3), 3, true)
            .norm("bn", Norm::Rms, &size(64))
            .activation(&size(64))
            .finish(),
    );
    let blocks = || format!("{prefix}blocks.{{i}}.{{i}}.");
    for (at, [count, input, inner, output]) in FUSED.into_iter().enumerate() {
        if at == 0 {
            side /= 2;
        }
        let mut stack = Stack::repeated(Vision, "Fused residual blocks", blocks(), &size(count)).over(plane(side));
        stack = square(stack, "conv_exp", &size(inner), &size(input), 3, false).norm("bn1", Norm::Rms, &size(inner));
        stack = stack.activation(&size(inner));
        stack = square(stack, "conv_pwl", &size(output), &size(inner), 1, false).norm("bn2", Norm::Rms, &size(output));
        parts.push(stack.finish());
    }
    for [count, input, before, inner, inside, output] in INVERTED {
        let mut stack = Stack::repeated(Vision, "Inverted residual blocks", blocks(), &size(count)).over(plane(side));
        if before > 0 {
            stack = square(stack, "dw_start.conv", &size(input), &one, before, false);
            stack = stack.norm("dw_start.bn", Norm::Rms, &size(input));
        }
        stack = square(stack, "pw_exp.conv", &size(inner), &size(input), 1, false);
        stack = stack
            .norm("pw_exp.bn", Norm::Rms, &size(inner))
            .activation(&size(inner));
        if inside > 0 {
            // Only the first block of a stage has a kernel inside, and it halves the plane there.
            side /= 2;
            stack = square(
                stack.over(plane(side)),
                "dw_mid.conv",
                &size(inner),
                &one,
                inside,
                false,
            );
            stack = stack
                .norm("dw_mid.bn", Norm::Rms, &size(inner))
                .activation(&size(inner));
        }
        stack = square(stack, "pw_proj.conv", &size(output), &size(inner), 1, false);
        stack = stack.norm("pw_proj.bn", Norm::Rms, &size(output));
        parts.push(stack.scale("layer_scale.gamma", &[&size(output)]).finish());
    }
    for (([count, width, queries, keys], sampled), side) in ATTENTION.into_iter().zip([768 / 16, 768 / 32]) {
        let width = size(width);
        let below = if sampled { side / 2 } else { side };
        let mut stack = Stack::repeated(Vision, "Attention blocks", blocks(), &size(count)).over(plane(side));
        stack = stack.norm("norm", Norm::Rms, &width);
        stack = square(stack, "attn.query.proj", &size(queries), &width, 1, false).over(plane(below));
        for part in ["attn.key", "attn.value"] {
            if sampled {
                stack = square(stack, &format!("{part}.down_conv"), &width, &one, 3, false);
                stack = stack.norm(&format!("{part}.norm"), Norm::Rms, &width);
            }
            stack = square(stack, &format!("{part}.proj"), &size(keys), &width, 1, false);
        }
        let heads = size(queries / keys);
        stack = stack
            .over(plane(side))
            .attend(Some(&heads), &size(queries), &size(keys), Span::Part(plane(below)));
        stack = square(stack, "attn.output.proj", &width, &size(queries), 1, false);
        parts.push(stack.scale("layer_scale.gamma", &[&width]).finish());
    }
    let mut fusion = Stack::once(Vision, "Fusion of scales", format!("{prefix}msfa.")).over(plane(768 / 16));
    fusion = square(fusion, "ffn.pw_exp.conv", &size(3840), &size(1920), 1, false);
    fusion = fusion
        .norm("ffn.pw_exp.bn", Norm::Rms, &size(3840))
        .activation(&size(3840));
    fusion = square(fusion, "ffn.pw_proj.conv", &size(2048), &size(3840), 1, false);
    fusion = fusion.norm("ffn.pw_proj.bn", Norm::Rms, &size(2048)).over(plane(16));
    parts.push(fusion.norm("norm", Norm::Rms, &size(2048)).finish());
    Ok(parts)
}

/// FastViT-MCi3 with its branches merged, over 1,024 × 1,024 pixels: convolutions first, attention in the last two stages.
pub fn fastvit(config: &Config, prefix: &str) -> Parts {
    expect(config, "fastvit_mci3")?;
    let one = size(1);
    // The stem halves the plane twice, and each stage but the first once more.
    let mut side = 1024 / 4;
    let mut stem = Stack::once(Vision, "Convolution stem", format!("{prefix}stem."));
    for (module, input, kernel, of) in [
        ("0.reparam_conv", 3, 3, 1024 / 2),
        ("1.reparam_conv", 1, 3, side),
        ("2.reparam_conv", 96, 1, side),
    ] {
        stem = square(stem.over(plane(of)), module, &size(96), &size(input), kernel, true).activation(&size(96));
    }
    let mut parts = vec![stem.finish()];
    for (at, ([count, value], attends)) in STAGES.into_iter().enumerate() {
        let (width, wide) = (size(value), size(value * 4));
        let stage = format!("{prefix}stages.{at}.");
        if at > 0 {
            side /= 2;
            let down = Stack::once(Vision, "Sampling down", format!("{stage}downsample.proj.")).over(plane(side));
            let down = square(down, "0.reparam_conv", &width, &one, 7, true).activation(&width);
            parts.push(
                square(down, "1.reparam_conv", &width, &width, 1, true)
                    .activation(&width)
                    .finish(),
            );
        }
        let mut stack = Stack::repeated(Vision, "FastViT blocks", format!("{stage}blocks.{{i}}."), &size(count));
        stack = stack.over(plane(side));
        if attends {
            let position = Stack::once(Vision, "Convolved positions", format!("{stage}pos_emb.")).over(plane(side));
            parts.push(square(position, "reparam_conv", &width, &one, 7, true).finish());
            let heads = size(value / 32);
            stack = stack
                .norm("norm", Norm::Layer, &width)
                .linear("token_mixer.qkv", &size(value * 3), &width, false)
                .attend(Some(&heads), &width, &width, Span::Both)
                .linear("token_mixer.proj", &width, &width, true)
                .scale("layer_scale_1.gamma", &[&width, &one, &one])
                .block("MLP")
                .tensor("layer_scale_2.gamma", &[&width, &one, &one]);
        } else {
            stack = square(stack, "token_mixer.reparam_conv", &width, &one, 3, true).block("MLP");
            stack = stack.tensor("layer_scale.gamma", &[&width, &one, &one]);
        }
        stack = square(stack, "mlp.conv.conv", &width, &one, 7, false).norm("mlp.conv.bn", Norm::Layer, &width);
        stack = square(stack, "mlp.fc1", &wide, &width, 1, true).activation(&wide);
        parts.push(square(stack, "mlp.fc2", &width, &wide, 1, true).finish());
    }
    let last = Stack::once(Vision, "Last convolution", format!("{prefix}final_conv.")).over(plane(1));
    let last = square(last, "se.fc1", &size(192), &size(3072), 1, true).activation(&size(192));
    let last = square(last, "se.fc2", &size(3072), &size(192), 1, true).over(plane(side));
    parts.push(
        square(last, "reparam_conv", &size(3072), &one, 3, true)
            .activation(&size(3072))
            .finish(),
    );
    Ok(parts)
}
