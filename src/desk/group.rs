//! Mail through a group that is the mailbox's own address (Google Groups and their like): its writer's, and no list's.

use std::borrow::Cow;

use crate::config::settings::{Mailbox, Settings};
use crate::mail::letter::Letter;
use crate::model::{Kind, Party};
use crate::plan::{Envelope, Folder};

/// The letter as its writer sent it to the group, if it came through one that is this mailbox; else as it is.
///
/// A group puts list headers on what it passes on. Where the writer's domain forbids others to write in its name (DMARC with
/// `p=reject` or `quarantine`), it writes the group's address into From and keeps the writer's in `X-Original-From`. Nobody
/// vouches for that address: no agent acts by it, and it is shown as unverified.
#[must_use]
pub fn as_written<'l>(letter: &'l Letter, envelope: &Envelope, settings: &Settings) -> Cow<'l, Letter> {
    let mailbox = settings.mailbox(&envelope.mailbox).filter(|_| envelope.folder == Folder::Inbox);
    let Some(mailbox) = mailbox.filter(|m| comes_through(letter, m)) else { return Cow::Borrowed(letter) };
    let rewritten = letter.from.as_ref().is_none_or(|from| mailbox.is_addressed_by(&from.address));
    let writer = if rewritten { writer(letter, settings) } else { letter.from.clone() };
    let Some(writer) = writer else { return Cow::Borrowed(letter) };
    let mut own = letter.clone();
    // What one of us sends through it proves nothing, and is set aside as what it is: list mail.
    if settings.agent_of(&writer.address).is_none() && settings.manager_of(&writer.address).is_none() {
        own.kind = Kind::Person;
        "it came through our own group".clone_into(&mut own.why);
    }
    if rewritten {
        own.from = Some(writer);
        own.from_is_single = false;
        own.reply_to.clear();
    }
    Cow::Owned(own)
}

/// Through our own group, and with no other sign of a robot.
fn comes_through(letter: &Letter, mailbox: &Mailbox) -> bool {
    let of_ours = letter.list_id.as_ref().is_some_and(|id| mailbox.is_own_list(id));
    of_ours && letter.kind == Kind::List && letter.svar_id.is_none()
}

/// Who wrote a letter in whose From the group stands; `None` where that is one of our own addresses, or not said.
fn writer(letter: &Letter, settings: &Settings) -> Option<Party> {
    let said = letter.original_from.iter().chain(&letter.reply_to);
    said.into_iter().find(|p| settings.mailbox_of(&p.address).is_none()).cloned()
}
