//! What is composed is what is read back, and nothing that stands in a value gets out of it.

use std::collections::BTreeMap;

use mail_parser::{MessageParser, MimeHeaders};

use super::*;
use crate::model::Address;

fn party(name: &str, address: &str) -> Party {
    Party { name: name.to_owned(), address: Address::parse(address).unwrap() }
}

fn draft() -> Draft {
    Draft {
        from: party("Anna, Exempelbutiken", "support@example.test"),
        to: vec![party("Kund Ett", "kund@example.test")],
        cc: Vec::new(),
        reply_to: None,
        subject: "Re: Var är paketet? [#42]".to_owned(),
        date: Time::parse_rfc3339("2026-11-26T08:00:00Z").unwrap(),
        zone: TimeZone::get("Europe/Stockholm").unwrap(),
        message_id: "m42.abcdef@example.test".to_owned(),
        in_reply_to: Some("q1@kund.example".to_owned()),
        references: vec!["q0@kund.example".to_owned(), "q1@kund.example".to_owned()],
        auto_submitted: None,
        headers: Vec::new(),
        text: "Hej!\n\nPaketet är på väg.\n".to_owned(),
        html: None,
        attachments: Vec::new(),
        attached_mails: Vec::new(),
    }
}

fn row(name: &str, media_type: &str, inline: bool, content_id: Option<&str>, sha256: &str, size: i64) -> AttachmentRow {
    AttachmentRow {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size,
        inline,
        content_id: content_id.map(str::to_owned),
        sha256: sha256.to_owned(),
    }
}

