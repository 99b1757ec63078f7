//! argv in, exit code out.

fn main() -> std::process::ExitCode {
    svar::cli::main()
}
