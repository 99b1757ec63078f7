//! Robots' mail that belongs to no ticket: once a day agents get a list of it, and `#release` makes tickets of what was a person's.

use jiff::ToSpan;

use crate::config::settings::{Mailbox, Mode, Notify};
use crate::desk::act::Refusal;
use crate::desk::case::{Case, Role, Rules, Staff};
use crate::desk::commands::{Parsed, keyword};
use crate::desk::errand::Errand;
use crate::desk::intake::Incoming;
use crate::desk::obey::Work;
use crate::desk::say::robots::{RobotLine, robots};
use crate::desk::sign::{Grounds, Token};
use crate::desk::tell::InsidePost;
use crate::model::{Address, QuarantineNo, Time};
use crate::plan::{Change, Findings, RobotMail};
use crate::wording::Wording;

/// Mail that is older when it is first seen is history, and nobody is told of it.
const OLD_S: i64 = 2 * Time::DAY;
/// The list of a shop that is open at midnight comes with the daily digest, else then.
const MINUTE_OF_DAY: i16 = 8 * 60;

/// A release address is good as long as its mail is set aside: what is signed is the number alone.
const GROUNDS: Grounds = Grounds { created_at: Time::from_unix(0), serial: 0 };

impl Incoming<'_> {
    /// When agents are to be told of this robot's mail: when the shop next opens in the morning.
    pub(super) fn told_at(&self) -> Option<Time> {
        let old = self.env.old && self.case.now.since(self.env.received_at) > OLD_S;
        if self.case.quiet || old || self.mailbox.mode == Mode::Watch {
            return None;
        }
        self.case.rules.next_morning(self.mailbox, self.case.now)
    }

    /// One tap in the list.
    pub(super) fn release_by_tap(&mut self, staff: &Staff<'_>, quarantine: QuarantineNo) {
        let words = Wording::of(self.case.inside_voice().language);
        let line = format!("#{} {quarantine}", keyword(words, "release"));
        let errand = Errand::Release(vec![quarantine]);
        let parsed = Parsed { lines: vec![line.clone()], ..Parsed::default() };
        if let Err(refusal) = self.may(staff, None, &errand) {
            let refusal = if matches!(refusal, Refusal::NoSuchQuarantine(_)) { refusal } else { Refusal::NotThis };
            let wrong = self.wrong_of(&refusal, &line);
            return self.refuse(staff, None, vec![wrong]);
        }
        self.carry_out(staff, None, &Work { parsed, errands: vec![errand], ..Work::default() });
    }
}

impl Rules<'_> {
    /// The beginning of the mailbox's next open day: its first opening, or, where it is open at midnight, the time of digests.
    #[must_use]
    pub fn next_morning(&self, mailbox: &Mailbox, now: Time) -> Option<Time> {
        let settings = self.settings;
        let calendar = settings.calendar_of(mailbox)?;
        let zone = calendar.time_zone();
        let today = now.timestamp().to_zoned(zone.clone()).date();
        let minute = settings.digest.daily.map_or(MINUTE_OF_DAY, |at| at.minute);
        let at = |z: jiff::Zoned| Time::from_unix(z.timestamp().as_second());
        // A year of closed days is a shop that never opens again.
        (0..=366_i32).find_map(|ahead| {
            let day = today.checked_add(ahead.days()).ok()?;
            let midnight = at(day.to_zoned(zone.clone()).ok()?);
            let next = at(day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?);
            let opens = calendar.next_open(midnight).filter(|t| *t < next)?;
            let opens = if opens > midnight {
                opens
            } else {
                at(day
                    .at(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0)
                    .to_zoned(zone.clone())
                    .ok()?)
            };
            (opens > now).then_some(opens)
        })
    }
}

/// Tells the agents of a mailbox of robots' mails, or its managers where it has no agents. Each mail is told once.
#[must_use]
pub fn robots_due(mailbox: &str, mails: &[RobotMail], found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    if let Some(mailbox) = case.mailbox(mailbox).filter(|m| m.mode == Mode::Desk) {
        for (staff, not_before) in case.readers(mailbox) {
            case.list_robots(mailbox, &staff, mails, not_before);
        }
    }
    case.change(Change::QuarantineListed { quarantined: mails.iter().map(|m| m.no).collect() });
    case.changes
}

