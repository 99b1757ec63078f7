//! `svar explain`: what is read in a mail, and why.
//!
//! Files are read by as many threads as there are processors, a batch at a time, and told of in the order they were named.

pub mod screen;
pub mod ticket;

use std::fs;
use std::io::{self, Read};
use std::num::NonZero;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};

use crate::cli::explain::screen::View;
use crate::cli::lens::Lens;
use crate::cli::print::Out;
use crate::mail::letter::{Bounce, Defect, Forwarded, Letter, Original};
use crate::mail::read::read;
use crate::model::Party;

/// How many files are read before any of them is told of; few, so that the first ones show at once.
const BATCH: usize = 64;
/// Deeply nested mail wants a stack.
const STACK_BYTES: usize = 16 << 20;

/// Explains each file, `-` being stdin; `true` if all were mails. With `json` one object a line, else a screen a letter.
///
/// # Errors
/// Only when `out` cannot be written to: a file that cannot be read is a line of its own.
pub fn run(files: &[PathBuf], lens: &Lens, out: &mut Out) -> io::Result<bool> {
    let form = if out.json { Form::Json } else { Form::Screen(View { columns: out.width, color: out.has_color() }) };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(16);
    let mut all_mails = true;
    for (n, batch) in files.chunks(BATCH).enumerate() {
        for (i, told) in explained(batch, lens, form, threads).into_iter().enumerate() {
            all_mails &= told.is_mail;
            if matches!(form, Form::Screen(_)) && n + i > 0 {
                out.line("")?;
            }
            out.raw(told.text.as_bytes())?;
        }
        out.flush()?;
    }
    Ok(all_mails)
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Screen(View),
}

/// What is printed of one file.
struct Told {
    text: String,
    is_mail: bool,
}

/// A batch in its order, its files dealt out to threads.
fn explained(batch: &[PathBuf], lens: &Lens, form: Form, threads: usize) -> Vec<Told> {
    let share = batch.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let read = |files: &[PathBuf]| files.iter().map(|f| explain(f, lens, form)).collect::<Vec<_>>();
        let workers: Vec<_> = batch
            .chunks(share)
            .map(|files| {
                (files, thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, move || read(files)))
            })
            .collect();
        let finished = workers.into_iter().flat_map(|(files, worker)| match worker {
            // Without a thread of its own a share is read here.
            Err(_) => read(files),
            Ok(worker) => worker.join().unwrap_or_else(|_| read(files)),
        });
        finished.collect()
    })
}

fn explain(file: &Path, lens: &Lens, form: Form) -> Told {
    let letter = bytes(file).map_err(|e| format!("cannot be read: {e}")).and_then(|raw| {
        catch_unwind(|| as_mail(&raw)).unwrap_or_else(|_| Err("cannot be read: svar has a bug there".to_owned()))
    });
    let letter = letter.map(|letter| lens.look(letter));
    let text = match (&letter, form) {
        (Ok(letter), Form::Json) => {
            let mut object = object(file, letter);
            lens.add(letter, &mut object);
            format!("{object}\n")
        }
        (Err(error), Form::Json) => format!("{}\n", no_mail(file, error)),
        (Ok(letter), Form::Screen(view)) => screen::letter(file, letter, &lens.rows(letter), view),
        (Err(error), Form::Screen(view)) => screen::no_mail(file, error, view),
    };
    Told { text, is_mail: letter.is_ok() }
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    if file.as_os_str() != "-" {
        return fs::read(file);
    }
    let mut raw = Vec::new();
    io::stdin().lock().read_to_end(&mut raw)?;
    Ok(raw)
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
        "ticket": ticket::object(letter),
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
    let printed = Some(&o.date).filter(|d| !d.is_empty());
    json!({
        "from": o.from.as_ref().map(party),
        "subject": o.subject,
        "date": o.sent_at,
        "date_printed": printed,
        "text": o.text,
        "how": how,
    })
}

fn bounce(b: &Bounce) -> Value {
    let recipients: Vec<Value> = b
        .recipients
        .iter()
        .map(|r| json!({"address": r.address, "action": r.action.as_str(), "status": r.status, "diagnostic": r.diagnostic}))
        .collect();
    json!({"message_id": b.message_id, "recipients": recipients})
}
