//! What the server said, in our own words: the one place that knows the parser's types.

use std::ops::RangeInclusive;

use async_imap::imap_proto::rfc4315::UidSetMember;
use async_imap::imap_proto::{
    AttributeValue, Capability, MailboxDatum, NameAttribute, Outcome, Response, ResponseCode, Status,
};

use super::folder::{Folder, Special};
use super::{Answer, Capabilities, ImapError, utf7};
use crate::model::{Time, one_line};

/// One response.
pub(super) enum Said {
    /// A command has ended.
    Done {
        tag: String,
        remark: Remark,
    },
    /// OK, NO, BAD, PREAUTH or BYE that ends no command.
    Remark(Remark),
    /// The server waits for the rest of a command.
    More,
    Capabilities(Capabilities),
    Exists(u32),
    Expunged,
    Folder(Folder),
    Found(Vec<u32>),
    Letter(Piece),
    /// What nobody here needs.
    Other,
}

pub(super) struct Remark {
    pub status: Status,
    pub code: Option<Code>,
    /// On one line, never empty.
    pub text: String,
}

/// What a FETCH response holds of a letter.
#[derive(Default)]
pub(super) struct Piece {
    pub uid: Option<u32>,
    pub size_bytes: Option<u64>,
    pub received_at: Option<Time>,
    pub body: Option<Vec<u8>>,
    /// Of `BODY[HEADER.FIELDS (…)]`.
    pub header: Option<Vec<u8>>,
}

/// A response code, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Code {
    ReadOnly,
    UidNotSticky,
    UidValidity(u32),
    UidNext(u32),
    HighestModSeq(u64),
    AppendUid {
        uidvalidity: u32,
        uids: Vec<RangeInclusive<u32>>,
    },
    CopyUid {
        from: Vec<RangeInclusive<u32>>,
    },
    /// In capitals, without its arguments.
    Other(String),
}

impl Said {
    pub fn new(response: &Response<'_>) -> Self {
        match response {
            Response::Done { tag, status, outcome } => {
                Self::Done { tag: tag.0.clone(), remark: remark(status, outcome) }
            }
            Response::Data { status, outcome } => Self::Remark(remark(status, outcome)),
            Response::Continue(_) => Self::More,
            Response::Capabilities(list) => Self::Capabilities(list.iter().map(capability).collect()),
            Response::Expunge(_) => Self::Expunged,
            Response::Fetch(_, attributes) => Self::Letter(piece(attributes)),
            Response::MailboxData(MailboxDatum::Exists(count)) => Self::Exists(*count),
            Response::MailboxData(MailboxDatum::Search(uids)) => Self::Found(uids.clone()),
            Response::MailboxData(MailboxDatum::List(list)) => {
                let none = |a: &NameAttribute<'_>| match a {
                    NameAttribute::NoSelect => true,
                    NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
                    _ => false,
                };
                Self::Folder(Folder {
                    name: utf7::decode(&list.name).unwrap_or_else(|| list.name.to_string()),
                    delimiter: list.delimiter.as_ref().map(ToString::to_string),
                    special: list.name_attributes.iter().find_map(special),
                    selectable: !list.name_attributes.iter().any(none),
                })
            }
            _ => Self::Other,
        }
    }
}

impl Remark {
    /// What a tagged answer to the command `name` means: OK with its code, or the refusal.
    pub fn verdict(self, name: &'static str) -> Result<Option<Code>, ImapError> {
        let answer = match self.status {
            Status::Ok => return Ok(self.code),
            Status::No => Answer::No,
            Status::Bad => Answer::Bad,
            status => return Err(ImapError::Protocol(format!("a tagged {status:?} in answer to {name}"))),
        };
        let code = self.code.and_then(|code| if let Code::Other(name) = code { Some(name) } else { None });
        Err(ImapError::Refused { command: name, answer, code, text: self.text })
    }
}

fn remark(status: &Status, outcome: &Outcome<'_>) -> Remark {
    let text: String = one_line(outcome.information.as_deref().unwrap_or_default()).chars().take(500).collect();
    let status = match status {
        Status::Ok => Status::Ok,
        Status::No => Status::No,
        Status::Bad => Status::Bad,
        Status::PreAuth => Status::PreAuth,
        Status::Bye => Status::Bye,
    };
    let text = if text.is_empty() { "(no reason given)".to_owned() } else { text };
    Remark { status, code: code(outcome), text }
}

