//! The command line. See [`weighbridge::cli`].

fn main() -> std::process::ExitCode {
    weighbridge::cli::main()
}
