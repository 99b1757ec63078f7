//! The binary as its users meet it: exit codes, tables of 80 columns, JSON fields, and the demo that all of it looks at.

#[path = "cli/bulk.rs"]
mod bulk;
#[path = "cli/damage.rs"]
mod damage;
#[path = "cli/digest.rs"]
mod digest;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/morning.rs"]
mod morning;
#[path = "cli/privacy.rs"]
mod privacy;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The end of the week that the demo plays.
const SUNDAY: &str = "2026-12-13T19:00:00Z";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// Exit 0 and nothing on stderr.
    fn fine(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self
    }

    /// This exit code, and stderr says this.
    fn fails(self, code: i32, says: &str) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(says), "{:?} is not in {}", says, self.err);
        self
    }
}

fn svar_in(dir: &Path, args: &[&str], stdin: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_svar"))
        .args(args)
        .current_dir(dir)
        .env_remove("SVAR_CONFIG")
        .env_remove("COLUMNS")
        .env("USER", "tester")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let done = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

/// The week, played once for all tests that only look.
fn demo() -> &'static Path {
    static DEMO: OnceLock<(TempDir, String)> = OnceLock::new();
    let (dir, _) = DEMO.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let played = svar_in(dir.path(), &["demo", "week"], b"").fine();
        (dir, played.out)
    });
    dir.path()
}

/// Looks at the demo on Sunday evening.
fn look(args: &[&str]) -> Ran {
    let mut all = vec!["--config", "week/config.toml", "--now", SUNDAY];
    all.extend(args);
    svar_in(demo(), &all, b"")
}

/// A copy of the demo that may be changed.
fn own() -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).unwrap() }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&demo().join("week"), dir.path());
    dir
}

fn change(dir: &TempDir, args: &[&str]) -> Ran {
    let mut all = vec!["--now", SUNDAY];
    all.extend(args);
    svar_in(dir.path(), &all, b"")
}

/// A mail comes by a pipe while no daemon runs: its acknowledgement waits in the outbox.
fn acknowledged(desk: &TempDir) {
    let mail = "From: Ny Kund <ny@kund.example>\nTo: support@exempelbutiken.example\nSubject: Öppet i morgon?\n\
                Message-ID: <ny2@kund.example>\nDate: Sun, 13 Dec 2026 19:50:00 +0100\n\nHej, har ni öppet i morgon?\n";
    svar_in(desk.path(), &["--now", SUNDAY, "deliver", "--mailbox", "support"], mail.as_bytes()).fine();
}

/// The names of an object's fields, in alphabetical order.
fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Fails unless every one of `wanted` (separated by blanks) is a field of each element.
fn have(list: &Value, wanted: &str) {
    let list = list.as_array().unwrap();
    assert!(!list.is_empty());
    for element in list {
        let names = fields(element);
        for name in wanted.split_whitespace() {
            assert!(names.contains(&name), "{name} is missing in {names:?}");
        }
    }
}

fn fits_80_columns(ran: &Ran) {
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

// ---- the demo -----------------------------------------------------------------------------------------------------

#[test]
fn the_week_is_the_same_each_time() {
    let again = tempfile::tempdir().unwrap();
    let first = demo();
    let second = svar_in(again.path(), &["demo", "week"], b"").fine();
    fits_80_columns(&second);
    let mails = |top: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        let new = top.join("week/sent/new");
        fs::read_dir(new)
            .unwrap()
            .map(|e| e.unwrap())
            .map(|e| (e.file_name().into(), fs::read(e.path()).unwrap()))
            .collect()
    };
    let (one, two) = (mails(first), mails(again.path()));
    assert!(one.len() > 100, "{} mails", one.len());
    assert!(one == two, "the mails of two plays differ");
}

