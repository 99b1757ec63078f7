//! A letter on one screen: who, what, why, what is new in it, what was left out by which rule, and where it would go.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::explain::ticket;
use crate::cli::print::{broken, shortened, visible};
use crate::mail::letter::{Attachment, Cut, Forwarded, Letter, Original};
use crate::mail::quote::rules;
use crate::model::{Kind, Party};

/// How many lines of the new text, and of a forwarded mail, are shown.
const NEW_LINES: usize = 18;
const ORIGINAL_LINES: usize = 8;
/// How many addresses, attachments and cuts are shown each.
const MAX_ROWS: usize = 6;
/// Where values begin.
const MARGIN: usize = 12;

/// How wide the terminal is, and whether it shows colours.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub columns: usize,
    pub color: bool,
}

const STRONG: &str = "\x1b[1m";
const FAINT: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";

struct Screen {
    out: String,
    view: View,
}

impl Screen {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.view.color && !code.is_empty() { format!("{code}{text}\x1b[0m") } else { text.to_owned() }
    }

    fn room(&self) -> usize {
        self.view.columns.saturating_sub(MARGIN).max(30)
    }

    /// A name and its value, broken at words below itself; an empty value is no row.
    fn row(&mut self, name: &str, code: &str, value: &str) {
        let value = visible(value.trim());
        if value.is_empty() {
            return;
        }
        for (i, piece) in broken(&value, self.room()).iter().enumerate() {
            let label = format!("{:<MARGIN$}", if i == 0 { name } else { "" });
            let line = format!("{}{}", self.paint(FAINT, &label), self.paint(code, piece));
            let _ = writeln!(self.out, "{}", line.trim_end());
        }
    }

    fn title(&mut self, text: &str) {
        let line = self.paint(STRONG, text);
        let _ = writeln!(self.out, "\n{line}");
    }

    /// Text of the mail behind a bar.
    fn quoted(&mut self, text: &str, max: usize) {
        let bar = self.paint(FAINT, "│ ");
        let room = self.view.columns.saturating_sub(4).max(30);
        let pieces: Vec<String> = text.trim_end().lines().flat_map(|l| broken(&visible(l), room)).collect();
        // One line more is shown rather than told of.
        let shown = if pieces.len() <= max + 1 { pieces.len() } else { max };
        for piece in &pieces[..shown] {
            let line = if piece.is_empty() { self.paint(FAINT, "│") } else { format!("{bar}{piece}") };
            let _ = writeln!(self.out, "  {line}");
        }
        if shown < pieces.len() {
            let more = self.paint(FAINT, &format!("… {} more", lines(pieces.len() - shown)));
            let _ = writeln!(self.out, "  {bar}{more}");
        }
    }
}

/// The letter as a person wants to see it, with what else is known of it by name. Ends with a line end.
#[must_use]
pub fn letter(file: &Path, letter: &Letter, more: &[(&str, String)], view: View) -> String {
    let mut s = Screen { out: String::new(), view };
    let path = s.paint(STRONG, &visible(&file.to_string_lossy()));
    let _ = writeln!(s.out, "{path}");
    s.row("From", "", &letter.from.as_ref().map_or_else(|| "nobody".to_owned(), shown));
    s.row("Reply to", "", &list(&letter.reply_to));
    s.row("To", "", &list(&letter.to));
    s.row("Cc", "", &list(&letter.cc));
    s.row("Subject", STRONG, &letter.subject);
    s.row("Sent", "", &letter.sent_at.map(|t| t.to_string()).unwrap_or_default());
    let code = if letter.kind == Kind::Person { GREEN } else { YELLOW };
    s.row("Kind", code, &format!("{}: {}", letter.kind, letter.why));
    for (name, value) in more {
        let mut name = (*name).to_owned();
        name[..1].make_ascii_uppercase();
        s.row(&name, "", value);
    }
    s.row("Language", "", letter.language.as_deref().unwrap_or_default());
    for (i, line) in ticket::told(letter).iter().enumerate() {
        s.row(if i == 0 { "Ticket" } else { "" }, "", line);
    }
    attachments(&mut s, &letter.attachments);
    bounced(&mut s, letter);
    for defect in letter.defects.iter().take(MAX_ROWS) {
        s.row("Odd", YELLOW, defect.as_str());
    }
    new_text(&mut s, letter);
    cuts(&mut s, &letter.cuts);
    if let Some(original) = &letter.original {
        forward(&mut s, original);
    }
    s.out
}

