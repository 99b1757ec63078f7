//! Properties of reading mail, over random letters and over letters made to be heavy.
//!
//! Nothing here measures time: what is asserted is how much comes out, and that something comes out at all. A letter that
//! nobody finishes reading is ended by a watchdog, far beyond what the slowest machine needs.

mod properties;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use svar::mail::letter::Letter;

use properties::{hold, html_hold, is_itself, round_trip};

/// Only a guard against what never ends.
const HANG: Duration = Duration::from_secs(300);

/// Reads a heavy letter on a thread of its own with a common stack, checks what holds for all, and hands it back.
fn heavy(name: &str, raw: impl Into<Vec<u8>>) -> Letter {
    let raw = raw.into();
    let (done, wait) = mpsc::channel();
    thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            let letter = hold(&raw);
            drop(done.send(letter));
        })
        .expect("a thread");
    wait.recv_timeout(HANG).unwrap_or_else(|e| panic!("{name}: {e}"))
}

const HEAD: &str = "From: a@kund.test\nMessage-ID: <a@b>\nDate: Fri, 20 Nov 2026 09:01:02 +0100\n";

fn typed(content_type: &str, body: &str) -> String {
    format!("{HEAD}Content-Type: {content_type}\n\n{body}")
}

fn html(body: &str) -> String {
    typed("text/html; charset=utf-8", body)
}

fn has(letter: &Letter, defect: &str) -> bool {
    letter.defects.iter().any(|d| d.as_str().contains(defect))
}

#[test]
fn structures_without_end() {
    let deep: String =
        (0..10_000).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect();
    assert!(has(&heavy("depth of 10,000", format!("{HEAD}{deep}")), "nested too deeply"));
    let same = "--b\nContent-Type: multipart/mixed; boundary=b\n\n".repeat(20_000);
    heavy("one boundary at every depth", typed("multipart/mixed; boundary=b", &same));
    let prefixes: String =
        (1..2_000).map(|i| format!("--{0}\nContent-Type: multipart/mixed; boundary={0}x\n\n", "x".repeat(i))).collect();
    heavy("boundaries that begin alike", typed("multipart/mixed; boundary=x", &prefixes));
    let parts = "--b\n\nx\n".repeat(100_000);
    assert!(has(&heavy("100,000 parts", typed("multipart/mixed; boundary=b", &parts)), "too many MIME parts"));
    let named = "--b\nContent-Type: image/png; name=a.png\nContent-ID: <a>\n\nx\n".repeat(3_000);
    let shown = "<img src=cid:a>".repeat(50_000);
    let page = format!("--b\nContent-Type: text/html\n\n{shown}\n{named}");
    heavy("pictures by the thousand, shown by the thousand", typed("multipart/related; boundary=b", &page));
    heavy("delimiters of no multipart", typed("text/plain", &"--b\n".repeat(60_000)));
    heavy(
        "a boundary to be guessed",
        typed("multipart/mixed", &(0..8_000).map(|i| format!("--b{i}xxx\n")).collect::<String>()),
    );
    heavy(
        "alternatives",
        typed("multipart/alternative; boundary=b", &"--b\nContent-Type: text/html\n\n<p>x\n".repeat(5_000)),
    );
    let mails = "Content-Type: message/rfc822\n\n".repeat(50_000);
    heavy("mails in mails", format!("{HEAD}{mails}"));
    heavy("base64 without end", format!("{HEAD}Content-Transfer-Encoding: base64\n\n{}", "QUJD".repeat(250_000)));
    heavy("base64 of nothing", format!("{HEAD}Content-Transfer-Encoding: base64\n\n{}", "=\n".repeat(500_000)));
    heavy("soft breaks", format!("{HEAD}Content-Transfer-Encoding: quoted-printable\n\n{}", "=\n".repeat(500_000)));
    heavy("broken escapes", format!("{HEAD}Content-Transfer-Encoding: quoted-printable\n\n{}", "=x".repeat(500_000)));
}