#[test]
fn the_week_tells_what_happened() {
    let dir = tempfile::tempdir().unwrap();
    let told = svar_in(dir.path(), &["demo", "week"], b"").fine().out;
    for says in [
        "22 customers",
        "The robot",
        "The bounce",
        "its agent was told",
        "Out of office",
        "The forgery",
        "svar tickets --config week/config.toml",
    ] {
        assert!(told.contains(says), "{says:?} is not in\n{told}");
    }
    // The commands that it prints work.
    let commands: Vec<&str> = told.lines().filter_map(|l| l.strip_prefix("  svar ")).collect();
    assert!(commands.len() >= 4, "{told}");
    for command in commands {
        let args: Vec<String> = command
            .replace("\"kaffebryggare läcker\"", "kaffebryggare\u{a0}läcker")
            .split(' ')
            .map(|w| w.replace('\u{a0}', " "))
            .collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = svar_in(dir.path(), &args, b"").fine();
        assert!(!ran.out.is_empty(), "{command}");
        fits_80_columns(&ran);
    }
    // It may be played again in the same place, and nowhere where something else is.
    svar_in(dir.path(), &["demo", "week"], b"").fine();
    fs::create_dir(dir.path().join("other")).unwrap();
    fs::write(dir.path().join("other/letter.txt"), "mine").unwrap();
    svar_in(dir.path(), &["demo", "other"], b"").fails(2, "holds something else");
    assert_eq!(fs::read_to_string(dir.path().join("other/letter.txt")).unwrap(), "mine");
}

// ---- looking ------------------------------------------------------------------------------------------------------

#[test]
fn tickets_are_listed() {
    let table = look(&["tickets"]).fine();
    fits_80_columns(&table);
    assert!(table.out.starts_with("#   state"), "{}", table.out);
    let rows = look(&["tickets", "--json"]).fine().json();
    have(
        &rows,
        "number subject state mailbox channel customer assignee priority tags created_at updated_at waiting_since due_at overdue",
    );
    have(&Value::Array(vec![rows[0]["customer"].clone()]), "name address");
    let states: Vec<&str> = rows.as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap()).collect();
    assert!(states.iter().all(|s| ["open", "pending", "held"].contains(s)), "{states:?}");
}

#[test]
fn queries_choose() {
    let count = |query: &[&str]| {
        let mut args = vec!["tickets", "--json"];
        args.extend(query);
        look(&args).fine().json().as_array().unwrap().len()
    };
    let all = count(&["number:1..1000"]);
    assert!(all > 50);
    let (tagged, others) = (count(&["tag:postnord", "number:1..1000"]), count(&["-tag:postnord", "number:1..1000"]));
    assert!(tagged >= 22, "{tagged}");
    assert_eq!(tagged + others, all);
    let word = if count(&["agent:anna@exempelbutiken.example"]) > 0 { "anna" } else { "" };
    assert_eq!(word, "anna");
    // `-held` begins like `-h`.
    assert_eq!(count(&["state:pending", "-held"]), count(&["state:pending"]));
    look(&["tickets", "state:nonsense"]).fails(2, "one of open, pending, held");
}

#[test]
fn a_ticket_is_shown_whole() {
    let number = look(&["search", "läcker", "--json"]).fine().json()[0]["number"].to_string();
    let shown = look(&["show", &number]).fine();
    fits_80_columns(&shown);
    for says in ["wrote", "answered", "first response", "excellent", "opened", "kaffebryggaren.png"] {
        assert!(shown.out.contains(says), "{says:?} is not in\n{}", shown.out);
    }
    let ticket = look(&["show", &number, "--json"]).fine().json();
    have(&ticket["messages"], "id direction kind from to cc at subject text message_id attachments");
    have(&ticket["clocks"], "kind started_at due_at stopped_at elapsed_s wall_s band state");
    have(&ticket["events"], "at actor what detail");
    assert_eq!(ticket["clocks"][0]["kind"], "first_response");
    assert_eq!(ticket["clocks"][0]["state"], "met");
    look(&["show", "4711"]).fails(1, "there is no ticket #4711");
    look(&["show", "x"]).fails(2, "a ticket's number");
}

