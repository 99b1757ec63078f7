//! The whole-way bench: how fast the desk is, beside its yardsticks in the same run. Prints one table; nothing here is a test.
//!
//! `benches/run` installs what is missing and starts it; `benches/run --help` says what can be chosen.

mod desk;
mod latency;
mod letters;
mod library;
mod machine;
mod million;
mod parts;
mod rest;
mod sink;
mod table;
mod watch;
mod words;
mod yardsticks;

#[path = "../../tests/lab/mod.rs"]
mod lab;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use desk::{Account, Inlet, Notices};
use lab::Lab;
use letters::Letters;
use sink::Sink;
use table::Table;

/// The desk's address in every part of the bench.
pub const SUPPORT: &str = "support@example.test";

const HELP: &str = "benches/run [--letters N] [--rounds N] [--messages N] [PART...]
  --letters N    letters of the intake, default 10000
  --rounds N     each intake is run so often, and the median counts; default 3
  --messages N   messages in the big database, default 1000000
  --keep DIR     write the letters to DIR (a Maildir) and end
  PART           library imap maildir history latency rest million; default all
";

#[derive(Debug)]
pub struct Options {
    pub letters: usize,
    pub rounds: usize,
    pub messages: u64,
    keep: Option<PathBuf>,
    parts: Vec<String>,
}

impl Options {
    fn read() -> Result<Self, String> {
        let mut options = Self { letters: 10_000, rounds: 3, messages: 1_000_000, keep: None, parts: Vec::new() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
            let number = |text: String| text.parse::<usize>().map_err(|e| format!("{text}: {e}"));
            match argument.as_str() {
                "--letters" => options.letters = number(value()?)?,
                "--rounds" => options.rounds = number(value()?)?.max(1),
                "--messages" => options.messages = number(value()?)? as u64,
                "--keep" => options.keep = Some(value()?.into()),
                // Cargo says so to every bench.
                "--bench" => {}
                "library" | "imap" | "maildir" | "history" | "latency" | "rest" | "million" => {
                    options.parts.push(argument)
                }
                _ => return Err(format!("{argument} is not known\n{HELP}")),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|p| p == part)
    }
}

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::from(2);
        }
    };
    if let Some(dir) = &options.keep {
        let letters = write_maildir(dir, options.letters);
        println!("{}", letters.describe());
        return ExitCode::SUCCESS;
    }
    let home = Home::make();
    let mut table = Table::default();
    let say = |what: &str| eprintln!("bench: {what}");

    let needs_letters = ["library", "imap", "maildir", "history", "rest"].iter().any(|part| options.wants(part));
    let maildir = home.0.join("letters");
    let mut shape = None;
    if needs_letters {
        say("writing letters");
        shape = Some(write_maildir(&maildir, options.letters));
    }
    say("measuring the disk");
    let machine = machine::describe(&home.0);

    if options.wants("library") {
        say("reading in memory");
        library::reading(&maildir, &mut table);
    }
    if options.wants("maildir") {
        maildir_intake(&options, &home.0, &maildir, &mut table, say);
    }
    if options.wants("history") {
        history(&options, &home.0, &maildir, &mut table, say);
    }
    if ["imap", "latency", "rest"].iter().any(|part| options.wants(part)) {
        say("starting the mail lab");
        let lab = Lab::start();
        let sink = Sink::start();
        if options.wants("imap") {
            // A desk that knows the mailbox empty: what comes later is news, of which agents are told.
            let inlet = Inlet::Imap(Account::of(&lab, desk::Start::All));
            desk::take_in_once(&home.0.join("told"), &inlet, &Notices::Smtp(sink.port()), 0);
        }
        if options.wants("imap") || options.wants("rest") {
            say("filling the server's mailbox");
            machine::fill_mailbox(&lab, &maildir);
        }
        if options.wants("imap") {
            imap_intake(&options, &home.0, &lab, &sink, &mut table, say);
        }
        if options.wants("rest") {
            say("a resting daemon");
            rest::measure(&home.0, &lab, options.letters, &mut table);
        }
        if options.wants("latency") {
            say("from EXISTS to the agent");
            latency::measure(&home.0, &lab, &mut table);
        }
    }
    if options.wants("million") {
        say("making the big database");
        million::measure(&home.0, options.messages, &mut table);
    }
    println!("{machine}");
    if let Some(shape) = shape {
        println!("- letters: {}", shape.describe());
    }
    println!("\n{table}");
    ExitCode::SUCCESS
}

/// Reading a Maildir: svar and `notmuch new`, one after the other, round after round.
fn maildir_intake(options: &Options, home: &Path, maildir: &Path, table: &mut Table, say: impl Fn(&str)) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        say(&format!("maildir, round {}", round + 1));
        let inlet = Inlet::Maildir(maildir.to_owned());
        ours.push(desk::take_in_once(&home.join("maildir"), &inlet, &Notices::None, options.letters));
        theirs.push(yardsticks::notmuch_new(&home.join("notmuch"), maildir));
    }
    let ours = table.rate("a Maildir: `svar run --once`", "5 x `notmuch new`", options.letters, &ours);
    let theirs = table.rate("a Maildir: `notmuch new`", "", options.letters, &theirs);
    table.ratio("svar / `notmuch new`", ">= 5", ours / theirs);
}

