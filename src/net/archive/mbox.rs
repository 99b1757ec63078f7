//! Mbox files in all their dialects: where each letter begins and ends (RFC 4155, and the four families that mbox(5) tells of).
//!
//! - mboxo and mboxrd write `>From ` for a line of text that begins with `From `; mboxrd also puts a `>` before `>From `.
//! - mboxcl2 writes such lines as they are and says by Content-Length where a letter ends; mboxcl does both.
//!
//! So a letter ends where its Content-Length says if there the file ends or another letter begins, and else at the next line that
//! is the line above a letter for certain. A Content-Length that leads nowhere (somebody edited the file) is not believed.

use std::fs::File;
use std::io;

use super::{field_name, from_line, read_at};
use crate::model::Time;

/// Read at once.
const CHUNK_BYTES: usize = 1 << 20;
/// Of a line so much is looked at.
const LINE_BYTES: usize = 2000;
/// Of a letter so much is handed over: its header.
const HEAD_BYTES: usize = 64 * 1024;
/// The first letter of some mboxes is a program's notebook.
const NOTEBOOK: &[u8] = b"DON'T DELETE THIS MESSAGE";

/// One letter of an mbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its first byte, after the line above it.
    pub from: u64,
    /// Without the blank line that ends it.
    pub size_bytes: u64,
    /// What the line above it says.
    pub at: Option<Time>,
    /// `>From ` stands for `From `.
    pub stuffed: bool,
}

/// Whether a file that begins so is an mbox.
#[must_use]
pub fn begins(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines = head.split(|b| *b == b'\n').skip_while(|line| line.trim_ascii().is_empty());
    let (Some(first), next) = (lines.next(), lines.next().unwrap_or_default()) else { return false };
    is_separator(first, next)
}

/// Whether `line` is the line above a letter whose first line is `next`.
fn is_separator(line: &[u8], next: &[u8]) -> bool {
    if !line.starts_with(b"From ") {
        return false;
    }
    let next = next.strip_suffix(b"\r").unwrap_or(next);
    // ">From " above the header: a letter that went through two mboxes.
    let header = field_name(next).is_some() || next.starts_with(b">From ");
    if from_line::time(line).is_some() {
        // A letter without a header is a letter; a sentence with a date in it is not one.
        return header || next.is_empty();
    }
    let words = line[5..].split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect::<Vec<_>>();
    header && words.first().is_some_and(|w| *w == b"-" || w.contains(&b'@')) && words.len() <= 2
}

/// A window on the file that moves forward.
struct Window<'f> {
    file: &'f File,
    buffer: Vec<u8>,
    /// Where in the file the buffer begins.
    start: u64,
    ended: bool,
}

/// One line: where it begins, where the next one begins, and its first bytes without the line end.
struct Line {
    from: u64,
    next: u64,
    text: Vec<u8>,
}

impl<'f> Window<'f> {
    fn new(file: &'f File) -> Self {
        Self { file, buffer: Vec::new(), start: 0, ended: false }
    }

    /// Brings the file from `at` on into the buffer, `CHUNK_BYTES` of it at least where there are as many.
    fn reach(&mut self, at: u64) -> io::Result<&[u8]> {
        let inside =
            at.checked_sub(self.start).and_then(|n| usize::try_from(n).ok()).filter(|n| *n < self.buffer.len());
        let there = inside.map_or(0, |n| self.buffer.len() - n);
        if there < LINE_BYTES + 2 && !(self.ended && inside.is_some()) {
            self.buffer.resize(CHUNK_BYTES, 0);
            let got = read_at(self.file, &mut self.buffer, at)?;
            self.buffer.truncate(got);
            self.ended = got < CHUNK_BYTES;
            self.start = at;
            return Ok(&self.buffer);
        }
        Ok(inside.map_or(&[], |n| &self.buffer[n..]))
    }

    /// The line that begins at `at`; `None` at the end. However long it is, only its beginning is held.
    fn line(&mut self, at: u64) -> io::Result<Option<Line>> {
        let bytes = self.reach(at)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let (mut next, mut text) = (at, None);
        loop {
            let bytes = self.reach(next)?;
            let end = bytes.iter().position(|b| *b == b'\n');
            let upto = end.unwrap_or(bytes.len());
            let text = text.get_or_insert_with(|| bytes[..upto.min(LINE_BYTES)].to_vec());
            let empty = bytes.is_empty();
            next += (upto + usize::from(end.is_some())) as u64;
            if end.is_some() || empty {
                return Ok(Some(Line { from: at, next, text: std::mem::take(text) }));
            }
        }
    }

