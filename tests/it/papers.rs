//! Parts of models beside the figures their papers and cards print.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use std::sync::Arc;

use weighbridge::analysis::anatomy::Anatomy;
use weighbridge::analysis::time::Pass;
use weighbridge::analysis::{HostShare, Setup};
use weighbridge::model::{Blueprint, Component, catalogue};
use weighbridge::report::spread::by_component;
use weighbridge::scenario::Scenario;

/// Parameters of components in millions, rounded as the papers print them.
fn millions(model: &str, of: &[Component]) -> f64 {
    let blueprint = Arc::new(Blueprint::from_value(catalogue::find(model).unwrap().config.clone()).unwrap());
    let setup = Setup::new(&blueprint, &Scenario::example()).unwrap();
    let anatomy = Anatomy::of(&setup, &HostShare::default(), Pass::Decode);
    let all = by_component(&blueprint, &anatomy);
    let own = all.iter().filter(|share| of.contains(&share.component));
    own.map(|share| share.figures.parameters as f64).sum::<f64>() / 1e6
}

/// Source: model card of gpt-oss (arXiv 2508.10925), table 1: MLP, attention, embedding and unembedding in billions.
#[test]
fn parts_of_gpt_oss_are_those_of_its_card() {
    for (model, mlp, attention, embedding) in [
        ("openai/gpt-oss-120b", 114.71, 0.96, 1.16),
        ("openai/gpt-oss-20b", 19.12, 0.64, 1.16),
    ] {
        let billions = |of: &[Component]| (millions(model, of) / 10.0).round() / 100.0;
        assert_eq!(billions(&[Component::Experts, Component::Router]), mlp, "{model}");
        assert_eq!(billions(&[Component::Projection]), attention, "{model}");
        assert_eq!(
            billions(&[Component::Embedding, Component::LmHead]),
            embedding,
            "{model}"
        );
    }
}

/// Source: Gemma 3 technical report (arXiv 2503.19786), table 1: vision encoder, embedding and the rest in millions.
#[test]
fn parts_of_gemma_3_are_those_of_its_report() {
    for (model, vision, embedding, rest) in [
        ("google/gemma-3-4b-it", 417.0, 675.0, 3_209.0),
        ("google/gemma-3-27b-it", 417.0, 1_416.0, 25_600.0),
    ] {
        let near = |of: &[Component], said: f64| {
            let own = millions(model, of);
            // The report counts the projector to neither, and rounds.
            assert!((own - said).abs() <= said * 0.004 + 7.0, "{model}: {own:.1} for {said}");
        };
        near(&[Component::Vision], vision);
        near(&[Component::Embedding], embedding);
        near(&[Component::Projection, Component::Mlp, Component::Norm], rest);
    }
}

/// Source: DeepSeek-V3 report (arXiv 2412.19437), 2.1 and 4.2: 256 experts of 2,048 and a shared one in 58 layers of width 7,168;
/// and of its 671 B, MLA takes 128 heads of 128 + 64 over a rank of 1,536, keys and values over 512.
#[test]
fn parts_of_deepseek_v3_are_those_of_its_report() {
    let model = "deepseek-ai/DeepSeek-V3.1";
    let expert = 3.0 * 7_168.0 * 2_048.0 / 1e6;
    assert_eq!(millions(model, &[Component::Experts]), 58.0 * 256.0 * expert);
    assert_eq!(millions(model, &[Component::SharedExperts]), 58.0 * expert);
    let queries = 7_168.0 * 1_536.0 + 1_536.0 * 128.0 * 192.0;
    let kept = 7_168.0 * 576.0 + 512.0 * 128.0 * 256.0;
    let out = 128.0 * 128.0 * 7_168.0;
    let attention = 61.0 * (queries + kept + out) / 1e6;
    assert!((millions(model, &[Component::Projection]) - attention).abs() < 1e-6);
}
