//! People's rights by mail: a manager is asked before anything goes for good or is handed out, and told what became of it.

use crate::config::settings::Mailbox;
use crate::desk::case::{Case, Role, Rules, Staff};
use crate::desk::commands::Command;
use crate::desk::intake::Incoming;
use crate::desk::say::Page;
use crate::desk::say::refused::{WrongLine, WrongWhy};
use crate::desk::say::rights::{RightsFacts, ask_rights};
use crate::desk::tell::InsidePost;
use crate::model::Time;
use crate::plan::{AttachmentRow, Change, Fate, Findings, Matter};

impl Case<'_> {
    /// Asks a manager for his `#send` before a person is erased or her data handed out (`#erase`, `#export`), or more old tickets
    /// go than a day brings. Nothing happens for anybody who is no manager.
    pub fn ask_for_rights(&mut self, mailbox: &Mailbox, staff: &Staff<'_>, until: Time, facts: &RightsFacts<'_>) {
        if staff.role != Role::Manager {
            return;
        }
        let matter = Matter::Rights { act: facts.act, subject: facts.subject.to_owned(), until: until.unix() };
        let ask = self.ask(None, staff, matter);
        let page = ask_rights(&self.inside_voice(), facts);
        self.tell(mailbox, staff, page, None, Some(ask));
    }
}

impl Incoming<'_> {
    /// Whether it is a manager's `#export` or `#erase`: he is asked once more, and nothing else of the mail is done.
    pub fn wants_rights(&mut self, staff: &Staff<'_>) -> bool {
        let parsed = self.parse();
        let of = |command: &Command| match command {
            Command::Rights(act, address) => Some((*act, address.clone())),
            _ => None,
        };
        let found = parsed.commands.iter().zip(parsed.right_lines()).find_map(|(c, line)| Some((of(c)?, line.clone())));
        let Some(((act, address), line)) = found else { return false };
        if staff.role != Role::Manager || parsed.commands.len() > 1 || !parsed.wrong.is_empty() {
            let wrong = WrongLine { line, why: WrongWhy::NotAllowed, nearest: None };
            self.refuse(staff, None, vec![wrong]);
            return true;
        }
        let facts = RightsFacts { act, subject: address.as_str(), tickets: 0, written: "" };
        let now = self.case.now;
        self.case.ask_for_rights(self.mailbox, staff, now, &facts);
        self.settle(Fate::Done("asks for what is done to a person's data"));
        true
    }
}

/// Asks whether so many old tickets of a mailbox may go: the first manager who sees it. Nothing where there is none.
#[must_use]
pub fn retention(
    mailbox: &Mailbox,
    until: Time,
    facts: &RightsFacts<'_>,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let manager = rules.settings.managers.iter().find(|m| m.mailboxes.contains(&mailbox.name));
    if let Some(staff) = manager.and_then(|m| rules.staff(m.addresses.first()?)) {
        case.ask_for_rights(mailbox, &staff, until, facts);
    }
    case.changes
}

/// The mail that tells a manager what became of it.
#[must_use]
pub fn report(
    to: &crate::model::Address,
    page: impl FnOnce(&crate::desk::say::Voice<'_>) -> Page,
    attachments: Vec<AttachmentRow>,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let Some(staff) = rules.staff(to) else { return Vec::new() };
    let Some(mailbox) = staff.mailboxes.first().and_then(|name| case.mailbox(name)) else { return Vec::new() };
    let page = page(&case.inside_voice());
    let post = InsidePost { attachments, ..InsidePost::report(mailbox, now) };
    case.inside(mailbox, &staff, page, post);
    case.changes
}
