//! What the charts draw and say, of cases that are as unlike as they come.

use std::convert::Infallible;
use std::sync::Arc;

use super::recorder::Recorder;
use super::svg::{FINENESS, Svg, about};
use super::{BarsChart, Chart, GrowthChart, Latency, LatencyChart, Mark, PhaseChart, PlaneChart, RooflineChart, Theme};
use crate::analysis::time::{Pass, operator_times};
use crate::analysis::{Analysis, FormatComparison, HostShare, Over, analyse};
use crate::model::{Blueprint, catalogue};
use crate::report::compare::{Column, Plane, SideBySide, points};
use crate::scenario::{Mode, Scenario};
use crate::units::UnitSystem;

/// Sizes of a phone, of half a page and of a whole one.
const SIZES: [(u32, u32); 3] = [(328, 320), (560, 318), (1000, 380)];

fn answer(model: &str, device: &str, change: impl FnOnce(&mut Scenario)) -> Analysis {
    let config = catalogue::find(model).unwrap().config.clone();
    let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
    let scenario = Scenario::example().with(|s| {
        s.hardware.device = Some(device.to_owned());
        change(s);
    });
    analyse(&blueprint, &scenario).unwrap()
}

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

fn served() -> Analysis {
    answer(LLAMA, "h100-sxm", |s| {
        s.workload.mode = Mode::Serve;
        s.workload.batch = 64;
        s.serving.target_tpot = Some(30);
    })
}

/// Draws it in every size; the texts of the middle one and what its points say.
fn said(chart: &impl Chart, lines: bool) -> String {
    let mut out = String::new();
    for (width, height) in SIZES {
        for scale in [1, 2] {
            let recorder = Recorder::new(width * scale, height * scale);
            let reading = chart
                .draw(recorder.clone(), Theme::Dark, f64::from(scale), None)
                .unwrap();
            recorder.check();
            if lines {
                recorder.check_lines();
            }
            // Points that are read from left to right lie on the curve.
            if reading.stops.iter().all(|stop| matches!(stop.mark, Mark::Line(_))) && !lines {
                let fine = |value: f64| (value * f64::from(scale)).round() as i32;
                let curve = reading.stops.iter().map(|stop| (fine(stop.at.0), fine(stop.at.1)));
                recorder.check_path(&curve.collect::<Vec<_>>());
            }
            for stop in &reading.stops {
                let inside =
                    (0.0..=f64::from(width)).contains(&stop.at.0) && (0.0..=f64::from(height)).contains(&stop.at.1);
                assert!(inside, "{stop:?}");
            }
            if (width, scale) == (560, 1) {
                out.push_str(&recorder.texts().join(" | "));
                for stop in reading.stops {
                    out.push('\n');
                    out.push_str(&stop.words());
                }
            }
        }
    }
    // Too small for anything: nothing is drawn, nothing fails.
    chart.draw(Recorder::new(30, 20), Theme::Light, 1.0, None).unwrap();
    out
}

#[test]
fn roofline() {
    let chart = RooflineChart::of(&answer(LLAMA, "h100-sxm", |_| {})).unwrap();
    insta::assert_snapshot!(format!("{}\n{}", chart.words(), said(&chart, true)));
    for (model, device) in [
        ("openai/gpt-oss-20b", "rtx-4090"),
        ("deepseek-ai/DeepSeek-V3.1", "h100-sxm"),
    ] {
        said(
            &RooflineChart::of(&answer(model, device, |s| s.workload.batch = 16)).unwrap(),
            true,
        );
    }
    let trained = answer(LLAMA, "h100-sxm", |s| s.workload.mode = Mode::Pretrain);
    assert_eq!(RooflineChart::of(&trained), None);
}

#[test]
fn components() {
    let analysis = answer("openai/gpt-oss-20b", "rtx-4090", |_| {});
    let of = |pass| BarsChart::of_pass(&operator_times(&analysis.setup, &HostShare::default(), pass).unwrap());
    insta::assert_snapshot!(said(&of(Pass::Prefill), true));
    said(&of(Pass::Decode), true);
    said(&BarsChart::of_step(&analysis.components), true);
}