impl<'a> Case<'a> {
    /// Who is told of a mailbox's robots, and from when on.
    fn readers(&self, mailbox: &Mailbox) -> Vec<(Staff<'a>, Time)> {
        let settings = self.rules.settings;
        let agents = settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name));
        let mut readers: Vec<(Staff<'a>, Time)> = agents
            .filter(|_| mailbox.notify != Notify::None)
            .filter(|a| !self.is_unreachable(a.address()))
            .filter_map(|a| Some((Rules::of_agent(a), self.told_from(a, mailbox)?)))
            .collect();
        if readers.is_empty() {
            let managers = settings.managers.iter().filter(|m| m.mailboxes.contains(&mailbox.name));
            readers.extend(managers.map(|m| {
                let staff =
                    Staff { name: &m.name, addresses: &m.addresses, mailboxes: &m.mailboxes, role: Role::Manager };
                (staff, self.now)
            }));
        }
        readers
    }

    fn list_robots(&mut self, mailbox: &Mailbox, staff: &Staff<'_>, mails: &[RobotMail], not_before: Time) {
        let release = |no: QuarantineNo| {
            let detail =
                self.rules.key.detail(self.found.epoch, &Token::Release { quarantine: no }, staff.address(), GROUNDS);
            mailbox.plus_addressing.then(|| mailbox.address.with_detail(&detail))
        };
        let line = |m: &RobotMail| RobotLine {
            no: m.no,
            at: m.at,
            from: m.from.clone(),
            subject: m.subject.clone(),
            release: release(m.no),
        };
        let lines: Vec<RobotLine> = mails.iter().map(line).collect();
        let page = robots(&self.voice(&self.rules.settings.desk.language, not_before), &mailbox.address, &lines);
        let post = InsidePost::report(mailbox, not_before);
        self.inside(mailbox, staff, page, post);
    }
}

/// Whether `read` is a release address that was signed for this person.
#[must_use]
pub fn releases(case: &Case<'_>, read: &crate::desk::sign::SignedAddress, person: &Address) -> Option<QuarantineNo> {
    let Token::Release { quarantine } = read.token else { return None };
    case.rules.key.admits(case.found.epoch, read, person, GROUNDS).then_some(quarantine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::sign::Key;

    fn check(hours: &str, now: &str, expect: &str) {
        let text = format!(
            "[desk]\nname = \"B\"\ndata_dir = \"d\"\ntime_zone = \"Europe/Stockholm\"\n[[mailbox]]\nname = \"s\"\n\
             address = \"s@example.test\"\ncalendar = \"shop\"\nmaildir = {{ path = \"in\" }}\noutdir = {{ path = \"out\" }}\n\
             [[agent]]\nname = \"Anna\"\naddresses = [\"anna@example.test\"]\nmailboxes = [\"s\"]\n[calendar.shop]\n{hours}\n"
        );
        let settings = crate::config::read(std::path::Path::new("/x/config.toml"), &text).unwrap();
        let key = Key::new(&[7; 32]);
        let library = crate::desk::canned::Library::default();
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let now = Time::parse_rfc3339(now).unwrap();
        let at = rules.next_morning(&settings.mailboxes[0], now);
        assert_eq!(at, Time::parse_rfc3339(expect), "{hours} {now:?}");
    }

    #[test]
    fn the_list_comes_when_the_shop_opens_in_the_morning() {
        let shop = "mon-fri = [\"08:00-12:00\", \"13:00-17:00\"]";
        // Tuesday 24 November 2026; Stockholm is an hour ahead.
        check(shop, "2026-11-24T03:00:00Z", "2026-11-24T07:00:00Z");
        check(shop, "2026-11-24T09:00:00Z", "2026-11-25T07:00:00Z");
        check(shop, "2026-11-24T11:30:00Z", "2026-11-25T07:00:00Z");
        check(shop, "2026-11-27T16:30:00Z", "2026-11-30T07:00:00Z");
        let always = "mon-sun = [\"00:00-24:00\"]";
        check(always, "2026-11-24T03:00:00Z", "2026-11-24T06:30:00Z");
        check(always, "2026-11-24T09:00:00Z", "2026-11-25T06:30:00Z");
    }
}
