//! `completions` and `man`: what packagers put beside the binary.

use clap::CommandFactory;

use crate::cli::args::Cli;
use crate::cli::error::CommandError;
use crate::cli::print::Out;

pub fn completions(out: &mut Out, shell: clap_complete::Shell) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "svar", &mut script);
    Ok(out.raw(&script)?)
}

/// One page: the command itself, then each of its commands.
pub fn man(out: &mut Out) -> Result<(), CommandError> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        // The sections of the sub-command's own page, below one heading.
        let man = clap_mangen::Man::new(sub.clone());
        page.extend_from_slice(format!(".SH \"SVAR {}\"\n", sub.get_name().to_uppercase()).as_bytes());
        let mut part = Vec::new();
        man.render_description_section(&mut part)?;
        man.render_synopsis_section(&mut part)?;
        man.render_options_section(&mut part)?;
        let part = String::from_utf8_lossy(&part).replace(".SH ", ".SS ");
        page.extend_from_slice(part.as_bytes());
    }
    Ok(out.raw(&page)?)
}
