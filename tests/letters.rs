//! Every letter under `fixtures/letters` is read and compared with the fields that stand beside it.
//!
//! `NAME.json` holds only what matters in that letter: objects are compared by the keys expected, lists whole. Besides the keys
//! of `svar explain --json` there are those of [`reading`], and `X_contains`, `X_lacks` with a list of strings for a text `X`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use svar::cli::explain;
use svar::mail::letter::{Letter, ReturnPath};
use svar::mail::read::read;
use svar::mail::thanks::only_thanks;

fn reading(letter: &Letter) -> Value {
    let mut all = explain::object(Path::new("letter.eml"), letter);
    let Value::Object(map) = &mut all else { unreachable!("a letter is printed as an object") };
    let return_path = match &letter.return_path {
        ReturnPath::Absent => Value::Null,
        ReturnPath::Empty => json!("<>"),
        ReturnPath::Address(a) => json!(a),
    };
    let hops: Vec<Value> = letter
        .received
        .iter()
        .map(|h| json!({"from": h.from, "by": h.by, "with": h.with, "at": h.at, "login": h.login}))
        .collect();
    let results: Vec<Value> = letter
        .authentication
        .iter()
        .map(|a| {
            let methods: Vec<String> = a.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
            json!({"authserv_id": a.authserv_id, "received_above": a.received_above, "results": methods})
        })
        .collect();
    let extra = [
        ("base_subject", json!(letter.base_subject)),
        ("from_is_single", json!(letter.from_is_single)),
        ("new_html", json!(letter.new_html)),
        ("return_path", return_path),
        ("delivered_to", json!(letter.delivered_to)),
        ("received", Value::Array(hops)),
        ("authentication", Value::Array(results)),
        ("exchange_auth_as", json!(letter.exchange_auth_as)),
        ("thread_index", json!(letter.thread_index)),
        ("svar_id", json!(letter.svar_id)),
        ("bounced_svar_id", json!(letter.bounce.as_ref().and_then(|b| b.svar_id.clone()))),
        ("cut_by", json!(letter.cuts.iter().map(|c| c.rule).collect::<Vec<_>>())),
        ("only_thanks", json!(only_thanks(&letter.new_text, !letter.attachments.is_empty()))),
    ];
    map.extend(extra.into_iter().map(|(k, v)| (k.to_owned(), v)));
    all
}

/// What differs, as lines a person can read.
fn differences(path: &str, expected: &Value, got: &Value, out: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(e), Value::Object(g)) => {
            for (key, value) in e {
                if let Some(name) = key.strip_suffix("_contains").or_else(|| key.strip_suffix("_lacks")) {
                    let text = g.get(name).and_then(Value::as_str).unwrap_or_default();
                    let wanted = key.ends_with("_contains");
                    for piece in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                        if text.contains(piece) != wanted {
                            out.push(format!("{path}.{key}: {piece:?} in {text:?}"));
                        }
                    }
                } else {
                    differences(&format!("{path}.{key}"), value, g.get(key).unwrap_or(&Value::Null), out);
                }
            }
        }
        (Value::Array(e), Value::Array(g)) if e.len() == g.len() => {
            for (i, (e, g)) in e.iter().zip(g).enumerate() {
                differences(&format!("{path}[{i}]"), e, g, out);
            }
        }
        (e, g) if e == g => {}
        (e, g) => out.push(format!("{path}:\n     expected {e}\n     got      {g}")),
    }
}

fn letters() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/letters");
    for room in fs::read_dir(root).expect("fixtures/letters").flatten() {
        for file in fs::read_dir(room.path()).expect("a room of letters").flatten() {
            if file.path().extension().is_some_and(|e| e == "eml") {
                files.push(file.path());
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_letter_reads_as_expected() {
    let files = letters();
    assert!(files.len() >= 80, "letters are missing");
    let mut failures = Vec::new();
    for file in &files {
        let raw = fs::read(file).expect("the letter");
        let beside =
            fs::read_to_string(file.with_extension("json")).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let expected: Value = serde_json::from_str(&beside).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut differing = Vec::new();
        differences("", &expected, &reading(&read(&raw)), &mut differing);
        if !differing.is_empty() {
            failures.push(format!("{}\n   {}", file.display(), differing.join("\n   ")));
        }
    }
    assert!(failures.is_empty(), "{} of {} letters:\n{}", failures.len(), files.len(), failures.join("\n"));
}

/// Same bytes, same letter; and another order of reading changes nothing.
#[test]
fn reading_is_pure() {
    let files = letters();
    let first: Vec<Letter> = files.iter().map(|f| read(&fs::read(f).expect("the letter"))).collect();
    for (file, letter) in files.iter().zip(&first).rev() {
        assert_eq!(&read(&fs::read(file).expect("the letter")), letter, "{}", file.display());
    }
}

/// Every beginning of every letter, and letters with bytes changed, are read without a panic, and what comes out keeps its word.
#[test]
fn damaged_letters_are_read() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % n.max(1) as u64).unwrap_or(0)
    };
    for file in letters() {
        let raw = fs::read(&file).expect("the letter");
        if raw.len() > 40_000 {
            continue;
        }
        for _ in 0..12 {
            let mut damaged = raw[..raw.len() - next(raw.len() / 2)].to_vec();
            for _ in 0..1 + next(8) {
                if damaged.is_empty() {
                    damaged.push(b'x');
                }
                let at = next(damaged.len());
                match next(4) {
                    0 => damaged[at] = u8::try_from(next(256)).unwrap_or(0),
                    1 => damaged.truncate(at.max(1)),
                    2 => damaged.insert(at, b"\n\r\0<>=?-:;\"("[next(12)]),
                    _ => drop(damaged.drain(at..(at + next(40)).min(damaged.len()))),
                }
            }
            let letter = read(&damaged);
            assert!(!letter.text.contains('\0') && !letter.new_text.contains('\r'), "{}", file.display());
            for a in &letter.attachments {
                assert!(
                    !a.name.is_empty() && !a.name.contains(['/', '\\', '\0', '\n']),
                    "{}: {:?}",
                    file.display(),
                    a.name
                );
            }
            if let Some(html) = &letter.new_html {
                assert!(!html.contains("<script") && !html.contains("<style"), "{}", file.display());
            }
        }
    }
}
