//! What holds for every letter, whatever its bytes are. The fuzz targets (`fuzz/`) check the same.

use jiff::tz::TimeZone;
use svar::mail::compose::{Draft, compose};
use svar::mail::html;
use svar::mail::letter::Letter;
use svar::mail::mime::{MAX_DEPTH, MAX_PARTS};
use svar::mail::read::{self, MAX_RECIPIENTS, MAX_REFERENCES, read};
use svar::model::{Address, Party, Time};
use svar::plan::Segment;

/// How many bytes a letter's text may have for each of its own: a character reference or a list's indentation makes more of less.
const MOST_TIMES: usize = 16;
/// What is there whatever the size: a note, names made up for parts without one.
const MOST_BESIDE: usize = 10_000;

/// Reads `raw` and checks all that is true of any letter; hands it on for what is true of this one.
pub fn hold(raw: &[u8]) -> Letter {
    let letter = read(raw);
    assert_eq!(read::read(raw), letter, "the same bytes are the same letter");
    texts(&letter);
    names(&letter);
    let new_html = letter.new_html().unwrap_or_default();
    clean(&new_html);

    let bound = raw.len() * MOST_TIMES + MOST_BESIDE;
    assert!(letter.text.len() <= bound, "text of {} bytes out of {}", letter.text.len(), raw.len());
    assert!(new_html.len() <= bound, "HTML of {} bytes out of {}", new_html.len(), raw.len());
    let attached: usize = letter.attachments.iter().map(|a| a.data.len()).sum();
    assert!(attached <= bound, "attachments of {attached} bytes out of {}", raw.len());
    assert!(letter.attachments.len() <= MAX_PARTS * 2);
    assert!(letter.references.len() <= MAX_REFERENCES && letter.in_reply_to.len() <= MAX_REFERENCES);
    for list in [&letter.to, &letter.cc, &letter.reply_to] {
        assert!(list.len() <= MAX_RECIPIENTS);
    }
    const { assert!(MAX_DEPTH <= 100) };
    letter
}

fn texts(letter: &Letter) {
    for text in [&letter.text, &letter.new_text] {
        assert!(!text.contains(['\0', '\r']), "{text:?}");
    }
    // Nothing is in the new text that is not in the text, and in the same order.
    let mut lines = letter.text.split('\n').map(bare_line);
    for line in letter.new_text.split('\n').map(bare_line).filter(|l| !l.is_empty()) {
        assert!(lines.any(|l| l == line), "{line:?} is not in {:?}", letter.text);
    }
}

/// Without blanks and marks of byte order around it.
fn bare_line(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn names(letter: &Letter) {
    assert!(!letter.subject.contains(|c: char| c.is_control()), "{:?}", letter.subject);
    for attachment in &letter.attachments {
        let name = &attachment.name;
        assert!(!name.is_empty() && name.len() <= 255 && !name.starts_with('.'), "{name:?}");
        assert!(!name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')), "{name:?}");
    }
    for party in letter.from.iter().chain(&letter.to).chain(&letter.cc).chain(&letter.reply_to) {
        assert!(!party.name.contains(|c: char| c.is_control()), "{:?}", party.name);
    }
}

/// Reads `html` as text and cleans it; what was cleaned holds nothing that runs or loads, and cleaning it again changes nothing.
pub fn html_hold(html: &str) {
    let text = html::to_text(html);
    assert!(text.len() <= html.len() * MOST_TIMES + MOST_BESIDE, "{} of {}", text.len(), html.len());
    let once = html::clean(html);
    clean(&once);
    assert!(once.len() <= html.len() * MOST_TIMES + MOST_BESIDE, "{} of {}", once.len(), html.len());
}

/// Whether every tag of cleaned HTML is one that only shows.
fn clean(html: &str) {
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default().to_ascii_lowercase();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(
            !["script", "style", "iframe", "object", "embed", "form", "input", "link", "meta", "base", "svg", "math"]
                .contains(&name),
            "{tag:?}"
        );
        // Outside of quotes nothing but the attributes that were allowed.
        for (i, piece) in tag.split('"').enumerate() {
            if i % 2 == 0 {
                assert!(!piece.contains(" on") && !piece.contains("style="), "{tag:?}");
            } else {
                let value = piece.trim();
                assert!(!value.starts_with("javascript:") && !value.starts_with("data:"), "{tag:?}");
            }
        }
        if name == "img" && tag.contains("src=") {
            assert!(tag.contains("src=\"cid:"), "{tag:?}");
        }
    }
}

/// Composes a mail of these and reads it back: the same subject, names, addresses and text.
pub fn round_trip(name: &str, subject: &str, text: &str, references: &[String]) {
    let party = |name: &str, address: &str| Party::new(name, Address::parse(address).expect("an address"));
    let draft = Draft {
        from: party(name, "anna@butik.test"),
        to: vec![party("", "kund@kund.test"), party(name, "b@kund.test")],
        cc: vec![party(name, "c@kund.test")],
        reply_to: Some(party(name, "support@butik.test")),
        subject: subject.to_owned(),
        date: Time::from_unix(1_795_680_000),
        zone: TimeZone::UTC,
        message_id: "m1@butik.test".to_owned(),
        in_reply_to: references.last().cloned(),
        references: references.to_vec(),
        auto_submitted: None,
        headers: Vec::new(),
        text: text.to_owned(),
        html: None,
        attachments: Vec::new(),
        attached_mails: Vec::new(),
    };
    let mut raw = Vec::new();
    for segment in compose(&draft) {
        if let Segment::Bytes(bytes) = segment {
            raw.extend(bytes);
        }
    }
    let letter = hold(&raw);
    let shown = String::from_utf8_lossy(&raw);
    assert_eq!(letter.from.as_ref(), Some(&draft.from), "{shown}");
    assert!(letter.from_is_single, "{shown}");
    assert_eq!(letter.to, draft.to, "{shown}");
    assert_eq!(letter.cc, draft.cc, "{shown}");
    assert_eq!(Some(&letter.reply_to[0]), draft.reply_to.as_ref(), "{shown}");
    assert_eq!(letter.subject, svar::model::one_line(subject), "{shown}");
    assert_eq!(letter.message_id.as_deref(), Some("m1@butik.test"), "{shown}");
    assert_eq!(letter.sent_at, Some(draft.date), "{shown}");
    assert_eq!(letter.references, references, "{shown}");
    assert_eq!(letter.text.trim_end(), as_read(text).trim_end(), "{shown}");
    let grave: Vec<_> = letter.defects.iter().map(|d| d.as_str()).filter(|d| *d != "no body").collect();
    assert!(grave.is_empty(), "{grave:?} {shown}");
}

/// Text as it is written into a mail: one kind of line end, no control characters but tabs (`mail::compose` leaves them out).
fn as_read(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace(['\r', '\u{b}', '\u{c}'], "\n");
    lines.replace(|c: char| c.is_ascii_control() && !matches!(c, '\n' | '\t'), "")
}

/// Text that says to its reader that it is something else (HTML, a file, a signature) is read as that.
pub fn is_itself(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    !(start.starts_with('<')
        || text.contains('\u{feff}')
        || text.contains('\x1b')
        || text.contains("begin ")
        || text.contains("-----BEGIN"))
}
