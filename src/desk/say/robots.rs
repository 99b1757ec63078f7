//! To agents, once a day: robots' mail that belongs to no ticket. A Reply goes to the desk.

use minijinja::context;

use super::sheet::{Button, Sheet};
use super::{Page, Voice};
use crate::model::{Address, QuarantineNo, Time, one_line};

/// One mail. Never text.
#[derive(Clone, Debug)]
pub struct RobotLine {
    pub no: QuarantineNo,
    pub at: Time,
    pub from: Option<Address>,
    pub subject: String,
    /// One tap makes a ticket of it.
    pub release: Option<Address>,
}

/// The list.
#[must_use]
pub fn robots(voice: &Voice<'_>, mailbox: &Address, lines: &[RobotLine]) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let n = lines.len();
    sheet.say(&words.say("robots.intro", context! { n, mailbox => mailbox.as_str() }));
    for line in lines {
        let subject = voice.subject_or_none(&line.subject);
        let who = line.from.as_ref().map_or_else(|| words.word("words.unknown_sender"), ToString::to_string);
        let about = [format!("{} · {}", one_line(&who), voice.moment(line.at))];
        let label = words.word("tap.release");
        let button = line.release.as_ref().map(|to| Button {
            to: to.to_string(),
            subject: format!("{label} {}: {subject}", line.no),
            body: words.word("tap.body"),
            label,
        });
        sheet.entry(&format!("{}  {subject}", line.no), &about, button.as_slice());
    }
    let first = lines.first().map_or(0, |l| l.no.0);
    sheet.small(&words.say("robots.how", context! { number => first }));
    sheet.done(words.language(), words.say("robots.subject", context! { n }))
}
