//! A digest on its way: the mail that carries it to a manager, a reply to which commands the desk and nobody else.

use crate::desk::case::{Case, Role, Rules, Staff};
use crate::desk::say::Page;
use crate::desk::tell::InsidePost;
use crate::model::{Address, ParcelNo, Time};
use crate::plan::{AttachmentRow, Change, Findings};

/// Whom a digest goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    pub name: String,
    pub address: Address,
    /// What it speaks of; the first sends it.
    pub mailboxes: Vec<String>,
}

/// The mail of a digest, and its number; nothing where the mailbox may not send it (one that only watches writes to managers alone).
/// The bytes of the attachments are the caller's to bring.
#[must_use]
pub fn digest(
    reader: &Reader,
    page: Page,
    attachments: Vec<AttachmentRow>,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> (Vec<Change>, Option<ParcelNo>) {
    let mut case = Case::new(*rules, found, now);
    let Some(mailbox) = reader.mailboxes.first().and_then(|name| case.mailbox(name)) else {
        return (Vec::new(), None);
    };
    let addresses = [reader.address.clone()];
    let staff = Staff { name: &reader.name, addresses: &addresses, mailboxes: &reader.mailboxes, role: Role::Manager };
    let post = InsidePost { attachments, ..InsidePost::report(mailbox, now) };
    let parcel = case.inside(mailbox, &staff, page, post);
    (case.changes, parcel)
}
