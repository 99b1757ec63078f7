//! What a letter's header says before anybody reads the letter: for putting a store of mail in order.

use crate::mail::address;
use crate::mail::header;
use crate::mail::letter::ReturnPath;
use crate::mail::trace;
use crate::model::{Address, Time};
use std::collections::BTreeSet;

/// The outside of a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The time in the topmost `Received`: when the last server took it in.
    pub received_at: Option<Time>,
    /// `Date`: what the sender claims.
    pub sent_at: Option<Time>,
    pub from: Option<Address>,
    pub message_id: Option<String>,
    /// In-Reply-To, then the newest of References.
    pub answers: Vec<String>,
    /// It bears a mark of having been delivered (`Received`, `Return-Path`, `Delivered-To`): a copy of a sent mail has none.
    pub delivered: bool,
}

/// Reads the header at the beginning of `head`, which may end anywhere.
#[must_use]
pub fn outline(head: &[u8]) -> Outline {
    let (fields, _) = header::split(head);
    let mut odd = BTreeSet::new();
    let from = fields.all("From").take(5).find_map(|v| address::parties(v, 1, &mut odd).list.into_iter().next());
    let mut answers: Vec<String> = fields.all("In-Reply-To").take(2).flat_map(address::message_ids).take(5).collect();
    answers.extend(fields.all("References").last().and_then(|v| address::message_ids(v).pop()));
    Outline {
        received_at: fields.first("Received").and_then(|v| trace::hop(v).at),
        sent_at: fields.all("Date").find_map(address::date),
        from: from.map(|p| p.address),
        message_id: fields.all("Message-ID").find_map(|v| address::message_ids(v).into_iter().next()),
        answers,
        delivered: fields.has("Received")
            || fields.has("Delivered-To")
            || address::return_path(fields.first("Return-Path")) != ReturnPath::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines() {
        let check = |head: &str, expect: &str| {
            let o = outline(head.as_bytes());
            let time = |t: Option<Time>| t.map_or("-".to_owned(), |t| t.to_string());
            let from = o.from.as_ref().map_or("-", |a| a.as_str());
            let id = o.message_id.as_deref().unwrap_or("-");
            let got =
                format!("{} {} {from} {id} {:?} {}", time(o.received_at), time(o.sent_at), o.answers, o.delivered);
            assert_eq!(got, expect, "{head:?}");
        };
        check(
            "Received: from a by b; Fri, 20 Nov 2026 09:01:02 +0100\r\nReceived: from c by a; Fri, 20 Nov 2026 09:00:00 +0100\r\n\
             From: Kund <Kund@a.test>\r\nDate: Fri, 20 Nov 2026 08:59:00 +0100\r\nMessage-ID: <1@a.test>\r\n\
             In-Reply-To: <p@b.test>\r\nReferences: <o@b.test>\r\n <p@b.test>\r\n\r\nReceived: x; Fri, 1 Jan 2021 00:00:00 +0000\r\n",
            "2026-11-20T08:01:02Z 2026-11-20T07:59:00Z kund@a.test 1@a.test [\"p@b.test\", \"p@b.test\"] true",
        );
        check("From: a@a.test\nDate: yesterday\n\nhej", "- - a@a.test - [] false");
        check("Return-Path: <>\nFrom: nobody\n", "- - - - [] true");
        check("Received: from a by b\nFrom: a@a.te", "- - a@a.te - [] true");
        check("", "- - - - [] false");
    }
}
