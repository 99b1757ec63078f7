//! A database whose bytes have changed under us: it is noticed, said, and nothing goes on with it.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use super::*;

/// As `PRAGMA page_size` says.
const PAGE: u64 = 8192;

/// The desk of the demo with its log moved into the file, and how many pages the file has.
fn settled() -> (TempDir, PathBuf, u64) {
    let desk = own();
    // It was copied: without this `run` would refuse for another reason.
    change(&desk, &["adopt"]);
    let file = desk.path().join("data/svar.db");
    let pages = fs::metadata(&file).unwrap().len() / PAGE;
    (desk, file, pages)
}

fn write_over(file: &Path, at: u64, bytes: &[u8]) -> Vec<u8> {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut before = vec![0; bytes.len()];
    file.read_exact_at(&mut before, at).unwrap();
    file.write_all_at(bytes, at).unwrap();
    before
}

#[test]
fn a_sound_database_is_said_to_be_sound() {
    let (desk, _, _) = settled();
    assert!(change(&desk, &["check", "--database"]).fine().out.contains("sound"));
    assert_eq!(change(&desk, &["check", "--database", "--json"]).fine().json(), Value::Array(Vec::new()));
}

#[test]
fn a_page_that_was_written_over_is_found() {
    let (desk, file, pages) = settled();
    assert!(pages > 100, "{pages} pages");
    let (mut looked, mut found) = (0, 0);
    for page in (1..pages).step_by(usize::try_from(pages / 40).unwrap()) {
        let before = write_over(&file, page * PAGE, &[0xa5; 64]);
        let ran = change(&desk, &["check", "--database"]);
        looked += 1;
        if ran.code == 1 && !(ran.out.is_empty() && ran.err.is_empty()) {
            found += 1;
        } else {
            eprintln!("page {page}: {} {}{}", ran.code, ran.out, ran.err);
        }
        write_over(&file, page * PAGE, &before);
    }
    assert!(change(&desk, &["check", "--database"]).fine().out.contains("sound"));
    // A free page may hold what it likes.
    assert!(found * 10 >= looked * 9, "{found} of {looked}");
}

#[test]
fn a_bit_that_fell_over_in_a_mail_is_found() {
    let (desk, file, _) = settled();
    let all = fs::read(&file).unwrap();
    // The beginning of a zstd frame is a mail as it came (RFC 8878, 3.1.1).
    let frames = all.windows(4).enumerate().filter(|(_, w)| *w == [0x28, 0xb5, 0x2f, 0xfd]).map(|(at, _)| at);
    let frames: Vec<usize> = frames.step_by(97).take(4).collect();
    assert!(!frames.is_empty());
    for at in frames {
        let at = u64::try_from(at).unwrap() + 40;
        let byte = all[usize::try_from(at).unwrap()];
        write_over(&file, at, &[byte ^ 0x10]);
        let ran = change(&desk, &["check", "--database"]).fails(1, "");
        assert!(ran.out.contains("whose bytes are not"), "at {at}: {}{}", ran.out, ran.err);
        write_over(&file, at, &[byte]);
    }
}

#[test]
fn rows_that_do_not_fit_together_are_named() {
    let (desk, _, _) = settled();
    let sql = "UPDATE ticket SET answers = answers + 1 WHERE number IN (3, 5)";
    let edited = Command::new("python3")
        .args(["-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"])
        .arg(desk.path().join("data/svar.db"))
        .arg(sql)
        .status();
    if !edited.is_ok_and(|s| s.success()) {
        panic!("python3 is needed to edit the database behind svar's back");
    }
    let ran = change(&desk, &["check", "--database"]).fails(1, "1 things are wrong");
    assert!(ran.out.contains("counts other answers than were accepted: 3, 5"), "{}", ran.out);
}

#[test]
fn run_refuses_to_go_on() {
    let (desk, file, pages) = settled();
    let before: Vec<(u64, Vec<u8>)> =
        (pages / 2..pages / 2 + 12).map(|p| (p, write_over(&file, p * PAGE, &[0xa5; 64]))).collect();
    let said = svar_in(desk.path(), &["run"], b"").fails(1, "the database is damaged");
    assert!(said.err.contains("svar check --database") && said.err.contains("svar restore"), "{}", said.err);
    for (page, bytes) in before {
        write_over(&file, page * PAGE, &bytes);
    }
    assert!(change(&desk, &["check", "--database"]).fine().out.contains("sound"));
}

#[test]
fn a_copied_or_older_database_sends_nothing() {
    let desk = own();
    // A copy of the directory, started beside the one it was taken from.
    change(&desk, &["run", "--once"]).fails(1, "belongs to another machine or directory");
    assert_eq!(change(&desk, &["adopt"]).code, 0);
    assert_eq!(change(&desk, &["run", "--once"]).code, 0);
    let file = desk.path().join("data/svar.db");
    let yesterday = fs::read(&file).unwrap();
    acknowledged(&desk);
    assert_eq!(change(&desk, &["run", "--once"]).code, 0);
    // A backup put in its place by hand, as if nothing had happened since.
    for log in ["data/svar.db-wal", "data/svar.db-shm"] {
        let _ = fs::remove_file(desk.path().join(log));
    }
    fs::write(&file, yesterday).unwrap();
    change(&desk, &["run", "--once"]).fails(1, "is older than the last one used here");
}
