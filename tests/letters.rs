//! Every letter under `fixtures/letters` is read and compared with the fields that stand beside it.
//!
//! `NAME.json` holds only what matters in that letter: objects are compared by the keys expected, lists whole. Besides the keys
//! of `svar explain --json` there are those of [`reading`], `X_contains` and `X_lacks` with a list of strings for a text `X`, and
//! `about`, which says what the letter is there for.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use svar::cli::explain;
use svar::mail::form::Form;
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
    // As if a rule of the configuration named this sender, with the usual labels.
    let rule =
        Form { from: letter.from.as_ref().map(|p| p.address.to_string()).unwrap_or_default(), ..Form::default() };
    let filled = letter.sent_at.and_then(|at| rule.read(letter, at, &jiff::tz::TimeZone::UTC)).map(|e| {
        let customer = e.customer.map(|p| format!("{} <{}>", p.name, p.address));
        let call = e.call.map(|c| json!({"wish": c.wish, "from": c.from, "until": c.until}));
        json!({"customer": customer, "phone": e.phone, "call": call, "subject": e.subject, "text": e.text})
    });
    let extra = [
        ("form", json!(filled)),
        ("base_subject", json!(letter.base_subject)),
        ("from_is_single", json!(letter.from_is_single)),
        ("new_html", json!(letter.new_html())),
        ("return_path", return_path),
        ("delivered_to", json!(letter.delivered_to)),
        ("received", Value::Array(hops)),
        ("authentication", Value::Array(results)),
        ("exchange_auth_as", json!(letter.exchange_auth_as)),
        ("original_from", json!(letter.original_from.as_ref().map(|p| &p.address))),
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
                if key == "about" {
                    continue;
                }
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
            if let Some(html) = letter.new_html() {
                assert!(!html.contains("<script") && !html.contains("<style"), "{}", file.display());
            }
        }
    }
}

