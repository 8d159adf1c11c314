//! What browsers and tools say of a computer, and the device of the table that is meant. Recorded outputs; renderer strings as
//! browsers report them in public bug reports and surveys.

use weighbridge::hardware::machine::{
    Hidden, Machine, Part, Renderer, amd_smi, at_least, by_renderer, mac, memory_of, nvidia_smi, processor_of, rocm_smi,
};

/// First choice, or `?` for a card that is not in the table, or what hides it.
fn taken(text: &str) -> String {
    match by_renderer(text) {
        Renderer::Known { devices, .. } => devices[0].base_id().to_owned(),
        Renderer::Unknown { card } => format!("? {card}"),
        Renderer::Hidden(why) => format!("{why:?}"),
    }
}

#[test]
fn cards_by_renderer_strings() {
    let mut wrong = Vec::new();
    for (text, meant) in [
        // ANGLE on Direct3D 11.
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 4090 (0x00002684) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-4090",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 4090 Direct3D11 vs_5_0 ps_5_0, D3D11-31.0.15.3623)",
            "rtx-4090",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 4090 D (0x00002685) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-4090-d",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 4090 Laptop GPU (0x00002717) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-4090-laptop",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 4060 Laptop GPU (0x000028E0) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-4060-laptop",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 3080 Ti (0x00002208) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-3080-ti",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 (0x00002503) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-3060-12gb",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 4070 Ti SUPER (0x00002705) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-4070-ti-super",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 2080 SUPER (0x00001E81) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-2080-super",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce RTX 5090 (0x00002B85) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-5090",
        ),
        ("ANGLE (NVIDIA GeForce GTX 1070 Direct3D11 vs_5_0 ps_5_0)", "gtx-1070"),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce GTX 1660 SUPER Direct3D11 vs_5_0 ps_5_0, D3D11-27.21.14.5671)",
            "gtx-1660-super",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA RTX A6000 (0x00002230) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-a6000",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA RTX 6000 Ada Generation (0x000026B1) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rtx-6000-ada",
        ),
        (
            "ANGLE (AMD, AMD Radeon RX 7900 XTX (0x0000744C) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rx-7900-xtx",
        ),
        (
            "ANGLE (AMD, AMD Radeon RX 6700 XT Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "rx-6700-xt",
        ),
        (
            "ANGLE (AMD, AMD Radeon(TM) 8060S Graphics (0x00001586) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "ryzen-ai-max-395",
        ),
        (
            "ANGLE (AMD, AMD Radeon(TM) 890M Graphics (0x0000150E) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "ryzen-ai-9-hx-370",
        ),
        (
            "ANGLE (AMD, AMD Radeon(TM) Graphics (0x00001638) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "? AMD Radeon Graphics",
        ),
        (
            "ANGLE (Intel, Intel(R) Arc(TM) A770 Graphics (0x000056A0) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "arc-a770-16gb",
        ),
        (
            "ANGLE (Intel, Intel(R) Arc(TM) B580 Graphics (0x0000E20B) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "arc-b580",
        ),
        (
            "ANGLE (Intel, Intel(R) Arc(TM) Graphics (0x00007D55) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "? Intel Arc Graphics",
        ),
        (
            "ANGLE (Intel, Intel(R) UHD Graphics 620 (0x00005917) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "? Intel UHD Graphics 620",
        ),
        (
            "ANGLE (Intel, Intel(R) Iris(R) Xe Graphics (0x000046A6) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "? Intel Iris Xe Graphics",
        ),
        (
            "ANGLE (Microsoft, Microsoft Basic Render Driver (0x0000008C) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "Software",
        ),
        // ANGLE on Metal.
        (
            "ANGLE (Apple, ANGLE Metal Renderer: Apple M1, Unspecified Version)",
            "apple-m1",
        ),
        (
            "ANGLE (Apple, ANGLE Metal Renderer: Apple M2 Pro, Unspecified Version)",
            "apple-m2-pro",
        ),
        (
            "ANGLE (Apple, ANGLE Metal Renderer: Apple M3 Ultra, Unspecified Version)",
            "apple-m3-ultra",
        ),
        (
            "ANGLE (Apple, ANGLE Metal Renderer: Apple M4 Max, Unspecified Version)",
            "apple-m4-max-40c",
        ),
        (
            "ANGLE (Apple, ANGLE Metal Renderer: Apple M5 Max, Unspecified Version)",
            "apple-m5-max-40c",
        ),
        (
            "ANGLE (ATI Technologies Inc., AMD Radeon Pro 5500M OpenGL Engine, OpenGL 4.1)",
            "? AMD Radeon Pro 5500M OpenGL Engine",
        ),
        // ANGLE on Vulkan and OpenGL.
        (
            "ANGLE (NVIDIA, Vulkan 1.3.242 (NVIDIA NVIDIA GeForce RTX 3080 (0x00002206)), NVIDIA)",
            "rtx-3080-10gb",
        ),
        (
            "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)",
            "Software",
        ),
        (
            "ANGLE (NVIDIA Corporation, NVIDIA GeForce RTX 3090/PCIe/SSE2, OpenGL 4.5.0)",
            "rtx-3090",
        ),
        ("ANGLE (NVIDIA Corporation, Tesla T4/PCIe/SSE2, OpenGL 4.5.0)", "t4"),
        (
            "ANGLE (AMD, AMD Radeon RX 6800 XT (navi21, LLVM 15.0.7, DRM 3.49, 6.1.0), OpenGL 4.6)",
            "rx-6800-xt",
        ),
        (
            "ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)",
            "? Mesa Intel UHD Graphics 620",
        ),
        ("ANGLE (Mesa, llvmpipe (LLVM 15.0.7 256 bits), OpenGL 4.5)", "Software"),
        // Mesa and drivers by themselves.
        (
            "AMD Radeon RX 7900 XTX (radeonsi, navi31, LLVM 17.0.6, DRM 3.57, 6.7.4)",
            "rx-7900-xtx",
        ),
        (
            "AMD Radeon RX 9070 XT (radeonsi, gfx1201, LLVM 19.1.7, DRM 3.61, 6.14.0)",
            "rx-9070-xt",
        ),
        ("Mesa Intel(R) Arc(tm) A750 Graphics (DG2)", "arc-a750"),
        ("NVIDIA GeForce RTX 4080/PCIe/SSE2", "rtx-4080"),
        ("llvmpipe (LLVM 12.0.0, 256 bits)", "Software"),
        ("NVIDIA GB10/PCIe/SSE2", "dgx-spark-gb10"),
        ("Google SwiftShader", "Software"),
        // Browsers that hide it, phones, cards that are not in the table.
        ("Apple GPU", "AppleGpu"),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce GTX 980 Direct3D11 vs_5_0 ps_5_0), or similar",
            "OrSimilar",
        ),
        ("GeForce GTX 980, or similar", "OrSimilar"),
        ("Apple M1, or similar", "OrSimilar"),
        ("WebKit WebGL", "Silent"),
        ("", "Silent"),
        ("Adreno (TM) 740", "? Adreno 740"),
        ("Mali-G715", "? Mali-G715"),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce GTX 980 (0x000013C0) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "? NVIDIA GeForce GTX 980",
        ),
        (
            "ANGLE (NVIDIA, NVIDIA GeForce MX450 (0x00001F97) Direct3D11 vs_5_0 ps_5_0, D3D11)",
            "? NVIDIA GeForce MX450",
        ),
    ] {
        let found = taken(text);
        if found != meant {
            wrong.push(format!("{text}: {meant}, not {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!Hidden::AppleGpu.words().is_empty());
}

/// A Mac's browser tells the chip, not its memory: every size is offered, a lower bound takes those away that are less.
#[test]
fn a_macs_sizes_are_asked() {
    let Renderer::Known { devices, .. } =
        by_renderer("ANGLE (Apple, ANGLE Metal Renderer: Apple M4, Unspecified Version)")
    else {
        panic!("the M4 is known");
    };
    let ids = |all: &[std::borrow::Cow<'_, weighbridge::hardware::Device>]| -> Vec<String> {
        all.iter().map(|device| device.id.clone()).collect()
    };
    assert_eq!(ids(&devices), ["apple-m4@16", "apple-m4@24", "apple-m4"]);
    assert_eq!(ids(&at_least(devices.clone(), 8.0)).len(), 3);
    assert_eq!(ids(&at_least(devices.clone(), 32.0)), ["apple-m4"]);
    assert_eq!(ids(&at_least(devices, 64.0)).len(), 3);
}

fn best(parts: Vec<Part>, host: Option<u64>) -> Option<(String, u64)> {
    let machine = Machine {
        parts,
        host_bytes: host,
    };
    machine.best().map(|(device, count)| (device.id.clone(), count))
}

#[test]
fn nvidia_smi_is_read() {
    let one = "NVIDIA GeForce RTX 4090, 24564\n";
    assert_eq!(best(nvidia_smi(one), None), Some(("rtx-4090".to_owned(), 1)));
    let eight = "NVIDIA H100 80GB HBM3, 81559\n".repeat(8);
    assert_eq!(best(nvidia_smi(&eight), None), Some(("h100-sxm".to_owned(), 8)));
    let mixed = "NVIDIA GeForce RTX 3090, 24576\nNVIDIA GeForce GTX 1070, 8192\nNVIDIA GeForce RTX 3090, 24576\n";
    assert_eq!(best(nvidia_smi(mixed), None), Some(("rtx-3090".to_owned(), 2)));
    for (line, id) in [
        ("NVIDIA A100-SXM4-40GB, 40960", "a100-sxm4-40gb"),
        ("NVIDIA A100 80GB PCIe, 81920", "a100-pcie-80gb"),
        ("Tesla V100-SXM2-16GB, 16384", "v100-sxm2-16gb"),
        ("Tesla T4, 15360", "t4"),
        ("NVIDIA L40S, 46068", "l40s"),
        ("NVIDIA H200, 143771", "h200-sxm"),
        ("NVIDIA GeForce RTX 3080, 12288", "rtx-3080-12gb"),
        ("NVIDIA GeForce RTX 4060 Ti, 8188", "rtx-4060-ti-8gb"),
        ("NVIDIA GB10, [N/A]", "dgx-spark-gb10"),
    ] {
        assert_eq!(
            best(nvidia_smi(line), None).map(|(id, _)| id).as_deref(),
            Some(id),
            "{line}"
        );
    }
    assert_eq!(best(nvidia_smi("NVIDIA GeForce GTX 980, 4096"), None), None);
    for text in [
        "",
        "No devices were found",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    ] {
        assert_eq!(best(nvidia_smi(text), None), None, "{text}");
    }
}

#[test]
fn amds_tools_are_read() {
    let rocm = r#"{"card0": {"Card Series": "AMD Radeon RX 7900 XTX", "Card Model": "0x744c", "Card Vendor": "Advanced Micro Devices, Inc. [AMD/ATI]",
        "VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "27852800"}, "system": {"Driver version": "6.7.0"}}"#;
    assert_eq!(best(rocm_smi(rocm), None), Some(("rx-7900-xtx".to_owned(), 1)));
    let amd = r#"[{"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "vendor_id": "0x1002"}, "vram": {"type": "HBM", "size": {"value": 196592, "unit": "MB"}}},
        {"gpu": 1, "asic": {"market_name": "AMD Instinct MI300X"}, "vram": {"size": {"value": 196592, "unit": "MB"}}}]"#;
    assert_eq!(best(amd_smi(amd), None), Some(("mi300x".to_owned(), 2)));
    let newer = format!("{{\"gpu_data\": {amd}}}");
    assert_eq!(best(amd_smi(&newer), None), Some(("mi300x".to_owned(), 2)));
    // A driver tells the part of the memory that the firmware sets aside; how much there is, the system's RAM tells.
    let halo = r#"{"card0": {"Card Series": "AMD Radeon 8060S Graphics", "VRAM Total Memory (B)": "536870912"}}"#;
    assert_eq!(
        best(rocm_smi(halo), Some(131_000_000_000)),
        Some(("ryzen-ai-max-395".to_owned(), 1))
    );
    assert_eq!(
        best(rocm_smi(halo), Some(66_000_000_000)),
        Some(("ryzen-ai-max-395@64".to_owned(), 1))
    );
    for text in ["", "[]", "{}", "{\"card0\": 3}", "WARNING: No AMD GPUs specified"] {
        assert!(rocm_smi(text).is_empty() && amd_smi(text).is_empty(), "{text}");
    }
}

#[test]
fn macs_and_linux_are_read() {
    let profile = "Hardware:\n\n    Hardware Overview:\n\n      Model Name: MacBook Pro\n      Model Identifier: Mac16,5\n      Chip: Apple M4 Max\n      Total Number of Cores: 16 (12 performance and 4 efficiency)\n      Memory: 64 GB\n\nGraphics/Displays:\n\n    Apple M4 Max:\n\n      Chipset Model: Apple M4 Max\n      Type: GPU\n      Bus: Built-In\n      Total Number of Cores: 40\n      Vendor: Apple (0x106b)\n      Metal Support: Metal 3\n";
    let taken = |text: &str| mac(text).best().map(|(device, _)| device.id.clone());
    assert_eq!(taken(profile).as_deref(), Some("apple-m4-max-40c@64"));
    let small = profile
        .replace("M4 Max", "M4")
        .replace("Cores: 40", "Cores: 10")
        .replace("64 GB", "16 GB");
    assert_eq!(taken(&small).as_deref(), Some("apple-m4@16"));
    let cut = profile.replace("Cores: 40", "Cores: 32").replace("64 GB", "36 GB");
    assert_eq!(taken(&cut).as_deref(), Some("apple-m4-max-32c"));
    assert_eq!(
        taken("Hardware:\n  Processor Name: Intel Core i9\n  Memory: 32 GB\n"),
        None
    );
    let meminfo = "MemTotal:       65741524 kB\nMemFree:        1000 kB\n";
    assert_eq!(memory_of(meminfo), Some(65_741_524 * 1024));
    assert_eq!(memory_of("MemTotal: many"), None);
    let cpuinfo = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD RYZEN AI MAX+ 395 w/ Radeon 8060S\n";
    let name = processor_of(cpuinfo).unwrap();
    assert_eq!(name, "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S");
    let chip = Part {
        name,
        memory_bytes: None,
    };
    assert_eq!(
        best(vec![chip], Some(131_000_000_000)),
        Some(("ryzen-ai-max-395".to_owned(), 1))
    );
    assert_eq!(processor_of(""), None);
}
