//! `svar explain`: what is read in a mail, and why.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::lens::Lens;
use crate::mail::letter::{Bounce, Defect, Forwarded, Letter, Original};
use crate::mail::read::read;
use crate::model::Party;

/// Whether the human form may use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Yes,
    No,
}

/// Explains each file; `true` if all were mails. With `json` one object a line, else a screen a letter.
///
/// # Errors
/// Only when `out` cannot be written to: a file that cannot be read is a line of its own.
pub fn run(files: &[PathBuf], lens: &Lens, json: bool, color: bool, out: &mut dyn Write) -> io::Result<bool> {
    let color = if color { Color::Yes } else { Color::No };
    let mut all_mails = true;
    for (i, file) in files.iter().enumerate() {
        let letter = fs::read(file).map_err(|e| format!("cannot be read: {e}")).and_then(|raw| as_mail(&raw));
        let letter = letter.map(|letter| lens.look(letter));
        all_mails &= letter.is_ok();
        if json {
            let object = match &letter {
                Ok(letter) => {
                    let mut object = object(file, letter);
                    lens.add(letter, &mut object);
                    object
                }
                Err(error) => no_mail(file, error),
            };
            serde_json::to_writer(&mut *out, &object)?;
            writeln!(out)?;
        } else {
            if i > 0 {
                writeln!(out)?;
            }
            match &letter {
                Ok(letter) => screen(file, letter, lens, color, out)?,
                Err(error) => writeln!(out, "{}: {error}", file.display())?,
            }
        }
    }
    Ok(all_mails)
}

/// A letter, unless there is no header at all: then it is no mail.
fn as_mail(raw: &[u8]) -> Result<Letter, String> {
    if raw.is_empty() {
        return Err("is no mail: it is empty".to_owned());
    }
    let letter = read(raw);
    if letter.defects.contains(&Defect::NoHeader) {
        return Err("is no mail: it has no header".to_owned());
    }
    Ok(letter)
}

fn party(p: &Party) -> Value {
    json!({"name": p.name, "address": p.address})
}

fn parties(list: &[Party]) -> Value {
    list.iter().map(party).collect()
}

/// One letter as `svar explain --json` prints it.
#[must_use]
pub fn object(file: &Path, letter: &Letter) -> Value {
    let attachments: Vec<Value> = letter
        .attachments
        .iter()
        .map(|a| json!({"name": a.name, "type": a.media_type, "size": a.data.len(), "inline": a.inline}))
        .collect();
    let cuts: Vec<Value> =
        letter.cuts.iter().map(|c| json!({"rule": c.rule, "lines": c.lines, "first_line": c.first_line})).collect();
    json!({
        "file": file.to_string_lossy(),
        "message_id": letter.message_id,
        "in_reply_to": letter.in_reply_to,
        "references": letter.references,
        "from": letter.from.as_ref().map(party),
        "reply_to": parties(&letter.reply_to),
        "to": parties(&letter.to),
        "cc": parties(&letter.cc),
        "subject": letter.subject,
        "date": letter.sent_at,
        "kind": letter.kind,
        "why": letter.why,
        "text": letter.text,
        "new_text": letter.new_text,
        "original": letter.original.as_ref().map(original),
        "bounce": letter.bounce.as_ref().map(bounce),
        "language": letter.language,
        "attachments": attachments,
        "cuts": cuts,
        "end_is_certain": letter.end_is_certain,
        "defects": letter.defects.iter().map(|d| d.as_str()).collect::<Vec<_>>(),
    })
}

fn no_mail(file: &Path, error: &str) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("file".to_owned(), json!(file.to_string_lossy()));
    for key in [
        "message_id",
        "in_reply_to",
        "references",
        "from",
        "reply_to",
        "to",
        "cc",
        "subject",
        "date",
        "kind",
        "why",
        "text",
        "new_text",
        "original",
        "bounce",
        "language",
        "attachments",
    ] {
        object.insert(key.to_owned(), Value::Null);
    }
    object.insert("error".to_owned(), json!(error));
    Value::Object(object)
}

