//! The command line as typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::init::options;
pub use crate::cli::init::options::Init;
use crate::model::{Address, Time};

/// An email-first help desk: customers write mail, agents answer from the mail client they already have.
#[derive(Debug, Parser)]
#[command(name = "svar", version, max_term_width = 80, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The configuration; else $SVAR_CONFIG, ./config.toml, /etc/svar/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// JSON instead of tables: every list is one array
    #[arg(long, global = true)]
    pub json: bool,
    /// Take this for the present time, such as 2026-12-01T08:00:00Z
    #[arg(long, global = true, value_name = "RFC3339", value_parser = time)]
    pub now: Option<Time>,
    /// Colour on a terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

fn time(text: &str) -> Result<Time, String> {
    Time::parse_rfc3339(text).ok_or_else(|| "write it as 2026-12-01T08:00:00Z (RFC 3339)".to_owned())
}

fn date(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse().map_err(|_| "write it as 2026-12-01".to_owned())
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play a December week at a web shop through the real desk, then say what happened and where to look
    Demo {
        /// A new directory for it [default: svar-demo]
        dir: Option<PathBuf>,
    },
    /// Measure how fast an existing mailbox has answered; changes nothing, needs no configuration
    #[command(after_help = AUDIT)]
    Audit(Audit),
    /// Run the desk
    Run {
        /// One full pass (fetch, decide, send, clocks), then exit
        #[arg(long)]
        once: bool,
    },
    /// Ask a few questions, try the mail servers, write the smallest configuration that works
    #[command(after_help = options::INIT)]
    Init(Box<Init>),
    /// Read the configuration, connect to every account, say what was found; changes nothing
    Check {
        /// Look at the database instead: its pages, and whether all that it holds fits together
        #[arg(long, conflicts_with = "agents")]
        database: bool,
        /// Send mails from each mailbox to itself, and say what became of them: folder, plus part, proofs, empty sender
        #[arg(long, conflicts_with = "database")]
        roundtrip: bool,
        /// With --roundtrip: give its mails up after so many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 90, requires = "roundtrip")]
        within: u64,
        /// With --roundtrip: delete its mails, and nothing else, once they are found
        #[arg(long, requires = "roundtrip")]
        delete: bool,
        #[command(flatten)]
        rehearsal: crate::cli::check::agents::Rehearsal,
    },
    /// Sign in by OAuth2 where a provider takes no password; without WHO, say who needs to
    SignIn(SignIn),
    /// What svar reads in a mail and why; needs no configuration and no database. With --config its form rules apply
    Explain {
        /// Whose Authentication-Results are believed, "microsoft365" included: says whether the sender is proved
        #[arg(long, value_name = "ID")]
        authserv_id: Option<String>,
        /// A mail as its server keeps it (.eml, a Maildir's file); `-` is stdin
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Take one mail from stdin (for an MTA's pipe)
    Deliver {
        /// The mailbox that it is for
        #[arg(long, value_name = "NAME")]
        mailbox: String,
    },
    /// Make history part of the desk: sends nothing, may be repeated
    Import(Import),
    /// List tickets; without QUERY all that is not closed, spam or merged
    #[command(after_help = QUERY)]
    Tickets {
        /// Words and terms, as below
        query: Vec<String>,
    },
    /// One ticket, whole: messages, clocks, events
    Show {
        #[arg(value_name = "N", value_parser = number)]
        ticket: i64,
    },
    /// How well customers were answered: the figures that digests are made of [default: this week so far]
    Stats {
        /// The first day, in the desk's zone
        #[arg(long, value_name = "DATE", value_parser = date)]
        from: Option<jiff::civil::Date>,
        /// The last day
        #[arg(long, value_name = "DATE", value_parser = date)]
        to: Option<jiff::civil::Date>,
        /// This mailbox alone
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
    },
    /// Search everything that was ever written, best first
    Search {
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// One answer to many tickets, each as its own mail to its own customer
    #[command(after_help = BULK)]
    Bulk(Bulk),
    /// What many customers write about at once (`#incident`), and how it stands
    Incidents {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
    },
    /// What waits to be sent and why
    Outbox {
        #[command(subcommand)]
        act: Option<OutboxAct>,
    },
    /// What was set aside and why
    Quarantine {
        #[command(subcommand)]
        act: Option<QuarantineAct>,
    },
    /// Close tickets
    Close(Numbers),
    /// Give a ticket to an agent
    Assign {
        #[arg(value_name = "N", value_parser = number)]
        ticket: i64,
        /// An address or a first name; "nobody" takes it back
        agent: String,
    },
    /// Put tags on a ticket
    Tag {
        #[arg(value_name = "N", value_parser = number)]
        ticket: i64,
        #[arg(required = true)]
        tags: Vec<String>,
        /// Take them off instead
        #[arg(long)]
        remove: bool,
    },
    /// Put a note on a ticket; customers never see it
    Note {
        #[arg(value_name = "N", value_parser = number)]
        ticket: i64,
        /// The text; without it, or as "-", from stdin
        text: Vec<String>,
    },
    /// Merge a ticket into another one
    Merge {
        #[arg(value_name = "N", value_parser = number)]
        ticket: i64,
        /// The survivor
        #[arg(value_name = "INTO", value_parser = number)]
        into: i64,
    },
    /// Park a ticket until a time
    Hold {
        #[arg(value_name = "N", value_parser = number)]
        ticket: i64,
        /// 4h, 2d, "mon 09:00" or an RFC 3339 time
        #[arg(required = true, value_name = "UNTIL")]
        until: Vec<String>,
    },
    /// Open closed tickets again
    Reopen(Numbers),
    /// Needs no answer, or was answered elsewhere: cancels the clock and closes
    Done(Numbers),
    /// Make a digest now: yesterday's, last week's or last month's figures, as text
    Digest {
        kind: DigestKind,
        /// Send it there as mail instead
        #[arg(long, value_name = "ADDR", conflicts_with = "html")]
        to: Option<String>,
        /// Write it as one page that needs nothing else
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// A consistent copy of the database, made while the desk runs
    Backup {
        /// A file that is not there yet
        file: PathBuf,
    },
    /// Put a backup in the database's place; starts a new epoch
    Restore { file: PathBuf },
    /// Hand out a person's data: her mails as an mbox, all else as JSON
    Export {
        #[command(subcommand)]
        act: ExportAct,
    },
    /// Take a person's data away for good; counts and times stay
    Erase {
        #[command(subcommand)]
        act: EraseAct,
    },
    /// The register: what is stored of people, where, since when and until when, who gets copies
    Privacy,
    /// Take over a database that was made on another machine or in another directory
    Adopt,
    /// Does the daemon run, are letters decided, does the outbox drain? Exit 1 if not
    Health,
    /// A completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// The manual page
    Man,
}

#[derive(Args, Debug)]
pub struct SignIn {
    /// A mailbox's name or address, or the user of an account
    #[arg(value_name = "WHO")]
    pub who: Option<String>,
    /// In a browser that comes back to this machine (or whose last address is pasted), instead of by a code
    #[arg(long)]
    pub browser: bool,
}

#[derive(Debug, Subcommand)]
pub enum ExportAct {
    /// Of a customer, under all her addresses
    Customer(ExportCustomer),
}

#[derive(Args, Debug)]
pub struct ExportCustomer {
    /// One of her addresses
    #[arg(value_name = "ADDR", value_parser = address)]
    pub address: Address,
    /// A new directory for it [default: svar-export-ADDR]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum EraseAct {
    /// A customer, under all her addresses
    Customer(EraseCustomer),
}

#[derive(Args, Debug)]
pub struct EraseCustomer {
    /// One of her addresses
    #[arg(value_name = "ADDR", value_parser = address)]
    pub address: Address,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Say what would go, and let it be
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DigestKind {
    Daily,
    Weekly,
    Monthly,
}

/// Stands for the `-` of an excluded term until clap has read the line: it would take `-held` for `-h -e -l -d`.
const MINUS: char = '\u{1}';

/// The arguments as clap is to see them.
pub fn hide_minus(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let args: Vec<OsString> = args.collect();
    if !args.iter().any(|a| a == "tickets" || a == "bulk") {
        return args;
    }
    let hidden = |arg: &OsString| {
        let text = arg.to_str()?;
        let rest = text.strip_prefix('-').filter(|r| !r.starts_with('-') && r.chars().count() > 1)?;
        Some(OsString::from(format!("{MINUS}{rest}")))
    };
    args.iter().map(|arg| hidden(arg).unwrap_or_else(|| arg.clone())).collect()
}

/// The query as it was typed.
pub fn query_typed(query: &[String]) -> String {
    query.join(" ").replace(MINUS, "-")
}

const QUERY: &str = "A query is words and terms; all must hold, `-` before one excludes it:
  state:open  mailbox:support  from:ADDR  agent:ADDR  tag:late  priority:high
  subject:word  older:2h  newer:7d  overdue  number:1..99  incident:NAME";

const AUDIT: &str = "A SOURCE is a Maildir, an mbox, a folder of .eml files, one .eml file, or
imaps://user@host/FOLDER (opened read-only: no flag changes).";

#[derive(Args, Debug)]
pub struct Audit {
    /// Where customers' mail lies; answers may lie there too
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// An address of ours: mail from it is an answer, mail to it a customer's; may be repeated
    #[arg(long, required = true, value_name = "ADDR", value_parser = address)]
    pub address: Vec<Address>,
    /// Where sent mail lies; may be repeated
    #[arg(long, value_name = "SOURCE")]
    pub sent: Vec<String>,
    /// The first day [default: all there is]
    #[arg(long, value_name = "D", value_parser = day)]
    pub from: Option<jiff::civil::Date>,
    /// The last day
    #[arg(long, value_name = "D", value_parser = day)]
    pub to: Option<jiff::civil::Date>,
    /// Opening hours, such as "mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00" [default: mon-fri 08:00-17:00]
    #[arg(long, value_name = "HOURS")]
    pub hours: Option<String>,
    /// [default: Europe/Stockholm]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Public holidays on which it is closed: SE, NO, DK, FI, IS, DE, GB [default: none]
    #[arg(long, value_name = "COUNTRY")]
    pub holidays: Option<String>,
    /// Write a page to send around
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The password of a mail server; else it is asked for
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) that are trusted beside the public ones
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Import {
    /// The mailbox that it is the history of
    #[arg(long, value_name = "NAME")]
    pub mailbox: String,
    /// A Maildir, an mbox, a folder of .eml files, or one .eml file
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Where sent mail lies; may be repeated
    #[arg(long, value_name = "SOURCE")]
    pub sent: Vec<String>,
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "write an address, such as support@example.test".to_owned())
}

fn day(text: &str) -> Result<jiff::civil::Date, String> {
    text.trim().parse().map_err(|_| "write a day as 2026-12-23".to_owned())
}

#[derive(Args, Debug)]
pub struct Numbers {
    #[arg(required = true, value_name = "N", value_parser = number)]
    pub tickets: Vec<i64>,
}

#[derive(Args, Debug)]
pub struct Bulk {
    /// Which tickets: words and terms, as `svar tickets --help` shows them
    #[arg(required_unless_present_any = ["stop", "show"])]
    pub query: Vec<String>,
    /// A canned answer, in the language of each customer
    #[arg(long, value_name = "NAME", required_unless_present_any = ["text", "stop", "show"], conflicts_with = "text")]
    pub canned: Option<String>,
    /// A text as it stands, with variables such as {{ customer.first_name }}; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Leave these tickets out; may be repeated
    #[arg(long, value_name = "N", value_parser = number)]
    pub without: Vec<i64>,
    /// It answers nothing ("we are looking into it"): no clock stops, and the mails say that they are automatic
    #[arg(long)]
    pub no_answer: bool,
    /// Show how it would look, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Send without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Keep back what has not left of this bulk
    #[arg(long, value_name = "BULK", conflicts_with_all = ["query", "show"])]
    pub stop: Option<i64>,
    /// How far this bulk has come
    #[arg(long, value_name = "BULK", conflicts_with = "query")]
    pub show: Option<i64>,
}

const BULK: &str = "Spam, merged tickets and closed ones that the query does not name by state:closed are
never among them. A customer with several tickets gets one mail, which answers all.
Examples:
  svar bulk state:open tag:late --canned delayed --dry-run
  svar bulk subject:postnord -agent:none --text note.txt --no-answer --yes";

#[derive(Debug, Subcommand)]
pub enum OutboxAct {
    /// Try again now
    Retry(Ids),
    /// Never send
    Drop(Ids),
    /// Let go what is held; without ID everything that is (after a restore)
    Release {
        #[arg(value_name = "ID")]
        ids: Vec<i64>,
    },
}

#[derive(Debug, Subcommand)]
pub enum QuarantineAct {
    /// The mail itself, with the reason
    Show {
        #[arg(value_name = "ID")]
        id: i64,
        /// Its bytes as they came, for a file
        #[arg(long)]
        raw: bool,
    },
    /// Take it as a customer's mail after all
    Release(Ids),
    /// It needs nothing
    Drop(Ids),
    /// Senders whose mail is set aside since an agent wrote #spam or #ignore
    Senders,
    /// Hear a sender again
    Unblock {
        #[arg(value_name = "ADDR")]
        address: String,
    },
}

#[derive(Args, Debug)]
pub struct Ids {
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<i64>,
}

/// `42` or `#42`.
fn number(text: &str) -> Result<i64, String> {
    match text.trim_start_matches('#').parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a ticket's number, such as 42".to_owned()),
    }
}