#[test]
fn headers_without_end() {
    let ids: String = (0..250_000).map(|i| format!(" <{i}.abcdefghijklmnopqrstuvwxyz@b.test>\n")).collect();
    assert!(ids.len() > 9_000_000);
    assert!(has(&heavy("10 MB of references", format!("{HEAD}References:{ids}\nx")), "too many references"));
    heavy("1 MB of encoded words", format!("{HEAD}Subject: {}\n\nx", "=?utf-8?q?=C3=A5?= ".repeat(50_000)));
    heavy("encoded words in many charsets", format!("{HEAD}Subject: {}\n\nx", "=?a?q?x?= =?b?b?x?= ".repeat(30_000)));
    heavy("encoded words cut off", format!("{HEAD}Subject: {}\n\nx", "=?utf-8?q?".repeat(30_000)));
    heavy("question marks", format!("{HEAD}Subject: =?utf-8?q?{}\n\nx", "?=3F".repeat(100_000)));
    heavy("equals", format!("{HEAD}Subject: {}\n\nx", "=?".repeat(100_000)));
    heavy("names", format!("{HEAD}To: {}\n\nx", "\"=?utf-8?q?a?=\" b ".repeat(30_000)));
    heavy("groups", format!("{HEAD}To: {}\n\nx", "a: b@c.test; ".repeat(30_000)));
    heavy("comments", format!("{HEAD}To: {} a@b.test\n\nx", "(".repeat(300_000)));
    heavy("backslashes", format!("{HEAD}To: \"{}\" <a@b.test>\n\nx", "\\".repeat(300_000)));
    heavy("continuations", format!("{HEAD}Subject: x\n{}\nx", " \n".repeat(500_000)));
    heavy("stray lines", format!("{HEAD}{}\nx", "stray\nA: b\n".repeat(100_000)));
    heavy("a line that is no header", format!("x{}", "y".repeat(500_000)));
    heavy("colons", format!("{HEAD}{}\n\nx", ":".repeat(1_000_000)));
    let sections: String = (0..100_000).map(|i| format!(";\n filename*{i}*=a%C3%A5")).collect();
    let part = format!("--b\nContent-Disposition: attachment{sections}\n\nx\n--b--\n");
    let letter = heavy("RFC 2231 in 100,000 sections", typed("multipart/mixed; boundary=b", &part));
    assert!(letter.attachments.iter().all(|a| a.name.len() <= 255));
    heavy("parameters", format!("{HEAD}Content-Type: text/plain{}\n\nx", "; a=b".repeat(200_000)));
    heavy("open quotes", format!("{HEAD}Content-Type: text/plain{}\n\nx", "; a=\"".repeat(200_000)));
    heavy("open comments", format!("{HEAD}Content-Type: text/plain{}\n\nx", " (".repeat(300_000)));
    heavy(
        "raw bytes",
        [HEAD.as_bytes(), b"Subject: ", &[0xe5; 200_000], b"\nContent-Type: text/plain; charset=koi8-r\n\nx"].concat(),
    );
}

#[test]
fn text_without_end() {
    for (name, line) in [
        ("quotes in quotes", (0..1_500).map(|i| ">".repeat(i) + " x\n").collect::<String>()),
        ("a line of quotes", ">".repeat(500_000)),
        ("quotes and answers in turn", "> x\ny\n".repeat(50_000)),
        ("attributions", "On Mon, 1 Nov 2026 A <a@b.test> wrote:\n".repeat(3_000)),
        ("rules", "_____\n".repeat(8_000)),
        ("labels", "From: a\nTo: b\n".repeat(5_000)),
        ("uuencode begun", "begin 644 a\n#:&5J\n".repeat(8_000)),
        ("uuencoded files", "begin 644 a\n#:&5J\n`\nend\n".repeat(4_000)),
        ("signed messages begun", "-----BEGIN PGP SIGNED MESSAGE-----\n".repeat(4_000)),
        (
            "signatures of nothing",
            "-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n".repeat(3_000),
        ),
        ("addresses", "a@b.test ".repeat(50_000)),
        ("brackets", "[cid:<http".repeat(50_000)),
        ("spaces", " ".repeat(1_000_000)),
        ("no-break spaces", "\u{a0}\n".repeat(200_000)),
        ("combining marks", "a\u{301}".repeat(200_000)),
    ] {
        heavy(name, format!("{HEAD}Subject: Re: x\nIn-Reply-To: <x@y>\n\n{line}"));
        heavy(name, typed("text/plain; charset=utf-8; format=flowed", &line));
    }
    heavy("escapes of charsets", typed("text/plain; charset=iso-2022-jp", &"\x1b$B\x1b(B".repeat(100_000)));
    heavy("shifts", typed("text/plain; charset=utf-7", &"+".repeat(1_000_000)));
    heavy("shifts of HZ", typed("text/plain; charset=hz-gb-2312", &"~{~}".repeat(250_000)));
    heavy("enriched", typed("text/enriched", &"<a".repeat(300_000)));
    heavy("enriched parameters", typed("text/enriched", &"<param>".repeat(100_000)));
}

