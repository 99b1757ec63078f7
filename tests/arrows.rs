//! Holds the shape of the house: which room may know which, which crate has its one home, who may read the clock.
//!
//! What is checked is the text of `src`, so that a fault is named by file and line without building anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors of `docs/ARCHITECTURE.md`. A room may know those on lower floors alone.
const FLOORS: &[(&str, u8)] = &[
    ("model", 1),
    ("plan", 2),
    ("wording", 2),
    ("mail", 2),
    ("sla", 2),
    ("net", 2),
    ("config", 3),
    ("report", 3),
    ("desk", 4),
    ("store", 4),
    ("engine", 5),
    ("daemon", 6),
    ("demo", 6),
    ("history", 6),
    ("cli", 7),
];

/// Arrows that go down and are forbidden all the same.
const NEVER: &[(&str, &str, &str)] = &[
    ("store", "mail", "the store writes down what plan.rs says and reads no letters"),
    ("store", "sla", "clocks are a fold over what the store hands out"),
    ("report", "mail", "a report is made of figures"),
];

/// Arrows on one floor that are allowed.
const SIDEWAYS: &[(&str, &str, &str)] = &[("mail", "plan", "a composed mail is a list of plan's segments")];

/// Crates that are named in one place, so that they can be replaced there.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["src/store/db.rs"]),
    ("lettre", &["src/net/smtp", "src/mail/compose"]),
    ("async_imap", &["src/net/imap"]),
    ("imap_proto", &["src/net/imap"]),
    ("rustls", &["src/net/"]),
    ("tokio_rustls", &["src/net/"]),
    ("ureq", &["src/net/http.rs"]),
    ("tokio", &["src/net/", "src/daemon", "src/cli/", "src/history/imap.rs"]),
    ("mail_parser", &["src/mail/"]),
    ("ammonia", &["src/mail/"]),
    ("encoding_rs", &["src/mail/"]),
    ("chardetng", &["src/mail/"]),
    ("toml", &["src/config/", "src/wording.rs"]),
    ("zstd", &["src/store/custody"]),
    ("clap", &["src/cli/"]),
    ("comfy_table", &["src/cli/print"]),
    ("indicatif", &["src/cli/"]),
    ("console", &["src/cli/history.rs"]),
    ("csv", &["src/report/"]),
    ("resvg", &["src/report/chart"]),
    ("dejavu", &["src/report/chart"]),
    ("icalendar", &["src/mail/calendar"]),
    ("sd_notify", &["src/daemon"]),
    ("tracing_subscriber", &["src/daemon", "src/cli/"]),
];

/// Rooms that do no I/O, read no clock, draw no random number, hold no lock and are not async.
const PURE: &[&str] = &["model", "plan", "wording", "mail", "sla", "desk", "report"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Mutex",
    "RwLock",
    "SystemRandom",
    "async fn",
    "async move",
    ".await",
];

/// The only file that may read the clock; `net` and `daemon` may ask tokio's for their time-outs.
const CLOCK: &str = "src/engine/clock.rs";
const CLOCKS: &[&str] = &["Timestamp::now", "SystemTime::now", "Instant::now", "Zoned::now"];

const LINES: usize = 600;
/// Files that may be longer, with the reason.
const LONGER: &[(&str, usize, &str)] = &[];

/// `Cargo.lock` holds no more packages than this, all platforms and tests included. Raise it together with the line in
/// `docs/DECISIONS.md` that says why.
const PACKAGES: usize = 316;

/// A source file, without its comments and without what stands in string literals.
struct Source {
    path: String,
    room: String,
    text: String,
    code: String,
    /// Where `#[cfg(test)] mod …` begins, or the end.
    tests_at: usize,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let room = path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_owned();
        let code = code_of(text);
        let is_test = path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/");
        let tests_at = if is_test { 0 } else { find_tests(&code) };
        Self { path: path.to_owned(), room, text: text.to_owned(), code, tests_at }
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.code[..at].matches('\n').count() + 1)
    }
}