#[test]
fn figures_are_told() {
    let week = ["stats", "--from", "2026-12-07", "--to", "2026-12-13"];
    let told = look(&week).fine();
    fits_80_columns(&told);
    for word in ["Exempelbutiken", "first response", "excellent", "median", "Answers: anna", "postnord", "slowest"] {
        assert!(told.out.contains(word), "{word} is missing in\n{}", told.out);
    }
    assert!(told.out.lines().count() < 60, "it fits a screen");
    let json = look(&[&week[..], &["--json"]].concat()).fine().json();
    for kind in ["first_response", "next_response", "resolution"] {
        let n = |key: &str| json[kind][key].as_u64().unwrap();
        assert_eq!(n("started"), n("stopped") + n("running") + n("cancelled"), "{kind}");
        assert!(n("started") > 0 && n("within_target") <= n("stopped"), "{kind}");
    }
    let days: u64 = json["by_day"].as_array().unwrap().iter().map(|d| d["opened"].as_u64().unwrap()).sum();
    assert_eq!(Some(days), json["tickets"]["opened"].as_u64());
    assert_eq!(json["by_day"].as_array().unwrap().len(), 7);
    // Every clock that `show` prints is one that stats counts, and the other way round.
    let mut shown: BTreeMap<String, u64> = BTreeMap::new();
    for number in 1..=json["tickets"]["opened"].as_u64().unwrap() + 10 {
        let ran = look(&["show", &number.to_string(), "--json"]);
        if ran.code != 0 {
            break;
        }
        for clock in ran.json()["clocks"].as_array().unwrap() {
            *shown.entry(clock["kind"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    for (kind, count) in shown {
        assert_eq!(json[&kind]["started"].as_u64(), Some(count), "{kind}");
    }
    // Without days, this week so far; of one mailbox alone.
    let so_far = look(&["stats", "--json", "--mailbox", "support"]).fine().json();
    assert_eq!((so_far["from"].as_str(), so_far["to"].as_str()), (Some("2026-12-07"), Some("2026-12-13")));
    assert_eq!((so_far["mailbox"].as_str(), &so_far["first_response"]), (Some("support"), &json["first_response"]));
    look(&["stats", "--mailbox", "nowhere"]).fails(2, "no mailbox called nowhere");
    look(&["stats", "--from", "2026-13-01"]).fails(2, "2026-12-01");
    look(&["stats", "--from", "2026-12-02", "--to", "2026-12-01"]).fails(2, "before");
}

#[test]
fn another_configuration_measures_anew() {
    let desk = own();
    let waiting = |desk: &TempDir| -> Vec<(u64, String, bool)> {
        let rows = change(desk, &["tickets", "--json"]).fine().json();
        let waits = rows.as_array().unwrap().iter().filter(|t| t["waiting_since"].is_string());
        let row = |t: &Value| (t["number"].as_u64().unwrap(), t["due_at"].to_string(), t["overdue"].as_bool().unwrap());
        waits.map(row).collect()
    };
    let before = waiting(&desk);
    assert!(!before.is_empty() && before.iter().all(|(_, _, overdue)| !overdue));
    assert_eq!(change(&desk, &["tickets", "overdue", "--json"]).fine().json(), Value::Array(Vec::new()));
    let file = desk.path().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        config
            .replace("mon-fri = [", "sun = [\"08:00-20:00\"]\nmon-fri = [")
            .replace("first_response = \"1h\"", "first_response = \"10m\""),
    )
    .unwrap();
    let after = waiting(&desk);
    assert_eq!(after.len(), before.len());
    assert!(after.iter().zip(&before).all(|(a, b)| a.0 == b.0 && a.1 != b.1), "{before:?} {after:?}");
    let overdue = change(&desk, &["tickets", "overdue", "--json"]).fine().json();
    assert_eq!(overdue.as_array().unwrap().len(), after.iter().filter(|(_, _, late)| *late).count());
    assert!(!overdue.as_array().unwrap().is_empty());
}

#[test]
fn search_knows_neither_case_nor_dots() {
    let hits = |words: &str| look(&["search", words, "--json"]).fine().json().as_array().unwrap().len();
    let all = hits("läcker");
    assert!(all > 0);
    for words in ["LÄCKER", "lacker", "Läcker"] {
        assert_eq!(hits(words), all, "{words}");
    }
    have(&look(&["search", "postnord", "--json"]).fine().json(), "number message_id at snippet");
    fits_80_columns(&look(&["search", "postnord"]).fine());
    assert_eq!(look(&["search", "ingenstans"]).fine().out, "Nothing found.\n");
}

#[test]
fn what_waits_and_what_is_set_aside() {
    let aside = look(&["quarantine", "--json"]).fine().json();
    have(&aside, "id at mailbox from subject reason");
    let forged =
        aside.as_array().unwrap().iter().find(|r| r["reason"].as_str().unwrap().starts_with("agent-unproved")).unwrap();
    let id = forged["id"].to_string();
    let shown = look(&["quarantine", "show", &id]).fine();
    assert!(shown.out.contains("4 900 kr") && shown.out.contains("agent-unproved"), "{}", shown.out);
    let raw = look(&["quarantine", "show", &id, "--raw"]).fine();
    assert!(raw.out.contains("dmarc=fail"), "{}", raw.out);
    fits_80_columns(&look(&["quarantine"]).fine());
    let desk = own();
    acknowledged(&desk);
    let outbox = change(&desk, &["outbox", "--json"]).fine().json();
    have(&outbox, "id ticket kind to state attempts next_at last_error message_id");
    fits_80_columns(&change(&desk, &["outbox"]).fine());
    look(&["quarantine", "show", "4711"]).fails(1, "nothing with id 4711");
    let health = look(&["health", "--json"]);
    assert_eq!((health.code, health.json()["ok"].as_bool()), (1, Some(false)), "no daemon runs");
}

#[test]
fn a_pass_leaves_metrics_for_a_collector() {
    let desk = own();
    let file = desk.path().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{config}\n[metrics]\npath = \"svar.prom\"\n")).unwrap();
    change(&desk, &["adopt"]);
    let ran = change(&desk, &["run", "--once"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = fs::read_to_string(desk.path().join("svar.prom")).unwrap();
    let value = |name: &str| -> i64 {
        let line = text.lines().find_map(|l| l.strip_prefix(name));
        line.and_then(|v| v.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in\n{text}"))
    };
    let tickets = change(&desk, &["tickets", "state:open", "--json"]).fine().json().as_array().unwrap().len();
    assert_eq!(value("svar_tickets{mailbox=\"support\",state=\"open\"}"), i64::try_from(tickets).unwrap());
    assert_eq!(value("svar_mailbox_read{mailbox=\"support\"}"), 1);
    assert!(text.ends_with("# EOF\n"));
    let left: Vec<_> = fs::read_dir(desk.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_svar"))
        .args(["tickets", "--json", "number:1..1000", "--config", "week/config.toml"])
        .current_dir(demo())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8(done.stderr).unwrap().as_str()), (Some(0), ""));
}

// ---- changing -----------------------------------------------------------------------------------------------------

#[test]
fn the_shell_does_what_agents_do() {
    let desk = own();
    let ticket = |n: &str| change(&desk, &["show", n, "--json"]).fine().json();
    let said = |args: &[&str], says: &str| {
        let ran = change(&desk, args).fine();
        assert!(ran.out.contains(says), "{args:?}: {}", ran.out);
    };
    said(&["close", "1", "#2"], "#2 is closed");
    assert_eq!((&ticket("1")["state"], &ticket("2")["state"]), (&"closed".into(), &"closed".into()));
    said(&["reopen", "1"], "#1 is open");
    said(&["hold", "1", "2d"], "#1 is held until 15 Dec 20:00");
    assert_eq!(ticket("1")["state"], "held");
    said(&["assign", "1", "bjorn"], "#1 is bjorn@exempelbutiken.example's");
    said(&["tag", "1", "Viktig"], "tagged viktig");
    assert!(ticket("1")["tags"].as_array().unwrap().contains(&"viktig".into()));
    said(&["tag", "1", "viktig", "--remove"], "no longer tagged viktig");
    said(&["note", "1", "ring", "henne"], "#1 has the note");
    said(&["done", "1"], "#1 is done");
    let one = ticket("1");
    assert!(one["messages"].as_array().unwrap().iter().any(|m| m["direction"] == "note" && m["text"] == "ring henne"));
    assert!(one["events"].as_array().unwrap().iter().any(|e| e["actor"] == "shell:tester" && e["what"] == "held"));
    assert_eq!(one["state"], "closed");

    change(&desk, &["close", "3", "4711"]).fails(1, "there is no ticket #4711");
    assert_ne!(ticket("3")["state"], "closed", "all or none");
    change(&desk, &["assign", "1", "gustav"]).fails(1, "no agent is called");
    change(&desk, &["hold", "1", "igår"]).fails(2, "is no time to come");
    change(&desk, &["merge", "4", "5"]).fails(1, "another customer's");
}

#[test]
fn tickets_of_one_customer_are_merged() {
    let desk = own();
    let rows =
        change(&desk, &["tickets", "from:hugo.sandberg@brevet.example", "number:1..1000", "--json"]).fine().json();
    let numbers: Vec<String> = rows.as_array().unwrap().iter().map(|r| r["number"].to_string()).collect();
    let [first, second] = numbers.as_slice() else { panic!("{rows}") };
    change(&desk, &["merge", second, first]).fine();
    let merged = change(&desk, &["show", second, "--json"]).fine().json();
    assert_eq!((merged["state"].as_str(), merged["survivor"].to_string()), (Some("merged"), first.clone()));
    change(&desk, &["merge", first, first]).fails(1, "is the same one");
}

#[test]
fn quarantine_and_outbox_are_emptied() {
    let desk = own();
    change(&desk, &["quarantine", "drop", "1"]).fine();
    change(&desk, &["quarantine", "drop", "1"]).fails(1, "nothing with id 1");
    acknowledged(&desk);
    let id = change(&desk, &["outbox", "--json"]).fine().json()[0]["id"].clone();
    change(&desk, &["outbox", "drop", &id.to_string()]).fine();
    let left = change(&desk, &["outbox", "--json"]).fine().json();
    assert!(left.as_array().unwrap().iter().all(|p| p["id"] != id || p["state"] == "dropped"), "{left}");
    assert_eq!(change(&desk, &["outbox", "release"]).fine().out, "nothing is held\n");
}

#[test]
fn a_given_time_is_refused_beside_a_daemon() {
    let desk = own();
    let lock = fs::File::create(desk.path().join("data/svar.lock")).unwrap();
    lock.lock().unwrap();
    change(&desk, &["close", "1"]).fails(2, "--now is refused");
    change(&desk, &["tickets"]).fine();
    svar_in(desk.path(), &["close", "1"], b"").fine();
}

#[test]
fn a_piped_mail_is_taken_or_kept_by_the_mta() {
    let desk = own();
    let mail = "From: Ny Kund <ny@kund.example>\nTo: support@exempelbutiken.example\nSubject: Öppet på lördag?\n\
                Message-ID: <ny1@kund.example>\nDate: Sun, 13 Dec 2026 19:50:00 +0100\n\nHej, har ni öppet på lördag?\n";
    let deliver = |mailbox: &str, mail: &str| {
        svar_in(desk.path(), &["--now", SUNDAY, "deliver", "--mailbox", mailbox], mail.as_bytes())
    };
    let before = change(&desk, &["tickets", "number:1..1000", "--json"]).fine().json().as_array().unwrap().len();
    deliver("support", mail).fine();
    deliver("support", mail).fine();
    let after = change(&desk, &["tickets", "number:1..1000", "--json"]).fine().json();
    assert_eq!(after.as_array().unwrap().len(), before + 1, "the same mail twice is one");
    deliver("nowhere", mail).fails(75, "there is no mailbox called nowhere");
    deliver("support", "").fails(75, "no mail on stdin");
    fs::write(desk.path().join("config.toml"), "[desk]\n").unwrap();
    deliver("support", mail).fails(75, "configuration is wrong");
}

#[test]
fn copies_and_the_ways_back() {
    let desk = own();
    let backup = change(&desk, &["backup", "copy.db"]).fine();
    assert!(backup.out.contains("key"), "{}", backup.out);
    change(&desk, &["backup", "copy.db"]).fails(2, "is there already");
    change(&desk, &["close", "54"]).fine();
    let restored = change(&desk, &["restore", "copy.db"]).fine();
    assert!(restored.out.contains("epoch 2") && restored.out.contains("New tickets begin at #10"), "{}", restored.out);
    assert_eq!(change(&desk, &["show", "54", "--json"]).fine().json()["state"], "open");
    let held = change(&desk, &["outbox", "--json"]).fine().json();
    assert!(held.as_array().unwrap().iter().all(|p| p["state"] == "held"), "{held}");
    let adopted = change(&desk, &["adopt"]).fine();
    assert!(adopted.out.contains("this directory's"), "{}", adopted.out);
}

// ---- the command line itself --------------------------------------------------------------------------------------

#[test]
fn mistakes_of_the_command_line_are_2() {
    let empty = tempfile::tempdir().unwrap();
    let here = |args: &[&str]| svar_in(empty.path(), args, b"");
    here(&["nonsense"]).fails(2, "nonsense");
    here(&["tickets", "--nonsense"]).fails(2, "--nonsense");
    here(&["tickets", "--now", "yesterday"]).fails(2, "RFC 3339");
    here(&["tickets", "--config", "missing.toml"]).fails(2, "missing.toml");
    if !Path::new("/etc/svar/config.toml").exists() {
        here(&["tickets"]).fails(2, "there is no configuration");
    }
    fs::write(empty.path().join("config.toml"), "[desk]\nnam = \"x\"\n[[mailbox]]\naddress = 3\n").unwrap();
    let wrong = here(&["check"]).fails(2, "config.toml:2");
    assert!(wrong.err.contains("config.toml:4") && wrong.out.is_empty(), "every mistake at once: {}", wrong.err);
}

#[test]
fn the_readme_tells_the_truth() {
    let readme = include_str!("../README.md");
    // Every command that it names is one.
    let help = svar_in(tempfile::tempdir().unwrap().path(), &["--help"], b"").fine().out;
    let named: Vec<&str> = readme.lines().filter_map(|l| l.trim().strip_prefix("svar ")?.split(' ').next()).collect();
    assert!(named.len() >= 8, "{named:?}");
    for command in named {
        assert!(help.contains(&format!("\n  {command} ")), "svar {command} is in README.md only");
    }
    // So is every page and picture.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = readme.split(['`', '(', ')', ' ', '\n']).filter(|word| word.starts_with("docs/"));
    let missing: Vec<&str> = pages.filter(|page| !root.join(page).exists()).collect();
    assert!(missing.is_empty(), "README.md speaks of {missing:?}");
}

#[test]
fn check_looks_and_changes_nothing() {
    let desk = own();
    let ran = change(&desk, &["check"]).fine();
    fits_80_columns(&ran);
    for says in ["Anna Andersson", "a Maildir", "is written into", "proved by mx.exempelbutiken.example"] {
        assert!(ran.out.contains(says), "{says:?} is not in\n{}", ran.out);
    }
    have(&change(&desk, &["check", "--json"]).fine().json(), "mailbox part outcome text");
    fs::remove_dir_all(desk.path().join("inbox")).unwrap();
    let ran = change(&desk, &["check"]).fails(1, "does not work");
    assert!(ran.out.contains("FAIL in"), "{}", ran.out);
    assert!(!desk.path().join("inbox").exists());
}

#[test]
fn packagers_find_what_they_need() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        assert!(svar_in(dir.path(), &["completions", shell], b"").fine().out.contains("quarantine"));
    }
    let man = svar_in(dir.path(), &["man"], b"").fine().out;
    assert!(man.contains(".TH svar 1") && man.contains("SVAR TICKETS"), "{man}");
    assert!(svar_in(dir.path(), &["--version"], b"").fine().out.starts_with("svar 0."));
    fits_80_columns(&svar_in(dir.path(), &["tickets", "--help"], b"").fine());
}
