//! To managers: a mailbox is only watched from now on and this is what the last days left, or it is a desk from now on.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::config::settings::Notify;
use crate::model::{Address, Time};
use crate::plan::watch::{PutOff, Week};

#[derive(Clone, Debug)]
pub struct WatchBegins {
    pub mailbox: String,
    pub address: Address,
    pub week: Week,
    /// How long each of `week.oldest` has waited, in open seconds.
    pub waited_s: Vec<i64>,
    /// When the reader gets his first digest; `None`: he has ordered none.
    pub first_report: Option<Time>,
    pub has_agents: bool,
}

/// The first mail of all.
#[must_use]
pub fn watch_begins(voice: &Voice<'_>, facts: &WatchBegins) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let (n, of, address) =
        (facts.week.unanswered, facts.week.matters.max(facts.week.unanswered), facts.address.as_str());
    let found = match (n, of) {
        (_, 0) => "watching.nothing",
        (0, _) => "watching.all_answered",
        _ => "watching.found",
    };
    sheet.say(&words.say(found, context! { n, of, address }));
    if !facts.week.oldest.is_empty() {
        let listed = facts.week.oldest.len();
        let all = usize::try_from(n).is_ok_and(|n| n <= listed);
        sheet.head(&words.say(if all { "watching.these" } else { "watching.oldest" }, context! { n => listed }));
        for (waits, waited_s) in facts.week.oldest.iter().zip(&facts.waited_s) {
            let open = words.duration(*waited_s);
            let when = voice.moment(waits.since);
            let about = [voice.who(waits.customer.as_ref()), words.say("watching.waited", context! { when, open })];
            sheet.entry(&voice.headline(waits.ticket, &waits.subject), &about, &[]);
        }
        sheet.small(&words.word("watching.perhaps"));
    }
    sheet.head(&words.word("watching.what"));
    sheet.say(&words.say("watching.begun", context! { address }));
    sheet.say(&match facts.first_report {
        Some(at) => words.say("watching.report", context! { when => voice.moment(at) }),
        None => words.word("watching.no_report"),
    });
    sheet.head(&words.word("watching.next"));
    sheet.say(&words.word(if facts.has_agents { "watching.rehearse" } else { "watching.no_agents" }));
    sheet.say(&words.say("watching.one_key", context! { address }));
    let subject = match (n, of) {
        (_, 0) => "watching.subject_nothing",
        _ => "watching.subject",
    };
    let mailbox = facts.mailbox.as_str();
    sheet.done(words.language(), words.say(subject, context! { mailbox, n, of }))
}

#[derive(Clone, Debug)]
pub struct BecomesDesk {
    pub mailbox: String,
    pub address: Address,
    pub notify: Notify,
    /// So many customers wait for an answer.
    pub waiting: usize,
    /// Who gets how many of them, and from when on where he is not there now.
    pub handed: Vec<(String, usize, Option<Time>)>,
    /// Answers that lie in the outbox.
    pub held: i64,
}

/// It is a desk from now on.
#[must_use]
pub fn becomes_desk(voice: &Voice<'_>, facts: &BecomesDesk) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let address = facts.address.as_str();
    let begins = if facts.notify == Notify::None { "watching.desk_shared" } else { "watching.desk" };
    sheet.say(&words.say(begins, context! { address }));
    let n = facts.waiting;
    if n > 0 {
        let waiting = match (facts.notify, facts.handed.is_empty()) {
            (Notify::None, _) => "watching.waiting",
            (_, true) => "watching.waiting_nobody",
            _ => "watching.waiting_handed",
        };
        sheet.say(&words.say(waiting, context! { n }));
        let rows: Vec<Vec<String>> = facts
            .handed
            .iter()
            .map(|(name, n, from)| {
                let from = from.map(|at| words.say("watching.from", context! { when => voice.moment(at) }));
                vec![name.clone(), n.to_string(), from.unwrap_or_else(|| words.word("watching.now"))]
            })
            .collect();
        if !rows.is_empty() {
            sheet.rows(&rows);
        }
        sheet.say(&words.word("watching.unacknowledged"));
    }
    if facts.held > 0 {
        sheet.say(&words.say("watching.held", context! { n => facts.held }));
    }
    sheet.small(&words.word("watching.back"));
    let mailbox = facts.mailbox.as_str();
    sheet.done(words.language(), words.say("watching.desk_subject", context! { mailbox }))
}

/// It is only watched again.
#[must_use]
pub fn watches_again(voice: &Voice<'_>, mailbox: &str, address: &Address, put_off: PutOff) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let address = address.as_str();
    sheet.say(&words.say("watching.begun", context! { address }));
    sheet.say(&words.word("watching.old_mail"));
    if put_off.held > 0 {
        sheet.say(&words.say("watching.held", context! { n => put_off.held }));
    }
    if put_off.dropped > 0 {
        sheet.say(&words.say("watching.dropped", context! { n => put_off.dropped }));
    }
    sheet.done(words.language(), words.say("watching.again_subject", context! { mailbox }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Party, TicketNo};
    use crate::plan::watch::Waits;
    use crate::wording::Wording;

    #[test]
    fn the_first_mail_counts_and_says_what_comes() {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let at = |text: &str| Time::parse_rfc3339(text).unwrap();
        let waits = |n: i64| Waits {
            ticket: TicketNo(n),
            subject: format!("<b>Fråga</b> {n}"),
            customer: Some(Party::new("Maja", Address::parse("maja@kund.test").unwrap())),
            since: at("2026-11-20T08:00:00Z"),
        };
        let check = |language: &str, matters: i64, unanswered: i64, expect: &[&str]| {
            let week = Week { matters, unanswered, oldest: (1..=unanswered.min(2)).map(waits).collect() };
            let facts = WatchBegins {
                mailbox: "support".to_owned(),
                address: Address::parse("support@example.test").unwrap(),
                waited_s: vec![5 * 3600; week.oldest.len()],
                week,
                first_report: Some(at("2026-11-25T06:30:00Z")),
                has_agents: true,
            };
            let voice = Voice { language, zone: &zone, now: at("2026-11-24T12:00:00Z"), desk: "Exempelbutiken" };
            let page = watch_begins(&voice, &facts);
            let text = page.text.split_whitespace().collect::<Vec<_>>().join(" ");
            for words in expect {
                assert!(
                    text.contains(words) || page.subject.contains(words),
                    "{words}: {}\n{}",
                    page.subject,
                    page.text
                );
            }
            assert!(!page.html.contains("<b>Fråga"), "{}", page.html);
            for words in ["svar check --agents", "mode = \"desk\""] {
                assert!(text.contains(words), "{words}: {text}");
            }
        };
        check(
            "sv",
            12,
            3,
            &["3 av de senaste sju dagarnas 12 ärenden", "De 2 som har väntat längst", "5 timmar", "07:30"],
        );
        check("sv", 12, 2, &["Dessa ser obesvarade ut"]);
        check("sv", 1, 1, &["1 av de senaste sju dagarnas 1 ärenden ser obesvarat ut"]);
        check("sv", 12, 0, &["0 av de senaste sju dagarnas 12 ärenden", "alla ser besvarade ut"]);
        check("sv", 0, 0, &["support bevakas"]);
        check("en", 12, 3, &["3 of the last seven days' 12 matters look unanswered", "5 hours"]);
        check("en", 0, 0, &["No customer"]);
        for language in Wording::languages() {
            check(language, 30, 20, &[]);
        }
    }
}