#[test]
fn formats() {
    let analysis = answer(LLAMA, "rtx-4090", |s| s.precision.weights = Some("q4_k_m"));
    let formats = FormatComparison::of(&analysis.setup, &FormatComparison::default()).unwrap();
    let chart = BarsChart::of_formats(&formats.figures(), UnitSystem::Gib);
    insta::assert_snapshot!(format!("{}\n{}", said(&chart, true), chart.table().csv().unwrap()));
}

#[test]
fn latency() {
    let analysis = served();
    let chart = LatencyChart::of(&analysis, Latency::EachToken).unwrap();
    insta::assert_snapshot!(format!("{}\n{}", chart.words(), said(&chart, true)));
    said(&LatencyChart::of(&analysis, Latency::FirstToken).unwrap(), true);
    assert_eq!(
        LatencyChart::of(&answer(LLAMA, "h100-sxm", |_| {}), Latency::EachToken),
        None
    );
}

#[test]
fn memory_over_sequences() {
    let analysis = answer(LLAMA, "rtx-4090", |_| {});
    for over in [Over::Context, Over::Sequences] {
        for device in ["rtx-4090", "h100-sxm", "rtx-3060-12gb"] {
            let analysis = answer(LLAMA, device, |s| s.precision.weights = Some("q4_k_m"));
            said(&GrowthChart::of(&analysis, over, 129, UnitSystem::Gb).unwrap(), false);
        }
    }
    let chart = GrowthChart::of(&analysis, Over::Sequences, 129, UnitSystem::Gib).unwrap();
    assert_eq!(chart.crossing, analysis.fit.as_ref().map(|fit| fit.max_batch));
    insta::assert_snapshot!(format!("{}\n{}", said(&chart, false), chart.table().csv().unwrap()));
}

#[test]
fn phases() {
    let chart = PhaseChart::of(&answer(LLAMA, "h100-sxm", |_| {}), UnitSystem::Gib).unwrap();
    let map: Vec<String> = chart
        .map
        .rows
        .iter()
        .rev()
        .map(|row| row.iter().filter_map(|cell| cell.phase.word().chars().next()).collect())
        .collect();
    let first = said(&chart, false).lines().take(4).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(format!("{}\n{first}\n{}", chart.words(), map.join("\n")));
    said(
        &PhaseChart::of(&answer("google/gemma-3-27b-it", "rtx-4090", |_| {}), UnitSystem::Gb).unwrap(),
        false,
    );
}

#[test]
fn comparisons() {
    let answers = [
        answer(LLAMA, "rtx-4090", |_| {}),
        answer("openai/gpt-oss-20b", "rtx-4090", |_| {}),
        answer(LLAMA, "h100-sxm", |_| {}),
    ];
    let columns: Vec<Column<'_>> = answers
        .iter()
        .map(|analysis| Column {
            name: "Model",
            analysis,
        })
        .collect();
    let beside = SideBySide::of(&columns, 0, UnitSystem::Gib);
    let names = beside
        .heads
        .iter()
        .map(|head| format!("{} {}", head.letter, head.named))
        .collect::<Vec<_>>();
    let mut out = String::new();
    for plane in [Plane::MemorySpeed, Plane::CostLatency] {
        let chart = PlaneChart {
            points: points(&columns, plane),
            names: names.clone(),
            plane,
            units: UnitSystem::Gib,
        };
        out.push_str(&format!("{}\n{}\n", said(&chart, true), chart.table().csv().unwrap()));
    }
    let rows: Vec<_> = ["memory", "written"]
        .into_iter()
        .filter_map(|key| beside.row(key))
        .collect();
    let bars = BarsChart::of_columns(&beside, &rows);
    assert_eq!((bars.rows.len(), bars.measures.len()), (3, 2));
    out.push_str(&format!("{}\n{}", said(&bars, true), bars.table().csv().unwrap()));
    insta::assert_snapshot!(out);
    // A picture is as high as its bars, and says in which format each is, on what, in which unit, and what is pale.
    let (high, caption) = (
        bars.height() + 124.0,
        super::Caption {
            title: "Side by side".to_owned(),
            source: beside.main.clone(),
            link: "https://weighbridge.example/?compare=1".to_owned(),
        },
    );
    let recorder = Recorder::new(960, high as u32);
    bars.draw(recorder.clone(), Theme::Light, 1.0, Some(&caption)).unwrap();
    recorder.check();
    let texts = recorder.texts();
    for wanted in [
        "BF16 · RTX 4090",
        "BF16 · H100 SXM5 80GB",
        "Written, tokens/s",
        "pale: the likely range",
    ] {
        assert!(texts.iter().any(|text| text == wanted), "{wanted} in {texts:?}");
    }
    assert!(bars.height() < 200.0);
}