fn original(o: &Original) -> Value {
    let how = match o.how {
        Forwarded::Attached => "attached",
        Forwarded::Inline => "inline",
    };
    json!({"from": o.from.as_ref().map(party), "subject": o.subject, "text": o.text, "how": how})
}

fn bounce(b: &Bounce) -> Value {
    let recipients: Vec<Value> = b
        .recipients
        .iter()
        .map(|r| json!({"address": r.address, "action": r.action.as_str(), "status": r.status, "diagnostic": r.diagnostic}))
        .collect();
    json!({"message_id": b.message_id, "recipients": recipients})
}

/// How many lines of a text the human form shows.
const SHOWN_LINES: usize = 24;

fn screen(file: &Path, letter: &Letter, lens: &Lens, color: Color, out: &mut dyn Write) -> io::Result<()> {
    let (bold, dim, off) = if color == Color::Yes { ("\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let list = |p: &[Party]| p.iter().map(shown).collect::<Vec<_>>().join(", ");
    writeln!(out, "{bold}{}{off}", printable(&file.to_string_lossy()))?;
    let mut row = |name: &str, value: &str| -> io::Result<()> {
        if value.is_empty() { Ok(()) } else { writeln!(out, "{dim}{name:>12}{off}  {}", printable(value)) }
    };
    row("from", &letter.from.as_ref().map(shown).unwrap_or_default())?;
    row("reply to", &list(&letter.reply_to))?;
    row("to", &list(&letter.to))?;
    row("cc", &list(&letter.cc))?;
    row("subject", &letter.subject)?;
    row("date", &letter.sent_at.map(|t| t.to_string()).unwrap_or_default())?;
    row("kind", &format!("{} ({})", letter.kind, letter.why))?;
    for (name, value) in lens.rows(letter) {
        row(name, &value)?;
    }
    row("language", letter.language.as_deref().unwrap_or_default())?;
    row("message id", letter.message_id.as_deref().unwrap_or_default())?;
    row("answers", &letter.in_reply_to.join(" "))?;
    for a in &letter.attachments {
        let inline = if a.inline { ", shown in the text" } else { "" };
        row("attachment", &format!("{} ({}, {} bytes{inline})", a.name, a.media_type, a.data.len()))?;
    }
    for c in &letter.cuts {
        row("left out", &format!("{} lines by the rule {}: {}", c.lines, c.rule, c.first_line))?;
    }
    if !letter.cuts.is_empty() {
        row("end", if letter.end_is_certain { "certain" } else { "not certain" })?;
    }
    for d in &letter.defects {
        row("odd", d.as_str())?;
    }
    if let Some(b) = &letter.bounce {
        row("bounced", b.message_id.as_deref().unwrap_or("a mail without its id"))?;
        for r in &b.recipients {
            let status = r.status.as_deref().unwrap_or_default();
            row(r.action.as_str(), &format!("{} {status} {}", r.address, r.diagnostic.as_deref().unwrap_or_default()))?;
        }
    }
    text("new text", &letter.new_text, color, out)?;
    if let Some(o) = &letter.original {
        let from = o.from.as_ref().map_or_else(|| "an unknown sender".to_owned(), shown);
        text(&format!("forwarded from {from}: {}", o.subject), &o.text, color, out)?;
    }
    Ok(())
}

fn text(title: &str, text: &str, color: Color, out: &mut dyn Write) -> io::Result<()> {
    let (dim, off) = if color == Color::Yes { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    writeln!(out, "{dim}--- {}{off}", printable(title))?;
    let lines: Vec<&str> = text.trim_end().lines().collect();
    for line in lines.iter().take(SHOWN_LINES) {
        writeln!(out, "{}", printable(line))?;
    }
    if lines.len() > SHOWN_LINES {
        writeln!(out, "{dim}… {} more lines{off}", lines.len() - SHOWN_LINES)?;
    }
    Ok(())
}

fn shown(p: &Party) -> String {
    if p.name.is_empty() { p.address.to_string() } else { format!("{} <{}>", p.name, p.address) }
}

/// Without control characters: a letter must not drive the reader's terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
