//! Delivery reports: what a mail server says became of a mail of ours.

mod report;
mod words;

use std::collections::BTreeSet;

use crate::mail::address;
use crate::mail::header::{self, Fields};
use crate::mail::letter::Bounce;
use crate::mail::mime::{self, Part};
use crate::model::Party;

/// How many recipients of one report are read.
pub(in crate::mail) const MAX_RECIPIENTS: usize = 500;

/// Reads a delivery report: the machine-readable one (RFC 3464) where there is one, else the words of the server.
/// `None` where the letter is none.
#[must_use]
pub fn read(root: &Part<'_>, from: Option<&Party>, subject: &str, text: &str) -> Option<Bounce> {
    let daemon = words::is_daemon(root, from);
    if let Some(bounce) = machine_readable(root, daemon, text) {
        return Some(bounce);
    }
    let recipients = words::recipients(root, from, subject, text, daemon)?;
    let mut bounce = Bounce { recipients, ..Bounce::default() };
    returned(root, text, &mut bounce);
    Some(bounce)
}

fn machine_readable(root: &Part<'_>, daemon: bool, text: &str) -> Option<Bounce> {
    let is_report = root.media_type == "multipart/report";
    let names_status = root.content_type.get("report-type").is_some_and(|t| t.eq_ignore_ascii_case("delivery-status"));
    if !is_report && !names_status && !daemon {
        return None;
    }
    if let Some(status) =
        find(root, &|p| matches!(p.media_type.as_str(), "message/delivery-status" | "message/global-delivery-status"))
    {
        let mut bounce = report::read(&status.decoded(&mut BTreeSet::new()));
        if !bounce.recipients.is_empty() {
            returned(root, text, &mut bounce);
            return Some(bounce);
        }
    }
    // A scanner's own mail around the report.
    let inner = find(root, &Part::is_message).filter(|_| daemon || names_status)?;
    let bytes = inner.decoded(&mut BTreeSet::new());
    let inner = mime::parse(&bytes, &mut BTreeSet::new());
    let status = find(&inner, &|p| p.media_type == "message/delivery-status")?;
    let mut bounce = report::read(&status.decoded(&mut BTreeSet::new()));
    returned(&inner, "", &mut bounce);
    (!bounce.recipients.is_empty()).then_some(bounce)
}

/// The first leaf for which `wanted` holds.
fn find<'p, 'a>(part: &'p Part<'a>, wanted: &dyn Fn(&Part<'a>) -> bool) -> Option<&'p Part<'a>> {
    if wanted(part) {
        return Some(part);
    }
    part.children.iter().find_map(|child| find(child, wanted))
}

/// Which mail it was: from the headers that came back, else from what the report itself refers to.
fn returned(root: &Part<'_>, text: &str, bounce: &mut Bounce) {
    let headers = |p: &Part<'_>| {
        p.is_message()
            || matches!(p.media_type.as_str(), "text/rfc822-headers" | "message/rfc822-headers" | "message/partial")
    };
    if let Some(part) = find(root, &headers) {
        let bytes = part.decoded(&mut BTreeSet::new());
        let (fields, _) = header::split(&bytes);
        take_ids(&fields, bounce);
    }
    if bounce.message_id.is_none() || bounce.svar_id.is_none() {
        // Text-only reports have the returned mail below.
        let lines = text.lines().map(|l| l.trim_start_matches(['>', ' ', '\t', '|']));
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.trim().to_ascii_lowercase().as_str() {
                "message-id" if bounce.message_id.is_none() => {
                    bounce.message_id = address::message_ids(value.as_bytes()).into_iter().next();
                }
                "x-svar-id" if bounce.svar_id.is_none() => {
                    bounce.svar_id = Some(value.trim().to_owned()).filter(|v| !v.is_empty())
                }
                _ => {}
            }
        }
    }
    if bounce.message_id.is_none() {
        let own = ["X-Original-Message-ID", "Original-Message-ID", "In-Reply-To", "References"];
        bounce.message_id =
            own.iter().find_map(|n| address::message_ids(root.fields.first(n)?).into_iter().next_back());
    }
}

fn take_ids(fields: &Fields<'_>, bounce: &mut Bounce) {
    if let Some(id) = fields.first("Message-ID").and_then(|v| address::message_ids(v).into_iter().next()) {
        bounce.message_id = Some(id);
    }
    if let Some(id) = fields.plain("X-Svar-Id").filter(|v| !v.is_empty()) {
        bounce.svar_id = Some(id);
    }
}
