//! How much one of us is told at once: beyond a pace, what follows is gathered into one mail.

use crate::config::settings::Mailbox;
use crate::desk::case::Case;
use crate::desk::say::manager::ManagerNews;
use crate::model::{Address, NoticeKind, Priority, Time};
use crate::plan::Change;

/// So many mails of a kind come singly within so many seconds.
struct Limit {
    mails: usize,
    within_s: i64,
}

const NOTIFICATIONS: Limit = Limit { mails: 20, within_s: 10 * Time::MINUTE };
const ALARMS: Limit = Limit { mails: 5, within_s: Time::HOUR };

/// Managers hear once a day that a mailbox comes near what it may send.
const NEAR_LIMIT_S: i64 = 20 * Time::HOUR;

/// What one of us was told of late.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    notified: Vec<Time>,
    alarmed: Vec<Time>,
    list_at: Option<Time>,
    alarm_list_at: Option<Time>,
}

impl Pace {
    /// Counts one more, and says when the list goes out that it belongs into; `None`: it comes singly.
    fn step(&mut self, kind: NoticeKind, short: bool, gather_s: i64, now: Time) -> Option<Time> {
        let (times, list_at, limit) = match kind {
            NoticeKind::Message => (&mut self.notified, &mut self.list_at, NOTIFICATIONS),
            NoticeKind::Warning | NoticeKind::Breach => (&mut self.alarmed, &mut self.alarm_list_at, ALARMS),
        };
        let oldest = times.len().checked_sub(limit.mails).and_then(|n| times.get(n));
        let many = oldest.is_some_and(|t| now.since(*t) < limit.within_s);
        times.push(now);
        // What is being gathered comes first: nothing overtakes it.
        let pending = list_at.filter(|t| *t > now);
        if !many && !short && pending.is_none() {
            return None;
        }
        let at = pending.unwrap_or_else(|| now.plus(gather_s));
        *list_at = Some(at);
        Some(at)
    }
}

impl Case<'_> {
    /// When the list goes out into which a mail to this person belongs; `None`: it comes singly, now. It is counted either way.
    /// What is urgent never waits.
    pub fn gathers(
        &mut self,
        mailbox: &Mailbox,
        person: &Address,
        kind: NoticeKind,
        priority: Priority,
    ) -> Option<Time> {
        let short = self.is_short_of_mail(mailbox);
        let known = self.found.agents.get(person);
        let pace = self.paces.entry(person.clone()).or_insert_with(|| {
            known.map_or_else(Pace::default, |facts| Pace {
                notified: facts.notified.clone(),
                alarmed: facts.alarmed.clone(),
                list_at: facts.list_at,
                alarm_list_at: facts.alarm_list_at,
            })
        });
        let at = pace.step(kind, short, self.rules.settings.limits.gather_s, self.now);
        self.change(Change::Notified { person: person.clone(), kind, at: self.now });
        at.filter(|_| priority != Priority::Urgent)
    }

    /// Whether four fifths of what the mailbox may send in a day are gone: automatic mail stops, notifications are gathered, answers
    /// use the rest. Managers are told.
    pub fn is_short_of_mail(&mut self, mailbox: &Mailbox) -> bool {
        let limit = mailbox.pace(&self.rules.settings.limits).mail_per_day;
        let sent = self.found.handed_over.get(&mailbox.name).copied().unwrap_or(0);
        if limit <= 0 || sent < limit * 4 / 5 {
            return false;
        }
        let news = ManagerNews::NearDailyLimit { sent, limit };
        self.tell_managers(mailbox, None, &format!("mail-per-day {}", mailbox.name), NEAR_LIMIT_S, &news);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twentieth_comes_singly_and_what_follows_in_one_list() {
        let mut pace = Pace::default();
        let at = |s: i64| Time::from_unix(1_000_000 + s);
        let mut check = |s: i64, expect: Option<i64>| {
            assert_eq!(pace.step(NoticeKind::Message, false, 900, at(s)), expect.map(at), "after {s} s");
        };
        for n in 0..20 {
            check(n * 10, None);
        }
        check(599, Some(599 + 900));
        check(700, Some(599 + 900));
        // The list is out, and it has become quiet.
        check(599 + 901, None);
    }

    #[test]
    fn slow_news_is_never_gathered() {
        let mut pace = Pace::default();
        for n in 0..100 {
            assert_eq!(pace.step(NoticeKind::Message, false, 900, Time::from_unix(n * 30)), None, "{n}");
        }
        assert!(pace.step(NoticeKind::Message, true, 900, Time::from_unix(9000)).is_some(), "short of mail");
    }

    #[test]
    fn five_alarms_an_hour() {
        let mut pace = Pace::default();
        let mut check = |minute: i64, expect: Option<i64>| {
            let at = |m: i64| Time::from_unix(m * 60);
            let kind = if minute % 2 == 0 { NoticeKind::Warning } else { NoticeKind::Breach };
            assert_eq!(pace.step(kind, false, 900, at(minute)), expect.map(at), "minute {minute}");
        };
        for minute in [0, 1, 2, 3, 50] {
            check(minute, None);
        }
        check(59, Some(74));
        check(60, Some(74));
        check(120, None);
    }
}
