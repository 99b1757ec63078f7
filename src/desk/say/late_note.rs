//! What a customer gets once when the answer takes longer than was promised.

use minijinja::context;

use super::acknowledgement::{Echo, bye, hello};
use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{TicketNo, Time};

#[derive(Clone, Debug)]
pub struct LateNoteFacts {
    pub number: TicketNo,
    pub echo: Echo,
    pub promised_at: Time,
    /// Markdown, filled in.
    pub signature: Option<String>,
}

/// The note. Of an unverified sender's words nothing is said back.
#[must_use]
pub fn late_note(voice: &Voice<'_>, facts: &LateNoteFacts) -> Page {
    let words = voice.words();
    let number = facts.number.0;
    let mut sheet = Sheet::default();
    hello(voice, &mut sheet, &facts.echo);
    let due = voice.moment(facts.promised_at);
    sheet.say(&words.say("late_note.late", context! { due, number }));
    sheet.say(&words.word("late_note.keep"));
    bye(voice, &mut sheet, facts.signature.as_ref());
    sheet.small(&words.word("late_note.automatic"));
    let subject = match &facts.echo {
        Echo::Nothing => words.say("late_note.subject_unverified", context! { number }),
        Echo::Verified { subject, .. } => super::subject::for_customer(facts.number, subject),
    };
    sheet.done(words.language(), subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::Wording;

    #[test]
    fn it_echoes_nothing_to_whom_nobody_knows() {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let at = |text: &str| Time::parse_rfc3339(text).unwrap();
        let facts = |echo: Echo| LateNoteFacts {
            number: TicketNo(42),
            echo,
            promised_at: at("2026-11-24T13:00:00Z"),
            signature: None,
        };
        let now = at("2026-11-24T12:45:00Z");
        for language in Wording::languages() {
            let voice = Voice { language, zone: &zone, now, desk: "Exempelbutiken" };
            let known = Echo::Verified { subject: "Muggen".to_owned(), name: "Karin Karlsson".to_owned() };
            let page = late_note(&voice, &facts(known));
            assert_eq!(page.subject, "Re: Muggen [#42]");
            assert!(page.text.contains("Karin") && page.text.contains("14:00"), "{}", page.text);
            let page = late_note(&voice, &facts(Echo::Nothing));
            assert!(page.subject.starts_with("[#42] ") && !page.text.contains("Karin"));
            if language == "sv" {
                assert_eq!(
                    page.text.lines().skip(2).take(3).collect::<Vec<_>>().join(" "),
                    "Vi räknade med att ha svarat dig senast i dag 14:00. Det hinner vi tyvärr inte. \
                     Ditt ärende, nummer 42, ligger kvar hos oss och vi svarar så snart vi kan."
                );
            }
        }
    }
}