#[test]
fn html_without_end() {
    let deep = |tag: &str| format!("{}x", tag.repeat(100_000));
    for tag in
        ["<div>", "<b>", "<blockquote type=cite>", "<ul><li>", "<table><tr><td>", "<a href=x>", "<p><font>", "<pre>"]
    {
        let letter = heavy(tag, html(&deep(tag)));
        assert!(letter.text.ends_with('x') || has(&letter, "too big") || has(&letter, "too deeply"), "{tag}");
    }
    for (name, body) in [
        ("angles", "<".repeat(1_000_000)),
        ("ampersands", "&".repeat(1_000_000)),
        ("numbers", "&#".repeat(100_000)),
        ("long references", format!("&{}", "a".repeat(1_000_000))),
        ("attributes", format!("<p{}>x", " a=b".repeat(100_000))),
        ("attributes known", format!("<p{}>x", " href=b class=c".repeat(100_000))),
        ("attributes that never end", "<p a=\"".repeat(100_000)),
        ("a tag that never ends", format!("<p {}", "a ".repeat(500_000))),
        ("classes", format!("<p class='{}'>x", "x_ ".repeat(60_000))),
        ("styles", format!("<p style='{}'>x", "none ".repeat(300_000))),
        ("comments", "<!--".repeat(250_000)),
        ("comments closed", "<!---->".repeat(140_000)),
        ("scripts", "<script>".repeat(120_000)),
        ("scripts closed", "<script></script>".repeat(60_000)),
        ("misnested", "<b><i></b></i>".repeat(15_000)),
        ("closings", "</div></p></td>".repeat(20_000)),
        ("breaks", "<br>".repeat(60_000)),
        ("rules", "<hr>".repeat(20_000)),
        ("lists", "<ol start=999999999><li>".repeat(40_000)),
        ("long words", format!("<p>{}", "x".repeat(600_000))),
        ("links", "<a href=https://a.test/b>c</a>".repeat(10_000)),
        ("quotes in turn", "<blockquote>a</blockquote>b".repeat(10_000)),
        ("cells", format!("<table><tr>{}", "<td>".repeat(50_000))),
        ("hidden", "<p style='display:none'>".repeat(40_000)),
        ("marks", "<div class=gmail_quote>".repeat(40_000)),
        ("signatures", "<div class=gmail_signature>x</div>".repeat(8_000)),
    ] {
        heavy(name, html(&body));
        html_hold(&body);
    }
}

#[test]
fn containers_without_end() {
    let attached = |media_type: &str, data: &[u8]| {
        let encoded = data_encoding::BASE64.encode(data);
        let lines: Vec<_> = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
        let part = format!(
            "--b\nContent-Type: {media_type}\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
            lines.join("\n")
        );
        typed("multipart/mixed; boundary=b", &part)
    };
    let tnef = |rest: &[u8]| [&0x223e_9f78_u32.to_le_bytes()[..], &[1, 0], rest].concat();
    let attribute = |level: u8, id: u32, value: &[u8]| {
        let length = u32::try_from(value.len()).expect("a length");
        [&[level][..], &id.to_le_bytes(), &length.to_le_bytes(), value, &[0, 0]].concat()
    };
    let ms_tnef = "application/ms-tnef";
    heavy("attachments begun", attached(ms_tnef, &tnef(&attribute(2, 0x0006_9002, b"").repeat(100_000))));
    heavy("empty attributes", attached(ms_tnef, &tnef(&attribute(1, 0x0006_9003, b"\xff\xff\xff\xff").repeat(50_000))));
    heavy(
        "lengths that lie",
        attached(ms_tnef, &tnef(&[&[2_u8, 0x0f, 0x80, 6, 0][..], &[0xff; 4]].concat().repeat(50_000))),
    );
    let mut packed = [&[0; 4][..], &[0xff; 4], b"LZFu", &[0; 4]].concat();
    packed.extend(b"\xff\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f".repeat(40_000));
    let length = u32::try_from(packed.len()).expect("a length").to_le_bytes();
    let property = [&[1, 0, 0, 0, 2, 1, 9, 0x10, 1, 0, 0, 0][..], &length, &packed].concat();
    heavy("rich text of rich text", attached(ms_tnef, &tnef(&attribute(1, 0x0006_9003, &property))));
    heavy("lengths without end", attached("application/pkcs7-mime", &[0x30, 0x80].repeat(200_000)));
    heavy("octets in octets", attached("application/pkcs7-mime", &[0x24, 0x80, 4, 1, b'x'].repeat(100_000)));
    for (name, lines) in [
        ("events in events", "BEGIN:VEVENT\n".repeat(100_000)),
        ("properties", format!("BEGIN:VEVENT\n{}END:VEVENT\n", "DTSTART:20261124T090000Z\n".repeat(30_000))),
        (
            "attendees",
            format!("BEGIN:VEVENT\n{}END:VEVENT\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\n".repeat(30_000)),
        ),
        ("folds", format!("BEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT\n", "x\n ".repeat(300_000))),
        ("parameters", format!("BEGIN:VEVENT\nSUMMARY{}:x\nEND:VEVENT\n", ";A=\"b\"".repeat(100_000))),
    ] {
        heavy(name, typed("text/calendar; charset=utf-8", &lines));
    }
    let calendars =
        format!("--b\nContent-Type: text/calendar\n\nBEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT\n", "x".repeat(3_000));
    let letter = heavy("calendars", typed("multipart/mixed; boundary=b", &calendars.repeat(200)));
    assert!(letter.text.len() < 1_000, "{}", letter.text);
}

