//! Which towers and projectors stand around which language model. One small function a wrapper; the towers themselves
//! are in [`towers`](crate::model::towers).

mod audio;
mod captions;
mod documents;
mod gemma;
mod granite4;
mod janus;
mod listening;
mod llava;
mod newer;
mod ocr;
mod others;
mod pooled;
mod qformer;
mod qwen;
mod retrievers;
mod senses;
mod speech;

pub use senses::senses;

use super::composite::{Around, Tie, Wrapper};

const fn wrapper(types: &'static [&'static str], towers: super::composite::Towers) -> Wrapper {
    Wrapper {
        types,
        tie: Tie::Whole,
        towers,
        class: "",
        after: |_, _| Ok(()),
    }
}

/// The same with another rule for the head.
const fn with(tie: Tie, types: &'static [&'static str], towers: super::composite::Towers) -> Wrapper {
    Wrapper {
        tie,
        ..wrapper(types, towers)
    }
}

/// Every wrapper known.
pub const WRAPPERS: &[Wrapper] = &[
    with(Tie::Either, &["llava"], llava::llava),
    wrapper(&["llava_next"], llava::with_newline),
    with(
        Tie::Either,
        &["llava_next_video", "llava_onevision"],
        llava::with_newline,
    ),
    wrapper(&["vipllava"], llava::vip),
    wrapper(&["video_llava"], llava::video),
    wrapper(&["fast_vlm"], llava::fast),
    wrapper(&["mistral3", "mistral_large4"], llava::mistral),
    wrapper(&["lighton_ocr"], llava::lighton),
    wrapper(&["aya_vision"], llava::aya),
    wrapper(&["cohere2_vision"], llava::cohere),
    with(Tie::Either, &["qwen2_vl", "qwen2_5_vl"], qwen::visual),
    wrapper(
        &[
            "qwen3_vl",
            "qwen3_vl_moe",
            "qwen3_5",
            "qwen3_5_moe",
            "qwen4_exp",
            "glm46v",
            "glmga",
            "glm5_next",
            "exaone4_5",
            "cohere_compass",
        ],
        qwen::model_visual,
    ),
    wrapper(
        &[
            "qwen2_5_omni",
            "qwen2_5_omni_thinker",
            "qwen3_omni_moe",
            "qwen3_omni_moe_thinker",
        ],
        qwen::omni,
    ),
    wrapper(&["cosmos3_omni"], qwen::cosmos),
    with(Tie::Never, &["cosmos3_edge"], qwen::cosmos_edge),
    with(Tie::Either, &["glm4v", "glm4v_moe", "glm_ocr"], qwen::model_visual),
    wrapper(&["paligemma"], gemma::pali),
    wrapper(&["gemma3"], gemma::third),
    with(Tie::TextOrWhole, &["shieldgemma2"], gemma::third),
    wrapper(&["gemma3n"], gemma::third_n),
    wrapper(&["gemma4"], gemma::fourth),
    wrapper(&["gemma4_unified"], gemma::unified),
    wrapper(&["idefics2"], others::idefics2),
    wrapper(&["idefics3", "smolvlm"], others::idefics3),
    wrapper(&["lfm2_vl"], others::lfm2),
    wrapper(&["internvl", "qianfan_ocr"], others::intern),
    with(Tie::Text, &["llama4"], others::llama4),
    with(Tie::Never, &["mllama"], others::mllama),
    wrapper(&["kimi_k25"], others::kimi),
    wrapper(&["kimi_k3"], others::kimi_k3),
    wrapper(&["deepseek_vl"], others::deepseek),
    with(Tie::Either, &["video_llama_3"], others::video_llama),
    wrapper(&["ovis2"], others::ovis),
    wrapper(&["got_ocr2", "pp_chart2table"], others::got),
    with(Tie::Never, &["molmo2"], others::molmo),
    wrapper(&["aria"], others::aria),
    wrapper(&["phi4_multimodal"], audio::phi),
    with(Tie::Never, &["qwen2_audio"], audio::qwen2),
    with(Tie::Never, &["audioflamingo3", "musicflamingo"], audio::flamingo),
    with(Tie::Never, &["voxtral"], audio::voxtral),
    wrapper(&["glmasr"], audio::glm),
    wrapper(&["qwen3_asr"], audio::qwen3),
    with(Tie::Apart, &["paddleocr_vl"], documents::paddle),
    wrapper(&["fuyu"], newer::fuyu),
    wrapper(&["hyperclovax_vision_v2"], newer::hyperclovax),
    with(Tie::Never, &["inkling_mm_model"], newer::inkling),
    with(Tie::Never, &["inkling2", "inkling2_loop"], newer::inkling2),
    with(Tie::Either, &["minimax_m3_vl"], newer::minimax),
    wrapper(&["muse_glimmer"], newer::glimmer),
    with(Tie::Never, &["muse_spark"], newer::spark),
    wrapper(&["lfm3_vl"], newer::lfm),
    wrapper(&["modernvbert"], newer::modern),
    wrapper(&["ultravbert"], newer::ultra),
    Wrapper {
        class: "ModernBertModel",
        after: retrievers::narrow,
        ..wrapper(&["colmodernvbert"], retrievers::modern)
    },
    Wrapper {
        after: retrievers::narrow,
        ..with(Tie::Never, &["colpali"], retrievers::pali)
    },
    Wrapper {
        after: retrievers::narrow,
        ..with(Tie::Never, &["colqwen2"], retrievers::qwen)
    },
    with(Tie::Text, &["nemotron_h_omni"], newer::nemotron),
    wrapper(&["granite_docling"], documents::granite),
    wrapper(&["granite4_vision"], granite4::granite),
    wrapper(&["minicpm_ocr", "minicpmv4_6", "minicpmv4_7"], documents::minicpm),
    wrapper(&["ernie4_5_vl_moe"], documents::ernie),
    wrapper(&["dots3_note"], documents::dots),
    wrapper(&["janus"], janus::janus),
    wrapper(&["fun_asr_nano"], listening::fun),
    wrapper(&["voxtral_realtime"], listening::live),
    wrapper(&["t5gemma2"], gemma::pair),
    with(Tie::Apart, &["blip"], captions::blip),
    wrapper(&["florence2"], captions::florence),
    with(Tie::Text, &["git"], captions::git),
    with(Tie::Apart, &["kosmos-2"], captions::kosmos),
    wrapper(&["chameleon"], captions::chameleon),
    wrapper(&["moss_transcribe_diarize"], speech::moss),
    wrapper(&["granite_speech", "granite_speech_plus"], speech::granite),
    with(Tie::Never, &["vibevoice_asr"], speech::vibevoice),
    wrapper(&["step3p7"], pooled::step),
    with(Tie::Apart, &["hunyuan_vl"], pooled::hunyuan),
    wrapper(&["hy_v4_vl"], pooled::hunyuan4),
    wrapper(&["deepseek_ocr2"], ocr::deepseek),
    wrapper(&["deepseek_vl_hybrid"], pooled::hybrid),
    with(Tie::Text, &["blip-2"], qformer::blip2),
    with(Tie::Text, &["instructblip", "instructblipvideo"], qformer::instruct),
    wrapper(&["siglip", "siglip2"], newer::siglip),
    wrapper(&["clip", "metaclip_2", "chinese_clip"], newer::clip),
    wrapper(&["altclip"], newer::alt),
];
