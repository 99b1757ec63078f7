//! Which parts of a letter are its text, in which forms, and which are attachments; containers of other makes are opened.

use std::collections::BTreeSet;

use crate::mail::attachment::{self, File};
use crate::mail::body::{html_source, plain_text};
use crate::mail::letter::Defect;
use crate::mail::mime::{self, Part};
use crate::mail::signed::{self, Envelope};
use crate::mail::{calendar, charset, tnef, uuencode};

/// How deep signed mail may lie in signed mail.
const MAX_SIGNED: usize = 3;
/// How many notes a letter's text may begin with.
const MAX_NOTES: usize = 5;

/// Text still in its part, or found in a container and decoded already.
#[derive(Debug)]
pub enum Source<'p, 'a> {
    Part(&'p Part<'a>),
    Text(String),
}

/// One place in the letter where text stands, in the forms that its sender offered.
#[derive(Debug, Default)]
pub struct Slot<'p, 'a> {
    pub plain: Option<Source<'p, 'a>>,
    pub html: Option<Source<'p, 'a>>,
}

#[derive(Debug)]
pub enum Attached<'p, 'a> {
    Part(&'p Part<'a>),
    File(File),
}

/// What was chosen, in the order of the letter.
#[derive(Debug, Default)]
pub struct Chosen<'p, 'a> {
    pub slots: Vec<Slot<'p, 'a>>,
    pub attached: Vec<Attached<'p, 'a>>,
    /// Lines that say what cannot be read as text: invitations, encrypted mail.
    pub notes: Vec<String>,
    /// The text in a `winmail.dat`, for letters that have no other.
    pub packed: Option<Slot<'static, 'static>>,
    signed: usize,
}

impl<'p, 'a> Chosen<'p, 'a> {
    fn within(&self) -> Self {
        Self { signed: self.signed, ..Self::default() }
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Everything but the slots, which the caller places.
    fn take_rest(&mut self, inner: &mut Self) {
        self.attached.append(&mut inner.attached);
        inner.notes.drain(..).for_each(|n| self.note(n));
        self.packed = self.packed.take().or(inner.packed.take());
    }
}

/// Adds what `part` holds to `out`.
pub fn choose<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>, defects: &mut BTreeSet<Defect>) {
    if part.is_multipart() {
        match part.media_type.as_str() {
            "multipart/alternative" => alternative(part, out, defects),
            "multipart/related" => related(part, out, defects),
            "multipart/encrypted" => {
                defects.insert(Defect::Encrypted);
                out.note("[encrypted: OpenPGP]".to_owned());
                let sealed = part.children.iter().filter(|c| c.media_type != "application/pgp-encrypted");
                out.attached.extend(sealed.map(Attached::Part));
            }
            // The first half is the resource fork.
            "multipart/appledouble" => out.attached.extend(part.children.iter().skip(1).map(Attached::Part)),
            _ => part.children.iter().for_each(|child| choose(child, out, defects)),
        }
        return;
    }
    if opened(part, out, defects) {
        return;
    }
    match readable(part, out.slots.is_empty()) {
        Some(Form::Plain) => out.slots.push(Slot { plain: Some(Source::Part(part)), html: None }),
        Some(Form::Html) => out.slots.push(Slot { plain: None, html: Some(Source::Part(part)) }),
        None => {
            // An empty text part without a name is nothing.
            let nothing = part.main_type() == "text"
                && part.body.trim_ascii().is_empty()
                && attachment::claimed_name(part).is_none();
            if !nothing {
                out.attached.push(Attached::Part(part));
            }
        }
    }
}

/// Looks into a leaf that holds more than it shows; whether nothing of it remains to be attached.
fn opened<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>, defects: &mut BTreeSet<Defect>) -> bool {
    let named = |ending: &str| {
        attachment::claimed_name(part).is_some_and(|n| {
            n.len().checked_sub(ending.len()).and_then(|at| n.get(at..)).is_some_and(|e| e.eq_ignore_ascii_case(ending))
        })
    };
    match part.media_type.as_str() {
        "application/ms-tnef" | "application/vnd.ms-tnef" => open_tnef(part, out, defects),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => open_signed(part, out, defects),
        "application/octet-stream" if named("winmail.dat") => open_tnef(part, out, defects),
        "application/octet-stream" if named("smime.p7m") => open_signed(part, out, defects),
        "text/calendar" | "application/ics" => {
            let text = charset::decode(&part.decoded(defects), part.content_type.get("charset"), defects);
            if let Some(note) = calendar::summary(&text) {
                out.note(note);
            }
            false
        }
        "application/x-uuencode" | "application/x-uuencoded" | "application/uuencode" | "text/x-uuencode" => {
            let text = String::from_utf8_lossy(part.body).replace('\r', "");
            match uuencode::extract(&text) {
                Some((_, files)) => {
                    out.attached.extend(files.into_iter().map(Attached::File));
                    true
                }
                None => false,
            }
        }
        _ => false,
    }
}

fn open_tnef<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>, defects: &mut BTreeSet<Defect>) -> bool {
    let Some(unpacked) = tnef::read(&part.decoded(defects)) else {
        defects.insert(Defect::BrokenTnef);
        return false;
    };
    let has_text = unpacked.plain.is_some() || unpacked.html.is_some();
    let is_empty = unpacked.files.is_empty() && !has_text;
    out.attached.extend(unpacked.files.into_iter().map(Attached::File));
    if has_text && out.packed.is_none() {
        let (plain, html) = (unpacked.plain.map(Source::Text), unpacked.html.map(Source::Text));
        out.packed = Some(Slot { plain, html });
    }
    !is_empty
}