fn find_tests(code: &str) -> usize {
    let mut from = 0;
    while let Some(at) = code[from..].find("#[cfg(test)]") {
        let at = from + at;
        let rest = code[at + "#[cfg(test)]".len()..].trim_start();
        if rest.starts_with("mod ") && !rest.split('\n').next().unwrap_or("").trim_end().ends_with(';') {
            return at;
        }
        from = at + 1;
    }
    code.len()
}

/// `text` with comments and the insides of string literals blanked out; every line stays where it is.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    while i < chars.len() {
        let (c, next) = (chars[i], chars.get(i + 1).copied().unwrap_or(' '));
        let before = i.checked_sub(1).map_or(' ', |b| chars[b]);
        if c == '/' && next == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && next == '*' {
            let mut depth = 0;
            while i < chars.len() {
                let two = (chars[i], chars.get(i + 1).copied().unwrap_or(' '));
                out.push(blank(chars[i]));
                i += 1;
                match two {
                    ('/', '*') => depth += 1,
                    ('*', '/') => depth -= 1,
                    _ => continue,
                }
                i += 1;
                if depth == 0 {
                    break;
                }
            }
        } else if c == 'r' && (next == '"' || next == '#') && !before.is_alphanumeric() && before != '_' {
            let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
            if chars.get(i + 1 + hashes) != Some(&'"') {
                out.push(c); // r#name
                i += 1;
                continue;
            }
            i += hashes + 2;
            out.push('"');
            while i < chars.len() {
                let closes =
                    chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
                out.push(blank(chars[i]));
                i += 1;
                if closes {
                    i += hashes;
                    break;
                }
            }
            out.push('"');
        } else if c == '"' {
            out.push('"');
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                if chars[i] == '\\' {
                    i += 1;
                    out.push(' ');
                }
                out.push(chars.get(i).copied().map_or(' ', blank));
                i += 1;
            }
            out.push('"');
            i += 1;
        } else if c == '\'' && (next == '\\' || chars.get(i + 2) == Some(&'\'')) {
            // A character literal; a lifetime has no quote two further on.
            let end = if next == '\\' { (i + 3..chars.len()).find(|e| chars[*e] == '\'').unwrap_or(i) } else { i + 2 };
            out.push_str("' '");
            i = end + 1;
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// Every `needle` in `code` that begins a word, as byte offsets.
fn words(code: &str, needle: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(needle)
        .map(|(at, _)| at)
        .filter(|at| !needle.starts_with(is_word) || !code[..*at].ends_with(is_word))
        .collect()
}

/// The rooms that a path starting with `crate::` at `at` leads to: one, or several of `crate::{a::b, c}`.
fn rooms_named(code: &str, at: usize) -> Vec<String> {
    let rest = code[at + "crate::".len()..].trim_start();
    let ident = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    if !rest.starts_with('{') {
        return vec![ident(rest)];
    }
    let (mut depth, mut rooms, mut begins) = (0, Vec::new(), false);
    for (i, c) in rest.char_indices() {
        match c {
            '{' => {
                depth += 1;
                begins = depth == 1;
            }
            '}' => depth -= 1,
            ',' => begins = depth == 1,
            c if c.is_whitespace() => {}
            _ if begins => {
                rooms.push(ident(&rest[i..]));
                begins = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    rooms
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|f| f.0 == room).map(|f| f.1)
}

fn upward_arrows(source: &Source) -> Vec<String> {
    let Some(own) = floor(&source.room) else { return Vec::new() };
    let mut faults = Vec::new();
    for at in words(&source.code, "crate::") {
        for room in rooms_named(&source.code, at) {
            if room == source.room {
                continue;
            }
            let never = NEVER.iter().find(|n| n.0 == source.room && n.1 == room);
            match floor(&room) {
                None => faults.push(format!("{}: `crate::{room}` is on no floor", source.place(at))),
                Some(_) if SIDEWAYS.iter().any(|s| s.0 == source.room && s.1 == room) => {}
                Some(floor) if floor >= own => faults.push(format!(
                    "{}: {} (floor {own}) must not know {room} (floor {floor})",
                    source.place(at),
                    source.room
                )),
                Some(_) => {
                    faults
                        .extend(never.map(|n| format!("{}: {} must not know {room}: {}", source.place(at), n.0, n.2)));
                }
            }
        }
    }
    // `super::` that climbs out of the room would be an arrow that cannot be read.
    let inner = source.path.trim_start_matches("src/").trim_end_matches("/mod.rs").trim_end_matches(".rs");
    let depth = inner.split('/').count();
    let mut past = 0;
    for at in words(&source.code, "super::") {
        if at < past {
            continue;
        }
        let climbs = source.code[at..].split("super::").take_while(|s| s.is_empty()).count();
        past = at + climbs * "super::".len();
        if climbs >= depth + usize::from(at > source.tests_at) {
            faults.push(format!("{}: `super::` climbs out of the room; write `crate::…`", source.place(at)));
        }
    }
    faults
}

fn strayed_crates(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, homes) in HOMES {
        if homes.iter().any(|h| source.path.starts_with(h)) {
            continue;
        }
        for at in words(&source.code, &format!("{name}::")) {
            let before = source.code[..at].trim_end();
            // `crate::config::toml::…`, `self::toml::…` is a module of ours.
            if !before.ends_with("::") {
                faults.push(format!("{}: `{name}` is named outside its home ({})", source.place(at), homes.join(", ")));
            }
        }
    }
    faults
}

fn clock_reads(source: &Source) -> Vec<String> {
    if source.path == CLOCK {
        return Vec::new();
    }
    let imports_std = source.code.lines().any(|l| l.trim_start().starts_with("use std::time") && l.contains("Instant"));
    let timed = matches!(source.room.as_str(), "net" | "daemon") && !imports_std;
    let mut faults = Vec::new();
    for name in CLOCKS {
        for at in words(&source.code, name) {
            let tokio = !source.code[..at].ends_with("std::time::");
            if !(timed && tokio && *name == "Instant::now") {
                faults.push(format!(
                    "{}: `{name}`: time is an argument; {CLOCK} alone reads the clock",
                    source.place(at)
                ));
            }
        }
    }
    faults
}

fn impurities(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.room.as_str()) {
        return Vec::new();
    }
    let code = &source.code[..source.tests_at];
    IMPURE
        .iter()
        .flat_map(|name| words(code, name).into_iter().map(move |at| (name, at)))
        .map(|(name, at)| format!("{}: `{name}`: {} does no I/O and holds no lock", source.place(at), source.room))
        .collect()
}

fn shape(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    if !source.text.starts_with("//! ") && source.path != "src/lib.rs" {
        faults.push(format!("{}:1: the first line says what the file is for (`//! …`)", source.path));
    }
    let longest = LONGER.iter().find(|l| l.0 == source.path).map_or(LINES, |l| l.1);
    let lines = source.text.lines().count();
    if lines > longest {
        faults.push(format!("{}: {lines} lines, more than {longest}: is it one room, or two?", source.path));
    }
    faults
}

fn rust_files(dir: &Path, into: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.insert(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeSet::new();
    rust_files(&top.join("src"), &mut files);
    assert!(files.len() > 10, "src was not found");
    let relative = |p: &Path| p.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|p| Source::new(&relative(p), &fs::read_to_string(p).unwrap())).collect()
}

/// Runs one check over all of `src` and fails with everything it found.
fn none(what: &str, check: fn(&Source) -> Vec<String>) {
    let faults: Vec<String> = sources().iter().flat_map(check).collect();
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn imports_go_down() {
    none("arrows that must not be", upward_arrows);
}

#[test]
fn every_room_has_a_floor() {
    let homeless: BTreeSet<String> =
        sources().into_iter().map(|s| s.room).filter(|r| floor(r).is_none() && r != "lib" && r != "main").collect();
    assert!(homeless.is_empty(), "give these a floor in tests/arrows.rs and docs/ARCHITECTURE.md: {homeless:?}");
}

#[test]
fn driver_crates_have_one_home() {
    none("crates outside their home", strayed_crates);
}

#[test]
fn one_file_reads_the_clock() {
    none("clocks", clock_reads);
}

#[test]
fn pure_rooms_are_pure() {
    none("rooms that should only compute", impurities);
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    none("files", shape);
}

#[test]
fn the_tree_of_crates_stays_small() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let packages = lock.lines().filter(|l| *l == "[[package]]").count();
    assert!(packages <= PACKAGES, "{packages} packages in Cargo.lock, the budget is {PACKAGES}");
}

/// The checks themselves: each must see what it is there to see.
#[test]
fn the_checks_can_see() {
    fn found(check: fn(&Source) -> Vec<String>, path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }
    fn sees(check: fn(&Source) -> Vec<String>, path: &str, text: &str) {
        assert_ne!(found(check, path, text), 0, "{path}: {text}");
    }
    fn passes(check: fn(&Source) -> Vec<String>, path: &str, text: &str) {
        assert_eq!(check(&Source::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }

    sees(upward_arrows, "src/desk/mod.rs", "use crate::store::Store;");
    sees(upward_arrows, "src/desk/mod.rs", "use crate::{model::Time, engine::{Engine, clock}};");
    sees(upward_arrows, "src/store/db.rs", "fn a() { crate::mail::read(b\"\") }");
    sees(upward_arrows, "src/model.rs", "use super::plan::Change;");
    sees(upward_arrows, "src/desk/act.rs", "use super::super::engine::Engine;");
    sees(upward_arrows, "src/mail/read.rs", "use crate::nowhere::X;");
    passes(upward_arrows, "src/desk/act.rs", "use super::sign::Key;\nuse crate::{plan::{Change, Clues}, model};");
    passes(upward_arrows, "src/desk/mod.rs", "//! See [`crate::engine`].\nconst A: &str = \"crate::store\";");
    passes(upward_arrows, "src/model.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n");

    sees(strayed_crates, "src/store/apply.rs", "use rusqlite::params;");
    sees(strayed_crates, "src/engine/mod.rs", "tokio::spawn(x)");
    passes(strayed_crates, "src/store/db.rs", "use rusqlite::params;");
    passes(strayed_crates, "src/net/tls.rs", "use tokio_rustls::TlsConnector; // not rusqlite::");

    sees(clock_reads, "src/desk/mod.rs", "let t = jiff::Timestamp::now();");
    sees(clock_reads, "src/net/imap.rs", "std::time::Instant::now()");
    sees(clock_reads, "src/net/imap.rs", "use std::time::{Duration, Instant};\nInstant::now()");
    passes(clock_reads, "src/net/imap.rs", "tokio::time::Instant::now()");
    passes(clock_reads, "src/net/imap.rs", "use tokio::time::Instant;\nInstant::now()");
    passes(clock_reads, CLOCK, "SystemTime::now()");

    sees(impurities, "src/desk/mod.rs", "use std::fs;");
    sees(impurities, "src/mail/read.rs", "async fn a() {}");
    passes(impurities, "src/mail/read.rs", "fn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }");
    passes(impurities, "src/engine/mod.rs", "use std::fs;");

    sees(shape, "src/desk/mod.rs", "use a;");
    sees(shape, "src/desk/mod.rs", &format!("//! x\n{}", "\n".repeat(LINES)));
    passes(shape, "src/desk/mod.rs", "//! x\nuse a;");

    let odd = "let a = 'x'; let b = '\\''; fn f<'a>(x: &'a str) { g(\"say \\\" crate::engine\", r#\"crate::engine \"q\" \"#) } /* crate::engine */";
    passes(upward_arrows, "src/desk/mod.rs", odd);
    sees(upward_arrows, "src/desk/mod.rs", &format!("{odd} crate::engine::x();"));
}
