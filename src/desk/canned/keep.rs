//! What those who keep the canned answers are told: broken files, codes that run out.

use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::Page;
use crate::desk::say::canned::{Broken, broken, few_codes};
use crate::desk::tell::InsidePost;
use crate::model::Time;
use crate::plan::canned::CannedVersion;
use crate::plan::{Change, Findings};

/// The same file's codes are spoken of again after so long.
const CODES_EVERY_S: i64 = 7 * Time::DAY;

/// New versions of canned answers are kept; managers are told of those that are broken.
#[must_use]
pub fn keep(
    versions: Vec<CannedVersion>,
    wrong: &[Broken],
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    for version in versions {
        case.change(Change::KeepCanned(Box::new(version)));
    }
    if !wrong.is_empty() {
        let page = broken(&case.inside_voice(), wrong);
        case.tell_keepers(&page, None);
    }
    case.changes
}

/// Managers are told that few codes are left in `file`, once, and once more when there are none.
#[must_use]
pub fn codes_left(file: &str, left: i64, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    if left <= rules.settings.answers.codes_few {
        let page = few_codes(&case.inside_voice(), file, left);
        let topic = format!("{}:{file}", if left <= 0 { "codes-none" } else { "codes-few" });
        case.tell_keepers(&page, Some(&topic));
    }
    case.changes
}

impl Case<'_> {
    /// Every manager, from the first of his mailboxes. `topic`: not again for a week.
    fn tell_keepers(&mut self, page: &Page, topic: Option<&str>) {
        for manager in &self.rules.settings.managers {
            let Some(mailbox) = manager.mailboxes.first().and_then(|name| self.mailbox(name)) else { continue };
            let staff = Staff::of_manager(manager);
            if topic.is_some_and(|topic| !self.may_tell(staff.address(), topic, CODES_EVERY_S)) {
                continue;
            }
            let post = InsidePost::report(mailbox, self.now);
            self.inside(mailbox, &staff, page.clone(), post);
        }
    }
}
