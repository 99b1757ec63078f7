//! Delivery reports: what a mail server says became of a mail of ours.

mod recipients;
mod report;
mod returned;
mod server;
mod status;

use std::collections::BTreeSet;

use crate::mail::bounce::server::Looks;
use crate::mail::letter::Bounce;
use crate::mail::mime::{self, Part};
use crate::model::Party;

/// How many recipients of one report are read.
pub(in crate::mail) const MAX_RECIPIENTS: usize = 500;

/// How much of a text is looked at: reports are short, what follows is the returned mail.
const MAX_TEXT: usize = 20_000;

/// Reads a delivery report: the machine-readable one (RFC 3464) where there is one, else the words of the server.
/// `None` where the letter is none.
#[must_use]
pub fn read(root: &Part<'_>, from: Option<&Party>, subject: &str, text: &str) -> Option<Bounce> {
    if is_other_report(root) {
        return report::rejection(root, text);
    }
    let looks = Looks::at(root, from, subject, text);
    if let Some(bounce) = machine_readable(root, &looks, text) {
        return Some(bounce);
    }
    let rule = server::recognise(&looks)?;
    let recipients = recipients::read(root, from, subject, looks.head);
    if recipients.is_empty() && rule.needs_recipient {
        return None;
    }
    let mut bounce = Bounce { recipients, rule: rule.name, ..Bounce::default() };
    returned::take(root, text, &mut bounce);
    Some(bounce)
}

/// A receipt (RFC 8098) or a complaint (RFC 5965): reports too, but of no server that could not deliver.
fn is_other_report(root: &Part<'_>) -> bool {
    let kind = root.content_type.get("report-type").unwrap_or_default().to_ascii_lowercase();
    root.media_type == "multipart/report" && matches!(kind.as_str(), "disposition-notification" | "feedback-report")
}

fn machine_readable(root: &Part<'_>, looks: &Looks<'_>, text: &str) -> Option<Bounce> {
    // Whoever forwards a report attaches it as a mail; then it is not a part of this one.
    let may_be = looks.is_report || looks.daemon || looks.names_status || looks.null_path;
    if !may_be {
        return None;
    }
    if let Some(status) = find(root, &report::is_status) {
        let mut bounce = report::read(&status.decoded(&mut BTreeSet::new()));
        if !bounce.recipients.is_empty() {
            bounce.rule = if looks.names_status {
                "Content-Type: multipart/report; report-type=delivery-status"
            } else {
                "a part message/delivery-status"
            };
            recipients::explain(text, &mut bounce.recipients);
            returned::take(root, text, &mut bounce);
            return Some(bounce);
        }
    }
    // A scanner's own mail around the report.
    let inner = find(root, &Part::is_message).filter(|_| looks.daemon || looks.names_status)?;
    let bytes = inner.decoded(&mut BTreeSet::new());
    let inner = mime::parse(&bytes, &mut BTreeSet::new());
    let status = find(&inner, &report::is_status)?;
    let mut bounce = report::read(&status.decoded(&mut BTreeSet::new()));
    bounce.rule = "a delivery report within a server's mail";
    returned::take(&inner, "", &mut bounce);
    (!bounce.recipients.is_empty()).then_some(bounce)
}

/// The first leaf for which `wanted` holds.
fn find<'p, 'a>(part: &'p Part<'a>, wanted: &dyn Fn(&Part<'a>) -> bool) -> Option<&'p Part<'a>> {
    if wanted(part) {
        return Some(part);
    }
    part.children.iter().find_map(|child| find(child, wanted))
}