/// Pieces that mail is made of, so that random letters reach further than random bytes.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,30}",
        "\\PC{0,20}",
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("\r\n".to_owned()),
        proptest::sample::select(
            &[
                "--b\n",
                "--b--\n",
                "From: A <a@b.test>\n",
                "Subject: =?utf-8?q?",
                "=?iso-2022-jp?B?GyRC?=",
                "?= ",
                "Content-Type: multipart/mixed; boundary=b\n\n",
                "Content-Type: multipart/alternative; boundary=b\n\n",
                "Content-Type: text/html; charset=utf-8\n\n",
                "Content-Type: text/plain; charset=utf-7; format=flowed\n\n",
                "Content-Type: message/rfc822\n\n",
                "Content-Transfer-Encoding: base64\n",
                "Content-Type: text/calendar\n\n",
                "Content-Transfer-Encoding: quoted-printable\n",
                "Content-Disposition: attachment; filename*0*=utf-8''%C3",
                "; filename*1*=%A5\n",
                "<div>",
                "</div>",
                "<p>",
                "<blockquote type=cite>",
                "<a href=\"",
                "\">",
                "&auml",
                "<!--",
                "-->",
                "<div class=gmail_quote>",
                "> ",
                ">> ",
                "-- \n",
                "On Mon, A <a@b.test> wrote:\n",
                "From: A\nSent: B\nTo: C\nSubject: D\n\n",
                "________________________________\n",
                "begin 644 a\n#:&5J\n`\nend\n",
                "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n",
                "Skickat från min iPhone\n",
                "-----Original Message-----\n",
                "\u{feff}",
                "\u{a0}",
                "\u{202e}",
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        hold(&raw);
    }

    #[test]
    fn any_pieces_are_read(head in any::<bool>(), pieces in proptest::collection::vec(piece(), 0..40)) {
        let raw = format!("{}{}", if head { HEAD } else { "" }, pieces.concat());
        hold(raw.as_bytes());
    }

    #[test]
    fn any_html_is_read(pieces in proptest::collection::vec(piece(), 0..40)) {
        html_hold(&pieces.concat());
        hold(html(&pieces.concat()).as_bytes());
    }

    #[test]
    fn what_is_composed_is_read(
        // Outlook puts names into single quotes; they are no part of the name.
        name in "\\PC{0,40}".prop_filter("a name without its quotes", |n| {
            !(n.trim().starts_with('\'') && n.trim().ends_with('\''))
        }),
        subject in "\\PC{0,120}",
        text in "(\\PC{0,90}\n){0,8}".prop_filter("text that is text", |t| is_itself(t)),
        count in 0_usize..20,
    ) {
        let references: Vec<String> = (0..count).map(|i| format!("r{i}@kund.test")).collect();
        round_trip(&name, &subject, &text, &references);
    }
}