    /// Whether a letter can end at `at`: the file ends there, or another letter begins after a blank line or none.
    fn ends_at(&mut self, at: u64, size_bytes: u64) -> io::Result<bool> {
        if at >= size_bytes {
            return Ok(at == size_bytes);
        }
        let mut at = at;
        for _ in 0..3 {
            let Some(line) = self.line(at)? else { return Ok(true) };
            if !line.text.trim_ascii().is_empty() {
                let next = self.line(line.next)?.map_or(Vec::new(), |l| l.text);
                return Ok(is_separator(&line.text, &next));
            }
            at = line.next;
        }
        Ok(self.reach(at)?.is_empty())
    }
}

/// Names each letter in the order of the file, with the beginning of its bytes.
pub fn scan(file: &File, mut visit: impl FnMut(&Found, &[u8])) -> io::Result<()> {
    let size_bytes = file.metadata()?.len();
    let mut window = Window::new(file);
    let mut head = Vec::new();
    let mut at = 0;
    // What stands above the first letter is nothing.
    while let Some(line) = window.line(at)? {
        let text = line.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line.text);
        if text.starts_with(b"From ") || !text.trim_ascii().is_empty() {
            break;
        }
        at = line.next;
    }
    while let Some(above) = window.line(at)? {
        let mut found = Found { from: above.next, size_bytes: 0, at: from_line::time(&above.text), stuffed: false };
        let end = letter(&mut window, &mut found, size_bytes)?;
        head.resize(HEAD_BYTES.min(usize::try_from(found.size_bytes).unwrap_or(HEAD_BYTES)), 0);
        let got = read_at(file, &mut head, found.from)?;
        head.truncate(got);
        let notebook = found.from < 4096 && head.windows(NOTEBOOK.len()).any(|w| w == NOTEBOOK);
        if found.size_bytes > 0 && !notebook {
            visit(&found, &head);
        }
        at = end;
    }
    Ok(())
}

/// Finds the end of the letter that begins at `found.from`; where the next one's line above it begins.
fn letter(window: &mut Window<'_>, found: &mut Found, file_bytes: u64) -> io::Result<u64> {
    let mut at = found.from;
    // Its header.
    let mut length = None;
    while let Some(line) = window.line(at)? {
        if line.text.trim_ascii().is_empty() {
            at = line.next;
            break;
        }
        if at > found.from && line.text.starts_with(b"From ") {
            // The next letter: this one has no body and no blank line.
            let next = window.line(line.next)?.map_or(Vec::new(), |l| l.text);
            if is_separator(&line.text, &next) {
                found.size_bytes = line.from - found.from;
                return Ok(line.from);
            }
        }
        if field_name(&line.text).is_some_and(|n| n.eq_ignore_ascii_case("content-length")) {
            let value = line.text.splitn(2, |b| *b == b':').nth(1).unwrap_or_default();
            length = std::str::from_utf8(value).ok().and_then(|v| v.trim().parse::<u64>().ok());
        }
        at = line.next;
    }
    let body = at;
    let believed = match length.and_then(|n| body.checked_add(n)) {
        Some(end) if window.ends_at(end, file_bytes)? => Some(end),
        _ => None,
    };
    let mut last_text = at;
    let mut bare = false;
    while let Some(line) = window.line(at)? {
        if believed.is_some_and(|end| line.from >= end) {
            break;
        }
        if line.text.starts_with(b"From ") {
            if believed.is_none() {
                let next = window.line(line.next)?.map_or(Vec::new(), |l| l.text);
                if is_separator(&line.text, &next) {
                    break;
                }
            }
            bare = true;
        } else if line.text.starts_with(b">") && is_stuffed(&line.text) {
            found.stuffed = true;
        }
        if !line.text.trim_ascii().is_empty() {
            last_text = line.next;
        }
        at = line.next;
    }
    // Where lines with a bare "From " stand, nothing was put before others.
    found.stuffed &= !(bare && believed.is_some());
    let end = believed.unwrap_or(last_text.max(body)).min(file_bytes);
    found.size_bytes = end - found.from;
    // Blank lines between two letters.
    let mut next = end.max(at.min(file_bytes));
    while let Some(line) = window.line(next)? {
        if !line.text.trim_ascii().is_empty() {
            break;
        }
        next = line.next;
    }
    Ok(next)
}

/// `>From `, `>>From ` …
fn is_stuffed(line: &[u8]) -> bool {
    let rest = line.iter().position(|b| *b != b'>').map_or(&[][..], |at| &line[at..]);
    line.starts_with(b">") && rest.starts_with(b"From ")
}

/// The letter with one `>` less before each `From ` that has one at the beginning of a line.
#[must_use]
pub fn unstuffed(raw: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut is_body = false;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let plain = line.trim_ascii_end();
        is_body |= plain.is_empty();
        out.extend_from_slice(if is_body && is_stuffed(line) { &line[1..] } else { line });
    }
    out
}