/// Letters made to be heavy: what is kept stays within the limits, and the limit that was hit is named.
#[test]
fn heavy_letters_are_bounded() {
    let header = "From: a@kund.test\nMessage-ID: <a@b>\nDate: Fri, 20 Nov 2026 09:01:02 +0100\n";
    let plain = |body: &str| format!("{header}\n{body}");
    let html = |body: &str| format!("{header}Content-Type: text/html; charset=utf-8\n\n{body}");
    let check = |name: &str, raw: String, defect: Option<&str>| {
        let letter = read(raw.as_bytes());
        let defects: Vec<_> = letter.defects.iter().map(|d| d.as_str()).collect();
        if let Some(defect) = defect {
            assert!(defects.contains(&defect), "{name}: {defects:?}");
        }
        assert!(letter.new_text.len() <= letter.text.len().max(1), "{name}");
        assert!(letter.text.len() <= raw.len() * 8, "{name}: {} of {}", letter.text.len(), raw.len());
        assert!(letter.attachments.len() <= 1_001, "{name}");
        assert!(letter.references.len() <= 1_000 && letter.to.len() <= 500, "{name}");
        letter
    };

    let deep: String =
        (0..10_000).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect();
    check("deep multiparts", format!("{header}{deep}"), Some("MIME nested too deeply; the rest is one attachment"));
    let parts = format!("{header}Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
    check("many parts", parts, Some("too many MIME parts; the rest was left out"));
    let inner = "Content-Type: message/rfc822\n\n".repeat(10_000);
    check("mails in mails", format!("{header}{inner}"), None);

    check("deep divs", html(&"<div>".repeat(100_000)), Some("HTML nested too deeply; tags were dropped"));
    check("deep fonts", html(&"<font>".repeat(50_000)), Some("HTML nested too deeply; tags were dropped"));
    check("deep tables", html(&"<table><tr><td>".repeat(20_000)), Some("HTML nested too deeply; tags were dropped"));
    check(
        "deep quotes",
        html(&format!("{}x", "<blockquote type=cite>".repeat(20_000))),
        Some("HTML nested too deeply; tags were dropped"),
    );
    check("deep lists", html(&"<ul><li>x".repeat(20_000)), Some("HTML nested too deeply; tags were dropped"));
    check("paragraphs of fonts", html(&"<p><font>x".repeat(50_000)), None);
    check("misnested", html(&"<b><p></b><i><a href=x></i>x".repeat(10_000)), None);
    check("open comments", html(&"<!--<style><script><svg x='".repeat(20_000)), None);
    check("big html", html(&"<p>hej</p>".repeat(210_000)), Some("HTML too big; read as text without its tags"));
    check("entities", html(&"&amp;&#x41;&".repeat(50_000)), None);

    let ids: String = (0..20_000).map(|i| format!(" <{i}@b>\n")).collect();
    let letter = check(
        "references",
        format!("{header}References:{ids}\nx"),
        Some("too many references; the oldest were left out"),
    );
    assert_eq!(letter.references.first().map(String::as_str), Some("0@b"));
    assert_eq!(letter.references.last().map(String::as_str), Some("19999@b"));
    let to: String = (0..20_000).map(|i| format!(" a{i}@b.test,\n")).collect();
    check("recipients", format!("{header}To:{to} x@y.test\n\nx"), Some("too many recipients; the last were left out"));
    check("fields", format!("{}{header}\nx", "X-Y: z\n".repeat(100_000)), None);
    check("long field", format!("{header}Subject: {}\n\nx", "=?utf-8?q?a?= ".repeat(50_000)), None);
    check("words without end", format!("{header}Subject: {}\n\nx", "=?utf-8?q?".repeat(50_000)), None);
    check("received", format!("{}{header}\nx", "Received: from a (b (c (d by e; x\n".repeat(5_000)), None);
    check("comments", format!("{header}To: {}\n\nx", "(".repeat(100_000)), None);
    check("parameters", format!("{header}Content-Type: text/plain{}\n\nx", "; a*0*=x''y".repeat(50_000)), None);

    check("deep quoting", plain(&(0..2_000).map(|i| ">".repeat(i) + " x\n").collect::<String>()), None);
    check("attributions", plain(&"Den 20 nov. 2026 kl 09:00 skrev A <a@b.test>:\n> x\ny\n".repeat(10_000)), None);
    check("almost attributions", plain(&"Den 20 nov. 2026 kl 09:00 om A:\n".repeat(20_000)), None);
    check(
        "header blocks",
        plain(&"Från: A <a@b.test>\nSkickat: den 20 nov\nTill: b\nÄmne: c\n\n".repeat(10_000)),
        None,
    );
    check("labels", plain(&"Från: A\n".repeat(50_000)), None);
    check("dividers", plain(&"----- x -----\n".repeat(30_000)), None);
    check("signatures", plain(&"-- \nx\n".repeat(30_000)), None);
    check("closings", plain(&"Mvh\nAnna\n".repeat(30_000)), None);
    check("separators", plain(&"-=-=- svar -=-=-\n".repeat(20_000)), None);
    check("blank lines", plain(&"\n".repeat(200_000)), None);
    check("one long line", plain(&"x".repeat(2_000_000)), None);
    check("long line of angles", plain(&"<".repeat(500_000)), None);
    check("words without an end", format!("{header}Subject: {}\n\nx", "=?a?q?x ".repeat(50_000)), None);
    check("prefixes", format!("{header}Subject: {}\n\nx", "Re: [#1] ".repeat(50_000)), None);
    check("escaped brackets", html(&"[image: &lt;http ".repeat(50_000)), None);
    check("brackets", html(&"[image: <http".repeat(50_000)), None);
    check(
        "addresses",
        format!("{header}X-Failed-Recipients: x\nSubject: Undeliverable\n\n{}", "recipient a@b.test\n".repeat(20_000)),
        None,
    );
    check(
        "at signs",
        format!("From: mailer-daemon@x.test\nSubject: Undeliverable\n\nundeliverable {}", "@".repeat(100_000)),
        None,
    );
}