/// Puts the segments together as the outbox does.
fn bytes(draft: &Draft, blobs: &BTreeMap<&str, Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    for segment in compose(draft) {
        match segment {
            Segment::Bytes(b) => out.extend(b),
            Segment::Blob { sha256 } => {
                for line in data_encoding::BASE64.encode(&blobs[sha256.as_str()]).as_bytes().chunks(76) {
                    out.extend_from_slice(line);
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
    }
    let text = String::from_utf8_lossy(&out);
    assert!(
        text.replace("\r\n", "").chars().all(|c| c != '\r' && c != '\n' && c != '\0'),
        "bare CR, LF or NUL: {text}"
    );
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "a line is too long");
    out
}

fn lines(raw: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(raw).split("\r\n").map(str::to_owned).collect()
}

/// Names of the top headers, in order.
fn header_names(raw: &[u8]) -> Vec<String> {
    let head = lines(raw).into_iter().take_while(|l| !l.is_empty());
    head.filter(|l| !l.starts_with([' ', '\t'])).map(|l| l.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn a_plain_answer_reads_well_as_bytes() {
    let raw = bytes(&draft(), &BTreeMap::new());
    let expect = "From: =?utf-8?b?QW5uYSwgRXhlbXBlbGJ1dGlrZW4=?= <support@example.test>\r\n\
        To: \"Kund Ett\" <kund@example.test>\r\n\
        Subject: Re: Var =?utf-8?b?w6Ry?= paketet? [#42]\r\n\
        Date: Thu, 26 Nov 2026 09:00:00 +0100\r\n\
        Message-ID: <m42.abcdef@example.test>\r\n\
        In-Reply-To: <q1@kund.example>\r\n\
        References: <q0@kund.example>\r\n <q1@kund.example>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n\
        Hej!\r\n\r\nPaketet =C3=A4r p=C3=A5 v=C3=A4g.\r\n";
    assert_eq!(String::from_utf8(raw).unwrap(), expect);
}

#[test]
fn subjects_come_back() {
    let long_word = "å".repeat(300);
    let plain_word = "x".repeat(300);
    for subject in [
        "",
        "Re: Hej [#42]",
        "Räksmörgås på Östermalm — nu med 🦐 och en riktigt lång fortsättning som måste vikas flera gånger om",
        "=?utf-8?q?a=0D=0ABcc:_x@y.test?=",
        "a =?utf-8?b?4pyT?= b",
        "tab and \"quotes\" \\ and <angle> (comment), semi; colon: at@",
        &long_word,
        &plain_word,
    ] {
        let raw = bytes(&Draft { subject: subject.to_owned(), ..draft() }, &BTreeMap::new());
        assert!(raw.is_ascii());
        let read = MessageParser::default().parse(&raw).unwrap();
        assert_eq!(read.subject().unwrap_or_default(), subject);
    }
}

#[test]
fn names_come_back() {
    for name in [
        "Anna",
        "Anna Andersson",
        "Åsa Öberg",
        "Andersson, Anna \"Ann\" (Kundservice)",
        "back\\slash",
        "=?utf-8?q?x?=",
        "anna@example.test",
        "Ett mycket långt namn som måste vikas därför att det är längre än en rad i ett brevhuvud får vara",
    ] {
        let d = Draft {
            to: vec![party(name, "a@b.test"), party("", "c@d.test")],
            from: party(name, "e@f.test"),
            ..draft()
        };
        let raw = bytes(&d, &BTreeMap::new());
        assert!(raw.is_ascii());
        let read = MessageParser::default().parse(&raw).unwrap();
        let to: Vec<_> = read.to().unwrap().iter().map(|a| (a.name().unwrap_or(""), a.address().unwrap())).collect();
        assert_eq!(to, [(name, "a@b.test"), ("", "c@d.test")]);
        assert_eq!(read.from().unwrap().first().unwrap().name(), Some(name));
    }
}

#[test]
fn hostile_values_inject_nothing() {
    let usual = header_names(&bytes(&draft(), &BTreeMap::new()));
    for evil in [
        "a\r\nBcc: x@evil.test",
        "a\nBcc: x@evil.test\n\nbody",
        "a\r\n\r\n<html>",
        "\0\r\n",
        "\u{7f}\u{85}\u{2028}Bcc: x@evil.test",
        "a\rBcc: x@evil.test",
        "\"\r\n>, x@evil.test",
        "<x@evil.test>, <y@evil.test>",
        "-- =_svar_\r\n",
    ] {
        let mut d = draft();
        d.subject = evil.to_owned();
        d.from.name = evil.to_owned();
        d.to[0].name = evil.to_owned();
        d.references.push(evil.to_owned());
        d.references.push("q2@kund.example".to_owned());
        d.headers = vec![("X-Svar-Id".to_owned(), evil.to_owned()), (format!("X-{evil}"), "x".to_owned())];
        d.attachments = vec![
            row(evil, &format!("image/png; {evil}"), true, Some(evil), "s", 1),
            row(evil, evil, false, None, "s", 1),
        ];
        d.html = Some("<p>x</p>".to_owned());
        let raw = bytes(&d, &BTreeMap::from([("s", b"x".to_vec())]));
        let mut expect = usual.clone();
        expect.retain(|n| n != "Content-Transfer-Encoding");
        expect.insert(7, "X-Svar-Id".to_owned());
        assert_eq!(header_names(&raw), expect, "{evil:?}");
        let read = MessageParser::default().parse(&raw).unwrap();
        assert_eq!(read.to().unwrap().iter().count(), 1, "{evil:?}");
        assert_eq!(read.from().unwrap().iter().count(), 1, "{evil:?}");
        assert_eq!(read.attachment_count(), 2, "{evil:?}");
        assert!(read.bcc().is_none(), "{evil:?}");
        assert_eq!(read.references().as_text_list().map_or(0, |l| l.len()), 3, "{evil:?}");
    }
}

#[test]
fn headers_of_the_caller_stand_for_themselves() {
    let mut d = draft();
    d.auto_submitted = Some(AutoSubmitted::Generated);
    d.reply_to = Some(party("", "support+t42.abc@example.test"));
    for (name, value) in [
        ("X-Svar-Ticket", "42"),
        ("X-Auto-Response-Suppress", "All"),
        ("From", "evil@x.test"),
        ("content-type", "text/html"),
        ("Bcc", "evil@x.test"),
        ("bcc", "evil@x.test"),
        ("Not a header", "x"),
        ("X-Svar-Ticket", "43"),
        ("", "x"),
    ] {
        d.headers.push((name.to_owned(), value.to_owned()));
    }
    let raw = bytes(&d, &BTreeMap::new());
    let all = lines(&raw).join("\n");
    for line in [
        "\nAuto-Submitted: auto-generated\n",
        "\nX-Svar-Ticket: 42\n",
        "\nX-Auto-Response-Suppress: All\n",
        "\nReply-To: support+t42.abc@example.test\n",
    ] {
        assert!(all.contains(line), "{line} in {all}");
    }
    assert!(!all.contains("evil") && !all.contains("43") && !all.contains("text/html"));
}

#[test]
fn references_keep_the_first_and_the_newest() {
    let ids: Vec<String> = (0..200).map(|n| format!("{n}@kund.example")).collect();
    let raw = bytes(&Draft { references: ids, ..draft() }, &BTreeMap::new());
    let read = MessageParser::default().parse(&raw).unwrap();
    let read: Vec<&str> = read.references().as_text_list().unwrap().iter().map(AsRef::as_ref).collect();
    assert_eq!(read.len(), MAX_REFERENCES);
    assert_eq!((read[0], read[1], read[29]), ("0@kund.example", "171@kund.example", "199@kund.example"));
}

#[test]
fn odd_addresses_are_written_and_never_panic() {
    for (address, shown) in [
        ("åke@example.test", "åke@example.test"),
        ("a\"b@example.test", "\"a\\\"b\"@example.test"),
        ("..@example.test", "\"..\"@example.test"),
        ("x@räksmörgås.se", "x@xn--rksmrgs-5wao1o.se"),
        ("a+b.c=d@example.test", "a+b.c=d@example.test"),
    ] {
        let raw = bytes(&Draft { to: vec![party("", address)], ..draft() }, &BTreeMap::new());
        let all = lines(&raw);
        assert!(all.contains(&format!("To: {shown}")), "{address}: {:?}", all[1]);
    }
}

#[test]
fn texts_come_back() {
    let long = "ord ".repeat(1000);
    for text in [
        "Hej!\n",
        "Hej!\n\n-- \nAnna\n",
        "From here on\n.\n..\nFrom there\n",
        "--=_svar_abc\n--=_svar_abc--\n",
        "å\n\tä\n ö\n",
        "日本語のテキスト\n",
        "=3D = =\n",
        &format!("{long}\n"),
    ] {
        for html in [None, Some(format!("<p>{}</p>\n", text.replace('\n', "<br>\n")))] {
            let raw = bytes(&Draft { text: text.to_owned(), html: html.clone(), ..draft() }, &BTreeMap::new());
            assert!(raw.is_ascii());
            let read = MessageParser::default().parse(&raw).unwrap();
            assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), text);
            if let Some(html) = html {
                assert_eq!(read.body_html(0).unwrap().replace("\r\n", "\n"), html);
            }
        }
    }
    let raw = bytes(&Draft { text: "a\0b\rc\r\nd".to_owned(), ..draft() }, &BTreeMap::new());
    assert_eq!(MessageParser::default().parse(&raw).unwrap().body_text(0).unwrap(), "ab\r\nc\r\nd\r\n");
}

#[test]
fn everything_goes_along() {
    let picture: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let blobs = BTreeMap::from([("p", picture.clone()), ("f", b"%PDF-1.7 faktura".to_vec())]);
    let mail = b"From: x@y.test\nSubject: old\n\nOriginal.\n".to_vec();
    let eight_bit = b"From: x@y.test\r\nSubject: \xe5\r\n\r\nOriginal.\r\n".to_vec();
    let long_name = format!("{}.pdf", "räkning ".repeat(40));
    let d = Draft {
        html: Some("<p>Se <img src=\"cid:bild1@x\"></p>\n".to_owned()),
        attachments: vec![
            row("bild.png", "image/png", true, Some("bild1@x"), "p", 1000),
            row("fakturan för åäö.pdf", "application/pdf", false, None, "f", 16),
            row("mejl.eml", "message/rfc822", false, None, "f", 16),
            row("tom.txt", "text/plain", false, None, "e", 0),
            row(&long_name, "application/pdf", false, None, "f", 16),
        ],
        attached_mails: vec![
            AttachedMail { name: "original".to_owned(), raw: mail },
            AttachedMail { name: "original.eml".to_owned(), raw: eight_bit.clone() },
        ],
        ..draft()
    };
    let raw = bytes(&d, &blobs);
    let read = MessageParser::default().parse(&raw).unwrap();
    let names: Vec<_> = read.attachments().map(|a| a.attachment_name().unwrap_or("")).collect();
    assert_eq!(names[..4], ["bild.png", "fakturan för åäö.pdf", "mejl.eml", "tom.txt"]);
    assert!(names[4].ends_with("räkning .pdf") && names[4].chars().count() == 150, "{}", names[4]);
    assert_eq!(names[5..], ["original.eml", "original.eml"]);
    let parts: Vec<_> = read.attachments().collect();
    assert_eq!(parts[0].contents(), picture);
    assert_eq!(parts[0].content_id(), Some("bild1@x"));
    assert_eq!(parts[1].contents(), b"%PDF-1.7 faktura");
    assert_eq!(parts[2].content_type().map(|c| c.ctype()), Some("application"));
    assert_eq!(parts[3].contents(), b"");
    assert_eq!(parts[5].message().unwrap().subject(), Some("old"));
    assert_eq!(parts[6].contents(), eight_bit);
    let kinds: Vec<_> = lines(&raw).into_iter().filter(|l| l.starts_with("Content-Type: multipart/")).collect();
    assert_eq!(
        kinds,
        [
            "Content-Type: multipart/mixed;",
            "Content-Type: multipart/related; type=\"multipart/alternative\";",
            "Content-Type: multipart/alternative;"
        ]
    );
}

#[test]
fn a_picture_without_html_is_an_attachment() {
    let d = Draft { attachments: vec![row("b.png", "image/png", true, Some("b@x"), "p", 1)], ..draft() };
    let raw = bytes(&d, &BTreeMap::from([("p", b"x".to_vec())]));
    assert!(lines(&raw).contains(&"Content-Type: multipart/mixed;".to_owned()));
    assert_eq!(MessageParser::default().parse(&raw).unwrap().attachment_count(), 1);
}

#[test]
fn same_arguments_same_bytes() {
    let d = Draft { html: Some("<p>x</p>".to_owned()), ..draft() };
    assert_eq!(compose(&d), compose(&d.clone()));
    let other = Draft { message_id: "m43.abcdef@example.test".to_owned(), ..d.clone() };
    let boundary =
        |d: &Draft| lines(&bytes(d, &BTreeMap::new())).into_iter().find(|l| l.starts_with(" boundary=")).unwrap();
    assert_ne!(boundary(&d), boundary(&other));
}
