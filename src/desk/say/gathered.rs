//! Many things at once, in one list: what waits, the most urgent first, each with its links. A Reply goes to the desk.

use minijinja::context;

use super::notification::{Tap, tap_button};
use super::sheet::{Button, Sheet};
use super::{Page, Voice};
use crate::model::{NoticeKind, Party, TicketNo, Time, one_line};

#[derive(Clone, Debug)]
pub struct GatheredFacts {
    /// The most urgent first.
    pub lines: Vec<GatheredLine>,
    /// So many more come with the next list.
    pub more: i64,
    /// Incidents with so many customers who wait and of whom nobody is told singly.
    pub incidents: Vec<(String, i64)>,
}

/// One ticket. Never text.
#[derive(Clone, Debug)]
pub struct GatheredLine {
    pub kind: NoticeKind,
    pub number: TicketNo,
    pub subject: String,
    pub customer: Option<Party>,
    pub due_at: Option<Time>,
    /// New mails of the customer's.
    pub mails: usize,
    pub taps: Vec<Tap>,
}

/// The kinds in the order in which they stand in a list, with their phrases.
const SECTIONS: &[(NoticeKind, &str)] = &[
    (NoticeKind::Breach, "gathered.breaches"),
    (NoticeKind::Warning, "gathered.warnings"),
    (NoticeKind::Message, "gathered.messages"),
];

/// The list.
#[must_use]
pub fn gathered(voice: &Voice<'_>, facts: &GatheredFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let mut subjects = Vec::new();
    for (kind, key) in SECTIONS {
        let lines: Vec<&GatheredLine> = facts.lines.iter().filter(|l| l.kind == *kind).collect();
        if lines.is_empty() {
            continue;
        }
        subjects.push(words.say(&format!("{key}_subject"), context! { n => lines.len() }));
        sheet.say(&words.say(key, context! { n => lines.len() }));
        for line in lines {
            let buttons: Vec<Button> =
                line.taps.iter().map(|tap| tap_button(voice, &format!("[#{}]", line.number), tap)).collect();
            sheet.item(&voice.headline(line.number, &line.subject), &about(voice, line), &buttons);
        }
    }
    if facts.more > 0 {
        sheet.say(&words.say("gathered.more", context! { n => facts.more }));
    }
    for (name, n) in &facts.incidents {
        sheet.say(&words.say("incident.gathered", context! { name => one_line(name), n }));
    }
    let for_agents = facts.lines.iter().any(|l| l.kind != NoticeKind::Breach);
    sheet.small(&words.word(if for_agents { "gathered.how" } else { "gathered.how_manager" }));
    sheet.done(words.language(), subjects.join(", "))
}

/// Who waits, and until when.
fn about(voice: &Voice<'_>, line: &GatheredLine) -> Vec<String> {
    let words = voice.words();
    let mut about = Vec::new();
    if let Some(due) = line.due_at {
        let key = if due < voice.now { "gathered.overdue" } else { "gathered.due" };
        about.push(words.say(key, context! { due => voice.moment(due) }));
    }
    if line.mails > 1 {
        about.push(words.say("gathered.mails", context! { n => line.mails }));
    }
    [voice.who(line.customer.as_ref()), about.join(", ")].into_iter().filter(|l| !l.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::say::notification::TapWord;
    use crate::model::Address;
    use crate::wording::Wording;

    fn line(kind: NoticeKind, number: i64, subject: &str, due: &str, mails: usize) -> GatheredLine {
        let address = |text: &str| Address::parse(text).unwrap();
        let tap = |what, word: &str| Tap {
            what,
            to: address(&format!("support+k{number}-{word}.k4zq2m.7xw3tab5c6d7e2f3@example.test")),
        };
        GatheredLine {
            kind,
            number: TicketNo(number),
            subject: subject.to_owned(),
            customer: Some(Party::new("Maja Svensson", address("maja@kund.test"))),
            due_at: Time::parse_rfc3339(due),
            mails,
            taps: vec![
                tap(TapWord::Take, "take"),
                tap(TapWord::Done, "done"),
                tap(TapWord::HoldTomorrow, "hold"),
                tap(TapWord::Spam, "spam"),
            ],
        }
    }

    #[test]
    fn a_list_names_each_ticket_and_never_its_text() {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let now = Time::parse_rfc3339("2026-11-24T12:40:00Z").unwrap();
        for language in Wording::languages() {
            let voice = Voice { language, zone: &zone, now, desk: "Exempelbutiken" };
            let lines = vec![
                line(NoticeKind::Message, 41, "Muggen kom fram trasig", "2026-11-24T13:40:00Z", 2),
                line(NoticeKind::Message, 42, "", "2026-11-25T08:10:00Z", 1),
                line(
                    NoticeKind::Warning,
                    7,
                    "Var är mitt paket? Det skulle ha kommit i går och nu är jag orolig",
                    "2026-11-24T13:00:00Z",
                    1,
                ),
            ];
            let page = gathered(&voice, &GatheredFacts { lines, more: 12, incidents: Vec::new() });
            assert!(page.html.matches("mailto:support%2Bk41-take.").count() == 1 && !page.html.contains("<script"));
            assert!(page.text.lines().all(|l| l.chars().count() <= 76), "{}", page.text);
            if language == "sv" {
                assert_eq!(page.subject, "1 ärende med kort tid kvar, 2 nya mejl att besvara");
                assert_eq!(page.text, include_str!("tests/gathered.sv.txt"), "{}", page.text);
            }
            let late = vec![line(NoticeKind::Breach, 7, "Retur", "2026-11-24T12:00:00Z", 1)];
            let page = gathered(&voice, &GatheredFacts { lines: late, more: 0, incidents: Vec::new() });
            assert!(!page.text.contains("57"), "a manager takes nothing: {}", page.text);
        }
    }
}
