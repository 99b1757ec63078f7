//! Stores of mail as they are met: dialects of mbox, Maildirs, folders, and what is none.

use std::io::Write;

use super::*;

/// What is in a file of these bytes: each letter, and the time above it.
fn letters(bytes: &[u8]) -> Vec<(String, Option<String>)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box");
    fs::write(&path, bytes).unwrap();
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.form(), Form::Mbox);
    let mut found = Vec::new();
    archive.list_mbox(|listed, head| found.push((listed, head.to_vec()))).unwrap();
    let text = |(listed, head): (Listed, Vec<u8>)| {
        let raw = archive.read(listed.place, 1 << 30).unwrap();
        assert!(!raw.truncated && raw.bytes.len() <= usize::try_from(listed.size_bytes).unwrap());
        assert!(head.starts_with(&raw.bytes[..raw.bytes.len().min(4)]));
        let Stamp::FromLine(at, _) = listed.stamp else { panic!("{listed:?}") };
        (String::from_utf8(raw.bytes).unwrap(), at.map(|t| t.to_string()))
    };
    found.into_iter().map(text).collect()
}

fn check(bytes: &str, expect: &[&str]) {
    for (bytes, crlf) in [(bytes.to_owned(), false), (bytes.replace('\n', "\r\n"), true)] {
        // A Content-Length counts bytes: it is another file then.
        if crlf && bytes.contains("Content-Length") {
            continue;
        }
        let found: Vec<String> =
            letters(bytes.as_bytes()).into_iter().map(|(text, _)| text.replace("\r\n", "\n")).collect();
        assert_eq!(found, expect, "{bytes:?}");
    }
}

const A: &str = "From a@a.test Fri Nov 20 09:01:02 2026\n";
const B: &str = "From b@a.test Fri Nov 20 10:01:02 2026\n";

#[test]
fn letters_end_at_the_line_above_the_next() {
    check(&format!("{A}S: 1\n\nhej\n\n{B}S: 2\n\ndu\n"), &["S: 1\n\nhej\n", "S: 2\n\ndu\n"]);
    // No blank line between them; none at the end; several; blank lines above the first.
    check(&format!("{A}S: 1\n\nhej\n{B}S: 2\n\ndu"), &["S: 1\n\nhej\n", "S: 2\n\ndu"]);
    check(&format!("\n\n{A}S: 1\n\nhej\n\n\n\n{B}S: 2\n\ndu\n\n\n"), &["S: 1\n\nhej\n", "S: 2\n\ndu\n"]);
    // No body, and no blank line either.
    check(&format!("{A}S: 1\n{B}S: 2\n\n\n"), &["S: 1\n", "S: 2\n\n"]);
    check("", &[]);
}

#[test]
fn text_that_begins_with_from_is_text() {
    // mboxo, mboxrd.
    check(&format!("{A}S: 1\n\n>From here\n>>From there\n> From\n"), &["S: 1\n\nFrom here\n>From there\n> From\n"]);
    // Nobody has put a > there, and it is no line above a letter.
    let text = "S: 1\n\nhej\n\nFrom now on we write.\n\nFrom Monday 09:00 it works: yes\nFrom b@a.test\nand so on\n";
    check(&format!("{A}{text}\n{B}S: 2\n\ndu\n"), &[text, "S: 2\n\ndu\n"]);
    // A field in the header is no text.
    check(
        &format!("{A}S: 1\n>From x Fri Nov 20 09:01:02 2026\nT: 2\n\n>From\n>From y\n"),
        &["S: 1\n>From x Fri Nov 20 09:01:02 2026\nT: 2\n\n>From\nFrom y\n"],
    );
    // Programs that write no time.
    check("From - \nS: 1\n\nhej\n\nFrom b@a.test\nS: 2\n\ndu\n", &["S: 1\n\nhej\n", "S: 2\n\ndu\n"]);
}

#[test]
fn a_content_length_that_leads_somewhere_is_believed() {
    let body = format!("hej\n\n{B}S: quoted\n\n");
    let one = format!("S: 1\nContent-Length: {}\n\n{body}", body.len());
    // mboxcl2: nothing is put before "From ".
    check(&format!("{A}{one}\n{B}S: 2\n\ndu\n"), &[&one, "S: 2\n\ndu\n"]);
    check(&format!("{A}{one}"), &[&one]);
    let quoted = format!("{body}>From me\n");
    let one = format!("S: 1\nContent-Length: {}\n\n{quoted}", quoted.len());
    check(&format!("{A}{one}\n{B}S: 2\n\ndu\n"), &[&one, "S: 2\n\ndu\n"]);
    // mboxcl: both.
    let (stuffed, plain) = ("hej\n>From me\n", "hej\nFrom me\n");
    let head = format!("S: 1\nContent-Length: {}\n\n", stuffed.len());
    check(&format!("{A}{head}{stuffed}\n{B}S: 2\n\ndu\n"), &[&format!("{head}{plain}"), "S: 2\n\ndu\n"]);
    // One that leads nowhere.
    for length in ["5", "99999999", "-1", "x", "18446744073709551615"] {
        let one = format!("S: 1\nContent-Length: {length}\n\nhej du glade\n");
        check(&format!("{A}{one}\n{B}S: 2\n\ndu\n"), &[&one, "S: 2\n\ndu\n"]);
    }
}

