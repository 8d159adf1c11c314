//! `weighbridge estimate --launch`: the command that runs what was weighed, each flag explained.

use weighbridge::analysis::Launch;

/// The command, and below it what each part is for, as comments of its language.
pub fn text(launch: &Launch) -> String {
    let mut out = format!("{}\n\n", launch.command);
    for flag in &launch.flags {
        let part = flag.text.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push_str(&format!("# {part}\n#     {}\n", flag.why));
    }
    out
}