fn code(outcome: &Outcome<'_>) -> Option<Code> {
    let ranges = |set: &[UidSetMember]| -> Vec<RangeInclusive<u32>> {
        let range = |member: &UidSetMember| match member {
            // RFC 4315 allows 9:5 for 5:9.
            UidSetMember::UidRange(r) => *r.start().min(r.end())..=*r.start().max(r.end()),
            UidSetMember::Uid(uid) => *uid..=*uid,
        };
        set.iter().map(range).collect()
    };
    let other = |name: &str| Some(Code::Other(name.to_owned()));
    match &outcome.code {
        Some(ResponseCode::ReadOnly) => Some(Code::ReadOnly),
        Some(ResponseCode::UidNotSticky) => Some(Code::UidNotSticky),
        Some(ResponseCode::UidValidity(n)) => Some(Code::UidValidity(*n)),
        Some(ResponseCode::UidNext(n)) => Some(Code::UidNext(*n)),
        Some(ResponseCode::HighestModSeq(n)) => Some(Code::HighestModSeq(*n)),
        Some(ResponseCode::AppendUid(uidvalidity, uids)) => {
            Some(Code::AppendUid { uidvalidity: *uidvalidity, uids: ranges(uids) })
        }
        Some(ResponseCode::CopyUid(_, from, _)) => Some(Code::CopyUid { from: ranges(from) }),
        Some(ResponseCode::TryCreate) => other("TRYCREATE"),
        Some(ResponseCode::Alert) => other("ALERT"),
        Some(ResponseCode::Parse) => other("PARSE"),
        Some(_) => None,
        // A code that the parser does not know is left at the beginning of the text.
        None => {
            let inside = outcome.information.as_deref()?.strip_prefix('[')?.split_once(']')?.0;
            other(&inside.split(' ').next()?.to_ascii_uppercase())
        }
    }
}

fn capability(capability: &Capability<'_>) -> String {
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(name) => name.to_ascii_uppercase(),
    }
}

fn special(attribute: &NameAttribute<'_>) -> Option<Special> {
    Some(match attribute {
        NameAttribute::Sent => Special::Sent,
        NameAttribute::Junk => Special::Junk,
        NameAttribute::Drafts => Special::Drafts,
        NameAttribute::Trash => Special::Trash,
        NameAttribute::Archive => Special::Archive,
        NameAttribute::All => Special::All,
        _ => return None,
    })
}

fn piece(attributes: &[AttributeValue<'_>]) -> Piece {
    let mut piece = Piece::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(n) => piece.uid = Some(*n),
            AttributeValue::Rfc822Size(n) => piece.size_bytes = Some(u64::from(*n)),
            AttributeValue::InternalDate(text) => piece.received_at = internal_date(text),
            // `BODY[]` or `BODY[]<0>`; NIL is no letter.
            AttributeValue::BodySection { section: None, data: Some(data), .. } => piece.body = Some(data.to_vec()),
            AttributeValue::BodySection { section: Some(_), data: Some(data), .. } => {
                piece.header = Some(data.to_vec())
            }
            _ => {}
        }
    }
    piece
}

/// `17-Jul-1996 02:44:25 -0700` (RFC 3501, date-time); `None` if it is none.
fn internal_date(text: &str) -> Option<Time> {
    let zoned = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?;
    Some(Time::from_unix(zoned.to_timestamp().ok()?.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(internal_date(text).map(|t| t.to_string()).as_deref(), expect, "{text}");
        };
        check("17-Jul-1996 02:44:25 -0700", Some("1996-07-17T09:44:25Z"));
        check(" 5-Nov-2026 10:00:00 +0100", Some("2026-11-05T09:00:00Z"));
        check("05-Nov-2026 10:00:00 +0000", Some("2026-11-05T10:00:00Z"));
        check("31-Feb-2026 10:00:00 +0000", None);
        check("", None);
        check("yesterday", None);
    }

    #[test]
    fn response_codes_are_known_or_named() {
        let check = |line: &str, expect: Option<Code>, text: &str| {
            let wire = format!("* OK {line}\r\n");
            let (_, response) = Response::parse(wire.as_bytes()).unwrap();
            match Said::new(&response) {
                Said::Remark(remark) => assert_eq!((remark.code, remark.text.as_str()), (expect, text), "{line}"),
                _ => panic!("{line}: no remark"),
            }
        };
        check("[UIDVALIDITY 7] hi", Some(Code::UidValidity(7)), "hi");
        check("[COPYUID 7 1:3,9 4:6,2] hi", Some(Code::CopyUid { from: vec![1..=3, 9..=9] }), "hi");
        check("[COPYUID 7 3:1 4:6] hi", Some(Code::CopyUid { from: vec![1..=3] }), "hi");
        check("[OVERQUOTA] full", Some(Code::Other("OVERQUOTA".into())), "[OVERQUOTA] full");
        check("[limit x y] no", Some(Code::Other("LIMIT".into())), "[limit x y] no");
        check("plain words", None, "plain words");
        check("", None, "(no reason given)");
    }
}
