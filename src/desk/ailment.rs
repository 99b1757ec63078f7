//! What ails the desk is told to managers: once, again each day while it lasts, and when it is over.

use crate::config::settings::{Mailbox, Manager, Outlet};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::ailing::ailing as ailing_page;
use crate::desk::tell::InsidePost;
use crate::model::Time;
use crate::plan::ailment::Over;
use crate::plan::{Ailment, Change, Findings};

/// One mail to each manager, with what ails (`ills`, to be told now) and what is over in the mailboxes that are his. It goes
/// through a mailbox that can send, as far as `all` that ails at present leaves one.
#[must_use]
pub fn ailing(
    ills: &[Ailment],
    over: &[Over],
    all: &[Ailment],
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    for manager in &rules.settings.managers {
        let is_his = |mailbox: Option<&str>| mailbox.is_none_or(|m| manager.mailboxes.iter().any(|own| own == m));
        let ills: Vec<&Ailment> = ills.iter().filter(|a| is_his(a.mailbox())).collect();
        let over: Vec<&Over> = over.iter().filter(|o| is_his(o.mailbox())).collect();
        let Some(mailbox) = way_out(&case, manager, all) else { continue };
        if ills.is_empty() && over.is_empty() {
            continue;
        }
        let voice = case.inside_voice();
        let page = ailing_page(&voice, &ills, &over);
        let staff = Staff::of_manager(manager);
        let post = InsidePost::report(mailbox, now);
        case.inside(mailbox, &staff, page, post);
    }
    case.changes
}

/// The mailbox through which a manager is told: the first of his that can send, else any that can.
fn way_out<'a>(case: &Case<'a>, manager: &Manager, all: &[Ailment]) -> Option<&'a Mailbox> {
    let settings = case.rules.settings;
    let can_send = |mailbox: &&Mailbox| {
        !all.iter().any(|a| match a {
            Ailment::OutboxStuck { mailbox: stuck, .. } => *stuck == mailbox.name,
            Ailment::SignedOut { user, .. } => sends_as(mailbox, user),
            _ => false,
        })
    };
    let his = || manager.mailboxes.iter().filter_map(|name| settings.mailbox(name));
    his().find(can_send).or_else(|| settings.mailboxes.iter().find(can_send)).or_else(|| his().next())
}

/// Whether mail to managers leaves the mailbox by this user's sign-in.
fn sends_as(mailbox: &Mailbox, user: &str) -> bool {
    match mailbox.notify_outlet.as_ref().unwrap_or(&mailbox.outlet) {
        Outlet::Smtp { account, .. } => account.sign_in().is_some_and(|s| s.user == user),
        _ => false,
    }
}