/// A file of lines and words that says the same as the screen.
#[test]
fn a_picture_of_lines_has_all_the_words() {
    let chart = LatencyChart::of(&served(), Latency::EachToken).unwrap();
    let recorder = Recorder::new(960, 520);
    let caption = super::Caption {
        title: "Throughput <&> latency".to_owned(),
        source: "Weighbridge".to_owned(),
        link: format!("https://weighbridge.example/?{}", "config=1&".repeat(100)),
    };
    chart.draw(recorder.clone(), Theme::Light, 1.0, Some(&caption)).unwrap();
    let svg = Svg::<Infallible>::new(960, 520, about);
    chart.draw(svg.clone(), Theme::Light, FINENESS, Some(&caption)).unwrap();
    let text = svg.text(Some(&caption));
    assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"520\""));
    assert!(!text.contains("<&>"), "markup in a name");
    // What has no room is not cut: the host stands there, the file has all.
    assert!(
        recorder
            .texts()
            .contains(&"weighbridge.example · the whole link is in this file's description".to_owned())
    );
    assert!(text.contains(&format!(
        "<desc>Weighbridge {}</desc>",
        crate::export::escape(&caption.link)
    )));
    for word in recorder.texts() {
        assert!(text.contains(&crate::export::escape(&word)), "{word}");
    }
    if let Ok(folder) = std::env::var("CHARTS_TO") {
        for (name, svg) in all() {
            std::fs::write(format!("{folder}/{name}.svg"), svg).unwrap();
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut add = |name: &str, chart: &dyn Fn(Svg<Infallible>, Theme)| {
        for (width, height) in SIZES {
            for theme in [Theme::Light, Theme::Dark] {
                let svg = Svg::<Infallible>::new(width, height, about);
                chart(svg.clone(), theme);
                out.push((format!("{name}-{width}-{theme:?}"), svg.text(None)));
            }
        }
    };
    let llama = answer(LLAMA, "h100-sxm", |s| s.workload.batch = 8);
    let moe = answer("openai/gpt-oss-20b", "rtx-4090", |_| {});
    macro_rules! add {
        ($name:expr, $chart:expr) => {{
            let chart = $chart;
            add($name, &|svg, theme| {
                drop(chart.draw(svg, theme, FINENESS, None).unwrap())
            });
        }};
    }
    add!("roofline", RooflineChart::of(&llama).unwrap());
    add!("roofline-moe", RooflineChart::of(&moe).unwrap());
    add!(
        "components",
        BarsChart::of_pass(&operator_times(&moe.setup, &HostShare::default(), Pass::Prefill).unwrap())
    );
    let formats = FormatComparison::of(&moe.setup, &FormatComparison::default()).unwrap();
    add!("formats", BarsChart::of_formats(&formats.figures(), UnitSystem::Gib));
    let gguf = answer(LLAMA, "rtx-4090", |s| s.precision.weights = Some("q4_k_m"));
    let formats = FormatComparison::of(&gguf.setup, &FormatComparison::default()).unwrap();
    add!(
        "formats-gguf",
        BarsChart::of_formats(&formats.figures(), UnitSystem::Gib)
    );
    add!("latency", LatencyChart::of(&served(), Latency::EachToken).unwrap());
    add!(
        "latency-first",
        LatencyChart::of(&served(), Latency::FirstToken).unwrap()
    );
    add!(
        "batch",
        GrowthChart::of(&gguf, Over::Sequences, 129, UnitSystem::Gib).unwrap()
    );
    add!("phases", PhaseChart::of(&llama, UnitSystem::Gib).unwrap());
    out
}
