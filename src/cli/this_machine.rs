//! `--hardware auto`: the cards and memory of the computer this runs on, asked of the tools that come with their drivers.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::hardware::machine::{Machine, Part, amd_smi, mac, memory_of, nvidia_smi, processor_of, rocm_smi};
use crate::limits;

use super::output::{Failure, tell};

/// How long a tool may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is taken.
pub struct Taken {
    /// Id of the device.
    pub device: String,
    /// How many there are.
    pub count: u64,
    /// RAM, bytes, where the device has a memory of its own beside it.
    pub host_bytes: Option<u64>,
}

/// Looks, says what was found and what is taken of it.
pub fn look() -> Result<Taken, Failure> {
    let machine = machine();
    let names: Vec<String> = machine.parts.iter().map(|part| part.name.clone()).collect();
    let processor = read("/proc/cpuinfo").as_deref().and_then(processor_of);
    let ram = machine.host_bytes.map(|bytes| format!("{} GiB of RAM", bytes >> 30));
    let found: Vec<String> = names.into_iter().chain(processor).chain(ram).collect();
    if found.is_empty() {
        return Err(Failure::new(
            "no_hardware",
            "--hardware auto: neither nvidia-smi, amd-smi, rocm-smi nor system_profiler tells of a device here. Name one: --hardware 4090.",
        ));
    }
    tell(&format!("Found here: {}.", found.join(", ")));
    let Some((device, count)) = machine.best() else {
        return Err(Failure::new(
            "no_hardware",
            "--hardware auto: no graphics card of this computer is in the table. Name a device: `weighbridge hardware` lists them, also processors.",
        ));
    };
    let times = if count > 1 {
        format!("{count} × ")
    } else {
        String::new()
    };
    tell(&format!("Taken: {times}{} ({}).", device.name, device.id));
    Ok(Taken {
        count,
        host_bytes: machine.host_bytes.filter(|_| device.has_own_memory()),
        device: device.id.clone(),
    })
}

fn machine() -> Machine {
    if cfg!(target_os = "macos") {
        let told = run("system_profiler", &["SPHardwareDataType", "SPDisplaysDataType"]);
        return told.as_deref().map(mac).unwrap_or_default();
    }
    let nvidia = run(
        "nvidia-smi",
        &["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
    );
    let mut parts = nvidia.as_deref().map(nvidia_smi).unwrap_or_default();
    let amd = run("amd-smi", &["static", "--asic", "--vram", "--json"]);
    let mut amd = amd.as_deref().map(amd_smi).unwrap_or_default();
    if amd.is_empty() {
        let told = run("rocm-smi", &["--showproductname", "--showmeminfo", "vram", "--json"]);
        amd = told.as_deref().map(rocm_smi).unwrap_or_default();
    }
    parts.extend(amd);
    // A chip that is processor and graphics in one is known by the processor's name.
    let processor = read("/proc/cpuinfo").as_deref().and_then(processor_of);
    let chip = processor.map(|name| Part {
        name,
        memory_bytes: None,
    });
    parts.extend(chip.filter(|part| parts.is_empty() && !part.devices().is_empty()));
    Machine {
        parts,
        host_bytes: read("/proc/meminfo").as_deref().and_then(memory_of),
    }
}

fn read(path: &str) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(limits::TOOL_OUTPUT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// What a tool prints; none where there is no such tool, it fails or does not end.
fn run(tool: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let out = child.stdout.take()?;
    // Read beside: a full pipe would keep it from ending.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.take(limits::TOOL_OUTPUT)
            .read_to_string(&mut text)
            .ok()
            .map(|_| text)
    });
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    reader.join().ok()?.filter(|_| status.success())
}