#[test]
fn the_notebook_of_a_program_is_no_letter() {
    let book = "From MAILER-DAEMON Fri Nov 20 09:01:02 2026\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nx\n\n";
    check(&format!("{book}{A}S: 1\n\nhej\n"), &["S: 1\n\nhej\n"]);
}

#[test]
fn the_line_above_says_the_time() {
    let found = letters(format!("{A}S: 1\n\nhej\n\nFrom b@a.test\nS: 2\n\ndu\n").as_bytes());
    let times: Vec<_> = found.into_iter().map(|(_, at)| at).collect();
    assert_eq!(times, [Some("2026-11-20T09:01:02Z".to_owned()), None]);
}

#[test]
fn letters_are_found_wherever_the_window_ends() {
    // Bodies of all sizes around the size of a window, and a line that is longer than it.
    let mut bytes = Vec::new();
    let mut sizes = Vec::new();
    for n in 0..40_usize {
        let body = "x".repeat(75).repeat(1 + n * 97);
        let text = format!(
            "S: {n}\n\n{}\n",
            if n % 3 == 0 { body } else { body.replace("xxxxxxxxxxxxxxx", "yyyyy\nzzzz\n\n> w") }
        );
        sizes.push(text.len());
        writeln!(bytes, "{A}{text}").unwrap();
    }
    assert!(bytes.len() > 2 * (1 << 20));
    let found: Vec<usize> = letters(&bytes).into_iter().map(|(text, _)| text.len()).collect();
    assert_eq!(found, sizes);
}

#[test]
fn a_store_is_recognised_by_looking() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let file = |name: &str, text: &str| {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), text).unwrap();
    };
    let letter = "From: a@a.test\nSubject: x\n\nhej\n";
    file("maildir/cur/1795276799.M1.host:2,S", letter);
    file("maildir/new/1795276800.M2.host", letter);
    file("maildir/.Sent/cur/1795276801.M3.host:2,S", letter);
    fs::create_dir_all(at("maildir/.Sent/new")).unwrap();
    file("letters/b.eml", letter);
    file("letters/a/a.EML", letter);
    file("letters/note.txt", "buy milk");
    file("letters/.hidden.eml", letter);
    file("letters/plain", letter);
    file("box", &format!("{A}{letter}"));
    file("one.eml", letter);
    file("one", letter);
    file("empty", "");
    file("notes/readme.md", "# hello\n\nworld\n");
    let check = |name: &str, expect: Result<(Form, Option<usize>), &str>| match (Archive::open(&at(name)), expect) {
        (Ok(archive), Ok(wanted)) => assert_eq!((archive.form(), archive.count()), wanted, "{name}"),
        (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{name}: {error}"),
        (got, wanted) => panic!("{name}: {got:?}, not {wanted:?}"),
    };
    check("maildir", Ok((Form::Maildir, Some(2))));
    check("maildir/.Sent", Ok((Form::Maildir, Some(1))));
    check("letters", Ok((Form::Folder, Some(3))));
    check("box", Ok((Form::Mbox, None)));
    check("empty", Ok((Form::Mbox, None)));
    check("one.eml", Ok((Form::Letter, Some(1))));
    check("one", Ok((Form::Letter, Some(1))));
    check("notes", Err("is no mailbox: neither a Maildir"));
    check("notes/readme.md", Err("is no mailbox: neither an mbox"));
    check("nowhere", Err("No such file"));
}

#[test]
fn files_tell_their_time_and_their_header() {
    let dir = tempfile::tempdir().unwrap();
    let cur = dir.path().join("cur");
    fs::create_dir_all(&cur).unwrap();
    let long = format!("From: a@a.test\nX: {}\nDate: x\n\nhej\n", "y".repeat(20_000));
    fs::write(cur.join("1795276800.M1.host:2,S"), "S: 1\n\nhej\n").unwrap();
    fs::write(cur.join("undated"), &long).unwrap();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    File::options().append(true).open(cur.join("undated")).unwrap().set_modified(then).unwrap();
    let archive = Archive::open(dir.path()).unwrap();
    let (one, head) = archive.list_file(0).unwrap();
    assert_eq!((one.stamp, head.as_slice()), (Stamp::File(Time::from_unix(1_795_276_800)), &b"S: 1\n\nhej\n"[..]));
    let (two, head) = archive.list_file(1).unwrap();
    assert_eq!((two.stamp, head.len()), (Stamp::File(Time::from_unix(1_700_000_000)), long.len()));
    let part = archive.read(two.place, 100).unwrap();
    assert_eq!((part.bytes.len(), part.truncated, part.size_bytes), (100, true, long.len() as u64));
    assert!(archive.list_file(2).is_err());
}