/// Mail that is long past: `svar import` and `svar audit` beside `notmuch new`, round after round.
fn history(options: &Options, home: &Path, maildir: &Path, table: &mut Table, say: impl Fn(&str)) {
    let [mut ours, mut audits, mut theirs] = [const { Vec::new() }; 3];
    for round in 0..options.rounds {
        say(&format!("history, round {}", round + 1));
        ours.push(desk::import(&home.join("import"), maildir, options.letters));
        theirs.push(yardsticks::notmuch_new(&home.join("notmuch"), maildir));
        audits.push(desk::audit(home, maildir));
    }
    let ours = table.rate("history: `svar import` of a Maildir", "5 x `notmuch new`", options.letters, &ours);
    let theirs = table.rate("history: `notmuch new`", "", options.letters, &theirs);
    table.ratio("`svar import` / `notmuch new`", ">= 5", ours / theirs);
    table.rate("history: `svar audit` of a Maildir", ">= 1667 (100,000 in a minute)", options.letters, &audits);
}

/// Intake from Dovecot by TLS: svar, mbsync, and what stands beside them.
fn imap_intake(options: &Options, home: &Path, lab: &Lab, sink: &Sink, table: &mut Table, say: impl Fn(&str)) {
    let inlet = Inlet::Imap(Account::of(lab, desk::Start::All));
    let [mut ours, mut told, mut default, mut careless, mut bare] = [const { Vec::new() }; 5];
    yardsticks::bare_fetch(lab);
    let mut files = vec![machine::files_per_second(home)];
    for round in 0..options.rounds {
        say(&format!("imap, round {}", round + 1));
        ours.push(desk::take_in_once(&home.join("imap"), &inlet, &Notices::None, options.letters));
        default.push(yardsticks::mbsync(&home.join("mbsync"), lab, yardsticks::Fsync::Default));
        careless.push(yardsticks::mbsync(&home.join("mbsync"), lab, yardsticks::Fsync::No));
        bare.push(yardsticks::bare_fetch(lab));
        files.push(machine::files_per_second(home));
    }
    say("imap, with notifications");
    told.push(desk::take_in_more(&home.join("told"), options.letters));
    let all: Vec<String> = files.iter().map(|rate| format!("{rate:.0}")).collect();
    let what = "the disk meanwhile: files of 8 kB made and made durable, a second";
    table.row(what, all.join(", "), "before, between and after the rounds".to_owned(), "");
    let ours = table.rate("Dovecot: `svar run --once`", ">= mbsync", options.letters, &ours);
    let default = table.rate("Dovecot: `mbsync`, default setting", "", options.letters, &default);
    table.rate("Dovecot: `mbsync`, FSync no", "", options.letters, &careless);
    table.rate("Dovecot: svar's fetch alone, nothing kept", "", options.letters, &bare);
    table.ratio("svar / `mbsync`", ">= 1", ours / default);
    table.rate("Dovecot: `svar run --once`, every notification sent by SMTP too", "", options.letters, &told);
    table.count("notifications accepted meanwhile", sink.accepted());
}

/// What the letters of a run are like, in bytes.
#[derive(Debug)]
pub struct Shape {
    sizes: Vec<usize>,
}

impl Shape {
    fn describe(&self) -> String {
        let mut sizes = self.sizes.clone();
        sizes.sort_unstable();
        let n = sizes.len().max(1);
        let total: usize = sizes.iter().sum();
        let at = |tenths: usize| sizes.get(n * tenths / 10).copied().unwrap_or(0);
        format!(
            "{} letters, {:.1} MB; size median {}, mean {}, p10 {}, p90 {}, largest {} bytes",
            sizes.len(),
            total as f64 / 1e6,
            at(5),
            total / n,
            at(1),
            at(9),
            sizes.last().copied().unwrap_or(0)
        )
    }
}

/// A Maildir of `count` letters, each file's time being the time at which it came.
fn write_maildir(dir: &Path, count: usize) -> Shape {
    for sub in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(dir.join(sub)).expect("a directory for the letters");
    }
    let mut sizes = Vec::with_capacity(count);
    for (number, letter) in Letters::new(1, SUPPORT).take(count).enumerate() {
        let path = dir.join("new").join(format!("{}.M{number:06}P1.bench", letter.at));
        std::fs::write(&path, &letter.raw).expect("a letter");
        let came = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(letter.at.unsigned_abs());
        let file = std::fs::File::options().append(true).open(&path).expect("a letter");
        file.set_modified(came).expect("a letter's time");
        sizes.push(letter.raw.len());
    }
    Shape { sizes }
}

/// The bench's directory; gone at the end.
struct Home(PathBuf);

impl Home {
    /// Also removes what runs that were killed have left.
    fn make() -> Self {
        for left in std::fs::read_dir("/tmp").into_iter().flatten().flatten() {
            let name = left.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix("svar-bench-").and_then(|id| id.parse::<u32>().ok());
            if owner.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
                let _ = std::fs::remove_dir_all(left.path());
            }
        }
        let path = PathBuf::from(format!("/tmp/svar-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory under /tmp");
        Self(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
