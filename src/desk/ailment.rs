//! What ails the desk is told to managers: once, again each day while it lasts, and when it is over.

use crate::config::settings::{Mailbox, Manager};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::ailing::ailing as ailing_page;
use crate::desk::tell::InsidePost;
use crate::model::Time;
use crate::plan::ailment::Over;
use crate::plan::{Ailment, Change, Findings};

/// One mail to each manager, with what ails and what is over in the mailboxes that are his. It goes through a mailbox that can
/// send, if there is one.
#[must_use]
pub fn ailing(ills: &[Ailment], over: &[Over], found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    for manager in &rules.settings.managers {
        let is_his = |mailbox: Option<&str>| mailbox.is_none_or(|m| manager.mailboxes.iter().any(|own| own == m));
        let ills: Vec<&Ailment> = ills.iter().filter(|a| is_his(a.mailbox())).collect();
        let over: Vec<&Over> = over.iter().filter(|o| is_his(o.mailbox())).collect();
        let Some(mailbox) = way_out(&case, manager, &ills) else { continue };
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

/// The mailbox through which a manager is told: the first of his that can send.
fn way_out<'a>(case: &Case<'a>, manager: &Manager, ills: &[&Ailment]) -> Option<&'a Mailbox> {
    let stuck = |name: &str| ills.iter().any(|a| matches!(a, Ailment::OutboxStuck { mailbox, .. } if mailbox == name));
    let sound = manager.mailboxes.iter().find(|name| !stuck(name));
    sound.or(manager.mailboxes.first()).and_then(|name| case.mailbox(name))
}
