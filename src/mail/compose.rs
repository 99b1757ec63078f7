//! How a mail is written: a [`Draft`] in, the segments of a finished mail out, every byte determined by the arguments.

mod header;
mod part;

use jiff::tz::TimeZone;
use lettre::message::header::Headers;

use crate::model::{Party, Time};
use crate::plan::{AttachmentRow, Segment};

/// A mail before it has bytes.
#[derive(Clone, Debug)]
pub struct Draft {
    pub from: Party,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub reply_to: Option<Party>,
    /// Any text; control characters become spaces.
    pub subject: String,
    pub date: Time,
    /// The zone in which `date` is printed.
    pub zone: TimeZone,
    /// Without angle brackets. The boundaries between the parts are derived from it.
    pub message_id: String,
    /// Without angle brackets.
    pub in_reply_to: Option<String>,
    /// Oldest first, without angle brackets. The first and the newest are kept, [`MAX_REFERENCES`] in all.
    pub references: Vec<String>,
    /// `None`: a person's mail.
    pub auto_submitted: Option<AutoSubmitted>,
    /// Further headers, name and value, in this order (`X-Svar-Id` and the like). A name that is no header name is left out.
    pub headers: Vec<(String, String)>,
    /// Lines ended by `\n`.
    pub text: String,
    pub html: Option<String>,
    /// An inline row with a Content-ID is put beside the HTML where there is one; every other row is an attachment.
    pub attachments: Vec<AttachmentRow>,
    pub attached_mails: Vec<AttachedMail>,
}

/// How many Message-IDs `References` holds at most.
pub const MAX_REFERENCES: usize = 30;

/// RFC 3834, 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// Answers one mail: an acknowledgement.
    Replied,
    /// Comes by itself: a notification, a report.
    Generated,
}

/// A whole mail that goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedMail {
    /// What the file is called, `.eml` is added where it is missing.
    pub name: String,
    /// As it came.
    pub raw: Vec<u8>,
}

/// Writes the mail. Its own bytes and the blobs of its attachments follow each other in the order of sending.
///
/// The frame is `mixed(related(alternative(text, html), inline…), attachments…)`, and of it only what is needed. All own
/// bytes are lines of at most 998 octets ended by CRLF, and ASCII (but for addresses that are not).
#[must_use]
pub fn compose(draft: &Draft) -> Vec<Segment> {
    let mut out = Segments::default();
    let frame = part::frame(draft);
    let mut headers = Headers::new();
    header::set_all(&mut headers, draft);
    out.push(headers.to_string().as_bytes());
    out.push(b"MIME-Version: 1.0\r\n");
    frame.write(&mut out, &draft.message_id, "0");
    out.done
}

/// Segments under way: bytes that follow bytes are one segment.
#[derive(Debug, Default)]
struct Segments {
    done: Vec<Segment>,
}

impl Segments {
    fn push(&mut self, bytes: &[u8]) {
        if let Some(Segment::Bytes(last)) = self.done.last_mut() {
            last.extend_from_slice(bytes);
        } else {
            self.done.push(Segment::Bytes(bytes.to_vec()));
        }
    }

    fn blob(&mut self, sha256: &str) {
        self.done.push(Segment::Blob { sha256: sha256.to_owned() });
    }
}

#[cfg(test)]
mod tests;
