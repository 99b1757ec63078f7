//! The command line: one file a family of commands. Results on stdout, everything else on stderr.

pub mod acts;
pub mod args;
pub mod aside;
pub mod audit;
pub mod bulk;
pub mod check;
pub mod digest;
pub mod error;
pub mod explain;
pub mod health;
pub mod history;
pub mod import;
pub mod incidents;
pub mod init;
pub mod keep;
pub mod lens;
pub mod open;
pub mod owner;
pub mod packaging;
pub mod perform;
pub mod pipe;
pub mod print;
pub mod privacy;
pub mod rights;
pub mod screen;
pub mod show;
pub mod sign_in;
pub mod soundness;
pub mod stats;
pub mod tickets;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, Rlimit, setrlimit};

use args::{Cli, Command, EraseAct, ExportAct};
use check::roundtrip::Roundtrip;
use error::CommandError;
use print::Out;

use crate::desk::act::Act;

/// Reads the arguments, does what they say, and gives the exit code: 0, 1, 2 or 75.
pub fn main() -> ExitCode {
    no_core_dump();
    let cli = match Cli::try_parse_from(args::hide_minus(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results and go to stdout, mistakes to stderr; clap knows which. A closed pipe is no matter.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    crate::net::oauth::go_by(crate::engine::clock::now);
    let mut out = Out::stdout(&cli.global);
    let global = cli.global.clone();
    let done = owner::insist(&cli).and_then(|()| run(cli, &mut out)).and_then(|()| Ok(out.flush()?));
    // Also after a failure: half of the work may be written.
    let settled = owner::settle(&global);
    let result = done.and(settled);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = out.flush();
            let _ = std::io::stderr().write_all(error.rendered().as_bytes());
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// A core dump would hold passwords and everybody's mail. Where the limit cannot be lowered none was possible.
fn no_core_dump() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

fn run(cli: Cli, out: &mut Out) -> Result<(), CommandError> {
    let global = &cli.global;
    match cli.command {
        Command::Audit(wanted) => audit::audit(global, out, &wanted),
        Command::Import(wanted) => import::import(global, out, &wanted),
        Command::Demo { dir } => perform::demo(out, dir),
        Command::Run { once } => perform::run(global, once),
        Command::Init(wanted) => init::init(global, out, &wanted),
        Command::Check { database: true, .. } => soundness::check(global, out),
        Command::Check { rehearsal, roundtrip, within, delete, .. } => {
            let trip = Roundtrip { wait: std::time::Duration::from_secs(within), delete };
            check::check(global, rehearsal, roundtrip.then_some(trip), out)
        }
        Command::SignIn(wanted) => sign_in::sign_in(global, out, &wanted),
        Command::Explain { authserv_id, files } => perform::explain(out, global, &files, authserv_id),
        Command::Deliver { mailbox } => pipe::deliver(global, &mailbox),
        Command::Tickets { query } => tickets::tickets(global, out, &query),
        Command::Show { ticket } => show::show(global, out, ticket),
        Command::Stats { from, to, mailbox } => stats::stats(global, out, from, to, mailbox.as_deref()),
        Command::Search { words } => tickets::search(global, out, &words),
        Command::Bulk(wanted) => bulk::bulk(global, out, &wanted),
        Command::Incidents { all } => incidents::incidents(global, out, all),
        Command::Outbox { act } => aside::outbox(global, out, act),
        Command::Quarantine { act } => aside::quarantine(global, out, act),
        Command::Close(n) => acts::each(global, out, &n.tickets, &Act::Close, "is closed"),
        Command::Reopen(n) => acts::each(global, out, &n.tickets, &Act::Open, "is open"),
        Command::Done(n) => acts::each(global, out, &n.tickets, &Act::Done, "is done: closed, no answer needed"),
        Command::Assign { ticket, agent } => acts::assign(global, out, ticket, &agent),
        Command::Tag { ticket, tags, remove } => acts::tag(global, out, ticket, &tags, remove),
        Command::Note { ticket, text } => acts::note(global, out, ticket, &text),
        Command::Merge { ticket, into } => acts::merge(global, out, ticket, into),
        Command::Hold { ticket, until } => acts::hold(global, out, ticket, &until.join(" ")),
        Command::Digest { kind, to, html } => digest::digest(global, out, kind, to.as_deref(), html.as_deref()),
        Command::Backup { file } => keep::backup(global, out, &file),
        Command::Restore { file } => keep::restore(global, out, &file),
        Command::Export { act: ExportAct::Customer(wanted) } => rights::export(global, out, &wanted),
        Command::Erase { act: EraseAct::Customer(wanted) } => rights::erase(global, out, &wanted),
        Command::Privacy => privacy::privacy(global, out),
        Command::Adopt => keep::adopt(global, out),
        Command::Health => health::health(global, out),
        Command::Completions { shell } => packaging::completions(out, shell),
        Command::Man => packaging::man(out),
    }
}
