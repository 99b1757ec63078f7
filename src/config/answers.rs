//! Canned answers: where they are, what they may say, and the carriers whose parcels customers ask for.

use super::mailboxes::Draft;
use super::reader::{Reader, Table, Value};
use super::settings::{Answers, AnswersFolder, Inlet};
use super::values;
use crate::mail::shipment::Carrier;
use crate::mail::shipment::carriers;

pub(super) fn answers(reader: &Reader<'_>, table: &Table<'_>, mailboxes: &[Draft]) -> Answers {
    Answers {
        dir: table.opt("dir", values::directory),
        folder: folder(reader, table, mailboxes),
        order: table.opt("order", values::regex),
        codes: table.opt("codes", values::file),
        codes_few: table.or("codes_few", values::count, 20),
        carriers: carriers(reader, table),
    }
}

/// Canned answers that are mails.
fn folder(reader: &Reader<'_>, table: &Table<'_>, mailboxes: &[Draft]) -> Option<AnswersFolder> {
    let names: Vec<String> = mailboxes.iter().filter_map(|d| d.name.clone()).collect();
    let mailbox = table.opt("mailbox", values::known("mailbox", &names));
    let folder = table.opt("folder", values::text);
    match (mailbox, folder) {
        (Some(mailbox), Some(folder)) => {
            let own = mailboxes.iter().filter_map(|d| d.mailbox.as_ref()).find(|m| m.name == mailbox);
            let place = table.value("folder").map(|v| v.place);
            match (own.map(|m| &m.source), place) {
                (Some(Inlet::Imap(imap)), Some(place)) if imap.folder == folder => {
                    reader.mistake(&place, "is where the mailbox's own mail comes; write a folder of its own");
                }
                (Some(Inlet::Imap(_)) | None, _) => {}
                (Some(_), Some(place)) => reader.mistake(
                    &place,
                    format!(
                        "mailbox \"{mailbox}\" has no [mailbox.imap], so it has no folders; write the mailbox that has"
                    ),
                ),
                (Some(_), None) => {}
            }
            Some(AnswersFolder { mailbox, folder })
        }
        (Some(_), None) if table.value("folder").is_none() => {
            table.missing("folder", "\"Answers\"");
            None
        }
        (None, Some(folder)) if table.value("mailbox").is_none() => match names.as_slice() {
            [only] => Some(AnswersFolder { mailbox: only.clone(), folder }),
            _ => {
                table.missing("mailbox", "\"support\"");
                None
            }
        },
        _ => None,
    }
}

/// Those that are built in, as far as the file says nothing else, and the file's own.
fn carriers(reader: &Reader<'_>, table: &Table<'_>) -> Vec<Carrier> {
    let mut all = carriers::standard();
    for written in table.tables("carrier") {
        let Some(name) = written.need("name", values::text, "\"PostNord\"") else { continue };
        let link = written.opt("link", link);
        let phone = written.opt("phone", values::text);
        let pattern = written.opt("pattern", values::regex);
        match all.iter_mut().find(|c| c.name.eq_ignore_ascii_case(&name)) {
            Some(known) => {
                known.link = link.unwrap_or_else(|| known.link.clone());
                known.phone = phone.or_else(|| known.phone.clone());
                known.pattern = pattern;
            }
            None if pattern.is_none() || link.is_none() => {
                let known: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
                let what = format!(
                    "svar does not know how \"{name}\" numbers its parcels; write pattern and link too, or one of {}",
                    known.join(", ")
                );
                if let Some(value) = written.value("name") {
                    reader.mistake(&value.place, what);
                }
            }
            None => all.push(Carrier { name, link: link.unwrap_or_default(), phone, pattern }),
        }
    }
    all
}

/// `https://…{number}…`
fn link(v: &Value<'_>) -> Result<String, String> {
    let written = values::text(v)?;
    let fine = written.starts_with("https://") || written.starts_with("http://");
    if fine && written.contains("{number}") && !written.contains(|c: char| c.is_whitespace() || "<>()".contains(c)) {
        Ok(written)
    } else {
        Err(v.no("link to a parcel", "it as \"https://carrier.example/track?id={number}\""))
    }
}