/// A file that is no mail.
#[must_use]
pub fn no_mail(file: &Path, error: &str, view: View) -> String {
    let s = Screen { out: String::new(), view };
    format!("{}: {}\n", s.paint(STRONG, &visible(&file.to_string_lossy())), s.paint(RED, &visible(error)))
}

fn new_text(s: &mut Screen, letter: &Letter) {
    if letter.new_text.is_empty() {
        s.title(if letter.original.is_some() { "No note above the forward" } else { "No text" });
        return;
    }
    let sure = match (letter.cuts.is_empty(), letter.end_is_certain) {
        (true, _) => "all of it",
        (false, true) => "its end is certain",
        (false, false) => "its end is not certain",
    };
    s.title(&format!("New text ({sure})"));
    s.quoted(&letter.new_text, NEW_LINES);
}

fn cuts(s: &mut Screen, cuts: &[Cut]) {
    if cuts.is_empty() {
        return;
    }
    s.title("Left out");
    let room = s.room();
    for cut in cuts.iter().take(MAX_ROWS) {
        s.row(&format!("  {}", lines(cut.lines)), "", &shortened(&visible(&cut.first_line), room));
        s.row("", FAINT, &format!("{}: {}", cut.rule, rules::meaning(cut.rule)));
    }
    if cuts.len() > MAX_ROWS {
        s.row("", FAINT, &format!("… and {} more", cuts.len() - MAX_ROWS));
    }
}

fn forward(s: &mut Screen, original: &Original) {
    let how = match original.how {
        Forwarded::Attached => "as an attachment",
        Forwarded::Inline => "within the text",
    };
    s.title(&format!("Forwarded {how}"));
    s.row("  From", "", &original.from.as_ref().map_or_else(|| "nobody that could be read".to_owned(), shown));
    s.row("  Subject", "", &original.subject);
    s.row("  Sent", "", &original.date);
    s.quoted(&original.text, ORIGINAL_LINES);
}

fn bounced(s: &mut Screen, letter: &Letter) {
    let Some(bounce) = &letter.bounce else { return };
    s.row("Bounced", "", bounce.message_id.as_deref().unwrap_or("a mail whose id did not come back"));
    for r in bounce.recipients.iter().take(MAX_ROWS) {
        let parts = [r.action.as_str(), r.status.as_deref().unwrap_or(""), r.diagnostic.as_deref().unwrap_or("")];
        let told: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        s.row("", RED, &shortened(&format!("{}: {}", r.address, told.join(" ")), s.room() * 2));
    }
    if bounce.recipients.len() > MAX_ROWS {
        s.row("", FAINT, &format!("… and {} more", bounce.recipients.len() - MAX_ROWS));
    }
}

fn attachments(s: &mut Screen, list: &[Attachment]) {
    for (i, a) in list.iter().take(MAX_ROWS).enumerate() {
        let inline = if a.inline { ", shown in the text" } else { "" };
        let value = format!("{}, {}, {}{inline}", a.name, a.media_type, size(a.data.len()));
        s.row(if i == 0 { "Attached" } else { "" }, "", &value);
    }
    if list.len() > MAX_ROWS {
        s.row("", FAINT, &format!("… and {} more", list.len() - MAX_ROWS));
    }
}

fn lines(n: usize) -> String {
    if n == 1 { "1 line".to_owned() } else { format!("{n} lines") }
}

/// `812 bytes`, `12.3 kB`, `4.5 MB`.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..999_950 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn list(parties: &[Party]) -> String {
    let mut out: Vec<String> = parties.iter().take(MAX_ROWS).map(shown).collect();
    if parties.len() > MAX_ROWS {
        out.push(format!("… and {} more", parties.len() - MAX_ROWS));
    }
    out.join(", ")
}

fn shown(p: &Party) -> String {
    if p.name.is_empty() { p.address.to_string() } else { format!("{} <{}>", p.name, p.address) }
}