fn open_signed<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>, defects: &mut BTreeSet<Defect>) -> bool {
    let claimed = part.content_type.get("smime-type").unwrap_or_default().to_ascii_lowercase();
    match signed::open(&part.decoded(defects)) {
        Envelope::Signed(content) if out.signed < MAX_SIGNED => {
            let entity = mime::parse_part(&content, defects);
            let mut inner = Chosen { signed: out.signed + 1, ..Chosen::default() };
            choose(&entity, &mut inner, defects);
            own(inner, out, defects);
            return true;
        }
        Envelope::Encrypted => {}
        _ if matches!(claimed.as_str(), "enveloped-data" | "authenveloped-data") => {}
        _ => return false,
    }
    defects.insert(Defect::Encrypted);
    out.note("[encrypted: S/MIME]".to_owned());
    false
}

/// Copies what was chosen from an entity that will be gone.
fn own(inner: Chosen<'_, '_>, out: &mut Chosen<'_, '_>, defects: &mut BTreeSet<Defect>) {
    for slot in inner.slots {
        let plain = slot.plain.map(|s| Source::Text(s.plain(defects)));
        let html = slot.html.map(|s| Source::Text(s.html(defects)));
        out.slots.push(Slot { plain, html });
    }
    for attached in inner.attached {
        out.attached.push(Attached::File(match attached {
            Attached::Part(part) => File::of(part, defects),
            Attached::File(file) => file,
        }));
    }
    inner.notes.into_iter().for_each(|n| out.note(n));
    out.packed = out.packed.take().or(inner.packed);
}

impl Source<'_, '_> {
    pub fn plain(self, defects: &mut BTreeSet<Defect>) -> String {
        match self {
            Self::Part(part) => plain_text(part, defects),
            Self::Text(text) => text,
        }
    }

    pub fn html(self, defects: &mut BTreeSet<Defect>) -> String {
        match self {
            Self::Part(part) => html_source(part, defects),
            Self::Text(text) => text,
        }
    }
}

enum Form {
    Plain,
    Html,
}

/// Whether a leaf is text to be read here, rather than a file.
fn readable(part: &Part<'_>, first: bool) -> Option<Form> {
    let form = match part.media_type.as_str() {
        "text/html" | "application/xhtml+xml" => Form::Html,
        "text/plain" | "text/enriched" | "text/markdown" | "text/x-markdown" | "text/unknown" => Form::Plain,
        "text/rfc822-headers" | "text/calendar" | "text/x-vcard" | "text/vcard" | "text/csv" | "text/directory" => {
            return None;
        }
        other if other.starts_with("text/") && first && part.disposition.value != "attachment" => Form::Plain,
        _ => return None,
    };
    if part.disposition.value == "attachment" {
        return None;
    }
    // Apple Mail sends text files inline, with a name.
    if attachment::claimed_name(part).is_some() && !(first && part.disposition.value.is_empty()) {
        return None;
    }
    Some(form)
}

/// RFC 2046, 5.1.4: the same in several forms. The richest plain and the richest HTML form are kept.
fn alternative<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>, defects: &mut BTreeSet<Defect>) {
    let mut slot = Slot::default();
    let mut extra = Vec::new();
    for child in &part.children {
        if !child.is_multipart() && !matches!(child.media_type.as_str(), "text/plain" | "text/html" | "text/enriched") {
            let mut inner = out.within();
            // A calendar or the like beside the text is a file; AMP is HTML for the few.
            if !matches!(child.media_type.as_str(), "text/x-amp-html" | "text/watch-html")
                && !opened(child, &mut inner, defects)
            {
                extra.push(Attached::Part(child));
            }
            extra.append(&mut inner.attached);
            out.take_rest(&mut inner);
            continue;
        }
        let mut inner = out.within();
        choose(child, &mut inner, defects);
        extra.append(&mut inner.attached);
        out.take_rest(&mut inner);
        let mut slots = inner.slots.into_iter();
        if let Some(first) = slots.next() {
            if first.html.is_some() {
                slot.html = first.html;
                slot.plain = slot.plain.or(first.plain);
            } else if slot.plain.is_none() {
                slot.plain = first.plain;
            }
        }
        // Mixed within alternative (Apple Mail): what follows is no alternative.
        for rest in slots {
            extra.extend(rest.html.or(rest.plain).and_then(|s| match s {
                Source::Part(part) => Some(Attached::Part(part)),
                Source::Text(_) => None,
            }));
        }
    }
    if slot.plain.is_some() || slot.html.is_some() {
        out.slots.push(slot);
    }
    out.attached.append(&mut extra);
}

/// RFC 2387: the root is the text, everything else belongs to it.
fn related<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>, defects: &mut BTreeSet<Defect>) {
    let start =
        part.content_type.get("start").map(|s| s.trim().trim_start_matches('<').trim_end_matches('>').to_owned());
    let root = start
        .and_then(|s| part.children.iter().position(|c| c.content_id().as_deref() == Some(&s)))
        .or_else(|| part.children.iter().position(|c| c.is_multipart() || c.main_type() == "text"))
        .unwrap_or(0);
    for (i, child) in part.children.iter().enumerate() {
        if i == root {
            choose(child, out, defects);
        } else if child.is_multipart() {
            let mut inner = out.within();
            choose(child, &mut inner, defects);
            out.take_rest(&mut inner);
            out.slots.append(&mut inner.slots);
        } else if !opened(child, out, defects) {
            out.attached.push(Attached::Part(child));
        }
    }
}
