//! Who would get what tomorrow morning: who is on duty, whose turn it is, who waits, which digests come.

use jiff::ToSpan;

use super::{Outcome, Report};
use crate::cli::open::now;
use crate::config::settings::{Mailbox, Mode, Notify, Settings};
use crate::desk::Rules;
use crate::desk::canned::Library;
use crate::desk::morning::{Morning, morning};
use crate::desk::sign::Key;
use crate::engine::desk_dir::DeskDir;
use crate::engine::digest::next_digests;
use crate::model::Time;
use crate::plan::watch::Week;
use crate::plan::{Clues, Findings};
use crate::store::{Role, Store};

/// A desk that never closes has its morning then, local time.
const EIGHT: i8 = 8;
/// Whoever is away for longer has not said when he will be back.
const FOR_GOOD_S: i64 = 1000 * Time::DAY;

impl Report {
    /// Of all mailboxes, and the digests of all managers.
    pub(super) fn morning(&mut self, settings: &Settings) {
        let now = now(&self.global);
        let key = Key::new(&[]);
        let library = Library::default();
        let rules = Rules { settings, key: &key, library: &library };
        for mailbox in &settings.mailboxes {
            self.mailbox.clone_from(&mailbox.name);
            let Some(at) = next_morning(settings, mailbox, now) else {
                self.say(Outcome::Warning, "morning", "its calendar is never open: nobody is ever on duty");
                continue;
            };
            let (found, week) = known(settings, mailbox, now);
            self.at(settings, mailbox, &morning(mailbox, &found, &rules, at), at);
            if week.unanswered > 0 {
                let since = week.oldest.first().map_or(now, |w| w.since);
                let (n, verb) =
                    (week.unanswered, if week.unanswered == 1 { "customer waits" } else { "customers wait" });
                let text = format!("{n} {verb} for an answer at present, the first since {}", when(settings, since));
                self.say(Outcome::Ok, "morning", text);
            }
        }
        self.mailbox.clear();
        for (manager, kind, at) in next_digests(settings, now) {
            let text = format!(
                "the {} digest of {} goes to {} <{}> at {}",
                kind.as_str(),
                manager.mailboxes.join(", "),
                manager.name,
                manager.addresses[0],
                when(settings, at)
            );
            self.say(Outcome::Ok, "morning", text);
        }
        if settings.managers.is_empty() {
            let text = "there is no [[manager]]: nobody gets digests, or hears that something fails";
            self.say(Outcome::Warning, "morning", text);
        }
    }

    fn at(&mut self, settings: &Settings, mailbox: &Mailbox, known: &Morning, at: Time) {
        let there = match known.on_duty.as_slice() {
            [] => "nobody is on duty".to_owned(),
            [one] => format!("{one} is on duty"),
            several => format!("{} are on duty", several.join(", ")),
        };
        let first = match (mailbox.mode, mailbox.notify, known.first.as_slice()) {
            (Mode::Watch, _, _) => "; no agent is mailed (mode = \"watch\")".to_owned(),
            (_, Notify::None, _) => "; nobody is notified (notify = \"none\")".to_owned(),
            (_, _, []) => "; nobody would get a new matter".to_owned(),
            (_, _, names) => format!("; the first new matter goes to {}", names.join(", ")),
        };
        let is_wanting = mailbox.mode == Mode::Desk && mailbox.notify != Notify::None && known.on_duty.is_empty();
        let outcome = if is_wanting { Outcome::Warning } else { Outcome::Ok };
        self.say(outcome, "morning", format!("{}: {there}{first}", when(settings, at)));
        for (name, from) in &known.later {
            let away = known.away.iter().find(|(who, _)| who == name).map(|(_, until)| *until);
            let text = match (away, from) {
                (Some(until), _) if until.since(at) > FOR_GOOD_S => {
                    format!("{name} is away and has not said until when")
                }
                (Some(until), _) => format!("{name} is away until {}", when(settings, until)),
                (None, Some(from)) => format!("{name} comes on duty {}", when(settings, *from)),
                (None, None) => format!("{name} is never on duty"),
            };
            self.say(Outcome::Ok, "morning", text);
        }
    }
}

/// When the mailbox opens on the next day on which it does.
fn next_morning(settings: &Settings, mailbox: &Mailbox, now: Time) -> Option<Time> {
    let calendar = settings.calendar_of(mailbox)?;
    let zone = &settings.desk.time_zone;
    let today = now.timestamp().to_zoned(zone.clone()).date();
    let tomorrow = today.checked_add(1.day()).ok()?;
    let hour = if calendar.is_always() { EIGHT } else { 0 };
    let from = tomorrow.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
    calendar.next_open(Time::from_unix(from.timestamp().as_second()))
}

/// What the database knows of the agents, and who waits; nothing where there is none yet.
fn known(settings: &Settings, mailbox: &Mailbox, now: Time) -> (Findings, Week) {
    let path = DeskDir::at(&settings.desk.data_dir).database();
    let seen = Store::open(&path, Role::Reader).and_then(|mut store| {
        store.read(|tx| {
            let found = tx.lookup(&Clues::default(), now)?;
            Ok((found, tx.week(&mailbox.name, Time::from_unix(0), 1)?))
        })
    });
    seen.unwrap_or_default()
}

/// `Mon 23 Nov 08:00`, in the desk's zone.
fn when(settings: &Settings, at: Time) -> String {
    at.timestamp().to_zoned(settings.desk.time_zone.clone()).strftime("%a %-d %b %H:%M").to_string()
}
